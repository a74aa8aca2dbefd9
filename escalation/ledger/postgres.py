"""A ledger on a PostgreSQL server: with the settings that lose nothing, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from escalation.errors import IntegrityError, LedgerError, printable
from escalation.ledger.alchemy import Alchemy
from escalation.ledger.backend import IN_USE, Backend, Connection, Trouble, find_trouble
from escalation.ledger.postgres_schema import DESCRIBE, PARTS, STEPS
from escalation.ledger.schema import compare_parts

__all__ = ["SETTINGS", "PostgreSQL"]

# What is demanded of the server, seen from every connection: the setting and its safe values.
SETTINGS = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
    "server_encoding": ("UTF8",),
}


class PostgreSQL(Backend):
    """A database on a server.

    Parameters
    ----------
    url : sqlalchemy.URL
    timeout : float
        Seconds to wait for the server, and for another program that is writing.
    """

    errors = (SQLAlchemyError, UnicodeDecodeError)
    steps = STEPS
    list_tables = (
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND nspname <> 'pg_catalog' "
        "AND pg_table_is_visible(pg_class.oid)"
    )
    lock_row = " FOR UPDATE"
    has_clock = True
    to_read = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",)
    to_write = ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED",)
    to_build = (*to_write, f"SELECT pg_advisory_xact_lock({0x6C6564676572})")  # "ledger"

    def __init__(self, url: URL, timeout: float) -> None:
        secret = {key: "***" for key in url.query if "pass" in key.lower()}
        shown = url.set(drivername="postgresql").update_query_dict(secret)
        self.name = printable(shown.render_as_string(hide_password=True))
        self._url = url.set(drivername="postgresql+psycopg")
        self._timeout = timeout

    def connector(self, *, create: bool = False) -> Callable[[], Connection]:
        """Return what connects to the database, which must be there."""
        engine = create_engine(self._url, poolclass=NullPool)
        event.listen(engine, "do_connect", self._connect)
        return lambda: Alchemy(engine.connect())

    def _connect(
        self, dialect: object, record: object, arguments: Any, options: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        options.setdefault("connect_timeout", max(2, ceil(self._timeout)))
        options["client_encoding"] = "utf8"
        context = options.pop("context", None)  # SQLAlchemy's own
        # as one string, by which a URL can ask nothing of psycopg itself, such as autocommit
        connection = psycopg.connect(make_conninfo(*arguments, **options), context=context)
        try:
            self._demand_settings(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _demand_settings(self, connection: psycopg.Connection[Any]) -> None:
        milliseconds = max(1, round(1000 * self._timeout))  # 0 would never end
        connection.execute(f"SET lock_timeout = {milliseconds}")
        for setting, safe in SETTINGS.items():
            (value,) = connection.execute(f"SHOW {setting}").fetchone() or ("unknown",)
            if value not in safe:
                raise LedgerError(
                    f"{self.name}: the server has the setting {setting} = {value}, under which "
                    f"entries could be lost; a ledger needs {setting} = {safe[0]}"
                )
        connection.commit()

    def faults(self, connection: Connection) -> list[str]:
        """Return what is wrong with the tables, triggers and functions."""
        return compare_parts(connection.rows(DESCRIBE), PARTS)

    def clock(self, connection: Connection) -> datetime:
        """Return the time by the server's clock."""
        at: datetime
        ((at,),) = connection.rows("SELECT clock_timestamp()")
        return at

    def explain(self, error: BaseException) -> Trouble:
        """Say in plain words what an error of psycopg means."""
        sqlstate = getattr(error, "sqlstate", None) or "08"  # psycopg's own word: no connection
        trouble = find_trouble(_TROUBLES, sqlstate) or Trouble(LedgerError, "the server refused")
        return replace(trouble, sentence=f"{trouble.sentence} ({_detail(error)})")


def _detail(error: BaseException) -> str:
    """Return the server's or the library's own words, which never hold a password."""
    diagnosis = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return printable((diagnosis or str(error)).strip().partition("\n")[0])


# By the beginning of the error's SQLSTATE; the first that fits.
_TROUBLES = {
    "08": Trouble(LedgerError, "the server cannot be reached, or has gone", undone=False),
    "23": Trouble(IntegrityError, "the database refused an entry"),
    "25006": Trouble(LedgerError, "the database is read-only"),
    "28": Trouble(LedgerError, "the server does not let this user in"),
    "40": Trouble(LedgerError, "another program was in the way; try again"),
    "42501": Trouble(LedgerError, "this user may not do that in the database"),
    "42": Trouble(IntegrityError, "the database is not as it was made"),
    "53100": Trouble(LedgerError, "the server's disk is full"),
    "53": Trouble(LedgerError, "the server has no room for more work now; try again"),
    "55P03": Trouble(LedgerError, IN_USE),
    "57P": Trouble(LedgerError, "the server is stopping or starting", undone=False),
    "XX001": Trouble(IntegrityError, "the database is damaged; restore it from a backup"),
    "XX002": Trouble(IntegrityError, "an index of the database is damaged; rebuild it"),
}
