"""Behind a reverse proxy: what it says of a request is believed, and what others say is not."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from werkzeug.datastructures import Headers

from escalation.ledger import Ledger
from escalation.trial.demo.script import CHAIR
from escalation.web.accounts.book import Book
from escalation.web.accounts.gate import AccountsGate
from escalation.web.app import create_app
from escalation.web.serving import Server
from escalation.web.settings import LOCAL_HOSTS, Settings
from tests.web.accounts.clock import Clock
from tests.web.accounts.conftest import PASSWORD, totp
from tests.web.conftest import TRIAL
from tests.web.serving import stop

SITE = "trials.example"
OF_PROXY = {
    "Host": SITE,
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": SITE,
}


class Answer:
    def __init__(self, found: http.client.HTTPResponse) -> None:
        self.status, self.headers = found.status, Headers(found.getheaders())
        self.text = found.read().decode()


class Wire:
    """Requests to a real server, with the headers that they are given."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if form is None else urlencode(form)
        if body is not None:
            given["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if form is None else "POST", path, body, given)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer


@pytest.fixture
def settings(ledger: Ledger, book: Book) -> Settings:
    return Settings(
        db=ledger.name,
        secret=book.key,
        hosts=(SITE,),
        base_path="/escalation",
        proxied=True,
        accounts="trials.accounts.db",
        threads=2,
    )


@pytest.fixture
def wire(settings: Settings, ledger: Ledger, book: Book, clock: Clock) -> Iterator[Wire]:
    app = create_app(settings, ledger, AccountsGate(book), clock=clock)
    yield from _served(Server(app, settings, 0))


@pytest.fixture
def bare(settings: Settings, ledger: Ledger, book: Book, clock: Clock) -> Iterator[Wire]:
    """Return a server without a proxy."""
    alone = replace(settings, proxied=False, base_path="", hosts=LOCAL_HOSTS)
    app = create_app(alone, ledger, AccountsGate(book), clock=clock)
    yield from _served(Server(app, alone, 0))


def _served(server: Server) -> Iterator[Wire]:
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Wire(server.port)
    stop(server._server, thread)
    server.close()


def token_of(answer: Answer) -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)[1]


def test_an_account_is_made_through_the_proxy(wire: Wire, book: Book, clock: Clock):
    link = f"/escalation/join/{book.invite(CHAIR, trial=TRIAL, by='office')}/"
    page = wire.ask(link, **OF_PROXY)
    assert page.status == 200
    assert f'action="{link}"' in page.text
    assert 'href="/escalation/static/style.css"' in page.text
    assert page.headers["Strict-Transport-Security"]
    assert page.headers.get("Server") is None
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    secret = re.search(r"Secret: <code>([^<]+)", page.text)[1]
    form = {
        "csrf_token": token_of(page),
        "login": "zhao.lan",
        "password": PASSWORD,
        "again": PASSWORD,
        "code": totp(secret, clock().timestamp()),
    }
    here = {**OF_PROXY, "Cookie": cookie}
    forged = wire.ask(link, form, **here, Referer="https://evil.example/")
    assert forged.status == 400
    done = wire.ask(link, form, **here, Referer=f"https://{SITE}{link}")
    assert "Your account is made" in done.text
    kept = done.headers["Set-Cookie"]
    assert "Secure" in kept
    here["Cookie"] = kept.partition(";")[0]
    assert wire.ask(f"/escalation/t/{TRIAL}/", **here).status == 200
    assert wire.ask(f"/t/{TRIAL}/", **here).status == 200  # a proxy that has taken it off
    (made,) = [entry for entry in book.journal._entries if entry.kind == "account-made"]
    assert made.payload["address"] == "192.0.2.7"


def test_the_proxy_is_not_believed_what_it_does_not_say(wire: Wire):
    odd = wire.ask("/escalation/", **OF_PROXY, X_Forwarded_Prefix="//evil.example")
    assert odd.headers["Location"] == "/escalation/sign-in"
    assert (
        wire.ask("/escalation/", **{**OF_PROXY, "X-Forwarded-Host": "evil.example"}).status == 400
    )


def test_without_a_proxy_nothing_of_it_is_believed(bare: Wire):
    found = bare.ask("/sign-in", **{**OF_PROXY, "Host": f"127.0.0.1:{bare.port}"})
    assert found.status == 200
    assert "Strict-Transport-Security" not in found.headers
    assert bare.ask("/sign-in", **OF_PROXY).status == 400


def test_what_is_too_large_is_not_read(bare: Wire):
    host = {"Host": f"localhost:{bare.port}"}
    assert bare.ask("/sign-in", **host, Cookie="x" * 40_000).status == 431
    page = bare.ask("/sign-in", **host)
    form = {"csrf_token": token_of(page), "login": "x" * 1_100_000}
    large = bare.ask("/sign-in", form, **host, Cookie=page.headers["Set-Cookie"].partition(";")[0])
    assert large.status == 413
