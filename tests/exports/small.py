"""A trial with something for every dataset, typed at a bench, and its export."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from escalation.exports.package import Export, make_export
from escalation.plan import Criterion, Disease, PlannedTest
from escalation.trial import adopt_plan, record_findings
from escalation.trial.adverse_events.adjudication import adjudicate
from escalation.trial.adverse_events.record import follow_up, record_adverse_event
from escalation.trial.events import (
    ActionTaken,
    EventOutcome,
    Finding,
    Leaving,
    Relation,
    Serious,
    Sex,
)
from escalation.trial.patients.screening import record_screening_failure
from escalation.trial.patients.sites import open_site
from escalation.trial.screening.record import screen_subject, waive_criteria
from escalation.trial.visits.record import leave_study, record_visit
from tests.trial.bench import CHAIR, SITE, Bench, day
from tests.trial.small_plan import SMALL

__all__ = ["PLAN", "lab", "results", "small_bench", "small_export"]

PLAN = replace(
    SMALL,
    diseases=(Disease(name="sle", label="systemic lupus erythematosus"),),
    criteria=(
        Criterion(id="I1.1", kind="inclusion", text="Haemoglobin at least 60 g/L.",
                  test="haemoglobin", comparator=">=", limit=60.0),
        Criterion(id="I2", kind="inclusion", text="Creatinine at most 150 umol/L.",
                  test="creatinine", comparator="<=", limit=150.0, waiver="disease-related"),
        Criterion(id="E1", kind="exclusion", text="Pregnant."),
    ),
    tests=(
        *(test for test in SMALL.tests if test.name != "copies"),
        PlannedTest(name="copies", label="CAR copies", unit="copies/ug", domain="PC",
                    code="CARCOP", specimen="BLOOD", least=0),
        PlannedTest(name="weight", label="Weight", unit="kg", domain="VS"),
        PlannedTest(name="ESSDAI", label="ESSDAI", domain="QS"),
    ),
)  # fmt: skip


def small_bench() -> Bench:
    """Return three treated patients, of whom one dies and one leaves, and one who never enters."""
    bench = Bench.judged()
    bench.do(open_site, CHAIR, site="Tianjin", time_zone="Asia/Shanghai")
    bench.do(adopt_plan, CHAIR, plan=PLAN)
    bench.open_cohort()
    for subject, sex, born, haemoglobin, creatinine, pregnant in (
        ("S1", Sex.FEMALE, "1975-03", 95, 80, "no"),
        ("S2", Sex.MALE, "1980", 100, 160, "no"),
        ("S3", None, None, 110, 90, "no"),
        ("X1", Sex.FEMALE, "1990-12", 55, 70, "yes"),
    ):
        bench.do(screen_subject, SITE, subject=subject, sex=sex, born=born, disease="sle",
                 consented=None if sex is None else day(-1), site="Tianjin")  # fmt: skip
        blood = Finding(test="creatinine", value=creatinine, unit="umol/L")
        results(bench, subject, 0, "SCR", lab(haemoglobin), blood,
                Finding(test="E1", answer=pregnant))  # fmt: skip
    bench.do(waive_criteria, SITE, subject="S2", criteria=["I2"], reason="lupus nephritis")
    bench.do(record_screening_failure, SITE, subject="X1", reason="haemoglobin too low")
    for subject, on in (("S1", 1), ("S2", 15), ("S3", 18)):
        bench.enrol(subject, on, height_cm=170.0)
        bench.dose(subject, on, lot=f"L-{subject}")
    curve = ((1, "D0", None), (8, "D7", 1000.0), (29, "W4", 350.0))
    for on, visit, value in curve:
        copies = Finding(test="copies", value=value or 50.0, unit="copies/ug", below=value is None)
        bench.do(record_visit, SITE, on, subject="S1", visit=visit)
        results(bench, "S1", on, visit, copies)
    results(bench, "S1", 8, "D7", lab(88), Finding(test="weight", value=61.5, unit="kg"),
            Finding(test="ESSDAI", value=6))  # fmt: skip
    bench.do(record_visit, SITE, 43, subject="S2", visit="W4", missed="travelled")
    results(bench, "S1", 85, "W12", Finding(test="response", answer="PR"))
    results(bench, "S3", 20, None, Finding(test="copies", not_done="tube broken"))
    fever = {"term": "fever", "category": "fever", "grade": 2, "relation": Relation.POSSIBLE,
             "outcome": EventOutcome.RECOVERED, "action": ActionTaken.NONE}  # fmt: skip
    bench.do(record_adverse_event, SITE, subject="S1", started=day(2), ended=day(4), aware=day(2),
             **fever)  # fmt: skip
    bench.do(record_adverse_event, SITE, subject="S2", term="pneumonia", category="infection",
             grade=3, started=day(30), aware=day(30), serious=[Serious.HOSPITALISATION],
             relation=Relation.PROBABLE, outcome=EventOutcome.NOT_RECOVERED,
             code="10035664", dictionary="MedDRA 28.1")  # fmt: skip
    pneumonia = bench.state.seq
    bench.do(adjudicate, "adjudicator", entry=pneumonia, dlt=True, reason="as the definition says")
    bench.do(follow_up, SITE, 90, entry=pneumonia, aware=day(90),
             changes={"grade": 5, "outcome": "fatal", "ended": "2026-04-05"})  # fmt: skip
    bench.do(leave_study, SITE, 90, subject="S2", why=Leaving.DEATH)
    bench.do(leave_study, SITE, 92, subject="S3", why=Leaving.WITHDREW, reason="moved away")
    return bench


def lab(value: float) -> Finding:
    return Finding(test="haemoglobin", value=value, unit="g/L", lower=120.0, upper=160.0)


def results(bench: Bench, subject: str, on: int, visit: str | None, *findings: Finding) -> None:
    bench.do(record_findings, SITE, on, subject=subject, visit=visit, findings=findings)


@cache
def small_export() -> Export:
    """Return its datasets, made once."""
    return make_export(small_bench().state, "TJ")
