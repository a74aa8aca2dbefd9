"""Exact operating characteristics: no trial is simulated, so there is no simulation error.

A trial's end has the probability *ways x p^DLTs x (1-p)^(no DLT)*, where *ways* counts the
sequences of patients' outcomes that lead there. The graph holds the counts once; a scenario, or a
hundred thousand of them, then costs one matrix product and an ``exp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.errors import InputError
from simulations.engines.characteristics import OperatingCharacteristics, end_values, summarise
from simulations.graph.build import TransitionGraph
from simulations.probabilities import check_probabilities

__all__ = [
    "BatchCharacteristics",
    "check_p_dlt",
    "end_probabilities",
    "exact_batch",
    "exact_characteristics",
    "expected_values",
    "gradients_at_ends",
    "log_terms",
]

Floats = NDArray[np.float64]

_LOG_ZERO = -1e4  # 0 x this is 0 where log(0) would give NaN, and exp of it is exactly 0
_EDGE = 1e-15  # p and 1 - p are divided by; a derivative there is that so close by, to 15 digits
# Multiplications in one matrix product. A block of probabilities then stays in the cache, and the
# product on one core: OpenBLAS shares a larger one out, which was ten times slower whenever
# another program held the second core.
_ONE_CORE = 2**18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatchCharacteristics:
    """Selection and expected counts under N scenarios.

    Attributes
    ----------
    p_select, patients, dlts : float array, shape (N, L)
    p_no_mtd, p_inconclusive : float array, shape (N,)
    """

    p_select: Floats
    p_no_mtd: Floats
    p_inconclusive: Floats
    patients: Floats
    dlts: Floats

    def __repr__(self) -> str:
        n_curves, n_levels = self.p_select.shape
        return f"<BatchCharacteristics: {n_curves} curves on {n_levels} levels>"


def exact_characteristics(
    graph: TransitionGraph, p_dlt: Sequence[float]
) -> OperatingCharacteristics:
    """Return the exact operating characteristics under one scenario, distributions included.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L
        P(DLT) at each level; exactly 0 and 1 are allowed.

    Raises
    ------
    InputError
        If ``p_dlt`` has the wrong length or a value that is not a probability.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    >>> round(float(exact_characteristics(graph, [0.2]).p_select[0]), 6)
    0.708608
    """
    p = check_p_dlt(p_dlt, graph)
    return summarise(graph, end_probabilities(graph, p[np.newaxis])[0])


def exact_batch(graph: TransitionGraph, p_dlt: ArrayLike) -> BatchCharacteristics:
    """Return exact selection probabilities and expected counts under many scenarios.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : array_like, shape (N, L)

    Raises
    ------
    InputError
        If ``p_dlt`` has the wrong shape or a value that is not a probability.
    """
    p = check_p_dlt(p_dlt, graph, n_dim=2)
    values = end_values(graph)
    sums = expected_values(graph, p, np.hstack(list(values.values())))
    starts = np.cumsum([value.shape[1] for value in values.values()])[:-1]
    by_name = dict(zip(values, np.split(sums, starts, axis=1), strict=True))
    return BatchCharacteristics(
        p_select=by_name["p_select"],
        p_no_mtd=by_name["p_no_mtd"][:, 0],
        p_inconclusive=by_name["p_inconclusive"][:, 0],
        patients=by_name["patients"],
        dlts=by_name["dlts"],
    )


def expected_values(graph: TransitionGraph, p: Floats, values: Floats) -> Floats:
    """Return the expectation of figures of the trial's end under each scenario.

    Parameters
    ----------
    graph : TransitionGraph
    p : float array, shape (N, L)
    values : float array, shape (E, F)
        The figures at each of ``graph.ends``; see ``characteristics.end_values``.

    Returns
    -------
    float array, shape (N, F)
    """
    sums = np.empty((len(p), values.shape[1]))
    size = max(1, _ONE_CORE // max(1, values.size))
    for first in range(0, len(p), size):
        block = slice(first, first + size)
        sums[block] = end_probabilities(graph, p[block]) @ values
    return sums


def gradients_at_ends(graph: TransitionGraph, p: Floats, at_ends: Floats) -> Floats:
    """Return the gradient of the expectation of figures of the trial's end.

    An end with d DLTs in n patients at a level has a probability proportional to
    p^d (1-p)^(n-d) there; its derivative is that probability times d/p - (n-d)/(1-p). Patients
    pending at the start are among the n.

    Parameters
    ----------
    graph : TransitionGraph
    p : float array, shape (L,)
    at_ends : float array, shape (E,) or (E, F)

    Returns
    -------
    float array, shape (L,) or (F, L)
    """
    p = np.clip(p, _EDGE, 1 - _EDGE)
    weighted = (end_probabilities(graph, p[np.newaxis])[0] * at_ends.T).T
    dlts, others = np.split(graph.exponents @ weighted, 2)
    return np.asarray(dlts.T / p - others.T / (1 - p))


def end_probabilities(graph: TransitionGraph, p: Floats) -> Floats:
    """Return P(each end) under each scenario; shapes (N, L) to (N, E)."""
    probabilities = log_terms(p) @ graph.exponents
    np.exp(probabilities, out=probabilities)
    probabilities *= graph.ways[graph.ends]
    return probabilities


def log_terms(p: Floats) -> Floats:
    """Return log p and log(1 - p) side by side, finite also where p is 0 or 1."""
    with np.errstate(divide="ignore"):
        logs = np.hstack([np.log(p), np.log1p(-p)])
    np.maximum(logs, _LOG_ZERO, out=logs)
    return logs


def check_p_dlt(p_dlt: ArrayLike, graph: TransitionGraph, *, n_dim: int = 1) -> Floats:
    """Return ``p_dlt`` as an array that fits the graph's ladder, or raise ``InputError``.

    So it is for every engine: a graph that lacks a ``p_moderate`` it needs is refused here too.
    """
    if not isinstance(graph, TransitionGraph):
        raise InputError(
            f"a transition graph is needed, from build_graph(design), not {type(graph).__name__}; "
            "simulations.characteristics takes a design"
        )
    p = check_probabilities(p_dlt, graph.design.n_levels, "P(DLT)", n_dim=n_dim)
    graph.moderate_probabilities()
    return p
