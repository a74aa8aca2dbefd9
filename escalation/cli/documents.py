"""What every command that writes a document does before and after: checks the file, dates it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from escalation.errors import InputError
from escalation.files import check_writable
from escalation.reports.documents import SUFFIXES, Document, find_missing

__all__ = ["check_document", "dated"]


def check_document(path: Path) -> None:
    """Refuse a document that cannot be written, before the work is begun."""
    check_writable(path, SUFFIXES)
    missing = find_missing(path.suffix)
    if missing is not None:
        raise InputError(f"{path}: {missing}")


def dated(document: Document) -> Document:
    """Return a document with the time for a file's properties: SOURCE_DATE_EPOCH, else its own.

    Raises
    ------
    InputError
        If SOURCE_DATE_EPOCH is set and no such time.
    """
    epoch, at = os.environ.get("SOURCE_DATE_EPOCH"), document.at
    try:
        at = at if not epoch else datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"SOURCE_DATE_EPOCH is {epoch!a}; it is the seconds since 1970, such as 1780000000"
        ) from None
    return replace(document, at=at)
