"""A protocol's settings, and the protocols that are shipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from escalation.labels import schema_of
from escalation.protocol import Protocol, format_dose
from escalation.protocol.dosing import describe_dosing
from escalation.protocol.judging import describe_dlt_rule, describe_pause_rule
from escalation.reports.view import GAP, Block, Heading, Table, View

__all__ = ["say_changes", "view_list", "view_settings"]


def view_list(protocols: Sequence[Protocol]) -> View:
    """Return the view of protocols by name and title."""
    rows = [("name", "title", "digest"), *((p.name, p.title or "", p.digest) for p in protocols)]
    named = [{"name": p.name, "title": p.title, "digest": p.digest} for p in protocols]
    return View(
        page=lambda: [Table([row[:2] for row in rows], prose=True)],
        document=lambda: {"schema": 1, "protocols": named},
        rows=lambda: rows,
    )


def view_settings(protocol: Protocol) -> View:
    """Return the view of every setting of a protocol, with where it comes from."""
    return View(
        page=partial(_page, protocol),
        document=lambda: {
            "schema": schema_of(protocol.labels),
            "protocol": protocol.document,
            "digest": protocol.digest,
        },
        rows=lambda: _rows(protocol),
    )


def _page(protocol: Protocol) -> Iterator[Block]:
    yield Heading(f"{protocol.name}  digest {protocol.digest}")
    yield GAP
    yield Table(_rows(protocol), left=(0, 1), prose=True)


def say_changes(before: Protocol, after: Protocol) -> Iterator[str]:
    """Say each setting that changes, all but those of the ladder (see ``say_ladder``)."""
    was, now = (
        {name: value for name, _, value in _rows(one)[1:] if not name.startswith("levels.")}
        for one in (before, after)
    )
    for name in {**was, **now}:
        if name not in was:
            yield f"{name} is new: {now[name]}."
        elif name not in now:
            yield f"{name} is gone; it was {was[name]}."
        elif now[name] != was[name]:
            yield f"{name} is {now[name]}; it was {was[name]}."


def _rows(protocol: Protocol) -> list[tuple[str, str, str]]:
    sources = dict(protocol.sources)
    settings = (protocol.settings | _rules_in_words(protocol)).items()
    rows = [
        (name, sources.get(name, "not said"), _describe(protocol, name, value))
        for name, value in settings
    ]
    doses = describe_dosing(protocol)
    if doses is not None:
        place = next(k for k, (name, *_) in enumerate(rows, start=1) if name == "unit")
        rows.insert(place, ("doses", sources.get("unit", "not said"), doses))
    return [("setting", "source", "value"), *rows]


def _rules_in_words(protocol: Protocol) -> dict[str, str]:
    """Return what the rules by which the record judges say, by the name of the setting."""
    return {
        **{f"dlt.rules.{rule.name}": describe_dlt_rule(rule) for rule in protocol.dlt.rules},
        **{f"pause.{rule.name}": describe_pause_rule(rule) for rule in protocol.pause},
    }


def _describe(shown: Protocol, setting: str, value: Any) -> str:
    """Write a setting's value for people."""
    table = setting.partition(".")[0]
    match value:
        case None | ():
            spelled_out = shown.design.spelled_out().get(setting.removeprefix("design."))
            return "none" if spelled_out is None else f"{_listed(spelled_out)} (by default)"
        case float() if table == "levels":
            return shown.describe_dose(value)
        case tuple() if table == "scenarios":
            return " ".join(f"{p:g}" for p in value)
        case float():
            return format_dose(value)
        case tuple():
            return _listed(value)
    return f"level {value}" if setting == "start" else str(value)


def _listed(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, tuple) else str(value)
