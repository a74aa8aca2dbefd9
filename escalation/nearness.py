"""When one P(DLT) is above another, the same, or nearer to a target: numbers differ by rounding.

A curve through 0.25, given by formula, may come to 0.25000000000000006. It is at 0.25 and not
above it, as the same curve typed is. So nothing compares a P(DLT) with a target, a limit or
another P(DLT) but through these functions. They take numbers and numpy arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["TOLERANCE", "is_above", "is_same", "just_above", "upper_is_nearer"]

# Relative. Rounding, also of a formula, is some hundred times smaller; nobody types so many digits.
TOLERANCE = 1e-12


@overload
def is_above(p: float, limit: float) -> bool: ...
@overload
def is_above(p: Floats, limit: float | Floats) -> Bools: ...
@overload
def is_above(p: float, limit: Floats) -> Bools: ...
def is_above(p: float | Floats, limit: float | Floats) -> bool | Bools:
    """Tell whether ``p`` is above ``limit`` by more than rounding.

    Parameters
    ----------
    p, limit : float or float array
        Probabilities, or other numbers from 0 up.

    Examples
    --------
    >>> is_above(0.1 + 0.2, 0.3), is_above(0.3001, 0.3)
    (False, True)
    """
    return p > limit * (1 + TOLERANCE)


@overload
def is_same(p: float, other: float) -> bool: ...
@overload
def is_same(p: Floats, other: float | Floats) -> Bools: ...
def is_same(p: float | Floats, other: float | Floats) -> bool | Bools:
    """Tell whether neither number is above the other.

    Examples
    --------
    >>> is_same(0.1 + 0.2, 0.3), is_same(0.3001, 0.3)
    (True, False)
    """
    return (p <= other * (1 + TOLERANCE)) & (other <= p * (1 + TOLERANCE))


@overload
def upper_is_nearer(lower: float, upper: float, target: float) -> bool: ...
@overload
def upper_is_nearer(lower: Floats, upper: Floats, target: float) -> Bools: ...
def upper_is_nearer(lower: float | Floats, upper: float | Floats, target: float) -> bool | Bools:
    """Tell whether the upper of two different numbers is nearer to the target than the lower.

    False where they are equally near. The distances themselves are not compared: near the target
    they are all rounding.

    Examples
    --------
    >>> upper_is_nearer(0.15, 0.24, 0.2), upper_is_nearer(0.15, 0.25, 0.2)
    (True, False)
    """
    return is_above(2 * target, lower + upper)


def just_above(limit: float) -> float:
    """Return a number that is above ``limit``, and also above what is the same as ``limit``."""
    return limit * (1 + 2 * TOLERANCE)
