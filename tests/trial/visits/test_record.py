"""What a site may record of visits, and of the end of somebody's part."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from escalation.trial import (
    adopt_plan,
    correct_entry,
    dose_subject,
    record_adverse_event,
    record_visit,
    screen_subject,
)
from escalation.trial.events import Choice, Finding, Leaving
from escalation.trial.inspection import inspect_entries
from escalation.trial.review.charts import warn_of_charts
from escalation.trial.review.departures import warnings
from escalation.trial.visits.calendar import visits_of
from escalation.trial.visits.record import leave_study
from tests.trial.bench import CHAIR, SITE, Bench, day
from tests.trial.screening.screened import FIT, planned, screen
from tests.trial.small_plan import SMALL, followed, measure


@pytest.fixture(scope="module")
def trial() -> Bench:
    bench = followed()
    bench.do(record_visit, SITE, 7, subject="S1", visit="D7")
    measure(bench, "copies", 28, value=3, unit="copies/ug", visit="W4")
    return bench


@pytest.mark.parametrize(
    ("subject", "visit", "said", "why"),
    [
        ("S1", "W5", {}, "The plan has no visit W5; known: SCR, D0"),
        ("S9", "D7", {}, "No S9 is screened or enrolled; known: S1, S2."),
        ("S2", "D7", {}, "Visit D7 is on day 7, and S2 has not been dosed."),
        ("S2", "D0", {}, "Visit D0 is that of the infusion, and S2 has not been dosed."),
        ("S1", "D7", {}, "says that D7 took place on 2026-01-12; if that is wrong, correct"),
        ("S1", "D7", {"missed": "ill"}, "says that D7 took place on 2026-01-12"),
        ("S1", "W4", {"missed": "ill"}, "Results at W4 are recorded, by entry"),
        ("S1", "W12", {"missed": ""}, "The reason why it was missed must be one line of text"),
        ("S1", "W12", {"note": "a\nb"}, "The note must be one line of text"),
    ],
)
def test_a_visit_that_cannot_be_is_refused(trial, subject, visit, said, why):
    assert why in trial.refused(record_visit, SITE, 28, subject=subject, visit=visit, **said)


def test_a_visit_before_the_infusion_it_is_counted_from_is_refused(trial):
    said = trial.refused(record_visit, SITE, -1, subject="S1", visit="W12")
    assert "Visit W12 is on day 84: S1 was dosed on 2026-01-05." in said


def test_a_missed_visit_that_took_place_after_all_is_corrected():
    bench = followed()
    bench.do(record_visit, SITE, 9, subject="S1", visit="D7", missed="snowed in")
    bench.correct(bench.state.seq, missed=None, on=str(day(8)))
    said = next(v for v in visits_of(bench.state, "S1", day(9)) if v.visit.name == "D7")
    assert (said.standing, said.on) == ("done", day(8))


@pytest.mark.parametrize(
    ("said", "on", "why"),
    [
        ({"why": Leaving.OTHER}, 30, 'Where it is "other", say what'),
        ({"why": Leaving.LOST}, 27, "is of a result on 2026-02-02, which is after it"),
        ({"why": Leaving.LOST, "subject": "S9"}, 30, "No S9 is screened or enrolled"),
        ({"why": Leaving.LOST, "reason": " "}, 30, "The reason must be one line of text"),
    ],
)
def test_an_end_that_cannot_be_is_refused(trial, said, on, why):
    assert why in trial.refused(leave_study, SITE, on, **({"subject": "S1"} | said))


def test_somebody_leaves_once_and_comes_back_by_a_correction():
    bench = followed()
    bench.do(leave_study, SITE, 20, subject="S1", why=Leaving.LOST)
    left = bench.state.seq
    assert "says that S1 left on 2026-01-25 (lost to follow-up)" in bench.refused(
        leave_study, SITE, 21, subject="S1", why=Leaving.WITHDREW
    )
    assert "left the study" in bench.refused(record_visit, SITE, 28, subject="S1", visit="W4")
    bench.do(correct_entry, SITE, entry=left, changes=None, reason="came back")
    bench.do(record_visit, SITE, 28, subject="S1", visit="W4")


def test_a_correction_is_held_to_the_same_as_the_entry():
    bench = followed()
    bench.do(record_visit, SITE, 7, subject="S1", visit="D7")
    entry = bench.state.seq
    how = {"entry": entry, "reason": "misread"}
    assert "no visit W5" in bench.refused(correct_entry, SITE, changes={"visit": "W5"}, **how)
    far = {"on": str(day(900))}
    assert "is still to come" in bench.refused(correct_entry, SITE, changes=far, **how)
    assert "That is what it says" in bench.refused(correct_entry, SITE, changes={}, **how)


def test_nobody_is_dosed_who_left_unless_it_is_said_to_be_a_deviation():
    bench = followed()
    bench.do(leave_study, SITE, 14, subject="S2", why=Leaving.WITHDREW)
    left = bench.state.seq
    said = f"S2 left the study on 2026-01-19 (entry {left}): withdrew consent."
    infusion = {"subject": "S2", "infused": 1.8e8}
    assert said in bench.refused(dose_subject, SITE, 15, **infusion)
    bench.do(dose_subject, SITE, 13, deviation="before the stagger", **infusion)
    dosing = bench.state.seq
    bench.correct(dosing, on=str(day(15)))
    assert not [r for r in warnings(bench.state, day(15)) if r.entry == dosing]  # said by itself


def test_an_end_is_corrected_by_what_was_recorded_of_that_part():
    """Screened again, somebody begins another: it neither ends nor corrects the first."""
    bench = planned()
    screen(bench, "S1")
    bench.do(leave_study, SITE, 1, subject="S1", why=Leaving.LOST)
    left = bench.state.seq
    assert "2026-01-05 is before it" in bench.refused(
        screen_subject, SITE, 0, subject="S1", disease="SSc"
    )
    screen(bench, "S1", *FIT, on=5)
    bench.do(leave_study, SITE, 6, subject="S1", why=Leaving.WITHDREW)
    bench.correct(left, why="withdrew consent")
    assert "is of the screening on 2026-01-05, which is after it" in bench.refused(
        correct_entry, SITE, entry=left, changes={"on": str(day(-1))}, reason="a slip"
    )
    assert "says that S1 left on 2026-01-11" in bench.refused(
        leave_study, SITE, 7, subject="S1", why=Leaving.LOST
    )


def _move_dosing(bench: Bench, to: int) -> None:
    dosing = bench.state.subjects["S1"].dosing
    assert dosing is not None
    bench.correct(dosing.seq, on=str(day(to)))


def _withdraw_dosing(bench: Bench, _: int) -> None:
    dosing = bench.state.subjects["S1"].dosing
    assert dosing is not None
    bench.do(correct_entry, SITE, entry=dosing.seq, changes=None, reason="another patient")


def _die(bench: Bench, on: int) -> None:
    bench.do(
        record_adverse_event,
        SITE,
        subject="S1",
        term="Sepsis",
        grade=5,
        started=day(on),
        ended=day(on),
        aware=day(28),
    )


def _be_born(bench: Bench, _: int) -> None:
    chart = bench.state.chart("S2")
    assert chart.screening is not None
    bench.correct(chart.screening.seq, born="2026-01")


@pytest.mark.parametrize(
    ("what", "on", "said"),
    [
        (_move_dosing, 8, "a visit of S1) cannot be right any more. Visit D7 is on day 7: S1 was"),
        (_move_dosing, 8, "results of S1) cannot be right any more. copies 3 copies/ug: day 28 is"),
        (_withdraw_dosing, 0, "Visit D0 is that of the infusion, and S1 has not been dosed."),
        (_withdraw_dosing, 0, "Visit W4 is on day 28, and S1 has not been dosed."),
        (_die, 27, "results of S1) cannot be right any more. S1 died on 2026-02-01"),
        (_be_born, 0, "results of S2) cannot be right any more. S2 was born in 2026-01"),
    ],
)
def test_a_chart_that_a_later_entry_gainsays_is_warned_of(what, on, said):
    """A birth, an infusion or a death as recorded since: nothing else holds them against it."""
    bench = Bench.started()
    bench.do(adopt_plan, CHAIR, plan=SMALL)
    bench.open_cohort(choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale=None)
    for subject in ("S1", "S2"):
        voluntary = Finding(test="I1", answer="yes", on=day(-40))
        bench.do(screen_subject, SITE, subject=subject, born="1985", findings=[voluntary])
    bench.treat("S1")
    bench.do(record_visit, SITE, subject="S1", visit="D0")
    bench.do(record_visit, SITE, 7, subject="S1", visit="D7")
    measure(bench, "copies", 28, value=3, unit="copies/ug", visit="W4", day=28)
    assert not list(warn_of_charts(bench.state))
    what(bench, on)
    assert any(said in remark.text for remark in warnings(bench.state, day(28)))
    assert not inspect_entries(bench.entries, datetime(2030, 1, 1, tzinfo=UTC))
