"""As much of a trial's graph as a tree of its next cohorts needs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from escalation.designs.walk import TooManyStatesError, walk_design
from escalation.errors import InputError
from escalation.text import count
from simulations.graph.build import TransitionGraph, build_graph
from simulations.questions.paths import tree_sizes
from simulations.questions.question import Question

__all__ = ["count_paths", "graph_ahead"]

MOST_PLACES = 300_000  # of a tree; they take some 200 MiB
MOST_COUNTED = 100_000  # states of a design that is asked in each of them, in about a second
_FIRST = 2  # cohorts


def graph_ahead(question: Question, depth: int) -> TransitionGraph:
    """Return as much of the graph as the tree needs, found step by step.

    Raises
    ------
    InputError
        For a tree that nobody could read, nor memory hold.
    """
    most = MOST_PLACES if question.max_states is None else question.max_states
    ahead, fits = min(depth, _FIRST), 0
    while True:
        walk_by = partial(walk_design, n_cohorts=ahead)
        try:
            part = question.graph(partial(build_graph, walk_by=walk_by, max_states=most))
        except TooManyStatesError:
            raise _too_wide(ahead, most, fits) from None
        sizes = tree_sizes(part, ahead)
        if sizes[-1] > most:
            raise _too_wide(ahead, most, sum(size <= most for size in sizes) - 1)
        if ahead == depth or len(sizes) <= ahead:
            return part
        ahead, fits = min(ahead + 2, depth), ahead


def _too_wide(depth: int, most: int, fits: int) -> InputError:
    would = f"--depth {fits} fits" if fits > 0 else "so many patients are pending"
    return InputError(
        f"a tree that looks {count(depth, 'cohort')} ahead has more than {most:,} places: {would}"
    )


def count_paths(question: Question) -> int | None:
    """Return how many complete paths there are, None where the graph has to be too large."""
    own = question.max_states
    asked = None if question.protocol.design.outline is not None else MOST_COUNTED
    limits = [limit for limit in (own, asked) if limit is not None]
    try:
        return replace(question, max_states=min(limits, default=None)).graph().count_paths()
    except TooManyStatesError:
        return None
