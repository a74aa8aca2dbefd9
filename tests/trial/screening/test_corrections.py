"""Screenings and waivers that were recorded wrongly: corrected, withdrawn, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from escalation.plan import Visit
from escalation.reports.trial.sentences import describe_entry
from escalation.trial import (
    adopt_plan,
    correct_entry,
    departures,
    enrol_subject,
    evolve,
    record_visit,
    rename_subject,
    waive_criteria,
)
from escalation.trial.codec import dump_event
from escalation.trial.events import SubjectRenamed
from escalation.trial.screening.judging import eligibility_of
from tests.trial.bench import CHAIR, SITE, Bench, day, recorded
from tests.trial.screening.screened import ANSWERS, FIT, HB, HIGH, PLAN, planned, screen


def refused(bench: Bench, entry: int, changes: dict[str, Any] | None, on: int = 3) -> str:
    said = {"entry": entry, "changes": changes, "reason": "a slip"}
    return bench.refused(correct_entry, SITE, on, **said)


def corrected(bench: Bench, entry: int, changes: dict[str, Any] | None, on: int = 3) -> None:
    bench.do(correct_entry, SITE, on, entry=entry, changes=changes, reason="a slip")


def test_a_screening_is_corrected_and_judged_by_what_it_says_then() -> None:
    bench = planned()
    seq = screen(bench, "S1", *FIT, born="2012")
    assert eligibility_of(bench.state, "S1", day(0)).verdict == "not eligible"
    before = bench.state.data_seq
    corrected(bench, seq, {"born": "1985", "disease": "SSc"})
    assert eligibility_of(bench.state, "S1", day(0)).verdict == "eligible"
    assert bench.state.data_seq == before  # no decision has to know it
    chart = bench.state.chart("S1")
    assert chart.screening is not None
    assert (chart.screening.event.disease, chart.screening.corrected_by) == (
        "SSc",
        (bench.state.seq,),
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"subject": "S2"}, "subject cannot be corrected in this entry"),
        ({"disease": "SLX"}, "knows no disease SLX"),
        ({"born": "1985-03-02"}, "a full date of birth could identify a person"),
        ({"sex": "woman"}, "sex"),
        ({"consented": "2026-01-09"}, "The consent of 2026-01-09 is after 2026-01-05"),
        ({"site": "Tianjin"}, "No site Tianjin has been opened"),
        ({"on": "2026-01-07"}, "ended on 2026-01-06, by entry"),
        ({"disease": "SLE"}, "That is what it says."),
    ],
)
def test_a_screening_is_not_corrected_to_what_cannot_be(changes: dict[str, Any], why: str) -> None:
    bench = planned()
    seq = screen(bench, "S1", *FIT)
    bench.enrol("S1", 1)
    assert why in refused(bench, seq, changes)


def test_a_screening_is_withdrawn_after_what_was_recorded_in_it_and_not_once_it_ended() -> None:
    bench = planned()
    seq = screen(bench, "S1", HB)
    assert f"Withdraw what was recorded in it first: {seq + 1}." in refused(bench, seq, None)
    corrected(bench, seq + 1, None)
    corrected(bench, seq, None)
    assert "S1 has not been screened" in bench.refused(
        waive_criteria, SITE, subject="S1", criteria=["I3"], reason="x"
    )
    seq = screen(bench, "S2", *FIT)
    bench.enrol("S2")
    assert ": enrolled." in refused(bench, seq, None)


def test_a_screening_with_a_visit_in_it_is_not_withdrawn_and_its_id_is_not_given_away() -> None:
    """Or the visit would be of nobody, and lost with the next one who is called so."""
    bench = planned(plan=replace(PLAN, visits=(Visit(name="SCR", label="Screening", day=-7),)))
    seq = screen(bench, "S1")
    bench.do(record_visit, SITE, subject="S1", visit="SCR")
    assert f"Withdraw what was recorded in it first: {seq + 1}." in refused(bench, seq, None)
    screen(bench, "S2", *FIT)
    bench.enrol("S2")
    renamed = SubjectRenamed(on=day(3), subject="S2", renamed="S1", reason="forged")
    state = evolve(bench.state, recorded(bench.state, renamed))
    assert state.oddities == [(state.seq, "S1 is somebody else, who was screened")]
    assert state.charts == bench.state.charts


def test_a_waiver_is_corrected_or_withdrawn_and_counts_as_it_says_then() -> None:
    bench = planned()
    screen(bench, "S1", HB, HIGH, *ANSWERS)
    bench.do(waive_criteria, SITE, subject="S1", criteria=["I3"], reason="lupus")
    waiver = bench.state.seq
    assert "permits no exception" in refused(bench, waiver, {"criteria": ["I3", "I2"]})
    corrected(bench, waiver, {"reason": "lupus hepatitis"})
    assert eligibility_of(bench.state, "S1", day(3)).verdict == "eligible"
    corrected(bench, waiver, None)
    assert eligibility_of(bench.state, "S1", day(3)).verdict == "not eligible"


def test_nothing_is_waived_of_who_is_enrolled_by_a_correction_either() -> None:
    """A laboratory corrects a value afterwards: that is a departure, and stays one."""
    lax = replace(PLAN.criteria[1], waiver="permitted")
    bench = planned(plan=replace(PLAN, criteria=(PLAN.criteria[0], lax, *PLAN.criteria[2:])))
    screen(bench, "S1", HB, HIGH, *ANSWERS)
    bench.do(waive_criteria, SITE, subject="S1", criteria=["I3"], reason="lupus")
    waiver = bench.state.seq
    bench.enrol("S1")
    fact = bench.state.fact(waiver - 1)
    assert fact is not None
    first, *rest = dump_event(fact.event)["findings"]
    corrected(bench, waiver - 1, {"findings": [first | {"value": 55.0}, *rest]})
    said = refused(bench, waiver, {"criteria": ["I3", "I2"]})
    assert "S1 is enrolled since entry" in said
    assert "to enrol without one is a deviation" in said
    assert [r.text for r in departures(bench.state) if "should not have been" in r.text]
    corrected(bench, waiver, {"reason": "lupus hepatitis"})


def test_a_waiver_of_a_plan_and_a_screening_that_are_over_is_corrected_by_them() -> None:
    bench = planned()
    screen(bench, "S1", HB, HIGH, *ANSWERS)
    bench.do(waive_criteria, SITE, subject="S1", criteria=["I3"], reason="lupus")
    waiver = bench.state.seq
    screen(bench, "S1", *FIT, on=2)  # where there is nothing to waive
    bench.do(adopt_plan, CHAIR, plan=replace(PLAN, criteria=()), reason="amendment 1")
    corrected(bench, waiver, {"reason": "lupus hepatitis"})
    corrected(bench, waiver, {"on": str(day(1))})
    assert "permits no exception" in refused(bench, waiver, {"criteria": ["I2"]})


def test_a_waiver_counts_from_its_day() -> None:
    """An enrolment that is recorded later, of an earlier day, was without it."""
    bench = planned()
    screen(bench, "S1", HB, HIGH, *ANSWERS)
    bench.do(waive_criteria, SITE, 2, subject="S1", criteria=["I3"], reason="lupus")
    assert eligibility_of(bench.state, "S1", day(2)).verdict == "eligible"
    said = bench.refused(enrol_subject, SITE, 1, subject="S1", weight_kg=60.0)
    assert "S1 is not eligible: I3" in said


def test_nobody_is_renamed_to_somebody_who_was_screened() -> None:
    bench = planned()
    screen(bench, "S1", *FIT)
    bench.enrol("S1")
    screen(bench, "S2")
    said = bench.refused(rename_subject, SITE, subject="S1", renamed="S2", reason="mistyped")
    assert "S2 is somebody else, who was screened." in said
    bench.do(rename_subject, SITE, subject="S1", renamed="S3", reason="mistyped")
    assert eligibility_of(bench.state, "S1", day(0)).verdict == "eligible"


def test_a_correction_says_what_it_is_of_and_only_the_results_that_changed() -> None:
    bench = planned()
    seq = screen(bench, "S1", *FIT)
    fact = bench.state.fact(seq + 1)
    assert fact is not None
    first, *rest = dump_event(fact.event)["findings"]
    corrected(bench, seq + 1, {"findings": [first | {"value": 55.0}, *rest]})
    assert describe_entry(bench.entries[-1], bench.state) == (
        f"entry {seq + 1} (results of S1) corrected on 2026-01-08: haemoglobin 85 g/L -> "
        "haemoglobin 55 g/L. Reason: a slip."
    )
    corrected(bench, seq, {"born": "1986"})
    assert describe_entry(bench.entries[-1], bench.state) == (
        f"entry {seq} (screening of S1) corrected on 2026-01-08: born 1985 -> 1986. Reason: a slip."
    )
