"""Patients from a spreadsheet, as another program wrote it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import click

from escalation.cli.options import CarefulCommand, read_stdin
from escalation.cli.trial.recording import Recording, recording_options
from escalation.errors import InputError, printable, reason
from escalation.trial.spreadsheet.charting import What, import_list
from escalation.trial.spreadsheet.forms import FORMS
from escalation.trial.spreadsheet.importing import import_patients
from escalation.trial.spreadsheet.reading import Reading, read_map
from escalation.trial.spreadsheet.rows import MAX_BYTES

__all__ = ["import_spreadsheet", "keeping_everything"]


@click.command("import", cls=CarefulCommand)
@click.argument("file", metavar="FILE")
@click.option(
    "--kind",
    type=click.Choice(list(FORMS), case_sensitive=False),
    default="patients",
    show_default=True,
    help="What a row of the file is about.",
)
@click.option(
    "--date-format",
    metavar="FORMAT",
    help="How days are written, as %d.%m.%Y for 31.01.2026.  [default: 2026-01-31]",
)
@click.option(
    "--decimal",
    type=click.Choice([".", ","]),
    default=".",
    show_default=True,
    help="What stands before decimals.",
)
@click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="THEIRS=OURS,...",
    help="A column of the file and what it is, or a word in cells and what it means: "
    "Patient=subject,ja=yes; NA= for an empty cell; may be repeated.",
)
@click.option(
    "--extra",
    type=click.Choice(["refuse", "ignore"]),
    default="refuse",
    show_default=True,
    help="What to do with columns that are not ours; those left out are named in the ledger.",
)
@click.option("--sheet", metavar="NAME", help="Which sheet of an .xlsx.")
@recording_options
def import_spreadsheet(
    recording: Recording,
    file: str,
    *,
    kind: What | Literal["patients"],
    date_format: str | None,
    decimal: Literal[".", ","],
    mapped: tuple[str, ...],
    extra: Literal["refuse", "ignore"],
    sheet: str | None,
) -> None:
    """Record what a spreadsheet says, all rows or none.

    CSV, or .xlsx with the extra `[excel]`: a heading, then one row a patient, as `escalation trial
    export` writes it. Every fault is named with its row. Into a trial without a cohort it is the
    history before the trial was tracked, for which subject, level, dosed_on and dlt (yes or no) are
    enough: what is not stated is recorded as not stated. Into any other trial, rows pass the same
    gates as if typed. - is standard input.

    With --kind a row is a result (subject, visit, date, test, value, unit, lower, upper, below,
    not_done, day, by, note, reason), a visit (subject, visit, date, missed, note), somebody who is
    screened (subject, date, disease, sex, born, consented, site) or an adverse event (subject,
    term, grade, started, ended, serious, relation and so on, as trial ae has them). Tests and
    visits go by the plan's name, label or code; "<50" is below 50. Rows that say what is recorded
    already change nothing; the same file again is refused.

    \b
    Example: escalation trial import patients.csv --as "Lin Mei"
    Example: escalation trial import liste.csv --as "Lin Mei" --decimal ,
      --date-format %d.%m.%Y --map Patient=subject,Stufe=level,ja=yes,nein=no
    Example: escalation trial import labs.csv --kind results --as "Lin Mei"
    """  # noqa: D301  # click reads the backspace
    reading = Reading(
        date_format=date_format,
        decimal=decimal,
        mapped=read_map(mapped),
        extra=extra,
        sheet=sheet,
    )
    name = "standard input" if file == "-" else Path(file).name
    with keeping_everything():
        content = _read(file)
        if kind == "patients":
            recording.record(import_patients(content, name, reading))
        else:
            recording.record(import_list(kind, content, name, reading))


@contextmanager
def keeping_everything() -> Iterator[None]:
    """Look for no garbage meanwhile: what is read of a file stays until all of it is recorded.

    Among the objects of 10,000 rows, to look for it again and again takes a third of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(file: str) -> bytes:
    if file == "-":
        return read_stdin(MAX_BYTES + 1)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(file)} cannot be read: {reason(error)}") from error
