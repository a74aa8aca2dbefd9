"""What a command shows: a page for people, a document for programs, rows for a spreadsheet.

A page is made of blocks that know nothing of any format; ``escalation.reports.formats`` has one
file a format, which writes any view.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from escalation.dataclass import dataclass

__all__ = [
    "GAP",
    "Block",
    "Figure",
    "Gap",
    "Heading",
    "Item",
    "Items",
    "Paragraph",
    "Table",
    "Verbatim",
    "View",
    "indent_of",
    "outlined",
]


@dataclass(frozen=True, slots=True)
class Heading:
    """A line above what follows.

    Attributes
    ----------
    text : str
    level : int
        2 for a page's own title, 3 for a part of it; what is written whole counts from 1
        (``outlined``).
    underline : str
        On a terminal, the letter of a line below it.
    name : str
        By which a template calls the part below it.
    """

    text: str
    level: int = 3
    underline: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph.

    Attributes
    ----------
    text : str
    indent : str
        On a terminal, before every line but the first.
    lead : str
        On a terminal, before the first line.
    """

    text: str
    indent: str = ""
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence of a list, the data below it, and its own items."""

    text: str
    data: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A list; on a terminal a bullet, with what is before it, is ``bullet``."""

    items: Sequence[Item]
    numbered: bool = False
    bullet: str = "- "


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, those of the head first.

    Attributes
    ----------
    rows : sequence of sequence of str
        A row may be shorter than the others. Two blanks before a cell put it below the one above.
    left : collection of int
        The columns that are aligned to the left; the others are numbers.
    n_heads : int
        Rows that are the head.
    ruled : bool
        On a terminal, draw a line below the head.
    indent : str
        On a terminal, before every line.
    n_labels : int
        Columns that say what a row is; a table too wide for a terminal repeats them in each part.
    prose : bool
        Whether the last column is text, which a terminal wraps.
    notes : mapping of int to str
        What has to be known of a row, by its place among ``rows``; written below it.
    caption : str
        What the table shows, with its number; written above it.
    """

    rows: Sequence[Sequence[str]]
    left: Collection[int] = (0,)
    n_heads: int = 1
    ruled: bool = False
    indent: str = ""
    n_labels: int = 1
    prose: bool = False
    notes: Mapping[int, str] = field(default_factory=dict)
    caption: str = ""

    @property
    def n_columns(self) -> int:
        """The cells of the longest row."""
        return max(map(len, self.rows))


def indent_of(cell: str) -> int:
    """Return how far below others a row stands whose first cell begins with blanks, two a step."""
    return (len(cell) - len(cell.lstrip(" "))) // 2


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines that are laid out already, such as a tree.

    Attributes
    ----------
    text : str
    hangs : sequence of (str, str)
        For each line, where a terminal may break it, what it begins with and what stands before
        the rest of it on the next line; none is broken without.
    """

    text: str
    hangs: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture and the same in words, which is all that a format without pictures shows.

    Attributes
    ----------
    caption : str
        What the picture shows, with its number.
    words : str
        What there is to see, for a reader who cannot see it.
    draw : callable
        Returns the picture as a file's bytes, in the form asked for: ``svg`` with letters as
        outlines, ``svg with text`` in DejaVu Sans, or ``png``.
    """

    caption: str
    words: str
    draw: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Gap:
    """An empty line on a terminal; other formats set blocks apart by themselves."""


GAP = Gap()
Block = Heading | Paragraph | Items | Table | Figure | Verbatim | Gap


def outlined(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks as a page by itself has them: its title is heading 1, and no level is skipped.

    A screen reader tells by the levels what belongs to what. Headings below the same one are of one
    level, however far below they were; a page without a title begins with parts.
    """
    above = [2]
    for block in blocks:
        if isinstance(block, Heading):
            above = [*(level for level in above if level < block.level), block.level]
            yield replace(block, level=len(above))
        else:
            yield block


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One result in the three forms that every format is written from; made when asked for.

    Attributes
    ----------
    page : callable
        Returns blocks, for people.
    document : callable
        Returns what JSON holds: stable keys, numbers in full.
    rows : callable
        Returns rows for a spreadsheet, the names of the columns first; numbers in full.
    columns : mapping of str to str
        What a column of ``rows`` is, with its unit.
    exit_code : int
        With which the program ends once the view is shown.
    brief : callable
        Returns blocks that say the same in short, for those who show them above a long page; none
        where the page is short itself.
    figures : callable
        Returns figures of it, for those who show pictures beside the page; drawn when asked for.
    """

    page: Callable[[], Iterable[Block]]
    document: Callable[[], Mapping[str, Any]]
    rows: Callable[[], Iterable[Sequence[object]]]
    columns: Mapping[str, str] = field(default_factory=dict)
    exit_code: int = 0
    brief: Callable[[], Iterable[Block]] = tuple
    figures: Callable[[], Iterable[Figure]] = tuple
