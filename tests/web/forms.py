"""Forms of a page as a person sends them: every field as it stands, but those that are changed."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from werkzeug.test import TestResponse

__all__ = ["Fields", "fields_of", "words_of"]


class Fields(HTMLParser):
    """Reads what a browser would send of the forms in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = self._area = ""

    @classmethod
    def of(cls, page: str) -> dict[str, str]:
        """Return the fields of a page."""
        parser = cls()
        parser.feed(page)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.found[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area, self.found[name] = name, ""
        elif tag == "input" and name:
            chosen = given.get("type") not in ("radio", "checkbox") or "checked" in given
            if chosen:
                self.found[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self.found[self._area] = re.sub(r"\A\r?\n", "", self.found[self._area])
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data


def fields_of(response: TestResponse, **changed: str) -> dict[str, str]:
    """Return what a browser would send of the page's form."""
    return {**Fields.of(response.text), **changed}


def words_of(response: TestResponse) -> str:
    """Return what there is to read, with one blank between words."""
    main = response.text[response.text.find("<main") :]
    main = re.sub(r"</?(a|time|span)\b[^>]*>", "", main)  # within a sentence
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())
