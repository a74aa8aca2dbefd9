"""`escalation designs`: the designs there are, and the options of one of them."""

from __future__ import annotations

import click

from escalation.cli.completion import complete_designs
from escalation.cli.options import CarefulCommand
from escalation.cli.show import shows
from escalation.reports.designs import view_design, view_designs
from escalation.reports.view import View

__all__ = ["designs"]


@click.command(cls=CarefulCommand)
@click.argument("name", required=False, metavar="[NAME]", shell_complete=complete_designs)
@shows
def designs(*, name: str | None) -> View:
    """List the designs, or every option of one with its default, values and meaning.

    The options are those that --set takes, and the keys of a protocol file's table [design].

    \b
    Example: escalation designs
             escalation designs boin
    """  # noqa: D301  # click reads the backspace
    return view_designs() if name is None else view_design(name)
