"""Where the tests keep a ledger, on either database, and the ways around its program."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from escalation.ledger import Draft, Entry, Ledger

DATABASE_ERRORS = (sqlite3.Error, psycopg.Error)
AT = datetime(2026, 11, 24, 23, 32, 1, 123456, tzinfo=UTC)


def drafts(*numbers: int) -> list[Draft]:
    return [
        Draft(kind="subject-dosed", version=1, data={"subject": f"S{n:03}", "dose": n / 4})
        for n in numbers
    ]


def record(
    ledger: Ledger, trial: str, *numbers: int, new: bool = False, **also: Any
) -> list[Entry]:
    """Record one entry for each number, a minute after another."""
    with ledger.writing(trial, new=new) as writer:
        made: list[Entry] = []
        seq = len(writer.entries())
        for number in numbers:
            at = AT + timedelta(minutes=seq)
            by = {"recorded_at": at, "recorded_by": "Ada Lovelace", **also}
            made += writer.append(drafts(number), after=seq, **by)
            seq += 1
    return made


# An entry made of the second of trial T, put where ``step`` and ``prev`` say.
NEXT = (
    "INTO entries SELECT trial, seq + {step}, recorded_at, recorded_by, kind, version, data, "
    "request_id, {prev} FROM entries WHERE trial = 'T' AND seq = 2"
)


class Place(ABC):
    """An empty place for one ledger."""

    target: str

    @abstractmethod
    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as anyone could who has the database but not this program."""

    @abstractmethod
    def triggers_off(self) -> None: ...

    @abstractmethod
    def triggers_on(self) -> None: ...

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """Take the triggers away, and put them back as if nothing had happened."""
        self.triggers_off()
        try:
            yield
        finally:
            self.triggers_on()

    def update(self, column: str, value: object, *, seq: int, trial: str = "T") -> None:
        """Change one column of one entry behind the ledger's back."""
        with self.unguarded():
            self.sql(
                f"UPDATE entries SET {column} = %s WHERE trial = %s AND seq = %s",  # noqa: S608
                value, trial, seq,
            )  # fmt: skip


class SQLitePlace(Place):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.target = str(path)
        self._triggers: list[tuple[str, str]] = []

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(statement.replace("%s", "?"), values).fetchall()

    def triggers_off(self) -> None:
        self._triggers = self.sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        for name, _ in self._triggers:
            self.sql(f"DROP TRIGGER {name}")

    def triggers_on(self) -> None:
        for _, statement in self._triggers:
            self.sql(statement)


class PostgresPlace(Place):
    def __init__(self, url: str) -> None:
        self.target = url
        self.schema = url.rpartition("%3D")[2]

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.target, autocommit=True) as connection:
            result = connection.execute(statement.encode(), values or None)
            return result.fetchall() if result.description else []

    def triggers_off(self) -> None:
        self._alter_triggers("DISABLE")

    def triggers_on(self) -> None:
        self._alter_triggers("ENABLE ALWAYS")

    def _alter_triggers(self, how: str) -> None:
        triggers = self.sql(
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"
        )
        self.sql("; ".join(f"ALTER TABLE {table} {how} TRIGGER {name}" for table, name in triggers))
