"""Where a trial's anchors are kept, and how a command that decides or signs keeps one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from escalation.errors import printable
from escalation.ledger import Anchor
from escalation.ledger.anchor_file import append_anchor, say_line
from escalation.protocol import Protocol
from escalation.tracker import Tracker
from escalation.trial import Recorded

__all__ = ["ENVIRONMENT", "anchor_file", "append_head"]

ENVIRONMENT = "ESCALATION_ANCHORS"


def anchor_file(protocol: Protocol | None, db: str) -> Path | None:
    """Return the file named by the environment or, where it names none, by the protocol.

    A protocol's relative path begins in the folder of the ledger's file.
    """
    named = os.environ.get(ENVIRONMENT)
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
