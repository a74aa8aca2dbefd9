"""How a trial stands on a day, read from its record: for the clock to go on from there.

At which rate patients come is learned from those who came while a place was free: as it is not
known well, every simulated trial has a rate of its own, drawn from what the record leaves open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise, zip_longest
from statistics import fmean

from escalation.errors import InputError
from escalation.outcomes import Outcome
from escalation.protocol import Protocol
from escalation.trial import TrialState
from escalation.trial.events import Purpose
from escalation.trial.halts import standing_pauses
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.rule import NoProtocolError
from escalation.trial.state import Cohort
from simulations.engines.timeline.course import SoFar, Underway
from simulations.timing.assumptions import MAX_DAYS, Arrivals, Learned, Timing

__all__ = ["Stands", "assumed_timing", "find_standing", "timing_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """A trial as it stands on a day, for the clock.

    Attributes
    ----------
    protocol : Protocol
    opened : date
        Day 0 of the clock.
    on : date
        The day of the question.
    underway : Underway
    arrivals : Learned or None
        What is known of how patients come; None while no place has ever been free for a day.
    delay_days : float
        Mean days from the last outcome of a cohort to the opening of the next, so far.
    """

    protocol: Protocol
    opened: date
    on: date
    underway: Underway
    arrivals: Learned | None
    delay_days: float


def find_standing(state: TrialState, on: date) -> Stands:
    """Read from a trial's record how it stands on a day.

    Raises
    ------
    NoProtocolError
        Before the trial is registered.
    InputError
        For a trial that has ended, is held or paused, or a protocol without a DLT window.
    """
    if state.protocol is None:
        raise NoProtocolError
    _check_goes_on(state, on)
    protocol, labels = state.protocol, state.protocol.labels
    cohorts = [cohort for cohort in state.cohorts if cohort.purpose is Purpose.ESCALATION]
    number = {cohort.number: place for place, cohort in enumerate(cohorts, start=1)}
    subjects = [
        subject
        for subject in state.subjects.values()
        if subject.cohort in number
        and subject.standing is not Standing.WITHDRAWN
        and state.set_aside_by(subject) is None
    ]
    named = [subject.enrolment.on for subject in subjects]
    named += [cohort.opened_on for cohort in cohorts if cohort.opened_on is not None]
    named += [subject.dosed_on for subject in subjects if subject.dosed_on is not None]
    if named and max(named) > on:
        raise InputError(
            f"the record goes on after {on}, the day of the question: somebody was enrolled or "
            f"dosed, or a cohort opened, on {max(named)}; ask from that day on, or as of an "
            "earlier entry by --as-of"
        )
    opened = min([on, *named])
    if (on - opened).days > MAX_DAYS:
        raise InputError(f"{on} is more than a century after {opened}, when patients first came")
    open_cohort = state.open_cohort
    last = cohorts[-1].level if cohorts else labels[protocol.design.start]
    return Stands(
        protocol=protocol,
        opened=opened,
        on=on,
        underway=Underway(
            day=float((on - opened).days),
            patients=[
                _so_far(subject, number[subject.cohort], protocol, opened, on)
                for subject in subjects
            ],
            level=labels.index(open_cohort.level if open_cohort is not None else last),
            n_free=0 if open_cohort is None else state.n_free(open_cohort),
            cohort=None if open_cohort is None else number[open_cohort.number],
        ),
        arrivals=_learn_arrivals(state, cohorts, on),
        delay_days=_learn_delay(state, cohorts),
    )


def _check_goes_on(state: TrialState, on: date) -> None:
    if state.closed is not None:
        raise InputError(f"the trial was closed by entry {state.closed.seq}: nothing is to come")
    if state.stopped is not None:
        raise InputError(
            f"the escalation was stopped by entry {state.stopped.seq}: nothing of it is to come"
        )
    if state.held is not None:
        raise InputError(
            f"enrolment is held by entry {state.held.seq}, and nobody knows until when: "
            "resume it, or ask as of an earlier entry by --as-of"
        )
    for pause in standing_pauses(state, on):
        raise InputError(
            f"enrolment is paused since entry {pause.entry}, {pause.text}, and nobody knows until "
            "when: decide to resume it, or ask as of an earlier entry by --as-of"
        )
    if state.protocol is not None and state.protocol.dlt.window_days is None:
        raise InputError("the protocol names no DLT window, and there is no forecast without one")


def _so_far(subject: Subject, cohort: int, protocol: Protocol, opened: date, on: date) -> SoFar:
    level = protocol.labels.index(subject.level)
    if subject.dosed_on is None:
        return SoFar(cohort=cohort, level=level, dosed=None)
    outcome = subject.outcome or Outcome.PENDING
    known = closes = None
    if outcome is Outcome.PENDING and subject.followed_on is not None:
        closes = float((subject.followed_on - opened).days)
    if outcome is not Outcome.PENDING:
        day = subject.dlt_began if outcome is Outcome.DLT else subject.followed_on
        day = subject.lost_on if outcome is Outcome.NOT_EVALUABLE else day
        known = float((min(day or on, on) - opened).days)
    dosed = float((subject.dosed_on - opened).days)
    return SoFar(
        cohort=cohort, level=level, dosed=dosed, outcome=outcome, known=known, closes=closes
    )


def _learn_arrivals(state: TrialState, cohorts: Sequence[Cohort], on: date) -> Learned | None:
    """Count who came while a place was free, and on how many days one was."""
    n_patients, n_days = 0, 0
    following = [cohort.opened_on for cohort in cohorts[1:]]
    for cohort, closed in zip_longest(cohorts, following):
        if cohort.opened_on is None:
            continue  # written down afterwards
        members = state.members(cohort)
        places = [(subject.enrolment.on, _left_on(subject)) for subject in members]
        n_patients += len(places)
        day = cohort.opened_on
        while day < (on if closed is None else closed):
            n_taken = sum(came <= day and (left is None or day < left) for came, left in places)
            n_days += n_taken < cohort.n_opened
            day += timedelta(days=1)
    return Learned(n_patients=n_patients, days=float(n_days)) if n_days else None


def _left_on(subject: Subject) -> date | None:
    """Return the day on which a subject's place came free again; None where it is taken."""
    if subject.takes_place:
        return None
    said = [f.event.on for f in subject.outcomes if f.event.outcome is Outcome.NOT_EVALUABLE]
    return subject.lost_on or min(said, default=None)


