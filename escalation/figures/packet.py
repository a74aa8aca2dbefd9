"""The figures of a committee's packet, each with its words."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.figures.course import plot_course_pages
from escalation.figures.path_so_far import plot_path, say_seen
from escalation.figures.patients_by_level import plot_patients_by_level
from escalation.figures.picture import Picture
from escalation.protocol import describe_decision
from escalation.reports.packet import Basis
from escalation.reports.trial.beside import history_lines
from escalation.reports.view import Figure
from escalation.trial.events import Purpose
from escalation.trial.rule import rule_says

__all__ = ["draw_packet"]


def draw_packet(basis: Basis, number: str) -> Iterator[Figure]:
    """Yield the figures of a number, ``F1`` to ``F3``; none where nobody has been dosed."""
    state = basis.state
    if state.protocol is None or all(s.dosing is None for s in state.subjects.values()):
        return
    match number:
        case "F1":
            drawn = [plot_patients_by_level(state)]
            caption = "F1 Patients by level, in order of infusion"
            words = _say_histories(basis)
        case "F2":
            drawn = plot_course_pages(state, basis.on, trial=basis.trial)
            caption = "F2 Course of each patient"
            words = (
                "A line a patient, from the infusion to the end of the DLT window or the event "
                "that ended it; T3 has the same in words."
            )
        case _:
            drawn = [plot_path(state)]
            caption = "F3 The path so far: DLTs of evaluable in each cohort, ? pending"
            if any(m.event.departure and m.cohort is not None for m in state.decisions):
                caption += "; coloured edge: opened further than the rule went"
            words = _say_path(basis)
    for page, axes in enumerate(drawn, start=1):
        which = f", page {page} of {len(drawn)}" if len(drawn) > 1 else ""
        yield Figure(f"{caption}{which}", words, Picture(axes, words).write)


def _say_histories(basis: Basis) -> str:
    said = "; ".join(f"{name}: {written}" for name, written in history_lines(basis.state))
    return (
        f"{said}. Cohorts in order: the level, then a letter a patient: N no DLT, T DLT, "
        "? pending, X not evaluable."
    )


def _say_path(basis: Basis) -> str:
    state = basis.state
    cohorts = (
        f"cohort {cohort.number} at level {cohort.level}: {say_seen(state, cohort)}"
        for cohort in state.cohorts
        if cohort.purpose is Purpose.ESCALATION
    )
    then = describe_decision(rule_says(state), basis.protocol)
    return f"{'; '.join(cohorts)}. The rule says: {then}"
