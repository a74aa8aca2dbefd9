"""Can I dose the next patient today? Yes or no, where, how much, or what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from escalation.errors import InputError, did_you_mean
from escalation.labels import Label
from escalation.trial.gates import Obstacle, dosing_obstacles
from escalation.trial.patients.planned_dose import PlannedDose, is_weight, plan_dose
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.state import TrialState

__all__ = ["NextPatient", "next_patient"]


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
        The open cohort, the place in it and its size; None where no cohort is open, or for the
        place where none is free.
    level : int or None
        Label of the level.
    planned : PlannedDose or None
    weight_kg : float or None
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


def next_patient(
    state: TrialState, on: date, *, subject: str | None = None, weight_kg: float | None = None
) -> NextPatient:
    """Say whether the next patient can be dosed on a day.

    Parameters
    ----------
    state : TrialState
    on : date
    subject : str or None
        An enrolled subject; None for whoever is next.
    weight_kg : float or None
        For the amount, where the subject's weight is not recorded.

    Raises
    ------
    InputError
        For a subject who is not enrolled or was dosed already, or a weight that is none.
    """
    if weight_kg is not None and not is_weight(weight_kg):
        raise InputError(f"a weight is in kg, from 1 to 500, not {weight_kg:g}")
    cohort = state.open_cohort
    waiting = state.undosed(cohort) if cohort else []
    asked = _find(state, subject) if subject is not None else next(iter(waiting), None)
    obstacles = tuple(dosing_obstacles(state, asked, on))
    if cohort is None or state.protocol is None:
        return NextPatient(on=on, obstacles=obstacles, subject=asked.id if asked else None)
    level = asked.level if asked is not None else cohort.level
    weight = asked.enrolment.weight_kg if asked and asked.enrolment.weight_kg else weight_kg
    dosed = sum(m.dosing is not None and m.takes_place for m in state.members(cohort))
    return NextPatient(
        on=on,
        obstacles=obstacles,
        subject=asked.id if asked else None,
        cohort=cohort.number,
        slot=dosed + 1 if dosed < cohort.n_opened else None,
        n_opened=cohort.n_opened,
        level=level,
        planned=plan_dose(state.protocol, level, weight),
        weight_kg=weight,
    )


def _find(state: TrialState, subject: str) -> Subject:
    if subject not in state.subjects:
        known = did_you_mean(subject, state.subjects) if state.subjects else "nobody is yet"
        raise InputError(f"no subject {subject} is enrolled; {known}")
    found = state.subjects[subject]
    if found.standing is not Standing.ASSIGNED:
        raise InputError(f"{found.id} is not waiting to be dosed: {found.standing}")
    return found
