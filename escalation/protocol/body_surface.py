"""Body surface area from height and weight, by the formulas that protocols name.

They differ by up to a tenth for the very light and the very heavy, so that a protocol says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt

__all__ = ["FORMULAS", "du_bois", "mosteller"]


def mosteller(height_cm: float, weight_kg: float) -> float:
    """Return the body surface area in m2 by Mosteller.

    Parameters
    ----------
    height_cm, weight_kg : float

    References
    ----------
    Mosteller RD. Simplified calculation of body-surface area. N Engl J Med 1987; 317: 1098.

    Examples
    --------
    >>> round(mosteller(170, 60), 3)
    1.683
    """
    return sqrt(height_cm * weight_kg / 3600)


def du_bois(height_cm: float, weight_kg: float) -> float:
    """Return the body surface area in m2 by Du Bois and Du Bois.

    Parameters
    ----------
    height_cm, weight_kg : float

    References
    ----------
    Du Bois D, Du Bois EF. A formula to estimate the approximate surface area if height and weight
    be known. Arch Intern Med 1916; 17: 863-871.

    Examples
    --------
    >>> round(du_bois(170, 60), 3)
    1.695
    """
    return float(0.007184 * height_cm**0.725 * weight_kg**0.425)


FORMULAS: Mapping[str, tuple[str, Callable[[float, float], float], str]] = {
    "mosteller": ("Mosteller", mosteller, "the square root of cm x kg / 3600"),
    "dubois": ("Du Bois", du_bois, "0.007184 x cm^0.725 x kg^0.425"),
}
"""By what ``protocol.dosing.body_surface`` says: the name, the formula, and the same in words."""
