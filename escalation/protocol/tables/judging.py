"""What the record judges patients by: the definition of a DLT, pauses, and who counts."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from escalation.dataclass import dataclass
from escalation.protocol.tables.patterns import MAX_DAYS

__all__ = [
    "DltException",
    "DltRule",
    "DltWindow",
    "Evaluability",
    "PauseRule",
]


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
            "le": MAX_DAYS,
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
            "le": MAX_DAYS,
        },
    )
    provisional_until_day: int | None = field(
        default=None,
        metadata={
            "description": "It must still be of that grade on this day after the infusion.",
            "ge": 1,
            "le": MAX_DAYS,
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
        default=None,
        metadata={"description": "Number of the window's last day.", "ge": 1, "le": MAX_DAYS},
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
            "le": MAX_DAYS,
        },
    )
    window_from: Literal["first", "last"] = field(
        default="first",
        metadata={"description": "Which infusion the DLT window begins with, where several are."},
    )
