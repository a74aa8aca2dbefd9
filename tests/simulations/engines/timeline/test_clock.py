"""What must hold of the clock whatever it is told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from escalation.designs import RollingSix, ThreePlusThree, make_design
from escalation.designs.base import NOBODY
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.exact import exact_characteristics
from simulations.engines.timeline import run
from simulations.engines.timeline.course import Course, GivenPatient, Kind
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.graph.build import build_graph
from simulations.timing.assumptions import (
    Costs,
    Given,
    GivenTimes,
    Poisson,
    Regular,
    Site,
    Timing,
    Weibull,
)

from .reference import protocol_of

P3 = [0.1, 0.25, 0.45]
GAP = Poisson(mean_gap_days=10)
EVERYTHING = Timing(
    arrivals=Poisson(mean_gap_days=9, ramp=((60, 6), (120, 4))),
    screen_failure=0.2,
    time_to_dlt=Weibull(late_share=0.7),
    dropout=0.15,
    not_manufactured=0.05,
    dose_not_reached=(0, 0.05, 0.1),
    decision_delay_days=5,
    accrual="wait",
    decides="settled",
    correlation=0.1,
    costs=Costs(per_patient=1000, per_day=10),
)

# ---------------------------------------------------------------- without time

OPTIONS = {"target": 0.25, "max_patients": 18}
DESIGNS = {
    "3+3": {},
    "rolling-six": {},
    "a+b": {"a": 2, "b": 4, "c": 1, "d": 1, "e": 2},
    "accelerated": {},
    "boin": OPTIONS,
    "keyboard": OPTIONS,
    "mtpi-2": OPTIONS,
    "mtpi": OPTIONS,
    "tpi": OPTIONS,
    "i3+3": OPTIONS,
    "g3+3": {"max_patients": 18},
    "crm": {**OPTIONS, "cohort_size": 3},
}


def far_from_exact(name: str, trials: int, **losses: float) -> dict[str, float]:
    """Return by how many standard errors the clock is off the exact engine, where it is by four."""
    design = make_design(name, n_levels=4, **DESIGNS[name])
    p, p_moderate = [0.08, 0.2, 0.35, 0.5], [0.1, 0.2, 0.2, 0.3]
    timing = Timing(arrivals=GAP, decides="complete", **losses)
    found = simulate_timeline(
        protocol_of(design, 1, infusion=1), p, timing, trials=trials, p_moderate=p_moderate
    )
    exact = exact_characteristics(build_graph(design, p_moderate=p_moderate), p)
    z = {}
    shares = [*found.p_select, found.p_no_mtd, found.p_inconclusive]
    for k, (share, true) in enumerate(
        zip(shares, [*exact.p_select, exact.p_no_mtd, exact.p_inconclusive], strict=True)
    ):
        error = (true * (1 - true) / trials) ** 0.5
        z[f"end {k}"] = (share - true) / error if error else share - true
    if (
        design.while_pending is None and not losses
    ):  # else a level ends at its second DLT, whoever was to come
        z["patients"] = (found.figures["n_patients"].mean - exact.sample_size.mean) / max(
            found.figures["n_patients"].se, 1e-12
        )
        for k, (mine, true) in enumerate(zip(found.patients, exact.patients_by_level, strict=True)):
            z[f"patients {k}"] = (mine.mean - true.mean) / mine.se
    return {name: value for name, value in z.items() if abs(value) >= 4}


@pytest.mark.parametrize("name", ["3+3", "accelerated"])
def test_with_instant_outcomes_ends_and_patients_are_the_exact_engines(name):
    assert far_from_exact(name, 10_000) == {}


@pytest.mark.parametrize("name", ["3+3", "accelerated"])
def test_who_is_replaced_whatever_comes_of_it_changes_no_end(name):
    """Dropouts do: who has had a DLT is not lost any more, so that DLTs are more frequent."""
    assert far_from_exact(name, 6_000, dose_not_reached=0.2) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
def test_with_instant_outcomes_every_design_has_the_exact_engines_ends(name):
    assert far_from_exact(name, 100_000) == {}


# ---------------------------------------------------------------- nothing from the future


def seen_until(course: Course, day: float, n_levels: int) -> tuple[Tally, ...]:
    """Return what was known at a decision: whoever has a place and no outcome is pending."""
    tallies = [NOBODY] * n_levels
    pending: dict[int, int] = {}
    for one in course.happenings:
        if one.day > day or (one.day == day and one.kind is Kind.ENROLLED and decides(course, one)):
            break
        if one.kind is Kind.ENROLLED:
            pending[one.patient] = one.level
        elif one.kind in (Kind.DROPPED_OUT, Kind.NOT_MANUFACTURED, Kind.DOSE_NOT_REACHED):
            del pending[one.patient]
        elif one.kind in (Kind.DLT, Kind.WINDOW_CLOSED):
            level = pending.pop(one.patient)
            known = Tally(n_evaluable=1, n_dlts=int(one.kind is Kind.DLT))
            tallies[level] = tallies[level].plus(known)
    for level in pending.values():
        tallies[level] = tallies[level].plus(Tally(n_pending=1))
    return tuple(tallies)


def decides(course: Course, enrolment) -> bool:
    """Tell whether an enrolment on the day of a decision came after it: in a later cohort."""
    made = [one.cohort for one in course.of_kind(Kind.DECIDED) if one.day == enrolment.day]
    return bool(made) and enrolment.cohort > min(made)


SETTINGS = {
    "settled": (ThreePlusThree, EVERYTHING, (7, 2)),
    "settled, patients lost": (ThreePlusThree, replace(EVERYTHING, accrual="lose"), (0, 0)),
    "complete": (ThreePlusThree, replace(EVERYTHING, decides="complete"), (7, 0)),
    "plain": (ThreePlusThree, Timing(arrivals=GAP), (0, 0)),
    "rolling six": (RollingSix, EVERYTHING, (7, 2)),
}


@cache
def courses(name: str, trials: int = 40) -> tuple[Course, ...]:
    kind, timing, (alone, apart) = SETTINGS[name]
    protocol = protocol_of(kind(n_levels=3), alone=alone, apart=apart)
    return tuple(follow_trials(protocol, P3, timing, trials=trials, seed=3))


@pytest.mark.parametrize("name", SETTINGS)
def test_every_decision_is_the_rules_on_what_was_known_on_that_day(name):
    design = SETTINGS[name][0](n_levels=3)
    n_decisions = 0
    for course in courses(name):
        level = design.start
        for made in course.of_kind(Kind.DECIDED):
            said = design.decide(seen_until(course, made.day, 3), level)
            assert said.settled, (course.number, made)
            assert (said.level, said.mtd) == (made.decision.level, made.decision.mtd)
            level = level if said.level is None else said.level
            n_decisions += 1
    assert n_decisions > 80


@pytest.mark.parametrize("name", SETTINGS)
def test_patients_are_dosed_as_the_stagger_and_the_decisions_allow(name):
    _, timing, (alone, apart) = SETTINGS[name]
    for course in courses(name):
        lost = {one.patient: one.day for one in course.of_kind(Kind.DROPPED_OUT)}
        lost |= {one.patient: one.day for one in course.of_kind(Kind.DOSE_NOT_REACHED)}
        opened = {1: 0.0} | {
            one.cohort + 1: one.day + timing.decision_delay_days
            for one in course.of_kind(Kind.DECIDED)
        }
        for cohort, dosed in by_cohort(course):
            assert dosed[0].day >= opened[cohort]
            for k, one in enumerate(dosed[1:], start=1):
                earlier = dosed[:k]
                assert one.day >= max(other.day for other in earlier) + apart - 1e-9
                ends = [
                    other.day + alone
                    for other in earlier
                    if lost.get(other.patient, np.inf) >= other.day + alone
                ]
                assert not ends or one.day >= min(ends) - 1e-9
            closed = opened.get(cohort + 1, np.inf) - timing.decision_delay_days
            assert all(one.day <= closed for one in dosed)


def by_cohort(course: Course) -> Iterator[tuple[int, list]]:
    cohorts: dict[int, list] = {}
    for one in course.of_kind(Kind.DOSED):
        cohorts.setdefault(one.cohort, []).append(one)
    return iter(cohorts.items())


@pytest.mark.parametrize("name", SETTINGS)
def test_single_trials_add_up_to_the_figures(name):
    kind, timing, (alone, apart) = SETTINGS[name]
    protocol = protocol_of(kind(n_levels=3), alone=alone, apart=apart)
    found = simulate_timeline(protocol, P3, timing, trials=40, seed=3)
    single = courses(name)
    assert found.t_decision.values.tolist() == [course.t_decision for course in single]
    assert found.t_last.values.tolist() == [course.t_last for course in single]
    for figure, kind_of in (
        ("n_patients", Kind.DOSED),
        ("n_dlts", Kind.DLT),
        ("n_decisions", Kind.DECIDED),
        ("n_not_manufactured", Kind.NOT_MANUFACTURED),
        ("n_dose_not_reached", Kind.DOSE_NOT_REACHED),
    ):
        counted = sum(len(list(course.of_kind(kind_of))) for course in single)
        assert found.figures[figure].mean * 40 == pytest.approx(counted)
    waited = 0.0
    for course in single:
        arrived = {one.patient: one.arrived for one in course.of_kind(Kind.ENROLLED)}
        dosed = list(course.of_kind(Kind.DOSED, Kind.NOT_MANUFACTURED))
        waited += sum(one.day - arrived[one.patient] for one in dosed)
    if timing.accrual == "wait":
        assert found.figures["waiting_days"].mean * 40 == pytest.approx(waited)
    assert sum(level.mean for level in found.days) == pytest.approx(found.t_decision.moments.mean)
    idle = sum(map(idle_days, single)) / 40
    assert found.figures["idle_days"].mean == pytest.approx(idle)


def idle_days(course: Course) -> float:
    """Return the days until the last decision on which nobody was in the DLT window."""
    ends = {
        one.patient: one.day
        for one in course.of_kind(Kind.DLT, Kind.WINDOW_CLOSED, Kind.DROPPED_OUT)
    }
    idle, busy = 0.0, 0.0
    for one in course.of_kind(Kind.DOSED):
        idle += max(one.day - busy, 0)
        busy = max(busy, ends.get(one.patient, one.day))
    return idle + max(course.t_decision - busy, 0)


def test_a_cohort_that_is_settled_before_it_was_dosed_does_not_turn_in_a_circle():
    """BOIN stays at the highest level whatever nine patients come to: their dosing is awaited."""
    design = make_design("boin", n_levels=1, target=0.25, max_patients=18)
    timing = Timing(arrivals=Regular(gap_days=1), accrual="wait", decides="settled")
    for course in follow_trials(protocol_of(design, alone=7), [0.1], timing, trials=20):
        assert len(list(course.of_kind(Kind.DOSED))) == 18


def test_a_cohort_whose_first_patient_is_lost_goes_on_and_is_not_decided_again():
    """By hand: lost on day 6, who comes on day 10 has the place; all is known on 20 + 28."""
    timing = Timing(arrivals=Regular(gap_days=5), decision_delay_days=10)
    patients = [GivenPatient(dropped_after=1)]
    protocol = protocol_of(ThreePlusThree(n_levels=2))
    (course,) = follow_trials(protocol, P3[:2], timing, trials=1, patients=patients)
    assert [one.day for one in course.of_kind(Kind.DOSED)][:5] == [5, 10, 15, 20, 60]
    assert next(course.of_kind(Kind.DECIDED)).day == 48


# ---------------------------------------------------------------- chunks and workers


@pytest.mark.parametrize("timing", [EVERYTHING, Timing(arrivals=GAP)])
def test_results_do_not_depend_on_workers(timing, monkeypatch):
    monkeypatch.setattr(run, "CHUNK", 100)
    protocol = protocol_of(ThreePlusThree(n_levels=3), alone=7)
    alone = simulate_timeline(protocol, P3, timing, trials=350, seed=8)
    done: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        together = simulate_timeline(
            protocol, P3, timing, trials=350, seed=8, executor=pool, progress=done.append
        )
    assert together.to_dict() == alone.to_dict()
    assert sorted(done) == [50, 100, 100, 100]
    first = [course.t_last for course in follow_trials(protocol, P3, timing, trials=100, seed=8)]
    assert alone.t_last.values[:100].tolist() == first


# ---------------------------------------------------------------- figures


def test_arrivals_that_are_given_run_out_and_the_trial_is_unfinished():
    found = simulate_timeline(
        protocol_of(ThreePlusThree(n_levels=3)), P3, Timing(arrivals=Given(days=(1, 2))), trials=5
    )
    assert found.p_unfinished == 1
    assert found.t_decision.p_by(1e9) == (0, 0)
    assert found.figures["n_patients"].mean == 2


def test_rates_of_sites_and_of_a_ramp_are_met():
    """The 18th patient's day, by hand: ten are expected until day 100, and then two a day."""
    protocol = protocol_of(ThreePlusThree(n_levels=5), 1, infusion=1)
    site = Site(name="A", mean_gap_days=10)
    late = [Site(name=name, mean_gap_days=20 / 19, opens_day=100) for name in "BC"]
    for arrivals in (
        Poisson(mean_gap_days=10, ramp=((100, 0.5),)),
        Poisson(sites=(site, *late)),
    ):
        found = simulate_timeline(
            protocol, [0] * 5, Timing(arrivals=arrivals, accrual="wait"), trials=2000
        )
        # 18 patients: five levels of three, and three more at the highest
        expected = 100 + (18 - 10) / 2
        assert found.t_decision.moments.mean == pytest.approx(expected, rel=0.02)


