"""Trials in time: trials per second of processor time, printed.

``pytest -m benchmark -s tests/benchmarks/test_clock.py``
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from escalation.designs import Design, RollingSix, ThreePlusThree, make_design
from simulations.engines.timeline import run
from simulations.engines.timeline.run import simulate_timeline
from simulations.timing.assumptions import Poisson, Timing, Weibull
from tests.simulations.engines.timeline.reference import protocol_of

from .test_speed import report

P5 = [0.05, 0.10, 0.20, 0.35, 0.50]
P6 = [0.05, 0.10, 0.20, 0.30, 0.40, 0.50]
PLAIN = Timing(arrivals=Poisson(mean_gap_days=10))
EVERYTHING = Timing(
    arrivals=Poisson(mean_gap_days=7),
    screen_failure=0.2,
    time_to_dlt=Weibull(late_share=0.7),
    dropout=0.1,
    decision_delay_days=7,
    accrual="wait",
    decides="settled",
)
TITE = {"target": 0.25, "max_patients": 24, "cohort_size": 1, "cutoff_stop": 1.0}
ROWS = {
    "3+3 by cohort, 6 levels": (ThreePlusThree(n_levels=6), P6, PLAIN, (0, 0), 500_000),
    "3+3, everything on": (ThreePlusThree(n_levels=5), P5, EVERYTHING, (7, 2), 100_000),
    "rolling six": (RollingSix(n_levels=5), P5, PLAIN, (0, 0), 40_000),
    "TITE-CRM, 24 patients": (
        make_design("tite-crm", n_levels=5, **TITE), P5, PLAIN, (0, 0), 2_000,
    ),
}  # fmt: skip

pytestmark = pytest.mark.benchmark


def seconds(walk: Callable[[], object]) -> float:
    start = time.process_time()
    walk()
    return time.process_time() - start


@pytest.mark.parametrize("name", ROWS)
def test_trials_in_time(name: str) -> None:
    design, p, timing, (alone, apart), asked = ROWS[name]
    trials = max(asked, 10_000) if asked > 2_000 else 4_000
    protocol = protocol_of(design, alone=alone, apart=apart)

    def walk() -> None:
        simulate_timeline(protocol, p, timing, trials=trials)

    forget(design)
    cold = seconds(walk)
    warm = min(seconds(walk) for _ in range(3))
    report(f"{name}, cold, {trials:,} trials", f"{cold:.2f} s")
    report(f"{name}, warm (asked: {asked:,}/s)", f"{trials / warm:,.0f} trials/s")


def test_rolling_six_cold() -> None:
    protocol = protocol_of(RollingSix(n_levels=5))
    forget(protocol.design)
    cold = seconds(lambda: simulate_timeline(protocol, P5, PLAIN, trials=100_000))
    report("rolling six, cold, 100,000 trials (asked: 6 s)", f"{cold:.2f} s")


def forget(_: Design) -> None:
    """Begin as a new process does, in which no design has been asked anything."""
    run._rule_of.cache_clear()
    run._followed.cache_clear()
