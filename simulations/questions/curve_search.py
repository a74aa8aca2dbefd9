"""Search among non-decreasing toxicity curves: by gradient from several starts, and on a grid."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.nearness import TOLERANCE, is_above
from simulations.engines.exact_engine import ExactEngine, Expectation

__all__ = ["Found", "Region", "curve_grid", "maximise", "tighten"]

Floats = NDArray[np.float64]

_COARSEST, _FINEST = 9, 512  # values from 0 to 1
_SAME = 1e-12
_AGREE = 1e-6  # two searches that end closer than this have found the same value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Non-decreasing curves between two non-decreasing bounds.

    Attributes
    ----------
    low, high : float array, shape (L,)
    pair : tuple of (int, float, float), optional
        ``(level, sign, bound)``: also sign x (p[level] + p[level + 1] - bound) >= 0.
    tied : tuple of (int, int), optional
        First and last of levels that have the same P(DLT); their bounds are the same.
    """

    low: Floats
    high: Floats
    pair: tuple[int, float, float] | None = None
    tied: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """The largest value that a search has found, and where.

    Attributes
    ----------
    value : float
    p_dlt : float array, shape (L,)
    n_starts, n_agreed : int
        From how many curves the search began, and how often it ended at this value.
    """

    value: float
    p_dlt: Floats
    n_starts: int
    n_agreed: int


