"""Several designs under several scenarios, side by side: exact where that can be had.

A design whose graph is too large is simulated. All designs and scenarios then meet the same
latent patients, so that differences between designs are those of pairs of trials, and precise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import ceil, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import Design
from escalation.designs.walk import TooManyStatesError
from escalation.errors import InputError
from simulations.compare.metrics import metric_values, selection_metrics, target_interval
from simulations.compare.optimal import MAX_PATIENTS, optimal_benchmark
from simulations.compare.result import ComparedDesign, Contender, Difference, ScenarioComparison
from simulations.engines.characteristics import correct_level, summarise
from simulations.engines.exact import end_probabilities
from simulations.engines.montecarlo import simulate_trials
from simulations.engines.on_demand import graph_on_demand
from simulations.engines.simulated import Z95, MonteCarlo
from simulations.graph.build import INCONCLUSIVE, TransitionGraph, build_graph
from simulations.scenarios.scenario import Scenario

__all__ = ["CompareMethod", "compare_designs"]

Floats = NDArray[np.float64]
CompareMethod = Literal["auto", "exact", "monte-carlo"]

MANY_STATES = 100_000  # a second's work for a design by boundaries; a larger graph is simulated
_NO_ERROR = 1e-12  # all trials alike, except for rounding


def compare_designs(
    contenders: Sequence[Contender],
    scenarios: Sequence[Scenario],
    *,
    target: float,
    interval: tuple[float, float] | None = None,
    method: CompareMethod = "auto",
    trials: int = 100_000,
    seed: int = 1,
    benchmark_patients: int | None = None,
    p_moderate: Sequence[float] | None = None,
    executor: Executor | None = None,
    max_states: Callable[[Design], int | None] | None = None,
) -> Iterator[ScenarioComparison]:
    """Compare designs on one ladder, scenario by scenario.

    Parameters
    ----------
    contenders : sequence of Contender
        At least one; differences are to the first.
    scenarios : sequence of Scenario
    target : float
        Target P(DLT) that all are measured by.
    interval : (float, float), optional
        As in ``metrics.target_interval``.
    method : {"auto", "exact", "monte-carlo"}
        Exact where the graph is small enough and simulated elsewhere; all exact; all simulated.
    trials, seed : int
        As in ``montecarlo.simulate``, for each scenario.
    benchmark_patients : int, optional
        Patients of the optimal benchmark. By default the largest ``max_patients`` among the
        designs; where none has one, the largest expected sample size, rounded up; 300 at most.
    p_moderate : sequence of float, length L, optional
        As in ``build_graph``, for the designs that count moderate toxicities.
    executor : concurrent.futures.Executor, optional
        Asks several designs at once what they do in each state; the result is the same.
    max_states : callable, optional
        How many states a design's graph may have. By default, and where it returns None, as many
        as ``build_graph`` takes, and with "auto" ``MANY_STATES``.

    Yields
    ------
    ScenarioComparison

    Raises
    ------
    InputError
        For arguments outside the ranges above, or designs on ladders of different lengths.
    TooManyStatesError
        With ``method="exact"``, for a design whose graph is too large.

    Notes
    -----
    Where both designs are simulated, a difference has the limits of a mean of pairs; where one
    is exact, those of the other's error alone.

    Examples
    --------
    >>> from escalation.designs import Boin, ThreePlusThree
    >>> contenders = [
    ...     Contender(label="3+3", design=ThreePlusThree(n_levels=3)),
    ...     Contender(label="boin", design=Boin(n_levels=3, target=0.3, max_patients=18)),
    ... ]
    >>> scenarios = [Scenario(name="steep", p_dlt=(0.05, 0.30, 0.60))]
    >>> (found,) = compare_designs(contenders, scenarios, target=0.3)
    >>> [round(design.metrics["pcs"], 3) for design in found.designs]
    [0.392, 0.771]
    """
    if not contenders:
        raise InputError("there is no design to compare")
    if not all(isinstance(contender, Contender) for contender in contenders):
        raise InputError(
            "contenders are Contender(label=..., design=...); simulations.comparison takes designs"
        )
    lengths = {contender.design.n_levels for contender in contenders}
    if len(lengths) > 1:
        raise InputError(f"designs on ladders of {' and '.join(map(str, sorted(lengths)))} levels")
    interval = target_interval(target, interval)
    curves = [scenario.p_dlt for scenario in scenarios]
    build = partial(
        _graph,
        curves=curves,
        method=method,
        trials=trials,
        seed=seed,
        p_moderate=p_moderate,
        max_states=max_states,
    )
    designs = [contender.design for contender in contenders]
    graphs = list(map(build, designs) if executor is None else executor.map(build, designs))
    if benchmark_patients is None:
        caps = [contender.design.max_patients for contender in contenders]
        largest_cap = max((cap for cap in caps if cap is not None), default=None)
        benchmark_patients = largest_cap and min(largest_cap, MAX_PATIENTS)
    for scenario in scenarios:
        against = _Against(scenario, target, interval)
        runs = [_Run(graph, against, trials=trials, seed=seed) for graph in graphs]
        compared = tuple(
            run.compared(contender.label, None if run is runs[0] else runs[0])
            for contender, run in zip(contenders, runs, strict=True)
        )
        largest = max(design.metrics["sample_size"] for design in compared)
        n_patients = benchmark_patients
        if n_patients is None:
            n_patients = min(max(1, ceil(largest - 1e-9)), MAX_PATIENTS)
        yield against.compared(compared, n_patients)


def _graph(
    design: Design,
    *,
    curves: Sequence[Sequence[float]],
    method: CompareMethod,
    trials: int,
    seed: int,
    p_moderate: Sequence[float] | None,
    max_states: Callable[[Design], int | None] | None,
) -> tuple[TransitionGraph, bool]:
    """Return a design's graph and whether to take it exactly; else what the trials meet of it.

    The graph is without what the design said in each state: nothing here asks for it, and between
    processes it would take longer than all the rest.
    """
    limit = None if max_states is None else max_states(design)
    if method == "exact" or (method == "monte-carlo" and design.asks_moderate):
        most: dict[str, Any] = {} if limit is None else {"max_states": limit}
        graph = build_graph(design, p_moderate=p_moderate, **most)
        return replace(graph, decisions=()), method == "exact"
    if method == "auto":
        with suppress(TooManyStatesError):
            few = MANY_STATES if limit is None else limit
            graph = build_graph(design, p_moderate=p_moderate, max_states=few)
            return replace(graph, decisions=()), True
    graph = graph_on_demand(design, p_dlt=curves, trials=trials, seed=seed)
    return replace(graph, decisions=()), False


class _Against:
    """What the designs are measured by under one scenario."""

    def __init__(self, scenario: Scenario, target: float, interval: tuple[float, float]) -> None:
        self.scenario = scenario
        self.target = target
        self.interval = interval

    def values(self, graph: TransitionGraph) -> dict[str, Floats]:
        return metric_values(graph, self.scenario.p_dlt, target=self.target, interval=self.interval)

    def compared(self, designs: tuple[ComparedDesign, ...], n_patients: int) -> ScenarioComparison:
        p_dlt, target = self.scenario.p_dlt, self.target
        correct = correct_level(p_dlt, target)
        benchmark = optimal_benchmark(p_dlt, target=target, n_patients=n_patients)
        by_level = {
            name: values[-INCONCLUSIVE:]
            for name, values in selection_metrics(
                p_dlt, target=target, interval=self.interval
            ).items()
        }
        return ScenarioComparison(
            scenario=self.scenario,
            target=target,
            interval=self.interval,
            correct=correct,
            designs=designs,
            benchmark=benchmark,
            benchmark_metrics={
                name: float(benchmark.p_select @ values)
                for name, values in by_level.items()
                if correct is not None
            },
        )


class _Run:
    """One design under one scenario: how likely each end is, and of trials, how each one ended."""

    def __init__(
        self, graph: tuple[TransitionGraph, bool], against: _Against, *, trials: int, seed: int
    ) -> None:
        self.graph, is_exact = graph
        p_dlt = against.scenario.p_dlt
        self.values = against.values(self.graph)
        self.ends: NDArray[np.intp] | None = None
        self.run: MonteCarlo | None = None
        if is_exact:
            self.weights, self.total = end_probabilities(self.graph, np.array([p_dlt]))[0], 1
        else:
            self.ends = _ends_of_trials(self.graph, p_dlt, trials, seed)
            # counts: whole numbers add up without rounding, as in ``simulate``
            self.weights = np.bincount(self.ends, minlength=len(self.graph.ends)).astype(float)
            self.total = trials
        self.characteristics = summarise(self.graph, self.weights, self.total)
        if not is_exact:
            self.run = MonteCarlo(
                characteristics=self.characteristics, trials=trials, seed=seed, draws="latent"
            )

    def compared(self, label: str, first: _Run | None) -> ComparedDesign:
        return ComparedDesign(
            label=label,
            characteristics=self.characteristics,
            metrics={name: self.mean(name) for name in self.values},
            run=self.run,
            mcse={} if self.run is None else {name: self.error(name) for name in self.values},
            differences={} if first is None else {
                name: self.minus(first, name) for name in self.values
            },
        )  # fmt: skip

    def mean(self, name: str) -> float:
        return float(self.weights @ self.values[name]) / self.total

    def error(self, name: str) -> float:
        """Return the Monte Carlo standard error of a metric, 0 where it is exact."""
        return 0.0 if self.ends is None else _standard_error(self.values[name].take(self.ends))

    def minus(self, first: _Run, name: str) -> Difference:
        """Return the difference of a metric to the first design's."""
        estimate = self.mean(name) - first.mean(name)
        if self.ends is not None and first.ends is not None:
            error = _standard_error(
                self.values[name].take(self.ends) - first.values[name].take(first.ends)
            )
        else:
            error = self.error(name) + first.error(name)  # one of them is 0
        if error < _NO_ERROR:
            return Difference(estimate=estimate)
        return Difference(
            estimate=estimate, low=estimate - Z95 * error, high=estimate + Z95 * error
        )


def _ends_of_trials(
    graph: TransitionGraph, p_dlt: Sequence[float], trials: int, seed: int
) -> NDArray[np.intp]:
    """Return each trial's end, as its place in ``graph.ends``."""
    last = [
        chunk.states.max(axis=1)  # states are numbered in order of time
        for chunk in simulate_trials(graph, p_dlt, trials=trials, seed=seed, draws="latent")
    ]
    return np.searchsorted(graph.ends, np.concatenate(last))


def _standard_error(of_trial: Floats) -> float:
    return float(of_trial.std()) / sqrt(len(of_trial))
