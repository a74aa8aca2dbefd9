"""The door of the clock: ``simulate_timeline`` sums trials up, ``follow_trials`` yields each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor

from escalation.protocol import Protocol
from simulations.engines.timeline.course import Course, GivenPatient, Underway
from simulations.engines.timeline.result import Timeline
from simulations.timing.assumptions import Timing

__all__ = ["follow_trials", "simulate_timeline"]


def simulate_timeline(
    protocol: Protocol,
    p_dlt: Sequence[float],
    timing: Timing,
    *,
    trials: int,
    seed: int = 1,
    p_moderate: Sequence[float] | None = None,
    underway: Underway | None = None,
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> Timeline:
    """Simulate trials in time and sum them up."""
    raise NotImplementedError


def follow_trials(
    protocol: Protocol,
    p_dlt: Sequence[float],
    timing: Timing,
    *,
    trials: int,
    seed: int = 1,
    p_moderate: Sequence[float] | None = None,
    underway: Underway | None = None,
    patients: Sequence[GivenPatient] | None = None,
) -> Iterator[Course]:
    """Simulate trials in time and yield each, day by day; those that ``simulate_timeline`` sums."""
    raise NotImplementedError
