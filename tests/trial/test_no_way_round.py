"""Ways round a gate that a hostile typist tried: each must still say no, or count for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from escalation.outcomes import Outcome
from escalation.protocol import PauseRule
from escalation.trial import (
    adjudicate,
    amend_protocol,
    cast_vote,
    continue_infusion,
    correct_entry,
    decide,
    dose_subject,
    follow_up,
    hold_enrolment,
    next_patient,
    record_adverse_event,
    record_outcome,
    resume_enrolment,
    rule_evaluability,
    sign,
    warnings,
)
from escalation.trial.adverse_events.pauses import judge_pauses
from escalation.trial.events import Choice, Meaning, Relation, Toxicity, Vote
from escalation.trial.patients.subjects import Standing
from escalation.trial.spreadsheet.importing import import_patients
from tests.trial.bench import CHAIR, MEMBER, NCT, SITE, STATISTICIAN, Bench, crs, day

RESUME = Choice(action="resume")


@pytest.fixture
def bench() -> Bench:
    """Give S1 enrolled, in an open cohort of a trial that judges."""
    bench = Bench.judged()
    bench.open_cohort()
    bench.enrol("S1")
    return bench


def report(bench: Bench, on: int, grade: int, subject: str = "S1", **said: Any) -> int:
    known = {"term": "sepsis", "started": day(on), "aware": day(on)} | said
    bench.do(record_adverse_event, SITE, on, subject=subject, grade=grade, **known)
    return bench.state.seq


def standing(bench: Bench) -> Standing:
    return bench.state.subjects["S1"].standing


def resume(bench: Bench, on: int) -> None:
    bench.do(decide, CHAIR, on, choice=RESUME, rationale="discussed")
    bench.do(sign, CHAIR, on, meaning=Meaning.APPROVED)


def says_yes(bench: Bench, on: int) -> bool:
    return next_patient(bench.state, day(on)).yes


def test_who_died_before_the_infusion_is_not_dosed_after_the_pause(bench: Bench) -> None:
    entry = report(bench, 4, 5, relation=Relation.UNRELATED)
    resume(bench, 5)
    assert not says_yes(bench, 6)
    said = bench.refused(dose_subject, SITE, 6, subject="S1", infused=1.8e8)
    assert f"S1 died on {day(4)} (entry {entry}): record the withdrawal" in said
    bench.lost("S1", 6, "died")
    assert says_yes(bench, 6)  # somebody else


def test_who_died_gets_no_further_infusion(bench: Bench) -> None:
    bench.dose("S1", infused=0.9e8)
    entry = report(bench, 4, 5, relation=Relation.UNRELATED)
    bench.do(adjudicate, CHAIR, 4, entry=entry, dlt=False, reason="by culture")
    resume(bench, 5)
    said = bench.refused(continue_infusion, SITE, 6, subject="S1", infused=0.9e8)
    assert f"S1 died on {day(4)}" in said


def test_who_died_in_the_window_of_no_dlt_counts_for_nothing_until_it_is_ruled(
    bench: Bench,
) -> None:
    bench.dose("S1")
    entry = report(bench, 4, 5, relation=Relation.UNRELATED)
    bench.do(adjudicate, CHAIR, 4, entry=entry, dlt=False, reason="by culture")
    bench.no_dlt("S1", 28)
    assert standing(bench) is Standing.UNRULED
    resume(bench, 28)
    bench.do(rule_evaluability, CHAIR, 28, subject="S1", evaluable=True, reason="day 27 was enough")
    assert standing(bench) is Standing.NO_DLT


def test_who_died_on_the_last_day_of_the_window_was_followed_to_its_end(bench: Bench) -> None:
    bench.dose("S1")
    entry = report(bench, 28, 5, relation=Relation.UNRELATED)
    bench.do(adjudicate, CHAIR, 28, entry=entry, dlt=False, reason="by culture")
    bench.no_dlt("S1", 28)
    assert standing(bench) is Standing.NO_DLT


def test_a_dlt_after_the_ruling_not_evaluable_counts_until_it_is_ruled_again(
    bench: Bench,
) -> None:
    bench.dose("S1", infused=0.9e8)
    said = {"subject": "S1", "evaluable": False, "reason": "half the dose"}
    bench.do(rule_evaluability, CHAIR, 1, **said)
    assert standing(bench) is Standing.NOT_EVALUABLE
    bench.dlt("S1", 3)
    assert standing(bench) is Standing.DLT
    bench.do(rule_evaluability, CHAIR, 4, **said)
    assert standing(bench) is Standing.NOT_EVALUABLE
    assert "says so" in bench.refused(rule_evaluability, CHAIR, 5, **said)


def test_a_hold_that_was_the_last_entry_before_the_decision_to_resume_is_lifted_by_it(
    bench: Bench,
) -> None:
    bench.dose("S1")
    bench.do(hold_enrolment, SITE, 1, reason="fever")
    held = bench.state.held
    resume(bench, 1)
    assert bench.state.held is None
    assert [(hold, lifted.seq) for hold, lifted in bench.state.holds] == [(held, bench.state.seq)]


def test_a_hold_after_the_decision_to_resume_is_not_lifted_by_it(bench: Bench) -> None:
    bench.dose("S1")
    bench.do(hold_enrolment, SITE, 1, reason="fever")
    bench.do(decide, CHAIR, 1, choice=RESUME, rationale="it is over")
    bench.do(resume_enrolment, CHAIR, 1, reason="in a hurry")
    bench.do(hold_enrolment, SITE, 1, reason="seizure elsewhere")
    bench.do(sign, CHAIR, 2, meaning=Meaning.APPROVED)
    assert bench.state.held is not None
    assert not says_yes(bench, 20)


@pytest.mark.parametrize(
    "changes",
    [{"relation": "unrelated"}, {"relation": "unlikely", "category": "disease"}],
    ids=["relation", "category"],
)
def test_a_dlt_by_the_definition_is_not_judged_away_by_the_site(
    bench: Bench, changes: dict[str, Any]
) -> None:
    bench.dose("S1")
    said = {"term": "CRS", "category": "crs", "relation": Relation.PROBABLE}
    entry = report(bench, 3, 4, **said)
    bench.do(follow_up, SITE, 4, entry=entry, changes=changes, aware=day(4))
    assert not says_yes(bench, 20)
    words = bench.refused(record_outcome, SITE, 28, subject="S1", outcome=Outcome.NO_DLT)
    assert "was judged otherwise before, and as it was judged then it meets rule" in words
    bench.do(adjudicate, CHAIR, 28, entry=entry, dlt=False, reason="by culture")
    bench.no_dlt("S1", 28)
    assert says_yes(bench, 28)


@pytest.mark.parametrize("changes", [None, {"grade": 4, "serious": []}], ids=["withdrawn", "grade"])
def test_a_death_that_the_site_takes_back_pauses_until_a_decision_resumes(
    bench: Bench, changes: dict[str, Any] | None
) -> None:
    entry = report(bench, 4, 5, relation=Relation.UNRELATED)
    bench.do(correct_entry, SITE, 5, entry=entry, changes=changes, reason="another patient")
    (obstacle,) = next_patient(bench.state, day(5)).obstacles
    assert f"taken back: that of S1 by entry {entry + 1}" in obstacle.text
    resume(bench, 6)
    assert says_yes(bench, 6)


@pytest.mark.parametrize("changes", [{"grade": 1}, {"outcome": "recovering"}])
def test_a_follow_up_that_tells_of_no_death_can_be_taken_back(bench: Bench, changes) -> None:
    bench.dose("S1")
    entry = report(bench, 1, 2)
    bench.do(follow_up, SITE, 2, entry=entry, changes=changes, aware=day(2))
    bench.do(correct_entry, SITE, 3, entry=bench.state.seq, changes=None, reason="twice")
    assert not any(status.met for status in judge_pauses(bench.state, day(3)))


def test_a_death_told_by_an_outcome_or_a_follow_up_is_not_taken_back_either(bench: Bench) -> None:
    bench.dose("S1")
    entry = report(bench, 4, 2, relation=Relation.UNRELATED)
    fatal = {"grade": 5, "outcome": "fatal"}
    bench.do(follow_up, SITE, 5, entry=entry, changes=fatal, aware=day(5))
    bench.do(correct_entry, SITE, 6, entry=entry + 1, changes=None, reason="another patient")
    assert not says_yes(bench, 20)
    resume(bench, 20)
    assert says_yes(bench, 20)
    died = [replace(crs(day(8)), grade=5)]
    bench.do(
        record_outcome, SITE, 20, subject="S1", outcome=Outcome.DLT, toxicities=died, reason=None
    )
    last = bench.state.seq
    bench.do(correct_entry, SITE, 20, entry=last, changes=None, reason="another patient")
    assert not says_yes(bench, 20)
    resume(bench, 20)
    assert says_yes(bench, 20)


def test_an_amendment_does_not_resume_what_a_rule_of_before_paused() -> None:
    rule = PauseRule(name="severe", at_least=1, min_grade=3)
    bench = Bench.judged(replace(NCT, pause=(rule,), dlt=replace(NCT.dlt, rules=())))
    bench.open_cohort()
    bench.treat("S1", 0)
    report(bench, 4, 3, relation=Relation.UNRELATED)
    assert not says_yes(bench, 20)
    amended = replace(bench.protocol, pause=())
    bench.do(amend_protocol, CHAIR, 20, protocol=amended, reason="too strict")
    assert not says_yes(bench, 20)
    resume(bench, 20)
    assert says_yes(bench, 20)
    report(bench, 21, 3, relation=Relation.UNRELATED)
    assert says_yes(bench, 22)  # the amended protocol has no such rule


@pytest.mark.parametrize(
    ("toxicity", "words"),
    [
        ({"term": "MOF", "grade": 5, "onset": 4}, "nobody dies twice"),
        ({"term": "sepsis", "grade": 5, "onset": 3}, "nobody dies twice"),
        ({"term": "CRS", "grade": 3, "onset": 5}, "is after the death of S1"),
    ],
)
def test_an_outcome_says_no_second_death_and_nothing_after_one(
    bench: Bench, toxicity: dict[str, Any], words: str
) -> None:
    bench.dose("S1")
    report(bench, 4, 5)
    told = [Toxicity(**(toxicity | {"onset": day(toxicity["onset"])}))]
    said = {"subject": "S1", "outcome": Outcome.DLT, "toxicities": told}
    assert words in bench.refused(record_outcome, SITE, 6, **said)
    same = [Toxicity(term="sepsis", grade=5, onset=day(4))]
    bench.do(record_outcome, SITE, 6, subject="S1", outcome=Outcome.DLT, toxicities=same)


def test_not_evaluable_hides_no_toxicity_that_calls_for_a_ruling(bench: Bench) -> None:
    bench.dose("S1")
    said = {"subject": "S1", "outcome": Outcome.NOT_EVALUABLE, "reason": "withdrew consent"}
    words = bench.refused(record_outcome, SITE, 5, toxicities=[crs(day(3), 4)], **said)
    assert 'It cannot be "not evaluable" unless it is recorded as an event' in words
    report(bench, 5, 4, term="CRS", started=day(3), relation=Relation.PROBABLE)
    bench.do(record_outcome, SITE, 5, toxicities=[crs(day(3), 4)], **said)
    assert not says_yes(bench, 20)


def test_a_hold_is_not_resumed_on_a_day_before_it(bench: Bench) -> None:
    bench.do(hold_enrolment, SITE, 10, reason="fever")
    words = f"held since {day(10)}; {day(6)} is before it"
    assert words in bench.refused(resume_enrolment, CHAIR, 6, reason="over")
    assert words in bench.refused(decide, CHAIR, 6, choice=RESUME, rationale="over")
    bench.do(resume_enrolment, CHAIR, 10, reason="over")


@pytest.mark.parametrize("changes", [None, {"on": "2026-01-10"}], ids=["withdrawn", "moved"])
def test_the_dosing_is_not_taken_from_under_an_event_that_calls_for_a_ruling(
    bench: Bench, changes: dict[str, Any] | None
) -> None:
    bench.dose("S1")
    dosing = bench.state.seq
    entry = report(bench, 3, 4, term="CRS", category="crs", relation=Relation.PROBABLE)
    said = {"entry": dosing, "changes": changes, "reason": "mistyped"}
    assert "has to be adjudicated first" in bench.refused(correct_entry, SITE, 5, **said)
    bench.correct(dosing, on="2026-01-06")  # it began in the window all the same
    bench.do(adjudicate, CHAIR, 5, entry=entry, dlt=False, reason="another patient")
    bench.do(correct_entry, SITE, 5, **said)


@pytest.mark.parametrize(
    ("changes", "word"),
    [(None, "withdrawn"), ({"grade": 2}, "corrected"), ({"treatment": "none"}, None)],
)
def test_a_severe_event_that_a_correction_takes_back_stays_in_sight(
    bench: Bench, changes: dict[str, Any] | None, word: str | None
) -> None:
    bench.dose("S1")
    entry = report(bench, 3, 4, term="CRS")
    bench.do(correct_entry, SITE, 5, entry=entry, changes=changes, reason="mistyped")
    expected = f'Entry {entry}, CRS grade 4 of S1, was {word} by entry {entry + 1}: "mistyped"'
    assert (expected in [w.text for w in warnings(bench.state, day(6))]) is (word is not None)


def test_a_decision_to_stop_is_not_settled_by_recording_another_one() -> None:
    bench = Bench.started(quorum=2)
    bench.meet(0)
    bench.do(sign, CHAIR, 0, meaning=Meaning.APPROVED)
    stop = Choice(action="stop")
    bench.do(decide, STATISTICIAN, 1, choice=stop, rationale="deaths elsewhere")
    bench.do(decide, STATISTICIAN, 1, choice=Choice(action="defer"), rationale="think again")
    assert not says_yes(bench, 2)
    for person in (CHAIR, MEMBER):
        bench.do(cast_vote, person, 2, vote=Vote.FOR)
    bench.do(sign, CHAIR, 2, meaning=Meaning.APPROVED)
    assert says_yes(bench, 2)


@pytest.mark.parametrize("solo", [False, True])
def test_a_spreadsheet_opens_no_place_that_the_committee_has_not_voted_on(solo: bool) -> None:
    """Where one person decides, it is they who import: the cohort goes on, as in 0.2.0."""
    bench = Bench.started(solo=solo, quorum=2)
    rows = "subject,level,weight_kg,dosed_on,infused,outcome,outcome_on\n" + "".join(
        f"S{k},1,60,2025-01-{k * 5:02},1.8e8,no DLT,2025-03-01\n" for k in (1, 2)
    )
    bench.do(import_patients(rows.encode(), "history.csv"), SITE, 0)
    assert says_yes(bench, 1) is solo
    if not solo:
        bench.meet(1)
        bench.do(sign, CHAIR, 1, meaning=Meaning.APPROVED)
        assert says_yes(bench, 1)


@pytest.mark.parametrize("by_correction", [False, True])
def test_what_a_site_says_anew_lifts_no_pause_of_the_protocol(by_correction: bool) -> None:
    rule = PauseRule(name="severe", at_least=1, min_grade=4, related=True)
    bench = Bench.judged(replace(NCT, pause=(rule,)))
    bench.open_cohort()
    bench.treat("S1", 0)
    entry = report(bench, 4, 4, relation=Relation.PROBABLE)
    bench.do(adjudicate, CHAIR, 4, entry=entry, dlt=False, reason="by culture")
    unrelated = {"entry": entry, "changes": {"relation": "unrelated"}}
    command, said = follow_up, {"aware": day(5)}
    if by_correction:
        command, said = correct_entry, {"reason": "mistyped"}
    words = bench.refused(command, SITE, 5, **unrelated, **said)
    assert 'It would lift a pause, pause rule "severe" is met' in words
    resume(bench, 20)
    bench.do(
        command, SITE, 20, **unrelated, **(said | ({} if by_correction else {"aware": day(20)}))
    )
    assert says_yes(bench, 20) or by_correction  # what was corrected calls for a new ruling
