"""Forms of a page as a person sends them: every field as it stands, but those that are changed."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from werkzeug.test import TestResponse

__all__ = ["Fields", "fields_of", "words_of"]


class Fields(HTMLParser):
    """Reads what a browser would send of the forms in a page, repeated fields among it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._select = self._area = ""
        self._options: list[tuple[str, bool]] = []

    @classmethod
    def of(cls, page: str) -> dict[str, str]:
        """Return the fields of a page; of a repeated one the last."""
        return dict(cls.all_of(page))

    @classmethod
    def all_of(cls, page: str) -> list[tuple[str, str]]:
        """Return the fields of a page, each as often as it is there."""
        parser = cls()
        parser.feed(page)
        return parser.found

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
            is_sent = given.get("type") not in ("radio", "checkbox") or "checked" in given
            self.found += [(name, given.get("value", ""))] if is_sent else []

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._options:
            chosen = [value for value, is_chosen in self._options if is_chosen]
            self.found.append((self._select, [*chosen, self._options[0][0]][0]))
            self._select = ""
        if tag == "textarea":
            name, value = self.found.pop()
            self.found.append((name, re.sub(r"\A\r?\n", "", value)))
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            name, value = self.found.pop()
            self.found.append((name, value + data))


def fields_of(response: TestResponse, **changed: str) -> dict[str, str]:
    """Return what a browser would send of the page's form."""
    return {**Fields.of(response.text), **changed}


def words_of(response: TestResponse) -> str:
    """Return what there is to read, with one blank between words."""
    main = response.text[response.text.find("<main") :]
    main = re.sub(r"</?(a|time|span)\b[^>]*>", "", main)  # within a sentence
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())
