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
Weighted = Floats
"""Of a letter or what follows it, at each node: weight, patients above and DLTs; (3, Z, N)."""

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
        known: dict[int, Floats] = {}
        for level, told in enumerate(letters):
            if id(told) not in known:
                known[id(told)] = self._in_bernstein(told, below=level < start)
        self.rows = [known[id(told)] for told in letters]

    def _in_bernstein(self, told: Letters, *, below: bool) -> Floats:
        """Return a level's letters as coefficients; rows as (letter, 3, node)."""
        letters = (told.kept, told.lost) if below else told.all()
        rows = np.zeros((len(letters), 3, len(self.nodes), self.degree + 1))
        for place, letter in enumerate(letters):
            for (n, x), ways in letter.items():
                alone = in_bernstein(Letter({(n, x): ways}), self.degree)
                weight = np.multiply.outer([1, n, x], self.nodes ** (n // self.unit))
                rows[place] += weight[..., np.newaxis] * alone
        return rows.reshape(-1, self.degree + 1)

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
        share, rate = np.empty(len(p)), np.empty(len(p))
        size = max(1, _ONE_CORE // max(rows.size for rows in self.rows))
        for first in range(0, len(p), size):
            block = slice(first, first + size)
            share[block], rate[block] = self._block(p[block].T, above[block].T)
        return share, rate

    def _block(self, p: Floats, above: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        terms = bernstein_terms(p, self.degree)

        def letters(level: int) -> Floats:
            told = (self.rows[level] @ terms[:, level]).reshape(-1, 3, *ends.shape[1:])
            told[:, 1] *= above[level]
            return told

        ends, failing = np.zeros((2, 3, len(self.nodes), p.shape[1]))
        for level in range(self.n_levels - 1, self.start - 1, -1):
            passed, failed, stopped, kept, lost = letters(level)
            ends = _before(passed, ends)
            ends += stopped
            ends += _before(kept, failing)
            failing = _before(lost, failing)
            failing += failed
        for level in range(self.start - 1, -1, -1):
            kept, lost = letters(level)
            ends += _before(kept, failing)
            failing = _before(lost, failing)
        share, rate = np.einsum("z,fzn->fn", self.weights, ends[1:] + failing[1:])
        return share, rate


def _before(letter: Weighted, rest: Weighted) -> Weighted:
    """Put a letter before the rest of a word: weights multiply, what they count adds up."""
    product: Weighted = letter[0] * rest
    product[1:] += letter[1:] * rest[0]
    return product
