"""Names of people: when two of them are the same person, or only look so."""

from __future__ import annotations

import unicodedata

__all__ = ["name_key"]


def name_key(name: str) -> str:
    """Return what names are compared by: NFKC, casefolded.

    Examples
    --------
    >>> name_key("ZHAO Lan") == name_key("Zhao Lan")
    True
    """
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
