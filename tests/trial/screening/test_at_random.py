"""Whatever is typed in whatever order: numbers add up, and every entry is recorded again alike."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from escalation.errors import RefusedError
from escalation.reports.trial.recorded import consequences
from escalation.reports.trial.sentences import describe_entry
from escalation.trial import (
    correct_entry,
    departures,
    dose_subject,
    enrol_subject,
    leave_study,
    record_screening_failure,
    rename_subject,
    screen_subject,
    waive_criteria,
)
from escalation.trial.events import (
    EligibilityWaived,
    Event,
    FindingsRecorded,
    Leaving,
    Sex,
    SubjectLeft,
    SubjectScreened,
)
from escalation.trial.screening.flow import count_flow
from escalation.trial.screening.log import screening_log
from escalation.trial.screening.steps import add_to_screening
from tests.trial.bench import SITE, Bench, day
from tests.trial.screening.screened import ALT, ANSWERS, FIT, HB, HIGH, LOW, PERSON, planned
from tests.trial.small_trials import THREE

Act = Callable[[Bench, str, int, random.Random], Any]
RESULTS = (HB, LOW, ALT, HIGH, *ANSWERS)


def correct(bench: Bench, entry: int, on: int, chance: random.Random) -> None:
    fact = bench.state.fact(entry)
    said: dict[type[Event], dict[str, Any]] = {
        SubjectScreened: {"born": chance.choice(["1980", "2012"])},
        FindingsRecorded: {"on": str(day(chance.randint(0, bench.now)))},
        EligibilityWaived: {"reason": "said better"},
        SubjectLeft: {"reason": "said better"},
    }
    changes = None if fact is None or chance.random() < 0.5 else said[type(fact.event)]
    bench.do(correct_entry, SITE, on, entry=entry, changes=changes, reason="a slip")


ACTS: tuple[Act, ...] = (
    lambda b, s, on, c: b.do(
        screen_subject, SITE, on, subject=s, **PERSON, findings=c.sample(RESULTS, 3)
    ),
    lambda b, s, on, c: b.do(screen_subject, SITE, on, subject=s, **PERSON, findings=FIT),
    lambda b, s, on, c: b.do(
        add_to_screening,
        SITE,
        on,
        subject=s,
        findings=c.sample(RESULTS, 2),
        sex=c.choice([None, Sex.FEMALE]),
        again=c.random() < 0.1,
    ),
    lambda b, s, on, c: b.do(waive_criteria, SITE, on, subject=s, criteria=["I3"], reason="lupus"),
    lambda b, s, on, c: b.do(
        record_screening_failure,
        SITE,
        on,
        subject=s,
        reason="anaemia",
        criteria=c.choice([(), ("I2",)]),
    ),
    lambda b, s, on, c: b.do(enrol_subject, SITE, on, subject=s),
    lambda b, s, on, c: b.do(enrol_subject, SITE, on, subject=s, deviation="as it was"),
    lambda b, s, on, c: b.do(dose_subject, SITE, on, subject=s, infused=100.0),
    lambda b, s, on, c: b.lost(s, on),
    lambda b, s, on, c: b.do(
        leave_study, SITE, on, subject=s, why=c.choice(list(Leaving)), reason="moved"
    ),
    lambda b, s, on, c: correct(b, c.choice([*b.state.charted, 1]), on, c),
    lambda b, s, on, c: b.do(
        rename_subject, SITE, on, subject=s, renamed=f"{s}-9", reason="mistyped"
    ),
)


@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 30))]
)
def test_at_random_the_flow_adds_up_and_nothing_is_half_recorded(seed: int) -> None:
    """Each entry is then recorded again by a fixture, as ``verify`` does."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    bench = planned(THREE)
    for _ in range(40):
        before, name = bench.state, f"S{chance.randint(1, 5)}"
        act = chance.choice(ACTS)
        try:
            act(bench, name, bench.now + chance.choice([0, 0, 0, 1, 3]), chance)
        except RefusedError:
            assert bench.state is before
            continue
        new = bench.entries[before.seq :]
        assert consequences(new, before, day(bench.now)).said
        assert all(describe_entry(entry, bench.state) for entry in new)
        adds_up(bench)
    assert bench.state.oddities == []


def adds_up(bench: Bench) -> None:
    flow = count_flow(bench.state)
    ended = sum(reason.n for reason in (*flow.failed, *flow.left))
    assert flow.n_screened == ended + flow.n_in_screening + flow.all.n_enrolled
    for level in (flow.all, *flow.levels):
        stopped = sum(reason.n for reason in level.not_dosed)
        left = sum(reason.n for reason in level.left)
        assert level.n_enrolled == stopped + level.n_waiting + level.n_dosed
        assert level.n_dosed == level.n_on_study + level.n_completed + left
    for screening in screening_log(bench.state):
        screening.judged(bench.state, day(bench.now))
    assert all(remark.text for remark in departures(bench.state))
