"""What people call a dose level: a whole number, or a word such as ``+1``, ``1a`` or ``DL-1``.

A label that is a whole number is an integer, as in every record so far; any other is text. So that
outcomes can be written after it, ``1aNNT``, a label does not read as outcomes itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import index
from typing import SupportsIndex, TypeAlias

from escalation.errors import InputError, printable

__all__ = [
    "LETTERS",
    "MAX_LENGTH",
    "PATTERN",
    "Label",
    "are_numbers",
    "find_label_fault",
    "find_twins",
    "read_label",
    "schema_of",
]

Label: TypeAlias = int | str

LETTERS = "NTMX?"  # of outcomes: see ``outcomes``
MAX_LENGTH = 20

PATTERN = r"^(?![+-]0+$)([+-](?=[0-9]))?[A-Za-z0-9]([A-Za-z0-9.+_-]*[A-Za-z0-9+-])?$"
_WHOLE = r"-?[1-9][0-9]{0,2}|0"
_OUTCOMES_FOLLOW = rf"[+-]?[0-9.]+[{LETTERS}]|.*[{LETTERS}]\Z"
_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?"
_MEANT_OTHERWISE = frozenset({"all", "inf", "infinity", "na", "nan", "none", "null"})


def read_label(given: str | SupportsIndex) -> Label:
    """Read a label as people write it: a whole number where it is one, else a word.

    Raises
    ------
    InputError
        For what is not a label.

    Examples
    --------
    >>> [read_label(text) for text in ("1", "-1", "+1", "0.5", "1a", "DL-1")]
    [1, -1, '+1', '0.5', '1a', 'DL-1']
    """
    if isinstance(given, bool) or not isinstance(given, str | SupportsIndex):
        raise InputError(f'a label is a whole number or a text such as "1a", not {given!a}')
    if isinstance(given, str):
        label: Label = int(given) if re.fullmatch(_WHOLE, given, re.ASCII) else given
    else:
        label = index(given)  # also numpy's
    fault = find_label_fault(label)
    if fault is not None:
        raise InputError(f'"{printable(str(given))}" {fault}')
    return label


def find_label_fault(label: Label) -> str | None:
    """Say what is wrong with a label; None for one that can be used."""
    if isinstance(label, int) or re.fullmatch(r"[+-]?[0-9]{4,}", label, re.ASCII):
        small = isinstance(label, int) and -999 <= label <= 999
        return None if small else "is not a label: whole numbers from -999 to 999"
    if len(label) > MAX_LENGTH:
        return f"is not a label: at most {MAX_LENGTH} characters"
    if not re.fullmatch(PATTERN, label, re.ASCII):
        return (
            "is not a label; write letters and digits, with . + - _ between them, such as 1, -1, "
            "+1, 0.5, 1a or DL-1"
        )
    if label.casefold() in _MEANT_OTHERWISE:
        return "is not a label: it means all levels, none or no number"
    if re.match(_OUTCOMES_FOLLOW, label, re.ASCII):
        return (
            "reads as outcomes: a label ends with none of the capitals N, T, M and X, and none "
            "follows its number"
        )
    return None


def find_twins(labels: Iterable[Label]) -> Iterator[tuple[int, Label]]:
    """Yield the place of each label that can be taken for an earlier one, and that earlier one.

    Such are labels that differ only in capitals (``1a``, ``1A``) or in how a number is written
    (``1``, ``+1``, ``01``, ``1e0``).
    """
    seen: dict[object, Label] = {}
    for place, label in enumerate(labels):
        key = _compared(label)
        if key in seen:
            yield place, seen[key]
        seen.setdefault(key, label)


def _compared(label: Label) -> object:
    text = str(label).casefold()
    return float(text) if re.fullmatch(_NUMBER, text, re.ASCII) else text


def are_numbers(labels: Iterable[Label]) -> bool:
    """Tell whether every label is a whole number."""
    return all(isinstance(label, int) for label in labels)


def schema_of(*ladders: Iterable[Label]) -> int:
    """Return the version of a JSON document that names these ladders' levels.

    In the first every label is a number; the second says that labels may be text.
    """
    return 1 if all(map(are_numbers, ladders)) else 2