def test_nobody_comes_before_a_site_opens():
    late = Poisson(sites=(Site(name="A", opens_day=500, mean_gap_days=5),))
    (course,) = follow_trials(
        protocol_of(ThreePlusThree(n_levels=1)), [0.1], Timing(arrivals=late), trials=1
    )
    assert 500 < course.happenings[0].day < 600


def test_screening_failures_stretch_the_trial_and_are_counted():
    protocol = protocol_of(ThreePlusThree(n_levels=3))
    for arrivals in (GAP, Regular(gap_days=10)):
        for accrual in ("lose", "wait"):
            timing = Timing(arrivals=arrivals, screen_failure=0.5, accrual=accrual)
            found = simulate_timeline(protocol, [0, 0, 0], timing, trials=2000).figures
            plain = simulate_timeline(
                protocol, [0, 0, 0], replace(timing, screen_failure=0.0), trials=2000
            ).figures
            assert plain["n_screen_failures"].mean == 0
            passed = 12 + found["n_still_waiting"].mean
            assert found["n_screen_failures"].mean == pytest.approx(passed, rel=0.05)
            assert found["n_arrived"].mean > plain["n_arrived"].mean


def test_who_comes_at_the_moment_of_the_last_decision_has_come():
    """By hand: outcomes are known at once, six patients come every week, 30 % of them fail."""
    protocol = protocol_of(ThreePlusThree(n_levels=1), 1, infusion=1)
    for arrivals in (Regular(gap_days=7), Given(days=tuple(range(7, 7_000, 7)))):
        timing = Timing(arrivals=arrivals, screen_failure=0.3)
        found = simulate_timeline(protocol, [0.0], timing, trials=4000)
        came, failed = (found.figures[name] for name in ("n_arrived", "n_screen_failures"))
        assert came.mean == pytest.approx(found.t_decision.moments.mean / 7)
        assert came.mean == pytest.approx(6 + failed.mean)
        assert abs(failed.mean - 6 * 0.3 / 0.7) < 4 * failed.se


