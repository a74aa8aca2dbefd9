"""Rules of a plan file that join several settings, checked on whatever is sound by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any

from escalation.errors import did_you_mean
from escalation.plan.conversions import SUBSTANCES, find_unit_fault
from escalation.plan.plan import Plan
from escalation.plan.tables import DEEPEST
from escalation.protocol.rules import Fault, quote, write_place
from escalation.text import as_compared

__all__ = ["find_broken_rules", "say_broken_rules"]

Rows = list[Mapping[str, Any]]
Named = Mapping[str, Mapping[str, Any]]


def find_broken_rules(sound: Mapping[str, Any], _: Collection[str | int]) -> Iterator[Fault]:
    """Yield what no single setting can be blamed for; what has a fault of its own is None."""
    tests, diseases, criteria, visits = (
        _rows(sound, table) for table in ("tests", "diseases", "criteria", "visits")
    )
    for table, rows, key in (
        ("tests", tests, "name"),
        ("diseases", diseases, "name"),
        ("criteria", criteria, "id"),
        ("visits", visits, "name"),
    ):
        yield from _duplicates(table, rows, key)
    named = _by_name(tests, "name")
    for k, test in enumerate(tests):
        for key, problem in _test_faults(test, named):
            yield ("tests", k, key), problem
    yield from _codes(tests)
    known = _Known(named, _by_name(diseases, "name"), _by_name(criteria, "id"))
    for k, criterion in enumerate(criteria):
        for key, problem in _criterion_faults(criterion, known):
            yield ("criteria", k, key), problem
    yield from _shared_names(criteria, named)
    yield from _circles(criteria, known.criteria)
    yield from _orphans(criteria)
    yield from _visit_faults(visits, named)
    yield from _endpoint_faults(sound, named, _by_name(visits, "name"))


def say_broken_rules(plan: Plan) -> Iterator[str]:
    """Say what no file could say: of a plan that a program made, or an entry has."""
    for place, problem in find_broken_rules(plan.document, ()):
        yield f"{write_place(place)}: {problem}"


class _Known:
    """What criteria can name."""

    def __init__(self, tests: Named, diseases: Named, criteria: Named) -> None:
        self.tests = tests
        self.diseases = diseases
        self.criteria = criteria


def _rows(sound: Mapping[str, Any], table: str) -> Rows:
    given = sound.get(table)
    rows = given if isinstance(given, list) else []
    return [row if isinstance(row, dict) else {} for row in rows]


def _by_name(rows: Rows, key: str) -> Named:
    return {row[key]: row for row in rows if isinstance(row.get(key), str)}


def _names(row: Mapping[str, Any], key: str) -> list[str]:
    given = row.get(key)
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else []


def _duplicates(table: str, rows: Rows, key: str) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for k, row in enumerate(rows):
        name = row.get(key)
        if not isinstance(name, str):
            continue
        before = first.setdefault(as_compared(name), k)
        if before != k:
            yield (table, k, key), f"{quote(name)} is that of {table}[{before}] too"


def _shared_names(criteria: Rows, tests: Named) -> Iterator[Fault]:
    """Yield ids of criteria that are names of tests: a result would be the answer to both."""
    for k, criterion in enumerate(criteria):
        if criterion.get("id") in tests:
            yield (
                ("criteria", k, "id"),
                f"{quote(criterion['id'])} is the name of a test too; results are recorded by "
                "both, so that they need two names",
            )


# ------------------------------------------------------------------------------ tests


def _test_faults(test: Mapping[str, Any], tests: Named) -> Iterator[tuple[str, str]]:
    kind = test.get("kind", "number")
    if kind is None:
        return
    if kind != "number":
        for key in ("unit", "substance", "least", "greatest", "calculated"):
            if test.get(key) is not None:
                yield key, f'is for a number; kind is "{kind}"'
    choices = _names(test, "choices")
    if kind == "choice" and len(choices) < 2 and test.get("choices", ()) is not None:
        yield "choices", "needs at least two, as the test is a choice"
    elif kind != "choice" and choices:
        yield "choices", f'are for a choice; kind is "{kind}"'
    folded = [as_compared(choice) for choice in choices]
    for choice in sorted({choice for choice in folded if folded.count(choice) > 1}):
        yield "choices", f"names {quote(choice)} twice"
    least, greatest = test.get("least"), test.get("greatest")
    if least is not None and greatest is not None and least > greatest:
        yield "greatest", f"is below least, {least:g}"
    if kind == "number":
        yield from _unit_faults(test)
        if test.get("calculated") is not None:
            yield from _source_faults(tests)


def _unit_faults(test: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    unit, substance = test.get("unit"), test.get("substance")
    if substance is None:
        return
    if substance not in SUBSTANCES:
        yield "substance", f"is not one of the table; {did_you_mean(substance, SUBSTANCES)}"
    elif "unit" not in test:
        yield "substance", "is for a number with a unit, and there is none"
    elif unit is not None:
        taken = SUBSTANCES[substance].taken
        if find_unit_fault(unit, taken[0], substance) is not None:
            yield "unit", f"{quote(unit)} is not one of {substance}; such as {', '.join(taken)}"


def _source_faults(tests: Named) -> Iterator[tuple[str, str]]:
    for name, unit, substance in (
        ("age", "years", None),
        ("weight", "kg", None),
        ("creatinine", "umol/L", "creatinine"),
    ):
        source = tests.get(name)
        if source is None:
            yield "calculated", f"needs a test called {name}, in {unit}"
        elif find_unit_fault(source.get("unit"), unit, substance) is not None:
            yield "calculated", f"needs the test {name} in {unit}, or a unit converted to it"


def _codes(tests: Rows) -> Iterator[Fault]:
    first: dict[tuple[str, str], int] = {}
    for k, test in enumerate(tests):
        code, domain = test.get("code"), test.get("domain", "LB")
        if isinstance(code, str) and isinstance(domain, str):
            before = first.setdefault((domain, code), k)
            if before != k:
                yield ("tests", k, "code"), f'"{code}" is that of tests[{before}] too'


# ------------------------------------------------------------------------------ criteria

_OF_A_NUMBER = ("comparator", "limit", "upper", "times", "consecutive")
_OF_A_RESULT = (*_OF_A_NUMBER, "answers", "within_days")


def _criterion_faults(c: Mapping[str, Any], known: _Known) -> Iterator[tuple[str, str]]:
    joined = [key for key in ("test", "all_of", "any_of") if c.get(key)]
    if len(joined) > 1:
        yield joined[1], f"cannot stand beside {joined[0]}: make each a part, and join the parts"
    yield from _name_faults(c, known)
    if "at_least" in c and "any_of" not in c:
        yield "at_least", "is for any_of"
    elif c.get("any_of") and (c.get("at_least") or 1) > len(c["any_of"]):
        yield "at_least", f"is more than any_of names, {len(c['any_of'])}"
    if c.get("waiver") is not None and c.get("kind") == "part":
        yield "waiver", "is for an inclusion or exclusion as a whole; make this one, or waive that"
    yield from _settings_faults(c, known)


def _settings_faults(c: Mapping[str, Any], known: _Known) -> Iterator[tuple[str, str]]:
    """Yield settings that a criterion of its sort cannot have, or lacks."""
    if c.get("all_of") or c.get("any_of"):
        for key in _OF_A_RESULT:
            if key in c:
                yield key, "is for a test or a question, and this joins others"
    elif isinstance(c.get("test"), str):
        test = known.tests.get(c["test"])
        if test is not None and test.get("kind", "number") == "number":
            yield from _comparison_faults(c)
        elif test is not None and test.get("kind") is not None:
            yield from _choice_faults(c, test)
    elif "test" not in c:
        for key in (*_OF_A_NUMBER, "answers"):
            if key in c:
                yield key, "is for a test, and none is named"


def _name_faults(c: Mapping[str, Any], known: _Known) -> Iterator[tuple[str, str]]:
    for key, names, what in (
        ("diseases", _names(c, "diseases"), known.diseases),
        ("all_of", _names(c, "all_of"), known.criteria),
        ("any_of", _names(c, "any_of"), known.criteria),
        ("test", [c["test"]] if isinstance(c.get("test"), str) else [], known.tests),
    ):
        noun = {"diseases": "disease", "test": "test"}.get(key, "criterion")
        for name in names:
            if name not in what:
                yield key, f"there is no {noun} {quote(name)}; {did_you_mean(name, what)}"
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield key, f"names {quote(name)} twice"
    only_if = c.get("only_if")
    if isinstance(only_if, str) and only_if not in known.criteria:
        test = known.tests.get(only_if)
        if test is None:
            hint = did_you_mean(only_if, [*known.criteria, *known.tests])
            yield "only_if", f"there is no criterion and no test {quote(only_if)}; {hint}"
        elif test.get("kind", "number") not in ("yes/no", None):
            yield "only_if", f"needs a test of yes and no; {only_if} is not one"


def _comparison_faults(c: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    comparator, limit, upper = c.get("comparator"), c.get("limit"), c.get("upper")
    if "comparator" not in c:
        yield "comparator", "is missing: the test is a number; write >=, >, <=, < or between"
    if "limit" not in c:
        yield "limit", "is missing: the test is a number"
    if comparator == "between" and "upper" not in c:
        yield "upper", "is missing, which between needs"
    elif comparator is not None and comparator != "between" and "upper" in c:
        yield "upper", f"is for between, and the comparator is {comparator}"
    elif limit is not None and upper is not None and upper < limit:
        yield "upper", f"is below limit, {limit:g}"
    if c.get("times") is not None and limit is not None and limit <= 0:
        yield "limit", f"must be above 0 where it is times a limit of normal, not {limit:g}"
    if "answers" in c:
        yield "answers", "is for a test of choices, and this one is a number"


def _choice_faults(c: Mapping[str, Any], test: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = test["kind"]
    for key in _OF_A_NUMBER:
        if key in c:
            yield key, f'is for a number, and the kind of the test is "{kind}"'
    choices = _names(test, "choices") if kind == "choice" else ["yes", "no"]
    answers = _names(c, "answers")
    if kind == "choice" and "answers" not in c:
        yield "answers", f"is missing: which of {', '.join(choices)} meet it"
    folded = [as_compared(choice) for choice in choices]
    for answer in answers:
        if as_compared(answer) not in folded:
            yield (
                "answers",
                f"the test has no choice {quote(answer)}; {did_you_mean(answer, choices)}",
            )
    if answers and {as_compared(answer) for answer in answers} >= set(folded):
        yield "answers", "is every choice: whoever has a result meets it"


def _circles(criteria: Rows, known: Named) -> Iterator[Fault]:
    """Yield criteria that are parts of themselves, each circle once, or else one too deep."""
    level = set(known)
    for _ in range(DEEPEST):
        level = {n for name in level for n in _leads(known[name]) if n in known}
    if not level:
        return
    told: set[str] = set()
    for k, criterion in enumerate(criteria):
        start = criterion.get("id")
        if not isinstance(start, str) or start in told:
            continue
        path = _path_back(start, known)
        if path:
            told |= set(path)
            key = next(key for key in _LEADS if path[0] in _leads(criterion, (key,)))
            yield ("criteria", k, key), f"goes in a circle: {' > '.join([start, *path])}"
    if not told:
        place = next(k for k, c in enumerate(criteria) if c.get("id") in level)
        problem = f"is a part of a part, and so on, more than {DEEPEST} times"
        yield ("criteria", place, "id"), problem


_LEADS = ("all_of", "any_of", "only_if")


def _leads(criterion: Mapping[str, Any], keys: Collection[str] = _LEADS) -> list[str]:
    names = [name for key in keys for name in _names(criterion, key)]
    if "only_if" in keys and isinstance(criterion.get("only_if"), str):
        names.append(criterion["only_if"])
    return names


def _path_back(start: str, known: Named) -> list[str]:
    """Return the ids from a criterion back to itself; none where no way leads there."""
    came: dict[str, str] = {}
    todo = [start]
    while todo:
        here = todo.pop()
        for name in _leads(known.get(here, {})):
            if name == start:
                path = [start, here]
                while path[-1] != start:
                    path.append(came[path[-1]])
                return path[-2::-1]
            if name not in came and name in known:
                came[name] = here
                todo.append(name)
    return []


def _orphans(criteria: Rows) -> Iterator[Fault]:
    """Yield parts that nothing asks for."""
    asked = {name for criterion in criteria for name in _leads(criterion)}
    for k, criterion in enumerate(criteria):
        name = criterion.get("id")
        if criterion.get("kind") == "part" and isinstance(name, str) and name not in asked:
            yield (
                ("criteria", k, "kind"),
                "no criterion has this part; name it in all_of, any_of or only_if, or make it an "
                "inclusion or exclusion",
            )


# ------------------------------------------------------------------------------ visits, endpoints


def _visit_faults(visits: Rows, tests: Named) -> Iterator[Fault]:
    for k, visit in enumerate(visits):
        for name in _names(visit, "tests"):
            if name not in tests:
                yield (
                    ("visits", k, "tests"),
                    f"there is no test {quote(name)}; {did_you_mean(name, tests)}",
                )
        names = _names(visit, "tests")
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield ("visits", k, "tests"), f"names {quote(name)} twice"
    windows = [_window(visit) for visit in visits]
    for k, (one, other) in enumerate(pairwise(zip(visits, windows, strict=True)), start=1):
        if one[1] is None or other[1] is None:
            continue
        if other[0]["day"] <= one[0]["day"]:
            yield ("visits", k, "day"), f"is not after the visit before it, day {one[0]['day']}"
        elif other[1][0] <= one[1][1]:
            yield (
                ("visits", k, "before"),
                f"its window begins on day {other[1][0]}, and that of {one[0].get('name')} ends on "
                f"day {one[1][1]}: no day may be of two visits",
            )


def _window(visit: Mapping[str, Any]) -> tuple[int, int] | None:
    day, before, after = (visit.get(key, 0) for key in ("day", "before", "after"))
    if "day" not in visit or day is None or before is None or after is None:
        return None
    return day - before, day + after


def _endpoint_faults(sound: Mapping[str, Any], tests: Named, visits: Named) -> Iterator[Fault]:
    response = sound.get("response")
    if isinstance(response, dict):
        for key, problem in _response_faults(response, tests, visits):
            yield ("response", key), problem
    kinetics = sound.get("kinetics")
    if isinstance(kinetics, dict):
        for problem in _number_faults(kinetics, tests, needs_unit=True):
            yield ("kinetics", "test"), problem
    seen: set[str] = set()
    for k, biomarker in enumerate(_rows(sound, "biomarkers")):
        for problem in _number_faults(biomarker, tests):
            yield ("biomarkers", k, "test"), problem
        if biomarker.get("test") in seen:
            yield ("biomarkers", k, "test"), f"{quote(biomarker['test'])} is followed already"
        if isinstance(biomarker.get("test"), str):
            seen.add(biomarker["test"])
        if biomarker.get("threshold") is not None and biomarker.get("share") is not None:
            yield ("biomarkers", k, "share"), "cannot stand beside threshold; give one of the two"


def _response_faults(
    response: Mapping[str, Any], tests: Named, visits: Named
) -> Iterator[tuple[str, str]]:
    name = response.get("test")
    test = tests.get(name) if isinstance(name, str) else None
    if isinstance(name, str) and test is None:
        yield "test", f"there is no test {quote(name)}; {did_you_mean(name, tests)}"
    elif test is not None and test.get("kind", "number") not in ("choice", None):
        yield "test", f"needs a test of choices; {name} is not one"
    elif test is not None:
        choices = _names(test, "choices")
        for choice in (_names(response, "responders") or ["CR", "PR"]) if choices else ():
            if as_compared(choice) not in map(as_compared, choices):
                hint = did_you_mean(choice, choices)
                yield "responders", f"{name} has no choice {quote(choice)}; {hint}"
    for visit in _names(response, "visits"):
        if visit not in visits:
            yield "visits", f"there is no visit {quote(visit)}; {did_you_mean(visit, visits)}"
        elif test is not None and name not in _names(visits[visit], "tests"):
            yield "visits", f"at {visit} the test {name} is not due; name it in its tests"
    if response.get("visits") == []:
        yield "visits", "names none"


def _number_faults(
    row: Mapping[str, Any], tests: Named, *, needs_unit: bool = False
) -> Iterator[str]:
    name = row.get("test")
    if not isinstance(name, str):
        return
    test = tests.get(name)
    if test is None:
        yield f"there is no test {quote(name)}; {did_you_mean(name, tests)}"
    elif test.get("kind", "number") not in ("number", None):
        yield f"needs a test that is a number; {name} is not one"
    elif needs_unit and "unit" not in test:
        yield f"needs a test with a unit; {name} has none"
