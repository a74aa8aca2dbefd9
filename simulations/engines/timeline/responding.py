"""Trials in time whose backfill opens after responses (BF-BOIN), followed one at a time.

A patient takes a place of the escalation's cohort where one is free, else one below the current
level, at the highest level that is open (``protocol/backfill.py``). Decisions are made when the
outcomes of the escalation are known, with what is known of the backfill then; nobody waits for the
rest of it. Responses are those of the escalation's patients, known when their DLT window closes.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np

from escalation.designs.base import Action, Decision
from escalation.errors import InputError
from escalation.outcomes import Tally
from escalation.protocol import Protocol, decide_with_backfill, open_after_responses
from simulations.engines.timeline.arriving import stream_of
from simulations.engines.timeline.course import GivenPatient, Underway
from simulations.engines.timeline.patients import DLT, LOST, Patients
from simulations.engines.timeline.record import Recorder
from simulations.engines.timeline.result import Chunk
from simulations.engines.timeline.setting import Setting
from simulations.engines.timeline.singly import Cohort, Draws, Patient
from simulations.engines.timeline.sums import DLT_UNIT, Sums
from simulations.graph.transitions import end_of

__all__ = ["ResponseRule", "ResponseWalk"]

_MOST_STEPS = 50_000
_MOST_ASKED = 500_000  # answers that are kept

Tallies = tuple[Tally, ...]


class ResponseRule:
    """What a protocol with such a backfill has said, as far as this process knows it."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.decided: dict[tuple[Tallies, Tallies, int], Decision] = {}
        self.opened: dict[tuple[object, ...], int | None] = {}
        self.said: dict[Decision, int] = {}
        nobody = (Tally(),) * protocol.design.n_levels
        self.first = self.decide(nobody, nobody, protocol.design.start)

    def decide(self, escalation: Tallies, backfill: Tallies, level: int) -> Decision:
        """Ask the rule."""
        key = escalation, backfill, level
        decision = self.decided.get(key)
        if decision is None:
            if len(self.decided) >= _MOST_ASKED:
                self.decided.clear()
            decision = decide_with_backfill(self.protocol, escalation, backfill, level)
            self.decided[key] = decision
        return decision

    def find_open(
        self, level: int, escalation: Tallies, backfill: Tallies, responded: tuple[bool, ...]
    ) -> int | None:
        """Return the highest level below one that is open to backfill; None where none is."""
        if not any(responded[:level]):
            return None
        key = level, escalation, backfill, responded
        if key not in self.opened:
            if len(self.opened) >= _MOST_ASKED:
                self.opened.clear()
            found = open_after_responses(self.protocol, level, escalation, backfill, responded)
            self.opened[key] = found[-1] if found else None
        return self.opened[key]

    def number_of(self, decision: Decision) -> int:
        """Return what the recorder calls a decision by."""
        return self.said.setdefault(decision, len(self.said))

    def decision(self, situation: int) -> Decision:
        """Return the decision of a number."""
        return list(self.said)[situation]


