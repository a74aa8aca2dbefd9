"""Passes through the transition graph: what is met on the way, and what to expect from there on.

Forward, the probability that a trial passes a state; backward (the adjoint pass), the expectation
of any figure of the trial's end, seen from each state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulations.engines.exact import check_p_dlt, log_terms
from simulations.graph.build import TransitionGraph

__all__ = [
    "data_probabilities",
    "expected_from",
    "passing_probabilities",
    "transition_probabilities",
]

Floats = NDArray[np.float64]


def passing_probabilities(graph: TransitionGraph, p_dlt: Sequence[float]) -> Floats:
    """Return the probability that a trial passes, or ends in, each state.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L

    Returns
    -------
    float array, shape (S,)

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    >>> float(passing_probabilities(graph, [0.5])[graph.roots[0]])
    1.0
    """
    return data_probabilities(graph, p_dlt, np.arange(graph.n_states), graph.ways)


def data_probabilities(
    graph: TransitionGraph, p_dlt: Sequence[float], states: NDArray[np.intp], ways: Floats
) -> Floats:
    """Return the probability of coming to states in some of the ways that lead there.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L
    states : int array, shape (D,)
    ways : float array, shape (D,)
        In how many sequences of single patients' outcomes, as ``graph.ways``.

    Returns
    -------
    float array, shape (D,)
    """
    p = check_p_dlt(p_dlt, graph)
    dlts = graph.n_dlts[states] - graph.n_dlts_so_far
    others = graph.n_evaluable[states] - graph.n_so_far - dlts
    return np.asarray(np.exp(np.hstack([dlts, others]) @ log_terms(p)) * ways)


def transition_probabilities(graph: TransitionGraph, p_dlt: Sequence[float]) -> Floats:
    """Return the probability of each outcome of the cohort that follows each state.

    Returns
    -------
    float array, shape (S, K + 1)
        As ``graph.children``; 0 where there is no such child.
    """
    graph.require_whole()
    p = check_p_dlt(p_dlt, graph)
    sizes = graph.n_to_enrol
    table = np.zeros(graph.children.shape)
    for size in np.unique(sizes[sizes > 0]).tolist():
        states = np.flatnonzero(sizes == size)
        p_here = p[graph.level[states]]
        for n_dlts in range(size + 1):
            likely = comb(size, n_dlts) * p_here**n_dlts * (1 - p_here) ** (size - n_dlts)
            table[states, n_dlts] = likely
    graded = np.flatnonzero(graph.counts_moderate)
    if graded.size:
        p_here = p[graph.level[graded]]
        q_here = graph.moderate_probabilities()[graph.level[graded]]
        table[graded, 0] = (1 - p_here) * (1 - q_here)
        table[graded, 2] = (1 - p_here) * q_here
    return table


def expected_from(graph: TransitionGraph, p_dlt: Sequence[float], values: ArrayLike) -> Floats:
    """Return the expectation of figures of the trial's end, seen from each state.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L
    values : array_like, shape (E,) or (E, F)
        The figures at each of ``graph.ends``; see ``characteristics.end_values``.

    Returns
    -------
    float array, shape (S,) or (S, F)
    """
    at_ends = np.asarray(values, dtype=np.float64)
    expected = np.zeros((graph.n_states, *at_ends.shape[1:]))
    expected[graph.ends] = at_ends
    likely = transition_probabilities(graph, p_dlt)
    for states in _latest_first(graph):
        children = graph.children[states]  # -1 has probability 0
        expected[states] = np.einsum("sk,sk...->s...", likely[states], expected[children])
    return expected


def _latest_first(graph: TransitionGraph) -> Iterator[NDArray[np.intp]]:
    """Yield the states where a trial goes on, those with the most patients first."""
    going = np.flatnonzero(graph.n_to_enrol)
    n_patients = graph.n_evaluable[going].sum(axis=1)  # ascending, as the states are
    cuts = np.flatnonzero(np.diff(n_patients)) + 1
    yield from reversed(np.split(going, cuts))
