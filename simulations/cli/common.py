"""What the commands of this family share: scenarios, outcomes so far, and the JSON heading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import identity, read_stdin
from escalation.designs import design_settings
from escalation.errors import InputError
from escalation.outcomes import Cohort
from escalation.protocol import Protocol, advise
from simulations.cli.numbers import parse_p_dlt
from simulations.scenarios import (
    MAX_BYTES,
    Scenario,
    load_scenarios,
    parse_scenarios,
    scenarios_for,
    scenarios_of,
)

if TYPE_CHECKING:
    from simulations.graph import TransitionGraph

__all__ = [
    "choose_scenarios",
    "departures_option",
    "from_option",
    "graph_from",
    "heading",
    "p_dlt_option",
    "read_scenarios",
    "scenario_option",
]


def _parse_p_dlt(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    return None if value is None else parse_p_dlt(value)


p_dlt_option = click.option(
    "--p-dlt", callback=_parse_p_dlt, metavar="P,P,...", help="P(DLT) by level, lowest first."
)
scenario_option = click.option(
    "--scenario", "scenario_file", metavar="NAME|FILE", help="Scenarios by name or file."
)
from_option = click.option("--from", "outcomes", metavar="OUTCOMES", help="Outcomes so far.")
departures_option = click.option(
    "--allow-departures", is_flag=True, help="Continue a history against the rule too."
)


def choose_scenarios(
    protocol: Protocol, p_dlt: tuple[float, ...] | None, scenario_file: str | None
) -> tuple[Scenario, ...]:
    """Return the scenarios asked for: given numbers, a file, or the protocol's own."""
    n_levels = len(protocol.levels)
    if p_dlt is not None:
        if scenario_file is not None:
            raise click.UsageError("give --p-dlt or --scenario, not both")
        if len(p_dlt) != n_levels:
            raise InputError(
                f"--p-dlt has {len(p_dlt)} values; the ladder has {n_levels} levels: one each, "
                "lowest first"
            )
        return (Scenario(name=",".join(f"{p:g}" for p in p_dlt), p_dlt=p_dlt),)
    if scenario_file is not None:
        doses = [level.dose for level in protocol.levels if level.dose is not None]
        return read_scenarios(scenario_file, n_levels=n_levels, doses=doses or None)
    return scenarios_of(protocol) or scenarios_for(n_levels)


def read_scenarios(
    name_or_path: str, *, n_levels: int | None = None, doses: Sequence[float] | None = None
) -> tuple[Scenario, ...]:
    """Load scenarios by name or path, or from standard input where it is ``-``."""
    if name_or_path != "-":
        return load_scenarios(name_or_path, n_levels=n_levels, doses=doses)
    content = read_stdin(MAX_BYTES + 1)
    return parse_scenarios(content, "standard input", n_levels=n_levels, doses=doses)


def graph_from(
    protocol: Protocol,
    cohorts: Sequence[Cohort],
    allow_departures: bool,
    build: Callable[..., TransitionGraph] | None = None,
) -> TransitionGraph:
    """Build the graph of the rest of a trial, after these cohorts."""
    from simulations.graph import build_graph  # noqa: PLC0415  # loads numpy

    advice = advise(protocol, cohorts, allow_departures=allow_departures)
    return (build or build_graph)(protocol.design, advice.tallies, advice.level)


def heading(protocol: Protocol) -> dict[str, Any]:
    """Return what every JSON document of the family starts with."""
    return {
        **identity(protocol),
        "design": design_settings(protocol.design),
        "levels": [{"level": level.label, "dose": level.dose} for level in protocol.levels],
        "unit": protocol.unit,
    }
