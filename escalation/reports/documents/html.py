"""A document as one page of HTML that needs nothing else, on a screen and on paper."""

from __future__ import annotations

from html import escape

from escalation.reports.documents import Document
from escalation.reports.formats.html import write_page

__all__ = ["to_html", "write"]


def write(document: Document) -> bytes:
    """Return the page in UTF-8."""
    return to_html(document).encode("utf-8", "backslashreplace")


def to_html(document: Document) -> str:
    """Return the page, with the time that it is about, if any, in its head."""
    at = document.at
    told = {"description": document.origin}
    if at is not None:
        told["dcterms.created"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    more = "".join(
        f'<meta name="{name}" content="{escape(text)}">\n' for name, text in told.items()
    )
    return "".join(write_page(document.blocks, document.title, document.origin, more=more))
