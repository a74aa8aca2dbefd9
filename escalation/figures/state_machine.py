"""The state machine of a design with up to two cohorts a level, drawn as a ladder."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Points

from escalation.designs import Design, describe_design
from escalation.figures.ladder_layout import (
    COLUMNS,
    HALF_BOX,
    HALF_MTD,
    HALF_ROW,
    HALF_TOXIC,
    HALF_TOXIC_ROW,
    MTD_COLUMN,
    TOXIC_LANE,
    WIDTH,
    Layout,
    Line,
)
from escalation.figures.style import styled
from escalation.reports.rule.state_machine import CohortNode, EndNode, StateMachine, state_machine

__all__ = ["plot_diagram"]

SMALL, NORMAL = 7, 8


@styled
def plot_diagram(design: Design, level_names: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Draw the design's state machine as a ladder: a row a level, the highest on top.

    Parameters
    ----------
    design : Design
    level_names : sequence of str
        One a level, lowest first.
    ax : matplotlib Axes, optional
        By default one that fills a new figure, 6.5 inches wide.

    Raises
    ------
    InputError
        If the design does not have the shape that the picture shows.
    """
    machine = state_machine(design)
    layout = Layout(machine)
    bottom, top = -1.5, layout.y(layout.levels[-1]) + 0.55
    if ax is None:
        ax = Figure(figsize=(WIDTH, top - bottom)).add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(bottom, top), aspect="equal")
    ax.set_axis_off()
    for line in layout.lines():
        _draw_line(ax, line)
    _draw_boxes(ax, layout, level_names)
    ax.text(
        0.1, bottom + 0.08, _caption(design, machine), fontsize=SMALL, va="bottom", parse_math=False
    )
    return ax


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


def _draw_boxes(ax: Axes, layout: Layout, level_names: Sequence[str]) -> None:
    for level in layout.levels:
        name = "\n".join(
            part for piece in level_names[level].split(", ") for part in textwrap.wrap(piece, 15)
        )
        ax.text(
            0.1,
            layout.y(level),
            name,
            fontsize=NORMAL,
            va="center",
            linespacing=1.3,
            parse_math=False,
        )
    for cohort in layout.cohorts:
        text = f"patients {cohort.first}\N{EN DASH}{cohort.last}"
        _draw_box(ax, layout.x(cohort), layout.y(cohort.level), HALF_BOX, text)
    for level in sorted({edge.source.level for edge in layout.machine.edges if edge.too_toxic}):
        text = f"{level_names[level].partition(', ')[0]} too toxic"
        _draw_box(ax, COLUMNS[-1], layout.y(level) + TOXIC_LANE, HALF_TOXIC, text, toxic=True)
    for end in layout.machine.nodes:
        if not isinstance(end, EndNode) or end.inconclusive:
            continue
        if end.mtd is None:
            y = layout.y(layout.levels[0]) + TOXIC_LANE
            _draw_box(ax, MTD_COLUMN, y, HALF_MTD, "no MTD", end=True)
        else:
            _draw_box(ax, MTD_COLUMN, layout.y(end.mtd), HALF_MTD, "MTD", end=True)
    start = layout.machine.start
    if isinstance(start, CohortNode):
        y, edge = layout.y(start.level), layout.x(start) - HALF_BOX
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
    size = SMALL if toxic else NORMAL
    ax.text(x, y, text, fontsize=size, ha="center", va="center", parse_math=False)


def _caption(design: Design, machine: StateMachine) -> str:
    words = (
        f"{describe_design(design)}. x/n: x patients with a DLT among the n evaluable at the "
        'level; "above" and "below": the level above and below.'
    )
    if any(isinstance(node, EndNode) and node.inconclusive for node in machine.nodes):
        words += (
            " Wherever the next patients would exceed the maximum sample size, the trial stops "
            "and the MTD is not determined."
        )
    return textwrap.fill(words, 112)
