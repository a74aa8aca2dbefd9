"""Plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from string import ascii_lowercase
from textwrap import wrap
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
)
from escalation.text import align, fold, paragraph

__all__ = ["SUFFIX", "table_parts", "write"]

SUFFIX = ".txt"


def write(view: View, width: int) -> Iterator[str]:
    """Yield the page, a block at a time, for a terminal of ``width`` columns."""
    for block in view.page():
        yield f"{_write(block, width - 1)}\n"  # some terminals break a line that is full


def _write(block: Block, width: int) -> str:  # noqa: PLR0911  # a block a line
    match block:
        case Gap():
            return ""
        case Heading(text, _, underline):
            has_digest = max(map(len, text.split()), default=0) > width // 2
            lines = [text] if has_digest else paragraph(text, width=width)
            return "\n".join([*lines, underline * max(map(len, lines))]).rstrip()
        case Verbatim(text, hangs):
            return "\n".join(_hung(text, hangs, width)) if hangs else text
        case Items(items, numbered, bullet):
            return "\n".join(_items(items, bullet, width, numbered=numbered))
        case Paragraph(text, indent, lead):
            return "\n".join(paragraph(text, lead, indent, width))
        case Figure(caption, words):
            return "\n".join(paragraph(f"{caption} {words}", "", "  ", width))
        case Table(caption=caption) if caption:
            above = "\n".join(paragraph(caption, "", "  ", width))
            return f"{above}\n{_write(replace(block, caption=''), width)}"
        case Table():
            return "\n\n".join("\n".join(_lines(part, width)) for part in table_parts(block, width))
    assert_never(block)


def _hung(text: str, hangs: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield lines that fit, the rest of each hanging below it."""
    for line, (lead, hang) in zip(text.split("\n"), hangs, strict=True):
        if len(line) <= width:
            yield line
        else:
            room = max(width, len(hang) + 20)
            yield from paragraph(line.removeprefix(lead), lead, hang, room)


def _items(items: Sequence[Item], bullet: str, width: int, *, numbered: bool) -> Iterator[str]:
    for number, item in enumerate(items, start=1):
        lead = f"{number:>2}. " if numbered else bullet
        inner = " " * len(lead)
        yield from paragraph(item.text, lead, inner, width)
        for text in item.data:
            yield from paragraph(text, inner, f"{inner}  ", width)
        for letter, part in zip(ascii_lowercase, item.items, strict=False):
            yield from paragraph(part.text, f"{inner}({letter}) ", f"{inner}    ", width)
            for text in part.data:
                yield from paragraph(text, f"{inner}    ", f"{inner}      ", width)


def table_parts(table: Table, width: int) -> Iterator[Table]:
    """Yield a table in parts that fit, each with the columns that name a row; notes in the last."""
    if table.prose:
        yield table
        return
    table = _with_folded_labels(table, width)
    groups = fold(table.rows, width + 1 - len(table.indent), table.n_labels)
    for place, columns in enumerate(groups, start=1):
        rows = [[row[k] for k in columns if k < len(row)] for row in table.rows]
        left = [column for column, k in enumerate(columns) if k in table.left]
        notes = table.notes if place == len(groups) else {}
        # a head that stands above other columns only would be an empty line here
        heads = rows[: table.n_heads]
        n_empty = next((n for n, head in enumerate(heads) if any(head)), 0)
        yield replace(
            table,
            rows=rows[n_empty:],
            left=left,
            notes={row - n_empty: note for row, note in notes.items()},
            n_heads=table.n_heads - n_empty,
        )


def _with_folded_labels(table: Table, width: int) -> Table:
    """Return a table whose first column takes no more than two thirds: terms can be long."""
    limit = max(width * 2 // 3, 20)
    if not table.n_labels or all(len(row[0]) <= limit for row in table.rows if row):
        return table
    rows: list[Sequence[str]] = []
    notes: dict[int, str] = {}
    for place, row in enumerate(table.rows):
        indent = " " * (len(row[0]) - len(row[0].lstrip()))
        first, *others = wrap(row[0].strip(), limit - len(indent) - 2) or [""]
        rows.append([f"{indent}{first}", *row[1:]])
        rows += [[f"{indent}  {other}", *[""] * (len(row) - 1)] for other in others]
        if place in table.notes:
            notes[len(rows) - 1] = table.notes[place]
    return replace(table, rows=rows, notes=notes)


def _lines(table: Table, width: int) -> Iterator[str]:
    rows = [list(row) for row in table.rows]
    if table.prose:
        yield from _prose(table, width)
        return
    for place, line in enumerate(align(rows, left=table.left).splitlines()):
        if place == table.n_heads and table.ruled:
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            yield f"{table.indent}{'  '.join('-' * width for width in widths)}"
        yield f"{table.indent}{line}".rstrip()
        if place in table.notes:
            yield from paragraph(
                table.notes[place], f"{table.indent}  ", f"{table.indent}    ", width
            )


def _prose(table: Table, width: int) -> Iterator[str]:
    """Yield lines with the last column wrapped behind the others."""
    *leads, _ = zip(*table.rows, strict=True)
    shown = align(list(zip(*leads, strict=True)), left=table.left).splitlines()
    widest = max(map(len, shown))
    for place, (lead, row) in enumerate(zip(shown, table.rows, strict=True)):
        before = f"{table.indent}{lead:<{widest}}  "
        blank, room = " " * len(before), max(width, len(before) + 20)
        yield from paragraph(row[-1] or "-", before, blank, room)
        if place in table.notes:
            yield from paragraph(table.notes[place], blank, blank, room)
