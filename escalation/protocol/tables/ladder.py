"""The dose levels, and the toxicity curves assumed of them."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "DoseLevel",
    "ProtocolScenario",
]


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
