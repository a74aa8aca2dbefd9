"""The whole record of a trial to read or to print: every field of every entry, as it happened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from escalation.errors import DesignError
from escalation.ledger import Entry
from escalation.protocol import Protocol
from escalation.reports.rule.text import view_rule
from escalation.reports.trial.heading import trial_heading
from escalation.reports.trial.log import log_document, since
from escalation.reports.trial.sentences import describe_entry
from escalation.reports.view import Block, Heading, Paragraph, Table, Verbatim, View
from escalation.trial.events import (
    ProtocolAmended,
    TrialRegistered,
    TrialRegisteredWithCommittee,
)
from escalation.trial.state import Recorded, TrialState
from escalation.version import __version__

__all__ = ["view_record"]


def view_record(
    entries: Sequence[Entry], recorded: Sequence[Recorded], state: TrialState, trial: str
) -> View:
    """Return the view of a whole record.

    Parameters
    ----------
    entries : sequence of Entry
        All of a trial's, as they stand in the ledger.
    recorded : sequence of Recorded
        The same, read.
    state : TrialState
        After the last entry.
    trial : str
    """
    return View(
        page=partial(_page, entries, recorded, state, trial),
        document=lambda: {**trial_heading(state, trial), "entries": log_document(recorded, state)},
        rows=partial(_rows, entries),
    )


def _page(
    entries: Sequence[Entry], recorded: Sequence[Recorded], state: TrialState, trial: str
) -> Iterator[Block]:
    yield Heading(f"Trial {trial}: the whole record", level=2)
    n = len(entries)
    yield Paragraph(
        f"{n} entr{'y' if n == 1 else 'ies'} in the order in which they were recorded, each with "
        "everything it holds. Times are in UTC. An entry is never changed: a correction is a later "
        "entry, and both are here. Each hash is taken over all the other fields of its entry, with "
        f"the hash of the one before. Written by escalation {__version__}."
    )
    yield Verbatim(f"anchor {state.seq}:{state.head}")
    for entry, read in zip(entries, recorded, strict=True):
        yield Heading(f"Entry {entry.seq}: {entry.kind.replace('-', ' ')}")
        yield Paragraph(f"{entry.recorded_by}: {describe_entry(read, state)}")
        notes = since(read, state)
        if notes:
            yield Paragraph(notes)
        yield Table([("field", "value"), *_fields(entry)], left=(0, 1))
        yield from _protocol_text(read)


def _rows(entries: Sequence[Entry]) -> Iterator[Sequence[object]]:
    yield "seq", "field", "value"
    for entry in entries:
        yield from ((entry.seq, name, value) for name, value in _fields(entry))


def _fields(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield every column of an entry, and every value of its data, by its dotted name."""
    yield "trial", entry.trial
    yield "entry", str(entry.seq)
    yield "recorded at", entry.recorded_at
    yield "recorded by", entry.recorded_by
    yield "kind", f"{entry.kind}, version {entry.version}"
    yield from _leaves("", entry.payload)
    yield "request id", entry.request_id or "none"
    yield "hash before", entry.prev_hash
    yield "hash", entry.hash


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict() if value:
            for key, inner in value.items():
                yield from _leaves(f"{name}.{key}" if name else key, inner)
        case list() if value:
            for number, inner in enumerate(value, start=1):
                yield from _leaves(f"{name} {number}", inner)
        case None | {} | []:
            yield name, "none"
        case str():
            yield name, value
        case _:
            yield name, json.dumps(value)


def _protocol_text(read: Recorded) -> Iterator[Block]:
    """Say the rule of the protocol that an entry puts into force, in sentences."""
    match read.event:
        case (
            TrialRegistered(protocol=document)
            | TrialRegisteredWithCommittee(protocol=document)
            | ProtocolAmended(protocol=document)
        ):
            try:
                yield from view_rule(Protocol.from_document(document)).page()
            except DesignError:  # a design that is not told in sentences: its options are above
                return
