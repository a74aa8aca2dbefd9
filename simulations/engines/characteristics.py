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
    "EndSums",
    "OperatingCharacteristics",
    "correct_level",
    "correct_levels",
    "end_values",
    "figure_rows",
    "judge_selection",
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
        P(the level is declared the MTD); NaN where selection is left out.
    p_no_mtd : float
        P(the trial ends with no MTD, because no level that was given is tolerated); NaN as well.
    p_inconclusive : float
        P(the trial ends with the MTD not determined).
    sample_size, total_dlts : Distribution
    patients_by_level, dlts_by_level : tuple of Distribution, length L
    continued : bool
        Whether the trial continues from data.
    p_stopped : float or None
        Where selection is left out, P(the trial stops because the lowest level is too toxic);
        otherwise None.
    """

    p_select: Floats
    p_no_mtd: float
    p_inconclusive: float
    sample_size: Distribution
    total_dlts: Distribution
    patients_by_level: tuple[Distribution, ...]
    dlts_by_level: tuple[Distribution, ...]
    continued: bool = False
    p_stopped: float | None = None

    @property
    def selects(self) -> bool:
        """Whether it is known which MTD is selected."""
        return self.p_stopped is None

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
            "p_select": self.p_select.tolist() if self.selects else [None] * len(self.p_select),
            "p_no_mtd": self.p_no_mtd if self.selects else None,
            **({} if self.selects else {"p_stopped": self.p_stopped}),
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
    p = np.ascontiguousarray(p_dlt.T)  # levels first: a maximum over them takes a tenth as long
    is_over = is_above(p, target)
    highest_below = np.where(is_over, -np.inf, p).max(axis=0)
    lowest_above = np.where(is_over, p, np.inf).min(axis=0)
    take_over = upper_is_nearer(highest_below, lowest_above, target)
    correct = np.where(take_over, lowest_above, highest_below)
    with_it = (is_over == take_over) & is_same(p, correct)
    levels = np.full(len(p_dlt), NO_MTD, dtype=np.intp)
    for level, is_correct in enumerate(with_it):
        levels[is_correct] = level
    levels[is_over.all(axis=0)] = NO_MTD
    return levels


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


def figure_rows(n_levels: int) -> dict[str, Floats]:
    """Return figures as sums of what a trial counts, in the order of ``end_values``.

    That is K = 3 L + 2 numbers: which level is selected, no MTD, an inconclusive end, patients and
    DLTs by level. An engine finds the expectation of any sum of them.

    Returns
    -------
    dict
        "p_select", "patients" and "dlts" with shape (L, K); "p_no_mtd", "p_inconclusive",
        "sample_size" and "total_dlts" with shape (K,).
    """
    cuts = np.cumsum([n_levels, 1, 1, n_levels])
    select, no_mtd, inconclusive, patients, dlts = np.split(np.eye(3 * n_levels + 2), cuts)
    return {
        "p_select": select,
        "p_no_mtd": no_mtd[0],
        "p_inconclusive": inconclusive[0],
        "patients": patients,
        "dlts": dlts,
        "sample_size": patients.sum(axis=0),
        "total_dlts": dlts.sum(axis=0),
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
    return EndSums.of_graph(graph).under(weights, total)


class EndSums:
    """The ends of trials, sorted once by what each counts towards, to be summed up many times.

    Parameters
    ----------
    mtd : int array, shape (E,)
        0-based; ``NO_MTD`` or ``INCONCLUSIVE`` without one.
    n_new, dlts_new : int array, shape (E, L)
        Patients and DLTs of each end, by level.
    continued : bool
        Whether the trial continues from data.
    """

    def __init__(
        self,
        mtd: NDArray[np.intp],
        n_new: NDArray[np.integer[Any]],
        dlts_new: NDArray[np.integer[Any]],
        *,
        continued: bool = False,
    ) -> None:
        self.n_levels = n_new.shape[1]
        # INCONCLUSIVE and NO_MTD are -2 and -1: shifted, they come before the levels
        self._outcome = mtd - INCONCLUSIVE
        self._in_all = _Pairs(n_new.sum(axis=1), dlts_new.sum(axis=1))
        self._by_level = [_Pairs(*both) for both in zip(n_new.T, dlts_new.T, strict=True)]
        self._continued = continued

    @classmethod
    def of_graph(cls, graph: TransitionGraph) -> EndSums:
        """Return those of the ends of a graph, in their order."""
        ends = graph.ends
        return cls(
            graph.mtd[ends],
            graph.n_evaluable[ends] - graph.n_so_far.astype(graph.n_evaluable.dtype),
            graph.n_dlts[ends] - graph.n_dlts_so_far.astype(graph.n_dlts.dtype),
            continued=bool(graph.n_so_far.any() or graph.n_pending.any()),
        )

    def under(self, weights: Floats, total: float = 1.0) -> OperatingCharacteristics:
        """Return the characteristics; ``weights`` and ``total`` as for ``summarise``."""
        summed = np.bincount(self._outcome, weights, minlength=self.n_levels - INCONCLUSIVE)
        shares = np.asarray(summed / total, dtype=np.float64)
        sample_size, total_dlts = self._in_all.under(weights, total)
        by_level = [pairs.under(weights, total) for pairs in self._by_level]
        return OperatingCharacteristics(
            p_select=shares[-INCONCLUSIVE:],
            p_no_mtd=float(shares[NO_MTD - INCONCLUSIVE]),
            p_inconclusive=float(shares[0]),
            sample_size=sample_size,
            total_dlts=total_dlts,
            patients_by_level=tuple(patients for patients, _ in by_level),
            dlts_by_level=tuple(dlts for _, dlts in by_level),
            continued=self._continued,
        )


class _Pairs:
    """Patients and DLTs of each end, counted together, since that is half the work."""

    def __init__(self, patients: NDArray[np.integer[Any]], dlts: NDArray[np.integer[Any]]) -> None:
        self._shape = int(patients.max()) + 1, int(dlts.max()) + 1
        self._which = patients.astype(np.intp) * self._shape[1] + dlts
        table = self._summed(None) > 0
        self._values = [np.flatnonzero(table.any(axis=axis)) for axis in (1, 0)]

    def _summed(self, weights: Floats | None) -> NDArray[Any]:
        n_cells = self._shape[0] * self._shape[1]
        return np.bincount(self._which, weights, minlength=n_cells).reshape(self._shape)

    def under(self, weights: Floats, total: float) -> tuple[Distribution, Distribution]:
        table = self._summed(weights)
        patients, dlts = (
            Distribution(values=values, p=table.sum(axis=axis)[values] / total)
            for values, axis in zip(self._values, (1, 0), strict=True)
        )
        return patients, dlts
