"""What is too large for the graph of states, and what follows such a design all the same.

Levels are followed one by one by ``ladder`` where they are judged by stages, and by ``crossings``
where boundaries judge them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from escalation.designs.base import Design
from escalation.designs.walk import TooManyStatesError
from simulations.engines.crossings.engine import CrossingEngine
from simulations.engines.crossings.selection import TooManyTalliesError, foresee_tallies
from simulations.engines.ladder import ladder_automaton
from simulations.graph.build import TransitionGraph
from simulations.graph.forecast import Foreseen

__all__ = ["LARGE", "LARGE_GRAPH", "TOO_LARGE", "fewest_states", "graph_or_crossings"]

LARGE_GRAPH = 1_000_000  # states, for exact figures alone; more are quicker by crossings
TOO_LARGE = 13  # levels of a 3+3, whose graph has more states than are held
LARGE = 9  # levels; the graph of a 3+3 grows as 7 L 2^L, and has 13,704 states at eight


def fewest_states(design: Design) -> int:
    """Return how many states the graph of a design has at least; 0 where that is not known at once.

    Where levels are judged by stages they are those of trials that passed some levels, came to one
    that was too toxic, and then lost some of those passed.
    """
    by_levels = ladder_automaton(design) if design.n_levels >= LARGE else None
    if by_levels is None:
        return 0
    told = by_levels.letters[design.start]
    passed, lost = len(told.passed), len(told.lost)
    return len(told.failed) * sum(
        int(passed ** (n_passed - n_lost) * lost**n_lost)
        for n_passed in range(1, design.n_levels - design.start)
        for n_lost in range(n_passed + 1)
    )


def graph_or_crossings(
    build: Callable[[int | None], TransitionGraph],
    design: Design,
    limits: Sequence[int | None],
    *,
    crosses: bool,
    tell: Callable[[Foreseen], object] | None,
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
            by_crossings, refused = _follow_crossings(design, refused, tell)
            if by_crossings is not None:
                return by_crossings
    raise refused


def _follow_crossings(
    design: Design, refused: TooManyStatesError, tell: Callable[[Foreseen], object] | None
) -> tuple[CrossingEngine | None, TooManyStatesError]:
    """Return what follows the levels of a design whose graph is too large; or what would fit."""
    expected, n_levels = refused.expected, design.n_levels
    foreseen = foresee_tallies(n_levels, max(expected.values())) if expected else None
    if foreseen is not None:
        if tell is not None:
            tell(foreseen)
        with suppress(TooManyTalliesError):
            return CrossingEngine(design), refused
    held = [n for n, total in expected.items() if foresee_tallies(n_levels, round(total / 0.85))]
    fits = max([refused.fits or 0, *held]) // design.largest_cohort * design.largest_cohort
    return None, TooManyStatesError(n_levels, refused.max_states, fits or None)
