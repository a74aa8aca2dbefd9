"""Can I dose the next patient today? Yes or no, where, how much, or what stands in the way.

It is answered for each open cohort.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.dataclass import dataclass
from escalation.errors import InputError, did_you_mean
from escalation.labels import Label
from escalation.trial.beside import find_dlts_beside
from escalation.trial.events import Purpose
from escalation.trial.gates import (
    Obstacle,
    cohort_for,
    dosing_obstacles,
    eligibility_obstacles,
    say_open,
)
from escalation.trial.patients.body_size import find_size_fault
from escalation.trial.patients.planned_dose import PlannedDose, plan_dose
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.screening.log import screening_log
from escalation.trial.state import Cohort, TrialState

__all__ = ["NextPatient", "next_patient", "next_patients"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPatient:
    """The answer.

    Attributes
    ----------
    on : date
        The day that was asked about.
    obstacles : tuple of Obstacle
        Everything that stands in the way; empty for yes.
    subject : str or None
        Who is next: the one asked about, or the first who waits in the open cohort.
    cohort, slot, n_opened : int or None
        An open cohort, the place in it and its size; None where no cohort is open, or for the
        place where none is free.
    level : int or None
        Label of the level.
    planned : PlannedDose or None
    weight_kg, height_cm : float or None
        What the planned dose was reckoned with.
    purpose : Purpose
        Of the cohort; the escalation's, where none is open.
    notes : tuple of str
        What does not stand in the way and has to be known: DLTs beside the escalation.
    in_screening : tuple of (str, str)
        Where nobody waits to be dosed: who is in screening, with the verdict.
    """

    on: date
    obstacles: tuple[Obstacle, ...]
    subject: str | None = None
    cohort: int | None = None
    slot: int | None = None
    n_opened: int | None = None
    level: Label | None = None
    planned: PlannedDose | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    purpose: Purpose = Purpose.ESCALATION
    notes: tuple[str, ...] = ()
    in_screening: tuple[tuple[str, str], ...] = ()

    @property
    def yes(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.obstacles

    @property
    def earliest(self) -> date | None:
        """The first day not before which it is possible; None where no day can be named."""
        days = [obstacle.until for obstacle in self.obstacles if obstacle.until is not None]
        named = all(obstacle.until is not None or obstacle.decision for obstacle in self.obstacles)
        return max(days) if days and named else None

    @property
    def needs_decision(self) -> bool:
        """Whether it takes a decision of the committee as well."""
        return any(obstacle.decision for obstacle in self.obstacles)


def next_patients(
    state: TrialState,
    on: date,
    *,
    weight_kg: float | None = None,
    height_cm: float | None = None,
) -> list[NextPatient]:
    """Say whether the next patient of each open cohort can be dosed, the escalation's first.

    Where none is open, one answer says why.
    """
    cohorts = sorted(state.open_cohorts, key=lambda c: c.purpose is not Purpose.ESCALATION)
    return [
        next_patient(state, on, weight_kg=weight_kg, height_cm=height_cm, cohort=number)
        for number in ([cohort.number for cohort in cohorts] or (None,))
    ]


def next_patient(
    state: TrialState,
    on: date,
    *,
    subject: str | None = None,
    weight_kg: float | None = None,
    height_cm: float | None = None,
    cohort: int | None = None,
) -> NextPatient:
    """Say whether the next patient can be dosed on a day.

    Parameters
    ----------
    state : TrialState
    on : date
    subject : str or None
        An enrolled subject, or one who was screened; None for whoever is next.
    weight_kg, height_cm : float or None
        For the amount, where the subject's are not recorded.
    cohort : int or None
        Number of an open cohort; None for the subject's or, without one, the escalation's before
        what is beside it.

    Raises
    ------
    InputError
        For a subject who is not enrolled or was dosed already, a weight or height that is none, or
        a cohort that is not open.
    """
    fault = find_size_fault(weight_kg, height_cm)
    if fault is not None:
        raise InputError(fault)
    screened = subject if subject is not None and _is_to_be_enrolled(state, subject) else None
    asked = None if subject is None or screened is not None else _find(state, subject)
    joined = cohort_for(state, asked) if cohort is None else _find_cohort(state, cohort)
    if asked is not None and cohort not in (None, asked.cohort):
        raise InputError(f"{asked.id} is in cohort {asked.cohort}, not {cohort}")
    if asked is None and screened is None and joined is not None:
        asked = next(iter(state.undosed(joined)), None)
    obstacles = tuple(dosing_obstacles(state, asked, on, cohort=joined))
    if screened is not None:
        obstacles = (*obstacles, *eligibility_obstacles(state, screened, on))
    in_screening = () if asked or screened else tuple(_in_screening(state, on))
    if state.closed is not None and on >= state.closed.event.on:  # no decision opens it again
        obstacles = tuple(obstacle for obstacle in obstacles if not obstacle.decision)
    notes = tuple(text for _, text in find_dlts_beside(state))
    if joined is None or state.protocol is None:
        who = asked.id if asked else screened
        return NextPatient(
            on=on, obstacles=obstacles, subject=who, notes=notes, in_screening=in_screening
        )
    level = asked.level if asked is not None else joined.level
    if asked is not None:
        weight_kg = asked.enrolment.weight_kg or weight_kg
        height_cm = asked.enrolment.height_cm or height_cm
    dosed = sum(m.dosing is not None and m.takes_place for m in state.members(joined))
    return NextPatient(
        on=on,
        obstacles=obstacles,
        subject=asked.id if asked else screened,
        cohort=joined.number,
        slot=dosed + 1 if dosed < joined.n_opened else None,
        n_opened=joined.n_opened,
        level=level,
        planned=plan_dose(state.protocol, level, weight_kg=weight_kg, height_cm=height_cm),
        weight_kg=weight_kg,
        height_cm=height_cm,
        purpose=joined.purpose,
        notes=notes,
        in_screening=in_screening,
    )


def _is_to_be_enrolled(state: TrialState, subject: str) -> bool:
    """Tell whether somebody was screened and not enrolled."""
    return subject not in state.subjects and bool(state.chart(subject).screenings)


def _in_screening(state: TrialState, on: date) -> Iterator[tuple[str, str]]:
    """Yield who is in screening, with the verdict on a day, where there are criteria."""
    for screening in screening_log(state):
        judged = screening.judged(state, on) if screening.end == "in screening" else None
        if judged is not None:
            yield screening.subject, judged.verdict


def _find_cohort(state: TrialState, number: int) -> Cohort:
    found = next((cohort for cohort in state.open_cohorts if cohort.number == number), None)
    if found is None:
        raise InputError(f"cohort {number} is not open; {say_open(state)}")
    return found


def _find(state: TrialState, subject: str) -> Subject:
    if subject not in state.subjects:
        known = did_you_mean(subject, state.subjects) if state.subjects else "nobody is yet"
        raise InputError(f"no subject {subject} is enrolled; {known}")
    found = state.subjects[subject]
    if found.standing is not Standing.ASSIGNED:
        raise InputError(f"{found.id} is not waiting to be dosed: {found.standing}")
    return found
