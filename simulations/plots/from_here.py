"""Where a trial can end from here as a picture: a bar a scenario, in parts for each end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Patch
from numpy.typing import NDArray

from escalation.figures.layout import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    new_axes,
    place_above,
    plain,
    shares_of,
    shorten,
    text_width,
    wrap,
)
from escalation.figures.picture import Picture
from escalation.figures.style import INK, styled
from escalation.reports.packet import Basis
from escalation.reports.view import Block, Figure
from simulations.reports.from_here import Ends, ends_from_here

__all__ = ["draw_ends", "ends_drawn", "plot_ends"]

_ROW = 0.3  # inches of a scenario
_AROUND = 1.1  # inches above and below the bars
_NAME = 1.2  # inches of a scenario's name
_ACROSS = PAGE_WIDTH - _NAME - 0.35  # inches of a whole bar, about
_LOW, _HIGH = "#e6eef4", "#1f3b50"  # the lowest level and the highest; in grey too
_LARGE = 0.005  # a share that is worth a word


class _End(NamedTuple):
    name: str
    brief: str
    face: str
    hatch: str
    chances: NDArray[np.float64]


def ends_drawn(basis: Basis, number: str) -> Iterator[Block]:
    """Yield the chances of each end as ``ends_from_here``, with their picture."""
    yield from ends_from_here(basis, number, draw_ends)


def draw_ends(ends: Ends, number: str) -> Iterator[Figure]:
    """Yield the picture with its words; several where there are many scenarios."""
    pages = shares_of(len(ends.scenarios), int((PAGE_HEIGHT - _AROUND) / _ROW))
    for page, rows in enumerate(pages, start=1):
        which = f", page {page} of {len(pages)}" if len(pages) > 1 else ""
        caption = f"{number} Where the trial can end from here, by scenario{which}"
        words = _say(ends, range(len(ends.scenarios))[rows])
        yield Figure(caption, words, Picture(plot_ends(ends, rows=rows), words).write)


@styled
def plot_ends(ends: Ends, *, rows: slice | None = None, ax: Axes | None = None) -> Axes:
    """Plot a bar a scenario, from left to right: no MTD, the MTD at each level, not determined.

    Parameters
    ----------
    ends : Ends
    rows : slice, optional
        Which of the scenarios; by default all.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    shown = range(len(ends.scenarios))[rows or slice(None)]
    ax = new_axes(ax, (PAGE_WIDTH, _AROUND + _ROW * len(shown)))
    kinds = list(_ends(ends))
    for row, place in enumerate(shown):
        left = 0.0
        for end in kinds:
            share = float(end.chances[place])
            ax.barh(row, share, left=left, height=0.72, color=end.face, hatch=end.hatch,
                    edgecolor=INK, linewidth=0.5)  # fmt: skip
            _write(ax, row, left + share / 2, share, end)
            left += share
    names = [wrap(plain(shorten(ends.scenarios[k].name, 40)), _NAME, 7) for k in shown]
    ax.set_yticks(range(len(shown)), names)
    ax.set_ylim(len(shown) - 0.45, -0.55)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, 1)
    ax.set_xticks(np.linspace(0, 1, 6), [f"{k} %" for k in range(0, 101, 20)])
    ax.set_xlabel("Probability of the end, if the rule is followed from here")
    handles = [
        Patch(facecolor=one.face, hatch=one.hatch, edgecolor=INK, linewidth=0.5) for one in kinds
    ]
    place_above(ax, handles, [plain(one.name) for one in kinds], len(kinds))
    return ax


def _ends(ends: Ends) -> Iterator[_End]:
    """Yield the ends that have any chance, from the most toxic drug to the least."""
    if ends.p_no_mtd.any():
        yield _End("no MTD", "no MTD", "#f0b27a", "////", ends.p_no_mtd)
    ramp = LinearSegmentedColormap.from_list("levels", [_LOW, _HIGH])
    n_levels = len(ends.labels)
    for level, label in enumerate(ends.labels):
        face = to_hex(ramp(level / max(n_levels - 1, 1)))
        yield _End(f"MTD at level {label}", f"MTD {label}", face, "", ends.p_mtd[:, level])
    if ends.p_open.any():
        yield _End("not determined", "open", "white", "....", ends.p_open)


def _write(ax: Axes, row: int, middle: float, share: float, end: _End) -> None:
    """Write into a part of a bar what it is and how likely, as much of it as fits."""
    points = float(mpl.rcParams["xtick.labelsize"])
    percent = f"{100 * share:.0f} %"
    room = share * _ACROSS - 0.08
    for said in (f"{end.brief}: {percent}", percent):
        if text_width(said, points) <= room:
            break
    else:
        return
    is_dark = _lightness(end.face) < 0.5
    beneath = {"facecolor": end.face, "edgecolor": "none", "pad": 0.8} if end.hatch else None
    ax.text(middle, row, plain(said), ha="center", va="center", fontsize=points,
            color="white" if is_dark else INK, bbox=beneath, clip_on=True)  # fmt: skip


def _lightness(color: str) -> float:
    red, green, blue = mpl.colors.to_rgb(color)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _say(ends: Ends, shown: Sequence[int]) -> str:
    """Say under each scenario the ends that are not next to impossible, the likeliest first."""
    said = []
    for place in shown:
        chances = [(float(end.chances[place]), end.name) for end in _ends(ends)]
        likely = sorted((one for one in chances if one[0] >= _LARGE), reverse=True)
        listed = ", ".join(f"{name} {100 * share:.0f} %" for share, name in likely)
        said.append(f"under {ends.scenarios[place].name}, {listed}")
    return (
        "A bar a scenario, in parts as long as each end is likely, from no MTD over the levels, "
        f"lowest first: {'; '.join(said)}."
    )
