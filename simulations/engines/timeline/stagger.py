"""Patients of a cohort who are kept apart, as the tracker's gates keep them (``trial/calendar``).

The first patient of a cohort is alone for some days, the next follow each other by others. Where
the first is lost before those days are over, the next one is alone in turn. Nobody is dosed at a
level that a decision has left: who had a place and was not dosed is the next to get one.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simulations.engines.timeline.live import Live
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.situations import CURRENT, N_KINDS
from simulations.engines.timeline.sums import Sums

__all__ = ["Stagger"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_LAST = np.iinfo(np.intp).max


class Stagger:
    """When the next patient of each trial's cohort may be dosed.

    Attributes
    ----------
    last : float array, shape (N,)
        Day of the cohort's last dosing so far, minus infinity before the first.
    alone_until : float array, shape (N,)
        Day until which its first patient is alone.
    is_first : bool array, shape (N,)
        Whether nobody of the cohort has been, or is being, watched for those days.
    watched : int array, shape (N,)
        Who is, by how many were enrolled before.
    held : dict of int to list of (float, int)
        By the trial's number in the chunk, those who had a place and were not dosed, in order: the
        day on which each came, and how many had been enrolled before.
    """

    # False doses everybody as was planned on enrolment, whatever happens until then
    replans: ClassVar[bool] = True

    def __init__(self, setting: Setting, live: Live, sums: Sums, recorder: Recorder | None) -> None:
        n = len(live.trials)
        self.alone, self.apart = setting.alone, setting.apart
        self.on_dosing = self.replans and setting.places_on_dosing
        self.rolls = setting.design.while_pending is not None and not setting.design.asks_follow_up
        self.live, self.sums, self.recorder = live, sums, recorder
        self.last = np.full(n, -np.inf)
        self.alone_until = np.full(n, -np.inf)
        self.is_first = np.ones(n, dtype=bool)
        self.watched = np.full(n, -1)
        self.held: dict[int, list[tuple[float, int]]] = {}
        self.behind: dict[int, float] = {}  # when the one after them comes

    def next_day(self, level: Ints) -> Floats:
        """Return the first day on which the next patient of each trial may be dosed.

        That is asked where a place is given on that day: it is the one of the tracker's gates, for
        the cohort and those still in their window at its level.

        Parameters
        ----------
        level : int array, shape (N,)
            0-based level of the current cohort.
        """
        live = self.live
        current = live.event < CURRENT + N_KINDS
        at = np.where(current, level, (live.event - CURRENT) // N_KINDS - 1)
        others = np.isfinite(live.known) & (at == level)
        if not self.rolls:
            others &= ~current
        first = np.where(others, live.dosed, np.inf).min(axis=0) + self.alone
        last = np.where(others, live.dosed, -np.inf).max(axis=0)
        first[np.isinf(first)] = -np.inf
        alone = np.where(self.is_first, first, self.alone_until)
        if self.rolls:  # whom it counts as of the cohort, a new place may count no more
            np.maximum(alone, first, out=alone)
        return np.asarray(np.maximum(np.maximum(self.last, last) + self.apart, alone))

    def plan(self, i: Ints, day: Floats, number: Ints) -> tuple[Floats, Floats]:
        """Plan the dosing of patients who are enrolled on a day.

        Returns
        -------
        dosed, follows : float array
            Days on which they are dosed, and on which the cohort's patient before was.
        """
        follows, alone = self.last.take(i), self.alone_until.take(i)
        dosed = np.maximum(np.maximum(day, follows + self.apart), alone)
        first = self.is_first.take(i)
        self.last[i] = dosed
        self.alone_until[i] = np.where(first, dosed + self.alone, alone)
        self.watched[i] = np.where(first, number, self.watched.take(i))
        self.is_first[i] = False
        return dosed, follows

    def saw(self, dosed: float, lost: float | None, number: int) -> None:
        """Take account, in every trial, of a patient of the cohort who was dosed before."""
        self.last = np.maximum(self.last, dosed)
        ends = dosed + self.alone
        if self.is_first[0] and (lost is None or lost >= ends):
            self.alone_until[:], self.is_first[:], self.watched[:] = ends, False, number

    def open(self, i: Ints, level: Ints, to: Ints, *, partial: NDArray[np.bool_]) -> None:
        """Begin new cohorts; whoever is pending at their level counts as if of them.

        Parameters
        ----------
        i : int array
            Trials.
        level, to : int array
            Of the cohort that is closed, and of the new one.
        partial : bool array
            Whether anybody is pending.
        """
        self.last[i] = -np.inf
        self.alone_until[i] = -np.inf
        self.is_first[i] = True
        i, level, to = i[partial], level[partial], to[partial]
        if not self.replans or not i.size or self.on_dosing:
            return
        event = self.live.event[:, i]
        at = np.where(event < CURRENT + N_KINDS, level, (event - CURRENT) // N_KINDS - 1)
        pending = np.isfinite(self.live.known[:, i]) & (at == to)
        dosed = self.live.dosed[:, i]
        first = np.where(pending, dosed, np.inf).min(axis=0)
        self.last[i] = np.where(pending, dosed, -np.inf).max(axis=0)
        self.alone_until[i] = np.where(np.isfinite(first), first + self.alone, -np.inf)

    def lose(self, i: Ints, day: Floats, place: Ints) -> None:
        """Plan the next dosings again, where who is lost was being watched, or was not dosed.

        Parameters
        ----------
        i : int array
            Trials.
        day : float array
        place : int array
            Where in the flat slots the patients were.
        """
        if not self.replans or not i.size:
            return
        live = self.live
        number, undosed = live.number.take(place), live.counted.take(place) == 0
        watched = (number == self.watched.take(i)) & (day < self.alone_until.take(i))
        self.alone_until[i[watched]], self.is_first[i[watched]] = -np.inf, True
        moved = watched | undosed
        i, day, place, undosed = i[moved], day[moved], place[moved], undosed[moved]
        self.last[i] = np.where(undosed, live.follows.take(place), live.dosed.take(place))
        undosed = self._undosed(i, day)
        some = np.flatnonzero(undosed.any(axis=0))
        if some.size:
            self._plan_again(i.take(some), day.take(some), undosed[:, some])

    def _plan_again(self, i: Ints, day: Floats, undosed: NDArray[np.bool_]) -> None:
        """Plan the dosings of those not dosed on a day anew, in the order of their places."""
        live, sums, trials = self.live, self.sums, self.live.trials.take(i)
        each = np.arange(len(i))
        pending = np.isfinite(live.known[:, i])
        known = np.where(pending & ~undosed, live.known[:, i], -np.inf)
        busy = np.maximum(known.max(axis=0), day)
        was_busy = busy.copy()
        order = np.argsort(np.where(undosed, live.number[:, i], _LAST), axis=0, kind="stable")
        last, alone = self.last.take(i), self.alone_until.take(i)
        for slot in order[: int(undosed.sum(axis=0).max())]:
            of = np.flatnonzero(undosed[slot, each])
            at, who, number = slot[of], i[of], trials[of]
            before, known_before = live.dosed[at, who], live.known[at, who]
            then = np.maximum(np.maximum(day[of], last[of] + self.apart), alone[of])
            first = self.is_first[who]
            alone[of] = np.where(first, then + self.alone, alone[of])
            self.watched[who] = np.where(first, live.number[at, who], self.watched[who])
            self.is_first[who] = False
            live.follows[at, who], last[of] = last[of], then
            known_then = then + (known_before - before)
            live.dosed[at, who], live.known[at, who] = then, known_then
            sums.waiting[number] += then - before
            idle, was_idle = np.maximum(then - busy[of], 0), np.maximum(before - was_busy[of], 0)
            sums.idle[number] += idle - was_idle
            busy[of] = np.maximum(busy[of], known_then)
            was_busy[of] = np.maximum(was_busy[of], known_before)
            if self.recorder is not None:
                moved = (number, live.number[at, who], then, known_then)
                for one in zip(*(column.tolist() for column in moved), strict=True):
                    self.recorder.move(*one)
        self.last[i], self.alone_until[i], live.busy_until[i] = last, alone, busy

    def withdraw(self, i: Ints, day: Floats, level: Ints) -> Ints:
        """Take back the places of those not dosed when a decision closed their cohorts.

        They come before who comes next, unless the trial is over.

        Returns
        -------
        which : int array
            Entries of ``i``, one a patient.
        """
        which: list[int] = []
        for k in np.flatnonzero(self._undosed(i, day).any(axis=0)).tolist() if self.replans else ():
            trial, now = int(i[k]), float(day[k])
            undosed = self._take_back(trial, now)
            which += [k] * len(undosed)
            self._hold(trial, undosed, now, int(level[k]))
        return np.array(which, dtype=np.intp)

    def _hold(self, trial: int, slots: list[int], now: float, level: int) -> None:
        live, sums = self.live, self.sums
        number = int(live.trials[trial])
        held = [(float(live.arrived[s, trial]), int(live.number[s, trial])) for s in slots]
        for slot, (arrived, order) in zip(slots, held, strict=True):
            counted = int(live.counted[slot, trial])
            sums.tallies[level, number] -= counted
            sums.waiting[number] += arrived
            sums.n_waited[number] -= 1
            if not counted:
                sums.n_unmade[number] -= 1
            elif live.known[slot, trial] == live.dosed[slot, trial]:
                sums.n_unreached[number] -= 1
            live.known[slot, trial] = np.inf
            if self.recorder is not None:
                self.recorder.withdraw(number, order, now)
        if number not in self.held:
            self.behind[number] = float(live.arrival[trial])
        self.held[number] = [*held, *self.held.get(number, [])]
        live.arrival[trial] = self.held[number][0][0]

    def recall(self, trials: Ints, number: Ints) -> tuple[Ints, dict[int, float]]:
        """Return how many had been enrolled before those who take a place now.

        Where they are of those who had one before, also when the next one comes.

        Returns
        -------
        number : int array
        following : dict of int to float
            By entry of ``trials``.
        """
        following = {}
        for k in np.flatnonzero(np.isin(trials, list(self.held))).tolist():
            trial = int(trials[k])
            (_, number[k]), *rest = self.held.pop(trial)
            if rest:
                self.held[trial] = rest
                following[k] = rest[0][0]
            else:
                following[k] = self.behind.pop(trial)
        return number, following

    def _undosed(self, i: Ints, day: Floats) -> NDArray[np.bool_]:
        """Tell who of the current cohorts has a place and was not dosed by a day, by slot."""
        live = self.live
        # a decision on a day comes before the dosings that were planned for it
        dosed = live.dosed[:, i]
        due = (dosed > day) | ((dosed == day) & (live.enrolled[:, i] < day))
        due &= live.event[:, i] < CURRENT + N_KINDS
        return np.asarray(due & np.isfinite(live.known[:, i]))

    def _take_back(self, trial: int, now: float) -> list[int]:
        """Undo what was counted of those of the current cohort not dosed yet, and return them."""
        live, number = self.live, self.live.trials[trial]
        known, dosed = live.known[:, trial].tolist(), live.dosed[:, trial].tolist()
        order, event = live.number[:, trial].tolist(), live.event[:, trial].tolist()
        enrolled = live.enrolled[:, trial].tolist()
        busy = now
        undosed = []
        for slot, day in enumerate(known):
            if day == np.inf:
                continue
            is_due = dosed[slot] > now or (dosed[slot] == now > enrolled[slot])
            if is_due and event[slot] < CURRENT + N_KINDS:
                undosed.append(slot)
            elif day > busy:
                busy = day
        undosed.sort(key=order.__getitem__)
        live.busy_until[trial] = busy
        for slot in undosed:
            self.sums.idle[number] -= max(dosed[slot] - busy, 0.0)
            self.sums.waiting[number] -= dosed[slot]
            busy = max(busy, known[slot])
        return undosed

    def keep(self, kept: Ints) -> None:
        """Leave only some trials."""
        for name in ("last", "alone_until", "is_first", "watched"):
            setattr(self, name, getattr(self, name).take(kept))
