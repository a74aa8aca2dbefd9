"""Blocks of a view as part of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from markupsafe import Markup

from escalation.reports.formats.html import Look, write_blocks
from escalation.reports.view import Block, Figure

__all__ = ["write"]


def _nowhere(figure: Figure) -> str:
    raise ValueError(f"a page that shows a figure says where it is: {figure.caption}")


def write(blocks: Iterable[Block], source: Callable[[Figure], str] = _nowhere) -> Markup:
    """Return blocks in HTML; ``source`` gives the address of a figure's picture."""
    return Markup(write_blocks(blocks, Look(source=source, cards=True, powers=True)))  # noqa: S704  # escaped
