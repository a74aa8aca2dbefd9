"""One trial in time, written plainly: one patient after the other, an oracle for the clock.

It shares nothing with the clock but the rule of the design, which it asks as a committee would.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from escalation.designs import Design
from escalation.designs.base import Action, Decision
from escalation.outcomes import Tally
from escalation.protocol import Protocol
from simulations.timing.assumptions import Timing


@dataclass(eq=False)
class Person:
    """Somebody with a place."""

    arrived: float
    level: int
    dosed: float | None = None
    known: float | None = None
    kind: str = ""
    lost: float = float("inf")
    cohort: list[Person] = field(default_factory=list)


@dataclass
class ClerksTrial:
    """A trial that a clerk follows; ``run`` returns what ``Timeline`` counts, by name."""

    protocol: Protocol
    p_dlt: list[float]
    timing: Timing
    rng: random.Random
    counts: dict[str, float] = field(default_factory=dict)

    def run(self) -> dict[str, float]:
        timing, design = self.timing, self.protocol.design
        n = design.n_levels
        self.window = self.protocol.dlt.window_days - self.protocol.dlt.infusion_day
        self.made = timing.by_level("not_manufactured", n)
        self.reached = timing.by_level("dose_not_reached", n)
        self.seen = [[0, 0] for _ in range(n)]  # evaluable, DLTs
        self.here: list[Person] = []  # of the cohort, with a place
        self.before: list[Person] = []  # of earlier cohorts, pending
        self.waiting: list[float] = []  # who came and waits for a place
        self.shut = False
        self.over = False
        self.clock = 0.0
        self.since = 0.0
        names = (
            "n_patients n_dlts n_decisions n_partial n_arrived n_screen_failures n_turned_away "
            "n_waited waiting_days n_still_waiting n_dropped_out n_not_manufactured "
            "n_dose_not_reached idle_days suspended_days"
        )
        self.counts = dict.fromkeys(names.split(), 0.0)
        for what in ("patients", "dlts", "days"):
            self.counts |= {f"{what} {level}": 0.0 for level in range(n)}
        self.windows: list[tuple[float, float]] = []
        self.begin(ask(design, tallies(design, []), design.start), opens=0.0)
        comes = self.gap()
        while not self.over:
            comes = self.step(comes)
        self.finish()
        return self.counts

    def gap(self) -> float:
        return self.rng.expovariate(1 / self.timing.arrivals.mean_gap_days)

    def begin(self, decision: Decision, opens: float) -> None:
        self.level, self.free, self.opens = decision.level, decision.n_to_enrol, opens
        self.here, self.shut, self.cohort = [], False, []
        self.there = [one for one in self.before if one.level == self.level]

    def step(self, comes: float) -> float:
        """Go to what happens next; return when the next one comes."""
        pending = [one for one in self.here + self.before if one.dosed is not None]
        outcome = min(pending, key=lambda one: one.known, default=None)
        undosed = [one for one in self.before + self.here if one.dosed is None]
        next_ = undosed[0] if undosed else None
        takes = self.free and not self.shut and self.waiting
        happens = [
            (outcome.known if outcome else float("inf"), 0),
            (max(self.opens, self.clock) if takes else float("inf"), 1),
            (self.may_dose(next_) if next_ else float("inf"), 2),
            (comes, 3),
        ]
        day, what = min(happens)
        if self.free == 0 or self.shut:
            self.counts["suspended_days"] += day - self.clock
        elif self.clock < self.opens:
            self.counts["suspended_days"] += min(day, self.opens) - self.clock
        self.clock = day
        if what == 0:
            self.learn(outcome)
        elif what == 1:
            self.take(self.waiting.pop(0))
        elif what == 2:
            self.dose(next_)
        else:
            self.arrive()
            return day + self.gap()
        return comes

    def arrive(self) -> None:
        self.counts["n_arrived"] += 1
        has_place = self.free and not self.shut and self.clock >= self.opens
        if not has_place and self.timing.accrual == "lose":
            self.counts["n_turned_away"] += 1
        elif self.rng.random() < self.timing.screen_failure:
            self.counts["n_screen_failures"] += 1
        elif has_place:
            self.take(self.clock)
        else:
            self.waiting.append(self.clock)

    def take(self, arrived: float) -> None:
        one = Person(arrived, self.level, cohort=self.cohort)
        self.here.append(one)
        self.free -= 1
        undosed = [other for other in self.before + self.here if other.dosed is None]
        if undosed[0] is one and self.may_dose(one) <= self.clock:
            self.dose(one)  # what turns out at once is known before the rule is asked
        if self.timing.decides == "settled" and not self.free:
            self.consider()

    def may_dose(self, one: Person) -> float:
        """Return the first day on which the stagger allows the next dosing."""
        enrolment, day = self.protocol.enrolment, max(self.clock, one.arrived)
        if one in self.here:
            # pending at the level when the cohort was opened
            dosed = [other.dosed for other in self.there if other.dosed is not None]
            day = max([day, *(other + enrolment.next_apart_days for other in dosed)])
            day = max(day, min(dosed, default=-99.0) + enrolment.first_alone_days)
        if not one.cohort:
            return day
        day = max(day, one.cohort[-1].dosed + enrolment.next_apart_days)
        alone = [
            other.dosed + enrolment.first_alone_days
            for other in one.cohort
            if other.lost >= other.dosed + enrolment.first_alone_days
        ]
        return max(day, min(alone)) if alone else day

    def dose(self, one: Person) -> None:
        waited = self.clock - one.arrived
        self.counts["waiting_days"] += waited
        self.counts["n_waited"] += waited > 0
        if self.rng.random() < self.made[one.level]:
            self.counts["n_not_manufactured"] += 1
            self.lose(one)
            return
        one.dosed = self.clock
        one.cohort.append(one)
        self.counts["n_patients"] += 1
        self.counts[f"patients {one.level}"] += 1
        if self.rng.random() < self.reached[one.level]:
            self.counts["n_dose_not_reached"] += 1
            one.lost = self.clock
            self.lose(one)
            return
        dlt = self.rng.random() < self.p_dlt[one.level]
        after = self.window * (self.rng.random() if dlt else 1)
        one.kind = "dlt" if dlt else "none"
        if self.rng.random() < self.timing.dropout:
            lost = self.window * self.rng.random()
            if lost < after:
                after, one.kind = lost, "lost"
        one.known = self.clock + after
        self.windows.append((one.dosed, one.known))
        self.counts[f"dlts {one.level}"] += one.kind == "dlt"
        self.counts["n_dlts"] += one.kind == "dlt"

    def learn(self, one: Person) -> None:
        if one.kind == "lost":
            self.counts["n_dropped_out"] += 1
            one.lost = one.known
            self.lose(one)
            return
        (self.here if one in self.here else self.before).remove(one)
        self.seen[one.level][0] += 1
        self.seen[one.level][1] += one.kind == "dlt"
        self.consider()

    def lose(self, one: Person) -> None:
        if one in self.here:
            self.here.remove(one)
            self.free += 1
        else:
            self.before.remove(one)
        self.consider()

    def known(self) -> list[tuple[int, int, int]]:
        pending = self.here + self.before
        return [
            (n, x, sum(one.level == level for one in pending))
            for level, (n, x) in enumerate(self.seen)
        ]

    def consider(self) -> None:
        """Decide, where it is time to."""
        if any(
            one.known is not None and one.known <= self.clock for one in self.here + self.before
        ):
            return  # what becomes known at one moment is known together
        design, known = self.protocol.design, self.known()
        pending = bool(self.here or self.before)
        self.shut = False
        if self.timing.decides == "complete":
            if not pending and not self.free:
                self.decide(ask(design, tallies(design, known), self.level))
            return
        whole = [
            (n, x, m + self.free * (level == self.level)) for level, (n, x, m) in enumerate(known)
        ]
        said = ask(design, tallies(design, whole), self.level)
        stays = self.free and said.level == self.level
        if said.action is not Action.WAIT and said.settled and not stays:
            self.decide(said)
        elif self.free:
            said = ask(design, tallies(design, known), self.level)
            possible = said.possible or (said,)
            if any(one.level is not None and one.level >= self.level for one in possible):
                return
            if said.action is Action.WAIT or not said.settled:
                self.shut = True
            else:
                self.decide(said)

    def decide(self, said: Decision) -> None:
        self.counts["n_decisions"] += 1
        self.counts["n_partial"] += bool(self.here or self.before)
        self.counts[f"days {self.level}"] += self.clock - self.since
        self.since = self.clock
        back = [one for one in self.here if one.dosed is None and said.level != self.level]
        self.before += [one for one in self.here if one not in back]
        self.waiting[:0] = [one.arrived for one in back]
        if said.has_ended:
            self.over = True
            self.end = said.mtd
            return
        self.begin(said, opens=self.clock + self.timing.decision_delay_days)
        if back and self.timing.decides == "settled":
            self.consider()

    def finish(self) -> None:
        counts, end = self.counts, self.clock
        counts["n_still_waiting"] = len(self.waiting)
        busy = 0.0
        for begins, ends in sorted(self.windows):
            counts["idle_days"] += max(begins - busy, 0)
            busy = max(busy, ends)
        counts["idle_days"] += max(end - busy, 0)
        counts["t_decision"] = end
        counts["t_last"] = max([end, *(one.known for one in self.before)])
        for level in range(len(self.p_dlt)):
            counts[f"mtd {level}"] = float(self.end == level)


def tallies(design: Design, known: list[tuple[int, int, int]]) -> tuple[Tally, ...]:
    known = known or [(0, 0, 0)] * design.n_levels
    return tuple(Tally(n_evaluable=n, n_dlts=x, n_pending=m) for n, x, m in known)


_ASKED: dict[object, Decision] = {}


def ask(design: Design, seen: tuple[Tally, ...], level: int) -> Decision:
    key = (design, seen, level)
    if key not in _ASKED:
        _ASKED[key] = design.decide(seen, level)
    return _ASKED[key]
