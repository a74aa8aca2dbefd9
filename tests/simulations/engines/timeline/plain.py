"""A clock for one trial in plain Python, written another way: by a list of moments.

At each moment everything that becomes known is noted, then the rule is asked once, then those who
came are given places, one after another, and dosed when they may be. It has no slots, no situations
and no arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from escalation.designs import Action, Decision
from escalation.outcomes import Tally
from escalation.protocol import Protocol
from simulations.engines.timeline.course import GivenPatient
from simulations.timing.assumptions import Timing

NEVER = float("inf")


@dataclass
class Patient:
    given: GivenPatient
    arrived: float
    cohort: int = 0
    level: int = 0
    dosed: float = NEVER
    outcome: str | None = None

    def known_on(self, window: float) -> tuple[float, str]:
        dlt = NEVER if self.given.dlt_after is None else self.given.dlt_after
        lost = NEVER if self.given.dropped_after is None else self.given.dropped_after
        if lost < min(dlt, window):
            return self.dosed + lost, "X"
        return self.dosed + min(dlt, window), "T" if dlt <= window else "N"


@dataclass
class PlainClock:
    protocol: Protocol
    timing: Timing
    arrivals: Sequence[float]
    given: Sequence[GivenPatient]
    dosings: list[tuple[float, float, int]] = field(default_factory=list)
    decisions: list[tuple[float, int | None, int | None]] = field(default_factory=list)

    def run(self) -> PlainClock:
        design = self.protocol.design
        self.window = self.protocol.dlt.window_days - self.protocol.dlt.infusion_day
        first = design.decide([Tally()] * design.n_levels, design.start)
        self.level, self.free, self.cohort, self.opened = first.level, first.n_to_enrol, 1, 0.0
        self.patients: list[Patient] = []
        self.undosed: list[Patient] = []  # of the current cohort, in order
        self.line: list[Patient] = []
        coming = list(self.arrivals)
        over = False
        while not over:
            now = self.next_moment(coming)
            if now == NEVER:
                return self
            over = self.know_and_decide(now) or self.fill(now)
            while not over and coming and coming[0] <= now:
                self.line.append(Patient(None, coming.pop(0)))
                if self.timing.accrual == "lose" and not self.finds_place(now):
                    self.line.pop()
                over = self.fill(now)
            over = over or self.fill(now)
            self.dose(now)
        return self

    def next_moment(self, coming: list[float]) -> float:
        moments = [one.known_on(self.window)[0] for one in self.pending() if one.dosed < NEVER]
        moments += coming[:1]
        if self.undosed:
            moments.append(max(self.may_dose(), self.now))
        if self.line and self.free:
            moments.append(max(self.opened, self.now, self.may_take()))
        self.now = min(moments, default=NEVER)
        return self.now

    now = 0.0

    def pending(self) -> list[Patient]:
        return [one for one in self.patients if one.outcome is None]

    def has_place(self, now: float) -> bool:
        return bool(self.free) and max(self.opened, self.may_take()) <= now

    def finds_place(self, now: float) -> bool:
        """Tell whether the last in line has a place, perhaps to be given on the day of dosing."""
        return self.opened <= now and len(self.line) <= self.free

    def may_take(self) -> float:
        """Return from when a place is given: where it may be closed until dosing, then."""
        return self.may_dose() if self.on_dosing else 0.0

    def fill(self, now: float) -> bool:
        """Give places, and ask again after each: a rule that does not wait may have one more."""
        while self.line and self.has_place(now):
            one = self.line.pop(0)
            if one.given is None:
                number = len({id(p) for p in self.patients} | self.held)
                one.given = self.given[number] if number < len(self.given) else GivenPatient()
            self.held.discard(id(one))
            one.cohort, one.level = self.cohort, self.level
            self.patients.append(one)
            self.undosed.append(one)
            self.free -= 1
            self.dose(now)
            if self.decide(now):
                return True
        return False

    def __post_init__(self) -> None:
        self.held: set[int] = set()
        enrolment = self.protocol.enrolment
        self.rolls = self.protocol.design.while_pending is not None
        staggers = enrolment.first_alone_days or enrolment.next_apart_days
        self.on_dosing = self.rolls and staggers and self.timing.decides == "settled"

    def may_dose(self) -> float:
        """Return the first day on which the tracker would dose the next of the cohort."""
        alone = self.protocol.enrolment.first_alone_days
        apart = self.protocol.enrolment.next_apart_days
        own = [p for p in self.patients if p.cohort == self.cohort and p.dosed < NEVER]
        pending = [p for p in self.pending() if p.level == self.level and p.dosed < NEVER]
        days = [0.0]
        groups = [own, own + [p for p in pending if p not in own]]
        if self.on_dosing:  # the committee may have closed the cohort that they were of
            groups.append(pending)
        for group in groups:
            if not group:
                continue
            follows = max(p.dosed for p in group) + apart
            watched = [
                p.dosed + alone
                for p in group
                if p.outcome != "X" or p.known_on(self.window)[0] >= p.dosed + alone
            ]
            days.append(max(follows, min(watched)) if watched else follows)
        return max(days)

    def dose(self, now: float) -> None:
        while self.undosed and self.may_dose() <= now:
            one = self.undosed.pop(0)
            one.dosed = now
            self.dosings.append((now, one.arrived, one.level))

    def know_and_decide(self, now: float) -> bool:
        known = False
        for one in self.pending():
            if one.dosed == NEVER:
                continue
            day, outcome = one.known_on(self.window)
            if day <= now:
                one.outcome, known = outcome, True
                again = outcome == "X" and one.cohort == self.cohort
                self.free += again and not self.rolls  # of the rolling six the rule is asked
        return known and self.decide(now)

    def tallies(self) -> list[Tally]:
        seen = [Tally()] * self.protocol.design.n_levels
        for one in self.patients:
            tally = {
                None: Tally(n_pending=1),
                "X": Tally(),
                "N": Tally(n_evaluable=1),
                "T": Tally(n_evaluable=1, n_dlts=1),
            }[one.outcome]
            seen[one.level] = seen[one.level].plus(tally)
        return seen

    def decide(self, now: float) -> bool:
        """Ask the rule; return whether the trial is over."""
        design, seen = self.protocol.design, self.tallies()
        said = design.decide(seen, self.level)
        if design.while_pending is not None:  # the rolling six
            if said.level == self.level or said.action is Action.WAIT:
                self.free = 0 if said.action is Action.WAIT else max(self.free, 1)
                if not self.free and self.timing.accrual == "lose":
                    self.line = []
                return False
            return self.follow(said, now)
        if self.timing.decides == "complete" and (self.free or self.pending()):
            return False
        leaves = said.has_ended or (said.level is not None and said.level < self.level)
        waits = said.action is Action.WAIT or not said.settled
        return not waits and (leaves or not self.free) and self.follow(said, now)

    def follow(self, said: Decision, now: float) -> bool:
        self.decisions.append((now, said.level, said.mtd))
        if said.level != self.level:
            for one in self.undosed:
                self.patients.remove(one)
                self.held.add(id(one))
            self.line[:0] = self.undosed
            self.undosed = []
        if self.timing.accrual == "lose":
            self.line = self.line[:1]
        if said.has_ended:
            return True
        self.level, self.free = said.level, said.n_to_enrol
        self.cohort += 1
        self.opened = now + self.timing.decision_delay_days
        return False
