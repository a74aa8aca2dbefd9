"""The tables of a protocol file, each a dataclass that says its own limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "FRACTION",
    "FRACTION_WORDS",
    "LATER_TABLES",
    "NAME",
    "TABLES",
    "DltWindow",
    "DoseLevel",
    "Enrolment",
    "ExpansionMonitoring",
    "ProtocolScenario",
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
class DltWindow:
    """The days in which a toxicity counts as dose limiting."""

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


TABLES: dict[str, type[Trial | DltWindow | Enrolment | ExpansionMonitoring]] = {
    "trial": Trial,
    "dlt": DltWindow,
    "enrolment": Enrolment,
    "expansion": ExpansionMonitoring,
}
# tables that came after the first release: where nothing is said of one, the document leaves it
# out, so that the digests of protocols written before stay as they are
LATER_TABLES = frozenset({"expansion"})
