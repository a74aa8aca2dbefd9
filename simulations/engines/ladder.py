"""Exact figures of designs that judge a level by stages, linear in the number of levels.

Such a design (the A+B family) goes up level by level until one is too toxic, then comes down until
one below is good enough: read from the bottom, a finished trial is a word of letters, each a level
with what was seen there, and the letters of neighbours say how the word goes on:

    passed ... passed, the MTD, passed and then failed ... , too toxic, not given ...

The letters are found by asking the design about one level among its neighbours
(``ladder_letters``); the shape of the word is the family's. No threshold is known here. The graph
of states, which grows with the power of the levels, gives the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.designs.base import Design
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.engines.exact import BatchCharacteristics
from simulations.engines.ladder_letters import Letter, Letters, find_letters
from simulations.engines.ladder_polynomials import bernstein_terms, in_bernstein
from simulations.engines.ladder_shares import LadderShares
from simulations.engines.ladder_slopes import LadderExpectation
from simulations.probabilities import check_probabilities

__all__ = ["LadderAutomaton", "ladder_automaton"]

Floats = NDArray[np.float64]

_BLOCK = 2048  # scenarios at once: what they need stays in the cache
_WORK = 2e7  # curves x levels, some two seconds


def ladder_automaton(
    design: Design, tallies: Sequence[Tally] | None = None, level: int | None = None
) -> LadderAutomaton | None:
    """Return the automaton of a design, from its start or from what has been seen.

    None where its levels are not judged by stages; or where they stand, after a departure or with
    patients pending, as no trial that goes up or down one by one would have them.
    """
    if not _is_ladder(design):
        return None
    found = _find_letters(design, tallies, level)
    return None if found is None else LadderAutomaton(design, tallies, level)


def _is_ladder(design: Design) -> bool:
    """Tell whether levels are judged by stages on their own patients, whatever was seen elsewhere.

    A limit on all patients, or moderate toxicities counted over levels, would be seen elsewhere.
    """
    own = design.by_stages and design.by_level and not design.remembers
    return own and not design.asks_moderate and design.max_patients is None


def _find_letters(
    design: Design, tallies: Sequence[Tally] | None, level: int | None
) -> tuple[int, tuple[Letters, ...]] | None:
    before = (Tally(),) * design.n_levels if tallies is None else tuple(tallies)
    here = design.start if level is None else level
    design.check_fit(before, here)
    return find_letters(design, before, here)


class LadderAutomaton:
    """Exact characteristics of a design that judges levels by stages.

    Parameters
    ----------
    design : Design
        Whose levels are judged by stages: see ``ladder_automaton``.
    tallies : sequence of Tally, optional
        What has been seen so far, one a level; nothing by default.
    level : int, optional
        0-based level of the last cohort; the design's start by default.

    Attributes
    ----------
    start : int
        The lowest level on the way up.
    letters : tuple of Letters
        How each level can end, by the situation that it is in.
    n_so_far, n_dlts_so_far, n_pending : int array, shape (L,)
        As of a graph; nobody is pending.

    Raises
    ------
    InputError
        For a design, or outcomes so far, whose levels are not followed one by one.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> found = LadderAutomaton(ThreePlusThree(n_levels=40)).characteristics([0.05] * 40)
    >>> round(found.sample_size.mean, 2)
    87.14
    """

    def __init__(
        self, design: Design, tallies: Sequence[Tally] | None = None, level: int | None = None
    ) -> None:
        if not _is_ladder(design):
            raise InputError(f"{design.name} does not judge its levels by stages")
        found = _find_letters(design, tallies, level)
        if found is None:
            raise InputError("these outcomes so far do not stand as of a trial level by level")
        self.design, self.n_levels = design, design.n_levels
        self.start, self.letters = found
        before = (Tally(),) * self.n_levels if tallies is None else tallies
        self.n_so_far = np.array([tally.n_evaluable for tally in before])
        self.n_dlts_so_far = np.array([tally.n_dlts for tally in before])
        self.n_pending = np.zeros(self.n_levels, dtype=np.intp)
        self.affordable = int(_WORK / self.n_levels)
        kinds = {key for told in self.letters for letter in told.all() for key in letter}
        self._n, self._x = np.array(sorted(kinds), dtype=np.intp).T
        self.degree = int(self._n.max())
        self.rows = self._by_level(self._in_bernstein)

    def _by_level(self, find: Callable[[Letters], Floats]) -> list[Floats]:
        """Find something of the letters of each level, once for levels with the same."""
        known: dict[int, Floats] = {}
        for told in self.letters:
            if id(told) not in known:
                known[id(told)] = find(told)
        return [known[id(told)] for told in self.letters]

    def _in_bernstein(self, told: Letters) -> Floats:
        """Return P(each letter), and patients on the way up and coming back, as coefficients.

        Of p^k (1 - p)^(degree - k): none is negative, so that nothing is lost to rounding.
        """
        mean = [_times_n(letter) for letter in told.all()]
        passed, failed, stopped, kept, lost = mean
        back = _minus(kept + lost, passed) if told.kept or told.lost else Letter()
        letters = (*told.all(), passed + failed + stopped, back)
        rows = [in_bernstein(letter, self.degree) for letter in letters]
        return np.array(rows, dtype=np.float64)

    def __repr__(self) -> str:
        return f"<LadderAutomaton of {self.design.name} on {self.n_levels} levels>"

    # ------------------------------------------------------------ many scenarios

    def check(self, p_dlt: ArrayLike, *, n_dim: int = 1) -> Floats:
        """Return ``p_dlt`` as an array that fits the ladder, or raise ``InputError``."""
        return check_probabilities(p_dlt, self.n_levels, "P(DLT)", n_dim=n_dim)

    def batch(self, p_dlt: ArrayLike) -> BatchCharacteristics:
        """Return selection and expected counts under many scenarios.

        Parameters
        ----------
        p_dlt : array_like, shape (N, L)

        Raises
        ------
        InputError
            For a wrong shape, or what is no probability.
        """
        return self._in_blocks(self.check(p_dlt, n_dim=2), _BLOCK)

    def _in_blocks(
        self, p: Floats, size: int, beside: Callable[[Floats, slice], None] | None = None
    ) -> BatchCharacteristics:
        """Return ``batch``, some scenarios at a time, their terms used ``beside`` as well."""
        select, patients = np.empty_like(p), np.empty_like(p)
        no_mtd = np.empty(len(p))
        for first in range(0, len(p), size):
            block = slice(first, first + size)
            terms = bernstein_terms(p[block].T, self.degree)
            self._block(terms, select[block], patients[block], no_mtd[block])
            if beside is not None:
                beside(terms, block)
        return BatchCharacteristics(
            p_select=select,
            p_no_mtd=no_mtd,
            p_inconclusive=np.zeros(len(p)),
            patients=patients,
            dlts=patients * p,  # Wald: each patient has a DLT with the same probability
        )

    def _block(self, terms: Floats, select: Floats, patients: Floats, no_mtd: Floats) -> None:
        """Fill in the figures of some scenarios."""
        letters = [rows @ terms[:, level] for level, rows in enumerate(self.rows)]
        top, start = self.n_levels - 1, self.start
        back = [np.zeros(len(no_mtd))] * self.n_levels  # P(coming back to a level that was passed)
        failed = back[top]
        for level in range(top, start - 1, -1):
            back[level] = failed
            _, at_once, _, _, lost, _, _ = letters[level]
            failed = at_once + lost * failed
        reached = np.ones(len(no_mtd))
        for level in range(start, self.n_levels):
            passed, _, stopped, kept, _, n_once, n_again = letters[level]
            select[:, level] = reached * (stopped + back[level] * kept)
            patients[:, level] = reached * (n_once + back[level] * n_again)
            reached = reached * passed
        for level in range(start - 1, -1, -1):
            _, _, _, kept, lost, _, n_again = letters[level]
            select[:, level], patients[:, level] = failed * kept, failed * n_again
            failed = failed * lost
        no_mtd[:] = failed

    def expecting(self, figures: Floats) -> LadderExpectation:
        """Return what finds the expectation of figures, and how it changes with P(DLT).

        Parameters
        ----------
        figures : float array, shape (F, K)
            See ``characteristics.figure_rows``.
        """
        return LadderExpectation(self.batch, self.rows, self.start, figures)

    def with_shares(
        self, p: Floats, above: NDArray[np.bool_]
    ) -> tuple[BatchCharacteristics, Floats, Floats]:
        """Return ``batch``, and a trial's mean shares of patients at some levels and with a DLT.

        Parameters
        ----------
        p : float array, shape (N, L)
        above : bool array, shape (N, L)
            Which levels count in each scenario.
        """
        shares, fill = self._shares.filling(above)
        batch = self._in_blocks(self.check(p, n_dim=2), min(_BLOCK, self._shares.at_once), fill)
        return (batch, *shares)

    @cached_property
    def _shares(self) -> LadderShares:
        return LadderShares(self.letters, self.start, self.degree)

    # ------------------------------------------------------------ one scenario

    def characteristics(self, p_dlt: Sequence[float]) -> OperatingCharacteristics:
        """Return every figure under one scenario, distributions included.

        Parameters
        ----------
        p_dlt : sequence of float, length L

        Raises
        ------
        InputError
            For a wrong length, or what is no probability.
        """
        p = self.check(p_dlt)
        found = self._distributions(p)
        possible = self._distributions(np.full(self.n_levels, 0.5))
        means = self.batch(p[np.newaxis])

        def distribution(name: str, level: int | None = None) -> Distribution:
            said, can = found[name], possible[name]
            if level is not None:
                said, can = said[level], can[level]
            values = np.flatnonzero(can > 0)
            return Distribution(values=values, p=said[values])

        levels = range(self.n_levels)
        return OperatingCharacteristics(
            p_select=means.p_select[0],
            p_no_mtd=float(means.p_no_mtd[0]),
            p_inconclusive=0.0,
            sample_size=distribution("n"),
            total_dlts=distribution("x"),
            patients_by_level=tuple(distribution("n_by_level", level) for level in levels),
            dlts_by_level=tuple(distribution("x_by_level", level) for level in levels),
            continued=bool(self.n_so_far.any()),
        )

    def _distributions(self, p: Floats) -> dict[str, Any]:
        """Return P(so many patients), P(so many DLTs), in all and at each level."""
        n, x = self._n, self._x
        seen = list(zip(n.tolist(), x.tolist(), strict=True))
        ways = self._by_level(lambda told: np.array([[w[key] for w in told.all()] for key in seen]))
        terms = p[:, np.newaxis] ** x * (1 - p)[:, np.newaxis] ** (n - x)  # (L, kinds)
        likely = terms[:, :, np.newaxis] * np.array(ways)  # (L, kinds, letters)
        found: dict[str, Any] = {}
        for name, counts in (("n", n), ("x", x)):
            spread = np.zeros((int(counts.max()) + 1, len(counts)))
            spread[counts, np.arange(len(counts))] = 1.0
            # the generating function of each letter at each level: (L, letters, size)
            by_letter = np.swapaxes(spread @ likely, 1, 2)
            found[name] = self._of_all(by_letter)
            found[f"{name}_by_level"] = self._at_levels(by_letter, likely.sum(axis=1).tolist())
        return found

    def _at_levels(self, by_letter: Floats, mass: list[list[float]]) -> list[Floats]:
        """Return the distribution at each level, the rest of the probability at nobody."""
        found: list[Floats] = [np.empty(0)] * self.n_levels
        back = [0.0] * self.n_levels  # as in ``_block``
        going = 0.0
        for level in range(self.n_levels - 1, self.start - 1, -1):
            back[level] = going
            going = mass[level][1] + mass[level][4] * going
        reached = 1.0
        for level in range(self.start, self.n_levels):
            passed, failed, stopped, kept, lost = by_letter[level]
            here = failed + stopped + passed
            if back[level]:
                here = here + back[level] * (kept + lost - passed)
            found[level] = _or_nobody(reached * here, reached)
            reached *= mass[level][0]
        for level in range(self.start - 1, -1, -1):
            _, _, _, kept, lost = by_letter[level]
            found[level] = _or_nobody(going * (kept + lost), going)
            going *= mass[level][4]
        return found

    def _of_all(self, by_letter: Floats) -> Floats:
        """Return the distribution over the whole trial: words are products of their letters."""
        down: list[Floats] = [np.zeros(1)] * self.n_levels  # of the levels above, failing
        failing = down[-1]
        for level in range(self.n_levels - 1, self.start - 1, -1):
            down[level] = failing
            _, failed, _, _, lost = by_letter[level]
            failing = _add(failed, np.convolve(lost, failing))
        words: list[Floats] = []
        up = np.ones(1)
        for level in range(self.start, self.n_levels):
            passed, _, stopped, kept, _ = by_letter[level]
            words.append(np.convolve(up, stopped))
            words.append(np.convolve(np.convolve(up, kept), down[level]))
            up = np.convolve(up, passed)
        for level in range(self.start - 1, -1, -1):
            _, _, _, kept, lost = by_letter[level]
            words.append(np.convolve(failing, kept))
            failing = np.convolve(failing, lost)
        words.append(failing)
        total = np.zeros(max(map(len, words)))
        for word in words:
            total[: len(word)] += word
        return total


def _times_n(letter: Letter) -> Letter:
    return Letter({(n, x): n * ways for (n, x), ways in letter.items()})


def _minus(one: Letter, other: Letter) -> Letter:
    return Letter({key: one[key] - other[key] for key in one | other})


def _or_nobody(at: Floats, reached: float) -> Floats:
    """Put the probability of not coming to a level at nobody."""
    at[0] += 1 - reached
    return np.maximum(at, 0.0)


def _add(one: Floats, other: Floats) -> Floats:
    total = np.zeros(max(len(one), len(other)))
    total[: len(one)] += one
    total[: len(other)] += other
    return total
