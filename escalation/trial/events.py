"""What happens in a trial, as facts in the past tense: the only thing that is ever stored.

State is always a replay of these (``state``); commands return them or refuse (``commands``). Levels
are written as labels, as people say them, so that an entry reads the same after the ladder has
been amended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Literal, get_args

from escalation.designs.base import Action
from escalation.outcomes import Outcome

__all__ = [
    "EVENTS",
    "AnyEvent",
    "Attendance",
    "Choice",
    "DecisionMade",
    "EnrolmentHeld",
    "EnrolmentResumed",
    "EntryCorrected",
    "Event",
    "HistoryImported",
    "ImportedCohort",
    "Meaning",
    "OutcomeRecorded",
    "ProtocolAmended",
    "Recommendation",
    "Relation",
    "Role",
    "RoleDelegated",
    "RoleRevoked",
    "Signed",
    "SubjectDosed",
    "SubjectEnrolled",
    "Toxicity",
    "TrialClosed",
    "TrialRegistered",
    "Vote",
]


class Role(StrEnum):
    """What a person has been delegated to do."""

    SITE = "site"
    MEMBER = "member"
    CHAIR = "chair"
    STATISTICIAN = "statistician"
    AUDITOR = "auditor"


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
    level: int | None = None
    n_to_enrol: int = 0
    mtd: int | None = None
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
    """What a committee chose: treat so many at a level, stop with or without an MTD, or defer."""

    action: Literal["enrol", "stop", "defer"]
    level: int | None = None
    n_to_enrol: int = 0
    mtd: int | None = None


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

    level: int
    n_opened: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryImported(Event):
    """Cohorts treated before the trial was tracked here; their decisions are not in this ledger."""

    kind: ClassVar[str] = "history-imported"

    source: str
    sha256: str
    cohorts: tuple[ImportedCohort, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectEnrolled(Event):
    """A subject took a place in the open cohort, or was reassigned before being dosed.

    ``breaches`` are the gates that stood in the way, where a site recorded it as a ``deviation``.
    """

    kind: ClassVar[str] = "subject-enrolled"

    subject: str
    cohort: int
    level: int
    weight_kg: float | None = None
    replaces: str | None = None
    deviation: str | None = None
    breaches: tuple[str, ...] = ()


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
    """A subject had a DLT, completed the window without one, or turned out not evaluable."""

    kind: ClassVar[str] = "outcome-recorded"

    subject: str
    outcome: Outcome
    toxicities: tuple[Toxicity, ...] = ()
    reason: str | None = None


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

    ``departure`` says that the choice went further than the rule, ``overdue`` names the subjects
    whose window had closed without an outcome.
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
        departure: the protocol has a range of cohort sizes.
        """
        said, chosen = self.recommended.choice, self.chosen
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
    """From here on the trial follows this protocol."""

    kind: ClassVar[str] = "protocol-amended"

    protocol: dict[str, Any]
    digest: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialClosed(Event):
    """The trial treats nobody any more."""

    kind: ClassVar[str] = "trial-closed"

    reason: str


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
)
EVENTS: dict[tuple[str, int], type[AnyEvent]] = {
    (event.kind, event.version): event for event in get_args(AnyEvent)
}
