"""What happens in a trial, as facts in the past tense: the only thing that is ever stored.

State is always a replay of these (``state``); commands return them or refuse (``commands``). Levels
are written as labels, as people say them, so that an entry reads the same after the ladder has
been amended.

A released kind or version is never edited. What a kind can say since its second version is marked
so (``SINCE_2``): an entry that says nothing of it is written in the first version, as before
(``codec``).
"""

from __future__ import annotations

from dataclasses import field, fields
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Literal, get_args

from escalation.dataclass import dataclass
from escalation.designs.base import Action
from escalation.labels import Label
from escalation.outcomes import Outcome

__all__ = [
    "CHARTED",
    "EVENTS",
    "LATER_NAMES",
    "SINCE_2",
    "ActionTaken",
    "AdverseEventAdjudicated",
    "AdverseEventFollowedUp",
    "AdverseEventRecorded",
    "AnyEvent",
    "Attendance",
    "Choice",
    "DataFrozen",
    "DecisionCirculated",
    "DecisionMade",
    "EligibilityWaived",
    "EnrolmentHeld",
    "EnrolmentResumed",
    "EntryCorrected",
    "EvaluabilityRuled",
    "Event",
    "EventOutcome",
    "FileImported",
    "Finding",
    "FindingsRecorded",
    "HistoryImported",
    "ImportedCohort",
    "InfusionContinued",
    "KeyRegistered",
    "KeyRevoked",
    "Leaving",
    "Meaning",
    "OutcomeRecorded",
    "PlanAdopted",
    "ProtocolAmended",
    "Purpose",
    "Recommendation",
    "Relation",
    "Role",
    "RoleDelegated",
    "RoleRevoked",
    "ScreeningFailed",
    "Serious",
    "Sex",
    "Signed",
    "SignedWithKey",
    "SiteOpened",
    "SubjectAtSite",
    "SubjectDosed",
    "SubjectEnrolled",
    "SubjectLeft",
    "SubjectRenamed",
    "SubjectScreened",
    "TimestampKept",
    "Toxicity",
    "TrialClosed",
    "TrialRegistered",
    "TrialRegisteredWithCommittee",
    "VisitRecorded",
    "Vote",
    "VoteCast",
]


SINCE_2: dict[str, int] = {"since": 2}


class Purpose(StrEnum):
    """What a cohort is treated for."""

    ESCALATION = "escalation"
    BACKFILL = "backfill"
    EXPANSION = "expansion"


class Role(StrEnum):
    """What a person has been delegated to do."""

    SITE = "site"
    MEMBER = "member"
    CHAIR = "chair"
    STATISTICIAN = "statistician"
    AUDITOR = "auditor"
    ADJUDICATOR = "adjudicator"


class Meaning(StrEnum):
    """What a signature means (21 CFR 11.50)."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REVIEWED = "reviewed"


class Vote(StrEnum):
    """How someone who attended voted; ``PRESENT`` is without a vote."""

    FOR = "for"
    AGAINST = "against"
    ABSTAINED = "abstained"
    PRESENT = "present"


class Relation(StrEnum):
    """How a toxicity relates to the product, in the investigator's judgement."""

    UNRELATED = "unrelated"
    UNLIKELY = "unlikely"
    POSSIBLE = "possible"
    PROBABLE = "probable"
    DEFINITE = "definite"


class Serious(StrEnum):
    """Why an adverse event is serious (ICH E2A)."""

    DEATH = "death"
    LIFE_THREATENING = "life-threatening"
    HOSPITALISATION = "hospitalisation"
    DISABILITY = "disability"
    CONGENITAL = "congenital anomaly"
    IMPORTANT = "medically important"


class ActionTaken(StrEnum):
    """What was done with the product because of an adverse event (ICH E2B)."""

    NONE = "none"
    INTERRUPTED = "infusion interrupted"
    STOPPED = "infusion stopped"
    REDUCED = "dose reduced"
    WITHDRAWN = "product withdrawn"
    NOT_APPLICABLE = "not applicable"


class EventOutcome(StrEnum):
    """How an adverse event stands (ICH E2B)."""

    RECOVERED = "recovered"
    RECOVERING = "recovering"
    NOT_RECOVERED = "not recovered"
    SEQUELAE = "recovered with sequelae"
    FATAL = "fatal"
    UNKNOWN = "unknown"


