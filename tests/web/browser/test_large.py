"""A large trial in a browser; a trial by keyboard, on a phone, read aloud, and printed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from flask import Flask

from escalation.trial.demo.script import SITE
from tests.trial.bench import SITE as A_SITE
from tests.web.browser.conftest import PHONE, Visit
from tests.web.browser.hands import CUT, WIDER
from tests.web.large import LARGE, PERSON, large_trial

pytestmark = pytest.mark.browser

PATHS = ("", "log", "patients/S60", "what-if", "anchors", "record/", "roles", "meeting")


OF_A_PLAN = (
    *("screening", "screening/flow", f"screening/people/{PERSON}", "screening/people/S9"),
    *("visits", "visits?show=due", "endpoints/response", "endpoints/kinetics"),
    *("endpoints/biomarkers", f"record/criteria?subject={PERSON}", "record/results"),
    *("record/results?at=S9", "record/results?at=S9+D7"),
)


@pytest.fixture
def large(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = large_trial()
    monkeypatch.setattr(app.extensions["desk"], "standing", lambda name: trial)


@pytest.fixture
def planned(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = large_trial(planned=True)
    monkeypatch.setattr(app.extensions["desk"], "standing", lambda name: trial)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    "viewport", [PHONE, {"width": 640, "height": 400}, {"width": 1280, "height": 800}], ids=str
)
def test_nothing_is_cut_and_no_page_scrolls_sideways(visit: Visit, viewport: dict[str, int]):
    page = visit(A_SITE, f"/t/{LARGE}/", viewport=viewport)
    for path in PATHS:
        page.goto(f"/t/{LARGE}/{path}")
        assert page.evaluate(WIDER) == [], path
        assert page.evaluate(CUT) == [], path


@pytest.mark.usefixtures("planned")
def test_of_what_a_plan_says_nothing_is_cut_and_no_page_scrolls_sideways(visit: Visit):
    page = visit(A_SITE, f"/t/{LARGE}/", viewport=PHONE)
    for path in OF_A_PLAN:
        page.set_viewport_size(PHONE)
        answer = page.goto(f"/t/{LARGE}/{path}")
        assert answer is not None
        assert answer.status == 200, path
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        for width in (PHONE["width"], 640, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(WIDER) == [], (path, width)
            assert page.evaluate(CUT) == [], (path, width)


def test_by_keyboard_the_first_stop_skips_to_the_page_and_every_stop_is_seen(visit: Visit):
    """Oracle: WCAG 2.2, 2.4.1 (bypass blocks) and 2.4.7 (focus visible)."""
    page = visit(SITE, "/t/DEMO/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    stops = []
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
            return [e.tagName, e.innerText, s.outlineStyle, parseFloat(s.outlineWidth),
                    e.getBoundingClientRect().top + scrollY]; }"""
        )
        if stop[0] == "BODY":
            break
        stops.append(stop)
    assert len(stops) > 20
    assert all(style != "none" and width >= 2 for _, _, style, width, _ in stops)
    tops = [top for *_, top in stops]
    assert all(later >= earlier - 60 for earlier, later in pairwise(tops))


def test_a_screen_reader_finds_landmarks_one_heading_and_named_tables(visit: Visit):
    page = visit(SITE, "/t/DEMO/", viewport=PHONE)
    assert page.get_by_role("banner").count() == 1
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("contentinfo").count() == 1
    assert page.get_by_role("navigation", name="Trial DEMO").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("row").count() > 15  # although a phone shows cards
    assert page.get_by_role("rowheader", name="patient TJ-008").count() == 1
    assert page.get_by_role("columnheader", name="standing").count() == 1


def test_what_is_printed_has_neither_navigation_nor_buttons(visit: Visit):
    page = visit(SITE, "/t/DEMO/", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("nav:visible").count() == 0
    assert page.locator(".button:visible").count() == 0
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
