"""By keyboard alone: Tab, Enter, Space, arrows and letters record an outcome and a vote.

Oracle: WCAG 2.2, 2.1.1 (keyboard), 2.4.1 (bypass blocks), 2.4.3 (focus order), 2.4.7 (focus
visible), 3.3.1 (errors are identified).
"""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest

from escalation.ledger import Ledger
from escalation.trial import decide
from escalation.trial.demo.script import MEMBER, SITE, STATISTICIAN
from escalation.trial.events import Choice
from tests.web.browser.conftest import PHONE, Visit
from tests.web.browser.test_two_people import record

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  const one = document.activeElement, look = getComputedStyle(one);
  const label = one.labels && one.labels.length ? one.labels[0].innerText : one.innerText;
  return [one.tagName, one.type || '', label.trim(), parseFloat(look.outlineWidth),
          look.outlineStyle, one.getBoundingClientRect().top + scrollY];
}"""


class Stop(NamedTuple):
    """What has the focus."""

    tag: str
    type: str
    name: str
    outline: float
    style: str
    top: float


class Keys:
    """Somebody with a keyboard, who sees at every stop where they are."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.stops: list[Stop] = []

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def tab_to(self, name: str) -> None:
        """Go on to what is called so."""
        for _ in range(80):
            self.press("Tab")
            stop = Stop(*self.page.evaluate(FOCUSED))
            self.stops.append(stop)
            assert stop.tag != "BODY", f"{name} is not on {self.page.url}: {self.stops}"
            assert stop.style != "none", stop
            assert stop.outline >= 2, stop
            if re.match(rf"{re.escape(name)}(\W|$)", stop.name):
                return
        raise AssertionError(f"{name} is not on {self.page.url}")

    def skip(self) -> None:
        """Skip to the page."""
        self.press("Tab")
        assert Stop(*self.page.evaluate(FOCUSED)).name == "Skip to the page"
        self.press("Enter")
        self.stops = []

    def enter(self) -> None:
        """Follow the link, or press the button, that has the focus; from the top of what comes."""
        assert all(later.top >= earlier.top - 60 for earlier, later in pairwise(self.stops))
        with self.page.expect_navigation():
            self.press("Enter")
        self.stops = []

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()


def test_an_outcome_is_recorded_and_an_error_is_found(visit: Visit):
    keys = Keys(visit(SITE, viewport=PHONE, java_script_enabled=False))
    keys.skip()
    keys.tab_to("Record an outcome: TJ-008")
    keys.enter()
    keys.skip()
    keys.tab_to("No DLT")
    keys.press("ArrowDown")
    keys.press("ArrowDown")  # a DLT, not evaluable
    keys.tab_to("See what follows")
    keys.enter()

    alert = keys.page.get_by_role("alert")
    assert "needs a reason" in alert.inner_text()
    assert alert.evaluate("one => one === document.activeElement")  # it is read out at once
    keys.tab_to('"Not evaluable" needs a reason')
    keys.press("Enter")
    assert keys.page.evaluate("document.activeElement.id") == "reason"
    keys.type("withdrew consent")
    keys.tab_to("See what follows")
    keys.enter()
    keys.skip()
    keys.tab_to("Record it")
    keys.enter()
    assert keys.heading == "Entry 62 recorded"


def test_a_vote_is_cast_with_its_reason(visit: Visit, ledger: Ledger):
    choice = Choice(action="enrol", level=1, n_to_enrol=2)
    record(ledger, STATISTICIAN, partial(decide, attendees=(), choice=choice, rationale="slowly"))
    keys = Keys(visit(MEMBER, viewport=PHONE, java_script_enabled=False))
    keys.tab_to("Meeting")
    keys.enter()
    keys.skip()
    keys.tab_to("Against, with a reason")
    keys.enter()
    keys.skip()
    keys.tab_to("Against")
    keys.press("Space")
    keys.tab_to("Reason")
    keys.type("the window closes on Friday")
    keys.tab_to("See what follows")
    keys.enter()
    keys.skip()
    keys.tab_to("Record it")
    keys.enter()
    assert keys.heading == "Entry 63 recorded"
    assert "the window closes on Friday" in keys.page.locator("main").inner_text()
