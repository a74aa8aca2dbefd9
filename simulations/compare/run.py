"""Several designs under several scenarios, side by side: exact where that can be had.

A design whose graph is too large is simulated. All designs and scenarios then meet the same
latent patients, so that differences between designs are those of pairs of trials, and precise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import Design
from escalation.designs.walk import TooManyStatesError
from escalation.errors import InputError
from simulations.compare.exact import Engine, engine_to_measure, measure
from simulations.compare.metrics import Measured, selection_metrics, target_interval
from simulations.compare.optimal import MAX_PATIENTS, optimal_benchmark
from simulations.compare.paired import simulate_together
from simulations.compare.result import ComparedDesign, Contender, Difference, ScenarioComparison
from simulations.engines.characteristics import correct_level
from simulations.engines.montecarlo import MOST_ONE_BY_ONE, check_run
from simulations.engines.on_demand import graph_on_demand
from simulations.engines.simulated import Z95
from simulations.graph.build import INCONCLUSIVE, TransitionGraph, build_graph
from simulations.graph.forecast import Foreseen
from simulations.scenarios.scenario import Scenario

__all__ = ["CompareMethod", "compare_designs", "work_of"]

Floats = NDArray[np.float64]
CompareMethod = Literal["auto", "exact", "monte-carlo"]
_Prepared = list[Measured] | TransitionGraph
"""What a design does under each scenario; or the graph that its trials will walk."""

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
    progress: Callable[[int], None] | None = None,
    tell: Callable[[Foreseen], object] | None = None,
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
        Exact where an engine has the figures and simulated elsewhere; all exact; all simulated.
    trials, seed : int
        As in ``montecarlo.simulate``, for each scenario; at most ``MOST_ONE_BY_ONE`` trials.
    benchmark_patients : int, optional
        Patients of the optimal benchmark. By default the largest ``max_patients`` among the
        designs; where none has one, the largest expected sample size, rounded up; 300 at most.
    p_moderate : sequence of float, length L, optional
        As in ``build_graph``, for the designs that count moderate toxicities.
    executor : concurrent.futures.Executor, optional
        Works on several designs at once; the result is the same.
    max_states : callable, optional
        How many states a design's graph may have. By default, and where it returns None, as many
        as ``build_graph`` takes.
    progress : callable, optional
        Called with how much of ``work_of`` has been done since the last call.
    tell : callable, optional
        As in ``build_graph``.

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
    _check(contenders, scenarios)
    interval = target_interval(target, interval)
    if method != "exact":
        _check_trials(trials, seed)
    selections = [
        selection_metrics(scenario.p_dlt, target=target, interval=interval)
        for scenario in scenarios
    ]
    prepare = partial(
        _prepare,
        selections=selections,
        curves=[scenario.p_dlt for scenario in scenarios],
        target=target,
        method=method,
        trials=trials,
        seed=seed,
        p_moderate=p_moderate,
        tell=tell,
    )
    designs = [contender.design for contender in contenders]
    limits = [None if max_states is None else max_states(design) for design in designs]
    prepared: list[_Prepared] = []
    if executor is None:
        prepared.extend(map(partial(prepare, progress=progress), designs, limits))
    else:
        for one in executor.map(prepare, designs, limits):
            prepared.append(one)
            if progress is not None:
                progress((2 - isinstance(one, TransitionGraph)) * trials * len(scenarios))
    if benchmark_patients is None:
        caps = [design.max_patients for design in designs]
        largest_cap = max((cap for cap in caps if cap is not None), default=None)
        benchmark_patients = largest_cap and min(largest_cap, MAX_PATIENTS)
    simulated = [one for one in prepared if isinstance(one, TransitionGraph)]
    for place, (scenario, selection) in enumerate(zip(scenarios, selections, strict=True)):
        p_dlt = scenario.p_dlt
        walked = iter(
            simulate_together(
                simulated,
                p_dlt,
                target=target,
                interval=interval,
                trials=trials,
                seed=seed,
                progress=progress,
            )
        )
        runs = [
            next(walked) if isinstance(one, TransitionGraph) else one[place] for one in prepared
        ]
        designs_here = tuple(
            _compared(contender.label, run, None if number == 0 else runs[0])
            for number, (contender, run) in enumerate(zip(contenders, runs, strict=True))
        )
        n_patients = benchmark_patients
        if n_patients is None:
            largest = max(design.metrics["sample_size"] for design in designs_here)
            n_patients = min(max(1, ceil(largest - 1e-9)), MAX_PATIENTS)
        correct = correct_level(p_dlt, target)
        benchmark = optimal_benchmark(p_dlt, target=target, n_patients=n_patients)
        yield ScenarioComparison(
            scenario=scenario,
            target=target,
            interval=interval,
            correct=correct,
            designs=designs_here,
            benchmark=benchmark,
            benchmark_metrics={
                name: float(benchmark.p_select @ values[-INCONCLUSIVE:])
                for name, values in selection.items()
                if correct is not None
            },
        )


def _check(contenders: Sequence[Contender], scenarios: Sequence[Scenario]) -> None:
    if not contenders:
        raise InputError("there is no design to compare")
    if not all(isinstance(contender, Contender) for contender in contenders):
        raise InputError(
            "contenders are Contender(label=..., design=...); simulations.comparison takes designs"
        )
    lengths = {contender.design.n_levels for contender in contenders}
    if len(lengths) > 1:
        raise InputError(f"designs on ladders of {' and '.join(map(str, sorted(lengths)))} levels")
    if not scenarios:
        raise InputError("there is no scenario to compare designs under")


def _check_trials(trials: int, seed: int) -> None:
    if type(trials) is int and trials > MOST_ONE_BY_ONE:
        raise InputError(
            f"designs are compared trial by trial, on the same patients: at most "
            f"{MOST_ONE_BY_ONE:,} trials, not {trials:,}; escalation simulate takes more, by counts"
        )
    check_run(trials, seed, "latent")


def work_of(n_designs: int, n_scenarios: int, trials: int) -> int:
    """Return how much ``compare_designs`` tells ``progress`` in all."""
    return 2 * n_designs * n_scenarios * trials


def _prepare(
    design: Design,
    limit: int | None,
    *,
    selections: Sequence[Mapping[str, Floats]],
    curves: Sequence[Sequence[float]],
    target: float,
    method: CompareMethod,
    trials: int,
    seed: int,
    p_moderate: Sequence[float] | None,
    tell: Callable[[Foreseen], object] | None,
    progress: Callable[[int], None] | None = None,
) -> _Prepared:
    """Return what a design does under each scenario; or the graph that its trials will walk."""
    engine: Engine | None = None
    if method != "monte-carlo":
        with suppress(TooManyStatesError) if method == "auto" else nullcontext():
            engine = engine_to_measure(design, max_states=limit, p_moderate=p_moderate, tell=tell)
    if engine is not None:
        each = None if progress is None else lambda n: progress(2 * n * trials)
        return measure(engine, curves, target, selections, each)
    if method == "monte-carlo" and design.asks_moderate:
        # all of it, since trials on demand have no moderate toxicities
        most: dict[str, Any] = {} if limit is None else {"max_states": limit}
        graph = build_graph(design, p_moderate=p_moderate, tell=tell, **most)
        if progress is not None:
            progress(trials * len(curves))
    else:
        graph = graph_on_demand(
            design, p_dlt=curves, trials=trials, seed=seed, progress=progress, tell=tell
        )
    # what the design said in each state would take longest between processes
    return replace(graph, decisions=())


def _compared(label: str, here: Measured, first: Measured | None) -> ComparedDesign:
    return ComparedDesign(
        label=label,
        characteristics=here.characteristics,
        metrics=here.metrics,
        run=here.run,
        mcse=here.mcse,
        differences={} if first is None else {
            name: _minus(here, first, name) for name in here.metrics
        },
    )  # fmt: skip


def _minus(here: Measured, first: Measured, name: str) -> Difference:
    """Return the difference of a metric to the first design's."""
    estimate = here.metrics[name] - first.metrics[name]
    if here.run is None or first.run is None:
        error = here.mcse.get(name, 0.0) + first.mcse.get(name, 0.0)  # one of them is 0
    else:
        error = here.paired[name]
    if error < _NO_ERROR:
        return Difference(estimate=estimate)
    return Difference(estimate=estimate, low=estimate - Z95 * error, high=estimate + Z95 * error)
