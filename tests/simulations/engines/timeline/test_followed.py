"""Designs that decide on follow-up, in time: against dfcrm, TITEgBOIN and bfboin."""

from __future__ import annotations

from functools import cache
from statistics import mean, stdev

import numpy as np
import pytest

from escalation.designs import Design, make_design
from escalation.outcomes import FollowUp, Tally
from escalation.protocol import Protocol
from simulations.engines.timeline.course import Course, Kind, SoFar, Underway
from simulations.engines.timeline.result import Timeline
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.timing.assumptions import Poisson, Regular, Timing, Weibull

from .reference import protocol_of, rows

WINDOW = 28


def numbers(text: str) -> list[float]:
    return [float(number) for number in text.split()]


def tite_crm(row: dict[str, str], **options) -> Design:
    """As dfcrm's titesim: cohorts of one, no skipping, nothing ends the trial but its size."""
    return make_design(
        "tite-crm",
        n_levels=5,
        start=int(row["x0"]) - 1,
        target=float(row["target"]),
        cohort_size=1,
        max_patients=int(row["n"]),
        skeleton=tuple(numbers(row["prior"])),
        prior_sd=1.34**0.5,
        cutoff_stop=1.0,
        coherent=False,
        **options,
    )


def tite_boin(**options) -> Design:
    given = {"target": 0.25, "max_patients": 30, "likelihood": "linyuan2020", **options}
    return make_design("tite-boin", n_levels=5, **given)


def far_off(
    found: Timeline, row: dict[str, str], n: int, names: dict[str, str]
) -> dict[str, float]:
    """Return by how many standard errors shares and means are off, where it is by four."""
    z = {}
    share = 100 if max(numbers(row["sel"])) > 1 else 1
    for k, (mine, theirs) in enumerate(
        zip(found.p_select, np.array(numbers(row["sel"])) / share, strict=True)
    ):
        pooled = (mine * found.trials + theirs * n) / (found.trials + n)
        error = (pooled * (1 - pooled) * (1 / found.trials + 1 / n)) ** 0.5
        z[f"sel {k}"] = (mine - theirs) / error if error else 0.0
    for name, of in names.items():
        for k, (moments, theirs) in enumerate(
            zip(getattr(found, of), numbers(row[name]), strict=True)
        ):
            error = moments.sd * (1 / found.trials + 1 / n) ** 0.5
            z[f"{name} {k}"] = (moments.mean - theirs) / error if error else 0.0
    return {name: value for name, value in z.items() if abs(value) >= 4}


def run_tite_crm(row: dict[str, str], trials: int) -> Timeline:
    gap = float(row["obswin"]) / float(row["rate"])
    fixed = row["accrual"] == "fixed"
    arrivals = Regular(gap_days=gap) if fixed else Poisson(mean_gap_days=gap)
    return simulate_timeline(
        protocol_of(tite_crm(row), WINDOW),
        numbers(row["PI"]),
        Timing(arrivals=arrivals),
        trials=trials,
        seed=31,
    )


OWN = {row["id"]: row for row in rows("titecrm_oc_own.csv")}
BY_LEVEL = {"level": "patients", "tox": "dlts"}


def test_tite_crm_treats_and_selects_as_an_independent_simulation():
    row = OWN["poisson_rate4_PI4"]
    assert far_off(run_tite_crm(row, 500), row, 20_000, BY_LEVEL) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", OWN)
def test_tite_crm_treats_and_selects_as_titesim_and_an_independent_simulation(name):
    found = run_tite_crm(OWN[name], 1500)
    assert far_off(found, OWN[name], 20_000, BY_LEVEL) == {}
    titesim = next(r for r in rows("titecrm_titesim_dfcrm.csv") if r["id"] == name)
    assert far_off(found, titesim, 400, BY_LEVEL) == {}


def test_tite_crms_trials_take_as_long_as_titesims():
    """By hand: 24 patients every two weeks, and the last one's window: 24 * 14 + 28."""
    row = OWN["fixed_rate2"]
    protocol = protocol_of(tite_crm(row), WINDOW)
    timing = Timing(arrivals=Regular(gap_days=14))
    for course in follow_trials(protocol, [0.01] * 5, timing, trials=20):
        *_, last = course.of_kind(Kind.ENROLLED)
        assert last.day + WINDOW == 364 == float(row["duration_mean"])


TITE_BOIN = rows("titeboin_oc_TITEgBOIN.csv")


@pytest.mark.slow
@pytest.mark.parametrize("row", TITE_BOIN, ids=lambda row: f"{row['p']}, rate {row['rate']}")
def test_tite_boin_treats_selects_and_lasts_as_titegboin(row):
    protocol = protocol_of(tite_boin(), WINDOW)
    timing = Timing(
        arrivals=Poisson(mean_gap_days=WINDOW / float(row["rate"])),
        time_to_dlt=Weibull(late_share=0.5),
    )
    found = simulate_timeline(protocol, numbers(row["p"]), timing, trials=2000, seed=31)
    n = int(row["ntrial"])
    assert far_off(found, row, n, {"npat": "patients", "ntox": "dlts"}) == {}
    # its first patient comes on day 0, and the end is when the last one's window closes
    months = []
    for course in follow_trials(protocol, numbers(row["p"]), timing, trials=500, seed=31):
        came = [one.day for one in course.of_kind(Kind.ENROLLED)]
        months.append((came[-1] - came[0] + WINDOW) / WINDOW)
    error = stdev(months) * (1 / 500 + 1 / n) ** 0.5
    assert abs(mean(months) - float(row["duration"])) < 4 * error


