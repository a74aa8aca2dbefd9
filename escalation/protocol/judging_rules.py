"""What is wrong with the tables of a protocol by which the record judges, joining settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from escalation.protocol.expansion import parse_fraction
from escalation.protocol.judging import DEATH_PAUSES

__all__ = ["find_judging_faults"]

Place = tuple[str | int, ...]
Fault = tuple[Place, str]


def find_judging_faults(sound: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield each fault with its place; what is faulty by itself is None, or not there."""
    dlt = sound.get("dlt") or {}
    rules = dlt.get("rules") or ()
    yield from _names(("dlt", "rules"), rules)
    for index, rule in enumerate(rules):
        for place, problem in _dlt_rule_faults(rule or {}):
            yield ("dlt", "rules", index, *place), problem
    pause = sound.get("pause") or ()
    yield from _names(("pause",), pause)
    for index, rule in enumerate(pause):
        for place, problem in _pause_rule_faults(rule or {}):
            yield ("pause", index, *place), problem
    yield from _evaluability_faults(sound.get("evaluability") or {}, dlt.get("window_days"))
    yield from _committee_faults(sound.get("committee") or {})


def _names(table: Place, rules: Sequence[Mapping[str, Any] | None]) -> Iterator[Fault]:
    names: dict[str, int] = {}
    for index, rule in enumerate(rules):
        name = (rule or {}).get("name")
        if name is None:
            continue
        first = names.setdefault(name.casefold(), index)
        if first != index:
            problem = f"is the name of {'.'.join(map(str, table))}[{first}] too"
            yield (*table, index, "name"), f"{problem}; give every rule its own"


def _dlt_rule_faults(rule: Mapping[str, Any]) -> Iterator[Fault]:
    if rule.get("category") is not None and rule.get("except_categories"):
        yield ("except_categories",), "is given beside category; give one of the two"
    for index, exception in enumerate(rule.get("exceptions") or ()):
        if exception is None:
            continue
        for name, problem in _exception_faults(exception, rule.get("min_grade")):
            yield ("exceptions", index, name), problem


def _exception_faults(
    exception: Mapping[str, Any], min_grade: int | None
) -> Iterator[tuple[str, str]]:
    if None not in exception.values():  # else a key may be mistyped, and is told as that
        if "term" not in exception and "category" not in exception:
            yield "term", "is missing; name the term, or the category, that the rule leaves out"
        if "resolves_to" in exception and "within_days" not in exception:
            yield "within_days", "is missing; say within how many days it returns to resolves_to"
        if "within_days" in exception and "resolves_to" not in exception:
            yield "resolves_to", "is missing; say to which grade it returns (0: it is over)"
    resolves_to, max_grade = exception.get("resolves_to"), exception.get("max_grade")
    if min_grade is not None and resolves_to is not None and resolves_to >= min_grade:
        problem = f"must be below the rule's min_grade, {min_grade}, not {resolves_to}"
        yield "resolves_to", problem
    if min_grade is not None and max_grade is not None and max_grade < min_grade:
        problem = f"is {max_grade}, below the rule's min_grade, {min_grade}: it leaves nothing out"
        yield "max_grade", problem


def _pause_rule_faults(rule: Mapping[str, Any]) -> Iterator[Fault]:
    name = rule.get("name")
    if name is not None and name.casefold() == DEATH_PAUSES.name:
        yield ("name",), f'"{DEATH_PAUSES.name}" is built in: any death pauses; give another name'
    at_least, among = rule.get("at_least", 1), rule.get("among")
    if at_least is not None and among is not None and at_least > among:
        yield ("at_least",), f"is {at_least}, more than among, {among}"


def _evaluability_faults(table: Mapping[str, Any], window_days: int | None) -> Iterator[Fault]:
    least = table.get("least_days")
    if least is not None and window_days is not None and least > window_days:
        problem = f"is {least}, more than the {window_days} days of the DLT window"
        yield ("evaluability", "least_days"), problem


def _committee_faults(table: Mapping[str, Any]) -> Iterator[Fault]:
    for name in ("majority", "override_majority"):
        part = table.get(name)
        if part is not None and parse_fraction(part)[0] >= parse_fraction(part)[1]:
            problem = f'must be below 1, not "{part}": more than this part must be for it'
            yield ("committee", name), problem
    for index, pair in enumerate(table.get("exclusive") or ()):
        if pair is not None and len(set(pair.split("+"))) == 1:
            problem = f'"{pair}" is one role twice; write two that exclude each other'
            yield ("committee", "exclusive", index), f"{problem}, such as chair+site"
