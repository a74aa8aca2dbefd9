"""A table from a sheet of a workbook (.xlsx), through openpyxl, the extra `[excel]`.

Only values are read. A workbook with macros is refused, and what is no value, such as a formula, is
named with its cell. Rows in which nothing stands, of which a workbook may have a million, are taken
out before it is parsed.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from importlib import import_module
from typing import Any

from escalation.errors import EscalationError, did_you_mean, printable
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.table import MAX_ROWS, Cell, NoValue, Table

__all__ = ["ExcelExtraError", "is_workbook", "read_workbook"]

MAX_UNPACKED = 300_000_000
MAX_COLUMNS = MAX_PARTS = 1000

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_EMPTY_ROW = re.compile(rb"<((?:\w+:)?)row\b[^>]*\br=[^>]*(?:/>|>(?:\s*<\1c\b[^>]*/>)*\s*</\1row>)")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=\"([A-Z0-9:]+)\"")
_BROKEN = (  # what openpyxl raises on a file that is not as it should be
    *(ValueError, LookupError, TypeError, AttributeError, SyntaxError, OSError, EOFError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error),
)


class ExcelExtraError(EscalationError):
    """The extra `[excel]` is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "workbooks (.xlsx) need openpyxl: pip install 'escalation[excel]'; or save the sheet "
            "as CSV"
        )


def is_workbook(content: bytes) -> bool:
    """Tell whether a file is a workbook, of whatever program, and not text."""
    return content.startswith((_ZIP, _OLE))


