"""Exact characteristics averaged over many toxicity curves, with how much they vary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.nearness import is_above
from simulations.engines.characteristics import correct_levels
from simulations.engines.exact_engine import ExactEngine, as_engine
from simulations.graph.build import NO_MTD, TransitionGraph
from simulations.probabilities import QUANTILES, check_target
from simulations.questions.running import Running
from simulations.scenarios.random import CURVES_AT_ONCE

__all__ = [
    "Averages",
    "CurveAverages",
    "CurveSummaries",
    "FigureSummary",
    "average_in_blocks",
    "average_over_curves",
]

Floats = NDArray[np.float64]

_PARTS_AT_ONCE = 4


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


class Averages(Protocol):
    """Characteristics over many curves, summed up."""

    @property
    def target(self) -> float:
        """Target P(DLT)."""

    @property
    def n_curves(self) -> int:
        """Number of curves."""

    def summary(self) -> dict[str, FigureSummary]:
        """Return mean, standard error, SD and quantiles of each figure."""

    def by_correct_level(self, name: str) -> dict[int, FigureSummary]:
        """Return the same of one figure over the curves of each correct level, ``NO_MTD`` last."""

    def n_by_correct_level(self) -> dict[int, int]:
        """Return how many curves have each correct level, ``NO_MTD`` among them."""


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
        levels = _in_order(np.unique(self.correct).tolist())
        return {level: _summarise(self.figures[name][self.correct == level]) for level in levels}

    def n_by_correct_level(self) -> dict[int, int]:
        """Return how many curves have each correct level, ``NO_MTD`` among them."""
        levels, counts = np.unique(self.correct, return_counts=True)
        return dict(zip(levels.tolist(), counts.tolist(), strict=True))


class CurveSummaries:
    """The same summed up, of curves that come in blocks: no curve is kept.

    Parameters
    ----------
    parts : iterable of CurveAverages
        As from ``average_in_blocks``.
    target : float
    progress : callable, optional
        Called with the number of curves done since the last call.
    """

    def __init__(
        self,
        parts: Iterable[CurveAverages],
        target: float,
        *,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        self.target, self.n_curves = target, 0
        self._of_all: dict[str, Running] = {}
        self._of_level: dict[int, dict[str, Running]] = {}
        waiting: list[CurveAverages] = []
        for part in parts:
            waiting.append(part)
            self.n_curves += part.n_curves
            if len(waiting) == _PARTS_AT_ONCE:
                self._add(waiting)
                waiting = []
            if progress is not None:
                progress(part.n_curves)
        if waiting:
            self._add(waiting)

    def _add(self, parts: Sequence[CurveAverages]) -> None:
        correct = np.concatenate([part.correct for part in parts])
        order = np.argsort(correct, kind="stable")
        levels, first = np.unique(correct[order], return_index=True)
        for name in parts[0].figures:
            values = np.concatenate([part.figures[name] for part in parts])
            self._of_all.setdefault(name, Running(QUANTILES)).add(values)
            by_level = np.split(values[order], first[1:])
            for level, here in zip(levels.tolist(), by_level, strict=True):
                of_level = self._of_level.setdefault(level, {})
                of_level.setdefault(name, Running(QUANTILES)).add(here)

    def __repr__(self) -> str:
        return f"<CurveSummaries of {self.n_curves} curves>"

    def summary(self) -> dict[str, FigureSummary]:
        """Return mean, standard error, SD and quantiles of each figure."""
        return {name: _summary_of(running) for name, running in self._of_all.items()}

    def by_correct_level(self, name: str) -> dict[int, FigureSummary]:
        """Return the same of one figure over the curves of each correct level, ``NO_MTD`` last."""
        levels = _in_order(self._of_level)
        return {level: _summary_of(self._of_level[level][name]) for level in levels}

    def n_by_correct_level(self) -> dict[int, int]:
        """Return how many curves have each correct level, ``NO_MTD`` among them."""
        return {level: of["pcs"].n for level, of in sorted(self._of_level.items())}


def _summary_of(running: Running) -> FigureSummary:
    return _summary(running.mean, running.sd, running.n, running.quantiles)


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
    parts = list(average_in_blocks(engine, blocks, target))
    return CurveAverages(
        target=target,
        p_dlt=p,
        correct=np.concatenate([part.correct for part in parts]),
        figures={
            name: np.concatenate([part.figures[name] for part in parts])
            for name in parts[0].figures
        },
    )


def average_in_blocks(
    engine: TransitionGraph | ExactEngine, blocks: Iterable[ArrayLike], target: float
) -> Iterator[CurveAverages]:
    """Yield the same of curves that come in blocks, a block at a time.

    Parameters
    ----------
    engine, target
        As for ``average_over_curves``.
    blocks : iterable of array_like, shape (n, L)

    Raises
    ------
    InputError
        If an argument is not what it should be.
    """
    check_target(target)
    engine = as_engine(engine)
    for block in blocks:
        p = engine.check(block, n_dim=2)
        correct = correct_levels(p, target).astype(np.int8)
        figures = _figures(engine, p, correct, target)
        yield CurveAverages(target=target, p_dlt=p, correct=correct, figures=figures)


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
    return _summary(float(values.mean()), sd, len(values), np.quantile(values, QUANTILES).tolist())


def _summary(mean: float, sd: float | None, n: int, quantiles: Sequence[float]) -> FigureSummary:
    mcse = None if sd is None else sd / float(np.sqrt(n))
    return FigureSummary(mean=mean, mcse=mcse, sd=sd, quantiles=tuple(quantiles))


def _in_order(levels: Iterable[int]) -> list[int]:
    return sorted(levels, key=lambda level: (level == NO_MTD, level))
