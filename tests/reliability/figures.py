"""The figures that the tests measure: one row each of README's reliability table."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Figure", "table"]


@dataclass(frozen=True, slots=True)
class Figure:
    """What was tried, what the issue asked for, and what was measured."""

    what: str
    asked: str
    measured: str


def table(figures: list[Figure]) -> list[str]:
    """Return the lines of a Markdown table."""
    rows = [("what", "asked", "measured"), *((f.what, f.asked, f.measured) for f in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in rows
    ]
    lines.insert(1, f"|{'|'.join('-' * (width + 2) for width in widths)}|")
    return lines
