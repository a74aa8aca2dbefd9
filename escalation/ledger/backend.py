"""What differs between the databases a ledger can stand on; all else is written once, in store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from escalation.dataclass import dataclass
from escalation.errors import IntegrityError, LedgerError

__all__ = ["IN_USE", "Backend", "Connection", "Trouble", "find_trouble"]

IN_USE = "another program is using it and did not finish in time; try again"


class Connection(ABC):
    """One connection. Statements have ``?`` for each value, whatever the driver wants."""

    @abstractmethod
    def rows(self, statement: str, *values: Any) -> Sequence[Sequence[Any]]:
        """Run a statement, and return all that it finds."""

    @abstractmethod
    def add(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement that adds each of some rows; return how many it has added."""

    @abstractmethod
    def commit(self) -> None:
        """Keep what was done since the transaction began."""

    @abstractmethod
    def close(self) -> None:
        """Undo what is not committed, and let go of the database."""

    def read_anything(self) -> None:  # noqa: B027  # a server keeps the types and code of columns
        """Read whatever stands in the database from now on, text in no known code too."""


class Backend(ABC):
    """One database.

    Attributes
    ----------
    name : str
        What messages call it; shows no password.
    errors : tuple of type
        What its driver raises.
    steps : sequence of tuple of str
        The schema, step by step: see `schema`.
    list_tables : str
        The query for the names of all tables there are.
    lock_row : str
        What a query ends with so that nobody else writes to what it finds, where beginning to
        write does not see to that.
    to_read, to_write, to_build : tuple of str
        The statements that begin a transaction which sees one state of the database throughout;
        which writes to a trial; which changes the schema, with nobody beside it.
    has_clock : bool
        Whether it keeps time by a clock that is not this machine's.
    """

    name: str
    errors: ClassVar[tuple[type[Exception], ...]]
    steps: ClassVar[Sequence[tuple[str, ...]]]
    list_tables: ClassVar[str]
    lock_row: ClassVar[str] = ""
    to_read: ClassVar[tuple[str, ...]]
    to_write: ClassVar[tuple[str, ...]]
    to_build: ClassVar[tuple[str, ...]]
    has_clock: ClassVar[bool] = False

    @abstractmethod
    def connector(self, *, create: bool = False) -> Callable[[], Connection]:
        """Return what makes a new connection each time, with safe settings or not at all.

        Raises
        ------
        LedgerError
            If there is no database, and ``create`` is not asked for or does not help.
        """

    @abstractmethod
    def faults(self, connection: Connection) -> list[str]:
        """Return what is wrong with the database's pages, tables and triggers."""

    def hidden(self, connection: Connection) -> str | None:
        """Say what may keep entries from being found: nothing is added to a ledger like that."""
        return None

    def clock(self, connection: Connection) -> datetime:
        """Return the time by the database's own clock, where it has one."""
        raise NotImplementedError

    @abstractmethod
    def explain(self, error: BaseException) -> Trouble:
        """Say in plain words what a driver's error means."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a driver's error means.

    Attributes
    ----------
    error : type
        What to raise.
    sentence : str
        What happened, and what would help.
    undone : bool
        Whether a commit that fails in this way has certainly recorded nothing.
    """

    error: type[LedgerError | IntegrityError]
    sentence: str
    undone: bool = True


def find_trouble(troubles: Mapping[str, Trouble], code: str) -> Trouble | None:
    """Return the first trouble whose key the code begins with."""
    return next((troubles[key] for key in troubles if code.startswith(key)), None)
