"""The MTD at the end of many trials at once: the selections of one, in the same steps on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.interval.isotonic import estimate_alone
from escalation.nearness import is_above, upper_is_nearer
from escalation.outcomes import Tally

__all__ = ["select_highest", "select_mtds"]

Integers = NDArray[np.integer[Any]]


def select_mtds(
    tallies: Sequence[Tally],
    which: Integers,
    eliminated: Sequence[bool],
    target: float,
    *,
    at_most: float | None = None,
) -> NDArray[np.intp]:
    """Select the level whose estimated P(DLT) is nearest to ``target`` in each trial.

    Parameters
    ----------
    tallies : sequence of Tally
        The different ones.
    which : int array, shape (N, L)
        Which of them is at each level.
    eliminated : sequence of bool
        Whether each of the different tallies eliminates its level, with all above.
    target, at_most
        As in ``isotonic.select_mtd``.

    Returns
    -------
    int array, shape (N,)
        -1 where no level may be selected.
    """
    may_be = _may_be(tallies, which, eliminated)
    alone = np.array([estimate_alone(tally.n_evaluable, tally.n_dlts) for tally in tallies])
    n_trials, n_levels = which.shape
    # the blocks of each trial, lowest first, and how many there are
    estimates, weights = np.empty((2, n_levels, n_trials))
    lowest, highest = np.empty((2, n_levels, n_trials), dtype=np.int8)
    depth = np.zeros(n_trials, dtype=np.intp)
    for level in range(n_levels):
        trials = np.flatnonzero(may_be[:, level])
        estimate, weight = alone[which[trials, level]].T.copy()
        low, place = np.full(len(trials), level, dtype=np.int8), depth[trials]
        pooled = np.flatnonzero(place)
        while pooled.size:
            below = place[pooled] - 1
            other = estimates[below, trials[pooled]]
            violates = ~is_above(estimate[pooled], other)
            pooled, below, other = pooled[violates], below[violates], other[violates]
            there = trials[pooled]
            other_weight = weights[below, there]
            together = weight[pooled] + other_weight
            estimate[pooled] = (estimate[pooled] * weight[pooled] + other * other_weight) / together
            weight[pooled] = together
            low[pooled] = lowest[below, there]
            place[pooled] = below
            pooled = pooled[below > 0]
        estimates[place, trials], weights[place, trials] = estimate, weight
        lowest[place, trials], highest[place, trials] = low, level
        depth[trials] = place + 1
    best = np.full(n_trials, -1, dtype=np.intp)
    nearest = np.zeros(n_trials)
    for block in range(int(depth.max(initial=0))):
        trials = np.flatnonzero(depth > block)
        estimate = estimates[block, trials]
        takes = (best[trials] < 0) | upper_is_nearer(nearest[trials], estimate, target)
        if at_most is not None:
            takes &= ~is_above(estimate, at_most)  # nor do those that follow: the estimates rise
        trials, estimate = trials[takes], estimate[takes]
        best[trials] = np.where(
            is_above(target, estimate), highest[block, trials], lowest[block, trials]
        )
        nearest[trials] = estimate
    return best


def select_highest(
    tallies: Sequence[Tally], which: Integers, eliminated: Sequence[bool]
) -> NDArray[np.intp]:
    """Select the highest level given, in each trial; parameters as of ``select_mtds``."""
    may_be = _may_be(tallies, which, eliminated)
    highest = which.shape[1] - 1 - np.argmax(may_be[:, ::-1], axis=1)
    return np.where(may_be.any(axis=1), highest, -1)


def _may_be(
    tallies: Sequence[Tally], which: Integers, eliminated: Sequence[bool]
) -> NDArray[np.bool_]:
    """Return which levels may be selected: those given, below all that are eliminated."""
    given = np.array([tally.n_evaluable > 0 for tally in tallies])
    is_out = np.array(eliminated)[which]
    return np.asarray(given[which] & ~np.logical_or.accumulate(is_out, axis=1))
