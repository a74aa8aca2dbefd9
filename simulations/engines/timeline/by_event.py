"""Trials in time, event by event: a chunk of them in lockstep, each at its own next event.

An event is a place taken, or an outcome known; at equal times the outcome comes first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from escalation.errors import InputError
from simulations.engines.timeline.course import Underway
from simulations.engines.timeline.patients import LOST
from simulations.engines.timeline.result import Chunk
from simulations.engines.timeline.situations import (
    CURRENT,
    ENROLLED,
    N_KINDS,
    Rule,
    Situations,
    earlier,
)
from simulations.engines.timeline.walk import Walk

__all__ = ["EventWalk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


class EventWalk(Walk[Rule]):
    """A chunk of trials whose situations tell what follows; the arguments are those of ``Walk``."""

    def run(self) -> Chunk:
        """Follow all trials to their ends."""
        rule = self.rule
        n_dead = n_steps = 0
        while self.live.trials.size:
            first, t_known = self.live.first_known()
            closed = rule.closed.take(self.live.situation)
            t_enrol = self.live.arrival + closed
            if self.waits or self.stagger is not None:
                np.maximum(t_enrol, self.live.opened, out=t_enrol)
            if self.stagger is not None and self.stagger.on_dosing:
                level = rule.level.take(self.live.situation)
                np.maximum(t_enrol, self.stagger.next_day(level), out=t_enrol)
            is_known = t_known <= t_enrol
            day = np.minimum(t_known, t_enrol)
            if self.stagger is not None and self.stagger.on_dosing:
                np.maximum(self.live.opened, day, out=self.live.opened)  # an outcome may end a wait
            if self.stream.ends:
                n_dead += self._leave_unfinished(np.isinf(day))
            level = rule.level.take(self.live.situation)
            events = np.where(is_known, self.live.event.take(first), ENROLLED)
            self.live.known.ravel()[first] = np.where(is_known, np.inf, t_known)
            if self.counts_lost:
                lost = is_known & ((events - CURRENT) % N_KINDS >= LOST)
                self._lose(np.flatnonzero(lost), first, day, events)
            enrolling = np.flatnonzero(~is_known)
            if enrolling.size:
                self._enrol(enrolling, day.take(enrolling), level.take(enrolling))
                filled = rule.n_free.take(self.live.situation.take(enrolling)) <= 1
                self._close_behind(enrolling, filled, day.take(enrolling))
            if self.has_ties:
                events += rule.quiet * (self.live.known == day).any(axis=0)
            before = self.live.situation
            self.live.situation = rule.follow(before, events)
            after = rule.closed.take(self.live.situation)
            changed = np.flatnonzero(after != closed)
            if changed.size:
                self._open_or_close(changed, day.take(changed), after.take(changed) == 0)
            flags = rule.flags.take(self.live.situation)
            deciding = np.flatnonzero(flags)
            if deciding.size:
                n_dead += self._decide(
                    deciding,
                    flags.take(deciding),
                    day.take(deciding),
                    level.take(deciding),
                    withdrawn=(closed.take(deciding) == 0) & (after.take(deciding) == 0),
                )
            n_dead = self._clear_away(n_dead)
            n_steps = self._count_step(n_steps)
        return self.sums.chunk(waits=self.waits)

    def _lose(self, lost: Ints, first: Ints, day: Floats, events: Ints) -> None:
        """Count those who are lost, and look who is to be alone now."""
        self.sums.n_lost[self.live.trials.take(lost)] += np.isfinite(day.take(lost))
        if self.stagger is not None:
            lost = lost[events.take(lost) < CURRENT + N_KINDS]
            self.stagger.lose(lost, day.take(lost), first.take(lost))

    def _open_or_close(self, i: Ints, day: Floats, opens: NDArray[np.bool_]) -> None:
        """Note that a place has come free, from now on, or that none is free any more."""
        closing, shut = i[~opens], day[~opens]
        trials = self.live.trials.take(closing)
        self.sums.was_open(trials, self.live.free_since.take(closing), shut)
        self._offer(i[opens], day[opens])

    def _decide(
        self,
        i: Ints,
        flags: NDArray[np.int8],
        day: Floats,
        level: Ints,
        *,
        withdrawn: NDArray[np.bool_],
    ) -> int:
        """Apply the decisions with which situations began; return how many trials are over."""
        situation = self.live.situation.take(i)
        return self._apply(
            i,
            flags,
            day,
            level,
            to=self.rule.level.take(situation),
            end=self.rule.end.take(situation),
            what=situation,
            withdrawn=withdrawn,
        )

    def _forget(self, i: Ints, undosed: Ints, day: Floats, level: Ints) -> int:
        """Let the rule forget those who are not going to be dosed in the cohort that was closed."""
        n_over = 0
        while undosed.size:  # one of each trial at a time
            now, at = np.unique(undosed, return_index=True)
            undosed = np.delete(undosed, at)
            now = now[self.live.situation[i[now]] != self.rule.dead]
            who = i[now]
            before = self.rule.level.take(self.live.situation.take(who))
            events = earlier(0) + N_KINDS * level[now] + LOST
            after = self.rule.follow(self.live.situation.take(who), events)
            self.live.situation[who] = after
            flags = self.rule.flags.take(after)
            again = np.flatnonzero(flags)
            if again.size:
                nobody = np.zeros(len(again), dtype=bool)
                n_over += self._decide(
                    who[again], flags[again], day[now][again], before[again], withdrawn=nobody
                )
        return n_over

    def _resume(self, underway: Underway) -> None:
        """Go on from a trial that has begun."""
        rule, live = self.rule, self.live
        if not isinstance(rule, Situations):
            raise InputError("a trial that has begun goes on by its own situations")
        self._begin_at(underway)
        n_levels = self.setting.design.n_levels
        live.situation[:] = rule.resume(
            underway.tallies(n_levels),
            underway.level,
            underway.n_free,
            underway.tallies(n_levels, last=True)[underway.level],
        )
        flags = rule.flags.take(live.situation)
        if flags[0]:  # what was known on that day decides
            level, day = np.full(self.n, underway.level), np.full(self.n, underway.day)
            nobody = np.zeros(self.n, dtype=bool)
            self._decide(np.arange(self.n), flags, day, level, withdrawn=nobody)
