"""Documents to be sent and filed: pages of blocks written whole as HTML, Word or PDF.

The text is the same in each. The same document gives the same bytes: no time of writing is in it,
only the one that it is about; one that is about no moment holds none.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from escalation.errors import InputError
from escalation.reports.view import Block

__all__ = ["SUFFIXES", "Document", "find_missing", "write_document"]

_WRITERS = {".html": "html", ".docx": "docx", ".pdf": "pdf"}
SUFFIXES = tuple(_WRITERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document before it is written in any format.

    Attributes
    ----------
    title : str
        As a reader's program shows it.
    origin : str
        What it was made from; on every page that is printed.
    at : datetime or None
        The moment that it is about, in UTC, which stands for the time of writing; None for none.
    blocks : sequence of Block
    """

    title: str
    origin: str
    at: datetime | None
    blocks: Sequence[Block]


def write_document(document: Document, suffix: str) -> bytes:
    """Return a document as the bytes of a file whose name ends so.

    Raises
    ------
    InputError
        If what writes the format is not installed, or the ending means none.
    """
    missing = find_missing(suffix)
    if missing is not None:
        raise InputError(missing)
    module = importlib.import_module(f"{__name__}.{_WRITERS[suffix.lower()]}")
    at = document.at  # no file's properties are finer than a second
    if at is not None:
        document = replace(document, at=at.astimezone(UTC).replace(microsecond=0))
    content: bytes = module.write(document)
    return content


def find_missing(suffix: str) -> str | None:
    """Say what a format needs and is not installed; None where nothing is missing."""
    if suffix.lower() not in _WRITERS:
        return f"a document's file name ends in one of {', '.join(SUFFIXES)}"
    if suffix.lower() == ".docx":
        return _missing("docx", "Word", "python-docx", "reports")
    if suffix.lower() == ".pdf":
        return _missing("weasyprint", "PDF", "WeasyPrint", "pdf")
    return None


def _missing(module: str, form: str, name: str, extra: str) -> str | None:
    also = "" if form == "Word" else "; an .html file prints as PDF from any browser"
    try:
        importlib.import_module(module)
    except ImportError:
        return f"{form} needs {name}, which `pip install 'escalation[{extra}]'` brings{also}"
    except OSError:  # WeasyPrint found no library of Pango's
        return (
            f"PDF needs the library Pango beside {name} (Debian: apt install libpango-1.0-0 "
            f"libpangoft2-1.0-0){also}"
        )
    return None
