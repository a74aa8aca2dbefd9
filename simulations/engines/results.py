"""One scenario through one design, by either engine or both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal

from escalation.errors import InputError
from simulations.engines.characteristics import OperatingCharacteristics
from simulations.engines.exact import exact_characteristics
from simulations.engines.montecarlo import simulate
from simulations.engines.simulated import Draws, MonteCarlo
from simulations.graph.build import TransitionGraph
from simulations.scenarios.scenario import Scenario

__all__ = ["Method", "ScenarioResult", "run_scenarios"]

Method = Literal["both", "exact", "monte-carlo"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioResult:
    """Operating characteristics under one scenario; the engine not asked is None."""

    scenario: Scenario
    exact: OperatingCharacteristics | None
    monte_carlo: MonteCarlo | None

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
                document["exact"] |= self.exact.against_target(p_dlt, target)
        if self.monte_carlo is not None:
            document["monte_carlo"] = self.monte_carlo.to_dict()
            if target is not None:
                shares = self.monte_carlo.characteristics.against_target(p_dlt, target)
                document["monte_carlo"] |= shares
                document["monte_carlo"]["mcse"] |= self.monte_carlo.mcse_of(shares)
        return document


def run_scenarios(
    graph: TransitionGraph,
    scenarios: Iterable[Scenario],
    *,
    method: Method = "both",
    trials: int = 100_000,
    seed: int = 1,
    draws: Draws = "cohort",
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[ScenarioResult]:
    """Yield the result of each scenario, exact or simulated or both; see ``simulate``."""
    for scenario in scenarios:
        if not isinstance(scenario, Scenario):
            raise InputError(
                f"a Scenario is needed, as Scenario(name=..., p_dlt=...), not "
                f"{type(scenario).__name__}; simulations.characteristics takes P(DLT) by level"
            )
        exact = monte_carlo = None
        if method != "monte-carlo":
            exact = exact_characteristics(graph, scenario.p_dlt)
        if method != "exact":
            monte_carlo = simulate(
                graph,
                scenario.p_dlt,
                trials=trials,
                seed=seed,
                draws=draws,
                executor=executor,
                progress=progress,
            )
        yield ScenarioResult(scenario=scenario, exact=exact, monte_carlo=monte_carlo)
