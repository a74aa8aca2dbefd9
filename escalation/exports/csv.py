"""A dataset as CSV: the names of the variables first, a missing value is an empty cell.

A text that a spreadsheet program would calculate gets an apostrophe, as everywhere; Dataset-JSON
has it as it was recorded.
"""

from __future__ import annotations

import csv
import io

from escalation.exports.dataset import Dataset
from escalation.text import as_cell

__all__ = ["SUFFIX", "write_csv"]

SUFFIX = ".csv"


def write_csv(dataset: Dataset) -> str:
    """Write a dataset as text in UTF-8, numbers in full."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(dataset.names)
    for row in dataset.rows:
        writer.writerow(list(map(as_cell, row)))
    return written.getvalue()
