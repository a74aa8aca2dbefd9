"""What `escalation compare` prints and draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from escalation.cli.options import echo_json, identity, line, say_written
from escalation.designs import describe_design, design_settings
from escalation.protocol import Protocol
from simulations.cli.common import echo_csv

if TYPE_CHECKING:
    from simulations.compare.result import Contender, ScenarioComparison

__all__ = [
    "Form",
    "describe_contenders",
    "plot_results",
    "print_contenders",
    "show_comparison",
]

Form = Literal["text", "json", "csv"]


def show_comparison(
    ladder: Protocol,
    contenders: Sequence[Contender],
    results: Sequence[ScenarioComparison],
    *,
    form: Form,
    notes: str,
) -> None:
    """Print a comparison; ``notes`` say what it rests on."""
    if form == "json":
        echo_json(_document(ladder, contenders, results))
    elif form == "csv":
        _print_csv(ladder, results)
    else:
        _print(ladder, contenders, results, notes)


def _document(
    ladder: Protocol, contenders: Sequence[Contender], results: Sequence[ScenarioComparison]
) -> dict[str, Any]:
    return {
        **identity(ladder),
        **describe_contenders(ladder, contenders),
        "target": results[0].target,
        "interval": list(results[0].interval),
        "results": [result.to_dict(ladder.labels) for result in results],
    }


def describe_contenders(ladder: Protocol, contenders: Sequence[Contender]) -> dict[str, Any]:
    """Return what a JSON document says of the designs and their ladder."""
    return {
        "designs": [
            {"label": one.label, "design": design_settings(one.design)} for one in contenders
        ],
        "levels": [{"level": level.label, "dose": level.dose} for level in ladder.levels],
        "unit": ladder.unit,
    }


def _print_csv(ladder: Protocol, results: Sequence[ScenarioComparison]) -> None:
    from simulations.compare.result import CSV_COLUMNS, comparison_rows  # noqa: PLC0415  # numpy

    rows = [row for result in results for row in comparison_rows(result, ladder.labels)]
    echo_csv([CSV_COLUMNS, *rows])


def _print(
    ladder: Protocol,
    contenders: Sequence[Contender],
    results: Sequence[ScenarioComparison],
    notes: str,
) -> None:
    from simulations.reports.comparison import comparison_table  # noqa: PLC0415  # loads numpy

    print_contenders(ladder, contenders)
    first = results[0]
    line(notes)
    runs = {design.label: design.run for design in first.designs if design.run is not None}
    if runs:
        run = next(iter(runs.values()))
        exact = "the others are exact" if len(runs) < len(first.designs) else "none is exact"
        line(
            f"Simulated: {', '.join(runs)}, {run.trials} trials a scenario on the same latent "
            f"patients, seed {run.seed}; {exact}. Differences -/+ half the 95 % interval.",
            indent="  ",
        )
    else:
        line("All figures are exact.")
    for result in results:
        click.echo(f"\nScenario {result.scenario.name}")
        click.echo(comparison_table(result, ladder.short_names))
    click.echo()
    low, high = first.interval
    for note in _NOTES:
        line(note.format(low=low, high=high), indent="  ")


_NOTES = (
    "Correct is the level with P(DLT) nearest to the target, no MTD where all are above it; "
    "within: P(DLT) from {low:g} to {high:g}; above: P(DLT) above the target. Accuracy: 1 is "
    "always at the target, 0 a level drawn by lot (Cheung 2011).",
    "Patients: DLT % and above % are means over trials of the share in a trial; >=60 % and >=80 % "
    "the probability that so many of a trial's patients are treated above the target.",
    "Optimal: what complete information on n patients would select (O'Quigley, Paoletti and "
    "Maccario 2002).",
)


def print_contenders(ladder: Protocol, contenders: Sequence[Contender]) -> None:
    """Say which designs are compared, and on which ladder."""
    for said in said_contenders(contenders):
        line(said, indent="  ")
    line(f"Ladder of protocol {ladder.name}, digest {ladder.digest[:12]}.")


def said_contenders(contenders: Sequence[Contender]) -> list[str]:
    """Return each design with every option, after the label it has in tables."""
    from simulations.compare.result import short_labels  # noqa: PLC0415  # loads numpy

    labels = short_labels([one.label for one in contenders])
    return [_said(one, label) for label, one in zip(labels, contenders, strict=True)]


def _said(one: Contender, label: str) -> str:
    said = describe_design(one.design)
    return said if label == one.design.name else f"{label} = {said}"


def plot_results(
    path: Path,
    ladder: Protocol,
    contenders: Sequence[Contender],
    results: Sequence[ScenarioComparison],
) -> None:
    """Draw a comparison to a file."""
    from simulations.plots import (  # noqa: PLC0415  # loads matplotlib
        plot_comparison_pages,
        provenance_of_comparison,
        save_figure,
    )

    provenance = provenance_of_comparison(
        results,
        design="; ".join(_said(one, one.label) for one in contenders),
        protocol=ladder.name,
        digest=ladder.digest,
        trial=ladder.title or "",
    )
    say_written(*save_figure(plot_comparison_pages(results, provenance), path, provenance))
