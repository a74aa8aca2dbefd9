"""Every screen for everybody: axe-core finds nothing, nothing is cut at a phone's width.

The screens are those of the url_map, so a new one is held to the same. Oracle: axe-core 4, by
Deque, which tests WCAG 2.2 A and AA and its own best practices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from escalation.trial.demo.script import ADJUDICATOR, CHAIR, MEMBER, OFFICE, SITE
from tests.web.browser.conftest import PHONE
from tests.web.browser.hands import CUT, WIDER
from tests.web.people import HEADER
from tests.web.routes import every_address

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PEOPLE = (SITE, CHAIR, MEMBER, ADJUDICATOR, OFFICE)
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True},
    "200 % of a small screen": {"viewport": {"width": 640, "height": 400}},
}


# colours are the same at every width, and nothing but them is another in the dark
COLOURS = ("color-contrast", "link-in-text-block")
RULES: dict[str, Any] = {
    "light": {},
    "dark": {"runOnly": list(COLOURS)},
    "phone": {"rules": {rule: {"enabled": False} for rule in COLOURS}},
    "200 % of a small screen": {"rules": {rule: {"enabled": False} for rule in COLOURS}},
}

BLANK = """() => [...document.querySelectorAll('.wide td[data-label]:empty')]
    .filter(cell => getComputedStyle(cell).display !== 'none').map(cell => cell.dataset.label)"""


@pytest.fixture(scope="session")
def demo_file(with_plan: Path) -> Path:
    return with_plan


def screens(app: Flask) -> Iterator[tuple[str, str]]:
    """Yield every screen that shows a page, and somebody who may open it."""
    for _, address in every_address(app):
        for person in PEOPLE:
            client = app.test_client()
            answer = client.get(address, headers={HEADER: person}, buffered=True)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                if "Content-Disposition" not in answer.headers:
                    yield person, address
                break


@pytest.fixture(params=list(LOOKS))
def look(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def page(look: str, chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=address, bypass_csp=True, **LOOKS[look])
    yield context.new_page()
    context.close()


def test_no_screen_has_a_violation_or_is_cut(app: Flask, page: Page, look: str):
    wrong = []
    options = json.dumps({"resultTypes": ["violations"], **RULES[look]})
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    for person, address in screens(app):
        page.set_extra_http_headers({HEADER: person})
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        page.add_script_tag(content=axe)
        found = page.evaluate(f"axe.run(document, {options})")
        for one in found["violations"]:
            for node in one["nodes"][:3]:
                wrong.append(f"{address}: {one['id']}: {node['target']} {node['html'][:120]}")
        for how, what in (("is wider than the screen", WIDER), ("is cut", CUT)):
            wrong += [f"{address}: {how}: {one}" for one in page.evaluate(what)]
        if look == "phone":  # rows are cards
            wrong += [
                f"{address}: a card has a word for nothing: {one}" for one in page.evaluate(BLANK)
            ]
    assert wrong == [], json.dumps(wrong, indent=1)
