"""The door of the clock: ``simulate_timeline`` sums trials up, ``follow_trials`` yields each.

Trials are drawn in chunks of a fixed size, each with a random stream of its own that depends only
on the seed and the chunk's number, so the result is the same for any executor and any number of
workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from math import ceil

import numpy as np

from escalation.designs.base import Design
from escalation.designs.walk import TooManyStatesError
from escalation.errors import InputError
from escalation.protocol import Protocol, follows_responses
from simulations.engines.simulated import GENERATOR
from simulations.engines.timeline.backfill import BackfillWalk
from simulations.engines.timeline.by_event import EventWalk
from simulations.engines.timeline.cohorts import CohortWalk
from simulations.engines.timeline.course import Course, GivenPatient, Underway
from simulations.engines.timeline.expansion import expand
from simulations.engines.timeline.followed import FollowedRule, FollowedWalk
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.responding import ResponseRule, ResponseWalk
from simulations.engines.timeline.result import Chunk, Part, Timeline, add_up
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.situations import ByGraph, Rule, Situations
from simulations.graph.build import build_graph
from simulations.timing.assumptions import Timing

__all__ = ["CHUNK", "MOST_TRIALS", "follow_trials", "simulate_timeline"]

Walks = CohortWalk | EventWalk | FollowedWalk | ResponseWalk

CHUNK = 10_000
MOST_TRIALS = 10_000_000  # each keeps its two durations
_TASKS_AT_ONCE = 64


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
    """Simulate trials in time and sum them up.

    Parameters
    ----------
    protocol : Protocol
        Its design, DLT window and stagger are the trial's.
    p_dlt : sequence of float, length L
        P(DLT) at each level.
    timing : Timing
    trials : int
        From 1 to 10 million.
    seed : int
        At least 0; the same seed gives the same trials.
    p_moderate : sequence of float, length L, optional
        P(moderate toxicity) of a patient without a DLT, for a design that counts them.
    underway : Underway, optional
        A trial that has begun: it goes on from there.
    executor : concurrent.futures.Executor, optional
        Runs the chunks of trials; in this process by default.
    progress : callable, optional
        Called with the number of trials done since the last call.

    Returns
    -------
    Timeline

    Raises
    ------
    InputError
        If an argument is not what it should be, or the protocol has no DLT window, or a trial does
        not come to an end.

    Examples
    --------
    >>> from escalation import load_protocol
    >>> from simulations.timing.assumptions import Poisson
    >>> timing = Timing(arrivals=Poisson(mean_gap_days=10))
    >>> found = simulate_timeline(load_protocol("nct07123519"), [0.02, 0.05, 0.1, 0.3], timing,
    ...     trials=2000)
    >>> found.t_decision.moments.mean > found.days[1].mean > 28
    True
    """
    walk = _Walk(Setting.of(protocol, p_dlt, timing, p_moderate), trials, seed, underway)
    parts: list[Part | None] = [None] * walk.n_chunks
    for chunk, part in _run(walk, executor):
        parts[chunk] = part
        if progress is not None:
            progress(walk.size(chunk))
    done = [part for part in parts if part is not None]
    return add_up(done, timing=timing, p_dlt=walk.setting.p_dlt, trials=trials, seed=seed)


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
    """Simulate trials in time and yield each, day by day; those that ``simulate_timeline`` sums up.

    Parameters
    ----------
    protocol, p_dlt, timing, trials, seed, p_moderate, underway
        As for ``simulate_timeline``.
    patients : sequence of GivenPatient, optional
        What patients come to, in order of enrolment, instead of drawing it; whoever comes after
        them has no DLT.

    Yields
    ------
    Course

    Examples
    --------
    >>> from escalation import load_protocol
    >>> from simulations.timing.assumptions import Regular
    >>> (course,) = follow_trials(load_protocol("nct07123519"), [0, 0, 0, 0],
    ...     Timing(arrivals=Regular(gap_days=30)), trials=1)
    >>> [happening.kind.value for happening in course.happenings][:3]
    ['enrolled', 'dosed', 'window closed']
    """
    walk = _Walk(Setting.of(protocol, p_dlt, timing, p_moderate), trials, seed, underway, patients)
    return walk.courses()


@dataclass(frozen=True, slots=True)
class _Walk:
    """Trials in chunks of a fixed size."""

    setting: Setting
    trials: int
    seed: int
    underway: Underway | None = None
    given: Sequence[GivenPatient] | None = None

    def __post_init__(self) -> None:
        for name, value, least in (("trials", self.trials, 1), ("seed", self.seed, 0)):
            if type(value) is not int or value < least:
                raise InputError(f"{name} must be a whole number from {least}, not {value!r}")
        if self.underway is not None and self.setting.timing.correlation:
            raise InputError(
                "correlation must be 0 for a trial that has begun: what its patients came to says "
                "something of the next ones, and that is not reckoned with"
            )
        responds = self.backfills and follows_responses(self.setting.protocol)
        if self.setting.timing.decides == "arrival" and not responds:
            raise InputError(
                'decides = "arrival" is for trials whose backfill opens after responses '
                '([backfill] scheme = "zhao2024"): give "complete" or "settled"'
            )
        if self.backfills and self.setting.design.asks_follow_up:
            raise InputError(
                f"{self.setting.design.name} goes by follow-up, and is not simulated in time with "
                "backfill: leave max_per_level out of the protocol's [backfill] table"
            )
        if self.trials > MOST_TRIALS:
            raise InputError(f"trials must be at most {MOST_TRIALS:,}, not {self.trials:,}")

    @property
    def n_chunks(self) -> int:
        return ceil(self.trials / CHUNK)

    def size(self, chunk: int) -> int:
        """Return how many trials a chunk has."""
        return min(CHUNK, self.trials - chunk * CHUNK)

    def rule(self) -> Rule | FollowedRule | ResponseRule:
        """Return what the rule says, by situation."""
        if self.setting.design.asks_follow_up:
            return _followed(self.setting.design, self.setting.window)
        settled = self.setting.timing.decides == "settled"
        if self.backfills and follows_responses(self.setting.protocol):
            return _responding(self.setting.protocol)
        if self.backfills and self.setting.protocol.backfill.counted != "never":
            return _counting(self.setting.protocol, settled=settled)
        return _rule_of(self.setting.design, settled=settled, begun=self.underway is not None)

    @property
    def backfills(self) -> bool:
        """Whether the protocol has backfill; a trial that has begun goes on without it."""
        has = self.setting.protocol.backfill.max_per_level is not None
        return has and self.underway is None

    def part(self, chunk: int) -> Part:
        """Walk one chunk of trials and sum it up."""
        return Part.of(self._finish(self._begin(chunk, None), None), self.setting.timing.costs)

    def _finish(self, walk: Walks, recorder: Recorder | None) -> Chunk:
        """Follow a chunk of trials to their ends, and what comes after the escalation."""
        found = walk.run()
        expanded = expand(self.setting, walk.stream, walk.patients, walk.sums, recorder)
        return replace(found, expansion=expanded)

    def _begin(self, chunk: int, recorder: Recorder | None) -> Walks:
        """Return the walk that takes the least time for what is asked."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(chunk,))
        rng = np.random.Generator(GENERATOR(sequence))
        setting, n, rule = self.setting, self.size(chunk), self.rule()
        if isinstance(rule, Situations) and rule.is_large:
            for known in (_rule_of, _counting):
                known.cache_clear()
            rule = self.rule()
        if isinstance(rule, FollowedRule):
            begin: Callable[..., Walks] = FollowedWalk
        elif isinstance(rule, ResponseRule):
            begin = ResponseWalk
        elif self.backfills:
            counts = setting.protocol.backfill.counted != "never"
            begin = partial(BackfillWalk, counts=counts)
        elif isinstance(rule, ByGraph) and self.given is None and CohortWalk.fits(setting):
            return CohortWalk(setting, rule, rng, n, recorder=recorder)
        else:
            begin = EventWalk
        return begin(
            setting, rule, rng, n, given=self.given, underway=self.underway, recorder=recorder
        )

    def courses(self) -> Iterator[Course]:
        """Yield each trial."""
        for k in range(self.n_chunks):
            recorder = Recorder(self.size(k))
            walk = self._begin(k, recorder)
            chunk = self._finish(walk, recorder)
            yield from recorder.courses(
                k * CHUNK + 1, walk.rule.decision, chunk.end, chunk.t_decision, chunk.t_last
            )


