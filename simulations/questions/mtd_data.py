"""What may have been seen at the MTD when a trial ends: every data set, and how likely it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from escalation.binomial import LEVEL, BinomialLimits, binomial_limits, check_level
from simulations.engines.exact import check_p_dlt, end_probabilities
from simulations.graph.build import TransitionGraph

__all__ = ["MtdData", "mtd_data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MtdData:
    """One data set at the MTD, and what it leaves open.

    Attributes
    ----------
    n_evaluable, n_dlts : int
    limits : BinomialLimits or None
        For P(DLT) at the MTD; None where nobody was evaluable there.
    probability : float or None
        Of a trial that ends with this data set at its MTD; None without a scenario.
    given_mtd : float or None
        The same among the trials that declare an MTD; None too where none of them does.
    """

    n_evaluable: int
    n_dlts: int
    limits: BinomialLimits | None
    probability: float | None
    given_mtd: float | None


def mtd_data(
    graph: TransitionGraph, p_dlt: Sequence[float] | None = None, *, level: float = LEVEL
) -> tuple[MtdData, ...]:
    """Return every data set at the MTD with which a trial can end, whichever level that is.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L, optional
        P(DLT) at each level, to give each data set its exact probability.
    level : float
        Of confidence, between 0 and 1.

    Returns
    -------
    tuple of MtdData
        Fewest patients first, and of these fewest DLTs.

    Raises
    ------
    InputError
        For a ``p_dlt`` that does not fit the ladder, or a level that is none.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=3, variant="confirm"))
    >>> [(data.n_dlts, data.n_evaluable) for data in mtd_data(graph)]
    [(0, 6), (1, 6)]
    """
    check_level(level)
    with_mtd = graph.mtd[graph.ends] >= 0
    ends = graph.ends[with_mtd]
    mtd = graph.mtd[ends]
    seen = np.column_stack([graph.n_evaluable[ends, mtd], graph.n_dlts[ends, mtd]])
    different, which = np.unique(seen, axis=0, return_inverse=True)
    shares = None
    if p_dlt is not None:
        p_end = end_probabilities(graph, check_p_dlt(p_dlt, graph)[np.newaxis])[0]
        shares = np.bincount(which.ravel(), p_end[with_mtd], minlength=len(different)).tolist()
    p_mtd = sum(shares) if shares else 0.0
    return tuple(
        MtdData(
            n_evaluable=n,
            n_dlts=x,
            limits=binomial_limits(n, x, level) if n else None,
            probability=shares[i] if shares else None,
            given_mtd=shares[i] / p_mtd if shares and p_mtd else None,
        )
        for i, (n, x) in enumerate(different.tolist())
    )
