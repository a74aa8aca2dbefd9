"""The store: for each trial a durable list of entries that is only ever added to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import NoneType
from typing import Any, Self

from escalation.errors import ConflictError, IntegrityError, LedgerError, printable
from escalation.ledger.backend import Connection
from escalation.ledger.database import Database
from escalation.ledger.entries import COLUMNS, START, Anchor, Draft, Entry, chain
from escalation.ledger.findings import Finding
from escalation.ledger.schema import installed_version, run_step, steps_taken
from escalation.ledger.targets import find_backend
from escalation.ledger.values import check_name, check_trial, is_trial, shown

__all__ = ["Ledger", "Writer", "create_ledger", "open_ledger"]


def open_ledger(target: str, *, timeout: float = 10.0) -> Ledger:
    """Open a ledger that is there.

    Parameters
    ----------
    target : str
        A path, ``sqlite:///path`` or ``postgresql://...``.
    timeout : float
        Seconds to wait for a server, or for another program that is writing.

    Returns
    -------
    Ledger
        Closed by its ``close``, or at the end of a ``with``.

    Raises
    ------
    LedgerError
        If there is none, or it cannot be used safely.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     create_ledger(f"{folder}/trials.db").close()
    ...     with open_ledger(f"{folder}/trials.db") as ledger:
    ...         ledger.trials()
    ()
    """
    database = Database(find_backend(target, timeout))
    with database.reading() as connection:
        version, newest = _version(database, connection), len(database.backend.steps)
    if version == 0:
        raise LedgerError(f"{database.name} is empty; `escalation trial register` makes a ledger")
    if version < newest:
        raise LedgerError(
            f"{database.name} has schema {version}, and this program needs {newest}; "
            "`escalation trial register` brings it there"
        )
    return Ledger(database)


def create_ledger(target: str, *, timeout: float = 10.0) -> Ledger:
    """Make a ledger, or bring an older one to this program's schema, and open it.

    What is there already stays. Several programs may do it at the same time.

    Parameters
    ----------
    target, timeout
        As for `open_ledger`.

    Returns
    -------
    Ledger
        Closed by its ``close``, or at the end of a ``with``.

    Raises
    ------
    LedgerError
        If it cannot be made, or something else is there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with create_ledger(f"{folder}/trials.db") as ledger:
    ...         ledger.trials()
    ()
    """
    database = Database(find_backend(target, timeout), create=True)
    with database.building() as connection:
        version, steps = _version(database, connection), database.backend.steps
        for number, statements in enumerate(steps[version:], start=version + 1):
            run_step(connection, number, statements)
    return open_ledger(target, timeout=timeout)


def _version(database: Database, connection: Connection) -> int:
    """Return the schema's number, 0 where there is none yet; refuse what is not this program's."""
    version = installed_version(connection, database.backend)
    if version is None:
        raise LedgerError(f"{database.name} is another program's database; a ledger needs its own")
    newest = len(database.backend.steps)
    if version > newest:
        raise LedgerError(
            f"{database.name} was made by a later version of this program: it has schema "
            f"{version}, and this version knows {newest}"
        )
    return version


class Ledger:
    """A database of trials' entries; use it as a context manager, or ``close`` it.

    Attributes
    ----------
    name : str
        What may be shown of where it is: a path, or a URL with the password hidden.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name = database.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database, which between two calls is not open in any case."""

    def trials(self, *, recorded: bool = False) -> tuple[str, ...]:
        """Return the ids of the trials, sorted; with ``recorded``, of those that have an entry.

        This program begins a trial together with its first entry. One without was put there by
        another: `verify` reports it.
        """
        with self._database.reading() as connection:
            return _trials(connection, recorded=recorded)

    def clock(self) -> datetime | None:
        """Return the time by the server's clock; None for a file, which has none of its own."""
        if not self._database.backend.has_clock:
            return None
        with self._database.reading() as connection:
            return self._database.backend.clock(connection)

    def entries(self, trial: str, *, after: int = 0) -> list[Entry]:
        """Return a trial's entries in order, those after number ``after``.

        Raises
        ------
        LedgerError
            If there is no such trial.
        IntegrityError
            If the database is damaged. Whether the entries are those that were recorded is for
            `check_chain` to say.
        """
        with self._database.reading() as connection:
            self._check_known(connection, trial)
            return _entries(connection, trial, " AND seq > ?", after)

    def snapshot(self, *wanted: str) -> dict[str, list[Entry]]:
        """Return the entries of some trials, or of all, as they are at one moment.

        Raises
        ------
        LedgerError, IntegrityError
            As `entries`.
        """
        with self._database.reading() as connection:
            for trial in wanted:
                self._check_known(connection, trial)
            return {trial: _entries(connection, trial) for trial in wanted or _trials(connection)}

    def find_request(self, trial: str, request_id: str) -> list[Entry]:
        """Return what was recorded by the request of this id: nothing if it was not recorded.

        Raises
        ------
        LedgerError
            If there is no such trial.
        """
        check_name("request_id", request_id)
        with self._database.reading() as connection:
            self._check_known(connection, trial)
            return _entries(connection, trial, " AND request_id = ?", request_id)

    @contextmanager
    def writing(self, trial: str, *, new: bool = False) -> Iterator[Writer]:
        """Lock a trial, so that what is read and then recorded is done by nobody else meanwhile.

        On leaving, what was recorded is kept; an error, an interrupt too, undoes all of it.

        Parameters
        ----------
        trial : str
        new : bool, default: False
            Whether to begin the trial, which must not be there yet.

        Raises
        ------
        ConflictError
            If a new trial is there already.
        LedgerError
            If there is no such trial, or nothing can be recorded.
        UnknownOutcomeError
            If the database failed while committing.

        Examples
        --------
        >>> with ledger.writing("DEMO") as writer:  # doctest: +SKIP
        ...     drafts = decide(known + writer.entries(after=len(known)))
        ...     writer.append(drafts, after=41, recorded_at=now, recorded_by="Ada Lovelace")
        """
        check_trial(trial)
        with self._database.writing() as connection:
            if new:
                self._begin_trial(connection, trial)
            else:
                self._check_known(connection, trial, self._database.backend.lock_row)
            writer = Writer(connection, trial)
            yield writer
            writer.check()

    def append(
        self,
        trial: str,
        drafts: Iterable[Draft],
        *,
        after: int,
        recorded_at: datetime,
        recorded_by: str,
        request_id: str | None = None,
    ) -> list[Entry]:
        """Record entries in a transaction of their own: see `writing` and `Writer.append`."""
        with self.writing(trial) as writer:
            return writer.append(
                drafts,
                after=after,
                recorded_at=recorded_at,
                recorded_by=recorded_by,
                request_id=request_id,
            )

    def add_trials(self, chains: Mapping[str, Sequence[Entry]]) -> None:
        """Add whole trials from elsewhere, entries and hashes as they are: all of it, or nothing.

        Parameters
        ----------
        chains : mapping of str to sequence of Entry
            By trial; checked by the caller.

        Raises
        ------
        ConflictError
            If one of the trials is there already.
        """
        with self._database.writing() as connection:
            for trial, chained in chains.items():
                self._begin_trial(connection, trial)
                if chained:
                    _insert(connection, chained)

    def check(self) -> list[Finding]:
        """Return what is wrong with the database itself: its pages, tables and triggers."""
        backend = self._database.backend
        try:
            with self._database.reading() as connection:
                faults = backend.faults(connection)
                steps = steps_taken(connection)
            taken = range(1, len(backend.steps) + 1)
            unknown = [shown(step) for step in steps if step not in taken]
            faults += [f"ledger_schema holds a step {step} that does not exist" for step in unknown]
            faults += [f"ledger_schema lacks step {step}" for step in taken if step not in steps]
        except IntegrityError as error:
            faults = [str(error)]
        return [Finding(kind="storage", problem=fault) for fault in faults]

    def raw_rows(self, trial: str | None = None) -> list[dict[str, Any]]:
        """Return one trial's rows, or all, by column, as they stand in the database.

        Nothing about them is certain, not even the type of a value.
        """
        with self._database.reading() as connection:
            connection.read_anything()
            if trial is None:
                rows = connection.rows(f"{_SELECT} ORDER BY trial, seq")
            else:
                self._check_known(connection, trial)
                rows = connection.rows(f"{_SELECT} WHERE trial = ? ORDER BY seq", trial)
            return [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    def _check_known(self, connection: Connection, trial: str, lock: str = "") -> None:
        if is_trial(trial) and connection.rows(f"{_TRIALS} WHERE trial = ?{lock}", trial):
            return
        known = _trials(connection)
        if trial not in known:
            listed = printable(", ".join(known)) or "none"
            raise LedgerError(f"no trial {printable(trial)} in {self.name}; trials: {listed}")

    def _begin_trial(self, connection: Connection, trial: str) -> None:
        begin = "INSERT INTO trials (trial) VALUES (?) ON CONFLICT DO NOTHING"
        if connection.add(begin, [(trial,)]) == 0:
            raise ConflictError(f"trial {trial} is already in {self.name}")


class Writer:
    """One locked trial: what it holds stays as it is until the writer is done."""

    def __init__(self, connection: Connection, trial: str) -> None:
        self._connection = connection
        self._trial = trial
        self._head = _head(connection, trial)

    def entries(self, *, after: int = 0) -> list[Entry]:
        """Return the trial's entries in order: see `Ledger.entries`."""
        return _entries(self._connection, self._trial, " AND seq > ?", after)

    def append(
        self,
        drafts: Iterable[Draft],
        *,
        after: int,
        recorded_at: datetime,
        recorded_by: str,
        request_id: str | None = None,
    ) -> list[Entry]:
        """Record entries after the last one.

        Parameters
        ----------
        drafts : iterable of Draft
        after : int
            Number of the last entry that the writer has seen, 0 if none.
        recorded_at : datetime
            With its time zone.
        recorded_by : str
        request_id : str, optional

        Returns
        -------
        list of Entry
            As they are recorded, once the transaction is committed.

        Raises
        ------
        ConflictError
            If ``after`` is not the last entry's number.
        InputError
            For a name, a time or data that cannot be recorded.
        """
        if after != self._head.seq:
            raise ConflictError(
                f"trial {self._trial} is at entry {self._head.seq}, and this was decided at entry "
                f"{after}: see what others have recorded, then decide again"
            )
        chained = chain(
            drafts,
            trial=self._trial,
            head=self._head,
            recorded_at=recorded_at,
            recorded_by=recorded_by,
            request_id=request_id,
        )
        if chained:
            _insert(self._connection, chained)
            self._head = chained[-1].anchor
        return chained

    def check(self) -> None:
        """Refuse to commit a transaction that the database has undone, which it may do silently.

        Raises
        ------
        LedgerError
        """
        if _head(self._connection, self._trial) != self._head:
            raise LedgerError(
                f"trial {self._trial}: an error while recording was passed over, and has undone "
                "the transaction; nothing was recorded"
            )


_COLUMNS = ", ".join(COLUMNS)
_SELECT = f"SELECT {_COLUMNS} FROM entries"  # noqa: S608  # constants, here and below
_INSERT = f"INSERT INTO entries ({_COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
_TRIALS = "SELECT trial FROM trials"
_WITH_ENTRIES = " WHERE EXISTS (SELECT 1 FROM entries WHERE entries.trial = trials.trial)"


def _trials(connection: Connection, *, recorded: bool = False) -> tuple[str, ...]:
    rows = connection.rows(_TRIALS + _WITH_ENTRIES * recorded)
    return tuple(sorted(str(trial) for (trial,) in rows))


def _head(connection: Connection, trial: str) -> Anchor:
    last = connection.rows(f"{_SELECT} WHERE trial = ? ORDER BY seq DESC LIMIT 1", trial)
    return _entry(last[0]).anchor if last else START


def _insert(connection: Connection, chained: Sequence[Entry]) -> None:
    connection.add(_INSERT, chained)


def _entries(connection: Connection, trial: str, also: str = "", *values: object) -> list[Entry]:
    query = f"{_SELECT} WHERE trial = ?{also} ORDER BY seq"
    return list(map(_entry, connection.rows(query, trial, *values)))


_TEXTS = (str, int, str, str, str, int, str, str, str, str)
_TYPES = {_TEXTS, (*_TEXTS[:7], NoneType, *_TEXTS[8:])}  # with a request id, and without


def _entry(row: Sequence[Any]) -> Entry:
    if tuple(map(type, row)) not in _TYPES:
        raise IntegrityError(
            f"trial {row[0]}: entry {row[1]!a} is not as it was recorded; "
            "`escalation trial verify` lists everything that is wrong"
        )
    return Entry._make(row)
