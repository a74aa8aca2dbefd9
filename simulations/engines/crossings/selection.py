"""Which MTD is selected: tallies below the lowest eliminated level, built up level by level."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from escalation.designs.outline import Outline
from escalation.outcomes import Tally
from simulations.engines.crossings.lists import KINDS, After, End, Lists
from simulations.engines.crossings.transfer import Transfer
from simulations.engines.exact import log_terms
from simulations.graph.forecast import Foreseen

__all__ = ["Selection", "TooManyTalliesError", "foresee_tallies"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Sparse = dict[int, tuple[Ints, Floats]]
"""By column the rows, ascending, and their values. A column is where the trial ends and how often
it went up to the next level; past these, the same where that level has to go out."""

MOST_BYTES = 2**30
_BLOCK = 2**16  # trials for which an MTD is selected at once
_SEEN = (End.ABOVE, End.FULL, End.EARLY)  # where a trial ends that selects an MTD


_TALLIES_A_STATE = 0.3  # at most, of large graphs; on 5 levels with 60 patients 0.11


class TooManyTalliesError(Exception):
    """The tallies take too much room."""


def foresee_tallies(n_levels: int, n_states: int) -> Foreseen | None:
    """Return what the tallies of a graph of so many states take; None where it is too much."""
    n_bytes = round(_TALLIES_A_STATE * n_states * (4 * n_levels + 110))
    if n_bytes > MOST_BYTES:
        return None
    return Foreseen(n_states=n_states, n_bytes=n_bytes + n_bytes // 5)


@dataclass(frozen=True, slots=True, eq=False)
class _Below:
    """The tallies of some levels from the lowest up, and how the trial can go on above them.

    Attributes
    ----------
    which : int array, shape (N, levels)
        The tally at each level, as its place in ``Selection.tallies``.
    cohorts : int array, shape (N,)
        Ascending.
    ways : Sparse
        In how many ways patients' outcomes lead there.
    """

    which: NDArray[np.int16]
    cohorts: Ints
    ways: Sparse


@dataclass(frozen=True, slots=True, eq=False)
class _Ended(_Below):
    """Tallies of trials in which the level above them was eliminated, or there is none."""

    mtd: NDArray[np.int8]


class Selection:
    """All tallies with which trials of one design can end, as far as selection asks for them.

    Parameters
    ----------
    transfer : Transfer
    outline : Outline
        The design's, which selects.
    progress : callable, optional
        Told what share of the tallies has been found since.

    Raises
    ------
    TooManyTalliesError
        If they take too much room.
    """

    def __init__(
        self,
        transfer: Transfer,
        outline: Outline,
        progress: Callable[[float], object] | None = None,
    ) -> None:
        self.transfer, self.outline = transfer, outline
        self.n_levels, self.most = len(transfer.lists), transfer.n_cohorts
        self.most_up = transfer.lists[0].ways.shape[3]
        self.n_columns = len(_SEEN) * self.most_up
        self.pairs = sorted({pair for lists in transfer.lists for pair in _met(lists)} | {(0, 0)})
        self.tallies = [
            Tally(n_evaluable=cohorts * transfer.size, n_dlts=n_dlts)
            for cohorts, n_dlts in self.pairs
        ]
        self._stepped: dict[object, Floats] = {}
        self._held = 0
        self.ended = tuple(self._build(progress))
        self._stepped.clear()

    # ------------------------------------------------------------ all tallies

    def _build(self, progress: Callable[[float], object] | None) -> Iterator[_Ended]:
        """Yield the tallies by how many levels there are below the lowest eliminated."""
        one = np.ones(1)
        tables = [self.transfer.tables(level, one, one) for level in range(self.n_levels)]
        above = self.transfer.all_down(tables)
        below = _Below(
            which=np.zeros((1, 0), dtype=np.int16),
            cohorts=np.zeros(1, dtype=np.intp),
            ways={0: (np.zeros(1, dtype=np.intp), np.ones(1))},
        )
        for level in range(self.n_levels):
            leads = np.concatenate([self._columns(above[level], out) for out in (0, 1)]) > 0
            before = _bytes(below)
            below = self._extend(below, level, leads)
            self._held -= before
            then = self._then(level + 1, one, one, above)
            yield self._end(below, then > 0)
            if progress is not None:
                progress(1 / self.n_levels)

    def _extend(self, below: _Below, level: int, leads: NDArray[np.bool_]) -> _Below:
        """Return the tallies with one level more, where they lead to an end."""
        lists = self.transfer.lists[level]
        found: list[tuple[int, Ints, Floats]] = []  # column, rows, values
        parents = [np.arange(0)]
        numbers = [0]
        n_rows = 0
        is_met = np.zeros(len(below.which), dtype=np.bool_)
        position = np.empty(len(below.which), dtype=np.intp)
        for number, (cohorts, n_dlts) in enumerate(self.pairs):
            steps = self._steps(lists, level, cohorts, n_dlts)
            came = [
                column
                for column in below.ways
                if column < self.n_columns and steps[:, column].any()
            ]
            parts = [self._fitting(below, column, self.most - cohorts) for column in came]
            if not sum(len(rows) for rows, _ in parts):
                continue
            is_met[:] = False
            for places, _ in parts:
                is_met[places] = True
            rows = np.flatnonzero(is_met)
            position[rows] = np.arange(len(rows))
            before = np.zeros((len(came), len(rows)))
            for one, (places, values) in zip(before, parts, strict=True):
                one[position[places]] = values
            goes = np.flatnonzero(steps[:, came].any(axis=1))
            then = steps[goes][:, came] @ before
            then *= leads[goes][:, below.cohorts[rows] + cohorts]
            kept = np.flatnonzero(then.any(axis=0))
            for column, values in zip(goes.tolist(), then[:, kept], strict=True):
                real = np.flatnonzero(values)
                found.append((column, n_rows + real, values[real]))
                self._take(16 * len(real))
            parents.append(rows[kept])
            numbers.append(number)
            n_rows += len(kept)
            self._take((2 * level + 10) * len(kept))
        came_from = np.concatenate(parents)
        added = np.repeat(numbers, [len(rows) for rows in parents])
        n_added = np.array([cohorts for cohorts, _ in self.pairs])
        cohorts_now = below.cohorts[came_from] + n_added[added]
        order = np.argsort(cohorts_now, kind="stable")
        place = np.empty(n_rows, dtype=np.intp)
        place[order] = np.arange(n_rows)
        which = np.empty((n_rows, level + 1), dtype=np.int16)
        which[:, :-1], which[:, -1] = below.which[came_from[order]], added[order]
        return _Below(which, cohorts_now[order], _by_column(found, place))

    def _fitting(self, below: _Below, column: int, most: int) -> tuple[Ints, Floats]:
        """Return the entries of a column with at most so many cohorts."""
        rows, values = below.ways[column]
        last = np.searchsorted(rows, np.searchsorted(below.cohorts, most, side="right"))
        return rows[:last], values[:last]

    def _steps(self, lists: Lists, level: int, cohorts: int, n_dlts: int) -> Floats:
        """Return how a level with this tally leads from columns below (last axis) to those above.

        The level is not eliminated, not by its last cohort either.
        """
        nets = tuple(self.transfer.net(end, level) for end in _SEEN)
        key = (id(lists), nets, cohorts, n_dlts)
        if key not in self._stepped:
            self._stepped[key] = self._find_steps(lists, nets, cohorts, n_dlts)
        return self._stepped[key]

    def _find_steps(self, lists: Lists, nets: Sequence[int], cohorts: int, n_dlts: int) -> Floats:
        steps = np.zeros((2, len(_SEEN), self.most_up, len(_SEEN), self.most_up))
        for kind in KINDS:
            last = tuple(after for after in kind.last if after is not After.OUT)
            if lists.after[int(kind.freed), cohorts, n_dlts] not in last:
                continue
            entries = lists.ending(kind, last, cohorts, n_dlts)  # (up, down)
            for before, out, then in kind.fits:
                if out or before not in _SEEN or then not in _SEEN:
                    continue
                net = nets[before]
                for down in range(max(0, -net), self.most_up - max(0, net)):
                    steps[int(kind.freed), then, :, before, down + net] += entries[:, down]
        return steps.reshape(2 * self.n_columns, self.n_columns)

    def _take(self, n_bytes: int) -> None:
        self._held += n_bytes
        if self._held > MOST_BYTES:
            raise TooManyTalliesError

    def _end(self, below: _Below, leads: NDArray[np.bool_]) -> _Ended:
        """Return the tallies that can be those of an ended trial, with its MTD."""
        kept = {}
        for column, (rows, values) in below.ways.items():
            real = leads[column][below.cohorts[rows]]
            if real.any():
                kept[column] = (rows[real], values[real])
        is_end = np.zeros(len(below.which), dtype=np.bool_)
        for rows, _ in kept.values():
            is_end[rows] = True
        place = np.cumsum(is_end) - 1
        which = below.which[is_end]
        ways = {column: (place[rows], values) for column, (rows, values) in kept.items()}
        ended = _Ended(which, below.cohorts[is_end], ways, self._select(which))
        self._take(_bytes(ended))
        return ended

    def _select(self, which: NDArray[np.int16]) -> NDArray[np.int8]:
        """Return the MTD of trials with these tallies, the level above them eliminated."""
        n_below = which.shape[1]
        mtd = np.empty(len(which), dtype=np.int8)
        if not mtd.size:  # as where nothing can eliminate a level
            return mtd
        tallies = list(self.tallies)
        if n_below < self.n_levels:
            tallies.append(_eliminating(self.transfer))
        for first in range(0, len(which), _BLOCK):
            part = which[first : first + _BLOCK]
            seen = np.zeros((len(part), self.n_levels), dtype=np.intp)
            seen[:, :n_below] = part
            seen[:, n_below : n_below + 1] = len(self.tallies)
            mtd[first : first + _BLOCK] = self.outline.select(tallies, seen)
        return mtd

    # ------------------------------------------------------------ one scenario

    def probabilities(self, p: Floats, above: Sequence[Floats]) -> Floats:
        """Return P(each level is selected), and last P(none is, of those that could be).

        Parameters
        ----------
        p : float array, shape (L,)
        above : sequence of float array, length L
            How likely situations above each level lead to ends: ``Transfer.all_down``.
        """
        logs = log_terms(p[np.newaxis])[0]
        n = np.array([tally.n_evaluable for tally in self.tallies])
        x = np.array([tally.n_dlts for tally in self.tallies])
        found = np.zeros(self.n_levels + 1)
        for n_below, ended in enumerate(self.ended, start=1):
            exponent = np.zeros(len(ended.which))
            for level in range(n_below):
                of_tally = x * logs[level] + (n - x) * logs[self.n_levels + level]
                exponent += of_tally[ended.which[:, level]]
            here = p[n_below : n_below + 1]
            then = self._then(n_below, here, 1 - here, above)
            likely = np.zeros(len(ended.which))
            for column, (rows, ways) in ended.ways.items():
                likely[rows] += ways * then[column][ended.cohorts[rows]]
            likely *= np.exp(exponent)
            mtd = np.where(ended.mtd < 0, self.n_levels, ended.mtd)
            found += np.bincount(mtd, likely, self.n_levels + 1)
        return found

    def _then(self, level: int, p: Floats, q: Floats, above: Sequence[Floats]) -> Floats:
        """Return how likely a level goes out and the trial goes on to an end.

        By the column below the level, and by the cohorts so far. Above the highest level, whether
        the trial has ended.
        """
        then = np.zeros((2 * self.n_columns, self.most + 1))
        if level == self.n_levels:
            then[: self.n_columns] = self._columns(self.transfer.at_end(), 0)
            return then
        transfer = self.transfer
        goes_out = transfer.down(level, above[level], transfer.tables(level, p, q))
        then[self.n_columns :] = self._columns(goes_out, 1)
        at_last = transfer.tables(level, p, q, out_at_last=True)
        then[: self.n_columns] = self._columns(transfer.down(level, above[level], at_last), 0)
        return then

    def _columns(self, situation: Floats, out: int) -> Floats:
        """Return a situation by column and cohorts."""
        return np.asarray(situation[list(_SEEN), out].reshape(self.n_columns, self.most + 1))


def _bytes(below: _Below) -> int:
    entries = sum(len(rows) for rows, _ in below.ways.values())
    return below.which.nbytes + below.cohorts.nbytes + 16 * entries


def _met(lists: Lists) -> Iterator[tuple[int, int]]:
    """Yield the cohorts and DLTs of a level that is not eliminated."""
    for freed in (0, 1):
        is_in = ~np.isin(lists.after[freed], (After.OUT, After.STOP))
        cohorts, n_dlts = np.nonzero(is_in & lists.ways[freed].any(axis=(2, 3)))
        yield from zip(cohorts.tolist(), n_dlts.tolist(), strict=True)


def _eliminating(transfer: Transfer) -> Tally:
    """Return a tally that eliminates its level."""
    cohorts, n_dlts = np.argwhere(transfer.lists[-1].after[0] == After.OUT)[0].tolist()
    return Tally(n_evaluable=cohorts * transfer.size, n_dlts=n_dlts)


def _by_column(found: Sequence[tuple[int, Ints, Floats]], place: Ints) -> Sparse:
    """Put entries together by column, their rows at new places and ascending."""
    ways: Sparse = {}
    for column in sorted({column for column, *_ in found}):
        rows = place[np.concatenate([rows for one, rows, _ in found if one == column])]
        values = np.concatenate([values for one, _, values in found if one == column])
        order = np.argsort(rows)
        ways[column] = (rows[order], values[order])
    return ways
