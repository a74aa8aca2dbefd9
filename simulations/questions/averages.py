"""Exact characteristics averaged over many toxicity curves, with how much they vary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.nearness import is_above
from simulations.engines.characteristics import correct_levels, end_values
from simulations.engines.exact import check_p_dlt, expected_values
from simulations.engines.ladder import LadderAutomaton
from simulations.engines.ladder_shares import LadderShares
from simulations.graph.build import NO_MTD, TransitionGraph
from simulations.probabilities import check_probabilities, check_target
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
    engine: TransitionGraph | LadderAutomaton, p_dlt: ArrayLike, target: float
) -> CurveAverages:
    """Return the exact characteristics under each of many curves.

    Correct selection is judged for each curve by its own correct level, and overdosing by its own
    levels above the target.

    Parameters
    ----------
    engine : TransitionGraph or LadderAutomaton
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
    p = _check(engine, p_dlt)
    blocks = (p[first : first + CURVES_AT_ONCE] for first in range(0, len(p), CURVES_AT_ONCE))
    return replace(average_over_blocks(engine, blocks, len(p), target), p_dlt=p)


def average_over_blocks(
    engine: TransitionGraph | LadderAutomaton,
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
    correct = np.empty(n_curves, dtype=np.int8)
    figures: dict[str, Floats] = {}
    evaluate = _of_levels(engine) if isinstance(engine, LadderAutomaton) else _of_states(engine)
    first = 0
    for block in blocks:
        p = _check(engine, block)
        part = slice(first, first + len(p))
        correct[part] = correct_levels(p, target)
        for name, values in _figures(evaluate, p, correct[part], target).items():
            figures.setdefault(name, np.empty(n_curves))[part] = values
        first += len(p)
        if progress is not None:
            progress(len(p))
    return CurveAverages(target=target, p_dlt=None, correct=correct, figures=figures)


def _check(engine: TransitionGraph | LadderAutomaton, p_dlt: ArrayLike) -> Floats:
    if isinstance(engine, LadderAutomaton):
        return check_probabilities(p_dlt, engine.n_levels, "P(DLT)", n_dim=2)
    return check_p_dlt(p_dlt, engine, n_dim=2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What an engine finds under each of N curves, some of their levels being above the target."""

    p_select: Floats
    p_no_mtd: Floats
    p_inconclusive: Floats
    patients: Floats
    dlts: Floats
    share_above: Floats
    dlt_rate: Floats


_Evaluate = Callable[[Floats, NDArray[np.bool_]], _Found]


def _of_levels(automaton: LadderAutomaton) -> _Evaluate:
    shares = LadderShares(automaton)

    def evaluate(p: Floats, above: NDArray[np.bool_]) -> _Found:
        found = automaton.batch(p)
        share, rate = shares.means(p, above)
        return _Found(
            p_select=found.p_select,
            p_no_mtd=found.p_no_mtd,
            p_inconclusive=found.p_inconclusive,
            patients=found.patients,
            dlts=found.dlts,
            share_above=share,
            dlt_rate=rate,
        )

    return evaluate


def _of_states(graph: TransitionGraph) -> _Evaluate:
    values = end_values(graph)
    of_all = np.maximum(values["patients"].sum(axis=1, keepdims=True), 1)
    values["shares"] = values["patients"] / of_all
    values["rate"] = values["dlts"].sum(axis=1, keepdims=True) / of_all
    cuts = np.cumsum([value.shape[1] for value in values.values()])[:-1]
    counted = np.hstack(list(values.values()))

    def evaluate(p: Floats, above: NDArray[np.bool_]) -> _Found:
        sums = np.split(expected_values(graph, p, counted), cuts, axis=1)
        found = dict(zip(values, sums, strict=True))
        return _Found(
            p_select=found["p_select"],
            p_no_mtd=found["p_no_mtd"][:, 0],
            p_inconclusive=found["p_inconclusive"][:, 0],
            patients=found["patients"],
            dlts=found["dlts"],
            share_above=_sum_of(found["shares"], above),
            dlt_rate=found["rate"][:, 0],
        )

    return evaluate


def _figures(
    evaluate: _Evaluate, p: Floats, correct: NDArray[np.int8], target: float
) -> dict[str, Floats]:
    above = is_above(p, target)
    found = evaluate(p, above)
    selected = found.p_select[np.arange(len(p)), np.maximum(correct, 0)]
    return {
        "pcs": np.where(correct == NO_MTD, found.p_no_mtd, selected),
        "p_overdose": _sum_of(found.p_select, above),
        "p_no_mtd": found.p_no_mtd,
        "p_inconclusive": found.p_inconclusive,
        "sample_size": found.patients @ np.ones(p.shape[1]),
        "total_dlts": found.dlts @ np.ones(p.shape[1]),
        "patients_above": _sum_of(found.patients, above),
        "share_above": found.share_above,
        "dlt_rate": found.dlt_rate,
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
