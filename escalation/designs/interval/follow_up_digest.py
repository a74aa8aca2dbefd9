"""What the TITE-BOIN's decisions look at, of many states at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import LevelStatus
from escalation.designs.followed import FollowedStates
from escalation.designs.interval.base import IntervalDesign
from escalation.designs.interval.follow_up import FollowUpBoundaries
from escalation.designs.options import MAX_PATIENTS
from escalation.nearness import is_above
from escalation.outcomes import Tally

__all__ = ["TiteBoinDigest"]

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]

OPEN, CLEARED, ABOVE, TOXIC, SUSPENDED = range(5)  # how the current level is judged


class TiteBoinDigest:
    """Numbers for states with follow-up: where equal, so are the decisions of a TITE-BOIN.

    Nothing is decided here: which follow-up leads where, the design says for every number of
    patients, DLTs and pending.

    Parameters
    ----------
    design : IntervalDesign
        Without titration.
    boundaries : callable
        From patients at the current level, DLTs and pending to the design's boundaries of STFT.
    """

    def __init__(
        self, design: IntervalDesign, boundaries: Callable[[int, int, int], FollowUpBoundaries]
    ) -> None:
        self.design = design
        self.boundaries = boundaries
        self.enough = MAX_PATIENTS + 1 if design.n_earlystop is None else design.n_earlystop
        self._known: dict[int, tuple[float, float, bool]] = {}

    def __call__(self, states: FollowedStates) -> NDArray[np.int64]:
        """Return the number of each state.

        What is remembered of the last cohort, and when the DLTs came, makes no difference.
        """
        n_evaluable, n_dlts, level, _, pending_level, pending_share, _ = states
        design, n_levels = self.design, n_evaluable.shape[1]
        each, levels = np.arange(len(level)), np.arange(n_levels)
        n_pending = (pending_level[:, :, np.newaxis] == levels).sum(axis=1)
        enrolled = n_evaluable + n_pending
        n_all = enrolled.sum(axis=1)
        waits = n_pending.any(axis=1)

        kinds, which = np.unique(enrolled * 1024 + n_dlts, return_inverse=True)
        which = which.reshape(enrolled.shape)
        tallies = [Tally(n_evaluable=k // 1024, n_dlts=k % 1024) for k in kinds.tolist()]
        toxic = np.array([design.status(t) is LevelStatus.TOO_TOXIC for t in tallies])[which]
        ceiling = np.where(toxic.any(axis=1), toxic.argmax(axis=1), n_levels)
        unsafe = np.array([design._is_lowest_unsafe(t) for t in tallies])[which[:, 0]]
        at_last = np.array([self._stops_at_last(t) for t in tallies])[which[:, 0]]

        stft = (pending_share * (pending_level == level[:, np.newaxis])).sum(axis=1)
        judged = self._judge(
            enrolled[each, level], n_dlts[each, level], n_pending[each, level], stft
        )
        nowhere = (judged == ABOVE) & (level == 0) & (n_pending[each, level] > 0)
        judged = np.where(nowhere, SUSPENDED, judged)
        judged = np.where(toxic[each, level], TOXIC, judged)

        places = np.full(len(level), design.cohort_size)
        if design.max_patients is not None:
            places = np.clip(design.max_patients - n_all, 0, design.cohort_size)
        mtd = np.zeros(len(level), dtype=np.intp)
        selects = ~waits & (places == 0 if design.n_earlystop is None else True)
        if selects.any():
            mtd[selects] = 1 + design._select_many(tallies, which[selects])

        def at(place: Integers) -> Integers:
            here: Integers = enrolled[each, np.clip(place, 0, n_levels - 1)]
            return 2 * np.minimum(here, design.cohort_size) + (here >= self.enough)

        columns: list[tuple[Any, int]] = [
            (judged, 5),
            (level, n_levels),
            (ceiling, n_levels + 1),
            (unsafe, 2),
            (at_last, 3),
            (n_all > 0, 2),
            (waits, 2),
            (places, design.cohort_size + 1),
            (mtd, n_levels + 1),
            *(
                (at(place), 2 * design.cohort_size + 2)
                for place in (level - 1, level, level + 1, ceiling - 1)
            ),
        ]
        numbers = np.zeros(len(level), dtype=np.int64)
        for column, size in columns:
            numbers = numbers * size + column
        return numbers

    def _stops_at_last(self, lowest: Tally) -> int:
        """Return why no MTD is selected for the sake of the lowest level: 0 for not."""
        design = self.design
        if design._is_short_and_toxic(lowest):
            return 1
        unsafe = design.extrasafe and design._is_unsafe(lowest.n_evaluable, lowest.n_dlts)
        return 2 if unsafe else 0

    def _judge(self, n: Integers, x: Integers, n_pending: Integers, stft: Floats) -> Integers:
        """Return how the current level is judged by its follow-up."""
        keys, which = np.unique((n * 1024 + x) * 1024 + n_pending, return_inverse=True)
        found = np.array([self._look_up(key) for key in keys.tolist()])[which]
        up, down, suspended = found.T
        judged = np.where(is_above(stft, down), OPEN, ABOVE)
        judged = np.where(is_above(up, stft), judged, CLEARED)
        judged = np.where(suspended > 0, SUSPENDED, judged)
        return np.asarray(judged, dtype=np.intp)

    def _look_up(self, key: int) -> tuple[float, float, bool]:
        if key not in self._known:
            rest, n_pending = divmod(key, 1024)
            one = self.boundaries(*divmod(rest, 1024), n_pending)
            limits = (one.escalate_from, one.deescalate_to)
            up, down = (min(max(limit, -1.0), 2048.0) for limit in limits)  # infinity is no number
            self._known[key] = up, down, one.suspended
        return self._known[key]
