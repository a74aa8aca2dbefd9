"""`escalation sensitivity`: how the characteristics hang on the assumed P(DLT) of each level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.options import (
    PICTURES,
    OutcomesCommand,
    check_writable,
    echo_json,
    line,
    origin,
    protocol_options,
    read_outcomes,
)
from escalation.errors import InputError
from escalation.outcomes import Cohort
from escalation.protocol import Protocol
from escalation.text import align
from simulations.cli.common import (
    choose_scenarios,
    continued_from,
    departures_option,
    from_option,
    graph_from,
    heading,
    note,
    p_dlt_option,
    p_moderate_option,
    plotted_design,
    print_continued_from,
    print_p_moderate,
    save_plot,
    scenario_option,
)
from simulations.words import in_words, is_share, scaled

if TYPE_CHECKING:
    from simulations.questions.sensitivity import Floats, Sensitivity, Tornado
    from simulations.scenarios.scenario import Scenario

__all__ = ["sensitivity"]

BAND = 0.05


@click.command(cls=OutcomesCommand, short_help="How results change with the P(DLT) of each level.")
@p_dlt_option
@scenario_option
@p_moderate_option
@protocol_options
@from_option
@departures_option
@click.option("--target", type=float, metavar="P", help="Target P(DLT): adds correct selection.")
@click.option(
    "--of",
    "figure",
    metavar="NAME[:LEVEL]",
    help="What --band moves, as p_select:2 or p_no_mtd.  [default: pcs, or sample_size]",
)
@click.option(
    "--band", type=float, default=BAND, show_default=True, metavar="P", help="Move each P(DLT) by."
)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the tornado: PNG, SVG or PDF.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sensitivity(
    *,
    protocol: Protocol,
    p_dlt: tuple[float, ...] | None,
    scenario_file: str | None,
    p_moderate: tuple[float, ...] | None,
    outcomes: str | None,
    allow_departures: bool,
    target: float | None,
    figure: str | None,
    band: float,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Show how each characteristic changes with the assumed P(DLT) of each level, exactly.

    First the derivatives, for a change of P(DLT) by 0.01 at one level; then what one
    characteristic becomes as the P(DLT) of one level at a time is moved down and up by --band.
    Each level is moved by as much, past its neighbours if need be, but not beyond 0 and 1. The
    correct level, and which levels are above the target, stay those of the scenario. The names of
    --of are those of --json; p_select, patients and dlts are by level.

    \b
    Example: escalation sensitivity --p-dlt 0.05,0.10,0.20,0.33,0.50 --target 0.25
    """  # noqa: D301  # click reads the backspace
    from simulations.questions.sensitivity import sensitivity as gradients  # noqa: PLC0415  # loads numpy
    from simulations.questions.sensitivity import tornado  # noqa: PLC0415  # loads numpy

    if plot is not None:
        check_writable(plot, PICTURES)
    scenarios = choose_scenarios(protocol, p_dlt, scenario_file)
    if plot is not None and len(scenarios) > 1:
        raise click.UsageError("--plot draws one scenario, and there are several: give --p-dlt")
    name, level = _parse_figure(figure or ("sample_size" if target is None else "pcs"), protocol)
    cohorts = read_outcomes(outcomes) if outcomes is not None else ()
    graph = graph_from(protocol, cohorts, allow_departures, p_moderate)
    results = [
        (
            scenario,
            gradients(graph, scenario.p_dlt, target),
            tornado(graph, scenario.p_dlt, name, level=level, band=band, target=target),
        )
        for scenario in scenarios
    ]
    if plot is not None:
        _plot(plot, protocol, (cohorts, p_moderate), scenarios[0], results[0][2])
    if as_json:
        echo_json(_document(protocol, p_moderate, results, band) | continued_from(graph, cohorts))
    else:
        line(origin(protocol), indent="  ")
        print_p_moderate(p_moderate)
        print_continued_from(cohorts)
        for scenario, found, moved in results:
            _print(protocol, scenario, found, moved, band)


def _parse_figure(text: str, protocol: Protocol) -> tuple[str, int | None]:
    name, colon, label = text.partition(":")
    if not colon:
        return name, None
    for level, known in enumerate(protocol.labels):
        if label == str(known):
            return name, level
    known_labels = ", ".join(map(str, protocol.labels))
    raise InputError(f"--of {text}: no level {label!r}; the levels are {known_labels}")


