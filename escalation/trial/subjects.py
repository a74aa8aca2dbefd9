"""One subject of a trial, and how they stand: derived from the entries about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, ValuesView
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

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

__all__ = ["Fact", "Standing", "Subject", "Subjects", "came_on", "rename"]

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

    def site_on(self, day: date) -> str | None:
        """Return the site that had the subject in care on a day; None where none is known."""
        sites = [site for since, site in self.sites if since <= day]
        return sites[-1] if sites else next((site for _, site in self.sites), None)

    @property
    def dlt_began(self) -> date | None:
        """The day on which the first DLT began, as a verdict or a ruling says; None for none."""
        days = [came_on(f.event) for f in self.outcomes if f.event.outcome is Outcome.DLT]
        days += [e.first.started for e in self.events if e.ruling and e.ruling.event.dlt]
        return min(days, default=None)

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


class Subjects(Mapping[str, Subject]):
    """The subjects of a trial in the order of enrolment; a mistyped id finds whose it was.

    Whoever looks a subject up by the id that somebody typed, or that an old entry carries, gets
    the subject under the id that holds now.
    """

    def __init__(self) -> None:
        self._by_first: dict[str, Subject] = {}  # by the id under which they were enrolled
        self._first: dict[str, str] = {}  # that id, by every id that they had

    def __getitem__(self, subject: str) -> Subject:
        return self._by_first[self._first[subject]]

    def __setitem__(self, subject: str, now: Subject) -> None:
        self._by_first[self._first.setdefault(subject, subject)] = now

    def __contains__(self, subject: object) -> bool:
        return subject in self._first

    def __iter__(self) -> Iterator[str]:
        return (subject.id for subject in self._by_first.values())

    def __len__(self) -> int:
        return len(self._by_first)

    def values(self) -> ValuesView[Subject]:
        """Return the subjects."""
        return self._by_first.values()

    def rename(self, subject: str, renamed: str) -> None:
        """Call a subject otherwise; the ids they had before still find them."""
        first = self._first[subject]
        self._first[renamed] = first
        self._by_first[first] = rename(self._by_first[first], renamed)

    def copy(self) -> Subjects:
        """Return a copy that can be changed without changing this one."""
        other = Subjects()
        other._by_first, other._first = self._by_first.copy(), self._first.copy()
        return other


def rename(subject: Subject, renamed: str) -> Subject:
    """Return a subject under another id, with what is known of them."""

    def moved(fact: Any) -> Any:
        return fact and replace(fact, event=replace(fact.event, subject=renamed))

    former = [former for former in (*subject.former_ids, subject.id) if former != renamed]
    events = (replace(event, reports=tuple(map(moved, event.reports))) for event in subject.events)
    return replace(
        subject,
        id=renamed,
        enrolments=tuple(map(moved, subject.enrolments)),
        dosing=moved(subject.dosing),
        outcomes=tuple(map(moved, subject.outcomes)),
        ruling=moved(subject.ruling),
        further=tuple(map(moved, subject.further)),
        events=tuple(events),
        former_ids=tuple(former),
    )
