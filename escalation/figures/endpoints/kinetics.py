"""Concentrations over time: a panel a patient, a panel a level, and geometric means by level."""

from __future__ import annotations

from matplotlib.figure import Figure

from escalation.errors import InputError
from escalation.figures.endpoints.courses import (
    Centre,
    Course,
    LevelCourses,
    Words,
    plot_by_level,
    plot_by_patient,
)
from escalation.figures.endpoints.words import axis_label, say_trial
from escalation.reports.endpoints.words import plan_of
from escalation.trial import TrialState
from escalation.trial.findings.kinetics import KineticsTable, concentrations_at, kinetics_in

__all__ = ["plot_kinetics_by_level", "plot_kinetics_by_patient", "plot_kinetics_pages"]


def plot_kinetics_pages(state: TrialState, *, trial: str = "") -> list[Figure]:
    """Draw each patient's concentrations, then those of each level with geometric means.

    Parameters
    ----------
    state : TrialState
    trial : str
        The trial's name in its ledger; the protocol's title stands above the picture.

    Raises
    ------
    InputError
        If no concentration is recorded, or no plan says what is measured.
    """
    return [
        *plot_kinetics_by_patient(state, trial=trial),
        plot_kinetics_by_level(state, trial=trial),
    ]


def plot_kinetics_by_patient(state: TrialState, *, trial: str = "") -> list[Figure]:
    """Draw a panel a patient, on as many pages as they fill."""
    table = _table(state)
    courses = [
        Course(
            name=f"{one.measured.subject}, level {one.measured.level}",
            profile=one.measured.profile,
            fault="; ".join(one.faults),
        )
        for one in table.patients
    ]
    return plot_by_patient(courses, _words(state, table, trial, "by patient"))


def plot_kinetics_by_level(state: TrialState, *, trial: str = "") -> Figure:
    """Draw a panel a level, with its geometric means, and these in one panel."""
    table = _table(state)
    levels = []
    for group in table.groups:
        if group.kind == "level":
            found = [o for o in table.patients if o.measured.subject in group.subjects]
            used = [one for one in found if one.is_summarised]
            centre = concentrations_at([one.measured for one in used], group, table.unit)
            levels.append(
                LevelCourses(
                    name=group.name,
                    courses=[
                        Course(name=one.measured.subject, profile=one.measured.profile)
                        for one in used
                    ],
                    centre=[Centre(day=at.visit.day, value=at.geometric_mean) for at in centre],
                )
            )
    return plot_by_level(levels, _words(state, table, trial, "by level"))


def _table(state: TrialState) -> KineticsTable:
    table = kinetics_in(state, plan_of(state))
    if not table.has_data:
        raise InputError("no concentration is recorded of anybody who was dosed")
    return table


def _words(state: TrialState, table: KineticsTable, trial: str, how: str) -> Words:
    said = "Line in colour: geometric mean of measurable samples by visit, where half of them are."
    return Words(
        heading=f"Cell kinetics {how}",
        lines=[say_trial(state, trial), *([said] if how == "by level" else [])],
        title=(state.protocol.title or "") if state.protocol is not None else "",
        label=axis_label(table.test, table.unit),
        centre="geometric mean of measurable samples",
    )
