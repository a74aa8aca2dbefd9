"""The program whose system calls are recorded: it makes a ledger, appends, and says what is done.

Run as ``python -m tests.reliability.recorded_writer FOLDER MARKS JOURNAL SYNCHRONOUS BULK``.
JOURNAL and SYNCHRONOUS are what the ledger is to demand of SQLite; anything but DELETE and EXTRA
takes the place of the ledger's own, to show what would be lost. BULK is the size of the largest
narrative. Each line in MARKS, written when the ledger's call has returned, is a promise:
"created", or the trial and the hashes of the entries of one append.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path

from escalation.ledger import Ledger, create_ledger, open_ledger, sqlite

from .workload import NAME, batch, moment

__all__ = ["CREATED", "FILE", "TRIALS", "demand", "main"]

FILE = "ledger.db"
CREATED = "created"
TRIALS = ("NCT07123519", "T-2")
N_APPENDS = 24


class GivenUpError(Exception):
    """A writer that changes its mind after it has written."""


def main(folder: Path, marks: Path, journal: str, synchronous: str, bulk: int) -> None:
    """Make a ledger and append to it, in as many ways as the ledger has."""
    descriptor = os.open(marks, os.O_WRONLY | os.O_CREAT, 0o600)
    path = folder / FILE
    demand(journal, synchronous)
    ledger = create_ledger(str(path))
    os.write(descriptor, f"{CREATED}\n".encode("ascii"))
    other = None
    if journal == "WAL":  # the last to close a file takes it out of the log: so another has it
        other = sqlite3.connect(path)
        other.execute("SELECT count(*) FROM trials").fetchall()
    heads = dict.fromkeys(TRIALS, 0)
    for number in range(1, N_APPENDS + 1):
        trial = TRIALS[number % 3 == 0]
        drafts = batch(number, size=1 + number % 3, bulk=bulk if number % 8 == 0 else number * 20)
        how = {"recorded_at": moment(number), "recorded_by": NAME, "request_id": f"r{number}"}
        with ledger.writing(trial, new=not heads[trial]) as writer:
            made = writer.append(drafts, after=heads[trial], **how)
        heads[trial] = made[-1].seq
        hashes = " ".join(entry.hash for entry in made)
        os.write(descriptor, f"{trial} {hashes}\n".encode("ascii"))
        if number % 10 == 5:
            give_up(ledger, trial, heads[trial], bulk)
        if number % 10 == 0:
            ledger.close()
            ledger = open_ledger(str(path))
    ledger.close()
    if other is not None:
        other.close()


def give_up(ledger: Ledger, trial: str, head: int, bulk: int) -> None:
    """Write and undo: nothing of it may ever be seen."""
    with suppress(GivenUpError), ledger.writing(trial) as writer:
        drafts = batch(999, size=3, bulk=bulk)
        writer.append(drafts, after=head, recorded_at=moment(999), recorded_by=NAME)
        raise GivenUpError


def demand(journal: str, synchronous: str) -> None:
    """Let the ledger demand these settings of SQLite in place of its own, in this process only."""
    said_back = {"journal_mode": journal.lower(), "synchronous": LEVELS.index(synchronous)}
    wanted = {"journal_mode": journal, "synchronous": synchronous}
    sqlite.SETTINGS = tuple(
        (setting, wanted.get(setting, value), said_back.get(setting, back))
        for setting, value, back in sqlite.SETTINGS
    )
    if journal == "WAL":
        sqlite.SQLite._leave_wal = lambda backend, connection: None


LEVELS = ("OFF", "NORMAL", "FULL", "EXTRA")  # as SQLite numbers them

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
