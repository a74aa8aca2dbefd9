"""The decision table as a picture: what to do at a level, in letters, shades and hatching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from escalation.errors import InputError
from escalation.figures.style import (
    DARK,
    INCHES_A_LETTER,
    INK,
    LIGHT,
    MIDDLE,
    PAGE_WIDTH,
    caption,
    legend_above,
    new_axes,
    plain,
    styled,
)
from escalation.reports.rule.boundary_table import Boundaries

__all__ = ["plot_boundaries", "plot_decision_table"]

# By the first letter of an answer: fill, hatching, ink.
_CELLS = {
    "E": ("white", "", INK),
    "S": (LIGHT, "", INK),
    "M": (LIGHT, "....", INK),
    "D": (MIDDLE, "////", INK),
    "X": (DARK, "", "white"),
}
_OTHER_CELL = ("white", "\\\\\\\\", INK)

# Colours of the boundaries: as greys they lie apart as well, and one is hatched.
_JUDGED = {
    "E": ("escalate", "#a8d3ee", "", INK),
    "S": ("stay", "#fdf3cf", "", INK),
    "D": ("de-escalate", "#e8935a", "////", INK),
    "X": ("eliminate", "#7f1d1d", "", "white"),
}
_NEVER = ("never", "white", "", INK)


@styled
def plot_decision_table(
    answers: Mapping[tuple[int, int], str],
    *,
    design: str,
    situation: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot what to do for each number of evaluable patients and of DLTs at a level.

    Parameters
    ----------
    answers : mapping of (int, int) to str
        By (evaluable, DLTs), in words that begin with "escalate", "stay", "de-escalate", "stop"
        or another verb, such as the ``answer`` of the rows of a decision table.
    design : str
        The design and its options, for the caption.
    situation : str
        What stands above and below the level, for the caption.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    if not answers:
        raise InputError("a decision table needs at least one answer")
    sizes = range(min(n for n, _ in answers), max(n for n, _ in answers) + 1)
    most = max(x for _, x in answers)
    legend = 0.5 + INCHES_A_LETTER * (4 + max(map(len, answers.values())))
    cell = min(0.34, (PAGE_WIDTH - 0.7 - legend) / len(sizes))
    ax = new_axes(ax, (0.7 + cell * len(sizes) + legend, 1.0 + cell * (most + 1)))
    points = min(7.0, cell * 72 / 2)  # two letters fit a small cell
    codes = _codes(dict.fromkeys(answers.values()))
    for (n, x), answer in answers.items():
        fill, hatch, ink = _CELLS.get(codes[answer][0], _OTHER_CELL)
        ax.add_patch(_cell((n - 0.5, x - 0.5), fill, hatch)).set_clip_on(False)
        ax.text(n, x, codes[answer], color=ink, fontsize=points, ha="center", va="center",
                bbox={"facecolor": fill, "edgecolor": "none", "pad": 0.6})  # fmt: skip
    ax.set_xlim(sizes[0] - 0.5, sizes[-1] + 0.5)
    ax.set_ylim(-0.5, most + 0.5)
    ax.set_aspect("equal", anchor="W")
    ax.set_xticks(sizes)
    ax.set_yticks(range(most + 1))
    ax.tick_params(length=0, labelsize=min(7.0, points + 0.5))
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Evaluable patients at the level")
    ax.set_ylabel("DLTs at the level")
    keys = [
        _cell((0, 0), *_CELLS.get(code[0], _OTHER_CELL)[:2], label=plain(f"{code}: {answer}"))
        for answer, code in sorted(codes.items(), key=lambda pair: pair[1])
    ]
    ax.legend(handles=keys, loc="center left", bbox_to_anchor=(1.02, 0.5), handlelength=1.2)
    caption(ax, design, situation)
    return ax


@styled
def plot_boundaries(table: Sequence[Boundaries], *, design: str, ax: Axes | None = None) -> Axes:
    """Plot an interval design's decision at each number of patients and of DLTs at a level.

    Below each number of patients stand its boundaries, as in the field's table. Numbers of DLTs
    above all boundaries mean the same as the highest row, which is marked so.

    Parameters
    ----------
    table : sequence of Boundaries
        By increasing number of patients, such as ``boundary_table`` returns.
    design : str
        The design and its options, for the caption.
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
            _paint(ax, (place, x), _JUDGED[letter], letter, points)
    rows = _boundary_rows(table)
    places = [-1.6 - k for k in range(len(rows))]
    for y, (_, letter, values) in zip(places, rows, strict=True):
        for place, value in enumerate(values):
            face = _NEVER if value is None else _JUDGED[letter]
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
    for letter, (name, fill, hatch, _) in _JUDGED.items():
        ax.add_patch(Rectangle((-9, -9), 1, 1, facecolor=fill, hatch=hatch, edgecolor="white",
                               linewidth=0.5, label=f"{letter}: {name}"))  # fmt: skip
    points = legend_above(ax, 4)
    if (figure := ax.get_figure(root=True)) is not None:
        figure.draw_without_rendering()  # the names of the rows push the axes aside
    caption(ax, design, points=points)
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
    ax: Axes, at: tuple[float, float], face: tuple[str, ...], text: str, points: float
) -> None:
    x, y = at
    _, fill, hatch, ink = face
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=fill, hatch=hatch,
                           edgecolor="white", linewidth=0.5)).set_clip_on(False)  # fmt: skip
    ax.text(x, y, text, color=ink, fontsize=points, ha="center", va="center",
            bbox={"facecolor": fill, "edgecolor": "none", "pad": 0.6})  # fmt: skip


def _cell(corner: tuple[float, float], fill: str, hatch: str, *, label: str = "") -> Patch:
    return Rectangle(corner, 1, 1, facecolor=fill, hatch=hatch, edgecolor=INK, linewidth=0.5,
                     label=label)  # fmt: skip


def _codes(answers: Mapping[str, None]) -> dict[str, str]:
    """Return a short code for each answer: a letter, and where several share it a number."""
    by_letter: dict[str, list[str]] = {}
    for answer in answers:
        by_letter.setdefault(_letter(answer), []).append(answer)
    codes: dict[str, str] = {}
    for letter, same in by_letter.items():
        numbers = ["".join(filter(str.isdigit, answer)) for answer in same]
        if len(same) == 1:
            numbers = [""]
        elif len(set(numbers)) < len(same) or "" in numbers:
            numbers = [chr(ord("a") + k) for k in range(len(same))]
        codes |= {answer: letter + number for answer, number in zip(same, numbers, strict=True)}
    return codes


def _letter(answer: str) -> str:
    if answer.startswith("stop"):
        return "M" if answer.endswith("is the MTD") else "X"
    return answer[:1].upper() or "?"
