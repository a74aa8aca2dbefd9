"""Courses over time on a log axis: a panel a patient, or a panel a level with what they come to.

A sample below the limit of quantification is an open triangle at the limit, or at the foot of the
axis where the limit is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MultipleLocator, NullFormatter, NullLocator

from escalation.dataclass import dataclass
from escalation.endpoints import Profile
from escalation.figures.layout import (
    PAGE_HEIGHT,
    SHEET_WIDTH,
    header_lines,
    plain,
    say_page,
    shares_of,
    shorten,
    wrap,
    write_header,
)
from escalation.figures.style import ACCENT, DARK, INK, MIDDLE, line_styles, styled

__all__ = ["Centre", "Course", "LevelCourses", "Words", "plot_by_level", "plot_by_patient"]

_COLUMNS = 4  # of panels of patients
_PANEL = 1.42  # inches, the height of one
_ACROSS = 3  # panels of levels
_LEVEL_PANEL = 1.9
_BELOW = 2.6  # inches, of the panel in which levels are compared
_AROUND = 0.55  # inches for the axis' label and ticks
_STEPS = (0.5, 1, 2, 7, 14, 28, 56, 84, 182, 364)  # days between marks: weeks, and months of four
_MOST_VISITS = 16  # that are named below an axis
_MOST_DECADES = 9  # a course further down is drawn at the foot


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One patient's samples; ``fault`` says why there are none that can be drawn."""

    name: str
    profile: Profile | None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """What a group comes to on a day: a geometric mean or a median; None breaks a line."""

    day: float
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCourses:
    """The courses of a level."""

    name: str
    courses: Sequence[Course]
    centre: Sequence[Centre]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a page says.

    Attributes
    ----------
    heading : str
    lines : sequence of str
        Below it: what is drawn, of which trial, after which entry.
    title : str
        Of the trial.
    label : str
        Of the axis of values, with its unit.
    centre : str
        What a line in colour is, as ``geometric mean``.
    threshold : float or None
        Where a line is drawn across.
    """

    heading: str
    lines: Sequence[str]
    title: str
    label: str
    centre: str
    threshold: float | None = None


def plot_by_patient(courses: Sequence[Course], words: Words) -> list[Figure]:
    """Draw a panel a patient, on as many pages as they fill."""
    _, head = header_lines(words.title, words.lines)
    rows_a_page = max(1, int((PAGE_HEIGHT - head - _AROUND) / _PANEL))
    pages = shares_of(len(courses), rows_a_page * _COLUMNS)
    scale = _Scale.of(courses, words)
    return [
        _patient_page(courses[page], words, scale, say_page(k, len(pages)))
        for k, page in enumerate(pages, start=1)
    ]


@styled
def _patient_page(courses: Sequence[Course], words: Words, scale: _Scale, page: str) -> Figure:
    n_columns = min(_COLUMNS, max(len(courses), 1))
    n_rows = -(-len(courses) // n_columns)
    height = n_rows * _PANEL + _AROUND
    body, figure = _page(words, page, height)
    axes = body.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    width = (SHEET_WIDTH - 0.9) / n_columns - 0.2
    for k, ax in enumerate(axes.flat):
        if k >= len(courses):
            ax.set_visible(False)
            continue
        course = courses[k]
        ax.set_title(wrap(plain(shorten(course.name, 60)), width, 6.5), fontsize=6.5)
        _draw_course(ax, course, scale, color=INK, is_marked=True)
        if course.fault:
            said = wrap(plain(shorten(course.fault, 110)), width - 0.1, 5.5)
            ax.text(0.5, 0.5, said, transform=ax.transAxes, ha="center", va="center",
                    fontsize=5.5, color=ACCENT)  # fmt: skip
        _set_axes(ax, scale)
        if k + n_columns >= len(courses):  # nothing below it
            ax.tick_params(labelbottom=True)
    _label(body, words, height)
    return figure


@styled
def plot_by_level(levels: Sequence[LevelCourses], words: Words) -> Figure:
    """Draw a panel a level, and below them what the levels come to, in one."""
    scale = _Scale.of([course for level in levels for course in level.courses], words)
    n_columns = min(_ACROSS, max(len(levels), 1))
    n_rows = -(-len(levels) // n_columns)
    above = n_rows * _LEVEL_PANEL + _AROUND
    body, figure = _page(words, "", above + _BELOW)
    top, below = body.subfigures(2, 1, height_ratios=(above, _BELOW), squeeze=False)[:, 0]
    axes = top.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    width = (SHEET_WIDTH - 0.9) / n_columns - 0.2
    for k, ax in enumerate(axes.flat):
        if k >= len(levels):
            ax.set_visible(False)
            continue
        level = levels[k]
        n = sum(course.profile is not None for course in level.courses)
        title = f"{level.name} (n = {n})"
        ax.set_title(wrap(plain(title), width, 7), fontsize=7)
        for course in level.courses:
            _draw_course(ax, course, scale, color=MIDDLE, is_marked=False)
        _draw_centre(ax, level.centre, color=ACCENT, marker="o", linewidth=1.6, zorder=4)
        _draw_threshold(ax, words)
        _set_axes(ax, scale)
        if k + n_columns >= len(levels):
            ax.tick_params(labelbottom=True)
    _label(top, words, above)
    _compare(below, levels, words, scale)
    return figure


def _compare(area: SubFigure, levels: Sequence[LevelCourses], words: Words, scale: _Scale) -> None:
    """Draw what the levels come to by visit; these are evenly spaced, so that early ones show."""
    ax = area.add_subplot()
    shown = [level for level in levels if any(one.value is not None for one in level.centre)]
    days = sorted({one.day for level in shown for one in level.centre})
    for level, style in zip(shown, line_styles(len(shown)), strict=True):
        at = [Centre(day=days.index(one.day), value=one.value) for one in level.centre]
        _draw_centre(ax, at, label=plain(level.name), **style)
    _draw_threshold(ax, words)
    _set_values(ax, scale)
    step = -(-len(days) // _MOST_VISITS) or 1
    ax.set_xticks(range(0, len(days), step), [f"{day:g}" for day in days[::step]])
    ax.set_xlim(-0.4, max(len(days), 1) - 0.6)
    said = f"{words.centre[:1].upper()}{words.centre[1:]} by level and visit"
    ax.set_title(wrap(plain(said), SHEET_WIDTH - 1, 7), fontsize=7)
    ax.set_xlabel("Planned day of the visit, evenly spaced")
    ax.set_ylabel(plain(wrap(shorten(words.label), _BELOW - 0.75, 8)))
    if shown:
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))


# ---------------------------------------------------------------- a page


def _page(words: Words, page: str, height: float) -> tuple[SubFigure, Figure]:
    """Return the area below the head of a page, and the page."""
    lines, head = header_lines(words.title, words.lines)
    head += 0.24  # for the legend of marks
    figure = Figure(figsize=(SHEET_WIDTH, head + height), layout="constrained")
    above, body = figure.subfigures(2, 1, height_ratios=(head, height), squeeze=False)[:, 0]
    write_header(above, words.heading, lines, trial=words.title, page=page, inches=head)
    handles = [
        Line2D([], [], color=INK, marker="o", markersize=3, linewidth=0.9, label="measured"),
        Line2D([], [], color=INK, marker="v", markersize=3.5, markerfacecolor="white",
               linestyle=":", linewidth=0.8, label="below the limit of quantification, at it"),
    ]  # fmt: skip
    above.legend(handles=handles, loc="lower left", ncols=2, fontsize=6.5)
    return body, figure


def _label(area: SubFigure, words: Words, height: float) -> None:
    area.supylabel(plain(wrap(shorten(words.label), max(height - 0.3, 1.0), 8)), fontsize=8)
    area.supxlabel("Days since the infusion", fontsize=8)


# ---------------------------------------------------------------- a panel


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """The axes that the panels of a page share: powers of ten, and days."""

    low: float
    high: float
    first: float
    last: float

    @classmethod
    def of(cls, courses: Sequence[Course], words: Words) -> _Scale:
        samples = [s for c in courses if c.profile is not None for s in c.profile.samples]
        values = [v for s in samples for v in ([s.lloq] if s.is_below else [s.value]) if v]
        values += [words.threshold] if words.threshold else []
        top = ceil(log10(max(values, default=10)) + 0.02)
        foot = floor(log10(min(values, default=1)) - 0.02)
        days = [sample.day for sample in samples]
        return cls(
            low=10.0 ** max(min(foot, top - 1), top - _MOST_DECADES),
            high=10.0**top,
            first=min([0.0, *days]),
            last=max([1.0, *days]),
        )

    @property
    def powers(self) -> list[float]:
        """The powers of ten that are marked, each or every so many."""
        foot, top = round(log10(self.low)), round(log10(self.high))
        return [10.0**power for power in range(foot, top + 1, -(-(top - foot) // 5))]


def _draw_course(ax: Axes, course: Course, scale: _Scale, *, color: str, is_marked: bool) -> None:
    if course.profile is None:
        return
    samples = course.profile.samples
    drawn = [
        (s.day, max((s.lloq if s.is_below else s.value) or scale.low, scale.low), s.is_below)
        for s in samples
    ]
    measured = [(day, value) for day, value, is_below in drawn if not is_below]
    below = [(day, value) for day, value, is_below in drawn if is_below]
    ax.plot([d for d, _, _ in drawn], [v for _, v, _ in drawn], color=color, linestyle=":",
            linewidth=0.6, zorder=2)  # fmt: skip
    for run in _runs(drawn):
        ax.plot([d for d, _ in run], [v for _, v in run], color=color,
                linewidth=0.9 if is_marked else 0.6, zorder=2)  # fmt: skip
    size = 3.0 if is_marked else 2.0
    for points, marker, face in ((measured, "o", color), (below, "v", "white")):
        if not points:
            continue
        ax.plot([d for d, _ in points], [v for _, v in points], linestyle="none", marker=marker,
                markersize=size, color=color, markerfacecolor=face, markeredgewidth=0.6,
                zorder=3, clip_on=False)  # fmt: skip


def _runs(drawn: Sequence[tuple[float, float, bool]]) -> Iterator[list[tuple[float, float]]]:
    """Yield measured samples that follow each other."""
    run: list[tuple[float, float]] = []
    for day, value, is_below in drawn:
        if is_below:
            if run:
                yield run
            run = []
        else:
            run.append((day, value))
    if run:
        yield run


def _draw_centre(ax: Axes, centre: Sequence[Centre], **style: object) -> None:
    days = [one.day for one in centre]
    values = [one.value if one.value else float("nan") for one in centre]
    ax.plot(days, values, **{"markersize": 3.5, **style})  # type: ignore[arg-type]


def _draw_threshold(ax: Axes, words: Words) -> None:
    if words.threshold is not None:
        ax.axhline(words.threshold, color=DARK, linestyle=(0, (4, 2)), linewidth=0.8, zorder=1)


def _set_values(ax: Axes, scale: _Scale) -> None:
    ax.set_ylim(scale.low, scale.high)  # first: matplotlib warns of one sample, scaled by itself
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(FixedLocator(scale.powers))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())


def _set_axes(ax: Axes, scale: _Scale) -> None:
    _set_values(ax, scale)
    reach = scale.last - scale.first
    ax.set_xlim(scale.first - 0.03 * reach, scale.last + 0.03 * reach)
    step = next((days for days in _STEPS if reach / days <= 5), reach)
    ax.xaxis.set_major_locator(MultipleLocator(step))
