"""What is counted of each trial of a chunk while it goes on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulations.engines.timeline.arriving import Stream
from simulations.engines.timeline.result import UNFINISHED, Chunk

__all__ = ["DLT_UNIT", "Sums"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

DLT_UNIT = 1 << 20  # patients and DLTs at a level are counted in one number


class Sums:
    """Counts of ``n`` trials, by their numbers in the chunk."""

    def __init__(self, n_levels: int, n: int, stream: Stream) -> None:
        self.n = n
        self.stream = stream
        self.backfill: NDArray[np.int64] | None = None  # as ``tallies``
        self.sees_everybody = False  # also those who find no place are counted one by one
        self.day = 0.0  # from which days are counted
        self.n_before = 0  # who had been enrolled by then
        self.end = np.full(n, UNFINISHED, dtype=np.intp)
        self.t_decision = np.full(n, np.inf)
        self.t_last = np.full(n, np.inf)
        self.tallies = np.zeros((n_levels, n), dtype=np.int64)  # dosed + DLT_UNIT * DLTs
        self.days = np.zeros((n_levels, n))
        self.n_enrolled = np.zeros(n, dtype=np.intp)
        self.n_decisions = np.zeros(n, dtype=np.int64)
        self.n_partial = np.zeros(n, dtype=np.int64)
        self.n_waited = np.zeros(n, dtype=np.int64)
        self.waiting = np.zeros(n)
        self.n_unmade = np.zeros(n, dtype=np.int64)
        self.n_unreached = np.zeros(n, dtype=np.int64)
        self.n_lost = np.zeros(n, dtype=np.int64)  # also those counted in the two before
        self.idle = np.zeros(n)
        self.open_days = np.zeros(n)  # on which a place was free, or would have been opened
        self.suspended = np.zeros(n)  # and of those, on which it turned out that none was
        self.n_turned_away = np.zeros(n, dtype=np.int64)  # then
        self.next_arrival = np.full(n, np.inf)  # of who was not enrolled any more
        self.n_held = np.zeros(n, dtype=np.int64)  # who had a place and was not dosed at the end

    def treat(self, level: Ints, trials: Ints, packed: Ints) -> None:
        """Count patients at levels, each with ``DLT_UNIT`` for a DLT."""
        self.tallies.ravel()[level * self.n + trials] += packed

    def spend(self, level: Ints, trials: Ints, days: Floats) -> None:
        """Count days spent at levels."""
        self.days.ravel()[level * self.n + trials] += days

    def was_open(self, trials: Ints, since: Floats, until: Floats) -> None:
        """Count days on which a place was free."""
        self.open_days[trials] += np.maximum(until - since, 0)
        self.stream.was_open(trials, since, until)

    def chunk(self, *, waits: bool) -> Chunk:
        """Return what the trials came to."""
        until = np.where(np.isfinite(self.t_decision), self.t_decision, 0.0)
        dosed, dlts = _unpack(self.tallies)
        open_days = self.open_days
        if self.sees_everybody:  # then nobody else came
            open_days = until - self.day
            self.stream.was_always_open(until)
        counts = self.stream.count(
            until,
            open_days,
            self.n_enrolled - self.n_before + self.n_turned_away,
            self.next_arrival,
            waits=waits,
        )
        counts["n_turned_away"] = counts["n_turned_away"] + self.n_turned_away
        counts["n_still_waiting"] = counts["n_still_waiting"] + self.n_held
        return Chunk(
            end=self.end,
            t_decision=self.t_decision,
            t_last=self.t_last,
            patients=dosed,
            dlts=dlts,
            days=self.days,
            backfill=None if self.backfill is None else _unpack(self.backfill),
            figures={
                "n_patients": dosed.sum(axis=0),
                "n_dlts": dlts.sum(axis=0),
                "n_decisions": self.n_decisions,
                "n_partial": self.n_partial,
                **counts,
                "n_waited": self.n_waited,
                "waiting_days": self.waiting,
                "n_dropped_out": np.maximum(self.n_lost - self.n_unmade - self.n_unreached, 0),
                "n_not_manufactured": self.n_unmade,
                "n_dose_not_reached": self.n_unreached,
                "idle_days": self.idle,
                "suspended_days": np.maximum(until - self.day - self.open_days, 0) + self.suspended,
            },
        )


def _unpack(tallies: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return patients and DLTs."""
    return tallies % DLT_UNIT, tallies // DLT_UNIT
