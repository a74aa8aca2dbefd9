"""Trials in time with backfill: who finds no place in the escalation may have one below it.

Places are the protocol's (``protocol/backfill.py``): each cohort of the escalation opens some at
the levels below it. The highest open level is filled first. Backfill patients are dosed on the day
on which they get their place. Where they count at decisions, these wait for them as for the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from escalation.outcomes import Tally
from escalation.protocol import Protocol, n_backfill_places
from simulations.engines.timeline.by_event import EventWalk
from simulations.engines.timeline.course import GivenPatient, Underway
from simulations.engines.timeline.patients import DLT, LOST
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.result import Chunk
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.situations import (
    ENROLLED,
    N_KINDS,
    Rule,
    beside,
    beside_enrolled,
)
from simulations.engines.timeline.sums import DLT_UNIT

__all__ = ["BackfillWalk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_MANY = 1 << 10  # patients at a level


class BackfillWalk(EventWalk):
    """A chunk of trials; the arguments are those of ``Walk``, and whether the backfill counts.

    Every arrival is an event here, also that of a patient who finds no place.
    """

    def __init__(
        self,
        setting: Setting,
        rule: Rule,
        rng: np.random.Generator,
        n: int,
        *,
        counts: bool,
        given: Sequence[GivenPatient] | None = None,
        underway: Underway | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        n_levels = setting.design.n_levels
        self.counts = counts
        self.places = _Places(setting.protocol)
        # of the trials that go on: the backfill at each level, and who came since the last decision
        self.seen = np.zeros((n, n_levels, 3), dtype=np.intp)  # evaluable, with a DLT, pending
        self.since = np.zeros((n, n_levels), dtype=np.intp)
        self.shut = np.full(n, np.inf)  # 0 where a backfill place is free, at the level ``target``
        self.target = np.zeros(n, dtype=np.intp)
        self.offered = np.zeros(n)
        super().__init__(setting, rule, rng, n, given=given, underway=underway, recorder=recorder)
        self.sums.sees_everybody = True
        self.treated = self.sums.backfill = np.zeros((n_levels, n), dtype=np.int64)
        self.first_beside = beside(n_levels)
        self.enrolled_beside = beside_enrolled(n_levels)

    def run(self) -> Chunk:
        """Follow all trials to their ends."""
        live, rule = self.live, self.rule
        n_dead = n_steps = 0
        while live.trials.size:
            first, t_known = live.first_known()
            closed = rule.closed.take(live.situation)
            t_enrol, t_beside, t_come = self._arrivals(closed)
            is_known = t_known <= t_come
            day = np.minimum(t_known, t_come)
            n_dead += self._leave_unfinished(np.isinf(day))
            goes_on = live.situation != rule.dead
            level = rule.level.take(live.situation)
            coming = ~is_known & goes_on
            enrols = coming & (t_enrol <= np.minimum(t_beside, day))
            besides = coming & ~enrols & (t_beside <= day)
            events = np.where(is_known, live.event.take(first), ENROLLED)
            live.known.ravel()[first] = np.where(is_known, np.inf, t_known)
            self._know(np.flatnonzero(is_known & goes_on), first, day, events)
            enrolling, filling = np.flatnonzero(enrols), np.flatnonzero(besides)
            if enrolling.size:
                self._enrol(enrolling, day.take(enrolling), level.take(enrolling))
            if filling.size:
                events[filling] = self.enrolled_beside + self.target.take(filling)
                self._fill(filling, day.take(filling))
            self._turn_away(np.flatnonzero(coming & ~enrols & ~besides))
            moves = goes_on & (is_known | enrols | besides)
            if not self.counts:
                moves &= events < self.first_beside
            if self.has_ties:
                alike = live.known == day
                if not self.counts:
                    alike &= live.event < self.first_beside
                events += rule.quiet * ((is_known | enrols) & alike.any(axis=0))
            moving = np.flatnonzero(moves)
            live.situation[moving] = rule.follow(live.situation.take(moving), events.take(moving))
            after = rule.closed.take(live.situation)
            changed = np.flatnonzero((after != closed) & goes_on)
            if changed.size:
                self._open_or_close(changed, day.take(changed), after.take(changed) == 0)
            flags = np.where(moves, rule.flags.take(live.situation), 0)
            deciding = np.flatnonzero(flags)
            if deciding.size:
                n_dead += self._decide(
                    deciding,
                    flags.take(deciding).astype(np.int8),
                    day.take(deciding),
                    level.take(deciding),
                    withdrawn=(closed.take(deciding) == 0) & (after.take(deciding) == 0),
                )
            self._look_for_places(day, deciding)
            n_dead = self._clear_away(n_dead)
            n_steps = self._count_step(n_steps)
        return self.sums.chunk(waits=self.waits)

    def _arrivals(self, closed: Floats) -> tuple[Floats, Floats, Floats]:
        """Return when the next patient takes a place, or one beside it, and when one comes."""
        live = self.live
        t_enrol = np.maximum(live.arrival, live.opened) + closed
        t_beside = np.maximum(live.arrival, self.offered) + self.shut
        t_first = np.minimum(t_enrol, t_beside)
        if self.waits:
            return t_enrol, t_beside, t_first
        t_come = live.arrival.copy()
        if self.stagger is not None and self.stagger.held:  # they came before
            held = np.isin(live.trials, list(self.stagger.held))
            t_come[held] = t_first[held]
        return t_enrol, t_beside, t_come

    def _know(self, i: Ints, first: Ints, day: Floats, events: Ints) -> None:
        """Take account of outcomes."""
        own = i[events.take(i) < self.first_beside]
        lost = own[(events.take(own) - 1) % N_KINDS >= LOST]
        if lost.size:
            self._lose(lost, first, day, events)
        other = i[events.take(i) >= self.first_beside]
        level, kind = np.divmod(events.take(other) - self.first_beside, N_KINDS)
        self.seen[other, level, 0] += kind < LOST
        self.seen[other, level, 1] += kind == DLT
        self.seen[other, level, 2] -= 1
        # who is lost gives the place back while the cohort lasts that opened it, as in the tracker
        came = self.live.dosed.ravel().take(first.take(other))
        again = (kind >= LOST) & (came >= self.live.level_since.take(other))
        self.since[other[again], level[again]] -= 1

    def _fill(self, i: Ints, day: Floats) -> None:
        """Give a backfill place to a patient of each of some trials."""
        live, sums = self.live, self.sums
        trials, arrived, level = live.trials.take(i), live.arrival.take(i), self.target.take(i)
        number = sums.n_enrolled.take(trials)
        if self.stagger is not None and self.stagger.held:
            number = self._recall(self.stagger, i, trials, number, day)
        else:
            sums.n_enrolled[trials] = number + 1
            live.arrival[i] = self.stream.next_after(trials, arrived)
        drawn = self.patients.draw(level, trials, number)
        known = day + drawn.after
        packed = 1 + DLT_UNIT * (drawn.kind == DLT)
        if drawn.unmade is not None:
            packed = packed * ~drawn.unmade
        self.treated.ravel()[level * self.n + trials] += packed
        if self.waits:
            sums.waiting[trials] += day - arrived
            sums.n_waited[trials] += day > arrived
        busy = live.busy_until.take(i)
        sums.idle[trials] += np.maximum(day - busy, 0)
        live.busy_until[i] = np.maximum(busy, known)
        self.seen[i, level, 2] += 1
        self.since[i, level] += 1
        place = live.find_free(i)
        live.known.ravel()[place] = known
        live.event.ravel()[place] = self.first_beside + N_KINDS * level + drawn.kind
        live.dosed.ravel()[place] = day
        if self.recorder is not None:
            self.recorder.enrol(
                trials,
                number=number,
                cohort=np.zeros(len(i), dtype=np.intp),
                level=level,
                arrived=arrived,
                enrolled=day,
                dosed=day,
                known=known,
                drawn=drawn,
            )

    def _turn_away(self, i: Ints) -> None:
        if i.size:
            trials = self.live.trials.take(i)
            self.sums.n_turned_away[trials] += 1
            self.live.arrival[i] = self.stream.next_after(trials, self.live.arrival.take(i))

    def _offer(self, i: Ints, day: Floats) -> None:
        self.live.free_since[i] = day
        self.live.opened[i] = day

    def _look_for_places(self, day: Floats, deciding: Ints) -> None:
        """See where a backfill place is free now, and since when."""
        live = self.live
        goes_on = live.situation != self.rule.dead
        self.since[deciding] = 0
        i = np.flatnonzero(goes_on)
        was_shut = self.shut.take(i) > 0
        self.shut[:] = np.inf
        found = self.places.highest(
            self.rule.level.take(live.situation.take(i)),
            self.rule.seen(live.situation.take(i)) if self.places.asks_treated else None,
            self.seen[i],
            self.since[i],
        )
        free = found >= 0
        self.shut[i[free]] = 0.0
        self.target[i] = np.maximum(found, 0)
        opening = i[free & was_shut]
        self.offered[opening] = day.take(opening)
        self.offered[deciding] = live.opened.take(deciding)  # the new cohort's, if any

    def _drop_dead(self) -> None:
        kept = np.flatnonzero(self.live.situation != self.rule.dead)
        super()._drop_dead()
        for name in ("seen", "since", "shut", "target", "offered"):
            setattr(self, name, getattr(self, name).take(kept, axis=0))


class _Places:
    """Where a protocol opens backfill, asked once of each case."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.asks_treated = protocol.backfill.stop_at_rate is not None
        self.is_open: dict[tuple[int, ...], bool] = {}

    def highest(self, current: Ints, treated: Ints | None, seen: Ints, since: Ints) -> Ints:
        """Return the highest level at which a place is free, -1 for none.

        Parameters
        ----------
        current : int array, shape (N,)
            0-based level of the escalation.
        treated, seen : int array, shape (N, L, 3)
            Of the escalation and of the backfill: evaluable, with a DLT, pending at each level.
        since : int array, shape (N, L)
            Who came to the backfill since the escalation's cohort was opened.
        """
        found = np.full(len(current), -1, dtype=np.intp)
        for level in range(seen.shape[1] - 1):
            of = np.flatnonzero(current > level)
            n_here = seen[of, level, 0] + seen[of, level, 2]
            columns = [current[of], n_here, since[of, level]]
            if treated is not None:
                columns += list((treated[of, level] + seen[of, level]).T)
            code = np.zeros(len(of), dtype=np.int64)
            for column in columns:
                code = code * _MANY + column
            _, first, which = np.unique(code, return_index=True, return_inverse=True)
            cases = np.stack(columns, axis=1)[first].tolist()
            answers = np.array([self._asked(level, *case) for case in cases], dtype=bool)
            found[of[answers[which]]] = level
        return found

    def _asked(self, level: int, current: int, n_here: int, since: int, *treated: int) -> bool:
        key = (level, current, n_here, since, *treated)
        if key not in self.is_open:
            n, x, pending = treated or (0, 0, 0)
            treated_there = Tally(n_evaluable=n, n_dlts=x, n_pending=pending)
            backfilled = Tally(n_evaluable=n_here)
            places = n_backfill_places(
                self.protocol, level, current, treated_there, backfilled, n_since=since
            )
            self.is_open[key] = places > 0
        return self.is_open[key]
