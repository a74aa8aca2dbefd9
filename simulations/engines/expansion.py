"""The expansion: more patients at the MTD, one after another, until all are treated or it stops.

They do not change the escalation, so that figures of theirs are exact for each MTD: a walk over
patients and DLTs that ends where the protocol's boundary is reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import NOBODY
from escalation.designs.replay import Expansion
from escalation.outcomes import Tally
from escalation.protocol import ExpansionMonitoring
from escalation.protocol.expansion import BoundaryStatus, judge_expansion
from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.engines.exact import end_probabilities
from simulations.graph.transitions import TransitionGraph

__all__ = ["ExpansionFigures", "expansion_figures", "sample_size_with"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpansionFigures:
    """What the expansion adds under one scenario; L is the number of levels.

    Attributes
    ----------
    p_started : float array, shape (L,)
        P(the level is declared the MTD), with which its expansion starts.
    p_stopped : float array, shape (L,)
        P(the boundary is reached), given that the level is the MTD.
    patients, dlts : tuple of Distribution, length L
        Of the expansion, given that the level is the MTD; those to come, where it has begun.
    """

    p_started: Floats
    p_stopped: Floats
    patients: tuple[Distribution, ...]
    dlts: tuple[Distribution, ...]

    @property
    def stopped(self) -> float:
        """P(an expansion starts and reaches its boundary)."""
        return float(self.p_started @ self.p_stopped)

    @property
    def mean_patients(self) -> float:
        """Expected patients of the expansion, in a trial."""
        return float(self.p_started @ [level.mean for level in self.patients])

    @property
    def mean_dlts(self) -> float:
        """Expected DLTs of the expansion, in a trial."""
        return float(self.p_started @ [level.mean for level in self.dlts])

    def to_dict(self) -> dict[str, Any]:
        """Return the figures under the names of ``escalation simulate --json``."""
        return {
            "p_started": self.p_started.tolist(),
            "given_mtd": {
                "p_stopped": self.p_stopped.tolist(),
                "patients": [level.mean for level in self.patients],
                "dlts": [level.mean for level in self.dlts],
                "patients_distribution": [level.to_dict() for level in self.patients],
                "dlts_distribution": [level.to_dict() for level in self.dlts],
            },
            "p_stopped": self.stopped,
            "patients": self.mean_patients,
            "dlts": self.mean_dlts,
        }


def expansion_figures(
    monitoring: ExpansionMonitoring,
    p_dlt: Sequence[float],
    found: OperatingCharacteristics,
    begun: Expansion | None = None,
) -> ExpansionFigures | None:
    """Return the figures of an expansion; None where the protocol does not say how many.

    Parameters
    ----------
    monitoring : ExpansionMonitoring
    p_dlt : sequence of float, length L
    found : OperatingCharacteristics
        Of the escalation, which says how likely each level is the MTD.
    begun : Expansion, optional
        Its patients so far; those pending are among those to come.
    """
    if monitoring.n_patients is None:
        return None
    seen, most = [NOBODY] * len(p_dlt), monitoring.n_patients
    if begun is not None:
        seen[begun.level] = begun.tally
    reached = _boundary(monitoring, max(most, *(tally.n_evaluable for tally in seen)))
    walked = [_walk(reached, p, tally, most) for p, tally in zip(p_dlt, seen, strict=True)]
    return ExpansionFigures(
        p_started=found.p_select,
        p_stopped=np.array([stopped for stopped, _, _ in walked]),
        patients=tuple(patients for _, patients, _ in walked),
        dlts=tuple(dlts for _, _, dlts in walked),
    )


def sample_size_with(
    expansion: ExpansionFigures, graph: TransitionGraph, p_dlt: Sequence[float]
) -> Distribution:
    """Return the distribution of patients in all: of the escalation, and of its expansion.

    Given the MTD they are independent.

    Parameters
    ----------
    expansion : ExpansionFigures
    graph : TransitionGraph
        The whole of it.
    p_dlt : sequence of float, length L
    """
    ends = graph.ends
    likely = end_probabilities(graph, np.array([p_dlt]))[0]
    n = (graph.n_evaluable[ends] - graph.n_so_far).sum(axis=1)
    most = int(n.max()) + max(int(level.values[-1]) for level in expansion.patients)
    total, possible = np.zeros((2, most + 1))
    for mtd in np.unique(graph.mtd[ends]).tolist():
        rows = graph.mtd[ends] == mtd
        more, shares = np.zeros(1, dtype=np.intp), np.ones(1)
        if mtd >= 0:
            more, shares = expansion.patients[mtd].values, expansion.patients[mtd].p
        for n_more, share in zip(more.tolist(), shares.tolist(), strict=True):
            total += share * np.bincount(n[rows] + n_more, likely[rows], most + 1)
            possible[n[rows] + n_more] = 1
    values = np.flatnonzero(possible)
    return Distribution(values=values, p=total[values])


def _boundary(monitoring: ExpansionMonitoring, most: int) -> NDArray[np.bool_]:
    """Return whether so many DLTs (columns) among so many patients (rows) reach the boundary."""
    reached = np.zeros((most + 1, most + 1), dtype=np.bool_)
    for n in range(1, most + 1):
        for n_dlts in range(n + 1):
            status = judge_expansion(monitoring, Tally(n_evaluable=n, n_dlts=n_dlts))
            reached[n, n_dlts] = status is BoundaryStatus.REACHED
    return reached


def _walk(
    reached: NDArray[np.bool_], p: float, seen: Tally, most: int
) -> tuple[float, Distribution, Distribution]:
    """Return P(boundary reached), and how many patients and DLTs come until the end."""
    n_before = seen.n_evaluable
    if n_before >= most or reached[n_before, seen.n_dlts]:
        nobody = _distribution(np.ones(1), 0)
        return float(reached[n_before, seen.n_dlts]), nobody, nobody
    going = np.zeros(most + 1)  # P(so many DLTs, boundary not reached)
    going[seen.n_dlts] = 1.0
    n_patients, n_dlts = np.zeros(most + 1), np.zeros(most + 1)
    for n in range(n_before + 1, most + 1):
        after = going * (1 - p)
        after[1:] += going[:-1] * p
        ended = np.where(reached[n, : most + 1], after, 0.0)
        n_patients[n] = ended.sum()
        n_dlts += ended
        going = after - ended
    stopped = float(n_patients.sum())
    n_patients[most] += going.sum()
    n_dlts += going
    to_come = n_dlts[seen.n_dlts : seen.n_dlts + most - n_before + 1]
    return stopped, _distribution(n_patients[n_before + 1 :], 1), _distribution(to_come, 0)


def _distribution(p: Floats, first: int) -> Distribution:
    return Distribution(values=np.arange(first, first + len(p)), p=p)
