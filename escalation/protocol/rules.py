"""Rules of a protocol file that join several settings, checked on whatever is sound by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from escalation.designs import make_design
from escalation.errors import EscalationError, LadderError, did_you_mean
from escalation.protocol.expansion import find_boundary_faults
from escalation.protocol.judging_rules import find_judging_faults
from escalation.protocol.protocol import freeze_lists, name_settings

__all__ = ["Fault", "Place", "find_broken_rules", "quote"]

Place = tuple[str | int, ...]
Fault = tuple[Place, str]


def find_broken_rules(sound: Mapping[str, Any], faulty: set[str | int]) -> Iterator[Fault]:
    """Yield what no single setting can be blamed for, in the parts without a fault of type."""
    levels = [level or {"label": None, "dose": None} for level in sound.get("levels") or ()]
    if levels:
        yield from _ladder_faults(sound, levels)
    yield from _scenario_faults(sound, len(levels))
    if levels and "design" not in faulty:
        labels = [level.get("label") for level in levels]
        start = sound.get("start")
        index = 0 if start is None or start not in labels else labels.index(start)
        yield from _design_faults(sound["design"], len(levels), index)
    expansion = sound.get("expansion") or {}
    rate, boundaries = expansion.get("stop_at_rate"), expansion.get("stop_at") or ()
    for place, problem in find_boundary_faults(rate, tuple(boundaries)):
        yield ("expansion", *place), problem
    yield from find_judging_faults(sound)
    yield from _source_faults(sound, faulty)


def _ladder_faults(sound: Mapping[str, Any], levels: list[dict[str, Any]]) -> Iterator[Fault]:
    for key in ("label", "dose"):
        last = None
        for index, level in enumerate(levels):
            value = level.get(key)
            if value is None:
                continue
            if last is not None and value <= last:
                problem = f"{quote(value)} is not above the level before, {quote(last)}"
                yield ("levels", index, key), f"{problem}; list the levels from the lowest up"
            last = value
    labels = [level.get("label") for level in levels]
    start = sound.get("start")
    if start is not None and None not in labels and start not in labels:
        yield ("start",), str(LadderError(start, labels))  # type: ignore[arg-type]  # no None left
    with_dose = ["dose" in level for level in levels]
    if any(with_dose):
        for index, given in enumerate(with_dose):
            if not given:
                yield ("levels", index, "dose"), "is missing; give every level a dose, or none"
        if "unit" not in sound:
            yield ("unit",), 'is missing; doses need one, such as "cells/kg"'
    else:
        for key in ("unit", "dose_cap"):
            if key in sound:
                yield (key,), "is given, but no level has a dose"


def _scenario_faults(sound: Mapping[str, Any], n_levels: int) -> Iterator[Fault]:
    names: dict[str, int] = {}
    for index, scenario in enumerate(sound.get("scenarios") or ()):
        name, p_dlt = (scenario or {}).get("name"), (scenario or {}).get("p_dlt")
        if p_dlt is not None and n_levels and len(p_dlt) != n_levels:
            problem = f"has length {len(p_dlt)} for a ladder of {n_levels} levels"
            yield ("scenarios", index, "p_dlt"), f"{problem}; write one number a level"
        if name is not None and names.setdefault(name, index) != index:
            problem = f"{quote(name)} is the name of scenarios[{names[name]}] too"
            yield ("scenarios", index, "name"), problem


def _design_faults(table: Mapping[str, Any], n_levels: int, start: int) -> Iterator[Fault]:
    try:
        make_design(**freeze_lists(table), n_levels=n_levels, start=start)
    except EscalationError as error:
        yield ("design",), str(error)


def _source_faults(sound: Mapping[str, Any], faulty: set[str | int]) -> Iterator[Fault]:
    known = name_settings({key: value for key, value in sound.items() if key not in faulty})
    tables = {name.partition(".")[0] for name in known}
    for name, source in (sound.get("sources") or {}).items():
        table = name.partition(".")[0]
        if source is not None and name not in known and table not in faulty:
            near = [other for other in known if other.partition(".")[0] == table] or sorted(tables)
            yield ("sources", name), f"names no setting; {did_you_mean(name, near)}"


def quote(value: Any, width: int = 40) -> str:
    """Write a value as in TOML, in ASCII and not at length."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = f'"{ascii(value)[1:-1]}"'
        case int() | float():
            text = repr(value)
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return f"the date or time {value}"
    return text if len(text) <= width else f"{text[: width - 3]}..."
