"""What a disk may do when the power goes: the model under which the ledger is tried.

A program speaks to a disk by calls: it creates, names, renames and unlinks files, writes bytes,
sets sizes, and asks for a *sync* (fsync, fdatasync) of a file or of the folder. The model has one
folder, which exists from the beginning, and the files in it. ``Disk`` takes the calls of a
recorded run one after the other and says, for a power cut after any of them, what may be found
when the power is back.

What is safe
    A sync that has *returned* makes safe everything done before it to that one file: its bytes
    and its size, not its name. A returned sync of the folder makes safe every creation, renaming
    and unlinking before it, not one byte of a file. Syncs of different files do not help each
    other, and closing a file makes nothing safe.

What is not
    Everything else is lost, kept, reordered or torn, in any combination:

    1. The unit is a sector of 512 bytes at a multiple of 512. A sector written since the last
       sync of its file holds what it held at that sync or after any one of the writes since; a
       partial sector is written with the bytes around it, as the page cache has them. Within one
       sector an earlier write never overtakes a later one.
    2. Sectors are independent of each other, so a write of several sectors may be torn anywhere
       and more than once, and writes reach the disk in any order: a later call may be there
       whole when an earlier one is missing.
    3. The size of a file is one more independent thing: it is that of the last sync or any since,
       whatever became of the bytes. Bytes behind the end are lost. A sector within the size that
       was never written, or not since it was cut off, reads as zeros, or as rubbish left by
       another file.
    4. Each creation, link, unlinking and renaming since the last sync of the folder happened or did
       not, independently of the others and of what became of the bytes of any file: a file may be
       gone although its bytes were synced, and a file that was unlinked may be back, with the
       bytes (1 to 3) it has by now. A renaming is never half done: the file has one of both names.
    5. A cut in the middle of a call is a cut after that call with a part of it lost (a write), or
       before it with a part of what it would have made safe kept (a sync): both are within 1 to 4.

What is taken for granted
    A sync that returned did what it says: a disk whose write cache ignores it is outside the
    model, and no program is safe on one. A sector is written whole or not at all. Bytes that
    nobody writes do not change: neighbours of a written sector are not harmed, and nothing rots
    (bit flips have tests of their own). The machine's memory goes with the power: what a program
    read before the cut does not matter.

What is worse here than on common file systems, on purpose: ext4, XFS and NTFS keep the order of
names and sizes, and ext4 keeps a new file's name once the file is synced. Neither is relied on.

A fate is drawn from a seeded generator: see ``Fate``.

References
----------
T. S. Pillai et al., "All file systems are not created equal: on the complexity of crafting
crash-consistent applications", OSDI 2014: an abstract persistence model; in this one nothing is
ordered and nothing larger than a sector or a name is atomic.
SQLite, "Atomic commit in SQLite", https://sqlite.org/atomiccommit.html, sections 2 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = [
    "MOODS",
    "SECTOR",
    "Call",
    "Create",
    "Disk",
    "Fate",
    "Link",
    "Mark",
    "Rename",
    "Resize",
    "Sync",
    "SyncFolder",
    "Unlink",
    "Write",
]

SECTOR = 512

MOODS = ("nothing", "everything", "names only", "bytes only", "one lost", "one kept", "some")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Bytes written into a file; ``file`` is its number, which outlives its names."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """A file cut or stretched to a size."""

    file: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A sync of a file that has returned."""

    file: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A new, empty file under a name."""

    name: str
    file: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A second name for a file."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlink:
    """A name taken away."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """A file given another name, in place of the file that had it."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """A sync of the folder that has returned."""


@dataclass(frozen=True, slots=True)
class Mark:
    """No call to the disk: what the program told the world at this moment."""

    text: str


Call = Write | Resize | Sync | Create | Link | Unlink | Rename | SyncFolder | Mark


class Disk:
    """The folder and its files, with everything that is not yet safe."""

    def __init__(self) -> None:
        self.files: dict[int, _File] = {}
        self.names: dict[str, int] = {}  # as the program sees them
        self._safe_names: dict[str, int] = {}
        self._changes: list[_Change] = []

    def apply(self, call: Call) -> None:
        """Let the program make a call."""
        match call:
            case Write(file=file) | Resize(file=file):
                if file in self.files:
                    self.files[file].calls.append(call)
            case Sync(file=file):
                if file in self.files:
                    self.files[file].sync()
            case Create(name=name, file=file):
                self.files[file] = _File()
                self._change(_Change(file=file, old=None, new=name))
            case Link(old=old, new=new):
                self._change(_Change(file=self.names[old], old=None, new=new))
            case Unlink(name=name):
                self._change(_Change(file=self.names[name], old=name, new=None))
            case Rename(old=old, new=new):
                self._change(_Change(file=self.names[old], old=old, new=new))
            case SyncFolder():
                self._safe_names = dict(self.names)
                self._changes.clear()
                named = set(self.names.values())  # a file without a name is out of the world
                self.files = {file: held for file, held in self.files.items() if file in named}
            case Mark():
                pass

    @property
    def n_unsafe(self) -> int:
        """Return how many calls are not yet covered by a sync."""
        return len(self._changes) + sum(len(file.calls) for file in self.files.values())

    def seen(self) -> dict[str, bytes]:
        """Return what the program itself sees: name to bytes."""
        return {name: bytes(self.files[file].seen()) for name, file in self.names.items()}

    def after_cut(self, fate: Fate) -> dict[str, bytes]:
        """Return what is found after a power cut now: name to bytes."""
        pending = {number: file.pending() for number, file in self.files.items() if file.calls}
        choices = [1] * len(self._changes)
        for found in pending.values():
            choices += found.choices
        versions = iter(fate.draw(choices, n_names=len(self._changes)))
        names = dict(self._safe_names)
        for change in self._changes:
            if next(versions):
                change.make(names)
        contents = {
            number: found.settle([next(versions) for _ in found.choices], fate)
            for number, found in pending.items()
        }
        return {
            name: contents[file] if file in contents else self.files[file].safe
            for name, file in names.items()
        }

    def _change(self, change: _Change) -> None:
        change.make(self.names)
        self._changes.append(change)


class Fate:
    """The luck of one power cut, from a seeded generator and a mood.

    The moods make the corners of the model as likely as its inside: "nothing" unsafe is kept;
    "everything" is; "names only" and "bytes only" keep all of one kind and nothing of the other;
    "one lost" and "one kept" single out one sector, size or name; "some" keeps a share, drawn for
    names and for bytes, of each. Where several versions of a sector may be kept, each is as
    likely.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws everything.
    mood : str or None
        One of ``MOODS``; drawn if None.
    """

    def __init__(self, rng: np.random.Generator, mood: str | None = None) -> None:
        self._rng = rng
        self.mood = MOODS[rng.integers(len(MOODS))] if mood is None else mood
        self.rubbish = bool(rng.integers(2))
        shares = {"nothing": (0.0, 0.0), "everything": (1.0, 1.0), "one lost": (1.0, 1.0)}
        shares |= {"names only": (1.0, 0.0), "bytes only": (0.0, 1.0), "one kept": (0.0, 0.0)}
        self._share_names, self._share_bytes = shares.get(self.mood, tuple(rng.random(2)))

    def draw(self, choices: Sequence[int], *, n_names: int) -> list[int]:
        """Return for each unsafe thing its version: 0 as it was safe, k after the k-th change.

        Parameters
        ----------
        choices : sequence of int
            How many changes each thing has seen.
        n_names : int
            How many of the things, in front, are changes of names.
        """
        shares = np.full(len(choices), self._share_bytes)
        shares[:n_names] = self._share_names
        lucky = self._rng.random(len(choices)) < shares
        versions = [last if kept else 0 for kept, last in zip(lucky, choices, strict=True)]
        if self.mood == "some":
            versions = [int(self._rng.integers(1, last + 1)) if last else 0 for last in versions]
        changed = [at for at, last in enumerate(choices) if last]
        if self.mood in ("one lost", "one kept") and changed:
            at = changed[self._rng.integers(len(changed))]
            first = 0 if self.mood == "one lost" else 1
            versions[at] = int(self._rng.integers(first, choices[at] + first))
        return versions

    def unwritten(self) -> bytes:
        """Return what a sector holds that nobody has written."""
        return self._rng.bytes(SECTOR) if self.rubbish else bytes(SECTOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A file that had the name ``old`` and now has ``new``; None is no name."""

    file: int
    old: str | None
    new: str | None

    def make(self, names: dict[str, int]) -> None:
        if self.old is not None and names.get(self.old) == self.file:
            del names[self.old]
        if self.new is not None:
            names[self.new] = self.file


