"""Patients of trials that are followed one at a time: their cohorts, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulations.engines.timeline.patients import Drawn, Patients
from simulations.engines.timeline.setting import Setting

__all__ = ["Cohort", "Draws", "Patient"]

_BLOCK = 512


@dataclass(slots=True)
class Patient:
    """A patient with a place.

    Attributes
    ----------
    number : int
        How many the trial had enrolled before.
    arrived, enrolled : float
    cohort : Cohort
    dosed, lost : float or None
    after : float
        Days from dosing until the outcome is known.
    kind : int
        As in ``Drawn``; from dosing on.
    unmade, unreached : bool
        Nothing to give on the day of dosing; another dose than the level's.
    """

    number: int
    arrived: float
    enrolled: float
    cohort: Cohort
    dosed: float | None = None
    lost: float | None = None
    after: float = 0.0
    kind: int = 0
    unmade: bool = False
    unreached: bool = False

    def drawn(self) -> Drawn:
        """Return how the patient turned out, as a recorder takes it."""
        drawn = Drawn(np.array([self.after]), np.array([self.kind]))
        drawn.unmade, drawn.unreached = np.array([self.unmade]), np.array([self.unreached])
        return drawn


@dataclass(slots=True)
class Cohort:
    """Patients who are kept apart from each other, as the tracker keeps them (``trial/calendar``).

    Attributes
    ----------
    number : int
        Of the escalation's; 0 for backfill.
    level : int
    dosed, queue : list of Patient
        Those who were dosed, and who have a place and wait for that, in order.
    """

    number: int
    level: int
    dosed: list[Patient] = field(default_factory=list)
    queue: list[Patient] = field(default_factory=list)

    def first_dosing(self, setting: Setting, now: float, pending: Iterable[Patient]) -> float:
        """Return the day from now on which the first who waits is dosed; infinite for nobody.

        It is that of the cohort, and no earlier than if those pending at the same level, in
        whatever cohort, belonged to it.
        """
        if not self.queue:
            return np.inf
        day = max(now, self.queue[0].enrolled)
        if not setting.staggers:
            return day
        others = [one for one in pending if one.cohort.level == self.level and not one.unmade]
        others = [one for one in others if one.cohort is not self]
        day = max(day, _next_dosing(setting, self.dosed))
        return max(day, _next_dosing(setting, [*self.dosed, *others])) if others else day


def _next_dosing(setting: Setting, cohort: Sequence[Patient]) -> float:
    """Return the first day on which the next patient of a cohort may be dosed.

    As ``trial/calendar`` has it, with fractions of days.
    """
    if not cohort:
        return -np.inf
    days = [patient.dosed or 0.0 for patient in cohort]
    ends = [(day + setting.alone, one.lost) for day, one in zip(days, cohort, strict=True)]
    watched = [end for end, lost in ends if lost is None or lost >= end]
    return max([max(days) + setting.apart, *([min(watched)] if watched else [])])


class Draws:
    """What patients come to, one at a time; drawn in blocks where they are all alike.

    Parameters
    ----------
    patients : Patients
    """

    def __init__(self, patients: Patients) -> None:
        self.patients = patients
        self.alike = patients.given is None and patients.p_of_trial is None
        self.blocks: dict[int, list[tuple[float, int, bool, bool]]] = {}

    def draw(self, patient: Patient, trial: int) -> None:
        """Draw a patient of a trial of the chunk."""
        level = patient.cohort.level
        if self.alike:
            block = self.blocks.get(level)
            if not block:
                block = self.blocks[level] = self._draw(level, trial, patient.number, _BLOCK)
            found = block.pop()
        else:
            found = self._draw(level, trial, patient.number, 1)[0]
        patient.after, patient.kind, patient.unmade, patient.unreached = found

    def _draw(
        self, level: int, trial: int, number: int, n: int
    ) -> list[tuple[float, int, bool, bool]]:
        drawn = self.patients.draw(np.full(n, level), np.full(n, trial), np.full(n, number))
        nobody = np.zeros(n, dtype=bool)
        unmade = nobody if drawn.unmade is None else drawn.unmade
        unreached = nobody if drawn.unreached is None else drawn.unreached
        columns = (drawn.after, drawn.kind, unmade, unreached)
        return list(zip(*(column.tolist() for column in columns), strict=True))
