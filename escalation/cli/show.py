"""The one place where a result is printed, in the format asked for."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from escalation.errors import InputError, printable
from escalation.files import check_writable, write_text
from escalation.reports.formats import FORMATS, WIDTH, format_of, write_view
from escalation.reports.view import View

__all__ = ["file_written", "shown_on", "shows", "terminal_width"]

NARROWEST, WIDEST = 60, 120  # columns; lines much longer are not read with ease


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
            check_writable(output)
        view = command(*args, **kwargs)
        if output is not None and chosen is not None:
            write_text(output, write_view(view, chosen))
            file_written(output)
        else:
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


def file_written(path: Path) -> None:
    """Say that a file was written, on standard error."""
    click.echo(f"wrote {printable(str(path))}", err=True)


def terminal_width() -> int:
    """Return the columns of the terminal, within what reads with ease; 80 where there is none."""
    if "COLUMNS" not in os.environ and not (sys.stdout and sys.stdout.isatty()):
        return WIDTH
    columns = shutil.get_terminal_size((WIDTH, 24)).columns
    return min(max(columns, NARROWEST), WIDEST)


def shown_on(text: str, stream: TextIO | None) -> str:
    """Escape what a stream cannot write, and what a terminal may obey: a name may hold any letter.

    Line ends stay.
    """
    encoding = getattr(stream, "encoding", None) or "ascii"
    safe = "".join(c if c.isprintable() or c == "\n" else printable(c) for c in text)
    return safe.encode(encoding, "backslashreplace").decode(encoding)
