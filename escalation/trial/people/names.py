# ruff: noqa: RUF001  # letters that look alike are what this is about
"""Names of people: when two of them are the same person, or only look so."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from escalation.errors import did_you_mean

__all__ = ["find_look_alike", "name_key", "near_miss", "skeleton"]

# Letters that look like Latin ones, of Unicode's list of confusables (UTS 39): the Greek, Cyrillic,
# Armenian and rarer Latin ones that a keyboard or a copied text brings, and what looks like an l
# or an O among Latin letters and digits.
_LOOK_LIKE = {
    "a": "ɑαа", "c": "с", "e": "е", "f": "ք", "g": "ց", "h": "һհ", "i": "ɩιꙇıі", "j": "ϳј",
    "l": "1I|ƖǀΙӀІӏ", "n": "ոռ", "o": "οσоօ", "p": "ρр", "q": "ԛգզ", "r": "г", "s": "ѕ",
    "u": "υս", "v": "νѵ", "w": "ѡԝա", "x": "х", "y": "ɣγу", "A": "ΑА", "B": "ꞴΒВ", "C": "С",
    "E": "ΕЕ", "F": "Ϝ", "H": "ΗН", "J": "ͿЈ", "K": "ΚК", "M": "ΜϺМ", "N": "Ν", "O": "0ΟОՕ",
    "P": "ΡР", "R": "Ʀ", "S": "ЅՏ", "T": "ΤТ", "U": "Ս", "V": "Ѵ", "W": "Ԝ", "X": "ꞳΧХ", "Y": "ΥУ",
    "Z": "Ζ",
}  # fmt: skip
_TO_LATIN = str.maketrans({other: latin for latin, o in _LOOK_LIKE.items() for other in o})


def name_key(name: str) -> str:
    """Return what names are compared by: NFKC, casefolded, with one blank between words.

    Examples
    --------
    >>> name_key("ZHAO  Lan") == name_key("Zhao Lan")
    True
    """
    name = " ".join(name.split())
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def skeleton(name: str) -> str:
    """Return what is left of a name where letters that look alike are one letter (UTS 39)."""
    return name_key(unicodedata.normalize("NFKC", name).translate(_TO_LATIN))


def find_look_alike(name: str, known: Iterable[str]) -> str | None:
    r"""Return the known name that another name looks like without being it.

    Examples
    --------
    >>> find_look_alike("Zha\N{CYRILLIC SMALL LETTER O} Lan", ["K. Sato", "Zhao Lan"])
    'Zhao Lan'
    >>> find_look_alike("ZHAO LAN", ["K. Sato", "Zhao Lan"])
    """
    key, seen = name_key(name), skeleton(name)
    return next((k for k in known if skeleton(k) == seen and name_key(k) != key), None)


def near_miss(name: str, known: Iterable[str]) -> str | None:
    """Say whom a name that nobody has may have meant; None where no known name is near."""
    names = list(known)
    alike = find_look_alike(name, names)
    if alike is not None:
        return f'It only looks like "{alike}": one of the two has letters of another script.'
    if any(name_key(name) == name_key(other) for other in names):
        return None
    meant = did_you_mean(name, names)
    return f"D{meant[1:]}." if meant.startswith("did") else None
