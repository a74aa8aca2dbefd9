"""A ledger in an SQLite file: opened with the settings that lose nothing, or not at all.

Every look at the file goes through SQLite. To open it in any other way, even to read two bytes,
would on closing take away the locks that this process holds on it (POSIX advisory locks belong to
the process), and let another program write in the middle of our transaction.

References
----------
"How To Corrupt An SQLite Database File", section 2.2, https://sqlite.org/howtocorrupt.html
"The WAL-Reset Bug", https://sqlite.org/wal.html#walresetbug
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from escalation.errors import IntegrityError, LedgerError, printable, reason
from escalation.files import sqlites_own
from escalation.ledger.backend import IN_USE, Backend, Connection, Trouble, find_trouble
from escalation.ledger.entries import GENESIS
from escalation.ledger.schema import compare_parts

__all__ = ["MINIMUM", "SETTINGS", "STEPS", "SQLite", "check_version", "wal_may_corrupt"]

MINIMUM = (3, 31, 0)

# What is demanded of every connection: the setting, its value, and how SQLite says it back.
SETTINGS: tuple[tuple[str, str, str | int], ...] = (
    ("journal_mode", "DELETE", "delete"),
    ("synchronous", "EXTRA", 3),  # the folder too is synced when the journal is gone
    ("fullfsync", "ON", 1),  # macOS: through the disk's own cache
    ("trusted_schema", "OFF", 0),  # a doctored file runs no functions
    ("cell_size_check", "ON", 1),  # damage is noticed when a page is read
)

# WITHOUT ROWID: else INSERT OR REPLACE with the hidden rowid of an entry would take its place
# without the triggers that refuse to delete.
_TABLES = (
    """\
CREATE TABLE ledger_schema (
  version INTEGER NOT NULL PRIMARY KEY
) WITHOUT ROWID""",
    """\
CREATE TABLE trials (
  trial TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID""",
    """\
CREATE TABLE entries (
  trial TEXT NOT NULL,
  seq INTEGER NOT NULL,
  recorded_at TEXT NOT NULL,
  recorded_by TEXT NOT NULL,
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  data TEXT NOT NULL,
  request_id TEXT,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (trial, seq)
) WITHOUT ROWID""",
)

_NO_CHANGES = tuple(
    f"""\
CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}
BEGIN
  SELECT RAISE(ABORT, 'a ledger is only added to: no {change} of {table}');
END"""
    for table in ("ledger_schema", "trials", "entries")
    for change in ("UPDATE", "DELETE")
)

_CONTINUE = f"""\
CREATE TRIGGER entries_continue BEFORE INSERT ON entries
WHEN NEW.trial NOT IN (SELECT trial FROM trials)
  OR NEW.seq IS NOT 1 + coalesce(
    (SELECT seq FROM entries WHERE trial = NEW.trial ORDER BY seq DESC LIMIT 1), 0)
  OR NEW.prev_hash IS NOT coalesce(
    (SELECT hash FROM entries WHERE trial = NEW.trial ORDER BY seq DESC LIMIT 1), '{GENESIS}')
BEGIN
  SELECT RAISE(ABORT, 'a ledger is only added to: an entry must follow the last of a trial');
END"""  # noqa: S608  # GENESIS is a constant

# From one trial's entries to the next one's, for a look at every entry would take far longer.
_STRAY = """\
WITH RECURSIVE of(trial) AS (
  SELECT min(trial) FROM entries
  UNION ALL
  SELECT (SELECT min(trial) FROM entries WHERE entries.trial > of.trial) FROM of
  WHERE of.trial IS NOT NULL)
