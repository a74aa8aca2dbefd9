"""Paragraphs for a terminal of 80 columns."""

from __future__ import annotations

import textwrap

__all__ = ["WIDTH", "paragraph"]

WIDTH = 79


def paragraph(text: str, first: str = "", indent: str = "  ") -> list[str]:
    """Return a paragraph as lines: ``first`` before the first, ``indent`` before the others."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    )
