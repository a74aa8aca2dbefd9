"""What there is to see in the pictures of a trial, in words; ``escalation.figures`` draws them."""

from __future__ import annotations

from datetime import date

from escalation.outcomes import tally_letters
from escalation.protocol import Protocol, describe_decision
from escalation.reports.trial.beside import history_lines
from escalation.trial import TrialState
from escalation.trial.events import Purpose
from escalation.trial.rule import rule_says
from escalation.trial.state import Cohort

__all__ = [
    "BY_LEVEL",
    "CALENDAR",
    "COURSE",
    "caption_path",
    "say_calendar",
    "say_course",
    "say_histories",
    "say_path",
    "say_seen",
]

BY_LEVEL = "Patients by level, in order of infusion"
COURSE = "Course of each patient"
CALENDAR = "Visits of each patient by the plan"


def caption_path(state: TrialState) -> str:
    """Return what the picture of the path so far shows."""
    caption = "The path so far: DLTs of evaluable in each cohort, ? pending"
    if any(m.event.departure and m.cohort is not None for m in state.decisions):
        caption += "; coloured edge: opened further than the rule went"
    return caption


def say_histories(state: TrialState) -> str:
    """Say who was treated where, and how it ended, in notation."""
    said = "; ".join(f"{name}: {written}" for name, written in history_lines(state))
    return (
        f"{said}. Cohorts in order: the level, then a letter a patient: N no DLT, T DLT, "
        "? pending, X not evaluable."
    )


def say_course(where: str) -> str:
    """Say what a picture of courses shows, and where the same is in words."""
    return (
        "A line a patient, from the infusion to the end of the DLT window or the event "
        f"that ended it; {where} has the same in words."
    )


def say_calendar(where: str) -> str:
    """Say what a picture of visits shows, and where the same is in words."""
    return (
        "A row a patient, a column a visit: done, due, overdue, missed or coming, and below it the "
        f"days out of the window or the day that is planned; {where} has the same in words."
    )


def say_path(state: TrialState, protocol: Protocol, on: date | None = None) -> str:
    """Say what was seen in each cohort of the escalation, and what the rule says next."""
    cohorts = (
        f"cohort {cohort.number} at level {cohort.level}: {say_seen(state, cohort)}"
        for cohort in state.cohorts
        if cohort.purpose is Purpose.ESCALATION
    )
    then = describe_decision(rule_says(state, on), protocol)
    return f"{'; '.join(cohorts)}. The rule says: {then}"


def say_seen(state: TrialState, cohort: Cohort) -> str:
    """Say what was seen in a cohort: DLTs of the evaluable, and how many are pending."""
    letters = [s.outcome for s in state.members(cohort) if s.outcome is not None]
    seen = tally_letters({letter: letters.count(letter) for letter in letters})
    said = f"{seen.n_dlts}/{seen.n_evaluable}" if seen.n_evaluable or not seen.n_pending else ""
    return said + "?" * min(seen.n_pending, 3) + "+" * (seen.n_pending > 3)
