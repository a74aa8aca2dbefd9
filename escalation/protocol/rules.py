"""Rules of a protocol file that join several settings, checked on whatever is sound by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from escalation.designs import DESIGNS, make_design
from escalation.errors import EscalationError, LadderError, did_you_mean
from escalation.labels import find_twins, read_label
from escalation.protocol.expansion import find_boundary_faults
from escalation.protocol.judging_rules import find_judging_faults
from escalation.protocol.protocol import freeze_lists, name_settings
from escalation.protocol.units import find_unit_fault
from escalation.text import as_compared

__all__ = ["Fault", "Place", "find_broken_rules", "quote", "write_place"]

Place = tuple[str | int, ...]
Fault = tuple[Place, str]


def find_broken_rules(sound: Mapping[str, Any], faulty: set[str | int]) -> Iterator[Fault]:
    """Yield what no single setting can be blamed for, in the parts without a fault of type."""
    levels = [level or {"label": None, "dose": None} for level in sound.get("levels") or ()]
    if levels:
        yield from _ladder_faults(sound, levels)
    yield from _scenario_faults(sound, len(levels))
    if levels and "design" not in faulty:
        labels = [_as_label(level.get("label")) for level in levels]
        start = _as_label(sound.get("start"))
        index = 0 if start is None or start not in labels else labels.index(start)
        yield from _design_faults(sound["design"], len(levels), index)
        if "dlt" not in faulty:
            yield from _follow_up_faults(sound)
    expansion = sound.get("expansion") or {}
    rate, boundaries = expansion.get("stop_at_rate"), expansion.get("stop_at") or ()
    for place, problem in find_boundary_faults(rate, tuple(boundaries)):
        yield ("expansion", *place), problem
    yield from _backfill_faults(sound)
    yield from find_judging_faults(sound)
    yield from _source_faults(sound, faulty)


def _ladder_faults(sound: Mapping[str, Any], levels: list[dict[str, Any]]) -> Iterator[Fault]:
    labels = [_as_label(level.get("label")) for level in levels]
    yield from _label_faults(labels)
    yield from _dose_faults(levels)
    start = _as_label(sound.get("start"))
    if start is not None and None not in labels and start not in labels:
        yield ("start",), str(LadderError(start, labels))
    with_dose = ["dose" in level for level in levels]
    if any(with_dose):
        for index, given in enumerate(with_dose):
            if not given:
                yield ("levels", index, "dose"), "is missing; give every level a dose, or none"
        unit = sound.get("unit")
        fault = None if unit is None else find_unit_fault(unit)
        if fault is not None:
            yield ("unit",), f"{quote(unit)} {fault}"
        if "unit" not in sound:
            yield ("unit",), 'is missing; doses need one, such as "cells/kg"'
    else:
        for key in ("unit", "dose_cap"):
            if key in sound:
                yield (key,), "is given, but no level has a dose"


def _as_label(value: Any) -> Any:
    """Return a label of the document as it is compared; what is faulty by itself is None."""
    return read_label(value) if isinstance(value, str) else value


def _label_faults(labels: Sequence[Any]) -> Iterator[Fault]:
    """Yield labels that are there twice, or whole numbers that do not rise."""
    known = [(index, label) for index, label in enumerate(labels) if label is not None]
    for place, twin in find_twins(label for _, label in known):
        index, label = known[place]
        same = "is there twice" if label == twin else f"can be taken for {quote(twin)}"
        yield ("levels", index, "label"), f"{quote(label)} {same}; give each level its own"
    numbers = [(index, label) for index, label in known if isinstance(label, int)]
    for (_, last), (index, label) in pairwise(numbers):
        if label < last:
            problem = f"{label} is not above the level before, {last}"
            yield ("levels", index, "label"), f"{problem}; list the levels from the lowest up"


def _dose_faults(levels: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """Yield doses that fall, or that are equal where no regimen tells the levels apart."""
    last: Mapping[str, Any] | None = None
    for index, level in enumerate(levels):
        dose = level.get("dose")
        if dose is None:
            continue
        if last is not None and dose < last["dose"]:
            problem = f"{quote(dose)} is not above the level before, {quote(last['dose'])}"
            yield ("levels", index, "dose"), f"{problem}; list the levels from the lowest up"
        last = level
    yield from _regimen_faults(levels)


def _regimen_faults(levels: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """Yield levels of one dose that no regimen tells apart."""
    doses = [level.get("dose") for level in levels]
    for index, level in enumerate(levels):
        dose, regimen = level.get("dose"), level.get("regimen")
        before = [k for k in range(index) if dose is not None and doses[k] == dose]
        if not before:
            continue
        missing = [k for k in (before[-1], index) if "regimen" not in levels[k]]
        if missing:
            problem = f"is missing: levels[{before[-1]}] and levels[{index}] have the same dose"
            problem += "; say in their regimens what differs, or give each a dose of its own"
            yield ("levels", missing[-1], "regimen"), problem
        for twin in before:
            other = levels[twin].get("regimen")
            if regimen and other and as_compared(regimen) == as_compared(other):
                problem = f"{quote(regimen)} is that of levels[{twin}] too, as is the dose"
                yield ("levels", index, "regimen"), f"{problem}; say what differs"
                break


def _backfill_faults(sound: Mapping[str, Any]) -> Iterator[Fault]:
    table = sound.get("backfill")
    if table is None:
        return
    if "max_per_level" not in table:
        yield ("backfill", "max_per_level"), "is missing; say how many at a level, such as 6"
    rate = table.get("stop_at_rate")
    for (_, *place), problem in find_boundary_faults(rate, ()):
        yield ("backfill", "stop_at_rate", *place), problem
    if table.get("scheme") == "zhao2024":
        yield from _scheme_faults(sound, table)
    labels = [_as_label((level or {}).get("label")) for level in sound.get("levels") or ()]
    lowest = _as_label(table.get("from_level"))
    if lowest is not None and labels and None not in labels:
        if lowest not in labels:
            yield ("backfill", "from_level"), str(LadderError(lowest, labels))
        elif lowest == labels[-1] and len(labels) > 1:
            problem = f"{quote(lowest)} is the highest level; backfill is below the current one"
            yield ("backfill", "from_level"), problem


def _scheme_faults(sound: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[Fault]:
    design = sound.get("design") or {}
    if design.get("name") not in (None, "boin") or design.get("titration"):
        needed = 'needs the design "boin" without titration: it is BF-BOIN'
        yield ("backfill", "scheme"), f'"zhao2024" {needed}'
    if table.get("counted") not in (None, "every decision"):
        yield ("backfill", "counted"), 'must be "every decision" with the scheme "zhao2024"'
    elif "counted" not in table:
        yield ("backfill", "counted"), 'is missing; with "zhao2024" it is "every decision"'
    if table.get("stop_at_rate") is not None:
        problem = 'is given beside the scheme "zhao2024", which closes levels by BOIN\'s boundary'
        yield ("backfill", "stop_at_rate"), problem


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


def _follow_up_faults(sound: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a window that is missing, where the design weighs follow-up by it."""
    name = sound["design"].get("name")
    window = (sound.get("dlt") or {}).get("window_days")
    if window is None and name in DESIGNS and DESIGNS[name].asks_follow_up:
        problem = f"is missing: {name} weighs follow-up by it; give the days of the DLT window"
        yield ("dlt", "window_days"), problem


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
    end = ""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text, end = f'"{ascii(value)[1:-1]}"', '"'
        case int() | float():
            text = repr(value)
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return f"the date or time {value}"
    return text if len(text) <= width else f"{text[: width - 3 - len(end)]}...{end}"


def write_place(place: Place) -> str:
    """Write a place: ``levels[2].dose``, and keys that TOML has to quote in quotes."""
    written = ""
    for key in place:
        if isinstance(key, int):
            written += f"[{key}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", key)
            written += "." * bool(written) + (key if bare else quote(key))
    return written