@lru_cache(maxsize=4)
def _rule_of(design: Design, *, settled: bool, begun: bool) -> Rule:
    """Return the situations of a design's trials, as far as this process knows them."""
    if settled or design.while_pending is not None or begun:
        return Situations(design, settled=settled)
    try:
        rule = ByGraph(build_graph(design))
    except TooManyStatesError:  # the trials meet few of them
        return Situations(design, settled=False)
    return rule


@lru_cache(maxsize=4)
def _counting(protocol: Protocol, *, settled: bool) -> Rule:
    """Return the situations of trials in which the backfill counts."""
    return Situations(protocol.design, settled=settled, counting=protocol)


@lru_cache(maxsize=4)
def _responding(protocol: Protocol) -> ResponseRule:
    """Return what a protocol whose backfill opens after responses has said."""
    return ResponseRule(protocol)


@lru_cache(maxsize=4)
def _followed(design: Design, window: float) -> FollowedRule:
    """Return what a design with follow-up has said, as far as this process knows it."""
    return FollowedRule(design, window)


def _run(walk: _Walk, executor: Executor | None) -> Iterator[tuple[int, Part]]:
    if executor is None:
        for chunk in range(walk.n_chunks):
            yield chunk, walk.part(chunk)
        return
    submitted = ((executor.submit(walk.part, chunk), chunk) for chunk in range(walk.n_chunks))
    running: dict[Future[Part], int] = dict(islice(submitted, _TASKS_AT_ONCE))
    try:
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
            running |= dict(islice(submitted, len(done)))
    finally:
        for future in running:
            future.cancel()
