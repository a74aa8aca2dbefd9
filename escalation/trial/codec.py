"""Events as JSON and back: strict, so that what is read is what was written, or is refused.

What this program writes is read plainly; pydantic, by the same annotations, judges all else.

An entry is written in the first version of its kind that can say it. What only a later one can say,
a field marked so in ``events`` or a level that is a word, is not in the data of an earlier one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_type_hints

from escalation.dataclass import dataclass
from escalation.errors import EscalationError
from escalation.plain import NotPlainError, read_plain, write_plain
from escalation.trial.events import EVENTS, LATER_NAMES, AnyEvent, Event

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

__all__ = ["EventError", "change_event", "dump_event", "judge", "load_event", "version_of"]

E = TypeVar("E", bound=Event)


class EventError(EscalationError):
    """Data that make no event, with what is wrong with each field."""

    def __init__(self, kind: str, faults: tuple[str, ...]) -> None:
        self.kind = kind
        self.faults = faults
        super().__init__(f"{kind}: {'; '.join(faults)}")


def dump_event(event: Event) -> dict[str, Any]:
    """Return an event's data as JSON types, in the version that ``version_of`` names."""
    data: dict[str, Any] = write_plain(event)
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
        return read_plain(made, data)
    except NotPlainError:
        return judge(made, data)


def judge(made: type[AnyEvent], data: str) -> AnyEvent:
    """Read an event by pydantic, or raise what is wrong with each field."""
    from pydantic import ValidationError  # noqa: PLC0415  # few commands need it, and it is slow

    try:
        read = _adapter(made.kind, made.version).validate_json(data, strict=True, extra="forbid")
    except ValidationError as error:
        raise EventError(made.kind, _faults(error)) from error
    event: AnyEvent = read
    return event


@cache
def _adapter(kind: str, version: int) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415  # as above

    return TypeAdapter(EVENTS[kind, version])


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
    if "on" in said and "undated" in known:
        said["undated"] = False
    try:
        data = json.dumps(dump_event(event) | said, allow_nan=False)
    except ValueError as error:
        raise EventError(event.kind, ("a number must be finite",)) from error
    return cast(E, _read(cast(type[AnyEvent], type(event)), data))


@cache
def _has_later(kind: str, version: int) -> bool:
    """Tell whether an event's class can say more than the version that it names."""
    return EVENTS.get((kind, version + 1)) is EVENTS[kind, version]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Later:
    """What of a dataclass only a later version can say.

    ``since`` are members with their version and default, ``levels`` those that name levels, which
    were whole numbers at first, and ``inner`` those that hold dataclasses with any of this.
    """

    since: tuple[tuple[str, int, Any], ...]
    levels: tuple[str, ...]
    inner: tuple[str, ...]


@cache
def _later_in(made: Any) -> _Later:
    """Return what of a class came later: asked of every entry, found once."""
    hints = get_type_hints(made)
    members = fields(made)
    return _Later(
        since=tuple((m.name, m.metadata["since"], m.default) for m in members if m.metadata),
        levels=tuple(m.name for m in members if m.name in _LEVELS),
        inner=tuple(m.name for m in members if any(map(_has_any, _dataclasses(hints[m.name])))),
    )


_LEVELS = ("level", "mtd")


def _has_any(made: Any) -> bool:
    later = _later_in(made)
    return bool(later.since or later.levels or later.inner)


def _dataclasses(hint: Any) -> Iterator[Any]:
    if is_dataclass(hint):
        yield hint
    for inner in get_args(hint):
        yield from _dataclasses(inner)


def _parts(value: Any) -> tuple[Any, ...]:
    """Return the dataclasses in a member's value, in order."""
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _versions_needed(part: Any) -> Iterator[int]:
    """Yield the version that each thing said needs, where it is not the first."""
    later = _later_in(cast(Any, type(part)))
    for name, since, default in later.since:
        if getattr(part, name) != default:
            yield since
    for name in later.levels:
        if isinstance(getattr(part, name), str):
            yield 2
    for name in later.inner:
        for inner in _parts(getattr(part, name)):
            yield from _versions_needed(inner)


def _names_later(event: Event, data: str) -> bool:
    """Tell whether data name, with its default value, what only a later version can say."""
    return _has_later(event.kind, event.version) and any(
        f'"{name}":' in data for name in LATER_NAMES
    )


def _leave_out(part: Any, data: dict[str, Any], version: int) -> None:
    """Take out of the data what came after a version."""
    later = _later_in(cast(Any, type(part)))
    for name, since, _ in later.since:
        if since > version:
            del data[name]
    for name in later.inner:
        inner = data[name]
        for place, said in enumerate(_parts(getattr(part, name))):
            _leave_out(said, inner[place] if isinstance(inner, list) else inner, version)


def _faults(error: ValidationError) -> tuple[str, ...]:
    return tuple(
        f"{'.'.join(map(str, fault['loc'])) or 'data'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False)
    )
