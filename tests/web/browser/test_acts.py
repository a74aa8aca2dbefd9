"""A nurse with a phone: an outcome in four taps; and what axe finds in the forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.trial.demo.script import ADJUDICATOR, SITE
from tests.web.browser.conftest import PHONE, Visit
from tests.web.browser.hands import violations
from tests.web.conftest import TRIAL
from tests.web.planned import PLANNED

pytestmark = pytest.mark.browser

RECORD = f"/t/{TRIAL}/record"
FORMS = (
    *("", "/outcome", "/outcome?subject=TJ-008", "/enrol", "/screen-fail", "/further", "/import"),
    *("/transfer?subject=TJ-008", "/event?subject=TJ-008", "/crs?subject=TJ-008", "/icans"),
    *("/icans?subject=TJ-008", "/icaht?subject=TJ-008", "/follow-up?entry=40", "/correct"),
    *("/follow-up?entry=41", "/correct?entry=59", "/correct?entry=60", "/correct?entry=21"),
    *("/correct?entry=22", "/correct?entry=41", "/correct?entry=44", "/rename?subject=TJ-008"),
)
OF_A_PLAN = (
    *(
        "criteria?subject=PL-003",
        "results?at=PL-002",
        "results?at=PL-002+W4",
        "results?at=PL-002+-",
    ),
    *("results?at=PL-002+-", "waive?subject=PL-003", "visit?at=PL-002+W4", "leave?subject=PL-002"),
)


@pytest.fixture(scope="session")
def demo_file(with_plan: Path) -> Path:
    return with_plan


def test_an_outcome_takes_four_taps_from_the_page_of_the_trial(visit: Visit):
    page = visit(SITE, f"/t/{TRIAL}/", viewport=PHONE, java_script_enabled=False)
    page.locator('a[href*="/record/outcome?subject=TJ-008"]').first.click()
    page.get_by_label("Not evaluable").check()
    page.get_by_label("Reason").fill("withdrew consent")
    page.get_by_role("button", name="See what follows").last.click()
    page.get_by_role("button", name="Record it").click()
    assert page.locator("h1").inner_text() == "Entry 62 recorded"


def test_on_a_phone_without_javascript_somebody_is_screened_and_a_criterion_answered(visit: Visit):
    """From the list of who was screened; by keyboard too, but for the buttons."""
    page = visit(SITE, f"/t/{PLANNED}/screening", viewport=PHONE, java_script_enabled=False)
    page.get_by_role("link", name="Screen somebody").click()
    page.get_by_label("Person").fill("PL-007")
    page.get_by_label("Disease").select_option(label="Lupus nephritis")
    page.get_by_label("Sex").select_option(label="female")
    page.get_by_label("Year or month of birth").fill("1985-03")
    page.get_by_role("button", name="See what follows").click()
    page.get_by_role("button", name="Record it").click()
    page.get_by_role("link", name="Answer criteria of PL-007").click()
    haemoglobin = page.get_by_role("group", name="I2 haemoglobin")
    haemoglobin.get_by_label("Value", exact=True).fill("5.5")
    haemoglobin.get_by_label("Unit").select_option(label="g/dL")
    page.get_by_role("group", name="I6 signed").get_by_label("not now").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="See what follows").click()
    page.get_by_role("button", name="Record it").click()
    page.get_by_role("link", name="To PL-007").click()
    assert "Haemoglobin 5.5 g/dL (55 g/L)" in page.locator("main").inner_text()
    assert page.locator(".answer.halt").inner_text() == "PL-007 is not eligible."


def test_the_return_key_asks_what_follows_and_adds_no_toxicity(visit: Visit):
    page = visit(SITE, f"{RECORD}/outcome?subject=TJ-008", java_script_enabled=False)
    page.get_by_label("Not evaluable").check()
    page.get_by_label("Reason").fill("withdrew consent")
    page.get_by_label("Reason").press("Enter")
    assert "what follows" in page.locator("h1").inner_text()


def test_axe_finds_nothing_in_any_form_on_a_phone(visit: Visit):
    """Here about somebody; each form in every look, in test_everybody.py."""
    found: dict[str, list[str]] = {}
    page = visit(SITE, f"{RECORD}/", viewport=PHONE, color_scheme="dark", bypass_csp=True)
    planned = (f"/t/{PLANNED}/record/{form}" for form in OF_A_PLAN)
    for form in (*(f"{RECORD}{form or '/'}" for form in FORMS), *planned):
        page.goto(form)
        for folded in page.locator("details").all():
            folded.evaluate("one => { one.open = true }")
        told = violations(page)
        if told:
            found[form] = [f"{v['id']}: {v['nodes'][0]['html'][:150]}" for v in told]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], form
    assert found == {}


def test_axe_finds_nothing_in_what_is_refused_and_what_follows(visit: Visit):
    page = visit(ADJUDICATOR, f"{RECORD}/adjudicate?entry=22", viewport=PHONE, bypass_csp=True)
    page.get_by_label("It is a DLT").check()
    page.get_by_role("button", name="See what follows").click()
    assert page.get_by_role("alert").count() == 1
    assert violations(page) == []
    page.get_by_label("Reason").fill("the culture was positive")
    page.get_by_role("button", name="See what follows").click()
    assert "what follows" in page.locator("h1").inner_text()
    assert violations(page) == []
