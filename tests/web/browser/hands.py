"""What a person does with a page: follows links, presses buttons, fills in fields, by their names.

Nothing here knows an address or how a page is made: what a person cannot find by the words they
see, the tests do not find.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["CUT", "WIDER", "Hands", "violations"]

# what is wider than what the page is seen through, where it scrolls sideways
WIDER = """() => {
  const shown = document.documentElement.clientWidth;
  return document.scrollingElement.scrollWidth <= shown ? [] :
    [...document.querySelectorAll('body *')]
      .filter(one => one.getBoundingClientRect().right > shown)
      .map(one => one.outerHTML.slice(0, 150));
}"""
# what is not seen whole: beyond the right edge, or within something that hides or scrolls its end
CUT = """() => {
  const shown = document.documentElement.clientWidth, unseen = '.named, .unseen, .skip, thead';
  return [...document.querySelectorAll('body *')].filter(one => {
    const box = one.getBoundingClientRect(), inside = one.scrollWidth - one.clientWidth > 1;
    if (!box.width || one.closest(unseen)) return false;
    return box.right > shown + 1 || (inside && getComputedStyle(one).overflowX !== 'visible');
  }).map(one => one.outerHTML.slice(0, 150));
}"""
FOLDER = os.environ.get("ESCALATION_PICTURES")  # where to keep a picture of each step


@dataclass
class Hands:
    """Somebody before a page."""

    page: Page
    name: str = "somebody"
    proofs: Mapping[str, str] = field(default_factory=lambda: {"Password": "right"})
    n_seen: int = 0

    def look(self) -> None:
        """Look at the page, which is not wider than the screen."""
        self.page.wait_for_load_state()
        if FOLDER:
            self.n_seen += 1
            heading = re.sub(r"\W+", "-", self.heading)[:40]
            name = f"{self.name.replace(' ', '')}-{self.n_seen:03}-{heading}.png"
            self.page.screenshot(path=f"{FOLDER}/{name}", full_page=True)
        assert self.page.evaluate(WIDER) == [], self.page.url

    @property
    def heading(self) -> str:
        """What the page calls itself."""
        return self.page.locator("h1").inner_text()

    @property
    def words(self) -> str:
        """What there is to read."""
        return " ".join(self.page.locator("main").inner_text().split())

    def follow(self, *names: str) -> None:
        """Follow links, one after the other; a patient's begins with their id."""
        for name in names:
            said = re.compile(rf"^{re.escape(name)}(\s|$)")
            self.page.get_by_role("link", name=said).first.click()
            self.look()

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.look()

    def fill(self, fields: Mapping[str, str | bool]) -> None:
        """Fill in fields by their labels; True ticks one, and what is folded is opened first."""
        for label, value in fields.items():
            found = self.page.get_by_label(label, exact=True).first
            if not found.is_visible():
                folded = self.page.locator("details").filter(has=found)
                folded.locator("summary").click()
            if value is True:
                found.check()
            elif found.evaluate("one => one.tagName") == "SELECT":
                found.select_option(label=str(value))
            else:
                found.fill(str(value))

    def record(self) -> None:
        """Record what follows, with whatever is asked of who signs."""
        for label, value in self.proofs.items():
            if self.page.get_by_label(label, exact=True).count():
                self.page.get_by_label(label, exact=True).fill(value)
        self.press("Record it")
        assert self.heading.endswith("recorded"), self.words


def violations(page: Page) -> list[Any]:
    """Return what axe-core finds that keeps somebody out."""
    from axe_core_python.sync_playwright import Axe  # of the extra [browser], as playwright is

    page.wait_for_load_state("networkidle")  # a picture that comes late takes its document away
    return list(Axe().run(page)["violations"])
