"""CSV, for spreadsheets and data frames: numbers in full, the names of the columns first.

A text that a spreadsheet program would calculate gets an apostrophe: people type the texts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from escalation.reports.view import View
from escalation.text import as_cell

__all__ = ["SUFFIX", "write"]

SUFFIX = ".csv"


def write(view: View, width: int) -> Iterator[str]:
    """Yield the rows, one at a time."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    for row in view.rows():
        writer.writerow(list(map(as_cell, row)))
        yield line.getvalue()
        line.seek(0)
        line.truncate()
