"""T9 and T10: what departs, was corrected or came late, and how well the data were looked after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from escalation.reports.packet.basis import Basis
from escalation.reports.packet.meeting import frozen_rows
from escalation.reports.trial.sentences import describe_entry
from escalation.reports.view import Block, Paragraph, Table
from escalation.text import count
from escalation.trial import TrialState, departures, look_back, warnings
from escalation.trial.events import (
    AdverseEventRecorded,
    EntryCorrected,
    Meaning,
    Signed,
    SignedWithKey,
)
from escalation.trial.gates import overdue_subjects
from escalation.trial.state import MadeDecision, Recorded

__all__ = ["change_blocks", "late_data", "quality_blocks", "say_entry"]


def change_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T9: departures, what looks otherwise now, corrections, and data that came late."""
    made = basis.last_meeting()
    since = 0 if made is None else made.event.cutoff
    rows = sorted(_changes(basis, made), key=lambda row: (not _is_new(row, since), row[0] or 0))
    if made is None:
        which = "no decision has been made before"
    else:
        which = f"new: since entry {since}, the cut-off of decision {made.seq}"
    caption = f"T9 Departures, corrections and late data; {which}"
    if not rows:
        yield Paragraph(f"{caption}. None.")
        return
    yield Table(
        [("entry", "new", "kind", "what"), *(_row(row, since) for row in rows)],
        left=(1, 2, 3),
        prose=True,
        caption=caption,
    )


def _row(row: tuple[int | None, str, str], since: int) -> Sequence[str]:
    entry, kind, text = row
    new = "new" if _is_new(row, since) else "-"
    return ("-" if entry is None else str(entry), new, kind, text)


def _is_new(row: tuple[int | None, str, str], since: int) -> bool:
    return row[0] is not None and row[0] > since > 0


def _changes(basis: Basis, made: MadeDecision | None) -> Iterator[tuple[int | None, str, str]]:
    state = basis.state
    yield from ((remark.entry, "departure", remark.text) for remark in departures(state))
    yield from ((remark.entry, "seen from now", remark.text) for remark in look_back(state))
    for entry in basis.entries:
        if isinstance(entry.event, EntryCorrected):
            yield entry.seq, "correction", say_entry(entry, state)
    for entry in late_data(basis, made):
        yield entry.seq, "late", say_entry(entry, state)


def say_entry(entry: Recorded, state: TrialState) -> str:
    """Say an entry as the log does, with its number and who recorded it."""
    return f"Entry {entry.seq}, {entry.by}: {describe_entry(entry, state).rstrip('.')}."


def late_data(basis: Basis, made: MadeDecision | None) -> list[Recorded]:
    """Return what was recorded after a decision about the days before it.

    Corrections are not in it: they are listed as such.
    """
    if made is None:
        return []
    return [
        entry
        for entry in basis.entries
        if entry.seq > made.event.cutoff
        and entry.seq in basis.state.owners
        and not isinstance(entry.event, EntryCorrected)
        and _began(entry) < made.event.on
    ]


def _began(entry: Recorded) -> date:
    """Return the first day that an entry is about: of an event, that of its onset."""
    event = entry.event
    return event.started if isinstance(event, AdverseEventRecorded) else event.on


def quality_blocks(basis: Basis) -> Iterator[Block]:
    """Yield T10: who checked the data and when, what is open, and what is overdue."""
    yield Table(
        list(_quality(basis)),
        left=(0, 1),
        n_heads=0,
        prose=True,
        caption="T10 Data quality",
    )


def _quality(basis: Basis) -> Iterator[Sequence[str]]:
    state = basis.state
    yield from frozen_rows(basis, basis.last.seq)
    reviews = [
        entry
        for entry in basis.entries
        if isinstance(entry.event, Signed | SignedWithKey)
        and entry.event.meaning is Meaning.REVIEWED
    ]
    if reviews:
        last = reviews[-1]
        yield "reviewed", f"{count(len(reviews), 'review')}; the last: {say_entry(last, state)}"
    else:
        yield "reviewed", "nobody has signed an entry as reviewed"
    overdue = ", ".join(subject.id for subject in overdue_subjects(state, basis.on))
    yield "overdue outcomes", overdue or "none"
    found = warnings(state, basis.on)
    for remark in found:
        yield "to be seen", remark.text
    if not found:
        yield "open questions", "none"
