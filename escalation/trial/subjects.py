"""One subject of a trial, and how they stand: derived from the entries about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from escalation.outcomes import Outcome
from escalation.protocol import DltWindow, Evaluability
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.calendar import DosedPatient, window_closes
from escalation.trial.events import (
    EvaluabilityRuled,
    Event,
    InfusionContinued,
    OutcomeRecorded,
    SubjectDosed,
    SubjectEnrolled,
    Toxicity,
)

__all__ = ["Fact", "Standing", "Subject", "came_on"]

E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Generic[E_co]):
    """What an entry says now, with the numbers of the entries that corrected it."""

    seq: int
    by: str
    event: E_co
    corrected_by: tuple[int, ...] = ()


class Standing(StrEnum):
    """How a subject stands; the value is what people are shown."""

    ASSIGNED = "assigned"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"
    NO_DLT = "no DLT"
    MODERATE = "moderate, no DLT"
    DLT = "DLT"
    NOT_EVALUABLE = "not evaluable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A subject with every entry about them, as corrected.

    Attributes
    ----------
    id : str
    enrolments : tuple of Fact
        The last one counts; earlier ones were assignments before the subject was dosed.
    dosing : Fact or None
    outcomes : tuple of Fact
    dlt : DltWindow
        Of the protocol under which the subject was dosed.
    replaced_by : str or None
    evaluability : Evaluability or None
        Of the protocol under which the subject was dosed; None in a trial whose record began
        before evaluability was ruled.
    ruling : Fact or None
        The last ruling on whether the subject counts.
    further : tuple of Fact
        Infusions after the first.
    events : tuple of AdverseEvent
        In order of entry.
    sites : tuple of (date, str)
        Who had the subject in care from when on.
    former_ids : tuple of str
        Ids that had been mistyped.
    """

    id: str
    enrolments: tuple[Fact[SubjectEnrolled], ...]
    dosing: Fact[SubjectDosed] | None = None
    outcomes: tuple[Fact[OutcomeRecorded], ...] = ()
    dlt: DltWindow = field(default_factory=DltWindow)
    replaced_by: str | None = None
    evaluability: Evaluability | None = None
    ruling: Fact[EvaluabilityRuled] | None = None
    further: tuple[Fact[InfusionContinued], ...] = ()
    events: tuple[AdverseEvent, ...] = ()
    sites: tuple[tuple[date, str], ...] = ()
    former_ids: tuple[str, ...] = ()
    _standing: Standing | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def enrolment(self) -> SubjectEnrolled:
        """Where the subject was assigned last."""
        return self.enrolments[-1].event

    @property
    def cohort(self) -> int:
        """Number of the subject's cohort."""
        return self.enrolment.cohort

    @property
    def level(self) -> int:
        """Label of the subject's level."""
        return self.enrolment.level

    @property
    def dosed_on(self) -> date | None:
        """Day of the infusion."""
        return None if self.dosing is None else self.dosing.event.on

    @property
    def dosed_at(self) -> tuple[date, int] | None:
        """Day of the infusion and the entry that says so, by which dosings are in order."""
        return None if self.dosing is None else (self.dosing.event.on, self.dosing.seq)

    @property
    def window_closes(self) -> date | None:
        """Last day of the DLT window; None before dosing, or where the protocol has no window."""
        return None if self.dosed_on is None else window_closes(self.dlt, self.dosed_on)

    @property
    def standing(self) -> Standing:
        """How the subject stands; found once, since a page asks for it many times."""
        standing = self._standing
        if standing is None:
            standing = self._find_standing()
            object.__setattr__(self, "_standing", standing)
        return standing

    def _find_standing(self) -> Standing:
        """Return how the subject stands, whatever the order in which entries came.

        A DLT counts however short the follow-up and whatever else was recorded. "No DLT", with a
        moderate toxicity or without, counts from the day the window closes: where a correction has
        moved that day beyond it, the subject is pending again.
        """
        said = {fact.event.outcome for fact in self.outcomes}
        if self.dosing is None:
            return Standing.WITHDRAWN if Outcome.NOT_EVALUABLE in said else Standing.ASSIGNED
        if Outcome.DLT in said:
            return Standing.DLT
        if Outcome.NOT_EVALUABLE in said:
            return Standing.NOT_EVALUABLE
        closes = self.window_closes
        said = {f.event.outcome for f in self.outcomes if closes is None or f.event.on >= closes}
        if Outcome.MODERATE in said:
            return Standing.MODERATE
        return Standing.NO_DLT if Outcome.NO_DLT in said else Standing.PENDING

    @property
    def outcome(self) -> Outcome | None:
        """The letter of the notation; None for a subject who was never dosed."""
        return _LETTERS.get(self.standing)

    @property
    def takes_place(self) -> bool:
        """Whether the subject fills a place of the cohort: lost subjects are replaced."""
        return self.standing not in (Standing.WITHDRAWN, Standing.NOT_EVALUABLE)

    @property
    def toxicities(self) -> tuple[Toxicity, ...]:
        """Every toxicity recorded, of replaced subjects too."""
        return tuple(toxicity for fact in self.outcomes for toxicity in fact.event.toxicities)

    @property
    def observed(self) -> DosedPatient | None:
        """The subject as the stagger sees them; None before dosing."""
        if self.dosed_on is None:
            return None
        lost = None
        if self.standing is Standing.NOT_EVALUABLE:
            lost = min(
                fact.event.on
                for fact in self.outcomes
                if fact.event.outcome is Outcome.NOT_EVALUABLE
            )
        return DosedPatient(dosed=self.dosed_on, lost=lost)

    def is_overdue(self, on: date) -> bool:
        """Tell whether the window has closed and no outcome has been recorded."""
        closes = self.window_closes
        return self.standing is Standing.PENDING and closes is not None and closes <= on


_LETTERS = {
    Standing.PENDING: Outcome.PENDING,
    Standing.NO_DLT: Outcome.NO_DLT,
    Standing.MODERATE: Outcome.MODERATE,
    Standing.DLT: Outcome.DLT,
    Standing.NOT_EVALUABLE: Outcome.NOT_EVALUABLE,
}


def came_on(event: OutcomeRecorded) -> date:
    """Return the day on which an outcome came: a DLT with the first of its toxicities."""
    if event.outcome is not Outcome.DLT:
        return event.on
    return min([event.on, *(toxicity.onset for toxicity in event.toxicities)])
