"""Verdicts against events: "no DLT" is held against what happened, and rulings are made on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from escalation.outcomes import Outcome, format_outcomes
from escalation.protocol import DltRule, DltWindow
from escalation.trial import (
    adjudicate,
    correct_entry,
    decide,
    delegate_role,
    departures,
    dose_subject,
    enrol_subject,
    follow_up,
    next_patient,
    record_adverse_event,
    record_outcome,
    rulings,
    sign,
    warnings,
)
from escalation.trial.adverse_events.verdicts import unruled_dlts
from escalation.trial.events import (
    AdverseEventAdjudicated,
    Choice,
    EntryCorrected,
    EventOutcome,
    Meaning,
    OutcomeRecorded,
    Relation,
    Role,
    Serious,
    Toxicity,
)
from escalation.trial.evolve import evolve
from tests.trial.bench import CHAIR, NCT, SITE, Bench, day, recorded

ADJUDICATOR, WINDOW = "adjudicator", 28
# no rules: any event of grade 3 or more that may be related; and rules of two kinds
PLAIN = replace(NCT, dlt=DltWindow(window_days=WINDOW))
RULES = replace(
    NCT,
    dlt=DltWindow(
        window_days=WINDOW,
        rules=(
            DltRule(name="CRS", category="crs", min_grade=3),
            DltRule(name="cytopenia", category="blood", min_grade=4, provisional_until_day=28),
        ),
    ),
)


def treated(protocol: Any = PLAIN, *, judged: bool = True) -> Bench:
    """S1 was dosed on day 0."""
    bench = Bench.judged(protocol) if judged else Bench.as_0_2_0(protocol)
    bench.open_cohort()
    bench.treat("S1", 0)
    return bench


def report(bench: Bench, grade: int = 3, started: int = 5, **said: Any) -> int:
    known = {"subject": "S1", "term": "CRS", "started": day(started), "grade": grade}
    known |= {"aware": day(started), "relation": Relation.PROBABLE} | said
    bench.do(record_adverse_event, SITE, max(started, bench.now), **known)
    return bench.state.seq


def update(bench: Bench, entry: int, on: int, **changes: Any) -> int:
    bench.do(follow_up, SITE, on, entry=entry, changes=changes, aware=day(on))
    return bench.state.seq


def rule(
    bench: Bench, entry: int, *, dlt: bool, reason: str | None = None, on: int | None = None,
    by: str = ADJUDICATOR,
) -> tuple[Any, ...]:  # fmt: skip
    return bench.do(adjudicate, by, on, entry=entry, dlt=dlt, reason=reason)


def refused_verdict(
    bench: Bench, on: int = WINDOW, outcome: Outcome = Outcome.NO_DLT, **said: Any
) -> str:
    return bench.refused(record_outcome, SITE, on, subject="S1", outcome=outcome, **said)


def standing(bench: Bench) -> str:
    return str(bench.state.subjects["S1"].standing)


def texts(remarks: list[Any]) -> str:
    return " / ".join(remark.text for remark in remarks)


# ---------------------------------------------------------------- "no DLT" against events


@pytest.mark.parametrize("judged", [True, False], ids=["judged", "of before"])
@pytest.mark.parametrize("outcome", [Outcome.NO_DLT, Outcome.MODERATE])
def test_no_dlt_is_refused_while_an_event_that_meets_the_definition_is_not_adjudicated(
    judged: bool, outcome: Outcome
) -> None:
    bench = treated(judged=judged)
    if not judged:
        bench.do(delegate_role, "office", person=ADJUDICATOR, role=Role.ADJUDICATOR)
    entry = report(bench)
    said = refused_verdict(bench, outcome=outcome)
    assert f"CRS grade 3 of S1 (entry {entry}) meets rule" in said
    assert f"(trial adjudicate {entry})" in said
    rule(bench, entry, dlt=False, reason="fever of another cause")
    bench.do(record_outcome, SITE, WINDOW, subject="S1", outcome=outcome)
    assert standing(bench).endswith("no DLT")


@pytest.mark.parametrize(
    ("grade", "relation", "started", "held"),
    [
        (5, Relation.DEFINITE, 5, True),
        (3, Relation.POSSIBLE, 0, True),
        (3, Relation.POSSIBLE, 28, True),
        (3, Relation.POSSIBLE, 29, False),  # after the window
        (3, None, 5, True),  # not judged yet
        (2, Relation.DEFINITE, 5, False),
        (4, Relation.UNRELATED, 5, False),
        (4, Relation.UNLIKELY, 5, False),
    ],
)
def test_without_rules_what_is_held_against_no_dlt_is_grade_3_that_may_be_related(
    grade: int, relation: Relation | None, started: int, held: bool
) -> None:
    bench = treated()
    report(bench, grade, started, relation=relation)
    on = max(WINDOW, started)
    if held:
        assert "it has to be adjudicated" in refused_verdict(bench, on)
    else:
        bench.no_dlt("S1", on)


@pytest.mark.parametrize(
    ("toxicity", "held"),
    [
        (Toxicity(term="MOF", grade=5, onset=day(5), relation=Relation.DEFINITE), True),
        (Toxicity(term="MOF", grade=3, onset=day(5)), True),
        (Toxicity(term="MOF", grade=4, onset=day(5), relation=Relation.UNRELATED), False),
        (Toxicity(term="fever", grade=2, onset=day(5), relation=Relation.DEFINITE), False),
    ],
)
def test_toxicities_typed_with_no_dlt_are_held_against_it_too(
    toxicity: Toxicity, held: bool
) -> None:
    """Case 12: "no DLT" with a grade 5, definitely related toxicity."""
    bench = treated()
    if held:
        said = refused_verdict(bench, toxicities=[toxicity])
        assert f"MOF of S1, grade {toxicity.grade}" in said
        assert 'It cannot be "no DLT" unless it is recorded as an event (trial ae S1)' in said
    else:
        bench.do(
            record_outcome, SITE, WINDOW, subject="S1", outcome=Outcome.NO_DLT,
            toxicities=[toxicity],
        )  # fmt: skip


def test_with_a_ruling_the_toxicity_is_recorded_and_shown_for_ever() -> None:
    bench = treated()
    entry = report(bench, 4, term="MOF")
    rule(bench, entry, dlt=False, reason="progression, by biopsy")
    bench.do(
        record_outcome, SITE, WINDOW, subject="S1", outcome=Outcome.NO_DLT,
        toxicities=[Toxicity(term="mof", grade=4, onset=day(5))],
    )  # fmt: skip
    shown = texts(departures(bench.state))
    assert (
        f"MOF grade 4 of S1 (entry {entry}) was ruled no DLT by adjudicator, although it "
        'meets the definition (rule "no rules in the protocol"). Reason: '
        '"progression, by biopsy"' in shown
    )


def test_by_rules_a_severe_event_that_meets_none_still_needs_a_ruling_but_no_reason() -> None:
    bench = treated(RULES)
    entry = report(bench, 3, term="rash", category="skin")
    said = refused_verdict(bench)
    assert f"rash grade 3 of S1 (entry {entry}) is severe and may be related" in said
    rule(bench, entry, dlt=False)
    bench.no_dlt("S1", WINDOW)
    assert departures(bench.state) == []
    assert texts(rulings(bench.state)) == (
        f"rash grade 3 of S1 (entry {entry}) was ruled no DLT by adjudicator."
    )


def test_of_several_readings_of_an_event_that_meet_no_rule_the_present_one_is_named() -> None:
    """As judged now it is severe, as judged before too: what it is now is what is said."""
    bench = treated(RULES)
    entry = report(bench, category="skin")
    update(bench, entry, 6, category="eye")
    said = refused_verdict(bench)
    assert "is severe and may be related" in said
    assert "was judged otherwise before" not in said


def test_an_event_ruled_on_hides_none_that_is_not() -> None:
    bench = treated()
    first, _ = report(bench), report(bench, term="sepsis")
    rule(bench, first, dlt=False, reason="fever of another cause")
    assert "sepsis grade 3 of S1" in refused_verdict(bench)


def test_an_event_that_can_still_meet_the_definition_waits_until_its_day() -> None:
    """Grade 4 cytopenia counts if it is still there on day 28: until then, not yet."""
    bench = treated(replace(RULES, dlt=replace(RULES.dlt, window_days=14)))
    entry = report(bench, 4, term="neutropenia", category="blood")
    said = refused_verdict(bench, 14)
    assert f"neutropenia grade 4 of S1 (entry {entry}) can still meet" in said
    assert f'rule "cytopenia" for a DLT (on {day(28)})' in said
    update(bench, entry, 20, grade=2)
    said = refused_verdict(bench, 20)
    assert "is severe and may be related" in said  # it was of grade 4: somebody has to look
    rule(bench, entry, dlt=False)
    bench.no_dlt("S1", 20)
    assert departures(bench.state) == []


# ---------------------------------------------------------------- the ruling itself


def test_a_dlt_is_the_subject_s_outcome_in_the_same_command() -> None:
    bench = treated()
    entry = report(bench, 3, narrative="fever and hypotension")
    ruling, outcome = rule(bench, entry, dlt=True, on=7)
    assert (ruling.dlt, ruling.suggested, ruling.reason) == (True, "meets the definition", None)
    assert isinstance(outcome, OutcomeRecorded)
    assert outcome.toxicities == (
        Toxicity(term="CRS", grade=3, onset=day(5), relation=Relation.PROBABLE,
                 narrative="fever and hypotension"),
    )  # fmt: skip
    assert format_outcomes(bench.state.written_cohorts()) == "1T"
    assert bench.state.oddities == []
    assert departures(bench.state) == []


def test_where_a_dlt_is_recorded_already_the_ruling_stands_alone() -> None:
    bench = treated()
    entry = report(bench)
    bench.dlt("S1", 6, 5)
    assert len(rule(bench, entry, dlt=True)) == 1


def test_an_event_there_before_the_infusion_is_a_dlt_from_the_day_it_became_worse() -> None:
    bench = Bench.judged(PLAIN)
    bench.open_cohort()
    bench.enrol("S1", 0)
    entry = report(bench, 1, 1, term="anaemia")
    bench.dose("S1", 3)
    update(bench, entry, 9, grade=4)
    _, outcome = rule(bench, entry, dlt=True)
    assert [(t.grade, t.onset) for t in outcome.toxicities] == [(4, day(9))]


def test_an_event_that_began_on_the_day_of_the_infusion_is_a_dlt_from_that_day() -> None:
    bench = treated()
    entry = report(bench, 1, 0)
    update(bench, entry, 5, grade=4)
    _, outcome = rule(bench, entry, dlt=True)
    assert [t.onset for t in outcome.toxicities] == [day(0)]


def test_a_death_by_its_outcome_is_a_dlt_of_grade_5() -> None:
    bench = treated()
    entry = report(bench, 4, outcome=EventOutcome.FATAL)
    _, outcome = rule(bench, entry, dlt=True)
    assert outcome.toxicities[0].grade == 5


@pytest.mark.parametrize(
    ("grade", "started", "dlt", "suggested"),
    [(3, 5, False, "meets rule"), (2, 5, True, "does not meet"), (3, 40, True, "outside the DLT")],
)
def test_to_depart_from_the_definition_needs_a_reason_and_is_seen(
    grade: int, started: int, dlt: bool, suggested: str
) -> None:
    bench = treated()
    entry = report(bench, grade, started)
    said = bench.refused(adjudicate, ADJUDICATOR, entry=entry, dlt=dlt)
    assert suggested in said
    assert "To rule otherwise needs a reason." in said
    rule(bench, entry, dlt=dlt, reason="after review")
    assert 'Reason: "after review"' in texts(departures(bench.state))
    if dlt:
        assert standing(bench) == "DLT"
    if started > WINDOW:
        assert "did not begin in the DLT window" in texts(departures(bench.state))


def test_ruling_no_dlt_before_the_day_needs_a_reason_and_one_more_when_it_is_met_after_all() -> (
    None
):
    bench = treated(RULES)
    entry = report(bench, 4, term="neutropenia", category="blood")
    assert "not yet" in bench.refused(adjudicate, ADJUDICATOR, entry=entry, dlt=False)
    rule(bench, entry, dlt=False, reason="prophylaxis had been stopped")
    said = refused_verdict(bench, 28)
    assert "the ruling of entry" in said
    assert "was on less" in said
    rule(bench, entry, dlt=False, reason="the same", on=28)
    bench.no_dlt("S1", 28)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"by": SITE}, '"site" has the role site; to adjudicate takes chair or adjudicator.'),
        ({"entry": 999}, "It is not the first report of an adverse event; those are 12."),
        ({"entry": 1}, "It is not the first report of an adverse event"),
        ({"reason": "two\nlines"}, "The reason must be one line of text"),
        ({"on": 4}, "The event began on 2026-01-10."),
    ],
)
def test_a_ruling_is_refused_by_name(said: dict[str, Any], words: str) -> None:
    bench = treated()
    kw = {"by": ADJUDICATOR, "on": 30, "entry": report(bench), "dlt": True} | said
    bench.now = 30
    assert words in bench.refused(adjudicate, kw.pop("by"), kw.pop("on"), **kw)


def test_nothing_before_the_infusion_can_be_a_dlt() -> None:
    bench = Bench.judged(PLAIN)
    bench.open_cohort()
    bench.enrol("S1", 0)
    entry = report(bench)
    said = bench.refused(adjudicate, ADJUDICATOR, entry=entry, dlt=True, reason="why not")
    assert "S1 has not been dosed: nothing before can be a DLT." in said


# ---------------------------------------------------------------- to rule again


def test_to_rule_again_needs_a_reason_and_takes_back_the_dlt_that_was_recorded() -> None:
    bench = treated()
    entry = report(bench)
    rule(bench, entry, dlt=True)
    assert "says so" in bench.refused(adjudicate, ADJUDICATOR, entry=entry, dlt=True)
    said = bench.refused(adjudicate, ADJUDICATOR, entry=entry, dlt=False)
    assert "ruled a DLT: to rule again needs a reason." in said
    _, taken_back = rule(bench, entry, dlt=False, reason="blood culture positive")
    assert isinstance(taken_back, EntryCorrected)
    assert standing(bench) == "pending"
    assert "is no longer one by entry" in texts(warnings(bench.state, day(6)))
    assert "A later ruling took its place." in texts(rulings(bench.state))
    rule(bench, entry, dlt=True, reason="contaminated")
    assert standing(bench) == "DLT"
    assert bench.state.oddities == []


def test_the_last_of_three_rulings_is_the_one_to_be_made_again() -> None:
    bench = treated()
    entry = report(bench)
    for on, dlt in ((6, True), (7, False), (8, True)):
        rule(bench, entry, dlt=dlt, reason="seen again", on=on)
    last = next(e.seq for e in reversed(bench.entries) if e.event.kind == "ae-adjudicated")
    said = refused_verdict(bench)
    assert f"was ruled a DLT by entry {last}: it would have to be ruled again" in said


def test_a_dlt_stays_while_another_event_is_one_or_the_site_has_recorded_it() -> None:
    bench = treated()
    one, two = report(bench), report(bench, 4, 6, term="ICANS")
    rule(bench, one, dlt=True)
    rule(bench, two, dlt=True)
    assert len(rule(bench, one, dlt=False, reason="not due to it")) == 1
    assert standing(bench) == "DLT"
    assert len(rule(bench, two, dlt=False, reason="nor this")) == 2
    assert standing(bench) == "pending"
    bench.dlt("S1", 8, 5)
    rule(bench, one, dlt=True, reason="after all")
    assert len(rule(bench, one, dlt=False, reason="no")) == 1
    assert standing(bench) == "DLT"


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"grade": 4}, True),
        ({"outcome": "fatal"}, True),
        ({"serious": ["life-threatening"]}, True),
        ({"grade": 2}, False),
        ({"narrative": "better"}, False),
        ({"relation": "definite"}, False),
    ],
)
def test_what_becomes_worse_after_the_ruling_calls_for_a_new_one(
    changes: dict[str, Any], again: bool
) -> None:
    bench = treated()
    entry = report(bench)
    rule(bench, entry, dlt=False, reason="fever of another cause")
    assert unruled_dlts(bench.state, day(10)) == []
    update(bench, entry, 10, **changes)
    assert len(unruled_dlts(bench.state, day(10))) == again
    if not again:
        bench.no_dlt("S1", WINDOW)
        return
    assert "the ruling of entry" in refused_verdict(bench)
    rule(bench, entry, dlt=False, reason="still", on=11)
    bench.no_dlt("S1", WINDOW)


def test_an_unrelated_event_judged_related_since_calls_for_a_ruling() -> None:
    bench = treated()
    entry = report(bench, relation=Relation.UNRELATED)
    rule(bench, entry, dlt=False)
    update(bench, entry, 10, relation="possible")
    assert "meets rule" in refused_verdict(bench)


@pytest.mark.parametrize(
    ("first", "then"),
    [({"relation": Relation.PROBABLE}, {"relation": "unrelated"}),
     ({"serious": [Serious.HOSPITALISATION]}, {"serious": []})],
)  # fmt: skip
def test_what_is_worse_is_worse_than_the_last_word_before_the_ruling(first, then) -> None:
    bench = treated()
    entry = report(bench, **first)
    again = {name: getattr(bench.state.fact(entry).event, name) for name in first}
    update(bench, entry, 8, **then)
    rule(bench, entry, dlt=False, reason="fever of another cause", on=9)
    update(bench, entry, 10, **again)
    assert "the ruling of entry" in refused_verdict(bench)


def test_a_corrected_report_calls_for_a_new_ruling() -> None:
    bench = treated()
    entry = report(bench, 3)
    rule(bench, entry, dlt=False, reason="fever of another cause")
    bench.do(correct_entry, SITE, 9, entry=entry, changes={"grade": 4}, reason="misread")
    assert "the ruling of entry" in refused_verdict(bench)


# ---------------------------------------------------------------- round about a ruling


def test_a_dlt_is_not_corrected_to_no_dlt_over_an_event_that_nobody_ruled_on() -> None:
    bench = treated()
    entry = report(bench)
    bench.dlt("S1", 6, 5)
    bench.now = WINDOW
    said = bench.refused(
        correct_entry, SITE, entry=bench.state.seq, reason="misread",
        changes={"outcome": "N", "on": str(day(WINDOW)), "toxicities": []},
    )  # fmt: skip
    assert f"(entry {entry}) meets rule" in said


@pytest.mark.parametrize("changes", [None, {"outcome": "X", "reason": "left"}, {"outcome": "N"}])
def test_the_dlt_of_a_ruling_is_taken_back_by_a_ruling_alone(changes: Any) -> None:
    bench = treated()
    entry = report(bench)
    rule(bench, entry, dlt=True)
    said = bench.refused(
        correct_entry, SITE, 30, entry=bench.state.seq, changes=changes, reason="misread"
    )
    assert f"was ruled a DLT: rule again (trial adjudicate {entry} --no-dlt)" in said


def test_of_two_dlts_one_can_be_corrected_though_an_event_was_ruled_one() -> None:
    bench = treated()
    rule(bench, report(bench), dlt=True)
    bench.dlt("S1", 8, 5)
    first, second = (fact.seq for fact in bench.state.subjects["S1"].outcomes)
    bench.do(correct_entry, SITE, 9, entry=second, changes=None, reason="twice")
    said = bench.refused(correct_entry, SITE, 9, entry=first, changes=None, reason="twice")
    assert "was ruled a DLT: rule again" in said


def test_an_unrelated_event_does_not_answer_for_a_related_toxicity_typed_with_no_dlt() -> None:
    bench = treated()
    report(bench, 4, term="MOF", relation=Relation.UNRELATED)
    toxicity = Toxicity(term="MOF", grade=4, onset=day(5), relation=Relation.DEFINITE)
    assert "MOF of S1, grade 4, definite" in refused_verdict(bench, toxicities=[toxicity])


def test_who_may_not_rule_changes_nothing_even_where_the_entry_was_forged() -> None:
    bench = treated()
    entry = report(bench)
    forged = AdverseEventAdjudicated(
        on=day(6), entry=entry, dlt=False, suggested="meets the definition", reason="x"
    )
    bench.state = evolve(bench.state, recorded(bench.state, forged, SITE))
    assert bench.state.find_event(entry).ruling is None
    assert "to adjudicate takes" in bench.state.oddities[-1][1]
    assert "meets rule" in refused_verdict(bench)


# ---------------------------------------------------------------- gates and decisions


def test_nobody_is_enrolled_or_dosed_while_a_dlt_by_the_definition_awaits_its_ruling() -> None:
    bench = treated()
    bench.enrol("S2", 1)
    entry = report(bench)
    words = f"(entry {entry}) meets rule"
    assert words in bench.refused(enrol_subject, SITE, 14, subject="S3", weight_kg=60.0)
    assert words in bench.refused(dose_subject, SITE, 14, subject="S2", infused=1.8e8)
    answer = next_patient(bench.state, day(14))
    assert any(f"it has to be adjudicated (trial adjudicate {entry})" in o.text
               for o in answer.obstacles)  # fmt: skip
    rule(bench, entry, dlt=False, reason="fever of another cause")
    assert next_patient(bench.state, day(14)).yes


def test_what_the_site_did_not_know_on_a_day_does_not_stand_in_the_way_of_that_day() -> None:
    bench = treated()
    bench.enrol("S2", 1)
    bench.now = 16
    report(bench, 3, 13, aware=day(16))
    assert next_patient(bench.state, day(15)).yes
    assert not next_patient(bench.state, day(16)).yes


def test_a_severe_event_that_meets_no_rule_does_not_stop_the_trial() -> None:
    bench = treated(RULES)
    report(bench, 3, term="rash", category="skin")
    bench.enrol("S2", 14)
    assert next_patient(bench.state, day(14)).yes


def test_a_decision_on_such_data_needs_a_rationale() -> None:
    bench = treated()
    entry = report(bench)
    said = bench.refused(decide, CHAIR, 6, choice=Choice(action="defer"))
    assert f"(entry {entry}) meets rule" in said
    assert "have it adjudicated, or give a rationale for deciding without" in said
    bench.do(decide, CHAIR, 6, choice=Choice(action="defer"), rationale="wait for the ruling")


@pytest.mark.parametrize(
    ("said", "out_of_date"),
    [
        ({"grade": 1, "relation": Relation.UNRELATED}, False),
        ({"grade": 2}, False),
        ({"grade": 3, "relation": Relation.UNRELATED}, True),
        ({"grade": 1, "serious": [Serious.HOSPITALISATION]}, True),
        ({"grade": 2, "outcome": EventOutcome.FATAL}, True),
    ],
)
def test_a_pending_decision_is_out_of_date_by_what_may_matter_and_not_by_a_fever(
    said: dict[str, Any], out_of_date: bool
) -> None:
    bench = treated()
    bench.do(decide, CHAIR, 4, choice=Choice(action="defer"), rationale="later")
    report(bench, **said)
    decision = bench.state.decisions[-1]
    assert (bench.state.data_seq > decision.event.cutoff) is out_of_date
    if out_of_date:
        assert "came after" in bench.refused(sign, CHAIR, meaning=Meaning.APPROVED)


def test_an_event_that_may_still_meet_a_rule_makes_a_decision_out_of_date() -> None:
    low = DltRule(name="long", category="skin", min_grade=2, lasts_days=7)
    bench = treated(replace(RULES, dlt=replace(RULES.dlt, rules=(low,))))
    bench.do(decide, CHAIR, 4, choice=Choice(action="defer"), rationale="later")
    report(bench, 2, term="rash", category="skin")
    assert bench.state.data_seq == bench.state.seq


def test_a_follow_up_that_makes_it_severe_makes_a_decision_out_of_date() -> None:
    bench = treated()
    entry = report(bench, 2)
    bench.do(decide, CHAIR, 6, choice=Choice(action="defer"), rationale="later")
    update(bench, entry, 7, grade=2, narrative="the same")
    assert bench.state.data_seq < bench.state.decisions[-1].event.cutoff
    update(bench, entry, 8, grade=3)
    assert bench.state.data_seq == bench.state.seq


def test_after_no_dlt_an_event_recorded_later_is_a_warning_and_stands_in_the_way() -> None:
    bench = treated()
    bench.no_dlt("S1", WINDOW)
    entry = report(bench, 4, 20)
    assert standing(bench) == "no DLT"
    shown = texts(warnings(bench.state, day(30)))
    words = f"(entry {entry}) is not adjudicated, but S1 counts as no DLT: it meets rule"
    assert words in shown
    assert not next_patient(bench.state, day(30)).yes
    rule(bench, entry, dlt=True, on=30)
    assert standing(bench) == "DLT"
    assert next_patient(bench.state, day(30)).yes


def test_nothing_hangs_on_an_event_of_a_subject_who_counts_as_a_dlt() -> None:
    bench = treated()
    bench.dlt("S1", 5)
    report(bench, 3)
    bench.enrol("S2", 14)
    assert next_patient(bench.state, day(14)).yes


@pytest.mark.parametrize(
    ("grade", "relation", "warned"),
    [(2, Relation.PROBABLE, True), (3, Relation.UNRELATED, True), (3, Relation.PROBABLE, False)],
)
def test_a_dlt_without_an_event_that_meets_the_definition_counts_with_a_warning(
    grade: int, relation: Relation, warned: bool
) -> None:
    bench = treated()
    toxicity = Toxicity(term="CRS", grade=grade, onset=day(5), relation=relation)
    bench.do(record_outcome, SITE, 6, subject="S1", outcome=Outcome.DLT, toxicities=[toxicity])
    assert standing(bench) == "DLT"
    shown = texts(warnings(bench.state, day(6)))
    assert ("no adverse event of S1 meets the protocol's definition" in shown) is warned


def test_a_patient_with_a_dlt_waits_for_no_ruling_on_another_event() -> None:
    """One is enough: whatever is ruled of the other, the patient counts with a DLT."""
    bench = treated()
    report(bench)
    assert len(unruled_dlts(bench.state, day(10))) == 1
    bench.dlt("S1", 10, onset=6)
    assert unruled_dlts(bench.state, day(10)) == []
