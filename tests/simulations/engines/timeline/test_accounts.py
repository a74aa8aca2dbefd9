"""Everybody is accounted for, under every kind of design: single trials against their sums."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from escalation.designs import make_design
from simulations.engines.timeline.course import Course, Kind
from simulations.engines.timeline.result import Timeline
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.timing.assumptions import Poisson, Timing

from .reference import protocol_of

TRIALS = 25
OPTIONS = {"target": 0.25, "max_patients": 12}
DESIGNS = {
    "3+3": {},
    "rolling-six": {},
    "boin": OPTIONS,
    "tite-boin": OPTIONS,
    "tite-crm": OPTIONS,
}
OUTCOMES = (Kind.DLT, Kind.WINDOW_CLOSED, Kind.DROPPED_OUT, Kind.DOSE_NOT_REACHED)


@cache
def both(name: str, accrual: str, p: tuple[float, ...]) -> tuple[Timeline, tuple[Course, ...]]:
    protocol = protocol_of(make_design(name, n_levels=3, **DESIGNS[name]), alone=7, apart=2)
    timing = Timing(
        arrivals=Poisson(mean_gap_days=5),
        screen_failure=0.2,
        dropout=0.15,
        not_manufactured=0.1,
        dose_not_reached=0.05,
        decision_delay_days=3,
        accrual=accrual,
        decides="settled",
    )
    found = simulate_timeline(protocol, p, timing, trials=TRIALS, seed=3)
    return found, tuple(follow_trials(protocol, p, timing, trials=TRIALS, seed=3))


@pytest.mark.parametrize("accrual", ["lose", "wait"])
@pytest.mark.parametrize("name", DESIGNS)
def test_whoever_came_was_dosed_or_lost_on_the_way_or_waits(name, accrual):
    found, courses = both(name, accrual, (0.1, 0.25, 0.4))
    mean = {figure: moments.mean for figure, moments in found.figures.items()}
    ways = ["screen_failures", "turned_away", "still_waiting", "not_manufactured", "patients"]
    assert mean["n_arrived"] == pytest.approx(sum(mean[f"n_{way}"] for way in ways))
    counted = Counter(one.kind for course in courses for one in course.happenings)
    for figure, kind in (("patients", Kind.DOSED), ("dlts", Kind.DLT), ("decisions", Kind.DECIDED)):
        assert mean[f"n_{figure}"] * TRIALS == pytest.approx(counted[kind])
    assert sum(one.mean for one in found.days) == pytest.approx(found.t_decision.moments.mean)


@pytest.mark.parametrize("name", DESIGNS)
def test_whoever_was_dosed_has_one_outcome_in_the_window_and_nobody_is_dosed_afterwards(name):
    _, courses = both(name, "wait", (0.1, 0.25, 0.4))
    for course in courses:
        dosed = {one.patient: one.day for one in course.of_kind(Kind.DOSED)}
        known = [(one.patient, one.day) for one in course.of_kind(*OUTCOMES)]
        assert sorted(dosed) == sorted(patient for patient, _ in known)
        assert all(0 <= day - dosed[patient] <= 28 + 1e-9 for patient, day in known)
        assert course.t_last == max([course.t_decision, *(day for _, day in known)])
        assert max(dosed.values()) <= course.t_decision


@pytest.mark.parametrize("name", DESIGNS)
def test_without_dlts_a_level_is_selected_and_with_dlts_only_none_is(name):
    tolerated, _ = both(name, "lose", (0.0, 0.0, 0.0))
    toxic, _ = both(name, "lose", (1.0, 1.0, 1.0))
    assert tolerated.figures["n_dlts"].mean == tolerated.p_no_mtd == 0
    assert toxic.p_no_mtd == 1
