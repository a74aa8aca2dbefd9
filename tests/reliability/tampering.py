"""Change the rows of a ledger behind its back, so that only the rows betray it.

Whoever has the database can take its guards away and put them back; that is what is done here.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from escalation.ledger.entries import COLUMNS, GENESIS, HASHED, hash_entry

__all__ = ["PostgresTable", "Row", "SQLiteTable", "Table", "flip_bit", "rechain", "renumber"]

Row = dict[str, Any]

_NAMES = ", ".join(COLUMNS)


class Table(ABC):
    """The entries of one ledger."""

    @abstractmethod
    def replace(self, rows: Sequence[Row]) -> None:
        """Put these rows in place of all that are there."""

    @abstractmethod
    def put_back(self) -> None:
        """Make the ledger what it was when this object was made."""

    @abstractmethod
    def update(self, seq: int, column: str, value: int | bytes) -> bool:
        """Change one value; return whether the database, its guards away, takes it."""


class SQLiteTable(Table):
    """The entries in an SQLite file; no other program has it open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._original = path.read_bytes()

    def put_back(self) -> None:
        self._path.write_bytes(self._original)

    def replace(self, rows: Sequence[Row]) -> None:
        with self._unguarded() as connection:
            connection.execute("DELETE FROM entries")
            for row in rows:
                connection.execute(
                    f"INSERT INTO entries ({_NAMES}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
                    [row[name] for name in COLUMNS],
                )

    def update(self, seq: int, column: str, value: int | bytes) -> bool:
        holder = "?" if isinstance(value, int) else "CAST(? AS TEXT)"
        try:
            with self._unguarded() as connection:
                connection.execute(
                    f"UPDATE entries SET {column} = {holder} WHERE seq = ?",  # noqa: S608
                    (value, seq),
                )
        except sqlite3.IntegrityError:  # the number of another entry
            return False
        return True

    @contextmanager
    def _unguarded(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA journal_mode=MEMORY")
            connection.execute("BEGIN")
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master "
                "WHERE type = 'trigger' AND tbl_name = 'entries'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            yield connection
            for _, statement in triggers:
                connection.execute(statement)
            connection.execute("COMMIT")


class PostgresTable(Table):
    """The entries on a PostgreSQL server; keep it as a context manager, which ends its session."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._connection.execute("SET synchronous_commit = off")  # a forger need not be safe
        cursor = self._connection.execute(f"SELECT {_NAMES} FROM entries")  # noqa: S608
        self._original = [dict(zip(COLUMNS, row, strict=True)) for row in cursor]
        self._connection.commit()

    def __enter__(self) -> PostgresTable:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def put_back(self) -> None:
        self.replace(sorted(self._original, key=lambda row: row["seq"]))

    def replace(self, rows: Sequence[Row]) -> None:
        with self._unguarded() as connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM entries")
            cursor.executemany(
                f"INSERT INTO entries ({_NAMES}) VALUES ({', '.join(['%s'] * len(COLUMNS))})",  # noqa: S608
                [[row[name] for name in COLUMNS] for row in rows],
            )

    def update(self, seq: int, column: str, value: int | bytes) -> bool:
        try:
            new = value if isinstance(value, int) else value.decode()
            with self._unguarded() as connection:
                connection.execute(
                    f"UPDATE entries SET {column} = %s WHERE seq = %s",  # noqa: S608
                    (new, seq),
                )
        except (UnicodeDecodeError, psycopg.Error):
            return False
        return True

    @contextmanager
    def _unguarded(self) -> Iterator[psycopg.Connection[Any]]:
        guards = ("entries_no_changes", "entries_continue")
        with self._connection.transaction():
            self._connection.execute("ALTER TABLE entries DISABLE TRIGGER ALL")
            yield self._connection
            self._connection.execute("ALTER TABLE entries ENABLE TRIGGER ALL")
            for guard in guards:
                self._connection.execute(f"ALTER TABLE entries ENABLE ALWAYS TRIGGER {guard}")


def flip_bit(value: int | str, random: Callable[[int], int], *, n_bits: int) -> int | bytes:
    """Return a value with one bit the other way round.

    Parameters
    ----------
    value : int or str
        A text as its bytes in UTF-8.
    random : callable
        From n to a number below n.
    n_bits : int
        Of a whole number in this database.
    """
    if isinstance(value, str):
        content = bytearray(value.encode())
        at = int(random(8 * len(content)))
        content[at // 8] ^= 1 << at % 8
        return bytes(content)
    width = n_bits // 8
    held = int.from_bytes(value.to_bytes(width, signed=True)) ^ (1 << int(random(n_bits)))
    return int.from_bytes(held.to_bytes(width), signed=True)


def renumber(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with numbers 1, 2, 3 ... in the order given, and all else as it is."""
    return [{**row, "seq": seq} for seq, row in enumerate(rows, start=1)]


def rechain(rows: Sequence[Row]) -> list[Row]:
    """Return the rows as a chain that is whole in itself, as a forger who knows how makes it."""
    chained, last = [], GENESIS
    for row in renumber(rows):
        columns = {name: row[name] for name in HASHED} | {"prev_hash": last}
        last = hash_entry(columns)
        chained.append({**columns, "hash": last})
    return chained
