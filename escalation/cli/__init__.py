"""The command line: parse, call one library function, print."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from escalation.cli.streams import shown_on, until_reader_stops
from escalation.errors import ConflictError, EscalationError, RefusedError, reason
from escalation.version import __version__

__all__ = ["LazyGroup", "main"]


class LazyGroup(click.Group):
    """A group whose commands are imported when called.

    ``lazy`` gives for each name ``module:attribute`` and what the list of commands says of it, so
    that the list is printed without importing any.
    """

    def __init__(
        self, *args: object, lazy: Mapping[str, tuple[str, str]], **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through to click
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they were given."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; click does not know the names that one may have meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415  # only here

            near = difflib.get_close_matches(args[0], self._lazy, n=1)
            if not near:
                raise
            said = f"{error.message} Did you mean {near[0]}?"
            raise click.UsageError(said, ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Offer the commands, none of them imported, and the options of the group."""
        commands = [
            CompletionItem(name, help=said)
            for name, (_, said) in self._lazy.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in self._lazy.items()])


class Program(LazyGroup):
    """The outermost group: here, and only here, an error becomes a message and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; say in one line what was wrong."""
        try:
            with until_reader_stops():
                return super().invoke(ctx)
            return None
        except EscalationError as error:
            click.echo(shown_on(_message(error), sys.stderr), err=True)
            ctx.exit(error.exit_code)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program; a file or a pipe that fails is said in one line too."""
        gc.set_threshold(_MANY)
        atexit.register(gc.freeze)  # what is left when it ends is not gone through again
        if "_ESCALATION_COMPLETE" in os.environ:  # a shell asks how a word may go on
            importlib.import_module("escalation.cli.bash")
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # except for EPIPE, which click ends quietly
            click.echo(f"escalation: {error.filename or 'output'}: {reason(error)}", err=True)
            sys.exit(1)


_MANY = 100_000
"""New objects after which Python looks for garbage. A command keeps what it reads: to look after
every 700 of them, as Python does, takes a tenth of its time."""


def _message(error: EscalationError) -> str:
    """Say what was wrong; several reasons for a refusal stand one below the other."""
    said = f"escalation: {error}"
    if isinstance(error, RefusedError) and len(error.reasons) > 1:
        said = "\n  ".join([f"escalation: {error.what}:", *error.reasons])
    if not isinstance(error, RefusedError | ConflictError):
        return said  # one line, or as the error has laid it out
    return "\n".join(
        textwrap.fill(row, 79, subsequent_indent="    ", break_on_hyphens=False)
        for row in said.split("\n")
    )


main = Program(
    name="escalation",
    help="Decide, simulate, compare and track dose escalation.\n\n"
    'Example: escalation decide "1NNN 2NNT"',
    lazy={
        "decide": (
            "escalation.cli.decide:decide",
            "Say what to do next, given the outcomes so far, and why.",
        ),
        "table": (
            "escalation.cli.table:table",
            "Print the rule as a table: what to do at each count of DLTs.",
        ),
        "designs": (
            "escalation.cli.designs:designs",
            "List the designs, or every option of one.",
        ),
        "paths": ("simulations.cli.paths:paths", "Show what can happen next, as a tree or a list."),
        "protocol": ("escalation.cli.protocol:protocol", "Show, check and write protocols."),
        "plan": (
            "escalation.cli.plan:plan",
            "Who may enter, what is measured, when: show and check.",
        ),
        "simulate": (
            "simulations.cli.simulate:simulate",
            "Operating characteristics, exact and simulated.",
        ),
        "compare": (
            "simulations.cli.compare:compare",
            "Designs side by side, with the optimal benchmark.",
        ),
        "mtd-data": (
            "simulations.cli.mtd_data:mtd_data",
            "Every data set at the MTD with which a trial can end.",
        ),
        "scenarios": (
            "simulations.cli.scenarios:scenarios",
            "Assumed toxicity curves, shipped or from a file.",
        ),
        "sensitivity": (
            "simulations.cli.sensitivity:sensitivity",
            "How results change with the P(DLT) of each level.",
        ),
        "worst-case": (
            "simulations.cli.worst_case:worst_case",
            "The curve under which a design does worst.",
        ),
        "random-scenarios": (
            "simulations.cli.random_scenarios:random_scenarios",
            "Results averaged over random curves.",
        ),
        "sweep": (
            "simulations.cli.sweep:sweep",
            "Studies: designs, scenarios and clocks, a row a cell.",
        ),
        "trial": (
            "escalation.cli.trial:trial",
            "Track a trial: patients, decisions, signatures, in a ledger.",
        ),
        "serve": (
            "escalation.cli.serve:serve",
            "Show trials in a browser, and record there.",
        ),
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
main = click.version_option(__version__, prog_name="escalation")(main)
