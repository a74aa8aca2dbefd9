"""`escalation mtd-data`: what may have been seen at the MTD, and what that leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from escalation.binomial import LEVEL
from escalation.cli.options import OutcomesCommand
from escalation.cli.show import shows
from escalation.reports.view import View
from simulations.cli.options import question_options

if TYPE_CHECKING:
    from simulations.questions.question import Question

__all__ = ["mtd_data"]


@click.command("mtd-data", cls=OutcomesCommand)
@question_options()
@click.option(
    "--confidence",
    type=float,
    default=LEVEL,
    show_default=True,
    metavar="LEVEL",
    help="Confidence level of the limits, between 0 and 1.",
)
@shows
def mtd_data(*, question: Question, confidence: float) -> View:
    """List every data set at the MTD with which a trial can end, with limits for P(DLT).

    Limits are exact (Clopper-Pearson) and Wilson's, both two-sided, and the exact one-sided upper
    one. With --p-dlt or --scenario, each data set has its exact probability, of all trials and of
    those that declare an MTD.

    \b
    Example: escalation mtd-data --variant declare --p-dlt 0.05,0.10,0.25,0.40
    """  # noqa: D301  # click reads the backspace
    from simulations.questions.mtd_data import mtd_data as find_data
    from simulations.reports.mtd_data import view_mtd_data

    scenario = question.scenario
    graph = question.graph()
    found = find_data(graph, None if scenario is None else scenario.p_dlt, level=confidence)
    return view_mtd_data(question, found, question.outcomes_document(graph), confidence)
