"""Backfill in time: the protocol's places, and the figures of the engine without time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.designs import make_design
from escalation.errors import InputError
from escalation.protocol import Backfill, Protocol, load_protocol
from simulations.engines.backfill import walk_together
from simulations.engines.timeline.course import GivenPatient, Kind
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.timing.assumptions import Poisson, Regular, Timing

from .reference import protocol_of

P3 = [0.05, 0.15, 0.45]
TRIALS = 1500


def example(counted: str = "never") -> Protocol:
    protocol = load_protocol("backfill-example")
    return replace(protocol, backfill=replace(protocol.backfill, counted=counted))


@pytest.mark.parametrize("counted", ["never", "every decision", "final decision"])
def test_where_many_wait_backfill_is_that_of_the_exact_engine_without_time(counted):
    """There every place is taken, and everybody's outcome known, before each decision."""
    protocol = example(counted)
    timing = Timing(arrivals=Poisson(mean_gap_days=0.01), accrual="wait")
    found = simulate_timeline(protocol, P3, timing, trials=TRIALS, seed=4)
    exact = walk_together(protocol, P3, trials=1, seed=1, exact=True)
    for mine, theirs in (
        (found.backfill[0], exact.backfill.patients),
        (found.backfill[1], exact.backfill.dlts),
        (found.patients, exact.escalation.patients_by_level),
    ):
        for level, true in zip(mine, theirs, strict=True):
            assert abs(level.mean - true.mean) <= 4 * level.se + 1e-9
    for share, true in zip(found.p_select, exact.escalation.p_select, strict=True):
        assert abs(share - true) < 4 * (true * (1 - true) / TRIALS) ** 0.5


def test_a_backfill_patient_whose_window_closes_with_the_cohorts_holds_up_nobody():
    """Without counting, the escalation is what it is without backfill; most trials had no end."""
    timing = Timing(arrivals=Poisson(mean_gap_days=2), accrual="wait", decides="settled")
    protocol = protocol_of(make_design("3+3", n_levels=3))
    beside = replace(protocol, backfill=Backfill(max_per_level=6))
    alone, found = (
        simulate_timeline(one, P3, timing, trials=500, seed=3) for one in (protocol, beside)
    )
    assert found.n_unfinished == 0
    a, b = alone.t_decision.moments, found.t_decision.moments
    assert abs(a.mean - b.mean) < 4 * (a.se**2 + b.se**2) ** 0.5


@pytest.mark.parametrize("accrual", ["lose", "wait"])
def test_backfill_keeps_to_the_protocols_places(accrual):
    protocol = example("every decision")
    timing = Timing(
        arrivals=Poisson(mean_gap_days=4), accrual=accrual, dropout=0.1, decision_delay_days=3
    )
    n_filled = 0
    for course in follow_trials(protocol, P3, timing, trials=60, seed=2):
        level, since, there = 1, {}, {}
        for one in course.happenings:
            if one.kind is Kind.DECIDED:
                level, since = one.decision.level, {}
            elif one.purpose == "backfill" and one.kind is Kind.DOSED:
                assert level is not None
                assert one.level < level
                assert one.cohort is None
                since.setdefault(one.level, set()).add(one.patient)
                there[one.level] = there.get(one.level, 0) + 1
                assert len(since[one.level]) <= protocol.backfill.per_cohort
                assert there[one.level] <= protocol.backfill.max_per_level
                n_filled += 1
            elif one.purpose == "backfill" and one.kind is Kind.DROPPED_OUT:
                there[one.level] -= 1  # replaced, and in the cohort's places while it lasts
                since.get(one.level, set()).discard(one.patient)
    assert n_filled > 100


@pytest.mark.parametrize("counted", ["never", "every decision"])
def test_trials_with_backfill_end_though_much_is_known_at_one_moment(counted):
    """Patients who wait are dosed at once, in the escalation and beside it."""
    protocol = example(counted)
    for enrolment in (protocol.enrolment, replace(protocol.enrolment, first_alone_days=0)):
        for accrual in ("lose", "wait"):
            timing = Timing(arrivals=Regular(gap_days=3), accrual=accrual, decides="settled")
            found = simulate_timeline(
                replace(protocol, enrolment=enrolment), P3, timing, trials=50, seed=2
            )
            assert found.n_unfinished == 0
            assert found.t_decision.moments.mean < 400


def test_single_trials_with_backfill_are_those_that_are_summed_up():
    timing = Timing(arrivals=Poisson(mean_gap_days=4), screen_failure=0.2)
    found = simulate_timeline(example(), P3, timing, trials=40, seed=2)
    courses = list(follow_trials(example(), P3, timing, trials=40, seed=2))
    assert found.t_last.values.tolist() == [course.t_last for course in courses]
    dosed = [one for course in courses for one in course.of_kind(Kind.DOSED)]
    for purpose, of in (("backfill", found.backfill[0]), ("escalation", found.patients)):
        for level, mean in enumerate(of):
            n = sum(one.purpose == purpose and one.level == level for one in dosed)
            assert mean.mean * 40 == pytest.approx(n)
    figures = found.figures
    places = figures["n_patients"].mean + sum(level.mean for level in found.backfill[0])
    others = figures["n_turned_away"].mean + figures["n_screen_failures"].mean
    assert figures["n_arrived"].mean == pytest.approx(places + others)


def test_backfill_of_a_design_by_follow_up_is_refused():
    design = make_design("tite-boin", n_levels=3, target=0.25, max_patients=12)
    protocol = replace(protocol_of(design), backfill=Backfill(max_per_level=6))
    with pytest.raises(InputError, match="is not simulated in time with backfill"):
        simulate_timeline(protocol, P3, Timing(arrivals=Poisson(mean_gap_days=4)), trials=5)


def test_who_is_lost_gives_the_backfill_place_back_while_the_cohort_lasts():
    """A patient every 5 days: cohort 2 is full on day 55; the seventh is lost on day 67."""
    protocol = replace(
        protocol_of(make_design("3+3", n_levels=3)),
        backfill=Backfill(per_cohort=1, max_per_level=6),
    )
    patients = [*[GivenPatient()] * 6, GivenPatient(dropped_after=7)]
    timing = Timing(arrivals=Regular(gap_days=5))
    (course,) = follow_trials(protocol, P3, timing, trials=1, patients=patients)
    below = [h.day for h in course.of_kind(Kind.DOSED) if h.purpose == "backfill"]
    assert below[:2] == [60, 70]
