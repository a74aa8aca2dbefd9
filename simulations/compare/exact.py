"""One design under all scenarios at once, without simulation error, by whichever engine has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.designs.base import Design
from escalation.nearness import is_above
from simulations.compare.metrics import SHARES_ABOVE, Measured, end_shares, metrics_of
from simulations.engines.characteristics import EndSums, OperatingCharacteristics
from simulations.engines.crossings.engine import CrossingEngine, is_by_crossings
from simulations.engines.exact import check_p_dlt, end_probabilities
from simulations.engines.ladder import LadderAutomaton, ladder_automaton
from simulations.engines.ladder_reach import LadderReach
from simulations.engines.large import LARGE, LARGE_GRAPH, graph_or_crossings, refuse_too_large
from simulations.graph.build import MOST_ASKED, TransitionGraph, build_graph
from simulations.graph.forecast import Foreseen
from simulations.probabilities import check_probabilities

__all__ = ["Engine", "engine_to_measure", "measure"]

Floats = NDArray[np.float64]
Engine = TransitionGraph | LadderAutomaton | CrossingEngine
Figures = tuple[OperatingCharacteristics, dict[str, float]]
"""What a design does, and the expectation of each of ``metrics.SHARES``."""


def engine_to_measure(
    design: Design,
    *,
    max_states: int | None = None,
    p_moderate: Sequence[float] | None = None,
    tell: Callable[[Foreseen], object] | None = None,
) -> Engine:
    """Return what gives a design's figures: the graph where it is small enough, or what needs none.

    Parameters
    ----------
    design : Design
    max_states : int, optional
        Of a graph that the answer may take; by default as many as ``build_graph`` takes.
    p_moderate, tell
        As in ``build_graph``.

    Raises
    ------
    TooManyStatesError
        Where nothing gives exact figures.
    """
    by_levels = ladder_automaton(design) if design.n_levels >= LARGE else None
    if by_levels is not None:
        return by_levels
    crosses = max_states is None and is_by_crossings(design)

    def build(most: int | None) -> TransitionGraph:
        limit: dict[str, Any] = {} if most is None else {"max_states": most}
        refuse_too_large(design, limit.get("max_states", MOST_ASKED))
        graph = build_graph(design, p_moderate=p_moderate, tell=tell, **limit)
        return replace(graph, decisions=())  # what the design said in each state is not asked for

    limits = [LARGE_GRAPH, None] if crosses else [max_states]
    return graph_or_crossings(build, design, limits, crosses=crosses, tell=tell)


def measure(
    engine: Engine,
    p_dlt: ArrayLike,
    target: float,
    selections: Sequence[Mapping[str, Floats]],
    progress: Callable[[int], None] | None = None,
) -> list[Measured]:
    """Return what a design does under each scenario.

    Parameters
    ----------
    engine : Engine
    p_dlt : array_like, shape (N, L)
    target : float
    selections : sequence of mapping, length N
        Of ``metrics.selection_metrics`` under each scenario.
    progress : callable, optional
        Called with the number of scenarios done since the last call.
    """
    if isinstance(engine, TransitionGraph):
        p = check_p_dlt(p_dlt, engine, n_dim=2)
        under = partial(_by_graph, engine, EndSums.of_graph(engine))
    else:
        p = check_probabilities(p_dlt, engine.n_levels, "P(DLT)", n_dim=2)
        under = partial(_by_levels, engine)
    found: dict[int, Measured] = {}
    patterns, which = np.unique(is_above(p, target), axis=0, return_inverse=True)
    for number, above in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == number)
        for row, (of_scenario, shares) in zip(rows.tolist(), under(p[rows], above), strict=True):
            metrics = metrics_of(of_scenario, selections[row], shares)
            found[row] = Measured(characteristics=of_scenario, metrics=metrics)
            if progress is not None:
                progress(1)
    return [found[row] for row in range(len(p))]


def _by_graph(
    graph: TransitionGraph, sums: EndSums, p: Floats, above: NDArray[np.bool_]
) -> Iterator[Figures]:
    shares = end_shares(graph, above)
    names, values = tuple(shares), np.stack(list(shares.values()), axis=1)
    del shares  # as large
    for curve in p:  # one by one, so that no digit depends on which others there are
        likely = end_probabilities(graph, curve[np.newaxis])[0]
        means = (likely @ values).tolist()
        yield sums.under(likely), dict(zip(names, means, strict=True))


def _by_levels(
    engine: LadderAutomaton | CrossingEngine, p: Floats, above: NDArray[np.bool_]
) -> Iterator[Figures]:
    percents = list(SHARES_ABOVE.values())
    names = ("share_above", "dlt_rate", *SHARES_ABOVE)
    means: Callable[[Floats], Sequence[float]]
    if isinstance(engine, CrossingEngine):
        means = partial(engine.shares, above=above, percents=percents)
    else:
        reach = [LadderReach(engine, percent) for percent in percents]
        means = partial(_ladder_shares, engine, reach, above)
    for curve in p:
        yield engine.characteristics(curve.tolist()), dict(zip(names, means(curve), strict=True))


def _ladder_shares(
    engine: LadderAutomaton, reach: Sequence[LadderReach], above: NDArray[np.bool_], curve: Floats
) -> list[float]:
    p = curve[np.newaxis]
    _, *means = engine.with_shares(p, above[np.newaxis])
    found = [*means, *(one.probabilities(p, above) for one in reach)]
    return [float(of_curve[0]) for of_curve in found]
