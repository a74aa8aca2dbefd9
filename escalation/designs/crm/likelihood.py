"""The maximum likelihood estimate of the CRM's one parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, inf, sqrt

from escalation.designs.crm.grid import FLAT
from escalation.designs.crm.model import CrmModel

__all__ = ["maximise_likelihood"]

CLOSE = 1e-13  # of beta: the estimate is right to it


def maximise_likelihood(model: CrmModel, counts: Mapping[tuple[int, float, bool], int]) -> float:
    """Return the beta at which the likelihood is greatest, from counts by level, weight and DLT.

    It is infinite, where P(DLT) is zero at every level, without a DLT; and minus infinite, where
    P(DLT) is as high as it can be, without a patient who had none, or too few of them for P(DLT)
    to be below its ceiling.
    """
    complete: dict[float, list[int]] = {}  # by dose: patients without a DLT, and with one
    partial = []
    for (level, weight, dlt), n in counts.items():
        dose = model.doses[level]
        if dlt or weight == 1:
            complete.setdefault(dose, [0, 0])[dlt] += n
        elif weight:
            partial.append((dose, weight, n))
    if not any(x for _, x in complete.values()):
        return inf
    if not partial and not any(y for y, _ in complete.values()):
        return -inf

    def slope(beta: float) -> float:
        total = 0.0
        for dose, (y, x) in complete.items():
            with_dlt, without = model.slopes(dose, beta)
            total += x * with_dlt + y * without
        for dose, weight, n in partial:
            p = weight * exp(model.log_terms(dose, beta)[0])
            total -= n * model.slopes(dose, beta)[0] * p / (1 - p)
        return total

    return _find_root(slope)


def _find_root(slope: Callable[[float], float]) -> float:
    """Return where a slope that falls from above zero to below is zero, by Ridders' method."""
    low, high = -1.0, 1.0
    while (at_low := slope(low)) <= 0:
        if low <= -FLAT:
            return -inf
        low, high = max(2 * low, -FLAT), low
    while (at_high := slope(high)) > 0:
        if high >= FLAT:
            return inf
        low, high, at_low = high, min(2 * high, FLAT), at_high
    found, before = high, low
    while high - low > CLOSE and abs(found - before) > CLOSE:
        middle = (low + high) / 2
        at_middle = slope(middle)
        if not at_middle:
            return middle
        bend = at_middle / sqrt(at_middle * at_middle - at_low * at_high)
        found, before = middle + (middle - low) * bend, found
        # the middle and the new point are both ends of what may still hold the root
        for beta, at in sorted([(middle, at_middle), (found, slope(found))]):
            if at > 0:
                low, at_low = beta, at
            elif beta < high:
                high, at_high = beta, at
    return found
