r"""LaTeX, to be read in by ``\input``: tables need the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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

SUFFIX = ".tex"

_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "[": "{[}",  # at the start of a row or item: an option of the command before
        "]": "{]}",
        "*": "{*}",
        **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    }
)


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
            return rf"\{'sub' * (level - 2)}section*{{{_escape(text)}}}"
        case Paragraph(text):
            return _escape(" ".join(text.split()))
        case Items(items, numbered):
            return "\n".join(_items(items, "enumerate" if numbered else "itemize"))
        case Verbatim(text):
            return f"\\begin{{verbatim}}\n{text}\n\\end{{verbatim}}"
        case Figure(caption, words):
            return rf"\textbf{{{_escape(caption)}}} {_escape(words)}"
        case Table(caption=caption):
            above = f"\\textbf{{{_escape(caption)}}}\n\n" if caption else ""
            return f"{above}{_table(block)}"
    assert_never(block)


def _items(items: Sequence[Item], kind: str) -> Iterator[str]:
    yield rf"\begin{{{kind}}}"
    for item in items:
        yield rf"\item {_escape(item.text)}"
        for text in item.data:
            yield rf"\\ \emph{{{_escape(text)}}}"
        if item.items:
            yield from _items(item.items, "itemize")
    yield rf"\end{{{kind}}}"


def _table(table: Table) -> str:
    n_columns = table.n_columns
    sides = ["l" if k in table.left else "r" for k in range(n_columns)]
    if table.prose:
        sides[-1] = r"p{0.6\linewidth}"
    lines = [rf"\begin{{tabular}}{{{''.join(sides)}}}", r"\toprule"]
    for place, row in enumerate(table.rows):
        if place == table.n_heads and place:
            lines.append(r"\midrule")
        cells = [r"\quad " * indent_of(cell) + _escape(cell) for cell in row]
        cells += [""] * (n_columns - len(row))
        lines.append(" & ".join(cells) + r" \\")
        if place in table.notes:
            note = _escape(table.notes[place])
            lines.append(rf"\multicolumn{{{n_columns}}}{{l}}{{\quad {note}}} \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _escape(text: str) -> str:
    """Keep what a person named from being read as a command, and -- from becoming one dash."""
    return re.sub(r"-(?=-)", "-{}", text.strip().translate(_ESCAPED))
