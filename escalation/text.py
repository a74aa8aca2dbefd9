"""Plain text: what one line may hold, and rows as aligned lines for a terminal."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Collection, Sequence
from typing import TypeVar

__all__ = [
    "LINE",
    "WIDTH",
    "align",
    "as_cell",
    "as_compared",
    "count",
    "fold",
    "is_line",
    "join_words",
    "list_briefly",
    "paragraph",
    "with_powers",
]

_T = TypeVar("_T")

# no control characters, nor those that are not seen or turn the writing round
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
LINE = rf"^[^\s{_UNSEEN}]([^{_UNSEEN}]*[^\s{_UNSEEN}])?$"


def is_line(text: str, max_length: int = 1000) -> bool:
    """Tell whether a text is one line, not empty, with nothing in it that is not seen."""
    seen = re.fullmatch(LINE, text) is not None and "\n" not in text
    return seen and len(text) <= max_length and not any("\ud800" <= c <= "\udfff" for c in text)


def as_cell(value: _T) -> _T | str:
    """Return a cell of CSV: a text that a spreadsheet program would calculate gets an apostrophe.

    A number is none, nor are a level's label, such as ``-1a``, and cohorts in the field's notation,
    such as ``-1NNT``.

    Examples
    --------
    >>> as_cell("=1+1"), as_cell("-2+3+cmd|x"), as_cell("+A1")
    ("'=1+1", "'-2+3+cmd|x", "'+A1")
    >>> as_cell("-1NNT, 1NNN"), as_cell("-1a"), as_cell("+0.5"), as_cell(-1), as_cell("-")
    ('-1NNT, 1NNN', '-1a', '+0.5', -1, '-')
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


_COHORT = r"[0-9]+[A-Z]+"
_FORMULA = re.compile(rf"[=@\t\r]|[+-](?![0-9.]*$|[0-9.]+[a-z]$|{_COHORT}([, ]+-?{_COHORT})*$)")


def as_compared(text: str) -> str:
    """Return words as they are compared: in small letters, composed and spaced in one way.

    Examples
    --------
    >>> as_compared(" Cytokine  Release SYNDROME")
    'cytokine release syndrome'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def align(rows: Sequence[Sequence[str]], *, left: Collection[int] = (0,)) -> str:
    """Return rows as lines of aligned columns, to the right except for the columns in ``left``.

    A row may be shorter than the others.
    """
    n_columns = max(map(len, rows))
    widths = [max(len(row[k]) for row in rows if k < len(row)) for k in range(n_columns)]
    return "\n".join(
        "  ".join(
            cell.ljust(widths[k]) if k in left else cell.rjust(widths[k])
            for k, cell in enumerate(row)
        ).rstrip()
        for row in rows
    )


WIDTH = 79


def paragraph(text: str, first: str = "", indent: str = "  ", width: int = WIDTH) -> list[str]:
    """Return a paragraph as lines: ``first`` before the first, ``indent`` before the others."""
    words = text.split(" ")
    longest = max(map(len, words))
    if text.isprintable() and all(words) and longest <= width - max(len(first), len(indent)):
        return _lines(text, first, indent, width)
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    )


def _lines(text: str, lead: str, indent: str, width: int) -> list[str]:
    """Return the lines of words with one space between them, none too long for a line.

    They are those of textwrap, which goes from word to word and takes ten times as long.
    """
    lines, start = [], 0
    while len(text) - start > width - len(lead):
        end = text.rindex(" ", start, start + width - len(lead) + 1)
        lines.append(f"{lead}{text[start:end]}")
        start, lead = end + 1, indent
    return [*lines, f"{lead}{text[start:]}"]


def fold(rows: Sequence[Sequence[str]], width: int, n_labels: int = 1) -> list[list[int]]:
    """Return the columns of a table in groups that fit on ``width``, the labels in each of them."""
    n_columns = max(map(len, rows))
    widths = [max(len(row[k]) for row in rows if k < len(row)) + 2 for k in range(n_columns)]
    labels, others = list(range(n_labels)), list(range(n_labels, n_columns))
    room = width + 2 - sum(widths[:n_labels])
    groups: list[list[int]] = [[]]
    for column in others:
        if sum(widths[k] for k in (*groups[-1], column)) > room and groups[-1]:
            groups.append([])
        groups[-1].append(column)
    size = -(-len(others) // len(groups)) or 1
    even = [others[first : first + size] for first in range(0, len(others), size)]
    if even and all(sum(widths[k] for k in group) <= room for group in even):
        groups = even  # parts of one width, as far as it comes out even
    return [labels + group for group in groups]


def count(n: int, noun: str) -> str:
    """Say how many: ``1 patient``, ``3 patients``."""
    return f"{n} {noun}{'s' * (n != 1)}"


def join_words(words: Sequence[str], joined: str = "and") -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> join_words(["CR", "PR", "other"], "or"), join_words(["CR"])
    ('CR, PR or other', 'CR')
    """
    return f" {joined} ".join((", ".join(words[:-1]), words[-1]) if len(words) > 1 else words)


def list_briefly(items: Sequence[object], most: int = 8) -> str:
    """List a few: ``31, 32, 40``; of more than ``most``, only so many and how many more."""
    listed = ", ".join(map(str, items[:most]))
    return listed if len(items) == len(items[:most]) else f"{listed} and {len(items) - most} more"


# a number in powers of ten, of at most three digits before the E, so that no digest is one
_POWER = r"(?<![\w.-])(\d{1,3}(?:\.\d+)?)E(-?\d{1,2})(?!\w|\.\d)"
_TEN = r"(?<!\w)(?:(x) ?)?10\^(-?\d{1,2})(?!\d)"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def with_powers(text: str) -> str:
    """Write doses as people do, where letters need not be ASCII.

    Examples
    --------
    >>> with_powers("level 1, 3E6 cells/kg; 1.5E-3 mg; 2 x10^6 CAR+ T cells")
    'level 1, 3×10⁶ cells/kg; 1.5×10⁻³ mg; 2 ×10⁶ CAR+ T cells'
    """
    if "E" in text:
        text = re.sub(_POWER, lambda m: f"{m[1]}×10{m[2].translate(_RAISED)}", text, flags=re.ASCII)
    if "^" in text:
        text = re.sub(
            _TEN, lambda m: f"{'×' * bool(m[1])}10{m[2].translate(_RAISED)}", text, flags=re.ASCII
        )
    return text
