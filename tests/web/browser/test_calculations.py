"""Calculations in a browser: forms without JavaScript, on a phone's width, by keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from escalation.trial.demo.script import SITE
from tests.web.browser.conftest import PHONE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ANSWERS = [
    "/decide?protocol=nct07123519&outcomes=1NNN+2NN%3F",
    "/decide?fill=y&design=boin",
    "/simulate?protocol=nct07123519&target=0.25",
    "/simulate?protocol=nct07123519&p_dlt=x",
    "/compare?protocol=nct07123519&design_1=3%2B3&design_2=boin",
]


def test_anybody_asks_what_to_do_next_without_javascript_and_by_keyboard(visit: Visit):
    page = visit(None, "/decide", viewport=PHONE, java_script_enabled=False)
    page.get_by_label("Outcomes so far").focus()
    page.keyboard.type("1NNN 2NNT")
    page.keyboard.press("Enter")
    assert page.locator(".answer").inner_text().startswith("Stay at level 2")
    assert "outcomes=1NNN+2NNT" in page.url
    assert "design=" not in page.url


def test_options_of_a_design_are_shown_once_it_is_chosen(visit: Visit):
    page = visit(SITE, "/simulate", java_script_enabled=False)
    page.get_by_label("Design", exact=True).select_option("boin")
    page.get_by_role("button", name="Show the fields of what is chosen").click()
    page.get_by_text("Options of the design").click()
    page.get_by_label("max_patients").fill("12")
    page.get_by_role("button", name="Simulate").click()
    assert "max_patients 12" in page.locator("main").inner_text()
    assert "escalation simulate" in page.locator(".typed").inner_text()


@pytest.mark.parametrize("path", ANSWERS)
def test_nothing_is_wider_than_a_phone_and_headings_skip_no_level(visit: Visit, path: str):
    page = visit(SITE, path, viewport=PHONE, color_scheme="dark")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert skipped(page) == []


def skipped(page: Page) -> list[str]:
    """Return the headings that stand deeper below the one before than a level."""
    levels = [int(level) for level in re.findall(r"<h([1-6])", page.content())]
    pairs = zip([0, *levels], levels, strict=False)
    return [f"h{before} h{after}" for before, after in pairs if after > before + 1]


def test_every_picture_is_drawn(visit: Visit):
    page = visit(SITE, ANSWERS[2])
    page.wait_for_load_state("networkidle")
    widths = page.evaluate("[...document.images].map(one => one.naturalWidth)")
    assert widths
    assert min(widths) > 0
