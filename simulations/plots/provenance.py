"""What a picture of results was made from, gathered from the results, and in words."""

from __future__ import annotations

from collections.abc import Sequence

from escalation.figures.files import Provenance
from escalation.figures.layout import (
    shorten,
)
from simulations.engines.results import ScenarioResult

__all__ = ["describe_method", "describe_scenario", "provenance_of"]


def provenance_of(
    results: Sequence[ScenarioResult],
    *,
    design: str,
    protocol: str = "",
    digest: str = "",
    trial: str = "",
    note: str = "",
) -> Provenance:
    """Gather from results what they know: scenarios, method, trials and seed."""
    methods = dict.fromkeys(describe_method(result) for result in results)
    return Provenance(
        design=design,
        scenario=", ".join(result.scenario.name for result in results),
        method=" / ".join(methods),
        protocol=protocol,
        digest=digest,
        trial=trial,
        note=note,
    )


def describe_method(result: ScenarioResult) -> str:
    """Say which engines a result comes from, with trials and seed."""
    parts = ["exact"] if result.exact is not None else []
    if result.monte_carlo is not None:
        run = result.monte_carlo
        trials = f"{run.trials:,} trial{'s' * (run.trials != 1)}"
        parts.append(f"Monte Carlo ({trials}, {run.draws} draws, seed {run.seed})")
    return " and ".join(parts)


def describe_scenario(name: str) -> str:
    """Quote a scenario's name, at a length that fits a caption."""
    return f"scenario “{shorten(name)}”"
