"""Mean, standard deviation and quantiles of many numbers, of which only a few are kept.

A quantile lies between two order statistics. Of the numbers seen so far those are kept that stand
within six standard errors of its rank, some 5 sqrt(n) of n; of the others it is known how many
lie below. With numbers that come in any order, such as draws, the quantile is therefore exact: that
it leaves what is kept has a probability of about 10^-9.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray

__all__ = ["Running"]

Floats = NDArray[np.float64]

_FEW = 10_000  # numbers of which all are kept
_WAITING = 8_000  # numbers that have not been sorted in
_ERRORS = 6  # standard errors of a rank


class Running:
    """What is known of numbers that came so far.

    Parameters
    ----------
    quantiles : sequence of float
        Those that are followed, between 0 and 1.
    """

    def __init__(self, quantiles: Sequence[float]) -> None:
        self.n = 0
        self.mean = 0.0
        self._squares = 0.0  # of distances from the mean
        self._all: list[Floats] | None = []
        self._ranks = [_Rank(q) for q in quantiles]

    def add(self, values: Floats) -> None:
        """Take in more numbers; shape (n,)."""
        if not len(values):
            return
        mean = float(values.mean())
        apart = values - mean
        n, shift = self.n + len(values), mean - self.mean
        apart *= apart
        self._squares += float(apart.sum()) + shift**2 * self.n * len(values) / n
        self.mean += shift * len(values) / n
        self.n = n
        if self._all is not None:
            self._all.append(values.copy())
            if n > _FEW:
                together, self._all = np.sort(np.concatenate(self._all)), None
                for rank in self._ranks:
                    rank.begin(together)
            return
        for rank in self._ranks:
            rank.add(values)

    @property
    def sd(self) -> float | None:
        """Standard deviation; None for one number."""
        return sqrt(self._squares / (self.n - 1)) if self.n > 1 else None

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The quantiles, as ``numpy.quantile`` has them."""
        if self._all is not None:
            values = np.concatenate(self._all)
            return tuple(np.quantile(values, [rank.share for rank in self._ranks]).tolist())
        return tuple(rank.quantile() for rank in self._ranks)


class _Rank:
    """The numbers around one quantile: those between two bounds, and how many lie below.

    A number that comes often, such as a figure of many curves that is 0, becomes a bound, and is
    counted only.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self._n = self._below = self._at_low = 0
        self._low, self._high = -np.inf, np.inf
        self._inside = np.empty(0)
        self._fresh: list[Floats] = []
        self._n_fresh = 0

    def begin(self, ascending: Floats) -> None:
        """Take in the first numbers."""
        self._n = len(ascending)
        self._narrow(ascending)

    def add(self, values: Floats) -> None:
        """Take in more numbers."""
        self._n += len(values)
        above = values > self._low
        n_up_to = len(values) - int(np.count_nonzero(above))
        below = int(np.count_nonzero(values < self._low)) if n_up_to else 0
        self._below += below
        self._at_low += n_up_to - below
        above &= values < self._high
        self._fresh.append(values[above])
        self._n_fresh += len(self._fresh[-1])
        if self._n_fresh > max(_WAITING, len(self._inside)):
            self._narrow(self._merged())

    def _merged(self) -> Floats:
        self._inside = np.sort(np.concatenate([self._inside, *self._fresh]))
        self._fresh, self._n_fresh = [], 0
        return self._inside

    def _narrow(self, inside: Floats) -> None:
        """Keep what lies within some standard errors of the rank."""
        error = _ERRORS * sqrt(self.share * (1 - self.share) / self._n)
        rank = floor((self.share - error) * self._n)
        low = self._value(rank, inside)
        high = self._value(ceil((self.share + error) * self._n), inside)
        first, after = np.searchsorted(inside, (low, high)).tolist()
        if rank >= self._below + self._at_low:  # above the bound so far
            begin = int(np.searchsorted(inside, low, side="right"))
            self._below += self._at_low + first
            self._low, self._at_low = low, begin - first
            first = begin
        self._high = high
        self._inside = inside[first : max(first, after)].copy()

    def _value(self, rank: int, inside: Floats) -> float:
        """Return the number of a rank, from 0; a bound where it lies beyond."""
        place = rank - self._below - self._at_low
        if place < 0:
            return self._low
        return float(inside[place]) if place < len(inside) else self._high

    def quantile(self) -> float:
        """Return the quantile of all numbers so far."""
        inside = self._merged()
        place = (self._n - 1) * self.share
        first = floor(place)
        low = self._value(first, inside)
        high = self._value(min(first + 1, self._n - 1), inside)
        between = place - first
        # as numpy does it, so that the same numbers give the same bits
        if between < 0.5:
            return low + (high - low) * between
        return high - (high - low) * (1 - between)
