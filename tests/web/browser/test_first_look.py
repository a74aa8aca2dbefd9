"""The page opens in a browser."""

from __future__ import annotations

import pytest

from escalation.trial.demo.script import SITE
from tests.web.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_a_site_finds_the_trial(visit: Visit):
    page = visit(SITE)
    assert page.locator("h1").inner_text().startswith("Trial")
