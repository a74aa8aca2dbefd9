"""A trial that has begun goes on from where it stands."""

from __future__ import annotations

import numpy as np
import pytest

from escalation.designs import RollingSix, ThreePlusThree
from escalation.errors import InputError
from escalation.outcomes import Outcome
from simulations.engines.timeline.course import Kind, SoFar, Underway
from simulations.engines.timeline.result import Timeline
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.timing.assumptions import Poisson, Regular, Timing

from .reference import protocol_of

P3 = [0.1, 0.25, 0.45]
TIMINGS = {
    "lose": Timing(arrivals=Poisson(mean_gap_days=10)),
    "wait": Timing(arrivals=Poisson(mean_gap_days=10), accrual="wait", decides="settled"),
}


def apart(one: Timeline, other: Timeline) -> float:
    """Return by how many standard errors the mean durations differ."""
    mine, theirs = one.t_decision.moments, other.t_decision.moments
    return abs(mine.mean - theirs.mean) / (mine.se**2 + theirs.se**2) ** 0.5


@pytest.mark.parametrize("name", TIMINGS)
@pytest.mark.parametrize("design", [ThreePlusThree(n_levels=3), RollingSix(n_levels=3)])
def test_a_trial_in_which_nothing_has_happened_is_one_from_the_start(name, design):
    timing, protocol = TIMINGS[name], protocol_of(design, alone=3)
    fresh = simulate_timeline(protocol, P3, timing, trials=400, seed=1)
    begun = simulate_timeline(
        protocol,
        P3,
        timing,
        trials=400,
        seed=2,
        underway=Underway(day=0.0, patients=(), level=0, n_free=3),
    )
    assert apart(fresh, begun) < 4
    for figure in ("n_patients", "n_dlts", "n_turned_away", "waiting_days", "idle_days"):
        a, b = fresh.figures[figure], begun.figures[figure]
        assert abs(a.mean - b.mean) <= 4 * (a.se**2 + b.se**2) ** 0.5


def test_pending_patients_have_what_is_left_of_their_risk():
    """By hand: P(no DLT in the second half | none in the first) = (1 - p) / (1 - p/2), thrice."""
    p = 0.3
    protocol = protocol_of(ThreePlusThree(n_levels=1, variant="declare"))
    patients = [SoFar(cohort=1, level=0, dosed=day) for day in (6.0, 6.0, 6.0)]
    found = simulate_timeline(
        protocol,
        [p],
        Timing(arrivals=Poisson(mean_gap_days=10)),
        trials=4000,
        underway=Underway(day=20.0, patients=patients, level=0, n_free=0),
    )
    share, _ = found.p_finished_by(34.0)
    # without a DLT it is the MTD; two or three are too many; after one the trial goes on
    q = (1 - p) / (1 - p / 2)
    expected = q**3 + 3 * q * (1 - q) ** 2 + (1 - q) ** 3
    assert abs(share - expected) < 4 * found.se_of_share(expected)
    early, _ = found.p_finished_by(33.9)
    assert abs(early - (1 - q) ** 3) < 4 * found.se_of_share((1 - q) ** 3)
    assert (found.t_decision.values > 20).all()


def test_outcomes_of_the_past_count_and_a_decision_that_is_due_is_made_at_once():
    known = [
        SoFar(cohort=1, level=0, dosed=0.0, outcome=Outcome.NO_DLT, known=28.0),
        SoFar(cohort=1, level=0, dosed=0.0, outcome=Outcome.NOT_EVALUABLE, known=3.0),
        SoFar(cohort=1, level=0, dosed=5.0, outcome=Outcome.NO_DLT, known=33.0),
        SoFar(cohort=1, level=0, dosed=6.0, outcome=Outcome.NO_DLT, known=34.0),
    ]
    timing = Timing(arrivals=Regular(gap_days=10), decision_delay_days=7, accrual="wait")
    (course,) = follow_trials(
        protocol_of(ThreePlusThree(n_levels=2)),
        [0, 0],
        timing,
        trials=1,
        underway=Underway(day=40.0, patients=known, level=0, n_free=0),
    )
    first = next(course.of_kind(Kind.DECIDED))
    assert (first.day, first.cohort, first.decision.level) == (40, 1, 1)
    dosed = [(one.day, one.cohort, one.level, one.patient) for one in course.of_kind(Kind.DOSED)]
    assert dosed[:3] == [(50, 2, 1, 5), (60, 2, 1, 6), (70, 2, 1, 7)]


def test_free_places_undosed_patients_and_the_stagger_are_taken_up():
    protocol = protocol_of(ThreePlusThree(n_levels=2), alone=14, apart=3)
    begun = [
        SoFar(cohort=2, level=1, dosed=30.0),
        SoFar(cohort=2, level=1, dosed=None),
    ]
    before = [
        SoFar(cohort=1, level=0, dosed=0.0, outcome=Outcome.NO_DLT, known=28.0) for _ in range(3)
    ]
    (course,) = follow_trials(
        protocol,
        [0, 0],
        Timing(arrivals=Regular(gap_days=1), accrual="wait"),
        trials=1,
        underway=Underway(day=40.0, patients=[*before, *begun], level=1, n_free=1),
    )
    dosed = [(one.day, one.patient) for one in course.of_kind(Kind.DOSED) if one.cohort == 2]
    assert dosed == [(30, 4), (44, 5), (47, 6)]


def test_a_pending_patient_is_followed_for_the_window_of_the_earlier_protocol():
    """By hand: on day 10 of 28, with 4 days left of 14, P(a DLT) = p (4/28) / (1 - p 10/28)."""
    p, trials = 0.4, 4000
    patients = [SoFar(cohort=1, level=0, dosed=0.0, closes=14.0) for _ in range(3)]
    found = simulate_timeline(
        protocol_of(ThreePlusThree(n_levels=1, variant="declare")),
        [p],
        Timing(arrivals=Poisson(mean_gap_days=10)),
        trials=trials,
        underway=Underway(day=10.0, patients=patients, level=0, n_free=0),
    )
    q = p * (4 / 28) / (1 - p * 10 / 28)
    none = (1 - q) ** 3
    assert found.t_decision.values.min() > 10
    at_once = np.mean(found.t_decision.values <= 14)
    two = 3 * q**2 * (1 - q) + q**3
    assert abs(at_once - (none + two)) < 4 * (none * (1 - none) / trials) ** 0.5


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="dosed on day 50"):
        Underway(day=40.0, patients=[SoFar(cohort=1, level=0, dosed=50.0)], level=0, n_free=0)
    timing = Timing(arrivals=Poisson(mean_gap_days=10), correlation=0.2)
    with pytest.raises(InputError, match="correlation must be 0 for a trial that has begun"):
        simulate_timeline(
            protocol_of(ThreePlusThree(n_levels=3)),
            P3,
            timing,
            trials=5,
            underway=Underway(day=0.0, patients=(), level=0, n_free=3),
        )
