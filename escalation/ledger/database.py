"""Transactions: whole or not at all, and when one fails, what became of the data in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Literal

from escalation.errors import EscalationError, IntegrityError, UnknownOutcomeError
from escalation.ledger.backend import Backend, Connection

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
        self._connect = backend.connector(create=create)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a transaction that sees one state of the database throughout."""
        with self._begun("reading", self.backend.to_read) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction that writes; it is committed on leaving, or undone by an error."""
        with self._begun("writing", self.backend.to_write) as connection:
            hidden = self.backend.hidden(connection)
            if hidden is not None:
                raise IntegrityError(
                    f"{self.backend.name}: {hidden}, so that entries may not be found; nothing was "
                    "recorded. See `escalation trial verify`, and restore the ledger from a backup"
                )
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
        with self._plain_errors(phase), closing(self._connect()) as connection:
            for statement in statements:
                connection.rows(statement)
            yield connection

    def _commit(self, connection: Connection) -> None:
        with self._plain_errors("committing"):
            connection.commit()

    @contextmanager
    def _plain_errors(self, phase: _Phase) -> Iterator[None]:
        """Turn every driver's error into ours: here, and nowhere else."""
        try:
            yield
        except self.backend.errors as error:
            raise self._in_plain_words(error, phase) from error

    def _in_plain_words(self, error: Exception, phase: _Phase) -> EscalationError:
        trouble = self.backend.explain(getattr(error, "orig", None) or error)  # SQLAlchemy wraps it
        said = f"{self.backend.name}: {trouble.sentence}"
        if phase == "reading":
            return trouble.error(said)
        if phase == "writing" or trouble.undone:
            return trouble.error(f"{said}; nothing was recorded")
        return UnknownOutcomeError(
            f"{said}, while recording: it may or may not have been recorded; repeat with the same "
            "--request-id, and it is recorded once"
        )