@pytest.mark.slow
@pytest.mark.parametrize("row", rows("bfboin_oc.csv"), ids=lambda row: row["p"])
def test_boin_without_backfill_treats_selects_and_lasts_as_bfboin(row):
    """Which decides when somebody comes; that makes no difference where nobody waits."""
    design = make_design("boin", n_levels=5, target=0.25, max_patients=30, n_earlystop=9)
    found = simulate_timeline(
        protocol_of(design, 30),
        numbers(row["p"]),
        Timing(arrivals=Poisson(mean_gap_days=10)),
        trials=2000,
        seed=31,
    )
    n = int(row["ntrial"])
    assert far_off(found, row, n, {"npat": "patients", "ntox": "dlts"}) == {}
    lasted = found.t_decision.moments
    months = (lasted.mean - 10) / 30  # its first patient comes on day 0
    assert abs(months - float(row["duration"])) < 4 * lasted.sd / 30 * (1 / 2000 + 1 / n) ** 0.5


def test_enrolment_is_suspended_from_the_patient_who_fills_the_cohort_on():
    """By hand: on days 1, 2, 3; two of three are known on day 30; on 30, 31, 32; the end on 60."""
    design = make_design("tite-boin", n_levels=2, target=0.25, max_patients=6)
    timing = Timing(arrivals=Regular(gap_days=1))
    found = simulate_timeline(protocol_of(design, WINDOW), [0.0, 0.0], timing, trials=1)
    assert found.t_decision.moments.mean == 60
    assert found.figures["suspended_days"].mean == (30 - 3) + (60 - 32)


# ---------------------------------------------------------------- nothing from the future

DESIGNS = {
    "tite-crm": {"target": 0.25, "max_patients": 12, "cohort_size": 1},
    "tite-crm, adaptive": {"target": 0.25, "max_patients": 12, "weights": "adaptive"},
    "tite-boin": {"target": 0.25, "max_patients": 18},
}
P4 = [0.1, 0.2, 0.35, 0.5]


@cache
def setting(name: str, accrual: str) -> tuple[Protocol, Timing]:
    design = make_design(name.partition(",")[0], n_levels=4, **DESIGNS[name])
    timing = Timing(
        arrivals=Poisson(mean_gap_days=7),
        dropout=0.1,
        accrual=accrual,
        decision_delay_days=2,
    )
    return protocol_of(design, WINDOW, alone=3), timing


def seen_until(course: Course, day: float, cohort: int) -> tuple[list[Tally], Tally, list]:
    """Return what was known at a decision: tallies, the last cohort's, and follow-up."""
    tallies, last, follow_up = [Tally()] * 4, Tally(), []
    known: dict[int, object] = {}
    for one in course.of_kind(Kind.DLT, Kind.WINDOW_CLOSED, Kind.DROPPED_OUT):
        if one.day <= day:
            known[one.patient] = one
    dosed = {one.patient: one.day for one in course.of_kind(Kind.DOSED)}
    for one in course.of_kind(Kind.ENROLLED):
        withdrawn = one.patient not in dosed
        if one.day > day or one.cohort > cohort or withdrawn:
            continue
        outcome = known.get(one.patient)
        kind = None if outcome is None else outcome.kind
        tally = {
            None: Tally(n_pending=1),
            Kind.DLT: Tally(n_evaluable=1, n_dlts=1),
            Kind.WINDOW_CLOSED: Tally(n_evaluable=1),
            Kind.DROPPED_OUT: Tally(),
        }[kind]
        tallies[one.level] = tallies[one.level].plus(tally)
        last = last.plus(tally) if one.cohort == cohort else last
        if kind in (None, Kind.DLT):
            until = day if outcome is None else outcome.day
            days = min(max(until - dosed[one.patient], 0.0), WINDOW)
            follow_up.append(
                FollowUp(level=one.level, days=days, window_days=WINDOW, has_dlt=bool(outcome))
            )
    return tallies, last, follow_up


@pytest.mark.parametrize("accrual", ["lose", "wait"])
@pytest.mark.parametrize("name", DESIGNS)
def test_every_decision_is_the_rules_on_the_follow_up_of_that_day(name, accrual):
    protocol, timing = setting(name, accrual)
    design, n_decisions = protocol.design, 0
    for course in follow_trials(protocol, P4, timing, trials=15, seed=3):
        level = design.start
        for made in course.of_kind(Kind.DECIDED):
            tallies, last, follow_up = seen_until(course, made.day, made.cohort)
            said = design.decide(tallies, level, last, follow_up)
            assert (said.level, said.n_to_enrol, said.mtd) == (
                made.decision.level,
                made.decision.n_to_enrol,
                made.decision.mtd,
            )
            level = level if said.level is None else said.level
            n_decisions += 1
    assert n_decisions > 50


@pytest.mark.parametrize("name", DESIGNS)
def test_a_trial_with_follow_up_that_has_begun_goes_on(name):
    protocol, timing = setting(name, "wait")
    size = protocol.design.decide([Tally()] * 4, 0).n_to_enrol
    fresh = simulate_timeline(protocol, P4, timing, trials=200, seed=1)
    begun = simulate_timeline(
        protocol,
        P4,
        timing,
        trials=200,
        seed=2,
        underway=Underway(day=0.0, patients=(), level=0, n_free=size),
    )
    a, b = fresh.t_decision.moments, begun.t_decision.moments
    assert abs(a.mean - b.mean) < 4 * (a.se**2 + b.se**2) ** 0.5
    patients = [SoFar(cohort=1, level=0, dosed=5.0 * k) for k in range(size)]
    later = simulate_timeline(
        protocol,
        P4,
        timing,
        trials=50,
        underway=Underway(day=20.0, patients=patients, level=0, n_free=0),
    )
    assert later.t_decision.values.min() > 20
    assert later.figures["n_patients"].mean >= size
