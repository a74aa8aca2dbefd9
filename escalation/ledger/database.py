"""Transactions: whole or not at all, and when one fails, what became of the data in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from escalation.errors import EscalationError, UnknownOutcomeError
from escalation.ledger.backend import Backend

__all__ = ["Database"]

_Phase = Literal["reading", "writing", "committing"]


class Database:
    """A backend and its connections, each of them used for one transaction.

    So nothing stays open between two calls, no connection goes stale, threads share none, and the
    settings are checked each time.
    """

    def __init__(self, backend: Backend, *, create: bool = False) -> None:
        self.backend = backend
        self.name = backend.name
        self._engine = backend.engine(create=create)

    def close(self) -> None:
        """Let go of what the engine holds."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a transaction that sees one state of the database throughout."""
        with self._begun("reading", self.backend.to_read) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction that writes; it is committed on leaving, or undone by an error."""
        with self._begun("writing", self.backend.to_write) as connection:
            yield connection
            self._commit(connection)

    @contextmanager
    def building(self) -> Iterator[Connection]:
        """Begin a transaction that changes the schema, with nobody beside it."""
        with self._begun("writing", self.backend.to_build) as connection:
            yield connection
            self._commit(connection)

    @contextmanager
    def _begun(self, phase: _Phase, statements: tuple[str, ...]) -> Iterator[Connection]:
        """Open a connection and a transaction; what is not committed is undone on leaving."""
        with self._plain_errors(phase), self._engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            yield connection

    def _commit(self, connection: Connection) -> None:
        with self._plain_errors("committing"):
            connection.commit()

    @contextmanager
    def _plain_errors(self, phase: _Phase) -> Iterator[None]:
        """Turn every driver's error into ours: here, and nowhere else."""
        try:
            yield
        except (SQLAlchemyError, UnicodeDecodeError) as error:  # a damaged schema, quoted by SQLite
            raise self._in_plain_words(error, phase) from error

    def _in_plain_words(
        self, error: SQLAlchemyError | UnicodeDecodeError, phase: _Phase
    ) -> EscalationError:
        trouble = self.backend.explain(getattr(error, "orig", None) or error)
        said = f"{self.backend.name}: {trouble.sentence}"
        if phase == "reading":
            return trouble.error(said)
        if phase == "writing" or trouble.undone:
            return trouble.error(f"{said}; nothing was recorded")
        return UnknownOutcomeError(
            f"{said}, while recording: it may or may not have been recorded; repeat with the same "
            "--request-id, and it is recorded once"
        )
