"""`escalation table`: what the design says in every situation of a level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from escalation.cli.options import PICTURES, CarefulCommand, protocol_options
from escalation.cli.show import say_written, shows
from escalation.cli.whole import WholeNumber
from escalation.designs import LevelStatus, describe_design
from escalation.designs.interval.base import IntervalDesign, has_boundaries
from escalation.files import check_writable
from escalation.protocol import Protocol
from escalation.reports.origin import describe_origin
from escalation.reports.rule.boundary_table import boundary_table, view_boundaries
from escalation.reports.rule.decision_table import DURING, TableRow, decision_table
from escalation.reports.rule.decision_table_output import view_table
from escalation.reports.rule.pathways import view_pathways
from escalation.reports.view import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["table"]

FIRST_COHORTS = 3  # what a page can hold


@click.command(cls=CarefulCommand)
@protocol_options
@click.option("--full", is_flag=True, help="Print every situation, where a design has boundaries.")
@click.option("--plot", type=click.Path(path_type=Path), help="Also draw it: .png, .svg or .pdf.")
@click.option(
    "--cohorts",
    "n_cohorts",
    type=WholeNumber(1, 20),
    metavar="K",
    help="Print instead what follows each course of the first K cohorts.",
)
@shows
def table(protocol: Protocol, *, full: bool, plot: Path | None, n_cohorts: int | None) -> View:
    """Print what to do at a level, for every number of patients and of DLTs there.

    The table is about one level; a maximum sample size, which concerns all, stands below it.
    An interval design is shown by its boundaries, one that asks for follow-up also with patients
    pending, or with --full by every situation, as the
    others are. A CRM judges all levels together: it is shown by what follows each course of the
    first 3 cohorts.

    Example: escalation table --variant declare
    """
    if full and n_cohorts is not None:
        raise click.UsageError("give --full or --cohorts, not both")
    if n_cohorts is None and not protocol.design.by_level:
        n_cohorts = FIRST_COHORTS
    if n_cohorts is not None:
        if plot is not None:
            raise click.UsageError("what follows the first cohorts is drawn by `escalation paths`")
        return view_pathways(protocol, n_cohorts)
    if plot is not None:
        check_writable(plot, PICTURES)
    design = protocol.design
    if has_boundaries(design) and not full:
        if plot is not None:
            _plot_boundaries(plot, design, protocol)
        return view_boundaries(protocol, design)
    rows = decision_table(design)
    if plot is not None:
        _plot(plot, protocol, rows)
    return view_table(protocol, rows)


def _plot_boundaries(path: Path, design: IntervalDesign, protocol: Protocol) -> None:
    from escalation.figures.boundary_table import plot_boundaries  # noqa: PLC0415

    axes = plot_boundaries(
        boundary_table(design),
        design=describe_origin(protocol).rstrip("."),
        trial=protocol.title or "",
    )
    _save([axes], path, protocol)


def _plot(path: Path, protocol: Protocol, rows: Sequence[TableRow]) -> None:
    """Draw the table for a level with one above it to go to and one below it to go back to."""
    from escalation.figures.decision_table import plot_decision_pages  # noqa: PLC0415

    situation = "level above not yet given, level below cleared"
    if protocol.design.asks_moderate:
        situation += ", after titration"
    answers = {
        (row.n_evaluable, row.n_dlts): _drawn(row)
        for row in rows
        if (row.above, row.below) == (LevelStatus.NOT_GIVEN, LevelStatus.CLEARED)
        and row.phase != DURING
    }
    pages = plot_decision_pages(
        answers,
        design=describe_origin(protocol).rstrip("."),
        situation=situation,
        trial=protocol.title or "",
    )
    _save(pages, path, protocol, note=situation)


def _save(pages: Sequence[Axes], path: Path, protocol: Protocol, note: str = "") -> None:
    from escalation.figures.files import Provenance, save_figure  # noqa: PLC0415

    provenance = Provenance(
        design=describe_design(protocol.design),
        protocol=protocol.name,
        digest=protocol.digest,
        trial=protocol.title or "",
        note=note,
    )
    say_written(*save_figure(pages, path, provenance))


def _drawn(row: TableRow) -> str:
    """Return the answer; where a level is left, say whether it is eliminated."""
    left = row.answer.startswith("de-escalate")
    eliminated = left and row.status is LevelStatus.TOO_TOXIC
    return f"{row.answer}; too toxic" if eliminated else row.answer