def read_workbook(
    content: bytes,
    source: str,
    wanted: str | None,
    is_ours: Callable[[list[str]], bool],
    *,
    needed: str = "subject and level",
) -> Table:
    """Read the values of one sheet.

    Parameters
    ----------
    content : bytes
    source : str
        The file's name, for messages.
    wanted : str or None
        The name of the sheet; None for the only one whose heading is ours.
    is_ours : callable
        Whether a heading is that of the list which is wanted.
    needed : str
        The columns that tell, for messages.

    Raises
    ------
    SpreadsheetError
        If it cannot be read, holds macros, or no such sheet.
    ExcelExtraError
    """
    try:
        packed = _checked(content, source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what does not concern values
            book = _openpyxl().load_workbook(packed, read_only=True, keep_links=False)
            sheet = _chosen(book, source, wanted, is_ours, needed)
            rows = list(_rows(sheet, source))
            merged = _merged(packed, book, sheet.title)
    except _BROKEN as error:
        raise SpreadsheetError(source, [f"cannot be read as .xlsx: {printable(str(error))}"]) from (
            error
        )
    faults = [f"cells {where} are merged; each cell needs a value of its own" for where in merged]
    return Table(rows=rows, faults=faults, sheet=sheet.title)


def _openpyxl() -> Any:
    try:
        return import_module("openpyxl")  # which has no types of its own
    except ImportError as error:
        raise ExcelExtraError from error


def _checked(content: bytes, source: str) -> io.BytesIO:
    """Return the workbook without its empty rows, if it is one to be read.

    Raises
    ------
    SpreadsheetError
    """

    def refused(problem: str) -> SpreadsheetError:
        return SpreadsheetError(source, [problem])

    if content.startswith(_OLE):
        raise refused(
            "is an .xls of an older Excel, or has a password; save it as .xlsx without one, or as "
            "CSV"
        )
    trimmed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(trimmed, "w") as made:
        parts = packed.infolist()
        names = {part.filename for part in parts}
        if len(parts) > MAX_PARTS:
            raise refused(f"holds more than {MAX_PARTS} parts: not a list of patients")
        if sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise refused(f"unpacks to more than {MAX_UNPACKED} bytes: not a list of patients")
        kinds = packed.read("[Content_Types].xml") if "[Content_Types].xml" in names else b""
        if b"macroEnabled" in kinds or any(map(_is_macro, names)):
            raise refused("holds macros, which are not read; save it as .xlsx, or as CSV")
        if "xl/workbook.xml" not in names:
            raise refused(
                "is a ZIP file of something else than an .xlsx; save it as .xlsx, or as CSV"
            )
        for part in parts:
            if not part.filename.endswith((".xml", ".rels")):
                continue
            data = packed.read(part)
            if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
                raise refused(f"{printable(part.filename)} in it declares a document type")
            if _SHEET.fullmatch(part.filename):
                data = _EMPTY_ROW.sub(b"", data)
            made.writestr(part.filename, data)
    return trimmed


def _is_macro(name: str) -> bool:
    return name.lower().endswith("vbaproject.bin") or name.startswith("xl/macrosheets/")


def _chosen(
    book: Any,
    source: str,
    wanted: str | None,
    is_ours: Callable[[list[str]], bool],
    needed: str,
) -> Any:
    """Return the sheet that is wanted, or else the only one whose heading is ours.

    Raises
    ------
    SpreadsheetError
        If there is none, or more than one.
    """
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if wanted is not None:
        if wanted not in sheets:
            problem = f"no sheet is called {printable(wanted)}; {did_you_mean(wanted, sheets)}"
            raise SpreadsheetError(source, [problem])
        return sheets[wanted]
    shown = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible"]
    if len(shown) == 1:
        return shown[0]
    ours = [sheet for sheet in shown if is_ours(_heading(sheet, source))]
    if len(ours) == 1:
        return ours[0]
    named = ", ".join(printable(sheet.title) for sheet in ours or shown)
    problem = f"sheets {named} each have a heading with {needed}; choose with --sheet"
    if not ours:
        problem = f"no sheet has a heading with {needed}: {named or 'none is shown'}"
    raise SpreadsheetError(source, [problem])


def _heading(sheet: Any, source: str) -> list[str]:
    _, cells = next(_rows(sheet, source), (0, []))
    return Table(rows=[(1, cells)]).heading


def _rows(sheet: Any, source: str) -> Iterator[tuple[int, list[Cell]]]:
    """Yield the rows in which something stands, at most one more than may be.

    Raises
    ------
    SpreadsheetError
        For a row of too many columns.
    """
    sheet.reset_dimensions()  # which a program may have written wrong
    n_filled = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_value(cell) for cell in row]
        while cells and cells[-1] == "":
            cells.pop()
        if not cells:
            continue
        if len(cells) > MAX_COLUMNS:
            problem = f"row {number}: more than {MAX_COLUMNS} columns: not a list of patients"
            raise SpreadsheetError(source, [problem])
        yield number, cells
        n_filled += 1
        if n_filled > MAX_ROWS + 1:
            return


def _value(cell: Any) -> Cell:
    """Return what stands in a cell: text, a number or a day; or that it is none of them."""
    value, problem = cell.value, None
    match value:
        case _ if cell.data_type == "f":
            problem = "holds a formula; put its value in its place"
        case _ if cell.data_type == "e":
            problem = f"holds the error {value}"
        case None:
            value = ""
        case bool():
            value = str(value).lower()
        case int():
            value = float(value)
        case str():
            value = value.strip()
        case datetime() if value.time() == time():
            value = value.date()
        case float() | date() if not isinstance(value, datetime):
            pass
        case datetime():
            problem = f"is {value}, with a time of day; give the day alone"
        case _:
            problem = f"is {value}, neither text, number nor day"
    cell_value: Cell = value
    return cell_value if problem is None else NoValue(problem=f"cell {cell.coordinate} {problem}")


def _merged(packed: io.BytesIO, book: Any, title: str) -> list[str]:
    """Return the ranges of cells that are merged in a sheet."""
    path = book[title]._worksheet_path  # read only, openpyxl does not tell of them
    with zipfile.ZipFile(packed) as parts:
        data = parts.read(path.removeprefix("/"))
    return [found.decode("ascii") for found in _MERGED.findall(data)]
