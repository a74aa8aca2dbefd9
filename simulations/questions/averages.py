"""Exact characteristics averaged over many toxicity curves, with how much they vary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.nearness import is_above
from simulations.engines.characteristics import correct_levels
from simulations.engines.exact_engine import ExactEngine, as_engine
from simulations.graph.build import NO_MTD, TransitionGraph
from simulations.probabilities import check_target
from simulations.scenarios.random import CURVES_AT_ONCE

__all__ = [
    "QUANTILES",
    "CurveAverages",
    "FigureSummary",
    "average_over_blocks",
    "average_over_curves",
]

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
    p_dlt : float array, shape (N, L), or None
        None where the curves were not kept.
    correct : int array, shape (N,)
        The correct level of each curve, ``NO_MTD`` for none.
    figures : dict of float array, shape (N,)
        "pcs", "p_overdose", "p_no_mtd", "p_inconclusive"; the expected "sample_size",
        "total_dlts" and "patients_above" (the target); "share_above" and "dlt_rate" as in
        ``metrics.METRICS``: means over trials of the share in a trial.
    """

    target: float
    p_dlt: Floats | None
    correct: NDArray[np.int8]
    figures: Mapping[str, Floats]

    def __repr__(self) -> str:
        return (
            f"<CurveAverages over {self.n_curves} curves: correct selection "
            f"{100 * self.figures['pcs'].mean():.1f} %>"
        )

    @property
    def n_curves(self) -> int:
        """Number of curves."""
        return len(self.correct)

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


def average_over_curves(
    engine: TransitionGraph | ExactEngine, p_dlt: ArrayLike, target: float
) -> CurveAverages:
    """Return the exact characteristics under each of many curves.

    Correct selection is judged for each curve by its own correct level, and overdosing by its own
    levels above the target.

    Parameters
    ----------
    engine : TransitionGraph or ExactEngine
    p_dlt : array_like, shape (N, L)
        As from ``pseudo_uniform``.
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
    engine = as_engine(engine)
    p = engine.check(p_dlt, n_dim=2)
    blocks = (p[first : first + CURVES_AT_ONCE] for first in range(0, len(p), CURVES_AT_ONCE))
    return replace(average_over_blocks(engine, blocks, len(p), target), p_dlt=p)


def average_over_blocks(
    engine: TransitionGraph | ExactEngine,
    blocks: Iterable[ArrayLike],
    n_curves: int,
    target: float,
    *,
    progress: Callable[[int], object] | None = None,
) -> CurveAverages:
    """Do the same with curves that come in blocks, and are not kept.

    Parameters
    ----------
    engine, target
        As for ``average_over_curves``.
    blocks : iterable of array_like, shape (n, L)
    n_curves : int
        In all blocks.
    progress : callable, optional
        Called with the number of curves done since the last call.

    Raises
    ------
    InputError
        If an argument is not what it should be.
    """
    check_target(target)
    engine = as_engine(engine)
    correct = np.empty(n_curves, dtype=np.int8)
    figures: dict[str, Floats] = {}
    first = 0
    for block in blocks:
        p = engine.check(block, n_dim=2)
        part = slice(first, first + len(p))
        correct[part] = correct_levels(p, target)
        for name, values in _figures(engine, p, correct[part], target).items():
            figures.setdefault(name, np.empty(n_curves))[part] = values
        first += len(p)
        if progress is not None:
            progress(len(p))
    return CurveAverages(target=target, p_dlt=None, correct=correct, figures=figures)


def _figures(
    engine: ExactEngine, p: Floats, correct: NDArray[np.int8], target: float
) -> dict[str, Floats]:
    above = is_above(p, target)
    found, share_above, dlt_rate = engine.with_shares(p, above)
    selected = found.p_select[np.arange(len(p)), np.maximum(correct, 0)]
    return {
        "pcs": np.where(correct == NO_MTD, found.p_no_mtd, selected),
        "p_overdose": _sum_of(found.p_select, above),
        "p_no_mtd": found.p_no_mtd,
        "p_inconclusive": found.p_inconclusive,
        "sample_size": found.patients @ np.ones(p.shape[1]),
        "total_dlts": found.dlts @ np.ones(p.shape[1]),
        "patients_above": _sum_of(found.patients, above),
        "share_above": share_above,
        "dlt_rate": dlt_rate,
    }


def _sum_of(values: Floats, which: NDArray[np.bool_]) -> Floats:
    """Sum over some levels, others under each curve."""
    return np.asarray(np.einsum("nl,nl->n", values, which))


def _summarise(values: Floats) -> FigureSummary:
    several = len(values) > 1
    sd = float(values.std(ddof=1)) if several else None
    return FigureSummary(
        mean=float(values.mean()),
        mcse=None if sd is None else sd / float(np.sqrt(len(values))),
        sd=sd,
        quantiles=tuple(np.quantile(values, QUANTILES).tolist()),
    )
