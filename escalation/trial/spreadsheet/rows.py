"""Patients read from a spreadsheet, CSV or a workbook, with every cell that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from escalation.dataclass import dataclass
from escalation.errors import printable
from escalation.trial.spreadsheet.cells import CellReader, PatientRow
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.delimited import read_csv
from escalation.trial.spreadsheet.heading import Heading, match_heading
from escalation.trial.spreadsheet.reading import AS_WRITTEN, Reading
from escalation.trial.spreadsheet.table import MAX_ROWS, Cell, NoValue, Table, as_text
from escalation.trial.spreadsheet.workbook import is_workbook, read_workbook

__all__ = ["MAX_BYTES", "MAX_ROWS", "Patients", "read_patients", "read_rows"]

MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patients:
    """What was read of a spreadsheet.

    Attributes
    ----------
    rows : list of PatientRow
        Those in which nothing is wrong.
    n_rows : int
        How many there are in all.
    faults : list of (int, str)
        Every cell that cannot be read: its row, and the row and what is wrong in words.
    left_out : tuple of str
        The names of columns that are not ours and were not read.
    """

    rows: list[PatientRow]
    n_rows: int
    faults: list[tuple[int, str]]
    left_out: tuple[str, ...] = ()


def read_patients(content: bytes, source: str, reading: Reading = AS_WRITTEN) -> list[PatientRow]:
    """Read a spreadsheet in which nothing may be wrong: see `read_rows`.

    Raises
    ------
    SpreadsheetError
        With every cell that cannot be read, and its row.
    """
    read = read_rows(content, source, reading)
    if read.faults:
        raise SpreadsheetError(source, [text for _, text in read.faults])
    return read.rows


def read_rows(content: bytes, source: str, reading: Reading = AS_WRITTEN) -> Patients:
    """Read what can be read of a spreadsheet.

    Parameters
    ----------
    content : bytes
        CSV, or a workbook (.xlsx).
    source : str
        The file's name, for messages.
    reading : Reading

    Raises
    ------
    SpreadsheetError
        If it is no list of patients.
    """
    if len(content) > MAX_BYTES:
        raise SpreadsheetError(source, [f"larger than {MAX_BYTES} bytes: not a list of patients"])
    table, heading = _table_of(content, source, reading)
    rows = table.rows[1:]
    faults = [*heading.faults]
    if not (rows or faults or table.faults):
        faults.append("no patient below the heading")
    if len(rows) > MAX_ROWS:
        faults.append(f"more than {MAX_ROWS} rows: not a list of patients")
    nameless = _filled_without_name(heading, rows)
    if reading.extra == "refuse":
        faults += (
            f"row {row}: column {place} has no name, and something stands in it; "
            "--extra ignore leaves it out"
            for place, row in nameless.items()
        )
    if faults:
        raise SpreadsheetError(source, [*faults, *table.faults])
    patients = _read(rows, heading, reading)
    return replace(
        patients,
        faults=[*((0, text) for text in table.faults), *patients.faults],
        left_out=(*heading.left_out, *(f"column {place}" for place in nameless)),
    )


def _table_of(content: bytes, source: str, reading: Reading) -> tuple[Table, Heading]:
    def matched(names: Sequence[str]) -> Heading:
        return match_heading(names, reading)

    if is_workbook(content):
        table = read_workbook(content, source, reading.sheet, lambda names: matched(names).is_ours)
    elif reading.sheet is not None:
        raise SpreadsheetError(source, ["CSV has no sheets: --sheet is for an .xlsx"])
    else:
        table = read_csv(content, source, lambda names: matched(names).n_known)
    if not table.rows and not table.faults:
        raise SpreadsheetError(
            source, ["is empty: a heading, then a row for each patient, are needed"]
        )
    row = table.rows[0][0] if table.rows else 1
    return table, match_heading(table.heading, reading, row)


def _filled_without_name(
    heading: Heading, rows: Sequence[tuple[int, Sequence[Cell]]]
) -> dict[int, int]:
    """Return the columns without a name in which something stands, from 1, and in which row."""
    found = {}
    for place, name in enumerate(heading.names):
        filled = (n for n, cells in rows if place < len(cells) and cells[place] != "")
        row = None if name else next(filled, None)
        if row is not None:
            found[place + 1] = row
    return found


def _read(
    rows: Sequence[tuple[int, Sequence[Cell]]], heading: Heading, reading: Reading
) -> Patients:
    reader = CellReader(reading, heading.words)
    read: list[PatientRow] = []
    faults: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    places = [(k, name) for k, name in enumerate(heading.columns) if name is not None]
    for number, cells in rows:
        if any(cell != "" for cell in cells[len(heading.columns) :]):
            faults.append((number, f"row {number}: has more cells than the heading"))
            continue
        named = {name: cells[k] for k, name in places if k < len(cells)}
        if heading.empty:
            named = {
                name: "" if as_text(cell).casefold() in heading.empty else cell
                for name, cell in named.items()
            }
        unread = [(name, cell) for name, cell in named.items() if isinstance(cell, NoValue)]
        row, wrong = reader.read(number, named)
        wrong += (f"row {number}, {name}: {cell.problem}" for name, cell in unread)
        first = seen.setdefault(row.subject, number)
        if first != number and row.subject:
            wrong.append(f"row {number}: {printable(row.subject)} is in row {first} too")
        faults += ((number, text) for text in wrong)
        if not wrong:
            read.append(row)
    return Patients(rows=read, n_rows=len(rows), faults=faults)
