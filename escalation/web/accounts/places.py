"""Where accounts and their journal are: two files, or two schemas of a PostgreSQL database."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import make_url

from escalation.errors import InputError, printable
from escalation.ledger.targets import find_backend
from escalation.web.accounts.database import Database

__all__ = ["beside", "prepare"]

ACCOUNTS, ACCESS = "escalation_accounts", "escalation_access"  # schemas of a PostgreSQL database


def beside(target: str) -> tuple[str, str]:
    """Return where the accounts and their journal are, given what ``--accounts`` names.

    Examples
    --------
    >>> beside("trials.accounts.db")
    ('trials.accounts.db', 'trials.access.db')
    """
    if "://" in target:
        if target.startswith("sqlite:"):
            raise InputError("--accounts takes a path or postgresql://...; give the path alone")
        return _in_schema(target, ACCOUNTS), _in_schema(target, ACCESS)
    path = Path(target)
    stem = path.name.removesuffix(".db").removesuffix(".accounts")
    return target, str(path.with_name(f"{stem}.access.db"))


def _in_schema(target: str, schema: str) -> str:
    find_backend(target, 1)  # says what is wrong with the URL
    url = make_url(target)
    if "options" in url.query:
        raise InputError("the URL of --accounts names options of its own; leave them out")
    url = url.update_query_dict({"options": f"-csearch_path={schema}"})
    return url.render_as_string(hide_password=False)


def prepare(target: str) -> None:
    """Make files that only their owner can read, or the schemas.

    Raises
    ------
    LedgerError
        If the database cannot be used.
    InputError
        If a file cannot be made.
    """
    if "://" in target:
        with Database(target, create=True).building() as connection:
            for schema in (ACCOUNTS, ACCESS):
                connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        return
    for place in beside(target):
        try:
            os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(
                f"{printable(place)} cannot be made: {error.strerror or error}"
            ) from error