class Sex(StrEnum):
    """The sex of a subject, as far as criteria and formulas ask for it."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class Leaving(StrEnum):
    """Why somebody's part in the study ended (CDISC's reasons, in plain words)."""

    COMPLETED = "completed"
    WITHDREW = "withdrew consent"
    LOST = "lost to follow-up"
    PHYSICIAN = "physician's decision"
    DEATH = "death"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxicity:
    """One adverse event of a subject; ``term`` is the user's own word or code."""

    term: str
    grade: int
    onset: date
    relation: Relation | None = None
    narrative: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """Someone at the committee's meeting, and how they voted."""

    person: str
    vote: Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What the rule said when a decision was made, and the sentence that fired."""

    action: Action
    level: Label | None = None
    n_to_enrol: int = 0
    mtd: Label | None = None
    inconclusive: bool = False
    clause_id: str
    clause: str

    @property
    def choice(self) -> Choice:
        """The choice that follows the rule; to wait is to defer."""
        match self.action:
            case Action.WAIT:
                return Choice(action="defer")
            case Action.STOP:
                return Choice(action="stop", mtd=self.mtd)
        return Choice(action="enrol", level=self.level, n_to_enrol=self.n_to_enrol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a committee chose: treat so many at a level, stop with or without an MTD, or defer.

    To resume lifts a pause: enrolment goes on as it was. The purpose is that of the cohort that is
    opened; the escalation's own decisions leave a cohort of another purpose as it is. To stop
    backfill, at its level, or the expansion closes its cohort and nothing else.
    """

    action: Literal["enrol", "stop", "defer", "resume"]
    level: Label | None = None
    n_to_enrol: int = 0
    mtd: Label | None = None
    purpose: Purpose = field(default=Purpose.ESCALATION, metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. ``on`` is the day it happened, in the recorder's words; the ledger adds the time."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1

    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRegistered(Event):
    """The trial began to be tracked, under this protocol; whoever recorded it may delegate."""

    kind: ClassVar[str] = "trial-registered"

    protocol: dict[str, Any]
    digest: str
    quorum: int
    software: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDelegated(Event):
    """A person was given a role."""

    kind: ClassVar[str] = "role-delegated"

    person: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(Event):
    """A role was taken from a person."""

    kind: ClassVar[str] = "role-revoked"

    person: str
    role: Role
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCohort:
    """A cohort that was treated before the trial was tracked here, with all its places."""

    level: Label
    n_opened: int
    purpose: Purpose = field(default=Purpose.ESCALATION, metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryImported(Event):
    """Cohorts treated before the trial was tracked here; their decisions are not in this ledger.

    Columns of the file that were not read are ``left_out``; ``read_with`` are the options by which
    it was read, where it is not as this program writes one.
    """

    kind: ClassVar[str] = "history-imported"

    source: str
    sha256: str
    cohorts: tuple[ImportedCohort, ...]
    left_out: tuple[str, ...] = field(default=(), metadata=SINCE_2)
    read_with: str | None = field(default=None, metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectEnrolled(Event):
    """A subject took a place in the open cohort, or was reassigned before being dosed.

    ``breaches`` are the gates that stood in the way, where a site recorded it as a ``deviation``.
    Where it is ``undated``, in an imported history, it was no later than ``on``, the dosing's day.
    """

    kind: ClassVar[str] = "subject-enrolled"

    subject: str
    cohort: int
    level: Label
    weight_kg: float | None = None
    replaces: str | None = None
    deviation: str | None = None
    breaches: tuple[str, ...] = ()
    height_cm: float | None = field(default=None, metadata=SINCE_2)
    undated: bool = field(default=False, metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectDosed(Event):
    """A subject got the infusion; amounts in the protocol's unit without ``/kg``."""

    kind: ClassVar[str] = "subject-dosed"

    subject: str
    planned: float | None = None
    infused: float | None = None
    lot: str | None = None
    deviation: str | None = None
    breaches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecorded(Event):
    """A subject had a DLT, completed the window without one, or turned out not evaluable.

    Where it is ``undated``, in an imported history, it was known by ``on``, the day of the import.
    """

    kind: ClassVar[str] = "outcome-recorded"

    subject: str
    outcome: Outcome
    toxicities: tuple[Toxicity, ...] = ()
    reason: str | None = None
    undated: bool = field(default=False, metadata=SINCE_2)

    @property
    def explained(self) -> bool:
        """Whether it says what a DLT was, or why somebody is not evaluable."""
        match self.outcome:
            case Outcome.DLT:
                return bool(self.toxicities)
            case Outcome.NOT_EVALUABLE:
                return self.reason is not None
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCorrected(Event):
    """An earlier entry is to be read with these new values; with none, as never made."""

    kind: ClassVar[str] = "entry-corrected"

    entry: int
    reason: str
    changes: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade(Event):
    """The committee decided, on the data up to and including entry ``cutoff``.

    ``departure`` says that the choice went further than the rule, or for backfill and expansion
    than the protocol; ``recommended`` is what the rule said of the escalation. ``overdue`` names
    the subjects whose window had closed without an outcome.
    """

    kind: ClassVar[str] = "decision-made"

    cutoff: int
    recommended: Recommendation
    chosen: Choice
    departure: bool
    rationale: str | None = None
    attendees: tuple[Attendance, ...]
    overdue: tuple[str, ...] = ()

    @property
    def override(self) -> bool:
        """Whether the committee chose something else than the rule.

        More patients at the level that the rule named are as the rule says, where they are no
        departure: the protocol has a range of cohort sizes. To resume is not about a dose. Of
        backfill and expansion the rule says nothing: there it is what the protocol does not say.
        """
        said, chosen = self.recommended.choice, self.chosen
        if chosen.action == "resume":
            return False
        if chosen.purpose is not Purpose.ESCALATION:
            return self.departure
        allowed = chosen.n_to_enrol > said.n_to_enrol > 0 and not self.departure
        return chosen != said and not (allowed and chosen.level == said.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(Event):
    """An entry was signed; its hash binds the signature to what was signed (21 CFR 11.70)."""

    kind: ClassVar[str] = "signed"

    entry: int
    entry_hash: str
    meaning: Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentHeld(Event):
    """Nobody is to be enrolled or dosed until further notice."""

    kind: ClassVar[str] = "enrolment-held"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentResumed(Event):
    """The hold was lifted."""

    kind: ClassVar[str] = "enrolment-resumed"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolAmended(Event):
    """From here on the trial follows this protocol.

    At a level that it ``reopens`` the patients treated so far no longer count for the rule, and a
    trial that had been stopped goes on.
    """

    kind: ClassVar[str] = "protocol-amended"

    protocol: dict[str, Any]
    digest: str
    reason: str
    reopens: tuple[Label, ...] = field(default=(), metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialClosed(Event):
    """The trial treats nobody any more."""

    kind: ClassVar[str] = "trial-closed"

    reason: str


# ---------------------------------------------------------------- adverse events


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventRecorded(Event):
    """An adverse event as first reported; its entry's number is what it is called by.

    Attributes
    ----------
    term : str
        As given.
    code, dictionary : str or None
        The user's own.
    category : str or None
        As the protocol's DLT rules name it, such as ``crs`` or ``haematological``.
    started, ended : date
    grade : int
        1 to 5, by ``scale`` in ``scale_version``.
    graded_by : str or None
        The rule that gave the grade, where ``observations`` were graded.
    baseline_grade : int or None
        Of the same finding before the first infusion; 0 for none.
    aware : date
        The day on which the site became aware.
    """

    kind: ClassVar[str] = "ae-recorded"

    subject: str
    term: str
    code: str | None = None
    dictionary: str | None = None
    category: str | None = None
    started: date
    ended: date | None = None
    grade: int
    scale: str
    scale_version: str
    graded_by: str | None = None
    observations: dict[str, Any] | None = None
    baseline_grade: int | None = None
    serious: tuple[Serious, ...] = ()
    relation: Relation | None = None
    action: ActionTaken | None = None
    outcome: EventOutcome | None = None
    treatment: str | None = None
    narrative: str | None = None
    aware: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventFollowedUp(Event):
    """An adverse event has changed since: from ``on`` it is as in ``changes``.

    What was reported before stays as the event's course; what was reported wrongly is corrected.
    """

    kind: ClassVar[str] = "ae-followed-up"

    entry: int
    changes: dict[str, Any]
    aware: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventAdjudicated(Event):
    """Someone delegated ruled whether an adverse event is a DLT.

    ``suggested`` and ``rule`` are what the protocol's definition said then; ``reason`` is needed
    where the ruling departs from it.
    """

    kind: ClassVar[str] = "ae-adjudicated"

    entry: int
    dlt: bool
    suggested: str
    rule: str | None = None
    reason: str | None = None


# ---------------------------------------------------------------- patients as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionContinued(Event):
    """A subject got a further part of the dose, or the infusion repeated; amounts add up."""

    kind: ClassVar[str] = "infusion-continued"

    subject: str
    infused: float | None = None
    lot: str | None = None
    deviation: str | None = None
    breaches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluabilityRuled(Event):
    """Someone delegated ruled whether a subject outside the protocol's limits counts."""

    kind: ClassVar[str] = "evaluability-ruled"

    subject: str
    evaluable: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningFailed(Event):
    """Somebody was screened and not enrolled; ``criteria`` are those of the plan not met."""

    kind: ClassVar[str] = "screening-failed"

    subject: str
    site: str | None = None
    reason: str
    criteria: tuple[str, ...] = field(default=(), metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRenamed(Event):
    """A subject's id had been mistyped; the old one stays visible and finds the new one."""

    kind: ClassVar[str] = "subject-renamed"

    subject: str
    renamed: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOpened(Event):
    """A site takes part; a day there is a day of its time zone (IANA name)."""

    kind: ClassVar[str] = "site-opened"

    site: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectAtSite(Event):
    """From this day on a site has the subject in its care: the first one, or by a transfer."""

    kind: ClassVar[str] = "subject-at-site"

    subject: str
    site: str
    reason: str | None = None


# ---------------------------------------------------------------- a committee of several people


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRegisteredWithCommittee(Event):
    """The trial began to be tracked: as the first version, with the committee of the protocol.

    Members vote for themselves, and verdicts are held against events.
    """

    kind: ClassVar[str] = "trial-registered"
    version: ClassVar[int] = 2

    protocol: dict[str, Any]
    digest: str
    software: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCast(Event):
    """A member voted on a decision; its hash binds the vote to what was voted on."""

    kind: ClassVar[str] = "vote-cast"

    decision: int
    decision_hash: str
    vote: Vote
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCirculated(Event):
    """An approved decision was sent to these people or sites."""

    kind: ClassVar[str] = "decision-circulated"

    decision: int
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFrozen(Event):
    """The data up to and including entry ``cutoff`` were checked; who recorded it endorses them."""

    kind: ClassVar[str] = "data-frozen"

    cutoff: int
    checked_by: tuple[str, ...]
    statement: str | None = None


# ---------------------------------------------------------------- keys and time


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRegistered(Event):
    """A person's public key, in the form of OpenSSH: ``ssh-ed25519 AAAA...``."""

    kind: ClassVar[str] = "key-registered"

    person: str
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(Event):
    """A person's key is not to be trusted for what is signed from now on."""

    kind: ClassVar[str] = "key-revoked"

    person: str
    public_key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedWithKey(Event):
    """As ``Signed``, with a signature in the format of ``ssh-keygen -Y sign``."""

    kind: ClassVar[str] = "signed"
    version: ClassVar[int] = 2

    entry: int
    entry_hash: str
    meaning: Meaning
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampKept(Event):
    """A timestamp of an entry's hash by someone else's clock (RFC 3161), in base64."""

    kind: ClassVar[str] = "timestamp-kept"

    entry: int
    entry_hash: str
    token: str


# ---------------------------------------------------------------- beside the escalation: the plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAdopted(Event):
    """From here on the trial goes by this plan: who may enter, what is measured, and when.

    A later one takes its place, for a ``reason``.
    """

    kind: ClassVar[str] = "plan-adopted"

    plan: dict[str, Any]
    digest: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectScreened(Event):
    """Somebody began to be screened, under this disease; screened again, it begins anew.

    ``born`` is a year or a month, such as ``1975`` or ``1975-03``, never a day. ``consented`` is
    the day of the informed consent.
    """

    kind: ClassVar[str] = "subject-screened"

    subject: str
    disease: str | None = None
    sex: Sex | None = None
    born: str | None = None
    consented: date | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result: of a test that the plan names, or the answer to one of its criteria.

    Attributes
    ----------
    test : str
        A test's name, or a criterion's id.
    value, unit : float and str, or None
        As reported, never converted.
    answer : str or None
        Of a test of choices or of yes and no, and of a criterion: ``yes``, ``no``, ``unknown``.
    below : bool
        Below the limit of quantification; ``value`` is that limit, or None where it is not known.
    lower, upper : float or None
        The laboratory's limits of normal, in the same unit.
    on : date or None
        The day of the sample, where it is another than the entry's.
    day : float or None
        Days since the infusion, where that is known more closely than by the dates.
    not_done : str or None
        Why there is no result.
    by : str or None
        Who says so, where it is another than who records it.
    """

    test: str
    value: float | None = None
    unit: str | None = None
    answer: str | None = None
    below: bool = False
    lower: float | None = None
    upper: float | None = None
    on: date | None = None
    day: float | None = None
    not_done: str | None = None
    by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsRecorded(Event):
    """Results of somebody who is or was screened, enrolled or dosed; ``on`` is the sample's day.

    A later result of the same test, for the same day and visit, takes the place of an earlier one;
    ``reason`` says why. ``source`` is the file that they were imported from, with its SHA-256.
    """

    kind: ClassVar[str] = "findings-recorded"

    subject: str
    findings: tuple[Finding, ...]
    visit: str | None = None
    reason: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityWaived(Event):
    """Criteria that somebody does not meet were waived, as the plan permits it."""

    kind: ClassVar[str] = "eligibility-waived"

    subject: str
    criteria: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecorded(Event):
    """A visit of the plan took place on this day; or, where ``missed`` says why, it did not."""

    kind: ClassVar[str] = "visit-recorded"

    subject: str
    visit: str
    missed: str | None = None
    note: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectLeft(Event):
    """Somebody's part in the study ended: nothing is due from then on."""

    kind: ClassVar[str] = "subject-left"

    subject: str
    why: Leaving
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileImported(Event):
    """A file of results, visits, people screened or adverse events was imported.

    What it said and was not recorded yet are the entries that follow, by the same person.

    Attributes
    ----------
    what : str
    source : str
        The file's name.
    sha256 : str
    n_rows : int
    left_out : tuple of str
        Names of columns that were not read.
    read_with : str or None
        The options by which it was read; None where it is as this program has it.
    """

    kind: ClassVar[str] = "file-imported"

    what: Literal["results", "visits", "screening", "events"]
    source: str
    sha256: str
    n_rows: int
    left_out: tuple[str, ...] = ()
    read_with: str | None = None

    @property
    def named(self) -> str:
        """What results and visits that come from it call it."""
        return f"{self.source}, SHA-256 {self.sha256}"


CHARTED = (
    SubjectScreened,
    FindingsRecorded,
    EligibilityWaived,
    VisitRecorded,
    SubjectLeft,
)
"""The kinds of entries that are kept in somebody's ``chart``, enrolled or not."""

AnyEvent = (
    TrialRegistered
    | RoleDelegated
    | RoleRevoked
    | HistoryImported
    | SubjectEnrolled
    | SubjectDosed
    | OutcomeRecorded
    | EntryCorrected
    | DecisionMade
    | Signed
    | EnrolmentHeld
    | EnrolmentResumed
    | ProtocolAmended
    | TrialClosed
    | AdverseEventRecorded
    | AdverseEventFollowedUp
    | AdverseEventAdjudicated
    | InfusionContinued
    | EvaluabilityRuled
    | ScreeningFailed
    | SubjectRenamed
    | SiteOpened
    | SubjectAtSite
    | TrialRegisteredWithCommittee
    | VoteCast
    | DecisionCirculated
    | DataFrozen
    | KeyRegistered
    | KeyRevoked
    | SignedWithKey
    | TimestampKept
    | PlanAdopted
    | SubjectScreened
    | FindingsRecorded
    | EligibilityWaived
    | VisitRecorded
    | SubjectLeft
    | FileImported
)
LATER_NAMES = frozenset(
    member.name
    for made in (
        *(HistoryImported, ImportedCohort, SubjectEnrolled, OutcomeRecorded, Choice),
        *(ProtocolAmended, ScreeningFailed),
    )
    for member in fields(made)
    if "since" in member.metadata
)
EVENTS: dict[tuple[str, int], type[AnyEvent]] = {
    (event.kind, event.version): event for event in get_args(AnyEvent)
} | {
    (event.kind, 2): event
    for event in (
        *(HistoryImported, SubjectEnrolled, OutcomeRecorded, DecisionMade, ProtocolAmended),
        ScreeningFailed,
    )
}
