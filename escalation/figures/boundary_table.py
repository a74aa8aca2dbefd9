"""The field's decision table as a picture: letters, colours and hatching, and the four rows."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from escalation.errors import InputError
from escalation.figures.layout import (
    PAGE_WIDTH,
    caption,
    keep_inside,
    legend_above,
    new_axes,
)
from escalation.figures.style import ACTIONS, OTHER_ACTION, styled
from escalation.reports.rule.boundary_table import Boundaries

__all__ = ["plot_boundaries"]

_WORDS = {"E": "escalate", "S": "stay", "D": "de-escalate", "X": "eliminate"}


@styled
def plot_boundaries(
    table: Sequence[Boundaries], *, design: str, trial: str = "", ax: Axes | None = None
) -> Axes:
    """Plot an interval design's decision at each number of patients and of DLTs at a level.

    Below each number of patients stand its boundaries, as in the field's table. Numbers of DLTs
    above all boundaries mean the same as the highest row, which is marked so.

    Parameters
    ----------
    table : sequence of Boundaries
        By increasing number of patients, such as ``boundary_table`` returns.
    design : str
        The design and its options, for the caption.
    trial : str
        The trial's title.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        For a table without rows.
    """
    if not table:
        raise InputError("a table of boundaries needs at least one number of patients")
    limits = [(one.deescalate_if_at_least, one.eliminate_if_at_least) for one in table]
    most = max(one.n_evaluable for one in table)
    top = min(most, max((x for pair in limits for x in pair if x is not None), default=most))
    cell = min(0.26, max(0.15, (PAGE_WIDTH - 1.5) / len(table)))
    ax = new_axes(ax, (max(1.5 + cell * len(table), 5), 1.2 + cell * (top + 5)))
    points = min(7.0, cell * 72 / 2)
    for place, one in enumerate(table):
        for x in range(min(one.n_evaluable, top) + 1):
            letter = _judge(one, x)
            _paint(ax, (place, x), ACTIONS[letter], letter, points)
    rows = _boundary_rows(table)
    places = [-1.6 - k for k in range(len(rows))]
    for y, (_, letter, values) in zip(places, rows, strict=True):
        for place, value in enumerate(values):
            face = OTHER_ACTION if value is None else ACTIONS[letter]
            _paint(ax, (place, y), face, "-" if value is None else str(value), points)
    ax.set_xlim(-0.5, len(table) - 0.5)
    ax.set_ylim(places[-1] - 0.5, top + 0.5)
    ax.set_aspect("equal", anchor="W")
    ax.set_xticks(range(len(table)), [str(one.n_evaluable) for one in table])
    dlts = [*map(str, range(top)), f"{top}{'+' * (top < most)}"]
    ax.set_yticks([*places, *range(top + 1)], [*(name for name, *_ in rows), *dlts])
    ax.tick_params(length=0, labelsize=min(7.0, points + 0.5))
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Evaluable patients at the level")
    ax.annotate("DLTs at the level", (-0.5, top / 2), (-24, 0), textcoords="offset points",
                rotation=90, ha="center", va="center", fontsize=8)  # fmt: skip
    keep_inside(ax)
    for letter, name in _WORDS.items():
        fill, hatch, _ = ACTIONS[letter]
        ax.add_patch(Rectangle((-9, -9), 1, 1, facecolor=fill, hatch=hatch, edgecolor="white",
                               linewidth=0.5, label=f"{letter}: {name}"))  # fmt: skip
    caption(ax, design, trial=trial, points=legend_above(ax, 4))
    return ax


def _judge(one: Boundaries, x: int) -> str:
    """Return the letter of what ``x`` DLTs mean."""
    if one.eliminate_if_at_least is not None and x >= one.eliminate_if_at_least:
        return "X"
    if one.deescalate_if_at_least is not None and x >= one.deescalate_if_at_least:
        return "D"
    return "E" if one.escalate_if_at_most is not None and x <= one.escalate_if_at_most else "S"


def _boundary_rows(table: Sequence[Boundaries]) -> list[tuple[str, str, list[int | None]]]:
    """Return name, letter and values of the rows below the decisions."""
    rows = [
        ("escalate if DLTs ≤", "E", [one.escalate_if_at_most for one in table]),
        ("de-escalate if DLTs ≥", "D", [one.deescalate_if_at_least for one in table]),
        ("eliminate if DLTs ≥", "X", [one.eliminate_if_at_least for one in table]),
    ]
    stop = [one.stop_at_lowest_if_at_least for one in table]
    if stop != rows[-1][2]:
        rows.append(("stop at the lowest if DLTs ≥", "X", stop))
    return rows


def _paint(
    ax: Axes, at: tuple[float, float], face: tuple[str, str, str], text: str, points: float
) -> None:
    x, y = at
    fill, hatch, ink = face
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=fill, hatch=hatch,
                           edgecolor="white", linewidth=0.5)).set_clip_on(False)  # fmt: skip
    ax.text(x, y, text, color=ink, fontsize=points, ha="center", va="center",
            bbox={"facecolor": fill, "edgecolor": "none", "pad": 0.6})  # fmt: skip
