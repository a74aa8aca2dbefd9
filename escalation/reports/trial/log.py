"""Every entry of a trial, one sentence each, with what has become of it since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from escalation.reports.trial.heading import say_solo, trial_heading
from escalation.reports.trial.sentences import describe_entry
from escalation.reports.view import GAP, Block, Paragraph, Table, Verbatim, View
from escalation.trial.codec import dump_event, version_of
from escalation.trial.committee.tally import say_count, tally_votes
from escalation.trial.events import (
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    DecisionMade,
    EntryCorrected,
)
from escalation.trial.state import Recorded, TrialState

__all__ = [
    "LogLine",
    "about_subject",
    "entry_document",
    "log_document",
    "log_lines",
    "since",
    "view_log",
]


def view_log(entries: Sequence[Recorded], state: TrialState, trial: str) -> View:
    """Return the view of entries: number, time, who, and what was recorded.

    Parameters
    ----------
    entries : sequence of Recorded
    state : TrialState
        After the last entry of the trial, so that corrections are seen.
    """
    return View(
        page=lambda: _page(entries, state),
        document=lambda: {
            **trial_heading(state, trial),
            "entries": log_document(entries, state),
        },
        rows=lambda: _rows(entries, state),
    )


def _page(entries: Sequence[Recorded], state: TrialState) -> Iterator[Block]:
    solo = say_solo(state)
    if solo is not None:
        yield Paragraph(solo, "  ")
        yield GAP
    rows = [("entry", "recorded, UTC", "by whom, and what")]
    for line in log_lines(entries, state):
        said = f"{line.by}: {line.said} {line.since}".strip()
        rows.append((str(line.seq), f"{line.at.astimezone(UTC):%Y-%m-%d %H:%M}", said))
    yield Table(rows, left=(1,), prose=True)
    yield Verbatim(f"anchor {state.seq}:{state.head}")


class LogLine(NamedTuple):
    """An entry as the log has it.

    Attributes
    ----------
    seq : int
    at : datetime
        When it was recorded.
    by : str
    said : str
        The sentence, with the day where that is not the day of recording.
    since : str
        What has become of the entry; empty for nothing.
    """

    seq: int
    at: datetime
    by: str
    said: str
    since: str


def log_lines(entries: Iterable[Recorded], state: TrialState) -> Iterator[LogLine]:
    """Yield a line an entry."""
    for entry in entries:
        day = entry.event.on != entry.at.astimezone(UTC).date()
        said = describe_entry(entry, state, day=day)
        yield LogLine(entry.seq, entry.at, entry.by, said, since(entry, state))


def _rows(entries: Sequence[Recorded], state: TrialState) -> Iterator[Sequence[object]]:
    yield "seq", "recorded_at", "recorded_by", "kind", "on", "sentence", "corrected_by", "hash"
    for entry in entries:
        shown = entry_document(entry)
        yield (
            *(shown[key] for key in ("seq", "recorded_at", "recorded_by", "kind")),
            *(entry.event.on.isoformat(), describe_entry(entry, state)),
            *(" ".join(map(str, _corrected_by(entry, state))), entry.hash),
        )


def log_document(entries: Sequence[Recorded], state: TrialState) -> list[dict[str, Any]]:
    """Return entries under JSON names, each with its sentence and its corrections."""
    return [
        {
            **entry_document(entry),
            "sentence": describe_entry(entry, state),
            "corrected_by": _corrected_by(entry, state),
            "withdrawn_by": _withdrawn_by(entry, state),
            "oddity": next((text for seq, text in state.oddities if seq == entry.seq), None),
        }
        for entry in entries
    ]


def entry_document(entry: Recorded) -> dict[str, Any]:
    """Return one entry under the names of the ledger's columns."""
    return {
        "seq": entry.seq,
        "recorded_at": f"{entry.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "recorded_by": entry.by,
        "kind": entry.event.kind,
        "version": version_of(entry.event),
        "data": dump_event(entry.event),
        "hash": entry.hash,
    }


def about_subject(entry: Recorded, subject: str, state: TrialState) -> bool:
    """Tell whether an entry is about a subject: theirs, or one on an entry of theirs."""
    if isinstance(entry.event, EntryCorrected | AdverseEventFollowedUp | AdverseEventAdjudicated):
        about = state.owners.get(entry.event.entry) or state.charted.get(entry.event.entry, "")
        return state.current_id(about) == subject
    named = (getattr(entry.event, "subject", None), getattr(entry.event, "replaces", None))
    return subject in {state.current_id(name) for name in named if name is not None}


def since(entry: Recorded, state: TrialState) -> str:
    """Say what has become of an entry: corrected, withdrawn, followed up, or never fitting."""
    corrected, withdrawn = _corrected_by(entry, state), _withdrawn_by(entry, state)
    notes = [f"[corrected by {', '.join(map(str, corrected))}]"] if corrected else []
    notes += [] if withdrawn is None else [f"[withdrawn by {withdrawn}]"]
    event = state.find_event(entry.seq)
    later = [] if event is None else [report.seq for report in event.reports[1:]]
    notes += [f"[followed up by {', '.join(map(str, later))}]"] if later else []
    notes += _lost_vote(entry, state)
    notes += [f"[does not fit: {text}]" for seq, text in state.oddities if seq == entry.seq]
    return " ".join(notes)


def _lost_vote(entry: Recorded, state: TrialState) -> list[str]:
    """Say that a decision was rejected."""
    if not isinstance(entry.event, DecisionMade):
        return []
    made = state.find_decision(entry.seq)
    tally = None if made is None else tally_votes(state, made)
    return [f"[{say_count(tally)}]"] if tally is not None and tally.standing == "rejected" else []


def _corrected_by(entry: Recorded, state: TrialState) -> list[int]:
    return [c.seq for c in state.corrections if c.event.entry == entry.seq and c.after is not None]


def _withdrawn_by(entry: Recorded, state: TrialState) -> int | None:
    return next(
        (c.seq for c in state.corrections if c.event.entry == entry.seq and c.after is None), None
    )
