"""The MTD at the end of a trial: the level whose isotonic estimate is nearest to the target."""

from __future__ import annotations

from collections.abc import Sequence

from escalation.nearness import is_above, upper_is_nearer
from escalation.outcomes import Tally

__all__ = ["estimate_alone", "pool_adjacent", "select_mtd"]


def select_mtd(
    tallies: Sequence[Tally], target: float, *, at_most: float | None = None
) -> int | None:
    """Select the level whose estimated P(DLT) is nearest to ``target``.

    The estimates (x + .05) / (n + .1) of the levels given are made non-decreasing by pooling
    adjacent violators, weighted by the inverse of their variance under a Beta(.05, .05) prior.
    Of levels with one estimate the highest is taken where it is below the target, else the
    lowest; of two estimates equally near, the lower.

    Parameters
    ----------
    tallies : sequence of Tally
        The levels that may be selected, lowest first; those never given are passed over.
    target : float
    at_most : float, optional
        Levels with a larger estimate are not selected.

    Returns
    -------
    int or None
        None where no level may be selected.

    References
    ----------
    Ji Y, Li Y, Bekele BN (2007). Dose-finding in phase I clinical trials based on toxicity
    probability intervals. Clin Trials 4(3):235-244.
    Yuan Y, Hess KR, Hilsenbeck SG, Gilbert MR (2016). Bayesian optimal interval design: a simple
    and well-performing design for phase I oncology trials. Clin Cancer Res 22(17):4291-4301.
    """
    blocks = pool_adjacent([(tally.n_evaluable, tally.n_dlts) for tally in tallies])
    best, nearest = None, 0.0
    for estimate, lowest, highest in blocks:  # the estimates rise
        if at_most is not None and is_above(estimate, at_most):
            break
        if best is None or upper_is_nearer(nearest, estimate, target):
            best = highest if is_above(target, estimate) else lowest
            nearest = estimate
    return best


def pool_adjacent(seen: Sequence[tuple[float, int]]) -> list[tuple[float, int, int]]:
    """Return non-decreasing estimates of P(DLT), each with its lowest and its highest level.

    Parameters
    ----------
    seen : sequence of (float, int)
        Patients and DLTs at each level, lowest first; a patient may count in part. Levels with
        nobody are passed over.
    """
    blocks: list[tuple[float, float, int, int]] = []  # estimate, weight, lowest and highest level
    for level, (n, x) in enumerate(seen):
        if not n:
            continue
        estimate, weight = estimate_alone(n, x)
        lowest = level
        while blocks and not is_above(estimate, blocks[-1][0]):
            other, other_weight, lowest, _ = blocks.pop()
            together = weight + other_weight
            estimate = (estimate * weight + other * other_weight) / together
            weight = together
        blocks.append((estimate, weight, lowest, level))
    return [(estimate, lowest, highest) for estimate, _, lowest, highest in blocks]


def estimate_alone(n: float, x: int) -> tuple[float, float]:
    """Return the estimate of P(DLT) at a level from its own patients, and its weight."""
    return (x + 0.05) / (n + 0.1), (n + 0.1) ** 2 * (n + 1.1) / ((x + 0.05) * (n - x + 0.05))
