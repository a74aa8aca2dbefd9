"""Blocks of a page as the lines that a terminal of 80 columns shows."""

from __future__ import annotations

from collections.abc import Iterable

from escalation.reports.formats import write_view
from escalation.reports.view import Block, View


def lines_of(page: View | Iterable[Block]) -> list[str]:
    if not isinstance(page, View):
        blocks = list(page)
        page = View(page=lambda: blocks, document=dict, rows=list)
    return "".join(write_view(page, "text")).splitlines()
