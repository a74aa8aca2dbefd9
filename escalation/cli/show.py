"""The one place where a result is printed, in the format asked for."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.asking import asking
from escalation.cli.streams import shown_on, terminal_width, until_reader_stops
from escalation.errors import InputError, printable
from escalation.files import check_writable, write_text
from escalation.reports.formats import FORMATS, format_of, write_view
from escalation.reports.view import View

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["choose_format", "say_written", "show_view", "shows", "view_options"]


def shows(command: Callable[..., View]) -> Callable[..., None]:
    """Show the view that a command returns: add --format, --json, --csv, --output.

    A file is written before anything is printed, so that a reader who stops reading loses nothing.
    """

    @view_options
    @click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        form: str | None,
        as_json: bool,
        as_csv: bool,
        output: Path | None,
        **kwargs: Any,
    ) -> None:
        chosen = choose_format(form, as_json=as_json, as_csv=as_csv)
        if output is not None and output in kwargs.values():  # of --keep or --plot
            raise click.UsageError(f"{output} is named twice; give each output its own file")
        show_view(lambda: command(*args, **kwargs), chosen, output)

    return wrapper


def view_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --format, --csv and --output, passed as ``form``, ``as_csv`` and ``output``."""
    form = click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}.  [default: text, or by the ending of --output]",
    )
    as_csv = click.option("--csv", "as_csv", is_flag=True, help="The same as --format csv.")
    output = click.option(
        "--output",
        type=click.Path(),
        callback=_as_path,
        metavar="FILE",
        help="Write to this file instead.",
    )
    return form(as_csv(output(command)))


def _as_path(ctx: click.Context, param: click.Parameter, given: str | None) -> Path | None:
    if given is None:
        return None
    from pathlib import Path  # noqa: PLC0415  # urllib with it, for those who name a file

    return Path(given)


def show_view(make: Callable[[], View], chosen: str | None, output: Path | None) -> None:
    """Make a view and print it or write it to a file, in the format chosen; end the command.

    Whoever asks in place of the command line is given it.
    """
    if output is not None:
        chosen = chosen or format_of(output.suffix)
        if chosen is None:
            raise InputError(f"{output}: the ending names no format; give --format")
        check_writable(output)
    view = make()
    asked = asking()
    if asked is not None:
        asked.view = view
        return
    if output is not None and chosen is not None:
        write_text(output, write_view(view, chosen))
        say_written(output)
    else:
        with until_reader_stops():
            for piece in write_view(view, chosen or "text", terminal_width()):
                click.echo(shown_on(piece, sys.stdout), nl=False)
    click.get_current_context().exit(view.exit_code)


def choose_format(form: str | None, *, as_json: bool, as_csv: bool) -> str | None:
    """Return the one format asked for, None where none is."""
    asked = {*(["json"] * as_json), *(["csv"] * as_csv), *([] if form is None else [form])}
    if len(asked) > 1:
        raise click.UsageError(f"give one format, not {' and '.join(sorted(asked))}")
    return next(iter(asked), None)


def say_written(*paths: Path) -> None:
    """Say which files were written, on standard error."""
    if paths:
        click.echo(f"wrote {', '.join(printable(str(path)) for path in paths)}", err=True)
