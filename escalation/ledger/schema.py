"""The tables, and the steps by which a database comes to have them.

The steps are SQL, one list a database (``sqlite.STEPS``, ``postgres.STEPS``), each a tuple of
statements. A step that has been released is never edited: a new schema is one more step, and
``create_ledger`` takes a database through those it has not had. ``ledger_schema`` holds one row
for each step taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, func, inspect, select

from escalation.errors import printable

__all__ = ["compare_parts", "entries", "installed_version", "ledger_schema", "run_step", "trials"]

metadata = MetaData()

trials = Table("trials", metadata, Column("trial", Text, primary_key=True))

entries = Table(
    "entries",
    metadata,
    Column("trial", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("recorded_at", Text),
    Column("recorded_by", Text),
    Column("kind", Text),
    Column("version", Integer),
    Column("data", Text),
    Column("request_id", Text),
    Column("prev_hash", Text),
    Column("hash", Text),
)

ledger_schema = Table(
    "ledger_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)


def installed_version(connection: Connection) -> int | None:
    """Return the number of steps a database has had; None if it is another program's.

    A database without any table has had none, and may become a ledger.
    """
    tables = inspect(connection).get_table_names()
    if ledger_schema.name in tables:
        version = connection.scalar(select(func.max(ledger_schema.c.version))) or 0
        return version if isinstance(version, int) else None
    return None if tables else 0


def run_step(connection: Connection, version: int, statements: tuple[str, ...]) -> None:
    """Take a database from the schema before ``version`` to it."""
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.execute(ledger_schema.insert(), {"version": version})


def compare_parts(found: Iterable[Any], right: Mapping[str, str]) -> list[str]:
    """Return how a database's tables and triggers differ from a ledger's.

    Parameters
    ----------
    found : iterable of (str, str or None)
        Name and definition of each part there is, as ``trigger entries_continue``.
    right : mapping of str to str
        The definitions of the parts there should be, by name.
    """
    there = dict(map(tuple, found))
    return [
        *(f"{name} is missing" for name in right if name not in there),
        *(f"{printable(name)} is not the ledger's" for name in there if name not in right),
        *(f"{name} was altered" for name in right if name in there and there[name] != right[name]),
    ]
