"""Exact figures of designs that judge a level by stages, linear in the number of levels.

Such a design (the A+B family) goes up level by level until one is too toxic, then comes down until
one below is good enough: read from the bottom, a finished trial is a word of letters, each a level
with what was seen there, and the letters of neighbours say how the word goes on:

    passed ... passed, the MTD, passed and then failed ... , too toxic, not given ...

The letters are found by asking the design about one level in every situation of its neighbours, on
a ladder of three; the shape of the word is the family's. No threshold is known here. The graph of
states, which grows with the power of the levels, gives the same figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.designs.base import Design, LevelStatus
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.engines.exact import BatchCharacteristics
from simulations.probabilities import check_probabilities

__all__ = ["LadderAutomaton", "Letter", "ladder_automaton"]

Floats = NDArray[np.float64]
Letter = Counter[tuple[int, int]]
"""In how many ways so many patients, and so many DLTs among them, end a level like this."""

_BLOCK = 2048  # scenarios at once: what they need stays in the cache
_FAILED, _LOST = 1, 4  # among the letters on the way up


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letters:
    """How a level can end, by the situation that it is in.

    Attributes
    ----------
    passed, failed, stopped : Counter
        On the way up, with higher levels to come: passed; too toxic; the MTD at once.
    kept, lost : Counter
        Passed on the way up, then directly below a level that was too toxic: the MTD; too toxic.
    top_kept, top_failed : Counter
        At the highest level on the way up.
    new_kept, new_failed : Counter
        Not given on the way up, directly below a level that was too toxic; both empty where the
        design does not open such a level.
    """

    passed: Letter
    failed: Letter
    stopped: Letter
    kept: Letter
    lost: Letter
    top_kept: Letter
    top_failed: Letter
    new_kept: Letter
    new_failed: Letter

    def sizes(self) -> set[int]:
        """Return the numbers of patients with which a level can end."""
        return {n for name in _NAMES for n, _ in getattr(self, name)}


_NAMES = (
    *("passed", "failed", "stopped", "kept", "lost"),
    *("top_kept", "top_failed", "new_kept", "new_failed"),
)


def ladder_automaton(design: Design) -> LadderAutomaton | None:
    """Return the automaton of a design; None where its levels are not judged by stages."""
    return LadderAutomaton(design) if _is_ladder(design) else None


def _is_ladder(design: Design) -> bool:
    """Tell whether levels are judged by stages on their own patients, whatever was seen elsewhere.

    A limit on all patients, or moderate toxicities counted over levels, would be seen elsewhere.
    """
    own = design.by_stages and design.by_level and not design.remembers
    return own and not design.asks_moderate and design.max_patients is None


class LadderAutomaton:
    """Exact characteristics of a design that judges levels by stages.

    Parameters
    ----------
    design : Design
        Whose levels are judged by stages: see ``ladder_automaton``.

    Attributes
    ----------
    letters
        How a level can end, by the situation that it is in.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> found = LadderAutomaton(ThreePlusThree(n_levels=40)).characteristics([0.05] * 40)
    >>> round(found.sample_size.mean, 2)
    87.14
    """

    def __init__(self, design: Design) -> None:
        if not _is_ladder(design):
            raise InputError(f"{design.name} does not judge its levels by stages")
        self.design = design
        self.n_levels, self.start = design.n_levels, design.start
        self.letters = _find_letters(design)
        seen = sorted({key for name in _NAMES for key in getattr(self.letters, name)})
        self._n = np.array([n for n, _ in seen], dtype=np.intp)
        self._x = np.array([x for _, x in seen], dtype=np.intp)
        ways = [[getattr(self.letters, name)[key] for name in _NAMES] for key in seen]
        self._ways = np.array(ways, dtype=np.float64)
        told = self.letters
        mean = {name: _times_n(getattr(told, name)) for name in _NAMES}
        self._on_the_way = self._in_powers(
            *(told.passed, told.failed, told.stopped, told.kept, told.lost),
            mean["failed"] + mean["stopped"] + mean["passed"],
            _minus(mean["kept"] + mean["lost"], mean["passed"]),
        )
        self._at_the_top = self._in_powers(
            told.top_kept, told.top_failed, mean["top_kept"] + mean["top_failed"]
        )
        self._from_above = self._in_powers(
            told.new_kept, told.new_failed, mean["new_kept"] + mean["new_failed"]
        )

    def _in_powers(self, *letters: Letter) -> Floats:
        """Return the probability of letters as polynomials in P(DLT), the constant first."""
        rows = []
        for letter in letters:
            row = [0] * (int(self._n.max()) + 1)
            for (n, x), ways in letter.items():
                for k in range(n - x + 1):
                    row[x + k] += ways * comb(n - x, k) * (-1) ** k
            rows.append(row)
        return np.array(rows, dtype=np.float64)

    def __repr__(self) -> str:
        return f"<LadderAutomaton of {self.design.name} on {self.n_levels} levels>"

    # ------------------------------------------------------------ many scenarios

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
        p = check_probabilities(p_dlt, self.n_levels, "P(DLT)", n_dim=2)
        select, patients = np.empty_like(p), np.empty_like(p)
        no_mtd = np.empty(len(p))
        for first in range(0, len(p), _BLOCK):
            block = slice(first, first + _BLOCK)
            self._block(p[block], select[block], patients[block], no_mtd[block])
        return BatchCharacteristics(
            p_select=select,
            p_no_mtd=no_mtd,
            p_inconclusive=np.zeros(len(p)),
            patients=patients,
            dlts=patients * p,  # Wald: each patient has a DLT with the same probability
        )

    def _block(self, p: Floats, select: Floats, patients: Floats, no_mtd: Floats) -> None:
        """Fill in the figures of some scenarios."""
        top, start = self.n_levels - 1, self.start
        powers = np.empty((self._on_the_way.shape[1], self.n_levels, len(p)))
        powers[0] = 1.0
        for power in range(1, len(powers)):
            np.multiply(powers[power - 1], p.T, out=powers[power])
        select_top, failed, patients_top = self._at_the_top @ powers[:, top]
        back: dict[int, Floats] = {}  # P(coming back to a level that was passed)
        letters: dict[int, Floats] = {}
        for level in range(top - 1, start - 1, -1):
            back[level] = failed
            letters[level] = self._on_the_way @ powers[:, level]
            failed = letters[level][_FAILED] + letters[level][_LOST] * failed
        reached = np.ones(len(p))
        for level in range(start, top):
            passed, _, stopped, kept, _, n_once, n_again = letters[level]
            select[:, level] = reached * (stopped + back[level] * kept)
            patients[:, level] = reached * (n_once + back[level] * n_again)
            reached = reached * passed
        select[:, top], patients[:, top] = reached * select_top, reached * patients_top
        for level in range(start - 1, -1, -1):
            new_kept, new_failed, n_new = self._from_above @ powers[:, level]
            select[:, level], patients[:, level] = failed * new_kept, failed * n_new
            if self.letters.new_kept:
                failed = failed * new_failed
        no_mtd[:] = failed

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
        p = check_probabilities(p_dlt, self.n_levels, "P(DLT)")
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
        )

    def _of_level(self, counted: Floats, back: Floats, level: int) -> Floats:
        """Return what a level counts, given that the trial reaches it on the way up."""
        told = dict(zip(_NAMES, counted, strict=True))
        if level == self.n_levels - 1:
            return np.asarray(told["top_kept"] + told["top_failed"])
        returning = told["kept"] + told["lost"] - told["passed"]
        return np.asarray(told["failed"] + told["stopped"] + told["passed"] + back * returning)

    def _coming_back(self, mass: Floats) -> Floats:
        """Return P(the trial comes down to each level | it passed it, or is below the start).

        Of level j it is that of failing at j + 1: on the way up, or having passed and come back.
        """
        top = self.n_levels - 1
        back = np.zeros((self.n_levels, mass.shape[2]))
        for level in range(top - 1, max(self.start, 1) - 2, -1):
            above = dict(zip(_NAMES, mass[level + 1], strict=True))
            if level + 1 == top:
                back[level] = above["top_failed"]
            else:
                back[level] = above["failed"] + above["lost"] * back[level + 1]
        return back

    def _terms(self, p: Floats) -> Floats:
        """Return p^x (1 - p)^(n - x) for each kind of tally; shape (N, L, kinds)."""
        most = int(self._n.max())
        powers = np.ones((2, most + 1, *p.shape))
        np.multiply.accumulate(np.broadcast_to(p, (most, *p.shape)), out=powers[0, 1:])
        np.multiply.accumulate(np.broadcast_to(1 - p, (most, *p.shape)), out=powers[1, 1:])
        return np.ascontiguousarray(
            np.moveaxis(powers[0, self._x] * powers[1, self._n - self._x], 0, -1)
        )

    def _distributions(self, p: Floats) -> dict[str, Any]:
        """Return P(so many patients), P(so many DLTs), in all and at each level."""
        terms = self._terms(p[np.newaxis])[0]  # (L, kinds)
        mass = np.moveaxis((terms @ self._ways)[np.newaxis], 0, -1)  # (L, letters, 1)
        back = self._coming_back(mass)[:, 0]
        found: dict[str, Any] = {}
        for name, counts in (("n", self._n), ("x", self._x)):
            size = int(counts.max()) + 1
            spread = np.zeros((size, len(counts)))
            spread[counts, np.arange(len(counts))] = 1.0
            # the generating function of each letter at each level: (L, letters, size)
            by_letter = np.einsum("lk,ka,sk->las", terms, self._ways, spread)
            found[name] = self._of_all(by_letter)
            found[f"{name}_by_level"] = self._by_level(by_letter, mass[:, :, 0], back)
        return found

    def _by_level(self, by_letter: Floats, mass: Floats, back: Floats) -> list[Floats]:
        """Return the distribution at each level, the rest of the probability at nobody."""
        found = []
        reached, going = 1.0, 1.0
        for level in range(self.start, self.n_levels):
            at = reached * self._of_level(by_letter[level], back[level], level)
            at[0] += 1 - reached
            found.append(np.maximum(at, 0.0))
            reached *= float(mass[level][_NAMES.index("passed")])
        below = []
        if self.start:
            going = float(back[self.start - 1])
        for level in range(self.start - 1, -1, -1):
            told = dict(zip(_NAMES, by_letter[level], strict=True))
            at = going * (told["new_kept"] + told["new_failed"])
            at[0] += 1 - at.sum()
            below.append(np.maximum(at, 0.0))
            going *= float(mass[level][_NAMES.index("new_failed")])
        return [*reversed(below), *found]

    def _of_all(self, by_letter: Floats) -> Floats:
        """Return the distribution over the whole trial: words are products of their letters."""
        told = [dict(zip(_NAMES, letters, strict=True)) for letters in by_letter]
        top = self.n_levels - 1
        down: dict[int, Floats] = {}  # of the levels above one, failing, the nearest of them last
        for level in range(top - 1, self.start - 2, -1):
            above = told[level + 1]
            if level + 1 == top:
                down[level] = above["top_failed"]
            elif level + 1 >= self.start:
                lost = np.convolve(above["lost"], down[level + 1])
                down[level] = _add(above["failed"], lost)
        words: list[Floats] = []
        up = np.ones(1)
        for level in range(self.start, self.n_levels):
            here = told[level]
            if level == top:
                words.append(np.convolve(up, here["top_kept"]))
            else:
                words.append(np.convolve(up, here["stopped"]))
                words.append(np.convolve(np.convolve(up, here["kept"]), down[level]))
            up = np.convolve(up, here["passed"])
        if self.start:
            failed = down[self.start - 1]
        elif top == 0:
            failed = told[0]["top_failed"]
        else:
            failed = _add(told[0]["failed"], np.convolve(told[0]["lost"], down[0]))
        if self.start and self.letters.new_kept:
            for level in range(self.start - 1, -1, -1):
                words.append(np.convolve(failed, told[level]["new_kept"]))
                failed = np.convolve(failed, told[level]["new_failed"])
        words.append(failed)
        total = np.zeros(max(map(len, words)))
        for word in words:
            total[: len(word)] += word
        return total


def _times_n(letter: Letter) -> Letter:
    return Letter({(n, x): n * ways for (n, x), ways in letter.items()})


def _minus(one: Letter, other: Letter) -> Letter:
    return Letter({key: one[key] - other[key] for key in one | other})


def _add(one: Floats, other: Floats) -> Floats:
    total = np.zeros(max(len(one), len(other)))
    total[: len(one)] += one
    total[: len(other)] += other
    return total


# ---------------------------------------------------------------- asking the design

_BELOW, _HERE, _ABOVE = range(3)


def _find_letters(design: Design) -> _Letters:
    """Ask the design about one level among its neighbours."""
    middle = replace(design, n_levels=3, start=_HERE)  # type: ignore[type-var]  # a dataclass
    highest = replace(design, n_levels=2, start=_HERE)  # type: ignore[type-var]
    passed = (LevelStatus.CLEARED, LevelStatus.CONFIRMED)
    passing = next(_standing(design, passed, n_dlts=lambda n: 0))
    failing = next(_standing(design, (LevelStatus.TOO_TOXIC,), n_dlts=lambda n: n), None)
    nobody = Letter({(0, 0): 1})
    up = _follow(middle, passing, Tally(), nobody, came_from=_BELOW)
    down = new = {"kept": Letter(), "failed": Letter()}  # where no level can be too toxic
    if failing is not None:
        down = _follow(middle, passing, failing, up["passed"], came_from=_ABOVE)
        new = _follow(middle, Tally(), failing, nobody, came_from=_ABOVE)
    top = _follow(highest, passing, None, nobody, came_from=_BELOW)
    return _Letters(
        passed=up["passed"],
        failed=up["failed"],
        stopped=up["kept"],
        kept=down["kept"],
        lost=down["failed"],
        top_kept=top["kept"],
        top_failed=top["failed"],
        new_kept=new["kept"],
        new_failed=new["failed"],
    )


def _standing(design: Design, statuses: Sequence[LevelStatus], n_dlts: Any) -> Iterator[Tally]:
    """Yield tallies without a DLT, or with nothing else, that stand so, the smallest first."""
    tallies = (Tally(n_evaluable=n, n_dlts=n_dlts(n)) for n in range(1, 1000))
    return (tally for tally in tallies if design.status(tally) in statuses)


def _follow(
    ladder: Design, below: Tally, above: Tally | None, begin: Letter, *, came_from: int
) -> dict[str, Letter]:
    """Follow one level from what was seen there until the design leaves it, in every way."""
    ended = {"passed": Letter(), "failed": Letter(), "kept": Letter()}
    going = Letter(begin)
    while going:
        n, n_dlts = min(going)
        ways = going.pop((n, n_dlts))
        own = Tally(n_evaluable=n, n_dlts=n_dlts)
        stands = came_from if (n, n_dlts) in begin else _HERE
        tallies = (below, own) if above is None else (below, own, above)
        decision = ladder.decide(tallies, min(stands, len(tallies) - 1))
        if decision.level == _HERE:
            size = decision.n_to_enrol
            for more in range(size + 1):
                going[n + size, n_dlts + more] += ways * comb(size, more)
        elif decision.mtd == _HERE:
            ended["kept"][n, n_dlts] += ways
        elif n and ladder.status(own) is LevelStatus.TOO_TOXIC:
            ended["failed"][n, n_dlts] += ways
        elif decision.level == _ABOVE:
            ended["passed"][n, n_dlts] += ways
    return ended
