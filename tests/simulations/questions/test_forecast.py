"""A forecast from a trial's record: against what simulated trials then came to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from escalation.errors import InputError
from escalation.protocol import Protocol, load_protocol
from escalation.trial import TrialState, evolve
from escalation.trial.state import Recorded
from simulations.engines.timeline.course import Course, GivenPatient
from simulations.engines.timeline.run import follow_trials
from simulations.questions.forecast import forecast
from simulations.questions.recorded import steps_of
from simulations.questions.standing import find_standing, timing_of
from simulations.timing.assumptions import Learned, Poisson, Regular, Timing

OPENED = date(2026, 1, 1)
CURVE = (0.05, 0.10, 0.20, 0.35)
ASSUMED = Timing(arrivals=Poisson(mean_gap_days=8), decides="settled", decision_delay_days=3)
PROTOCOL = load_protocol("nct07123519")


def state_on(course: Course, day: int, protocol: Protocol = PROTOCOL) -> TrialState:
    """Return what a simulated trial's record held at the end of a day."""
    state = TrialState()
    delay = ASSUMED.decision_delay_days
    for command, recorder in steps_of(course, protocol, opened=OPENED, delay_days=delay):
        if recorder.on > OPENED + timedelta(days=day):
            break
        for event in command(state, recorder):
            seq = state.seq + 1
            entry = Recorded(
                seq=seq, at=recorder.at, by=recorder.name, hash=f"{seq:064x}", event=event
            )
            state = evolve(state, entry)
    return state


def place_of_truth(course: Course, day: int, trials: int) -> float:
    """Return which share of the forecast comes before what happened: uniform if it is right."""
    stands = find_standing(state_on(course, day), OPENED + timedelta(days=day))
    timing = timing_of(stands, ASSUMED)
    told = forecast(stands, CURVE, timing, trials=trials, seed=course.number)
    # the day of the question is over, and counts are of whole days
    first = stands.opened - OPENED
    left = course.t_decision - first.days - stands.underway.day
    return float(np.mean(told.last_decision < left))


@pytest.mark.parametrize(
    ("n_ledgers", "trials", "allowed"),
    [(12, 50, (0.6, 1)), pytest.param(1000, 200, (0.87, 0.93), marks=pytest.mark.slow)],
)
def test_intervals_of_ninety_percent_cover_what_came(n_ledgers, trials, allowed):
    day = 90
    courses = follow_trials(PROTOCOL, CURVE, ASSUMED, trials=2 * n_ledgers)
    going = [course for course in courses if course.t_decision > day + 1][:n_ledgers]
    assert len(going) == n_ledgers
    places = np.array([place_of_truth(course, day, trials) for course in going])
    covered = np.mean((places >= 0.05) & (places <= 0.95))
    assert allowed[0] <= covered <= allowed[1]


def test_a_trial_that_has_ended_or_is_held_has_no_forecast():
    (course,) = follow_trials(PROTOCOL, CURVE, ASSUMED, trials=1)
    ended = state_on(course, 10_000)
    with pytest.raises(InputError, match="was stopped by entry"):
        find_standing(ended, OPENED + timedelta(days=10_000))


def test_before_anybody_came_the_arrivals_are_asked_for():
    (course,) = follow_trials(PROTOCOL, CURVE, ASSUMED, trials=1)
    stands = find_standing(state_on(course, 0), OPENED)
    with pytest.raises(InputError, match="give --every DAYS"):
        timing_of(stands)


def lost_and_replaced() -> TrialState:
    """Return a trial: every 5 days one comes; the second is dosed on day 19, and lost on day 21."""
    patients = [GivenPatient(), GivenPatient(dropped_after=2)]
    every_five = replace(ASSUMED, arrivals=Regular(gap_days=5))
    (course,) = follow_trials(PROTOCOL, CURVE, every_five, trials=1, patients=patients)
    return state_on(course, 30)


def test_arrivals_are_learned_from_the_days_on_which_a_place_was_free():
    """By hand: enrolled on days 5, 10, 15 and 25; a place is free on 0 to 15 and on 21 to 25."""
    stands = find_standing(lost_and_replaced(), OPENED + timedelta(days=30))
    assert stands.arrivals == Learned(n_patients=4, days=19)


def test_those_enrolled_have_passed_the_screening_that_is_assumed():
    """The record's rate is of those enrolled: a share that fails must not be taken off again."""
    stands = find_standing(lost_and_replaced(), OPENED + timedelta(days=30))
    with_failures = replace(ASSUMED, screen_failure=0.5)
    plain, said = (
        forecast(stands, CURVE, timing_of(stands, given), trials=50)
        for given in (ASSUMED, with_failures)
    )
    assert said.last_decision.tolist() == plain.last_decision.tolist()


def test_a_day_before_what_the_record_holds_is_refused():
    with pytest.raises(InputError, match="the record goes on after 2026-01-20, the day of the"):
        find_standing(lost_and_replaced(), OPENED + timedelta(days=19))


def test_there_is_no_date_after_the_year_9999():
    (course,) = follow_trials(PROTOCOL, CURVE, ASSUMED, trials=1)
    state = state_on(course, 60)
    with pytest.raises(InputError, match=r"^9999-12-31 is more than a century after 2026"):
        find_standing(state, date.max)
    stands = replace(find_standing(state, OPENED + timedelta(days=60)), on=date.max)
    told = forecast(stands, CURVE, timing_of(stands, ASSUMED), trials=5)
    assert told.dates(told.last_decision) == (None,) * 5


def test_a_pending_patient_is_followed_as_long_as_the_tracker_says():
    """By hand: the first was dosed on day 5, with a window of 28 days."""
    stands = find_standing(lost_and_replaced(), OPENED + timedelta(days=30))
    first = stands.underway.patients[0]
    assert (first.dosed, first.closes) == (5, 33)
