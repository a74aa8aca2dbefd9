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

__all__ = ["LadderReach"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

_ON_THE_WAY = ("passed", "stopped", "kept", "lost", "failed")
_AT_THE_TOP = ("top_kept", "top_failed")
_FROM_ABOVE = ("new_kept", "new_failed")


class LadderReach:
    """The words of an automaton, each patient weighted by where they are.

    Parameters
    ----------
    automaton : LadderAutomaton
    percent : int
        From 0 to 100.
    """

    def __init__(self, automaton: LadderAutomaton, percent: int) -> None:
        self.n_levels, self.start = automaton.n_levels, automaton.start
        self.letters = automaton.letters
        self.opens_below = bool(automaton.letters.new_kept)
        names = (*_ON_THE_WAY, *_AT_THE_TOP, *_FROM_ABOVE)
        self.seen = sorted({key for name in names for key in getattr(self.letters, name)})
        sizes = self.letters.sizes()
        self.unit, most = gcd(*sizes), self.n_levels * max(sizes)
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
        top = self.n_levels - 1
        ends, failed = self._of_level(_AT_THE_TOP, p[top], counts=bool(above[top]))
        for level in range(top - 1, self.start - 1, -1):
            passed, stopped, kept, lost, at_once = self._of_level(
                _ON_THE_WAY, p[level], counts=bool(above[level])
            )
            ends = passed * ends + stopped + kept * failed
            failed = lost * failed + at_once
        if self.opens_below:
            for level in range(self.start - 1, -1, -1):
                kept, lost = self._of_level(_FROM_ABOVE, p[level], counts=bool(above[level]))
                ends = ends + kept * failed
                failed = lost * failed
        return np.asarray(ends + failed)

    def _of_level(self, names: tuple[str, ...], p: Floats, *, counts: bool) -> Complex:
        """Return letters at a level, each patient there weighted; shape (names, Z, N)."""
        n, x = np.array(self.seen).T[:, :, np.newaxis]
        terms = p**x * (1 - p) ** (n - x)  # (kinds, N)
        weight = self.gain if counts else -self.loss
        marks = self.roots[:, np.newaxis] ** (n[:, 0] // self.unit * weight)  # (Z, kinds)
        ways = np.array(
            [[getattr(self.letters, name)[key] for key in self.seen] for name in names], dtype=float
        )
        by_kind = ways[:, np.newaxis] * marks
        found: Complex = by_kind.real @ terms + 1j * (by_kind.imag @ terms)
        return found