def _learn_delay(state: TrialState, cohorts: Sequence[Cohort]) -> float:
    """Return the mean days from a cohort's last outcome to the opening of the next."""
    delays = []
    for before, cohort in pairwise(cohorts):
        known = [s.dlt_began or s.followed_on for s in state.members(before) if s.takes_place]
        days = [day for day in known if day is not None]
        if days and cohort.opened_on is not None:
            delays.append(max((cohort.opened_on - max(days)).days, 0))
    return fmean(delays) if delays else 0.0


def timing_of(stands: Stands, given: Timing | None = None) -> Timing:
    """Return what is assumed of time: as given, or the committee's delay as the record has it.

    Arrivals are the record's in both cases, where it has any: of those who were enrolled, who have
    passed screening.

    Raises
    ------
    InputError
        Where neither says how patients come.
    """
    if given is not None:
        if stands.arrivals is None:
            return given
        return replace(given, arrivals=stands.arrivals, screen_failure=0.0)
    if stands.arrivals is None:
        raise InputError(
            "no place has been free for a day yet, so that nothing is known of how patients come: "
            "give --every DAYS between them"
        )
    return assumed_timing(stands, stands.arrivals)


def assumed_timing(stands: Stands, arrivals: Arrivals) -> Timing:
    """Return what is assumed of time where only arrivals are known.

    Decisions are made as soon as they are settled: the tracker's gates would not let a cohort be
    filled whose level is judged already.
    """
    return Timing(arrivals=arrivals, decision_delay_days=stands.delay_days, decides="settled")
