"""Adverse events as a site reports them: what is refused by name, and what each report adds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from escalation.outcomes import Outcome
from escalation.protocol import Reporting
from escalation.trial import (
    adjudicate,
    correct_entry,
    delegate_role,
    departures,
    enrol_subject,
    follow_up,
    record_adverse_event,
    record_outcome,
    warnings,
)
from escalation.trial.events import (
    AdverseEventAdjudicated,
    Choice,
    EventOutcome,
    Role,
    Serious,
    Toxicity,
)
from escalation.trial.evolve import evolve
from tests.trial.bench import CHAIR, NCT, OFFICE, SITE, Bench, day, recorded

EVENT: dict[str, Any] = {"term": "CRS", "started": day(5), "grade": 3, "aware": day(6)}
SIGNS = {
    "temperature": 38.5, "hypotension": True, "vasopressors": 1, "vasopressin": False,
    "oxygen": "none", "treated": False,
}  # fmt: skip
NO_CRS = {**SIGNS, "temperature": 37.0, "hypotension": False, "vasopressors": 0}
CRS: dict[str, Any] = {"scale": "ASTCT", "category": "CRS", "observations": SIGNS}


def treated(protocol: Any = NCT) -> Bench:
    """S1 was enrolled on day 0 and dosed on day 2; today is day 10."""
    bench = Bench.started(protocol)
    bench.open_cohort()
    bench.enrol("S1", 0)
    bench.dose("S1", 2)
    bench.now = 10
    return bench


def report(bench: Bench, on: int = 10, by: str = SITE, **changed: Any) -> int:
    """Report an adverse event and return its entry."""
    said = {"subject": "S1"} | EVENT | changed
    bench.do(record_adverse_event, by, on, **said)
    return bench.state.seq


def refused(bench: Bench, on: int = 10, by: str = SITE, **changed: Any) -> str:
    said = {"subject": "S1"} | EVENT | changed
    return bench.refused(record_adverse_event, by, on, **said)


def test_a_report_is_an_event_of_the_subject_called_by_its_entry() -> None:
    bench = treated()
    entry = report(bench, serious=[Serious.HOSPITALISATION], category="crs", baseline_grade=0)
    (event,) = bench.state.subjects["S1"].events
    assert (event.entry, event.worst_grade, event.is_fatal) == (entry, 3, False)
    assert (event.now.scale, event.now.scale_version) == ("CTCAE", "5.0")
    assert bench.state.find_event(entry) == event
    assert bench.state.oddities == []


@pytest.mark.parametrize("started", [0, 1, 2, 40, 400])
def test_an_event_may_begin_on_any_day_from_enrolment_on(started: int) -> None:
    bench = treated()
    report(bench, 500, started=day(started), aware=day(started))
    assert bench.state.subjects["S1"].events[0].first.started == day(started)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"grade": 0}, "A grade is a whole number from 1 to 5, not 0."),
        ({"grade": 6}, "A grade is a whole number from 1 to 5, not 6."),
        ({"grade": 3.5}, "A grade is a whole number from 1 to 5, not 3.5."),
        ({"grade": True}, "A grade is a whole number from 1 to 5, not True."),
        ({"grade": float("nan")}, "A grade is a whole number from 1 to 5, not nan."),
        ({"baseline_grade": -1}, "A baseline grade is a whole number from 0 to 5, not -1."),
        ({"baseline_grade": 6}, "A baseline grade is a whole number from 0 to 5, not 6."),
        ({"ended": day(4)}, "The end 2026-01-09 is before the onset 2026-01-10."),
        ({"ended": day(11)}, "The end 2026-01-16 is after 2026-01-15."),
        ({"aware": day(4)}, "have become aware on 2026-01-09, before the onset 2026-01-10."),
        ({"aware": day(11)}, "became aware on 2026-01-16, after the day 2026-01-15."),
        ({"started": day(11), "aware": day(11)}, "onset 2026-01-16 is after the day 2026-01-15."),
        ({"started": day(-1)}, "The onset 2026-01-04 is before S1 was enrolled on 2026-01-05"),
        ({"scale": "WHO"}, 'There is no scale "WHO"; known: CTCAE, ASTCT, ICAHT'),
        ({"scale_version": "4.0"}, 'CTCAE is known in version 5.0 and 6.0, not "4.0".'),
        ({"scale": "ASTCT", "scale_version": "5.0"}, "ASTCT is known in version 2019, not"),
        ({"term": " CRS"}, "The term must be one line of text"),
        ({"term": ""}, "The term must be one line of text"),
        ({"narrative": "a\nb"}, "The narrative must be one line of text"),
        ({"category": "\u202ecrs"}, "The category must be one line of text"),
        (
            {"observations": {"temperature": 38.5}},
            "observations are graded by ASTCT or ICAHT, not by CTCAE",
        ),
        (
            {"observations": {"temperature": 38.5}, "scale": "ASTCT"},
            "by ASTCT an event of the category crs or icans is graded",
        ),
        ({**CRS, "observations": {"temperature": float("inf")}}, "temperature"),
        ({**CRS, "observations": {"colour": "red"}}, "the observations are not those of CRS."),
        ({**CRS, "grade": 2}, "Grade 2 was typed, but the observations give grade 3: one vasopr"),
        ({**CRS, "observations": NO_CRS, "grade": None}, "grade 0 is not an event: no CRS: "),
        ({"serious": [Serious.DEATH]}, "serious by death is of grade 5, or its outcome is fatal"),
        ({"grade": 5, "outcome": EventOutcome.RECOVERED}, "outcome of a death, grade 5, is fatal"),
        ({"subject": "S9"}, "No subject S9 is enrolled"),
        ({"by": CHAIR}, "to record adverse events takes site"),
        ({"grade": 5, "started": day(1), "aware": day(1), "ended": day(1)}, "dosed on 2026-01-07"),
    ],
)
def test_what_cannot_be_is_refused_with_subject_item_and_value(
    changed: dict[str, Any], words: str
) -> None:
    bench = treated()
    said = refused(bench, **changed)
    assert said.startswith(f"the adverse event of {changed.get('subject', 'S1')} cannot be")
    assert words in said


@pytest.mark.parametrize(
    ("scale", "version", "kept"),
    [
        ("CTCAE", None, "5.0"),
        ("CTCAE", "6.0", "6.0"),
        ("ASTCT", None, "2019"),
        ("ICAHT", "2023", "2023"),
    ],
)
def test_a_graded_event_keeps_scale_and_version(scale: str, version: str | None, kept: str) -> None:
    bench = treated()
    report(bench, scale=scale, scale_version=version)
    assert bench.state.subjects["S1"].events[0].now.scale_version == kept


@pytest.mark.parametrize("death", [{"grade": 5}, {"grade": 4, "outcome": EventOutcome.FATAL}])
def test_a_death_is_serious_and_there_is_one(death: dict[str, Any]) -> None:
    bench = treated()
    entry = report(bench, ended=day(8), serious=[Serious.HOSPITALISATION], **death)
    (event,) = bench.state.subjects["S1"].events
    assert event.now.serious == (Serious.DEATH, Serious.HOSPITALISATION)
    assert event.died_on == day(8)
    assert f"died on 2026-01-13 by adverse event {entry}: nobody dies twice" in refused(
        bench, term="sepsis", **death
    )
    assert f"is after the death of S1 on 2026-01-13, adverse event {entry}" in refused(
        bench, started=day(9), aware=day(9)
    )
    report(bench, term="fever", grade=1)  # it began before the death


def test_what_was_misread_before_a_death_is_corrected_after_it() -> None:
    bench = treated()
    entry = report(bench)
    bench.do(follow_up, SITE, 11, entry=entry, changes={"grade": 5}, aware=day(11))
    bench.correct(entry, grade=4)
    (event,) = bench.state.subjects["S1"].events
    assert [said.event.grade for said in event.reports] == [4, 5]
    said = bench.refused(
        follow_up, SITE, 12, entry=entry, changes={"grade": 3, "serious": []}, aware=day(12)
    )
    assert f"Adverse event {entry} says that S1 died of it." in said


def test_a_death_ruled_a_dlt_that_began_before_the_infusion_is_one_death() -> None:
    """The outcome that the ruling records begins with the infusion; it is the same death."""
    bench = treated()
    entry = report(bench, started=day(1), aware=day(1), grade=1)
    bench.do(follow_up, SITE, 11, entry=entry, changes={"grade": 5}, aware=day(11))
    bench.do(adjudicate, CHAIR, 12, entry=entry, dlt=True)
    bench.do(follow_up, SITE, 12, entry=entry, changes={"relation": "probable"}, aware=day(12))
    (event,) = bench.state.subjects["S1"].events
    assert event.now.relation == "probable"


def test_the_dead_are_given_no_other_place() -> None:
    bench = Bench.started()
    bench.open_cohort()
    bench.enrol("S1", 0)
    report(bench, 1, started=day(0), aware=day(1), grade=5, relation="unrelated")
    for choice in (Choice(action="resume"), Choice(action="enrol", level=-1, n_to_enrol=3)):
        bench.open_cohort(2, choice=choice, rationale="the disease")
    said = bench.refused(enrol_subject, SITE, 2, subject="S1", weight_kg=60.0)
    assert "S1 died on" in said


def test_a_death_inside_an_outcome_is_the_same_or_the_only_one() -> None:
    bench = treated()
    death = Toxicity(term="sepsis", grade=5, onset=day(5))
    bench.do(record_outcome, SITE, subject="S1", outcome=Outcome.DLT, toxicities=[death])
    entry = bench.state.seq
    said = refused(bench, term="stroke", grade=5)
    assert f"S1 died by sepsis, entry {entry}: nobody dies twice." in said
    report(bench, term="Sepsis", grade=5)


def test_a_death_is_not_before_an_event_that_is_recorded() -> None:
    bench = treated()
    entry = report(bench, started=day(8), aware=day(8))
    said = refused(bench, term="sepsis", grade=5, ended=day(7))
    assert f"Adverse event {entry} of S1 began on 2026-01-13, after the death on" in said


def test_a_follow_up_overwrites_nothing() -> None:
    bench = treated()
    entry = report(bench)
    bench.do(follow_up, SITE, 12, entry=entry, changes={"grade": 4}, aware=day(12))
    bench.do(
        follow_up, SITE, 20, entry=entry, changes={"grade": 1, "ended": "2026-01-25"}, aware=day(21)
    )
    event = bench.state.find_event(entry)
    assert event is not None
    assert [r.event.grade for r in event.reports] == [3, 4, 1]
    assert [r.on for r in event.reports] == [day(10), day(12), day(20)]
    assert (event.worst_grade, event.now.ended) == (4, date(2026, 1, 25))


@pytest.mark.parametrize(
    ("entry", "on", "aware", "changes", "words"),
    [
        (None, 12, 12, {"grade": 3}, "That is what entry {entry} says."),
        (None, 12, 12, {}, "That is what entry {entry} says."),
        (None, 12, 12, {"colour": "red"}, "colour is not followed up; "),
        (None, 12, 12, {"term": "ICANS"}, "term is not followed up; "),
        (None, 12, 12, {"grade": 0}, "A grade is a whole number from 1 to 5, not 0."),
        (None, 12, 12, {"grade": 3.5}, "A grade is a whole number from 1 to 5, not 3.5."),
        (None, 12, 12, {"grade": "4"}, "A grade is a whole number from 1 to 5, not 4."),
        (None, 12, 12, {"ended": "2026-01-06"}, "The end 2026-01-06 is before the onset"),
        (None, 12, 12, {"ended": "2026-01-18"}, "The end 2026-01-18 is after 2026-01-17."),
        (None, 12, 11, {"grade": 4}, "aware on 2026-01-16, before the day of the change,"),
        (None, 12, 90, {"grade": 4}, "2026-04-05 is still to come."),
        (None, 4, 12, {"grade": 4}, "The onset 2026-01-10 is after the day 2026-01-09."),
        (1, 12, 12, {"grade": 4}, "Entry 1 does not report an adverse event; those are {entry}."),
        (99, 12, 12, {"grade": 4}, "There is no entry 99; the last one is {entry}."),
        (0, 12, 12, {"grade": 4}, "There is no entry 0"),
    ],
)
def test_a_follow_up_that_cannot_be_is_refused(
    entry: int | None, on: int, aware: int, changes: dict[str, Any], words: str
) -> None:
    bench = treated()
    known = report(bench)
    said = bench.refused(
        follow_up, SITE, on, entry=entry or (known if entry is None else 0), changes=changes,
        aware=day(aware),
    )  # fmt: skip
    assert words.format(entry=known) in said
    assert "\n" not in said.split("\n  ")[0]


def test_follow_ups_come_in_order_and_are_made_to_the_first_report() -> None:
    bench = treated()
    entry = report(bench)
    bench.do(follow_up, SITE, 14, entry=entry, changes={"grade": 1}, aware=day(14))
    later = bench.state.seq
    said = bench.refused(follow_up, SITE, 13, entry=entry, changes={"grade": 4}, aware=day(14))
    assert f"Entry {later} says how it was from 2026-01-19 on" in said
    said = bench.refused(follow_up, SITE, 15, entry=later, changes={"grade": 4}, aware=day(15))
    assert f"Entry {later} follows up adverse event {entry}: give that number." in said


def test_a_follow_up_can_say_that_the_subject_died_and_nothing_unsays_it_but_a_correction() -> None:
    bench = treated()
    entry = report(bench, serious=[Serious.LIFE_THREATENING])
    bench.do(follow_up, SITE, 12, entry=entry, changes={"grade": 5}, aware=day(12))
    death = bench.state.seq
    event = bench.state.find_event(entry)
    assert event is not None
    assert event.now.serious == (Serious.DEATH, Serious.LIFE_THREATENING)
    assert event.died_on == day(12)
    said = bench.refused(
        follow_up, SITE, 13, entry=entry, changes={"grade": 4, "serious": []}, aware=day(13)
    )
    assert f"Adverse event {entry} says that S1 died of it." in said
    bench.do(correct_entry, SITE, 13, entry=death, changes=None, reason="another patient")
    event = bench.state.find_event(entry)
    assert event is not None
    assert not event.is_fatal
    assert departures(bench.state) == []


# ---------------------------------------------------------------- graded from observations


def test_observations_give_the_grade_and_the_rule() -> None:
    bench = treated()
    entry = report(bench, **CRS, grade=None)
    event = bench.state.find_event(entry)
    assert event is not None
    assert (event.now.grade, event.now.graded_by) == (3, "one vasopressor")
    assert (event.now.scale, event.now.scale_version) == ("ASTCT", "2019")
    report(bench, **CRS, grade=3)  # the same grade, typed
    bench.do(
        follow_up, SITE, entry=entry, changes={"observations": SIGNS | {"vasopressors": 2}},
        aware=day(10),
    )  # fmt: skip
    event = bench.state.find_event(entry)
    assert event is not None
    assert (event.now.grade, event.now.graded_by) == (
        4,
        "2 vasopressors, not counting vasopressin",
    )
    bench.do(follow_up, SITE, 12, entry=entry, changes={"grade": 1}, aware=day(12))
    event = bench.state.find_event(entry)
    assert event is not None
    assert (event.now.grade, event.now.graded_by, event.now.observations) == (1, None, None)


def test_what_was_not_assessed_is_not_normal() -> None:
    bench = treated()
    entry = report(bench, scale="ASTCT", category="crs", observations={"temperature": 38.5},
                   grade=None)  # fmt: skip
    event = bench.state.find_event(entry)
    assert event is not None
    assert event.now.grade == 1
    assert "at least, not assessed: " in (event.now.graded_by or "")


def test_counts_are_added_to_those_of_before_and_corrected_ones_replace_them() -> None:
    bench = treated()
    counts = {"5": 0.4, "9": 0.3, "13": 0.9, "20": 1.5, "27": 2.0, "30": 3.0}
    entry = report(bench, 40, term="neutropenia", scale="ICAHT", observations=counts, grade=None)
    event = bench.state.find_event(entry)
    assert event is not None
    before = event.now.grade
    bench.do(
        follow_up, SITE, 40, entry=entry, changes={"observations": {"13": 0.4, "20": 0.4}},
        aware=day(40),
    )  # fmt: skip
    event = bench.state.find_event(entry)
    assert event is not None
    assert event.now.observations == counts | {"13": 0.4, "20": 0.4}
    assert event.now.grade > before
    bench.correct(entry, observations=counts | {"5": 2.0, "9": 0.05})
    event = bench.state.find_event(entry)
    assert event is not None
    assert event.first.grade == before - 1 == 1


# ---------------------------------------------------------------- corrections


def test_a_corrected_first_report_is_read_on_through_its_follow_ups() -> None:
    bench = treated()
    entry = report(bench, grade=2)
    bench.do(follow_up, SITE, 12, entry=entry, changes={"relation": "unrelated"}, aware=day(12))
    bench.correct(entry, grade=4, started="2026-01-09")
    event = bench.state.find_event(entry)
    assert event is not None
    assert [r.event.grade for r in event.reports] == [4, 4]
    assert [r.event.relation for r in event.reports] == [None, "unrelated"]
    assert event.reports[0].corrected_by == (bench.state.seq,)
    assert event.reports[1].corrected_by == ()


def test_a_follow_up_is_corrected_too() -> None:
    bench = treated()
    entry = report(bench)
    bench.do(follow_up, SITE, 12, entry=entry, changes={"grade": 4}, aware=day(12))
    bench.correct(bench.state.seq, changes={"grade": 2})
    event = bench.state.find_event(entry)
    assert event is not None
    assert (event.now.grade, event.worst_grade) == (2, 3)


def test_a_wrong_report_is_withdrawn_unless_somebody_has_ruled_on_it() -> None:
    bench = treated()
    ruled, wrong = report(bench), report(bench, term="fever", grade=1)
    bench.do(correct_entry, SITE, entry=wrong, changes=None, reason="another patient")
    assert [event.entry for event in bench.state.subjects["S1"].events] == [ruled]
    said = bench.refused(follow_up, SITE, 12, entry=wrong, changes={"grade": 4}, aware=day(12))
    assert f"Entry {wrong} does not report an adverse event" in said
    ruling = AdverseEventAdjudicated(on=day(12), entry=ruled, dlt=False, suggested="does not")
    bench.state = evolve(bench.state, recorded(bench.state, ruling, CHAIR))
    said = bench.refused(correct_entry, SITE, entry=ruled, changes=None, reason="another patient")
    assert f"Entry {bench.state.seq} has ruled on it: correct what is wrong in it." in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grade": 6}, "A grade is a whole number from 1 to 5, not 6."),
        ({"aware": "2026-01-01"}, "cannot have become aware on 2026-01-01"),
        ({"aware": "2027-01-01"}, "2027-01-01 is still to come."),
        ({"started": "2025-12-31"}, "an event before enrolment"),
        ({"subject": "S2"}, "subject cannot be corrected in this entry"),
        ({"grade": 3}, "That is what it says."),
        ({"grade": 5, "outcome": "recovered"}, "The outcome of a death, grade 5, is fatal"),
        ({"graded_by": "my judgement"}, "A grade without observations was not given by a rule."),
        ({"serious": ["death"]}, "serious by death is of grade 5, or its outcome is fatal"),
    ],
)
def test_a_correction_is_held_to_what_a_report_is(changes: dict[str, Any], words: str) -> None:
    bench = treated()
    entry = report(bench)
    said = bench.refused(correct_entry, SITE, entry=entry, changes=changes, reason="mistyped")
    assert words in said


# ---------------------------------------------------------------- how soon it was known


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, None),
        ({"aware_within_days": 1, "recorded_within_days": 4}, None),
        ({"aware_within_days": 0}, "1 day until the site was aware (at most 0)"),
        ({"recorded_within_days": 3}, "4 days until it was recorded (at most 3)"),
    ],
)
def test_onset_to_awareness_to_entry_is_shown_where_it_exceeds_a_limit(
    limits: dict[str, int], words: str | None
) -> None:
    bench = treated(replace(NCT, reporting=Reporting(**limits)))
    entry = report(bench, grade=2, category="crs")  # of which nobody has to rule
    found = [r.text for r in warnings(bench.state, day(10)) if r.entry == entry]
    expected = (
        f"Adverse event {entry} of S1 (CRS): onset 2026-01-10, aware 2026-01-11, recorded "
        f"2026-01-15: {words}."
    )
    assert found == ([] if words is None else [expected])


def test_an_event_is_recorded_in_a_trial_of_before_too() -> None:
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    report(bench, 10)
    assert len(bench.state.subjects["S1"].events) == 1


def test_what_a_follow_up_says_already_is_what_the_last_of_three_reports_says() -> None:
    bench = treated()
    entry = report(bench)
    for on, grade in ((11, 2), (12, 1)):
        bench.do(follow_up, SITE, on, entry=entry, changes={"grade": grade}, aware=day(on))
    said = bench.refused(follow_up, SITE, 13, entry=entry, changes={"grade": 1}, aware=day(13))
    assert f"That is what entry {bench.state.seq} says." in said


def test_of_several_events_and_outcomes_the_one_that_tells_of_a_death_is_found() -> None:
    """Neither an event that nobody died of, nor the outcome of a ruling, hides it."""
    bench = treated(NCT)
    report(bench, category="skin", grade=2)
    death = report(bench, 11, term="sepsis", grade=5, started=day(11), aware=day(11))
    report_of = {"term": "MOF", "grade": 5, "started": day(11), "aware": day(12)}
    assert f"by adverse event {death}: nobody dies twice" in refused(bench, 12, **report_of)
    later = {"term": "rash", "grade": 1, "started": day(12), "aware": day(12)}
    assert f"adverse event {death}." in refused(bench, 12, **later)


def test_a_death_told_by_the_last_of_several_outcomes_is_not_told_again_as_another() -> None:
    bench = treated(NCT)
    bench.do(delegate_role, OFFICE, person="adjudicator", role=Role.ADJUDICATOR)
    entry = report(bench)
    bench.do(adjudicate, "adjudicator", 10, entry=entry, dlt=True)
    bench.do(
        record_outcome, SITE, 11, subject="S1", outcome=Outcome.DLT,
        toxicities=[Toxicity(term="sepsis", grade=5, onset=day(10), relation=None)],
    )  # fmt: skip
    said = refused(bench, 12, term="MOF", grade=5, started=day(11), aware=day(12))
    assert f"S1 died by sepsis, entry {bench.state.seq}: nobody dies twice." in said


def test_a_follow_up_is_corrected_on_what_the_report_before_it_says() -> None:
    bench = treated()
    entry = report(bench)
    hospital = {"serious": ["hospitalisation"]}
    bench.do(follow_up, SITE, 11, entry=entry, changes=hospital, aware=day(11))
    bench.do(follow_up, SITE, 12, entry=entry, changes={"serious": ["disability"]}, aware=day(12))
    corrected = bench.state.seq
    bench.do(follow_up, SITE, 13, entry=entry, changes={"narrative": "late"}, aware=day(13))
    bench.correct(corrected, changes={"outcome": "fatal"})
    reports = bench.state.find_event(entry).reports
    assert [list(said.event.serious) for said in reports] == [
        [], ["hospitalisation"], ["death", "hospitalisation"], ["death", "hospitalisation"]
    ]  # fmt: skip
