"""The command line: parse, call one library function, print."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from escalation import __version__
from escalation.errors import ConflictError, EscalationError, RefusedError, reason

__all__ = ["LazyGroup", "main", "until_reader_stops"]


class LazyGroup(click.Group):
    """A group whose commands are imported when called, from ``{name: "module:attribute"}``."""

    def __init__(self, *args: object, lazy: dict[str, str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through to click
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they were given."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


class Program(LazyGroup):
    """The outermost group: here, and only here, an error becomes a message and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; say in one line what was wrong."""
        try:
            with until_reader_stops():
                return super().invoke(ctx)
            return None
        except EscalationError as error:
            from escalation.cli.options import shown_on  # noqa: PLC0415  # itself imports a lot

            click.echo(shown_on(_message(error), sys.stderr), err=True)
            ctx.exit(error.exit_code)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program; a file or a pipe that fails is said in one line too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # but for EPIPE, which click ends quietly
            click.echo(f"escalation: {error.filename or 'output'}: {reason(error)}", err=True)
            sys.exit(1)


@contextlib.contextmanager
def until_reader_stops() -> Iterator[None]:
    """Leave off quietly where nobody reads on, as in ``| head``: what follows would go nowhere.

    A command has written its files, and recorded what it had to, before it prints.
    """
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # else Python, when it ends, would try once more
        os.close(nowhere)


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
        "decide": "escalation.cli.decide:decide",
        "table": "escalation.cli.table:table",
        "paths": "simulations.cli.paths:paths",
        "protocol": "escalation.cli.protocol:protocol",
        "simulate": "simulations.cli.simulate:simulate",
        "compare": "simulations.cli.compare:compare",
        "mtd-data": "simulations.cli.mtd_data:mtd_data",
        "scenarios": "simulations.cli.scenarios:scenarios",
        "sensitivity": "simulations.cli.sensitivity:sensitivity",
        "worst-case": "simulations.cli.worst_case:worst_case",
        "random-scenarios": "simulations.cli.random_scenarios:random_scenarios",
        "trial": "escalation.cli.trial:trial",
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
main = click.version_option(__version__, prog_name="escalation")(main)
