"""Every gate, by the sentence with which it refuses: what inspectors found cannot be recorded."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from escalation.errors import InputError, RefusedError
from escalation.outcomes import Outcome
from escalation.protocol import DltWindow, Protocol
from escalation.trial import (
    Recorder,
    amend_protocol,
    close_trial,
    correct_entry,
    decide,
    delegate_role,
    departures,
    dose_subject,
    enrol_subject,
    hold_enrolment,
    next_patient,
    record_outcome,
    register_trial,
    resume_enrolment,
    revoke_role,
    rule_says,
    sign,
    warnings,
)
from escalation.trial.events import Attendance, Choice, Meaning, Role, Vote
from escalation.trial.hindsight.decisions import look_back_at_decisions

from .bench import (
    AUDITOR,
    CHAIR,
    MEMBER,
    NCT,
    OFFICE,
    SITE,
    STATISTICIAN,
    Bench,
    crs,
    day,
)


@pytest.fixture
def bench() -> Bench:
    return Bench.started()


@pytest.fixture
def opened(bench: Bench) -> Bench:
    bench.open_cohort()
    return bench


# ---------------------------------------------------------------- opening a cohort


def test_nobody_is_enrolled_before_a_decision(bench):
    said = bench.refused(enrol_subject, SITE, subject="S1", weight_kg=60.0)
    assert "No cohort is open: the committee has to decide. The rule says: Start at level 1" in said


def test_nobody_is_enrolled_before_the_decision_is_approved(bench):
    bench.do(decide, CHAIR)
    bench.do(sign, STATISTICIAN, meaning=Meaning.PROPOSED)
    said = bench.refused(enrol_subject, SITE, subject="S1", weight_kg=60.0)
    assert "Decision 7 is not approved yet" in said
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    bench.enrol("S1")
    assert bench.state.subjects["S1"].level == 1


@pytest.mark.parametrize("who", [MEMBER, STATISTICIAN, SITE, AUDITOR, "stranger"])
def test_only_the_chair_approves(bench, who):
    bench.do(decide, CHAIR)
    said = bench.refused(sign, who, meaning=Meaning.APPROVED)
    assert "to sign as approved takes chair" in said


def test_a_decision_is_approved_only_on_the_latest_data(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    opened.do(decide, CHAIR, over)
    opened.dlt("S3", over, onset=20)
    said = opened.refused(sign, CHAIR, meaning=Meaning.APPROVED)
    assert "came after: decide on the latest data" in said
    assert rule_says(opened.state).level == 1  # the DLT turned escalation into expansion


def test_a_decision_that_was_replaced_cannot_be_approved(bench):
    bench.do(decide, CHAIR)
    bench.do(decide, CHAIR)
    said = bench.refused(sign, CHAIR, meaning=Meaning.APPROVED, entry=7)
    assert "Decision 8 has taken its place" in said


def test_a_decision_is_approved_once(opened):
    said = opened.refused(sign, CHAIR, meaning=Meaning.APPROVED)
    assert "It was approved by entry 8" in said


def test_a_signature_cannot_be_dated_before_the_decision(bench):
    bench.do(decide, CHAIR, 10)
    assert "is before it" in bench.refused(sign, CHAIR, 9, meaning=Meaning.APPROVED)


def test_a_decision_cannot_be_dated_before_its_data(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    said = opened.refused(decide, CHAIR, over - 1)
    assert "rests on data of 2026-02-19 and cannot be of 2026-02-18" in said
    lot = {"entry": opened.state.subjects["S1"].dosing.seq, "changes": {"lot": "L-1"}}
    opened.do(correct_entry, SITE, 3, reason="misread", **lot)  # the last entry, of an earlier day
    said = opened.refused(decide, CHAIR, over - 1)
    assert "cannot be of 2026-02-18" in said


def test_the_rule_is_not_followed_while_it_waits(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    said = opened.refused(decide, CHAIR)
    assert "The rule waits for pending patients. Defer, or choose against it" in said
    opened.open_cohort(choice=Choice(action="defer"))  # to wait is no override
    assert not opened.state.decisions[-1].event.override


def test_an_open_cohort_is_not_opened_again(opened):
    assert "3 of 3 places free: there is nothing to decide yet" in opened.refused(decide, CHAIR)
    opened.treat("S1", 0)
    opened.treat("S2", 14)
    opened.enrol("S3", 17)
    opened.no_dlt("S1", 43)
    opened.no_dlt("S2", 43)
    assert "S3 to be dosed: there is nothing to decide yet" in opened.refused(decide, CHAIR)


# ---------------------------------------------------------------- places


def test_no_more_patients_than_the_decision_opened(opened):
    for subject in ("S1", "S2", "S3"):
        opened.enrol(subject)
    said = opened.refused(enrol_subject, SITE, subject="S4", weight_kg=60.0)
    assert "no free place: S1, S2, S3 will fill the last" in said


def test_a_full_cohort_says_what_it_waits_for(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    said = opened.refused(enrol_subject, SITE, subject="S4", weight_kg=60.0)
    assert "S3 is in the DLT window until 2026-02-19" in said
    assert "Every place of cohort 1 is taken" in said


def test_on_the_last_day_of_the_window_the_outcome_is_what_is_waited_for(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    closes = opened.state.subjects["S3"].followed_on
    said = opened.refused(enrol_subject, SITE, (closes - day(0)).days, subject="S4", weight_kg=60.0)
    assert f"The outcome of S3 has not been recorded: the DLT window closed on {closes}" in said


def test_another_level_than_the_open_one_is_refused(opened):
    said = opened.refused(enrol_subject, SITE, subject="S1", weight_kg=60.0, level=2)
    assert "Cohort 1 is open at level 1, not 2" in said


def test_a_lost_patient_frees_the_place_and_stays_visible_with_all_toxicities(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.do(
        record_outcome,
        SITE,
        20,
        subject="S2",
        outcome=Outcome.NOT_EVALUABLE,
        reason="moved away",
        toxicities=[crs(day(16), grade=2)],
    )
    opened.enrol("S4", 20)
    assert opened.state.subjects["S4"].enrolment.replaces == "S2"
    lost = opened.state.subjects["S2"]
    assert (lost.replaced_by, lost.standing) == ("S4", "not evaluable")
    assert [t.term for t in lost.toxicities] == ["CRS"]
    assert "no free place" in opened.refused(enrol_subject, SITE, subject="S5", weight_kg=60.0)


def test_whom_a_patient_replaces_must_be_lost(opened):
    opened.treat("S1", 0)
    said = opened.refused(enrol_subject, SITE, subject="S2", weight_kg=60.0, replaces="S1")
    assert "S1 is nobody to replace in cohort 1; nobody is to be replaced" in said


def test_one_who_withdrew_before_dosing_frees_the_place(opened):
    for subject in ("S1", "S2", "S3"):
        opened.enrol(subject)
    opened.lost("S3")
    opened.enrol("S4")
    assert opened.state.subjects["S3"].standing == "withdrawn"
    assert rule_says(opened.state).n_to_enrol == 3  # nobody has been dosed


def test_one_enrolled_and_not_dosed_can_be_assigned_to_the_next_cohort(opened):
    opened.treat("S1", 0)
    opened.treat("S2", 14)
    opened.enrol("S3", 17)
    opened.dlt("S1", 18, onset=3)
    opened.dlt("S2", 18, onset=15)
    assert "overtaken" in opened.refused(dose_subject, SITE, subject="S3", infused=1.8e8)
    opened.open_cohort(19)
    assert "assigned to cohort 1, which is closed" in opened.refused(
        dose_subject, SITE, subject="S3", infused=1.8e8
    )
    opened.enrol("S3", 19)
    subject = opened.state.subjects["S3"]
    assert (subject.level, subject.cohort, len(subject.enrolments)) == (-1, 2, 2)
    opened.dose("S3", 19, infused=6e7)
    assert [str(c) for c in opened.state.written_cohorts()] == ["1TT", "-1?"]


def test_planned_enrolment_exceeded_warns(opened):
    protocol = replace(NCT, enrolment=replace(NCT.enrolment, planned_patients=2))
    opened.do(amend_protocol, CHAIR, protocol=protocol, reason="smaller")
    for subject in ("S1", "S2", "S3"):
        opened.enrol(subject)
    assert "3 patients are enrolled; 2 were planned." in [
        r.text for r in warnings(opened.state, day(0))
    ]


# ---------------------------------------------------------------- dosing


def test_the_first_patient_of_a_cohort_is_alone_for_the_protocols_stagger(opened):
    opened.treat("S1", 0)
    opened.enrol("S2", 1)
    for on in (1, 13):
        said = opened.refused(dose_subject, SITE, on, subject="S2", infused=1.8e8)
        assert "Not before 2026-01-19: the first patient of a cohort is alone for 14 days" in said
    opened.dose("S2", 14)
    opened.enrol("S3", 14)
    said = opened.refused(dose_subject, SITE, 16, subject="S3", infused=1.8e8)
    assert "Not before 2026-01-22: patients of a cohort are dosed 3 days apart" in said
    opened.dose("S3", 17)


def test_nobody_is_dosed_before_the_cohort_was_opened(bench):
    bench.open_cohort(5)
    said = bench.refused(enrol_subject, SITE, 4, subject="S1", weight_kg=60.0)
    assert "Cohort 1 was opened on 2026-01-10" in said


def test_nobody_is_dosed_while_enrolment_is_held(opened):
    opened.enrol("S1")
    opened.do(hold_enrolment, SITE, reason="a death at another site")
    said = opened.refused(dose_subject, SITE, subject="S1", infused=1.8e8)
    assert "Enrolment is held since entry 10: a death at another site" in said
    assert "It is held since entry 10" in opened.refused(hold_enrolment, SITE, reason="again")
    assert "takes chair" in opened.refused(resume_enrolment, SITE, reason="over")
    opened.do(resume_enrolment, CHAIR, reason="not related")
    opened.dose("S1")
    assert "It is not held" in opened.refused(resume_enrolment, CHAIR, reason="again")


def test_a_second_dlt_stops_the_third_patient_of_the_cohort(opened):
    opened.treat("S1", 0)
    opened.dlt("S1", 5)
    opened.treat("S2", 14)
    opened.dlt("S2", 15)
    said = opened.refused(enrol_subject, SITE, 17, subject="S3", weight_kg=60.0)
    assert "The rule now says: De-escalate to level -1, 1E6 cells/kg" in said


def test_a_late_dlt_below_stops_the_cohort_above(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    opened.open_cohort(over)
    opened.treat("S4", over)
    opened.dlt("S1", over + 14, onset=20)
    said = opened.refused(enrol_subject, SITE, over + 14, subject="S5", weight_kg=60.0)
    assert "Cohort 2 is overtaken by what was recorded since it was opened" in said
    assert "The rule now says: De-escalate to level 1, 3E6 cells/kg: enrol 3 patients" in said


def test_a_gate_that_was_broken_is_recorded_and_shown_for_ever(opened):
    opened.treat("S1", 0)
    opened.enrol("S2", 0)
    opened.dose("S2", 2, deviation="thawed by mistake")
    (remark,) = departures(opened.state)
    assert "S2 was dosed against a gate. Not before 2026-01-19" in remark.text
    assert "thawed by mistake" in remark.text


def test_a_deviation_needs_a_gate(opened):
    opened.enrol("S1")
    said = opened.refused(
        dose_subject, SITE, subject="S1", infused=1.8e8, deviation="to be on the safe side"
    )
    assert "No gate stands in the way: it is not a deviation" in said


def test_without_an_open_cohort_not_even_a_deviation_enrols(bench):
    said = bench.refused(enrol_subject, SITE, subject="S1", weight_kg=60.0, deviation="urgent")
    assert "there is no level to be enrolled at" in said


@pytest.mark.parametrize("infused", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_an_amount_that_is_none_is_refused(opened, infused):
    opened.enrol("S1")
    said = opened.refused(dose_subject, SITE, subject="S1", infused=infused)
    assert "amount" in said


@pytest.mark.parametrize("weight_kg", [None, 0.0, -60.0, 1e6, float("nan")])
def test_a_weight_that_is_none_is_refused(opened, weight_kg):
    said = opened.refused(enrol_subject, SITE, subject="S1", weight_kg=weight_kg)
    assert "weight" in said


def test_what_was_infused_never_moves_a_patient_to_another_level(opened):
    opened.enrol("S1")
    opened.dose("S1", infused=60 * 6e6)
    assert opened.state.subjects["S1"].level == 1
    (remark,) = warnings(opened.state, day(0))
    assert remark.text == (
        "S1, assigned to level 1, got 3.6E8 cells: nearer to what level 2 is. The level stays as "
        "assigned."
    )


@pytest.mark.parametrize(
    ("infused", "planned", "words"),
    [
        (1.8e8, None, []),
        (2.2e8, None, ["122% of 1.8E8"]),
        (1.2e8, None, ["67% of 1.8E8"]),
        (1.8e8, 5e9, ["5E9 cells were planned for S1; by the protocol it is 1.8E8"]),
        (5e9, 5e9, ["nearer to what level 3 is", "above the cap of 1E9", "were planned for S1"]),
    ],
)
def test_an_amount_that_is_not_the_planned_one_warns(opened, infused, planned, words):
    opened.enrol("S1")
    opened.dose("S1", infused=infused, planned=planned)
    said = [remark.text for remark in warnings(opened.state, day(0))]
    assert len(said) == len(words)
    assert all(any(word in text for text in said) for word in words)


def test_a_capped_amount_is_no_warning(bench):
    over = bench_at_level_3(bench)
    bench.enrol("S7", over, weight_kg=180.0)
    bench.dose("S7", over, infused=1e9)
    assert warnings(bench.state, day(over)) == []


def bench_at_level_3(bench: Bench) -> int:
    bench.open_cohort(0)
    over = bench.cohort_without_dlt("S1 S2 S3", 0)
    bench.open_cohort(over)
    over = bench.cohort_without_dlt_at("S4 S5 S6", over, 3.6e8)
    bench.open_cohort(over)
    return over


def test_nobody_is_dosed_twice_or_unknown_or_before_enrolment(opened):
    said = opened.refused(dose_subject, SITE, subject="S1", infused=1.8e8)
    assert "No subject S1 is enrolled; nobody is yet" in said
    opened.enrol("S1", 3)
    assert "S1 was enrolled on 2026-01-08" in opened.refused(
        dose_subject, SITE, 2, subject="S1", infused=1.8e8
    )
    opened.dose("S1", 3)
    assert "S1 is not waiting to be dosed: pending" in opened.refused(
        dose_subject, SITE, subject="S1", infused=1.8e8
    )
    assert "did you mean S1?" in opened.refused(dose_subject, SITE, subject="S11", infused=1.8e8)


# ---------------------------------------------------------------- outcomes


@pytest.mark.parametrize(("infusion_day", "closes"), [(0, 28), (1, 27)])
def test_no_dlt_is_refused_before_the_window_closes(infusion_day, closes):
    window = DltWindow(window_days=28, infusion_day=infusion_day)
    bench = Bench.started(replace(NCT, dlt=window))
    bench.open_cohort()
    bench.treat("S1", 0)
    for on in (0, closes - 1):
        said = bench.refused(record_outcome, SITE, on, subject="S1", outcome=Outcome.NO_DLT)
        assert f'closes on {day(closes)}: "no DLT" cannot be said before' in said
    bench.no_dlt("S1", closes)
    assert bench.state.subjects["S1"].standing == "no DLT"


def test_a_dlt_counts_however_short_the_follow_up(opened):
    opened.treat("S1", 0)
    opened.dlt("S1", 0)
    assert [str(c) for c in opened.state.written_cohorts()] == ["1T"]


@pytest.mark.parametrize(
    ("onset", "on", "words"),
    [
        (30, 31, "A DLT begins in the DLT window, 2026-01-05 to 2026-02-02"),
        (5, 4, "The onset 2026-01-10 is after the day 2026-01-09"),
        (-1, 3, "is before the dosing on 2026-01-05"),
    ],
)
def test_a_dlt_begins_in_the_window(opened, onset, on, words):
    opened.treat("S1", 0)
    said = opened.refused(
        record_outcome, SITE, on, subject="S1", outcome=Outcome.DLT, toxicities=[crs(day(onset))]
    )
    assert words in said


def test_what_an_outcome_needs_is_asked_for(opened):
    opened.enrol("S1")
    no = opened.refused(record_outcome, SITE, subject="S1", outcome=Outcome.NO_DLT)
    assert "S1 has not been dosed" in no
    opened.dose("S1")
    dlt = opened.refused(record_outcome, SITE, subject="S1", outcome=Outcome.DLT)
    assert "A DLT needs its term, grade and day of onset" in dlt
    lost = opened.refused(record_outcome, SITE, subject="S1", outcome=Outcome.NOT_EVALUABLE)
    assert '"Not evaluable" needs a reason' in lost
    pending = opened.refused(record_outcome, SITE, subject="S1", outcome=Outcome.PENDING)
    assert "An outcome is a DLT, no DLT, moderate, or not evaluable" in pending
    toxicity = replace(crs(day(0)), grade=6, term="C\x1b[31mRS")
    bad = opened.refused(
        record_outcome, SITE, subject="S1", outcome=Outcome.DLT, toxicities=[toxicity]
    )
    assert "A grade is a number from 1 to 5, not 6" in bad
    assert "The term must be one line of text" in bad


def test_an_outcome_is_not_recorded_twice_but_a_late_dlt_is(opened):
    opened.treat("S1", 0)
    opened.no_dlt("S1", 28)
    assert "If that is wrong, correct the entry" in opened.refused(
        record_outcome, SITE, subject="S1", outcome=Outcome.NO_DLT
    )
    assert "correct the entry" in opened.refused(
        record_outcome, SITE, subject="S1", outcome=Outcome.NOT_EVALUABLE, reason="gone"
    )
    opened.dlt("S1", 40, onset=27)
    assert opened.state.subjects["S1"].standing == "DLT"
    opened.dlt("S1", 40, onset=20)  # there was another one
    assert len(opened.state.subjects["S1"].toxicities) == 2
    assert "says DLT" in opened.refused(
        record_outcome, SITE, subject="S1", outcome=Outcome.NOT_EVALUABLE, reason="gone"
    )


# ---------------------------------------------------------------- who decides, and with whom


def test_a_site_does_not_decide(bench):
    assert "to record a decision takes member, chair or statistician" in bench.refused(decide, SITE)


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        ({CHAIR: "for"}, "The quorum is 2; 1 with a vote attended"),
        ({CHAIR: "for", MEMBER: "against"}, "1 voted for it and 1 against"),
        ({CHAIR: "for", SITE: "for"}, '"site" voted, but is neither chair nor member'),
        ({CHAIR: "for", MEMBER: "abstained", "Bob": "present"}, '"Bob" attended, but has no role'),
        ({CHAIR: "abstained", MEMBER: "abstained"}, "0 voted for it"),
    ],
)
def test_votes_are_of_members_enough_of_them_and_in_favour(votes, words):
    bench = Bench.as_0_2_0(quorum=2)
    attendees = [Attendance(person=who, vote=Vote(vote)) for who, vote in votes.items()]
    assert words in bench.refused(decide, CHAIR, attendees=attendees)


def test_nobody_votes_twice(bench):
    twice = [Attendance(person=CHAIR, vote=Vote.FOR)] * 2
    assert '"chair" is named 2 times' in bench.refused(decide, CHAIR, attendees=twice)


def test_a_statistician_alone_is_no_committee():
    assert "Say who attended" in Bench.as_0_2_0().refused(decide, STATISTICIAN)


def test_a_role_that_was_revoked_is_gone(bench):
    bench.do(revoke_role, OFFICE, person=SITE, role=Role.SITE, reason="left")
    bench.open_cohort()
    assert '"site" has no role' in bench.refused(enrol_subject, SITE, subject="S1", weight_kg=60.0)
    assert "does not have it" in bench.refused(
        revoke_role, OFFICE, person=SITE, role=Role.SITE, reason="again"
    )


def test_roles_are_delegated_by_whoever_registered_and_by_the_chair(bench):
    bench.do(delegate_role, CHAIR, person="Bob", role=Role.MEMBER)
    assert "to delegate roles takes chair" in bench.refused(
        delegate_role, "Bob", person="Eve", role=Role.CHAIR
    )
    assert "has this role" in bench.refused(delegate_role, OFFICE, person="Bob", role=Role.MEMBER)


# ---------------------------------------------------------------- overriding the rule


def test_an_override_needs_the_chair_and_a_rationale(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    stay = Choice(action="enrol", level=1, n_to_enrol=3)
    said = opened.refused(decide, CHAIR, over, choice=stay)
    assert "The rule says: Escalate to level 2, 6E6 cells/kg: enrol 3 patients." in said
    assert "To choose otherwise needs a rationale" in said
    assert "to override the rule takes chair" in opened.refused(
        decide, MEMBER, over, choice=stay, rationale="careful"
    )
    opened.open_cohort(over, choice=stay, rationale="careful")
    assert departures(opened.state) == []  # more careful than the rule is no departure


@pytest.mark.parametrize(
    ("choice", "departs"),
    [
        (Choice(action="enrol", level=2, n_to_enrol=3), False),  # the rule itself
        (Choice(action="enrol", level=2, n_to_enrol=4), True),
        (Choice(action="enrol", level=3, n_to_enrol=1), True),
        (Choice(action="enrol", level=2, n_to_enrol=1), False),
        (Choice(action="enrol", level=1, n_to_enrol=6), False),
        (Choice(action="enrol", level=-1, n_to_enrol=3), False),
        (Choice(action="stop"), False),
        (Choice(action="stop", mtd=1), True),
        (Choice(action="defer"), False),
    ],
)
def test_only_what_goes_further_than_the_rule_is_a_departure(opened, choice, departs):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    opened.open_cohort(over, choice=choice, rationale="reasons")
    assert [("went further" in r.text) for r in departures(opened.state)] == [True] * departs


@pytest.mark.parametrize(
    ("choice", "departs"),
    [
        (Choice(action="defer"), False),
        (Choice(action="stop"), False),
        (Choice(action="enrol", level=1, n_to_enrol=1), True),  # -1 is possible too
        (Choice(action="enrol", level=-1, n_to_enrol=3), False),
        (Choice(action="enrol", level=2, n_to_enrol=3), True),
    ],
)
def test_while_the_rule_waits_a_choice_must_hold_under_every_answer(opened, choice, departs):
    opened.treat("S1", 0)
    opened.treat("S2", 14)
    opened.dlt("S1", 15)  # 1 of 1, one pending: -1 or 1
    opened.do(decide, CHAIR, 16, choice=choice, rationale="reasons")
    assert opened.state.decisions[-1].event.departure is departs


def test_a_cohort_opened_against_the_rule_ends_with_the_first_dlt(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    further = Choice(action="enrol", level=3, n_to_enrol=3)
    opened.open_cohort(over, choice=further, rationale="the product is weak")
    opened.treat("S4", over)
    opened.dlt("S4", over + 2)
    said = opened.refused(enrol_subject, SITE, over + 14, subject="S5", weight_kg=60.0)
    assert "Cohort 2 was opened against the rule, and S4 had a DLT since" in said


def test_deciding_without_overdue_data_takes_a_rationale_and_is_recorded(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.dlt("S1", 20, onset=5)
    opened.dlt("S2", 20, onset=15)
    assert rule_says(opened.state).settled
    said = opened.refused(decide, CHAIR, 50)
    assert "No outcome is recorded of S3, whose DLT window has closed" in said
    opened.do(decide, CHAIR, 50, rationale="S3 cannot be reached")
    assert opened.state.decisions[-1].event.overdue == ("S3",)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (
            Choice(action="enrol", level=9, n_to_enrol=3),
            "There is no level 9 on the ladder; its levels are -1, 1",
        ),
        (Choice(action="enrol", level=1, n_to_enrol=0), "A decision opens 1 to 100 places, not 0"),
        (Choice(action="stop", mtd=3), "Level 3 has not been given: it cannot be the MTD"),
    ],
)
def test_a_choice_that_is_none_is_refused(bench, choice, words):
    assert words in bench.refused(decide, CHAIR, choice=choice, rationale="reasons")


# ---------------------------------------------------------------- the end


def test_after_the_trial_has_stopped_nothing_is_decided_by_the_rule(bench):
    protocol = Protocol.plain(1)
    bench = Bench.started(protocol)
    for number in (1, 2):
        bench.open_cohort()
        for k in (1, 2, 3):
            bench.do(enrol_subject, SITE, subject=f"S{number}{k}")
            bench.do(dose_subject, SITE, subject=f"S{number}{k}")
            bench.no_dlt(f"S{number}{k}")
    bench.open_cohort()
    assert bench.state.stopped is not None
    assert bench.state.stopped.event.chosen == Choice(action="stop", mtd=1)
    assert "Decision 29 has stopped the trial" in bench.refused(decide, CHAIR)
    said = bench.refused(enrol_subject, SITE, subject="S31")
    assert "The committee has stopped the trial by decision 29: stop, the MTD is level 1" in said


def test_a_closed_trial_treats_nobody_and_still_takes_outcomes(opened):
    opened.treat("S1", 0)
    opened.enrol("S2", 1)
    said = opened.refused(close_trial, CHAIR, reason="sponsor's decision")
    assert "S2 is enrolled and not dosed: record the withdrawal first" in said
    opened.lost("S2")
    opened.do(close_trial, CHAIR, reason="sponsor's decision")
    for command, who, kw in (
        (enrol_subject, SITE, {"subject": "S3", "weight_kg": 60.0}),
        (decide, CHAIR, {"choice": Choice(action="stop"), "rationale": "over"}),
        (hold_enrolment, CHAIR, {"reason": "x"}),
        (close_trial, CHAIR, {"reason": "x"}),
        (amend_protocol, CHAIR, {"protocol": Protocol.plain(3), "reason": "x"}),
    ):
        assert "The trial was closed by entry" in opened.refused(command, who, **kw)
    opened.dlt("S1", 20)
    opened.do(sign, AUDITOR, meaning=Meaning.REVIEWED)


def test_a_trial_is_registered_once(bench):
    assert "It is registered, by office" in bench.refused(register_trial, OFFICE, protocol=NCT)


# ---------------------------------------------------------------- the protocol changes


def test_a_level_that_was_opened_keeps_its_label_and_its_dose(opened):
    opened.enrol("S1")
    other = replace(NCT, levels=(replace(NCT.levels[1], dose=2e6), NCT.levels[2]), start=0)
    said = opened.refused(amend_protocol, CHAIR, protocol=other, reason="stock")
    assert "Level 1 has been opened and must stay on the ladder with its dose" in said
    assert "It says the same" in opened.refused(
        amend_protocol, CHAIR, protocol=opened.protocol, reason="x"
    )


def test_an_amendment_makes_an_unsigned_decision_void(bench):
    bench.do(decide, CHAIR)
    amended = NCT.with_design(variant="declare")
    bench.do(amend_protocol, CHAIR, protocol=amended, reason="shorter")
    assert "decide on the latest data" in bench.refused(sign, CHAIR, meaning=Meaning.APPROVED)


def test_a_window_is_that_of_the_protocol_under_which_the_patient_was_dosed(opened):
    opened.treat("S1", 0)
    longer = replace(NCT, dlt=DltWindow(window_days=42))
    opened.do(amend_protocol, CHAIR, 5, protocol=longer, reason="late toxicities")
    opened.treat("S2", 14)
    assert opened.state.subjects["S1"].window_closes == day(28)
    assert opened.state.subjects["S2"].window_closes == day(14 + 42)


# ---------------------------------------------------------------- corrections and hindsight


def test_a_correction_names_the_entry_and_erases_nothing(opened):
    opened.treat("S1", 0)
    entry = opened.state.subjects["S1"].dosing.seq
    opened.correct(entry, infused=1.9e8)
    fact = opened.state.fact(entry)
    assert (fact.event.infused, fact.corrected_by) == (1.9e8, (entry + 1,))
    (correction,) = opened.state.corrections
    assert (correction.before.infused, correction.after.infused) == (1.8e8, 1.9e8)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"infused": -1}, "must be from 1E-9"),
        ({"infused": "much"}, "infused"),
        ({"subject": "S2"}, "subject cannot be corrected in this entry"),
        ({"infusd": 1}, "did you mean infused?"),
        ({"infused": 1.8e8}, "That is what it says"),
        ({"on": "2027-01-01"}, "2027-01-01 is still to come"),
        ({"infused": float("nan")}, "finite"),
    ],
)
def test_a_correction_is_checked_like_an_entry(opened, changes, words):
    opened.treat("S1", 0)
    entry = opened.state.subjects["S1"].dosing.seq
    said = opened.refused(correct_entry, SITE, entry=entry, changes=changes, reason="mistyped")
    assert words in said


@pytest.mark.parametrize("entry", [0, 7, 999, -1])
def test_only_entries_about_subjects_are_corrected(opened, entry):
    said = opened.refused(
        correct_entry, SITE, entry=entry, changes={"on": "2026-01-01"}, reason="x"
    )
    assert "Only enrolments, infusions, outcomes" in said or "The last entry is 8" in said


def test_an_outcome_written_to_the_wrong_patient_is_withdrawn(opened):
    opened.treat("S1", 0)
    opened.dlt("S1", 3)
    dosing, outcome = opened.state.subjects["S1"].dosing.seq, opened.state.seq
    said = opened.refused(correct_entry, SITE, entry=dosing, changes=None, reason="not dosed")
    assert "Withdraw the subject's outcome first" in said
    opened.do(correct_entry, SITE, entry=outcome, changes=None, reason="it was S2")
    assert opened.state.subjects["S1"].standing == "pending"
    opened.do(correct_entry, SITE, entry=dosing, changes=None, reason="not dosed")
    assert opened.state.subjects["S1"].standing == "assigned"
    said = opened.refused(correct_entry, SITE, entry=dosing - 1, changes=None, reason="x")
    assert "An enrolment is not withdrawn" in said


def test_a_dosing_day_that_was_corrected_moves_the_window(opened):
    opened.treat("S1", 0)
    opened.no_dlt("S1", 28)
    opened.correct(opened.state.subjects["S1"].dosing.seq, on=str(day(5)))
    subject = opened.state.subjects["S1"]
    assert (subject.window_closes, subject.outcome) == (day(33), Outcome.PENDING)
    assert subject.standing == "evaluability to be ruled"  # "no DLT" was said too early


def test_a_late_dlt_shows_which_cohort_would_not_have_opened(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    opened.open_cohort(over)
    opened.treat("S4", over)
    assert list(look_back_at_decisions(opened.state)) == []
    opened.dlt("S1", over + 3, onset=20)
    late = opened.state.seq
    (remark,) = list(look_back_at_decisions(opened.state))
    assert remark.text == (
        f"Had entry {late} been known, cohort 2 (level 2) would not have opened: the rule would "
        "have said: Stay at level 1, 3E6 cells/kg: enrol 3 patients."
    )
    assert remark.entry == opened.state.decisions[1].seq


def test_a_correction_that_takes_a_dlt_away_shows_what_the_rule_would_have_said(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.dlt("S1", 18, onset=5)
    dlt = opened.state.seq
    opened.no_dlt("S2", 45)
    opened.no_dlt("S3", 45)
    opened.open_cohort(45)
    opened.correct(dlt, on=str(day(45)), outcome="N", toxicities=[])
    (remark,) = list(look_back_at_decisions(opened.state))
    assert f"Had entry {opened.state.seq} been known at decision" in remark.text
    assert "the rule would have said: Escalate to level 2" in remark.text


def test_outcomes_that_came_as_usual_are_no_hindsight(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    opened.open_cohort(over)
    opened.treat("S4", over)
    opened.treat("S5", over + 14)
    opened.treat("S6", over + 17)
    opened.dlt("S4", over + 20, onset=over + 3)
    opened.dlt("S5", over + 20, onset=over + 15)
    opened.open_cohort(over + 20)  # settled, although S6 is pending
    opened.no_dlt("S6", over + 45)
    assert list(look_back_at_decisions(opened.state)) == []


# ---------------------------------------------------------------- days to come


def test_what_is_still_to_come_is_not_recorded(opened):
    at = datetime.combine(day(0), time(12), UTC)
    tomorrow = Recorder(name=SITE, on=day(1), at=at)  # it may be tomorrow in the east
    assert enrol_subject(opened.state, tomorrow, subject="S1", weight_kg=60.0)
    with pytest.raises(RefusedError, match="2026-01-07 is still to come"):
        enrol_subject(opened.state, replace(tomorrow, on=day(2)), subject="S1", weight_kg=60.0)


# ---------------------------------------------------------------- can I dose the next patient today


def test_next_says_yes_with_level_dose_amount_and_slot(opened):
    opened.treat("S1", 0)
    answer = next_patient(opened.state, day(14), weight_kg=61.5)
    assert answer.yes
    assert (answer.cohort, answer.slot, answer.n_opened, answer.level) == (1, 2, 3, 1)
    assert (answer.planned.dose, answer.planned.amount, answer.planned.unit) == (
        3e6, 3e6 * 61.5, "cells",
    )  # fmt: skip


def test_next_applies_the_cap(opened):
    protocol = replace(NCT, dose_cap=1.5e8)
    opened.do(amend_protocol, CHAIR, protocol=protocol, reason="cap")
    answer = next_patient(opened.state, day(0), weight_kg=100)
    assert (answer.planned.amount, answer.planned.capped) == (1.5e8, True)


def test_next_names_the_earliest_day_and_everything_that_stands_in_the_way(opened):
    opened.treat("S1", 0)
    opened.do(hold_enrolment, SITE, reason="audit")
    answer = next_patient(opened.state, day(3))
    assert [o.text for o in answer.obstacles] == [
        "Enrolment is held since entry 11: audit.",
        "Not before 2026-01-19: the first patient of a cohort is alone for 14 days.",
    ]
    assert answer.earliest is None  # nobody knows when the hold is lifted
    opened.do(resume_enrolment, CHAIR, reason="over")
    answer = next_patient(opened.state, day(3))
    assert (answer.yes, answer.earliest, answer.needs_decision) == (False, day(14), False)


def test_next_after_a_full_cohort_waits_for_the_last_window_and_a_decision(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    answer = next_patient(opened.state, day(20))
    assert (answer.earliest, answer.needs_decision, answer.slot) == (day(45), True, None)
    assert len(answer.obstacles) == 4


def test_next_for_somebody_unknown_or_dosed_is_an_error(opened):
    opened.treat("S1", 0)
    with pytest.raises(InputError, match="S1 is not waiting to be dosed: pending"):
        next_patient(opened.state, day(1), subject="S1")
    with pytest.raises(InputError, match="no subject S9 is enrolled"):
        next_patient(opened.state, day(1), subject="S9")
    with pytest.raises(InputError, match="weight"):
        next_patient(opened.state, day(1), weight_kg=float("nan"))


def test_next_agrees_with_what_dosing_allows(opened):
    opened.treat("S1", 0)
    opened.enrol("S2", 0)
    for on in range(30):
        answer = next_patient(opened.state, day(on))
        probe = Bench(state=opened.state, now=opened.now)
        if answer.yes:
            probe.dose("S2", on)
        else:
            said = probe.refused(dose_subject, SITE, on, subject="S2", infused=1.8e8)
            assert all(o.text in said for o in answer.obstacles)


def test_a_decision_on_the_very_last_data_need_not_be_made_again(bench):
    bench.open_cohort()
    last = bench.cohort_without_dlt("S1 S2 S3", 0)
    bench.do(decide, CHAIR, last)
    made = bench.state.decisions[-1]
    assert bench.state.data_seq == made.event.cutoff
    said = bench.refused(enrol_subject, SITE, subject="S4", weight_kg=60.0)
    assert f"Decision {made.seq} is not approved yet." in said


def test_a_departure_made_while_the_rule_waited_says_that_it_waited(bench):
    bench.open_cohort()
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        bench.treat(subject, on)
    choice = Choice(action="enrol", level=2, n_to_enrol=3)
    bench.open_cohort(18, choice=choice, rationale="the sponsor asks for it")
    (remark,) = departures(bench.state)
    assert "The rule said: wait for the pending patients." in remark.text
