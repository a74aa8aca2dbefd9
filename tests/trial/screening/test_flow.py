"""The screening log and the flow: held against a count from the entries by another way."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from escalation.outcomes import Outcome
from escalation.trial import (
    adopt_plan,
    enrol_subject,
    leave_study,
    record_outcome,
    record_screening_failure,
)
from escalation.trial.events import (
    Choice,
    Leaving,
    OutcomeRecorded,
    ScreeningFailed,
    SubjectDosed,
    SubjectEnrolled,
    SubjectLeft,
    SubjectScreened,
)
from escalation.trial.screening.flow import Flow, LevelFlow, Reason, count_flow
from escalation.trial.screening.log import screening_log
from tests.trial.bench import CHAIR, SITE, Bench, day
from tests.trial.screening.screened import FIT, PLAN, planned, screen
from tests.trial.small_trials import THREE

REASONS = ("anaemia", "Anaemia ", "withdrew consent", "infection")


def lived(seed: int) -> Bench:
    """Return a trial of three levels in which people come, fail, leave and come again at random."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    bench = planned(THREE)
    for level in (1, 2, 3):
        if level > 1:
            choice = Choice(action="enrol", level=level, n_to_enrol=3)
            bench.open_cohort(choice=choice, rationale="as it came")
        names = [f"S{level}-{number}" for number in range(chance.randint(2, 5))]
        for name in names:
            _come(bench, name, chance)
        for name in names:
            if name in bench.state.subjects and bench.state.subjects[name].dosing is not None:
                _follow(bench, name, chance)
    return bench


def _come(bench: Bench, name: str, chance: random.Random) -> None:
    screen(bench, name, *FIT)
    while chance.random() < 0.3:
        _fail(bench, name, chance)
        if chance.random() < 0.5:
            return
        screen(bench, name, *FIT)
    cohort = bench.state.open_cohorts[0]
    if chance.random() < 0.2:
        return  # in screening still
    if bench.state.n_free(cohort) and len(bench.state.undosed(cohort)) < bench.state.n_free(cohort):
        bench.do(enrol_subject, SITE, subject=name)
        _treat(bench, name, chance)
    elif chance.random() < 0.5:
        bench.do(leave_study, SITE, subject=name, why=Leaving.OTHER, reason="no place")


def _fail(bench: Bench, name: str, chance: random.Random) -> None:
    said: dict[str, Any] = {"reason": chance.choice(REASONS).strip()}
    bench.do(record_screening_failure, SITE, subject=name, **said)


def _treat(bench: Bench, name: str, chance: random.Random) -> None:
    if chance.random() < 0.2:
        said = {"outcome": Outcome.NOT_EVALUABLE, "reason": "progression"}
        bench.do(record_outcome, SITE, subject=name, **said)
        return
    bench.dose(name)


def _follow(bench: Bench, name: str, chance: random.Random) -> None:
    what = chance.choice("TNN?X")
    if what == "T":
        bench.dlt(name)
    elif what == "N":
        bench.no_dlt(name)
    elif what == "X":
        bench.lost(name)
    if chance.random() < 0.3:
        bench.do(
            leave_study, SITE, subject=name, why=chance.choice([Leaving.LOST, Leaving.COMPLETED])
        )


def recount(bench: Bench) -> Counter[str]:
    """Count from the last entries of each person alone, as one would with a pencil."""
    said: dict[str, list[Any]] = {}
    for entry in bench.entries:
        subject = getattr(entry.event, "subject", None)
        if subject is not None:
            said.setdefault(subject, []).append(entry.event)
    found: Counter[str] = Counter()
    for events in said.values():
        kinds = [type(event) for event in events]
        outcomes = [e.outcome for e in events if isinstance(e, OutcomeRecorded)]
        found["screened"] += 1
        found["again"] += kinds.count(SubjectScreened) > 1
        if SubjectEnrolled not in kinds:
            ends = [
                e for e in events if isinstance(e, SubjectScreened | ScreeningFailed | SubjectLeft)
            ]
            name = {SubjectScreened: "in screening", ScreeningFailed: "failed", SubjectLeft: "left"}
            found[name[type(ends[-1])]] += 1
            continue
        found["enrolled"] += 1
        if SubjectDosed not in kinds:
            found["not dosed" if outcomes else "waiting"] += 1
            continue
        level = next(e.level for e in events if isinstance(e, SubjectEnrolled))
        for where in ("", f" {level}"):
            found[f"dosed{where}"] += 1
            if Outcome.DLT in outcomes:
                found[f"dlt{where}"] += 1
                found[f"evaluable{where}"] += 1
            elif Outcome.NO_DLT in outcomes:
                found[f"evaluable{where}"] += 1
            elif Outcome.NOT_EVALUABLE in outcomes:
                found[f"not evaluable{where}"] += 1
            else:
                found[f"pending{where}"] += 1
            why = [e.why for e in events if isinstance(e, SubjectLeft)]
            found[f"completed{where}"] += why == [Leaving.COMPLETED]
            found[f"lost{where}"] += why == [Leaving.LOST]
    return +found


