"""Trials in time, event by event: a chunk of them in lockstep, each at its own next event.

An event is a place taken, or an outcome known; at equal times the outcome comes first. A patient
takes a place on arrival and is dosed when the stagger allows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from escalation.errors import InputError
from simulations.engines.timeline.arriving import Stream, stream_of
from simulations.engines.timeline.course import GivenPatient
from simulations.engines.timeline.patients import DLT, LOST, Drawn, Patients
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.result import UNFINISHED, Chunk
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.situations import (
    CURRENT,
    ENROLLED,
    N_KINDS,
    OVER,
    PARTIAL,
    Rule,
    earlier,
)

__all__ = ["EventWalk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_FIRST_SLOTS = 4
_DEAD_SHARE = 8  # trials that are over are dropped when they are one in so many
_DLT_UNIT = 1 << 20
_MOST_STEPS = 100_000


class EventWalk:
    """A chunk of trials.

    Parameters
    ----------
    setting : Setting
    rule : Rule
    rng : numpy.random.Generator
    n : int
        Trials.
    given : sequence of GivenPatient, optional
        Patients, instead of drawing them.
    recorder : Recorder, optional
        Is told what happens in each trial.
    """

    def __init__(
        self,
        setting: Setting,
        rule: Rule,
        rng: np.random.Generator,
        n: int,
        *,
        given: Sequence[GivenPatient] | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.setting, self.rule, self.rng, self.n = setting, rule, rng, n
        self.waits = setting.waits
        self.delay = setting.timing.decision_delay_days
        self.recorder = recorder
        self.stream: Stream = stream_of(setting.timing, rng, n)
        self.patients = Patients(setting, rng, n, given)
        self.counts_lost = setting.replaces or given is not None
        n_levels = setting.design.n_levels
        # of every trial of the chunk
        self.end = np.full(n, UNFINISHED, dtype=np.intp)
        self.t_decision = np.full(n, np.inf)
        self.t_last = np.full(n, np.inf)
        self.tallies = np.zeros((n_levels, n), dtype=np.int64)  # dosed + _DLT_UNIT * DLTs
        self.days = np.zeros((n_levels, n))
        self.n_enrolled = np.zeros(n, dtype=np.intp)
        self.n_decisions = np.zeros(n, dtype=np.int64)
        self.n_partial = np.zeros(n, dtype=np.int64)
        self.n_waited = np.zeros(n, dtype=np.int64)
        self.waiting = np.zeros(n)
        self.n_unmade = np.zeros(n, dtype=np.int64)
        self.n_unreached = np.zeros(n, dtype=np.int64)
        self.n_lost = np.zeros(n, dtype=np.int64)
        self.idle = np.zeros(n)
        self.open_days = np.zeros(n)
        self.next_arrival = np.full(n, np.inf)
        # of the trials that go on, in the same order
        self.trials = np.arange(n)
        self.situation = np.full(n, rule.start)
        self.arrival = self.stream.first(n)
        self.opened = np.zeros(n)
        self.level_since = np.zeros(n)
        self.free_since = np.zeros(n)
        self.busy_until = np.zeros(n)
        self.known = np.full((_FIRST_SLOTS, n), np.inf)  # day of each pending outcome
        self.event = np.zeros((_FIRST_SLOTS, n), dtype=np.intp)  # and which event that is
        self.dosed = np.zeros((_FIRST_SLOTS, n)) if setting.staggers else None
        self.last_dosed = np.full(n, -np.inf)
        self.alone_until = np.full(n, -np.inf)
        self.is_first = np.ones(n, dtype=bool)

    def run(self) -> Chunk:
        """Follow all trials to their ends."""
        rule = self.rule
        n_dead = n_steps = 0
        while self.trials.size:
            first, t_known = self._first_known()
            closed = rule.closed.take(self.situation)
            t_enrol = np.maximum(self.arrival, self.opened) if self.waits else self.arrival
            t_enrol = t_enrol + closed
            is_known = t_known <= t_enrol
            day = np.minimum(t_known, t_enrol)
            if self.stream.ends:
                n_dead += self._leave_unfinished(np.isinf(day))
            level = rule.level.take(self.situation)
            events = np.where(is_known, self.event.take(first), ENROLLED)
            if self.counts_lost:
                lost = np.flatnonzero((events - CURRENT) % N_KINDS == LOST)
                self.n_lost[self.trials.take(lost)] += np.isfinite(day.take(lost))
            self.known.ravel()[first] = np.where(is_known, np.inf, t_known)
            enrolling = np.flatnonzero(~is_known)
            if enrolling.size:
                self._enrol(enrolling, day.take(enrolling), level.take(enrolling))
            before = self.situation
            self.situation = rule.follow(before, events)
            after = rule.closed.take(self.situation)
            changed = np.flatnonzero(after != closed)
            if changed.size:
                self._open_or_close(changed, day.take(changed), after.take(changed) == 0)
            flags = rule.flags.take(self.situation)
            deciding = np.flatnonzero(flags)
            if deciding.size:
                n_dead += self._decide(
                    deciding,
                    flags.take(deciding),
                    day.take(deciding),
                    level.take(deciding),
                    withdrawn=(closed.take(deciding) == 0) & (after.take(deciding) == 0),
                )
            if n_dead * _DEAD_SHARE >= self.trials.size:
                self._drop_dead()
                n_dead = 0
            n_steps += 1
            if n_steps > _MOST_STEPS:
                raise InputError(
                    f"a trial came to {_MOST_STEPS:,} events without an end: too many patients "
                    "are replaced"
                )
        return self._chunk()

    def _first_known(self) -> tuple[Ints, Floats]:
        """Return where in the slots each trial's next outcome is, and its day."""
        known = self.known
        n = known.shape[1]
        day = known[0].copy()
        first = np.zeros(n, dtype=np.intp)
        for slot in range(1, len(known)):
            sooner = known[slot] < day
            first[sooner] = slot
            np.minimum(day, known[slot], out=day)
        first *= n
        first += np.arange(n)
        return first, day

    def _enrol(self, i: Ints, day: Floats, level: Ints) -> None:
        """Give a place to a patient of each of some trials, and see how the patient turns out."""
        trials = self.trials.take(i)
        number = self.n_enrolled.take(trials)
        self.n_enrolled[trials] = number + 1
        drawn = self.patients.draw(level, trials, number)
        arrived = self.arrival.take(i)
        self.arrival[i] = self.stream.next_after(trials, arrived)
        dosed = day if self.dosed is None else self._keep_apart(i, day, drawn)
        known = dosed + drawn.after
        packed = 1 + _DLT_UNIT * (drawn.kind == DLT)
        if self.counts_lost:
            packed = self._count_lost(trials, drawn, packed)
        self.tallies.ravel()[level * self.n + trials] += packed
        if self.waits or self.dosed is not None:
            waited = dosed - arrived
            self.waiting[trials] += waited
            self.n_waited[trials] += waited > 0
        busy = self.busy_until.take(i)
        self.idle[trials] += np.maximum(dosed - busy, 0)
        self.busy_until[i] = np.maximum(busy, known)
        place = self._free_slots(i)
        self.known.ravel()[place] = known
        self.event.ravel()[place] = drawn.kind + CURRENT
        if self.dosed is not None:
            self.dosed.ravel()[place] = dosed
        if self.recorder is not None:
            self.recorder.enrol(
                trials,
                number=number,
                cohort=self.n_decisions.take(trials) + 1,
                level=level,
                arrived=arrived,
                enrolled=day,
                dosed=dosed,
                known=known,
                drawn=drawn,
            )

    def _count_lost(self, trials: Ints, drawn: Drawn, packed: Ints) -> Ints:
        """Count those not given the level's dose; who is not dosed at all does not count so."""
        for count, which in ((self.n_unmade, drawn.unmade), (self.n_unreached, drawn.unreached)):
            if which is not None:
                count[trials] += which
        return packed if drawn.unmade is None else packed * ~drawn.unmade

    def _keep_apart(self, i: Ints, day: Floats, drawn: Drawn) -> Floats:
        """Return the days on which patients are dosed: the first of a cohort is alone at first."""
        last, alone = self.last_dosed.take(i), self.alone_until.take(i)
        dosed = np.maximum(np.maximum(day, last + self.setting.apart), alone)
        is_first = self.is_first.take(i)
        watched = is_first
        if drawn.unmade is not None:
            last = np.where(drawn.unmade, last, dosed)
            watched = watched & ~drawn.unmade
        else:
            last = dosed
        if drawn.unreached is not None:
            watched = watched & ~drawn.unreached
        self.last_dosed[i] = last
        self.alone_until[i] = np.where(watched, dosed + self.setting.alone, alone)
        self.is_first[i] = is_first & ~watched
        return np.asarray(dosed)

    def _free_slots(self, i: Ints) -> Ints:
        """Return a free slot of each of some trials; there are more slots where one has none."""
        n = self.known.shape[1]
        place = np.full(len(i), -1, dtype=np.intp)
        missing = np.arange(len(i))
        for slot in range(len(self.known)):
            free = np.isinf(self.known[slot].take(i.take(missing)))
            place[missing[free]] = slot * n + i[missing[free]]
            missing = missing[~free]
            if not missing.size:
                return place
        place[missing] = len(self.known) * n + i[missing]
        self.known = np.concatenate([self.known, np.full((1, n), np.inf)])
        self.event = np.concatenate([self.event, np.zeros((1, n), dtype=np.intp)])
        if self.dosed is not None:
            self.dosed = np.concatenate([self.dosed, np.zeros((1, n))])
        return place

    def _open_or_close(self, i: Ints, day: Floats, opens: NDArray[np.bool_]) -> None:
        """Note that a place has come free, from now on, or that none is free any more."""
        closing, shut = i[~opens], day[~opens]
        trials = self.trials.take(closing)
        self.open_days[trials] += np.maximum(shut - self.free_since.take(closing), 0)
        self._offer(i[opens], day[opens])

    def _offer(self, i: Ints, day: Floats) -> None:
        """Offer a free place from a day on."""
        self.free_since[i] = day
        self.opened[i] = day
        if self.waits:
            return
        gone = np.flatnonzero(self.arrival.take(i) < day)
        i = i.take(gone)
        self.arrival[i] = self.stream.next_from(self.trials.take(i), day.take(gone))

    def _decide(
        self,
        i: Ints,
        flags: NDArray[np.int8],
        day: Floats,
        level: Ints,
        *,
        withdrawn: NDArray[np.bool_],
    ) -> int:
        """Begin the next cohort of some trials, or end them; return how many are over."""
        trials = self.trials.take(i)
        self.days.ravel()[level * self.n + trials] += day - self.level_since.take(i)
        self.level_since[i] = day
        self.n_decisions[trials] += 1
        partial = (flags & PARTIAL) != 0
        self.n_partial[trials] += partial
        if withdrawn.any():
            had = i[withdrawn]
            open_days = np.maximum(day[withdrawn] - self.free_since.take(had), 0)
            self.open_days[self.trials.take(had)] += open_days
        if self.recorder is not None:
            self.recorder.decide(trials, day, self.n_decisions.take(trials), self.situation.take(i))
        over = (flags & OVER) != 0
        goes_on = ~over
        going, then = i[goes_on], day[goes_on] + self.delay
        late = i[goes_on & partial]
        if late.size:
            self._leave_behind(late, level[goes_on & partial])
        if self.dosed is not None:
            new_level = self.rule.level.take(self.situation.take(going))
            fresh = going[~((new_level == level[goes_on]) & partial[goes_on])]
            self.last_dosed[fresh] = -np.inf
            self.alone_until[fresh] = -np.inf
            self.is_first[going] = True
        self._offer(going, then)
        if over.any():
            self._end(i[over], day[over], self.rule.end.take(self.situation.take(i[over])))
        return int(np.count_nonzero(over))

    def _leave_behind(self, i: Ints, level: Ints) -> None:
        """Make those pending at a decision patients of an earlier cohort."""
        shift = earlier(0) - CURRENT + N_KINDS * level
        for slot in range(len(self.event)):
            events = self.event[slot].take(i)
            self.event[slot][i] = np.where(events < CURRENT + N_KINDS, events + shift, events)

    def _end(self, i: Ints, day: Floats, end: Ints) -> None:
        """Note the ends of some trials."""
        trials = self.trials.take(i)
        self.end[trials] = end
        self.t_decision[trials] = day
        last = day.copy()
        for slot in range(len(self.known)):
            known = self.known[slot].take(i)
            np.maximum(last, np.where(np.isfinite(known), known, -np.inf), out=last)
        self.t_last[trials] = last
        self.idle[trials] += np.maximum(day - self.busy_until.take(i), 0)
        self.next_arrival[trials] = self.arrival.take(i)
        self._bury(i)

    def _bury(self, i: Ints) -> None:
        self.situation[i] = self.rule.dead
        self.known[:, i] = np.inf
        self.arrival[i] = np.inf

    def _leave_unfinished(self, stuck: NDArray[np.bool_]) -> int:
        """Give up the trials to which nobody will come any more; return how many there are."""
        i = np.flatnonzero(stuck & (self.situation != self.rule.dead))
        if i.size:
            self._bury(i)
        return i.size

    def _drop_dead(self) -> None:
        kept = np.flatnonzero(self.situation != self.rule.dead)
        for name in (
            "trials",
            "situation",
            "arrival",
            "opened",
            "level_since",
            "free_since",
            "busy_until",
            "last_dosed",
            "alone_until",
            "is_first",
        ):
            setattr(self, name, getattr(self, name).take(kept))
        self.known = self.known.take(kept, axis=1)
        self.event = self.event.take(kept, axis=1)
        if self.dosed is not None:
            self.dosed = self.dosed.take(kept, axis=1)

    def _chunk(self) -> Chunk:
        """Return what the trials came to."""
        ended = np.isfinite(self.t_decision)
        until = np.where(ended, self.t_decision, 0.0)
        dosed, dlts = self.tallies % _DLT_UNIT, self.tallies // _DLT_UNIT
        suspended = np.maximum(until - self.open_days, 0)
        counts = self.stream.count(
            until, self.open_days, self.n_enrolled, self.next_arrival, waits=self.waits
        )
        figures: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {
            "n_patients": dosed.sum(axis=0),
            "n_dlts": dlts.sum(axis=0),
            "n_decisions": self.n_decisions,
            "n_partial": self.n_partial,
            **counts,
            "n_waited": self.n_waited,
            "waiting_days": self.waiting,
            "n_dropped_out": np.maximum(self.n_lost - self.n_unmade - self.n_unreached, 0),
            "n_not_manufactured": self.n_unmade,
            "n_dose_not_reached": self.n_unreached,
            "idle_days": self.idle,
            "suspended_days": suspended,
        }
        return Chunk(
            end=self.end,
            t_decision=self.t_decision,
            t_last=self.t_last,
            patients=dosed,
            dlts=dlts,
            days=self.days,
            figures=figures,
        )
