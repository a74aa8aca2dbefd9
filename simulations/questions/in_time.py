"""A question about a design in time: the clock under each of its scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import NamedTuple

from simulations.engines.timeline.course import Course
from simulations.engines.timeline.result import Timeline
from simulations.engines.timeline.run import follow_trials, simulate_timeline
from simulations.questions.question import Question
from simulations.scenarios.scenario import Scenario
from simulations.timing.assumptions import Timing

__all__ = ["Timed", "follow_in_time", "simulate_in_time"]


class Timed(NamedTuple):
    """A scenario, and the trials that were simulated in time under it."""

    scenario: Scenario
    timeline: Timeline


def simulate_in_time(
    question: Question,
    timing: Timing,
    *,
    trials: int,
    seed: int,
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Timed]:
    """Simulate trials in time under each scenario; as ``simulate_timeline``."""
    return [
        Timed(
            scenario,
            simulate_timeline(
                question.protocol,
                scenario.p_dlt,
                timing,
                trials=trials,
                seed=seed,
                p_moderate=question.p_moderate,
                executor=executor,
                progress=progress,
            ),
        )
        for scenario in question.scenarios
    ]


def follow_in_time(question: Question, timed: Timed) -> Iterator[Course]:
    """Yield, one by one, the trials that were summed up; as ``follow_trials``."""
    scenario, summed = timed
    return follow_trials(
        question.protocol,
        scenario.p_dlt,
        summed.timing,
        trials=summed.trials,
        seed=summed.seed,
        p_moderate=question.p_moderate,
    )
