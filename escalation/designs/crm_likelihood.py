"""The maximum likelihood estimate of the CRM's one parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, inf, sqrt

from escalation.designs.crm_grid import FLAT
from escalation.designs.crm_model import CrmModel

__all__ = ["maximise_likelihood"]

CLOSE = 1e-13  # of beta: the estimate is right to it


def maximise_likelihood(model: CrmModel, counts: Mapping[tuple[int, float, bool], int]) -> float:
    """Return the beta at which the likelihood is greatest, from counts by level, weight and DLT.

    It is infinite, where P(DLT) is zero at every level, without a DLT; and minus infinite, where
    P(DLT) is as high as it can be, without a patient who had none, or too few of them for P(DLT)
    to be below its ceiling.
    """
    seen = [(model.doses[level], weight, n, dlt) for (level, weight, dlt), n in counts.items()]
    if not any(n for *_, n, dlt in seen if dlt):
        return inf
    if not any(weight * n for _, weight, n, dlt in seen if not dlt):
        return -inf

    def slope(beta: float) -> float:
        total = 0.0
        for dose, weight, n, dlt in seen:
            with_dlt, without = model.slopes(dose, beta)
            if dlt:
                total += n * with_dlt
            elif weight == 1:
                total += n * without
            else:
                p = weight * exp(model.log_terms(dose, beta)[0])
                total -= n * with_dlt * p / (1 - p)
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
        bend = at_middle / sqrt(at_middle * at_middle - at_low * at_high)
        found, before = middle + (middle - low) * bend, found
        # the middle and the new point are both ends of what may still hold the root
        for beta, at in sorted([(middle, at_middle), (found, slope(found))]):
            if at > 0:
                low, at_low = beta, at
            elif beta < high:
                high, at_high = beta, at
    return found
