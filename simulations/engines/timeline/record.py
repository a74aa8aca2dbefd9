"""What happens in each of some simulated trials, kept as it happens and told afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import Decision
from simulations.engines.timeline.course import Course, Happening, Kind
from simulations.engines.timeline.patients import DLT, LOST, MODERATE, Drawn

__all__ = ["Recorder"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

# At one time: what becomes known, then cohort by cohort who comes to it, one after another, and
# what is decided on it; then who comes beside the escalation.
_KNOWN = 0
_DECIDED = (Kind.DECIDED, Kind.WITHDRAWN)
_COMES = (Kind.ENROLLED, Kind.DOSED, Kind.NOT_MANUFACTURED, Kind.DOSE_NOT_REACHED)


def _place(found: Happening, dosed: Mapping[int | None, float]) -> tuple[float, float, bool, int]:
    """Return the place of what happened among the rest; a patient's own is in order already."""
    at_once = dosed.get(found.patient) == found.day
    if found.kind not in (*_DECIDED, *_COMES) and not at_once:
        return found.day, _KNOWN, False, 0
    cohort = inf if found.cohort is None else found.cohort
    decided = found.kind in _DECIDED
    return found.day, cohort, decided, 0 if decided else found.patient or 0


_BESIDE = {0: "backfill", -1: "expansion"}  # by what stands for the number of their cohort


@dataclass(slots=True)
class _Patient:
    number: int
    cohort: int
    level: int
    arrived: float
    enrolled: float
    dosed: float
    known: float
    kind: int
    unmade: bool
    unreached: bool
    withdrawn: float | None = None


@dataclass(slots=True)
class _Trial:
    patients: list[_Patient] = field(default_factory=list)
    decisions: list[tuple[float, int, int]] = field(default_factory=list)


class Recorder:
    """Keeps what happens in the trials of a chunk.

    Parameters
    ----------
    n : int
        Trials.
    """

    def __init__(self, n: int) -> None:
        self.trials = [_Trial() for _ in range(n)]

    def enrol(self, trials: Ints, *, drawn: Drawn, **columns: NDArray[Any]) -> None:
        """Keep a patient of each of some trials."""
        nobody = np.zeros(len(trials), dtype=bool)
        unmade = nobody if drawn.unmade is None else drawn.unmade
        unreached = nobody if drawn.unreached is None else drawn.unreached
        rows = zip(
            trials.tolist(),
            *(
                columns[name].tolist()
                for name in ("number", "cohort", "level", "arrived", "enrolled", "dosed", "known")
            ),
            drawn.kind.tolist(),
            unmade.tolist(),
            unreached.tolist(),
            strict=True,
        )
        for trial, number, *rest in rows:
            self.trials[trial].patients.append(_Patient(number + 1, *rest))

    def decide(self, trials: Ints, day: Floats, cohort: Ints, situation: Ints) -> None:
        """Keep a decision of each of some trials: on a cohort, leading to a situation."""
        rows = zip(trials.tolist(), day.tolist(), cohort.tolist(), situation.tolist(), strict=True)
        for trial, *decision in rows:
            self.trials[trial].decisions.append(tuple(decision))

    def move(self, trial: int, number: int, dosed: float, known: float) -> None:
        """Keep another day of dosing of a patient, and of the outcome."""
        patient = self._find(trial, number)
        patient.dosed, patient.known = float(dosed), float(known)

    def withdraw(self, trial: int, number: int, day: float) -> None:
        """Keep that a patient lost a place before being dosed."""
        self._find(trial, number).withdrawn = day

    def _find(self, trial: int, number: int) -> _Patient:
        """Return a patient as enrolled last, by how many were enrolled before."""
        patients = reversed(self.trials[trial].patients)
        return next(patient for patient in patients if patient.number == number + 1)

    def courses(
        self,
        first: int,
        decision_of: Callable[[int], Decision],
        end: Ints,
        t_decision: Floats,
        t_last: Floats,
    ) -> Iterator[Course]:
        """Yield the trials, the first with its number."""
        rows = zip(self.trials, end.tolist(), t_decision.tolist(), t_last.tolist(), strict=True)
        for number, (trial, mtd, decided, last) in enumerate(rows, start=first):
            happenings = [*_of_patients(trial)]
            happenings += [
                Happening(
                    day=day, kind=Kind.DECIDED, cohort=cohort, decision=decision_of(situation)
                )
                for day, cohort, situation in trial.decisions
            ]
            dosed = {one.patient: one.day for one in happenings if one.kind is Kind.DOSED}
            happenings.sort(key=partial(_place, dosed=dosed))
            yield Course(
                number=number,
                happenings=tuple(happenings),
                end=mtd,
                t_decision=decided,
                t_last=last,
            )


def _of_patients(trial: _Trial) -> Iterator[Happening]:
    for one in trial.patients:
        where = {
            "patient": one.number,
            "cohort": one.cohort if one.cohort > 0 else None,
            "level": one.level,
            "purpose": _BESIDE.get(one.cohort, "escalation"),
        }
        yield Happening(day=one.enrolled, kind=Kind.ENROLLED, arrived=one.arrived, **where)  # type: ignore[arg-type]
        if one.withdrawn is not None:
            yield Happening(day=one.withdrawn, kind=Kind.WITHDRAWN, **where)  # type: ignore[arg-type]
            continue
        if one.unmade:
            yield Happening(day=one.dosed, kind=Kind.NOT_MANUFACTURED, **where)  # type: ignore[arg-type]
            continue
        yield Happening(day=one.dosed, kind=Kind.DOSED, **where)  # type: ignore[arg-type]
        if one.unreached:
            yield Happening(day=one.dosed, kind=Kind.DOSE_NOT_REACHED, **where)  # type: ignore[arg-type]
            continue
        kind = {DLT: Kind.DLT, LOST: Kind.DROPPED_OUT}.get(one.kind, Kind.WINDOW_CLOSED)
        yield Happening(
            day=one.known,
            kind=kind,
            moderate=one.kind == MODERATE,
            **where,  # type: ignore[arg-type]
        )
