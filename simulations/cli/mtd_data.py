"""`escalation mtd-data`: what may have been seen at the MTD, and what that leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from escalation.binomial import LEVEL, percent
from escalation.cli.options import (
    OutcomesCommand,
    echo_json,
    line,
    origin,
    protocol_options,
    read_outcomes,
)
from escalation.outcomes import format_outcomes
from escalation.protocol import Protocol
from escalation.text import align
from simulations.cli.common import (
    choose_scenario,
    continued_from,
    departures_option,
    echo_csv,
    from_option,
    graph_from,
    heading,
    p_dlt_option,
    p_moderate_option,
    print_p_moderate,
    scenario_option,
)

if TYPE_CHECKING:
    from simulations.questions.mtd_data import MtdData
    from simulations.scenarios.scenario import Scenario

__all__ = ["mtd_data"]


@click.command("mtd-data", cls=OutcomesCommand)
@p_dlt_option
@scenario_option
@p_moderate_option
@protocol_options
@from_option
@departures_option
@click.option(
    "--confidence",
    type=float,
    default=LEVEL,
    show_default=True,
    metavar="LEVEL",
    help="Of the limits, between 0 and 1.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one data set a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def mtd_data(
    *,
    protocol: Protocol,
    p_dlt: tuple[float, ...] | None,
    scenario_file: str | None,
    p_moderate: tuple[float, ...] | None,
    outcomes: str | None,
    allow_departures: bool,
    confidence: float,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List every data set at the MTD with which a trial can end, with limits for P(DLT).

    Limits are exact (Clopper-Pearson) and Wilson's, both two-sided, and the exact one-sided upper
    one. With --p-dlt or --scenario, each data set has its exact probability, of all trials and of
    those that declare an MTD.

    \b
    Example: escalation mtd-data --variant declare --p-dlt 0.05,0.10,0.25,0.40
    """  # noqa: D301  # click reads the backspace
    from simulations.questions.mtd_data import mtd_data as data_sets  # noqa: PLC0415  # loads numpy

    if as_csv and as_json:
        raise click.UsageError("give --csv or --json, not both")
    scenario = choose_scenario(protocol, p_dlt, scenario_file)
    cohorts = read_outcomes(outcomes) if outcomes is not None else ()
    graph = graph_from(protocol, cohorts, allow_departures, p_moderate)
    found = data_sets(graph, None if scenario is None else scenario.p_dlt, level=confidence)
    if as_json:
        document = _document(protocol, found, scenario, confidence, p_moderate)
        echo_json(document | continued_from(graph, cohorts))
    elif as_csv:
        _print_csv(found, confidence)
    else:
        line(origin(protocol), indent="  ")
        if cohorts:
            line(f"Continuing from {format_outcomes(cohorts)}.", indent="  ")
        _print_text(found, scenario, confidence, p_moderate)


def _p_mtd(found: Sequence[MtdData]) -> float:
    return sum(data.probability or 0.0 for data in found)


def _document(
    protocol: Protocol,
    found: Sequence[MtdData],
    scenario: Scenario | None,
    confidence: float,
    p_moderate: tuple[float, ...] | None,
) -> dict[str, Any]:
    return {
        **heading(protocol, p_moderate),
        "confidence": confidence,
        "scenario": scenario and {"name": scenario.name, "p_dlt": list(scenario.p_dlt)},
        "p_mtd": None if scenario is None else _p_mtd(found),
        "mtd_data": [
            {
                "n_evaluable": data.n_evaluable,
                "n_dlts": data.n_dlts,
                "p_dlt_limits": data.limits and asdict(data.limits),
                "probability": data.probability,
                "given_mtd": data.given_mtd,
            }
            for data in found
        ],
    }


COLUMNS = (
    *("n_evaluable", "n_dlts", "confidence", "clopper_pearson_low", "clopper_pearson_high"),
    *("wilson_low", "wilson_high", "upper_one_sided", "probability", "given_mtd"),
)


def _print_csv(found: Sequence[MtdData], confidence: float) -> None:
    rows: list[Sequence[object]] = [COLUMNS]
    for data in found:
        limits: list[float | str] = [""] * 5
        if data.limits is not None:
            given = data.limits
            limits = [*given.clopper_pearson, *given.wilson, given.upper_one_sided]
        counts = (data.n_evaluable, data.n_dlts, confidence)
        rows.append([*counts, *limits, data.probability, data.given_mtd])
    echo_csv(rows)


def _print_text(
    found: Sequence[MtdData],
    scenario: Scenario | None,
    confidence: float,
    p_moderate: tuple[float, ...] | None,
) -> None:
    if scenario is not None:
        line(f"Scenario {scenario.name}: exact probabilities.", indent="  ")
        print_p_moderate(p_moderate)
    if not found:
        click.echo("No trial can end with an MTD.")
        return
    click.echo(f"\nLimits for P(DLT) at the MTD, {100 * confidence:.12g} %\n")
    asked = ["P %", "given MTD %"] if scenario is not None else []
    rows = [["DLTs", "of", "exact", "Wilson", "one-sided upper", *asked]]
    rows += [_row(data) for data in found]
    click.echo(align(rows))
    if scenario is not None:
        click.echo(f"\nAn MTD is declared in {100 * _p_mtd(found):.2f} % of trials.")


def _row(data: MtdData) -> list[str]:
    row = [str(data.n_dlts), str(data.n_evaluable)]
    if data.limits is None:
        row += ["-"] * 3
    else:
        limits = (data.limits.clopper_pearson, data.limits.wilson, (data.limits.upper_one_sided,))
        row += [f"{percent(*each)} %" for each in limits]
    if data.probability is not None:
        row.append(f"{100 * data.probability:.2f}")
        row.append("-" if data.given_mtd is None else f"{100 * data.given_mtd:.2f}")
    return row
