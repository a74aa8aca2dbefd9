"""Simulated patients in the tracker: they enter by the plan's criteria, and nothing is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest

from escalation.plan import Plan
from escalation.plan.eligibility import Answer, judge
from escalation.plan.load import load_plan
from escalation.protocol import Protocol, load_protocol
from escalation.trial import TrialState, departures, warnings
from escalation.trial.events import FindingsRecorded, Leaving, Sex, SubjectEnrolled
from escalation.trial.evolve import advance
from escalation.trial.screening.judging import eligibility_of
from escalation.trial.state import Recorded
from simulations.engines.timeline.course import Course, Kind
from simulations.engines.timeline.run import follow_trials
from simulations.patients.assumptions import Patients
from simulations.patients.draw import draw_patient
from simulations.patients.rehearsal import rehearse
from simulations.patients.screening import answer_criteria, failing_criteria
from simulations.timing.assumptions import Poisson, Timing

PROTOCOL, PLAN = load_protocol("nct07123519"), load_plan("nct07123519")
CURVE = (0.05, 0.10, 0.20, 0.35)
OPENED = date(2020, 1, 1)
TIMING = Timing(
    arrivals=Poisson(mean_gap_days=10),
    screen_failure=0.2,
    dropout=0.15,
    not_manufactured=0.05,
    decision_delay_days=3,
    decides="settled",
    accrual="wait",
    whole_days=True,
)


@cache
def courses(trials: int = 2) -> list[Course]:
    return list(follow_trials(PROTOCOL, CURVE, TIMING, trials=trials))


@cache
def replayed(place: int = 0) -> tuple[TrialState, list[Recorded]]:
    """Return one of the courses as recorded, once for all tests."""
    return replay(courses()[place])


def replay(
    course: Course,
    plan: Plan = PLAN,
    seed: int = 1,
    *,
    assumed: Patients = Patients(),  # noqa: B008  # frozen
    timing: Timing = TIMING,
) -> tuple[TrialState, list[Recorded]]:
    state, entries = TrialState(), []
    steps = rehearse(course, PROTOCOL, plan, assumed, opened=OPENED, timing=timing, seed=seed)
    for command, recorder in steps:
        for event in command(state, recorder):
            seq = state.seq + 1
            entry = Recorded(
                seq=seq, at=recorder.at, by=recorder.name, hash=f"{seq:064x}", event=event
            )
            advance(state, entry)
            entries.append(entry)
    return state, entries


@pytest.mark.parametrize("trials", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_every_simulated_trial_is_recorded_without_a_breach_or_a_departure(trials: int):
    for place, course in enumerate(courses(trials)):
        state, _ = replayed(place) if trials == 2 else replay(course)
        said = [remark.text for remark in departures(state)]
        said += [remark.text for remark in warnings(state, date(2030, 1, 1))]
        assert [text for text in said if "were planned" not in text] == []
        assert state.oddities == []


HARD = replace(TIMING, dropout=0.4, not_manufactured=0.2, decision_delay_days=10)
MISSING = replace(Patients(), missed=0.25, not_assessed=0.2, jitter_days=4.0)


@pytest.mark.parametrize(
    ("timing", "assumed", "numbers"),
    [
        (TIMING, Patients(), [2]),
        pytest.param(TIMING, Patients(), (22, 23, 24, 26, 34), marks=pytest.mark.slow),
        pytest.param(HARD, MISSING, (17, 28, 33, 38), marks=pytest.mark.slow),
    ],
)
def test_who_loses_a_place_and_gets_another_is_eligible_then(timing, assumed, numbers):
    """Of 80 trials 10 could not be recorded.

    A result had become too old by the second place; a severe event was reported between a decision
    and its approval; a visit was missed that was not due any more.
    """
    n_again = 0
    for course in follow_trials(PROTOCOL, CURVE, timing, trials=40, seed=123):
        if course.number not in numbers:
            continue
        state, _ = replay(course, seed=9, assumed=assumed, timing=timing)
        for found in course.of_kind(Kind.WITHDRAWN):
            subject = state.subjects.get(f"S-{found.patient:03}")
            if subject is not None and subject.dosed_on is not None:
                n_again += 1
                on = subject.enrolment.on
                assert eligibility_of(state, subject.id, on).verdict == "eligible"
    assert n_again


def test_whoever_is_enrolled_is_eligible_and_whoever_fails_is_not():
    for place in range(2):
        state, entries = replayed(place)
        for entry in entries:
            if isinstance(entry.event, SubjectEnrolled):
                found = eligibility_of(state, entry.event.subject, entry.event.on)
                assert found.verdict == "eligible"
        assert state.not_enrolled
        for _, failure in state.not_enrolled:
            assert eligibility_of(state, failure.subject, failure.on).verdict == "not eligible"


@pytest.mark.parametrize("disease", [disease.name for disease in PLAN.diseases])
@pytest.mark.parametrize("female", [0.0, 1.0])
def test_answers_are_found_that_meet_every_criterion_but_one(disease: str, female: float):
    """Whatever the criteria: each that somebody can fail on is failed, and none but it."""
    draws = np.random.default_rng(1)
    patient = draw_patient(replace(Patients(), female=female), 1.0, draws)
    sex, on = Sex(patient.sex), date(2026, 3, 2)
    for but in (None, *failing_criteria(PLAN, disease, sex)):
        findings = answer_criteria(PLAN, disease, patient, on, draws, but=but)
        answers: dict[str, list[Answer]] = {}
        for found in sorted(findings, key=lambda found: found.on or on):
            names = ("value", "unit", "answer", "lower", "upper")
            said = {name: getattr(found, name) for name in names}
            answers.setdefault(found.test, []).append(Answer(on=found.on or on, **said))
        judged = judge(PLAN, answers, disease=disease, sex=str(sex), on=on)
        wrong = [
            item.criterion.id for item in judged.items if item.status in ("not met", "unknown")
        ]
        assert wrong == ([] if but is None else [but])


def test_patients_are_the_same_whatever_happens_to_others():
    """Each has random numbers of their own, so that two designs can be rehearsed on the same."""
    course = courses()[0]
    kinds = [happening.kind for happening in course.happenings]
    until = kinds.index(Kind.DECIDED) + 1
    shorter = replace(course, happenings=course.happenings[:until])
    weights = [
        {s.id: s.enrolment.weight_kg for s in state.subjects.values()}
        for state, _ in (replayed(), replay(shorter))
    ]
    assert 0 < len(weights[1]) < len(weights[0])
    assert weights[1].items() <= weights[0].items()


def test_every_visit_up_to_the_end_of_somebodys_part_is_recorded_or_missed():
    state, _ = replayed()
    names = [visit.name for visit in PLAN.visits]
    dosed = [subject for subject in state.subjects.values() if subject.dosed_on is not None]
    assert len(dosed) > 3
    for subject in dosed:
        chart = state.chart(subject.id)
        seen = [fact.event.visit for fact in chart.visits]
        assert seen == names[: len(seen)]
        assert chart.left is not None
        assert (chart.left.event.why is Leaving.COMPLETED) == (seen == names)


def test_the_same_seed_gives_the_same_record_and_another_another():
    course = courses()[0]
    records = (replayed(), replay(course), replay(course, seed=2))
    events = [[entry.event for entry in entries] for _, entries in records]
    assert events[0] == events[1] != events[2]
    assert any(isinstance(event, FindingsRecorded) for event in events[0])


def test_a_plan_without_criteria_and_visits_adds_only_screening():
    state, _ = replay(courses()[0], Plan(name="nothing"))
    assert all(not state.chart(s).findings and not state.chart(s).visits for s in state.subjects)
    assert all(state.chart(s).screening for s in state.subjects)


@pytest.mark.parametrize("kept", [(), ("haematological",), ("CRS", "haematological")])
def test_a_dlt_is_one_by_the_protocols_own_definition(kept: tuple[str, ...]):
    """Whatever its rules name: an event of their first category, ruled with a reason if need be."""
    document = PROTOCOL.document | {"sources": {}}
    rules = [rule for rule in document["dlt"]["rules"] if rule["name"] in kept]
    protocol = Protocol.from_document(document | {"dlt": document["dlt"] | {"rules": rules}})
    toxic = (0.4, 0.5, 0.6, 0.7)
    course = next(iter(follow_trials(protocol, toxic, TIMING, trials=1)))
    steps = rehearse(course, protocol, PLAN, Patients(), timing=TIMING, opened=OPENED)
    state = TrialState()
    for command, recorder in steps:
        for event in command(state, recorder):
            seq = state.seq + 1
            advance(state, Recorded(seq=seq, at=recorder.at, by=recorder.name,
                                    hash=f"{seq:064x}", event=event))  # fmt: skip
    ruled = [e for s in state.subjects.values() for e in s.events if e.adjudications]
    assert len(ruled) == len(list(course.of_kind(Kind.DLT))) > 0
    categories = {event.now.category for event in ruled}
    assert categories == ({rules[0]["category"]} if rules else {None})
    reasons = {event.adjudications[-1].event.reason for event in ruled}
    assert (None in reasons) is (kept != ("haematological",))
