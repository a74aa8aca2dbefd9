"""A document as PDF, printed from its HTML by WeasyPrint."""

from __future__ import annotations

import hashlib

from escalation.reports.documents import Document
from escalation.reports.documents.html import to_html

__all__ = ["write"]


def write(document: Document) -> bytes:
    """Return the PDF; its identifier is the digest of what it shows."""
    from weasyprint import HTML  # type: ignore[import-untyped]  # noqa: PLC0415  # an extra, and slow to load
    from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]  # noqa: PLC0415

    page = to_html(document)
    identifier = hashlib.sha256(page.encode("utf-8", "backslashreplace")).hexdigest()[:32]
    content: bytes = HTML(
        string=page, url_fetcher=URLFetcher(allowed_protocols=("data",))
    ).write_pdf(pdf_identifier=identifier.encode(), pdf_variant="pdf/ua-1")
    return content
