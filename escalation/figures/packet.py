"""The figures of a committee's packet, each with its words."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.figures.course import plot_course_pages
from escalation.figures.path_so_far import plot_path
from escalation.figures.patients_by_level import plot_patients_by_level
from escalation.figures.picture import Picture
from escalation.reports.packet import Basis
from escalation.reports.trial.figure_words import (
    BY_LEVEL,
    COURSE,
    caption_path,
    say_course,
    say_histories,
    say_path,
)
from escalation.reports.view import Figure

__all__ = ["draw_packet"]


def draw_packet(basis: Basis, number: str) -> Iterator[Figure]:
    """Yield the figures of a number, ``F1`` to ``F3``; none where nobody has been dosed."""
    state = basis.state
    if state.protocol is None or all(s.dosing is None for s in state.subjects.values()):
        return
    match number:
        case "F1":
            drawn = [plot_patients_by_level(state)]
            caption = f"F1 {BY_LEVEL}"
            words = say_histories(state)
        case "F2":
            drawn = plot_course_pages(state, basis.on, trial=basis.trial)
            caption = f"F2 {COURSE}"
            words = say_course("T3")
        case _:
            drawn = [plot_path(state, basis.on)]
            caption = f"F3 {caption_path(state)}"
            words = say_path(state, basis.protocol, basis.on)
    for page, axes in enumerate(drawn, start=1):
        which = f", page {page} of {len(drawn)}" if len(drawn) > 1 else ""
        yield Figure(f"{caption}{which}", words, Picture(axes, words).write)
