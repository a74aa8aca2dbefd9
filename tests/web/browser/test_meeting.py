"""A committee decides in a browser, on a phone, without JavaScript; and what axe finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from escalation.trial.demo.script import CHAIR, MEMBER, SITE, STATISTICIAN
from tests.web.browser.conftest import PHONE, Visit
from tests.web.browser.hands import violations
from tests.web.conftest import TRIAL

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MEETING = f"/t/{TRIAL}/meeting"
PLAIN = {"viewport": PHONE, "java_script_enabled": False}


def record(page: Page) -> None:
    if page.get_by_label("Password").count():
        page.get_by_label("Password").fill("right")
    page.get_by_role("button", name="Record it").click()
    assert page.locator("h1").inner_text().endswith("recorded")


def test_a_whole_decision_without_javascript_on_a_phone(visit: Visit):
    page = visit(SITE, MEETING, **PLAIN)
    page.get_by_role("link", name="Freeze the data").first.click()
    page.get_by_label("E. Brandt (statistician)").check()
    page.get_by_role("button", name="See what follows").click()
    record(page)

    page = visit(STATISTICIAN, MEETING, **PLAIN)
    page.get_by_role("link", name="Decide", exact=True).first.click()
    page.get_by_label("Treat patients at a level").check()
    page.get_by_label("Level", exact=True).select_option("1")
    page.get_by_label("Patients", exact=True).fill("2")
    page.get_by_label("Rationale").fill("slow down")
    page.get_by_role("button", name="See what follows").click()
    record(page)

    for person in (CHAIR, MEMBER):
        page = visit(person, MEETING, **PLAIN)
        asked = page.get_by_role("region", name=f"Asked of you, {person}")
        box = asked.get_by_role("button", name="For").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < PHONE["height"]  # on the first screen
        asked.get_by_role("button", name="For").click()
        record(page)

    page = visit(CHAIR, MEETING, **PLAIN)
    page.get_by_role("button", name="Sign as approved").click()
    record(page)
    page.get_by_role("link", name="To the meeting").click()
    page.get_by_role("link", name="Record to whom it was sent").first.click()
    page.get_by_label("Lin Mei (site)").check()
    page.get_by_role("button", name="See what follows").click()
    record(page)
    page = visit(MEMBER, f"{MEETING}?decision=63", **PLAIN)
    assert "Zhao Lan sent it to Lin Mei on 2026-05-28" in page.inner_text("main")


ROOM = (
    "meeting",
    "meeting?decision=48",
    "packet",
    "minutes/48",
    "roles",
    "keys/",
    "keys/sign?meaning=reviewed&entry=12",
    "record/decide",
    "record/vote",
    "record/amend",
    "record/circulate",
    "record/delegate",
)


def test_nothing_in_the_room_keeps_a_screen_reader_out(visit: Visit):
    """Here with what an address says; each screen in every look, in test_everybody.py."""
    options = {"color_scheme": "dark", "viewport": PHONE}
    page = visit(CHAIR, "/", bypass_csp=True, **options)  # only to let the checker in
    found = []
    for path in ROOM:
        page.goto(f"/t/{TRIAL}/{path}")
        told = violations(page)
        found += [(path, v["id"], v["nodes"][0]["html"][:120]) for v in told]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append((path, "wider than the screen", ""))
    assert found == []
