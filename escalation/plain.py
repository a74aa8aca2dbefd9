"""Dataclasses from JSON and to it by their annotations, for data as this program writes them.

pydantic reads the same annotations, but takes longer to be imported than a command to answer.
What is read here pydantic reads the same; of all else it says what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache, partial
from math import isfinite
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

__all__ = ["NotPlainError", "read_plain", "write_plain"]

T = TypeVar("T")
Reads: TypeAlias = Mapping[type, Callable[[Any], Any]]

MAX_DEPTH = 50  # of lists and objects within each other, as in the ledger


class NotPlainError(ValueError):
    """The data are not as this program writes them, or do not fit."""


def read_plain(made: type[T], text: str) -> T:
    """Read a dataclass from JSON text.

    Raises
    ------
    NotPlainError
        For what pydantic has to judge.
    """
    try:
        read: T = _read(_reads(cast(Any, made)), _decode(text))
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise NotPlainError(f"not as this program writes {made.__name__}") from error
    return read


def write_plain(value: Any) -> Any:
    """Return a value as JSON types: a dataclass as an object, in the order of its fields.

    A whole number where the annotation says float is written as one, ``300.0``.
    """
    if is_dataclass(value):
        made: Any = type(value)
        floats = _floats(made)
        found = {member.name: getattr(value, member.name) for member in fields(value)}
        return {
            name: float(said) if name in floats and isinstance(said, int) else write_plain(said)
            for name, said in found.items()
        }
    if isinstance(value, dict):
        return {name: write_plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [write_plain(inner) for inner in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


@cache
def _floats(made: Any) -> frozenset[str]:
    """Return the fields of a dataclass that hold a float."""
    return frozenset(name for name, reads in _members(made).items() if float in reads)


@cache
def _reads(hint: Any) -> Reads:
    """Return how what is annotated so is read, by the type that JSON gives it."""
    kind, args = get_origin(hint) or hint, get_args(hint)
    if is_dataclass(hint):
        return {dict: partial(_read_members, hint, _members(hint))}
    if kind in (Union, UnionType):
        return {given: read for arg in args for given, read in _reads(arg).items()}
    if kind is tuple:
        return {list: partial(_read_items, _reads(args[0]))}
    if kind is Literal:
        return {str: {word: word for word in args}.__getitem__}
    if kind not in _SIMPLE and issubclass(kind, Enum):
        return {str: {member.value: member for member in kind}.__getitem__}
    return _SIMPLE[kind]


def _members(made: Any) -> Mapping[str, Reads]:
    hints = get_type_hints(made)
    return {member.name: _reads(hints[member.name]) for member in fields(made)}


def _read(reads: Reads, value: Any) -> Any:
    return reads[type(value)](value)


def _read_members(made: Any, members: Mapping[str, Reads], value: Any) -> Any:
    return made(**{name: members[name][type(said)](said) for name, said in value.items()})


def _read_items(reads: Reads, value: Any) -> tuple[Any, ...]:
    return tuple(_read(reads, item) for item in value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotPlainError("a name stands twice in an object")
    return found


_decode = json.JSONDecoder(object_pairs_hook=_object).decode


def _as_it_is(value: Any) -> Any:
    return value


def _text(value: str) -> str:
    value.encode()  # half of a pair of surrogates is no letter
    return value


def _number(value: float) -> float:
    if not isfinite(value):
        raise NotPlainError("a number that is not finite")
    return float(value)


def _day(value: str) -> date:
    if len(value) != 10 or value[4] != "-" or value[7] != "-":
        raise NotPlainError("a day that is not written YYYY-MM-DD")
    return date.fromisoformat(value)


def _anything(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise NotPlainError("too deep")
    if isinstance(value, dict):
        return {_text(name): _anything(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_anything(inner, depth + 1) for inner in value]
    return _read(_LEAVES, value)


_SIMPLE: Mapping[Any, Reads] = {
    NoneType: {NoneType: _as_it_is},
    bool: {bool: _as_it_is},
    int: {int: _as_it_is},
    float: {float: _number, int: _number},
    str: {str: _text},
    date: {str: _day},
    dict: {dict: _anything},
}
_LEAVES: Reads = {kind: _SIMPLE[kind][kind] for kind in (NoneType, bool, int, float, str)}
