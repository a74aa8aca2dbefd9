"""Cut the power in a recorded run, build what a disk may hold then, and judge it.

``replay`` yields the cuts, ``Judge`` opens what is left with the ledger itself.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from escalation.errors import EscalationError, LedgerError
from escalation.ledger import check_chain, create_ledger, open_ledger, verify

from .disk_model import Call, Disk, Fate, Mark
from .recorded_writer import CREATED, FILE
from .workload import NAME, batch, moment

__all__ = ["FINE", "Cut", "Judge", "Promise", "promises", "replay"]

FINE = "fine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One append that was acknowledged: its trial and the hashes of its entries."""

    trial: str
    hashes: tuple[str, ...]


def promises(calls: Sequence[Call]) -> list[Promise]:
    """Return what a recorded run acknowledged, in order."""
    lines = [call.text.split() for call in calls if isinstance(call, Mark)]
    return [Promise(trial=line[0], hashes=tuple(line[1:])) for line in lines if len(line) > 1]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One power cut and what is found afterwards.

    Attributes
    ----------
    after : int
        How many calls were made before it.
    created : bool
        Whether the ledger was known to be made.
    promised : int
        How many appends had been acknowledged.
    mood : str
        Of the disk's fate.
    files : dict of str to bytes
        What the disk holds.
    """

    after: int
    created: bool
    promised: int
    mood: str
    files: dict[str, bytes]

    @cached_property
    def digest(self) -> bytes:
        """The same for the same files."""
        found = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            found.update(f"{name}\0{len(content)}\0".encode())
            found.update(content)
        return found.digest()


def replay(calls: Sequence[Call], *, n_cuts: int, seed: int) -> Iterator[Cut]:
    """Yield ``n_cuts`` cuts in the order of the calls, spread over them as evenly as can be."""
    rng = np.random.default_rng(seed)
    places = len(calls) + 1
    n_here = np.full(places, n_cuts // places)
    n_here[rng.permutation(places)[: n_cuts % places]] += 1
    disk, created, promised = Disk(), False, 0
    for after in range(places):
        for _ in range(n_here[after]):
            fate = Fate(rng)
            yield Cut(
                after=after,
                created=created,
                promised=promised,
                mood=fate.mood,
                files=disk.after_cut(fate),
            )
        if after < len(calls):
            disk.apply(calls[after])
            if isinstance(calls[after], Mark):
                created = True
                promised += calls[after].text != CREATED


class Judge:
    """Opens what a power cut left as the next program would, and says what became of it.

    The same files found twice are opened once.

    Parameters
    ----------
    made : sequence of Promise
        Every append of the recorded run, in order.
    folder : Path
        Where the files are put; in memory, if possible.
    leave_wal : bool
        Whether SQLite is first to recover a write-ahead log, which the ledger may refuse to.
    """

    def __init__(self, made: Sequence[Promise], folder: Path, *, leave_wal: bool = False) -> None:
        self._made = made
        self._folder = folder
        self._leave_wal = leave_wal
        self._known: dict[bytes, _Found] = {}

    @property
    def n_images(self) -> int:
        """How many different sets of files were opened."""
        return len(self._known)

    def verdict(self, cut: Cut) -> str:
        """Return ``FINE``, or what is wrong, the kind first: "lost", "half there" or "corrupt"."""
        if cut.digest not in self._known:
            self._known[cut.digest] = self._open(cut.files)
        found = self._known[cut.digest]
        if found.problem:
            return f"corrupt: {found.problem}"
        if cut.created and found.made_anew:
            return "lost: the ledger itself"
        for n_kept in (cut.promised, cut.promised + 1):  # one may be kept and not yet promised
            if found.hashes == _expected(self._made[:n_kept]):
                return FINE
        wanted = _expected(self._made[: cut.promised])
        for trial, hashes in wanted.items():
            there = found.hashes.get(trial, ())
            if len(there) < len(hashes) and there == hashes[: len(there)]:
                return f"lost: {len(hashes) - len(there)} entries of {trial}"
        return f"half there: {found.hashes}"

    def _open(self, files: dict[str, bytes]) -> _Found:
        """Open the files, look at everything, append once more and look again."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        for name, content in files.items():
            (self._folder / name).write_bytes(content)
        path = self._folder / FILE
        try:
            if self._leave_wal and path.exists():
                with closing(sqlite3.connect(path)) as connection:
                    connection.execute("PRAGMA journal_mode=DELETE")
            return self._look(str(path))
        except (EscalationError, sqlite3.Error) as error:
            return _Found({}, False, f"{type(error).__name__}: {error}")

    def _look(self, path: str) -> _Found:
        made_anew = False
        try:
            ledger = open_ledger(path)
        except LedgerError:  # never made, or not to its end: then it can be made now
            ledger = create_ledger(path)
            made_anew = True
        with ledger:
            hashes = {
                trial: tuple(entry.hash for entry in entries)
                for trial, entries in ledger.snapshot().items()
            }
            findings = verify(ledger)
            if not findings:  # the next writer goes on
                trial = next(iter(hashes), "T-1")
                with ledger.writing(trial, new=not hashes) as writer:
                    after = len(hashes.get(trial, ()))
                    drafts = batch(after + 1, size=2)
                    writer.append(drafts, after=after, recorded_at=LATER, recorded_by=NAME)
                check_chain(ledger.entries(trial))
                findings = ledger.check()
        return _Found(hashes, made_anew, "; ".join(map(str, findings)))


LATER = moment(10_000)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was in the files: the hashes by trial, and what the ledger said was wrong."""

    hashes: dict[str, tuple[str, ...]]
    made_anew: bool
    problem: str


def _expected(made: Sequence[Promise]) -> dict[str, tuple[str, ...]]:
    """Return the hashes by trial after these appends."""
    hashes: dict[str, tuple[str, ...]] = {}
    for promise in made:
        hashes[promise.trial] = hashes.get(promise.trial, ()) + promise.hashes
    return hashes
