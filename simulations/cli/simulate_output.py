"""What `escalation simulate` prints and draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import line, origin, say_written
from escalation.designs import describe_design
from escalation.outcomes import Cohort
from escalation.protocol import Protocol
from simulations.cli.common import (
    continued_from,
    heading,
    note,
    print_continued_from,
    print_p_moderate,
)

if TYPE_CHECKING:
    from simulations.engines.results import ScenarioResult
    from simulations.graph.build import TransitionGraph

__all__ = ["describe_results", "plot_results", "print_results"]


def describe_results(
    protocol: Protocol,
    graph: TransitionGraph,
    cohorts: Sequence[Cohort],
    results: Sequence[ScenarioResult],
    *,
    target: float | None,
    p_moderate: tuple[float, ...] | None,
) -> dict[str, Any]:
    """Return the JSON document."""
    from simulations.engines.characteristics import correct_level  # noqa: PLC0415  # loads numpy

    document = heading(protocol, p_moderate) | {
        "results": [result.to_dict(target) for result in results]
    }
    if target is not None:
        document["target"] = target
        for result, shown in zip(results, document["results"], strict=True):
            level = correct_level(result.scenario.p_dlt, target)
            shown["correct_level"] = None if level is None else protocol.labels[level]
    return document | continued_from(graph, cohorts)


def print_results(
    protocol: Protocol,
    cohorts: Sequence[Cohort],
    results: Sequence[ScenarioResult],
    target: float | None,
    p_moderate: tuple[float, ...] | None,
) -> None:
    """Print every scenario's table."""
    from simulations.reports.results import result_table  # noqa: PLC0415  # loads numpy

    line(origin(protocol), indent="  ")
    if protocol.unit is not None:
        line(f"Levels with their doses in {protocol.unit}; P(DLT) is assumed.")
    print_p_moderate(p_moderate)
    run = results[0].monte_carlo
    if run is not None:
        line(
            f"Monte Carlo: {run.trials} trials a scenario, {run.draws} draws, seed {run.seed}; "
            "standard errors in brackets.",
            indent="  ",
        )
    print_continued_from(cohorts)
    names = protocol.short_names
    for result in results:
        click.echo(f"\nScenario {result.scenario.name}")
        if not result.scenario.is_monotone:
            click.echo("P(DLT) falls from one level to a higher one.")
        click.echo(result_table(result, names, target))
        _print_planned(protocol, cohorts, result)
    click.echo()
    line(
        f"Level {protocol.labels[-1]} is the highest on the ladder: where it is declared the MTD, "
        "a higher dose might be tolerated too."
    )


def _print_planned(protocol: Protocol, cohorts: Sequence[Cohort], result: ScenarioResult) -> None:
    """Say how likely more patients are than the protocol plans."""
    planned = protocol.planned_patients
    if planned is None:
        return
    n_so_far = sum(cohort.tally.n_evaluable for cohort in cohorts)
    p_more = result.best.sample_size.p_above(planned - n_so_far)
    click.echo(f"more than the {planned} patients planned: {100 * p_more:.2f} %")


def plot_results(
    path: Path,
    protocol: Protocol,
    cohorts: Sequence[Cohort],
    results: Sequence[ScenarioResult],
    *,
    target: float | None,
    p_moderate: tuple[float, ...] | None,
) -> None:
    """Draw every scenario to a file."""
    from simulations.plots import (  # noqa: PLC0415  # loads matplotlib
        plot_pages,
        provenance_of,
        save_figure,
    )

    provenance = provenance_of(
        results,
        design=describe_design(protocol.design),
        protocol=protocol.name,
        digest=protocol.digest,
        trial=protocol.title or "",
        note=note(cohorts, p_moderate),
    )
    pages = plot_pages(results, provenance, level_names=protocol.axis_names, target=target)
    say_written(*save_figure(pages, path, provenance))
