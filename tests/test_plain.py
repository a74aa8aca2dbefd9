"""The plain reader of entries against pydantic: what it reads, pydantic reads the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter

from escalation.plain import MAX_DEPTH, NotPlainError, read_plain, write_plain
from escalation.trial.codec import EventError, judge
from escalation.trial.events import EVENTS, AnyEvent

LEDGERS = Path(__file__).parent / "data" / "ledgers"
MADE = sorted(set(EVENTS.values()), key=lambda made: (made.kind, made.version))

# what may stand where something else is expected, as JSON text
ODD = [
    *("null", "true", "0", "-1", "3", "2.5", "3.0", "1e400", "NaN", "-Infinity", "1" * 30),
    *('""', '"x"', '"1"', '"level"', '"site"', '"for"', '"enrol"', '"T"', '"\\ud800"', '"é"'),
    *('"2026-01-02"', '"20260102"', '"2026-W01-1"', '"2026-01-02T00:00:00"', '"2026-02-30"'),
    *('"2026-1-2"', '"+026-01-02"', '"٢٠٢٦-01-02"', "9007199254740993", "1" * 400),
    *("[]", "[1]", '["x"]', "[null]", "[[]]", "{}", '{"x":1}', '{"x":NaN}', '{"x":[1e999]}'),
    *('{"x":1,"x":2}', '{"x":"\\udfff"}', '{"\\ud800":1}', "tru", "1.", "01"),
    *("[" * 60 + "]" * 60, '{"x":' * 60 + "1" + "}" * 60, '{"x":' * 250 + "1" + "}" * 250),
]


@cache
def adapter(made: type[AnyEvent]) -> TypeAdapter[Any]:
    return TypeAdapter(made)


def agree(made: type[AnyEvent], text: str) -> bool:
    """Tell whether the text is read plainly, having seen that pydantic then reads the same."""
    try:
        plain = read_plain(made, text)
    except NotPlainError:
        return False
    judged = judge(made, text)
    assert repr(plain) == repr(judged)  # tells 1 from 1.0 and "for" from Vote.FOR
    assert plain == judged
    return True


def assert_written_alike(event: Any) -> None:
    """As JSON text, which tells 1 from 1.0, and in the same order."""
    written = adapter(type(event)).dump_python(event, mode="json")
    assert json.dumps(write_plain(event)) == json.dumps(written)


def examples(hint: Any) -> Iterator[str]:
    """Yield JSON texts of what may stand where this is expected, the fullest first."""
    args = get_args(hint)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        each = {member.name: next(examples(hints[member.name])) for member in fields(hint)}
        yield "{" + ",".join(f'"{name}":{said}' for name, said in each.items()) + "}"
    elif get_origin(hint) is Literal:
        yield from map(json.dumps, args)
    elif get_origin(hint) is tuple:
        item = next(examples(args[0]))
        yield from (f"[{item},{item}]", "[]")
    elif get_origin(hint) is dict:
        yield from ('{"x":[1,2.5,null,true,"é",{"y":"z"}]}', "{}")
    elif args:  # one or another
        for arg in args:
            yield from examples(arg)
    elif issubclass(hint, Enum):
        yield from (json.dumps(member.value) for member in hint)
    else:
        yield {
            **{date: '"2026-05-04"', bool: "true", int: "3", float: "2.5"},
            **{str: '"Zo\\u00eb \\ud83d\\ude00"', NoneType: "null"},
        }[hint]


def broken(made: Any) -> Iterator[str]:
    """Yield examples with each field left out, each with every odd value, and one field more."""
    hints = get_type_hints(made)
    whole = {member.name: next(examples(hints[member.name])) for member in fields(made)}
    for name in whole:
        yield text_of({other: whole[other] for other in whole if other != name})
        yield from (text_of({**whole, name: odd}) for odd in [*ODD, *examples(hints[name])])
        for inner in filter(is_dataclass, [hints[name], *get_args(hints[name])]):
            for said in broken(inner):
                yield text_of({**whole, name: said if hints[name] is inner else f"[{said}]"})
    yield text_of({**whole, "more": "1"})


def text_of(members: dict[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{said}' for name, said in members.items()) + "}"


@pytest.mark.parametrize("file", sorted(LEDGERS.glob("*.jsonl")), ids=lambda file: file.stem)
def test_entries_of_released_ledgers_are_read_and_written_plainly_and_as_by_pydantic(file):
    kept = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    entries = [entry for entry in kept if "kind" in entry]
    assert len(entries) > 10
    for entry in entries:
        made = EVENTS[entry["kind"], entry["version"]]
        assert agree(made, entry["data"])
        event = read_plain(made, entry["data"])
        assert_written_alike(event)


@pytest.mark.parametrize("made", MADE, ids=lambda made: f"{made.kind}-{made.version}")
def test_every_kind_is_read_and_written_as_by_pydantic_whatever_is_wrong_with_it(made):
    whole = next(examples(made))
    assert agree(made, whole)
    event = read_plain(made, whole)
    assert_written_alike(event)
    read = [agree(made, text) for text in broken(made)]
    assert 0 < sum(read) < len(read)


def test_a_whole_number_in_a_field_for_a_float_is_written_as_a_float_as_by_pydantic():
    made = EVENTS["subject-dosed", 1]
    event = made(on=date(2026, 5, 4), subject="S1", planned=300.0, infused=300)
    assert_written_alike(event)
    assert '"infused": 300.0' in json.dumps(write_plain(event))


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "1", "{", '{"a":1,"a":2}', "\ufeff{}", "{}x", "[" * 100_000]
)
def test_what_is_no_object_is_left_to_pydantic(text):
    for made in MADE:
        assert not agree(made, text)
        with pytest.raises(EventError):
            judge(made, text)


def test_what_is_as_deep_as_the_ledger_takes_is_read():
    made = EVENTS["entry-corrected", 1]
    for depth, plain in ((MAX_DEPTH - 1, True), (MAX_DEPTH + 1, False)):
        changes = '{"x":' * depth + "1" + "}" * depth
        text = f'{{"on":"2026-01-01","entry":1,"reason":"r","changes":{changes}}}'
        assert agree(made, text) is plain
