"""`escalation paths`: what can happen next, as a tree or as a list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from escalation.cli.options import PICTURES, OutcomesCommand
from escalation.cli.show import shows
from escalation.cli.whole import WholeNumber
from escalation.files import check_writable
from escalation.reports.view import View
from simulations.cli.options import plot_option, question_options
from simulations.cli.pictures import write_picture

if TYPE_CHECKING:
    from simulations.questions.paths import PathNode
    from simulations.questions.question import Question

__all__ = ["paths"]

DEPTH = 2  # cohorts; a 3+3 then fills half a screen


@click.command(cls=OutcomesCommand)
@question_options()
@click.option(
    "--depth",
    type=WholeNumber(min=1),
    metavar="K",
    help=f"Cohorts to look ahead.  [default: {DEPTH}]",
)
@click.option("--list", "as_list", is_flag=True, help="List complete paths, one a line.")
@plot_option
@shows
def paths(*, question: Question, depth: int | None, as_list: bool, plot: Path | None) -> View:
    """Show what can happen next: the tree of cohorts, or every path of the trial.

    Each line is a cohort, as level: DLTs/patients of that cohort, the probability of coming
    there (with --p-dlt or --scenario) and what the design says then. Where patients are pending,
    the tree has a root for each way they can turn out. M marks a moderate toxicity that counts.

    \b
    Example: escalation paths --from "1NNN" --p-dlt 0.05,0.10,0.25,0.40
    """  # noqa: D301  # click reads the backspace
    from simulations.questions.ahead import count_paths, graph_ahead
    from simulations.questions.paths import iter_paths, path_tree
    from simulations.reports.paths import view_list, view_tree

    if as_list and (depth is not None or plot is not None):
        raise click.UsageError("--list gives complete paths; --depth and --plot are for the tree")
    if plot is not None:
        check_writable(plot, PICTURES)
    p_dlt = None if question.scenario is None else question.scenario.p_dlt
    if as_list:
        graph = question.graph()
        return view_list(question, lambda: iter_paths(graph, p_dlt))
    depth = depth or DEPTH
    roots = path_tree(graph_ahead(question, depth), p_dlt, depth=depth)
    if plot is not None:
        _plot(plot, question, roots)
    return view_tree(question, roots, count_paths(question))


def _plot(path: Path, question: Question, roots: Sequence[PathNode]) -> None:
    from simulations.plots import plot_path_pages  # matplotlib, for a picture only

    scenario = "" if question.scenario is None else question.scenario.name
    pages = plot_path_pages(
        roots,
        level_names=question.protocol.axis_names,
        design=question.plotted_design(),
        scenario=scenario,
        trial=question.protocol.title or "",
    )
    write_picture(pages, path, question, scenario=scenario)
