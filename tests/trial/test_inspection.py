"""Ways round the gates that an inspector tried: each is refused, or shown for ever."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from escalation.trial import (
    Recorder,
    TrialState,
    correct_entry,
    decide,
    delegate_role,
    departures,
    dose_subject,
    enrol_subject,
    evolve,
    hold_enrolment,
    look_back,
    next_patient,
    resume_enrolment,
    sign,
    warnings,
)
from escalation.trial.events import Choice, Meaning, Role, Signed

from .bench import CHAIR, OFFICE, SITE, Bench, day, recorded


@pytest.fixture
def opened() -> Bench:
    bench = Bench.started()
    bench.open_cohort()
    return bench


def texts(remarks) -> str:
    return "\n".join(remark.text for remark in remarks)


def dosing(bench: Bench, subject: str) -> int:
    return bench.state.subjects[subject].dosing.seq


def outcome(bench: Bench, subject: str) -> int:
    return bench.state.subjects[subject].outcomes[-1].seq


# ---------------------------------------------------------------- more than was opened


def test_a_site_moves_nobody_to_another_level_by_a_correction(opened):
    opened.enrol("S1")
    said = opened.refused(
        correct_entry, SITE, entry=opened.state.seq, changes={"level": 3}, reason="typo"
    )
    assert "The level is that of the cohort which the committee opened" in said


def test_a_cohort_stops_while_the_rule_waits_if_every_answer_forbids_it(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    opened.open_cohort(over)
    opened.enrol("S4", over)
    opened.dose("S4", over)
    opened.enrol("S5", over + 14)
    opened.dose("S5", over + 14)
    opened.enrol("S6", over + 17)
    for subject in ("S1", "S2"):  # pending again
        opened.do(
            correct_entry, SITE, entry=outcome(opened, subject), changes=None, reason="wrong one"
        )
    opened.dlt("S4", over + 18, onset=over + 2)
    opened.dlt("S5", over + 18, onset=over + 15)
    said = opened.refused(dose_subject, SITE, over + 18, subject="S6", infused=3.6e8)
    assert "Cohort 2 is overtaken" in said
    assert not next_patient(opened.state, day(over + 18)).yes


def test_a_new_decision_does_not_begin_the_stagger_anew(opened):
    opened.treat("S1", 0)
    opened.open_cohort(
        1, choice=Choice(action="enrol", level=1, n_to_enrol=1), rationale="a new product lot"
    )
    opened.enrol("S2", 1)
    said = opened.refused(dose_subject, SITE, 1, subject="S2", infused=1.8e8)
    assert "Not before 2026-01-19: the first patient of a cohort is alone for 14 days" in said


def test_one_who_was_replaced_and_counts_again_leaves_no_place_for_the_replacement(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.lost("S3", 18)
    opened.enrol("S4", 20)
    opened.dlt("S3", 20, onset=18)
    said = opened.refused(dose_subject, SITE, 21, subject="S4", infused=1.8e8)
    assert "Every place of cohort 1 is taken" in said


def test_one_enrolled_beyond_the_places_is_not_dosed_without_saying_so_again(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.enrol("S4", 18, deviation="by mistake")
    assert "Every place" in opened.refused(dose_subject, SITE, 20, subject="S4", infused=1.8e8)
    opened.dose("S4", 20, deviation="thawed")
    assert "4 patients count in cohort 1, which was opened for 3." in texts(
        departures(opened.state)
    )


# ---------------------------------------------------------------- days


def test_an_approval_recorded_late_is_shown_with_who_was_dosed_before(opened):
    bench = Bench.started()
    bench.do(decide, CHAIR, 0)
    at = datetime(2026, 1, 20, 12, tzinfo=UTC)
    (event,) = sign(bench.state, Recorder(name=CHAIR, on=day(0), at=at), meaning=Meaning.APPROVED)
    bench.state = evolve(bench.state, recorded(bench.state, event, CHAIR, at))
    bench.treat("S1", 3)
    assert texts(departures(bench.state)) == (
        "The approval of decision 7 on 2026-01-05 was recorded on 2026-01-20, after S1 had been "
        "dosed."
    )


def test_an_approval_by_someone_who_was_not_yet_chair_is_shown():
    bench = Bench.started()
    bench.do(delegate_role, OFFICE, 20, person="Eve", role=Role.CHAIR)
    bench.do(decide, "Eve", 2)
    bench.do(sign, "Eve", 2, meaning=Meaning.APPROVED)
    assert "was approved on 2026-01-07 by Eve, chair since 2026-01-25" in texts(
        departures(bench.state)
    )


def test_a_day_corrected_to_before_the_approval_is_shown():
    bench = Bench.started()
    bench.open_cohort(10)
    bench.treat("S1", 10)
    assert departures(bench.state) == []
    bench.correct(dosing(bench, "S1"), on=str(day(3)))
    said = texts(departures(bench.state))
    assert "S1 was dosed on 2026-01-08, before cohort 1 was opened on 2026-01-15." in said
    assert "before being enrolled" in said


def test_a_stagger_broken_by_a_corrected_day_is_shown(opened):
    opened.treat("S1", 0)
    opened.treat("S2", 14)
    opened.correct(dosing(opened, "S2"), on=str(day(14 - 4)))
    assert "S2 was dosed on 2026-01-15, not after 2026-01-19" in texts(departures(opened.state))


def test_dosings_entered_out_of_order_blame_who_came_too_early(opened):
    opened.enrol("S1", 0)
    opened.enrol("S2", 0)
    opened.dose("S2", 1)
    opened.dose("S1", 0)
    said = texts(departures(opened.state))
    assert "S2 was dosed on 2026-01-06, not after 2026-01-19" in said
    assert "S1 was dosed" not in said


def test_a_dlt_outside_a_window_that_moved_is_shown(opened):
    opened.treat("S1", 0)
    opened.dlt("S1", 26)
    opened.correct(dosing(opened, "S1"), on=str(day(27)))
    assert "The DLT of S1 did not begin in the DLT window" in texts(departures(opened.state))


def test_a_hold_counts_on_its_days_whenever_it_is_recorded(opened):
    opened.enrol("S1", 0)
    opened.do(hold_enrolment, SITE, 1, reason="audit")
    opened.do(resume_enrolment, CHAIR, 5, reason="over")
    said = opened.refused(dose_subject, SITE, 3, subject="S1", infused=1.8e8)
    assert "Enrolment was held from 2026-01-06 to 2026-01-10" in said
    opened.do(hold_enrolment, SITE, 8, reason="audit")
    opened.dose("S1", 7)  # a true dosing before the hold, recorded during it


def test_what_was_infused_cannot_be_emptied(opened):
    opened.treat("S1", 0)
    said = opened.refused(
        correct_entry, SITE, entry=dosing(opened, "S1"), changes={"infused": None}, reason="x"
    )
    assert "The infused amount is needed" in said


# ---------------------------------------------------------------- outcomes


def test_a_dlt_that_was_withdrawn_stays_visible(opened):
    opened.treat("S1", 0)
    opened.dlt("S1", 3)
    entry = outcome(opened, "S1")
    opened.do(correct_entry, SITE, entry=entry, changes=None, reason="it was S2")
    assert texts(warnings(opened.state, day(5))) == (
        f"Entry {entry}, a DLT of S1 (CRS grade 3), is no longer one by entry {entry + 1}: "
        '"it was S2"'
    )


def test_a_patient_who_completed_and_is_called_not_evaluable_is_shown(opened):
    opened.treat("S1", 0)
    opened.lost("S1", 60)
    assert "S1 is said not to be evaluable, but the DLT window had closed on 2026-02-02." in texts(
        warnings(opened.state, day(60))
    )


def test_a_correction_of_an_old_dlt_does_not_end_a_cohort_opened_against_the_rule(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.dlt("S1", 20, onset=5)
    further = Choice(action="enrol", level=2, n_to_enrol=3)
    opened.open_cohort(21, choice=further, rationale="urgent")
    opened.correct(outcome(opened, "S1"), reason="relation reviewed")
    opened.treat("S4", 21)
    opened.dlt("S4", 22)
    assert "against the rule, and S4 had a DLT since" in opened.refused(
        enrol_subject, SITE, 35, subject="S5", weight_kg=60.0
    )


def test_a_dlt_by_the_last_correction_before_a_decision_was_known_to_it(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.lost("S1", 20)
    opened.correct(outcome(opened, "S1"), outcome="T", toxicities=[crs_of(5)], reason=None)
    further = Choice(action="enrol", level=2, n_to_enrol=3)
    opened.open_cohort(21, choice=further, rationale="urgent")
    opened.treat("S4", 21)
    opened.enrol("S5", 35)
    opened.lost("S4", 36)
    opened.correct(outcome(opened, "S4"), outcome="T", toxicities=[crs_of(25)], reason=None)
    assert "against the rule, and S4 had a DLT since" in opened.refused(
        enrol_subject, SITE, 36, subject="S6", weight_kg=60.0
    )


def crs_of(onset: int) -> dict[str, object]:
    return {"term": "CRS", "grade": 3, "onset": day(onset).isoformat(), "relation": "probable"}


def test_after_a_dlt_in_a_cohort_opened_against_the_rule_the_rule_can_be_followed(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    further = Choice(action="enrol", level=2, n_to_enrol=4)
    opened.open_cohort(over, choice=further, rationale="urgent")
    opened.treat("S4", over)
    opened.dlt("S4", over + 1)
    opened.open_cohort(over + 1)
    assert (opened.state.cohorts[-1].level, opened.state.cohorts[-1].n_opened) == (2, 2)


# ---------------------------------------------------------------- decisions not yet approved


def test_a_stop_that_is_not_approved_yet_stops_all_the_same(opened):
    opened.treat("S1", 0)
    opened.do(decide, CHAIR, 1, choice=Choice(action="stop"), rationale="a death elsewhere")
    answer = next_patient(opened.state, day(14))
    assert "Decision 11, not approved yet, treats nobody more at this level." in [
        o.text for o in answer.obstacles
    ]


def test_outcomes_that_became_overdue_before_the_approval_are_asked_for(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.dlt("S1", 20, onset=5)
    opened.dlt("S2", 20, onset=15)
    opened.do(decide, CHAIR, 21)
    said = opened.refused(sign, CHAIR, 90, meaning=Meaning.APPROVED)
    assert "No outcome is recorded of S3, whose DLT window has closed since" in said


def test_a_deferral_needs_no_approval_to_say_what_is_awaited(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.do(decide, CHAIR, 18, choice=Choice(action="defer"))
    assert next_patient(opened.state, day(18)).earliest == day(45)


def test_a_signature_by_someone_without_the_role_opens_nothing(opened):
    bench = Bench.started()
    bench.do(decide, CHAIR)
    made = bench.state.decisions[-1]
    forged = Signed(on=day(0), entry=made.seq, entry_hash=made.hash, meaning=Meaning.APPROVED)
    state: TrialState = evolve(bench.state, recorded(bench.state, forged, "nobody"))
    assert state.cohorts == []
    assert '"nobody" has no role in this trial' in texts(departures(state))


# ---------------------------------------------------------------- hindsight


def test_hindsight_speaks_of_a_cohort_that_was_opened_while_the_rule_waited(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    opened.no_dlt("S1", 42)
    opened.no_dlt("S2", 42)
    further = Choice(action="enrol", level=2, n_to_enrol=3)
    opened.open_cohort(42, choice=further, rationale="urgent")
    assert look_back(opened.state) == []
    opened.dlt("S3", 44, onset=40)
    (remark,) = look_back(opened.state)
    assert "cohort 2 (level 2) would not have opened" in remark.text


def test_hindsight_goes_by_the_day_and_not_by_the_order_of_entry(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    opened.open_cohort(over)
    assert look_back(opened.state) == []
    for entry in (outcome(opened, "S3"), dosing(opened, "S3")):
        opened.do(correct_entry, SITE, entry=entry, changes=None, reason="wrong form")
    before = look_back(opened.state)
    assert len(before) == 1
    opened.do(dose_subject, SITE, 17, subject="S3", infused=1.8e8, deviation="entered anew")
    opened.no_dlt("S3", over)
    assert look_back(opened.state) == []


def test_hindsight_names_only_entries_that_tell(opened):
    over = opened.cohort_without_dlt("S1 S2 S3", 0)
    opened.open_cohort(over)
    opened.correct(dosing(opened, "S1"), lot="L-9")
    opened.dlt("S1", over, onset=20)
    (remark,) = look_back(opened.state)
    assert f"Had entry {opened.state.seq} been known" in remark.text


# ---------------------------------------------------------------- in order


def test_departures_of_all_kinds_are_in_the_order_of_their_entries(opened):
    opened.enrol("S1")
    opened.do(hold_enrolment, CHAIR, 0, reason="a rumour")
    opened.dose("S1", 0, deviation="thawed")
    opened.do(resume_enrolment, CHAIR, 1, reason="nothing to it")
    further = Choice(action="enrol", level=2, n_to_enrol=3)
    opened.open_cohort(2, choice=further, rationale="urgent")
    entries = [remark.entry for remark in departures(opened.state)]
    assert entries == sorted(entries)
    assert len(entries) == 2


def test_hindsight_on_dosings_and_decisions_is_in_the_order_of_the_entries(opened):
    for subject, on in (("S1", 0), ("S2", 14), ("S3", 17)):
        opened.treat(subject, on)
    for subject in ("S1", "S2", "S3"):
        opened.no_dlt(subject, 45)
    entry = outcome(opened, "S1")
    opened.open_cohort(45)
    opened.correct(entry, outcome="T", toxicities=[crs_of(5)])
    entries = [remark.entry for remark in look_back(opened.state)]
    assert entries == sorted(entries)
    assert len(entries) == 3
