"""Acts on the page as a browser without JavaScript does them: form, what follows, record."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.web.conftest import TRIAL
from tests.web.forms import words_of

__all__ = ["RECORD", "act", "look", "open_form", "sent_by"]

RECORD = f"/t/{TRIAL}/record"


class _Sent(HTMLParser):
    """What the fields of the page's form hold, repeated ones as often as they are there."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._select = self._area = ""
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "select":
            self._select, self._options = name, []
        elif tag == "option" and self._select:
            self._options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self._area = name
            self.found.append((name, ""))
        elif tag == "input" and name and given.get("type") != "file":
            chosen = given.get("type") not in ("radio", "checkbox") or "checked" in given
            if chosen:
                self.found.append((name, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._options:
            chosen = [value for value, is_so in self._options if is_so]
            self.found.append((self._select, [*chosen, self._options[0][0]][0]))
            self._select = ""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            name, value = self.found.pop()
            self.found.append((name, value + data.removeprefix("\r\n")))


def sent_by(page: TestResponse, **changed: Any) -> MultiDict[str, Any]:
    """Return what a browser would send of the page's form."""
    parser = _Sent()
    parser.feed(page.text)
    sent: MultiDict[str, Any] = MultiDict(parser.found)
    for name, value in changed.items():
        sent.setlist(name, value if isinstance(value, list) else [value])
    return sent


def open_form(client: FlaskClient, name: str, query: str = "") -> TestResponse:
    """Open a form, perhaps with a link that says whom it is about."""
    page = client.get(f"{RECORD}/{name}{query}", follow_redirects=True)
    assert page.status_code == 200, words_of(page)
    return page


def look(
    client: FlaskClient, name: str, query: str = "", fields: Mapping[str, Any] | None = None
) -> TestResponse:
    """Fill in a form, and ask what follows."""
    page = open_form(client, name, query)
    sent = sent_by(page, **(fields or {}), look="y")
    return client.post(page.request.path, data=sent, content_type="multipart/form-data")


def act(
    client: FlaskClient, name: str, query: str = "", fields: Mapping[str, Any] | None = None
) -> TestResponse:
    """Fill in a form, read what follows, and record it; return the page that says so."""
    foreseen = look(client, name, query, fields)
    assert foreseen.status_code == 200, words_of(foreseen)
    assert "what follows" in words_of(foreseen)
    sent = sent_by(foreseen, record="y")
    done = client.post(foreseen.request.path, data=sent, content_type="multipart/form-data")
    assert done.status_code == 303, words_of(done)
    again = client.post(foreseen.request.path, data=sent, content_type="multipart/form-data")
    assert (again.status_code, again.location) == (303, done.location), words_of(again)
    return client.get(done.location)