def test_dlts_after_given_days_and_late_dlts_come_when_they_should():
    protocol = protocol_of(ThreePlusThree(n_levels=1))

    def days(times) -> list[float]:
        timing = Timing(arrivals=GAP, time_to_dlt=times)
        found = []
        for course in follow_trials(protocol, [0.6], timing, trials=500):
            dosed = {one.patient: one.day for one in course.of_kind(Kind.DOSED)}
            found += [one.day - dosed[one.patient] for one in course.of_kind(Kind.DLT)]
        return found

    assert {round(day, 6) for day in days(GivenTimes(days=(3, 9.5)))} == {3, 9.5}
    late = np.array(days(Weibull(late_share=0.8)))
    assert late.max() < 28
    assert np.mean(late > 14) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("arrivals", [GAP, Regular(gap_days=9.5)])
def test_on_whole_days_everything_happens_on_whole_days_and_trials_are_as_long(arrivals):
    timing = Timing(
        arrivals=arrivals,
        dropout=0.2,
        dose_not_reached=0.1,
        decision_delay_days=1.5,
        accrual="wait",
    )
    protocol, on_days = protocol_of(ThreePlusThree(n_levels=3)), replace(timing, whole_days=True)
    for course in follow_trials(protocol, P3, on_days, trials=20):
        assert all(one.day == int(one.day) for one in course.happenings)
        for one in course.of_kind(Kind.ENROLLED):  # in its order, as in ``Course``
            own = [other.kind for other in course.happenings if other.patient == one.patient]
            assert own[:2] == [Kind.ENROLLED, Kind.DOSED]
    found, days = (simulate_timeline(protocol, P3, t, trials=1000) for t in (timing, on_days))
    for a, b in ((found.t_decision.moments, days.t_decision.moments),):
        delay = 0.5 * found.figures["n_decisions"].mean  # 1.5 days are two whole ones
        assert abs(b.mean - a.mean - delay) < 4 * (a.se**2 + b.se**2) ** 0.5 + 2


