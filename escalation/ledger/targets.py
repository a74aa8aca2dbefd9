"""Where a ledger is: a path, ``sqlite:///path`` or ``postgresql://...``."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from escalation.errors import LedgerError, printable
from escalation.ledger.backend import Backend
from escalation.ledger.sqlite import SQLite

__all__ = ["find_backend"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET = re.compile(r"(?i)\w:/+[^/]*@|\b(password|passwd|pwd)\s*=|\bpostgres\w*:")
_FORMS = "a ledger is a path, sqlite:///path or postgresql://user:password@host/database"


def find_backend(target: str, timeout: float) -> Backend:
    """Return the database that a target names, without touching it yet.

    Raises
    ------
    LedgerError
        If it names none, or the driver is not installed.
    """
    if not isinstance(target, str):
        raise LedgerError(
            f"a ledger is named by a text, a file or postgresql://..., not {target!r}"
        )
    target = target.strip()
    if "\0" in target:  # libpq would read a name up to there
        raise LedgerError(f"the name of a ledger holds a NUL; {_FORMS}")
    found = _SCHEME.match(target)
    if found is None:
        if _SECRET.search(target):
            raise LedgerError(
                f"this names no ledger, and is not shown as it may hold a password; {_FORMS}"
            )
        return SQLite(_path(target), timeout)
    match found[1].lower():
        case "sqlite":
            url = _parse(target)
            if url.host or url.query:
                raise LedgerError(f"sqlite:// takes a path and nothing else; {_FORMS}")
            return SQLite(_path(url.database or ""), timeout)
        case "postgresql" | "postgres" | "postgresql+psycopg":
            try:  # psycopg is an extra, and takes a while to load
                from escalation.ledger.postgres import PostgreSQL  # noqa: PLC0415
            except ImportError as error:
                raise LedgerError(
                    "PostgreSQL needs psycopg: pip install 'escalation[postgres]'"
                ) from error
            return PostgreSQL(_parse(target), timeout)
        case other:
            raise LedgerError(f"{other}:// is not a place for a ledger; {_FORMS}")


def _path(text: str) -> Path:
    if not text or text == ":memory:":
        raise LedgerError(f'"{printable(text)}" names no file; {_FORMS}')
    return Path(text)


def _parse(target: str) -> URL:
    """Read a URL. No message shows it: it may hold a password."""
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or ""):
        raise LedgerError(
            f"this URL cannot be read; {_FORMS}. In a user's name or a password write "
            "@ as %40, / as %2F, : as %3A"
        )
    return url
