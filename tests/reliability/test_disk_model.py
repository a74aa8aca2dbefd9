"""The disk model on traces made by hand: it does all that its text says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from .disk_model import (
    MOODS,
    SECTOR,
    Create,
    Disk,
    Fate,
    Link,
    Mark,
    Rename,
    Resize,
    Sync,
    SyncFolder,
    Unlink,
    Write,
)


def block(*letters: str) -> bytes:
    """Return a sector full of each letter."""
    return b"".join(letter.encode() * SECTOR for letter in letters)


def letters(content: bytes | None) -> str | None:
    """Return one letter a sector; a zero is ".", rubbish "?", a partial sector in full."""
    if content is None:
        return None
    found = []
    for start in range(0, len(content), SECTOR):
        held = set(content[start : start + SECTOR])
        found.append({0: "."}.get(min(held), chr(min(held))) if len(held) == 1 else "?")
    return "".join(found)


def found_after(*calls, cuts: int = 400, mood: str | None = None):
    """Return everything that may be found in the folder after a power cut."""
    disk = Disk()
    for call in calls:
        disk.apply(call)
    rng = np.random.default_rng(3)
    return {
        tuple(
            sorted((name, letters(held)) for name, held in disk.after_cut(Fate(rng, mood)).items())
        )
        for _ in range(cuts)
    }


def contents_after(*calls, **options):
    return {dict(found).get("a") for found in found_after(*calls, **options)}


CREATE = Create(name="a", file=1)
SAFE = (CREATE, Write(file=1, offset=0, data=block("A", "A")), Sync(file=1), SyncFolder())


def write(sector: int, *held: str, file: int = 1) -> Write:
    return Write(file=file, offset=sector * SECTOR, data=block(*held))


TRACES = {
    "what is synced stays": (SAFE, {"AA"}),
    "marks are no calls": ((*SAFE, Mark("ack")), {"AA"}),
    "a write is lost, kept or torn": ((*SAFE, write(0, "B", "B")), {"AA", "AB", "BA", "BB"}),
    "two writes are reordered": ((*SAFE, write(0, "B"), write(1, "C")), {"AA", "BA", "AC", "BC"}),
    "within a sector order is kept, any version may be there": (
        (*SAFE, write(0, "B"), write(0, "C")),
        {"AA", "BA", "CA"},
    ),
    "a sync makes what is before it safe, not what is after": (
        (*SAFE, write(0, "B"), Sync(file=1), write(0, "C")),
        {"BA", "CA"},
    ),
    "a sync of the folder is no sync of the file": (
        (*SAFE, write(0, "B"), SyncFolder()),
        {"AA", "BA"},
    ),
    "a sync of another file is no sync of this": (
        (*SAFE, Create(name="b", file=2), write(0, "B"), Sync(file=2)),
        {"AA", "BA"},
    ),
    "a file may grow before its bytes are there: zeros or rubbish": (
        (*SAFE, write(2, "B")),
        {"AA", "AA.", "AA?", "AAB"},
    ),
    "a file that was cut is cut or not": (
        (*SAFE, Resize(file=1, size=SECTOR)),
        {"AA", "A"} | {"A.", "A?"},  # cut, but its size is the old one
    ),
    "cut and stretched again": (
        (*SAFE, Resize(file=1, size=0), write(0, "B", "B")),
        {
            *("", "AA", "AB", "BA", "BB"),
            *("..", ".A", ".B", "A.", "B."),
            *("??", "?A", "?B", "A?", "B?"),
        },
    ),
    "a partial sector is written with the bytes around it": (
        (
            *SAFE,
            Write(file=1, offset=SECTOR // 2, data=block("A")),
            Write(file=1, offset=0, data=b"B" * SECTOR),
        ),
        {"AA", "BA"},
    ),
    "a new file has no name until the folder is synced": (
        (CREATE, write(0, "A"), Sync(file=1)),
        {None, "A"},
    ),
    "a file that was unlinked may be back": ((*SAFE, Unlink(name="a")), {"AA", None}),
    "and is gone once the folder is synced": ((*SAFE, Unlink(name="a"), SyncFolder()), {None}),
    "a file made in place of another": (
        (*SAFE, Unlink(name="a"), Create(name="a", file=2), write(0, "B", file=2), Sync(file=2)),
        {"AA", None, "B"},
    ),
    "a write into a file without a name": (
        (*SAFE, Unlink(name="a"), SyncFolder(), write(0, "B"), Sync(file=1)),
        {None},
    ),
}


@pytest.mark.parametrize(("calls", "expected"), TRACES.values(), ids=TRACES)
def test_what_may_be_found_after_a_cut_is_exactly_what_the_model_says(calls, expected):
    assert contents_after(*calls) == expected


NEW = (Create(name="b", file=2), write(0, "B", file=2))
NAMES = {
    "a renamed file has one of both names": (
        (*SAFE, *NEW, Sync(file=2), SyncFolder(), Rename(old="b", new="a")),
        {(("a", "AA"), ("b", "B")), (("a", "B"),)},
    ),
    "renamed before it is synced, a file may be empty or torn": (
        (*SAFE, *NEW, SyncFolder(), Rename(old="b", new="a")),
        {
            *((("a", "AA"), ("b", held)) for held in ("", ".", "?", "B")),
            *((("a", held),) for held in ("", ".", "?", "B")),
        },
    ),
    "a link is a second name": (
        (*SAFE, Link(old="a", new="b")),
        {(("a", "AA"),), (("a", "AA"), ("b", "AA"))},
    ),
    "names are independent of each other": (
        (Create(name="a", file=1), Create(name="b", file=2)),
        {(), (("a", ""),), (("b", ""),), (("a", ""), ("b", ""))},
    ),
}


@pytest.mark.parametrize(("calls", "expected"), NAMES.values(), ids=NAMES)
def test_what_becomes_of_names_is_exactly_what_the_model_says(calls, expected):
    assert found_after(*calls) == expected


def test_each_mood_does_what_its_name_says():
    calls = (*SAFE, write(0, "B", "B"), Unlink(name="a"))
    expected = {
        "nothing": {"AA"},
        "everything": {None},
        "names only": {None},
        "bytes only": {"BB"},
        "one lost": {"BB", None},
        "one kept": {"AB", "BA", None},
        "some": {"AA", "AB", "BA", "BB", None},
    }
    assert {mood: contents_after(*calls, mood=mood) for mood in MOODS} == expected


def test_the_program_sees_its_own_calls_whatever_is_safe():
    disk = Disk()
    for call in (*SAFE, write(1, "B"), *NEW, Rename(old="b", new="c")):
        disk.apply(call)
    assert {name: letters(held) for name, held in disk.seen().items()} == {"a": "AB", "c": "B"}
    assert disk.n_unsafe == 4


def test_the_same_seed_has_the_same_fate():
    disk = Disk()
    for call in (*SAFE, write(0, *"BCDEFGHIJKLMNOP"), Unlink(name="a")):
        disk.apply(call)
    first, second = (
        [disk.after_cut(Fate(rng)) for _ in range(50)]
        for rng in (np.random.default_rng(8), np.random.default_rng(8))
    )
    assert first == second