@dataclass(slots=True)
class _File:
    """The safe bytes and the calls that are not safe."""

    safe: bytes = b""
    calls: list[Write | Resize] = field(default_factory=list)

    def sync(self) -> None:
        self.safe = bytes(self.seen())
        self.calls.clear()

    def seen(self) -> bytearray:
        content = bytearray(self.safe)
        for call in self.calls:
            _make(call, content)
        return content

    def pending(self) -> _Pending:
        """Return every version, since the last sync, of every sector touched and of the size."""
        content = bytearray(self.safe)
        sizes = [len(content)]
        versions: dict[int, list[bytes | None]] = {}
        for call in self.calls:
            before = len(content)
            touched = _sectors(call, before)
            for sector in touched:
                if sector not in versions:
                    versions[sector] = [_sector(content, sector)]
            _make(call, content)
            for sector in touched:
                versions[sector].append(_sector(content, sector))
            if len(content) != before:
                sizes.append(len(content))
        return _Pending(self.safe, sizes, versions)


class _Pending:
    """One file's versions, to be settled by a fate."""

    def __init__(
        self, safe: bytes, sizes: list[int], versions: dict[int, list[bytes | None]]
    ) -> None:
        self.safe = safe
        self.sizes = sizes
        self.versions = versions
        self.choices = [len(sizes) - 1, *(len(known) - 1 for known in versions.values())]

    def settle(self, chosen: Sequence[int], fate: Fate) -> bytes:
        size = self.sizes[chosen[0]]
        content = bytearray(self.safe[:size].ljust(size, b"\0"))
        for sector in range(-(-len(self.safe) // SECTOR), -(-size // SECTOR)):
            content[sector * SECTOR : (sector + 1) * SECTOR] = fate.unwritten()
        for (sector, known), version in zip(self.versions.items(), chosen[1:], strict=True):
            start = sector * SECTOR
            held = known[version]
            if start < size:
                held = fate.unwritten() if held is None else held.ljust(SECTOR, b"\0")
                content[start : start + SECTOR] = held
        del content[size:]
        return bytes(content)


def _make(call: Write | Resize, content: bytearray) -> None:
    """Do to ``content`` what the call says."""
    if isinstance(call, Resize):
        del content[call.size :]
        content.extend(bytes(call.size - len(content)))
        return
    content.extend(bytes(max(0, call.offset - len(content))))
    content[call.offset : call.offset + len(call.data)] = call.data


def _sectors(call: Write | Resize, size: int) -> range:
    """Return the sectors of a file of ``size`` bytes whose contents a call changes."""
    if isinstance(call, Write):
        first, end = call.offset, call.offset + len(call.data)
        first = min(first, size)  # from beyond the end: the last sector's tail becomes zeros
    else:
        first, end = min(size, call.size), max(size, call.size)
    return range(first // SECTOR, -(-end // SECTOR))


def _sector(content: bytearray, sector: int) -> bytes | None:
    """Return what a sector holds; None: beyond the end."""
    return bytes(content[sector * SECTOR : (sector + 1) * SECTOR]) or None
