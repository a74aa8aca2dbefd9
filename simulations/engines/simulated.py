"""What Monte Carlo gives: figures with their standard errors, and trials one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.graph.build import TransitionGraph

__all__ = ["CHUNK_SIZE", "GENERATOR", "Z95", "Draws", "MonteCarlo", "SimulatedTrials"]

Z95 = 1.96  # standard errors to either side make limits of 95 %
CHUNK_SIZE = 20_000
GENERATOR = np.random.SFC64

Draws = Literal["count", "trial", "latent"]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MonteCarlo:
    """Simulated operating characteristics.

    Attributes
    ----------
    characteristics : OperatingCharacteristics
    trials, seed : int
    draws : {"count", "trial", "latent"}
    """

    characteristics: OperatingCharacteristics
    trials: int
    seed: int
    draws: Draws

    def __repr__(self) -> str:
        how = f"{self.trials:,} trials, {self.draws} draws, seed {self.seed}"
        return f"<MonteCarlo: {how}: {self.characteristics!r}>"

    def mcse(self) -> dict[str, Any]:
        """Return the Monte Carlo standard error of every figure, under the figures' names.

        It is estimated from the same trials, so it is 0 for a share of none or all of them. That
        of a standard deviation does not assume a normal distribution.

        References
        ----------
        Morris TP, White IR, Crowther MJ (2019). Using simulation studies to evaluate statistical
        methods. Stat Med 38(11):2074-2102, table 6.
        """
        found = self.characteristics
        return {
            "p_select": self._of_share(found.p_select).tolist(),
            "p_no_mtd": float(self._of_share(found.p_no_mtd)),
            "p_inconclusive": float(self._of_share(found.p_inconclusive)),
            "patients": [level.sd / self.trials**0.5 for level in found.patients_by_level],
            "dlts": [level.sd / self.trials**0.5 for level in found.dlts_by_level],
            "sample_size": self._of_distribution(found.sample_size),
            "total_dlts": self._of_distribution(found.total_dlts),
            "patients_by_level": [self._of_values(level) for level in found.patients_by_level],
            "dlts_by_level": [self._of_values(level) for level in found.dlts_by_level],
        }

    def mcse_of(self, shares: dict[str, float]) -> dict[str, float]:
        """Return the standard errors of shares of the trials, under their names."""
        return {name: float(self._of_share(share)) for name, share in shares.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the figures and their errors under the names of ``simulate --json``."""
        return {
            **self.characteristics.to_dict(),
            "trials": self.trials,
            "seed": self.seed,
            "draws": self.draws,
            "generator": GENERATOR.__name__
            + ("" if self.draws == "count" else f", a stream for every {CHUNK_SIZE} trials"),
            "mcse": self.mcse(),
        }

    def _of_share(self, p: NDArray[np.float64] | float) -> NDArray[np.float64]:
        share = np.clip(p, 0.0, 1.0)
        return np.asarray(np.sqrt(share * (1 - share) / self.trials))

    def _of_values(self, distribution: Distribution) -> dict[str, float]:
        errors = self._of_share(distribution.p).tolist()
        return dict(zip(map(str, distribution.values.tolist()), errors, strict=True))

    def _of_distribution(self, distribution: Distribution) -> dict[str, Any]:
        variance = distribution.central_moment(2)
        spread = max(distribution.central_moment(4) - variance**2, 0.0)
        of_sd = (spread / (4 * variance * self.trials)) ** 0.5 if variance > 0 else 0.0
        return {
            "mean": (variance / self.trials) ** 0.5,
            "sd": of_sd,
            "distribution": self._of_values(distribution),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedTrials:
    """Individual trials, kept.

    Attributes
    ----------
    graph : TransitionGraph
    states : int array, shape (trials, C + 1)
        The graph's state at the start and after each cohort; -1 after the trial's end.
    first : int
        Number of the first trial.
    """

    graph: TransitionGraph
    states: Ints
    first: int = 1

    def __repr__(self) -> str:
        last = self.first + len(self.states) - 1
        return f"<SimulatedTrials {self.first} to {last} of {self.graph.design.name}>"

    def courses(self) -> Iterator[tuple[int, list[tuple[int, int, int, int]]]]:
        """Yield each trial's number and its cohorts as (cohort, level, n_patients, n_dlts).

        Cohorts are numbered from 1; cohort 0 are patients who were pending at the start, an entry
        a level.
        """
        graph = self.graph
        pending = [(level, n) for level, n in enumerate(graph.n_pending.tolist()) if n]
        dlts = graph.n_dlts.tolist()
        before = graph.n_dlts_so_far.tolist()
        levels, sizes = graph.level.tolist(), graph.n_to_enrol.tolist()
        for trial, path in enumerate(self.states.tolist(), start=self.first):
            course = [(0, level, n, dlts[path[0]][level] - before[level]) for level, n in pending]
            for cohort, (here, there) in enumerate(pairwise(path), start=1):
                if there < 0:
                    break
                level = levels[here]
                n_dlts = dlts[there][level] - dlts[here][level]
                course.append((cohort, level, sizes[here], n_dlts))
            yield trial, course

    def mtds(self) -> Ints:
        """Return each trial's end as in ``TransitionGraph.mtd``, shape (trials,)."""
        ends: Ints = self.states.max(axis=1)  # states are numbered in order of time
        return self.graph.mtd.take(ends)
