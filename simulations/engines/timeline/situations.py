"""What the rule says in each situation of a trial, asked once and then looked up.

A situation is everything that decides, without time: what has been seen at each level, who is
pending, the level of the current cohort and its free places. An event (a place is taken, an outcome
becomes known) leads from one to the next. Where that is not known yet, the design is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol as Shape

import numpy as np
from numpy.typing import NDArray

from escalation.designs.base import NOBODY, Action, Decision, Design
from escalation.errors import InputError
from escalation.outcomes import Tally
from escalation.protocol import Protocol, counts_backfill, decide_with_backfill
from simulations.engines.timeline.patients import DLT, LOST, MODERATE, NO_DLT, UNMADE
from simulations.graph.transitions import TransitionGraph, end_of

__all__ = [
    "CURRENT",
    "DECIDED",
    "ENROLLED",
    "N_KINDS",
    "OVER",
    "PARTIAL",
    "ByGraph",
    "Rule",
    "Situation",
    "Situations",
    "beside",
    "beside_enrolled",
    "earlier",
]

Ints = NDArray[np.intp]

ENROLLED = 0
CURRENT = 1  # plus the kind of outcome: of a patient of the current cohort
N_KINDS = 5
DECIDED, OVER, PARTIAL = 1, 2, 4

_FIRST_ROOM = 1024
_MODERATE_CHILD = -1  # the third, of a state of the graph that counts them
_LARGE = 300_000  # some 600 MB: then the next trials begin anew
MOST_SITUATIONS = 1_000_000


def earlier(level: int) -> int:
    """Return the first event of patients of earlier cohorts at a level."""
    return CURRENT + N_KINDS * (1 + level)


def beside(n_levels: int, level: int = 0) -> int:
    """Return the first event of backfill patients at a level, after all those of the escalation."""
    return CURRENT + N_KINDS * (1 + n_levels + level)


def beside_enrolled(n_levels: int) -> int:
    """Return the event of a place taken in the backfill at the lowest level; the next follow."""
    return beside(n_levels, n_levels)


class Rule(Shape):
    """Situations by number: what they are, and what follows.

    Attributes
    ----------
    closed : float array
        0 where a place is free, infinity where none is.
    n_free : int array
        Places of the current cohort that nobody has taken.
    level : int array
        0-based level of the current cohort.
    flags : int array
        ``DECIDED`` where this situation began with a decision; ``OVER`` where it was to stop;
        ``PARTIAL`` where patients were pending then.
    end : int array
        The MTD where the trial has stopped, as in ``TransitionGraph.mtd``.
    start : int
        The situation at the beginning.
    dead : int
        One that every event leads back to, for trials that are over.
    quiet : int
        What is added to an event where another is as soon: only after the last is the rule asked.
    """

    closed: NDArray[np.float64]
    n_free: Ints
    level: Ints
    flags: NDArray[np.int8]
    end: Ints
    start: int
    dead: int
    quiet: int

    def follow(self, situations: Ints, events: Ints) -> Ints:
        """Return the situations after events."""

    def decision(self, situation: int) -> Decision:
        """Return the decision with which a situation began."""

    def seen(self, situations: Ints) -> Ints:
        """Return (evaluable, with a DLT, pending) at each level below the current one.

        Shape (N, L, 3).
        """


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides, without time."""

    tallies: tuple[Tally, ...]
    level: int
    n_free: int
    last: Tally = NOBODY
    flags: int = 0
    end: int = 0
    is_shut: bool = False  # nobody takes the places that are free
    backfill: tuple[Tally, ...] = ()  # where it counts
    is_new: bool = False  # nobody of the cohort has been dosed
    came_from: tuple[int, Tally] = (0, NOBODY)  # level and tally of the last cohort before

    @property
    def asked_from(self) -> tuple[int, Tally]:
        """The level and the tally of the last cohort with somebody dosed, for the rule."""
        level, last = self.came_from
        if self.is_new:
            return level, last
        return self.level, last if self.last == NOBODY and level == self.level else self.last


