"""Acts on the page as a browser without JavaScript does them: form, what follows, record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.web.conftest import TRIAL
from tests.web.forms import Fields, words_of

__all__ = ["RECORD", "act", "look", "open_form", "sent_by"]

RECORD = f"/t/{TRIAL}/record"


def sent_by(page: TestResponse, **changed: Any) -> MultiDict[str, Any]:
    """Return what a browser would send of the page's form, lists for repeated fields."""
    sent: MultiDict[str, Any] = MultiDict(Fields.all_of(page.text))
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
