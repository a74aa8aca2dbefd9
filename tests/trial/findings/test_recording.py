"""What results a site may record: each demand of the plan and of a person's days."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest

from escalation.trial import Recorder, record_adverse_event, record_findings
from escalation.trial.chart import Chart
from escalation.trial.commands import Refusal
from escalation.trial.events import Finding, Leaving, SubjectScreened
from escalation.trial.findings.checking import check_dates
from escalation.trial.patients.subjects import Fact
from escalation.trial.visits.record import leave_study
from tests.trial.bench import SITE, Bench, day
from tests.trial.small_plan import followed, measure, refusal

WRONG = [
    ("hemoglobin", {"value": 90, "unit": "g/L"}, "no such test; did you mean haemoglobin?"),
    ("haemoglobin", {"value": 90}, "haemoglobin 90: its unit is missing; give it in g/L"),
    ("haemoglobin", {"value": 90, "unit": "km"}, 'the unit "km" '),
    ("haemoglobin", {"value": 90, "unit": "copies/ug"}, "cannot be converted to g/L"),
    ("haemoglobin", {"value": 900, "unit": "g/L"}, "is above 300 g/L, which is impossible"),
    ("haemoglobin", {"value": 90, "unit": "g/dL"}, "900 g/L is above 300 g/L"),
    ("haemoglobin", {"value": 9, "unit": "g/L"}, "is below 10 g/L, which is impossible"),
    ("haemoglobin", {"value": math.nan, "unit": "g/L"}, "the value must be a finite number"),
    ("haemoglobin", {"value": -math.inf, "unit": "g/L"}, "-inf g/L: the value must be a finite"),
    ("haemoglobin", {"value": 90, "upper": math.inf, "unit": "g/L"}, "upper must be a finite"),
    ("haemoglobin", {"value": 90, "lower": 160, "upper": 120, "unit": "g/L"}, "turned round"),
    ("haemoglobin", {"unit": "g/L"}, "the value is missing"),
    ("copies", {"answer": ">500 copies/ug"}, "a result above a limit is not taken; give it as"),
    ("haemoglobin", {"answer": "low"}, "it is a number in g/L, not an answer"),
    ("copies", {"value": 0, "unit": "copies/ug", "below": True}, "must be above 0"),
    ("copies", {"value": -1, "unit": "copies/ug"}, "copies -1 copies/ug: it is below 0 copies/ug"),
    ("response", {"answer": "CRR"}, "that is not an answer; did you mean CR? Known: CR, PR"),
    ("response", {"value": 1}, "answered by one of CR, PR, other, not by a number"),
    ("response", {}, "the answer is missing: one of CR, PR, other"),
    ("fever", {"answer": "perhaps"}, "that is not an answer; known: yes, no, unknown"),
    ("I1", {"answer": "maybe"}, "that is not an answer"),
    ("I2", {"answer": "yes"}, "no such test or criterion; known: haemoglobin"),
    ("haemoglobin", {"not_done": "clotted", "value": 3}, "it was not done, and has a result"),
    ("haemoglobin", {"value": 90, "unit": "g/L", "at": 30}, "2026-02-04 is still to come"),
    ("haemoglobin", {"value": 90, "unit": "g/L", "day": 3}, "day 3 is not 2026-01-12, which is"),
    ("haemoglobin", {"value": 90, "unit": "g/L", "visit": "D8"}, "no visit D8; known: SCR, D0, D7"),
    ("haemoglobin", {"value": 9, "unit": "g/L", "visit": "D7", "at": -3}, "S1 was dosed on 2026"),
    ("haemoglobin", {"value": 90, "unit": "g/L", "subject": "S2", "day": 7}, "there was none"),
    ("haemoglobin", {"value": 90, "unit": "g/L", "subject": "S2", "visit": "D7"}, "not been dosed"),
    ("haemoglobin", {"value": 90, "unit": "g/L", "subject": "S9"}, "No S9 is screened or enrolled"),
    ("haemoglobin", {"value": 90, "unit": "g/L", "note": "a\nb"}, "must be one line of text"),
]  # fmt: skip


@pytest.fixture(scope="module")
def trial() -> Bench:
    return followed()


@pytest.mark.parametrize(("test", "said", "why"), WRONG, ids=[why for _, _, why in WRONG])
def test_a_result_that_cannot_be_is_refused_and_named(trial, test, said, why):
    assert why in refusal(trial, test, 7, **dict(said))


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("haemoglobin", {"value": 8.5, "unit": "g/dL", "lower": 12.0, "upper": 16.0}),
        ("creatinine", {"value": 1.1, "unit": "mg/dL"}),
        ("copies", {"below": True}),
        ("copies", {"below": True, "value": 20, "unit": "copies/ug"}),
        ("response", {"answer": "pr"}),
        ("I1", {"answer": "Yes", "by": "Lin Mei"}),
        ("haemoglobin", {"not_done": "clotted"}),
        ("haemoglobin", {"value": 90, "unit": "g/L", "at": -100}),
    ],
)
def test_a_result_is_kept_as_reported(test, said):
    bench = followed()
    measure(bench, test, 7, **dict(said))
    kept = bench.state.chart("S1").findings[-1].event.findings[0]
    said.pop("at", None)
    if "answer" in said:
        said["answer"] = {"pr": "PR", "Yes": "yes"}[said["answer"]]
    assert kept.test == test
    assert {name: getattr(kept, name) for name in said} == said


def test_every_fault_of_every_result_is_said_at_once():
    found = [Finding(test="haemoglobin", value=900, unit="g/L"), Finding(test="copies", value=1)]
    said = followed().refused(record_findings, SITE, 7, subject="S1", findings=found)
    assert "haemoglobin 900 g/L: it is above 300 g/L" in said
    assert "copies 1: its unit is missing" in said


def test_a_result_in_the_place_of_another_needs_a_reason():
    bench = followed()
    measure(bench, "haemoglobin", 7, value=90, unit="g/L", visit="D7")
    entry = bench.state.seq
    said = refusal(bench, "haemoglobin", 7, value=91, unit="g/L", visit="D7")
    assert f"entry {entry} says haemoglobin 90 g/L for 2026-01-12 at D7; give the reason" in said
    measure(bench, "haemoglobin", 7, value=91, unit="g/L", visit="D7", reason="misread")
    measure(bench, "haemoglobin", 8, value=91, unit="g/L", visit="D7")


def test_a_result_twice_in_one_entry_is_refused():
    found = [Finding(test="fever", answer="yes"), Finding(test="fever", answer="no")]
    said = followed().refused(record_findings, SITE, 7, subject="S1", findings=found, reason="x")
    assert "fever no: fever of 2026-01-12 is given twice" in said


def test_nothing_is_measured_in_a_trial_without_a_plan():
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    assert "goes by no plan" in refusal(bench, "haemoglobin", 7, value=90, unit="g/L")


def test_nothing_is_measured_of_somebody_who_has_left():
    bench = followed()
    bench.do(leave_study, SITE, 10, subject="S1", why=Leaving.LOST)
    entry = bench.state.seq
    said = refusal(bench, "haemoglobin", 11, value=90, unit="g/L")
    assert f"S1 left the study on 2026-01-15 (lost to follow-up), by entry {entry}" in said
    measure(bench, "haemoglobin", 11, value=90, unit="g/L", at=10)


def test_nothing_is_measured_of_somebody_who_has_died():
    bench = followed()
    died = {
        "grade": 5,
        "started": day(8),
        "ended": day(9),
        "scale": "CTCAE",
        "scale_version": "5.0",
    }
    bench.do(record_adverse_event, SITE, 9, subject="S1", term="sepsis", aware=day(9), **died)
    said = refusal(bench, "haemoglobin", 10, value=90, unit="g/L")
    assert f"S1 died on 2026-01-14, by entry {bench.state.seq}: 2026-01-15 is after it" in said


@pytest.mark.parametrize(("on", "refused"), [(date(2007, 2, 28), True), (date(2007, 3, 1), False)])
def test_nothing_is_measured_of_somebody_before_they_were_born(trial, on, refused):
    born = SubjectScreened(on=day(0), subject="S1", born="2007-03")
    chart = Chart(subject="S1").with_fact(Fact(seq=1, by="site", event=born))
    wrong = Refusal("x")
    recorder = Recorder(name="site", on=day(7), at=datetime(2026, 2, 1, tzinfo=UTC))
    check_dates(wrong, trial.state, recorder, chart, on)
    said = ["S1 was born in 2007-03: 2007-02-28 is before it."]
    assert wrong.reasons == (said if refused else [])


def test_a_result_that_is_recorded_already_is_said_to_be() -> None:
    bench = followed()
    measure(bench, "haemoglobin", 7, value=90, unit="g/L", visit="D7")
    said = refusal(bench, "haemoglobin", 7, value=90, unit="g/L", visit="D7")
    assert "haemoglobin 90 g/L: entry" in said
    assert "says so for 2026-01-12 at D7" in said
    assert "give the reason" not in said


def test_a_test_a_visit_and_an_answer_in_other_capitals_are_those_of_the_plan() -> None:
    bench = followed()
    measure(bench, "HAEMOGLOBIN", 7, value=90, unit="g/L", visit="day 7")
    measure(bench, "Fever", 7, answer="Y", visit="d7")
    results, fever = (chart.event for chart in bench.state.chart("S1").findings)
    assert (results.findings[0].test, results.visit) == ("haemoglobin", "D7")
    assert (fever.findings[0].test, fever.findings[0].answer, fever.visit) == ("fever", "yes", "D7")