def tighten(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the bounds that a non-decreasing curve between ``low`` and ``high`` can reach."""
    return np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1]


def maximise(
    engine: ExactEngine,
    figure: Floats,
    region: Region,
    *,
    n_starts: int,
    seed: int,
    progress: Callable[[float], object] | None = None,
) -> Found:
    """Maximise the expectation of a figure over a region of curves.

    Sequential quadratic programming (SLSQP) with the exact gradient, from the steps between the
    bounds, their middle, and random curves.

    Parameters
    ----------
    engine : ExactEngine
    figure : float array, shape (K,)
        See ``characteristics.figure_rows``.
    region : Region
        Not empty.
    n_starts, seed : int
    progress : callable, optional
        Called with what share of the starts has been done since.

    References
    ----------
    Kraft D (1988). A software package for sequential quadratic programming. DFVLR-FB 88-28.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # noqa: PLC0415  # slow

    expected = engine.expecting(figure[np.newaxis])
    free = np.flatnonzero(region.high > region.low)
    constraints = _constraints(region, free)

    def curve(x: Floats) -> Floats:
        p = region.low.copy()
        p[free] = x
        return np.clip(p, region.low, region.high)

    def descent(x: Floats) -> tuple[float, Floats]:
        values, slopes = expected.slopes(curve(x)[np.newaxis])
        return -float(values[0, 0]), -slopes[0, 0, free]

    ends = []
    starts = _starts(region, n_starts, seed)
    for start in starts:
        x = start[free]
        if len(free):
            options = {"ftol": 1e-15, "maxiter": 500}
            bounds = list(zip(region.low[free], region.high[free], strict=True))
            x = minimize(
                descent,
                x,
                jac=True,
                method="SLSQP",
                bounds=bounds,
                constraints=constraints,
                options=options,
            ).x
        ends.append(_mend(curve(x), region))
        if progress is not None:
            progress(1 / len(starts))
    found = expected.values(np.array(ends))[:, 0]
    best = int(np.argmax(found))
    value, p = _settle(expected, region, float(found[best]), ends[best])
    return Found(
        value=value,
        p_dlt=p,
        n_starts=len(ends),
        n_agreed=int((found > found[best] - _AGREE).sum()),
    )


def _settle(expected: Expectation, region: Region, value: float, p: Floats) -> tuple[float, Floats]:
    """Put the levels that do not matter as low as they can be, whatever search came first."""
    least = value - _SAME
    for level in range(len(p)):
        lower = p.copy()
        lower[level] = max(region.low[level], lower[level - 1] if level else 0)
        lower = _mend(lower, region)
        found = float(expected.values(lower[np.newaxis])[0, 0])
        if found >= least:
            value, p = found, lower
    return value, p


def _constraints(region: Region, free: NDArray[np.intp]) -> list[dict[str, Any]]:
    """Say "non-decreasing", and what else the region asks for, in the levels that are free."""
    n_levels = len(region.low)
    first, last = region.tied
    rows = np.diff(np.eye(n_levels), axis=0)
    tied = np.arange(n_levels - 1)[first:last]
    constraints = [
        _linear("eq", rows[tied], np.zeros(len(tied)), region, free),
        _linear("ineq", np.delete(rows, tied, axis=0), np.zeros(len(rows)), region, free),
    ]
    if region.pair is not None:
        level, sign, bound = region.pair
        row = sign * (np.eye(n_levels)[[level]] + np.eye(n_levels)[[level + 1]])
        constraints.append(_linear("ineq", row, np.array([sign * bound]), region, free))
    return [constraint for constraint in constraints if constraint is not None]


def _linear(
    kind: str, matrix: Floats, offset: Floats, region: Region, free: NDArray[np.intp]
) -> dict[str, Any] | None:
    """Write matrix @ p - offset (= or >=) 0 in the free levels; None where none occurs."""
    fixed = np.where(region.high > region.low, 0.0, region.low)
    kept = matrix[:, free].any(axis=1)
    if not kept.any():
        return None
    rest = (offset[: len(matrix)] - matrix @ fixed)[kept]
    inner = matrix[kept][:, free]
    return {"type": kind, "fun": lambda x: inner @ x - rest, "jac": lambda _: inner}


def _starts(region: Region, n_starts: int, seed: int) -> list[Floats]:
    """Return curves to begin from: steps from one bound to the other, the middle, random ones."""
    n_levels = len(region.low)
    shares = [np.arange(n_levels) >= step for step in range(n_levels + 1)]
    shares.append(np.full(n_levels, 0.5))
    n_random = max(0, n_starts - len(shares))
    shares += list(np.sort(np.random.default_rng(seed).random((n_random, n_levels)), axis=1))
    curves = [region.low + share * (region.high - region.low) for share in shares[:n_starts]]
    return [_mend(curve, region) for curve in curves]


def _mend(p: Floats, region: Region) -> Floats:
    """Return the curve with what rounding, or a start, has left outside the region put right."""
    p = np.clip(np.maximum.accumulate(p), region.low, region.high)
    if region.pair is not None:
        level, sign, bound = region.pair
        lack = max(0.0, sign * (bound - p[level] - p[level + 1]))
        for here in (level + 1, level) if sign > 0 else (level, level + 1):
            moved = float(np.clip(p[here] + sign * lack, region.low[here], region.high[here]))
            lack -= abs(moved - p[here])
            p[here] = moved
        p = np.maximum.accumulate(p) if sign > 0 else np.minimum.accumulate(p[::-1])[::-1]
    first, last = region.tied
    p[first : last + 1] = p[first]
    return p


def curve_grid(low: Floats, high: Floats, extra: Sequence[float], limit: int) -> Floats:
    """Return all non-decreasing curves on a grid between two bounds, as fine as ``limit`` allows.

    Parameters
    ----------
    low, high : float array, shape (L,)
    extra : sequence of float
        Values of P(DLT) that the grid shall hold besides evenly spaced ones.
    limit : int
        Most curves.

    Returns
    -------
    float array, shape (N, L)
        Without curves where not even nine values from 0 to 1 fit.
    """
    low, high = tighten(low, high)

    def n_curves(n_values: int) -> int:
        return _count(_grid_values(low, high, extra, n_values))

    n_fitting = bisect_right(range(_FINEST + 1), limit, lo=_COARSEST, key=n_curves) - 1
    if n_fitting < _COARSEST:
        return np.empty((0, len(low)))
    levels = _grid_values(low, high, extra, n_fitting)
    curves = levels[0][:, np.newaxis]
    for values in levels[1:]:
        n_below = np.searchsorted(values, curves[:, -1])  # the values too low to follow
        counts = len(values) - n_below
        place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        following = values[np.repeat(n_below, counts) + place]
        curves = np.column_stack([np.repeat(curves, counts, axis=0), following])
    return curves


def _grid_values(low: Floats, high: Floats, extra: Sequence[float], n: int) -> list[Floats]:
    """Return the values of each level, ascending; values that are the same, as one."""
    spaced = np.concatenate([np.linspace(0, 1, n), np.asarray(extra, dtype=float)])
    known = np.unique(np.concatenate([spaced, low, high]))
    known = known[np.append(True, is_above(known[1:], known[:-1]))]
    spaced, low, high = (
        known[np.searchsorted(known, values * (1 + TOLERANCE), side="right") - 1]
        for values in (spaced, low, high)
    )
    return [
        np.unique(np.append(spaced[(spaced >= here) & (spaced <= there)], [here, there]))
        for here, there in zip(low, high, strict=True)
    ]


def _count(levels: Sequence[Floats]) -> int:
    """Count the non-decreasing curves over each level's values, without making them."""
    ways = np.ones(len(levels[0]))
    for before, values in pairwise(levels):
        n_up_to = np.searchsorted(before, values, side="right")
        ways = np.append(0, np.cumsum(ways))[n_up_to]
    return int(min(ways.sum(), 2**62))
