"""Where a ledger is: a path, ``sqlite:///path`` or ``postgresql://...``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from escalation.errors import LedgerError, printable
from escalation.ledger.backend import Backend
from escalation.ledger.sqlite import SQLite

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["find_backend"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET = re.compile(r"(?i)\w:/+[^/]*@|\b(password|passwd|pwd)\s*=|\bpostgres\w*:")
_FORMS = "a ledger is a path, sqlite:///path or postgresql://user:password@host/database"


def find_backend(target: str, timeout: float, *, file: type[SQLite] = SQLite) -> Backend:
    """Return the database that a target names, without touching it yet.

    Parameters
    ----------
    target : str
    timeout : float
        Seconds to wait for a server, or for another program that is writing.
    file : type
        What opens a file.

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
        return file(_path(target), timeout)
    match found[1].lower():
        case "sqlite":
            slashed = target[found.end() :]
            if "?" in slashed or not f"{slashed}/".startswith("/"):
                raise LedgerError(f"sqlite:// takes a path and nothing else; {_FORMS}")
            return file(_path(slashed[1:]), timeout)
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
    from sqlalchemy import make_url  # noqa: PLC0415  # only where there is a server
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

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
