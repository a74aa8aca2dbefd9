"""Mean shares of a trial's patients, of designs whose levels are followed one by one.

A share is a ratio: of the patients at some levels, or of the DLTs, to all patients of the same
trial. One over a number of patients n is the integral of z^(n - 1) from 0 to 1, which Gauss's rule
finds without error, n being bounded. And the expectation of z^n times a number that adds up over
levels follows the words of the automaton (``ladder``), each letter weighted by z to the power of
its patients: it is carried from the last letter to the first, with both numerators beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, gcd, prod

import numpy as np
from numpy.typing import NDArray

from simulations.engines.ladder_letters import Letter, Letters
from simulations.engines.ladder_polynomials import in_bernstein

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

    @property
    def at_once(self) -> int:
        """How many scenarios are followed together."""
        return max(1, _ONE_CORE // (3 * len(self.nodes) * (self.degree + 1)))

    def filling(self, above: NDArray[np.bool_]) -> tuple[Floats, Callable[[Floats, slice], None]]:
        """Return room for the mean shares of a trial's patients, and what fills some in.

        Parameters
        ----------
        above : bool array, shape (N, L)
            Which levels count in each scenario.

        Returns
        -------
        float array, shape (2, N)
            The shares at certain levels, and with a DLT.
        callable
            Takes the ``bernstein_terms`` of ``at_once`` scenarios at most, and which they are.
        """
        shares = np.empty((2, len(above)))
        # room for a letter, a product, and what is carried along twice, used again and again:
        # to ask the system for it each time takes longer than to fill it
        shape = (6, 3, len(self.nodes))
        room = np.empty(prod(shape) * min(self.at_once, len(above)))

        def fill(terms: Floats, block: slice) -> None:
            n = terms.shape[-1]
            counted = above[block].T.astype(np.float64)
            shares[:, block] = self._block(
                terms, counted, room[: prod(shape) * n].reshape(*shape, n)
            )

        return shares, fill

    def _block(self, terms: Floats, above: Floats, room: Floats) -> Floats:
        """Return both shares; shape (2, N)."""
        told, product, *carried = room

        def put(
            level: int,
            words: Iterable[tuple[int, Floats | None]],
            total: Floats,
            *,
            is_first: bool = True,
        ) -> None:
            """Sum letters with the rest of their word: weights multiply, what they count adds up.

            The first is written and not added, since each step costs as much as it touches.
            """
            for letter, rest in words:
                rows = self.rows[level][letter]
                if rows is None:
                    continue
                into = total if is_first and rest is None else told
                np.matmul(rows, terms[:, level], out=into.reshape(len(rows), -1))
                into[1] *= above[level]
                if rest is not None:
                    np.multiply(told[0], rest, out=total if is_first else product)
                    if not is_first:
                        total += product
                    told[1:] *= rest[0]
                    total[1:] += told[1:]
                elif not is_first:
                    total += told
                is_first = False
            if is_first:
                total[:] = 0.0

        ends, failing, here, toxic = carried
        ends[:] = failing[:] = 0.0
        for level in range(self.n_levels - 1, self.start - 1, -1):
            goes_on = level < self.n_levels - 1
            after = [(_PASSED, ends), (_KEPT, failing)] if goes_on else []
            put(level, [(_STOPPED, None), *after], here)
            put(level, [(_FAILED, None), *([(_LOST, failing)] if goes_on else [])], toxic)
            ends, failing, here, toxic = here, toxic, ends, failing
        for level in range(self.start - 1, -1, -1):
            put(level, [(_KEPT, failing)], ends, is_first=False)
            put(level, [(_LOST, failing)], toxic)
            failing, toxic = toxic, failing
        ends += failing
        return np.asarray(np.einsum("z,fzn->fn", self.weights, ends[1:]))