class Situations:
    """The situations that trials come to, each with what follows.

    Parameters
    ----------
    design : Design
    settled : bool
        Whether decisions are made as soon as they are settled; a design that does not wait for
        outcomes always makes them so.
    counting : Protocol, optional
        One whose backfill counts at decisions.
    """

    def __init__(self, design: Design, *, settled: bool, counting: Protocol | None = None) -> None:
        self.design = design
        self.counting = counting
        self.rolls = design.while_pending is not None and not design.asks_follow_up
        self.settled = settled or self.rolls
        self.by_place = settled and not self.rolls  # each place is asked for
        n = design.n_levels
        # the same events again, from here on, without asking what follows: the next is as soon
        self.quiet = beside(n) if counting is None else beside_enrolled(n) + n
        self.width = 2 * self.quiet
        self.number: dict[Situation, int] = {}
        self.all: list[Situation] = []
        self.decisions: list[Decision | None] = []
        self.asked: dict[tuple[object, ...], Decision] = {}
        self.next = np.full(_FIRST_ROOM * self.width, -1, dtype=np.int32)
        self.closed = np.zeros(_FIRST_ROOM)
        self.n_free = np.zeros(_FIRST_ROOM, dtype=np.intp)
        self.level = np.zeros(_FIRST_ROOM, dtype=np.intp)
        self.flags = np.zeros(_FIRST_ROOM, dtype=np.int8)
        self.end = np.zeros(_FIRST_ROOM, dtype=np.intp)
        nobody = (NOBODY,) * design.n_levels
        self.dead = self._number(Situation((), 0, 0), None)
        self.next[: self.width] = self.dead
        backfill = nobody if counting is not None else ()
        came_from = design.start, NOBODY
        begun = Situation(
            nobody, design.start, 0, backfill=backfill, is_new=True, came_from=came_from
        )
        self.start = self._number(*self._decided(begun, self._ask(begun)))

    def resume(
        self, tallies: tuple[Tally, ...], level: int, n_free: int, last: Tally = NOBODY
    ) -> int:
        """Return the situation of a trial that has begun; decided, where nothing is awaited."""
        counted = last if self.design.remembers else NOBODY
        now = Situation(tallies, level, n_free, counted, came_from=(level, NOBODY))
        return self._number(*self._consider(now))

    @property
    def is_large(self) -> bool:
        """Whether so many are known that new ones should not be added to them."""
        return len(self.all) > _LARGE

    def follow(self, situations: Ints, events: Ints) -> Ints:
        """Return the situations after events."""
        places = situations * self.width
        places += events
        found = self.next.take(places)
        if found.min(initial=0) < 0:
            for place in np.unique(places[found < 0]).tolist():
                following = self._follow(*divmod(place, self.width))
                self.next[place] = following
            found = self.next.take(places)
        return found.astype(np.intp)

    def decision(self, situation: int) -> Decision:
        """Return the decision with which a situation began."""
        decision = self.decisions[situation]
        if decision is None:
            raise InputError("this situation did not begin with a decision")
        return decision

    def seen(self, situations: Ints) -> Ints:
        """Return (evaluable, with a DLT, pending) at each level, shape (N, L, 3)."""
        return np.array(
            [
                [(t.n_evaluable, t.n_dlts, t.n_pending) for t in self.all[number].tallies]
                for number in situations.tolist()
            ],
            dtype=np.intp,
        ).reshape(len(situations), self.design.n_levels, 3)

    def _follow(self, number: int, event: int) -> int:
        before = self.all[number]
        n_levels = self.design.n_levels
        asks, event = event < self.quiet, event % self.quiet
        if event >= beside(n_levels):
            after = self._changed_beside(before, event)
            asks &= event < beside_enrolled(n_levels) or before.is_shut
            return self._number(*(self._consider(after) if asks else (after, None)))
        if event == ENROLLED:
            after = self._changed(before, before.level, 0, +1, current=True)
            # who turns out at once not to be evaluable was not dosed
            after = replace(after, n_free=before.n_free - 1, is_new=before.is_new and not asks)
        else:
            which, kind = divmod(event - CURRENT, N_KINDS)
            level = before.level if which == 0 else which - 1
            after = self._changed(before, level, kind, -1, current=which == 0)
            if kind != UNMADE and which == 0:
                after = replace(after, is_new=False)
            if kind >= LOST and which == 0 and not self.rolls:
                after = replace(after, n_free=after.n_free + 1)
        return self._number(*(self._consider(after) if asks else (after, None)))

    def _changed_beside(self, before: Situation, event: int) -> Situation:
        """Return the situation after an event of the backfill."""
        n_levels = self.design.n_levels
        tallies = list(before.backfill)
        if event >= beside_enrolled(n_levels):
            level, kind, pending = event - beside_enrolled(n_levels), NO_DLT, +1
        else:
            level, kind = divmod(event - beside(n_levels), N_KINDS)
            pending = -1
        tallies[level] = self._plus(tallies[level], kind, pending)
        return replace(before, backfill=tuple(tallies), flags=0, is_shut=False)

    def _plus(self, tally: Tally, kind: int, pending: int) -> Tally:
        """Return a tally with one more pending, or with one who turned out so."""
        known = pending < 0 and kind < LOST
        return _tally(
            tally.n_evaluable + known,
            tally.n_dlts + (known and kind == DLT),
            tally.n_pending + pending,
            tally.n_moderate + (known and kind == MODERATE and self.design.asks_moderate),
        )

    def _changed(
        self, before: Situation, level: int, kind: int, pending: int, *, current: bool
    ) -> Situation:
        tallies = list(before.tallies)
        tallies[level] = self._plus(tallies[level], kind, pending)
        last = before.last
        came_from, of_last = before.came_from
        if current and self.design.remembers:
            last = self._plus(last, kind, pending)
        elif of_last.n_pending and level == came_from:
            of_last = self._plus(of_last, kind, pending)
        return replace(
            before,
            tallies=tuple(tallies),
            last=last,
            came_from=(came_from, of_last),
            flags=0,
            is_shut=False,
        )

    def _consider(self, now: Situation) -> tuple[Situation, Decision | None]:
        """Ask the rule where it is to be asked, and apply what it says."""
        if self.rolls:
            return self._consider_rolling(now)
        pending = any(tally.n_pending for tally in now.tallies)
        if not pending and self.counting is not None and not now.n_free:
            counts = counts_backfill(self.counting, now.tallies, now.level, now.last)
            pending = counts and any(tally.n_pending for tally in now.backfill)
        if self.by_place and now.n_free:
            return self._consider_places(now)
        if not self.settled and (pending or now.n_free):
            return now, None
        decision = self._ask(now)
        if decision.action is not Action.WAIT and decision.settled:
            return self._decided(now, decision)
        return now, None

    def _consider_places(self, now: Situation) -> tuple[Situation, Decision | None]:
        """Withdraw the free places where the rule, asked without them, allows nobody more there.

        That is what the tracker's gates ask (``forbids_one_more``), of the same cohort: while
        nobody of the current one has been dosed, of the one before.
        """
        decision = self._decide(now, now.tallies, *now.asked_from)
        answers = decision.possible or (decision,)
        if any(one.level is not None and one.level >= now.level for one in answers):
            return now, None
        if decision.action is Action.WAIT or not decision.settled:
            return replace(now, is_shut=True), None
        return self._decided(now, decision)

    def _consider_rolling(self, now: Situation) -> tuple[Situation, Decision | None]:
        decision = self._ask(now)
        if decision.action is Action.WAIT:
            return replace(now, n_free=0), None
        if decision.level == now.level:  # no decision of a committee: the rule has one place more
            return replace(now, n_free=max(now.n_free, 1)), None
        return self._decided(now, decision)

    def _ask(self, now: Situation) -> Decision:
        """Ask what is to be done after the current cohort."""
        return self._decide(now, now.tallies, now.level, now.last)

    def _decide(
        self, now: Situation, tallies: tuple[Tally, ...], level: int, last: Tally
    ) -> Decision:
        backfill = now.backfill
        key = (tallies, level, last, backfill)
        decision = self.asked.get(key)
        if decision is None:
            if self.counting is None:
                decision = self.design.decide(tallies, level, last)
            else:
                decision = decide_with_backfill(self.counting, tallies, backfill, level, last)
            self.asked[key] = decision
        return decision

    def _decided(self, now: Situation, decision: Decision) -> tuple[Situation, Decision]:
        pending = any(tally.n_pending for tally in now.tallies)
        flags = DECIDED | (PARTIAL if pending else 0)
        after = replace(
            now,
            n_free=decision.n_to_enrol,
            is_new=self.by_place,
            came_from=now.asked_from if self.by_place else now.came_from,
            last=NOBODY,
            flags=flags,
            is_shut=False,
        )
        if decision.level is not None:
            return replace(after, level=decision.level), decision
        return replace(after, flags=flags | OVER, end=end_of(decision)), decision

    def _number(self, situation: Situation, decision: Decision | None) -> int:
        number = self.number.get(situation)
        if number is not None:
            return number
        number = len(self.all)
        if number >= MOST_SITUATIONS:
            raise InputError(
                f"the trials come to more than {MOST_SITUATIONS:,} situations; simulate fewer"
            )
        if number == len(self.level):
            self.next = np.concatenate([self.next, np.full_like(self.next, -1)])
            for name in ("closed", "n_free", "level", "flags", "end"):
                array = getattr(self, name)
                setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
        self.number[situation] = number
        self.all.append(situation)
        self.decisions.append(decision)
        self.closed[number] = 0.0 if situation.n_free and not situation.is_shut else np.inf
        self.n_free[number] = situation.n_free
        self.level[number] = situation.level
        self.flags[number] = situation.flags
        self.end[number] = situation.end
        return number


