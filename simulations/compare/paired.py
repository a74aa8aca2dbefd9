"""Designs simulated under one scenario on the same patients, trial by trial.

Differences are then those of pairs of trials, and precise. Nothing is kept of a chunk of trials but
what its figures sum to, so that memory does not grow with the number of trials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from simulations.compare.metrics import Measured, metric_values
from simulations.engines.characteristics import summarise
from simulations.engines.montecarlo import simulate_trials
from simulations.engines.simulated import MonteCarlo, SimulatedTrials
from simulations.graph.build import TransitionGraph

__all__ = ["simulate_together"]

Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Spread:
    """Mean and spread of numbers that come a chunk at a time (Chan, Golub and LeVeque 1983)."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: Floats) -> None:
        n, mean = len(values), float(values.mean())
        apart, together = mean - self.mean, self.n + n
        self.squares += n * float(values.var()) + apart**2 * self.n * n / together
        self.mean += apart * n / together
        self.n = together

    @property
    def standard_error(self) -> float:
        return sqrt(self.squares) / self.n


@dataclass(slots=True)
class _Tallied:
    """What the trials of one design come to so far."""

    graph: TransitionGraph
    values: Mapping[str, Floats]
    counts: NDArray[np.int64] = field(init=False)
    spread: dict[str, _Spread] = field(init=False)
    paired: dict[str, _Spread] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.graph.ends), dtype=np.int64)
        self.spread = {name: _Spread() for name in self.values}
        self.paired = {}

    def add(self, chunk: SimulatedTrials, first: Mapping[str, Floats] | None) -> dict[str, Floats]:
        """Count a chunk of trials; return each one's measures. ``first``: those of the first."""
        ends = np.searchsorted(self.graph.ends, chunk.states.max(axis=1))  # in order of time
        self.counts += np.bincount(ends, minlength=len(self.counts))
        of_trials = {name: values.take(ends) for name, values in self.values.items()}
        for name, of_trial in of_trials.items():
            self.spread[name].add(of_trial)
            if first is not None:
                self.paired.setdefault(name, _Spread()).add(of_trial - first[name])
        return of_trials

    def summed_up(self, trials: int, seed: int) -> Measured:
        counts = self.counts.astype(np.float64)
        found = summarise(self.graph, counts, trials)
        return Measured(
            characteristics=found,
            metrics={name: float(counts @ of) / trials for name, of in self.values.items()},
            run=MonteCarlo(characteristics=found, trials=trials, seed=seed, draws="latent"),
            mcse={name: spread.standard_error for name, spread in self.spread.items()},
            paired={name: spread.standard_error for name, spread in self.paired.items()},
        )


def simulate_together(
    graphs: Sequence[TransitionGraph],
    p_dlt: Sequence[float],
    *,
    target: float,
    interval: tuple[float, float],
    trials: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> list[Measured]:
    """Simulate designs on the same latent patients.

    Parameters
    ----------
    graphs : sequence of TransitionGraph
    p_dlt : sequence of float, length L
    target, interval
        As in ``metrics.metric_values``.
    trials, seed : int
    progress : callable, optional
        Called with the number of trials done since the last call.
    """
    tallied = [
        _Tallied(graph, metric_values(graph, p_dlt, target=target, interval=interval))
        for graph in graphs
    ]
    drawn = [
        simulate_trials(graph, p_dlt, trials=trials, seed=seed, draws="latent") for graph in graphs
    ]
    for chunks in zip(*drawn, strict=True):
        first: dict[str, Floats] | None = None
        for one, chunk in zip(tallied, chunks, strict=True):
            of_trials = one.add(chunk, first)
            first = of_trials if first is None else first
            if progress is not None:
                progress(len(chunk.states))
    return [one.summed_up(trials, seed) for one in tallied]
