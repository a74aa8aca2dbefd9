"""What patients come to, for many at once: a DLT and when, or who is lost, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulations.engines.timeline.course import GivenPatient
from simulations.engines.timeline.setting import Setting
from simulations.timing.assumptions import GivenTimes, Uniform

__all__ = ["DLT", "LOST", "MODERATE", "NO_DLT", "UNMADE", "Drawn", "Patients"]

NO_DLT, DLT, MODERATE, LOST, UNMADE = range(5)  # from LOST on, a patient does not count

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_NEVER = 1e30
_MOST_ROUNDS = 200


@dataclass(slots=True)
class Drawn:
    """Patients, as they turn out.

    Attributes
    ----------
    after : float array, shape (M,)
        Days from dosing until the outcome is known.
    kind : int array, shape (M,)
        ``NO_DLT``, ``DLT``, ``MODERATE``, ``LOST``, or ``UNMADE`` for who is not dosed at all.
    unmade, unreached : bool array, shape (M,), or None
        For whom there was nothing to give on the day of dosing, and who were not given the level's
        dose; None for nobody.
    """

    after: Floats
    kind: Ints
    unmade: NDArray[np.bool_] | None = None
    unreached: NDArray[np.bool_] | None = None

    def close_after(self, days: float) -> None:
        """Let the window close so many days after dosing: what would come later is not seen."""
        unseen = (self.after > days) & ((self.kind == DLT) | (self.kind == LOST))
        self.kind[unseen] = NO_DLT
        ends = (self.kind == NO_DLT) | (self.kind == MODERATE)
        self.after[ends] = days


class Patients:
    """The patients of the trials of a chunk.

    Parameters
    ----------
    setting : Setting
    rng : numpy.random.Generator
    n : int
        Trials.
    given : sequence of GivenPatient, optional
        Instead of drawing: what they come to, in order of enrolment, the same in every trial.
    """

    def __init__(
        self,
        setting: Setting,
        rng: np.random.Generator,
        n: int,
        given: Sequence[GivenPatient] | None = None,
    ) -> None:
        self.setting = setting
        self.rng = rng
        self.window = setting.window
        self.dropout = setting.timing.dropout
        self.unmade = setting.not_manufactured
        self.unreached = setting.dose_not_reached
        self.any_unmade = bool(self.unmade.any())
        self.any_unreached = bool(self.unreached.any())
        self.any_moderate = setting.design.asks_moderate
        self.p = setting.p_dlt
        self.inverse = _inverse(self.p)
        self.p_of_trial: Floats | None = None
        correlation = setting.timing.correlation
        if correlation > 0:  # one number a trial is behind the DLTs of all its patients
            from scipy.special import (  # type: ignore[import-untyped]  # noqa: PLC0415  # slow
                ndtr,
                ndtri,
            )

            shared = rng.standard_normal(n)
            cut = (ndtri(self.p)[:, np.newaxis] - correlation**0.5 * shared) / (
                1 - correlation
            ) ** 0.5
            self.p_of_trial = ndtr(cut)
        self.given = None
        if given is not None:
            self.given = (
                np.array([_days(one.dlt_after) for one in given] + [np.inf]),
                np.array([_days(one.dropped_after) for one in given] + [np.inf]),
            )

    def draw(self, level: Ints, trials: Ints, number: Ints | None = None) -> Drawn:
        """Draw a patient of each trial.

        On whole days, what comes in the course of a day comes on it.

        Parameters
        ----------
        level : int array, shape (M,)
            0-based.
        trials : int array, shape (M,)
            Numbers of the trials in the chunk.
        number : int array, shape (M,), optional
            How many patients each trial enrolled before; needed where patients are given.
        """
        if self.given is not None and number is not None:
            drawn = self._take(self.given, number)
        else:
            drawn = self._draw(level, trials)
        if self.setting.timing.whole_days:
            np.floor(drawn.after, out=drawn.after)
        return drawn

    def _draw(self, level: Ints, trials: Ints) -> Drawn:
        m = len(level)
        u = self.rng.random(m, dtype=np.float32)
        if self.p_of_trial is None:
            share = u * self.inverse.take(level)
        else:
            share = u * _inverse(self.p_of_trial[level, trials])
        is_dlt = share < 1  # and then it is uniform again, from 0 to 1
        kind = is_dlt.astype(np.intp)
        after = self._days_to_outcome(share, is_dlt, level, trials)
        if self.any_moderate:
            moderate = self.rng.random(m) < self.setting.p_moderate.take(level)
            kind[moderate & (kind == NO_DLT)] = MODERATE
        if self.dropout:
            lost = self.rng.random(m, dtype=np.float32) * np.float64(self.window / self.dropout)
            first = lost < after
            kind[first] = LOST
            np.minimum(after, lost, out=after)
        drawn = Drawn(after, kind)
        if self.any_unreached:
            drawn.unreached = self.rng.random(m) < self.unreached.take(level)
            after[drawn.unreached], kind[drawn.unreached] = 0.0, LOST
        if self.any_unmade:
            drawn.unmade = self.rng.random(m) < self.unmade.take(level)
            after[drawn.unmade], kind[drawn.unmade] = 0.0, UNMADE
            if drawn.unreached is not None:
                drawn.unreached &= ~drawn.unmade
        return drawn

    def draw_after(self, level: Ints, elapsed: float) -> Drawn:
        """Draw a pending patient of each trial, who has been followed for so many days."""
        trials = np.arange(len(level))
        drawn = self.draw(level, trials)
        for _ in range(_MOST_ROUNDS):
            past = (drawn.after <= elapsed) & ((drawn.kind == DLT) | (drawn.kind == LOST))
            again = np.flatnonzero(past)
            if not again.size:
                break
            other = self.draw(level[again], trials[again])
            drawn.after[again], drawn.kind[again] = other.after, other.kind
        else:  # who is all but certain to have had a DLT by now, or to be lost, and was not
            drawn.after[again], drawn.kind[again] = self.window, NO_DLT
        return Drawn(drawn.after, drawn.kind)

    def _days_to_outcome(
        self, share: Floats, is_dlt: NDArray[np.bool_], level: Ints, trials: Ints
    ) -> Floats:
        """Return days from dosing to a DLT, or to the end of the window."""
        times = self.setting.timing.time_to_dlt
        if isinstance(times, Uniform):
            return np.minimum(share, 1.0) * self.window
        after = np.full(len(share), self.window)
        share = share[is_dlt]
        if isinstance(times, GivenTimes):
            days = np.array(times.days)
            after[is_dlt] = days.take((share * len(days)).astype(np.intp))
            return after
        level, trials = level[is_dlt], trials[is_dlt]
        p = self.p.take(level) if self.p_of_trial is None else self.p_of_trial[level, trials]
        after[is_dlt] = self.window * _weibull(share, p, times.late_share)
        return after

    def _take(self, given: tuple[Floats, Floats], number: Ints) -> Drawn:
        dlt, lost = (days[np.minimum(number, len(days) - 1)] for days in given)
        after = np.minimum(np.minimum(dlt, lost), self.window)
        kind = np.where(dlt <= self.window, DLT, NO_DLT)
        kind[lost < np.minimum(dlt, self.window)] = LOST
        return Drawn(after, kind)


def _weibull(share: Floats, p: Floats, late: float) -> Floats:
    """Return the part of the window until a DLT, where so great a share of all come before it.

    F(t) = 1 - exp(-(t/b)^a), with F(window) = p and F(window / 2) = (1 - late) p.
    """
    p = np.minimum(p, 1 - 1e-9)
    whole, half = -np.log1p(-p), -np.log1p(-(1 - late) * p)
    return np.asarray((-np.log1p(-share * p) / whole) ** (1 / np.log2(whole / half)))


def _inverse(p: Floats) -> Floats:
    """Return 1 / p, or a number so large that times a uniform number it is above 1."""
    return np.asarray(np.where(p > 0, 1 / np.where(p > 0, p, 1.0), _NEVER))


def _days(value: float | None) -> float:
    return np.inf if value is None else value
