"""How a trial is conducted: enrolment, expansion, reporting, the committee, keys and anchors."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from escalation.dataclass import dataclass
from escalation.labels import Label
from escalation.protocol.tables.patterns import FRACTION, MAX_DAYS, PAIR

__all__ = [
    "Anchors",
    "Backfill",
    "Committee",
    "Dosing",
    "Enrolment",
    "ExpansionMonitoring",
    "Keys",
    "Reporting",
    "Trial",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the trial's public record says of it."""

    registry_id: str | None = field(
        default=None, metadata={"description": "Identifier in a public registry."}
    )
    sponsor: str | None = field(default=None, metadata={"description": "Who runs the trial."})
    site: str | None = field(default=None, metadata={"description": "Where patients are treated."})
    phase: str | None = field(default=None, metadata={"description": "Phase, as registered."})
    product: str | None = field(default=None, metadata={"description": "What is given."})
    conditions: tuple[str, ...] = field(
        default=(), metadata={"description": "Diseases that are treated."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """How many patients are planned, and how far apart they are dosed."""

    planned_patients: int | None = field(
        default=None,
        metadata={
            "description": "Patients planned; the cap on them is the design's max_patients.",
            "ge": 1,
        },
    )
    first_alone_days: int = field(
        default=0,
        metadata={
            "description": "Days from the first patient of a cohort to the second.",
            "ge": 0,
            "le": MAX_DAYS,
        },
    )
    next_apart_days: int = field(
        default=0,
        metadata={
            "description": "Days between the next patients of a cohort.",
            "ge": 0,
            "le": MAX_DAYS,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpansionMonitoring:
    """When DLTs of the patients treated at the MTD after the escalation stop the expansion."""

    stop_at_rate: str | None = field(
        default=None,
        metadata={
            "description": "Stop and reconsider when the DLT rate among the evaluable patients of "
            'the expansion reaches this fraction, such as "1/3".',
            "pattern": FRACTION,
        },
    )
    stop_at: tuple[str, ...] = field(
        default=(),
        metadata={
            "description": "Instead of a rate: stop and reconsider at so many DLTs among the first "
            'so many evaluable patients of the expansion, such as ["2/6", "3/9", "4/12"].',
            "each": {"pattern": FRACTION},
        },
    )
    n_patients: int | None = field(
        default=None,
        metadata={
            "description": "Patients to be treated at the MTD after the escalation.",
            "ge": 1,
            "le": 1000,
            "added_later": True,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """More patients at levels below the current one, while the escalation goes on.

    Each cohort of the escalation at a higher level opens up to ``per_cohort`` places at every
    level below it that may be backfilled, until ``max_per_level`` have been treated there; or
    levels open by a published scheme.
    """

    scheme: Literal["places", "zhao2024"] = field(
        default="places",
        metadata={
            "description": "When a level is open: by the places of each cohort, or as in BF-BOIN "
            "(Zhao et al. 2024), after a response there and until its DLTs reach the "
            "de-escalation boundary; max_per_level is then of all patients at the level.",
            "added_later": True,
        },
    )

    from_level: Label | None = field(
        default=None,
        metadata={"description": "Label of the lowest level that is backfilled; else the lowest."},
    )
    per_cohort: int = field(
        default=3,
        metadata={
            "description": "Places at a level for each cohort of the escalation above it.",
            "ge": 1,
            "le": 100,
        },
    )
    max_per_level: int | None = field(
        default=None,
        metadata={
            "description": "Most backfill patients at a level; a protocol without it has none.",
            "ge": 1,
            "le": 1000,
        },
    )
    counted: Literal["never", "every decision", "final decision"] = field(
        default="never",
        metadata={
            "description": "At which decisions of the escalation they count: never, at every "
            "decision, or only where the escalation would end."
        },
    )
    stop_at_rate: str | None = field(
        default=None,
        metadata={
            "description": "Close a level to backfill when the DLT rate among all patients "
            'treated there reaches this fraction, such as "1/3".',
            "pattern": FRACTION,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosing:
    """How a dose by body size becomes an amount."""

    body_surface: Literal["mosteller", "dubois"] = field(
        default="mosteller",
        metadata={
            "description": "Body surface area, for doses per m2: mosteller, the square root of "
            "cm x kg / 3600, or dubois, 0.007184 x cm^0.725 x kg^0.425."
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """How soon an adverse event has to be known and recorded."""

    aware_within_days: int | None = field(
        default=None,
        metadata={
            "description": "Days from onset until the site is aware.",
            "ge": 0,
            "le": MAX_DAYS,
        },
    )
    recorded_within_days: int | None = field(
        default=None,
        metadata={
            "description": "Days from being aware until it is recorded.",
            "ge": 0,
            "le": MAX_DAYS,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """How the safety committee decides."""

    solo: bool = field(
        default=False,
        metadata={"description": "One person does everything: shown on every page."},
    )
    quorum: int = field(
        default=2,
        metadata={"description": "Votes that a decision needs.", "ge": 1, "le": 100},
    )
    chair_needed: bool = field(
        default=True, metadata={"description": "Whether a chair must be among those who vote."}
    )
    majority: str = field(
        default="1/2",
        metadata={
            "description": "More than this part of the votes for and against must be for it.",
            "pattern": FRACTION,
        },
    )
    override_majority: str = field(
        default="1/2",
        metadata={
            "description": "The same where the committee chooses against the rule.",
            "pattern": FRACTION,
        },
    )
    exclusive: tuple[str, ...] = field(
        default=(
            "chair+site",
            "auditor+site",
            "auditor+chair",
            "auditor+member",
            "auditor+statistician",
            "auditor+adjudicator",
        ),
        metadata={
            "description": "Roles that exclude each other.",
            "each": {"pattern": PAIR},
        },
    )
    exclusive_roles: Literal["refuse", "record"] = field(
        default="refuse",
        metadata={
            "description": "Whether to refuse roles that exclude each other, or to record them as "
            "a departure for ever."
        },
    )
    recorder_may_approve: bool = field(
        default=False,
        metadata={"description": "Whether who recorded a decision may approve it."},
    )
    circulate_first: bool = field(
        default=False,
        metadata={
            "description": "Nobody is dosed at a new level before the decision was sent to the "
            "sites."
        },
    )
    freeze_first: bool = field(
        default=False,
        metadata={"description": "A decision needs data that were frozen and checked before."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Whether approvals are signed with keys."""

    required: bool = field(
        default=False,
        metadata={"description": "Whether an approval without a key's signature opens nothing."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """Where anchors are kept, outside the ledger."""

    file: str | None = field(
        default=None,
        metadata={"description": "A file elsewhere, which `trial verify` reads by itself."},
    )
