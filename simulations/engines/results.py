"""One scenario through one design, by either engine or both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Literal

from escalation.designs.replay import Expansion
from escalation.errors import InputError
from escalation.protocol import Protocol
from simulations.engines.backfill import (
    BackfillFigures,
    TooManyCellsError,
    backfill_figures,
    walk_together,
)
from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.engines.crossings.engine import CrossingEngine
from simulations.engines.exact import exact_characteristics
from simulations.engines.expansion import (
    ExpansionFigures,
    expansion_figures,
    sample_size_with,
)
from simulations.engines.ladder import LadderAutomaton
from simulations.engines.montecarlo import simulate
from simulations.engines.simulated import Draws, MonteCarlo
from simulations.graph.build import TransitionGraph
from simulations.scenarios.scenario import Scenario

__all__ = ["Method", "ScenarioResult", "run_scenarios"]

Method = Literal["both", "exact", "monte-carlo"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioResult:
    """Operating characteristics under one scenario; the engine not asked is None.

    Patients of ``backfill`` and ``expansion`` are not among those of the escalation; None where
    the protocol has none. ``with_expansion`` is the number of patients of escalation and expansion
    together, where it is exact and there is no backfill.
    """

    scenario: Scenario
    exact: OperatingCharacteristics | None
    monte_carlo: MonteCarlo | None
    backfill: BackfillFigures | None = None
    expansion: ExpansionFigures | None = None
    with_expansion: Distribution | None = None

    def __repr__(self) -> str:
        found = [repr(one) for one in (self.exact, self.monte_carlo) if one is not None]
        return f"<ScenarioResult under {self.scenario.name}: {'; '.join(found)}>"

    @property
    def best(self) -> OperatingCharacteristics:
        """The exact figures where they were asked for, else the simulated ones."""
        if self.exact is not None:
            return self.exact
        if self.monte_carlo is not None:
            return self.monte_carlo.characteristics
        raise InputError("a result needs exact or simulated characteristics")

    def to_dict(self, target: float | None = None) -> dict[str, Any]:
        """Return one of the ``results`` of ``escalation simulate --json``."""
        p_dlt = self.scenario.p_dlt
        document: dict[str, Any] = {
            "scenario": {"name": self.scenario.name, "p_dlt": list(p_dlt)},
        }
        if self.exact is not None:
            document["exact"] = self.exact.to_dict()
            if target is not None:
                shares = self.exact.against_target(p_dlt, target)
                document["exact"] |= shares if self.exact.selects else dict.fromkeys(shares)
        if self.monte_carlo is not None:
            document["monte_carlo"] = self.monte_carlo.to_dict()
            if target is not None:
                shares = self.monte_carlo.characteristics.against_target(p_dlt, target)
                document["monte_carlo"] |= shares
                document["monte_carlo"]["mcse"] |= self.monte_carlo.mcse_of(shares)
        for name, beside in (("backfill", self.backfill), ("expansion", self.expansion)):
            if beside is not None:
                document[name] = beside.to_dict()
        if self.backfill is not None or self.expansion is not None:
            document["patients_in_all"] = self.mean_patients
        return document

    @property
    def mean_patients(self) -> float:
        """Expected patients in all: of the escalation, its backfill and the expansion."""
        beside = [one for one in (self.backfill, self.expansion) if one is not None]
        return self.best.sample_size.mean + sum(one.mean_patients for one in beside)


def run_scenarios(
    graph: TransitionGraph,
    scenarios: Iterable[Scenario],
    *,
    method: Method = "both",
    trials: int = 100_000,
    seed: int = 1,
    draws: Draws = "count",
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
    protocol: Protocol | None = None,
    automaton: LadderAutomaton | CrossingEngine | None = None,
    expansion_so_far: Expansion | None = None,
) -> Iterator[ScenarioResult]:
    """Yield the result of each scenario, exact or simulated or both; see ``simulate``.

    Exact figures come from the graph, or from the ``automaton`` of its design, where one is given:
    then the graph need not be whole.

    ``progress`` is told how many trials have been done since the last call: of each scenario
    ``trials`` in all, whatever the method.

    With the ``protocol`` whose design the graph is of, its backfill and its expansion are among
    the results. Where a trial continues from data, the backfill is not, and of the expansion,
    with what there is ``expansion_so_far``, what is to come.

    Raises
    ------
    InputError
        For a backfill that counts at decisions where the trial continues from data; with the exact
        method, where backfill makes too many states.
    """
    continued = bool(graph.n_so_far.any() or graph.n_pending.any())
    backfilled = protocol is not None and protocol.backfill.max_per_level is not None
    counts = protocol is not None and backfilled and protocol.backfill.counted != "never"
    if protocol is not None and counts and continued:
        raise InputError(
            f"backfill counts at {protocol.backfill.counted}, so that figures are from the start "
            "of the trial only, not from outcomes so far"
        )
    for scenario in scenarios:
        told = _Told(progress)
        if not isinstance(scenario, Scenario):
            raise InputError(
                f"a Scenario is needed, as Scenario(name=..., p_dlt=...), not "
                f"{type(scenario).__name__}; simulations.characteristics takes P(DLT) by level"
            )
        exact = monte_carlo = backfill = expansion = None
        if counts and protocol is not None:
            exact, monte_carlo, backfill = _together(protocol, scenario, method, trials, seed)
        elif method != "monte-carlo":
            exact = (
                exact_characteristics(graph, scenario.p_dlt)
                if automaton is None
                else automaton.characteristics(scenario.p_dlt)
            )
        if method != "exact" and not counts:
            monte_carlo = simulate(
                graph,
                scenario.p_dlt,
                trials=trials,
                seed=seed,
                draws=draws,
                executor=executor,
                progress=told,
            )
        result = ScenarioResult(scenario=scenario, exact=exact, monte_carlo=monte_carlo)
        if protocol is not None:
            if backfilled and not counts and not continued:
                backfill = _beside(
                    protocol, graph, scenario, method=method, trials=trials, seed=seed
                )
            expansion = expansion_figures(
                protocol.expansion, scenario.p_dlt, result.best, expansion_so_far
            )
        together = None
        if expansion is not None and exact is not None and graph.is_whole and not backfilled:
            together = sample_size_with(expansion, graph, scenario.p_dlt)
        told(trials - told.n_done)
        yield replace(result, backfill=backfill, expansion=expansion, with_expansion=together)


class _Told:
    """What has been told of a scenario's progress."""

    def __init__(self, progress: Callable[[int], None] | None) -> None:
        self.progress, self.n_done = progress, 0

    def __call__(self, more: int) -> None:
        self.n_done += more
        if self.progress is not None:
            self.progress(more)


