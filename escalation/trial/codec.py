"""Events as JSON and back: strict, so that what is read is what was written, or is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from escalation.errors import EscalationError
from escalation.trial.events import EVENTS, AnyEvent, Event

__all__ = ["EventError", "change_event", "dump_event", "load_event"]

E = TypeVar("E", bound=Event)


class EventError(EscalationError):
    """Data that make no event, with what is wrong with each field."""

    def __init__(self, kind: str, faults: tuple[str, ...]) -> None:
        self.kind = kind
        self.faults = faults
        super().__init__(f"{kind}: {'; '.join(faults)}")


def dump_event(event: Event) -> dict[str, Any]:
    """Return an event's data as JSON types."""
    data: dict[str, Any] = _adapter(event.kind, event.version).dump_python(event, mode="json")
    return data


def load_event(kind: str, version: int, data: str) -> AnyEvent:
    """Read an event from its data as JSON text.

    Raises
    ------
    EventError
        For a kind or version that this program does not know, or data that do not fit it.
    """
    if (kind, version) not in EVENTS:
        raise EventError(kind, (f"version {version} of this kind is not known to this program",))
    try:
        read = _adapter(kind, version).validate_json(data, strict=True, extra="forbid")
    except ValidationError as error:
        raise EventError(kind, _faults(error)) from error
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
    try:
        data = json.dumps(dump_event(event) | dict(changes), allow_nan=False)
    except ValueError as error:
        raise EventError(event.kind, ("a number must be finite",)) from error
    return cast(E, load_event(event.kind, event.version, data))


@cache
def _adapter(kind: str, version: int) -> TypeAdapter[Any]:
    return TypeAdapter(EVENTS[kind, version])


def _faults(error: ValidationError) -> tuple[str, ...]:
    return tuple(
        f"{'.'.join(map(str, fault['loc'])) or 'data'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False)
    )
