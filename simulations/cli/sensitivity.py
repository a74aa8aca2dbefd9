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
from escalation.designs import describe_design
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
    scenario_option,
)

if TYPE_CHECKING:
    from simulations.scenarios import Scenario
    from simulations.sensitivity import Sensitivity, Tornado

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
    from simulations.sensitivity import sensitivity as gradients  # noqa: PLC0415  # loads numpy
    from simulations.sensitivity import tornado  # noqa: PLC0415  # loads numpy

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
    if as_json:
        echo_json(_document(protocol, p_moderate, results, band) | continued_from(graph, cohorts))
    else:
        line(origin(protocol), indent="  ")
        print_p_moderate(p_moderate)
        print_continued_from(cohorts)
        for scenario, found, moved in results:
            _print(protocol, scenario, found, moved, band)
    if plot is not None:
        _plot(plot, protocol, (cohorts, p_moderate), scenarios[0], results[0][2])


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
    line(f"{_describe(moved, names)}, P(DLT) of one level moved by {band:g}:")
    shown = [["level", "P(DLT)", "lower", "gives", "higher", "gives"]]
    scale = 100 if _is_share(moved.figure) else 1
    for place, name in enumerate(names):
        ends = [f"{scale * at[place]:.3f}" for at in (moved.at_low, moved.at_high)]
        moves = [f"{p[place]:.3g}" for p in (moved.p_low, moved.p_high)]
        shown.append([name, f"{moved.p_dlt[place]:.3g}", moves[0], ends[0], moves[1], ends[1]])
    click.echo(align(shown))


def _is_share(figure: str) -> bool:
    return figure.startswith("p_") or figure == "pcs"


def _describe(moved: Tornado, names: Sequence[str]) -> str:
    what = moved.figure if moved.level is None else f"{moved.figure} of level {names[moved.level]}"
    if _is_share(moved.figure):
        return f"{what} is {100 * moved.value:.3f} %"
    return f"{what} is {moved.value:.3f}"


def _gradient_rows(found: Sensitivity, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield name, value and slopes of each characteristic, patients and DLTs as totals only."""
    values, slopes = found.values, found.gradients
    shares = [
        (f"MTD {name} %", values["p_select"][level], slopes["p_select"][level])
        for level, name in enumerate(names)
    ]
    others = {"no MTD %": "p_no_mtd"}
    if values["p_inconclusive"] > 0:
        others["not determined %"] = "p_inconclusive"
    if found.target is not None:
        others |= {"correct selection %": "pcs", "above target %": "p_overdose"}
    shares += [(shown, values[name], slopes[name]) for shown, name in others.items()]
    for shown, value, slope in shares:
        # per 0.01 of P(DLT), and times 100 as a percentage
        yield [shown, f"{100 * value:.2f}", *(_signed(change, 2) for change in slope)]
    for shown, name in (("mean n", "sample_size"), ("DLTs", "total_dlts")):
        changes = (_signed(change / 100, 3) for change in slopes[name])
        yield [shown, f"{values[name]:.2f}", *changes]


def _signed(change: float, n_digits: int) -> str:
    """Write a change with its sign, and none where it is rounded to 0."""
    text = f"{change:+.{n_digits}f}"
    return text if float(text) else text[1:]


def _blocks(rows: Sequence[list[str]], head: Sequence[str]) -> Iterator[list[list[str]]]:
    """Yield the table in blocks of columns that fit on 80."""
    left = max(len(row[0]) for row in rows) + 2 + max(len(row[1]) for row in rows)
    widest = max(8, *map(len, head))
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
    from simulations.plots import (  # noqa: PLC0415  # loads matplotlib
        Provenance,
        plot_tornado,
        save_figure,
    )

    provenance = Provenance(
        design=describe_design(protocol.design),
        scenario=scenario.name,
        method="exact",
        protocol=protocol.name,
        digest=protocol.digest,
        note=note(*rests_on),
    )
    axes = plot_tornado(
        moved,
        level_names=protocol.axis_names,
        design=plotted_design(protocol, *rests_on),
        scenario=scenario.name,
    )
    save_figure(axes, path, provenance)
    click.echo(f"wrote {path}", err=True)
