"""A small invented trial that goes by the plan of NCT07123519: who entered, was seen and measured.

It has a screening failure, a waiver, a visit that was missed, one out of its window, one overdue, a
sample that was lost and samples below the limit of quantification. Its times are invented too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import partial

from escalation.plan.load import load_plan
from escalation.protocol import Protocol
from escalation.trial.demo.script import OFFICE, SITE, Demo, Step, begin, dose, enrol, meet, no_dlt
from escalation.trial.events import Finding, Sex
from escalation.trial.findings.notation import read_finding
from escalation.trial.findings.record import record_findings
from escalation.trial.patients.screening import record_screening_failure
from escalation.trial.planning import adopt_plan
from escalation.trial.screening.record import screen_subject, waive_criteria
from escalation.trial.visits.record import record_visit

__all__ = ["PLANNED"]

# a woman with refractory lupus nephritis; of others what differs is given
_TESTS = {
    "age": "34 years",
    "weight": "61.5 kg",
    "neutrophils": "2.8 10^9/L",
    "haemoglobin": "94 g/L",
    "alt": "31 U/L (7..40)",
    "ast": "28 U/L (13..35)",
    "bilirubin": "9.1 umol/L (3..21)",
    "creatinine": "88 umol/L",
    "inr": "1.02 (0.8..1.2)",
    "pt": "11.9 s (9.4..12.5)",
    "hcg": "negative",
    "upcr": "2.1 g/g",
    "urine-protein": "2.4 g/24 h",
    "ln-class": "IV",
    "sclerosis": "20 %",
    "platelets": "152 10^9/L",
}
_YES = "I2.1b I2.6b I2.9 I3.1 I3.3 I4 D1.1 D1.LN1"
_NO = (
    "D1.ITP1a D1.ITP1b D1.ITP3 E1 E2 E3 E4 E5 E6 E7 E8.1a E8.1b E8.1c E8.2 E8.3 E8.4 E9 E10 E11 "
    "E12.1 E12.2 E13 E14"
)

# what was found at each visit: cells, IL-6, CRP, ferritin, B cells, the share of naive ones, and
# the response, in the units of the plan; a missing one was lost
_TAKEN = ("yts109", "il6", "crp", "ferritin", "b-cells", "naive-b-cells", "response")
_FOUND: Mapping[str, Mapping[str, str]] = {
    "P-001": {
        "2026-01-12 D0": "<50 3.1 4 180 140 44",
        "2026-01-16 D4": "420 38 31 420 12 45",
        "2026-01-19 D7": "5.1E3 110 52 890 0.9 -",
        "2026-01-22 D10": "1.9E4 64 24 1.2E3 0.4 -",
        "2026-01-26 W2": "2.6E4 21 11 980 0.4 - other",
        "2026-02-02 W3": "1.7E4 8 6 640 0.5 -",
        "2026-02-09 W4": "1.2E4 4.4 4 390 0.9 - PR",
    },
    "P-003": {
        "2026-01-26 D0": "<50 5.2 7 210 96 51",
        "2026-01-30 D4": "<50 19 22 300 21 48",
        "2026-02-02 D7": "800 44 40 510 2.2 -",
        "2026-02-05 D10": "7.4E3 81 35 940 0.7 -",
        "2026-02-19 W3": "1.1E4 12 8 720 0.3 -",
    },
    "P-004": {
        "2026-01-29 D0": "<50 2.4 3 160 205 39",
        "2026-02-02 D4": "1.3E3 71 66 610 8 40",
        "2026-02-05 D7": "1.6E4 190 88 1.9E3 0.5 -",
        "2026-02-08 D10": "4.2E4 88 41 2.2E3 0.2 -",
        "2026-02-12 W2": "3.3E4 26 15 1.5E3 0.2 - other",
    },
}


def _script(protocol: Protocol) -> Iterator[Step]:
    plan = load_plan("nct07123519")
    steps: list[Step] = [
        *begin("2026-01-05", protocol),
        ("2026-01-05", OFFICE, partial(adopt_plan, plan=plan)),
        *meet("2026-01-07"),
        _screen("2026-01-08", "P-001", "1991"),
        enrol("2026-01-09", "P-001", 61.5),
        dose("2026-01-12", "P-001", 1.85e8),
        _screen("2026-01-14", "P-002", "1998-06", haemoglobin="55 g/L", age="27 years"),
        (
            "2026-01-15",
            SITE,
            partial(
                record_screening_failure,
                subject="P-002",
                reason="haemoglobin too low",
                criteria=("I2.2",),
            ),
        ),
        _screen(
            "2026-01-20", "P-003", "1984", alt="131 U/L (7..40)", age="41 years", weight="70 kg"
        ),
        (
            "2026-01-21",
            SITE,
            partial(
                waive_criteria,
                subject="P-003",
                criteria=("I2.3",),
                reason="lupus hepatitis, proven by biopsy",
            ),
        ),
        enrol("2026-01-23", "P-003", 70.0),
        dose("2026-01-26", "P-003", 2.1e8),
        _screen("2026-01-26", "P-004", "2001-11", age="24 years", weight="54 kg"),
        enrol("2026-01-28", "P-004", 54.0),
        dose("2026-01-29", "P-004", 1.62e8),
        no_dlt("2026-02-09", "P-001"),
        (
            "2026-02-13",
            SITE,
            partial(
                record_visit, subject="P-003", visit="W2", missed="the road was closed by snow"
            ),
        ),
    ]
    for subject, visits in _FOUND.items():
        for when, found in visits.items():
            day, visit = when.split()
            findings = tuple(map(_read, _TAKEN, found.split()))
            command = partial(record_findings, subject=subject, visit=visit, findings=findings)
            steps.append((day, SITE, command))
    yield from sorted(steps, key=lambda step: step[0])


def _screen(day: str, subject: str, born: str, **other: str) -> Step:
    answers = dict.fromkeys(_YES.split(), "yes") | dict.fromkeys(_NO.split(), "no")
    said = answers | _TESTS | other
    consented = date.fromisoformat(day) - timedelta(days=1)
    command = partial(
        screen_subject,
        subject=subject,
        disease="sle",
        sex=Sex.FEMALE,
        born=born,
        consented=consented,
        findings=[read_finding(f"{name}={words}") for name, words in said.items()],
    )
    return day, SITE, command


_UNITS = dict(zip(_TAKEN, ("copies/ug", "pg/mL", "mg/L", "ug/L", "/uL", "%", ""), strict=True))


def _read(test: str, said: str) -> Finding:
    if said == "-":
        return Finding(test=test, not_done="too few B cells")
    return read_finding(f"{test}={said} {_UNITS[test]}".rstrip())


PLANNED = Demo(trial="PLANNED", protocol="nct07123519", day=date(2026, 2, 23), script=_script)
