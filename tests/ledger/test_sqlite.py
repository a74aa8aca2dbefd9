"""A ledger in an SQLite file: its settings, and everything that can be wrong with a file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from escalation.errors import (
    EscalationError,
    InputError,
    IntegrityError,
    LedgerError,
    UnknownOutcomeError,
)
from escalation.files import write_text
from escalation.ledger import create_ledger, open_ledger, sqlite, verify
from escalation.ledger.sqlite import MINIMUM, SETTINGS, check_version, wal_may_corrupt

from .places import AT, DATABASE_ERRORS, NEXT, SQLitePlace, drafts, record

IS_ROOT = os.geteuid() == 0
NOBODY = 65534
HEALED, ILL = (3, 51, 3), (3, 51, 2)


@pytest.fixture
def place(sqlite_place: SQLitePlace) -> SQLitePlace:
    return sqlite_place


@pytest.fixture
def path(place: SQLitePlace) -> Path:
    with create_ledger(place.target) as ledger:
        record(ledger, "T", 1, 2, new=True)
    return place.path


def locked_out(path: Path) -> bool:
    """Say whether another process finds the file locked against writing."""
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "try: c.execute('BEGIN IMMEDIATE')\n"
        "except sqlite3.OperationalError as error: print(error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    return said.stdout == "database is locked\n"


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(("setting", "value", "said_back"), SETTINGS)
def test_every_connection_has_the_safe_settings(path, setting, value, said_back):
    with open_ledger(str(path)) as ledger, ledger.writing("T") as writer:
        connection = writer._connection
        assert connection.rows(f"PRAGMA {setting}") == [(said_back,)]
        assert connection.rows("PRAGMA locking_mode") == [("normal",)]


def test_a_setting_that_is_not_taken_is_refused(path, monkeypatch):
    monkeypatch.setattr(sqlite, "SETTINGS", (*SETTINGS, ("no_such_setting", "ON", 1)))
    with pytest.raises(LedgerError, match="does not take the setting no_such_setting=ON"):
        open_ledger(str(path))


@pytest.mark.parametrize(
    ("version", "corrupts"),
    [
        ((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True),
        ((3, 44, 6), False), ((3, 44, 7), False), ((3, 45, 0), True), ((3, 49, 2), True),
        ((3, 50, 6), True), ((3, 50, 7), False), ((3, 50, 9), False), ((3, 51, 0), True),
        ((3, 51, 2), True), ((3, 51, 3), False), ((3, 52, 0), False), ((4, 0, 0), False),
    ],
)  # fmt: skip
def test_the_versions_whose_wal_may_corrupt_against_sqlites_own_list(version, corrupts):
    assert wal_may_corrupt(version) is corrupts


def test_an_sqlite_that_is_too_old_is_refused():
    check_version(MINIMUM)
    with pytest.raises(LedgerError, match=r"SQLite 3\.30\.1 is too old for a ledger: 3\.31\.0 is"):
        check_version((3, 30, 1))


# ---------------------------------------------------------------- WAL


@pytest.fixture
def wal_path(path: Path, tmp_path: Path) -> Path:
    """Return a ledger that another program put in WAL mode, with entries in the WAL only."""
    kept = tmp_path / "wal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("INSERT INTO trials VALUES ('IN-WAL')")
        connection.commit()
        shutil.copy(path, kept)
        shutil.copy(f"{path}-wal", f"{kept}-wal")
    return kept


def journal_modes(path: Path) -> bytes:
    return path.read_bytes()[18:20]


def test_a_file_in_wal_mode_is_refused_where_wal_may_corrupt(wal_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", ILL)
    for make in (open_ledger, create_ledger):
        problem = (
            r"is in WAL mode, in which SQLite .* may corrupt it.* run PRAGMA journal_mode=DELETE"
        )
        with pytest.raises(IntegrityError, match=problem):
            make(str(wal_path))
    assert journal_modes(wal_path) == b"\2\2"


def test_a_file_in_wal_mode_is_taken_out_of_it_and_nothing_is_lost(wal_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", HEALED)
    with open_ledger(str(wal_path)) as ledger:
        assert ledger.trials() == ("IN-WAL", "T")
        assert [(f.trial, f.kind) for f in verify(ledger)] == [("IN-WAL", "storage")]  # empty
    assert journal_modes(wal_path) == b"\1\1"
    assert not Path(f"{wal_path}-wal").exists()


def test_a_file_in_wal_mode_is_left_to_those_who_have_it_open(wal_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", HEALED)
    with closing(sqlite3.connect(wal_path)) as other:
        other.execute("SELECT * FROM trials").fetchall()
        with pytest.raises(LedgerError, match="another program is using it"):
            open_ledger(str(wal_path), timeout=0.1)
    assert journal_modes(wal_path) == b"\2\2"


# ---------------------------------------------------------------- locks


def test_opening_the_file_again_keeps_the_locks_of_this_process(path):
    """A file's advisory locks go when a process closes it in any way but through SQLite."""
    with open_ledger(str(path)) as ledger, ledger.writing("T"):
        assert locked_out(path)
        with open_ledger(str(path)) as second:
            assert len(second.entries("T")) == 2
        assert locked_out(path)
    assert not locked_out(path)


