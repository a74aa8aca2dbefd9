"""A trial's course as a picture: a row a patient from infusion to the end of the DLT window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.lines import Line2D

from escalation.errors import InputError
from escalation.figures.layout import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    caption,
    line_height,
    new_axes,
    place_above,
    plain,
    say_page,
    shares_of,
    shorten,
    text_width,
    wrap,
)
from escalation.figures.style import (
    ACCENT,
    DARK,
    INK,
    LIGHT,
    MIDDLE,
    styled,
)
from escalation.trial import TrialState
from escalation.trial.adverse_events.verdicts import SEVERE
from escalation.trial.events import Purpose
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.state import Cohort

__all__ = ["count_pages", "plot_course", "plot_course_page", "plot_course_pages"]

# How a patient's line ends: marker, colour of its face.
_ENDS = {
    Standing.NO_DLT: ("o", "white"),
    Standing.MODERATE: ("o", MIDDLE),
    Standing.DLT: ("X", ACCENT),
    Standing.NOT_EVALUABLE: ("|", INK),
    Standing.PENDING: (">", MIDDLE),
    Standing.UNRULED: ("D", "white"),
}
# Where an adverse event of grade 3 or more began, above the line.
_SEVERE = {"marker": "v", "linestyle": "none", "color": INK, "markersize": 3.6, "zorder": 3}
_LAST_DAY = date(2300, 1, 1)
_ASSUMED_DAYS = 28  # how long a line is for a protocol without a window, until today


_WORDS = 6.0  # points
_ROW = 0.19  # inches
_AROUND = 2.0  # inches of a page around the rows
_LINE_WIDTH = 3.6  # inches at least of the axes, for what stands beside a line


def plot_course_pages(state: TrialState, on: date, *, trial: str = "") -> list[Axes]:
    """Plot a trial's course on as many pages as its patients fill; as ``plot_course``."""
    pages = _pages(state)
    return [
        plot_course(
            state,
            on,
            trial=trial,
            rows=rows,
            page=say_page(number, len(pages)),
        )
        for number, rows in enumerate(pages, start=1)
    ]


def plot_course_page(state: TrialState, on: date, page: int) -> Axes:
    """Plot one of these pages, from 0, without what stands around it on a page of a browser."""
    return plot_course(state, on, rows=_pages(state)[page], alone=False)


def count_pages(state: TrialState) -> int:
    """Return how many pages a trial's course fills."""
    return len(_pages(state))


def _pages(state: TrialState) -> list[slice]:
    dosed = _dosed(state)
    height = _row_height(_names(dosed), _words(dosed))
    return shares_of(len(dosed), int((PAGE_HEIGHT - _AROUND) / height))


