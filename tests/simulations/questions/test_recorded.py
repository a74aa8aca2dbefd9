"""Simulated trials in the tracker: no breach of a gate, and no departure from the rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from escalation.ledger import create_ledger
from escalation.protocol import Enrolment, Protocol, load_protocol
from escalation.tracker import Tracker
from escalation.trial import TrialState, departures, evolve, warnings
from escalation.trial.state import Recorded
from simulations.engines.timeline.course import Course
from simulations.engines.timeline.run import follow_trials
from simulations.questions.recorded import steps_of
from simulations.timing.assumptions import Poisson, Timing

OPENED = date(2026, 1, 1)
CURVE = (0.05, 0.10, 0.20, 0.35)
EVERYTHING = Timing(
    arrivals=Poisson(mean_gap_days=10),
    dropout=0.1,
    not_manufactured=0.05,
    decision_delay_days=3,
    decides="settled",
    accrual="wait",
)
ON_DAYS = replace(EVERYTHING, whole_days=True)


def replay(course: Course, protocol: Protocol) -> TrialState:
    """Return what the tracker's commands come to; they refuse what a gate forbids."""
    state = TrialState()
    delay = EVERYTHING.decision_delay_days
    for command, recorder in steps_of(course, protocol, opened=OPENED, delay_days=delay):
        for event in command(state, recorder):
            seq = state.seq + 1
            entry = Recorded(
                seq=seq, at=recorder.at, by=recorder.name, hash=f"{seq:064x}", event=event
            )
            state = evolve(state, entry)
    return state


def check(course: Course, protocol: Protocol) -> None:
    state = replay(course, protocol)
    said = [remark.text for remark in departures(state)]
    said += [remark.text for remark in warnings(state, OPENED + timedelta(days=9_999))]
    assert [text for text in said if "were planned" not in text] == []
    dosed = [subject for subject in state.subjects.values() if subject.dosed_on is not None]
    assert all(subject.dosing.event.breaches == () for subject in dosed if subject.dosing)
    assert state.stopped is not None
    mtd = state.stopped.event.chosen.mtd
    assert mtd == (protocol.labels[course.end] if course.end >= 0 else None)


@pytest.mark.parametrize("trials", [8, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_simulated_trial_is_replayed_without_a_breach_or_a_departure(trials: int):
    protocol = load_protocol("nct07123519")
    for course in follow_trials(protocol, CURVE, EVERYTHING, trials=trials):
        check(course, protocol)


TARGET = {"target": 0.3, "max_patients": 18}


DESIGNS = {
    "3+3": {"variant": "declare"},
    "3+3, below": {"variant": "expand-below"},
    "accelerated": {},
    "rolling-six": {},
    "boin": TARGET,
    "keyboard": TARGET,
    "i3+3": TARGET,
    "crm": TARGET,
    "tite-boin": TARGET,
    "tite-boin, 2020": {**TARGET, "likelihood": "linyuan2020"},
    "tite-crm": TARGET,
    "tite-crm, one by one": {**TARGET, "cohort_size": 1, "weights": "adaptive"},
}


@pytest.mark.parametrize("trials", [3, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("staggers", [True, False])
@pytest.mark.parametrize("name", DESIGNS)
def test_trials_under_every_kind_of_design_are_replayed(name: str, staggers: bool, trials: int):
    protocol = load_protocol("nct07123519").with_design(name.partition(",")[0], **DESIGNS[name])
    if not staggers:
        protocol = replace(protocol, enrolment=Enrolment(planned_patients=18))
    moderate = [0.1] * len(CURVE) if protocol.design.asks_moderate else None
    for course in follow_trials(protocol, CURVE, ON_DAYS, trials=trials, p_moderate=moderate):
        check(course, protocol)


@pytest.mark.parametrize("trials", [2, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("staggers", [True, False])
@pytest.mark.parametrize("design", ["accelerated", "rolling-six", "boin", "tite-crm"])
def test_trials_are_replayed_whoever_is_lost_however_many_come(
    design: str, staggers: bool, trials: int
):
    protocol = load_protocol("nct07123519").with_design(design, **DESIGNS[design])
    if not staggers:
        protocol = replace(protocol, enrolment=Enrolment())
    timing = replace(
        ON_DAYS, arrivals=Poisson(mean_gap_days=3), dose_not_reached=0.1, accrual="lose"
    )
    moderate = [0.1] * len(CURVE) if protocol.design.asks_moderate else None
    for course in follow_trials(protocol, CURVE, timing, trials=trials, p_moderate=moderate):
        check(course, protocol)


def test_a_cohort_is_opened_after_the_committees_delay():
    """By hand: the decision is on the day of the last outcome, its approval three days later."""
    protocol = load_protocol("nct07123519")
    courses = follow_trials(protocol, CURVE, ON_DAYS, trials=3)
    for course in courses:
        state = replay(course, protocol)
        days = [(one.opened_on - made.event.on).days for one, made in opened(state)]
        assert days
        assert set(days[1:]) <= {0, 1, 2, 3}
        assert max(days) == 3


def opened(state: TrialState) -> list:
    """Return the cohorts, each with the decision that opened it."""
    return [(one, state.find_decision(one.decision)) for one in state.cohorts]


def test_a_simulated_trial_in_a_ledger_verifies(tmp_path):
    protocol = load_protocol("nct07123519")
    (course,) = follow_trials(protocol, CURVE, EVERYTHING, trials=1)
    with create_ledger(str(tmp_path / "simulated.db")) as ledger:
        tracker = Tracker(ledger, "SIM-1")
        steps = steps_of(course, protocol, opened=OPENED)
        assert tracker.record_new(steps, request="simulated") == tracker.state().seq
        assert tracker.inspect(datetime.now(UTC)).findings == []
        assert tracker.state().stopped is not None