def _beside(
    protocol: Protocol,
    graph: TransitionGraph,
    scenario: Scenario,
    *,
    method: Method,
    trials: int,
    seed: int,
) -> BackfillFigures:
    """Return the figures of a backfill that counts nowhere: exact, where that can be had."""
    if graph.is_whole:
        try:
            return backfill_figures(protocol, graph, scenario.p_dlt)
        except TooManyCellsError:
            if method == "exact":
                raise
    elif method == "exact":
        raise InputError(
            "there are no exact figures of the backfill on a ladder of so many levels: simulate "
            "(--method monte-carlo, or both)"
        )
    return walk_together(protocol, scenario.p_dlt, trials=trials, seed=seed, exact=False).backfill


def _together(
    protocol: Protocol, scenario: Scenario, method: Method, trials: int, seed: int
) -> tuple[OperatingCharacteristics | None, MonteCarlo | None, BackfillFigures]:
    """Return the figures where backfill counts: exact as far as there are not too many states."""
    p = scenario.p_dlt
    found = walk_together(protocol, p, trials=trials, seed=seed, exact=method != "monte-carlo")
    if found.simulated is not None:
        if method == "exact":
            raise InputError(
                "backfill that counts at decisions makes too many states for exact figures: "
                "simulate (--method monte-carlo)"
            )
        return None, found.simulated, found.backfill
    simulated = None
    if method == "both":
        simulated = walk_together(protocol, p, trials=trials, seed=seed, exact=False).simulated
    return found.escalation, simulated, found.backfill
