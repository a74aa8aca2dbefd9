"""How figures of a trial level by level change with P(DLT): the automaton's passes, and back.

P(coming to a level) goes up the ladder, P(coming back to it) down. What a figure counts from a
level on goes the other ways: down for a trial on its way up, up for one that comes back. Where
both meet at a level, its letters are differentiated: one pass each way for all levels together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations.engines.exact import BatchCharacteristics
from simulations.engines.ladder_polynomials import bernstein_terms, differentiated

__all__ = ["LadderExpectation"]

Floats = NDArray[np.float64]
Number = Any
"""A float, where one curve and one figure are asked for; or an array that is broadcast."""
ByLevel = Any
"""Numbers of each level: a list of floats, or an array whose first axis are the levels."""

_BLOCK = 2**16  # curves x figures at once


class _Worth(NamedTuple):
    """What a selection, a patient and a DLT at each level count; and what no MTD does."""

    select: ByLevel
    patients: ByLevel
    dlts: ByLevel
    no_mtd: Number


class LadderExpectation:
    """The expectation of figures under any curve, with gradients.

    Parameters
    ----------
    batch : callable
        Of the automaton.
    rows : sequence of float array, shape (7, degree + 1)
        Letters of each level, and patients on the way up and coming back.
    start : int
        The lowest level on the way up.
    figures : float array, shape (F, K)
        See ``characteristics.figure_rows``.
    """

    def __init__(
        self,
        batch: Callable[[Floats], BatchCharacteristics],
        rows: Sequence[Floats],
        start: int,
        figures: Floats,
    ) -> None:
        self._batch, self._start, self._figures = batch, start, figures
        self._rows = np.array(rows)
        self._slopes = differentiated(self._rows)
        n_levels = len(rows)
        cuts = np.cumsum([n_levels, 1, 1, n_levels])
        self._select, self._no_mtd, _, self._patients, self._dlts = np.split(figures, cuts, axis=1)

    def values(self, p: Floats) -> Floats:
        """Return the expectations; shapes (N, L) to (N, F)."""
        found = self._batch(p)
        values = found.p_select @ self._select.T
        values += found.p_no_mtd[:, np.newaxis] * self._no_mtd[:, 0]
        values += found.patients @ self._patients.T + found.dlts @ self._dlts.T
        return np.asarray(values)

    def slopes(self, p: Floats) -> tuple[Floats, Floats]:
        """Return the expectations and their gradients; shapes (N, L) to (N, F) and (N, F, L)."""
        n_curves, (n_figures, n_levels) = len(p), self._select.shape
        values = np.empty((n_curves, n_figures))
        slopes = np.empty((n_curves, n_figures, n_levels))
        size = max(1, _BLOCK // n_figures)
        for first in range(0, n_curves, size):
            block = slice(first, first + size)
            values[block], slopes[block] = self._of_block(p[block])
        return values, slopes

    def _of_block(self, p: Floats) -> tuple[Floats, Floats]:
        degree = self._rows.shape[2] - 1
        terms = np.moveaxis(bernstein_terms(p.T, degree), 0, 1)  # (L, degree + 1, N)
        lower = np.moveaxis(bernstein_terms(p.T, max(0, degree - 1)), 0, 1)[:, :degree]
        letters, changes = self._rows @ terms, self._slopes @ lower  # (L, 7, N)
        if len(p) == len(self._figures) == 1:  # floats are a tenth of the time of arrays of one
            alone = (self._select[0].tolist(), self._patients[0].tolist(), self._dlts[0].tolist())
            worth = _Worth(*alone, no_mtd=float(self._no_mtd[0, 0]))
            told = letters[..., 0].tolist(), changes[..., 0].tolist()
            value, slopes = _both_ways(*told, p[0].tolist(), worth, self._start)
            return np.array([[value]]), np.array([[slopes]])
        # letters as (N, 1), what they count as (F,)
        worth = _Worth(self._select.T, self._patients.T, self._dlts.T, self._no_mtd[:, 0])
        wide = letters[..., np.newaxis], changes[..., np.newaxis]
        value, slopes = _both_ways(*wide, p.T[..., np.newaxis], worth, self._start)
        shape = (len(p), len(self._figures))
        at_levels = [np.broadcast_to(slope, shape) for slope in slopes]
        return np.broadcast_to(value, shape), np.stack(at_levels, axis=-1)


def _both_ways(
    letters: ByLevel,
    changes: ByLevel,
    p: ByLevel,
    worth: _Worth,
    start: int,
) -> tuple[Number, list[Number]]:
    """Return the expectation, and its derivative by the P(DLT) of each level.

    Letters, changes (their derivatives), P(DLT) and worth come by level; ``start`` is the lowest on
    the way up.
    """
    n_levels = len(p)
    levels = range(start, n_levels)
    select, dlts = worth.select, worth.dlts
    # a patient has a DLT with P(DLT), whatever was seen before
    patient = [worth.patients[level] + p[level] * dlts[level] for level in range(n_levels)]
    failing: list[Number] = [0.0] * (n_levels + 1)  # P(too toxic | reached on the way up)
    for level in reversed(levels):
        _, failed, _, _, lost, _, _ = letters[level]
        failing[level] = failed + lost * failing[level + 1]
    slopes: list[Number] = [0.0] * n_levels

    # below the start: what a trial that comes down still counts, from the lowest level up
    rest: list[Number] = [worth.no_mtd]  # of coming down to below each level
    for level in range(start):
        _, _, _, kept, lost, _, n_again = letters[level]
        rest.append(select[level] * kept + patient[level] * n_again + rest[level] * lost)
    reached = failing[start]
    for level in reversed(range(start)):
        _, _, _, kept, lost, _, n_again = changes[level]
        inside = select[level] * kept + patient[level] * n_again + rest[level] * lost
        slopes[level] = reached * (inside + dlts[level] * letters[level][6])
        reached = reached * letters[level][4]

    # on the way: how much it counts that a level is too toxic, from the start up
    reaching: list[Number] = []
    toxic: list[Number] = []
    reached, weight = 1.0, rest[start]
    for level in levels:
        passed, _, _, kept, lost, _, n_again = letters[level]
        reaching.append(reached)
        toxic.append(weight)
        weight = reached * (select[level] * kept + patient[level] * n_again) + weight * lost
        reached = reached * passed
    going_on: Number = 0.0  # what a trial counts that has passed a level, coming back apart
    for level in reversed(levels):
        reached, weight = reaching.pop(), toxic.pop()
        back = failing[level + 1]
        passed, failed, stopped, kept, lost, n_once, n_again = changes[level]
        chosen, treated = stopped + back * kept, n_once + back * n_again
        inside = select[level] * chosen + patient[level] * treated + passed * going_on
        slope = reached * inside + weight * (failed + back * lost)
        passed, _, stopped, kept, _, n_once, n_again = letters[level]
        chosen, treated = stopped + back * kept, n_once + back * n_again
        slopes[level] = slope + reached * treated * dlts[level]
        going_on = select[level] * chosen + patient[level] * treated + passed * going_on
    return going_on + rest[start] * failing[start], slopes
