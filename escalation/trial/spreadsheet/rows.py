"""Patients read from a spreadsheet, CSV or a workbook, with every cell that cannot be read."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from escalation.dataclass import dataclass
from escalation.errors import printable
from escalation.trial.spreadsheet.cells import CellReader, PatientRow
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.delimited import read_csv
from escalation.trial.spreadsheet.forms import PATIENTS, Form
from escalation.trial.spreadsheet.heading import Heading, match_heading
from escalation.trial.spreadsheet.reading import AS_WRITTEN, Reading
from escalation.trial.spreadsheet.table import MAX_ROWS, Cell, NoValue, Table, as_text
from escalation.trial.spreadsheet.workbook import is_workbook, read_workbook

__all__ = ["MAX_BYTES", "MAX_ROWS", "Listed", "Patients", "read_list", "read_patients", "read_rows"]

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
    """Read what can be read of a spreadsheet of patients.

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
    listed = read_list(content, source, reading, PATIENTS)
    reader = CellReader(reading, listed.heading.words)
    read: list[PatientRow] = []
    faults = list(listed.faults)
    seen: dict[str, int] = {}
    for number, named, unread in listed.rows:
        row, wrong = reader.read(number, named)
        wrong += unread
        first = seen.setdefault(row.subject, number)
        if first != number and row.subject:
            wrong.append(f"row {number}: {printable(row.subject)} is in row {first} too")
        faults += ((number, text) for text in wrong)
        if not wrong:
            read.append(row)
    faults.sort(key=lambda fault: fault[0])
    return Patients(rows=read, n_rows=listed.n_rows, faults=faults, left_out=listed.left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The rows of a list, each with its cells by column.

    Attributes
    ----------
    heading : Heading
    rows : list of (int, mapping of str to Cell, list of str)
        Its number, its cells, and which of them hold no value.
    n_rows : int
        Of all, those among them that cannot be read.
    faults : list of (int, str)
        Of the table, and of rows that cannot be read.
    left_out : tuple of str
        The names of columns that are not ours and were not read.
    """

    heading: Heading
    rows: list[tuple[int, dict[str, Cell], list[str]]]
    n_rows: int
    faults: list[tuple[int, str]]
    left_out: tuple[str, ...]


def read_list(content: bytes, source: str, reading: Reading, form: Form) -> Listed:
    """Read a list by the names of its columns.

    Raises
    ------
    SpreadsheetError
        If it is none, or none of the form.
    """
    if len(content) > MAX_BYTES:
        problem = f"larger than {MAX_BYTES} bytes: not a list of {form.what}"
        raise SpreadsheetError(source, [problem])
    table, heading = _table_of(content, source, reading, form)
    rows = table.rows[1:]
    faults = [*heading.faults]
    if not (rows or faults or table.faults):
        faults.append(f"no {form.a_row} below the heading")
    if len(rows) > MAX_ROWS:
        faults.append(f"more than {MAX_ROWS} rows: not a list of {form.what}")
    nameless = _filled_without_name(heading, rows)
    if reading.extra == "refuse":
        faults += (
            f"row {row}: column {place} has no name, and something stands in it; "
            "--extra ignore leaves it out"
            for place, row in nameless.items()
        )
    if faults:
        raise SpreadsheetError(source, [*faults, *table.faults])
    wrong = [(0, text) for text in table.faults]
    named: list[tuple[int, dict[str, Cell], list[str]]] = []
    places = heading.places
    for number, cells in rows:
        if any(cell != "" for cell in cells[len(heading.columns) :]):
            wrong.append((number, f"row {number}: has more cells than the heading"))
        else:
            named.append((number, *_by_column(number, cells, places, heading.empty)))
    return Listed(
        heading=heading,
        rows=named,
        n_rows=len(rows),
        faults=wrong,
        left_out=(*heading.left_out, *(f"column {place}" for place in nameless)),
    )


def _by_column(
    number: int,
    cells: Sequence[Cell],
    places: Sequence[tuple[int, str]],
    empty: Collection[str],
) -> tuple[dict[str, Cell], list[str]]:
    """Return the cells of a row by column, and which of them hold no value."""
    named = {name: cells[k] for k, name in places if k < len(cells)}
    if empty:
        named = {
            name: "" if as_text(cell).casefold() in empty else cell for name, cell in named.items()
        }
    unread = [
        f"row {number}, {name}: {cell.problem}"
        for name, cell in named.items()
        if isinstance(cell, NoValue)
    ]
    return named, unread


def _table_of(content: bytes, source: str, reading: Reading, form: Form) -> tuple[Table, Heading]:
    def matched(names: Sequence[str]) -> Heading:
        return match_heading(names, reading, form=form)

    if is_workbook(content):
        table = read_workbook(
            content,
            source,
            reading.sheet,
            lambda names: matched(names).is_ours,
            needed=" and ".join(form.needed),
        )
    elif reading.sheet is not None:
        raise SpreadsheetError(source, ["CSV has no sheets: --sheet is for an .xlsx"])
    else:
        table = read_csv(content, source, lambda names: matched(names).n_known)
    if not table.rows and not table.faults:
        raise SpreadsheetError(
            source, [f"is empty: a heading, then a row for each {form.a_row}, are needed"]
        )
    row = table.rows[0][0] if table.rows else 1
    return table, match_heading(table.heading, reading, row, form)


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
