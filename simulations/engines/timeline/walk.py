"""What walks through time have in common: places, patients, decisions applied, and ends.

A patient takes a place on arrival and is dosed when the stagger allows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from escalation.errors import InputError
from escalation.outcomes import Outcome
from simulations.engines.timeline.arriving import Stream, stream_of
from simulations.engines.timeline.course import GivenPatient, SoFar, Underway
from simulations.engines.timeline.live import Live
from simulations.engines.timeline.patients import DLT, Drawn, Patients
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.result import Chunk
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.situations import (
    CURRENT,
    N_KINDS,
    OVER,
    PARTIAL,
    earlier,
)
from simulations.engines.timeline.stagger import Stagger
from simulations.engines.timeline.sums import DLT_UNIT, Sums

__all__ = ["Walk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_DEAD_SHARE = 8  # trials that are over are dropped when they are one in so many
_MOST_STEPS = 50_000


class Ends(Protocol):
    """Where trials start, and where they are when they are over."""

    start: int
    dead: int


R = TypeVar("R", bound=Ends)


class Walk(ABC, Generic[R]):
    """A chunk of trials.

    Parameters
    ----------
    setting : Setting
    rule : Rule or FollowedRule
    rng : numpy.random.Generator
    n : int
        Trials.
    given : sequence of GivenPatient, optional
        Patients, instead of drawing them.
    underway : Underway, optional
        A trial that has begun; they go on from there.
    recorder : Recorder, optional
        Is told what happens in each trial.
    """

    # whether a decision may find patients with a place who have not been dosed
    withdraws: ClassVar[bool] = True

    def __init__(
        self,
        setting: Setting,
        rule: R,
        rng: np.random.Generator,
        n: int,
        *,
        given: Sequence[GivenPatient] | None = None,
        underway: Underway | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.setting, self.rule, self.rng, self.n = setting, rule, rng, n
        self.waits = setting.waits
        self.delay = setting.delay
        self.recorder = recorder
        from_day = 0.0 if underway is None else underway.day
        self.stream: Stream = stream_of(setting.timing, rng, n, from_day=from_day)
        self.patients = Patients(setting, rng, n, given)
        self.has_ties = given is not None or underway is not None or setting.has_ties
        self.counts_lost = setting.replaces or given is not None
        self.sums = Sums(setting.design.n_levels, n, self.stream)
        self.live = Live(n, rule.start, self.stream.first(n))
        self.keeps_patients = setting.staggers  # when they were dosed, and came
        self.stagger = None
        if setting.staggers:
            self.stagger = Stagger(setting, self.live, self.sums, recorder)
        if underway is not None:
            self._resume(underway)

    @abstractmethod
    def run(self) -> Chunk:
        """Follow all trials to their ends."""

    @abstractmethod
    def _resume(self, underway: Underway) -> None:
        """Go on from a trial that has begun."""

    @abstractmethod
    def _forget(self, i: Ints, undosed: Ints, day: Floats, level: Ints) -> int:
        """Let the rule forget those who are not going to be dosed in the cohort that was closed.

        Their trials are ``i[undosed]``, the levels were ``level[undosed]``; returns how many trials
        are over by that.
        """

    def _count_step(self, n_steps: int) -> int:
        """Count one more event of each trial, and give up one that has no end."""
        if n_steps == _MOST_STEPS:
            raise InputError(
                f"a trial came to {_MOST_STEPS:,} events without an end: too many patients are "
                "replaced"
            )
        return n_steps + 1

    def _begin_at(self, underway: Underway) -> None:
        """Put everybody of a trial that has begun where they are."""
        live, sums = self.live, self.sums
        sums.day, sums.n_before = underway.day, len(underway.patients)
        sums.n_enrolled += len(underway.patients)
        sums.n_decisions += underway.current - 1
        for array in (live.opened, live.level_since, live.free_since, live.busy_until):
            array[:] = underway.day
        for number, one in enumerate(underway.patients):
            self._put_back(one, number, underway)

    def _put_back(self, one: SoFar, number: int, underway: Underway) -> None:
        """Put a patient of a trial that has begun in place, and draw what is still to come."""
        live, everybody = self.live, np.arange(self.n)
        level, day = np.full(self.n, one.level), np.full(self.n, underway.day)
        is_current = one.cohort == underway.current
        if one.dosed is not None and one.outcome is not Outcome.PENDING:
            counted = 1 + DLT_UNIT * (one.outcome is Outcome.DLT)
            self.sums.treat(level, everybody, np.full(self.n, counted))
            if self.stagger is not None and is_current:
                lost = one.known if one.outcome is Outcome.NOT_EVALUABLE else None
                self.stagger.saw(one.dosed, lost, number)
            return
        if one.dosed is None:
            drawn = self.patients.draw(level, everybody, np.full(self.n, number))
            dosed = follows = day
            if self.stagger is not None:
                dosed, follows = self.stagger.plan(everybody, day, np.full(self.n, number))
        else:
            drawn = self.patients.draw_after(level, underway.day - one.dosed)
            if one.closes is not None:
                drawn.close_after(one.closes - one.dosed)
            dosed = follows = np.full(self.n, one.dosed)
            if self.stagger is not None and is_current:
                self.stagger.saw(one.dosed, None, number)
        packed = 1 + DLT_UNIT * (drawn.kind == DLT)
        if self.counts_lost:
            packed = self._count_lost(everybody, drawn, packed)
        self.sums.treat(level, everybody, packed)
        known = np.maximum(dosed + drawn.after, day)
        place = live.find_free(everybody)
        live.known.ravel()[place] = known
        of_cohort = CURRENT if is_current else earlier(one.level)
        live.event.ravel()[place] = drawn.kind + of_cohort
        live.dosed.ravel()[place] = dosed
        live.follows.ravel()[place] = follows
        live.enrolled.ravel()[place] = live.arrived.ravel()[place] = np.minimum(dosed, day)
        live.number.ravel()[place] = number
        live.counted.ravel()[place] = packed
        np.maximum(live.busy_until, known, out=live.busy_until)
        if self.recorder is not None:
            self.recorder.enrol(
                everybody,
                number=np.full(self.n, number),
                cohort=np.full(self.n, one.cohort),
                level=level,
                arrived=np.minimum(dosed, day),
                enrolled=np.minimum(dosed, day),
                dosed=dosed,
                known=known,
                drawn=drawn,
            )

    def _enrol(self, i: Ints, day: Floats, level: Ints) -> None:
        """Give a place to a patient of each of some trials, and see how the patient turns out."""
        trials, arrived = self.live.trials.take(i), self.live.arrival.take(i)
        number = self.sums.n_enrolled.take(trials)
        if self.stagger is not None and self.stagger.held:
            number = self._recall(self.stagger, i, trials, number, day)
        else:
            self.sums.n_enrolled[trials] = number + 1
            self.live.arrival[i] = self.stream.next_after(trials, self.live.arrival.take(i))
        drawn = self.patients.draw(level, trials, number)
        dosed = follows = day
        if self.stagger is not None:
            dosed, follows = self.stagger.plan(i, day, number)
        known = dosed + drawn.after
        packed = 1 + DLT_UNIT * (drawn.kind == DLT)
        if self.counts_lost:
            packed = self._count_lost(trials, drawn, packed)
        self.sums.treat(level, trials, packed)
        if self.waits or self.stagger is not None:
            waited = dosed - arrived
            self.sums.waiting[trials] += waited
            self.sums.n_waited[trials] += waited > 0
        busy = self.live.busy_until.take(i)
        self.sums.idle[trials] += np.maximum(dosed - busy, 0)
        self.live.busy_until[i] = np.maximum(busy, known)
        place = self.live.find_free(i)
        self.live.known.ravel()[place] = known
        self.live.event.ravel()[place] = drawn.kind + CURRENT
        if self.keeps_patients:
            self.live.dosed.ravel()[place] = dosed
            self.live.follows.ravel()[place] = follows
            self.live.enrolled.ravel()[place] = day
            self.live.arrived.ravel()[place] = arrived
            self.live.number.ravel()[place] = number
            self.live.counted.ravel()[place] = packed
        if self.recorder is not None:
            self.recorder.enrol(
                trials,
                number=number,
                cohort=self.sums.n_decisions.take(trials) + 1,
                level=level,
                arrived=arrived,
                enrolled=day,
                dosed=dosed,
                known=known,
                drawn=drawn,
            )

    def _recall(self, stagger: Stagger, i: Ints, trials: Ints, number: Ints, day: Floats) -> Ints:
        """Say who takes a place, and who comes next: those who had one before come first."""
        number, following = stagger.recall(trials, number)
        again = np.zeros(len(i), dtype=bool)
        again[list(following)] = True
        new = np.flatnonzero(~again)
        arrival = np.empty(len(i))
        arrival[list(following)] = list(following.values())
        arrival[new] = self.stream.next_after(trials[new], self.live.arrival.take(i[new]))
        gone = np.flatnonzero(again & (arrival < day) & ~np.isin(trials, list(stagger.held)))
        if gone.size and not self.waits:
            arrival[gone] = self.stream.next_from(trials[gone], day[gone])
        self.live.arrival[i] = arrival
        self.sums.n_enrolled[trials[new]] += 1
        return number

    def _count_lost(self, trials: Ints, drawn: Drawn, packed: Ints) -> Ints:
        """Count those not given the level's dose; who is not dosed at all does not count so."""
        if drawn.unmade is not None:
            self.sums.n_unmade[trials] += drawn.unmade
        if drawn.unreached is not None:
            self.sums.n_unreached[trials] += drawn.unreached
        return packed if drawn.unmade is None else packed * ~drawn.unmade

    def _who_waits(self, i: Ints, day: Floats, free: NDArray[np.bool_]) -> dict[int, float]:
        """Return when those came, by trial, who wait to be dosed in a place that was free."""
        if self.waits or self.stagger is None or not self.stagger.on_dosing:
            return {}
        who = i[free & (self.live.arrival.take(i) < day)]
        return dict(zip(who.tolist(), self.live.arrival.take(who).tolist(), strict=True))

    def _close_behind(self, i: Ints, filled: NDArray[np.bool_], day: Floats) -> None:
        """Turn away who came and found no free place, where others waited in theirs to be dosed.

        Parameters
        ----------
        i : int array
            Trials in which somebody was given a place.
        filled : bool array
            Whether it was the last that was free.
        day : float array
        """
        if self.waits or self.stagger is None or not self.stagger.on_dosing:
            return
        since = np.where(filled, day, self.live.free_since.take(i))
        late = np.flatnonzero(self.live.arrival.take(i) < since)
        while late.size:
            i, since = i[late], since[late]
            trials, came = self.live.trials.take(i), self.live.arrival.take(i)
            self.sums.n_turned_away[trials] += 1
            self.live.arrival[i] = self.stream.next_after(trials, came)
            late = np.flatnonzero(self.live.arrival.take(i) < since)

    def _offer(self, i: Ints, day: Floats) -> None:
        """Offer a free place from a day on."""
        self.live.free_since[i] = day
        self.live.opened[i] = day
        if self.waits:
            return
        gone = np.flatnonzero((self.live.arrival.take(i) < day) | (not self.stream.forgets))
        if self.stagger is not None and self.stagger.held:
            gone = gone[~np.isin(self.live.trials.take(i.take(gone)), list(self.stagger.held))]
        i = i.take(gone)
        self.live.arrival[i] = self.stream.next_from(self.live.trials.take(i), day.take(gone))

    def _apply(
        self,
        i: Ints,
        flags: NDArray[np.int8],
        day: Floats,
        level: Ints,
        *,
        to: Ints,
        end: Ints,
        what: Ints,
        withdrawn: NDArray[np.bool_],
    ) -> int:
        """Begin the next cohort of some trials, or end them; return how many are over.

        Parameters
        ----------
        i : int array
            The trials; the others have an entry each.
        flags : int array
            ``OVER`` and ``PARTIAL``, as in ``Rule``.
        day : float array
        level, to : int array
            0-based levels of the cohort that is decided on, and of the next.
        end : int array
            The MTD where it is over.
        what : int array
            What the recorder calls the decision by.
        withdrawn : bool array
            Whether places of the cohort were still free.
        """
        trials = self.live.trials.take(i)
        self.sums.spend(level, trials, day - self.live.level_since.take(i))
        self.live.level_since[i] = day
        self.sums.n_decisions[trials] += 1
        partial = (flags & PARTIAL) != 0
        self.sums.n_partial[trials] += partial
        if withdrawn.any():
            had = i[withdrawn]
            since = self.live.free_since.take(had)
            self.sums.was_open(self.live.trials.take(had), since, day[withdrawn])
        if self.recorder is not None:
            self.recorder.decide(trials, day, self.sums.n_decisions.take(trials), what)
        over = (flags & OVER) != 0
        goes_on = ~over
        going = i[goes_on]
        first = self._who_waits(i, day, withdrawn)
        self._offer(going, day[goes_on] + self.delay)
        self.live.arrival[list(first)] = list(first.values())
        undosed: Ints | None = None
        if self.stagger is not None:
            leaving = partial & self.withdraws & ((to != level) | over)  # else they stay in place
            undosed = self.stagger.withdraw(i[leaving], day[leaving], level[leaving])
            undosed = np.flatnonzero(leaving)[undosed]
            self.stagger.open(going, level[goes_on], to[goes_on], partial=partial[goes_on])
        late = i[goes_on & partial]
        if late.size:
            self._leave_behind(late, level[goes_on & partial])
        if over.any():
            self._end(i[over], day[over], end[over])
        n_over = int(np.count_nonzero(over))
        if undosed is not None and undosed.size:
            n_over += self._forget(i, undosed, day, level)
        return n_over

    def _leave_behind(self, i: Ints, level: Ints) -> None:
        """Make those pending at a decision patients of an earlier cohort."""
        shift = earlier(0) - CURRENT + N_KINDS * level
        for slot in range(len(self.live.event)):
            events = self.live.event[slot].take(i)
            self.live.event[slot][i] = np.where(events < CURRENT + N_KINDS, events + shift, events)

    def _end(self, i: Ints, day: Floats, end: Ints) -> None:
        """Note the ends of some trials."""
        trials = self.live.trials.take(i)
        self.sums.end[trials] = end
        self.sums.t_decision[trials] = day
        self.sums.t_last[trials] = self.live.last_known(i, day)
        self.sums.idle[trials] += np.maximum(day - self.live.busy_until.take(i), 0)
        self.sums.next_arrival[trials] = self.live.arrival.take(i)
        if self.stagger is not None:
            for trial in np.intersect1d(trials, list(self.stagger.held)).tolist():
                self.sums.n_held[trial] = len(self.stagger.held.pop(trial))
                self.sums.next_arrival[trial] = self.stagger.behind.pop(trial)
        self._bury(i)

    def _bury(self, i: Ints) -> None:
        self.live.situation[i] = self.rule.dead
        self.live.known[:, i] = np.inf
        self.live.arrival[i] = np.inf

    def _leave_unfinished(self, stuck: NDArray[np.bool_]) -> int:
        """Give up the trials to which nobody will come any more; return how many there are."""
        i = np.flatnonzero(stuck & (self.live.situation != self.rule.dead))
        if i.size:
            self._bury(i)
        return i.size

    def _clear_away(self, n_dead: int) -> int:
        """Drop the trials that are over, where they are many; return how many are left."""
        if n_dead * _DEAD_SHARE < self.live.trials.size:
            return n_dead
        self._drop_dead()
        return 0

    def _drop_dead(self) -> None:
        kept = np.flatnonzero(self.live.situation != self.rule.dead)
        self.live.keep(kept)
        if self.stagger is not None:
            self.stagger.keep(kept)
