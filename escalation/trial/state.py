"""What is known of a trial at one entry of its ledger: a replay (``evolve``), never stored."""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, fields, replace
from datetime import UTC, date, datetime

from escalation.dataclass import dataclass
from escalation.errors import LadderError
from escalation.labels import Label
from escalation.outcomes import Cohort as WrittenCohort
from escalation.outcomes import Outcome, Tally, tally_letters
from escalation.plan import Plan
from escalation.protocol import Committee, PauseRule, Protocol
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.calendar import day_in
from escalation.trial.chart import Chart
from escalation.trial.events import (
    AnyEvent,
    DataFrozen,
    DecisionCirculated,
    DecisionMade,
    EntryCorrected,
    Event,
    FileImported,
    ProtocolAmended,
    Purpose,
    Role,
    ScreeningFailed,
    VoteCast,
)
from escalation.trial.keys.held import Key
from escalation.trial.patients.subjects import Fact, Standing, Subject, Subjects, came_on
from escalation.trial.people.names import name_key

__all__ = [
    "Amendment",
    "Cohort",
    "Correction",
    "MadeDecision",
    "Recorded",
    "RoleConflict",
    "TrialState",
    "votes_are_own",
    "write_cohort",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as it stands in the ledger: its number, when and by whom, and its hash."""

    seq: int
    at: datetime
    by: str
    hash: str
    event: AnyEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Patients treated together, opened by one decision.

    Attributes
    ----------
    number : int
        From 1, in the order of opening.
    level : int or str
        Label of the level.
    n_opened : int
        Places that the decision opened.
    opened_on : date or None
        Day of the approval; None for a cohort that was imported.
    decision : int or None
        Entry of the decision; None for a cohort that was imported.
    subjects : tuple of str
        In the order of enrolment; those lost and replaced stay.
    closed_by : int or None
        Entry that closed it: a later decision, or the import of a later cohort.
    purpose : Purpose
        Cohorts of different purposes are open side by side.
    """

    number: int
    level: Label
    n_opened: int
    opened_on: date | None = None
    decision: int | None = None
    subjects: tuple[str, ...] = ()
    closed_by: int | None = None
    purpose: Purpose = Purpose.ESCALATION

    @property
    def about(self) -> tuple[Purpose, Label | None]:
        """What a decision about it decides: of backfill the level too; see ``MadeDecision``."""
        return self.purpose, self.level if self.purpose is Purpose.BACKFILL else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeDecision:
    """A decision with its votes and signatures, the protocol and the cohorts of that time.

    ``chairs`` are those who were chair when they voted, ``rejected`` is the entry of the vote after
    which no outstanding one could carry it, ``frozen`` the entry up to which the data had last been
    frozen when it was made.
    """

    seq: int
    by: str
    hash: str
    event: DecisionMade
    protocol: Protocol
    n_cohorts: int
    signatures: tuple[Recorded, ...] = ()
    own_votes: bool = False
    votes: tuple[tuple[Recorded, VoteCast], ...] = ()
    chairs: frozenset[str] = frozenset()
    rejected: int | None = None
    frozen: int | None = None
    circulated: tuple[tuple[Recorded, DecisionCirculated], ...] = ()
    approved: Recorded | None = None
    cohort: int | None = None

    @property
    def purpose(self) -> Purpose:
        """Of the cohort that it opens; that of a stop, a deferral or a resumption is escalation."""
        return self.event.chosen.purpose

    @property
    def about(self) -> tuple[Purpose, Label | None]:
        """What it decides: a later decision about the same takes its place."""
        return self.purpose, self.event.chosen.level if self.purpose is Purpose.BACKFILL else None

    def knew(self, subject: Subject) -> bool:
        """Tell whether a subject had been dosed, by the day, when the decision was made."""
        dosed_at = subject.dosed_at
        if dosed_at is None or subject.cohort > self.n_cohorts:
            return False
        return dosed_at <= (self.event.on, self.event.cutoff)

    def could_know_outcome(self, subject: Subject) -> bool:
        """Tell whether an outcome had been recorded by then, or had come by the day, unrecorded."""
        return any(
            fact.seq <= self.event.cutoff or came_on(fact.event) < self.event.on
            for fact in subject.outcomes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A change of the protocol, with the protocol and the stop that were in force before it."""

    seq: int
    event: ProtocolAmended
    before: Protocol | None
    after: Protocol
    stop: MadeDecision | None

    def sets_aside(self, subject: Subject) -> bool:
        """Tell whether a subject had been dosed, by the day, at a level that it reopened."""
        dosed_at = subject.dosed_at
        if dosed_at is None or subject.level not in self.event.reopens:
            return False
        return dosed_at < (self.event.on, self.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a correction changed: the entry before it and after it; None where it was withdrawn."""

    seq: int
    by: str
    event: EntryCorrected
    before: Event
    after: Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleConflict:
    """By an entry somebody held two roles that exclude each other."""

    seq: int
    person: str
    role: Role
    other: Role


@dataclass(slots=True, kw_only=True)
class TrialState:
    """A trial as known after entry ``seq``. Treat it as frozen: ``evolve`` returns a new one.

    Attributes
    ----------
    hashes : list of str
        Hash of every entry, in order.
    times : list of datetime
        When every entry was recorded, by the ledger's clock.
    owner : str or None
        Who registered the trial.
    protocol : Protocol or None
        In force now; None before registration.
    quorum : int
        Votes that a decision needs.
    roles : dict of str to frozenset of Role
    subjects : Subjects
        In the order of enrolment; found by mistyped ids too.
    cohorts, decisions, corrections : list
        In order.
    stopped : MadeDecision or None
        The approved decision to stop that is in force.
    role_since : dict of (str, Role) to date
        From when a role was delegated, for those in force.
    held, closed : Recorded or None
        The entry that holds enrolment, or that closed the trial.
    holds : list of (Recorded, Recorded)
        Holds that were lifted: from, and by.
    resumed : list of int
        Approved decisions to resume.
    amendments : list of Amendment
    committee_changes : list of (int, Committee, Committee)
        Amendments that changed how the committee decides, with the rules before and after.
    data_seq, data_on : int, date or None
        The last entry that a decision has to know of, and the latest day that any of them names.
    oddities : list of (int, str)
        Entries that do not fit, with what is wrong: no command would have returned them.
    owners : dict of int to str
        Whom an entry is about, for those that can be corrected.
    own_votes : bool
        Whether members vote for themselves, by the protocol's committee, and evaluability is
        ruled: not in a trial whose record began with 0.2.0, until it is amended to a protocol
        that names a committee.
    not_enrolled : list of (Recorded, ScreeningFailed)
    site_zones : dict of str to str
        Time zone of each site that was opened.
    freezes : list of (Recorded, DataFrozen)
    keys : dict of str to Key
        By the public key; revoked ones stay.
    names : dict of str to str
        Everybody who was ever named as owner or given a role, by how names are compared.
    conflicts : list of RoleConflict
        Who was given roles that exclude each other, where the protocol has it recorded.
    open_numbers : list of int
        Of the cohorts that nothing has closed.
    last_about : dict of (Purpose, label or None) to int
        Place of the last decision about each thing: see ``MadeDecision.about``.
    plan : Plan or None
        That the trial goes by now; ``plans`` are all that it adopted, with their entries.
    charts : dict of str to Chart
        What is recorded of each person beside the escalation, screened or enrolled, by their id.
    charted : dict of int to str
        Whom an entry of a chart is about.
    files : list of (Recorded, FileImported)
        Files of results, visits, people screened and adverse events that were imported.
    """

    hashes: list[str] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    owner: str | None = None
    registered: Recorded | None = None
    protocol: Protocol | None = None
    quorum: int = 1
    roles: dict[str, frozenset[Role]] = field(default_factory=dict)
    subjects: Subjects = field(default_factory=Subjects)
    cohorts: list[Cohort] = field(default_factory=list)
    open_numbers: list[int] = field(default_factory=list)
    decisions: list[MadeDecision] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    stopped: MadeDecision | None = None
    role_since: dict[tuple[str, Role], date] = field(default_factory=dict)
    held: Recorded | None = None
    holds: list[tuple[Recorded, Recorded]] = field(default_factory=list)
    resumed: list[int] = field(default_factory=list)
    closed: Recorded | None = None
    amendments: list[Amendment] = field(default_factory=list)
    former_pauses: list[tuple[int, PauseRule]] = field(default_factory=list)
    committee_changes: list[tuple[int, Committee, Committee]] = field(default_factory=list)
    data_seq: int = 0
    data_on: date | None = None
    oddities: list[tuple[int, str]] = field(default_factory=list)
    owners: dict[int, str] = field(default_factory=dict)
    own_votes: bool = False
    not_enrolled: list[tuple[Recorded, ScreeningFailed]] = field(default_factory=list)
    site_zones: dict[str, str] = field(default_factory=dict)
    freezes: list[tuple[Recorded, DataFrozen]] = field(default_factory=list)
    keys: dict[str, Key] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    conflicts: list[RoleConflict] = field(default_factory=list)
    last_about: dict[tuple[Purpose, Label | None], int] = field(default_factory=dict)
    plan: Plan | None = None
    plans: list[tuple[Recorded, Plan]] = field(default_factory=list)
    charts: dict[str, Chart] = field(default_factory=dict)
    charted: dict[int, str] = field(default_factory=dict)
    files: list[tuple[Recorded, FileImported]] = field(default_factory=list)

    @property
    def seq(self) -> int:
        """Number of the last entry; 0 before the first."""
        return len(self.hashes)

    @property
    def head(self) -> str:
        """Hash of the last entry; empty before the first."""
        return self.hashes[-1] if self.hashes else ""

    @property
    def open_cohorts(self) -> list[Cohort]:
        """The cohorts that nothing has closed, in the order of opening."""
        return [self.cohorts[number - 1] for number in self.open_numbers]

    @property
    def open_cohort(self) -> Cohort | None:
        """The escalation's open cohort; there is at most one."""
        escalating = (c for c in reversed(self.cohorts) if c.purpose is Purpose.ESCALATION)
        last = next(escalating, None)
        return last if last is not None and last.closed_by is None else None

    def last_decision(self, purpose: Purpose = Purpose.ESCALATION) -> MadeDecision | None:
        """Return the last decision about cohorts of a purpose; None where there is none."""
        of_purpose = (made for made in reversed(self.decisions) if made.purpose is purpose)
        return next(of_purpose, None)

    def successor(self, made: MadeDecision) -> MadeDecision | None:
        """Return the last decision that has taken the place of one; None where it stands."""
        last = self.last_decision_about(made.about)
        return None if last is None or last.seq == made.seq else last

    def last_decision_about(self, about: tuple[Purpose, Label | None]) -> MadeDecision | None:
        """Return the last decision about something; None where there is none."""
        place = self.last_about.get(about)
        return None if place is None else self.decisions[place]

    def cohort_of(self, subject: Subject) -> Cohort:
        """Return the cohort that a subject was assigned to last."""
        return self.cohorts[subject.cohort - 1]

    @property
    def n_enrolled(self) -> int:
        """Subjects enrolled, replaced ones too, but not who withdrew before being dosed."""
        return len(self.subjects) - self.n_withdrawn

    @property
    def n_withdrawn(self) -> int:
        """Subjects who had been given a place and withdrew before being dosed."""
        return sum(s.standing is Standing.WITHDRAWN for s in self.subjects.values())

    @property
    def screening_failures(self) -> dict[str, tuple[Recorded, ScreeningFailed]]:
        """Who failed screening, and was not enrolled or screened later, with the last time."""
        failed = {event.subject: (entry, event) for entry, event in self.not_enrolled}
        return {
            subject: said
            for subject, said in failed.items()
            if subject not in self.subjects and not self._screened_since(subject, said[0].seq)
        }

    def _screened_since(self, subject: str, seq: int) -> bool:
        screening = self.chart(subject).screening
        return screening is not None and screening.seq > seq

    def current_id(self, subject: str) -> str:
        """Return the id that holds now of whom an entry names, also where nobody has it."""
        known = self.subjects.get(subject)
        return subject if known is None else known.id

    def recorded_on(self, seq: int, subject: str) -> date:
        """Return the day of an entry by the ledger's clock, where the subject was, or UTC."""
        at = self.times[seq - 1].astimezone(UTC)
        return day_in(self.zone_of(subject, at.date()), at) or at.date()

    def zone_of(self, subject: str, on: date) -> str | None:
        """Return the time zone of the site that has a subject in care; None where not known."""
        return self.site_zones.get(self.site_of(subject, on) or "")

    def site_of(self, subject: str, on: date) -> str | None:
        """Return the site that has a subject in care on a day, or else that screened them."""
        known, screened = self.subjects.get(subject), self.chart(subject).screening
        site = None if known is None else known.site_on(on)
        return screened.event.site if site is None and screened is not None else site

    @property
    def committee(self) -> Committee:
        """How the committee decides: as the protocol says, or with the quorum registered."""
        if self.own_votes and self.protocol is not None:
            return self.protocol.committee
        return Committee(
            quorum=self.quorum, chair_needed=False, exclusive=(), recorder_may_approve=True
        )

    @property
    def needs_key(self) -> bool:
        """Whether the protocol asks for a key's signature to approve."""
        return self.protocol is not None and self.protocol.keys.required

    def find_event(self, entry: int) -> AdverseEvent | None:
        """Return the adverse event that an entry reported first; None for any other entry."""
        subject = self.subjects.get(self.owners.get(entry, ""))
        events = () if subject is None else subject.events
        return next((event for event in events if event.entry == entry), None)

    def person(self, name: str) -> str:
        """Return the name under which a person is known here, however it is written.

        Names are compared by their ``name_key``; in a trial that 0.2.0 began, as they stand.
        """
        if not self.own_votes or name in self.roles:
            return name
        return self.names.get(name_key(name), name)

    def roles_of(self, person: str) -> frozenset[Role]:
        """Return the roles that a person has now."""
        return self.roles.get(self.person(person), frozenset())

    def set_aside_by(self, subject: Subject) -> int | None:
        """Return the entry of the amendment since which the rule does not count a subject."""
        return next((made.seq for made in self.amendments if made.sets_aside(subject)), None)

    def protocol_at(self, seq: int) -> Protocol | None:
        """Return the protocol that was in force when an entry was recorded."""
        later = (made.before for made in self.amendments if made.seq >= seq)
        return next(later, self.protocol)

    def chart(self, subject: str) -> Chart:
        """Return what is recorded of somebody beside the escalation; an empty one for anybody."""
        subject = self.current_id(subject)
        return self.charts.get(subject) or Chart(subject=subject)

    def members(self, cohort: Cohort) -> list[Subject]:
        """Return the subjects of a cohort, in the order of enrolment."""
        return [self.subjects[subject] for subject in cohort.subjects]

    def undosed(self, cohort: Cohort) -> list[Subject]:
        """Return those who have a place of a cohort and are still to be dosed."""
        return [s for s in self.members(cohort) if s.standing is Standing.ASSIGNED]

    def n_free(self, cohort: Cohort) -> int:
        """Count the free places of a cohort: a lost subject's place is free again."""
        taken = sum(subject.takes_place for subject in self.members(cohort))
        return max(cohort.n_opened - taken, 0)

    def fact(self, seq: int) -> Fact[Event] | None:
        """Return what an entry about a subject says now; None for any other entry."""
        if seq in self.charted:
            return next((f for f in self.chart(self.charted[seq]).facts() if f.seq == seq), None)
        subject = self.subjects.get(self.owners.get(seq, ""))
        if subject is None:
            return None
        facts: list[Fact[Event]]
        facts = [*subject.enrolments, *subject.outcomes, *subject.infusions]
        for event in subject.events:
            facts += [
                Fact(
                    seq=report.seq,
                    by=report.by,
                    event=report.follow_up or report.event,
                    corrected_by=report.corrected_by,
                )
                for report in event.reports
            ]
        return next((fact for fact in facts if fact.seq == seq), None)

    def written_cohorts(
        self, *purposes: Purpose, of: Sequence[Cohort] | None = None
    ) -> list[WrittenCohort]:
        """Return the trial so far in the field's notation: cohorts in which somebody was dosed.

        Those of these purposes, or of all, where none is given; ``of`` some cohorts alone.
        """
        cohorts = self.cohorts if of is None else of
        chosen = (c for c in cohorts if not purposes or c.purpose in purposes)
        return [written for cohort in chosen for written in self._written(cohort)]

    def last_written(self) -> list[WrittenCohort]:
        """Return the escalation's last cohorts as written, back to one with somebody who counts.

        Who was treated at a level before an amendment reopened it is not in them.
        """
        found: list[WrittenCohort] = []
        for cohort in reversed(self.cohorts):
            if cohort.purpose is Purpose.ESCALATION:
                found = [*self._written(cohort, set_aside=False), *found]
            if any(written.tally.n_patients for written in found):
                break
        return found

    def _written(self, cohort: Cohort, *, set_aside: bool = True) -> Iterator[WrittenCohort]:
        members = (s for s in self.members(cohort) if set_aside or s.set_aside_by is None)
        dosed = [(s, s.outcome) for s in members if s.outcome is not None]
        yield from write_cohort(cohort, dosed)

    def tallies(self, *purposes: Purpose, set_aside: bool = True) -> tuple[Tally, ...]:
        """Return what has been seen at each level, lowest first.

        Parameters
        ----------
        *purposes, set_aside
            Who is counted, as for ``Subjects.counts``: everybody, where nothing is given.

        Raises
        ------
        LadderError
            For somebody dosed at a level that is not on the ladder.
        """
        labels = () if self.protocol is None else self.protocol.labels
        counts = self.subjects.counts(*purposes, set_aside=set_aside)
        for label in counts:
            if label not in labels:
                raise LadderError(label, labels)
        return tuple(tally_letters(counts.get(label, {})) for label in labels)

    def find_decision(self, entry: int | None) -> MadeDecision | None:
        """Return the decision that an entry made; None for any other entry, and for no entry."""
        place = self.place_of_decision(entry)
        return None if place is None else self.decisions[place]

    def place_of_decision(self, entry: int | None) -> int | None:
        """Return the place among the decisions of the one that an entry made."""
        if entry is None:
            return None
        place = bisect_left(self.decisions, entry, key=lambda made: made.seq)
        found = place < len(self.decisions) and self.decisions[place].seq == entry
        return place if found else None

    def add_cohort(self, cohort: Cohort) -> None:
        """Add the next cohort to a state that nobody else holds."""
        self.cohorts.append(cohort)
        if cohort.closed_by is None:
            self.open_numbers.append(cohort.number)

    def close_cohort(self, number: int, entry: int) -> None:
        """Have an entry close an open cohort of a state that nobody else holds."""
        self.cohorts[number - 1] = replace(self.cohorts[number - 1], closed_by=entry)
        self.open_numbers.remove(number)

    def add_decision(self, made: MadeDecision) -> None:
        """Add the next decision to a state that nobody else holds."""
        self.last_about[made.about] = len(self.decisions)
        self.decisions.append(made)

    def copied(self) -> TrialState:
        """Return a copy that can be changed without changing this one."""
        other = copy.copy(self)
        for member in fields(self):
            value = getattr(self, member.name)
            if isinstance(value, dict | list | Subjects):
                setattr(other, member.name, value.copy())
        return other


def votes_are_own(state: TrialState, protocol: Protocol) -> bool:
    """Tell whether members vote for themselves once a trial is amended to this protocol."""
    return state.own_votes or protocol.committee != Committee()


def write_cohort(
    cohort: Cohort, dosed: Iterable[tuple[Subject, Outcome]]
) -> Iterator[WrittenCohort]:
    """Write those dosed in a cohort in the field's notation, once for each level they are at.

    A correction can have moved one to another level; the trial stands at the cohort's, the last.
    """
    by_level: dict[Label, list[Outcome]] = {}
    for subject, letter in sorted(dosed, key=lambda pair: pair[0].level == cohort.level):
        by_level.setdefault(subject.level, []).append(letter)
    for label, letters in by_level.items():
        yield WrittenCohort(label=label, outcomes=tuple(letters))
