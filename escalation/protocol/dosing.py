"""How much of a protocol's dose a patient gets, in words, so that nothing about it goes unsaid."""

from __future__ import annotations

from escalation.protocol.body_surface import FORMULAS
from escalation.protocol.protocol import Protocol, format_dose
from escalation.protocol.units import BodySize, find_unit

__all__ = ["describe_dosing"]


def describe_dosing(protocol: Protocol) -> str | None:
    """Say how an amount comes of a dose: ``for each kg of body weight, at most 1E9 cells``.

    Returns
    -------
    str or None
        None for a ladder without doses.
    """
    if protocol.unit is None:
        return None
    unit = find_unit(protocol.unit)
    if unit is None:
        return "not understood, so that no amount is planned"
    name, _, formula = FORMULAS[protocol.dosing.body_surface]
    said = {
        BodySize.PATIENT: "flat, the same for every patient",
        BodySize.KG: "for each kg of body weight",
        BodySize.M2: f"for each m2 of body surface, by {name}: {formula}",
    }[unit.per]
    if protocol.dose_cap is None:
        return said
    return f"{said}; at most {format_dose(protocol.dose_cap)} {unit.amount} in all"
