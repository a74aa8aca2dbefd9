"""A simulated trial as a record: what a site and a committee would have recorded, step by step.

The strongest test of a clock: the tracker, which knows nothing of simulations, must find neither a
breach of a gate nor a departure from the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from math import floor

from escalation.errors import InputError
from escalation.ledger import Ledger
from escalation.outcomes import Outcome
from escalation.protocol import Protocol
from escalation.tracker import Tracker
from escalation.trial import TrialState
from escalation.trial.commands import Events, Recorder
from escalation.trial.demo.script import SITE, Command, Step, begin, enrol, meet, recorded_at
from escalation.trial.events import Toxicity
from escalation.trial.patients.recording import dose_subject, record_outcome
from simulations.engines.timeline.course import Course, Happening, Kind

__all__ = ["LOST", "record_course", "record_steps", "script", "steps_of", "subject_id"]

WEIGHT_KG = 60.0
LOST = {
    Kind.DROPPED_OUT: "withdrew consent",
    Kind.NOT_MANUFACTURED: "the product could not be made",
    Kind.DOSE_NOT_REACHED: "the dose of the level was not reached",
}


def record_course(
    ledger: Ledger, trial: str, course: Course, protocol: Protocol, *, opened: date
) -> None:
    """Record a simulated trial in a ledger that does not hold it yet.

    Parameters
    ----------
    ledger : Ledger
    trial : str
        Its id there.
    course : Course
    protocol : Protocol
        That it was simulated under.
    opened : date
        Day 0 of the course.

    Raises
    ------
    InputError
        For a course with backfill, which a committee opens on grounds that it does not hold.
    """
    record_steps(ledger, trial, steps_of(course, protocol, opened=opened))


def record_steps(ledger: Ledger, trial: str, steps: Iterable[tuple[Command, Recorder]]) -> None:
    """Record commands in a ledger that does not hold the trial yet."""
    tracker = Tracker(ledger, trial)
    for number, (command, recorder) in enumerate(steps):
        tracker.record(
            command, recorder, request_id=f"simulated-{number}", new=not number, clock_is_right=True
        )


def steps_of(
    course: Course, protocol: Protocol, *, opened: date
) -> Iterator[tuple[Command, Recorder]]:
    """Yield the commands that record a simulated trial, with their recorders, in order."""
    return recorded_at(script(course, protocol, opened))


def script(
    course: Course,
    protocol: Protocol,
    opened: date,
    *,
    weigh: Callable[[Happening], float] | None = None,
    tell_dlt: Callable[[Happening, date], Iterable[Step]] | None = None,
) -> Iterator[Step]:
    """Yield who does what on which day; weights and what is said of a DLT may be given."""
    yield from begin(str(opened), protocol)
    yield from meet(str(opened))
    by_weight = protocol.unit is not None and protocol.unit.endswith("/kg")
    for found in sorted(course.happenings, key=_in_days):
        day = opened + timedelta(days=floor(found.day))
        if found.purpose != "escalation":
            raise InputError(f"a course with {found.purpose} cannot be written as a record")
        if found.kind is Kind.DECIDED:
            yield from meet(str(day))
        elif found.kind is Kind.ENROLLED:
            weight = WEIGHT_KG if weigh is None else weigh(found)
            yield enrol(str(day), subject_id(found), weight if by_weight else None)
        elif found.kind is Kind.DOSED:
            yield str(day), SITE, partial(_dose, subject=subject_id(found), protocol=protocol)
        elif found.kind is Kind.DLT and tell_dlt is not None:
            yield from tell_dlt(found, day)
        elif found.kind is not Kind.WITHDRAWN:  # who has not been dosed can be enrolled again
            yield str(day), SITE, _outcome(found, day)


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
    said = partial(record_outcome, subject=subject_id(found))
    if found.kind is Kind.DLT:
        toxicity = Toxicity(term="simulated", grade=3, onset=day)
        return partial(said, outcome=Outcome.DLT, toxicities=(toxicity,))
    if found.kind in LOST:
        return partial(said, outcome=Outcome.NOT_EVALUABLE, reason=LOST[found.kind])
    return partial(said, outcome=Outcome.MODERATE if found.moderate else Outcome.NO_DLT)
