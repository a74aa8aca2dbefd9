"""An archive gives back what was written, or is refused with everything that is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.errors import ConflictError, IntegrityError, LedgerError
from escalation.ledger import (
    Anchor,
    Entry,
    Ledger,
    create_ledger,
    iter_lines,
    open_ledger,
    restore,
    verify,
    write_archive,
)
from escalation.ledger.archive import ArchiveError, read_archive

from .places import AT, Place, PostgresPlace, SQLitePlace, record


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return the archive of a ledger with two trials."""
    path = tmp_path / "backup.jsonl"
    with create_ledger(str(tmp_path / "source.db")) as ledger:
        record(ledger, "T", 1, 2, 3, new=True, request_id="r-1")
        record(ledger, "U", 4, new=True, recorded_by="Zoë")
        write_archive(ledger, path)
    return path


# ---------------------------------------------------------------- there and back


@pytest.mark.postgres
def test_a_ledger_goes_to_postgresql_and_back_with_equal_hashes(
    sqlite_place: SQLitePlace, postgres_place: PostgresPlace, tmp_path: Path
):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    with create_ledger(sqlite_place.target) as ledger:
        made = record(ledger, "T", 1, 2, 3, new=True, request_id="r-1")
        heads = write_archive(ledger, first)
    assert heads == {"T": made[-1].anchor}
    assert restore(first, postgres_place.target) == heads
    with open_ledger(postgres_place.target) as ledger:
        assert ledger.entries("T") == made
        assert verify(ledger, "T", [heads["T"]]) == []
        write_archive(ledger, second)
    assert second.read_bytes() == first.read_bytes()
    assert restore(second, str(tmp_path / "again.db")) == heads
    with open_ledger(str(tmp_path / "again.db")) as ledger:
        assert ledger.entries("T") == made


def test_the_form_of_an_archive_is_fixed(archive: Path):
    """Archives written by any version must be read for ever: this is what the first wrote."""
    lines = archive.read_text(encoding="ascii").split("\n")
    first, entry, end = json.loads(lines[0]), json.loads(lines[1]), json.loads(lines[-2])
    assert list(first) == ["escalation_ledger", "trials"]
    assert (first["escalation_ledger"], list(first["trials"])) == (1, ["T", "U"])
    assert list(entry) == ["data", "hash", "kind", "prev_hash", "recorded_at", "recorded_by",
                           "request_id", "seq", "trial", "version"]  # fmt: skip
    assert end == {"end": 4}
    assert lines[-1] == ""


def test_some_trials_may_be_chosen(tmp_path: Path, archive: Path):
    with open_ledger(str(tmp_path / "source.db")) as ledger:
        assert list(write_archive(ledger, tmp_path / "one.jsonl", ["U"])) == ["U"]
        with pytest.raises(LedgerError, match=r"no trial X in .*; trials: T, U"):
            write_archive(ledger, tmp_path / "none.jsonl", ["X"])
    assert set(read_archive(tmp_path / "one.jsonl")) == {"U"}
    assert not (tmp_path / "none.jsonl").exists()


def test_an_empty_ledger_and_a_trial_without_entries_are_kept(ledger: Ledger, tmp_path: Path):
    assert write_archive(ledger, tmp_path / "empty.jsonl") == {}
    assert read_archive(tmp_path / "empty.jsonl") == {}
    with ledger.writing("T", new=True):
        pass
    write_archive(ledger, tmp_path / "trial.jsonl")
    restore(tmp_path / "trial.jsonl", str(tmp_path / "new.db"))
    with open_ledger(str(tmp_path / "new.db")) as again:
        assert again.snapshot() == {"T": []}


def test_a_clock_that_went_back_is_no_fault_of_an_archive(ledger: Ledger, tmp_path: Path):
    record(ledger, "T", 1, 2, new=True)
    record(ledger, "T", 3, recorded_at=AT.replace(year=2020))
    write_archive(ledger, tmp_path / "a.jsonl")
    assert read_archive(tmp_path / "a.jsonl")["T"] == ledger.entries("T")


def test_lines_for_export_are_those_of_an_archive(tmp_path: Path, archive: Path):
    with open_ledger(str(tmp_path / "source.db")) as ledger:
        assert list(iter_lines(ledger, "T")) == archive.read_text().split("\n")[1:4]
        assert [json.loads(line) for line in iter_lines(ledger, "U")] == [
            entry._asdict() for entry in ledger.entries("U")
        ]
        with pytest.raises(LedgerError, match="no trial X"):
            iter_lines(ledger, "X")


# ---------------------------------------------------------------- restoring is all or nothing


def test_a_trial_that_is_there_is_never_restored_over(place: Place, archive: Path):
    with create_ledger(place.target) as ledger:
        made = record(ledger, "U", 9, new=True)
        with pytest.raises(ConflictError, match="trial U is already in"):
            restore(archive, place.target)
        assert ledger.snapshot() == {"U": made}


