"""Whether figures hold together: exact and simulated ones agree, and laws of probability hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import NormalDist

import numpy as np

from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.engines.montecarlo import simulate
from simulations.engines.results import ScenarioResult
from simulations.graph.build import TransitionGraph

__all__ = ["MANY", "Agreement", "check_agreement", "check_expectation", "check_sums", "sharpen"]

MANY = 10**12  # trials by counts: a share that is wrong by 1e-5 is twenty standard errors away
_LEAST_TRIALS = 50  # on either side; below, an estimate is not nearly normal
_LEVEL = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far simulated figures lie from exact ones, in standard errors.

    Attributes
    ----------
    n_figures : int
    largest : float
        The largest |z| among them.
    bound : float
        What the largest exceeds by chance in at most one run of a hundred, whatever the figures'
        dependence (Bonferroni).
    """

    n_figures: int
    largest: float
    bound: float

    @property
    def holds(self) -> bool:
        """Whether the largest |z| is within the bound."""
        return self.largest <= self.bound


def sharpen(
    graph: TransitionGraph, results: Sequence[ScenarioResult], *, seed: int
) -> list[ScenarioResult]:
    """Return the results that are exact, beside ``MANY`` trials of the graph by counts."""
    return [
        replace(result, monte_carlo=simulate(graph, result.scenario.p_dlt, trials=MANY, seed=seed))
        for result in results
        if result.exact is not None
    ]


def check_agreement(results: Sequence[ScenarioResult]) -> Agreement | None:
    """Compare every figure that was found in both ways; None where there is none.

    The standard errors are those that the exact figures imply.
    """
    distances = [abs(z) for result in results for z in _distances(result)]
    if not distances:
        return None
    bound = NormalDist().inv_cdf(1 - _LEVEL / (2 * len(distances)))
    return Agreement(n_figures=len(distances), largest=max(distances), bound=bound)


def _distances(result: ScenarioResult) -> Iterator[float]:
    if result.exact is None or result.monte_carlo is None:
        return
    trials, simulated = result.monte_carlo.trials, result.monte_carlo.characteristics
    for share, found in zip(_shares(result.exact), _shares(simulated), strict=True):
        if trials * min(share, 1 - share) >= _LEAST_TRIALS:
            yield (found - share) / (share * (1 - share) / trials) ** 0.5
    for one, other in zip(_counts(result.exact), _counts(simulated), strict=True):
        n_others = trials * (1 - float(one.p.max()))  # that do not give the likeliest value
        if n_others >= _LEAST_TRIALS:
            yield (other.mean - one.mean) / (one.sd / trials**0.5)


def _shares(found: OperatingCharacteristics) -> list[float]:
    return [*found.p_select.tolist(), found.p_no_mtd, found.p_inconclusive]


def _counts(found: OperatingCharacteristics) -> Iterator[Distribution]:
    yield from (found.sample_size, found.total_dlts)
    yield from chain(found.patients_by_level, found.dlts_by_level)


def check_sums(found: OperatingCharacteristics) -> float:
    """Return by how much probabilities, or levels, miss the sum that they must have, at most.

    What can happen sums to 1, and so does each distribution; the levels' patients and DLTs sum to
    the trial's.
    """
    sums = [sum(_shares(found)) - 1, *(float(one.p.sum()) - 1 for one in _counts(found))]
    sums += [
        float(found.patients.sum()) - found.sample_size.mean,
        float(found.dlts.sum()) - found.total_dlts.mean,
    ]
    return max(map(abs, sums))


def check_expectation(found: OperatingCharacteristics, p_dlt: Sequence[float]) -> float:
    """Return by how much expected DLTs miss P(DLT) times expected patients, at any level at most.

    Whatever the rule, they are equal (Wald): it decides on what was seen, never on what comes.
    """
    return float(np.abs(found.dlts - np.asarray(p_dlt) * found.patients).max())
