"""What each characteristic is called in words: one table for texts and pictures alike."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["WORDS", "in_words", "is_share", "say_error", "scaled"]

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "p_select": "MTD",
        "patients": "patients",
        "dlts": "DLTs",
        "pcs": "correct selection",
        "p_within": "selection in the interval",
        "p_overdose": "selection above target",
        "accuracy": "accuracy index",
        "p_no_mtd": "no MTD",
        "p_inconclusive": "MTD not determined",
        "share_above": "patients above target",
        "p_60_above": ">= 60 % of patients above",
        "p_80_above": ">= 80 % of patients above",
        "dlt_rate": "patients with a DLT",
        "sample_size": "sample size",
        "total_dlts": "DLTs",
        "patients_above": "number above target",
    }
)
_NO_SHARES = ("patients", "dlts", "accuracy", "sample_size", "total_dlts", "patients_above")


def is_share(name: str) -> bool:
    """Tell whether a characteristic is a probability or a share, to be shown as a percentage."""
    return name not in _NO_SHARES


def scaled(name: str, value: float) -> float:
    """Return a characteristic as it is shown: a share times 100."""
    return 100 * value if is_share(name) else value


def say_error(error: float, digits: int = 3) -> str:
    """Write a standard error as a table shows it: none where it is 0, and never rounded to 0.

    Examples
    --------
    >>> say_error(0.0123), say_error(0.0001), say_error(0.0)
    ('(.012)', '(<.001)', '(-)')
    """
    if error == 0:
        return "(-)"
    shown = f"{error:.{digits}f}"
    least = "<" if float(shown) == 0 else ""
    return f"({least}{(shown[:-1] + '1' if least else shown).removeprefix('0')})"


def in_words(name: str, level_name: str | None = None, *, unit: bool = False) -> str:
    """Return what a characteristic is called, with its level and as a table's row with its unit.

    Examples
    --------
    >>> in_words("pcs"), in_words("pcs", unit=True), in_words("p_select", "2", unit=True)
    ('correct selection', 'correct selection, %', 'level 2, MTD %')
    """
    percent = "" if not (unit and is_share(name)) else ", %" if level_name is None else " %"
    return f"{'' if level_name is None else f'level {level_name}, '}{WORDS[name]}{percent}"