@styled
def plot_course(
    state: TrialState,
    on: date,
    *,
    trial: str = "",
    rows: slice | None = None,
    page: str = "",
    alone: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Plot when each patient was dosed, how long the DLT window lasts, and how it ended.

    Parameters
    ----------
    state : TrialState
    on : date
        Today: a line at it, and windows end here at the latest.
    trial : str
        The trial's name in its ledger; the protocol's title stands above the picture.
    rows : slice, optional
        Which of the patients dosed; by default all.
    page : str
        Which page that is.
    alone : bool
        Whether title and caption say what it shows, since nothing around it does.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If nobody has been dosed.
    """
    dosed = _dosed(state)
    if not dosed or state.protocol is None:
        raise InputError("nobody has been dosed: there is no course to draw")
    if not date(1950, 1, 1) <= on <= date(2200, 1, 1):
        raise InputError(f"{on} is too far from the trial to be drawn")
    days = _days(dosed, on)
    dosed = dosed[rows or slice(None)]
    names, words = _names(dosed), _words(dosed)
    row_height = _row_height(names, words)
    ax = new_axes(ax, (PAGE_WIDTH, 1.3 + row_height * len(dosed)))
    for row, ((_, subject), said) in enumerate(zip(dosed, words, strict=True)):
        _draw_patient(ax, row, subject, said, on)
    for place, cohort in _spans(dosed):
        height = row_height * len(place)
        beside = "" if cohort.purpose is Purpose.ESCALATION else f", {cohort.purpose}"
        if all(dosed[row][1].set_aside_by is not None for row in place):
            beside += ", set aside"
        label = f"cohort {cohort.number}{beside}\nlevel {cohort.level}"
        label = label if height > 2 * line_height(7) else label.replace("\n", ", ")
        middle = (place[0] + place[-1]) / 2
        ax.annotate(label, (1.01, middle), xycoords=("axes fraction", "data"), fontsize=7,
                    va="center")  # fmt: skip
        if place[0]:
            ax.axhline(place[0] - 0.5, color=LIGHT, linewidth=0.6)
    ax.axvline(_day(on), color=DARK, linewidth=0.6, linestyle=(0, (1, 1.2)))
    ax.set_xlim(days[0], _right_end(dosed, words, on, days))
    ax.set_ylim(len(dosed) - 0.4, -0.6)
    ax.set_yticks(range(len(dosed)), names)
    ax.tick_params(axis="y", length=0)
    locator = AutoDateLocator(maxticks=7)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    ax.set_xlabel("Date")
    severe = any(_severe(subject, on) for _, subject in dosed)
    points = _add_legend(ax, {subject.standing for _, subject in dosed}, severe=severe)
    if alone:
        caption(
            ax,
            f"trial {trial}" if trial else "",
            f"{state.protocol.name}, as known after entry {state.seq}",
            f"line: DLT window from infusion; dotted: {on}",
            page,
            trial=state.protocol.title or "",
            points=points,
        )
    return ax


def _names(dosed: Sequence[tuple[Cohort, Subject]]) -> list[str]:
    return [wrap(plain(subject.id), 1.2, 7) for _, subject in dosed]


def _words(dosed: Sequence[tuple[Cohort, Subject]]) -> list[str]:
    """Return what stands beside each line, in lines of two thirds of the axes' width at most."""
    return [wrap(plain(_said(subject)), _LINE_WIDTH * 2 / 3, _WORDS) for _, subject in dosed]


def _row_height(names: Sequence[str], words: Sequence[str]) -> float:
    """Return the height of a row that holds the longest of them, in inches."""
    lines = max((text.count("\n") + 1 for text in (*names, *words)), default=1)
    return max(_ROW, 0.05 + line_height(7) * lines)


def _dosed(state: TrialState) -> list[tuple[Cohort, Subject]]:
    return [(c, s) for c in state.cohorts for s in state.members(c) if s.dosing is not None]


def _days(dosed: Sequence[tuple[Cohort, Subject]], on: date) -> tuple[float, float]:
    """Return the first and last day of the trial's lines, with a margin; the same on all pages."""
    ends = [_day(on)]
    for _, subject in dosed:
        ends += [_day(subject.dosed_on or on), _day(_last_day(subject, on))]
    margin = 0.03 * (max(ends) - min(ends) or 1)
    return min(ends) - margin, max(ends) + margin


def _right_end(
    dosed: Sequence[tuple[Cohort, Subject]],
    words: Sequence[str],
    on: date,
    days: tuple[float, float],
) -> float:
    """Return the day at which the axes end so that there is room for what stands beside lines."""
    first, last = days
    for (_, subject), said in zip(dosed, words, strict=True):
        inches = max(text_width(line, _WORDS) for line in said.split("\n"))
        if inches:
            left = _LINE_WIDTH - inches - 0.15
            last = max(last, first + (_day(_last_day(subject, on)) - first) * _LINE_WIDTH / left)
    return last


def _draw_patient(ax: Axes, row: int, subject: Subject, said: str, on: date) -> None:
    start, end = _line(subject, on)
    closes = _closes(subject)
    if subject.standing is Standing.PENDING and closes is not None and closes > end:
        _segment(ax, row, end, closes, color=LIGHT, linewidth=1.1)
    _segment(ax, row, start, end, color=DARK, linewidth=2.4, solid_capstyle="butt")
    for day in _severe(subject, on):
        ax.plot([_day(day)], [row - 0.24], **_SEVERE)  # type: ignore[arg-type]
    marker, face = _ENDS[subject.standing]
    ax.plot([_day(end)], [row], marker, color=INK, markerfacecolor=face, markersize=5.5,
            markeredgewidth=0.8, zorder=3)  # fmt: skip
    if said:
        ax.annotate(said, (_day(_last_day(subject, on)), row), xytext=(7, 0), linespacing=1.1,
                    textcoords="offset points", fontsize=_WORDS, va="center",
                    color=DARK)  # fmt: skip


def _severe(subject: Subject, on: date) -> list[date]:
    """Return where events of grade 3 or more began, from infusion on; a DLT has its own mark."""
    start, end = _line(subject, on)
    began = {e.now.started for e in subject.events if e.worst_grade >= SEVERE}
    if subject.standing is Standing.DLT:
        began.discard(end)
    return sorted(day for day in began if start <= day <= on)


def _said(subject: Subject) -> str:
    """Return what stands beside a patient's line: the first toxicity, and who replaced them."""
    said = [shorten(toxicity.term) for toxicity in subject.toxicities[:1]]
    if len(subject.toxicities) > 1:
        said.append(f"and {len(subject.toxicities) - 1} more")
    if subject.replaced_by is not None:
        said.append(f"replaced by {shorten(subject.replaced_by, 80)}")
    return ", ".join(said)


def _last_day(subject: Subject, on: date) -> date:
    """Return where what is drawn of a patient ends."""
    _, end = _line(subject, on)
    return max(end, _closes(subject) or end) if subject.standing is Standing.PENDING else end


def _closes(subject: Subject) -> date | None:
    """Return when the DLT window closes, as far as an axis of days goes."""
    return None if subject.window_closes is None else min(subject.window_closes, _LAST_DAY)


def _line(subject: Subject, on: date) -> tuple[date, date]:
    """Return where a patient's line begins and ends."""
    start = subject.dosed_on or on
    closes = _closes(subject) or start + timedelta(days=_ASSUMED_DAYS)
    match subject.standing:
        case Standing.DLT:
            onsets = [t.onset for t in subject.toxicities if start <= t.onset <= closes]
            return start, min(onsets, default=start)
        case Standing.NOT_EVALUABLE:
            return start, subject.lost_on or start
        case Standing.NO_DLT | Standing.MODERATE | Standing.UNRULED:
            return start, closes
    return start, max(start, min(on, closes))


def _segment(ax: Axes, row: int, start: date, end: date, **style: object) -> None:
    ax.plot([_day(start), _day(end)], [row, row], "-", **style)  # type: ignore[arg-type]


def _spans(dosed: list[tuple[Cohort, Subject]]) -> Iterator[tuple[list[int], Cohort]]:
    """Yield the rows of each cohort."""
    for cohort, rows in groupby(enumerate(dosed), key=lambda pair: pair[1][0]):
        yield [row for row, _ in rows], cohort


def _add_legend(ax: Axes, seen: set[Standing], *, severe: bool) -> float:
    rare = {Standing.MODERATE, Standing.UNRULED}
    shown = [one for one in _ENDS if one in seen or one not in rare]
    handles = [
        Line2D([], [], marker=_ENDS[one][0], linestyle="none", color=INK,
               markerfacecolor=_ENDS[one][1], markersize=5)
        for one in shown
    ]  # fmt: skip
    words = [str(one) for one in shown]
    if severe:
        handles.append(Line2D([], [], **_SEVERE))  # type: ignore[arg-type]
        words.append(f"event of grade {SEVERE} or more")
    return place_above(ax, handles, words, len(words))


def _day(day: date) -> float:
    return float(date2num(day))  # type: ignore[no-untyped-call]
