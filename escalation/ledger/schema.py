"""The tables, and the steps by which a database comes to have them.

The steps are SQL, one list a database (``sqlite.STEPS``, ``postgres.STEPS``), each a tuple of
statements. A step that has been released is never edited: a new schema is one more step, and
``create_ledger`` takes a database through those it has not had. ``ledger_schema`` holds one row
for each step taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from escalation.errors import IntegrityError, printable
from escalation.ledger.backend import Backend, Connection

__all__ = ["compare_parts", "installed_version", "run_step", "steps_taken"]


def installed_version(connection: Connection, backend: Backend) -> int | None:
    """Return the number of steps a database has had; None if it is another program's.

    A database without any table has had none, and may become a ledger.

    Raises
    ------
    IntegrityError
        If it has a ledger's tables, and does not say which steps it has had.
    """
    tables = [name for (name,) in connection.rows(backend.list_tables)]
    if "ledger_schema" not in tables:
        return None if tables else 0
    ((version,),) = connection.rows("SELECT max(version) FROM ledger_schema")
    if version is None or (isinstance(version, int) and version < 1):
        raise IntegrityError(
            f"{backend.name}: the database is not as it was made: ledger_schema lacks step 1"
        )
    return version if isinstance(version, int) else None


def steps_taken(connection: Connection) -> list[Any]:
    """Return the steps that a database says it has had; nothing is certain about them."""
    return [step for (step,) in connection.rows("SELECT version FROM ledger_schema")]


def run_step(connection: Connection, version: int, statements: tuple[str, ...]) -> None:
    """Take a database from the schema before ``version`` to it."""
    for statement in statements:
        connection.rows(statement)
    connection.add("INSERT INTO ledger_schema (version) VALUES (?)", [(version,)])


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
