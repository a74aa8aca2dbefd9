"""How trials get on: patients dosed and levels, by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawn
from numpy.typing import NDArray

from escalation.errors import InputError
from escalation.figures.layout import caption, first_lines, legend_above, plain
from escalation.figures.style import DARK, INK, LIGHT, styled
from simulations.engines.timeline.course import Course, Kind
from simulations.plots.level_greys import level_greys

__all__ = ["plot_progress"]


@styled
def plot_progress(
    courses: Iterable[Course],
    *,
    level_names: Sequence[str],
    design: str = "",
    scenario: str = "",
    trial: str = "",
    axes: tuple[Axes, Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Plot accrual and level over time: patients dosed by each day, and where trials stand then.

    Parameters
    ----------
    courses : iterable of Course
    level_names : sequence of str, length L
    design, scenario, trial : str
        For the caption.
    axes : two matplotlib.axes.Axes, optional

    Returns
    -------
    tuple of matplotlib.axes.Axes
        Accrual; level.

    Raises
    ------
    InputError
        Without courses.
    """
    kept = list(courses)
    if not kept:
        raise InputError("progress over time needs at least one trial")
    if axes is None:
        figure = Drawn(figsize=(5.2, 4.2), layout="constrained")
        accrual, level = figure.subplots(2, 1, sharex=True)
    else:
        accrual, level = axes
    grid = _days_of(kept)
    _draw_accrual(accrual, kept, grid)
    _draw_levels(level, kept, grid, first_lines(level_names))
    if axes is None:
        said = (design, scenario, f"{len(kept):,} simulated trials")
        points = legend_above(accrual, n_columns=3)
        caption(accrual, *filter(None, said), trial=trial, points=points)
    return accrual, level


def _days_of(courses: Sequence[Course]) -> NDArray[np.float64]:
    """Return the days to draw, up to where nearly all trials have ended."""
    ends = [c.t_decision for c in courses if np.isfinite(c.t_decision)]
    last = float(np.quantile(ends, 0.98)) if ends else max(c.happenings[-1].day for c in courses)
    return np.linspace(0, max(last, 1.0), 241)


def _draw_accrual(ax: Axes, courses: Sequence[Course], grid: NDArray[np.float64]) -> None:
    dosed = np.array([
        np.searchsorted([found.day for found in course.of_kind(Kind.DOSED)], grid, side="right")
        for course in courses
    ])  # fmt: skip
    low, middle, high = np.quantile(dosed, (0.05, 0.5, 0.95), axis=0)
    ax.fill_between(grid, low, high, color=LIGHT, linewidth=0, label="5 % to 95 % of trials")
    ax.plot(grid, middle, color=INK, drawstyle="steps-post", label="median")
    ax.set_ylabel("Patients dosed")
    ax.set_ylim(bottom=0)
    ax.set_xlim(0, grid[-1])


def _draw_levels(
    ax: Axes, courses: Sequence[Course], grid: NDArray[np.float64], names: Sequence[str]
) -> None:
    """Draw at which level the trials that go on are, as shares stacked from the lowest."""
    at = np.full((len(courses), len(grid)), -1)
    for row, course in enumerate(courses):
        steps = [
            (found.day, found.level)
            for found in course.of_kind(Kind.DOSED)
            if found.purpose == "escalation"
        ]
        days = [day for day, _ in steps]
        place = np.searchsorted(days, grid, side="right")
        levels = np.array([-1, *(level for _, level in steps)])
        at[row] = np.where(grid < course.t_decision, levels[place], -2)
    levels_used = range(len(names))
    shares = [(at == -1).mean(axis=0), *((at == level).mean(axis=0) for level in levels_used)]
    shades = ["white", *level_greys(len(names))]
    labels = ["nobody dosed", *(f"level {plain(name)}" for name in names)]
    ax.stackplot(grid, *[100 * share for share in shares], colors=shades, labels=labels,
                 edgecolor=DARK, linewidth=0.4, step="post")  # fmt: skip
    ax.text(0.985, 0.94, "ended", transform=ax.transAxes, ha="right", va="top", color=DARK,
            fontsize=7)  # fmt: skip
    ax.set_ylim(0, 100)
    ax.set_xlim(0, grid[-1])
    ax.set_ylabel("Trials, %")
    ax.set_xlabel("Days from the opening of the trial")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), reverse=True)
