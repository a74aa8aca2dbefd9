"""What the CRM's decisions look at, of many states at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.crm.grid import grid_size, make_grid
from escalation.designs.crm.many import maximise_likelihoods, posteriors
from escalation.designs.crm.options import TIE, CrmOptions

__all__ = ["CrmDigest"]

_AT_ONCE = 2**14  # fits: what they take meanwhile is little beside the states

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Integers = NDArray[np.integer[Any]]


class CrmDigest:
    """Numbers for states: where they are equal, so are the decisions of a CRM.

    Nothing is decided here. What a decision looks at beyond counts is which level the fit is
    nearest to, whether it says to stop, and which of the levels given is nearest.

    Parameters
    ----------
    design : CrmOptions
    steps : sequence of float
        The beta between each level and the next.
    split : float
        The beta at which P(DLT) at the lowest level is the target.
    """

    def __init__(self, design: CrmOptions, steps: Sequence[float], split: float) -> None:
        self.design = design
        self.steps = np.array(steps)
        self.split = split
        first, enough = design._first_stage or 0, design.n_earlystop or 0
        self.most = max(design.cohort_size, first, enough)  # at a level: more makes no difference
        self._between: dict[tuple[int, int], float] = {}

    def __call__(
        self, n_evaluable: Integers, n_dlts: Integers, level: Integers, memory: Integers
    ) -> NDArray[np.int64]:
        """Return the number of each state.

        Parameters
        ----------
        n_evaluable, n_dlts : int array, shape (N, L)
        level : int array, shape (N,)
            Of the last cohort.
        memory : int array, shape (N,)
            What ``Design.remember`` returns of it.
        """
        fitted = self._fit(n_evaluable, n_dlts)
        waits = np.zeros(len(level), dtype=np.bool_)
        return self._number(n_evaluable, n_dlts, level, memory, fitted=fitted, waits=waits)

    def _number(
        self,
        n_evaluable: Integers,
        n_dlts: Integers,
        level: Integers,
        memory: Integers,
        *,
        fitted: tuple[Floats, Floats],
        waits: NDArray[np.bool_],
    ) -> NDArray[np.int64]:
        """Return the numbers, given the fits; where it ``waits``, no MTD is selected yet."""
        design, n_levels = self.design, self.design.n_levels
        n_all = n_evaluable.sum(axis=1)
        betas, p_too_toxic = fitted
        nearest = np.searchsorted(self.steps, betas, side="left")
        stops = (n_all > 0) & design.is_above_cutoff(p_too_toxic)
        places = np.full(len(n_all), design.cohort_size)
        if design.max_patients is not None:
            places = np.clip(design.max_patients - n_all, 0, design.cohort_size)
        mtd = np.zeros(len(n_all), dtype=np.intp)
        selects = ~(stops | waits) & (places == 0 if design.n_earlystop is None else True)
        mtd[selects] = 1 + self._select(n_evaluable[selects] > 0, betas[selects], nearest[selects])

        def at(place: Integers) -> Integers:
            here = n_evaluable[np.arange(len(n_all)), np.minimum(place, n_levels - 1)]
            return np.minimum(here, self.most)

        columns: list[tuple[Integers | NDArray[np.bool_], int]] = [
            (nearest, n_levels),
            (betas == -inf, 2),
            (level, n_levels),
            (memory, 2),
            (n_dlts.sum(axis=1).astype(np.bool_), 2),
            (n_all.astype(np.bool_), 2),
            (at(level), self.most + 1),
            (at(level + 1), self.most + 1),
            (at(nearest), self.most + 1),
            (places, design.cohort_size + 1),
            (mtd, n_levels + 1),
            (waits, 2),
        ]
        numbers = np.zeros(len(n_all), dtype=np.int64)
        for column, size in columns:
            numbers = numbers * size + column
        return np.where(stops, -1, numbers)

    def _fit(self, n_evaluable: Integers, n_dlts: Integers) -> tuple[Floats, Floats]:
        """Return the fit of each state, made once where only the last cohorts differ."""
        first, same = _different(np.hstack([n_evaluable, n_dlts]))
        betas, p_too_toxic = np.empty((2, len(first)))
        for begin in range(0, len(first), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            data = n_evaluable[first[part]], n_dlts[first[part]]
            betas[part], p_too_toxic[part] = self._fit_each(*data)
        return betas[same], p_too_toxic[same]

    def _fit_each(self, n_evaluable: Integers, n_dlts: Integers) -> tuple[Floats, Floats]:
        n_all, n_without = n_evaluable.sum(axis=1), n_evaluable - n_dlts
        design = self.design
        betas, p_too_toxic = np.zeros((2, len(n_all)))
        if design._needs_posterior:
            sizes = np.array([grid_size(n) for n in range(int(n_all.max(initial=0)) + 1)])[n_all]
            for size in np.unique(sizes).tolist():
                of = sizes == size
                grid = make_grid(design.curve, self.split, size)
                betas[of], p_too_toxic[of] = posteriors(grid, n_dlts[of], n_without[of])
        if design.method == "mle":
            betas = maximise_likelihoods(design.curve, n_dlts, {1.0: n_without})
        return betas, p_too_toxic

    def _select(self, given: NDArray[np.bool_], betas: Floats, nearest: Ints) -> Ints:
        """Return the MTD among the levels given, -1 for none."""
        n_levels = given.shape[1]
        levels = np.arange(n_levels)
        below = np.where(given & (levels <= nearest[:, np.newaxis]), levels, -1).max(axis=1)
        above = np.where(given & (levels >= nearest[:, np.newaxis]), levels, n_levels).min(axis=1)
        both = (below >= 0) & (above < n_levels)
        take_upper = below < 0
        pairs, which = np.unique(below[both] * n_levels + above[both], return_inverse=True)
        middles = np.array([self._middle(*divmod(pair, n_levels)) for pair in pairs.tolist()])
        if len(middles):
            take_upper[both] = betas[both] > middles[which] + TIE
        mtd = np.where(take_upper, above, below)
        return np.where((betas == -inf) | (mtd == n_levels), -1, mtd)

    def _middle(self, lower: int, upper: int) -> float:
        """Return the beta at which both are equally near to the target."""
        if (lower, upper) not in self._between:
            design = self.design
            self._between[lower, upper] = design.curve.beta_between(lower, upper, design.target)
        return self._between[lower, upper]


def _different(rows: Integers) -> tuple[Ints, Ints]:
    """Return a row of each kind, and of which kind each is; all, where they fit into no word."""
    base = int(rows.max(initial=0)) + 1
    if base ** rows.shape[1] > 2**62:
        every = np.arange(len(rows))
        return every, every
    key = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        key = key * base + column
    _, first, same = np.unique(key, return_index=True, return_inverse=True)
    return first, same