@lru_cache(maxsize=100_000)
def _tally(n_evaluable: int, n_dlts: int, n_pending: int, n_moderate: int) -> Tally:
    return Tally(
        n_evaluable=int(n_evaluable),
        n_dlts=int(n_dlts),
        n_pending=int(n_pending),
        n_moderate=int(n_moderate),
    )


class ByGraph:
    """The situations of a trial whose cohorts are complete before each decision.

    They are the states of a transition graph, each with how far its cohort has come: free places,
    patients pending, and those with a DLT and with a moderate toxicity.
    """

    def __init__(self, graph: TransitionGraph) -> None:
        self.graph = graph
        self.quiet = 0  # it is asked when all is known
        self.counts_moderate = bool(graph.counts_moderate.any())
        largest = int(graph.n_to_enrol.max())
        stages = [
            (size, free, pending, x, m)
            for size in range(1, largest + 1)
            for free in range(size + 1)
            for pending in range(size - free + 1)
            for x in range(size - free - pending + 1)
            for m in range(2 if self.counts_moderate and size == 1 and not x else 1)
            if m <= size - free - pending and (free or pending)
        ]
        # a cohort that begins was decided on; one whose patients so far are all lost was not
        self.n_stages = 1 + len(stages) + largest
        number = {stage: k for k, stage in enumerate(stages, start=1)}
        self.width = CURRENT + N_KINDS
        # of each stage and event: the next stage, or 0 where the cohort is complete, ...
        self.next_stage = np.zeros(self.n_stages * self.width, dtype=np.intp)
        # ... and then which child of the graph's state follows
        self.child = np.zeros(self.n_stages * self.width, dtype=np.intp)
        for (size, free, pending, x, m), k in number.items():
            for event, following in (
                (ENROLLED, (size, free - 1, pending + 1, x, m)),
                (CURRENT + NO_DLT, (size, free, pending - 1, x, m)),
                (CURRENT + DLT, (size, free, pending - 1, x + 1, m)),
                (CURRENT + LOST, (size, free + 1, pending - 1, x, m)),
                (CURRENT + UNMADE, (size, free + 1, pending - 1, x, m)),
                # of more than one patient, a moderate toxicity decides nothing
                (CURRENT + MODERATE, (size, free, pending - 1, x, m + (size == 1))),
            ):
                place = k * self.width + event
                self.next_stage[place] = number.get(following, 0)
                self.child[place] = _MODERATE_CHILD if following[4] else following[3]
        n_states = graph.n_states
        begins = np.zeros(largest + 1, dtype=np.intp)
        begins[1:] = 1 + len(stages) + np.arange(largest)
        for table in (self.next_stage.reshape(-1, self.width), self.child.reshape(-1, self.width)):
            for size in range(1, largest + 1):
                table[begins[size]] = table[number[size, size, 0, 0, 0]]
        self.first = np.arange(n_states) * self.n_stages + begins[graph.n_to_enrol]
        n_free = [0, *(free for _, free, *_ in stages), *range(1, largest + 1)]
        self.n_free = np.tile(np.array(n_free, dtype=np.intp), n_states)
        self.closed = np.where(self.n_free > 0, 0.0, np.inf)
        self.level = np.repeat(np.maximum(graph.level, 0), self.n_stages)
        self.flags = np.zeros(n_states * self.n_stages, dtype=np.int8)
        self.flags[self.first] = DECIDED
        self.flags[self.first[graph.ends]] = DECIDED | OVER
        self.end = np.repeat(graph.mtd, self.n_stages)
        self.start = int(self.first[graph.roots[0]])
        # one state more, that nothing leads out of
        self.dead = n_states * self.n_stages
        self.children = np.concatenate([graph.children, np.full_like(graph.children[:1], n_states)])
        self.first = np.append(self.first, self.dead)
        self.n_free = np.append(self.n_free, 0)
        self.closed = np.append(self.closed, np.inf)
        self.level = np.append(self.level, 0)
        self.flags = np.append(self.flags, np.int8(0))
        self.end = np.append(self.end, 0)

    def follow(self, situations: Ints, events: Ints) -> Ints:
        """Return the situations after events."""
        states, stages = np.divmod(situations, self.n_stages)
        stages *= self.width
        stages += events
        following = self.next_stage.take(stages)
        found = states * self.n_stages + following
        complete = np.flatnonzero(following == 0)
        if complete.size:
            child, states = self.child.take(stages.take(complete)), states.take(complete)
            if self.counts_moderate:
                graded = np.append(self.graph.counts_moderate, False).take(states)
                child = np.where(child == _MODERATE_CHILD, np.where(graded, 2, 0), child)
            found[complete] = self.first.take(self.children[states, child])
        return np.asarray(found)

    def decision(self, situation: int) -> Decision:
        """Return the decision with which a situation began."""
        return self.graph.decisions[situation // self.n_stages]

    def seen(self, situations: Ints) -> Ints:
        """Return (evaluable, with a DLT, pending) before the current cohort, shape (N, L, 3)."""
        states = np.minimum(situations // self.n_stages, self.graph.n_states - 1)
        n, x = self.graph.n_evaluable[states], self.graph.n_dlts[states]
        return np.stack([n, x, np.zeros_like(n)], axis=2).astype(np.intp)
