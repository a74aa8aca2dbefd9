"""The formats a view is written in: one file each, found by its name.

A file has ``write(view, width)``, which yields text piece by piece, and ``SUFFIX``, the ending of
a file's name that means the format.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from types import ModuleType

from escalation.reports.view import View

__all__ = ["FORMATS", "WIDTH", "format_of", "write_view"]

_FILES = (name.partition(".") for name in os.listdir(os.path.dirname(__file__)))
_FOUND = {stem for stem, _, ending in _FILES if ending == "py" and not stem.startswith("_")}
FORMATS = ("text", *sorted(_FOUND - {"text"}))
WIDTH = 80  # columns of a page that is written to no terminal


def write_view(view: View, form: str, width: int = WIDTH) -> Iterator[str]:
    """Yield a view in a format, piece by piece.

    Parameters
    ----------
    view : View
    form : str
        One of ``FORMATS``.
    width : int
        Columns of the terminal, for text.
    """
    pieces: Iterator[str] = _module(form).write(view, width)
    return pieces


def format_of(suffix: str) -> str | None:
    """Return the format that the ending of a file's name means; None where it means none."""
    return next((form for form in FORMATS if suffix.lower() == _module(form).SUFFIX), None)


def _module(form: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{form}")
