"""HTML: one page that needs nothing else, reads on a telephone and prints well."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from typing import assert_never

from escalation.dataclass import dataclass
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
    outlined,
)
from escalation.text import with_powers

__all__ = ["INLINE", "SUFFIX", "Look", "fragment", "write", "write_blocks", "write_page"]

SUFFIX = ".html"

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
{more}</head>
<body>
"""

_LOOK = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h1, h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h1 { font-size: 1.4rem; }
h3, h4 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .25rem .5rem; text-align: right; border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #444; vertical-align: bottom; }
tbody th { border-bottom: 1px solid #ddd; vertical-align: top; }
thead tr:not(:last-child) th { border-bottom: 0; padding-bottom: 0; }
td { vertical-align: top; white-space: nowrap; }
.left { text-align: left; }
td.left { white-space: normal; }
tbody .short { white-space: nowrap; }
td.long { overflow-wrap: anywhere; white-space: normal; }
.note { padding-left: 1.5rem; color: #555; }
pre { overflow-x: auto; }
figure { margin: 1rem 0; }
figure img { max-width: 100%; height: auto; }
figcaption { font-weight: 600; }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 9pt; line-height: 1.35; }
               h1, h2, h3, h4 { break-after: avoid; margin: 1.2em 0 .3em; }
               h1 { font-size: 15pt; } h2 { font-size: 11pt; } h3, h4 { font-size: 9pt; }
               p, ul, ol { margin: .4em 0; }
               .wide, pre { overflow: visible; }
               thead { display: table-header-group; } caption { break-after: avoid; }
               tr, figure, li, .small { break-inside: avoid; } .noted { break-after: avoid; }
               table { font-size: 8pt; margin: .6em 0; } th, td { padding: 1.5pt 5pt; }
               pre { white-space: pre-wrap; overflow-wrap: anywhere; } }
