"""HTML: one page that needs nothing else, reads on a telephone and prints well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import assert_never

from escalation.reports.view import (
    Block,
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

__all__ = ["SUFFIX", "fragment", "write"]

SUFFIX = ".html"

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>escalation</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h2, h3 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h2 { font-size: 1.4rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #444; vertical-align: bottom; }
thead tr:not(:last-child) th { border-bottom: 0; padding-bottom: 0; }
td { vertical-align: top; white-space: nowrap; }
.left { text-align: left; }
td.left { white-space: normal; }
td.left:last-child { overflow-wrap: anywhere; }
.note { padding-left: 1.5rem; color: #555; }
pre { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } tr { break-inside: avoid; }
               h2, h3 { break-after: avoid; } }
</style>
</head>
<body>
"""

# Jupyter aligns every cell to the right
_STYLE = "<style scoped>td.left, th.left { text-align: left; }</style>\n"


def write(view: View, width: int) -> Iterator[str]:
    """Yield the page, a block at a time."""
    yield _HEAD
    yield from map(_write, view.page())
    yield "</body>\n</html>\n"


def fragment(blocks: Iterable[Block]) -> str:
    """Return blocks as part of another page, such as a notebook, that has its own style."""
    return f"<div>\n{_STYLE}{''.join(map(_write, blocks))}</div>\n"


def _write(block: Block) -> str:
    match block:
        case Gap():
            return ""
        case Heading(text, level):
            return f"<h{level}>{escape(text.strip())}</h{level}>\n"
        case Paragraph(text):
            return f"<p>{escape(' '.join(text.split()))}</p>\n"
        case Items(items, numbered):
            return _items(items, "ol" if numbered else "ul")
        case Verbatim(text):
            return f"<pre>{escape(text)}</pre>\n"
        case Table():
            return _table(block)
    assert_never(block)


def _items(items: Sequence[Item], tag: str) -> str:
    parts = [f"<{tag}>\n"]
    for item in items:
        data = "".join(f'<br><span class="note">{escape(text)}</span>' for text in item.data)
        inner = _items(item.items, "ul") if item.items else ""
        parts.append(f"<li>{escape(item.text)}{data}{inner}</li>\n")
    return "".join([*parts, f"</{tag}>\n"])


def _table(table: Table) -> str:
    n_columns = table.n_columns
    left = {*table.left, *([n_columns - 1] if table.prose else [])}
    parts = ['<div class="wide"><table>\n<thead>\n']
    for place, row in enumerate(table.rows):
        if place == table.n_heads:
            parts.append("</thead>\n<tbody>\n")
        tag = 'th scope="col"' if place < table.n_heads else "td"
        cells = [*row, *[""] * (n_columns - len(row))]
        parts.append("<tr>")
        for column, cell in enumerate(cells):
            side = ' class="left"' if column in left else ""
            said = "&emsp;" * indent_of(cell) + escape(cell.strip())
            parts.append(f"<{tag}{side}>{said}</{tag[:2]}>")
        parts.append("</tr>\n")
        if place in table.notes:
            note = escape(table.notes[place])
            parts.append(f'<tr><td class="left note" colspan="{n_columns}">{note}</td></tr>\n')
    parts.append("</tbody>\n</table></div>\n")
    return "".join(parts)
