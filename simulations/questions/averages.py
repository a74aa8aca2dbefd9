"""Exact characteristics averaged over many toxicity curves, with how much they vary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.nearness import is_above
from simulations.engines.characteristics import correct_levels, end_values
from simulations.engines.exact import check_p_dlt, exact_batch, expected_values
from simulations.graph.build import NO_MTD, TransitionGraph
from simulations.probabilities import check_target

__all__ = ["QUANTILES", "CurveAverages", "FigureSummary", "average_over_curves"]

Floats = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSummary:
    """One characteristic over curves.

    Attributes
    ----------
    mean : float
    mcse : float or None
        Standard error of the mean, the curves being a sample; None for one curve.
    sd : float or None
    quantiles : tuple of float
        At ``QUANTILES``.
    """

    mean: float
    mcse: float | None
    sd: float | None
    quantiles: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures ready for JSON."""
        quantiles = {f"{q:g}": value for q, value in zip(QUANTILES, self.quantiles, strict=True)}
        return {"mean": self.mean, "mcse": self.mcse, "sd": self.sd, "quantiles": quantiles}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurveAverages:
    """Exact characteristics under each of N curves.

    Attributes
    ----------
    target : float
    p_dlt : float array, shape (N, L)
    correct : int array, shape (N,)
        The correct level of each curve, ``NO_MTD`` for none.
    figures : dict of float array, shape (N,)
        "pcs", "p_overdose", "p_no_mtd", "p_inconclusive"; the expected "sample_size",
        "total_dlts" and "patients_above" (the target); "share_above" and "dlt_rate" as in
        ``metrics.METRICS``: means over trials of the share in a trial.
    """

    target: float
    p_dlt: Floats
    correct: NDArray[np.intp]
    figures: Mapping[str, Floats]

    def __repr__(self) -> str:
        return (
            f"<CurveAverages over {len(self.p_dlt)} curves: correct selection "
            f"{100 * self.figures['pcs'].mean():.1f} %>"
        )

    def summary(self) -> dict[str, FigureSummary]:
        """Return mean, standard error, SD and quantiles of each figure."""
        return {name: _summarise(values) for name, values in self.figures.items()}

    def by_correct_level(self, name: str) -> dict[int, FigureSummary]:
        """Return the same of one figure over the curves of each correct level, ``NO_MTD`` last."""
        levels = np.unique(self.correct).tolist()
        levels.sort(key=lambda level: (level == NO_MTD, level))
        return {level: _summarise(self.figures[name][self.correct == level]) for level in levels}

    def n_by_correct_level(self) -> dict[int, int]:
        """Return how many curves have each correct level, ``NO_MTD`` among them."""
        levels, counts = np.unique(self.correct, return_counts=True)
        return dict(zip(levels.tolist(), counts.tolist(), strict=True))


def average_over_curves(graph: TransitionGraph, p_dlt: ArrayLike, target: float) -> CurveAverages:
    """Return the exact characteristics under each of many curves.

    Correct selection is judged for each curve by its own correct level, and overdosing by its own
    levels above the target.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : array_like, shape (N, L)
        As from ``random_curves``.
    target : float

    Raises
    ------
    InputError
        If an argument is not what it should be.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> from simulations.scenarios.random import pseudo_uniform
    >>> graph = build_graph(ThreePlusThree(n_levels=3))
    >>> curves = pseudo_uniform(1000, np.random.default_rng(1), target=0.25, n_levels=3)
    >>> averages = average_over_curves(graph, curves, 0.25).summary()
    >>> 0.4 < averages["pcs"].mean < 0.6
    True
    """
    check_target(target)
    p = check_p_dlt(p_dlt, graph, n_dim=2)
    found = exact_batch(graph, p)
    correct = correct_levels(p, target)
    above = is_above(p, target)
    outcomes = np.column_stack([found.p_no_mtd, found.p_select])
    sample_size, total_dlts = found.patients.sum(axis=1), found.dlts.sum(axis=1)
    patients_above = (found.patients * above).sum(axis=1)
    shares = _shares(graph, p)
    return CurveAverages(
        target=target,
        p_dlt=p,
        correct=correct,
        figures={
            "pcs": outcomes[np.arange(len(p)), correct - NO_MTD],
            "p_overdose": (found.p_select * above).sum(axis=1),
            "p_no_mtd": found.p_no_mtd,
            "p_inconclusive": found.p_inconclusive,
            "sample_size": sample_size,
            "total_dlts": total_dlts,
            "patients_above": patients_above,
            "share_above": (shares[:, :-1] * above).sum(axis=1),
            "dlt_rate": shares[:, -1],
        },
    )


def _shares(graph: TransitionGraph, p: Floats) -> Floats:
    """Return the mean share of a trial's patients at each level, and with a DLT; (N, L + 1)."""
    counted = end_values(graph)
    counts = np.column_stack([counted["patients"], counted["dlts"].sum(axis=1)])
    of_all = np.maximum(counted["patients"].sum(axis=1, keepdims=True), 1)
    return expected_values(graph, p, counts / of_all)


def _summarise(values: Floats) -> FigureSummary:
    several = len(values) > 1
    sd = float(values.std(ddof=1)) if several else None
    return FigureSummary(
        mean=float(values.mean()),
        mcse=None if sd is None else sd / float(np.sqrt(len(values))),
        sd=sd,
        quantiles=tuple(np.quantile(values, QUANTILES).tolist()),
    )
