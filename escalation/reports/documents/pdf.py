"""A document as PDF, printed from its HTML by WeasyPrint.

It is set in the letters that come with matplotlib, so that it is the same on every machine; what
they lack, such as Chinese, comes from the machine's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from escalation.reports.documents import Document
from escalation.reports.documents.html import to_html
from escalation.reports.view import Block, Figure

__all__ = ["write"]

_FILES = {"sans": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf", "mono": "DejaVuSansMono.ttf"}
# a name of its own: the machine may have another version of DejaVu Sans
_LETTERS = """
@font-face { font-family: "Document Sans"; src: url("font:sans"); }
@font-face { font-family: "Document Sans"; src: url("font:bold"); font-weight: bold; }
@font-face { font-family: "Document Mono"; src: url("font:mono"); }
body { font-family: "Document Sans", sans-serif !important; }
pre { font-family: "Document Mono", monospace !important; }
@page { @bottom-left { font-family: "Document Sans", sans-serif !important; }
        @bottom-right { font-family: "Document Sans", sans-serif !important; } }
"""


def write(document: Document) -> bytes:
    """Return the PDF; its identifier is the digest of what it shows."""
    # an extra, and slow to load
    from weasyprint import CSS, HTML  # type: ignore[import-untyped]  # noqa: PLC0415
    from weasyprint.text.fonts import (  # type: ignore[import-untyped]  # noqa: PLC0415
        FontConfiguration,
    )

    page = to_html(replace(document, blocks=[_with_text(block) for block in document.blocks]))
    identifier = hashlib.sha256(page.encode("utf-8", "backslashreplace")).hexdigest()[:32]
    fetcher, fonts = _fetcher(), FontConfiguration()
    content: bytes = HTML(string=page, url_fetcher=fetcher).write_pdf(
        pdf_identifier=identifier.encode(),
        pdf_variant="pdf/ua-1",
        font_config=fonts,
        stylesheets=[CSS(string=_LETTERS, url_fetcher=fetcher, font_config=fonts)],
    )
    return content


def _with_text(block: Block) -> Block:
    """Have the letters of a picture written as text: it is drawn sooner, and can be searched."""
    if not isinstance(block, Figure):
        return block
    draw = block.draw

    def draw_text(form: str) -> bytes:
        named = b"font-family: '%b'"
        return draw(f"{form} with text").replace(named % b"DejaVu Sans", named % b"Document Sans")

    return replace(block, draw=draw_text)


def _fetcher() -> Any:
    """Return what opens nothing but what is in the page, and the letters."""
    from weasyprint.urls import (  # type: ignore[import-untyped]  # noqa: PLC0415
        URLFetcher,
        URLFetcherResponse,
    )

    spec = find_spec("matplotlib")  # it is not loaded for that
    folder = Path((spec.submodule_search_locations or [""])[0] if spec else "")
    fonts = folder / "mpl-data" / "fonts" / "ttf"

    class Fetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            scheme, _, name = url.partition(":")
            if scheme == "font":
                return URLFetcherResponse(url, (fonts / _FILES[name]).read_bytes())
            return super().fetch(url, headers)

    return Fetcher(allowed_protocols=("data",))
