"""Plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from escalation.reports.view import Block, Gap, Heading, Paragraph, Table, Verbatim, View
from escalation.text import align, fold, paragraph

__all__ = ["SUFFIX", "write"]

SUFFIX = ".txt"


def write(view: View, width: int) -> Iterator[str]:
    """Yield the page, a block at a time, for a terminal of ``width`` columns."""
    for block in view.page():
        yield f"{_write(block, width - 1)}\n"  # some terminals break a line that is full


def _write(block: Block, width: int) -> str:
    match block:
        case Gap():
            return ""
        case Heading(text) | Verbatim(text):
            return text
        case Paragraph(text, indent):
            return "\n".join(paragraph(text, indent=indent, width=width))
        case Table():
            return "\n\n".join(
                "\n".join(f"{block.indent}{line}".rstrip() for line in _lines(part))
                for part in _parts(block, width)
            )
    assert_never(block)


def _lines(table: Table) -> list[str]:
    rows = [list(row) for row in table.rows]
    if table.ruled:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        rows.insert(table.n_heads, ["-" * width for width in widths])
    return align(rows, left=table.left).splitlines()


def _parts(table: Table, width: int) -> Iterator[Table]:
    """Yield a table in parts that fit, each with the columns that say what a row is."""
    for columns in fold(table.rows, width - len(table.indent), table.n_labels):
        rows = [[row[k] for k in columns if k < len(row)] for row in table.rows]
        left = [place for place, k in enumerate(columns) if k in table.left]
        yield Table(rows, left, table.n_heads, table.ruled, table.indent)
