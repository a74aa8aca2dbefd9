"""Patients as they are: screened and not enrolled, mistyped, at a site and handed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from escalation.errors import RefusedError
from escalation.outcomes import Outcome
from escalation.reports.trial.log import about_subject
from escalation.reports.trial.patients import patients_document
from escalation.reports.trial.sentences import describe_entry
from escalation.reports.trial.status import status_document
from escalation.trial import (
    Recorder,
    dose_subject,
    enrol_subject,
    evolve,
    next_patient,
    open_site,
    record_outcome,
    record_screening_failure,
    rename_subject,
    replay_events,
    transfer_subject,
)
from escalation.trial.events import Choice, SubjectDosed, SubjectEnrolled
from escalation.trial.patients.subjects import Standing
from escalation.trial.state import Cohort
from tests.trial.bench import CHAIR, SITE, Bench, day, recorded


@pytest.fixture
def opened() -> Bench:
    bench = Bench.started()
    bench.open_cohort()
    return bench


# ---------------------------------------------------------------- screening


def test_who_failed_screening_is_not_enrolled_and_may_be_enrolled_later(opened):
    opened.do(record_screening_failure, SITE, subject="S9", reason="creatinine clearance 41")
    document = status_document(opened.state, day(0))
    counts = ("n_screened", "n_screening_failures", "n_withdrawn", "n_enrolled")
    assert [document[key] for key in counts] == [1, 1, 0, 0]
    assert document["screening_failures"][0]["reason"] == "creatinine clearance 41"
    opened.do(record_screening_failure, SITE, 1, subject="S9", reason="infection")
    opened.enrol("S9", 2)
    document = status_document(opened.state, day(2))
    assert [document[key] for key in counts] == [1, 0, 0, 1]
    assert len(opened.state.not_enrolled) == 2  # nothing is lost


def test_who_withdrew_before_dosing_is_not_enrolled(opened):
    opened.enrol("S1")
    opened.lost("S1")
    assert opened.state.subjects["S1"].standing is Standing.WITHDRAWN
    assert (opened.state.n_enrolled, opened.state.n_withdrawn) == (0, 1)
    opened.treat("S2", 1)
    assert opened.state.n_enrolled == 1


def test_the_same_screening_failure_is_not_recorded_twice_in_a_row(opened):
    for reason in ("infection", "creatinine"):
        opened.do(record_screening_failure, SITE, subject="S9", reason=reason)
    again = {"subject": "S9", "reason": "creatinine"}
    assert f"Entry {opened.state.seq} says so." in opened.refused(
        record_screening_failure, SITE, **again
    )
    opened.do(record_screening_failure, SITE, 1, **again)
    opened.do(record_screening_failure, SITE, subject="S8", reason="infection")
    opened.do(record_screening_failure, SITE, **again)


@pytest.mark.parametrize(
    ("kw", "said"),
    [
        ({"subject": "SMITH-1", "reason": "x"}, "more than 4 letters"),
        ({"subject": "S1", "reason": "x"}, "S1 is enrolled since entry"),
        ({"subject": "S9", "reason": " "}, "The reason must be one line"),
        ({"subject": "S9", "reason": "x", "site": "Rome"}, "No site Rome has been opened"),
    ],
)
def test_bad_screening_failures_are_refused_by_name(opened, kw, said):
    opened.enrol("S1")
    assert said in opened.refused(record_screening_failure, SITE, **kw)


# ---------------------------------------------------------------- a mistyped id


def renamed(bench: Bench, subject: str = "S1", to: str = "S01") -> None:
    bench.do(rename_subject, SITE, subject=subject, renamed=to, reason="a digit too few")


def test_a_mistyped_id_finds_the_subject_everywhere_after_and_before(opened):
    opened.treat("S1")
    opened.enrol("S2", 14)
    renamed(opened)
    state = opened.state
    assert list(state.subjects) == ["S01", "S2"]  # in the order of enrolment
    assert state.subjects.get("S1") is state.subjects.get("S01")
    assert state.subjects.get("S1").former_ids == ("S1",)
    assert state.cohorts[0].subjects == ("S01", "S2")
    assert state.fact(state.subjects.get("S1").dosing.seq).event.subject == "S01"
    (event,) = opened.do(
        record_outcome, SITE, 30, subject="S1", outcome=Outcome.NO_DLT
    )  # typed by the old id
    assert event.subject == "S01"
    opened.correct(opened.state.seq, on=day(29).isoformat())
    assert opened.state.subjects["S01"].standing is Standing.NO_DLT
    renamed(opened, "S2", "S02")
    assert next_patient(opened.state, day(31), subject="S2").subject == "S02"
    [first, _second] = patients_document(opened.state, day(31))
    assert (first["subject"], first["former_ids"]) == ("S01", ["S1"])
    assert opened.state.oddities == []


def test_a_chain_of_renames_and_back_finds_the_same_subject(opened):
    opened.enrol("S1")
    for old, new in (("S1", "S2"), ("S2", "S3"), ("S3", "S1")):
        renamed(opened, old, new)
    subject = opened.state.subjects["S3"]
    assert {opened.state.current_id(old) for old in ("S1", "S2", "S3")} == {"S1"}
    assert (subject.id, subject.former_ids) == ("S1", ("S2", "S3"))


def test_who_replaced_whom_follows_a_rename(opened):
    opened.treat("S1")
    opened.lost("S1", 1)
    for subject, on in (("S2", 14), ("S3", 28), ("S4", 31)):
        opened.treat(subject, on)
    renamed(opened, "S1", "S01")
    renamed(opened, "S4", "S04")
    subjects = opened.state.subjects
    assert subjects["S01"].replaced_by == "S04"
    assert subjects["S04"].enrolment.replaces == "S01"


def test_who_replaced_whom_keeps_every_assignment_through_a_rename(opened):
    opened.treat("S1")
    opened.lost("S1", 1)
    for subject, on in (("S2", 14), ("S3", 28)):
        opened.treat(subject, on)
    opened.enrol("S4", 31)
    again = replace(opened.state.subjects["S4"].enrolment, on=day(32))
    opened.state = evolve(opened.state, recorded(opened.state, again, SITE))
    renamed(opened)
    assert [fact.event.on for fact in opened.state.subjects["S4"].enrolments] == [day(31), day(32)]
    assert opened.state.subjects["S4"].enrolment.replaces == "S01"


def test_who_is_assigned_to_another_cohort_leaves_the_first(opened):
    opened.enrol("S1")
    opened.enrol("S2")
    opened.state.add_cohort(Cohort(number=2, level=2, n_opened=3))
    again = SubjectEnrolled(on=day(1), subject="S1", cohort=2, level=2)
    opened.state = evolve(opened.state, recorded(opened.state, again, SITE))
    assert [c.subjects for c in opened.state.cohorts] == [("S2",), ("S1",)]
    for old, new in (("S1", "S01"), ("S2", "S02")):
        renamed(opened, old, new)
    assert [c.subjects for c in opened.state.cohorts] == [("S02",), ("S01",)]
    assert [c.number for c in opened.state.cohorts] == [1, 2]


def test_an_entry_under_an_id_that_was_corrected_meanwhile_is_the_subject_s(opened):
    """Two shells: one corrects the id while the other types the old one."""
    opened.enrol("S1")
    typed = SubjectDosed(on=day(0), subject="S1", infused=1.8e8)
    renamed(opened)
    opened.state = evolve(opened.state, recorded(opened.state, typed, SITE))
    assert opened.state.subjects["S01"].dosed_on == day(0)
    assert opened.state.subjects["S01"].dosing.event.subject == "S01"


@pytest.mark.parametrize(
    ("subject", "to", "said"),
    [
        ("S1", "S2", "S2 is another subject."),
        ("S2", "S1", "S1 is another subject: S01, who was called S1 before."),
        ("S2", "S2", "That is the id already."),
        ("S2", "MUELLER-1", "more than 4 letters in a row could be a name"),
        ("S7", "S8", "No subject S7 is enrolled"),
    ],
)
def test_a_rename_onto_another_subject_or_a_name_is_refused(opened, subject, to, said):
    opened.enrol("S1")
    opened.enrol("S2")
    renamed(opened)
    assert said in opened.refused(
        rename_subject, SITE, subject=subject, renamed=to, reason="mistyped"
    )


def test_a_new_subject_cannot_take_an_old_alias(opened):
    opened.treat("S1")
    renamed(opened)
    assert "enrolled" in opened.refused(enrol_subject, SITE, subject="S1", weight_kg=60.0)


def test_the_log_finds_old_entries_by_the_new_id_and_says_both(opened):
    opened.treat("S1")
    before = opened.state
    renamed(opened)
    entry = recorded(before, before.subjects["S1"].dosing.event, SITE)
    assert about_subject(entry, "S01", opened.state)
    assert describe_entry(entry, opened.state).startswith("S01 (recorded as S1) dosed on")


def test_a_renamed_entry_that_does_not_fit_changes_nothing(opened):
    opened.enrol("S1")
    opened.enrol("S2")
    (event,) = rename_subject(opened.state, _noon(0), subject="S1", renamed="S3", reason="mistyped")
    for bad in ("S2", "S1"):
        forged = recorded(opened.state, type(event)(**{**_fields(event), "renamed": bad}))
        after = replay_events([forged], opened.state)
        assert list(after.subjects) == ["S1", "S2"]
        assert len(after.oddities) == 1


def _fields(event):
    return {name: getattr(event, name) for name in ("on", "subject", "renamed", "reason")}


def _noon(n: int) -> Recorder:
    return Recorder(name=SITE, on=day(n), at=datetime.combine(day(n), datetime.min.time(), UTC))


# ---------------------------------------------------------------- sites


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Asia/Shangai", "did you mean Asia/Shanghai?"),
        ("tokyo", "did you mean Asia/Tokyo?"),
        ("../etc/passwd", "is not a time zone"),
    ],
)
def test_a_site_takes_a_zone_of_the_iana_list(opened, zone, said):
    assert said in opened.refused(open_site, CHAIR, site="Tianjin", time_zone=zone)


def test_a_site_is_opened_once_whatever_the_case(opened):
    opened.do(open_site, CHAIR, site="Tianjin", time_zone="Asia/Shanghai")
    said = opened.refused(open_site, CHAIR, site="TIANJIN", time_zone="Asia/Shanghai")
    assert "The site Tianjin is open." in said


def test_the_only_site_takes_whom_is_enrolled_and_a_transfer_is_shown(opened):
    opened.do(open_site, CHAIR, site="Tianjin", time_zone="Asia/Shanghai")
    opened.enrol("S1")
    opened.do(open_site, CHAIR, site="Boston", time_zone="America/New_York")
    assert opened.state.subjects["S1"].sites == ((day(0), "Tianjin"),)
    opened.do(transfer_subject, SITE, 3, subject="S1", to="Boston", reason="moved house")
    assert opened.state.subjects["S1"].site_on(day(2)) == "Tianjin"
    assert opened.state.zone_of("S1", day(3)) == "America/New_York"
    [document] = patients_document(opened.state, day(3))
    assert document["site"] == "Boston"
    assert [site["site"] for site in document["sites"]] == ["Tianjin", "Boston"]
    for kw, said in (
        ({"subject": "S1", "to": "Boston"}, "S1 is at Boston since"),
        ({"subject": "S1", "to": "Bosten"}, "did you mean Boston?"),
        ({"subject": "S5", "to": "Tianjin"}, "No subject S5"),
    ):
        assert said in opened.refused(transfer_subject, SITE, 4, reason="x", **kw)
    opened.do(transfer_subject, SITE, 3, subject="S1", to="Tianjin", reason="on the same day")
    opened.do(transfer_subject, SITE, 3, subject="S1", to="Boston", reason="after all")
    opened.do(transfer_subject, SITE, 5, subject="S1", to="Tianjin", reason="moved back")
    for on, to, said in (
        (4, "Boston", f"S1 came to Tianjin on {day(5)}."),
        (5, "Tianjin", f"S1 is at Tianjin since {day(5)}."),
    ):
        assert said in opened.refused(transfer_subject, SITE, on, subject="S1", to=to, reason="x")


@pytest.mark.parametrize(("site", "kinds"), [("There", 1), ("Elsewhere", 2)])
def test_who_is_assigned_again_is_taken_into_care_by_another_site_only(opened, site, kinds):
    for name in ("There", "Elsewhere"):
        opened.do(open_site, CHAIR, site=name, time_zone="Asia/Shanghai")
    opened.enrol("S1", site="There")
    opened.state.close_cohort(1, opened.state.seq)
    opened.state.add_cohort(Cohort(number=2, level=1, n_opened=3, opened_on=day(0)))
    events = enrol_subject(opened.state, _noon(1), subject="S1", weight_kg=60.0, site=site)
    assert [event.kind for event in events] == ["subject-enrolled", "subject-at-site"][:kinds]


@pytest.mark.parametrize(
    ("zone", "at", "to_come"),
    [  # 17:00 UTC on 5 January is 01:00 on the 6th in Shanghai, noon of the 5th in New York
        ("Asia/Shanghai", "2026-01-05T17:00", False),
        ("America/New_York", "2026-01-05T17:00", True),
        ("Asia/Shanghai", "2026-01-05T15:59", True),
        (None, "2026-01-05T10:00", False),  # on Kiritimati, the easternmost, it is tomorrow
        (None, "2026-01-05T09:59", True),
    ],
)
def test_a_day_is_still_to_come_by_the_clock_of_the_subject_s_site(opened, zone, at, to_come):
    if zone is not None:
        opened.do(open_site, CHAIR, site="There", time_zone=zone)
    opened.enrol("S1")
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    recorder = Recorder(name=SITE, on=date(2026, 1, 6), at=moment)
    try:
        dose_subject(opened.state, recorder, subject="S1", infused=1.8e8)
        said = ""
    except RefusedError as error:
        said = str(error)
    assert ("2026-01-06 is still to come" in said) == to_come


def test_an_entry_is_of_the_day_of_the_ledger_s_clock_where_the_subject_was(opened):
    opened.do(open_site, CHAIR, 1, site="There", time_zone="Pacific/Kiritimati")
    for subject, on in (("S1", 2), ("S2", 16)):
        opened.treat(subject, on)
    entries = opened.entries[-6:]  # noon in London is two in the morning of the next day there
    kinds = ["subject-enrolled", "subject-at-site", "subject-dosed"] * 2
    assert [entry.event.kind for entry in entries] == kinds
    days = [opened.state.recorded_on(entry.seq, "S1") for entry in entries]
    assert days == [day(3)] * 3 + [day(17)] * 3
    assert opened.state.recorded_on(1, "nobody") == day(0)


def test_who_was_given_a_place_twice_is_enrolled_since_the_second(opened):
    opened.enrol("S1")
    choice = Choice(action="enrol", level=1, n_to_enrol=2)
    opened.open_cohort(choice=choice, rationale="two are enough for now")
    opened.enrol("S1")
    second = opened.state.subjects["S1"].enrolments[-1].seq
    said = opened.refused(record_screening_failure, SITE, subject="S1", reason="infection")
    assert f"S1 is enrolled since entry {second}:" in said
