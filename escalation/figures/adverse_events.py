"""Adverse events as a picture: a bar a level for each category, in parts by worst grade."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from escalation.dataclass import dataclass
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
    shorten,
    text_width,
    wrap,
)
from escalation.figures.style import ACCENT, DARK, INK, LIGHT, MIDDLE, styled
from escalation.reports.trial.adverse_event_counts import (
    GRADES,
    Counts,
    LevelEvents,
    by_level,
    by_term,
    count_events,
)
from escalation.trial import TrialState
from escalation.trial.adverse_events.listing import ListedEvent

__all__ = ["plot_adverse_events", "plot_adverse_events_pages"]

# Told apart as grey too, and the two that are worst by colour and hatching.
_GRADES = (("white", ""), (LIGHT, ""), (MIDDLE, ""), (ACCENT, "////"), (INK, ""))
_BAR = 0.17  # inches
_GAP = 0.12  # inches between categories
_AROUND = 1.5  # inches of a page around the rows
_NAMES = 1.7  # inches at most for the name of a category
_POINTS = 7.0


@dataclass(frozen=True, slots=True)
class _Row:
    """A bar: patients of one level with events of one category."""

    category: str
    level: str
    n_treated: int
    counts: Counts


def plot_adverse_events_pages(state: TrialState, *, trial: str = "") -> list[Axes]:
    """Plot adverse events on as many pages as their categories fill."""
    blocks = _blocks(state)
    pages: list[list[list[_Row]]] = [[]]
    room = PAGE_HEIGHT - _AROUND
    for block in blocks:
        if pages[-1] and _height([*pages[-1], block]) > room:
            pages.append([])
        pages[-1].append(block)
    n_pages = len(pages)
    return [
        plot_adverse_events(
            state,
            trial=trial,
            categories=[block[0].category for block in page],
            page=say_page(number, n_pages),
        )
        for number, page in enumerate(pages, start=1)
    ]


@styled
def plot_adverse_events(
    state: TrialState,
    *,
    trial: str = "",
    categories: Sequence[str] | None = None,
    page: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot the share of patients with a treatment-emergent event, by category, level and grade.

    Parameters
    ----------
    state : TrialState
    trial : str
        The trial's name in its ledger; the protocol's title stands above the picture.
    categories : sequence of str, optional
        Which of them; by default all. A term without a category stands for itself.
    page : str
        Which page that is.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no treatment-emergent event.
    """
    blocks = _blocks(state)
    protocol = state.protocol
    if not blocks or protocol is None:
        raise InputError("no treatment-emergent adverse event is recorded: there is none to draw")
    if categories is not None:
        blocks = [block for block in blocks if block[0].category in categories]
    ax = new_axes(ax, (PAGE_WIDTH, 1.1 + _height(blocks)))
    ticks: list[tuple[float, str]] = []
    y, left = 0.0, -_level_width(blocks) - 0.14
    for number, block in enumerate(blocks):
        if number:
            ax.axhline(y - _GAP / 2, color=LIGHT, linewidth=0.6)
        height = _block_height(block)
        middle = y + height / 2
        ax.annotate(_name(block), (0, middle), (left * 72, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", ha="right", va="center", fontsize=_POINTS,
                    linespacing=1.1)  # fmt: skip
        first = middle - _BAR * len(block) / 2 + _BAR / 2
        for place, row in enumerate(block):
            ticks.append((first + place * _BAR, row.level))
            _draw_bar(ax, first + place * _BAR, row)
        y += height + _GAP
    ax.set_ylim(y - _GAP / 2, -_GAP / 2)
    ax.set_yticks([place for place, _ in ticks], [name for _, name in ticks])
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, 112)
    ax.set_xticks(range(0, 101, 20))
    ax.set_xlabel("Patients with an event, % of those treated at the level")
    handles = [
        Patch(facecolor=face, hatch=hatch, edgecolor=INK, linewidth=0.6) for face, hatch in _GRADES
    ]
    labels = [f"grade {grade}" for grade in GRADES]
    points = place_above(ax, handles, labels, len(labels))
    caption(
        ax,
        f"trial {trial}" if trial else "",
        f"{protocol.name}, as known after entry {state.seq}",
        "treatment-emergent adverse events; each patient once a bar, at the worst grade; beside "
        "it, patients with an event of those treated",
        page,
        trial=protocol.title or "",
        points=points,
    )
    return ax


def _blocks(state: TrialState) -> list[list[_Row]]:
    """Return the bars by category: those that most patients had first."""
    if state.protocol is None:
        return []
    *levels, in_all = by_level(state, state.protocol)
    emergent = [event for event in in_all.events if event.is_emergent]
    treated = [level for level in levels if level.n_treated]
    blocks = []
    rows = list(by_term(emergent))
    for row in rows:
        is_bar = row.term is None if row.category is not None else row.term is not None
        if is_bar:
            category = row.category or row.term or ""
            blocks.append([_row(category, level, row.events) for level in treated])
    return blocks


def _row(category: str, level: LevelEvents, events: Sequence[ListedEvent]) -> _Row:
    return _Row(
        category=category,
        level=f"level {level.label}",
        n_treated=level.n_treated,
        counts=count_events(event for event in events if event.level == level.label),
    )


def _draw_bar(ax: Axes, y: float, row: _Row) -> None:
    start = 0.0
    for n, (face, hatch) in zip(row.counts.patients_at, _GRADES, strict=True):
        width = 100 * n / row.n_treated
        if n:
            ax.barh(y, width, 0.78 * _BAR, left=start, color=face, hatch=hatch, edgecolor=INK,
                    linewidth=0.6)  # fmt: skip
        start += width
    ax.annotate(f"{row.counts.n_patients}/{row.n_treated}", (start, y), (3, 0), va="center",
                textcoords="offset points", fontsize=6, color=DARK)  # fmt: skip


def _name(block: Sequence[_Row]) -> str:
    return wrap(plain(shorten(block[0].category)), _NAMES, _POINTS)


def _level_width(blocks: Sequence[Sequence[_Row]]) -> float:
    return max(text_width(row.level, _POINTS) for block in blocks for row in block)


def _block_height(block: Sequence[_Row]) -> float:
    lines = _name(block).count("\n") + 1
    return max(_BAR * len(block), line_height(_POINTS) * lines)


def _height(blocks: Sequence[Sequence[_Row]]) -> float:
    return sum(_block_height(block) + _GAP for block in blocks)
