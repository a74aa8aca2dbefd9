"""One subject of a trial, and how they stand: derived from the entries about them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, ValuesView
from dataclasses import field, replace
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any, Generic, TypeVar

from escalation.dataclass import dataclass
from escalation.labels import Label
from escalation.nearness import is_above
from escalation.outcomes import Outcome
from escalation.protocol import DltWindow, Evaluability, Protocol
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.calendar import DosedPatient, window_closes
from escalation.trial.events import (
    EvaluabilityRuled,
    Event,
    InfusionContinued,
    OutcomeRecorded,
    Purpose,
    SubjectDosed,
    SubjectEnrolled,
    Toxicity,
)
from escalation.trial.patients.groups import Groups, Order
from escalation.trial.patients.planned_dose import PlannedDose, plan_dose

__all__ = ["Fact", "Standing", "Subject", "Subjects", "came_on", "in_order", "rename"]

E_co = TypeVar("E_co", bound=Event, covariant=True)
K = TypeVar("K", bound=Hashable)


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
    UNRULED = "evaluability to be ruled"
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
    protocol : Protocol or None
        Under which the subject was dosed, where ``evaluability`` is.
    rulings : tuple of Fact
        Those on whether the subject counts; the last one is in force.
    further : tuple of Fact
        Infusions after the first.
    events : tuple of AdverseEvent
        In order of entry.
    sites : tuple of (date, str)
        Who had the subject in care from when on.
    former_ids : tuple of str
        Ids that had been mistyped.
    purpose : Purpose
        Of the subject's cohort.
    set_aside_by : int or None
        The amendment that reopened the subject's level: the rule no longer counts the subject.
    """

    id: str
    enrolments: tuple[Fact[SubjectEnrolled], ...]
    dosing: Fact[SubjectDosed] | None = None
    outcomes: tuple[Fact[OutcomeRecorded], ...] = ()
    dlt: DltWindow = field(default_factory=DltWindow)
    replaced_by: str | None = None
    evaluability: Evaluability | None = None
    protocol: Protocol | None = None
    rulings: tuple[Fact[EvaluabilityRuled], ...] = ()
    further: tuple[Fact[InfusionContinued], ...] = ()
    events: tuple[AdverseEvent, ...] = ()
    sites: tuple[tuple[date, str], ...] = ()
    former_ids: tuple[str, ...] = ()
    purpose: Purpose = Purpose.ESCALATION
    set_aside_by: int | None = None
    _standing: Standing | None = field(default=None, init=False, repr=False, compare=False)
    _closes: date | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def enrolment(self) -> SubjectEnrolled:
        """Where the subject was assigned last."""
        return self.enrolments[-1].event

    @property
    def cohort(self) -> int:
        """Number of the subject's cohort."""
        return self.enrolment.cohort

    @property
    def level(self) -> Label:
        """Label of the subject's level."""
        return self.enrolment.level

    @property
    def dosed_on(self) -> date | None:
        """Day of the infusion."""
        return None if self.dosing is None else self.dosing.event.on

    @property
    def infusions(self) -> tuple[Fact[SubjectDosed] | Fact[InfusionContinued], ...]:
        """Every infusion, in order of entry."""
        return () if self.dosing is None else (self.dosing, *self.further)

    @property
    def infused(self) -> float | None:
        """The sum of all infusions; None where an amount is not known."""
        amounts = [fact.event.infused for fact in self.infusions]
        known = [amount for amount in amounts if amount is not None]
        return sum(known) if known and len(known) == len(amounts) else None

    @property
    def planned(self) -> float | None:
        """The amount that was to be infused: by the protocol, or as recorded before it judged."""
        if self.dosing is None:
            return None
        if self.protocol is not None and self.level in self.protocol.labels:
            by_protocol = self.plan(self.protocol).amount
            if by_protocol is not None:
                return by_protocol
        return self.dosing.event.planned

    def plan(self, protocol: Protocol, label: Label | None = None) -> PlannedDose:
        """Return what the subject is to get by a protocol, at a level or at their own."""
        level, body = self.level if label is None else label, self.enrolment
        return plan_dose(protocol, level, weight_kg=body.weight_kg, height_cm=body.height_cm)

    @property
    def share(self) -> float | None:
        """What part of the planned dose was infused in all; None where either is not known."""
        planned, infused = self.planned, self.infused
        return None if infused is None or not planned else infused / planned

    @property
    def is_dose_in_limits(self) -> bool:
        """Whether the share lets the subject count without a ruling; an unknown one does."""
        limits, share = self.evaluability, self.share
        if limits is None or share is None:
            return True
        too_little = is_above(limits.least_share, share)
        return not (too_little or is_above(share, limits.greatest_share))

    @property
    def ruling(self) -> Fact[EvaluabilityRuled] | None:
        """The ruling in force: the last one, unless what was infused has changed since."""
        if not self.rulings:
            return None
        last = self.rulings[-1]
        return last if all(_came_before(fact, last) for fact in self.infusions) else None

    @property
    def window_opens(self) -> date | None:
        """Day from which the DLT window and the follow-up count; None before dosing."""
        from_last = self.evaluability is not None and self.evaluability.window_from == "last"
        if not from_last:
            return self.dosed_on
        return max((fact.event.on for fact in self.infusions), default=None)

    @property
    def dosed_at(self) -> tuple[date, int] | None:
        """Day of the infusion and the entry that says so, by which dosings are in order."""
        return None if self.dosing is None else (self.dosing.event.on, self.dosing.seq)

    @property
    def window_closes(self) -> date | None:
        """Last day of the DLT window; None before dosing, or where the protocol has no window.

        It is found once: all who are pending are asked for it at every dosing.
        """
        closes = self._closes
        if closes is None and self.window_opens is not None:
            closes = window_closes(self.dlt, self.window_opens)
            object.__setattr__(self, "_closes", closes)
        return closes

    @property
    def followed_on(self) -> date | None:
        """First day on which "no DLT" can be said; None where no day is named, and before dosing.

        It is the window's last, unless the protocol names least days of follow-up.
        """
        least = None if self.evaluability is None else self.evaluability.least_days
        if least is None or self.window_opens is None:
            return self.window_closes
        return window_closes(replace(self.dlt, window_days=least), self.window_opens)

    @property
    def death(self) -> AdverseEvent | None:
        """The adverse event that the subject died of; None for somebody who lives."""
        return next((event for event in self.events if event.is_fatal), None)

    @property
    def died_early(self) -> bool:
        """Whether the subject died before "no DLT" can be said; only where evaluability is ruled.

        Nobody was followed that long, whatever the day on which the verdict was recorded.
        """
        if self.evaluability is None or self.death is None:
            return False
        died, enough = self.death.died_on, self.followed_on
        return bool(died and enough and died < enough)

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

        A DLT counts however short the follow-up, however small the dose and whatever else was
        recorded, unless the subject is ruled not evaluable after it. "No DLT", with a moderate
        toxicity or without, counts from the day on which it can be said: where a correction has
        moved that day beyond it, the subject is pending again. Where evaluability is ruled, "no
        DLT" said too early, of a dose outside the protocol's limits, or of a subject who died
        before that day, counts for nothing until it is.
        """
        said = {fact.event.outcome for fact in self.outcomes}
        lost = Outcome.NOT_EVALUABLE in said
        if self.dosing is None:
            return Standing.WITHDRAWN if lost else Standing.ASSIGNED
        ruling = self.ruling
        ruled_out = ruling is not None and not ruling.event.evaluable
        if any(self._counts_as_dlt(fact) for fact in self.outcomes):
            return Standing.DLT
        if lost or ruled_out:
            return Standing.NOT_EVALUABLE
        counted = self._counted(ruling)
        if Outcome.MODERATE in counted:
            return Standing.MODERATE
        if Outcome.NO_DLT in counted:
            return Standing.NO_DLT
        return Standing.UNRULED if said and self.evaluability is not None else Standing.PENDING

    def _counts_as_dlt(self, fact: Fact[OutcomeRecorded]) -> bool:
        """Tell whether an outcome is a DLT that no ruling made since has taken out of the count."""
        if fact.event.outcome is not Outcome.DLT:
            return False
        ruling = self.ruling
        return ruling is None or ruling.event.evaluable or not _came_before(fact, ruling)

    def _counted(self, ruling: Fact[EvaluabilityRuled] | None) -> set[Outcome]:
        """Return the verdicts without a DLT that count, by themselves or by a ruling on them."""
        enough = self.followed_on
        in_limits = (ruling is not None or self.is_dose_in_limits) and not self.died_early
        return {
            fact.event.outcome
            for fact in self.outcomes
            if (in_limits and (enough is None or fact.event.on >= enough))
            or (ruling is not None and _came_before(fact, ruling))
        }

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
        return DosedPatient(dosed=self.dosed_on, lost=self.lost_on)

    @property
    def lost_on(self) -> date | None:
        """Day on which a subject who was dosed turned out not evaluable; None for others."""
        if self.dosing is None or self.standing is not Standing.NOT_EVALUABLE:
            return None
        days = [f.event.on for f in self.outcomes if f.event.outcome is Outcome.NOT_EVALUABLE]
        if self.ruling is not None and not self.ruling.event.evaluable:
            days.append(self.ruling.event.on)
        return min(days)

    def is_overdue(self, on: date) -> bool:
        """Tell whether the window has closed and no outcome has been recorded."""
        if self.standing is not Standing.PENDING:
            return False
        days = [day for day in (self.window_closes, self.followed_on) if day is not None]
        return bool(days) and max(days) <= on


def _came_before(fact: Fact[Event], ruling: Fact[EvaluabilityRuled]) -> bool:
    """Tell whether a ruling was made on what an entry says now."""
    return max((fact.seq, *fact.corrected_by)) < ruling.seq


_LETTERS = {
    Standing.PENDING: Outcome.PENDING,
    Standing.UNRULED: Outcome.PENDING,
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
        self._changes: list[str] = []  # that id, of whoever was new or has changed
        self._groups: dict[tuple[object, ...], Groups[Subject, Any]] = {}
        self._dosed: Order[Subject] = Order(_dosed_at)

    def __getitem__(self, subject: str) -> Subject:
        return self._by_first[self._first[subject]]

    def __setitem__(self, subject: str, now: Subject) -> None:
        self._set(self._first.setdefault(subject, subject), now)

    def _set(self, first: str, now: Subject) -> None:
        self._by_first[first] = now
        self._changes.append(first)

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
        self._set(first, rename(self._by_first[first], renamed))

    def grouped(self, say: Callable[..., K], *given: Hashable) -> Mapping[K, Mapping[str, Subject]]:
        """Return the subjects by what a pure function says of each; see ``groups``.

        Parameters
        ----------
        say : callable
            From a subject, and what is ``given``, to a group.

        Returns
        -------
        mapping
            From a group to its subjects, by the id under which each was enrolled. The order is of
            no meaning: see ``in_order``.
        """
        key = (say, *given)
        if key not in self._groups:
            self._groups[key] = Groups(partial(_say_of, say, given) if given else say)
        return self._groups[key].follow(self._by_first, self._changes)

    def standing(self, *standings: Standing, level: Label | None = None) -> list[Subject]:
        """Return the subjects who stand so, at one level or all, in the order of enrolment."""
        return in_order(
            subject
            for (at, stands), group in self.grouped(_level_and_standing).items()
            if stands in standings and level in (None, at)
            for subject in group.values()
        )

    def at_level(self, level: Label) -> list[Subject]:
        """Return the subjects assigned to a level, in the order of enrolment."""
        return self.standing(*Standing, level=level)

    def counts(self, *purposes: Purpose, set_aside: bool = True) -> dict[Label, Counter[Outcome]]:
        """Count the letters of the notation at each level; who was not dosed has none.

        Parameters
        ----------
        *purposes : Purpose
            Of the cohorts whose subjects are counted; all, where none is given.
        set_aside : bool
            Whether those are counted whose level an amendment reopened since.
        """
        found: dict[Label, Counter[Outcome]] = {}
        for (level, stands, purpose, aside), group in self.grouped(_counted_as).items():
            if stands not in _LETTERS or (aside and not set_aside):
                continue
            if not purposes or purpose in purposes:
                found.setdefault(level, Counter())[_LETTERS[stands]] += len(group)
        return found

    def n_dosed_before(self, subject: Subject) -> int:
        """Count who was dosed before a subject was, by the day, then by the entry."""
        dosed = self._dosed.follow(self._by_first, self._changes)
        return len(dosed) if subject.dosed_at is None else bisect_left(dosed, subject.dosed_at)

    def copy(self) -> Subjects:
        """Return a copy that can be changed without changing this one."""
        other = Subjects()
        other._by_first, other._first = self._by_first.copy(), self._first.copy()
        other._changes = self._changes.copy()
        other._dosed = self._dosed.copy()
        other._groups = {key: groups.copy() for key, groups in self._groups.items()}
        return other


def in_order(subjects: Iterable[Subject]) -> list[Subject]:
    """Return subjects in the order of enrolment."""
    return sorted(subjects, key=lambda subject: subject.enrolments[0].seq)


def _say_of(say: Callable[..., K], given: tuple[Hashable, ...], subject: Subject) -> K:
    return say(subject, *given)


def _dosed_at(subject: Subject) -> tuple[date, int] | None:
    return subject.dosed_at


def _level_and_standing(subject: Subject) -> tuple[Label, Standing]:
    return subject.level, subject.standing


def _counted_as(subject: Subject) -> tuple[Label, Standing, Purpose, bool]:
    return subject.level, subject.standing, subject.purpose, subject.set_aside_by is not None


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
        rulings=tuple(map(moved, subject.rulings)),
        further=tuple(map(moved, subject.further)),
        events=tuple(events),
        former_ids=tuple(former),
    )
