"""Trials in time, cohort by cohort: where each is complete before the next, and nobody is replaced.

It is the walk by event in fewer steps: all trials of a chunk treat their next cohort at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulations.engines.timeline.arriving import stream_of
from simulations.engines.timeline.patients import DLT, MODERATE, Patients
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.result import Chunk
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.situations import ByGraph
from simulations.engines.timeline.sums import DLT_UNIT, Sums
from simulations.timing.assumptions import Given

__all__ = ["CohortWalk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(slots=True, kw_only=True)
class _Cohort:
    """The cohort that each of the trials treats."""

    level: Ints
    size: Ints
    child: Ints  # which child of the graph's state follows
    n_dlts: NDArray[np.int64]
    closes: Floats  # day on which the last outcome so far is known
    last: Floats  # day of the last enrolment so far


class CohortWalk:
    """A chunk of trials; the arguments are those of ``EventWalk``."""

    def __init__(
        self,
        setting: Setting,
        rule: ByGraph,
        rng: np.random.Generator,
        n: int,
        *,
        recorder: Recorder | None = None,
    ) -> None:
        self.rule, self.graph = rule, rule.graph
        self.waits = setting.waits
        self.delay = setting.delay
        self.recorder = recorder
        self.stream = stream_of(setting.timing, rng, n)
        self.patients = Patients(setting, rng, n)
        self.sums = Sums(setting.design.n_levels, n, self.stream)
        self.number = 0  # of cohorts so far
        self.trials = np.arange(n)
        self.state = np.full(n, self.graph.roots[0])
        self.opened = np.zeros(n)
        self.decided = np.zeros(n)
        self.busy_until = np.zeros(n)
        self.arrival = self.stream.first(n)

    @staticmethod
    def fits(setting: Setting) -> bool:
        """Tell whether trials can go by cohorts that are complete before each decision."""
        by_date = isinstance(setting.timing.arrivals, Given)  # to whom nobody may come any more
        return not (setting.replaces or setting.staggers or by_date)

    def run(self) -> Chunk:
        """Follow all trials to their ends."""
        sums = self.sums
        while self.trials.size:
            n = len(self.trials)
            cohort = _Cohort(
                level=self.graph.level.take(self.state),
                size=self.graph.n_to_enrol.take(self.state),
                child=np.zeros(n, dtype=np.intp),
                n_dlts=np.zeros(n, dtype=np.int64),
                closes=np.zeros(n),
                last=np.zeros(n),
            )
            smallest = int(cohort.size.min())
            for k in range(int(cohort.size.max())):
                who = self.trials if k < smallest else np.flatnonzero(cohort.size > k)
                self._treat(cohort, k, who)
            close = cohort.closes
            sums.treat(cohort.level, self.trials, cohort.size + DLT_UNIT * cohort.n_dlts)
            sums.spend(cohort.level, self.trials, close - self.decided)
            sums.was_open(self.trials, self.opened, cohort.last)
            sums.n_enrolled[self.trials] += cohort.size
            self.number += 1
            self.state = self.graph.children[self.state, cohort.child]
            self.decided = close
            self.opened = close + self.delay
            if self.recorder is not None:
                situation = self.rule.first.take(self.state)
                self.recorder.decide(self.trials, close, np.full(n, self.number), situation)
            over = self.graph.n_to_enrol.take(self.state) == 0
            self._end(np.flatnonzero(over))
            self._keep(np.flatnonzero(~over))
        return sums.chunk(waits=self.waits)

    def _treat(self, cohort: _Cohort, k: int, who: Ints) -> None:
        """Treat one more patient of the cohorts that have a place for a patient number ``k``."""
        everybody = len(who) == len(self.trials)

        def of(values: NDArray[Any]) -> NDArray[Any]:
            return values if everybody else values.take(who)

        trials, level, arrived = of(self.trials), of(cohort.level), of(self.arrival)
        if k == 0 and not self.waits:  # who came before it was open is gone
            late = np.flatnonzero((arrived < self.opened) | (not self.stream.forgets))
            arrived[late] = self.stream.next_from(trials.take(late), self.opened.take(late))
        following = self.stream.next_after(trials, arrived)
        day = arrived
        if self.waits:
            day = np.maximum(arrived, of(self.opened))
            waited = day - arrived
            self.sums.waiting[trials] += waited
            self.sums.n_waited[trials] += waited > 0
        drawn = self.patients.draw(level, trials)
        known = day + drawn.after
        is_dlt = drawn.kind == DLT
        child = of(cohort.child) + is_dlt
        if self.rule.counts_moderate:
            graded = self.graph.counts_moderate.take(of(self.state))
            child += 2 * (graded & (drawn.kind == MODERATE))
        busy = of(self.busy_until)
        self.sums.idle[trials] += np.maximum(day - busy, 0)
        changed = {
            "child": child,
            "n_dlts": of(cohort.n_dlts) + is_dlt,
            "closes": np.maximum(of(cohort.closes), known),
            "last": day,
        }
        for name, values in changed.items():
            _put(cohort, name, who, values, everybody=everybody)
        _put(self, "arrival", who, following, everybody=everybody)
        _put(self, "busy_until", who, np.maximum(busy, known), everybody=everybody)
        if self.recorder is not None:
            self.recorder.enrol(
                trials,
                number=self.sums.n_enrolled.take(trials) + k,
                cohort=np.full(len(trials), self.number + 1),
                level=level,
                arrived=arrived,
                enrolled=day,
                dosed=day,
                known=known,
                drawn=drawn,
            )

    def _end(self, i: Ints) -> None:
        trials, state = self.trials.take(i), self.state.take(i)
        self.sums.end[trials] = self.graph.mtd.take(state)
        self.sums.t_decision[trials] = self.sums.t_last[trials] = self.decided.take(i)
        self.sums.n_decisions[trials] = self.number
        self.sums.next_arrival[trials] = self.arrival.take(i)

    def _keep(self, i: Ints) -> None:
        for name in ("trials", "state", "opened", "decided", "busy_until", "arrival"):
            setattr(self, name, getattr(self, name).take(i))


def _put(of: object, name: str, who: Ints, values: NDArray[Any], *, everybody: bool) -> None:
    """Set an array's entries, or put another in its place."""
    if everybody:
        setattr(of, name, values)
    else:
        getattr(of, name)[who] = values
