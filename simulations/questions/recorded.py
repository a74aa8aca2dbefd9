"""A simulated trial as a record: what a site and a committee would have recorded, step by step.

The strongest test of a clock: the tracker, which knows nothing of simulations, must find neither a
breach of a gate nor a departure from the rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from math import ceil, floor

from escalation.designs.base import Decision, Design
from escalation.errors import InputError
from escalation.outcomes import Outcome, tally_letters
from escalation.protocol import Protocol
from escalation.trial import TrialState
from escalation.trial.commands import Events, Recorder
from escalation.trial.demo.script import SITE, Command, Step, begin, enrol, meet, recorded_at
from escalation.trial.events import Choice, Toxicity
from escalation.trial.patients.recording import dose_subject, record_outcome
from simulations.engines.timeline.course import Course, Happening, Kind

__all__ = ["LOST", "script", "steps_of", "subject_id"]

WEIGHT_KG = 60.0
_COMES = (Kind.ENROLLED, Kind.DOSED)
LOST = {
    Kind.DROPPED_OUT: "withdrew consent",
    Kind.NOT_MANUFACTURED: "the product could not be made",
    Kind.DOSE_NOT_REACHED: "the dose of the level was not reached",
}


def steps_of(
    course: Course, protocol: Protocol, *, opened: date, delay_days: float = 0.0
) -> Iterator[tuple[Command, Recorder]]:
    """Yield the commands that record a simulated trial, with their recorders, in order.

    Parameters
    ----------
    course : Course
    protocol : Protocol
        That it was simulated under.
    opened : date
        Day 0 of the course.
    delay_days : float
        From a decision until the next cohort is open: it is approved then, or on the last day
        before more becomes known.

    Raises
    ------
    InputError
        For a course with backfill, which a committee opens on grounds that it does not hold.
    """
    return recorded_at(script(course, protocol, opened, delay_days=delay_days))


def script(
    course: Course,
    protocol: Protocol,
    opened: date,
    *,
    delay_days: float = 0.0,
    weigh: Callable[[Happening], float] | None = None,
    tell_dlt: Callable[[Happening, date], Iterable[Step]] | None = None,
) -> Iterator[Step]:
    """Yield who does what on which day; weights and what is said of a DLT may be given."""
    delay = ceil(delay_days)
    yield from begin(str(opened), protocol)
    yield from meet(str(opened))
    by_weight = protocol.unit is not None and protocol.unit.endswith("/kg")
    design = protocol.design
    rolls = design.while_pending is not None and not design.asks_follow_up
    places = _Places(design) if rolls else None
    approval: tuple[date, date, Step] | None = None  # on which days it may be, and how
    for found in sorted(course.happenings, key=_in_days):
        day = opened + timedelta(days=floor(found.day))
        if found.purpose != "escalation":
            raise InputError(f"a course with {found.purpose} cannot be written as a record")
        if approval is not None:
            earliest, latest, (_, person, command) = approval
            is_known = found.kind not in _COMES
            latest = min(latest, day - timedelta(days=is_known))
            yield str(max(earliest, latest)), person, command
            approval = None
        if found.kind is Kind.DECIDED:
            *steps, approved = meet(str(day))
            yield from steps
            if found.decision is not None and found.decision.has_ended:
                yield approved
            else:
                approval = day, day + timedelta(days=delay), approved
        elif found.kind is Kind.ENROLLED:
            if places is not None and not places.n_free:
                yield from meet(str(day), *places.one_more(protocol))
            weight = WEIGHT_KG if weigh is None else weigh(found)
            yield enrol(str(day), subject_id(found), weight if by_weight else None)
        elif found.kind is Kind.DOSED:
            yield str(day), SITE, partial(_dose, subject=subject_id(found), protocol=protocol)
        elif found.kind is Kind.DLT and tell_dlt is not None:
            yield from tell_dlt(found, day)
        elif found.kind is not Kind.WITHDRAWN:  # who has not been dosed can be enrolled again
            yield str(day), SITE, _outcome(found, day)
        if places is not None:
            places.follow(found)


class _Places:
    """The places that a committee has opened, where the rule opens them while outcomes are pending.

    The clock has one for each who comes as long as the rule says one more; a committee opens it.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.seen: dict[int | None, tuple[int, Outcome]] = {}  # of those dosed, in order
        self.of_cohort: set[int | None] = set()
        self.n_free = self._ask().n_to_enrol

    def follow(self, found: Happening) -> None:
        """Take account of what happened, after a committee has met where no place was free."""
        if found.decision is not None:
            self.n_free, self.of_cohort = found.decision.n_to_enrol, set()
        elif found.kind is Kind.ENROLLED:
            if not self.n_free:
                self.n_free, self.of_cohort = 1, set()
            self.n_free -= 1
            self.of_cohort.add(found.patient)
        elif found.kind is Kind.DOSED and found.level is not None:
            self.seen[found.patient] = found.level, Outcome.PENDING
        elif found.patient in self.seen:
            self.seen[found.patient] = self.seen[found.patient][0], _letter(found)
        if found.kind in LOST:
            self.n_free += found.patient in self.of_cohort

    def one_more(self, protocol: Protocol) -> tuple[Choice | None, str | None]:
        """Return what a committee chooses that opens one place, and its rationale.

        Nothing where the rule says one; of several, it opens one after another.
        """
        said = self._ask()
        if said.level is None or said.n_to_enrol <= 1:
            return None, None
        choice = Choice(action="enrol", level=protocol.labels[said.level], n_to_enrol=1)
        return choice, "Patients are enrolled one at a time, as they come."

    def _ask(self) -> Decision:
        """Ask what the committee is told now."""
        n_levels, level = self.design.n_levels, self.design.start
        seen: list[Counter[Outcome]] = [Counter() for _ in range(n_levels)]
        for level, outcome in self.seen.values():
            seen[level][outcome] += 1
        return self.design.decide([tally_letters(letters) for letters in seen], level)


def _in_days(found: Happening) -> tuple[int, bool]:
    """Return where something stands in a record of days: windows close at their beginning."""
    return floor(found.day), found.kind is not Kind.WINDOW_CLOSED


def subject_id(found: Happening) -> str:
    """Return the pseudonym of a simulated patient."""
    return f"S-{found.patient:03}"


def _dose(state: TrialState, recorder: Recorder, *, subject: str, protocol: Protocol) -> Events:
    """Dose a subject with what the protocol foresees."""
    amount = state.subjects[subject].plan(protocol).amount
    return dose_subject(state, recorder, subject=subject, infused=amount)


def _outcome(found: Happening, day: date) -> Command:
    said = partial(record_outcome, subject=subject_id(found), outcome=_letter(found))
    if found.kind is Kind.DLT:
        return partial(said, toxicities=(Toxicity(term="simulated", grade=3, onset=day),))
    if found.kind in LOST:
        return partial(said, reason=LOST[found.kind])
    return said


def _letter(found: Happening) -> Outcome:
    """Return what a patient has come to."""
    if found.kind is Kind.DLT:
        return Outcome.DLT
    if found.kind in LOST:
        return Outcome.NOT_EVALUABLE
    return Outcome.MODERATE if found.moderate else Outcome.NO_DLT
