"""Events as JSON and back: strict, so that what is read is what was written, or is refused.

An entry is written in the first version of its kind that can say it. What only a later one can say,
a field marked so in ``events`` or a level that is a word, is not in the data of an earlier one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from escalation.errors import EscalationError
from escalation.trial.events import EVENTS, LATER_NAMES, AnyEvent, Event

__all__ = ["EventError", "change_event", "dump_event", "load_event", "version_of"]

E = TypeVar("E", bound=Event)


class EventError(EscalationError):
    """Data that make no event, with what is wrong with each field."""

    def __init__(self, kind: str, faults: tuple[str, ...]) -> None:
        self.kind = kind
        self.faults = faults
        super().__init__(f"{kind}: {'; '.join(faults)}")


def dump_event(event: Event) -> dict[str, Any]:
    """Return an event's data as JSON types, in the version that ``version_of`` names."""
    data: dict[str, Any] = _adapter(event.kind, event.version).dump_python(event, mode="json")
    if _has_later(event.kind, event.version):
        _leave_out(event, data, version_of(event))
    return data


def version_of(event: Event) -> int:
    """Return the first version of the event's kind that can say what it says."""
    if not _has_later(event.kind, event.version):
        return event.version
    return max([event.version, *_versions_needed(event)])


def load_event(kind: str, version: int, data: str) -> AnyEvent:
    """Read an event from its data as JSON text.

    Raises
    ------
    EventError
        For a kind or version that this program does not know, or data that do not fit it.
    """
    if (kind, version) not in EVENTS:
        raise EventError(kind, (f"version {version} of this kind is not known to this program",))
    event = _read(EVENTS[kind, version], data)
    if version_of(event) != version or (version == event.version and _names_later(event, data)):
        raise EventError(kind, (f"version {version} of this kind is not written so",))
    return event


def _read(made: type[AnyEvent], data: str) -> AnyEvent:
    try:
        read = _adapter(made.kind, made.version).validate_json(data, strict=True, extra="forbid")
    except ValidationError as error:
        raise EventError(made.kind, _faults(error)) from error
    event: AnyEvent = read
    return event


def change_event(event: E, changes: Mapping[str, Any]) -> E:
    """Return the event with some fields replaced, given as JSON types.

    Raises
    ------
    EventError
        For a field the event does not have, or a value it does not take.
    """
    known = [field.name for field in fields(event)]
    unknown = [name for name in changes if name not in known]
    if unknown:
        listed = f"it has {', '.join(known)}"
        raise EventError(event.kind, (f"has no {' and no '.join(unknown)}; {listed}",))
    said = dict(changes)
    if "on" in said and "day_stated" in known:
        said["day_stated"] = True
    try:
        data = json.dumps(dump_event(event) | said, allow_nan=False)
    except ValueError as error:
        raise EventError(event.kind, ("a number must be finite",)) from error
    return cast(E, _read(cast(type[AnyEvent], type(event)), data))


@cache
def _adapter(kind: str, version: int) -> TypeAdapter[Any]:
    return TypeAdapter(EVENTS[kind, version])


@cache
def _has_later(kind: str, version: int) -> bool:
    """Tell whether an event's class can say more than the version that it names."""
    return EVENTS.get((kind, version + 1)) is EVENTS[kind, version]


def _members(part: Any) -> Iterator[tuple[Field[Any], Any]]:
    return ((member, getattr(part, member.name)) for member in fields(part))


def _parts(value: Any) -> list[Any]:
    """Return the dataclasses in a member's value, in order."""
    return [
        part for part in (value if isinstance(value, tuple) else (value,)) if is_dataclass(part)
    ]


def _versions_needed(part: Any) -> Iterator[int]:
    """Yield the version that each thing said needs, where it is not the first."""
    for member, value in _members(part):
        if "since" in member.metadata and value != member.default:
            yield member.metadata["since"]
        if member.name in _LABELS and isinstance(value, str):
            yield 2
        for inner in _parts(value):
            yield from _versions_needed(inner)


def _names_later(event: Event, data: str) -> bool:
    """Tell whether data name, with its default value, what only a later version can say."""
    return _has_later(event.kind, event.version) and any(
        f'"{name}":' in data for name in LATER_NAMES
    )


_LABELS = ("level", "mtd")  # members that name levels, which were whole numbers at first


def _leave_out(part: Any, data: dict[str, Any], version: int) -> None:
    """Take out of the data what came after a version."""
    for member, value in _members(part):
        if member.metadata.get("since", 1) > version:
            del data[member.name]
        else:
            inner = data[member.name]
            for place, said in enumerate(_parts(value)):
                _leave_out(said, inner[place] if isinstance(inner, list) else inner, version)


def _faults(error: ValidationError) -> tuple[str, ...]:
    return tuple(
        f"{'.'.join(map(str, fault['loc'])) or 'data'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False)
    )
