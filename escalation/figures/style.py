"""How every picture looks: greys that print, one accent, small type, captions that say whence.

Nothing here is set globally: ``styled`` wraps a function that draws, and restores what was set.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import Container
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

__all__ = [
    "ACCENT",
    "DARK",
    "HALF_PAGE",
    "INCHES_A_LETTER",
    "INK",
    "LIGHT",
    "MIDDLE",
    "PAGE_WIDTH",
    "caption",
    "first_lines",
    "in_order",
    "label_counts",
    "label_levels",
    "legend_above",
    "line_styles",
    "new_axes",
    "outcome_places",
    "plain",
    "shorten",
    "styled",
]

PAGE_WIDTH = 6.5  # inches
HALF_PAGE = (3.25, 2.6)
INCHES_A_LETTER = 0.052  # at 7 points, on average

INK = "#1a1a1a"
DARK = "#4d5963"
MIDDLE = "#8d99a3"
LIGHT = "#cdd5dc"
ACCENT = "#b3471d"  # told from the greys by every kind of colour vision; as grey it is DARK

styled = mpl.rc_context(
    {
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.labelsize": 8,
        "axes.linewidth": 0.6,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 6.5,
        "errorbar.capsize": 1.5,
        "font.family": "DejaVu Sans",  # comes with matplotlib, so pictures are alike everywhere
        "font.size": 8,
        "hatch.linewidth": 0.5,
        "legend.borderaxespad": 0.2,
        "legend.borderpad": 0.2,
        "legend.columnspacing": 1.2,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "legend.handlelength": 1.8,
        "legend.handletextpad": 0.5,
        "legend.labelspacing": 0.3,
        "lines.linewidth": 1.1,
        "lines.markersize": 4,
        "text.usetex": False,
        "xtick.labelsize": 7,
        "xtick.major.width": 0.6,
        "ytick.labelsize": 7,
        "ytick.major.width": 0.6,
    }
)

_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (2.5, 1.2)),
    (0, (5, 1.2, 1, 1.2, 1, 1.2)),
)
_MARKERS = "osD^vPX*"
_SHADES = (INK, DARK, "#6f7a84")


def line_styles(n: int) -> list[dict[str, Any]]:
    """Return ``n`` line styles; dashes, marker and shade together tell them apart."""
    markers, dashes, shades = cycle(_MARKERS), cycle(_DASHES), cycle(_SHADES)
    faces = cycle(("white", None))
    return [
        {
            "marker": marker,
            "linestyle": dash,
            "color": shade,
            "markerfacecolor": face or shade,
        }
        for marker, dash, shade, face in islice(
            zip(markers, dashes, shades, faces, strict=False), n
        )
    ]


def new_axes(ax: Axes | None, size: tuple[float, float] = HALF_PAGE) -> Axes:
    """Return ``ax``, or axes on a figure of its own of ``size`` inches, unknown to pyplot."""
    if ax is None:
        return Figure(figsize=size, layout="constrained").add_subplot()
    ax.tick_params(labelsize=mpl.rcParams["xtick.labelsize"])  # they were made in another style
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_fontsize(mpl.rcParams["axes.labelsize"])
    return ax


def plain(text: str) -> str:
    """Return a text that matplotlib prints as it stands, dollar signs included."""
    return text.replace("$", r"\$")


def shorten(text: str, width: int = 60) -> str:
    """Cut a text that is longer than ``width`` characters."""
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def first_lines(level_names: Sequence[str]) -> list[str]:
    """Return the first line of each level's name, its number."""
    return [name.partition("\n")[0] for name in level_names]


def caption(ax: Axes, *parts: str, points: float = 0) -> None:
    """Say above the axes what they show, ``points`` further up, wrapped to the figure's edge."""
    inches = (ax.figure.bbox.x1 - ax.bbox.x0) / ax.figure.dpi
    text = "; ".join(part for part in parts if part)
    ax.set_title(plain(textwrap.fill(text, max(20, int(inches * 19)))), pad=4 + points)


def legend_above(ax: Axes, n_columns: int) -> float:
    """Put the legend between the axes and the caption; return its height in points."""
    handles, labels = in_order(ax)
    if not handles:
        return 0
    ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=n_columns)
    return 2 + 9.5 * -(-len(handles) // n_columns)


def in_order(ax: Axes) -> tuple[list[Artist], list[str]]:
    """Return the axes' legend handles and labels, bars and points before lines."""
    handles, labels = ax.get_legend_handles_labels()
    order = sorted(range(len(handles)), key=lambda k: not isinstance(handles[k], Container))
    return [handles[k] for k in order], [labels[k] for k in order]


def label_levels(
    ax: Axes, level_names: Sequence[str], *others: str, inches_beside: float = 0
) -> None:
    """Name the levels at 0, 1 ... on the x axis, and after a gap what is no level.

    Names too wide for their place are broken at blanks, and failing that written aslant. What
    stands beside the axes makes them narrower than they are before the layout.
    """
    places = outcome_places(len(level_names), len(others))
    ax.set_xlim(-0.6, places[-1] + 0.6)
    inches = ax.bbox.width / ax.figure.dpi - inches_beside
    n_letters = round(inches / (places[-1] + 1.2) / INCHES_A_LETTER)
    names = list(level_names)
    if _longest(names) > n_letters:
        names = [name.replace(" ", "\n") for name in names]
    aslant = _longest(names) > n_letters
    if aslant:
        names = [name.replace("\n", ", ", 1) for name in level_names]
    names += [other.replace("- ", "") if aslant else other.replace(" ", "\n") for other in others]
    ax.set_xticks(places, [plain(name) for name in names])
    if aslant:
        ax.tick_params(axis="x", labelrotation=45)
        for label in ax.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")
    ax.tick_params(axis="x", length=0)
    ax.set_xlabel("Dose level")


def outcome_places(n_levels: int, n_others: int) -> list[float]:
    """Return where the levels stand on the x axis, and what is no level, a little apart."""
    step = max(1.0, n_levels / 5)
    return [*map(float, range(n_levels)), *(n_levels + 0.4 + step * k for k in range(n_others))]


def _longest(names: Sequence[str]) -> int:
    return max(len(line) for name in names for line in name.splitlines() or [""])


def label_counts(ax: Axes, label: str, values: Sequence[int] = ()) -> None:
    """Name an x axis of whole numbers, marked at ``values`` if these are few."""
    if 0 < len(values) <= 8:
        ax.set_xticks(values)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(label)
