"""What people call a dose level: a whole number, or a word such as ``+1``, ``1a`` or ``DL-1``.

A label that is a whole number is an integer, as in every record so far; any other is text. So that
outcomes can be written after it, ``1aNNT``, a label does not read as outcomes itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from escalation.errors import InputError, printable

__all__ = [
    "LETTERS",
    "MAX_LENGTH",
    "Label",
    "are_numbers",
    "find_label_fault",
    "find_twins",
    "read_label",
]

Label: TypeAlias = int | str

LETTERS = "NTMX?"  # of outcomes: see ``outcomes``
MAX_LENGTH = 20

_WHOLE = re.compile(r"-?[1-9][0-9]{0,2}|0", re.ASCII)
_WORD = re.compile(r"(?![+-]0$)[+-]?[A-Za-z0-9][A-Za-z0-9.+_-]*", re.ASCII)
_OUTCOMES_FOLLOW = re.compile(rf"[+-]?[0-9.]+[{LETTERS}]|.*[{LETTERS}]$", re.ASCII)


def read_label(text: str) -> Label:
    """Read a label as people write it: a whole number where it is one, else a word.

    Raises
    ------
    InputError
        For what is no label.

    Examples
    --------
    >>> [read_label(text) for text in ("1", "-1", "+1", "0.5", "1a", "DL-1")]
    [1, -1, '+1', '0.5', '1a', 'DL-1']
    """
    label: Label = int(text) if _WHOLE.fullmatch(text) else text
    fault = find_label_fault(label)
    if fault is not None:
        raise InputError(f'"{printable(text)}" {fault}')
    return label


def find_label_fault(label: Label) -> str | None:
    """Say what is wrong with a label; None for one that can be used."""
    if isinstance(label, int):
        return None if -999 <= label <= 999 else "is not a label: whole numbers from -999 to 999"
    if re.fullmatch(r"[+-]?[0-9]{4,}", label, re.ASCII):
        return "is not a label: whole numbers from -999 to 999"
    if len(label) > MAX_LENGTH:
        return f"is not a label: at most {MAX_LENGTH} characters"
    if not _WORD.fullmatch(label):
        return (
            "is not a label: letters, digits and . + - _ only, such as 1, -1, +1, 0.5, 1a or DL-1"
        )
    if _OUTCOMES_FOLLOW.match(label):
        return (
            "reads as outcomes: a label ends with none of the capitals N, T, M and X, and none "
            "follows its number"
        )
    return None


def find_twins(labels: Iterable[Label]) -> Iterator[tuple[int, Label]]:
    """Yield the place of each label that can be taken for an earlier one, and that earlier one.

    Such are labels that differ only in capitals (``1a``, ``1A``) or in how a number is written
    (``1``, ``+1``, ``01``).
    """
    seen: dict[object, Label] = {}
    for place, label in enumerate(labels):
        key = _compared(label)
        if key in seen:
            yield place, seen[key]
        seen.setdefault(key, label)


def _compared(label: Label) -> object:
    text = str(label).casefold()
    return float(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text, re.ASCII) else text


def are_numbers(labels: Iterable[Label]) -> bool:
    """Tell whether every label is a whole number."""
    return all(isinstance(label, int) for label in labels)
