"""The measures by which the field compares designs, each a figure of how a trial ended.

A measure's value is the expectation of these figures over the ends, exact or simulated; a share
of a trial's patients is taken in each trial first, and then averaged over trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from escalation.designs.interval.posterior import as_written
from escalation.errors import InputError
from escalation.nearness import is_above, is_same
from simulations.engines.characteristics import (
    OperatingCharacteristics,
    correct_level,
    end_values,
)
from simulations.engines.exact import check_p_dlt
from simulations.engines.simulated import MonteCarlo
from simulations.graph.build import INCONCLUSIVE, NO_MTD, TransitionGraph
from simulations.probabilities import check_target
from simulations.words import WORDS

__all__ = [
    "METRICS",
    "SHARES",
    "SHARES_ABOVE",
    "Measured",
    "end_shares",
    "metric_values",
    "metrics_of",
    "selection_metrics",
    "target_interval",
]

Floats = NDArray[np.float64]

METRICS: Mapping[str, str] = MappingProxyType(
    {
        name: WORDS[name]
        for name in (
            "pcs",
            "p_within",
            "p_overdose",
            "accuracy",
            "p_no_mtd",
            "p_inconclusive",
            "share_above",
            "p_60_above",
            "p_80_above",
            "dlt_rate",
            "sample_size",
            "total_dlts",
        )
    }
)

SHARES_ABOVE: Mapping[str, int] = MappingProxyType({"p_60_above": 60, "p_80_above": 80})
"""Whether so many per cent of a trial's patients are treated above the target."""
SHARES = ("share_above", *SHARES_ABOVE, "dlt_rate")

_HALF_WIDTH = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What a design does under one scenario.

    Attributes
    ----------
    characteristics : OperatingCharacteristics
    metrics : dict of str to float
        As in ``METRICS``.
    run : MonteCarlo or None
        The simulation that the figures come from; None where they are exact.
    mcse : dict of str to float
        Monte Carlo standard errors of the metrics; empty where they are exact.
    paired : dict of str to float
        Standard errors of the differences to the first of the designs that are simulated together;
        empty for that one, and where the figures are exact.
    """

    characteristics: OperatingCharacteristics
    metrics: dict[str, float]
    run: MonteCarlo | None = None
    mcse: dict[str, float] = field(default_factory=dict)
    paired: dict[str, float] = field(default_factory=dict)


def target_interval(
    target: float, interval: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Return the interval around the target that a selected level's P(DLT) should lie in.

    It is the target -/+ 0.05 unless given, the usual equivalence interval of mTPI and Keyboard.

    Raises
    ------
    InputError
        If the target does not lie in the interval, or the interval not in 0 .. 1.

    References
    ----------
    Ji Y, Liu P, Li Y, Bekele BN (2010). A modified toxicity probability interval method for
    dose-finding trials. Clin Trials 7(6):653-663.
    Yan F, Mandrekar SJ, Yuan Y (2017). Keyboard: a novel Bayesian toxicity probability interval
    design for phase I clinical trials. Clin Cancer Res 23(15):3994-4003.

    Examples
    --------
    >>> target_interval(0.3)
    (0.25, 0.35)
    """
    check_target(target)
    if interval is None:
        middle, half = as_written(target), as_written(_HALF_WIDTH)
        return float(max(middle - half, Fraction(0))), float(min(middle + half, Fraction(1)))
    low, high = interval
    if not 0 <= low <= high <= 1 or is_above(low, target) or is_above(target, high):
        raise InputError(
            f"an interval around the target {target:g} needs 0 <= low <= target <= high <= 1, "
            f"not {low:g} to {high:g}"
        )
    return low, high


def selection_metrics(
    p_dlt: Sequence[float], *, target: float, interval: tuple[float, float] | None = None
) -> dict[str, Floats]:
    """Return what each outcome of a trial counts towards each measure of selection.

    ``pcs``: the selected level is ``correct_level``. ``p_within``: its P(DLT) lies in the
    interval, limits included. ``p_overdose``: its P(DLT) is above the target. ``accuracy``: the
    accuracy index 1 - L sum_j rho_j P(select j) / sum_j rho_j with rho_j = abs(p_j - target);
    it is 1 for a design that always selects a level at the target, 0 for one that draws a level.
    Its definition knows no trial without an MTD: here no MTD counts as a dose of P(DLT) 0, but
    for rho = 0 where it is correct; an MTD not determined always as a dose of P(DLT) 0. Where
    every level is at the target, the index is not defined, and absent.

    Returns
    -------
    dict of str to float array, shape (2 + L,)
        By outcome: MTD not determined, no MTD, and the levels.

    References
    ----------
    Cheung YK (2011). Dose Finding by the Continual Reassessment Method. Chapman & Hall, ch. 5.
    """
    low, high = target_interval(target, interval)
    p = np.array(p_dlt, dtype=np.float64)
    none = np.zeros(2)
    correct = correct_level(p_dlt, target)
    hits = np.zeros(2 + len(p))
    hits[(NO_MTD if correct is None else correct) - INCONCLUSIVE] = 1
    distance = np.where(is_same(p, target), 0.0, abs(p - target))
    rho = np.array([target, 0.0 if correct is None else target, *distance])
    values: dict[str, Floats] = {
        "pcs": hits,
        "p_within": np.append(none, ~is_above(low, p) & ~is_above(p, high)),
        "p_overdose": np.append(none, is_above(p, target)),
    }
    if distance.any():
        values["accuracy"] = 1 - len(p) * rho / distance.sum()
    return values


