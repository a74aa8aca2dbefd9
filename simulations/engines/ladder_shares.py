"""Mean shares of a trial's patients, of designs whose levels are followed one by one.

A share is a ratio: of the patients at some levels, or of the DLTs, to all patients of the same
trial. One over a number of patients n is the integral of z^(n - 1) from 0 to 1, which Gauss's rule
finds without error, n being bounded. And the expectation of z^n times a number that adds up over
levels follows the words of the automaton (``ladder``), each letter weighted by z to the power of
its patients: it is carried from the last letter to the first, with both numerators beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from simulations.engines.ladder_letters import Letter, Letters
from simulations.engines.ladder_polynomials import bernstein_terms, in_bernstein

__all__ = ["LadderShares"]

Floats = NDArray[np.float64]
_PASSED, _FAILED, _STOPPED, _KEPT, _LOST = range(5)  # as ``Letters.all``
# Multiplications in one matrix product, so that it stays on one core, as in ``exact``.
_ONE_CORE = 2**18


class LadderShares:
    """The words of an automaton, read from their ends.

    Parameters
    ----------
    letters : sequence of Letters
        Of each level.
    start : int
        The lowest level on the way up.
    degree : int
        The most patients of a letter.
    """

    def __init__(self, letters: Sequence[Letters], start: int, degree: int) -> None:
        self.n_levels, self.start, self.degree = len(letters), start, degree
        sizes = {n for told in letters for letter in told.all() for n, _ in letter}
        self.unit = max(1, gcd(*sizes))
        n_nodes = max(1, ceil(self.n_levels * degree / self.unit / 2))
        nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
        self.nodes = (nodes + 1) / 2
        self.weights = weights / (2 * self.unit * self.nodes)
        known: dict[int, list[Floats | None]] = {}
        for told in letters:
            if id(told) not in known:
                known[id(told)] = [self._in_bernstein(letter) for letter in told.all()]
        self.rows = [known[id(told)] for told in letters]

    def _in_bernstein(self, letter: Letter) -> Floats | None:
        """Return a letter's coefficients, rows as (3, node); None for one that never comes."""
        rows = np.zeros((3, len(self.nodes), self.degree + 1))
        for (n, x), ways in letter.items():
            alone = in_bernstein(Letter({(n, x): ways}), self.degree)
            weight = np.multiply.outer([1, n, x], self.nodes ** (n // self.unit))
            rows += weight[..., np.newaxis] * alone
        return rows.reshape(-1, self.degree + 1) if letter else None

    def means(self, p: Floats, above: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Return the mean share of a trial's patients at certain levels, and with a DLT.

        Parameters
        ----------
        p : float array, shape (N, L)
        above : bool array, shape (N, L)
            Which levels count in each scenario.

        Returns
        -------
        float arrays, shape (N,)
        """
        shares = np.empty((2, len(p)))
        size = max(1, _ONE_CORE // (3 * len(self.nodes) * (self.degree + 1)))
        # room for a letter, a product, and what is carried along twice, used again and again:
        # to ask the system for it each time takes longer than to fill it
        room = np.empty((6, 3, len(self.nodes), min(size, len(p))))
        for first in range(0, len(p), size):
            block = slice(first, first + size)
            fits = room[..., : len(p[block])]
            shares[:, block] = self._block(p[block].T, above[block].T, fits)
        return shares[0], shares[1]

    def _block(self, p: Floats, above: NDArray[np.bool_], room: Floats) -> Floats:
        """Return both shares; shape (2, N)."""
        terms = bernstein_terms(p, self.degree)
        told, product, *carried = room

        def put(letter: int, level: int, rest: Floats | None, total: Floats) -> None:
            """Add a letter with the rest of its word: weights multiply, what they count adds up."""
            rows = self.rows[level][letter]
            if rows is None:
                return
            np.matmul(rows.reshape(*told.shape[:2], -1), terms[:, level], out=told)
            told[1] *= above[level]
            if rest is not None:
                total += np.multiply(told[0], rest, out=product)
                told[1:] *= rest[0]
                total[1:] += told[1:]
            else:
                total += told

        ends, failing, here, toxic = carried
        ends[:] = failing[:] = 0.0
        for level in range(self.n_levels - 1, self.start - 1, -1):
            here[:] = toxic[:] = 0.0
            put(_STOPPED, level, None, here)
            put(_FAILED, level, None, toxic)
            if level < self.n_levels - 1:
                put(_PASSED, level, ends, here)
                put(_KEPT, level, failing, here)
                put(_LOST, level, failing, toxic)
            ends, failing, here, toxic = here, toxic, ends, failing
        for level in range(self.start - 1, -1, -1):
            toxic[:] = 0.0
            put(_KEPT, level, failing, ends)
            put(_LOST, level, failing, toxic)
            failing, toxic = toxic, failing
        ends += failing
        return np.asarray(np.einsum("z,fzn->fn", self.weights, ends[1:]))
