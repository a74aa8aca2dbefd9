"""A death, and each pause rule that is met, halts the trial until a decision resumes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from escalation.outcomes import Outcome
from escalation.protocol import PauseRule
from escalation.reports.trial.status import status_document, view_status
from escalation.trial import (
    adjudicate,
    decide,
    departures,
    dose_subject,
    enrol_subject,
    hold_enrolment,
    look_back,
    next_patient,
    record_adverse_event,
    record_outcome,
    resume_enrolment,
    rule_says,
    sign,
)
from escalation.trial.events import Choice, EventOutcome, Meaning, Relation, Toxicity
from escalation.trial.halts import find_pauses, standing_pauses
from tests.trial.bench import CHAIR, MEMBER, NCT, SITE, STATISTICIAN, Bench, day, recorded

# without a definition of its own an unrelated death is no DLT, and waits for no ruling
PLAIN = replace(NCT, dlt=replace(NCT.dlt, rules=()), pause=())
RESUME = Choice(action="resume")
TWO_OF_GRADE_4 = PauseRule(name="grade 4", at_least=2, min_grade=4)


def treated(protocol: Any = PLAIN, *, judged: bool = True) -> Bench:
    """S1 and S2 were dosed on days 0 and 14; S3 waits."""
    bench = Bench.judged(protocol) if judged else Bench.as_0_2_0(protocol)
    bench.open_cohort()
    bench.treat("S1", 0)
    bench.treat("S2", 14)
    bench.enrol("S3", 14)
    return bench


def report(bench: Bench, subject: str = "S1", grade: int = 5, on: int = 16, **said: Any) -> int:
    known = {"term": "pneumonia", "grade": grade, "started": day(on), "aware": day(on)}
    known |= {"relation": Relation.UNRELATED, "subject": subject} | said
    bench.do(record_adverse_event, SITE, on, **known)
    return bench.state.seq


def resume(bench: Bench, on: int, rationale: str | None = "unrelated", by: str = CHAIR) -> None:
    bench.do(decide, by, on, choice=RESUME, rationale=rationale)
    bench.do(sign, CHAIR, on, meaning=Meaning.APPROVED)


def may_dose(bench: Bench, on: int) -> bool:
    return next_patient(bench.state, day(on), subject="S3").yes


@pytest.mark.parametrize("judged", [True, False], ids=["judged", "of before"])
def test_a_death_pauses_by_itself_until_a_decision_resumes(judged: bool) -> None:
    bench = treated(judged=judged)
    assert may_dose(bench, 17)
    entry = report(bench)
    words = f"Enrolment is paused since entry {entry}"
    assert words in bench.refused(dose_subject, SITE, 17, subject="S3", infused=1.8e8)
    assert words in bench.refused(enrol_subject, SITE, 17, subject="S4", weight_kg=60.0)
    answer = next_patient(bench.state, day(17))
    assert answer.needs_decision
    assert "trial decide --resume" in answer.obstacles[0].text
    bench.do(decide, CHAIR, 18, choice=RESUME, rationale="unrelated")
    assert not may_dose(bench, 18)  # decided is not approved
    bench.do(sign, CHAIR, 18, meaning=Meaning.APPROVED)
    assert may_dose(bench, 18)


def test_by_its_outcome_and_by_a_follow_up_a_death_is_one_too() -> None:
    bench = treated()
    report(bench, grade=4, outcome=EventOutcome.FATAL)
    assert not may_dose(bench, 17)


def test_to_resume_lifts_what_was_known_and_a_new_death_pauses_again() -> None:
    bench = treated()
    report(bench)
    resume(bench, 18)
    second = report(bench, "S2", on=19)
    assert not may_dose(bench, 20)
    assert [pause.entry for pause in standing_pauses(bench.state, day(20))] == [second]
    resume(bench, 21)
    assert may_dose(bench, 21)
    assert standing_pauses(bench.state, day(21)) == []


def test_a_ruling_that_takes_its_dlt_back_takes_back_no_death() -> None:
    bench = treated()
    entry = report(bench)
    bench.do(adjudicate, CHAIR, 17, entry=entry, dlt=True, reason="after the infusion")
    resume(bench, 18)
    bench.do(adjudicate, CHAIR, 19, entry=entry, dlt=False, reason="an accident")
    assert standing_pauses(bench.state, day(20)) == []  # the death is as it was decided on


def test_a_death_between_decision_and_approval_has_to_be_decided_on() -> None:
    bench = treated()
    report(bench)
    bench.do(decide, CHAIR, 18, choice=RESUME, rationale="unrelated")
    report(bench, "S2", on=18)
    said = bench.refused(sign, CHAIR, 18, meaning=Meaning.APPROVED)
    assert "came after: decide on the latest data" in said


def test_days_of_a_pause_that_was_lifted_stay_paused() -> None:
    """A paper trial is typed afterwards: gates go by the day."""
    bench = treated()
    report(bench, on=17)
    resume(bench, 20)
    assert [may_dose(bench, on) for on in (16, 17, 19, 20)] == [False, False, False, True]
    texts = [o.text for o in next_patient(bench.state, day(19), subject="S3").obstacles]
    assert any("Enrolment was paused from 2026-01-22 to 2026-01-25" in text for text in texts)
    before = [o.text for o in next_patient(bench.state, day(16), subject="S3").obstacles]
    assert not any("paused" in text for text in before)  # the stagger alone


def test_each_pause_rule_that_is_met_pauses_and_is_met_again_by_the_next() -> None:
    bench = treated(replace(NCT, pause=(TWO_OF_GRADE_4,)))
    report(bench, "S1", 4)
    assert may_dose(bench, 17)
    second = report(bench, "S2", 4)
    (pause,) = standing_pauses(bench.state, day(17))
    assert (pause.entry, pause.since) == (second, day(16))
    assert 'pause rule "grade 4" is met' in pause.text
    resume(bench, 18)
    assert may_dose(bench, 18)
    third = report(bench, "S1", 4, 19, term="ICANS")
    assert [pause.entry for pause in standing_pauses(bench.state, day(20))] == [third]
    assert len(list(find_pauses(bench.state, day(20)))) == 2


def test_a_dlt_of_grade_5_typed_as_an_outcome_pauses_where_verdicts_are_judged() -> None:
    toxicity = Toxicity(term="MOF", grade=5, onset=day(15), relation=Relation.DEFINITE)
    for judged in (True, False):
        bench = treated(judged=judged)
        bench.do(record_outcome, SITE, 16, subject="S1", outcome=Outcome.DLT, toxicities=[toxicity])
        assert bool(standing_pauses(bench.state, day(17))) is judged


# ---------------------------------------------------------------- who may resume, and how


def test_the_chair_alone_cannot_resume_what_a_decision_has_to() -> None:
    bench = treated()
    entry = report(bench)
    said = bench.refused(resume_enrolment, CHAIR, 17, reason="reviewed")
    assert f"It is paused since entry {entry}" in said
    assert "To resume takes a decision of the committee (trial decide --resume)." in said
    bench.do(hold_enrolment, SITE, 17, reason="reviewed")
    assert "It is paused" in bench.refused(resume_enrolment, CHAIR, 17, reason="reviewed")


def test_a_decision_to_resume_lifts_a_hold_as_well() -> None:
    bench = treated()
    bench.do(hold_enrolment, SITE, 17, reason="a death is under review")
    report(bench)
    resume(bench, 18)
    assert may_dose(bench, 18)
    assert bench.state.held is None


@pytest.mark.parametrize(
    ("died", "rationale", "by", "words"),
    [
        (False, "reviewed", CHAIR, "Enrolment is neither paused nor held."),
        (True, None, CHAIR, "To resume needs a rationale."),
        (True, "reviewed", SITE, "to record a decision takes member, chair or statistician"),
    ],
)
def test_to_resume_is_refused_by_name(
    died: bool, rationale: str | None, by: str, words: str
) -> None:
    bench = treated()
    if died:
        report(bench)
    said = bench.refused(decide, by, 17, choice=RESUME, rationale=rationale)
    assert words in said


def test_to_resume_overrides_nothing_and_is_no_departure() -> None:
    """It is not about a dose: a member may record it, the rule stays as it is."""
    bench = treated()
    report(bench)
    then = rule_says(bench.state)
    bench.do(decide, MEMBER, 17, choice=RESUME, rationale="unrelated")
    bench.do(sign, CHAIR, 17, meaning=Meaning.APPROVED)
    event = bench.state.decisions[-1].event
    assert (event.departure, event.override) == (False, False)
    assert event.recommended.action == then.action
    assert rule_says(bench.state) == then
    assert departures(bench.state) == []
    bench.dlt("S2", 20)
    assert [remark.entry for remark in look_back(bench.state)] == []
    assert bench.state.open_cohort is not None
    assert bench.state.stopped is None


def test_a_statistician_may_record_it_with_the_votes_of_others() -> None:
    from escalation.trial.events import Attendance, Vote

    bench = treated(judged=False)
    report(bench)
    votes = [Attendance(person=CHAIR, vote=Vote.FOR)]
    bench.do(decide, STATISTICIAN, 17, choice=RESUME, rationale="unrelated", attendees=votes)


def test_a_pause_is_on_the_status_page_and_in_its_document() -> None:
    bench = treated()
    entry = report(bench)
    last = recorded(bench.state, bench.state.registered.event)
    last = replace(last, seq=bench.state.seq, hash=bench.state.head)
    page = " ".join(
        str(block) for block in view_status(bench.state, "TJ", day(17), last=last).page()
    )
    assert f"ENROLMENT IS PAUSED since entry {entry}: S1 died." in page
    (pause,) = status_document(bench.state, day(17))["paused"]
    assert (pause["entry"], pause["since"]) == (entry, "2026-01-21")
    resume(bench, 18)
    assert status_document(bench.state, day(18))["paused"] == []
