"""Creatinine clearance by the formula of Cockcroft and Gault."""

from __future__ import annotations

from math import isfinite
from typing import Literal

from escalation.errors import InputError
from escalation.plan.conversions import convert

__all__ = ["Factors", "cockcroft_gault"]

Factors = Literal["88.4", "1.04/1.23"]


def cockcroft_gault(
    *, age: float, weight_kg: float, creatinine: float, female: bool, factors: Factors = "88.4"
) -> float:
    """Calculate creatinine clearance.

    Parameters
    ----------
    age : float
        In years.
    weight_kg : float
    creatinine : float
        In serum, umol/L.
    female : bool
    factors : str
        ``88.4`` umol/L a mg/dL in the formula as published, or its form for umol/L with the factors
        rounded to 1.04 for women and 1.23 for men.

    Returns
    -------
    float
        In mL/min.

    Raises
    ------
    InputError
        For an age of 140 years or more, and for a weight or a creatinine that is not above 0.

    References
    ----------
    Cockcroft DW, Gault MH. Prediction of creatinine clearance from serum creatinine. Nephron
    1976;16:31-41.

    Examples
    --------
    >>> woman = dict(age=50, weight_kg=60, creatinine=150, female=True)
    >>> round(cockcroft_gault(**woman), 2), round(cockcroft_gault(**woman, factors="1.04/1.23"), 2)
    (37.57, 37.44)
    """
    if not 0 <= age < 140:
        raise InputError(f"an age is 0 to 139 years, not {age:.10g}")
    for name, given in (("a weight", weight_kg), ("a creatinine", creatinine)):
        if not (isfinite(given) and given > 0):
            raise InputError(f"{name} is above 0, not {given:.10g}")
    if factors == "1.04/1.23":
        return (140 - age) * weight_kg * (1.04 if female else 1.23) / creatinine
    mg_dl = convert(creatinine, "umol/L", "mg/dL", "creatinine")
    return (140 - age) * weight_kg * (0.85 if female else 1) / (72 * mg_dl)