def test_a_connection_holds_no_lock_before_its_transaction(path):
    with (
        open_ledger(str(path)) as ledger,
        closing(ledger._database._connect()),
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other,
    ):
        other.execute("BEGIN EXCLUSIVE")


def test_a_locked_file_is_said_to_be_in_use(path):
    with open_ledger(str(path), timeout=0.05) as ledger:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LedgerError, match=r"another program is using it .* was recorded"):
                record(ledger, "T", 3)
            assert len(ledger.entries("T")) == 2  # reading goes on
            other.execute("ROLLBACK")
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(LedgerError, match="another program is using it"):
                ledger.entries("T")
        record(ledger, "T", 3)


def test_a_reader_who_does_not_finish_stops_a_commit_and_nothing_is_recorded(path):
    with (
        open_ledger(str(path), timeout=0.05) as ledger,
        closing(sqlite3.connect(path, isolation_level=None)) as reader,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM trials").fetchall()
        with pytest.raises(LedgerError, match="nothing was recorded") as caught:
            record(ledger, "T", 3)
        assert not isinstance(caught.value, UnknownOutcomeError)
        reader.execute("COMMIT")
        assert len(ledger.entries("T")) == 2


# ---------------------------------------------------------------- triggers

SLY = {
    "replace the last": f"INSERT OR REPLACE {NEXT.format(step=0, prev='prev_hash, hash')}",
    "replace the first": f"INSERT OR REPLACE {NEXT.format(step=-1, prev='prev_hash, hash')}",
    "ignore the refusal": f"INSERT OR IGNORE {NEXT.format(step=5, prev='hash, hash')}",
    "upsert": f"INSERT {NEXT.format(step=0, prev='prev_hash, hash')} "
    "ON CONFLICT (trial, seq) DO UPDATE SET data = '{}'",
    "update or replace": "UPDATE OR REPLACE entries SET seq = 1 WHERE seq = 2",
}


@pytest.mark.parametrize("statement", SLY.values(), ids=SLY)
def test_sqlites_own_ways_of_replacing_are_refused(path, place, statement):
    before = place.sql("SELECT * FROM entries")
    with pytest.raises(DATABASE_ERRORS, match="a ledger is only added to"):
        place.sql(statement)
    assert place.sql("SELECT * FROM entries") == before


def test_statistics_left_by_a_database_browser_are_no_finding(path, place):
    place.sql("ANALYZE")
    with open_ledger(str(path)) as ledger:
        assert verify(ledger) == []


def test_entries_have_no_hidden_number_to_be_replaced_by(path, place):
    """With a rowid, REPLACE would delete the entry of that rowid, and ask no trigger."""
    with pytest.raises(sqlite3.OperationalError, match="no such column: rowid"):
        place.sql("SELECT rowid FROM entries")


# ---------------------------------------------------------------- files that are no ledger


def test_a_ledger_stays_the_same_when_the_working_folder_changes(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    with open_ledger(path.name) as ledger:
        monkeypatch.chdir("/")
        assert len(ledger.entries("T")) == 2
        assert ledger.name == path.name


def test_a_missing_file_is_not_made(tmp_path):
    for target in (tmp_path / "no.db", f"sqlite:///{tmp_path}/no.db"):
        with pytest.raises(LedgerError, match=r"there is no ledger at .*no.db; `escalation trial"):
            open_ledger(str(target))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [open_ledger, create_ledger])
def test_a_missing_folder_and_a_folder_are_named(tmp_path, make):
    with pytest.raises(LedgerError, match=r"there is no folder .*/away"):
        make(str(tmp_path / "away" / "ledger.db"))
    with pytest.raises(LedgerError, match="is a folder; a ledger is a file in one"):
        make(str(tmp_path))


@pytest.mark.parametrize(
    ("make", "said"),
    [(open_ledger, "there is no ledger at"), (create_ledger, "the file cannot be opened")],
)
def test_links_that_lead_in_a_circle_are_no_ledger(tmp_path, make, said):
    path = tmp_path / "circle.db"
    path.symlink_to(path)
    with pytest.raises(LedgerError, match=said):
        make(str(path))
    with pytest.raises(InputError, match="cannot be written"):
        write_text(path, ["x"])


@pytest.mark.parametrize("make", [open_ledger, create_ledger])
@pytest.mark.parametrize("content", [b"patient,level\nS001,1\n", b"\x89PNG" * 500, b"xy"])
def test_a_file_of_another_kind_is_left_as_it_is(tmp_path, make, content):
    path = tmp_path / "patients.csv"
    path.write_bytes(content)
    with pytest.raises(
        LedgerError, match="this is not an SQLite file, or its first page is damaged"
    ):
        make(str(path))
    assert path.read_bytes() == content


def test_an_empty_file_is_no_ledger_but_may_become_one(tmp_path):
    path = tmp_path / "ledger.db"
    path.touch()
    with pytest.raises(LedgerError, match="is empty; `escalation trial register` makes a ledger"):
        open_ledger(str(path))
    with create_ledger(str(path)) as ledger:
        assert verify(ledger) == []


@pytest.mark.parametrize("name", ["a b.db", "a?b#c%20.db", "größe.db", "'quoted'.db", "-.db"])
def test_a_file_may_have_any_name(tmp_path, name):
    path = tmp_path / name
    with create_ledger(str(path)) as ledger:
        record(ledger, "T", 1, new=True)
        assert ledger.name.isascii()
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_damaged_file_is_an_integrity_failure_and_a_finding(path):
    with open_ledger(str(path)) as ledger:
        record(ledger, "T", *range(100))
        content = bytearray(path.read_bytes())
        content[3 * 4096 : 6 * 4096] = b"\xff" * 3 * 4096
        path.write_bytes(content)
        with pytest.raises(IntegrityError, match="the file is damaged; restore the ledger"):
            ledger.entries("T")
        assert {finding.kind for finding in verify(ledger)} == {"storage"}
        assert verify(ledger, "T") != []


@pytest.mark.parametrize("letter", [b"A", b"Z"])
def test_nothing_is_added_where_a_changed_key_hides_entries(path, letter):
    with open_ledger(str(path)) as ledger:
        record(ledger, "KEPT", *range(40), new=True)
        right, n_hidden = path.read_bytes(), 0
        places = [at for at in range(len(right)) if right[at : at + 4] == b"KEPT"]
        for at in places:
            path.write_bytes(right[:at] + letter + right[at + 1 :])
            with suppress(EscalationError):
                if len(ledger.entries("KEPT")) == 40:
                    continue
            n_hidden += 1
            damaged = path.read_bytes()
            with pytest.raises(EscalationError), ledger.writing("KEPT"):
                pass
            assert path.read_bytes() == damaged
        assert n_hidden > 3


def test_text_that_is_not_utf8_is_an_integrity_failure_and_a_finding(path, place):
    with place.unguarded():
        place.sql("UPDATE entries SET recorded_by = CAST(X'ff4164' AS TEXT) WHERE seq = 2")
    with open_ledger(str(path)) as ledger:
        with pytest.raises(IntegrityError, match="the database is not as it was made"):
            ledger.entries("T")
        assert [(finding.seq, finding.kind) for finding in verify(ledger)] == [(2, "hash")]


# ---------------------------------------------------------------- disks that do not take any more


def test_a_full_disk_undoes_the_transaction_and_says_so(path, monkeypatch):
    before = path.read_bytes()
    n_pages = len(before) // 4096 + 2
    full = (*SETTINGS, ("max_page_count", str(n_pages), n_pages))
    monkeypatch.setattr(sqlite, "SETTINGS", full)
    with open_ledger(str(path)) as ledger:
        with pytest.raises(LedgerError, match="the disk is full; nothing was recorded") as caught:
            record(ledger, "T", *range(200))
        assert caught.value.exit_code == 1
        assert len(ledger.entries("T")) == 2
        assert verify(ledger) == []
    assert path.read_bytes() == before


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """Mount a file system in memory, which only root may."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        if not IS_ROOT or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a small disk can be mounted by root only")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full_loses_nothing():
    with small_disk("200k") as folder:
        target = str(folder / "ledger.db")
        with create_ledger(target) as ledger:
            made = record(ledger, "T", 1, new=True)
            said = None
            while said is None:
                try:
                    made += record(ledger, "T", *range(20))
                except EscalationError as error:
                    said = str(error)
            assert "the disk is full; nothing was recorded" in said
            assert ledger.entries("T") == made
            assert verify(ledger) == []
        with pytest.raises(OSError, match="No space left"):
            (folder / "filler").write_bytes(b"x" * 200 * 1024)
        with pytest.raises(LedgerError, match="the disk is full; nothing was recorded"):
            create_ledger(str(folder / "second.db"))


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """Return a folder that everyone may look into: pytest's own are for their owner only."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)


@contextmanager
def as_reader_of(folder: Path) -> Iterator[None]:
    """Be someone who may not write in a folder; root, who always may, becomes nobody."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    if IS_ROOT:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if IS_ROOT:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_file_that_may_only_be_read_is_read(shared_folder):
    path = shared_folder / "ledger.db"
    with create_ledger(str(path)) as ledger:
        made = record(ledger, "T", 1, 2, new=True)
    with as_reader_of(shared_folder), open_ledger(str(path)) as ledger:
        assert ledger.entries("T") == made
        assert verify(ledger) == []
        with pytest.raises(LedgerError, match="read-only; nothing was recorded"):
            record(ledger, "T", 3)
        create_ledger(str(path)).close()  # nothing to be done
        with pytest.raises(LedgerError, match="the file cannot be opened, or its folder not"):
            create_ledger(str(shared_folder / "new.db"))
    assert [file.name for file in shared_folder.iterdir()] == ["ledger.db"]


def test_a_folder_that_may_not_be_looked_into_is_an_error_in_plain_words(shared_folder):
    create_ledger(str(shared_folder / "ledger.db")).close()
    with as_reader_of(shared_folder):
        if IS_ROOT:
            os.seteuid(0)
        shared_folder.chmod(0o000)
        if IS_ROOT:
            os.seteuid(NOBODY)
        with pytest.raises(LedgerError, match="cannot be opened: Permission denied"):
            open_ledger(str(shared_folder / "ledger.db"))


@pytest.fixture
def interrupted(path: Path, shared_folder: Path) -> Path:
    """Return a ledger as a power cut leaves it: half written, with the journal to undo it."""
    left = shared_folder / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO trials VALUES (?)", [(f"{n:03}" * 20,) for n in range(900)]
        )
        shutil.copy(path, left)
        shutil.copy(f"{path}-journal", f"{left}-journal")
    return left


def test_a_write_that_was_cut_short_is_undone_when_the_file_is_opened(interrupted):
    with open_ledger(str(interrupted)) as ledger:
        assert ledger.trials() == ("T",)
        assert verify(ledger) == []
    assert [file.name for file in interrupted.parent.iterdir()] == ["ledger.db"]


def test_a_write_that_was_cut_short_is_not_read_by_one_who_cannot_undo_it(interrupted):
    with (
        as_reader_of(interrupted.parent),
        pytest.raises(LedgerError, match="that was cut short must be undone first"),
    ):
        open_ledger(str(interrupted))


def test_a_file_in_use_by_nobody_leaves_nothing_beside_it(path):
    with open_ledger(str(path)) as ledger:
        ledger.append("T", drafts(3), after=2, recorded_at=AT, recorded_by="Ada")
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed on Linux")
def test_nothing_is_open_between_two_calls(path):
    with open_ledger(str(path)) as ledger:
        ledger.entries("T")
        open_files = {file.resolve() for file in Path("/proc/self/fd").iterdir()}
        assert path not in open_files