def metric_values(
    graph: TransitionGraph,
    p_dlt: Sequence[float],
    *,
    target: float,
    interval: tuple[float, float] | None = None,
) -> dict[str, Floats]:
    """Return what each end of a trial counts towards each measure in ``METRICS``.

    Beside those of ``selection_metrics``: ``share_above``, the share of the trial's patients
    treated at a level whose P(DLT) is above the target, and ``p_60_above`` and ``p_80_above``,
    whether it is at least 60 % or 80 %, the risk of overdosing; ``dlt_rate``, the share of its
    patients with a DLT. A trial without patients counts 0.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L
    target : float
    interval : (float, float), optional
        As in ``target_interval``.

    Returns
    -------
    dict of str to float array, shape (E,)
        Over ``graph.ends``.

    References
    ----------
    Yuan Y, Hess KR, Hilsenbeck SG, Gilbert MR (2016). Bayesian optimal interval design: a simple
    and well-performing design for phase I oncology trials. Clin Cancer Res 22(17):4291-4301.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.engines.exact import end_probabilities
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=3))
    >>> values = metric_values(graph, [0.1, 0.3, 0.5], target=0.3)
    >>> p_ends = end_probabilities(graph, np.array([[0.1, 0.3, 0.5]]))[0]
    >>> round(float(p_ends @ values["pcs"]), 4), round(float(p_ends @ values["share_above"]), 4)
    (0.3391, 0.1409)
    """
    p = check_p_dlt(p_dlt, graph)
    selection = selection_metrics(p.tolist(), target=target, interval=interval)
    outcome = graph.mtd[graph.ends] - INCONCLUSIVE
    counted = end_values(graph)
    values = {
        **{name: of_outcome[outcome] for name, of_outcome in selection.items()},
        "p_no_mtd": counted["p_no_mtd"][:, 0],
        "p_inconclusive": counted["p_inconclusive"][:, 0],
        **end_shares(graph, is_above(p, target)),
        "sample_size": counted["patients"].sum(axis=1),
        "total_dlts": counted["dlts"].sum(axis=1),
    }
    return {name: values[name] for name in METRICS if name in values}


def end_shares(graph: TransitionGraph, above: NDArray[np.bool_]) -> dict[str, Floats]:
    """Return the measures in ``SHARES`` of each end; ``above``: which levels are above the target.

    Returns
    -------
    dict of str to float array, shape (E,)
    """
    ends = graph.ends
    n_evaluable = graph.n_evaluable[ends]  # a byte or two each, where that will do
    some = np.maximum(n_evaluable.sum(axis=1) - graph.n_so_far.sum(), 1)
    n_above = n_evaluable[:, above].sum(axis=1) - graph.n_so_far[above].sum()
    dlts = graph.n_dlts[ends].sum(axis=1) - graph.n_dlts_so_far.sum()
    return {
        "share_above": n_above / some,
        **{name: _reaches(percent, n_above, some) for name, percent in SHARES_ABOVE.items()},
        "dlt_rate": dlts / some,
    }


def _reaches(percent: int, n_above: NDArray[np.intp], some: NDArray[np.intp]) -> Floats:
    return (100 * n_above >= percent * some).astype(np.float64)


def metrics_of(
    found: OperatingCharacteristics, selection: Mapping[str, Floats], shares: Mapping[str, float]
) -> dict[str, float]:
    """Return every measure under one scenario from a design's characteristics there.

    Parameters
    ----------
    found : OperatingCharacteristics
    selection : mapping of str to float array, shape (2 + L,)
        Of ``selection_metrics``.
    shares : mapping of str to float
        The expectation of each of ``SHARES``.
    """
    outcomes = np.array([found.p_inconclusive, found.p_no_mtd, *found.p_select])
    values = {
        **{name: float(outcomes @ of_outcome) for name, of_outcome in selection.items()},
        "p_no_mtd": found.p_no_mtd,
        "p_inconclusive": found.p_inconclusive,
        **shares,
        "sample_size": found.sample_size.mean,
        "total_dlts": found.total_dlts.mean,
    }
    return {name: values[name] for name in METRICS if name in values}
