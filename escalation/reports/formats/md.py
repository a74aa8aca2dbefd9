"""Markdown, for a protocol or a repository: tables in pipes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from escalation.reports.view import (
    Block,
    Figure,
    Gap,
    Heading,
    Item,
    Items,
    Paragraph,
    Table,
    Verbatim,
    View,
    indent_of,
)

__all__ = ["SUFFIX", "write"]

SUFFIX = ".md"


def write(view: View, width: int) -> Iterator[str]:
    """Yield the page, a block at a time."""
    between = ""
    for block in view.page():
        if not isinstance(block, Gap):
            yield f"{between}{_write(block)}\n"
            between = "\n"


def _write(block: Block) -> str:  # noqa: PLR0911  # a block a line
    match block:
        case Gap():
            return ""
        case Heading(text, level):
            return f"{'#' * level} {_line_of(text)}"
        case Paragraph(text):
            return _line_of(" ".join(text.split()))
        case Items(items, numbered):
            return "\n".join(_items(items, "1." if numbered else "-", ""))
        case Verbatim(text):
            fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
            return f"{fence}text\n{text}\n{fence}"
        case Figure(caption, words):
            return f"**{_escape(caption)}** {_escape(words)}"
        case Table(caption=caption):
            above = f"**{_escape(caption)}**\n\n" if caption else ""
            return f"{above}{_table(block)}"
    assert_never(block)


def _items(items: Sequence[Item], mark: str, indent: str) -> Iterator[str]:
    inner = indent + " " * (len(mark) + 1)
    for item in items:
        yield f"{indent}{mark} {_line_of(item.text)}"
        for text in item.data:
            yield f"{inner}- *{_escape(text)}*"
        yield from _items(item.items, "-", inner)


def _table(table: Table) -> str:
    n_columns = table.n_columns
    heads = [_joined(table.rows[: table.n_heads], k) for k in range(n_columns)]
    marks = [":--" if k in table.left else "--:" for k in range(n_columns)]
    if table.prose:
        marks[-1] = ":--"
    if table.notes:
        heads, marks = [*heads, "notes"], [*marks, ":--"]
    lines = [_row(map(_escape, heads)), _row(marks)]
    for place, row in enumerate(table.rows[table.n_heads :], start=table.n_heads):
        cells = [*row, *[""] * (n_columns - len(row))]
        if table.notes:
            cells.append(table.notes.get(place, ""))
        lines.append(_row("&emsp;" * indent_of(cell) + _escape(cell) for cell in cells))
    return "\n".join(lines)


def _joined(heads: Sequence[Sequence[str]], column: int) -> str:
    return " ".join(filter(None, (row[column] for row in heads if column < len(row))))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line_of(text: str) -> str:
    """Keep a line from being read as a list, a quotation or a heading too."""
    text = re.sub(r"^(\d+)(?=[.)](\s|$))", r"\1\\", _escape(text))
    return re.sub(r"^(?=[#>]|[-+](\s|$))|(?=#+$)", r"\\", text)


def _escape(text: str) -> str:
    """Keep what a person named from being read as a mark, a formula or HTML."""
    return re.sub(r"([\\`*_\[\]|<~$]|&(?=#?\w+;))", r"\\\1", text.strip())
