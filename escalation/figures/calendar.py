"""The calendar of visits as a picture: a row a patient, a column a visit of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from escalation.errors import InputError
from escalation.figures.layout import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    caption,
    new_axes,
    place_above,
    plain,
    say_page,
    shares_of,
    wrap,
)
from escalation.figures.style import ACCENT, DARK, INK, LIGHT, MIDDLE, styled
from escalation.trial.visits.calendar import VisitDue, VisitStanding

__all__ = ["plot_calendar", "plot_calendar_pages"]

# how each is drawn: marker, its face, its edge, its size
_MARKS: dict[str, tuple[str, str, str, float]] = {
    "done": ("o", DARK, DARK, 5.5),
    "done outside its window": ("o", "white", INK, 5.5),
    "due": ("s", LIGHT, INK, 6.0),
    "overdue": ("X", ACCENT, INK, 7.0),
    "missed": ("v", "white", INK, 5.5),
    "coming": (".", MIDDLE, MIDDLE, 4.0),
    "not due any more": ("_", MIDDLE, MIDDLE, 5.5),
}
_ROW = 0.3  # inches
_AROUND = 1.4
_DATES = 5.0  # points


def plot_calendar_pages(visits: Sequence[VisitDue], on: date, *, trial: str = "") -> list[Axes]:
    """Plot a calendar on as many pages as its patients fill; as ``plot_calendar``."""
    pages = _pages(visits)
    return [
        plot_calendar(
            visits,
            on,
            trial=trial,
            rows=rows,
            page=say_page(number, len(pages)),
        )
        for number, rows in enumerate(pages, start=1)
    ]


def _pages(visits: Sequence[VisitDue]) -> list[slice]:
    return shares_of(len({visit.subject for visit in visits}), int((PAGE_HEIGHT - _AROUND) / _ROW))


@styled
def plot_calendar(
    visits: Sequence[VisitDue],
    on: date,
    *,
    trial: str = "",
    rows: slice | None = None,
    page: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot how each visit of each patient stands, and the day of those to come.

    Parameters
    ----------
    visits : sequence of VisitDue
        Of one patient after the other, each in the order of the plan.
    on : date
        The day on which they stand so.
    trial : str
        The trial's name in its ledger.
    rows : slice, optional
        Which of the patients; by default all.
    page : str
        Which page that is.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no visit.
    """
    if not visits:
        raise InputError("there is no visit to draw")
    names = list(dict.fromkeys(visit.visit.name for visit in visits))
    subjects = list(dict.fromkeys(visit.subject for visit in visits))[rows or slice(None)]
    ax = new_axes(ax, (PAGE_WIDTH, _AROUND + _ROW * len(subjects)))
    for visit in visits:
        if visit.subject in subjects:
            _draw(ax, names.index(visit.visit.name), subjects.index(visit.subject), visit)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set_ylim(len(subjects) - 0.4, -0.6)
    ax.set_xticks(range(len(names)), [wrap(plain(name), 0.5, 7) for name in names])
    ax.set_yticks(range(len(subjects)), [plain(subject) for subject in subjects])
    ax.tick_params(length=0)
    ax.set_xlabel("Visit of the plan")
    seen = {_kind(visit) for visit in visits}
    shown = [kind for kind in _MARKS if kind in seen]
    handles = [Line2D([], [], linestyle="none", **_style(kind)) for kind in shown]  # type: ignore[arg-type]
    points = place_above(ax, handles, shown, len(shown))
    on_day = f"visits on {on}; below a mark: month and day of what is planned"
    caption(ax, f"trial {trial}" if trial else "", on_day, page, points=points)
    return ax


def _draw(ax: Axes, column: int, row: int, visit: VisitDue) -> None:
    ax.plot([column], [row], **_style(_kind(visit)))  # type: ignore[arg-type]
    said = ""
    if visit.out_of_window:
        said = f"{visit.out_of_window:+d} d"
    elif visit.standing in _TO_COME and visit.day is not None:
        said = f"{visit.day:%m-%d}"
    if said:
        ax.annotate(said, (column, row), xytext=(0, -5), textcoords="offset points",
                    fontsize=_DATES, ha="center", va="top", color=DARK)  # fmt: skip


_TO_COME = (VisitStanding.DUE, VisitStanding.OVERDUE, VisitStanding.COMING)


def _kind(visit: VisitDue) -> str:
    return "done outside its window" if visit.out_of_window else str(visit.standing)


def _style(kind: str) -> dict[str, object]:
    marker, face, edge, size = _MARKS[kind]
    return {
        "marker": marker,
        "color": edge,
        "markerfacecolor": face,
        "markersize": size,
        "markeredgewidth": 0.8,
        "zorder": 3,
    }
