"""Findings: LB, VS, QS, PC and RS, as the tests of the plan say where their results belong.

Each result that counts is a row. It is as reported, and in the
plan's unit beside that; where nothing converts it, it stays in its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from escalation.exports.dataset import Column, Dataset, make_dataset
from escalation.exports.sdtm.study import Person, Row, Study, iso, numbered
from escalation.exports.sdtm.supplements import qualifier, supplement, supplements
from escalation.exports.sdtm.variables import (
    EXPECTED,
    REQUIRED,
    STUDY,
    SUBJECT,
    VISITS,
    YES,
    day,
    domain,
    flag,
    number,
    sequence,
    text,
    whole,
)
from escalation.plan import PlannedTest
from escalation.plan.conversions import ConversionError
from escalation.trial.events import Finding
from escalation.trial.findings.results import Result, count_results
from escalation.trial.findings.units import in_plan_unit

__all__ = ["DOMAINS", "finding_supplements", "findings", "plain_number", "short_name", "tests_of"]

DOMAINS = {
    "LB": ("Laboratory Test Results", "Lab Test or Examination"),
    "VS": ("Vital Signs", "Vital Signs Test"),
    "QS": ("Questionnaires", "Question"),
    "PC": ("Pharmacokinetics Concentrations", "Pharmacokinetic Test"),
    "RS": ("Disease Response and Clin Classification", "Assessment"),
}
_RANGED = ("LB",)
_SPECIMENS = {"LB": "Specimen Type", "PC": "Specimen Material Type"}
_COLLECTED = {
    "LB": ("Date/Time of Specimen Collection", "Study Day of Specimen Collection"),
    "VS": ("Date/Time of Measurements", "Study Day of Vital Signs"),
    "QS": ("Date/Time of Finding", "Study Day of Finding"),
    "PC": ("Date/Time of Specimen Collection", "Actual Study Day of Specimen Collection"),
    "RS": ("Date/Time of Assessment", "Study Day of Assessment"),
}


def _columns(name: str) -> Sequence[Column]:
    _, test = DOMAINS[name]
    collected, day_of = _COLLECTED[name]
    columns = [
        STUDY,
        domain(name),
        SUBJECT,
        sequence(name, key=3),
        text(f"{name}SPID", "Sponsor-Defined Identifier", 20),
        text(f"{name}TESTCD", f"{test} Short Name", 8, **REQUIRED),
        text(f"{name}TEST", f"{test} Name", 40, **REQUIRED),
        text(f"{name}ORRES", "Result or Finding in Original Units", **EXPECTED),
        text(f"{name}ORRESU", "Original Units", 40, **EXPECTED),
        number(f"{name}ORNRLO", "Reference Range Lower Limit in Orig Unit"),
        number(f"{name}ORNRHI", "Reference Range Upper Limit in Orig Unit"),
        text(f"{name}STRESC", "Character Result/Finding in Std Format", **EXPECTED),
        number(f"{name}STRESN", "Numeric Result/Finding in Standard Units", **EXPECTED),
        text(f"{name}STRESU", "Standard Units", 40, **EXPECTED),
        number(f"{name}STNRLO", "Reference Range Lower Limit-Std Units"),
        number(f"{name}STNRHI", "Reference Range Upper Limit-Std Units"),
        text(f"{name}NRIND", "Reference Range Indicator", 8, terms=("LOW", "NORMAL", "HIGH")),
        text(f"{name}STAT", "Completion Status", 8, terms=("NOT DONE",)),
        text(f"{name}REASND", "Reason Not Done"),
        text(f"{name}SPEC", _SPECIMENS.get(name, ""), 40),
        number(f"{name}LLOQ", "Lower Limit of Quantitation"),
        flag(f"{name}LOBXFL", "Last Observation Before Exposure Flag", YES),
        *VISITS,
        day(f"{name}DTC", collected, **EXPECTED),
        whole(f"{name}DY", day_of),
    ]
    ranges = {f"{name}{rest}" for rest in ("ORNRLO", "ORNRHI", "STNRLO", "STNRHI", "NRIND")}
    specimens = {f"{name}{rest}" for rest in ("SPEC", "LLOQ")}
    left_out = set() if name in _RANGED else ranges
    left_out |= set() if name in _SPECIMENS else specimens
    return [column for column in columns if column.name not in left_out]


def findings(study: Study, name: str) -> Dataset:
    """Return a domain of results; empty where nothing of it was recorded."""
    columns = _columns(name)
    known = {column.name for column in columns}
    tests = _tests_in(study, name)
    rows = (
        {variable: value for variable, value in row.items() if variable in known}
        for person in study.people
        for row in numbered(name, _results(study, person, name, tests))
    )
    pure = (short_name(t) for t in tests.values() if t.kind == "number" and t.unit is None)
    return make_dataset(name, DOMAINS[name][0], columns, rows, unitless=pure)


def finding_supplements(study: Study, name: str) -> Dataset:
    """Return what is said beside results: days since the infusion more closely, and notes."""
    tests = _tests_in(study, name)
    rows = (
        supplement(study, person, name, (f"{name}SEQ", number), said)
        for person in study.people
        for number, result in enumerate(_counted(person, tests), start=1)
        for said in _said_beside(name, result.finding)
    )
    return supplements(name, f"{name}SEQ", rows)


def _said_beside(name: str, finding: Finding) -> Iterator[Row]:
    if finding.day is not None:
        yield qualifier(f"{name}DAY", "Days Since the Infusion", plain_number(finding.day))
    if finding.note is not None:
        yield qualifier(f"{name}NOTE", "Note on the Result", finding.note)


def _tests_in(study: Study, name: str) -> dict[str, PlannedTest]:
    return {test.name: test for test in tests_of(study).values() if test.domain == name}


def _counted(person: Person, tests: dict[str, PlannedTest]) -> Sequence[Result]:
    return count_results(person.chart, person.first_dose, *tests) if tests else ()


def tests_of(study: Study) -> dict[str, PlannedTest]:
    """Return the tests of all plans that the trial went by; the last one says what a name means."""
    return {test.name: test for _, plan in study.state.plans for test in plan.tests}


def _results(
    study: Study, person: Person, name: str, tests: dict[str, PlannedTest]
) -> Iterator[Row]:
    results = _counted(person, tests)
    baselines = _find_baselines(results)
    for result in results:
        said = _result(result.finding, tests[result.test])
        yield (
            study.row(name, person)
            | {f"{name}{rest}": value for rest, value in said.items()}
            | study.visit(result.visit)
            | {
                f"{name}SPID": f"entry {result.seq}",
                f"{name}LOBXFL": "Y" if result in baselines else None,
                f"{name}DTC": iso(result.on),
                f"{name}DY": person.study_day(result.on),
            }
        )


def _find_baselines(results: Sequence[Result]) -> list[Result]:
    """Return the last result of each test before the first infusion, or on its day."""
    last: dict[str, Result] = {}
    for result in results:
        if result.finding.not_done is None and result.day is not None and result.day <= 0:
            last[result.test] = result
    return list(last.values())


def _result(finding: Finding, test: PlannedTest) -> Row:
    row: Row = {"TESTCD": short_name(test), "TEST": test.label[:40], "SPEC": test.specimen}
    if finding.not_done is not None:
        return row | {"STAT": "NOT DONE", "REASND": finding.not_done}
    if test.kind != "number":
        return row | {"ORRES": finding.answer, "STRESC": finding.answer}
    standard = _in_plan_unit(finding, test)
    return row | {
        "ORRES": _written(finding),
        "ORRESU": finding.unit,
        "ORNRLO": finding.lower,
        "ORNRHI": finding.upper,
        "STRESC": _written(standard),
        "STRESN": None if finding.below else standard.value,
        "STRESU": standard.unit,
        "STNRLO": standard.lower,
        "STNRHI": standard.upper,
        "NRIND": _against_range(finding),
        "LLOQ": standard.value if finding.below else None,
    }


def _in_plan_unit(finding: Finding, test: PlannedTest) -> Finding:
    """Return a result in the plan's unit; as reported, where nothing converts it."""
    try:
        return in_plan_unit(test, finding)
    except ConversionError:
        return finding


def _written(finding: Finding) -> str | None:
    number = None if finding.value is None else plain_number(finding.value)
    if not finding.below:
        return number
    return "BLQ" if number is None else f"<{number}"  # by a limit that nobody gave


def _against_range(finding: Finding) -> str | None:
    value = finding.value
    if value is None or finding.below or (finding.lower is None and finding.upper is None):
        return None
    if finding.lower is not None and value < finding.lower:
        return "LOW"
    return "HIGH" if finding.upper is not None and value > finding.upper else "NORMAL"


def plain_number(value: float) -> str:
    """Write a number as a person would: without a point where it is whole.

    Examples
    --------
    >>> plain_number(120.0), plain_number(0.85)
    ('120', '0.85')
    """
    value = float(value)  # a whole number may be an int
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def short_name(test: PlannedTest) -> str:
    """Return what a test is called in at most 8 capitals and digits."""
    return test.code or re.sub(r"[^A-Z0-9]", "", test.name.upper())[:8]
