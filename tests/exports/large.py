"""Sixty patients with 2,000 adverse events, results and visits, by the commands of the domain."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from escalation.trial import TrialState, adopt_plan
from escalation.trial.adverse_events.record import record_adverse_event
from escalation.trial.events import Choice, Finding, Purpose, Relation
from tests.trial.bench import CHAIR, NCT, SITE, Bench, day

from .small import PLAN, results

__all__ = ["N_EVENTS", "N_PATIENTS", "large_state"]

N_PATIENTS, N_EVENTS = 60, 2_000
DAYS = ((0, "D0", 120.0), (7, "D7", 1000.0), (28, "W4", 350.0))


@cache
def large_state() -> TrialState:
    """Return the trial; it takes some seconds to record."""
    bench = Bench.started(NCT)
    bench.do(adopt_plan, CHAIR, plan=replace(PLAN, criteria=()))
    _treat_all(bench)
    _measure(bench)
    _report(bench)
    return bench.state


def _treat_all(bench: Bench) -> None:
    start, n = 0, 0
    while n < N_PATIENTS:
        bench.open_cohort(
            start,
            choice=Choice(action="enrol", level=1, n_to_enrol=3, purpose=Purpose.ESCALATION),
            rationale="to have sixty",
        )
        subjects = [f"S{n + k + 1:02}" for k in range(3)]
        start = bench.cohort_without_dlt(" ".join(subjects), start)
        n += 3


def _measure(bench: Bench) -> None:
    for subject in list(bench.state.subjects):
        dosed = bench.state.subjects[subject].dosed_on
        assert dosed is not None
        first = (dosed - day(0)).days
        for after, visit, copies in DAYS:
            pc = Finding(test="copies", value=copies, unit="copies/ug")
            hb = Finding(test="haemoglobin", value=90.0 + after, unit="g/L", lower=120, upper=160)
            results(bench, subject, first + after, visit, pc, hb)


def _report(bench: Bench) -> None:
    bench.now += 60
    subjects = [s for s in bench.state.subjects.values() if s.dosed_on is not None]
    for k in range(N_EVENTS):
        subject = subjects[k % len(subjects)]
        assert subject.dosed_on is not None
        began = day((subject.dosed_on - day(0)).days + k // len(subjects))
        bench.do(record_adverse_event, SITE, subject=subject.id, term=f"event {k}",
                 category="other", grade=1 + k % 2, started=began, aware=began,
                 relation=Relation.UNLIKELY)  # fmt: skip
