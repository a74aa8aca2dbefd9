"""How a trial that has begun goes on: from how it stands, by the clock, to dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from escalation.trial.events import Purpose
from simulations.engines.timeline.course import Course, Kind
from simulations.engines.timeline.run import follow_trials
from simulations.probabilities import QUANTILES
from simulations.questions.standing import Stands
from simulations.timing.assumptions import Timing

__all__ = ["Forecast", "forecast"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """Dates to come, of simulated trials that go on from a record.

    Attributes
    ----------
    on : date
        The day of the question.
    next_decision, last_decision, last_outcome : float array, shape (N,)
        Days from then on, in order; infinite where a trial does not come so far.
    p_select : tuple of float, length L
    p_no_mtd, p_inconclusive, p_unfinished : float
        P(each end).
    n_patients : int array, shape (N,)
        Patients of the escalation to be dosed, in order of number.
    trials, seed : int
    """

    on: date
    next_decision: Floats
    last_decision: Floats
    last_outcome: Floats
    p_select: tuple[float, ...]
    p_no_mtd: float
    p_inconclusive: float
    p_unfinished: float
    n_patients: NDArray[np.int64]
    trials: int
    seed: int

    def dates(self, days: Floats) -> tuple[date | None, ...]:
        """Return the dates at ``QUANTILES``; None where so many trials do not come so far.

        Nor is there a date after the year 9999.
        """
        return tuple(self._date(days, q) for q in QUANTILES)

    def _date(self, days: Floats, q: float) -> date | None:
        after = days[min(int(np.ceil(q * len(days))), len(days)) - 1]
        if after > (date.max - self.on).days:
            return None
        return self.on + timedelta(days=int(np.ceil(after)))

    def p_by(self, days: Floats, day: date) -> float:
        """Return P(it has happened by a day)."""
        return float(np.searchsorted(days, (day - self.on).days, side="right") / len(days))


def forecast(
    stands: Stands,
    p_dlt: Sequence[float],
    timing: Timing,
    *,
    trials: int = 4_000,
    seed: int = 1,
    p_moderate: Sequence[float] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Forecast:
    """Follow simulated trials from where a trial stands to their ends.

    Parameters
    ----------
    stands : Stands
    p_dlt : sequence of float, shape (L,)
    timing : Timing
        Its arrivals are those after the day of the question; see ``timing_of``.
    trials, seed : int
    p_moderate : sequence of float, shape (L,), optional
    progress : callable, optional
        Called with the number of trials that have been followed since.

    Returns
    -------
    Forecast
    """
    day = stands.underway.day
    courses = follow_trials(
        stands.protocol,
        p_dlt,
        timing,
        trials=trials,
        seed=seed,
        p_moderate=p_moderate,
        underway=stands.underway,
    )
    found = []
    for course in courses:
        n_dosed = sum(
            dosed.day > day and dosed.purpose == Purpose.ESCALATION
            for dosed in course.of_kind(Kind.DOSED)
        )
        told = (course.t_decision, course.t_last, course.end, n_dosed)
        found.append((_next_decision(course, day), *told))
        if progress is not None:
            progress(1)
    next_ones, decision, last, ends, n_patients = map(np.array, zip(*found, strict=True))
    shares = [float(np.mean(ends == end)) for end in range(stands.protocol.design.n_levels)]
    return Forecast(
        on=stands.on,
        next_decision=np.sort(next_ones - day),
        last_decision=np.sort(decision - day),
        last_outcome=np.sort(last - day),
        p_select=tuple(shares),
        p_no_mtd=float(np.mean(ends == -1)),
        p_inconclusive=float(np.mean(ends == -2)),
        p_unfinished=float(np.mean(ends == -3)),
        n_patients=np.sort(n_patients),
        trials=trials,
        seed=seed,
    )


def _next_decision(course: Course, day: float) -> float:
    return next((found.day for found in course.of_kind(Kind.DECIDED) if found.day >= day), np.inf)