SELECT trial FROM of WHERE trial IS NOT NULL AND trial NOT IN (SELECT trial FROM trials) LIMIT 1"""

STEPS = ((*_TABLES, *_NO_CHANGES, _CONTINUE),)


class _Open(Connection):
    """A file that is open."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def rows(self, statement: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Run a statement, and return all that it finds."""
        return self._raw.execute(statement, values).fetchall()

    def add(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement that adds each of some rows; return how many it has added."""
        return self._raw.executemany(statement, rows).rowcount

    def commit(self) -> None:
        """Keep what was done since the transaction began."""
        self._raw.commit()

    def close(self) -> None:
        """Undo what is not committed, and let go of the file."""
        with suppress(sqlite3.Error):  # who opens the file next undoes it
            self._raw.rollback()
        self._raw.close()

    def read_anything(self) -> None:
        """Read text that is not UTF-8 too: bytes that are not as lone surrogates."""
        self._raw.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")


class SQLite(Backend):
    """A file.

    Parameters
    ----------
    path : Path
    timeout : float
        Seconds to wait for another program that is writing.
    """

    errors: ClassVar[tuple[type[Exception], ...]] = (
        sqlite3.Error,
        UnicodeDecodeError,  # of a damaged schema that it quotes
    )
    steps = STEPS
    list_tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    to_read = ("BEGIN",)
    to_write = ("BEGIN IMMEDIATE",)
    to_build = ("BEGIN IMMEDIATE",)

    def __init__(self, path: Path, timeout: float) -> None:
        check_version(sqlite3.sqlite_version_info)
        self.name = printable(str(path))
        self._path = path.absolute()  # the working folder may change
        self._timeout = timeout

    def connector(self, *, create: bool = False) -> Callable[[], Connection]:
        """Return what opens the file, which is made only if ``create`` is asked for."""
        opener = self.opener(create=create)
        return lambda: _Open(opener())

    def opener(self, *, create: bool = False) -> Callable[[], sqlite3.Connection]:
        """Return what opens the file for the driver, with safe settings or not at all."""
        try:
            self._check_place(create=create)
        except OSError as error:
            raise LedgerError(f"{self.name}: cannot be opened: {reason(error)}") from error
        return partial(self._open, "rwc" if create else "rw")

    def _check_place(self, *, create: bool) -> None:
        folder = self._path.parent
        if self._path.is_dir():
            raise LedgerError(f"{self.name} is a folder; a ledger is a file in one")
        if not folder.is_dir():
            raise LedgerError(f"{self.name}: there is no folder {printable(str(folder))}")
        taken = sqlites_own(self._path)
        if taken is not None:
            raise LedgerError(f"{self.name} is not a place for a ledger: {taken}")
        if not create and not self._path.exists():
            raise LedgerError(
                f"there is no ledger at {self.name}; `escalation trial register` makes one"
            )

    def _open(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode={mode}",
            uri=True,
            timeout=self._timeout,
            isolation_level=None,  # transactions begin where store says so
        )
        try:
            self._leave_wal(connection)
            for setting, value, said_back in SETTINGS:
                connection.execute(f"PRAGMA {setting}={value}")
                if _ask(connection, setting) != said_back:
                    raise LedgerError(
                        f"{self.name}: SQLite {sqlite3.sqlite_version} does not take the setting "
                        f"{setting}={value}, without which entries could be lost"
                    )
        except BaseException:
            connection.close()
            raise
        return connection

    def _leave_wal(self, connection: sqlite3.Connection) -> None:
        """Take a file out of WAL mode, or refuse it where that mode may have corrupted it.

        In exclusive locking mode SQLite opens a WAL only when no other connection has the file
        open, and the bug needs two.
        """
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        if _ask(connection, "journal_mode") == "wal":
            if wal_may_corrupt(sqlite3.sqlite_version_info):
                raise IntegrityError(
                    f"{self.name} is in WAL mode, in which SQLite {sqlite3.sqlite_version} may "
                    "corrupt it, and no ledger is kept in it: another program has changed it; with "
                    "SQLite 3.51.3 or later, run PRAGMA journal_mode=DELETE on it once, then "
                    "`escalation trial verify`"
                )
            connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA locking_mode=NORMAL")
        connection.execute("SELECT 1 FROM sqlite_master").fetchall()  # the lock goes with a read

    def faults(self, connection: Connection) -> list[str]:
        """Return what is wrong with the file's pages, tables and triggers."""
        pages = connection.rows("PRAGMA integrity_check")
        found = [f"the file is damaged: {printable(line)}" for (line,) in pages if line != "ok"]
        # except for SQLite's own, as the statistics that a database browser leaves
        query = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'"
        with closing(sqlite3.connect(":memory:")) as model:  # a new ledger shows what is right
            for statement in chain.from_iterable(self.steps):
                model.execute(statement)
            right = dict(model.execute(query).fetchall())
        return found + compare_parts(connection.rows(query), right)

    def hidden(self, connection: Connection) -> str | None:
        """Say what may keep entries from being found: a damaged page, or a changed key.

        SQLite finds rows by their keys, and believes that they are in order. It takes a fifth of
        the time in which a trial's entries are read.
        """
        ((found,),) = connection.rows("PRAGMA integrity_check(1)")
        if found != "ok":
            return f"the file is damaged ({printable(found)})"
        if not connection.rows("SELECT 1 FROM sqlite_master WHERE name = 'entries'"):
            return None  # a database of accounts, or a new file
        stray = connection.rows(_STRAY)
        if not stray:
            return None
        return f"it holds entries of {printable(str(stray[0][0]))}, which is not a trial in it"

    def explain(self, error: BaseException) -> Trouble:
        """Say in plain words what an error of SQLite means."""
        trouble = find_trouble(_TROUBLES, getattr(error, "sqlite_errorname", ""))
        unknown = f"the database is not as it was made ({printable(str(error))})"
        return trouble or Trouble(IntegrityError, unknown)


def check_version(version: tuple[int, int, int]) -> None:
    """Refuse an SQLite that lacks what a ledger needs.

    Raises
    ------
    LedgerError
    """
    if version < MINIMUM:
        raise LedgerError(
            f"SQLite {_dotted(version)} is too old for a ledger: {_dotted(MINIMUM)} is the first "
            "that can be told not to run functions out of a doctored file (trusted_schema)"
        )


def wal_may_corrupt(version: tuple[int, int, int]) -> bool:
    """Say whether this SQLite can lose or corrupt what is written in WAL mode.

    References
    ----------
    "The WAL-Reset Bug", https://sqlite.org/wal.html#walresetbug: 3.7.0 to 3.51.2, repaired also
    in 3.44.6 and 3.50.7.
    """
    repaired = version >= (3, 51, 3) or any(
        branch <= version < (3, branch[1] + 1, 0) for branch in ((3, 44, 6), (3, 50, 7))
    )
    return version >= (3, 7, 0) and not repaired


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _ask(connection: sqlite3.Connection, setting: str) -> str | int | None:
    row = connection.execute(f"PRAGMA {setting}").fetchone()
    value: str | int | None = row[0] if row else None
    return value


# By the beginning of SQLite's name for the error; the first that fits.
_TROUBLES = {
    "SQLITE_FULL": Trouble(LedgerError, "the disk is full"),
    "SQLITE_READONLY_ROLLBACK": Trouble(
        LedgerError,
        "a write that was cut short must be undone first, and the file is read-only: "
        "open it once where it can be written to",
    ),
    "SQLITE_READONLY": Trouble(LedgerError, "the file, or its folder, is read-only"),
    "SQLITE_BUSY": Trouble(LedgerError, IN_USE),
    "SQLITE_CANTOPEN": Trouble(
        LedgerError,
        "the file cannot be opened, or its folder not written to: see who may read and write them",
    ),
    "SQLITE_PERM": Trouble(LedgerError, "permission denied"),
    "SQLITE_NOTADB": Trouble(
        LedgerError, "this is not an SQLite file, or its first page is damaged; nothing was changed"
    ),
    "SQLITE_CORRUPT": Trouble(
        IntegrityError, "the file is damaged; restore the ledger from a backup"
    ),
    "SQLITE_CONSTRAINT": Trouble(
        IntegrityError, "the database refused an entry that does not continue the chain"
    ),
    "SQLITE_IOERR": Trouble(
        LedgerError, "reading from the disk or writing to it failed", undone=False
    ),
}