def test_nothing_is_made_of_an_archive_that_is_refused(archive: Path, tmp_path: Path):
    archive.write_text(archive.read_text().replace("S002", "S003"))
    with pytest.raises(ArchiveError):
        restore(archive, str(tmp_path / "new.db"))
    assert not (tmp_path / "new.db").exists()


# ---------------------------------------------------------------- archives that are refused


def edit(old: str, new: str) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        changed = [line.replace(old, new, 1) for line in lines]
        assert changed != lines
        return changed

    return change


def lines_of(order: str) -> Callable[[list[str]], list[str]]:
    """Return the lines numbered so: 0 is the header, 1 to 3 trial T, 4 trial U, 5 the end."""
    return lambda lines: [lines[int(number)] for number in order]


WRONG = {
    "edited": (edit("S002", "S003"), ["trial T, entry 2: it was changed"]),
    "edited twice": (
        edit("Ada Lovelace", "Eve"),
        [f"trial T, entry {n}: it was changed" for n in (1, 2, 3)],
    ),
    "cut after the header": (
        lines_of("0"),
        ["the end: the file was", "trial T, entry 3: it is not there", "trial U, "],
    ),
    "cut before the end": (
        lines_of("01234"),
        ["the end: the file was cut short", "trial U, entry 1: it is not there"],
    ),
    "one left out": (
        lines_of("01345"),
        ["the end: the file was", "trial T, entry 2: it is missing"],
    ),
    "last of a trial left out": (
        lines_of("01245"),
        ["the end: the file was", "trial T, entry 3: it is not there"],
    ),
    "one doubled": (
        lines_of("0122345"),
        ["the end: the file was", "trial T, entry 2: it is there more than"],
    ),
    "reordered": (lines_of("021345"), ["trial T, entry 1: it stands after entry 2"]),
    "written twice": (
        lines_of("012345012345"),
        [
            "the end: ",
            "line 6: is not an entry",
            "line 7: is not an entry",
            *(f"trial T, entry {n}: it is there more than once" for n in (1, 2, 3)),
            "trial U, entry 1: it is there more than once",
        ],
    ),
    "a trial not named": (
        edit(',"U":"', ',"V":"'),
        ["line 5: is of a trial that the first line", "trial V, entry 1: it is not there"],
    ),
    "another end of a trial": (
        edit('"T":"3:', '"T":"2:'),
        ["trial T, entry 2: its hash is", "trial T: it goes on to entry 3, but ends at 2"],
    ),
    "written otherwise": (
        edit('"seq":2,', '"seq": 2,'),
        ["line 3: is not an entry as this", "trial T, entry 2: it is miss"],
    ),
    "a key twice": (
        edit('"seq":2,', '"seq":2,"seq":2,'),
        ["line 3: is not an entry", "trial T, entry 2: it is miss"],
    ),
    "a column too few": (
        edit('"request_id":"r-1",', ""),
        [*(f"line {n}: is not an entry" for n in (2, 3, 4)), "trial T, entry 3: it is not there"],
    ),
    "of another type": (
        edit('"version":1', '"version":true'),
        [
            f"trial {t}: its version is True"
            for t in ("T, entry 1", "T, entry 2", "T, entry 3", "U, entry 1")
        ],
    ),
    "a trial of another type": (
        edit('"trial":"U"', '"trial":["U"]'),
        ["line 5: is of a trial that", "trial U, entry 1: it is not there"],
    ),
    "an empty line": (
        lambda lines: [*lines[:2], "", *lines[2:]],
        ["the end: the file", "line 3: is not an entry"],
    ),
    "windows line ends": (
        lambda lines: [f"{line}\r" for line in lines],
        ["line 1: this is not the first line of an archive"],
    ),
    "of no kind": (
        lambda lines: ["patient,level", "S001,1"],
        ["line 1: this is not the first line"],
    ),
    "empty": (lambda lines: [], ["line 1: this is not the first line of an archive"]),
    "of a later form": (
        edit('"escalation_ledger":1', '"escalation_ledger":2'),
        ["line 1: form 2 of a later version of this program; 1 is known here"],
    ),
    "an anchor of another form": (
        edit('"T":"3:', '"T":"three:'),
        ["line 1: anchor .* must be an entry's number"],
    ),
    "an end of another type": (
        edit('"U":"', '"U":[],"W":"'),
        ["line 1: this is not the first line"],
    ),
    "a trial of no name": (
        edit('"U":"', '"U U":"'),
        ["line 1: trial 'U U' must be 1 to 60 letters"],
    ),
}


