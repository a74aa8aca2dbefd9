"""A trial's course as a picture: a row a patient from infusion to the end of the DLT window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.lines import Line2D

from escalation.errors import InputError
from escalation.figures.style import (
    ACCENT,
    DARK,
    INK,
    LIGHT,
    MIDDLE,
    PAGE_WIDTH,
    caption,
    new_axes,
    plain,
    shorten,
    styled,
)
from escalation.trial import TrialState
from escalation.trial.state import Cohort
from escalation.trial.subjects import Standing, Subject

__all__ = ["plot_course"]

# How a patient's line ends: marker, colour of its face.
_ENDS = {
    Standing.NO_DLT: ("o", "white"),
    Standing.MODERATE: ("o", MIDDLE),
    Standing.DLT: ("X", ACCENT),
    Standing.NOT_EVALUABLE: ("|", INK),
    Standing.PENDING: (">", MIDDLE),
}
_ASSUMED_DAYS = 28  # how long a line is for a protocol without a window, until today


@styled
def plot_course(state: TrialState, on: date, *, ax: Axes | None = None) -> Axes:
    """Plot when each patient was dosed, how long the DLT window lasts, and how it ended.

    Parameters
    ----------
    state : TrialState
    on : date
        Today: a line at it, and windows end here at the latest.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If nobody has been dosed.
    """
    dosed = [(c, s) for c in state.cohorts for s in state.members(c) if s.dosing is not None]
    if not dosed or state.protocol is None:
        raise InputError("nobody has been dosed: there is no course to draw")
    if not date(1950, 1, 1) <= on <= date(2200, 1, 1):
        raise InputError(f"{on} is too far from the trial to be drawn")
    ax = new_axes(ax, (PAGE_WIDTH, 1.3 + 0.19 * len(dosed)))
    for row, (_, subject) in enumerate(dosed):
        _draw_patient(ax, row, subject, on)
    for rows, cohort in _spans(dosed):
        label = f"cohort {cohort.number}\nlevel {cohort.level}"
        middle = (rows[0] + rows[-1]) / 2
        ax.annotate(label, (1.01, middle), xycoords=("axes fraction", "data"), fontsize=7,
                    va="center")  # fmt: skip
        if rows[0]:
            ax.axhline(rows[0] - 0.5, color=LIGHT, linewidth=0.6)
    ax.axvline(_day(on), color=DARK, linewidth=0.6, linestyle=(0, (1, 1.2)))
    ax.set_ylim(len(dosed) - 0.4, -0.6)
    ax.set_yticks(range(len(dosed)), [plain(subject.id) for _, subject in dosed])
    ax.tick_params(axis="y", length=0)
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    ax.set_xlabel("Date")
    _add_legend(ax, moderate=any(s.standing is Standing.MODERATE for _, s in dosed))
    caption(
        ax,
        f"{state.protocol.name}, as known after entry {state.seq}",
        f"line: DLT window from infusion; dotted: {on}",
        points=14,
    )
    return ax


def _draw_patient(ax: Axes, row: int, subject: Subject, on: date) -> None:
    start, end = _line(subject, on)
    closes = subject.window_closes
    if subject.standing is Standing.PENDING and closes is not None and closes > end:
        _segment(ax, row, end, closes, color=LIGHT, linewidth=1.1)
    _segment(ax, row, start, end, color=DARK, linewidth=2.4, solid_capstyle="butt")
    marker, face = _ENDS[subject.standing]
    ax.plot([_day(end)], [row], marker, color=INK, markerfacecolor=face, markersize=5.5,
            markeredgewidth=0.8, zorder=3)  # fmt: skip
    words = [shorten(toxicity.term, 40) for toxicity in subject.toxicities[:1]]
    if subject.replaced_by is not None:
        words.append(f"replaced by {subject.replaced_by}")
    if words:
        shift = max(end, closes or end) if subject.standing is Standing.PENDING else end
        ax.annotate(plain(", ".join(words)), (_day(shift), row), xytext=(7, 0),
                    textcoords="offset points", fontsize=6, va="center", color=DARK)  # fmt: skip


def _line(subject: Subject, on: date) -> tuple[date, date]:
    """Return where a patient's line begins and ends."""
    start = subject.dosed_on or on
    closes = subject.window_closes or start + timedelta(days=_ASSUMED_DAYS)
    match subject.standing:
        case Standing.DLT:
            onsets = [t.onset for t in subject.toxicities if start <= t.onset <= closes]
            return start, min(onsets, default=start)
        case Standing.NOT_EVALUABLE:
            return start, max(fact.event.on for fact in subject.outcomes)
        case Standing.NO_DLT | Standing.MODERATE:
            return start, closes
    return start, max(start, min(on, closes))


def _segment(ax: Axes, row: int, start: date, end: date, **style: object) -> None:
    ax.plot([_day(start), _day(end)], [row, row], "-", **style)  # type: ignore[arg-type]


def _spans(dosed: list[tuple[Cohort, Subject]]) -> Iterator[tuple[list[int], Cohort]]:
    """Yield the rows of each cohort."""
    for cohort, rows in groupby(enumerate(dosed), key=lambda pair: pair[1][0]):
        yield [row for row, _ in rows], cohort


def _add_legend(ax: Axes, *, moderate: bool) -> None:
    handles = [
        Line2D([], [], marker=marker, linestyle="none", color=INK, markerfacecolor=face,
               markersize=5, label=str(standing))
        for standing, (marker, face) in _ENDS.items()
        if moderate or standing is not Standing.MODERATE
    ]  # fmt: skip
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=len(handles))


def _day(day: date) -> float:
    return float(date2num(day))  # type: ignore[no-untyped-call]
