"""An account from invitation to sign-out, in a browser, by keyboard and buttons alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from escalation.ledger import Ledger
from escalation.trial.demo.script import CHAIR, SITE
from escalation.web.accounts.book import Book, open_book
from escalation.web.accounts.gate import AccountsGate
from escalation.web.app import create_app
from escalation.web.settings import LOCAL_HOSTS, Settings
from tests.web.accounts.clock import Clock
from tests.web.accounts.conftest import CHEAP, PASSWORD, totp
from tests.web.browser.conftest import PHONE
from tests.web.browser.hands import violations
from tests.web.conftest import NOW, TRIAL
from tests.web.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
WAYS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": PHONE},
    "dark": {"viewport": PHONE, "color_scheme": "dark"},
}


@contextmanager
def opened(
    chromium: Browser, ledger: Ledger, folder: Path, **options: Any
) -> Iterator[tuple[Page, Book, Clock]]:
    clock = Clock(NOW)
    book = open_book(str(folder / "trials.accounts.db"), clock, CHEAP)
    settings = Settings(db=ledger.name, secret=book.key, hosts=LOCAL_HOSTS, accounts="x")
    app = create_app(settings, ledger, AccountsGate(book), clock=clock)
    with serving(app) as address:
        context = chromium.new_context(base_url=address, **options)
        yield context.new_page(), book, clock
        context.close()
    book.close()


def check(page: Page, name: str) -> None:
    """Find nothing that keeps somebody out, nothing wider than the window; keep a picture."""
    folder = os.environ.get("ESCALATION_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    found = violations(page)
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= shown, name


@pytest.mark.parametrize("way", WAYS)
def test_every_page_of_accounts_can_be_used_by_everybody(
    chromium: Browser, ledger: Ledger, tmp_path: Path, way: str
):
    with opened(chromium, ledger, tmp_path, **WAYS[way]) as (page, book, clock):
        link = f"/join/{book.invite(CHAIR, trial=None, by='nobody')}/"
        page.goto(link)
        check(page, f"join-{way}")
        secret = page.locator("figcaption code").inner_text()
        picture = page.locator("img.qr").evaluate("img => img.naturalWidth")
        assert picture > 0
        page.get_by_label("Login").fill("zhao.lan@hospital.example")
        page.get_by_label("Password", exact=True).fill("too short")
        page.get_by_label("Password again").fill("too short")
        page.get_by_label("Code").fill("1")
        page.get_by_role("button", name="Make the account").press("Enter")
        check(page, f"join-refused-{way}")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password again").fill(PASSWORD)
        page.get_by_label("Code").fill(totp(secret, clock().timestamp()))
        page.get_by_role("button", name="Make the account").press("Enter")
        check(page, f"codes-{way}")

        for path in ("", "/password", "/authenticator", "/recovery-codes"):
            page.goto(f"/account{path}")
            check(page, f"account{path.replace('/', '-')}-{way}")
        page.goto(f"/t/{TRIAL}/accounts")
        page.get_by_role("button", name=f"Invite {SITE}").press("Enter")
        check(page, f"invited-{way}")
        page.goto(f"/t/{TRIAL}/accounts")
        check(page, f"accounts-{way}")
        page.get_by_role("button", name="Sign out").press("Enter")
        check(page, f"sign-in-{way}")
        page.get_by_label("Login").fill("zhao.lan@hospital.example")
        page.get_by_label("Password").fill("not the right one")
        page.get_by_label("Code").fill("000000")
        page.get_by_role("button", name="Sign in").press("Enter")
        check(page, f"sign-in-refused-{way}")
        clock.move(seconds=30)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Code").fill(totp(secret, clock().timestamp()))
        page.get_by_role("button", name="Sign in").press("Enter")
        assert re.search(f"/t/{TRIAL}/$", page.url)
        (cookie,) = page.context.cookies()
        assert cookie["name"] == "__Host-escalation"
        page.goto(f"/join/{book.invite(CHAIR, trial=None, by='nobody')}/with-account")
        check(page, f"bind-{way}")
