"""How likely so much of a trial is at certain levels, of designs judged by stages.

That a share of n of all patients reaches a / b is that a weighted count, b - a for each patient
there and -a for each other, is not below 0. It adds up over levels: its distribution follows the
words of the automaton (``ladder``), as values of its generating function at roots of unity.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np
from numpy.typing import NDArray

from simulations.engines.ladder import LadderAutomaton
from simulations.engines.ladder_letters import Letter, Letters

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
        self.letters, self.start = automaton.letters, automaton.start
        seen = sorted({key for told in self.letters for letter in told.all() for key in letter})
        self.seen = np.array(seen).T[:, :, np.newaxis]  # patients, DLTs
        self.unit = max(1, gcd(*(n for n, _ in seen)))
        most = automaton.n_levels * automaton.degree // self.unit
        share = Fraction(percent, 100)
        self.gain, self.loss = share.denominator - share.numerator, share.numerator
        self.highest = self.gain * most
        self.n = self.highest + self.loss * most + 1
        self.roots = np.exp(-2j * np.pi * np.arange(self.n // 2 + 1) / self.n)
        self._known: dict[tuple[int, bool], Complex] = {}

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
        for level in range(len(p) - 1, -1, -1):
            passed, failed, stopped, kept, lost = self._of_level(
                self.letters[level], p[level], counts=bool(above[level])
            )
            if level >= self.start:
                ends = passed * ends + stopped + kept * failing
                failing = lost * failing + failed
            else:
                ends = ends + kept * failing
                failing = lost * failing
        return ends + failing

    def _of_level(self, told: Letters, p: Floats, *, counts: bool) -> Complex:
        """Return letters at a level, each patient there weighted; shape (letters, Z, N)."""
        if (id(told), counts) not in self._known:
            n = self.seen[0, :, 0]
            marks = self.roots[:, np.newaxis] ** (
                n // self.unit * (self.gain if counts else -self.loss)
            )
            by_letter = np.array([self._ways(letter) for letter in told.all()])
            self._known[id(told), counts] = by_letter[:, np.newaxis] * marks
        by_kind = self._known[id(told), counts]
        n, x = self.seen
        terms = p**x * (1 - p) ** (n - x)  # (kinds, N)
        found: Complex = by_kind.real @ terms + 1j * (by_kind.imag @ terms)
        return found

    def _ways(self, letter: Letter) -> list[float]:
        return [float(letter[n, x]) for n, x in self.seen[:, :, 0].T.tolist()]