def _print(
    protocol: Protocol, scenario: Scenario, found: Sensitivity, moved: Tornado, band: float
) -> None:
    names = protocol.short_names
    click.echo(f"\nScenario {scenario.name}")
    line(
        "Change for +0.01 in P(DLT) of one level: of probabilities in percentage points, else in "
        "patients and DLTs."
    )
    rows = list(_gradient_rows(found, names))
    head = [f"{label}: {p:.3g}" for label, p in zip(protocol.labels, scenario.p_dlt, strict=True)]
    click.echo("\n\n".join(align(block) for block in _blocks(rows, head)))
    click.echo()
    line(f"{_describe(moved, names)}; with P(DLT) of one level moved by {band:g}:")
    shown = [["level", "P(DLT)", "lower", "gives", "higher", "gives"]]
    for place, name in enumerate(names):
        ends = [f"{scaled(moved.figure, at[place]):.3f}" for at in (moved.at_low, moved.at_high)]
        moves = [f"{p[place]:.3g}" for p in (moved.p_low, moved.p_high)]
        shown.append([name, f"{moved.p_dlt[place]:.3g}", moves[0], ends[0], moves[1], ends[1]])
    click.echo(align(shown))


def _describe(moved: Tornado, names: Sequence[str]) -> str:
    what = in_words(moved.figure, None if moved.level is None else names[moved.level])
    return f"{what}: {scaled(moved.figure, moved.value):.3f}{' %' * is_share(moved.figure)}"


def _gradient_rows(found: Sensitivity, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield name, value and slopes of each characteristic, patients and DLTs as totals only."""
    values, slopes = found.values, found.gradients
    for level, name in enumerate(names):
        value, slope = values["p_select"][level], slopes["p_select"][level]
        yield _gradient_row("p_select", value, slope, name)
    shown = ["p_no_mtd", "p_inconclusive", "pcs", "p_overdose", "sample_size", "total_dlts"]
    if values["p_inconclusive"] == 0:
        shown.remove("p_inconclusive")
    for figure in shown:
        if figure in values:
            yield _gradient_row(figure, values[figure], slopes[figure])


def _gradient_row(
    figure: str, value: Floats, slope: Floats, level_name: str | None = None
) -> list[str]:
    """Return a row of the table: changes for 0.01 of P(DLT)."""
    n_digits = 2 if is_share(figure) else 3
    changes = (_signed(scaled(figure, change) / 100, n_digits) for change in slope.tolist())
    shown = f"{scaled(figure, float(value)):.2f}"
    return [in_words(figure, level_name, unit=True), shown, *changes]


def _signed(change: float, n_digits: int) -> str:
    """Write a change with its sign, and none where it is rounded to 0."""
    text = f"{change:+.{n_digits}f}"
    return text if float(text) else text[1:]


def _blocks(rows: Sequence[list[str]], head: Sequence[str]) -> Iterator[list[list[str]]]:
    """Yield the table in blocks of columns that fit on 80."""
    left = max(len(row[0]) for row in rows) + 2 + max(len(row[1]) for row in rows)
    widest = max(len(cell) for row in [head, *(row[2:] for row in rows)] for cell in row)
    n_columns = max(1, (79 - left) // (widest + 2))
    for first in range(0, len(head), n_columns):
        last = first + n_columns
        yield [
            ["", "now", *head[first:last]],
            *([*row[:2], *row[2 + first : 2 + last]] for row in rows),
        ]


def _document(
    protocol: Protocol,
    p_moderate: tuple[float, ...] | None,
    results: Sequence[tuple[Scenario, Sensitivity, Tornado]],
    band: float,
) -> dict[str, Any]:
    shown = []
    for scenario, found, moved in results:
        document: dict[str, Any] = {
            "scenario": {"name": scenario.name, "p_dlt": list(scenario.p_dlt)},
            **found.to_dict(),
        }
        if found.correct is not None:
            document["correct_level"] = (
                None if found.correct < 0 else protocol.labels[found.correct]
            )
        document["tornado"] = {
            "of": moved.figure,
            "level": None if moved.level is None else protocol.labels[moved.level],
            "band": band,
            **moved.to_dict(),
        }
        shown.append(document)
    target = results[0][1].target
    return (
        heading(protocol, p_moderate)
        | {"results": shown}
        | ({} if target is None else {"target": target})
    )


def _plot(
    path: Path,
    protocol: Protocol,
    rests_on: tuple[Sequence[Cohort], tuple[float, ...] | None],
    scenario: Scenario,
    moved: Tornado,
) -> None:
    from simulations.plots import plot_tornado  # noqa: PLC0415  # loads matplotlib

    axes = plot_tornado(
        moved,
        level_names=protocol.axis_names,
        design=plotted_design(protocol, *rests_on),
        scenario=scenario.name,
        trial=protocol.title or "",
    )
    save_plot(axes, path, protocol, scenario=scenario.name, method="exact", note=note(*rests_on))
