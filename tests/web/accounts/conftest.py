"""Accounts of the demo trial's people, at a clock of the test's own; passwords cost little."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from escalation.ledger import Ledger, sqlite
from escalation.web.accounts.book import Book, open_book
from escalation.web.accounts.gate import AccountsGate
from escalation.web.accounts.passwords import Passwords
from escalation.web.app import create_app
from escalation.web.settings import LOCAL_HOSTS, Settings
from tests.web.accounts.clock import Clock
from tests.web.conftest import NOW, TRIAL
from tests.web.forms import fields_of

PASSWORD = "a ferry, two herons and rain"  # noqa: S105
CHEAP = Passwords(time_cost=1, memory_cost=8, parallelism=1)


def totp(secret: str, at: float, step: int = 0) -> str:
    """Return a code by RFC 6238, written from its text: HMAC-SHA-1, 30 seconds, six digits."""
    key = base64.b32decode(re.sub(r"[^A-Z2-7]", "", secret))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30 + step), hashlib.sha1).digest()
    place = digest[-1] & 0xF
    return f"{(struct.unpack_from('>I', digest, place)[0] & 0x7FFFFFFF) % 1_000_000:06}"


@dataclass
class Person:
    """Somebody with a browser, a login, a password and an authenticator."""

    browser: FlaskClient
    clock: Clock
    login: str
    secret: str = ""
    password: str = PASSWORD
    codes: list[str] = field(default_factory=list)

    def code(self, step: int = 0) -> str:
        return totp(self.secret, self.clock().timestamp(), step)

    def next_code(self) -> str:
        """Return a code that has not been used, for which a person waits."""
        self.clock.move(seconds=30)
        return self.code()

    def post(self, path: str, **changed: str) -> TestResponse:
        return self.browser.post(path, data=fields_of(self.browser.get(path), **changed))

    def sign_in(self, browser: FlaskClient | None = None, **changed: str) -> TestResponse:
        browser = browser or self.browser
        given = {"login": self.login, "password": self.password, **changed}
        if "code" not in given:
            given["code"] = self.next_code()
        return browser.post("/sign-in", data=fields_of(browser.get("/sign-in"), **given))

    def join(self, link: str) -> TestResponse:
        page = self.browser.get(link)
        self.secret = re.search(r"Secret: <code>([^<]+)", page.text)[1]
        given = {"login": self.login, "password": self.password, "again": self.password}
        done = self.browser.post(link, data=fields_of(page, **given, code=self.next_code()))
        self.codes = re.findall(r"<li><code>([^<]+)", done.text)
        return done


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be written when it suits the system: no test here pulls the plug."""
    hasty = {"synchronous": ("synchronous", "OFF", 0)}
    monkeypatch.setattr(sqlite, "SETTINGS", [hasty.get(one[0], one) for one in sqlite.SETTINGS])


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> Iterator[Book]:
    book = open_book(str(tmp_path / "trials.accounts.db"), clock, CHEAP)
    yield book
    book.close()


@pytest.fixture
def accounts_app(ledger: Ledger, book: Book, clock: Clock) -> Flask:
    settings = Settings(
        db=ledger.name, secret=book.key, hosts=LOCAL_HOSTS, accounts="trials.accounts.db"
    )
    return create_app(settings, ledger, AccountsGate(book), clock=clock)


@pytest.fixture
def newcomer(accounts_app: Flask, clock: Clock) -> Callable[[str], Person]:
    """Return a function that makes a person without an account."""
    return lambda login: Person(accounts_app.test_client(), clock, login)


@pytest.fixture
def member(newcomer: Callable[[str], Person], book: Book) -> Callable[[str], Person]:
    """Return a function that makes a person of the demo trial with an account, signed in."""

    def made(name: str) -> Person:
        person = newcomer(name.lower().replace(" ", ".").replace("..", "."))
        done = person.join(f"/join/{book.invite(name, trial=TRIAL, by='office')}/")
        assert done.status_code == 200, done.text
        return person

    return made
