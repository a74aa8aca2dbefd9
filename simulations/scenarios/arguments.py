"""What can be wrong with the arguments of a toxicity curve, said for all of them at once."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from numbers import Real
from typing import Any, TypeGuard

from escalation.errors import InputError

__all__ = [
    "CurveError",
    "dose_faults",
    "finite",
    "is_list",
    "point_faults",
    "positive_faults",
    "show",
    "skeleton_faults",
]


class CurveError(InputError):
    """Arguments that do not fix a curve, with every fault.

    Parameters
    ----------
    faults : iterable of str
        Each ``"argument: what is wrong"``.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


def dose_faults(doses: object) -> list[str]:
    """List what is wrong with the doses of a ladder, lowest first."""
    if not is_list(doses) or not len(doses):
        return [f"doses: a list of doses is needed, lowest first, not {show(doses)}"]
    faults = []
    before = 0.0
    for level, dose in enumerate(doses):
        value = finite(dose)
        if not value > 0:
            faults.append(f"doses[{level}]: {show(dose)} is not a positive number")
        elif not value > before:
            faults.append(f"doses[{level}]: {show(dose)} is not above {show(before)} before it")
        before = value if value > 0 else before
    return faults


def finite(value: object) -> float:
    """Return a finite real number as a float, and NaN for anything else, ``bool`` included.

    NaN fails every comparison, so a range check of the result refuses whatever is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Tell whether a value has numbered items, as lists, tuples and numpy arrays have."""
    return hasattr(value, "__len__") and not isinstance(value, str | bytes | Mapping | Set)


def show(value: object) -> str:
    """Quote any value briefly, in ASCII."""
    try:
        text = reprlib.repr(value)
        if isinstance(value, float):  # 3e+06 for 3000000.0, but never 1 for 1.0000001
            text = short if float(short := f"{value:g}") == value else str(float(value))
    except ValueError:  # Python refuses to write an integer of thousands of digits
        text = "a number of thousands of digits"
    return text.encode("ascii", "backslashreplace").decode()


def point_faults(p_at: object, most: int = 2) -> Iterator[str]:
    """Yield what is wrong with the pairs (dose, P(DLT)) that fix a curve."""
    wanted = "one pair" if most == 1 else "one or two pairs"
    if not is_list(p_at) or not 1 <= len(p_at) <= most:
        yield f"p_at: {wanted} [dose, P(DLT)] needed, not {show(p_at)}"
        return
    points = []
    for i, pair in enumerate(p_at):
        if not is_list(pair) or len(pair) != 2:
            yield f"p_at[{i}]: a pair [dose, P(DLT)] needed, not {show(pair)}"
            continue
        dose, p = finite(pair[0]), finite(pair[1])
        if not dose > 0:
            yield f"p_at[{i}]: the dose {show(pair[0])} is not a positive number"
        if not 0 < p < 1:
            yield f"p_at[{i}]: P(DLT) must be strictly between 0 and 1, not {show(pair[1])}"
        points.append((dose, p))
    if len(points) < 2 or any(not (dose > 0 and 0 < p < 1) for dose, p in points):
        return
    (low_dose, low_p), (high_dose, high_p) = sorted(points)
    # adjacent floats can share a logarithm, by whose difference the slope is divided
    if math.log(low_dose) == math.log(high_dose):
        yield f"p_at: the two doses must differ, not both be {show(low_dose)}"
    elif not low_p < high_p:
        yield (
            f"p_at: P(DLT) must rise with dose, but is {show(low_p)} at {show(low_dose)} "
            f"and {show(high_p)} at {show(high_dose)}"
        )


def skeleton_faults(skeleton: object) -> Iterator[str]:
    """Yield what is wrong with a prior guess of P(DLT) by level."""
    if not is_list(skeleton) or not len(skeleton):
        yield f"skeleton: a list of prior P(DLT) is needed, one a level, not {show(skeleton)}"
        return
    before = 0.0
    for level, prior in enumerate(skeleton):
        value = finite(prior)
        if not 0 < value < 1:
            yield f"skeleton[{level}]: {show(prior)} is not strictly between 0 and 1"
        elif not value > before:
            yield f"skeleton[{level}]: {show(prior)} is not above {show(before)} before it"
        before = value if 0 < value < 1 else before


def positive_faults(name: str, value: object) -> Iterator[str]:
    """Yield what is wrong with a number that must be positive where it is given."""
    if value is not None and not finite(value) > 0:
        yield f"{name}: {show(value)} is not a positive number"
