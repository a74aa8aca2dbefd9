"""Plain text for a terminal: rows as aligned lines."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["align"]


def align(rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
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
