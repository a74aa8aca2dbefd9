"""The tables of a protocol file, each a dataclass that says its own limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "FRACTION",
    "FRACTION_WORDS",
    "LATER_TABLES",
    "NAME",
    "PAIR",
    "PAIR_WORDS",
    "TABLES",
    "Anchors",
    "Committee",
    "DltException",
    "DltRule",
    "DltWindow",
    "DoseLevel",
    "Enrolment",
    "Evaluability",
    "ExpansionMonitoring",
    "Keys",
    "PauseRule",
    "ProtocolScenario",
    "Reporting",
    "Source",
    "Trial",
]

Source = Literal["registry", "assumed"]

NAME = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"
FRACTION = r"^[1-9][0-9]{0,3}/[1-9][0-9]{0,3}$"
FRACTION_WORDS = 'must be a fraction of whole numbers from 1 on, such as "1/3"'

# The metadata of a field goes to pydantic as it stands: limits and descriptions are said here only.


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseLevel:
    """One position on the ladder."""

    label: int = field(
        metadata={"description": "How people number the level.", "ge": -999, "le": 999}
    )
    dose: float | None = field(
        default=None, metadata={"description": "The dose, in the protocol's unit.", "gt": 0}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolScenario:
    """An assumed true P(DLT) at each level, lowest level first."""

    name: str = field(metadata={"description": "What to call the scenario."})
    p_dlt: tuple[float, ...] = field(
        metadata={
            "description": "P(DLT) at each level, lowest level first.",
            "each": {"ge": 0, "le": 1},
        }
    )


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
class DltException:
    """An adverse event that a DLT rule leaves out, by its term or its category."""

    term: str | None = field(default=None, metadata={"description": "The term, as recorded."})
    category: str | None = field(default=None, metadata={"description": "Or its category."})
    max_grade: int | None = field(
        default=None,
        metadata={"description": "Left out up to this grade only.", "ge": 1, "le": 5},
    )
    resolves_to: int | None = field(
        default=None,
        metadata={
            "description": "Left out if it has returned to this grade (0: ended) within_days.",
            "ge": 0,
            "le": 4,
        },
    )
    within_days: int | None = field(
        default=None,
        metadata={
            "description": "Days within which it must return, from the first at the rule's grade.",
            "ge": 0,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DltRule:
    """One sentence of a protocol's definition of a DLT; an event that meets any rule meets it."""

    name: str = field(metadata={"description": "What to call the rule."})
    min_grade: int = field(
        metadata={"description": "The least grade that meets it.", "ge": 1, "le": 5}
    )
    category: str | None = field(
        default=None, metadata={"description": "Only events of this category."}
    )
    except_categories: tuple[str, ...] = field(
        default=(), metadata={"description": "Events of every category but these."}
    )
    term: str | None = field(default=None, metadata={"description": "Only events of this term."})
    lasts_days: int | None = field(
        default=None,
        metadata={
            "description": "It must have been of that grade for more than so many days.",
            "ge": 0,
        },
    )
    provisional_until_day: int | None = field(
        default=None,
        metadata={
            "description": "It must still be of that grade on this day after the infusion.",
            "ge": 1,
        },
    )
    worse_than_baseline_by: int | None = field(
        default=None,
        metadata={"description": "Grades above the baseline grade, at least.", "ge": 1, "le": 5},
    )
    related: bool = field(
        default=True,
        metadata={"description": "Only events at least possibly related, or not yet judged."},
    )
    exceptions: tuple[DltException, ...] = field(
        default=(), metadata={"description": "Events that it leaves out."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRule:
    """A rule that pauses enrolment by itself until the committee has decided to resume."""

    name: str = field(metadata={"description": "What to call the rule."})
    at_least: int = field(
        default=1, metadata={"description": "So many patients with such an event.", "ge": 1}
    )
    among: int | None = field(
        default=None,
        metadata={"description": "Among so many dosed one after the other.", "ge": 1},
    )
    min_grade: int = field(
        default=1, metadata={"description": "The least grade.", "ge": 1, "le": 5}
    )
    category: str | None = field(
        default=None, metadata={"description": "Only events of this category."}
    )
    term: str | None = field(default=None, metadata={"description": "Only events of this term."})
    related: bool = field(
        default=False,
        metadata={"description": "Only events at least possibly related, or not yet judged."},
    )
    fatal: bool = field(default=False, metadata={"description": "Only deaths."})
    dlt: bool = field(default=False, metadata={"description": "Only DLTs."})


@dataclass(frozen=True, slots=True, kw_only=True)
class DltWindow:
    """The days in which a toxicity counts as dose limiting, and what a DLT is."""

    window_days: int | None = field(
        default=None, metadata={"description": "Number of the window's last day.", "ge": 1}
    )
    infusion_day: int = field(
        default=0,
        metadata={
            "description": "Number of the day of dosing and first of the window: 0 for day 0 to "
            "day window_days inclusive, 1 for window_days days counted from day 1.",
            "ge": 0,
            "le": 1,
        },
    )
    rules: tuple[DltRule, ...] = field(
        default=(),
        metadata={"description": "The definition of a DLT, rule by rule.", "added_later": True},
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
        },
    )
    next_apart_days: int = field(
        default=0,
        metadata={"description": "Days between the next patients of a cohort.", "ge": 0},
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluability:
    """When a patient counts without a ruling."""

    least_share: float = field(
        default=0.8,
        metadata={"description": "Least share of the planned dose.", "gt": 0, "le": 1},
    )
    greatest_share: float = field(
        default=1.2, metadata={"description": "Greatest share of the planned dose.", "ge": 1}
    )
    least_days: int | None = field(
        default=None,
        metadata={
            "description": "Least days of follow-up without a DLT; the window where not given.",
            "ge": 1,
        },
    )
    window_from: Literal["first", "last"] = field(
        default="first",
        metadata={"description": "Which infusion the DLT window begins with, where several are."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """How soon an adverse event has to be known and recorded."""

    aware_within_days: int | None = field(
        default=None,
        metadata={"description": "Days from onset until the site is aware.", "ge": 0},
    )
    recorded_within_days: int | None = field(
        default=None,
        metadata={"description": "Days from being aware until it is recorded.", "ge": 0},
    )


_ROLE = "(site|member|chair|statistician|auditor|adjudicator)"
PAIR = rf"^{_ROLE}\+{_ROLE}$"
PAIR_WORDS = 'must be two roles joined by +, such as "chair+site"'


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


TABLES: dict[
    str,
    type[
        Trial
        | DltWindow
        | Enrolment
        | ExpansionMonitoring
        | Evaluability
        | Reporting
        | Committee
        | Keys
        | Anchors
    ],
] = {
    "trial": Trial,
    "dlt": DltWindow,
    "enrolment": Enrolment,
    "expansion": ExpansionMonitoring,
    "evaluability": Evaluability,
    "reporting": Reporting,
    "committee": Committee,
    "keys": Keys,
    "anchors": Anchors,
}
# tables that came after the first release: where nothing is said of one, the document leaves it
# out, so that the digests of protocols written before stay as they are
LATER_TABLES = frozenset({"expansion", "evaluability", "reporting", "committee", "keys", "anchors"})
