"""Mean shares of a trial's patients, of designs whose levels are followed one by one.

A share is a ratio: of the patients at some levels, or of the DLTs, to all patients of the same
trial. One over a number of patients n is the integral of z^(n - 1) from 0 to 1, which Gauss's rule
finds without error, n being bounded. And the expectation of z^n times a number that adds up over
levels follows the words of the automaton (``ladder``), each letter weighted by z to the power of
its patients: it is carried from the last letter to the first, with both numerators beside it.
"""

from __future__ import annotations

from math import ceil, comb, gcd

import numpy as np
from numpy.typing import NDArray

from simulations.engines.ladder import LadderAutomaton

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
    automaton : LadderAutomaton
    """

    def __init__(self, automaton: LadderAutomaton) -> None:
        self.n_levels, self.start = automaton.n_levels, automaton.start
        sizes = automaton.letters.sizes()
        self.unit, self.most = gcd(*sizes), max(sizes)
        n_nodes = ceil(self.n_levels * self.most / self.unit / 2)
        nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
        self.nodes = (nodes + 1) / 2
        self.weights = weights / (2 * self.unit * self.nodes)
        self.opens_below = bool(automaton.letters.new_kept)
        self.letters = automaton.letters
        self.on_the_way = self._in_powers("passed", "stopped", "kept", "lost", "failed")
        self.at_the_top = self._in_powers("top_kept", "top_failed")
        self.from_above = self._in_powers("new_kept", "new_failed")

    def _in_powers(self, *names: str) -> Floats:
        """Return letters as polynomials in P(DLT), the constant first; rows as (name, 3, node)."""
        rows = np.zeros((len(names), 3, len(self.nodes), self.most + 1))
        for row, name in zip(rows, names, strict=True):
            for (n, x), ways in getattr(self.letters, name).items():
                weight = np.multiply.outer([1, n, x], ways * self.nodes ** (n // self.unit))
                for k in range(n - x + 1):
                    row[:, :, x + k] += comb(n - x, k) * (-1) ** k * weight
        return rows.reshape(-1, self.most + 1)

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
        size = max(1, _ONE_CORE // self.on_the_way.size)
        for first in range(0, len(p), size):
            block = slice(first, first + size)
            share[block], rate[block] = self._block(p[block].T, above[block].T)
        return share, rate

    def _block(self, p: Floats, above: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        powers = np.ones((self.most + 1, *p.shape))
        for power in range(1, self.most + 1):
            np.multiply(powers[power - 1], p, out=powers[power])

        def letters(of: Floats, level: int) -> Floats:
            told = (of @ powers[:, level]).reshape(-1, 3, len(self.nodes), p.shape[1])
            told[:, 1] *= above[level]
            return told

        top = self.n_levels - 1
        ends, failed = letters(self.at_the_top, top)
        for level in range(top - 1, self.start - 1, -1):
            passed, stopped, kept, lost, at_once = letters(self.on_the_way, level)
            ends = _before(passed, ends)
            ends += stopped
            ends += _before(kept, failed)
            failed = _before(lost, failed)
            failed += at_once
        if self.opens_below:
            for level in range(self.start - 1, -1, -1):
                kept, lost = letters(self.from_above, level)
                ends = ends + _before(kept, failed)
                failed = _before(lost, failed)
        share, rate = np.einsum("z,fzn->fn", self.weights, ends[1:] + failed[1:])
        return share, rate


def _before(letter: Weighted, rest: Weighted) -> Weighted:
    """Put a letter before the rest of a word: weights multiply, what they count adds up."""
    product: Weighted = letter[0] * rest
    product[1:] += letter[1:] * rest[0]
    return product
