"""Where a trial's anchors are kept, and how one is kept once somebody has decided or signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from escalation.errors import InputError, printable
from escalation.ledger import Anchor
from escalation.ledger.anchor_file import append_anchor, say_line
from escalation.protocol import Protocol
from escalation.tracker import Tracker
from escalation.trial import Recorded, replay_events
from escalation.trial.events import DecisionMade, Signed, SignedWithKey

__all__ = ["ENVIRONMENT", "anchor_file", "append_head", "check_not_ledger", "keep_anchor"]

ENVIRONMENT = "ESCALATION_ANCHORS"  # the variable that may name the file


def anchor_file(protocol: Protocol | None, db: str, named: str | None) -> Path | None:
    """Return the file that is named or, where none is, that of the protocol.

    A protocol's relative path begins in the folder of the ledger's file.
    """
    if named:
        return Path(named)
    if protocol is None or protocol.anchors.file is None:
        return None
    folder = Path() if "://" in db else Path(db).parent
    return folder / protocol.anchors.file


def append_head(path: Path, tracker: Tracker, entries: Sequence[Recorded], at: datetime) -> str:
    """Add the anchor of a trial's last entry to a file; return what was done.

    Raises
    ------
    InputError, IntegrityError
        As ``append_anchor``.
    """
    last = entries[-1]
    anchor = Anchor(seq=last.seq, hash=last.hash)
    line = say_line(tracker.trial, anchor, kind=last.event.kind, on=last.event.on, at=at)
    append_anchor(path, tracker.trial, line, [entry.hash for entry in entries])
    return f"The anchor of entry {last.seq} is kept in {printable(str(path))}."


_ANCHORED = (DecisionMade, Signed, SignedWithKey)


def keep_anchor(
    tracker: Tracker, recorded: Sequence[Recorded], db: str, named: str | None, at: datetime
) -> None:
    """Keep the trial's anchor after a decision or a signature, where that is wanted.

    Where to: ``named`` or, where that is None, as the protocol says.

    What is recorded is recorded: whoever calls tells a failure, and the next anchor covers it too.

    Raises
    ------
    InputError, IntegrityError
        If it cannot be kept.
    """
    if not any(isinstance(entry.event, _ANCHORED) for entry in recorded):
        return
    entries = tracker.entries()
    path = anchor_file(replay_events(entries).protocol, db, named)
    if path is not None:
        check_not_ledger(path, db)
        append_head(path, tracker, entries, at)


def check_not_ledger(path: Path, db: str) -> None:
    """Refuse to write on the ledger itself.

    Raises
    ------
    InputError
    """
    if path.exists() and Path(db).exists() and path.samefile(db):
        raise InputError(f"{printable(str(path))} is the ledger itself")
