"""What the commands of this family share: scenarios, outcomes so far, and the JSON heading."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import identity, line, origin, read_stdin, say_written
from escalation.designs import Design, describe_design, design_settings
from escalation.errors import InputError
from escalation.outcomes import Cohort, format_outcomes
from escalation.protocol import Protocol, advise
from simulations.cli.numbers import parse_p_dlt, parse_p_moderate
from simulations.scenarios.scenario import (
    MAX_BYTES,
    Scenario,
    load_scenarios,
    parse_scenarios,
    scenarios_for,
    scenarios_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulations.graph.build import TransitionGraph

__all__ = [
    "check_p_moderate",
    "choose_scenario",
    "choose_scenarios",
    "continued_from",
    "departures_option",
    "echo_csv",
    "from_option",
    "graph_from",
    "heading",
    "moderate_words",
    "note",
    "p_dlt_option",
    "p_moderate_option",
    "plotted_design",
    "print_continued_from",
    "print_p_moderate",
    "read_scenarios",
    "save_plot",
    "scenario_option",
    "seed_option",
]


def _parse_p_dlt(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    return None if value is None else parse_p_dlt(value)


p_dlt_option = click.option(
    "--p-dlt", callback=_parse_p_dlt, metavar="P,P,...", help="P(DLT) by level, lowest first."
)


def _parse_p_moderate(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    return None if value is None else parse_p_moderate(value)


p_moderate_option = click.option(
    "--p-moderate",
    callback=_parse_p_moderate,
    metavar="P,P,...",
    help="P(moderate toxicity) without a DLT, by level, where it counts.",
)
scenario_option = click.option(
    "--scenario", "scenario_file", metavar="NAME|FILE", help="Scenarios by name or file."
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of the random numbers.",
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


def choose_scenario(
    protocol: Protocol, p_dlt: tuple[float, ...] | None, scenario_file: str | None
) -> Scenario | None:
    """Return the one scenario asked for, None where none is."""
    if p_dlt is None and scenario_file is None:
        return None
    scenario, *others = choose_scenarios(protocol, p_dlt, scenario_file)
    if others:
        raise click.UsageError("--scenario holds several scenarios; give one by --p-dlt")
    return scenario


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
    p_moderate: tuple[float, ...] | None = None,
    *,
    build: Callable[..., TransitionGraph] | None = None,
) -> TransitionGraph:
    """Build the graph of the rest of a trial, after these cohorts; ``build`` is ``build_graph``.

    The patients of an expansion are not in it: the escalation had ended before them.
    """
    from simulations.graph.build import build_graph  # noqa: PLC0415  # loads numpy

    design = protocol.design
    check_p_moderate(p_moderate, [design])
    advice = advise(protocol, cohorts, allow_departures=allow_departures)
    return (build or build_graph)(
        design, advice.escalation, advice.level, last=advice.last, p_moderate=p_moderate
    )


def check_p_moderate(p_moderate: tuple[float, ...] | None, designs: Sequence[Design]) -> None:
    """Refuse P(moderate toxicity) that fits neither the ladder nor any of its designs."""
    if p_moderate is None:
        return
    if not any(design.asks_moderate for design in designs):
        names = " and ".join(dict.fromkeys(design.name for design in designs))
        count = "counts" if " and " not in names else "count"
        raise InputError(f"--p-moderate does not fit: {names} {count} no moderate toxicities")
    n_levels = designs[0].n_levels
    if len(p_moderate) != n_levels:
        raise InputError(
            f"--p-moderate has {len(p_moderate)} values; the ladder has {n_levels} levels: "
            "one each, lowest first"
        )


def moderate_words(p_moderate: tuple[float, ...] | None) -> str:
    """Say the assumed P(moderate toxicity), or nothing where none is given."""
    if p_moderate is None:
        return ""
    listed = ", ".join(f"{q:g}" for q in p_moderate)
    return f"P(moderate toxicity) without a DLT, by level: {listed}"


def print_p_moderate(p_moderate: tuple[float, ...] | None) -> None:
    """Say the assumed P(moderate toxicity) on a line of its own, where one is given."""
    if p_moderate is not None:
        line(f"{moderate_words(p_moderate)}.", indent="  ")


def heading(protocol: Protocol, p_moderate: tuple[float, ...] | None = None) -> dict[str, Any]:
    """Return what every JSON document of the family starts with."""
    assumed = {} if p_moderate is None else {"p_moderate": list(p_moderate)}
    return {
        **identity(protocol),
        "design": design_settings(protocol.design),
        "levels": [{"level": level.label, "dose": level.dose} for level in protocol.levels],
        "unit": protocol.unit,
        **assumed,
    }


def save_plot(
    drawn: Axes | Sequence[Axes],
    path: Path,
    protocol: Protocol,
    *,
    scenario: str,
    method: str,
    note: str,
) -> None:
    """Write a picture of exact results, with what it was made from, and say so."""
    from simulations.plots import Provenance, save_figure  # noqa: PLC0415  # loads matplotlib

    provenance = Provenance(
        design=describe_design(protocol.design),
        scenario=scenario,
        method=method,
        protocol=protocol.name,
        digest=protocol.digest,
        trial=protocol.title or "",
        note=note,
    )
    say_written(*save_figure(drawn, path, provenance))


def echo_csv(rows: Iterable[Iterable[object]]) -> None:
    """Print a table as CSV, its header first."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    click.echo(file.getvalue(), nl=False)


def continued_from(graph: TransitionGraph, cohorts: Sequence[Cohort]) -> dict[str, Any]:
    """Return what a JSON document says of the outcomes so far; nothing without any."""
    if not cohorts:
        return {}
    return {
        "from": {
            "outcomes": format_outcomes(cohorts),
            "n_evaluable": graph.n_so_far.tolist(),
            "n_dlts": graph.n_dlts_so_far.tolist(),
            "n_pending": graph.n_pending.tolist(),
        }
    }


def print_continued_from(cohorts: Sequence[Cohort]) -> None:
    """Say after which outcomes the trial continues, and what is counted then."""
    if cohorts:
        line(
            f"Continuing from {format_outcomes(cohorts)}: patients and DLTs are those whose "
            "outcome is still to come, pending patients among them.",
            indent="  ",
        )


def plotted_design(
    protocol: Protocol, cohorts: Sequence[Cohort], p_moderate: tuple[float, ...] | None = None
) -> str:
    """Return what a caption says of the design, after which outcomes, and P(moderate toxicity)."""
    return "; ".join(filter(None, (origin(protocol).rstrip("."), note(cohorts, p_moderate))))


def note(cohorts: Sequence[Cohort], p_moderate: tuple[float, ...] | None) -> str:
    """Say for a figure's metadata what else it rests on; nothing where nothing is given."""
    after = f"after {format_outcomes(cohorts)}" if cohorts else ""
    return "; ".join(filter(None, (after, moderate_words(p_moderate))))
