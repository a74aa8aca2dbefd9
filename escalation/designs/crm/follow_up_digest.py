"""What the TITE-CRM's decisions look at, of many states at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.crm.digest import CrmDigest
from escalation.designs.crm.grid import grid_size, make_grid
from escalation.designs.crm.many import Pending, posteriors
from escalation.designs.crm.options import CrmOptions
from escalation.designs.crm.weights import Scheme
from escalation.designs.followed import FollowedStates
from escalation.errors import InputError

__all__ = ["TiteCrmDigest"]

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]
FitOne = Callable[[Sequence[tuple[int, int]], Sequence[tuple[int, float]]], tuple[float, float]]

WAITS = -2  # for the lowest level, which is too toxic as the pending patients stand


class TiteCrmDigest(CrmDigest):
    """Numbers for states with follow-up: where they are equal, so are the decisions of a TITE-CRM.

    Parameters
    ----------
    design, steps, split
        As of ``CrmDigest``.
    scheme : {"linear", "adaptive"}
        The design's weights.
    fit_one : callable
        From patients with a DLT and without at each level, and level and weight of each pending
        patient, to the fit of one state.
    """

    def __init__(
        self,
        design: CrmOptions,
        steps: Sequence[float],
        split: float,
        *,
        scheme: Scheme,
        fit_one: FitOne,
    ) -> None:
        super().__init__(design, steps, split)
        self.scheme, self.fit_one = scheme, fit_one

    def __call__(self, states: FollowedStates) -> NDArray[np.int64]:  # type: ignore[override]
        """Return the number of each state."""
        n_evaluable, n_dlts, level, memory, pending_level, pending_share, dlt_share = states
        design = self.design
        if self.scheme == "adaptive":
            if dlt_share is None:
                raise InputError("adaptive weights need to know when the DLTs came")
            pending_share = weigh_many(pending_share, dlt_share)
        pending = Pending(pending_level, pending_share)
        enrolled = n_evaluable + pending.count(n_evaluable.shape[1])
        fitted = self._fit_followed(n_evaluable, n_dlts, enrolled.sum(axis=1), pending)
        numbers = self._number(enrolled, n_dlts, level, memory, fitted=fitted, waits=pending.n > 0)
        waits = np.flatnonzero((numbers == -1) & (pending.n > 0))
        if waits.size:  # it stops, where it does though nobody more has a DLT
            _, p_too_toxic = self._fit(enrolled[waits], n_dlts[waits])
            numbers[waits[~design.is_above_cutoff(p_too_toxic)]] = WAITS
        return numbers

    def _fit_followed(
        self, n_evaluable: Integers, n_dlts: Integers, n_enrolled: Integers, pending: Pending
    ) -> tuple[Floats, Floats]:
        """Return the fit of each state."""
        design, n_without = self.design, n_evaluable - n_dlts
        betas, p_too_toxic = np.zeros(len(n_dlts)), np.zeros(len(n_dlts))
        if design.method == "mle":
            for state, (x, y) in enumerate(zip(n_dlts.tolist(), n_without.tolist(), strict=True)):
                counts = list(zip(x, y, strict=True))
                betas[state], p_too_toxic[state] = self.fit_one(counts, pending.of(state))
            return betas, p_too_toxic
        most = int(n_enrolled.max(initial=0))
        sizes = np.array([grid_size(n) for n in range(most + 1)])[n_enrolled]
        for size in np.unique(sizes).tolist():
            of = np.flatnonzero(sizes == size)
            grid = make_grid(design.curve, self.split, size)
            betas[of], p_too_toxic[of] = posteriors(
                grid, n_dlts[of], n_without[of], pending.only(of)
            )
        return betas, p_too_toxic


def weigh_many(shares: Floats, dlts: Floats) -> Floats:
    """Return ``weigh_adaptively`` of the patients of many states.

    Parameters
    ----------
    shares : float array, shape (N, P)
    dlts : float array, shape (N, D)
        When the DLTs of each state came; NaN where there are fewer.
    """
    came = np.sort(np.where(np.isnan(dlts), np.inf, dlts), axis=1)
    z = np.isfinite(came).sum(axis=1)[:, np.newaxis]
    edges = np.hstack([np.zeros((len(came), 1)), np.minimum(came, 1), np.ones((len(came), 1))])
    m = (came[:, np.newaxis, :] <= shares[:, :, np.newaxis]).sum(axis=2)
    before = np.take_along_axis(edges, m, axis=1)
    after = np.take_along_axis(edges, m + 1, axis=1)
    width = np.where(after > before, after - before, 1)
    weights: Floats = (m + (shares - before) / width) / (z + 1)
    return np.where(shares >= 1, 1.0, weights)
