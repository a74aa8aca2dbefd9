"""Cytokines and B cells over time: a page a biomarker, a panel a level, and medians by level."""

from __future__ import annotations

from matplotlib.figure import Figure

from escalation.errors import InputError
from escalation.figures.endpoints.courses import (
    Centre,
    Course,
    LevelCourses,
    Words,
    plot_by_level,
)
from escalation.figures.endpoints.words import axis_label, say_trial
from escalation.reports.endpoints.biomarkers import say_threshold, tables_of
from escalation.trial import TrialState
from escalation.trial.findings.biomarkers import BiomarkerTable
from escalation.trial.findings.groups import Group

__all__ = ["plot_biomarker", "plot_biomarker_pages"]


def plot_biomarker_pages(state: TrialState, *, trial: str = "") -> list[Figure]:
    """Draw a page for every biomarker of which something is recorded.

    Parameters
    ----------
    state : TrialState
    trial : str
        The trial's name in its ledger; the protocol's title stands above the picture.

    Raises
    ------
    InputError
        If nothing is recorded, or no plan names a biomarker.
    """
    tables = [table for table in tables_of(state) if table.has_data]
    if not tables:
        raise InputError("no biomarker is recorded of anybody who was dosed")
    return [plot_biomarker(state, table, trial=trial) for table in tables]


def plot_biomarker(state: TrialState, table: BiomarkerTable, *, trial: str = "") -> Figure:
    """Draw one biomarker: a panel a level, with its medians, and these in one panel."""
    levels = [
        LevelCourses(
            name=group.name,
            courses=[
                Course(name=one.measured.subject, profile=one.measured.profile)
                for one in table.members(group)
                if one.is_summarised
            ],
            centre=_medians(table, group),
        )
        for group in table.groups
        if group.kind == "level"
    ]
    aim = say_threshold(table)
    absolute = table.threshold is not None and not table.threshold.is_share_of_baseline
    said = "Line in colour: median by visit, samples below the limit by the plan's rule."
    if absolute:
        said += f" Dashed line across: reconstitution, {aim}."
    words = Words(
        heading=f"{table.test.label[:1].upper()}{table.test.label[1:]} by level",
        lines=[say_trial(state, trial), said],
        title=(state.protocol.title or "") if state.protocol is not None else "",
        label=axis_label(table.test, table.unit),
        centre="median",
        threshold=table.threshold.value if absolute and table.threshold is not None else None,
    )
    return plot_by_level(levels, words)


def _medians(table: BiomarkerTable, group: Group) -> list[Centre]:
    baselines = table.baselines(group)
    first = [Centre(day=0.0, value=baselines.median)] if baselines.n else []
    return [
        *first,
        *(Centre(day=at.visit.day, value=at.value.median) for at in table.at_visits(group)),
    ]
