"""The fits of many data sets at once: those of one, in the same steps on arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.crm.grid import FLAT, N_NODES, Grid
from escalation.designs.crm.likelihood import CLOSE
from escalation.designs.crm.model import HUGE, CrmModel, Method

__all__ = ["Pending", "fit_many", "maximise_likelihoods", "posteriors"]

ONE_CORE = 2**18  # multiplications in one product of matrices: more are not worth two threads
_MOST_ROWS = 512  # so they stay in the cache
_NOTHING = 45.0  # logarithms below the height of a density
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
    n_levels, n_nodes = len(grid.log_p), len(grid.betas)
    terms = np.array([*grid.log_p, *grid.log_q, grid.log_weights, np.ones(n_nodes)])
    columns = np.ones((n_nodes, 3))
    columns[:, 1] = grid.betas
    columns[grid.n_below :, 2] = 0
    counts = np.ones((len(n_dlts), len(terms)))
    counts[:, :n_levels], counts[:, n_levels:-2] = n_dlts, n_without
    n_panels = n_nodes // N_NODES
    first, last = _find_panels(terms, counts)
    if pending is not None:  # their part is not in what has been looked at
        first[:], last[:] = 0, n_panels - 1
    found = np.empty((len(counts), 3))
    for panels, of in _groups(first * n_panels + last):
        begin, end = divmod(panels, n_panels)
        nodes = slice(begin * N_NODES, (end + 1) * N_NODES)
        here, wanted, sums = terms[:, nodes], columns[nodes], np.empty((len(of), 3))
        data, p_dlt = counts[of], np.exp(here[:n_levels])
        for block in _blocks(len(of), here.size):
            density = data[block] @ here
            np.exp(density, out=density)
            if pending is not None:
                _weigh(density, pending.levels[of[block]], pending.weights[of[block]], p_dlt)
            sums[block] = density @ wanted
        found[of] = sums
    total, first_moment, mass = found.T
    return first_moment / total, mass / total


def _find_panels(terms: Floats, counts: Floats) -> tuple[Ints, Ints]:
    """Return the first and the last panel of the grid that count for each data set.

    Beyond them the density is below the last digit of a sum. Puts the height of each density into
    the last column of ``counts``, so that it is taken off.
    """
    n_panels = terms.shape[1] // N_NODES
    edges = terms.reshape(len(terms), n_panels, N_NODES)[:, :, [0, -1]].reshape(len(terms), -1)
    first, last = np.empty((2, len(counts)), dtype=np.intp)
    counts[:, -1] = 0
    for block in _blocks(len(counts), edges.size):
        density = counts[block] @ edges
        top = density.max(axis=1)
        counts[block, -1] = -top
        counted = density >= (top - _NOTHING)[:, np.newaxis]
        first[block] = counted.argmax(axis=1) // 2 - 1
        last[block] = n_panels - counted[:, ::-1].argmax(axis=1) // 2
    return np.maximum(first, 0), np.minimum(last, n_panels - 1)


def _groups(keys: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each different key, and where it stands."""
    order = np.argsort(keys)
    different, begin = np.unique(keys[order], return_index=True)
    ends = [*begin[1:].tolist(), len(keys)]
    for key, start, end in zip(different.tolist(), begin.tolist(), ends, strict=True):
        yield key, order[start:end]


def _blocks(n: int, size: int) -> Iterator[slice]:
    """Yield rows, as many at once as are multiplied with a matrix of ``size`` on one core."""
    step = max(1, min(_MOST_ROWS, ONE_CORE // size))
    return (slice(first, first + step) for first in range(0, n, step))


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
    given = x.any(axis=0)  # no other level counts
    for n in y.values():
        given |= n.any(axis=0)
    x, y = x[:, given], {weight: n[:, given] for weight, n in y.items()}
    doses = np.array(model.doses)[given]

    def slope(beta: Floats, fits: Ints) -> Floats:
        with_dlt, complete, p = _slopes(model, doses, beta)
        total: Floats = np.einsum("ij,ij->i", x[fits], with_dlt)
        for weight, n in y.items():
            lost = complete if weight == 1 else with_dlt * weight * p / (weight * p - 1)
            total += np.einsum("ij,ij->i", n[fits], lost)
        return total

    for first in range(0, len(both), _ROOTS):
        block = both[first : first + _ROOTS]
        found[block] = _find_roots(slope, block)
    return found


def _slopes(model: CrmModel, doses: Floats, betas: Floats) -> tuple[Floats, Floats, Floats]:
    """Return ``CrmModel.slopes`` at doses and many betas, and P(DLT); shape (N, doses) each."""
    score = np.exp(betas)[:, np.newaxis] * doses
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
