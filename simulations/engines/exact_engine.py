"""What gives exact figures, with one face: states in a graph, or levels one by one.

A question asks an engine for expectations under curves, and does not know which engine it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.errors import InputError
from simulations.engines.characteristics import OperatingCharacteristics, end_values
from simulations.engines.exact import (
    BatchCharacteristics,
    check_p_dlt,
    end_probabilities,
    exact_batch,
    exact_characteristics,
    expected_values,
    gradients_at_ends,
)
from simulations.engines.ladder import LadderAutomaton, ladder_automaton
from simulations.graph.build import TransitionGraph

__all__ = ["ExactEngine", "Expectation", "GraphEngine", "as_engine"]

Floats = NDArray[np.float64]

_WORK = 1.2e8  # curves x ends, some two seconds


class Expectation(Protocol):
    """The expectation of F figures under any curve."""

    def values(self, p: Floats) -> Floats:
        """Return the expectations; shapes (N, L) to (N, F)."""

    def slopes(self, p: Floats) -> tuple[Floats, Floats]:
        """Return the expectations and their gradients; shapes (N, L) to (N, F) and (N, F, L)."""


class ExactEngine(Protocol):
    """Exact figures of a trial, from its start or from what has been seen."""

    n_levels: int
    affordable: int
    """For how many curves figures are found in some two seconds."""
    n_so_far: NDArray[np.intp]
    n_dlts_so_far: NDArray[np.intp]
    n_pending: NDArray[np.intp]

    def check(self, p_dlt: ArrayLike, *, n_dim: int = 1) -> Floats:
        """Return ``p_dlt`` as an array that fits the ladder, or raise ``InputError``."""

    def characteristics(self, p_dlt: Sequence[float]) -> OperatingCharacteristics:
        """Return every figure under one scenario, distributions included."""

    def batch(self, p_dlt: ArrayLike) -> BatchCharacteristics:
        """Return selection and expected counts under many scenarios."""

    def with_shares(
        self, p: Floats, above: NDArray[np.bool_]
    ) -> tuple[BatchCharacteristics, Floats, Floats]:
        """Return ``batch``, and a trial's mean shares of patients at some levels and with a DLT."""

    def expecting(self, figures: Floats) -> Expectation:
        """Return what finds the expectation of figures; see ``characteristics.figure_rows``."""


class GraphEngine:
    """The figures of a graph of states.

    Parameters
    ----------
    graph : TransitionGraph
    """

    def __init__(self, graph: TransitionGraph) -> None:
        self.graph, self.n_levels = graph, graph.design.n_levels
        self.affordable = int(_WORK / max(1, len(graph.ends)))
        self.n_so_far, self.n_dlts_so_far = graph.n_so_far, graph.n_dlts_so_far
        self.n_pending = graph.n_pending

    def __repr__(self) -> str:
        return f"<GraphEngine of {self.graph!r}>"

    def check(self, p_dlt: ArrayLike, *, n_dim: int = 1) -> Floats:
        """Return ``p_dlt`` as an array that fits the graph, or raise ``InputError``."""
        return check_p_dlt(p_dlt, self.graph, n_dim=n_dim)

    def characteristics(self, p_dlt: Sequence[float]) -> OperatingCharacteristics:
        """Return every figure under one scenario, distributions included."""
        return exact_characteristics(self.graph, p_dlt)

    def batch(self, p_dlt: ArrayLike) -> BatchCharacteristics:
        """Return selection and expected counts under many scenarios."""
        return exact_batch(self.graph, p_dlt)

    def with_shares(
        self, p: Floats, above: NDArray[np.bool_]
    ) -> tuple[BatchCharacteristics, Floats, Floats]:
        """Return ``batch``, and a trial's mean shares of patients at some levels and with a DLT."""
        values = end_values(self.graph)
        of_all = np.maximum(values["patients"].sum(axis=1, keepdims=True), 1)
        values["shares"] = values["patients"] / of_all
        values["rate"] = values["dlts"].sum(axis=1, keepdims=True) / of_all
        cuts = np.cumsum([value.shape[1] for value in values.values()])[:-1]
        sums = expected_values(self.graph, p, np.hstack(list(values.values())))
        found = dict(zip(values, np.split(sums, cuts, axis=1), strict=True))
        batch = BatchCharacteristics(
            p_select=found["p_select"],
            p_no_mtd=found["p_no_mtd"][:, 0],
            p_inconclusive=found["p_inconclusive"][:, 0],
            patients=found["patients"],
            dlts=found["dlts"],
        )
        share = np.einsum("nl,nl->n", found["shares"], above)
        return batch, share, found["rate"][:, 0]

    def expecting(self, figures: Floats) -> _EndExpectation:
        """Return what finds the expectation of figures; see ``characteristics.figure_rows``."""
        return _EndExpectation(self.graph, figures)


class _EndExpectation:
    """The expectation of figures of a trial's end."""

    def __init__(self, graph: TransitionGraph, figures: Floats) -> None:
        self._graph = graph
        self._at_ends = np.hstack(list(end_values(graph).values())) @ figures.T

    def values(self, p: Floats) -> Floats:
        return expected_values(self._graph, p, self._at_ends)

    def slopes(self, p: Floats) -> tuple[Floats, Floats]:
        values, slopes = [], []
        for curve in p:
            probabilities = end_probabilities(self._graph, curve[np.newaxis])[0]
            values.append(probabilities @ self._at_ends)
            slopes.append(gradients_at_ends(self._graph, curve, self._at_ends))
        return np.array(values), np.array(slopes)


def as_engine(source: TransitionGraph | ExactEngine) -> ExactEngine:
    """Return the engine for a graph: levels one by one where that gives the same; an engine as is.

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(source, (LadderAutomaton, GraphEngine)):
        return source
    if not isinstance(source, TransitionGraph):
        raise InputError(
            f"a transition graph is needed, from build_graph(design), not {type(source).__name__}; "
            "simulations.characteristics takes a design"
        )
    begun = source.n_so_far.any() or source.n_pending.any()
    if not begun and int(source.level[source.roots[0]]) == source.design.start:
        by_levels = ladder_automaton(source.design)
        if by_levels is not None:
            return by_levels
    return GraphEngine(source)
