"""When somebody was born, as it is recorded: a year or a month, never a day."""

from __future__ import annotations

import re

__all__ = ["BORN", "read_birth"]

BORN = re.compile(r"(\d{4})(?:-(\d\d))?", re.ASCII)


def read_birth(born: str | None) -> tuple[int, int | None] | None:
    """Return the year and, where it is known, the month; None for what is neither.

    Examples
    --------
    >>> read_birth("1975"), read_birth("1975-03"), read_birth("1975-13"), read_birth("1975-03-02")
    ((1975, None), (1975, 3), None, None)
    """
    found = None if born is None else BORN.fullmatch(born)
    if found is None or not int(found[1]) >= 1:
        return None
    if found[2] is None:
        return int(found[1]), None
    return (int(found[1]), int(found[2])) if 1 <= int(found[2]) <= 12 else None