def counted(flow: Flow) -> Counter[str]:
    n: Counter[str] = Counter(
        {
            "screened": flow.n_screened,
            "again": flow.n_again,
            "in screening": flow.n_in_screening,
            "failed": total(flow.failed),
            "left": total(flow.left),
            "enrolled": flow.all.n_enrolled,
            "not dosed": total(flow.all.not_dosed),
            "waiting": flow.all.n_waiting,
        }
    )
    for level in (flow.all, *flow.levels):
        where = "" if level.label is None else f" {level.label}"
        n[f"dosed{where}"] = level.n_dosed
        n[f"dlt{where}"] = level.n_dlts
        n[f"evaluable{where}"] = level.n_evaluable
        n[f"not evaluable{where}"] = level.n_not_evaluable
        n[f"pending{where}"] = level.n_pending
        n[f"completed{where}"] = level.n_completed
        n[f"lost{where}"] = total(level.left)
    return +n


def total(reasons: tuple[Reason, ...]) -> int:
    return sum(reason.n for reason in reasons)


@pytest.mark.parametrize("seed", range(12))
def test_the_flow_is_what_a_count_of_each_persons_entries_says_and_adds_up(seed: int) -> None:
    bench = lived(seed)
    flow = count_flow(bench.state)
    assert counted(flow) == recount(bench)
    every = flow.all
    assert flow.n_screened == (
        total(flow.failed) + total(flow.left) + flow.n_in_screening + every.n_enrolled
    )
    for level in (every, *flow.levels):
        assert level.n_enrolled == total(level.not_dosed) + level.n_waiting + level.n_dosed
        assert level.n_dosed == level.n_evaluable + level.n_pending + level.n_not_evaluable
        assert level.n_dosed == level.n_on_study + level.n_completed + total(level.left)
        assert level.n_dlts <= level.n_evaluable
    numbers = [name for name in LevelFlow.__dataclass_fields__ if name.startswith("n_")]
    for name in numbers:
        assert sum(getattr(level, name) for level in flow.levels) == getattr(every, name)


@pytest.mark.parametrize("seed", range(4))
def test_the_log_has_each_screening_once_and_each_end_of_one_once(seed: int) -> None:
    bench = lived(seed)
    log = screening_log(bench.state)
    screened = [e.seq for e in bench.entries if isinstance(e.event, SubjectScreened)]
    assert sorted(one.entry for one in log if one.entry) == screened
    ended = [one.ended_by for one in log if one.ended_by]
    assert len(set(ended)) == len(ended)
    for one in log:
        assert one.on <= (one.ended_on or one.on)
        judged = one.judged(bench.state, day(bench.now))
        assert judged is not None
        assert judged.verdict == "eligible"


def test_reasons_are_the_same_in_other_capitals_and_criteria_go_before_words() -> None:
    bench = planned()
    low = [f for f in FIT if f.test != "haemoglobin"]
    for name, said in {
        "S1": {"reason": "anaemia"},
        "S2": {"reason": "Anaemia"},
        "S3": {"reason": "pale", "criteria": ["I2"]},
        "S4": {"reason": "very pale", "criteria": ["I2"]},
        "S5": {"reason": "both", "criteria": ["I2", "I3"]},
    }.items():
        screen(bench, name, *low[1:])
        bench.do(record_screening_failure, SITE, subject=name, **said)
    assert count_flow(bench.state).failed == (
        Reason(text="anaemia", n=2),
        Reason(text="I2 Haemoglobin at least 60 g/L.", n=2),
        Reason(text="I2, I3", n=1),
    )


def test_without_a_plan_everybody_enrolled_was_screened_as_before() -> None:
    bench = Bench.started(THREE)
    bench.open_cohort(choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale=None)
    bench.treat("S1")
    bench.do(record_screening_failure, SITE, subject="S2", reason="infection")
    flow = count_flow(bench.state)
    assert (flow.n_screened, flow.all.n_dosed, flow.n_unscreened) == (2, 1, 0)
    assert [(one.subject, one.end, one.entry) for one in screening_log(bench.state)] == [
        ("S1", "enrolled", None),
        ("S2", "failed", None),
    ]


def test_who_was_enrolled_before_there_was_a_plan_is_said_to_be_without_a_screening() -> None:
    bench = Bench.started(THREE)
    bench.open_cohort(choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale=None)
    bench.treat("S1")
    bench.do(adopt_plan, CHAIR, plan=PLAN)
    screen(bench, "S2", *FIT)
    bench.enrol("S2")
    assert count_flow(bench.state).n_unscreened == 1
