"""A table of cells, however it was stored: CSV in one of its dialects, or a sheet of a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import date

from escalation.dataclass import dataclass

__all__ = ["MAX_ROWS", "Cell", "NoValue", "Table", "as_text"]

MAX_ROWS = 20_000  # of patients


@dataclass(frozen=True, slots=True, kw_only=True)
class NoValue:
    """A cell that holds something else than a value, such as a formula."""

    problem: str


Cell = str | float | date | NoValue
"""Text, trimmed; or what a workbook knows to be a number or a day. ``""`` is an empty cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells.

    Attributes
    ----------
    rows : sequence of (int, list of Cell)
        Those in which something stands, with their numbers; the first is the heading.
    faults : sequence of str
        What is wrong with the table itself, each with its place.
    sheet : str or None
        Which sheet of a workbook it is.
    """

    rows: Sequence[tuple[int, Sequence[Cell]]]
    faults: Sequence[str] = field(default=())
    sheet: str | None = None

    @property
    def heading(self) -> list[str]:
        """What stands in the first row, without empty cells at its end."""
        cells = [as_text(cell) for cell in self.rows[0][1]] if self.rows else []
        while cells and not cells[-1]:
            cells.pop()
        return cells


def as_text(cell: Cell) -> str:
    """Return a cell as it would be typed: a whole number without decimals."""
    if isinstance(cell, NoValue):
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)
