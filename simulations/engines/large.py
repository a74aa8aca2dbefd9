"""What is too large for the graph of states, and what follows such a design all the same.

Levels are followed one by one by ``ladder`` where they are judged by stages, and by ``crossings``
where boundaries judge them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import Design
from escalation.designs.walk import TooManyStatesError
from simulations.engines.crossings.engine import CrossingEngine
from simulations.engines.crossings.selection import TooManyTalliesError, foresee_tallies
from simulations.engines.ladder import ladder_automaton
from simulations.engines.ladder_letters import Letters, letters_of_titration
from simulations.graph.build import TransitionGraph, build_graph
from simulations.graph.forecast import Foreseen

__all__ = [
    "LARGE",
    "LARGE_GRAPH",
    "TOO_LARGE",
    "fewest_states",
    "graph_or_crossings",
    "refuse_too_large",
]

Floats = NDArray[np.float64]

LARGE_GRAPH = 1_000_000  # states, for exact figures alone; more are quicker by crossings
TOO_LARGE = 13  # levels of a 3+3, whose graph has more states than are held
_SHORT = 4  # levels, on which a graph is soon built
LARGE = 9  # levels; the graph of a 3+3 grows as 7 L 2^L, and has 13,704 states at eight


def fewest_states(design: Design) -> int:
    """Return how many states the graph of a design has at least; 0 where that is not known at once.

    Where levels are judged by stages they are those of trials that passed some levels, or then came
    to one that was too toxic, and lost some of those passed. A limit on all patients changes
    nothing up to it.
    """
    letters = _letters(design)
    n_levels = design.n_levels - design.start
    return 0 if letters is None else _count_words(n_levels, letters, design.max_patients)


def refuse_too_large(design: Design, max_states: int) -> None:
    """Refuse a design whose graph has more states, where that is known before any is found.

    Raises
    ------
    TooManyStatesError
        With how many levels would fit.
    """
    if fewest_states(design) > max_states:
        fits = _fitting_levels(design, max_states)
        raise TooManyStatesError(design.n_levels, max_states, fits_levels=fits)


def _fitting_levels(design: Design, max_states: int) -> int | None:
    """Return on how many levels the graph of a design is small enough, where that is known.

    On more levels a graph has fewer states for each that is counted. So it has with a limit on all
    patients.
    """
    letters = None if design.asks_moderate or design.start else _letters(design)
    if letters is None:
        return None
    short: Any = replace(design, n_levels=_SHORT)  # type: ignore[type-var]
    if design.max_patients is not None:
        short = replace(short, max_patients=None)
    of_each = build_graph(short).n_states / _count_words(_SHORT, letters, None)
    return next(
        (
            n_levels
            for n_levels in reversed(range(_SHORT, design.n_levels))
            if of_each * _count_words(n_levels, letters, None) <= max_states
        ),
        None,
    )


def _letters(design: Design) -> Letters | None:
    """Return the letters of a level on the way up; None where levels are not judged by stages."""
    if not design.by_stages or not design.by_level or design.remembers:
        return None
    free: Any = design if design.max_patients is None else replace(design, max_patients=None)  # type: ignore[type-var]
    if design.asks_moderate:
        return letters_of_titration(free)
    by_levels = ladder_automaton(free)
    return None if by_levels is None else by_levels.letters[design.start]


def _count_words(n_levels: int, letters: Letters, most: int | None) -> int:
    """Count what can be seen at so many levels, in at most so many patients."""
    longest = n_levels * max(n for letter in letters.all() for n, _ in letter)
    room = longest if most is None else most
    passed, lost, failed, last = (
        np.bincount([n for n, _ in letter], minlength=1).astype(np.float64)
        for letter in (letters.passed, letters.lost, letters.failed, letters.passed | letters.kept)
    )
    so_far, all_lost, all_passed = np.zeros(1), np.ones(1), np.ones(1)
    n_words = 0.0
    for _ in range(n_levels):
        below = _add(np.convolve(so_far, last), all_lost)
        n_words += np.convolve(below, failed)[: room + 1].sum() + all_passed.sum()
        so_far = _add(np.convolve(so_far, passed), all_lost)[: room + 1]
        all_lost = np.convolve(all_lost, lost)[: room + 1]
        all_passed = np.convolve(all_passed, passed)[: room + 1]
    return int(n_words)


def _add(some: Floats, more: Floats) -> Floats:
    total = np.zeros(max(len(some), len(more)))
    total[: len(some)] += some
    total[: len(more)] += more
    return total


def graph_or_crossings(
    build: Callable[[int | None], TransitionGraph],
    design: Design,
    limits: Sequence[int | None],
    *,
    crosses: bool,
    tell: Callable[[Foreseen], object] | None,
    progress: Callable[[float], object] | None = None,
) -> TransitionGraph | CrossingEngine:
    """Return a design's graph where it is small enough, or what follows its levels by crossings.

    Parameters
    ----------
    build : callable
        From the most states to the graph.
    design : Design
    limits : sequence of int or None
        Of states, tried in turn, at least one; crossings are tried after each.
    crosses : bool
        Whether the levels can be followed by crossings.
    tell : callable or None
        Told what the crossings are going to take, before it is taken.
    progress : callable, optional
        Told what share of their tallies has been found since.

    Raises
    ------
    TooManyStatesError
        Where neither can be; with what would fit.
    """
    for most in limits:
        try:
            return build(most)
        except TooManyStatesError as error:
            refused = error
        if crosses:
            by_crossings, refused = _follow_crossings(design, refused, tell, progress)
            if by_crossings is not None:
                return by_crossings
    raise refused


def _follow_crossings(
    design: Design,
    refused: TooManyStatesError,
    tell: Callable[[Foreseen], object] | None,
    progress: Callable[[float], object] | None,
) -> tuple[CrossingEngine | None, TooManyStatesError]:
    """Return what follows the levels of a design whose graph is too large; or what would fit."""
    expected, n_levels = refused.expected, design.n_levels
    foreseen = foresee_tallies(n_levels, max(expected.values())) if expected else None
    if foreseen is not None:
        if tell is not None:
            tell(foreseen)
        with suppress(TooManyTalliesError):
            return CrossingEngine(design, progress=progress), refused
    held = [n for n, total in expected.items() if foresee_tallies(n_levels, round(total / 0.85))]
    fits = max([refused.fits or 0, *held]) // design.largest_cohort * design.largest_cohort
    return None, TooManyStatesError(n_levels, refused.max_states, fits or None)
