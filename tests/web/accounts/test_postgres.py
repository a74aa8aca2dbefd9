"""Accounts and their journal on PostgreSQL: two schemas beside whatever else the database holds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from escalation.errors import EscalationError
from escalation.ledger import create_ledger, verify
from escalation.web.accounts.book import NotProvenError, open_book
from escalation.web.accounts.places import beside
from escalation.web.sessions import Kept
from tests.ledger.postgres_server import PostgresServer, running_server
from tests.web.accounts.clock import Clock
from tests.web.accounts.conftest import CHEAP, PASSWORD, totp
from tests.web.conftest import NOW, TRIAL

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield server


def test_an_account_from_invitation_to_session(server: PostgresServer):
    create_ledger(server.url()).close()  # trials in the same database
    clock = Clock(NOW)
    book = open_book(server.url(), clock, CHEAP)
    token = book.invite("Zhao Lan", trial=TRIAL, by="office")
    kept = book.authenticator.generate_totp_secret()
    secret = book.authenticator.written(kept)

    def code() -> str:
        clock.move(seconds=30)
        return totp(secret, clock().timestamp())

    account, codes = book.make_account(
        token,
        [(TRIAL, "Zhao Lan")],
        login="zhao.lan",
        password=PASSWORD,
        secret=kept,
        code=code(),
        address="192.0.2.1",
    )
    assert len(codes) == 10
    with pytest.raises(NotProvenError):
        book.sign_in("zhao.lan", PASSWORD, "000000", "192.0.2.1")
    with pytest.raises(NotProvenError):
        book.sign_in("zhao\0lan", PASSWORD, "000000", "192.0.2.1")  # the server takes no such text
    book.end_session(account, "\0", "192.0.2.1")
    once = code()

    def attempt(_: int) -> bool:
        try:
            book.sign_in("zhao.lan", PASSWORD, once, "192.0.2.1")
        except EscalationError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    book.add(Kept(key="k", owner=account.id, begun=clock(), seen=clock(), data={"a": 1}))
    assert book.find("k").data == {"a": 1}
    assert [one.key for one in book.sessions_of(account.id)] == ["k"]
    again = open_book(server.url(), clock, CHEAP)  # another process
    assert again.bindings_of(account.id)[0].name == "Zhao Lan"
    assert again.key == book.key
    kinds = [one.kind for one in again.journal.read()]
    assert kinds[:4] == ["journal-begun", "invited", "account-made", "bound"]
    assert kinds.count("signed-in") == 1
    book.close()
    again.close()
    with create_ledger(beside(server.url())[1]) as journal:
        assert verify(journal) == []
