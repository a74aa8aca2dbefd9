"""SQLAlchemy's connections: to a server, and to a file that has more tables than a ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from escalation.ledger.backend import Connection
from escalation.ledger.sqlite import SQLite

__all__ = ["Alchemy", "AlchemySQLite"]


class Alchemy(Connection):
    """A connection of SQLAlchemy's to a server, whose driver wants ``%s`` for a value.

    Attributes
    ----------
    connection : sqlalchemy.Connection
    """

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self.connection = connection

    def rows(self, statement: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Run a statement, and return all that it finds."""
        result = self.connection.exec_driver_sql(statement.replace("?", "%s"), values or None)
        return result.fetchall() if result.returns_rows else ()

    def add(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement that adds each of some rows; return how many it has added."""
        values = [tuple(row) for row in rows]
        return self.connection.exec_driver_sql(statement.replace("?", "%s"), values).rowcount

    def commit(self) -> None:
        """Keep what was done since the transaction began."""
        self.connection.commit()

    def close(self) -> None:
        """Undo what is not committed, and let go of the database."""
        self.connection.close()


class AlchemySQLite(SQLite):
    """A file with a ledger's settings and transactions, for statements of SQLAlchemy's."""

    errors = (SQLAlchemyError, *SQLite.errors)

    def connector(self, *, create: bool = False) -> Callable[[], Connection]:
        """Return what opens the file, which is made only if ``create`` is asked for."""
        opener = self.opener(create=create)
        engine = sqlalchemy.create_engine("sqlite://", creator=opener, poolclass=NullPool)
        return lambda: Alchemy(engine.connect())
