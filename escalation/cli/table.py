"""`escalation table`: what the design says in every situation of a level."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from escalation.cli.options import (
    PICTURES,
    CarefulCommand,
    check_writable,
    echo_json,
    identity,
    line,
    origin,
    protocol_options,
)
from escalation.designs import LevelStatus, describe_design, design_settings
from escalation.designs.interval.base import IntervalDesign
from escalation.protocol import Protocol
from escalation.reports.rule.boundary_table import (
    boundary_table,
    boundary_table_document,
    boundary_table_rows,
    boundary_table_text,
)
from escalation.reports.rule.decision_table import DURING, TableRow, decision_table
from escalation.reports.rule.decision_table_output import table_csv, table_dict, table_text
from escalation.reports.rule.pathways import pathways, pathways_csv, pathways_dict, pathways_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["table"]

FIRST_COHORTS = 3  # what a page can hold


@click.command(cls=CarefulCommand)
@protocol_options
@click.option("--full", is_flag=True, help="Print every situation, where a design has boundaries.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it: PNG, SVG or PDF.")
@click.option(
    "--cohorts",
    "n_cohorts",
    type=click.IntRange(1, 20),
    metavar="K",
    help="Print instead what follows each course of the first K cohorts.",
)
def table(
    protocol: Protocol,
    *,
    full: bool,
    as_csv: bool,
    as_json: bool,
    plot: Path | None,
    n_cohorts: int | None,
) -> None:
    """Print what to do at a level, for every number of patients and of DLTs there.

    The table is about one level; a maximum sample size, which is about all, is named below it.
    An interval design is told by its boundaries, with --full by every situation as the others
    are. A CRM judges all levels together: it is told by what follows each course of the first 3
    cohorts.

    Example: escalation table --variant declare
    """
    if as_csv and as_json:
        raise click.UsageError("give --csv or --json, not both")
    if full and n_cohorts is not None:
        raise click.UsageError("give --full or --cohorts, not both")
    if n_cohorts is None and not protocol.design.by_level:
        n_cohorts = FIRST_COHORTS
    if n_cohorts is not None:
        if plot is not None:
            raise click.UsageError("what follows the first cohorts is drawn by `escalation paths`")
        _print_pathways(protocol, n_cohorts, as_csv=as_csv, as_json=as_json)
        return
    if plot is not None:
        check_writable(plot, PICTURES)
    design = protocol.design
    if isinstance(design, IntervalDesign) and not full:
        _print_boundaries(design, protocol, as_csv=as_csv, as_json=as_json, plot=plot)
    else:
        _print_situations(protocol, as_csv=as_csv, as_json=as_json, plot=plot)


def _print_situations(
    protocol: Protocol, *, as_csv: bool, as_json: bool, plot: Path | None
) -> None:
    rows = decision_table(protocol.design)
    if plot is not None:
        _plot(plot, protocol, rows)
    if as_csv:
        click.echo(table_csv(rows), nl=False)
        return
    if as_json:
        echo_json(
            {
                **identity(protocol),
                **table_dict(rows),
                "stages": protocol.design.stages,
                "design": design_settings(protocol.design),
            }
        )
        return
    click.echo(table_text(rows))
    click.echo()
    ends = {row.clause.text for row in rows if row.clause.id == "end-titration"}
    for text in ends:
        line(text)
    cap = getattr(protocol.design, "max_patients", None)
    if cap is not None:
        line(f"The trial stops where the next patients would be more than {cap} in all.")
    if protocol.design.while_pending is not None:
        line(protocol.design.while_pending.text)
    line(origin(protocol), indent="  ")


def _print_boundaries(
    design: IntervalDesign, protocol: Protocol, *, as_csv: bool, as_json: bool, plot: Path | None
) -> None:
    if plot is not None:
        _plot_boundaries(plot, design, protocol)
    if as_csv:
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(boundary_table_rows(design))
        click.echo(stream.getvalue(), nl=False)
    elif as_json:
        echo_json(
            {
                **identity(protocol),
                **boundary_table_document(design),
                "stages": design.stages,
                "design": design_settings(design),
            }
        )
    else:
        click.echo(boundary_table_text(design))
        click.echo()
        line(origin(protocol), indent="  ")


def _plot_boundaries(path: Path, design: IntervalDesign, protocol: Protocol) -> None:
    from escalation.figures.decision_table import plot_boundaries  # noqa: PLC0415

    axes = plot_boundaries(boundary_table(design), design=origin(protocol).rstrip("."))
    _save(axes, path, protocol)


def _print_pathways(protocol: Protocol, n_cohorts: int, *, as_csv: bool, as_json: bool) -> None:
    paths = pathways(protocol.design, n_cohorts)
    if as_csv:
        click.echo(pathways_csv(paths, protocol), nl=False)
    elif as_json:
        design = design_settings(protocol.design)
        echo_json({**identity(protocol), **pathways_dict(paths, protocol), "design": design})
    else:
        click.echo(pathways_text(paths, protocol))
        click.echo()
        line(origin(protocol), indent="  ")


def _plot(path: Path, protocol: Protocol, rows: Sequence[TableRow]) -> None:
    """Draw the table for a level with one above it to go to and one below it to go back to."""
    from escalation.figures.decision_table import plot_decision_table  # noqa: PLC0415

    situation = "level above not yet given, level below cleared"
    if protocol.design.asks_moderate:
        situation += ", after titration"
    answers = {
        (row.n_evaluable, row.n_dlts): _drawn(row, protocol)
        for row in rows
        if (row.above, row.below) == (LevelStatus.NOT_GIVEN, LevelStatus.CLEARED)
        and row.phase != DURING
    }
    axes = plot_decision_table(answers, design=origin(protocol).rstrip("."), situation=situation)
    _save(axes, path, protocol, note=situation)


def _save(axes: Axes, path: Path, protocol: Protocol, note: str = "") -> None:
    from escalation.figures.files import Provenance, save_figure  # noqa: PLC0415

    provenance = Provenance(
        design=describe_design(protocol.design),
        protocol=protocol.name,
        digest=protocol.digest,
        note=note,
    )
    save_figure(axes, path, provenance)
    click.echo(f"wrote {path}", err=True)


def _drawn(row: TableRow, protocol: Protocol) -> str:
    """Return the answer; where a level may be left without being too toxic, say that it is."""
    apart = not protocol.design.by_stages and row.status is LevelStatus.TOO_TOXIC
    return f"{row.answer}; too toxic" if apart else row.answer
