"""CSV, for spreadsheets and data frames: numbers in full, the names of the columns first."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from escalation.reports.view import View

__all__ = ["SUFFIX", "write"]

SUFFIX = ".csv"


def write(view: View, width: int) -> Iterator[str]:
    """Yield the rows, one at a time."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    for row in view.rows():
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()
