"""Reads the text of documents back, without the code that writes them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from escalation.reports.view import Block, Figure, Gap, Heading, Item, Items, Paragraph, Table

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def squeezed(text: str) -> str:
    """Leave out all white space: formats break lines where they like."""
    return re.sub(r"\s+", "", text)


def texts_of(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield every text of blocks in the order in which it is read."""
    for block in blocks:
        match block:
            case Gap():
                continue
            case Heading() | Paragraph():
                yield block.text
            case Items(items):
                yield from _items(items)
            case Table():
                yield block.caption
                for place, row in enumerate(block.rows):
                    yield from row
                    yield block.notes.get(place, "")
            case Figure():
                yield block.caption
            case _:
                yield block.text


def _items(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield item.text
        yield from item.data
        yield from _items(item.items)


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.alternatives: list[str] = []
        self._inside: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.alternatives.append(dict(attrs)["alt"] or "")
        if tag in ("style", "title"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.texts.append(data)


def html_page(content: bytes) -> _Page:
    return _Page(content.decode("utf-8"))


def html_text(content: bytes) -> str:
    return "".join(html_page(content).texts)


def word_part(content: bytes, name: str = "word/document.xml") -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return ET.fromstring(file.read(name))  # noqa: S314  # our own


def word_text(content: bytes) -> str:
    return "".join(node.text or "" for node in word_part(content).iter(f"{WORD}t"))


def pdf_text(content: bytes) -> str:
    from pypdf import PdfReader  # where it is asked for

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def is_in_order(texts: Iterable[str], page: str) -> str | None:
    """Return the first text that does not follow those before it on a page; None for none."""
    place, page = 0, squeezed(page)
    for text in texts:
        found = page.find(squeezed(text), place)
        if found < 0:
            return text
        place = found + len(squeezed(text))
    return None
