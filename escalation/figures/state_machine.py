"""The state machine of a design that judges a level by stages, drawn as a ladder."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Points

from escalation.designs import Design, describe_design
from escalation.figures.ladder_layout import (
    HALF_ROW,
    HALF_TOXIC_ROW,
    TOXIC_LANE,
    Layout,
    Line,
)
from escalation.figures.layout import (
    LINE_SPACING,
    SHEET_WIDTH,
    line_height,
    shares_of,
    text_width,
    wrap,
)
from escalation.figures.style import styled
from escalation.reports.rule.state_machine import (
    CohortNode,
    EndNode,
    describe_cohort_sizes,
    state_machine,
)

__all__ = ["plot_diagram", "plot_diagram_pages"]

SMALL, NORMAL = 7, 8
_NAMES = 0.82  # inches for the names of levels
_NAME_LINES = 3  # beside a row, between the lines above and below it
_PAD = 0.08  # inches of a box beside its text
_BELOW = 0.3  # inches that belong to a row whose neighbour below is on another page


def plot_diagram_pages(
    design: Design, level_names: Sequence[str], *, trial: str = "", protocol: str = ""
) -> list[Axes]:
    """Draw ``plot_diagram`` on as many pages as the ladder fills.

    Neighbouring pages share a level, so that every step between two levels is whole on one page.
    """
    layout = Layout(state_machine(design))
    n_levels = len(layout.levels)
    if n_levels <= layout.most_levels:
        return [_draw(design, layout, level_names, trial=trial, protocol=protocol)]
    parts = shares_of(n_levels - 1, layout.most_levels - 1)
    return [
        _draw(
            design,
            layout,
            level_names,
            trial=trial,
            protocol=protocol,
            levels=slice(part.start, part.stop + 1),
            page=f"Page {number} of {len(parts)}",
        )
        for number, part in enumerate(parts, start=1)
    ]


def plot_diagram(
    design: Design,
    level_names: Sequence[str],
    *,
    trial: str = "",
    protocol: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the design's state machine as a ladder: a row a level, the highest on top.

    Parameters
    ----------
    design : Design
    level_names : sequence of str
        One a level, lowest first.
    trial : str
        The trial's title.
    protocol : str
        Its name and digest, for the caption.
    ax : matplotlib Axes, optional
        By default one that fills a new figure: 6.5 inches wide where a level has two stages and
        7.25 where it has three, or wider for long names.

    Raises
    ------
    InputError
        If the design does not have the shape that the picture shows.
    """
    layout = Layout(state_machine(design))
    return _draw(design, layout, level_names, trial=trial, protocol=protocol, ax=ax)


