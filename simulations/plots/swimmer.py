"""One simulated trial, a row a patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from escalation.designs.base import Action
from escalation.errors import InputError
from escalation.figures.layout import caption, first_lines, legend_above, new_axes, plain
from escalation.figures.style import ACCENT, DARK, INK, MIDDLE, styled
from simulations.engines.timeline.course import Course, Kind
from simulations.plots.level_greys import level_greys

__all__ = ["MOST_PATIENTS", "draw_swimmer", "plot_swimmer", "say_end"]

MOST_PATIENTS = 80  # with a row each


@styled
def plot_swimmer(
    course: Course,
    *,
    window_days: float,
    level_names: Sequence[str],
    design: str = "",
    scenario: str = "",
    seed: int | None = None,
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot one simulated trial, a row a patient, from arrival to the end of the DLT window.

    Parameters
    ----------
    course : Course
    window_days : float
        Of the DLT window.
    level_names : sequence of str, length L
    design, scenario, trial : str
    seed : int, optional
        For the caption.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        For a trial in which nobody was dosed, or with more patients than rows fit.
    """
    n_patients = len({found.patient for found in course.of_kind(Kind.DOSED)})
    if not 1 <= n_patients <= MOST_PATIENTS:
        raise InputError(f"a swimmer plot takes 1 to {MOST_PATIENTS} patients, not {n_patients}")
    ax = new_axes(ax, (6.4, 0.9 + 0.13 * max(n_patients, 8)))
    draw_swimmer(ax, course, window_days, first_lines(level_names))
    points = legend_above(ax, n_columns=5)
    which = f"simulated trial {course.number:,}" + (f", seed {seed}" if seed is not None else "")
    said = (design, scenario, f"{which}: {say_end(course, level_names)}")
    caption(ax, *filter(None, said), trial=trial, points=points)
    return ax


class _Swim(NamedTuple):
    """A patient's row: from when to when, and what it ended with."""

    level: int
    purpose: str
    came: float
    dosed: float
    until: float
    end: Kind | None


def _swims(course: Course, window: float) -> list[_Swim]:
    """Return a row for each patient who was dosed, in order of dosing."""
    came = {
        found.patient: found.day if found.arrived is None else found.arrived
        for found in course.of_kind(Kind.ENROLLED)
    }
    ends = {
        found.patient: (found.day, found.kind)
        for found in course.of_kind(Kind.DLT, Kind.WINDOW_CLOSED, Kind.DROPPED_OUT)
    }
    return [
        _Swim(
            found.level or 0,
            found.purpose,
            came.get(found.patient, found.day),
            found.day,
            *ends.get(found.patient, (found.day + window, None)),
        )
        for found in course.of_kind(Kind.DOSED)
    ]


def draw_swimmer(ax: Axes, course: Course, window: float, names: Sequence[str]) -> None:
    """Draw one trial on axes; see ``plot_swimmer``."""
    swims, shades = _swims(course, window), level_greys(len(names))
    for row, swim in enumerate(swims):
        ax.plot((swim.came, swim.dosed), (row, row), color=MIDDLE, linewidth=0.7, linestyle=":")
        ax.barh(row, swim.until - swim.dosed, left=swim.dosed, height=0.62, edgecolor=DARK,
                color=shades[swim.level], linewidth=0.4)  # fmt: skip
    points = (
        ("arrived", "|", INK, [(swim.came, swim.came < swim.dosed) for swim in swims]),
        ("DLT", "X", ACCENT, [(swim.until, swim.end is Kind.DLT) for swim in swims]),
        ("lost", "s", "white", [(swim.until, swim.end is Kind.DROPPED_OUT) for swim in swims]),
    )
    for name, marker, face, found in points:
        rows = [row for row, (_, is_so) in enumerate(found) if is_so]
        if rows:
            ax.plot([found[row][0] for row in rows], rows, linestyle="none", marker=marker,
                    markersize=4.5, markerfacecolor=face, markeredgecolor=INK,
                    markeredgewidth=0.6, label=name, zorder=3)  # fmt: skip
    _mark_decisions(ax, course)
    labels = [
        plain(names[swim.level]) + f" ({swim.purpose})" * (swim.purpose != "escalation")
        for swim in swims
    ]
    ax.set_yticks(range(len(labels)), labels)
    ax.tick_params(axis="y", labelsize=6 if len(labels) <= 36 else 4.5, length=0)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlim(left=0)
    ax.set_ylabel("Patients, by level given")
    ax.set_xlabel("Days from the opening of the trial")


def _mark_decisions(ax: Axes, course: Course) -> None:
    said = set()
    for found in course.of_kind(Kind.DECIDED):
        is_last = found.decision is not None and found.decision.action is Action.STOP
        label = "last decision" if is_last else "decision"
        ax.axvline(found.day, color=ACCENT if is_last else DARK, linewidth=0.7, zorder=0,
                   linestyle="-" if is_last else "--",
                   label=None if label in said else label)  # fmt: skip
        said.add(label)


def say_end(course: Course, level_names: Sequence[str]) -> str:
    """Say what a trial came to."""
    if course.end >= 0:
        return f"MTD is level {plain(first_lines(level_names)[course.end])}"
    return {-1: "no MTD", -2: "MTD not determined"}.get(course.end, "unfinished")
