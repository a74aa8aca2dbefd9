"""Kill writers with SIGKILL while they commit, and look after each kill what is there.

Run as ``python -m tests.reliability.killed_writers FOLDER COMMITS SEED``: it prints what happened
as JSON. It is a program of its own so that it can fork: it has imported everything and has one
thread. The writers are given its ledger, which opens the file anew for every transaction and holds
nothing of it in between.
"""

from __future__ import annotations

import json
import os
import select
import signal
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np

from escalation.ledger import Ledger, create_ledger, verify

from .workload import NAME, batch, moment

TRIAL = "T1"
PER_LEDGER = 25  # kills, then a new one: a short ledger is read in no time
PATIENCE = 30.0  # seconds for one append


@dataclass
class Tally:
    """What the kills found.

    Attributes
    ----------
    committing : int
        Writers killed when they had said that they commit, and not yet that it is done.
    aside : int
        Writers killed at another moment: they do not count, but are looked at all the same.
    acknowledged : int
        Entries that were said to be recorded.
    lost, half, findings : list of str
        What must not be: acknowledged entries that are gone or not in their place, appends of
        which only a part is there, what ``verify`` found.
    moments : Counter of str
        How far the writers killed while committing had got, by what they left behind.
    """

    committing: int = 0
    aside: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    moments: Counter[str] = field(default_factory=Counter)


def main(folder: Path, n_commits: int, seed: int) -> Tally:
    """Kill writers until ``n_commits`` of them were killed while committing; check after each."""
    rng = np.random.default_rng(seed)
    tally = Tally()
    pace: list[float] = []
    while tally.committing < n_commits:
        path = folder / f"ledger-{tally.committing + tally.aside}.db"
        ledger = create_ledger(str(path))
        with ledger.writing(TRIAL, new=True):
            pass
        expected: list[str] = []
        for _ in range(PER_LEDGER):
            acknowledged, committing = kill_one_writer(ledger, rng.random(), pace)
            tally.committing += committing
            tally.aside += not committing
            tally.acknowledged += len(acknowledged)
            left = moment_of_kill(path)
            before = [*expected, *acknowledged]
            expected = check(ledger, before, tally)
            if committing:
                done = len(expected) > len(before)
                tally.moments["committed, not acknowledged" if done else left] += 1
            if tally.committing == n_commits:
                break
    return tally


def kill_one_writer(ledger: Ledger, share: float, pace: list[float]) -> tuple[list[str], bool]:
    """Let a writer append until it is killed.

    The kill falls some time after the writer's second append has begun to commit, at ``share`` of
    what a commit has taken so far.

    Returns
    -------
    hashes : list of str
        Of the entries that the writer acknowledged.
    committing : bool
        Whether it had said that it commits, and not that it is done.
    """
    reading, writing = os.pipe()
    writer = os.fork()
    if not writer:
        os.close(reading)
        append_for_ever(ledger, writing)
    os.close(writing)
    said = b""
    try:
        while said.count(COMMITS.encode()) < 2:
            if not select.select([reading], [], [], PATIENCE)[0]:
                raise TimeoutError(f"no append within {PATIENCE} s: {said!r}")
            said += os.read(reading, 1 << 16)
        time.sleep(share * (statistics.median(pace[-50:]) if pace else 0.003))
    finally:
        os.kill(writer, signal.SIGKILL)
        _, status = os.waitpid(writer, 0)
    with os.fdopen(reading, "rb") as pipe:
        said += pipe.read()
    if not os.WIFSIGNALED(status):
        raise RuntimeError(f"the writer ended by itself: {said!r}")
    hashes, begun = [], 0.0
    for word, time_of, *rest in map(str.split, said.decode().splitlines()):
        if word == DONE:
            hashes += rest
            pace.append(float(time_of) - begun)
        begun = float(time_of)
    return hashes, word == COMMITS


COMMITS, DONE = "commits", "done"


def append_for_ever(ledger: Ledger, writing: int) -> NoReturn:
    """Append batches of one to three entries, saying when a commit begins and when it is done."""
    try:
        head = len(ledger.entries(TRIAL))
        while True:
            number = head + 1
            drafts = batch(number, size=1 + number % 3, bulk=(number % 7) * 400)
            how = {"recorded_at": moment(number), "recorded_by": NAME}
            with ledger.writing(TRIAL) as writer:
                made = writer.append(drafts, after=head, **how)
                os.write(writing, f"{COMMITS} {time.monotonic():.6f}\n".encode("ascii"))
            hashes = " ".join(entry.hash for entry in made)
            os.write(writing, f"{DONE} {time.monotonic():.6f} {hashes}\n".encode("ascii"))
            head = made[-1].seq
    except BaseException as error:  # it must not go on as a copy of the parent
        print(repr(error), file=sys.stderr)
    os._exit(1)


def moment_of_kill(path: Path) -> str:
    """Say by what the writer left behind in which part of its work it was killed."""
    journal = path.with_name(f"{path.name}-journal")
    if not journal.exists():
        return "no journal"
    log = journal.read_bytes()
    if not log.strip(b"\0"):
        return "journal not begun"
    if log[:8] != bytes.fromhex("d9d505f920a163d7"):
        return "journal not synced"
    # hot: the pages in it go back into the database; the first page has the count of commits
    database = path.read_bytes()
    page_size, at = int.from_bytes(log[24:28]), int.from_bytes(log[20:24])
    while at + 4 + page_size <= len(log):
        if int.from_bytes(log[at : at + 4]) == 1:
            written = log[at + 4 : at + 4 + page_size] != database[:page_size]
            return f"hot journal, database {'written' if written else 'not yet written'}"
        at += page_size + 8
    return "hot journal, without the first page"


def check(ledger: Ledger, expected: list[str], tally: Tally) -> list[str]:
    """Open the file as the next program would; note what is wrong; return what is there."""
    findings = verify(ledger)
    entries = ledger.entries(TRIAL)
    where = f"kill {tally.committing + tally.aside}"
    tally.findings += [f"{where}: {finding}" for finding in findings]
    hashes = [entry.hash for entry in entries]
    if hashes[: len(expected)] != expected:
        tally.lost += [f"{where}: {name}" for name in expected if name not in hashes] or [where]
    parts = Counter(entry.payload["batch"] for entry in entries)
    sizes = {entry.payload["batch"]: entry.payload["of"] for entry in entries}
    tally.half += [f"{where}: batch {number}" for number in parts if parts[number] != sizes[number]]
    more = {entry.payload["batch"] for entry in entries[len(expected) :]}
    if len(more) > 1:
        tally.lost.append(f"{where}: {len(more)} appends that nobody acknowledged")
    return hashes


if __name__ == "__main__":
    print(json.dumps(vars(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))))
