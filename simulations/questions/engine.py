"""By which engine a question is answered: states in a graph, levels one by one, or simulation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from escalation.designs.walk import TooManyStatesError
from simulations.engines.crossings.engine import (
    CrossingEngine,
    foresee_figures,
    is_by_crossings,
)
from simulations.engines.crossings.selection import MOST_BYTES
from simulations.engines.exact_engine import ExactEngine, GraphEngine
from simulations.engines.ladder import LadderAutomaton, ladder_automaton
from simulations.engines.large import LARGE, LARGE_GRAPH, TOO_LARGE, graph_or_crossings
from simulations.engines.montecarlo import MOST_ONE_BY_ONE
from simulations.engines.on_demand import graph_on_demand
from simulations.engines.results import Method
from simulations.engines.simulated import Draws
from simulations.graph.build import TransitionGraph
from simulations.graph.forecast import Foreseen
from simulations.questions.question import Question

__all__ = ["ChosenEngine", "choose_engine", "exact_engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenEngine:
    """How figures are found.

    Attributes
    ----------
    graph : TransitionGraph
        The whole of it, or what simulated trials meet.
    method : {"both", "exact", "monte-carlo"}
    draws : {"count", "trial", "latent"}
    automaton : LadderAutomaton, CrossingEngine or None
        What gives exact figures where the graph is not whole.
    refused : TooManyStatesError or None
        Why there are no exact figures, where they were asked for; with an ``automaton``, none of
        which MTD is selected.
    """

    graph: TransitionGraph
    method: Method
    draws: Draws
    automaton: LadderAutomaton | CrossingEngine | None = None
    refused: TooManyStatesError | None = None


def exact_engine(question: Question, *, most: int | None = None) -> ExactEngine:
    """Return what gives exact figures: levels one by one where that can be, else the graph.

    Parameters
    ----------
    question : Question
    most : int, optional
        States of a graph, unless the question says how many.

    Raises
    ------
    EscalationError
        As ``Question.graph``.
    """
    by_levels = _by_levels(question)
    if by_levels is not None:
        return by_levels
    return GraphEngine(replace(question, max_states=question.max_states or most).graph())


def _by_levels(question: Question) -> LadderAutomaton | None:
    """Return what follows the levels, from the start or from what has been seen."""
    design, advice = question.protocol.design, question.so_far()
    return ladder_automaton(design, advice.escalation, advice.level)


def choose_engine(
    question: Question,
    method: Method | Literal["auto"],
    draws: Draws,
    *,
    trials: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
    without_selection: bool = False,
) -> ChosenEngine:
    """Choose the engine: the graph where it is small enough, or else what needs none.

    ``progress`` is told how many trials have been walked where the design is asked on demand. The
    method "auto" is exact, or simulated where nothing gives exact figures. ``without_selection``
    takes exact figures of all but selection, where that would take too much.

    Raises
    ------
    TooManyStatesError
        With the exact method, where nothing gives exact figures.
    EscalationError
        As ``Question.graph``.
    """
    design = question.protocol.design
    by_levels: LadderAutomaton | CrossingEngine | None = _by_levels(question)
    asked: Method = "exact" if method == "auto" else method
    refused: TooManyStatesError | None = None
    backfill = question.protocol.backfill
    is_carried = backfill.max_per_level is not None and backfill.counted == "never"
    # so many trials are drawn by counts or not at all, and counts need the graph
    by_counts = asked != "exact" and draws == "count" and trials > MOST_ONE_BY_ONE
    small = design.n_levels < (TOO_LARGE if by_counts else LARGE)
    if by_levels is None or small or is_carried:
        crosses = by_levels is None and asked != "monte-carlo" and _may_cross(question)
        limits = [question.max_states]
        if crosses and asked == "exact":
            limits.insert(0, LARGE_GRAPH)
        try:
            found = graph_or_crossings(
                lambda most: replace(question, max_states=most).graph(),
                design,
                limits,
                crosses=crosses,
                tell=question.tell,
                progress=question.progress,
            )
        except TooManyStatesError as error:
            if method == "exact" and by_levels is None:
                if not (without_selection and crosses and _is_held(question)):
                    raise
                if question.tell is not None:
                    question.tell(Foreseen(n_states=None, n_bytes=foresee_figures(design)))
                by_levels = CrossingEngine(design, selects=False)
            refused = error
        else:
            if isinstance(found, TransitionGraph):
                return ChosenEngine(graph=found, method=asked, draws=draws)
            by_levels = found
    build = functools.partial(
        graph_on_demand,
        p_dlt=[scenario.p_dlt for scenario in question.scenarios],
        trials=1 if by_levels and asked == "exact" else trials,
        seed=seed,
        progress=None if by_levels and asked == "exact" else progress,
        tell=question.tell,
    )
    return ChosenEngine(
        graph=question.graph(build),
        method="monte-carlo" if by_levels is None else asked,
        draws="latent",
        automaton=by_levels,
        refused=refused if by_levels is None or not _selects(by_levels) else None,
    )


def _selects(engine: LadderAutomaton | CrossingEngine) -> bool:
    return not isinstance(engine, CrossingEngine) or engine.selects


def _is_held(question: Question) -> bool:
    """Tell whether all but selection can be held, and is all that is asked."""
    protocol = question.protocol
    return protocol.expansion.n_patients is None and foresee_figures(protocol.design) <= MOST_BYTES


def _may_cross(question: Question) -> bool:
    """Tell whether the levels can be followed by crossings, by someone who has the time."""
    beside = question.protocol.backfill.max_per_level is not None
    design, in_haste = question.protocol.design, question.max_states is not None
    return not (question.cohorts or beside or in_haste) and is_by_crossings(design)
