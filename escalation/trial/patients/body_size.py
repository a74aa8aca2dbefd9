"""Weight and height of a patient: what can be one, and which of them the doses need."""

from __future__ import annotations

from escalation.protocol import Protocol
from escalation.protocol.units import BodySize, find_unit

__all__ = ["find_size_fault", "needed_sizes"]

_NEEDED = {
    BodySize.PATIENT: (),
    BodySize.KG: ("weight",),
    BodySize.M2: ("weight", "height"),
}
_MOST_KG, _MOST_CM, _LEAST_CM = 500, 250, 30
_LEAST_BMI, _MOST_BMI = 6, 150  # kg/m2: nobody has lived beyond


def needed_sizes(protocol: Protocol | None) -> tuple[str, ...]:
    """Return what has to be known of a patient, so that the dose is known: weight, height."""
    unit = None if protocol is None else find_unit(protocol.unit)
    return () if unit is None else _NEEDED[unit.per]


def find_size_fault(weight_kg: float | None, height_cm: float | None) -> str | None:
    """Say what is wrong with a weight and a height, and what may have been meant."""
    if weight_kg is not None and not 1 <= weight_kg <= _MOST_KG:
        return f"a weight is in kg, from 1 to {_MOST_KG}, not {weight_kg:g}"
    if height_cm is not None and not _LEAST_CM <= height_cm <= _MOST_CM:
        said = f"a height is in cm, from {_LEAST_CM} to {_MOST_CM}, not {height_cm:g}"
        for unit, per_cm in (("metres", 0.01), ("millimetres", 10)):
            if _LEAST_CM <= height_cm / per_cm <= _MOST_CM:
                return f"{said}: if that is in {unit}, it is {height_cm / per_cm:.4g} cm"
        return said
    if weight_kg is None or height_cm is None:
        return None
    if not _LEAST_BMI <= weight_kg / (height_cm / 100) ** 2 <= _MOST_BMI:
        return (
            f"{weight_kg:g} kg and {height_cm:g} cm do not go together: is one mistyped, or are "
            "they the wrong way round?"
        )
    return None
