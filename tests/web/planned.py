"""A trial with a plan behind the page: somebody dosed and seen, enrolled, in screening, failed.

The plan is small and invented, and has one of each kind of thing that a plan can have.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from operator import itemgetter

from escalation.plan import (
    Biomarker,
    Criterion,
    Disease,
    Kinetics,
    Plan,
    PlannedTest,
    Response,
    Visit,
)
from escalation.protocol import Protocol
from escalation.trial import (
    adopt_plan,
    record_findings,
    record_screening_failure,
    record_visit,
    screen_subject,
)
from escalation.trial.demo.script import CHAIR, SITE, Step, begin, dose, enrol, meet
from escalation.trial.events import Finding, Sex

__all__ = ["LAST", "PLAN", "PLANNED", "steps"]

PLANNED = "PLANNED"  # its id
LAST = date(2026, 3, 2)
TITLE = "An invented plan, with one of each kind of thing that a plan can have"

PLAN = Plan(
    name="invented",
    title=TITLE,
    tests=(
        PlannedTest(name="age", label="Age", unit="years", least=0, greatest=120, domain="QS"),
        PlannedTest(name="weight", label="Weight", unit="kg", domain="VS"),
        PlannedTest(name="creatinine", label="Creatinine", unit="umol/L", substance="creatinine"),
        PlannedTest(
            name="clearance",
            label="Creatinine clearance",
            unit="mL/min",
            calculated="cockcroft-gault",
        ),
        PlannedTest(name="haemoglobin", label="Haemoglobin", unit="g/L", substance="haemoglobin"),
        PlannedTest(name="alt", label="ALT", unit="U/L", substance="enzyme"),
        PlannedTest(name="fertile", label="Of childbearing potential", kind="yes/no", domain="QS"),
        PlannedTest(
            name="class",
            label="Class of the lupus nephritis",
            kind="choice",
            choices=("II", "III", "IV", "V"),
        ),
        PlannedTest(name="cells", label="CAR copies", unit="copies/ug", domain="PC", code="CAR"),
        PlannedTest(name="il6", label="Interleukin 6", unit="pg/mL", code="IL6"),
        PlannedTest(name="b-cells", label="B cells", unit="10^6/L", code="BCELL"),
        PlannedTest(
            name="response",
            label="Response",
            kind="choice",
            choices=("CR", "PR", "other"),
            domain="RS",
        ),
    ),
    diseases=(
        Disease(name="LN", label="Lupus nephritis"),
        Disease(name="SSC", label="Systemic sclerosis, diffuse cutaneous"),
    ),
    criteria=(
        Criterion(
            id="I1",
            kind="inclusion",
            text="age 18 to 65",
            test="age",
            comparator="between",
            limit=18,
            upper=65,
        ),
        Criterion(
            id="I2",
            kind="inclusion",
            text="haemoglobin at least 60 g/L, within 14 days",
            test="haemoglobin",
            comparator=">=",
            limit=60,
            within_days=14,
        ),
        Criterion(
            id="I3",
            kind="inclusion",
            text="ALT at most 3 times the upper limit of normal",
            test="alt",
            comparator="<=",
            limit=3,
            times="ULN",
            waiver="disease-related elevation permitted",
        ),
        Criterion(
            id="I4",
            kind="inclusion",
            text="creatinine clearance at least 30 mL/min",
            test="clearance",
            comparator=">=",
            limit=30,
        ),
        Criterion(id="I5", kind="inclusion", text="contraception", only_if="fertile"),
        Criterion(id="I6", kind="inclusion", text="signed informed consent"),
        Criterion(
            id="D1",
            kind="inclusion",
            text="refractory lupus nephritis",
            diseases=("LN",),
            all_of=("D1.1", "D1.2"),
            flags=("the source has >= here and > there",),
        ),
        Criterion(
            id="D1.1",
            kind="part",
            text="class III or IV",
            test="class",
            answers=("III", "IV"),
        ),
        Criterion(id="D1.2", kind="part", text="refractory", any_of=("D1.2.1", "D1.2.2")),
        Criterion(id="D1.2.1", kind="part", text="no remission after two immunosuppressants"),
        Criterion(id="D1.2.2", kind="part", text="relapse after a biologic"),
        Criterion(id="D2", kind="inclusion", text="diffuse sclerosis", diseases=("SSC",)),
        Criterion(id="E1", kind="exclusion", text="uncontrolled infection"),
        Criterion(id="E2", kind="exclusion", text="pregnant", sex="female"),
    ),
    visits=(
        Visit(name="SCR", label="Screening", day=-14, before=14, after=13, tests=("haemoglobin",)),
        Visit(name="D0", label="Day 0", day=0, tests=("cells", "il6", "b-cells")),
        Visit(name="D7", label="Day 7", day=7, before=1, after=1, tests=("cells", "il6")),
        Visit(name="W2", label="Week 2", day=14, before=1, after=1, tests=("cells", "response")),
        Visit(
            name="W4",
            label="Week 4",
            day=28,
            before=3,
            after=3,
            tests=("cells", "il6", "b-cells", "response"),
        ),
        Visit(name="W8", label="Week 8", day=56, before=7, after=7, tests=("response",)),
    ),
    response=Response(test="response", visits=("W2", "W4", "W8")),
    kinetics=Kinetics(test="cells"),
    biomarkers=(Biomarker(test="il6"), Biomarker(test="b-cells", threshold=50)),
)


def steps(protocol: Protocol, plan: Plan = PLAN) -> Iterator[Step]:
    """Yield what is recorded of the trial, by its days."""
    yield from sorted(_steps(protocol, plan), key=itemgetter(0))


def _steps(protocol: Protocol, plan: Plan) -> Iterator[Step]:
    yield from begin("2026-01-05", protocol)
    yield "2026-01-05", CHAIR, partial(adopt_plan, plan=plan)
    yield from meet("2026-01-07")
    for subject, day in (("PL-001", "2026-01-08"), ("PL-002", "2026-01-27")):
        yield _screen(day, subject, Sex.FEMALE, born="1985-03")
        yield _found(day, subject, *_ELIGIBLE)
        yield enrol(day, subject, 60)
    yield dose("2026-01-12", "PL-001", 1.8e8)
    yield dose("2026-01-28", "PL-002", 1.8e8)
    yield from _seen("PL-001", "2026-01-12", "D0", (0, 4, 120))
    yield from _seen("PL-001", "2026-01-19", "D7", (1200, 90, 3))
    yield _at("2026-01-26", "PL-001", "W2", _number("cells", 400, "copies/ug"), _says("PR"))
    yield from _seen("PL-001", "2026-02-09", "W4", (80, 6, 60))
    yield _at("2026-02-09", "PL-001", "W4", _says("CR"))
    yield from _seen("PL-002", "2026-01-28", "D0", (0, 3, 90))
    missed = partial(record_visit, subject="PL-002", visit="D7", missed="snow")
    yield "2026-02-04", SITE, missed
    nothing = Finding(test="cells", below=True, value=25, unit="copies/ug")
    yield _at("2026-02-13", "PL-002", "W2", nothing, _says("other"))
    yield _screen("2026-02-16", "PL-003", Sex.MALE)
    yield _found("2026-02-16", "PL-003", _number("haemoglobin", 55, "g/L"), _yes("I6"))
    yield _screen("2026-02-17", "PL-004", Sex.FEMALE)
    failed = partial(record_screening_failure, subject="PL-004", reason="pneumonia")
    yield "2026-02-18", SITE, failed


def _number(test: str, value: float, unit: str, **more: float) -> Finding:
    return Finding(test=test, value=value, unit=unit, **more)  # type: ignore[arg-type]


def _yes(name: str, answer: str = "yes") -> Finding:
    return Finding(test=name, answer=answer)


def _says(answer: str) -> Finding:
    return Finding(test="response", answer=answer)


_ELIGIBLE = (
    _number("age", 40, "years"),
    _number("weight", 60, "kg"),
    _number("creatinine", 80, "umol/L"),
    _number("haemoglobin", 85, "g/L"),
    _number("alt", 40, "U/L", upper=40),
    *(_yes("fertile", "no"), _yes("I5"), _yes("I6"), _yes("class", "IV"), _yes("D1.2.1")),
    *(_yes("E1", "no"), _yes("E2", "no")),
)


def _screen(day: str, subject: str, sex: Sex, born: str = "1970") -> Step:
    command = partial(
        screen_subject,
        subject=subject,
        disease="LN",
        sex=sex,
        born=born,
        consented=date.fromisoformat(day),
    )
    return day, SITE, command


def _found(day: str, subject: str, *findings: Finding) -> Step:
    return day, SITE, partial(record_findings, subject=subject, findings=findings)


def _at(day: str, subject: str, visit: str, *findings: Finding) -> Step:
    return day, SITE, partial(record_findings, subject=subject, findings=findings, visit=visit)


def _seen(
    subject: str, day: str, visit: str, numbers: tuple[float, float, float]
) -> Iterator[Step]:
    cells, il6, b_cells = numbers
    yield _at(
        day,
        subject,
        visit,
        Finding(test="cells", value=cells or 25, unit="copies/ug", below=not cells),
        _number("il6", il6, "pg/mL"),
        _number("b-cells", b_cells, "10^6/L"),
    )
