"""Screening: what cannot be, who is eligible by what is recorded, and the gate before enrolment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from escalation.outcomes import Outcome
from escalation.trial import (
    adopt_plan,
    close_trial,
    correct_entry,
    departures,
    enrol_subject,
    leave_study,
    next_patient,
    record_findings,
    record_outcome,
    record_screening_failure,
    rename_subject,
    screen_subject,
    waive_criteria,
)
from escalation.trial.codec import dump_event, version_of
from escalation.trial.events import Choice, Finding, Leaving, ScreeningFailed, Sex
from escalation.trial.screening.judging import eligibility_of, flags_of, lacks_eligibility
from escalation.trial.screening.steps import add_to_screening
from tests.trial.bench import CHAIR, SITE, Bench, day
from tests.trial.screening.screened import (
    ALT,
    ANSWERS,
    FIT,
    HB,
    HIGH,
    LOW,
    PERSON,
    PLAN,
    planned,
    screen,
)
from tests.trial.small_trials import THREE

S1 = {"subject": "S1", **PERSON}
ENROL = {"subject": "S1", "weight_kg": 60.0}


def verdict(bench: Bench, subject: str = "S1", on: int | None = None) -> str:
    return eligibility_of(bench.state, subject, day(bench.now if on is None else on)).verdict


def statuses(bench: Bench, subject: str = "S1") -> dict[str, str]:
    judged = eligibility_of(bench.state, subject, day(bench.now))
    return {item.criterion.id: item.status for item in judged.items}


def add(bench: Bench, *findings: Finding, on: int | None = None, **said: Any) -> None:
    bench.do(record_findings, SITE, on, subject="S1", findings=findings, **said)


# ---------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"disease": "SLX"}, "knows no disease SLX; did you mean SLE?"),
        ({"born": "1985-03-02"}, "a full date of birth could identify a person"),
        ({"born": "02.03.1985"}, "a full date of birth could identify a person"),
        ({"born": "19850302"}, "a full date of birth could identify a person"),
        ({"born": "85"}, "it cannot be read; give a year or a month, such as 1975 or 1975-03"),
        ({"born": "1985-13"}, "there is no month 13"),
        ({"born": "1985-00"}, "there is no month 00"),
        ({"born": "1885"}, "nobody is 141 years old"),
        ({"born": "2026-02"}, "the screening on 2026-01-05 is before that"),
        ({"born": "2027"}, "the screening on 2026-01-05 is before that"),
        ({"consented": day(1)}, "The consent of 2026-01-06 is after 2026-01-05"),
        ({"consented": date(1970, 1, 1)}, "The consent of 1970-01-01 is before 2000-01-01"),
        ({"born": "2010-06", "consented": date(2010, 1, 1)}, "the consent on 2010-01-01 is before"),
        ({"subject": "SMITH-1"}, "could be a name"),
        ({"site": "Tianjin"}, "No site Tianjin has been opened"),
    ],
)
def test_what_cannot_be_of_who_is_screened_is_refused_with_the_value(
    said: dict[str, Any], why: str
) -> None:
    assert why in planned().refused(screen_subject, SITE, **(S1 | said))


def test_a_disease_needs_a_plan_and_a_screening_does_not() -> None:
    bench = Bench.started()
    said = bench.refused(screen_subject, SITE, subject="S1", disease="SLE")
    assert "goes by no plan, which would say what SLE is" in said
    bench.do(screen_subject, SITE, subject="S1", born="1985")
    said = bench.refused(waive_criteria, SITE, subject="S1", criteria=["I1"], reason="why not")
    assert "no plan with criteria" in said


def test_with_an_impossible_result_nothing_of_the_screening_is_recorded() -> None:
    bench = planned()
    odd = Finding(test="haemoglobin", value=850, unit="g/L")
    assert "haemoglobin" in bench.refused(screen_subject, SITE, **S1, findings=[ALT, odd])
    assert not bench.state.charts


def test_who_is_enrolled_dead_or_in_a_closed_trial_is_not_screened() -> None:
    bench = planned()
    screen(bench, "S1", *FIT)
    bench.enrol("S1")
    entry = bench.state.subjects["S1"].enrolments[-1].seq
    said = bench.refused(screen_subject, SITE, **S1)
    assert f"S1 is enrolled since entry {entry}, and is not screened again" in said
    bench.do(record_outcome, SITE, subject="S1", outcome=Outcome.NOT_EVALUABLE, reason="withdrew")
    assert "S1 is enrolled since" in bench.refused(screen_subject, SITE, **S1)
    screen(bench, "S2")
    bench.do(leave_study, SITE, subject="S2", why=Leaving.DEATH)
    said = bench.refused(screen_subject, SITE, **(S1 | {"subject": "S2"}))
    assert "S2 died on 2026-01-05" in said
    bench.do(close_trial, CHAIR, reason="the sponsor ended it")
    said = bench.refused(screen_subject, SITE, **(S1 | {"subject": "S3"}))
    assert "The trial was closed" in said


def test_a_screening_said_twice_is_refused_and_one_before_the_last_too() -> None:
    bench = planned()
    seq = screen(bench, "S1", on=2)
    assert f"Entry {seq} says so." in bench.refused(screen_subject, SITE, 2, **S1)
    assert "2026-01-06 is before it" in bench.refused(screen_subject, SITE, 1, **S1)


# ---------------------------------------------------------------- who is eligible


def test_what_nobody_has_answered_is_unknown_and_names_what_would_settle_it() -> None:
    bench = planned()
    screen(bench, "S1")
    assert verdict(bench) == "incomplete"
    unknown = dict.fromkeys(["I2", "I3", "I4", "S1", "E1"], "unknown")
    assert statuses(bench) == {"I1": "met"} | unknown
    (said,) = lacks_eligibility(bench.state, "S1", day(0))
    assert "I2 Haemoglobin: no result (to settle it: Haemoglobin in g/L" in said
    assert "I4 I4a: not answered (to settle it: an answer to I4a); not answered: S1, E1." in said


def test_answers_come_in_any_number_of_steps_until_all_is_known() -> None:
    bench = planned()
    screen(bench, "S1", HB)
    add(bench, ALT, on=1)
    assert verdict(bench) == "incomplete"
    add(bench, *ANSWERS, on=2)
    assert verdict(bench) == "eligible"


def test_a_result_not_done_settles_nothing() -> None:
    bench = planned()
    screen(bench, "S1", HB, *ANSWERS, Finding(test="alt", not_done="haemolysed"))
    assert statuses(bench)["I3"] == "unknown"


def test_a_result_of_a_later_day_and_one_too_old_do_not_count() -> None:
    bench = planned()
    screen(bench, "S1", *FIT)
    assert verdict(bench, on=14) == "eligible"
    assert verdict(bench, on=15) == "incomplete"
    add(bench, LOW, on=20)
    assert verdict(bench, on=14) == "eligible"
    assert verdict(bench, on=20) == "not eligible"


def test_screened_again_it_begins_anew_without_results_and_waivers() -> None:
    bench = planned()
    screen(bench, "S1", HB, HIGH, *ANSWERS)
    bench.do(waive_criteria, SITE, subject="S1", criteria=["I3"], reason="lupus hepatitis")
    assert verdict(bench) == "eligible"
    screen(bench, "S1", HB, HIGH, *ANSWERS, on=5)
    assert verdict(bench) == "not eligible"
    screen(bench, "S1", on=6)
    assert verdict(bench) == "incomplete"


@pytest.mark.parametrize(
    ("born", "status"),
    [
        ("1959", "not met"),  # turned 66 in 2025
        ("1959-12", "not met"),
        ("1960-01", "unknown"),  # turns 66 in this month
        ("1960", "unknown"),
        ("1960-02", "met"),
        ("1961", "met"),
        ("2007-12", "met"),
        ("2008-01", "unknown"),  # turns 18 in this month
        ("2008", "unknown"),
        ("2008-02", "not met"),
        ("2009", "not met"),
    ],
)
def test_the_age_is_known_by_the_birth_as_far_as_a_year_or_month_goes(
    born: str, status: str
) -> None:
    """18 to 65 years on 2026-01-05, by hand."""
    bench = planned()
    screen(bench, "S1", born=born)
    assert statuses(bench)["I1"] == status


def test_an_age_that_is_recorded_goes_before_the_birth() -> None:
    bench = planned()
    screen(bench, "S1", Finding(test="age", value=17, unit="years"), born="2008")
    assert statuses(bench)["I1"] == "not met"


def test_flags_of_the_source_are_said_where_their_criterion_decides() -> None:
    bench = planned()
    screen(bench, "S1", LOW, ALT, *ANSWERS)
    items = eligibility_of(bench.state, "S1", day(0)).items
    assert flags_of(items) == [("I2", "60 to 79 g/L is of grade 3 already")]
    add(bench, HB, on=1)
    assert flags_of(eligibility_of(bench.state, "S1", day(1)).items) == []


# ---------------------------------------------------------------- waivers


def test_a_waiver_excuses_what_the_plan_permits_and_nothing_else() -> None:
    bench = planned()
    screen(bench, "S1", LOW, HIGH, *ANSWERS)
    waive: dict[str, Any] = {"subject": "S1", "reason": "lupus hepatitis"}
    said = bench.refused(waive_criteria, SITE, **waive, criteria=["I2", "I4a", "I9", "I3", "I3"])
    assert "I2 (Haemoglobin at least 60 g/L.): the plan permits no exception from it." in said
    assert "I4a is a part of another criterion" in said
    assert "The plan has no criterion I9" in said
    assert "I3 is named twice." in said
    assert "Name the criteria" in bench.refused(waive_criteria, SITE, **waive, criteria=[])
    bench.do(waive_criteria, SITE, **waive, criteria=["I3"])
    assert statuses(bench)["I3"] == "waived"
    said = bench.refused(waive_criteria, SITE, **waive, criteria=["I3"])
    assert "I3 is waived by entry" in said
    assert verdict(bench) == "not eligible"


def test_what_is_met_and_who_was_not_screened_or_is_enrolled_needs_no_waiver() -> None:
    bench = planned()
    waive: dict[str, Any] = {"subject": "S1", "criteria": ["I3"], "reason": "x"}
    assert "S1 has not been screened" in bench.refused(waive_criteria, SITE, **waive)
    screen(bench, "S1", *FIT)
    assert "I3 is met (ALT 30 U/L" in bench.refused(waive_criteria, SITE, **waive)
    bench.enrol("S1")
    assert "is a deviation" in bench.refused(waive_criteria, SITE, **waive)


# ---------------------------------------------------------------- the gate


def test_nobody_is_enrolled_who_was_not_screened_is_not_eligible_or_incomplete() -> None:
    bench = planned()
    said = bench.refused(enrol_subject, SITE, **ENROL)
    assert "S1 has not been screened (trial screen S1)." in said
    screen(bench, "S1", LOW, ALT, *ANSWERS)
    said = bench.refused(enrol_subject, SITE, **ENROL)
    assert "S1 is not eligible: I2 Haemoglobin 55 g/L on 2026-01-05 is below 60." in said
    add(bench, HB, on=1)
    bench.enrol("S1")
    screen(bench, "S2", HB)
    said = bench.refused(enrol_subject, SITE, **(ENROL | {"subject": "S2"}))
    assert "Whether S2 is eligible is not known: I3 ALT: no result" in said
    assert departures(bench.state) == []


def test_a_deviation_is_the_recorded_way_past_the_gate() -> None:
    bench = planned()
    bench.enrol("S1", deviation="the laboratory was closed")
    event = bench.state.subjects["S1"].enrolment
    assert event.breaches == ("S1 has not been screened (trial screen S1).",)
    (remark,) = departures(bench.state)
    assert "S1 was enrolled against a gate. S1 has not been screened" in remark.text


def test_who_failed_screening_or_left_is_screened_again_before_the_enrolment() -> None:
    bench = planned()
    screen(bench, "S1", *FIT)
    bench.do(record_screening_failure, SITE, subject="S1", reason="withdrew consent")
    assert "S1 failed screening on 2026-01-05" in bench.refused(enrol_subject, SITE, **ENROL)
    assert "S1" in bench.state.screening_failures
    screen(bench, "S1", *FIT, on=1)
    assert bench.state.screening_failures == {}
    bench.enrol("S1")
    screen(bench, "S2", *FIT)
    bench.do(leave_study, SITE, subject="S2", why=Leaving.WITHDREW)
    said = bench.refused(enrol_subject, SITE, **(ENROL | {"subject": "S2"}))
    assert "S2 left the study on" in said


def test_without_criteria_enrolment_is_as_it_was() -> None:
    bench = planned(plan=replace(PLAN, criteria=()))
    bench.enrol("S1")
    assert bench.state.subjects["S1"].enrolment.breaches == ()


def test_a_plan_that_comes_after_an_enrolment_makes_no_departure_of_it() -> None:
    bench = planned(plan=replace(PLAN, criteria=()))
    bench.enrol("S1")
    bench.do(adopt_plan, CHAIR, plan=PLAN, reason="criteria typed")
    assert departures(bench.state) == []


def test_who_is_found_not_eligible_after_the_enrolment_is_a_departure_as_known_now() -> None:
    bench = planned()
    seq = screen(bench, "S1", *FIT)
    bench.enrol("S1", 1)
    enrolled = bench.state.seq
    fact = bench.state.fact(seq + 1)
    assert fact is not None
    first, *rest = dump_event(fact.event)["findings"]
    changes = {"findings": [first | {"value": 55.0}, *rest]}
    bench.do(correct_entry, SITE, 2, entry=seq + 1, changes=changes, reason="a slip")
    (remark,) = departures(bench.state)
    assert remark.entry == enrolled
    assert remark.text == (
        "S1 was enrolled on 2026-01-06, and by what is recorded now should not have been. S1 is "
        "not eligible: I2 Haemoglobin 55 g/L on 2026-01-05 is below 60."
    )


def test_a_late_result_of_an_earlier_day_counts_and_one_of_the_day_of_enrolment_does_not() -> None:
    bench = planned()
    screen(bench, "S1", *FIT)
    bench.enrol("S1", 3)
    add(bench, LOW, on=3)
    assert departures(bench.state) == []
    add(bench, replace(LOW, on=day(2)), on=4)
    assert len(departures(bench.state)) == 1


# ---------------------------------------------------------------- steps, and failures


def test_a_list_that_is_given_again_with_more_in_it_adds_what_is_new() -> None:
    bench = planned()
    bench.do(add_to_screening, SITE, **S1, findings=[HB])
    events = bench.do(add_to_screening, SITE, **S1, findings=[HB, ALT])
    assert [f.test for event in events for f in getattr(event, "findings", ())] == ["alt"]
    said = bench.refused(add_to_screening, SITE, **S1, findings=[HB, ALT])
    assert "All of it is recorded already." in said
    said = bench.refused(add_to_screening, SITE, **(S1 | {"disease": "SSc"}), findings=ANSWERS)
    assert "says disease SLE, not SSc: correct it (trial correct" in said
    bench.do(add_to_screening, SITE, 1, subject="S1", again=True)
    assert verdict(bench) == "incomplete"
    last = bench.state.chart("S1").screening
    assert last is not None
    assert (last.event.disease, last.event.born, last.event.consented) == ("SLE", "1985", None)


def test_a_failure_names_criteria_of_the_plan_that_are_not_met() -> None:
    bench = planned()
    screen(bench, "S1", LOW, ALT, *ANSWERS)
    failed: dict[str, Any] = {"subject": "S1", "reason": "anaemia"}
    said = bench.refused(
        record_screening_failure, SITE, **failed, criteria=["I3", "I9", "I2", "I2"]
    )
    assert "I3 is met" in said
    assert "no criterion I9" in said
    assert "I2 is named twice" in said
    bench.do(record_screening_failure, SITE, **failed, criteria=["I2"])
    ((_, event),) = bench.state.not_enrolled
    assert event.criteria == ("I2",)
    assert version_of(event) == 2


def test_a_disease_and_criteria_in_other_capitals_or_by_a_label_are_those_of_the_plan() -> None:
    bench = planned()
    bench.do(screen_subject, SITE, **(S1 | {"disease": "sle"}), findings=(LOW, HIGH))
    bench.do(waive_criteria, SITE, subject="S1", criteria=["i3"], reason="hepatitis")
    chart = bench.state.chart("S1")
    assert chart.screening is not None
    assert chart.screening.event.disease == "SLE"
    assert chart.waivers[0].event.criteria == ("I3",)
    said = bench.refused(add_to_screening, SITE, subject="S1", disease="Lupus")
    assert "All of it is recorded already" in said
    bench.do(record_screening_failure, SITE, subject="S1", reason="anaemia", criteria=["i2"])
    ((_, event),) = bench.state.not_enrolled
    assert event.criteria == ("I2",)


def test_a_failure_without_criteria_is_written_as_before() -> None:
    event = ScreeningFailed(on=day(0), subject="S1", reason="anaemia")
    assert version_of(event) == 1
    assert "criteria" not in dump_event(event)
    said = Bench.started().refused(
        record_screening_failure, SITE, subject="S1", reason="anaemia", criteria=["I2"]
    )
    assert "no plan with criteria: give the reason alone" in said


# ---------------------------------------------------------------- who is next


def test_next_names_who_is_in_screening_and_answers_for_one_of_them() -> None:
    bench = planned()
    screen(bench, "S1", HB)
    screen(bench, "S2", *FIT)
    found = next_patient(bench.state, day(0))
    assert found.yes
    assert found.in_screening == (("S1", "incomplete"), ("S2", "eligible"))
    found = next_patient(bench.state, day(0), subject="S1", weight_kg=60)
    assert [obstacle.text[:26] for obstacle in found.obstacles] == ["Whether S1 is eligible is "]
    found = next_patient(bench.state, day(0), subject="S2", weight_kg=60)
    assert (found.yes, found.subject, found.slot) == (True, "S2", 1)


def test_who_waits_for_another_cohort_is_judged_again_on_the_new_day() -> None:
    bench = planned(THREE)
    for name in ("S1", "S2", "S3"):
        screen(bench, name, *FIT)
        bench.enrol(name)
    bench.dose("S1")
    bench.no_dlt("S1")
    bench.open_cohort(
        20, choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale="as it is"
    )
    said = bench.refused(enrol_subject, SITE, subject="S2")
    assert "Whether S2 is eligible is not known: I2 " in said
    bench.do(record_findings, SITE, subject="S2", findings=[HB])
    bench.do(enrol_subject, SITE, subject="S2")
    screen(bench, "S3", *FIT)
    bench.do(enrol_subject, SITE, subject="S3")
    assert departures(bench.state)[1:] == []  # but for the cohort, opened against the rule


def test_a_deviation_is_said_once_also_under_another_id() -> None:
    bench = planned()
    bench.enrol("S1", deviation="the laboratory was closed")
    bench.do(rename_subject, SITE, subject="S1", renamed="S9", reason="mistyped")
    assert len(departures(bench.state)) == 1


def test_a_screening_that_has_ended_is_not_gone_on_with() -> None:
    bench = planned()
    screen(bench, "S1", HB)
    bench.do(record_screening_failure, SITE, subject="S1", reason="withdrew consent")
    said = bench.refused(add_to_screening, SITE, subject="S1", findings=[ALT])
    assert ": failed. To go on, screen again (--again)." in said
    screen(bench, "S2", *FIT)
    bench.enrol("S2")
    said = bench.refused(add_to_screening, SITE, subject="S2", findings=[replace(ALT, value=31)])
    assert ": enrolled. To go on, record results (trial measure)." in said


def test_who_the_person_is_may_be_said_later_and_is_added_to_the_screening() -> None:
    bench = planned()
    bench.do(add_to_screening, SITE, subject="S1", disease="SLE", findings=[HB])
    events = bench.do(
        add_to_screening, SITE, 1, subject="S1", born="1985", consented=day(0), findings=[HB, ALT]
    )
    assert [event.kind for event in events] == ["entry-corrected", "findings-recorded"]
    assert statuses(bench)["I1"] == "met"
    odd = {"sex": Sex.FEMALE, "findings": [Finding(test="alt", value=-1, unit="U/L")]}
    assert "alt" in bench.refused(add_to_screening, SITE, 2, subject="S1", **odd)
    said = bench.refused(add_to_screening, SITE, 2, subject="S1", born="1986")
    assert "says born 1985, not 1986: correct it" in said
    later = {"consented": day(5)}
    bench.do(correct_entry, SITE, 2, entry=events[0].entry, changes={"consented": None}, reason="x")
    said = bench.refused(add_to_screening, SITE, 6, subject="S1", **later)
    assert "The consent of 2026-01-10 is after 2026-01-05" in said


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"born": "1960"}, "born 1985, not 1960. If that is wrong, correct the entry; somebody"),
        ({"sex": Sex.MALE}, "sex female, not male. If that is wrong, correct the entry"),
        ({"born": "1985-03", "sex": Sex.UNKNOWN, "disease": "SSc"}, None),
    ],
)
def test_an_id_is_not_screened_again_as_somebody_else(said, why):
    """Or the failure, and the first results, would be of whoever has the id next."""
    bench = planned()
    screen(bench, "S1", LOW)
    bench.do(record_screening_failure, SITE, 1, subject="S1", reason="anaemia")
    if why is None:
        screen(bench, "S1", on=9, **said)
    else:
        assert why in bench.refused(screen_subject, SITE, 9, **(S1 | said))


def test_a_screening_that_ended_is_a_gate_where_the_plan_has_no_criteria_too():
    bench = planned(plan=replace(PLAN, criteria=()))
    screen(bench, "S1")
    bench.do(record_screening_failure, SITE, 1, subject="S1", reason="anaemia")
    assert "failed screening on 2026-01-06" in bench.refused(enrol_subject, SITE, 2, **ENROL)
    screen(bench, "S1", on=2)
    bench.do(enrol_subject, SITE, 2, **ENROL)
