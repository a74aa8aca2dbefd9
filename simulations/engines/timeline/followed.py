"""Trials in time under a design that decides on how long pending patients have been followed.

Such a design is asked when somebody comes who would open the next cohort, with the follow-up of
that moment, and where every outcome is known. Where it says to wait, a patient who waits is offered
again when the next outcome is known; under accrual "lose" the next who comes asks again.

A cohort that is open is filled, whatever has been seen meanwhile. Where decisions are made as soon
as they are settled, each place is asked for instead, as the tracker's gates ask
(``forbids_one_more``): where the rule allows nobody more at the cohort's level, it is asked for the
next cohort.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import NOBODY, Action, Decision, Design
from escalation.designs.followed import FollowedStates
from escalation.outcomes import FollowUp, Outcome, Tally, tally_letters
from simulations.engines.timeline.course import GivenPatient, Underway
from simulations.engines.timeline.patients import DLT, LOST
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.result import Chunk
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.situations import CURRENT, N_KINDS, OVER, PARTIAL
from simulations.engines.timeline.walk import Walk
from simulations.graph.transitions import end_of

__all__ = ["FollowedRule", "FollowedWalk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_MOST_REMEMBERED = 2_000_000


class FollowedRule:
    """What a design says with follow-up, asked once of all states that it cannot tell apart.

    Attributes
    ----------
    decisions : list of Decision
    action : dict of int to int
        By the design's own number for a state, the decision's place in the list.
    """

    dead, start = 0, 1  # situations here are no more than whether a trial goes on

    def __init__(self, design: Design, window: float) -> None:
        self.design = design
        self.window = window
        self.digest = design.follow_up_digest
        self.decisions: list[Decision] = []
        self.known: dict[int, int] = {}
        self.memories: dict[tuple[int, int, int], int] = {}
        self.foreseen: dict[object, int] = {}
        nobody = [NOBODY] * design.n_levels
        self.first = design.decide(nobody, design.start)

    def decision(self, number: int) -> Decision:
        """Return one of the decisions."""
        return self.decisions[number]

    def remember(self, last: NDArray[np.integer[Any]]) -> Ints:
        """Return what is remembered of last cohorts: (evaluable, with a DLT, pending) each."""
        if not self.design.remembers:
            return np.zeros(len(last), dtype=np.intp)
        found = []
        for key in map(tuple, last.tolist()):
            if key not in self.memories:
                self.memories[key] = self.design.remember(_tally(*key))
            found.append(self.memories[key])
        return np.array(found, dtype=np.intp)

    def ask(self, states: States) -> Ints:
        """Return the number of the decision on each state."""
        if self.digest is None:
            return np.array([self._decide(states, k) for k in range(len(states.level))])
        numbers = self.digest(
            FollowedStates(
                states.n_evaluable,
                states.n_dlts,
                states.level,
                self.remember(states.last),
                states.pending_level,
                states.pending_share,
                states.dlt_share,
            )
        )
        if len(self.known) > _MOST_REMEMBERED:
            self.known.clear()
        kinds, first, which = np.unique(numbers, return_index=True, return_inverse=True)
        answers = np.empty(len(kinds), dtype=np.intp)
        for k, (kind, state) in enumerate(zip(kinds.tolist(), first.tolist(), strict=True)):
            if kind not in self.known:
                self.known[kind] = self._decide(states, state)
            answers[k] = self.known[kind]
        return np.asarray(answers[which.reshape(len(numbers))])

    def highest(self, states: States, numbers: Ints) -> Ints:
        """Return the highest level that each decision, or an answer it waits for, treats; or -1."""
        return np.array(
            [
                self._foresee(states, k) if said.action is Action.WAIT else _level_of(said)
                for k, said in enumerate(map(self.decision, numbers.tolist()))
            ],
            dtype=np.intp,
        )

    def _foresee(self, states: States, k: int) -> int:
        """Return it where the design waits: what is possible does not depend on follow-up."""
        tallies, level = states.tallies(k), int(states.level[k])
        last = _tally(*states.last[k].tolist())
        key = tallies, level, last if self.design.remembers else None
        if key not in self.foreseen:
            if len(self.foreseen) > _MOST_REMEMBERED:
                self.foreseen.clear()
            said = self.design.decide(tallies, level, last)
            self.foreseen[key] = max(map(_level_of, said.possible or (said,)))
        return self.foreseen[key]

    def _decide(self, states: States, k: int) -> int:
        window = self.window
        at = states.pending_level[k].tolist()
        shares = states.pending_share[k].tolist()
        follow_up = [
            FollowUp(level=level, days=share * window, window_days=window)
            for level, share in zip(at, shares, strict=True)
            if level >= 0
        ]
        dlts = zip(states.dlt_level[k].tolist(), states.dlt_share[k].tolist(), strict=True)
        for level, share in dlts:
            if level >= 0:
                days = share * window
                follow_up.append(FollowUp(level=level, days=days, window_days=window, has_dlt=True))
        last = _tally(*states.last[k].tolist())
        said = self.design.decide(states.tallies(k), int(states.level[k]), last, follow_up)
        self.decisions.append(said)
        return len(self.decisions) - 1


class States:
    """Where many trials stand, as a design with follow-up is asked; arrays as its digest's."""

    def __init__(self, walk: FollowedWalk, i: Ints, day: Floats) -> None:
        live, window = walk.live, walk.rule.window
        self.n_evaluable = walk.n_evaluable[i]
        self.n_dlts = walk.n_dlts[i]
        self.level, self.last = walk.asked_from(i)
        self.dlt_share = walk.dlt_share[i]
        self.dlt_level = walk.dlt_level[i]
        known, event = live.known[:, i], live.event[:, i]
        at = np.where(event < CURRENT + N_KINDS, walk.level[i], (event - CURRENT) // N_KINDS - 1)
        pending = np.isfinite(known)
        share = np.clip((day - live.dosed[:, i]) / window, 0.0, 1.0) if window else 1.0 * pending
        self.pending_level = np.where(pending, at, -1).T
        self.pending_share = np.where(pending, share, 0.0).T
        self.waits = pending.any(axis=0)

    def tallies(self, k: int) -> tuple[Tally, ...]:
        """Return what has been seen at each level in one of them."""
        at = self.pending_level[k].tolist()
        seen = zip(self.n_evaluable[k].tolist(), self.n_dlts[k].tolist(), strict=True)
        return tuple(_tally(n, x, at.count(level)) for level, (n, x) in enumerate(seen))


def _level_of(said: Decision) -> int:
    return -1 if said.level is None else said.level


def _tally(n_evaluable: int, n_dlts: int, n_pending: int) -> Tally:
    return Tally(n_evaluable=n_evaluable, n_dlts=n_dlts, n_pending=n_pending)


class FollowedWalk(Walk[FollowedRule]):
    """A chunk of trials; the arguments are those of ``Walk``."""

    withdraws = False

    def __init__(
        self,
        setting: Setting,
        rule: FollowedRule,
        rng: np.random.Generator,
        n: int,
        *,
        given: Sequence[GivenPatient] | None = None,
        underway: Underway | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        n_levels, first = setting.design.n_levels, rule.first
        # of the trials that go on
        self.n_evaluable = np.zeros((n, n_levels), dtype=np.int64)
        self.n_dlts = np.zeros((n, n_levels), dtype=np.int64)
        self.last = np.zeros((n, 3), dtype=np.int64)  # of the cohort: evaluable, DLTs, pending
        self.level = np.full(n, 0 if first.level is None else first.level)
        self.n_free = np.full(n, first.n_to_enrol)
        self.closed = np.zeros(n)  # infinite while a patient who waits is not offered a place
        self.suspended_since = np.full(n, np.inf)
        # what came since then, follow-up and outcomes without a DLT, only makes the rule allow more
        self.same_since = np.zeros(n)
        # of the last cohort with somebody dosed before the current one
        self.has_dosed = np.zeros(n, dtype=bool)  # the current one has
        self.from_level = np.full(n, setting.design.start)
        self.from_last = np.zeros((n, 3), dtype=np.int64)
        self.from_number = np.zeros(n, dtype=np.intp)  # who had been enrolled before it
        self.number = np.zeros(n, dtype=np.intp)  # and before the current one
        self.dlt_share = np.full((n, 1), np.nan)
        self.dlt_level = np.full((n, 1), -1)
        self.by_place = setting.timing.decides == "settled"
        super().__init__(setting, rule, rng, n, given=given, underway=underway, recorder=recorder)
        self.keeps_patients = True

    def run(self) -> Chunk:
        """Follow all trials to their ends."""
        live = self.live
        n_dead = n_steps = 0
        while live.trials.size:
            first, t_known = live.first_known()
            t_come = np.maximum(live.arrival, live.opened)
            if self.stagger is not None:  # the next cohort is decided on when this one was dosed
                then = np.where(self.n_free == 0, self.stagger.last, -np.inf)
                if self.stagger.on_dosing:
                    then = np.where(self.n_free == 0, then, self.stagger.next_day(self.level))
                np.maximum(t_come, then, out=t_come)
            t_come += self.closed
            is_known = t_known <= t_come
            day = np.minimum(t_known, t_come)
            if self.stagger is not None and self.stagger.on_dosing:
                np.maximum(live.opened, day, out=live.opened)  # an outcome may end a wait
            goes_on = live.situation != self.rule.dead
            stuck = np.isinf(day)
            if stuck.any():
                n_dead += self._leave_unfinished(stuck)
                goes_on &= ~stuck
            known = np.flatnonzero(is_known & goes_on)
            coming = np.flatnonzero(~is_known & goes_on)
            asking = [self._know(known, day.take(known), first.take(known))]
            enrols = self.n_free.take(coming) > 0
            if self.by_place and enrols.any():
                free = coming[enrols]
                enrols[enrols] = self._allows_one_more(free, day.take(free))
            asking.append(coming[~enrols])
            enrolling = coming[enrols]
            if enrolling.size:
                self._let_in(enrolling, day.take(enrolling))
            asked = np.concatenate(asking)
            if asked.size:
                n_dead += self._ask(asked, day.take(asked))
            n_dead = self._clear_away(n_dead)
            n_steps = self._count_step(n_steps)
        return self.sums.chunk(waits=self.waits)

    def asked_from(self, i: Ints) -> tuple[Ints, NDArray[np.int64]]:
        """Return level and tally of the cohort after which the rule is asked.

        It is the last with somebody dosed, as the tracker has it; else the current one.
        """
        if not self.by_place:
            return self.level[i], self.last[i]
        has = self.has_dosed[i]
        level = np.where(has, self.level[i], self.from_level[i])
        return level, np.where(has[:, np.newaxis], self.last[i], self.from_last[i])

    def _allows_one_more(self, i: Ints, day: Floats) -> NDArray[np.bool_]:
        """Tell whether the rule, asked on a day, allows one more at the level that is open."""
        states = States(self, i, day)
        return self.rule.highest(states, self.rule.ask(states)) >= self.level[i]

    def _let_in(self, i: Ints, day: Floats) -> None:
        """Give places of the current cohort to those who come."""
        self._note_open(i, day)
        live, before = self.live, self.sums.n_unmade.take(self.live.trials.take(i))
        self._enrol(i, day, self.level.take(i))
        self.has_dosed[i] |= self.sums.n_unmade.take(live.trials.take(i)) == before
        self.n_free[i] -= 1
        self.last[i, 2] += 1
        self.same_since[i] = day
        self._close_behind(i, self.n_free[i] == 0, day)

    def _note_open(self, i: Ints, day: Floats) -> None:
        """Count until a day, on which places are given, the days on which none were."""
        since = self.suspended_since.take(i)
        trials = self.live.trials.take(i)
        self.sums.suspended[trials] += np.where(since < np.inf, day - np.minimum(since, day), 0.0)
        self.suspended_since[i] = np.inf

    def _know(self, i: Ints, day: Floats, place: Ints) -> Ints:
        """Take account of outcomes, and return those of the trials that know all of them."""
        live = self.live
        events, dosed = live.event.take(place), live.dosed.take(place)
        live.known.ravel()[place] = np.inf
        current = events < CURRENT + N_KINDS
        kind = (events - CURRENT) % N_KINDS
        level = np.where(current, self.level.take(i), (events - CURRENT) // N_KINDS - 1)
        counts, toxic = kind < LOST, kind == DLT
        self.n_evaluable[i, level] += counts
        self.n_dlts[i, level] += toxic
        self.last[i, 0] += counts & current
        self.last[i, 1] += toxic & current
        self.last[i, 2] -= current
        before = ~current & (live.number.take(place) >= self.from_number.take(i))
        self.from_last[i, 0] += counts & before
        self.from_last[i, 1] += toxic & before
        self.from_last[i, 2] -= before
        self._note_dlts(i[toxic], level[toxic], (day - dosed)[toxic])
        less = toxic | ~counts
        self.same_since[i[less]] = day[less]
        lost = np.flatnonzero(~counts)
        if lost.size:
            self.sums.n_lost[live.trials.take(i[lost])] += 1
            again = lost[current[lost]]
            self.n_free[i[again]] += 1
            live.opened[i[again]] = np.maximum(live.opened[i[again]], day[again])
            if self.stagger is not None:
                self.stagger.lose(i[again], day[again], place[again])
        self.closed[i] = 0.0
        waiting = self.suspended_since.take(i) < np.inf
        live.opened[i[waiting]] = np.maximum(live.opened[i[waiting]], day[waiting])
        nobody = ~np.isfinite(live.known[:, i]).any(axis=0)
        return np.asarray(i[nobody & (self.n_free.take(i) == 0)])

    def _note_dlts(self, i: Ints, level: Ints, after: Floats) -> None:
        """Keep when DLTs came."""
        if not i.size:
            return
        column = self.n_dlts[i].sum(axis=1) - 1
        while column.max() >= self.dlt_share.shape[1]:
            self.dlt_share = np.hstack([self.dlt_share, np.full_like(self.dlt_share, np.nan)])
            self.dlt_level = np.hstack([self.dlt_level, np.full_like(self.dlt_level, -1)])
        share = after / self.rule.window if self.rule.window else np.zeros(len(i))
        self.dlt_share[i, column] = np.clip(share, 0.0, 1.0)
        self.dlt_level[i, column] = level

    def _ask(self, i: Ints, day: Floats) -> int:
        """Ask the design, and do what it says; return how many trials are over."""
        states = States(self, i, day)
        numbers = self.rule.ask(states)
        kinds, which = np.unique(numbers, return_inverse=True)
        said = [self.rule.decision(number) for number in kinds.tolist()]
        waits = np.array([one.action is Action.WAIT for one in said])[which]
        self._suspend(i[waits], day[waits])
        decides = np.flatnonzero(~waits)
        if not decides.size:
            return 0
        i, day, which, numbers = i[decides], day[decides], which[decides], numbers[decides]
        over = np.array([one.has_ended for one in said])[which]
        to = np.array([one.level or 0 for one in said])[which]
        self._note_open(i, day)
        left = i[self.has_dosed[i]]
        self.from_level[left], self.from_last[left] = self.level[left], self.last[left]
        self.from_number[left], self.has_dosed[left] = self.number[left], False
        self.number[i] = self.sums.n_enrolled.take(self.live.trials.take(i))
        n_over = self._apply(
            i,
            over * OVER + states.waits[decides] * PARTIAL,
            day,
            self.level.take(i),
            to=to,
            end=np.array([end_of(one) for one in said])[which],
            what=numbers,
            withdrawn=np.ones(len(i), dtype=bool),
        )
        self.level[i] = to
        self.n_free[i] = np.array([one.n_to_enrol for one in said])[which]
        self.last[i] = 0
        self.same_since[i] = day + self.delay
        return n_over

    def _suspend(self, i: Ints, day: Floats) -> None:
        """Let nobody in: who comes is turned away, or waits for the next outcome.

        So it would have been before, had anybody come.
        """
        since = np.minimum(self.same_since.take(i), day)
        self.suspended_since[i] = np.minimum(self.suspended_since.take(i), since)
        # those asked because all is known have nobody who came; what then says to wait has no end
        came = self.live.arrival.take(i) <= day
        if self.waits:
            self.closed[i] = np.inf
            return
        gone, trials = i[came], self.live.trials.take(i[came])
        self.sums.n_turned_away[trials] += 1
        self.live.arrival[gone] = self.stream.next_after(trials, day[came])

    def _forget(self, i: Ints, undosed: Ints, day: Floats, level: Ints) -> int:
        return 0  # who is pending is read from the slots

    def _drop_dead(self) -> None:
        kept = np.flatnonzero(self.live.situation != self.rule.dead)
        super()._drop_dead()
        for name in (
            "n_evaluable",
            "n_dlts",
            "last",
            "level",
            "n_free",
            "closed",
            "suspended_since",
            "same_since",
            "has_dosed",
            "from_level",
            "from_last",
            "from_number",
            "number",
            "dlt_share",
            "dlt_level",
        ):
            setattr(self, name, getattr(self, name).take(kept, axis=0))

    def _resume(self, underway: Underway) -> None:
        self._begin_at(underway)
        n_levels = self.setting.design.n_levels
        for what, of in (("all", False), ("last", True)):
            for level, tally in enumerate(underway.tallies(n_levels, last=of)):
                if what == "all":
                    self.n_evaluable[:, level] = tally.n_evaluable
                    self.n_dlts[:, level] = tally.n_dlts
                elif level == underway.level:
                    self.last[:] = tally.n_evaluable, tally.n_dlts, tally.n_pending
        self.level[:], self.n_free[:] = underway.level, underway.n_free
        self._resume_places(underway)
        came = [one for one in underway.patients if one.outcome is Outcome.DLT]
        if came:
            after = [(one.known or 0.0) - (one.dosed or 0.0) for one in came]
            share = np.clip(np.array(after) / (self.rule.window or 1.0), 0.0, 1.0)
            self.dlt_share = np.tile(share, (self.n, 1))
            self.dlt_level = np.tile([one.level for one in came], (self.n, 1))

    def _resume_places(self, underway: Underway) -> None:
        """Note which cohort of a trial that has begun was the last with somebody dosed."""
        dosed = [(k, one) for k, one in enumerate(underway.patients) if one.dosed is not None]
        self.has_dosed[:] = any(one.cohort == underway.current for _, one in dosed)
        self.number[:] = sum(one.cohort < underway.current for one in underway.patients)
        earlier = [(k, one) for k, one in dosed if one.cohort < underway.current]
        if not earlier:
            return
        last = max(one.cohort for _, one in earlier)
        members = [(k, one) for k, one in earlier if one.cohort == last]
        tally = tally_letters(Counter(one.outcome for _, one in members))
        self.from_last[:] = tally.n_evaluable, tally.n_dlts, tally.n_pending
        self.from_number[:], self.from_level[:] = members[0][0], members[0][1].level
