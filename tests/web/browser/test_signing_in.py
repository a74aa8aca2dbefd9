"""A browser takes the session's cookie over plain http on this machine, and signs in by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from escalation.ledger import Ledger
from escalation.trial.demo.script import CHAIR
from escalation.web.app import create_app
from escalation.web.demo import DemoGate
from escalation.web.link import LinkGate
from escalation.web.settings import LOCAL_HOSTS, Settings
from tests.web.conftest import NOW, TRIAL
from tests.web.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def test_a_link_signs_in(chromium: Browser, ledger: Ledger):
    gate = LinkGate(CHAIR, print)
    settings = Settings(db=ledger.name, secret=b"only for tests", hosts=LOCAL_HOSTS)
    app = create_app(settings, ledger, gate, clock=lambda: NOW)
    with serving(app) as address:
        page = chromium.new_context(java_script_enabled=False).new_page()
        page.goto(address + gate.new_link())
        page.get_by_role("button", name="Sign in").press("Enter")
        assert page.url == f"{address}/t/{TRIAL}/"
        (cookie,) = page.context.cookies()
        assert cookie["name"] == "__Host-escalation"
        assert cookie["secure"]
        assert cookie["httpOnly"]
        page.get_by_role("button", name="Sign out").press("Enter")
        assert page.locator("h1").inner_text() == "Sign in"
        page.context.close()


def test_one_of_the_demos_people_is_chosen(chromium: Browser, ledger: Ledger):
    settings = Settings(db=ledger.name, secret=b"only for tests", demo=True, hosts=LOCAL_HOSTS)
    app = create_app(settings, ledger, DemoGate(TRIAL), clock=lambda: NOW)
    with serving(app) as address:
        page = chromium.new_page(base_url=address)
        page.goto(f"/t/{TRIAL}/log")
        page.get_by_role("button", name=CHAIR).click()
        assert page.url == f"{address}/t/{TRIAL}/log"
        page.get_by_role("link", name="Act as somebody else").click()
        assert page.get_by_text("(you)").count() == 1
        page.context.close()