"""

_LONG = 40  # letters of a word that is broken anywhere, which takes time to lay out
_SHORT = 24  # letters of a cell that is not broken, such as a name
_SMALL = 16  # rows of a table that is printed on one page

# Jupyter aligns every cell to the right
_STYLE = "<style scoped>td.left, th.left { text-align: left; }</style>\n"


def write(view: View, width: int) -> Iterator[str]:
    """Yield the page, a block at a time."""
    yield from write_page(view.page())


def write_page(
    blocks: Iterable[Block], title: str = "escalation", footer: str = "", *, more: str = ""
) -> Iterator[str]:
    """Yield a page, a block at a time.

    Parameters
    ----------
    blocks : iterable of Block
    title : str
        Of the page, as a browser shows it.
    footer : str
        On every page that is printed, beside the number of the page.
    more : str
        What the head holds beside, in HTML.
    """
    style = _LOOK
    if footer:
        style += _PAGE.replace("FOOTER", _css(footer))
    yield _HEAD.format(title=escape(title), style=style, more=more)
    yield from map(_write, outlined(blocks))
    yield "</body>\n</html>\n"


_PAGE = """@page { size: A4; margin: 16mm 15mm 18mm;
        @bottom-left { content: "FOOTER"; font: 7.5pt sans-serif; color: #555; }
        @bottom-right { content: counter(page) " / " counter(pages); font: 7.5pt sans-serif;
                        color: #555; } }
"""


def _css(text: str) -> str:
    """Write a text as CSS holds it, with nothing in it that could end it."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in text)


def fragment(blocks: Iterable[Block]) -> str:
    """Return blocks as part of another page, such as a notebook, that has its own style."""
    return f"<div>\n{_STYLE}{write_blocks(blocks, INLINE)}</div>\n"


def _inline(figure: Figure) -> str:
    return f"data:image/svg+xml;base64,{b64encode(figure.draw('svg')).decode('ascii')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How blocks are written into a page.

    Attributes
    ----------
    source : callable
        Where the picture of a figure is: its address, or the picture itself.
    cards : bool
        Whether every cell names its column, so that a narrow screen can show a row as a card. A
        table says its roles then, which browsers forget of one that is laid out otherwise; its
        head is one row, and the first cell of a row is its name.
    powers : bool
        Whether a dose is written as 3×10⁶ where the text has 3E6.
    link : callable
        The address of what the first cell of a row, or one of a patient, names; empty for none.
    entries : callable or None
        The address of an entry, by its number, for texts that name one; days are marked too.
    """

    source: Callable[[Figure], str] = _inline
    cards: bool = False
    powers: bool = False
    link: Callable[[str], str] = lambda cell: ""
    entries: Callable[[int], str] | None = None

    def plain(self, text: str) -> str:
        """Return a text as an attribute holds it."""
        return escape(with_powers(text) if self.powers else text)

    def text(self, text: str) -> str:
        """Return a text in HTML."""
        said, entries = self.plain(text), self.entries
        if entries is None:
            return said
        said = _DAY.sub(r"<time>\g<0></time>", said)
        return _ENTRY.sub(
            lambda m: f'{m[1]}<a href="{escape(entries(int(m[2])))}">{m[2]}</a>', said
        )

    def name(self, cell: str) -> str:
        """Return the first cell of a row or a patient, with a link to what it names."""
        address = self.link(cell)
        said = self.plain(cell)
        return f'<a href="{escape(address)}">{said}</a>' if address else said


_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b", re.ASCII)  # not to be broken at its hyphens
_ENTRY = re.compile(r"\b((?:[Ee]ntry|[Dd]ecision|[Aa]mendment|[Aa]dverse event) )([1-9]\d{0,8})\b")

INLINE = Look()


def write_blocks(blocks: Iterable[Block], look: Look) -> str:
    """Return blocks without a page around them, and without any style."""
    return "".join(_write(block, look) for block in blocks)


def _write(block: Block, look: Look = INLINE) -> str:  # noqa: PLR0911  # a block a line
    match block:
        case Gap():
            return ""
        case Heading(text, level):
            return f"<h{level}>{look.text(text.strip())}</h{level}>\n"
        case Paragraph(text):
            return f"<p>{look.text(' '.join(text.split()))}</p>\n"
        case Items(items, numbered):
            return _items(items, "ol" if numbered else "ul", look)
        case Verbatim(text):
            return f"<pre>{look.text(text)}</pre>\n"
        case Figure():
            return _figure(block, look)
        case Table():
            return _cards(block, look) if look.cards and block.n_heads else _table(block, look)
    assert_never(block)


def _figure(figure: Figure, look: Look) -> str:
    source = escape(look.source(figure))
    return (
        f"<figure><figcaption>{look.text(figure.caption)}</figcaption>\n"
        f'<img src="{source}" alt="{look.plain(figure.words)}"></figure>\n'
    )


def _items(items: Sequence[Item], tag: str, look: Look) -> str:
    parts = [f"<{tag}>\n"]
    for item in items:
        data = "".join(f'<br><span class="note">{look.text(text)}</span>' for text in item.data)
        inner = _items(item.items, "ul", look) if item.items else ""
        parts.append(f"<li>{look.text(item.text)}{data}{inner}</li>\n")
    return "".join([*parts, f"</{tag}>\n"])


def _table(table: Table, look: Look) -> str:
    n_columns = table.n_columns
    left = _left(table)
    caption = f"<caption>{look.text(table.caption)}</caption>\n" if table.caption else ""
    small = " small" if len(table.rows) + len(table.notes) <= _SMALL else ""
    parts = [f'<div class="wide{small}"><table>\n{caption}<thead>\n']
    for place, row in enumerate(table.rows):
        if place == table.n_heads:
            parts.append("</thead>\n<tbody>\n")
        head = 'th scope="col"' if place < table.n_heads else "td"
        cells = [*row, *[""] * (n_columns - len(row))]
        noted = place in table.notes
        parts.append('<tr class="noted">' if noted else "<tr>")
        for column, cell in enumerate(cells):
            tag = 'th scope="row"' if not (table.n_heads or column) else head
            said = "&emsp;" * indent_of(cell) + look.text(cell.strip())
            parts.append(f"<{tag}{_side(cell, to_left=column in left)}>{said}</{tag[:2]}>")
        parts.append("</tr>\n")
        if noted:
            note = look.text(table.notes[place])
            parts.append(f'<tr><td class="left note" colspan="{n_columns}">{note}</td></tr>\n')
    parts.append("</tbody>\n</table></div>\n")
    return "".join(parts)


def _left(table: Table) -> set[int]:
    return {*table.left, *([table.n_columns - 1] if table.prose else [])}


def _side(cell: str, *, to_left: bool) -> str:
    named = ["left"] * to_left
    named += ["short"] * (to_left and len(cell) <= _SHORT)
    named += ["long"] * any(len(word) > _LONG for word in cell.split())
    return f' class="{" ".join(named)}"' if named else ""


def _cards(table: Table, look: Look) -> str:
    """Write a table whose rows can be shown as cards: it says the role of each part."""
    n_columns = table.n_columns
    left = _left(table)
    labels = [look.plain(label) for label in _labels(table)]
    caption = f"<caption>{look.text(table.caption)}</caption>" if table.caption else ""
    parts = [f'<div class="wide"><table role="table">{caption}\n']
    parts.append('<thead role="rowgroup"><tr role="row">')
    for column, label in enumerate(labels):
        tag = 'th role="columnheader" scope="col"' if label else 'td role="cell"'
        parts.append(f"<{tag}{_side('', to_left=column in left)}>{label}</{tag[:2]}>")
    parts.append('</tr></thead>\n<tbody role="rowgroup">\n')
    for place, row in enumerate(table.rows[table.n_heads :], start=table.n_heads):
        noted = place in table.notes
        parts.append(f'<tr role="row"{" class=noted" * noted}>')
        for column, cell in enumerate([*row, *[""] * (n_columns - len(row))]):
            write_cell = look.name if not column or labels[column] == "patient" else look.text
            said = "&emsp;" * indent_of(cell) + write_cell(cell.strip())
            side = _side(cell, to_left=column in left)
            if column or not said:
                parts.append(f'<td role="cell"{side} data-label="{labels[column]}">{said}</td>')
            else:
                named = f"{labels[0]} " if labels[0] else ""
                prefix = f'<span class="named">{named}</span>' if named else ""
                parts.append(f'<th role="rowheader" scope="row"{side}>{prefix}{said}</th>')
        parts.append("</tr>\n")
        if noted:
            note = look.text(table.notes[place])
            parts.append(
                f'<tr role="row"><td role="cell" class="left note" colspan="{n_columns}">{note}'
                "</td></tr>\n"
            )
    parts.append("</tbody>\n</table></div>\n")
    return "".join(parts)


def _labels(table: Table) -> list[str]:
    """Return for each column what its head says."""
    heads = [[*row, *[""] * (table.n_columns - len(row))] for row in table.rows[: table.n_heads]]
    return [" ".join(" ".join(cells).split()) for cells in zip(*heads, strict=True)]
