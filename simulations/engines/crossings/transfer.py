"""The sum over all trials as a product of tables, one a level, over crossings between levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulations.engines.crossings.lists import ENDS, KINDS, After, End, Lists

__all__ = ["Tables", "Transfer"]

Floats = NDArray[np.float64]
Numbers = NDArray[Any]  # real, or complex where DLTs are told apart by a root of unity
Tables = list[Numbers]
"""By kind of list: (cohorts, ..., up, down)."""
Place = tuple[int, int]

# Multiplications in one matrix product, so that it stays on one core, as in ``exact``: on a busy
# machine threads that wait for each other take ten times as long.
_ONE_CORE = 2**18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transfer:
    """Tables of the levels of one design.

    Below, a *situation* between two levels is an array (end, out, up, cohorts): how the trial ends
    as seen from the level below, whether the level above has to go out, how often the trial went up
    between them, and how many cohorts there were so far.

    Attributes
    ----------
    lists : sequence of Lists, length L
        Of each level, the same object where they are the same.
    start : int
    size, n_cohorts : int
        Patients of a cohort, and the most cohorts.
    """

    lists: Sequence[Lists]
    start: int
    size: int
    n_cohorts: int

    def terms(self, p: Numbers, q: Numbers) -> Numbers:
        """Return p^DLTs q^(no DLT); shape (cohorts, ..., DLTs), for ``p`` of shape (..., 1)."""
        x = np.arange(self.lists[0].ways.shape[2])
        powers_p, powers_q = p**x, q**x
        return np.stack(
            [
                np.where(x <= n, powers_p * powers_q[..., np.maximum(n - x, 0)], 0.0)
                for n in range(0, (self.n_cohorts + 1) * self.size, self.size)
            ]
        )

    def tables(self, level: int, p: Numbers, q: Numbers, *, out_at_last: bool = False) -> Tables:
        """Return the probability of each kind of list at a level.

        ``p`` and ``q`` have shape (1,) or (Z, 1). With ``out_at_last``, only of trials that end
        here with the most patients, the last of whom eliminate the level.
        """
        lists, terms = self.lists[level], self.terms(p, q)
        found = []
        for kind in KINDS:
            last = kind.last
            if out_at_last:
                last = (After.OUT,) if kind.last is ENDS[End.FULL] else ()
            found.append(_over_dlts(terms, lists.ending(kind, last)))
        return found

    def possible_tables(self, level: int, roots: Numbers) -> Tables:
        """Return the same with 1 for every list that is possible, by DLTs at roots of unity."""
        lists = self.lists[level]
        powers = roots ** np.arange(lists.ways.shape[2])
        terms = np.broadcast_to(powers, (self.n_cohorts + 1, *powers.shape))
        possible = (lists.ending(kind, kind.last) > 0 for kind in KINDS)
        return [_over_dlts(terms, ways.astype(np.float64)) for ways in possible]

    def at_start(self) -> Floats:
        """Return the situation below the lowest level."""
        most_up = self.lists[0].ways.shape[3]
        situation = np.zeros((len(End), 2, most_up, self.n_cohorts + 1))
        situation[End.ABOVE, 0, 0, 0] = 1.0
        return situation

    def at_end(self) -> Floats:
        """Return which situations above the highest level are ends of trials."""
        is_end = np.zeros_like(self.at_start())
        is_end[End.FULL, 0, 0, -1] = 1.0
        is_end[End.EARLY, 0, 0, :-1] = 1.0
        is_end[End.STOPPED, 0, 0, :] = 1.0
        return is_end

    def net(self, end: End, level: int) -> int:
        """Return how many more steps went up than down between ``level - 1`` and ``level``."""
        below = level - 1
        return int(self.start <= below) if end is End.ABOVE else -int(below < self.start)

    def up(self, level: int, below: Numbers, tables: Tables) -> Numbers:
        """Return the situation above a level from the one below it."""
        above = np.zeros_like(below, dtype=np.result_type(below, tables[0]))
        for number, came, goes, net in self._fits(level):
            arrived = _shift(below[..., came[0], came[1], :, :], -net)  # (..., down, cohorts)
            if not arrived.any():
                continue
            for cohorts, table in enumerate(tables[number]):
                if table.any():
                    last, most = self.n_cohorts + 1 - cohorts, cohorts + 1  # no step without cohort
                    added = table[..., :most, :most] @ arrived[..., :most, :last]
                    above[..., goes[0], goes[1], :most, cohorts:] += added
        return above

    def down(self, level: int, above: Floats, tables: Tables) -> Floats:
        """Return how likely each situation below a level leads to those above it, weighted."""
        below = np.zeros_like(above)
        for number, came, goes, net in self._fits(level):
            wanted = above[goes]  # (up, cohorts)
            back = np.zeros_like(wanted)
            for cohorts, table in enumerate(tables[number]):
                last = self.n_cohorts + 1 - cohorts
                back[:, :last] += table.T @ wanted[:, cohorts:]
            below[came] += _shift(back, net)
        return below

    def all_down(self, tables: Sequence[Tables]) -> list[Floats]:
        """Return for each level how likely the situations above it lead to ends."""
        above = [self.at_end()]
        for level in reversed(range(1, len(tables))):
            above.append(self.down(level, above[-1], tables[level]))
        above.reverse()
        return above

    def meetings(self, level: int, below: Floats, above: Floats) -> list[Floats]:
        """Return how much each entry of a level's tables counts in the whole, as ``Tables``."""
        most_up = below.shape[2]
        met = [np.zeros((self.n_cohorts + 1, most_up, most_up)) for _ in KINDS]
        for number, came, goes, net in self._fits(level):
            arrived = _shift(below[came], -net)  # (down, cohorts)
            wanted = above[goes]  # (up, cohorts)
            for cohorts in range(self.n_cohorts + 1):
                last = self.n_cohorts + 1 - cohorts
                met[number][cohorts] += wanted[:, cohorts:] @ arrived[:, :last].T
        return met

    def _fits(self, level: int) -> Iterator[tuple[int, Place, Place, int]]:
        """Yield for each kind the situation below, the one above, and the net steps between."""
        for number, kind in enumerate(KINDS):
            for before, out, then in kind.fits:
                yield number, (before, int(out)), (then, int(kind.freed)), self.net(before, level)


def _over_dlts(terms: Numbers, ways: Floats) -> Numbers:
    """Sum lists over their DLTs: shapes (cohorts, ..., DLTs) to (cohorts, ..., up, down)."""
    flat = ways.reshape(*ways.shape[:2], -1)
    by_row = terms.reshape(len(terms), -1, terms.shape[-1])
    summed = np.empty((*by_row.shape[:2], flat.shape[-1]), dtype=terms.dtype)
    size = max(1, _ONE_CORE // (by_row.shape[1] * by_row.shape[2]))
    for first in range(0, flat.shape[-1], size):
        some = slice(first, first + size)
        if np.iscomplexobj(terms):  # in two parts: a product of complex and real goes by no BLAS
            summed.real[..., some] = by_row.real @ flat[..., some]
            summed.imag[..., some] = by_row.imag @ flat[..., some]
        else:
            summed[..., some] = by_row @ flat[..., some]
    return np.asarray(summed.reshape(*terms.shape[:-1], *ways.shape[2:]))


def _shift(array: Numbers, by: int) -> Numbers:
    """Return the rows, the second axis from the last, ``by`` places further on."""
    moved = np.zeros_like(array)
    if by > 0:
        moved[..., by:, :] = array[..., :-by, :]
    elif by < 0:
        moved[..., :by, :] = array[..., -by:, :]
    return moved if by else array
