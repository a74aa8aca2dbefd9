"""The expansion in time: more patients at the MTD, from the decision that ends the escalation.

They come one after another until all are treated or the protocol's boundary is reached by what is
known when the next one comes. They are dosed on the day on which they come, and who is lost is not
replaced.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from escalation.outcomes import Tally
from escalation.protocol import ExpansionMonitoring
from escalation.protocol.expansion import BoundaryStatus, judge_expansion
from simulations.engines.timeline.arriving import Stream
from simulations.engines.timeline.expanded import Expanded
from simulations.engines.timeline.patients import DLT, LOST, Patients
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.sums import Sums

__all__ = ["expand"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def expand(
    setting: Setting,
    stream: Stream,
    patients: Patients,
    sums: Sums,
    recorder: Recorder | None = None,
) -> Expanded | None:
    """Let the trials of a chunk that found an MTD go on; None where the protocol does not."""
    monitoring = setting.protocol.expansion
    size = monitoring.n_patients
    if size is None:
        return None
    n = sums.n
    found = Expanded(
        started=sums.end >= 0,
        stopped=np.zeros(n, dtype=bool),
        t_end=np.full(n, np.inf),
        patients=np.zeros(n, dtype=np.intp),
        dlts=np.zeros(n, dtype=np.intp),
    )
    going = np.flatnonzero(found.started)
    opened = sums.t_decision + setting.delay
    arrival = sums.next_arrival.copy()
    if not setting.waits:
        gone = going[(arrival[going] < opened[going]) | (not stream.forgets)]
        arrival[gone] = stream.next_from(gone, opened[gone])
    known = np.full((size, n), np.inf)
    kind = np.full((size, n), -1)
    judge = _Boundary(monitoring)
    for k in range(size):
        day = np.maximum(arrival[going], opened[going])
        reached = judge.is_reached(known[:k, going], kind[:k, going], day)
        _stop(found, going[reached], known[:k], kind[:k], day[reached])
        comes = ~reached & np.isfinite(day)
        going, day = going[comes], day[comes]
        if not going.size:
            break
        level, arrived = sums.end[going], arrival[going]
        arrival[going] = stream.next_after(going, arrived)
        number = sums.n_enrolled[going] + k
        drawn = patients.draw(level, going, number)
        known[k, going], kind[k, going] = day + drawn.after, drawn.kind
        found.patients[going] += 1 if drawn.unmade is None else ~drawn.unmade
        found.dlts[going] += drawn.kind == DLT
        if recorder is not None:
            recorder.enrol(
                going,
                number=number,
                cohort=np.full(len(going), -1),
                level=level,
                arrived=arrived,
                enrolled=day,
                dosed=day,
                known=known[k, going],
                drawn=drawn,
            )
    last = np.where(np.isfinite(known), known, -np.inf).max(axis=0)
    found.t_end[going] = last[going]
    found.stopped[going] = judge.is_reached(known[:, going], kind[:, going], last[going])
    return found


def _stop(found: Expanded, i: Ints, known: Floats, kind: Ints, day: Floats) -> None:
    """End expansions with the DLT by which their boundary was reached."""
    dlts = (kind[:, i] == DLT) & (known[:, i] <= day)
    found.t_end[i] = np.where(dlts, known[:, i], -np.inf).max(axis=0, initial=-np.inf)
    found.stopped[i] = True


class _Boundary:
    """Whether an expansion is to stop, asked once of each tally."""

    def __init__(self, monitoring: ExpansionMonitoring) -> None:
        self.monitoring = monitoring
        self.known: dict[int, bool] = {}

    def is_reached(self, known: Floats, kind: Ints, day: Floats) -> NDArray[np.bool_]:
        """Tell it by what is known on a day, of patients in arrays of shape (K, N)."""
        is_known = known <= day
        counts = is_known & (kind < LOST)
        n, x = counts.sum(axis=0), (counts & (kind == DLT)).sum(axis=0)
        pending = (~is_known & np.isfinite(known)).sum(axis=0)
        code = (n * 2048 + x) * 2048 + pending
        kinds, which = np.unique(code, return_inverse=True)
        return np.array([self._ask(k) for k in kinds.tolist()], dtype=bool)[which]

    def _ask(self, code: int) -> bool:
        if code not in self.known:
            both, pending = divmod(code, 2048)
            n, x = divmod(both, 2048)
            tally = Tally(n_evaluable=n, n_dlts=x, n_pending=pending)
            status = judge_expansion(self.monitoring, tally)
            self.known[code] = status is BoundaryStatus.REACHED
        return self.known[code]
