"""The database of accounts: a ledger's settings and transactions, in the words of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import cast

from sqlalchemy import Connection

from escalation.ledger import backend, database
from escalation.ledger.alchemy import Alchemy, AlchemySQLite
from escalation.ledger.targets import find_backend

__all__ = ["Database"]


class Database:
    """Where accounts are.

    Parameters
    ----------
    target : str
        A path or ``postgresql://...``.
    create : bool, default: False
        Whether to make a file that is not there.
    """

    def __init__(self, target: str, *, create: bool = False) -> None:
        self._database = database.Database(
            find_backend(target, 10, file=AlchemySQLite), create=create
        )
        self.name = self._database.name

    def reading(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that sees one state of the database throughout."""
        return _of_sqlalchemy(self._database.reading())

    def writing(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that writes; it is committed on leaving, or undone by an error."""
        return _of_sqlalchemy(self._database.writing())

    def building(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that changes the schema, with nobody beside it."""
        return _of_sqlalchemy(self._database.building())


@contextmanager
def _of_sqlalchemy(
    transaction: AbstractContextManager[backend.Connection],
) -> Iterator[Connection]:
    with transaction as connection:
        yield cast(Alchemy, connection).connection
