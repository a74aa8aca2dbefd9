"""The expansion in time: the boundary of the protocol, and the figures of the engine without it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.protocol import Protocol, load_protocol
from simulations.engines.exact import exact_characteristics
from simulations.engines.expansion import expansion_figures
from simulations.engines.timeline.course import Kind
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.graph.build import build_graph
from simulations.timing.assumptions import Poisson, Timing

P3 = [0.1, 0.25, 0.45]


def example(window: int = 1) -> Protocol:
    """Without backfill; two DLTs among six stop the expansion."""
    protocol = load_protocol("backfill-example")
    return replace(
        protocol,
        backfill=replace(protocol.backfill, max_per_level=None),
        dlt=replace(protocol.dlt, window_days=window),
        enrolment=replace(protocol.enrolment, first_alone_days=0, next_apart_days=0),
    )


def test_with_instant_outcomes_the_expansion_is_that_of_the_exact_engine():
    trials = 4000
    timing = Timing(arrivals=Poisson(mean_gap_days=3))
    found = simulate_timeline(example(), P3, timing, trials=trials, seed=5).expansion
    whole = exact_characteristics(build_graph(example().design), P3)
    exact = expansion_figures(example().expansion, P3, whole)
    started = float(exact.p_started.sum())
    assert abs(found.n_started / trials - started) < 4 * (started * (1 - started) / trials) ** 0.5
    reached = exact.stopped
    error = (reached * (1 - reached) / trials) ** 0.5
    assert abs(found.n_stopped / trials - reached) < 4 * error
    means = exact.p_started @ [level.mean for level in exact.patients] / started
    assert abs(found.patients.mean - means) < 4 * found.patients.se
    dlts = exact.p_started @ [level.mean for level in exact.dlts] / started
    assert abs(found.dlts.mean - dlts) < 4 * found.dlts.se


@pytest.mark.parametrize("accrual", ["lose", "wait"])
def test_an_expansion_follows_its_trial_and_stops_by_what_is_known(accrual):
    protocol = example(window=21)
    timing = Timing(
        arrivals=Poisson(mean_gap_days=5), accrual=accrual, decision_delay_days=10, dropout=0.05
    )
    found = simulate_timeline(protocol, P3, timing, trials=80, seed=5).expansion
    n_started = n_stopped = n_early = n_patients = 0
    for course in follow_trials(protocol, P3, timing, trials=80, seed=5):
        of = [one for one in course.happenings if one.purpose == "expansion"]
        dosed = [one for one in of if one.kind is Kind.DOSED]
        n_patients += len(dosed)
        if course.end < 0:
            assert not of
            continue
        n_started += 1
        assert {one.level for one in of} == {course.end}
        assert dosed[0].day >= course.t_decision + 10
        dlts = [one.day for one in of if one.kind is Kind.DLT]
        assert len([day for day in dlts if day <= dosed[-1].day]) < 2
        n_stopped += len(dlts) >= 2
        n_early += len(dosed) < 6
    assert (found.n_started, found.n_stopped) == (n_started, n_stopped)
    assert found.patients.mean * n_started == pytest.approx(n_patients)
    assert (n_early > 3) == (accrual == "lose")  # else they wait, and are all treated at once
