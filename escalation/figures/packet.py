"""The figures of a committee's packet, each with its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawn

from escalation.figures.calendar import plot_calendar_pages
from escalation.figures.course import plot_course_pages
from escalation.figures.endpoints.biomarkers import plot_biomarker_pages
from escalation.figures.endpoints.kinetics import plot_kinetics_by_level
from escalation.figures.endpoints.response import plot_response_pages
from escalation.figures.flow import plot_flow_pages
from escalation.figures.path_so_far import plot_path
from escalation.figures.patients_by_level import plot_patients_by_level
from escalation.figures.picture import Picture
from escalation.reports.endpoints.words import say_courses, say_responses
from escalation.reports.packet import Basis
from escalation.reports.packet.visits import visits_in
from escalation.reports.screening.flow import FLOW, say_flow
from escalation.reports.trial.figure_words import (
    BY_LEVEL,
    CALENDAR,
    COURSE,
    caption_path,
    say_calendar,
    say_course,
    say_histories,
    say_path,
)
from escalation.reports.view import Figure
from escalation.trial.screening.flow import count_flow

__all__ = ["draw_packet"]


def draw_packet(basis: Basis, number: str) -> Iterator[Figure]:
    """Yield the figures of a number, ``F1`` to ``F3``, ``F9`` to ``F13``.

    There are none but the last two where nobody has been dosed.
    """
    state = basis.state
    if number == "F12":
        yield from _flow(basis)
        return
    if state.protocol is None or all(s.dosing is None for s in state.subjects.values()):
        return
    drawn: Sequence[Axes | Drawn]
    match number:
        case "F1":
            drawn = [plot_patients_by_level(state)]
            caption = f"F1 {BY_LEVEL}"
            words = say_histories(state)
        case "F2":
            drawn = plot_course_pages(state, basis.on, trial=basis.trial)
            caption = f"F2 {COURSE}"
            words = say_course("T3")
        case "F9":
            drawn = plot_response_pages(state, basis.on, trial=basis.trial)
            caption = "F9 Responses by visit, level and disease"
            words = say_responses("T14")
        case "F10":
            drawn = [plot_kinetics_by_level(state, trial=basis.trial)]
            caption = "F10 Cell kinetics by level"
            words = say_courses("T15")
        case "F11":
            drawn = plot_biomarker_pages(state, trial=basis.trial)
            caption = "F11 Cytokines and cells by level"
            words = say_courses("T16")
        case "F13":
            visits = [visit for some in visits_in(basis).values() for visit in some]
            drawn = plot_calendar_pages(visits, basis.on, trial=basis.trial)
            caption = f"F13 {CALENDAR}"
            words = say_calendar("T19")
        case _:
            drawn = [plot_path(state, basis.on)]
            caption = f"F3 {caption_path(state)}"
            words = say_path(state, basis.protocol, basis.on)
    yield from _pages(drawn, caption, words)


def _flow(basis: Basis) -> Iterator[Figure]:
    flow = count_flow(basis.state)
    if flow.n_screened:
        drawn = plot_flow_pages(basis.state, trial=basis.trial)
        yield from _pages(drawn, f"F12 {FLOW}", say_flow(flow))


def _pages(drawn: Sequence[Axes | Drawn], caption: str, words: str) -> Iterator[Figure]:
    for page, picture in enumerate(drawn, start=1):
        which = f", page {page} of {len(drawn)}" if len(drawn) > 1 else ""
        yield Figure(f"{caption}{which}", words, Picture(picture, words).write)
