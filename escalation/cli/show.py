"""The one place where a result is printed, in the format asked for."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from escalation.cli.streams import shown_on, terminal_width, until_reader_stops
from escalation.errors import InputError, printable
from escalation.files import check_writable, write_text
from escalation.reports.formats import FORMATS, format_of, write_view
from escalation.reports.view import View

__all__ = ["say_written", "shows"]


def shows(command: Callable[..., View]) -> Callable[..., None]:
    """Show the view that a command returns: add --format, --json, --csv, --output.

    A file is written before anything is printed, so that a reader who stops reading loses nothing.
    """

    @click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}.  [default: text, or by the ending of --output]",
    )
    @click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
    @click.option("--csv", "as_csv", is_flag=True, help="The same as --format csv.")
    @click.option(
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write to this file instead.",
    )
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        form: str | None,
        as_json: bool,
        as_csv: bool,
        output: Path | None,
        **kwargs: Any,
    ) -> None:
        chosen = _choose(form, ["json"] * as_json + ["csv"] * as_csv)
        if output is not None:
            chosen = chosen or format_of(output.suffix)
            if chosen is None:
                raise InputError(f"{output}: the ending names no format; give --format")
            if output in kwargs.values():  # of --keep or --plot
                raise click.UsageError(f"{output} is named twice; give each output its own file")
            check_writable(output)
        view = command(*args, **kwargs)
        if output is not None and chosen is not None:
            write_text(output, write_view(view, chosen))
            say_written(output)
        else:
            with until_reader_stops():
                for piece in write_view(view, chosen or "text", terminal_width()):
                    click.echo(shown_on(piece, sys.stdout), nl=False)
        click.get_current_context().exit(view.exit_code)

    return wrapper


def _choose(form: str | None, flags: Sequence[str]) -> str | None:
    """Return the one format asked for, None where none is."""
    asked = {*flags, *([] if form is None else [form])}
    if len(asked) > 1:
        raise click.UsageError(f"give one format, not {' and '.join(sorted(asked))}")
    return next(iter(asked), None)


def say_written(*paths: Path) -> None:
    """Say which files were written, on standard error."""
    if paths:
        click.echo(f"wrote {', '.join(printable(str(path)) for path in paths)}", err=True)
