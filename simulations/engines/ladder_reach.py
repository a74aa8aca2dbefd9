"""How likely so much of a trial is at certain levels, of designs judged by stages.

That a share of n of all patients reaches a / b is that a weighted count, b - a for each patient
there and -a for each other, is not below 0. It adds up over levels: its distribution follows the
words of the automaton (``ladder``), as values of its generating function at roots of unity.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd

import numpy as np
from numpy.typing import NDArray

from simulations.engines.ladder import LadderAutomaton
from simulations.engines.ladder_letters import Letter

__all__ = ["LadderReach"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


class LadderReach:
    """The words of an automaton, each patient weighted by where they are.

    Parameters
    ----------
    automaton : LadderAutomaton
    percent : int
        From 0 to 100.
    """

    def __init__(self, automaton: LadderAutomaton, percent: int) -> None:
        self.start, self.letters = automaton.start, automaton.letters
        self.seen = sorted({key for told in self.letters for one in told.all() for key in one})
        sizes = {n for n, _ in self.seen}
        self.unit, most = max(1, gcd(*sizes)), len(self.letters) * max(sizes)
        share = Fraction(percent, 100)
        self.gain, self.loss = share.denominator - share.numerator, share.numerator
        self.highest = self.gain * most // self.unit
        self.n = self.highest + self.loss * most // self.unit + 1
        self.roots = np.exp(-2j * np.pi * np.arange(self.n // 2 + 1) / self.n)

    def probabilities(self, p: Floats, above: NDArray[np.bool_]) -> Floats:
        """Return the probability under each scenario.

        Parameters
        ----------
        p : float array, shape (N, L)
        above : bool array, shape (L,)
            Which levels count.

        Returns
        -------
        float array, shape (N,)
        """
        values = np.fft.irfft(self._words(p.T, above), self.n, axis=0)
        return np.asarray(np.clip(values[: self.highest + 1].sum(axis=0), 0.0, 1.0))

    def _words(self, p: Floats, above: NDArray[np.bool_]) -> Complex:
        """Return the generating function of the weighted count at each root; shape (Z, N)."""
        ends = failing = np.zeros((len(self.roots), p.shape[1]), dtype=np.complex128)
        for level in range(len(self.letters) - 1, -1, -1):
            told = self.letters[level]
            below = level < self.start
            letters = (told.kept, told.lost) if below else told.all()
            found = self._weigh(letters, p[level], counts=bool(above[level]))
            if below:
                kept, lost = found
                ends, failing = ends + kept * failing, lost * failing
            else:
                passed, failed, stopped, kept, lost = found
                ends = passed * ends + stopped + kept * failing
                failing = lost * failing + failed
        return np.asarray(ends + failing)

    def _weigh(self, letters: Sequence[Letter], p: Floats, *, counts: bool) -> Complex:
        """Return letters of a level, each patient there weighted; shape (letters, Z, N)."""
        n, x = np.array(self.seen).T[:, :, np.newaxis]
        terms = p**x * (1 - p) ** (n - x)  # (kinds, N)
        weight = self.gain if counts else -self.loss
        marks = self.roots[:, np.newaxis] ** (n[:, 0] // self.unit * weight)  # (Z, kinds)
        ways = np.array([[one.get(key, 0) for key in self.seen] for one in letters], dtype=float)
        by_kind = ways[:, np.newaxis] * marks
        found: Complex = by_kind.real @ terms + 1j * (by_kind.imag @ terms)
        return found
