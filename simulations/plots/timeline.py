"""Pictures of trials in time: how long they take, one patient by patient, and how they get on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawn
from numpy.typing import NDArray

from escalation.designs import describe_design
from escalation.designs.base import Action
from escalation.errors import InputError
from escalation.figures.files import Provenance
from escalation.figures.layout import (
    SHEET_WIDTH,
    caption,
    first_lines,
    header_lines,
    legend_above,
    new_axes,
    plain,
    row_title,
    shorten,
    title_across,
    write_header,
)
from escalation.figures.picture import Picture
from escalation.figures.style import ACCENT, DARK, INK, LIGHT, MIDDLE, styled
from escalation.reports.view import Figure
from simulations.engines.timeline.course import Course, Kind
from simulations.engines.timeline.result import Timeline
from simulations.engines.timeline.run import follow_trials
from simulations.questions.question import Question
from simulations.reports.timeline import Timed
from simulations.reports.timing import describe_accrual

__all__ = [
    "figures_of_timelines",
    "picture_timeline",
    "plot_durations",
    "plot_progress",
    "plot_swimmer",
    "plot_timelines",
]

_FOLLOWED = 400  # trials, of which progress over time is drawn
_MOST_PATIENTS = 80  # on a swimmer plot
_LEVEL_GREYS = ("#eceff2", LIGHT, "#adb8c1", MIDDLE, "#6f7a84", DARK, "#333b42", INK)


@styled
def plot_durations(
    timelines: Mapping[str, Timeline],
    *,
    design: str = "",
    scenario: str = "",
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot how long trials take, a row each: median, the middle half, and 90 % of them.

    Parameters
    ----------
    timelines : mapping of str to Timeline
        By the name of their row: a design, a scenario, a setting of time.
    design, scenario, trial : str
        For the caption, where all rows are of the same.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        Without timelines.
    """
    if not timelines:
        raise InputError("durations need at least one timeline")
    ax = new_axes(ax, (5.2, 0.9 + 0.34 * len(timelines)))
    _draw_durations(ax, timelines)
    points = legend_above(ax, n_columns=4)
    runs = dict.fromkeys(f"{t.trials:,} trials, seed {t.seed}" for t in timelines.values())
    accruals = dict.fromkeys(describe_accrual(t.timing) for t in timelines.values())
    said = (design, scenario, "; ".join(runs), "; ".join(accruals) if len(accruals) == 1 else "")
    caption(ax, *filter(None, said), trial=trial, points=points)
    return ax


