"""The fits of many data sets at once: those of one, in the same steps on arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.crm.grid import FLAT, Grid
from escalation.designs.crm.likelihood import CLOSE
from escalation.designs.crm.model import HUGE, CrmModel, Method

__all__ = ["BLOCK", "Pending", "fit_many", "maximise_likelihoods", "posteriors"]

BLOCK = 128  # data sets in one matrix: it stays in the cache of one core
_ROOTS = 2048  # slopes at once: so do they

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Integers = NDArray[np.integer[Any]]


def fit_many(
    model: CrmModel, method: Method, grid: Grid | None, states: Sequence[tuple[int, ...]]
) -> dict[tuple[int, ...], tuple[float, float]]:
    """Return the estimate of beta, and P(beta below the split), of many states.

    Parameters
    ----------
    model : CrmModel
    method : {"bayes", "mle"}
    grid : Grid or None
        None for no posterior: the probability is then 0, and the method "mle".
    states : sequence of tuple of int
        Evaluable patients and DLTs of each level, in turn.
    """
    counts = np.array(states)
    n_dlts = counts[:, 1::2]
    n_without = counts[:, ::2] - n_dlts
    betas = below = np.zeros(len(states))
    if grid is not None:
        betas, below = posteriors(grid, n_dlts, n_without)
    if method == "mle":
        betas = maximise_likelihoods(model, n_dlts, {1.0: n_without})
    return dict(zip(states, zip(betas.tolist(), below.tolist(), strict=True), strict=True))


class Pending:
    """The pending patients of many data sets, those of each data set side by side.

    Parameters
    ----------
    levels : int array, shape (N, P)
        -1 where there are fewer, in any column.
    weights : float array, shape (N, P)

    Attributes
    ----------
    n : int array, shape (N,)
        How many each data set has.
    """

    def __init__(self, levels: Integers, weights: Floats) -> None:
        there = levels >= 0
        self.n = there.sum(axis=1)
        most = int(self.n.max(initial=0))
        if there[:, :most].sum() != there.sum():  # else they come first already
            order = np.argsort(~there, axis=1, kind="stable")
            levels = np.take_along_axis(levels, order, axis=1)
            weights = np.take_along_axis(weights, order, axis=1)
        self.levels, self.weights = levels[:, :most], weights[:, :most]

    def count(self, n_levels: int) -> Ints:
        """Return how many are pending at each level, shape (N, L)."""
        return np.stack([(self.levels == level).sum(axis=1) for level in range(n_levels)], axis=1)

    def only(self, states: Ints) -> Pending:
        """Return those of some data sets."""
        return Pending(self.levels[states], self.weights[states])

    def of(self, state: int) -> list[tuple[int, float]]:
        """Return level and weight of each patient of one data set, sorted."""
        pairs = zip(self.levels[state].tolist(), self.weights[state].tolist(), strict=True)
        return sorted(pair for pair in pairs if pair[0] >= 0)


def posteriors(
    grid: Grid, n_dlts: Integers, n_without: Integers, pending: Pending | None = None
) -> tuple[Floats, Floats]:
    """Return ``posterior`` of many data sets: means of beta, and P(beta below the split).

    Parameters
    ----------
    grid : Grid
    n_dlts, n_without : int array, shape (N, L)
    pending : Pending, optional
        Who counts in part as without a DLT.

    Returns
    -------
    float arrays, shape (N,)
    """
    log_p, log_q, log_weights = map(np.array, (grid.log_p, grid.log_q, grid.log_weights))
    columns = np.ones((len(grid.betas), 3))
    columns[:, 1] = grid.betas
    columns[grid.n_below :, 2] = 0
    p_dlt = np.exp(log_p)
    x, y = n_dlts.astype(np.float64), n_without.astype(np.float64)
    means, below = np.empty(len(x)), np.empty(len(x))
    for first in range(0, len(x), BLOCK):
        block = slice(first, first + BLOCK)
        density = x[block] @ log_p
        density += y[block] @ log_q
        density += log_weights
        density -= density.max(axis=1, keepdims=True)
        np.exp(density, out=density)
        if pending is not None:
            _weigh(density, pending.levels[block], pending.weights[block], p_dlt)
        total, first_moment, mass = (density @ columns).T
        means[block], below[block] = first_moment / total, mass / total
    return means, below


def _weigh(density: Floats, levels: Integers, weights: Floats, p_dlt: Floats) -> None:
    """Multiply the densities by 1 - weight P(DLT) of each pending patient."""
    for level, weight in zip(levels.T, weights.T, strict=True):
        rows = np.flatnonzero(level >= 0)
        factors = p_dlt[level[rows]]
        factors *= -weight[rows, np.newaxis]
        factors += 1
        density[rows] *= factors


def maximise_likelihoods(
    model: CrmModel, n_dlts: Integers, without: Mapping[float, Integers]
) -> Floats:
    """Return ``maximise_likelihood`` of many data sets, found together.

    Parameters
    ----------
    model : CrmModel
    n_dlts : array, shape (N, L)
        Patients with a DLT at each level.
    without : mapping of float to array, shape (N, L)
        Patients without one, by weight.

    Returns
    -------
    float array, shape (N,)
    """
    x = np.asarray(n_dlts, dtype=np.float64)
    y = {weight: np.asarray(n, dtype=np.float64) for weight, n in without.items() if weight}
    has_dlt, has_none = x.any(axis=1), np.zeros(len(x), dtype=np.bool_)
    for n in y.values():
        has_none |= n.any(axis=1)
    found = np.where(has_dlt, -inf, inf)
    both = np.flatnonzero(has_dlt & has_none)

    def slope(beta: Floats, fits: Ints) -> Floats:
        with_dlt, complete, p = _slopes(model, beta)
        total: Floats = (x[fits] * with_dlt).sum(axis=1)
        for weight, n in y.items():
            lost = complete if weight == 1 else with_dlt * weight * p / (weight * p - 1)
            total += (n[fits] * lost).sum(axis=1)
        return total

    for first in range(0, len(both), _ROOTS):
        block = both[first : first + _ROOTS]
        found[block] = _find_roots(slope, block)
    return found


def _slopes(model: CrmModel, betas: Floats) -> tuple[Floats, Floats, Floats]:
    """Return ``CrmModel.slopes`` of each level at many betas, and P(DLT); shape (N, L) each."""
    score = np.exp(betas)[:, np.newaxis] * np.array(model.doses)
    if model.kind == "empiric":
        return score, -score / np.expm1(np.minimum(-score, HUGE)), np.exp(score)
    p = 1 / (1 + np.exp(np.minimum(-score - model.intercept, HUGE)))
    q = 1 / (1 + np.exp(score + model.intercept))
    return score * q, -score * p, p


def _find_roots(slope: Callable[[Floats, Ints], Floats], fits: Ints) -> Floats:
    """Return where the slopes of some fits are zero, as ``_find_root`` does of one.

    ``slope`` takes values of beta, and of which fits they are.
    """
    n = len(fits)
    every = np.arange(n)
    low, high, roots = np.full(n, -1.0), np.full(n, 1.0), np.full(n, np.nan)
    at_low = slope(low, fits)
    beyond = every[at_low <= 0]
    while beyond.size:
        is_last = low[beyond] <= -FLAT
        roots[beyond[is_last]] = -inf
        beyond = beyond[~is_last]
        high[beyond], low[beyond] = low[beyond], np.maximum(2 * low[beyond], -FLAT)
        at_low[beyond] = slope(low[beyond], fits[beyond])
        beyond = beyond[at_low[beyond] <= 0]
    at_high = slope(high, fits)
    beyond = every[at_high > 0]
    while beyond.size:
        is_last = high[beyond] >= FLAT
        roots[beyond[is_last]] = inf
        beyond = beyond[~is_last]
        low[beyond], at_low[beyond] = high[beyond], at_high[beyond]
        high[beyond] = np.minimum(2 * high[beyond], FLAT)
        at_high[beyond] = slope(high[beyond], fits[beyond])
        beyond = beyond[at_high[beyond] > 0]

    left = every[np.isnan(roots)]
    low, high, at_low, at_high = low[left], high[left], at_low[left], at_high[left]
    before = high
    while left.size:
        middle = (low + high) / 2
        at_middle = slope(middle, fits[left])
        bend = at_middle / np.sqrt(at_middle * at_middle - at_low * at_high)
        found = middle + (middle - low) * bend
        at_found = slope(found, fits[left])
        is_root, is_higher = at_middle == 0, found >= middle
        ends = [(middle, at_middle), (found, at_found)]
        for (one, at_one), (other, at_other) in (ends, ends[::-1]):  # the lower first
            beta, at = np.where(is_higher, one, other), np.where(is_higher, at_one, at_other)
            is_low = at > 0
            is_high = ~is_low & (beta < high)
            low, at_low = np.where(is_low, beta, low), np.where(is_low, at, at_low)
            high, at_high = np.where(is_high, beta, high), np.where(is_high, at, at_high)
        roots[left] = found
        goes_on = ~is_root & (high - low > CLOSE) & (np.abs(found - before) > CLOSE)
        left, before = left[goes_on], found[goes_on]
        low, high, at_low, at_high = (v[goes_on] for v in (low, high, at_low, at_high))
    return roots
