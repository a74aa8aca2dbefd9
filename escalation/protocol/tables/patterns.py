"""Patterns of the words in a protocol file, what one that does not fit has to be, and limits."""

from __future__ import annotations

__all__ = [
    "FRACTION",
    "FRACTION_WORDS",
    "MAX_DAYS",
    "NAME",
    "PAIR",
    "PAIR_WORDS",
]

MAX_DAYS = 36_525  # a century
NAME = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"
FRACTION = r"^[1-9][0-9]{0,3}/[1-9][0-9]{0,3}$"
FRACTION_WORDS = 'must be a fraction of whole numbers from 1 on, such as "1/3"'

_ROLE = "(site|member|chair|statistician|auditor|adjudicator)"
PAIR = rf"^{_ROLE}\+{_ROLE}$"
PAIR_WORDS = 'must be two roles joined by +, such as "chair+site"'
