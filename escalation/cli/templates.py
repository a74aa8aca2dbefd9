"""A file with comments to start from, which ``init`` of a protocol or a study writes."""

from __future__ import annotations

from pathlib import Path

import click

from escalation.errors import InputError, reason
from escalation.files import check_writable, write_whole

__all__ = ["write_template"]


def write_template(template: Path, file: str, *, force: bool, then: str) -> None:
    """Write a template to a new file, or to standard output for ``-``; say what comes ``then``.

    Raises
    ------
    InputError
        For a file that exists, unless forced, or that cannot be written.
    """
    text = template.read_text(encoding="utf-8")
    if file == "-":
        click.echo(text, nl=False)
        return
    path = Path(file)
    if path.exists() and not force:
        raise InputError(f"{file} exists; --force overwrites it")
    check_writable(path)
    try:
        write_whole(path, text.encode("utf-8"), overwrite=force)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {reason(error)}") from error
    click.echo(f"Wrote {file}. Edit it, then: {then} {file}", err=True)