def _draw_durations(ax: Axes, timelines: Mapping[str, Timeline]) -> None:
    for row, timeline in enumerate(timelines.values()):
        (low, _), (left, _), (middle, _), (right, _), (high, _) = timeline.t_decision.quantiles()
        last = timeline.t_last.moments.mean
        first = row == 0
        ax.plot((low, high), (row, row), color=MIDDLE, linewidth=1, zorder=1,
                label="5 % to 95 %" if first else None)  # fmt: skip
        ax.plot((left, right), (row, row), color=LIGHT, linewidth=9, solid_capstyle="butt",
                zorder=2, label="25 % to 75 %" if first else None)  # fmt: skip
        ax.plot((middle, middle), (row - 0.22, row + 0.22), color=INK, linewidth=1.6, zorder=3,
                label="median" if first else None)  # fmt: skip
        mean = timeline.t_decision.moments.mean
        ax.plot(mean, row, linestyle="none", marker="o", markerfacecolor="white", zorder=4,
                markeredgecolor=INK, label="mean" if first else None)  # fmt: skip
        ax.plot(last, row, linestyle="none", marker="|", markersize=9, color=ACCENT, zorder=4,
                label="mean to the last outcome" if first else None)  # fmt: skip
    ax.set_yticks(range(len(timelines)), [plain(shorten(name, 40)) for name in timelines])
    ax.set_ylim(len(timelines) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.set_xlabel("Days from the opening to the last decision")


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
    if not 1 <= n_patients <= _MOST_PATIENTS:
        raise InputError(f"a swimmer plot takes 1 to {_MOST_PATIENTS} patients, not {n_patients}")
    ax = new_axes(ax, (6.4, 0.9 + 0.13 * max(n_patients, 8)))
    _draw_swimmer(ax, course, window_days, first_lines(level_names))
    points = legend_above(ax, n_columns=5)
    which = f"simulated trial {course.number:,}" + (f", seed {seed}" if seed is not None else "")
    said = (design, scenario, f"{which}: {_end(course, level_names)}")
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


def _draw_swimmer(ax: Axes, course: Course, window: float, names: Sequence[str]) -> None:
    swims, shades = _swims(course, window), _shades(len(names))
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
    decided = [(found.day, found.decision) for found in course.of_kind(Kind.DECIDED)]
    said = set()
    for day, decision in decided:
        is_last = decision is not None and decision.action is Action.STOP
        label = "last decision" if is_last else "decision"
        ax.axvline(day, color=ACCENT if is_last else DARK, linewidth=0.7, zorder=0,
                   linestyle="-" if is_last else "--",
                   label=None if label in said else label)  # fmt: skip
        said.add(label)
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
    shades = ["white", *_shades(len(names))]
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


def _shades(n: int) -> list[str]:
    """Return a grey for each level, the darker the higher."""
    places = np.linspace(0, len(_LEVEL_GREYS) - 2, n).round().astype(int)
    return [_LEVEL_GREYS[place] for place in places]


def _end(course: Course, level_names: Sequence[str]) -> str:
    if course.end >= 0:
        return f"MTD is level {plain(first_lines(level_names)[course.end])}"
    return {-1: "no MTD", -2: "MTD not determined"}.get(course.end, "unfinished")


def plot_timelines(question: Question, results: Sequence[Timed]) -> tuple[list[Drawn], Provenance]:
    """Draw a page a scenario: durations, accrual and level over time, and one trial.

    Returns
    -------
    pages : list of matplotlib.figure.Figure
    provenance : Provenance
    """
    run = results[0].timeline
    protocol = question.protocol
    provenance = Provenance(
        design=describe_design(protocol.design),
        scenario=", ".join(scenario.name for scenario, _ in results),
        method=f"trials in time ({run.trials:,}, seed {run.seed}); {describe_accrual(run.timing)}",
        protocol=protocol.name,
        digest=protocol.digest,
        trial=protocol.title or "",
        note=question.note(),
    )
    return [_page(question, one, provenance) for one in results], provenance


@styled
def _page(question: Question, one: Timed, provenance: Provenance) -> Drawn:
    protocol = question.protocol
    names = protocol.axis_names
    courses = list(_followed(question, one, _FOLLOWED))
    words = [provenance.design, provenance.method, provenance.note, provenance.origin]
    lines, head = header_lines(provenance.trial, words)
    n_patients = sum(1 for _ in courses[0].of_kind(Kind.DOSED))
    heights = [head, 1.5, 3.1, 0.8 + 0.115 * max(10, min(n_patients, _MOST_PATIENTS))]
    figure = Drawn(figsize=(SHEET_WIDTH, sum(heights)), layout="constrained")
    above, top, middle, below = figure.subfigures(4, 1, height_ratios=heights, squeeze=False)[:, 0]
    write_header(above, "Trials in time", lines, trial=provenance.trial, page="", inches=head)
    duration = top.add_subplot()
    _draw_distribution(duration, one.timeline)
    title = row_title(one.scenario.name, one.scenario.p_dlt, SHEET_WIDTH - 0.7, 7.5)
    title_across(duration, title, 7.5)
    accrual, level = middle.subplots(2, 1, sharex=True)
    plot_progress(courses, level_names=names, axes=(accrual, level))
    accrual.legend(loc="upper left")
    if 1 <= n_patients <= _MOST_PATIENTS:
        swimmer = below.add_subplot()
        _draw_swimmer(swimmer, courses[0], protocol.dlt.window_days or 0, first_lines(names))
        swimmer.set_title(f"Simulated trial 1: {_end(courses[0], names)}")
        swimmer.legend(loc="lower left")
    return figure


def _draw_distribution(ax: Axes, timeline: Timeline) -> None:
    top = float(np.quantile(timeline.t_last.finished, 0.995))
    for durations, label, face, edge in (
        (timeline.t_decision, "to the last decision", LIGHT, DARK),
        (timeline.t_last, "to the last outcome", "none", ACCENT),
    ):
        values = durations.finished
        weights = np.full(len(values), 100 / timeline.trials)
        ax.hist(values, bins=60, range=(0, top), weights=weights, label=label, linewidth=0.6,
                histtype="stepfilled", facecolor=face, edgecolor=edge)  # fmt: skip
    ax.set_xlim(left=0)
    ax.set_ylabel("Trials, %")
    ax.set_xlabel("Days from the opening of the trial")
    ax.legend(loc="upper right")


def _followed(question: Question, one: Timed, most: int) -> Iterator[Course]:
    """Yield the first of the trials that were summed up."""
    courses = follow_trials(
        question.protocol,
        one.scenario.p_dlt,
        one.timeline.timing,
        trials=one.timeline.trials,
        seed=one.timeline.seed,
        p_moderate=question.p_moderate,
    )
    return islice(courses, most)


def picture_timeline(question: Question, one: Timed) -> Picture:
    """Draw the page of one scenario, and say what there is to see."""
    (page,), _ = plot_timelines(question, [one])
    return Picture(page, _say(one))


def figures_of_timelines(question: Question, results: Sequence[Timed]) -> Iterator[Figure]:
    """Yield a figure a scenario, drawn when asked for."""
    for one in results:
        yield Figure(
            f"Trials in time under {one.scenario.name}",
            _say(one),
            partial(_write, question, one),
        )


def _write(question: Question, one: Timed, form: str) -> bytes:
    return picture_timeline(question, one).write(form)


def _say(one: Timed) -> str:
    """Say what there is to see."""
    decision, last = one.timeline.t_decision, one.timeline.t_last
    (low, _), (_, _), (middle, _), (_, _), (high, _) = decision.quantiles()
    return (
        "The distribution of the days to the last decision and to the last outcome; patients dosed "
        "and the level of the trials that go on, by day; and one simulated trial, a row a patient. "
        f"Half of the trials make the last decision by day {middle:.0f}, nine of ten between day "
        f"{low:.0f} and day {high:.0f}; the last outcome comes on day {last.moments.mean:.0f} on "
        "average."
    )
