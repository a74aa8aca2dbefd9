"""T17 and T18: how many came how far, and who was screened since the last meeting."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.reports.packet.basis import Basis
from escalation.reports.screening.flow import FLOW, flow_rows, note_flow
from escalation.reports.screening.log import HEADS, log_rows
from escalation.reports.view import Block, Paragraph, Table
from escalation.text import count
from escalation.trial.screening.flow import count_flow
from escalation.trial.screening.log import Screening, screening_log

__all__ = ["flow_blocks", "screening_blocks"]


def flow_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T17, then F12; nothing where the trial goes by no plan and screens nobody."""
    if not _screens(basis):
        return
    flow = count_flow(basis.state)
    yield Table(list(flow_rows(flow)), caption=f"T17 {FLOW}")
    yield from (Paragraph(note) for note in note_flow(flow))
    yield from basis.pictures(basis, "F12")


def screening_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T18: who came to be screened, or left screening, since the last meeting."""
    if not _screens(basis):
        return
    log = screening_log(basis.state)
    made = basis.last_meeting()
    since = 0 if made is None else made.event.cutoff
    new = [(one, one.judged(basis.state, basis.on)) for one in log if _is_new(one, since)]
    caption = "T18 Screening"
    if made is not None:
        caption += f" since entry {since}, the cut-off of decision {made.seq}, and still going on"
    if not new:
        yield Paragraph(f"{caption}: nobody.")
        return
    yield Table([HEADS, *log_rows(new)], left=(0, 1, 2, 3, 4), prose=True, caption=caption)
    if len(new) < len(log):
        yield Paragraph(f"Before that: {count(len(log) - len(new), 'screening')}.")


def _screens(basis: Basis) -> bool:
    return bool(basis.state.plans) or any(c.screenings for c in basis.state.charts.values())


def _is_new(one: Screening, since: int) -> bool:
    return one.ended_by is None or max(one.entry or 0, one.ended_by) > since
