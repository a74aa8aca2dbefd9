"""The datasets of a trial, shaped as SDTM, written to a folder or an archive."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from escalation.cli.show import say_written
from escalation.cli.streams import shown_on
from escalation.cli.trial.common import Place, check_new, now
from escalation.errors import InputError, printable, reason
from escalation.exports import FORMS
from escalation.files import write_folder, write_whole
from escalation.text import count

__all__ = ["export_datasets"]

_MOST = 20  # faults that are said; the readme has all


def export_datasets(
    place: Place,
    output: Path | None,
    written_as: Sequence[str],
    as_of: int | datetime | None,
    *,
    strict: bool,
    force: bool,
) -> None:
    """Write every dataset of a trial, and say what is wrong with them.

    What the record says is exported as it is: a fault is said, on standard error and in the readme,
    and with ``strict`` nothing is written where there is one.

    Raises
    ------
    InputError
    """
    from escalation.exports.package import ENDINGS, make_export, write_files, zipped  # noqa: PLC0415

    forms = FORMS if "all" in written_as else written_as or FORMS[:2]
    with place.opened() as tracker:
        state, trial = tracker.state(as_of), tracker.trial
    if output is None:
        output = Path(f"{trial}-sdtm.zip")
        check_new(output, place.db, force=force)
    ending = output.suffix.lower()
    if str(output) == "-" or ending in (*ENDINGS, ".txt", ".gz", ".tar"):
        raise InputError(
            f"{printable(str(output))}: datasets are several files; name a folder, or a .zip"
        )
    made_at = now()
    export = make_export(state, trial)
    faults = export.faults
    if strict and faults:
        raise InputError(
            f"nothing is written: {count(len(faults), 'fault')} in the datasets, the first in "
            f"{faults[0]}"
        )
    files = write_files(export, forms, made_at)
    if ending == ".zip":
        try:
            write_whole(output, zipped(files, made_at), overwrite=force)
        except (OSError, ValueError) as error:
            problem = f"{printable(str(output))} cannot be written: {reason(error)}"
            raise InputError(problem) from error
    else:
        write_folder(output, files.content, overwrite=force, endings=ENDINGS)
    say_written(output)
    for fault in faults[:_MOST]:
        _say(f"Check: {fault}")
    if len(faults) > _MOST:
        _say(f"Check: and {count(len(faults) - _MOST, 'more fault')}: see README.txt")
    if files.remarks:
        _say(f"XPT: {count(len(files.remarks), 'value')} not written as they are: see README.txt")


def _say(text: str) -> None:
    click.echo(shown_on(text, sys.stderr), err=True)
