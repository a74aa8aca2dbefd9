"""What one patient is to get by the protocol: the dose for each kg or m2, or flat, with the cap."""

from __future__ import annotations

from escalation.dataclass import dataclass
from escalation.labels import Label
from escalation.protocol import Protocol
from escalation.protocol.body_surface import FORMULAS
from escalation.protocol.units import BodySize, find_unit
from escalation.trial.patients.body_size import needed_sizes

__all__ = [
    "PlannedDose",
    "plan_dose",
    "say_share",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDose:
    """What one patient is to get.

    Attributes
    ----------
    dose : float or None
        Of the level, in the protocol's unit; None for a ladder without doses.
    amount : float or None
        In all; None where it cannot be known.
    unit : str
        Of the amount; of the dose, as written, where it cannot be read.
    capped : bool
        Whether the protocol's cap was below it.
    per : BodySize or None
        What the dose is for each of; None for a ladder without doses, or a unit not understood.
    missing : tuple of str
        What the amount depends on and is not known: ``weight``, ``height``.
    surface_m2 : float or None
        The body surface area that was reckoned with.
    """

    dose: float | None
    amount: float | None
    unit: str
    capped: bool = False
    per: BodySize | None = None
    missing: tuple[str, ...] = ()
    surface_m2: float | None = None

    @property
    def is_unread(self) -> bool:
        """Whether nothing can be planned, since the unit is not understood."""
        return self.dose is not None and self.per is None


def plan_dose(
    protocol: Protocol, label: Label, *, weight_kg: float | None, height_cm: float | None
) -> PlannedDose:
    """Return the planned dose at a level, for a body of a weight and a height."""
    dose, unit = protocol.levels[protocol.labels.index(label)].dose, find_unit(protocol.unit)
    if dose is None or unit is None:
        return PlannedDose(dose=dose, amount=None, unit=protocol.unit or "")
    sizes = {"weight": weight_kg, "height": height_cm}
    missing = tuple(name for name in needed_sizes(protocol) if sizes[name] is None)
    surface = None
    match unit.per:
        case BodySize.PATIENT:
            size: float | None = 1.0
        case BodySize.KG:
            size = weight_kg
        case BodySize.M2:
            size = surface = _find_surface(protocol, weight_kg, height_cm)
    amount = None if size is None else dose * size
    cap = protocol.dose_cap
    capped = amount is not None and cap is not None and amount > cap
    return PlannedDose(
        dose=dose,
        amount=cap if capped else amount,
        unit=unit.amount,
        capped=capped,
        per=unit.per,
        missing=missing,
        surface_m2=surface,
    )


def _find_surface(
    protocol: Protocol, weight_kg: float | None, height_cm: float | None
) -> float | None:
    if weight_kg is None or height_cm is None:
        return None
    _, formula, _ = FORMULAS[protocol.dosing.body_surface]
    return formula(height_cm, weight_kg)


def say_share(share: float | None) -> str:
    """Say what part of the planned amount was infused, in percent."""
    if share is None:
        return "an unknown part"
    percent = 100 * share
    return f"{percent:.0f} %" if 1 <= percent < 10_000 else f"{percent:.3g} %"
