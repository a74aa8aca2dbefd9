"""What one patient is to get by the protocol: dose times weight, or the flat dose, with the cap."""

from __future__ import annotations

from dataclasses import dataclass

from escalation.labels import Label
from escalation.protocol import Protocol

__all__ = ["PlannedDose", "is_weight", "plan_dose", "say_share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDose:
    """What one patient is to get.

    Attributes
    ----------
    dose : float or None
        Of the level, in the protocol's unit; None for a ladder without doses.
    amount : float or None
        In all; None where the dose is per kg and no weight is known.
    unit : str
        Of the amount.
    capped : bool
        Whether the protocol's cap was below dose times weight.
    """

    dose: float | None
    amount: float | None
    unit: str
    capped: bool


def plan_dose(protocol: Protocol, label: Label, weight_kg: float | None) -> PlannedDose:
    """Return the planned dose at a level: dose/kg times weight, or the flat dose, with the cap."""
    dose, unit = protocol.levels[protocol.labels.index(label)].dose, protocol.unit or ""
    total = unit.removesuffix("/kg")
    amount = dose
    if total != unit and dose is not None:
        amount = None if weight_kg is None else dose * weight_kg
    cap = protocol.dose_cap
    if amount is None or cap is None or amount <= cap:
        return PlannedDose(dose=dose, amount=amount, unit=total, capped=False)
    return PlannedDose(dose=dose, amount=cap, unit=total, capped=True)


def is_weight(weight_kg: float) -> bool:
    """Tell whether a number can be a patient's weight in kg."""
    return 1 <= weight_kg <= 500


def say_share(share: float | None) -> str:
    """Say what part of the planned amount was infused, in percent."""
    if share is None:
        return "an unknown part"
    percent = 100 * share
    return f"{percent:.0f} %" if 1 <= percent < 10_000 else f"{percent:.3g} %"