@pytest.mark.parametrize(("change", "faults"), WRONG.values(), ids=WRONG)
def test_an_archive_that_is_not_as_written_is_refused_with_every_fault(archive, change, faults):
    lines = archive.read_text().removesuffix("\n").split("\n")
    archive.write_text("".join(f"{line}\n" for line in change(lines)))
    with pytest.raises(ArchiveError) as caught:
        read_archive(archive)
    said = caught.value.faults
    assert len(said) == len(faults), said
    for fault, expected in zip(said, faults, strict=True):
        assert re.match(expected, fault), said
    assert caught.value.exit_code == 5


def test_an_archive_cut_anywhere_is_refused(archive: Path):
    content = archive.read_bytes()
    for length in range(len(content)):
        archive.write_bytes(content[:length])
        with pytest.raises(ArchiveError):
            read_archive(archive)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("content")
    with create_ledger(str(folder / "source.db")) as ledger:
        record(ledger, "T", 1, 2, 3, new=True)
        write_archive(ledger, folder / "a.jsonl")
    return (folder / "a.jsonl").read_bytes()


@given(bit=st.integers(min_value=0))
def test_an_archive_with_any_bit_flipped_is_refused(
    content: bytes, tmp_path_factory: pytest.TempPathFactory, bit: int
):
    flipped = bytearray(content)
    flipped[bit // 8 % len(flipped)] ^= 1 << bit % 8
    path = tmp_path_factory.getbasetemp() / "flipped.jsonl"
    path.write_bytes(flipped)
    with pytest.raises(ArchiveError):
        read_archive(path)


# ---------------------------------------------------------------- the file


def test_a_file_that_is_there_is_replaced_only_if_asked_for(archive: Path, tmp_path: Path):
    before = archive.read_bytes()
    with open_ledger(str(tmp_path / "source.db")) as ledger:
        record(ledger, "U", 5)
        with pytest.raises(LedgerError, match="is already there, and was left as it is"):
            write_archive(ledger, archive)
        assert archive.read_bytes() == before
        write_archive(ledger, archive, overwrite=True)
        assert read_archive(archive) == ledger.snapshot()


def test_a_ledger_that_is_not_as_it_was_recorded_makes_no_archive(place: Place, tmp_path: Path):
    with create_ledger(place.target) as ledger:
        record(ledger, "T", 1, 2, new=True)
        place.update("recorded_by", "Eve", seq=2)
        with pytest.raises(
            IntegrityError, match="trial T: entry 2 is missing, or is not as it was"
        ):
            write_archive(ledger, tmp_path / "a.jsonl")
    assert not (tmp_path / "a.jsonl").exists()


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_while_writing_leaves_what_was_there(
    archive: Path, tmp_path: Path, monkeypatch, failing: str
):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = archive.read_bytes()
    owner = {"fsync": "escalation.files.os.fsync", "replace": "pathlib.Path.replace"}
    with open_ledger(str(tmp_path / "source.db")) as ledger, monkeypatch.context() as patch:
        patch.setattr(owner[failing], fail)
        with pytest.raises(LedgerError, match=r"backup.jsonl: cannot be written: No space left"):
            write_archive(ledger, archive, overwrite=True)
    assert archive.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup.jsonl", "source.db"]


def test_what_cannot_be_read_or_written_is_named(ledger: Ledger, tmp_path: Path):
    with pytest.raises(LedgerError, match=r"a.jsonl: cannot be written: there is no folder "):
        write_archive(ledger, tmp_path / "away" / "a.jsonl")
    with pytest.raises(LedgerError, match=r"a.jsonl: cannot be read: No such file or directory"):
        restore(tmp_path / "a.jsonl", str(tmp_path / "new.db"))
    with pytest.raises(LedgerError, match="cannot be read: Is a directory"):
        read_archive(tmp_path)


def test_an_archive_holds_one_moment(ledger: Ledger, tmp_path: Path):
    """Nothing that is recorded between two trials' reading is in it."""
    record(ledger, "T", 1, new=True)
    record(ledger, "U", 1, new=True)
    taken: dict[str, list[Entry]] = ledger.snapshot()
    record(ledger, "U", 2)
    assert [len(entries) for entries in taken.values()] == [1, 1]
    assert isinstance(taken["T"][0].anchor, Anchor)


def test_a_file_that_comes_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    """Between looking and writing another program may have put a file of this name there."""
    path = tmp_path / "backup.jsonl"
    with create_ledger(str(tmp_path / "ledger.db")) as ledger:
        snapshot = ledger.snapshot

        def meanwhile(*trials):
            path.write_text("somebody else's")
            return snapshot(*trials)

        monkeypatch.setattr(ledger, "snapshot", meanwhile)
        with pytest.raises(LedgerError, match="cannot be written: File exists"):
            write_archive(ledger, path)
    assert path.read_text() == "somebody else's"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup.jsonl", "ledger.db"]
