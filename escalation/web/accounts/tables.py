"""What is kept of accounts, and changes: tables of a database that holds nothing else.

Times are texts in UTC as in the ledger, so that they sort. Of what lets somebody in only hashes are
kept; the secret of an authenticator is encrypted with the key in ``keys``.
"""

from __future__ import annotations

import secrets

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
)

from escalation.errors import LedgerError
from escalation.web.accounts.database import Database

__all__ = [
    "accounts",
    "bindings",
    "failures",
    "invitations",
    "open_tables",
    "read_key",
    "recovery_codes",
    "sessions",
]

VERSION = 1
_all = MetaData()

schema = Table("accounts_schema", _all, Column("version", Integer, primary_key=True))
keys = Table("keys", _all, Column("name", Text, primary_key=True), Column("value", Text))
accounts = Table(
    "accounts",
    _all,
    Column("id", Text, primary_key=True),
    Column("login", Text, nullable=False, unique=True),  # as it is compared
    Column("shown", Text, nullable=False),  # as it was written
    Column("password", Text, nullable=False),
    Column("totp", Text, nullable=False),
    Column("counter", Integer, nullable=False),  # of the last code that was accepted
    Column("made", Text, nullable=False),
)
recovery_codes = Table(
    "recovery_codes",
    _all,
    Column("hash", Text, primary_key=True),
    Column("account", ForeignKey(accounts.c.id), nullable=False, index=True),
)
sessions = Table(
    "sessions",
    _all,
    Column("key", Text, primary_key=True),
    Column("account", ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("begun", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("browser", Text, nullable=False),
    Column("data", Text, nullable=False),
)
bindings = Table(
    "bindings",
    _all,
    Column("id", Text, primary_key=True),
    Column("account", ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("trial", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("ended", Text),
)
Index("one_account_a_name", bindings.c.trial, bindings.c.name,
      unique=True, sqlite_where=bindings.c.ended.is_(None),
      postgresql_where=bindings.c.ended.is_(None))  # fmt: skip
Index("one_name_an_account", bindings.c.account, bindings.c.trial,
      unique=True, sqlite_where=bindings.c.ended.is_(None),
      postgresql_where=bindings.c.ended.is_(None))  # fmt: skip
invitations = Table(
    "invitations",
    _all,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("trial", Text),  # none: every trial that the person registered or chairs
    Column("name", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("used", Text),
)
failures = Table(
    "failures",
    _all,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, index=True),  # a hash of the login or the address
    Column("at", Text, nullable=False),
)


def open_tables(target: str) -> Database:
    """Open the database of accounts; its tables are made where there are none.

    Raises
    ------
    LedgerError
        If it cannot be used, or something else is there.
    """
    making = Database(target, create=True)
    with making.building() as connection:
        found = set(inspect(connection).get_table_names())
        if schema.name not in found:
            if found:
                raise LedgerError(
                    f"{making.name} holds something else; accounts need a database of their own"
                )
            _all.create_all(connection)
            connection.execute(insert(schema), [{"version": VERSION}])
            key = {"name": "secret", "value": secrets.token_hex(32)}
            connection.execute(insert(keys), [key])
        version = connection.execute(select(schema.c.version)).scalar_one()
        if version != VERSION:
            raise LedgerError(
                f"{making.name} has version {version}, and this program knows {VERSION}"
            )
    return Database(target)  # which makes no new file where it has gone


def read_key(connection: Connection) -> bytes:
    """Return the key that forms' tokens and authenticators' secrets rest on."""
    found = connection.execute(select(keys.c.value).where(keys.c.name == "secret")).scalar_one()
    return bytes.fromhex(found)
