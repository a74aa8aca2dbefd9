"""``escalation scenarios``: the shipped sets, and the curves of a set or a file."""

from __future__ import annotations

import click

from escalation.cli.options import CarefulCommand
from escalation.cli.show import shows
from escalation.reports.view import View
from simulations.cli.completion import complete_scenarios
from simulations.cli.numbers import parse_doses
from simulations.cli.source import read_scenarios
from simulations.reports.scenarios import view_curves, view_sets
from simulations.scenarios.scenario import load_scenarios, shipped_scenarios

__all__ = ["scenarios"]


@click.command(cls=CarefulCommand)
@click.argument(
    "source", required=False, metavar="[SET|FILE[:NAME]]", shell_complete=complete_scenarios
)
@click.option(
    "--doses",
    "doses_text",
    metavar="DOSE,DOSE,...",
    help="Doses of the ladder, lowest first, for scenarios given by formula.",
)
@shows
def scenarios(*, source: str | None, doses_text: str | None) -> View:
    """List the shipped sets of scenarios, or show the curves of one set or file.

    A scenario is an assumed true P(DLT) at each dose level, lowest first. FILE is TOML, - is
    standard input, and FILE:NAME is one of its scenarios:

    \b
        doses = [1e6, 3e6, 6e6]         # where a formula needs them
        [[scenarios]]
        name = "by numbers"
        p_dlt = [0.05, 0.10, 0.25]
        [[scenarios]]
        name = "by formula"
        formula = "logistic"
        p_at = [[1e6, 0.05], [6e6, 0.25]]

    \b
    The formulas and their keys; p_at is one or two pairs [dose, P(DLT)]:
        logistic  p_at; slope with one pair
        emax      p_at; pmax, hill: one of them with two pairs, both with one
        weibull   p_at; shape with one pair
        power     skeleton, P(DLT) by level; p_at, one pair, or theta

    \b
    Example: escalation scenarios levels-3
             escalation scenarios my.toml --doses 1e6,3e6,6e6 --json
    """  # noqa: D301  # click reads the backspace
    doses = None if doses_text is None else parse_doses(doses_text)
    if source is not None:
        return view_curves(source, read_scenarios(source, doses=doses), doses)
    if doses is not None:
        raise click.UsageError("--doses evaluates the formulas of a file; name the file")
    return view_sets({name: load_scenarios(name) for name in shipped_scenarios()})
