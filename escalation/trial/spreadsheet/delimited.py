"""A table from CSV: the separator is found, line ends of any system, trailing empty columns.

UTF-8, or UTF-16 with its byte order mark, as a spreadsheet program writes "Unicode text". A first
line ``sep=;`` names the separator, as such programs understand it.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import islice

from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.table import Cell, Table

__all__ = ["read_csv"]

_SEPARATORS = ",;\t|"
_SAYS_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


def read_csv(content: bytes, source: str, count_known: Callable[[list[str]], int]) -> Table:
    """Read the rows of CSV.

    Parameters
    ----------
    content : bytes
    source : str
        The file's name, for messages.
    count_known : callable
        How many names of a heading are columns: it is parted by what makes the most of it known.

    Raises
    ------
    SpreadsheetError
    """
    text = _decoded(content, source)
    if re.match(r"\s*<(?:!doctype|html|\?xml|table)", text, re.IGNORECASE):
        raise SpreadsheetError(source, ["is a page of HTML or XML; save it as .xlsx, or as CSV"])
    first = re.match(r"[^\r\n]*", text)
    said = None if first is None else _SAYS_SEPARATOR.fullmatch(first[0])
    separator = said[1] if said else _found_separator(text, count_known)
    rows: list[tuple[int, list[Cell]]] = []
    number = 0
    try:
        for number, line in enumerate(_lines(text, separator), start=1):
            cells: list[Cell] = [cell.strip() for cell in line]
            if any(cells) and not (said and number == 1):
                rows.append((number, cells))
    except csv.Error as error:
        raise SpreadsheetError(source, [f"row {number + 1}: not CSV: {error}"]) from error
    return Table(rows=rows)


def _lines(text: str, separator: str) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")  # which leaves line ends as they are
    return csv.reader(lines, delimiter=separator, strict=True)


def _decoded(content: bytes, source: str) -> str:
    coding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        coding = "utf-16"
    try:
        return content.decode(coding)
    except UnicodeDecodeError as error:
        row = len(re.findall(rb"\r\n|\r|\n", content[: error.start])) + 1
        problem = f"row {row}: not UTF-8; save as CSV UTF-8"
        raise SpreadsheetError(source, [problem]) from error


def _found_separator(text: str, count_known: Callable[[list[str]], int]) -> str:
    """Return what parts the heading into the most names that are known, then into the most."""

    def made(separator: str) -> tuple[int, int]:
        try:
            heading = next((line for line in islice(_lines(text, separator), 100) if any(line)), [])
        except csv.Error:
            return 0, 0
        return count_known(heading), len(heading)

    return max(_SEPARATORS, key=made)