def test_correlated_patients_have_the_same_dlts_in_the_mean_and_more_spread():
    design = make_design("3+3", n_levels=1)
    timing = Timing(arrivals=GAP)
    apart = simulate_timeline(protocol_of(design), [0.3], timing, trials=4000)
    alike = simulate_timeline(
        protocol_of(design), [0.3], replace(timing, correlation=0.6), trials=4000
    )
    assert alike.p_select[0] > apart.p_select[0] + 0.03


def test_costs_are_patients_and_days_at_their_prices():
    timing = Timing(arrivals=GAP, costs=Costs(per_patient=3, per_day=2))
    found = simulate_timeline(protocol_of(ThreePlusThree(n_levels=2)), [0.1, 0.2], timing, trials=9)
    expected = 3 * found.figures["n_patients"].mean + 2 * found.t_last.moments.mean
    assert found.figures["cost"].mean == pytest.approx(expected)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": protocol_of(ThreePlusThree(n_levels=3), None)}, "names no DLT window"),
        (
            {"protocol": protocol_of(ThreePlusThree(n_levels=3), 14, alone=15)},
            "first_alone_days is 15 in the protocol, longer than the DLT window of 14 days",
        ),
        (
            {"protocol": protocol_of(ThreePlusThree(n_levels=3), 14, apart=20)},
            "next_apart_days is 20 in the protocol",
        ),
        (
            {"protocol": protocol_of(ThreePlusThree(n_levels=3), 10**400)},
            "is longer than 36525 days, a century",
        ),
        ({"protocol": 3}, "a protocol is needed, not int"),
        ({"timing": None}, "a Timing is needed, not NoneType"),
        ({"p_dlt": [0.1, 0.2]}, "the ladder has 3 levels"),
        ({"p_dlt": [0.1, 0.2, 1.5]}, "must be from 0 to 1, not 1.5"),
        ({"p_dlt": [0.1, 0.2, np.nan]}, "must be from 0 to 1, not nan"),
        ({"trials": 0}, "trials must be a whole number from 1, not 0"),
        ({"trials": 10**9}, "trials must be at most 10,000,000"),
        ({"seed": -1}, "seed must be a whole number from 0, not -1"),
        (
            {"timing": Timing(arrivals=GAP, time_to_dlt=GivenTimes(days=(3, 30)))},
            "a DLT after 30 days lies outside the DLT window of 28 days",
        ),
        (
            {"timing": Timing(arrivals=GAP, not_manufactured=(0.1, 0.1))},
            "not_manufactured: needs one probability a level, 3 in all, not 2",
        ),
        (
            {"timing": Timing(arrivals=GAP, dropout=0.9, not_manufactured=(0, 0, 0.95))},
            "leave less than one patient in a hundred who counts",
        ),
        (
            {"protocol": protocol_of(make_design("accelerated", n_levels=3))},
            "p_moderate is needed",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(change, message):
    given = {
        "protocol": protocol_of(ThreePlusThree(n_levels=3)),
        "p_dlt": P3,
        "timing": Timing(arrivals=GAP),
        "trials": 10,
        **change,
    }
    with pytest.raises(Exception, match=message) as caught:
        simulate_timeline(**given)
    assert "\n" not in str(caught.value)


def test_a_trial_that_never_ends_is_given_up_with_a_clear_word(monkeypatch):
    from simulations.engines.timeline import walk

    monkeypatch.setattr(walk, "_MOST_STEPS", 300)
    timing = Timing(arrivals=GAP, dropout=0.99)
    with pytest.raises(InputError, match="300 events without an end: too many patients are"):
        simulate_timeline(protocol_of(ThreePlusThree(n_levels=1)), [0.0], timing, trials=2)


def test_a_certain_dlt_ends_the_trial_at_the_lowest_level():
    timing = replace(EVERYTHING, dose_not_reached=0.0)
    found = simulate_timeline(protocol_of(ThreePlusThree(n_levels=3)), [1, 1, 1], timing, trials=50)
    assert found.p_no_mtd == 1


def test_a_cohort_whose_only_patient_is_lost_goes_on_without_a_decision():
    """The graph's situations are those that are asked one by one: no delay, no second cohort."""
    timing = Timing(arrivals=Regular(gap_days=10), decision_delay_days=6, accrual="wait")
    patients = [GivenPatient(dropped_after=4)]
    protocol = protocol_of(ThreePlusThree(n_levels=2))
    (course,) = follow_trials(protocol, [0, 0], timing, trials=1, patients=patients)
    first = [(h.day, h.cohort) for h in course.of_kind(Kind.DOSED)][:4]
    assert first == [(10, 1), (20, 1), (30, 1), (40, 1)]
    assert next(course.of_kind(Kind.DECIDED)).day == 40 + 28
