"""Debian's chromium, and people in it: each has a context, so a session, of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from flask import Flask

from tests.web.people import HEADER
from tests.web.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = {"width": 390, "height": 844}
Visit: TypeAlias = "Callable[..., Page]"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the browser; without one the tests fail, since who asks for them wants them run."""
    from playwright.sync_api import sync_playwright  # of the extra [browser], not [test]

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail("these tests need chromium: apt install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Return where the demo trial's page is served."""
    with serving(app) as address:
        yield address


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Visit]:
    """Return a function that opens a browser as somebody.

    Its options are those of a context of playwright's: ``viewport=PHONE``,
    ``color_scheme="dark"``, ``java_script_enabled=False``.
    """
    contexts = []

    def opened(person: str | None = None, path: str = "/", **options: Any) -> Page:
        headers = {} if person is None else {HEADER: person}
        context = chromium.new_context(base_url=address, extra_http_headers=headers, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
