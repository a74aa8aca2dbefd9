"""How a spreadsheet is to be read: days, numbers, the names of columns and words, extra columns."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Iterable
from typing import Literal

from escalation.dataclass import dataclass
from escalation.errors import InputError, printable

__all__ = ["AS_WRITTEN", "Reading", "read_map"]

_DIRECTIVE = re.compile(r"%(.|$)")
_PARTS = {"day": "d", "month": "mbB", "year": "yY"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a file that another program wrote.

    Attributes
    ----------
    date_format : str or None
        How days are written, as Python's ``strptime`` takes it: ``%d.%m.%Y``; None for 2026-01-31.
    decimal : "." or ","
        What stands before the decimals; the other one may then part thousands.
    mapped : tuple of (str, str)
        What the file says and what it means: the heading of a column and a name of ``COLUMNS``, or
        a word and ``yes``, ``no`` or another that an outcome or a relation can be. A word may mean
        ``""``, an empty cell.
    extra : "refuse" or "ignore"
        Whether a column that is not ours is a fault, or is left out, which is said.
    sheet : str or None
        Of a workbook; None for the only one whose heading is ours.

    Raises
    ------
    InputError
        For a format of days that lacks a part or has another, or what is mapped to two things.
    """

    date_format: str | None = None
    decimal: Literal[".", ","] = "."
    mapped: tuple[tuple[str, str], ...] = ()
    extra: Literal["refuse", "ignore"] = "refuse"
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.date_format is not None:
            _check_date_format(self.date_format)
        meant: dict[str, str] = {}
        for said, means in self.mapped:
            known = meant.setdefault(said.casefold(), means)
            if known != means:
                raise InputError(
                    f'"{printable(said)}" is mapped to both {printable(known) or "nothing"} and '
                    f"{printable(means) or 'nothing'}"
                )

    def __str__(self) -> str:
        """Return the options that say so; empty for a file as this program writes it."""
        words: list[str] = []
        if self.date_format is not None:
            words += ["--date-format", self.date_format]
        if self.decimal != ".":
            words += ["--decimal", self.decimal]
        for said, means in self.mapped:
            words += ["--map", _quoted(f"{said}={means}")]
        if self.extra != "refuse":
            words += ["--extra", self.extra]
        if self.sheet is not None:
            words += ["--sheet", self.sheet]
        return shlex.join(words)


AS_WRITTEN = Reading()


def read_map(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Read ``Patient=subject,ja=yes``; what holds a comma stands in double quotes.

    Raises
    ------
    InputError
        For a part without an equals sign, or with nothing before it.
    """
    found = []
    for text in texts:
        try:
            (parts,) = csv.reader([text])
        except (csv.Error, ValueError):
            parts = [text]
        for part in parts or [""]:
            said, equals, means = part.rpartition("=")
            if not equals or not said.strip():
                raise InputError(
                    f'--map takes what the file says and what it means, as "Patient=subject,'
                    f'ja=yes", not "{printable(part)}"'
                )
            found.append((said.strip(), means.strip()))
    return tuple(found)


def _quoted(part: str) -> str:
    doubled = part.replace('"', '""')
    return f'"{doubled}"' if re.search('[,"]', part) else part


def _check_date_format(text: str) -> None:
    """Refuse a format of days that does not name each of day, month and year once.

    Raises
    ------
    InputError
    """
    used = _DIRECTIVE.findall(text.replace("%%", ""))
    once = all(sum(sign in signs for sign in used) == 1 for signs in _PARTS.values())
    if not once or len(used) != len(_PARTS):
        raise InputError(
            f'--date-format "{printable(text)}" must name day, month and year once each, as '
            "%d.%m.%Y does for 31.01.2026 and %m/%d/%Y for 01/31/2026"
        )
