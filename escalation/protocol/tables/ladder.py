"""The dose levels, and the toxicity curves assumed of them."""

from __future__ import annotations

from dataclasses import field

from escalation.dataclass import dataclass
from escalation.labels import Label
from escalation.text import LINE

__all__ = [
    "DoseLevel",
    "ProtocolScenario",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseLevel:
    """One position on the ladder."""

    label: Label = field(
        metadata={"description": 'What people call the level: 1, -1, or a word such as "1a".'}
    )
    dose: float | None = field(
        default=None, metadata={"description": "The dose, in the protocol's unit.", "gt": 0}
    )
    regimen: str | None = field(
        default=None,
        metadata={
            "description": "How it is given, where levels differ in more than the dose: schedule, "
            "fractions, premedication.",
            "pattern": LINE,
            "max_length": 100,
            "added_later": True,
        },
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
