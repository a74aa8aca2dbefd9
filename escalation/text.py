"""Plain text: what one line may hold, and rows as aligned lines for a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence

__all__ = ["LINE", "WIDTH", "align", "fold", "is_line", "paragraph"]

# no control characters, nor those that are not seen or turn the writing round
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
LINE = rf"^[^\s{_UNSEEN}]([^{_UNSEEN}]*[^\s{_UNSEEN}])?$"


def is_line(text: str, max_length: int = 1000) -> bool:
    """Tell whether a text is one line, not empty, with nothing in it that is not seen."""
    seen = re.fullmatch(LINE, text) is not None and "\n" not in text
    return seen and len(text) <= max_length and not any("\ud800" <= c <= "\udfff" for c in text)


def align(rows: Sequence[Sequence[str]], *, left: Collection[int] = (0,)) -> str:
    """Return rows as lines of aligned columns, to the right but for the columns in ``left``.

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
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    )


def fold(rows: Sequence[Sequence[str]], width: int, n_labels: int = 1) -> list[list[int]]:
    """Return the columns of a table in groups that fit on ``width``, the labels in each of them."""
    n_columns = max(map(len, rows))
    widths = [max(len(row[k]) for row in rows if k < len(row)) for k in range(n_columns)]
    labels = list(range(n_labels))
    beside = sum(widths[:n_labels]) + 2 * (n_labels - 1)
    groups, taken = [labels[:]], beside
    for column in range(n_labels, n_columns):
        needed = widths[column] + 2
        if taken + needed > width and len(groups[-1]) > n_labels:
            groups.append(labels[:])
            taken = beside
        groups[-1].append(column)
        taken += needed
    return groups
