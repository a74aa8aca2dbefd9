"""Adopting a plan: by whom, for what reason, and what a new one has to keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from escalation.plan import Disease, Plan, load_plan
from escalation.trial import (
    TrialState,
    adopt_plan,
    record_findings,
    register_with_plan,
    screen_subject,
)
from escalation.trial.events import Finding, Sex

from .bench import CHAIR, MEMBER, NCT, OFFICE, SITE, Bench
from .small_plan import SMALL

PLAN = replace(SMALL, diseases=(Disease(name="sle", label="SLE"), Disease(name="aps", label="APS")))


def without(plan: Plan, table: str, name: str) -> Plan:
    kept: Any = tuple(made for made in getattr(plan, table) if made.name != name)
    return replace(plan, **{table: kept})


def test_a_trial_is_registered_with_a_plan_from_the_start():
    bench = Bench()
    bench.do(register_with_plan, OFFICE, protocol=NCT, plan=load_plan("nct07123519"), solo=True)
    assert bench.state.plan == load_plan("nct07123519")
    assert [entry.event.kind for entry in bench.entries] == ["trial-registered", "plan-adopted"]


def test_who_registered_adopts_the_first_plan_and_the_chair_any():
    bench = Bench.started()
    assert "takes chair" in bench.refused(adopt_plan, MEMBER, plan=PLAN)
    bench.do(adopt_plan, OFFICE, plan=PLAN)
    other = replace(PLAN, title="new")
    said = bench.refused(adopt_plan, OFFICE, plan=other, reason="amendment")
    assert "takes chair" in said
    assert "say why it changes" in bench.refused(adopt_plan, CHAIR, plan=other)
    assert "says the same" in bench.refused(adopt_plan, CHAIR, plan=PLAN, reason="amendment")
    bench.do(adopt_plan, CHAIR, plan=other, reason="amendment 1")
    assert bench.state.plan == other
    assert len(bench.state.plans) == 2
    assert "not registered" in Bench().refused(adopt_plan, CHAIR, plan=PLAN)
    assert TrialState().plan is None


@pytest.mark.parametrize(
    ("table", "name", "says"),
    [
        ("diseases", "sle", "The disease sle is recorded of S1, and is not in it: keep it."),
        ("diseases", "aps", None),
        ("visits", "SCR", "The visit SCR is recorded of S1, and is not in it: keep it."),
        ("visits", "W12", None),
        ("tests", "haemoglobin", "The test haemoglobin is recorded of S1, and is not in it"),
        ("tests", "creatinine", None),
    ],
)
def test_a_new_plan_keeps_what_something_is_recorded_of(table, name, says):
    bench = Bench.started()
    bench.do(adopt_plan, OFFICE, plan=PLAN)
    bench.do(screen_subject, SITE, subject="S1", disease="sle", sex=Sex.FEMALE)
    hb = Finding(test="haemoglobin", value=80, unit="g/L")
    bench.do(record_findings, SITE, subject="S1", findings=[hb], visit="SCR")
    new = without(PLAN, table, name)
    if says is None:
        bench.do(adopt_plan, CHAIR, plan=new, reason="amendment 1")
    else:
        assert says in bench.refused(adopt_plan, CHAIR, plan=new, reason="amendment 1")


def test_several_tests_that_a_new_plan_lacks_are_named_together():
    bench = Bench.started()
    bench.do(adopt_plan, OFFICE, plan=PLAN)
    bench.do(screen_subject, SITE, subject="S1", disease="sle", sex=Sex.FEMALE)
    two = [Finding(test="haemoglobin", value=80, unit="g/L"), Finding(test="fever", answer="yes")]
    bench.do(record_findings, SITE, subject="S1", findings=two)
    new = without(without(PLAN, "tests", "haemoglobin"), "tests", "fever")
    said = bench.refused(adopt_plan, CHAIR, plan=new, reason="amendment 1")
    assert "haemoglobin, fever are recorded of S1, and are not in it: keep them." in said


def test_a_test_that_has_results_keeps_its_kind():
    bench = Bench.started()
    bench.do(adopt_plan, OFFICE, plan=PLAN)
    bench.do(screen_subject, SITE, subject="S1", disease="sle")
    bench.do(record_findings, SITE, subject="S1", findings=[Finding(test="fever", answer="yes")])
    fever = replace(PLAN.find_test("fever"), kind="number")  # type: ignore[type-var]
    new = replace(PLAN, tests=(*without(PLAN, "tests", "fever").tests, fever))
    said = bench.refused(adopt_plan, CHAIR, plan=new, reason="amendment 1")
    assert "The test fever is recorded of S1 as yes/no, and is number in it" in said


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("copies", {"unit": "copies/mL"}, "copies 5 copies/ug of S1, which it cannot read (the"),
        ("copies", {"least": 6}, "which it cannot read (it is below 6 copies/ug, which is"),
        ("response", {"choices": ("CR", "other")}, "response PR of S1, which it cannot read (that"),
        ("copies", {"unit": "copies/mg"}, None),
        ("response", {"choices": ("CR", "PR", "other", "died")}, None),
    ],
)
def test_a_new_plan_can_read_every_result_that_is_recorded(name, changes, says):
    """One whose unit or choices are others would make tables fail, or leave results out."""
    bench = Bench.started()
    bench.do(adopt_plan, OFFICE, plan=PLAN)
    bench.do(screen_subject, SITE, subject="S1", disease="sle")
    found = [
        Finding(test="copies", value=5, unit="copies/ug"),
        Finding(test="response", answer="PR"),
        Finding(test="I1", answer="yes"),
    ]
    bench.do(record_findings, SITE, subject="S1", findings=found)
    entry = bench.state.seq
    tests = tuple(replace(t, **changes) if t.name == name else t for t in PLAN.tests)
    new = replace(PLAN, tests=tests, criteria=())
    if says is not None:
        assert says in bench.refused(adopt_plan, CHAIR, plan=new, reason="amendment 1")
        return
    bench.do(adopt_plan, CHAIR, plan=new, reason="amendment 1")
    bench.correct(entry, reason="of the local laboratory")  # also the answer that it asks no more
