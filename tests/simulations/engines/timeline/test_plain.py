"""Single trials against a clock in plain Python, written another way."""

from __future__ import annotations

import numpy as np
import pytest

from escalation.designs import RollingSix, ThreePlusThree
from simulations.engines.timeline.course import GivenPatient, Kind
from simulations.engines.timeline.run import follow_trials
from simulations.timing.assumptions import Given, Timing

from .plain import PlainClock
from .reference import protocol_of

N_PATIENTS = 60


def draw(rng: np.random.Generator) -> tuple[list[float], list[GivenPatient], Timing, tuple]:
    """Draw a trial; often on whole days, so that much happens at one moment."""
    whole = rng.random() < 0.5

    def days(size: int, scale: float) -> np.ndarray:
        found = rng.random(size) * scale
        return np.floor(found) if whole else found

    arrivals = np.cumsum(days(N_PATIENTS, rng.choice([4.0, 14.0]))).tolist()
    dlts, lost = 1 + days(N_PATIENTS, 27), 1 + days(N_PATIENTS, 27)
    p, d = rng.choice([0.1, 0.3]), rng.choice([0.0, 0.3])
    patients = [
        GivenPatient(
            dlt_after=float(dlts[k]) if rng.random() < p else None,
            dropped_after=float(lost[k]) if rng.random() < d else None,
        )
        for k in range(N_PATIENTS)
    ]
    timing = Timing(
        arrivals=Given(days=tuple(arrivals)),
        accrual=str(rng.choice(["lose", "wait"])),
        decides=str(rng.choice(["complete", "settled"])),
        decision_delay_days=float(rng.choice([0, 7])),
    )
    stagger = (7, 2) if rng.random() < 0.5 else (0, 0)
    return arrivals, patients, timing, stagger


@pytest.mark.parametrize("kind", [ThreePlusThree, RollingSix])
def test_trials_are_those_of_a_clock_in_plain_python(kind):
    rng, n_decisions = np.random.default_rng(5), 0
    for trial in range(60):
        arrivals, patients, timing, (alone, apart) = draw(rng)
        protocol = protocol_of(kind(n_levels=3), alone=alone, apart=apart)
        plain = PlainClock(protocol, timing, arrivals, patients).run()
        (course,) = follow_trials(protocol, [0.3] * 3, timing, trials=1, patients=patients)
        arrived = {one.patient: one.arrived for one in course.of_kind(Kind.ENROLLED)}
        dosed = [(one.day, arrived[one.patient], one.level) for one in course.of_kind(Kind.DOSED)]
        decided = [
            (one.day, one.decision.level, one.decision.mtd) for one in course.of_kind(Kind.DECIDED)
        ]
        assert rounded(decided) == rounded(plain.decisions), (trial, timing)
        assert rounded(dosed) == rounded(plain.dosings), (trial, timing)
        n_decisions += len(decided)
    assert n_decisions > 100


def rounded(rows: list[tuple]) -> list[tuple]:
    return [(round(day, 6), *rest) for day, *rest in rows]
