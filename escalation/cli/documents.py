"""What every command that writes a document does before and after: checks the file, dates it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from escalation.errors import InputError, reason
from escalation.errors import printable as in_line
from escalation.files import check_writable
from escalation.reports.documents import (
    LARGEST_TEMPLATE,
    SUFFIXES,
    Document,
    Template,
    find_missing,
)
from escalation.reports.documents.word_file import checked

__all__ = ["check_document", "dated", "template_option"]


def _read(ctx: click.Context, param: click.Parameter, path: Path | None) -> Template | None:
    if path is None:
        return None
    try:
        if not path.is_file():
            raise InputError(f"{in_line(str(path))}: there is no such template")
        with path.open("rb") as file:
            content = file.read(LARGEST_TEMPLATE + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{in_line(str(path))} cannot be read: {reason(error)}") from error
    return Template(name=in_line(str(path)), content=content)


template_option = click.option(
    "--template",
    type=click.Path(path_type=Path),
    metavar="FILE",
    callback=_read,
    help="Fill this Word file of the sponsor's; the document is a .docx too.",
)


def check_document(path: Path, template: Template | None = None) -> None:
    """Refuse a document that cannot be written, before the work is begun."""
    check_writable(path, SUFFIXES)
    missing = find_missing(path.suffix, template=template is not None)
    if missing is not None:
        raise InputError(f"{path}: {missing}")
    if template is not None:
        checked(template)
        if path.is_file() and path.read_bytes() == template.content:
            raise InputError(f"{path} is the template, which would be replaced")


def dated(document: Document) -> Document:
    """Return a document with the time for a file's properties: SOURCE_DATE_EPOCH, else its own.

    Raises
    ------
    InputError
        If SOURCE_DATE_EPOCH is set and no such time.
    """
    epoch, at = os.environ.get("SOURCE_DATE_EPOCH"), document.at
    try:
        at = at if not epoch else datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"SOURCE_DATE_EPOCH is {epoch!a}; it is the seconds since 1970, such as 1780000000"
        ) from None
    return replace(document, at=at)