class ResponseWalk:
    """A chunk of trials; the arguments are those of ``Walk``."""

    def __init__(
        self,
        setting: Setting,
        rule: ResponseRule,
        rng: np.random.Generator,
        n: int,
        *,
        given: Sequence[GivenPatient] | None = None,
        underway: Underway | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        n_levels = setting.design.n_levels
        self.setting, self.rule, self.rng, self.n = setting, rule, rng, n
        self.recorder = recorder
        self.p_response = setting.timing.by_level("p_response", n_levels)
        self.stream = stream_of(setting.timing, rng, n)
        self.patients = Patients(setting, rng, n, given)
        self.draws = Draws(self.patients)
        self.sums = Sums(n_levels, n, self.stream)
        self.backfilled = self.sums.backfill = np.zeros((n_levels, n), dtype=np.int64)

    def run(self) -> Chunk:
        """Follow all trials to their ends."""
        for trial, arrival in enumerate(self.stream.first(self.n).tolist()):
            _Trial(self, trial, arrival).run()
        return self.sums.chunk(waits=self.setting.waits)


class _Trial:
    """One trial of a chunk.

    Attributes
    ----------
    escalation, backfill : tuple of Tally
    responded : tuple of bool
        Whether a patient of the escalation is known to have responded, at each level.
    current : Cohort
        Of the escalation.
    n_free : int
        Its free places.
    beside : list of Cohort
        Those of backfill, at each level.
    is_due : bool
        Whether the next decision is made when somebody comes.
    held : list of (float, int)
        Who had a place, was not dosed and is the next to get one: arrival, and how many had been
        enrolled before.
    """

    def __init__(self, walk: ResponseWalk, trial: int, arrival: float) -> None:
        self.walk, self.trial, self.arrival = walk, trial, arrival
        self.setting, self.rule, self.sums = walk.setting, walk.rule, walk.sums
        self.only = np.array([trial])
        n_levels = self.setting.design.n_levels
        self.escalation: Tallies = (Tally(),) * n_levels
        self.backfill = self.escalation
        self.responded = (False,) * n_levels
        self.current = Cohort(1, self.rule.first.level or 0)
        self.n_free = self.rule.first.n_to_enrol
        self.beside = [Cohort(0, level) for level in range(n_levels)]
        self.held: list[tuple[float, int]] = []
        self.pending: list[tuple[float, int, Patient]] = []  # a heap, as the next
        self.responses: list[tuple[float, int]] = []  # when known, and the level
        self.day = self.opened = self.level_since = self.busy_until = self.free_since = 0.0
        self.is_open = True
        self.n_enrolled = 0
        self.is_over = self.is_due = False

    def run(self) -> None:
        """Follow the trial to its end."""
        for _ in range(_MOST_STEPS):
            if self.is_over or not self._step():
                self.sums.n_enrolled[self.trial] = self.n_enrolled
                return
        raise InputError(
            f"a trial came to {_MOST_STEPS:,} events without an end: too many patients are replaced"
        )

    def _step(self) -> bool:
        """Let the next thing happen; False where nothing will."""
        known = self.pending[0][0] if self.pending else np.inf
        response = self.responses[0][0] if self.responses else np.inf
        dosing, where = np.inf, self.current
        for cohort in (self.current, *self.beside):
            if cohort.queue:
                pending = (patient for _, _, patient in self.pending)
                first = cohort.first_dosing(self.setting, self.day, pending)
                if first < dosing:
                    dosing, where = first, cohort
        coming = np.inf
        if self.is_open:
            coming = max(self.held[0][0] if self.held else self.arrival, self.opened)
        day = self.day = min(known, response, dosing, coming)
        if day == np.inf:
            return False
        if day == known:
            self._know(day)
        elif day == response:
            self._respond(day)
        elif day == dosing:
            self._dose(where, day)
        else:
            self._enrol(day)
        return True

    # ------------------------------------------------ who comes

    def _enrol(self, day: float) -> None:
        if self.is_due:
            self._decide_on_arrival(day)
            return
        if self.held:
            arrived, number = self.held.pop(0)
        else:
            arrived, number = self.arrival, self.n_enrolled
            self.n_enrolled += 1
            following = self.walk.stream.next_after(self.only, np.array([arrived]))
            self.arrival = float(following[0])
        level = None if self.n_free else self._open_level()
        if level is None:
            cohort = self.current
            self.n_free -= 1
            self.escalation = _add(self.escalation, cohort.level, Tally(n_pending=1))
        else:
            cohort = self.beside[level]
            self.backfill = _add(self.backfill, level, Tally(n_pending=1))
        cohort.queue.append(Patient(number, arrived, day, cohort))
        self._consider(day)

    def _dose(self, cohort: Cohort, day: float) -> None:
        patient = cohort.queue.pop(0)
        patient.dosed = day
        self.walk.draws.draw(patient, self.trial)
        known = day + patient.after
        sums, trial, level = self.sums, self.trial, cohort.level
        if patient.unmade:
            sums.n_unmade[trial] += 1
        else:
            cohort.dosed.append(patient)
            counts = sums.tallies if cohort.number else self.walk.backfilled
            counts[level, trial] += 1 + DLT_UNIT * (patient.kind == DLT)
        sums.n_unreached[trial] += patient.unreached
        sums.waiting[trial] += day - patient.arrived
        sums.n_waited[trial] += day > patient.arrived
        sums.idle[trial] += max(day - self.busy_until, 0.0)
        self.busy_until = max(self.busy_until, known)
        heappush(self.pending, (known, patient.number, patient))
        share = self.walk.p_response[level]
        responds = bool(share) and self.walk.rng.binomial(1, share)
        if responds and cohort.number and patient.kind < LOST:
            heappush(self.responses, (day + self.setting.window, level))
        self._record(patient, known)

    def _record(self, patient: Patient, known: float) -> None:
        if self.walk.recorder is None:
            return
        cohort = patient.cohort
        dosed = known if patient.dosed is None else patient.dosed
        self.walk.recorder.enrol(
            self.only,
            number=np.array([patient.number]),
            cohort=np.array([cohort.number]),
            level=np.array([cohort.level]),
            arrived=np.array([patient.arrived]),
            enrolled=np.array([patient.enrolled]),
            dosed=np.array([dosed]),
            known=np.array([known]),
            drawn=patient.drawn(),
        )

    # ------------------------------------------------ what becomes known

    def _know(self, day: float) -> None:
        while self.pending and self.pending[0][0] == day:  # all that is known at one moment
            _, _, patient = heappop(self.pending)
            cohort = patient.cohort
            if patient.kind >= LOST:
                patient.lost = day
                self.sums.n_lost[self.trial] += 1
            if cohort.number:
                self.escalation = _settle(self.escalation, cohort.level, patient.kind)
                self.n_free += patient.kind >= LOST and cohort is self.current
            else:
                self.backfill = _settle(self.backfill, cohort.level, patient.kind)
        self._consider(day)

    def _respond(self, day: float) -> None:
        _, level = heappop(self.responses)
        self.responded = (*self.responded[:level], True, *self.responded[level + 1 :])
        self._note_places(day)

    # ------------------------------------------------ what is decided on it

    def _consider(self, day: float) -> None:
        """Ask the rule where it is to be asked, do what it says, and see which places there are."""
        level = self.current.level
        pending = any(tally.n_pending for tally in self.escalation)
        decides = self.setting.timing.decides
        if not self.n_free and not self.is_due and (not pending or decides == "settled"):
            decision = self.rule.decide(self.escalation, self.backfill, level)
            if decides == "arrival" and not decision.has_ended:
                self.is_due = True
            elif decision.action is not Action.WAIT:
                self._apply(decision, day, partial=pending)
        if not self.is_over:
            self._note_places(day)

    def _decide_on_arrival(self, day: float) -> None:
        """Decide with what is known when somebody comes, who then has a place, or is gone."""
        self.is_due = False
        decision = self.rule.decide(self.escalation, self.backfill, self.current.level)
        self._apply(decision, day, partial=False)
        if not self.is_over:
            self._note_places(day)

    def _apply(self, decision: Decision, day: float, *, partial: bool) -> None:
        sums, trial, old = self.sums, self.trial, self.current
        sums.days[old.level, trial] += day - self.level_since
        self.level_since = day
        sums.n_decisions[trial] += 1
        sums.n_partial[trial] += partial
        if self.walk.recorder is not None:
            self.walk.recorder.decide(
                self.only,
                np.array([day]),
                np.array([old.number]),
                np.array([self.rule.number_of(decision)]),
            )
        self._close(day)
        if decision.level is None:
            self._leave(old, day)
            for cohort in self.beside:
                self._leave(cohort, day)
            self._end(decision, day)
            return
        self.opened = day + self.setting.delay
        self.n_free = decision.n_to_enrol
        self.current = Cohort(old.number + 1, decision.level)
        if decision.level != old.level:
            self._leave(old, day)
        else:
            self.current.queue = old.queue
            for patient in old.queue:
                patient.cohort = self.current
        for cohort in self.beside[decision.level :]:  # no longer below
            self._leave(cohort, day)

    def _leave(self, cohort: Cohort, day: float) -> None:
        """Take back the places of those who were not dosed: nobody is, where a decision left."""
        for patient in cohort.queue:
            patient.kind = LOST
            if cohort.number:
                self.escalation = _settle(self.escalation, cohort.level, LOST)
            else:
                self.backfill = _settle(self.backfill, cohort.level, LOST)
            self._record(patient, day)
            if self.walk.recorder is not None:
                self.walk.recorder.withdraw(self.trial, patient.number, day)
        held = [(patient.arrived, patient.number) for patient in cohort.queue]
        self.held = sorted([*held, *self.held], key=lambda one: one[1])
        cohort.queue = []

    def _end(self, decision: Decision, day: float) -> None:
        sums, trial = self.sums, self.trial
        self.is_over = True
        sums.end[trial] = end_of(decision)
        sums.t_decision[trial] = day
        sums.t_last[trial] = max([day, *(known for known, _, _ in self.pending)])
        sums.idle[trial] += max(day - self.busy_until, 0.0)
        sums.next_arrival[trial] = self.arrival
        sums.n_held[trial] = len(self.held)

    # ------------------------------------------------ which places there are

    def _open_level(self) -> int | None:
        return self.rule.find_open(
            self.current.level, self.escalation, self.backfill, self.responded
        )

    def _note_places(self, day: float) -> None:
        """Note that a place has come free, from now on, or that none is free any more."""
        is_open = self.n_free > 0 or self.is_due or self._open_level() is not None
        if is_open and not self.is_open:
            self.opened = self.free_since = max(day, self.opened)
            self._skip(self.opened)
            self.is_open = True
        elif not is_open:
            self._close(day)

    def _close(self, day: float) -> None:
        if self.is_open:
            self.sums.was_open(self.only, np.array([self.free_since]), np.array([day]))
        self.is_open = False

    def _skip(self, day: float) -> None:
        """Turn away those who came before a place was free."""
        stream = self.walk.stream
        if not self.setting.waits and (self.arrival < day or not stream.forgets):
            self.arrival = float(stream.next_from(self.only, np.array([day]))[0])


def _add(tallies: Tallies, level: int, more: Tally) -> Tallies:
    return (*tallies[:level], tallies[level].plus(more), *tallies[level + 1 :])


def _settle(tallies: Tallies, level: int, kind: int) -> Tallies:
    """Return the tallies with a pending patient's outcome."""
    tally = tallies[level]
    settled = Tally(
        n_evaluable=tally.n_evaluable + (kind < LOST),
        n_dlts=tally.n_dlts + (kind == DLT),
        n_pending=tally.n_pending - 1,
    )
    return (*tallies[:level], settled, *tallies[level + 1 :])
