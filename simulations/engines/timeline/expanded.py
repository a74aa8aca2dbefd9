"""What the expansion came to, in a chunk of trials and in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulations.engines.timeline.moments import Durations, Moments

__all__ = ["Expanded", "ExpansionInTime"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expanded:
    """The expansions of a chunk, an entry a trial; none where the trial found no MTD."""

    started: NDArray[np.bool_]
    stopped: NDArray[np.bool_]
    t_end: Floats
    patients: Ints
    dlts: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpansionInTime:
    """What the expansion adds.

    Attributes
    ----------
    trials, n_started, n_stopped : int
        Trials, those of them with an expansion, and those whose expansion reached its boundary,
        by the last patient at the latest.
    t_end : Durations
        Days from the opening of the trial to the last outcome of its expansion, or to the DLT by
        which its boundary was reached while patients were still to come; infinite where there was
        none.
    patients, dlts : Moments
        Over the trials with an expansion.
    """

    trials: int
    n_started: int
    n_stopped: int
    t_end: Durations
    patients: Moments
    dlts: Moments

    @classmethod
    def of(cls, parts: Sequence[Expanded]) -> ExpansionInTime:
        """Add the chunks of a run up."""
        started = np.concatenate([part.started for part in parts])
        return cls(
            trials=len(started),
            n_started=int(started.sum()),
            n_stopped=int(sum(part.stopped.sum() for part in parts)),
            t_end=Durations(values=np.concatenate([part.t_end for part in parts])),
            patients=Moments.of(np.concatenate([part.patients for part in parts])[started]),
            dlts=Moments.of(np.concatenate([part.dlts for part in parts])[started]),
        )

    @property
    def p_stopped(self) -> float:
        """P(the boundary is reached), of all trials."""
        return self.n_stopped / self.trials

    def to_dict(self) -> dict[str, Any]:
        """Return the figures with their errors."""
        return {
            "p_started": self.n_started / self.trials,
            "p_stopped": self.p_stopped,
            "t_end": self.t_end.to_dict(),
            "patients": self.patients.to_dict(),
            "dlts": self.dlts.to_dict(),
        }