@styled
def _draw(
    design: Design,
    layout: Layout,
    level_names: Sequence[str],
    *,
    trial: str,
    protocol: str,
    levels: slice | None = None,
    page: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw these of the levels that a trial can come to, by default all."""
    shown = layout.levels[levels or slice(None)]
    room = SHEET_WIDTH - layout.grid.width
    names, left, points = _wrapped([level_names[level] for level in shown], room)
    width = layout.grid.width - left
    title = wrap(trial, width - 0.2, 8.5, bold=True) if trial else ""
    words = wrap(_caption(design, layout, shown, protocol, page), width - 0.2, SMALL)
    head = line_height(8.5) * (title.count("\n") + 1) + 0.1 if title else 0.0
    low = layout.y(shown[0]) + (TOXIC_LANE if shown[0] == layout.levels[0] else 0) - _BELOW
    bottom = low - line_height(SMALL) * (words.count("\n") + 1) - 0.2
    top = layout.y(shown[-1]) + layout.above + head
    if ax is None:
        ax = Figure(figsize=(width, top - bottom)).add_axes((0, 0, 1, 1))
    ax.set(xlim=(left, layout.grid.width), ylim=(bottom, top), aspect="equal")
    ax.set_axis_off()
    for line in layout.lines():
        heights = [y for _, y in line.points]
        if low <= min(heights) and max(heights) <= layout.y(shown[-1]) + layout.above:
            _draw_line(ax, line)
    for level, name in zip(shown, names, strict=True):
        ax.text(left + 0.1, layout.y(level), name, fontsize=points, va="center",
                linespacing=LINE_SPACING, parse_math=False)  # fmt: skip
    _draw_boxes(ax, layout, level_names, shown)
    ax.text(left + 0.1, bottom + 0.08, words, fontsize=SMALL, va="bottom",
            linespacing=LINE_SPACING, parse_math=False)  # fmt: skip
    if title:
        ax.text(left + 0.1, top - 0.08, title, fontsize=8.5, weight="bold", va="top",
                linespacing=LINE_SPACING, parse_math=False)  # fmt: skip
    return ax


def _wrapped(names: Sequence[str], room: float) -> tuple[list[str], float, float]:
    """Return the names in lines, where the picture begins so that they have room, and their size.

    The size is smaller where the picture would else leave a sheet, which has ``room`` inches more.
    """
    lines = [name.replace(", ", "\n", 1) for name in names]
    for points in (NORMAL, SMALL, 6.0):
        left = 0.0
        while True:
            wrapped = [wrap(name, _NAMES - left, points) for name in lines]
            fits = all(name.count("\n") < _NAME_LINES for name in wrapped)
            if fits or left <= -3:
                break
            left -= 0.25
        if fits and -left <= room:
            break
    return wrapped, left, points


def _draw_line(ax: Axes, line: Line) -> None:
    ax.add_patch(
        FancyArrowPatch(
            path=Points(line.points),
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=0.8,
            joinstyle="miter",
            color="black",
            shrinkA=0,
            shrinkB=0,
        )
    )
    x, y = line.at
    upright = line.align != "center"
    ax.text(
        x,
        y if upright else y + 0.03,
        line.label,
        fontsize=SMALL,
        ha=line.align,
        va="center" if upright else "bottom",
    )


def _draw_boxes(ax: Axes, layout: Layout, level_names: Sequence[str], shown: Sequence[int]) -> None:
    grid = layout.grid
    for cohort in layout.cohorts:
        if cohort.level not in shown:
            continue
        text = f"patients {cohort.first}\N{EN DASH}{cohort.last}"
        _draw_box(ax, layout.x(cohort), layout.y(cohort.level), grid.half_box, text)
    left, right = layout.too_toxic()
    for level in layout.too_toxic_levels():
        if level not in shown or (level == shown[0] and level != layout.levels[0]):
            continue
        text = f"{level_names[level].partition(', ')[0]} too toxic"
        y = layout.y(level) + TOXIC_LANE
        _draw_box(ax, (left + right) / 2, y, (right - left) / 2, text, toxic=True)
    for end in layout.machine.nodes:
        if not isinstance(end, EndNode) or end.inconclusive:
            continue
        if end.mtd is None:
            if layout.levels[0] not in shown:
                continue
            y = layout.y(layout.levels[0]) + TOXIC_LANE
            _draw_box(ax, grid.mtd, y, grid.half_mtd, "no MTD", end=True)
        elif end.mtd in shown:
            _draw_box(ax, grid.mtd, layout.y(end.mtd), grid.half_mtd, "MTD", end=True)
    start = layout.machine.start
    if isinstance(start, CohortNode) and start.level in shown:
        y, edge = layout.y(start.level), layout.x(start) - grid.half_box
        _draw_line(
            ax, Line(points=((edge - 0.3, y), (edge, y)), label="start", at=(edge - 0.17, y))
        )


def _draw_box(
    ax: Axes, x: float, y: float, half: float, text: str, *, toxic: bool = False, end: bool = False
) -> None:
    half_height = HALF_TOXIC_ROW if toxic else HALF_ROW
    ax.add_patch(
        FancyBboxPatch(
            (x - half, y - half_height),
            2 * half,
            2 * half_height,
            boxstyle="round,pad=0,rounding_size=0.06" if not toxic else "square,pad=0",
            facecolor="0.85" if toxic else "white",
            edgecolor="black",
            linewidth=1.8 if end else 0.8,
        )
    )
    size: float = SMALL if toxic else NORMAL
    if toxic and text_width(text, size) > 2 * half - _PAD:  # a long label: on a line of its own
        text = text.replace(" too toxic", "\ntoo toxic")
        size = min(size, size * (2 * half - _PAD) / text_width(text.split("\n")[0], size))
        size = min(size, size * (2 * half_height) / (2 * line_height(size)))
    ax.text(x, y, text, fontsize=size, ha="center", va="center", parse_math=False)


def _caption(design: Design, layout: Layout, shown: Sequence[int], protocol: str, page: str) -> str:
    words = f"{describe_design(design)}. {protocol}{'. ' * bool(protocol)}"
    words += (
        "x/n: x patients with a DLT among the n evaluable at the "
        'level; "above" and "below": the level above and below.'
    )
    if sizes := describe_cohort_sizes(design):
        words += f" {sizes}"
    if any(isinstance(node, EndNode) and node.inconclusive for node in layout.machine.nodes):
        words += (
            " Wherever the next patients would exceed the maximum sample size, the trial stops "
            "and the MTD is not determined."
        )
    if page:
        words += f" {page}."
    if shown[-1] != layout.levels[-1]:
        words += " The ways up from the highest level here are on the next page."
    if shown[0] != layout.levels[0]:
        words += " What follows where the lowest level here is too toxic is on the page before."
    return words
