"""What a site may record of visits, and of the end of somebody's part."""

from __future__ import annotations

import pytest

from escalation.trial import correct_entry, record_visit
from escalation.trial.events import Leaving
from escalation.trial.visits.calendar import visits_of
from escalation.trial.visits.record import leave_study
from tests.trial.bench import SITE, Bench, day
from tests.trial.small_plan import followed, measure


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
