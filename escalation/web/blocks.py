"""Blocks of a view, and sentences of it, as part of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from flask import g, url_for
from markupsafe import Markup

from escalation.reports.formats.html import Look, write_blocks
from escalation.reports.view import Block, Figure, Heading, outlined
from escalation.web.wording import without_commands

__all__ = ["say", "write"]


def _nowhere(figure: Figure) -> str:
    raise ValueError(f"a page that shows a figure says where it is: {figure.caption}")


class _Look(Look):
    """How blocks are written into a page of the program: in its words."""

    def plain(self, text: str) -> str:
        """Return a text as an attribute holds it."""
        return super().plain(without_commands(text))


def _look(source: Callable[[Figure], str] = _nowhere) -> Look:
    """Return how blocks are written: in a trial, with links to its patients and entries."""
    standing = g.get("trial")
    if standing is None:
        return _Look(source=source, cards=True, powers=True)
    trial, subjects, charts = standing.trial, standing.state.subjects, standing.state.charts
    log = url_for("record.log", trial=trial)

    def patient(cell: str) -> str:
        name = cell.partition(" (")[0]  # who is screened for the second time
        if name in subjects:
            return url_for("trial.patient", trial=trial, subject=name)
        return url_for("screening.person", trial=trial, subject=name) if name in charts else ""

    def entry(seq: int) -> str:
        return f"{log}?entry={seq}#e{seq}"

    return _Look(source=source, cards=True, powers=True, link=patient, entries=entry)


def write(
    blocks: Iterable[Block], source: Callable[[Figure], str] = _nowhere, *, below: int = 0
) -> Markup:
    """Return blocks in HTML, below the page's own heading, or as many levels lower.

    ``source`` gives the address of a figure's picture.
    """
    shown = list(outlined(blocks))
    if any(isinstance(block, Heading) and block.level == 1 for block in shown):
        below += 1
    shown = [
        replace(block, level=block.level + below) if isinstance(block, Heading) else block
        for block in shown
    ]
    return Markup(write_blocks(shown, _look(source)))  # noqa: S704  # escaped


def say(text: str) -> Markup:
    """Return a sentence in HTML, with doses as people write them and links to entries."""
    return Markup(_look().text(text))  # noqa: S704  # escaped
