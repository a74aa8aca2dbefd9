"""Operating characteristics: one result type, whichever engine the probabilities came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.nearness import is_above, is_same, upper_is_nearer
from simulations.graph.build import INCONCLUSIVE, NO_MTD, TransitionGraph

__all__ = [
    "Distribution",
    "OperatingCharacteristics",
    "correct_level",
    "correct_levels",
    "end_values",
    "judge_selection",
    "sum_up",
    "summarise",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """A distribution over whole numbers.

    Attributes
    ----------
    values : int array, shape (K,)
        Every value the design can produce, ascending, also where its probability is 0.
    p : float array, shape (K,)
    """

    values: NDArray[np.intp]
    p: Floats

    def __repr__(self) -> str:
        return f"<Distribution: mean {self.mean:.4g}, SD {self.sd:.4g}>"

    @property
    def mean(self) -> float:
        """Expected value."""
        return float(self.p @ self.values)

    @property
    def sd(self) -> float:
        """Standard deviation."""
        return float(np.sqrt(self.central_moment(2)))

    def central_moment(self, order: int) -> float:
        """Return E[(X - E[X])^order]."""
        return float(self.p @ (self.values - self.mean) ** order)

    def quantile(self, q: float) -> int:
        """Return the smallest value that is reached with probability ``q`` at least."""
        place = int(np.searchsorted(np.cumsum(self.p), q - 1e-12))
        return int(self.values[min(place, len(self.values) - 1)])

    def p_above(self, value: int) -> float:
        """Return the probability of more than ``value``."""
        return float(self.p[self.values > value].sum())

    def to_dict(self) -> dict[str, float]:
        """Return ``{value: probability}`` with the values as text, ready for JSON."""
        return dict(zip(map(str, self.values.tolist()), self.p.tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatingCharacteristics:
    """What a design does under one scenario; L is the number of levels, lowest first.

    For a trial that continues from data, patients and DLTs are those whose outcome is still to
    come, pending patients among them.

    Attributes
    ----------
    p_select : float array, shape (L,)
        P(the level is declared the MTD).
    p_no_mtd : float
        P(the trial ends with no MTD, because no level that was given is tolerated).
    p_inconclusive : float
        P(the trial ends with the MTD not determined).
    sample_size, total_dlts : Distribution
    patients_by_level, dlts_by_level : tuple of Distribution, length L
    continued : bool
        Whether the trial continues from data.
    """

    p_select: Floats
    p_no_mtd: float
    p_inconclusive: float
    sample_size: Distribution
    total_dlts: Distribution
    patients_by_level: tuple[Distribution, ...]
    dlts_by_level: tuple[Distribution, ...]
    continued: bool = False

    def __repr__(self) -> str:
        selects = ", ".join(f"{100 * p:.1f}" for p in self.p_select.tolist())
        return (
            f"<OperatingCharacteristics: selects {selects} %, no MTD {100 * self.p_no_mtd:.1f} %, "
            f"mean n {self.sample_size.mean:.2f}>"
        )

    @property
    def patients(self) -> Floats:
        """Expected patients by level, shape (L,)."""
        return np.array([level.mean for level in self.patients_by_level])

    @property
    def dlts(self) -> Floats:
        """Expected DLTs by level, shape (L,)."""
        return np.array([level.mean for level in self.dlts_by_level])

    def to_dict(self) -> dict[str, Any]:
        """Return the figures under the names of ``escalation simulate --json``."""
        return {
            "p_select": self.p_select.tolist(),
            "p_no_mtd": self.p_no_mtd,
            "p_inconclusive": self.p_inconclusive,
            "patients": self.patients.tolist(),
            "dlts": self.dlts.tolist(),
            "sample_size": _moments(self.sample_size),
            "total_dlts": _moments(self.total_dlts),
            "patients_by_level": [level.to_dict() for level in self.patients_by_level],
            "dlts_by_level": [level.to_dict() for level in self.dlts_by_level],
        }

    def against_target(self, p_dlt: Sequence[float], target: float) -> dict[str, float]:
        """Return ``pcs``, the probability of correct selection, and ``p_overdose``.

        Correct is ``correct_level``. To select a level whose P(DLT) exceeds the target is
        overdosing, even where that level is the correct one because it is nearest.
        """
        return judge_selection(self.p_select, self.p_no_mtd, p_dlt, target)


def judge_selection(
    p_select: Floats, p_no_mtd: float, p_dlt: Sequence[float], target: float
) -> dict[str, float]:
    """Return ``OperatingCharacteristics.against_target`` of P(select), whatever it is from."""
    correct = correct_level(p_dlt, target)
    above = is_above(np.asarray(p_dlt), target)
    return {
        "pcs": p_no_mtd if correct is None else float(p_select[correct]),
        "p_overdose": float(p_select[above].sum()),
    }


def _moments(distribution: Distribution) -> dict[str, Any]:
    return {
        "mean": distribution.mean,
        "sd": distribution.sd,
        "distribution": distribution.to_dict(),
    }


def correct_level(p_dlt: Sequence[float], target: float) -> int | None:
    """Return the level that ought to be selected.

    It is the level whose P(DLT) is nearest to ``target``: of two equally near, the one below the
    target; of several with the same P(DLT), the highest. None, no MTD, where every level is above
    the target.
    """
    level = int(correct_levels(np.array([p_dlt], dtype=np.float64), target)[0])
    return None if level == NO_MTD else level


def correct_levels(p_dlt: Floats, target: float) -> NDArray[np.intp]:
    """Return ``correct_level`` of each row of scenarios, ``NO_MTD`` for none.

    Parameters
    ----------
    p_dlt : float array, shape (N, L)
    target : float

    Returns
    -------
    int array, shape (N,)
    """
    is_over = is_above(p_dlt, target)
    highest_below = np.where(is_over, -np.inf, p_dlt).max(axis=1, keepdims=True)
    lowest_above = np.where(is_over, p_dlt, np.inf).min(axis=1, keepdims=True)
    take_over = upper_is_nearer(highest_below, lowest_above, target)
    correct = np.where(take_over, lowest_above, highest_below)
    with_it = (is_over == take_over) & is_same(p_dlt, correct)
    levels = p_dlt.shape[1] - 1 - np.argmax(with_it[:, ::-1], axis=1)
    return np.where(is_over.all(axis=1), NO_MTD, levels)


def end_values(graph: TransitionGraph) -> dict[str, Floats]:
    """Return what each end of a trial counts towards each characteristic.

    A characteristic is the expectation of these values over the ends, weighted by their
    probabilities.

    Returns
    -------
    dict
        "p_select", "patients", "dlts" with shape (E, L); "p_no_mtd", "p_inconclusive" with shape
        (E, 1).
    """
    ends = graph.ends
    # INCONCLUSIVE and NO_MTD are -2 and -1: shifted, they come before the levels
    outcome = np.eye(graph.design.n_levels - INCONCLUSIVE)[graph.mtd[ends] - INCONCLUSIVE]
    return {
        "p_select": outcome[:, -INCONCLUSIVE:],
        "p_no_mtd": outcome[:, [NO_MTD - INCONCLUSIVE]],
        "p_inconclusive": outcome[:, [0]],
        "patients": (graph.n_evaluable[ends] - graph.n_so_far).astype(np.float64),
        "dlts": (graph.n_dlts[ends] - graph.n_dlts_so_far).astype(np.float64),
    }


def summarise(
    graph: TransitionGraph, weights: Floats, total: float = 1.0
) -> OperatingCharacteristics:
    """Sum up the ends of trials into operating characteristics.

    Parameters
    ----------
    graph : TransitionGraph
    weights : float array, shape (E,)
        The probability of each of ``graph.ends``, or how many simulated trials ended there.
    total : float
        What the weights sum to.
    """
    return sum_up(
        graph.mtd[graph.ends],
        graph.n_evaluable[graph.ends] - graph.n_so_far,
        graph.n_dlts[graph.ends] - graph.n_dlts_so_far,
        weights,
        total,
        continued=bool(graph.n_so_far.any() or graph.n_pending.any()),
    )


def sum_up(
    mtd: NDArray[np.intp],
    n_new: NDArray[np.intp],
    dlts_new: NDArray[np.intp],
    weights: Floats,
    total: float = 1.0,
    *,
    continued: bool = False,
) -> OperatingCharacteristics:
    """Sum up the ends of trials, each given by its MTD, patients and DLTs.

    Parameters
    ----------
    mtd : int array, shape (E,)
        0-based; ``NO_MTD`` or ``INCONCLUSIVE`` without one.
    n_new, dlts_new : int array, shape (E, L)
    weights, total
        As for ``summarise``.
    continued : bool
        Whether the trial continues from data.
    """
    levels = range(n_new.shape[1])
    # INCONCLUSIVE and NO_MTD are -2 and -1: shifted, they come before the levels
    shares = _sums(mtd - INCONCLUSIVE, weights, len(levels) - INCONCLUSIVE) / total

    def distribution(values: NDArray[np.intp]) -> Distribution:
        reachable = np.flatnonzero(np.bincount(values))
        return Distribution(values=reachable, p=_sums(values, weights)[reachable] / total)

    return OperatingCharacteristics(
        p_select=shares[-INCONCLUSIVE:],
        p_no_mtd=float(shares[NO_MTD - INCONCLUSIVE]),
        p_inconclusive=float(shares[0]),
        sample_size=distribution(n_new.sum(axis=1)),
        total_dlts=distribution(dlts_new.sum(axis=1)),
        patients_by_level=tuple(distribution(n_new[:, level]) for level in levels),
        dlts_by_level=tuple(distribution(dlts_new[:, level]) for level in levels),
        continued=continued,
    )


def _sums(values: NDArray[np.intp], weights: Floats, length: int = 0) -> Floats:
    """Sum the weights of each value, 0 .. length - 1 at least."""
    return np.bincount(values, weights, minlength=length).astype(np.float64, copy=False)
