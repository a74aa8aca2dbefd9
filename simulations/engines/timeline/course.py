"""Single trials in time: each as what happened, day by day; and a trial that has begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from escalation.designs.base import Decision
from escalation.errors import InputError
from escalation.outcomes import Outcome, Tally, tally_letters

__all__ = ["Course", "GivenPatient", "Happening", "Kind", "SoFar", "Underway"]


class Kind(StrEnum):
    """What happened."""

    ENROLLED = "enrolled"
    DOSED = "dosed"
    DLT = "dlt"
    WINDOW_CLOSED = "window closed"
    DROPPED_OUT = "dropped out"
    NOT_MANUFACTURED = "not manufactured"
    DOSE_NOT_REACHED = "dose not reached"
    WITHDRAWN = "place withdrawn"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened in a simulated trial.

    Attributes
    ----------
    day : float
        Days since the trial opened.
    kind : Kind
    patient : int or None
        Number of the patient in order of enrolment, from 1; None for a decision and for who never
        had a place.
    cohort : int or None
        Number of the escalation's cohort, from 1; of a decision, of the one decided on. None for
        backfill and expansion.
    level : int or None
        0-based level.
    purpose : {"escalation", "backfill", "expansion"}
    arrived : float or None
        Of an enrolment: the day on which the patient came.
    moderate : bool
        Of a closed window: whether there was a moderate toxicity.
    decision : Decision or None
        Of a decision: what the rule said.
    """

    day: float
    kind: Kind
    patient: int | None = None
    cohort: int | None = None
    level: int | None = None
    purpose: str = "escalation"
    arrived: float | None = None
    moderate: bool = False
    decision: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A simulated trial.

    Attributes
    ----------
    number : int
        From 1.
    happenings : tuple of Happening
        In order: by day, and at one time outcomes before arrivals, and a decision on a cohort after
        those who came to it.
    end : int
        0-based MTD; ``NO_MTD``, ``INCONCLUSIVE``, or ``UNFINISHED`` where patients ran out.
    t_decision, t_last : float
        Days to the last decision and to the last outcome; infinite where it is unfinished.
    """

    number: int
    happenings: tuple[Happening, ...]
    end: int
    t_decision: float
    t_last: float

    def of_kind(self, *kinds: Kind) -> Iterator[Happening]:
        """Yield what happened of some kinds, in order."""
        return (found for found in self.happenings if found.kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPatient:
    """What a patient would come to, given instead of drawn, in order of enrolment.

    Attributes
    ----------
    dlt_after, dropped_after : float or None
        Days from dosing; None where it does not happen.
    """

    dlt_after: float | None = None
    dropped_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """A patient of a trial that has begun.

    Attributes
    ----------
    cohort : int
        Number of the escalation's cohort, from 1.
    level : int
        0-based.
    dosed : float or None
        Day since the opening; None for one who has a place and has not been dosed.
    outcome : Outcome
        Pending by default.
    known : float or None
        Day on which the outcome was known; None while pending.
    closes : float or None
        Day on which "no DLT" can be said of one who is pending, where it is not the window after
        dosing: of who was dosed under an earlier protocol.
    """

    cohort: int
    level: int
    dosed: float | None
    outcome: Outcome = Outcome.PENDING
    known: float | None = None
    closes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """A trial that has begun, as it stands on a day.

    Attributes
    ----------
    day : float
        Days since the opening. What follows is later.
    patients : sequence of SoFar
        Everybody of the escalation who had a place, in order of enrolment.
    level : int
        0-based level of the open cohort, or of the last one where none is open.
    n_free : int
        Places of the open cohort that nobody has taken; 0 where the next decision is awaited.
    cohort : int or None
        Number of the open cohort, or of the last one; by default the last one with a patient.
    """

    day: float
    patients: Sequence[SoFar]
    level: int
    n_free: int
    cohort: int | None = None

    def __post_init__(self) -> None:
        wrong = [p for p in self.patients if p.dosed is not None and not 0 <= p.dosed <= self.day]
        if wrong:
            raise InputError(
                f"a patient was dosed on day {wrong[0].dosed}, which is not from 0 to "
                f"{self.day}, the day of the question"
            )

    @property
    def current(self) -> int:
        """The number of the open cohort, or of the last one."""
        return self.cohort or max((patient.cohort for patient in self.patients), default=1)

    def tallies(self, n_levels: int, *, last: bool = False) -> tuple[Tally, ...]:
        """Return what has been seen at each level, or of the current cohort alone."""
        seen = [Tally()] * n_levels
        for one in self.patients:
            if not last or one.cohort == self.current:
                seen[one.level] = seen[one.level].plus(tally_letters({one.outcome: 1}))
        return tuple(seen)
