"""Where text stands in a picture: measured, so that none leaves the figure or crosses another.

Widths are those of the font that is drawn, not numbers of letters. A picture of its own is a
``Sheet``: it grows until its axes have the height they were meant to have, however much stands
around them.
"""

from __future__ import annotations

import functools
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import Container
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator

__all__ = [
    "HALF_PAGE",
    "LINE_SPACING",
    "PAGE_HEIGHT",
    "PAGE_WIDTH",
    "SHEET_WIDTH",
    "Sheet",
    "caption",
    "first_lines",
    "header_lines",
    "in_order",
    "keep_inside",
    "label_counts",
    "label_levels",
    "legend_above",
    "legend_beside",
    "line_height",
    "new_axes",
    "outcome_places",
    "place_above",
    "plain",
    "row_title",
    "say_page",
    "shares_of",
    "shorten",
    "text_width",
    "title_across",
    "wrap",
    "write_header",
]

PAGE_WIDTH = 6.5  # inches, of a picture in a text
HALF_PAGE = (3.25, 2.6)
SHEET_WIDTH = 7.5  # of a page of its own; with margins, A4 and US letter alike
PAGE_HEIGHT = 10.0
LINE_SPACING = 1.25
_MARGIN = 0.06
_AROUND = 0.9  # inches of a picture's height that are not its axes: caption, ticks and label
_TITLE = 8.5  # points, of the trial's title
_HANDLE = 0.37  # of a legend, with the gaps beside its text
_HINTING = 1.04  # letters drawn on pixels are at most so much wider than their outlines


@functools.lru_cache(maxsize=4096)
def text_width(text: str, points: float, *, bold: bool = False) -> float:
    """Return how wide one line of text is, in inches."""
    font = FontProperties(family="DejaVu Sans", size=points, weight="bold" if bold else "normal")
    with warnings.catch_warnings():  # of letters that the font lacks; boxes are drawn
        warnings.filterwarnings("ignore", message=".*missing from", category=UserWarning)
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72 * _HINTING


def line_height(points: float) -> float:
    """Return the height of a line of text, in inches."""
    return points * LINE_SPACING / 72


def wrap(text: str, inches: float, points: float, *, bold: bool = False) -> str:
    """Break a text at blanks into lines that fit, and a word that is too long within it.

    Line ends in the text stay.
    """
    return "\n".join(
        line for part in text.split("\n") for line in _lines(part, inches, points, bold=bold)
    )


def _lines(text: str, inches: float, points: float, *, bold: bool) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".lstrip()
        if text_width(longer, points, bold=bold) <= inches:
            line = longer
            continue
        if line:
            yield line
        *full, line = _pieces(word, inches, points, bold=bold)
        yield from full
    yield line


def _pieces(word: str, inches: float, points: float, *, bold: bool) -> Iterator[str]:
    """Yield a word in pieces that fit, broken after punctuation where there is some."""
    while len(word) > 1 and text_width(word, points, bold=bold) > inches:
        n = 1
        while text_width(word[: n + 1], points, bold=bold) <= inches:
            n += 1
        for marks in (r"[,;:/]", r"[-_.+)=]"):
            ends = [found.end() for found in re.finditer(marks, word[:n])]
            if ends and ends[-1] > n / 3:
                n = ends[-1]
                break
        yield word[:n]
        word = word[n:]
    yield word


def plain(text: str) -> str:
    """Return a text that matplotlib prints as it stands, dollar signs included."""
    return text.replace("$", r"\$")


def shorten(text: str, width: int = 120) -> str:
    """Cut a text that is longer than ``width`` characters, with an ellipsis that says so."""
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def first_lines(level_names: Sequence[str]) -> list[str]:
    """Return the first line of each level's name, its number."""
    return [name.partition("\n")[0] for name in level_names]


class Sheet(Figure):
    """A figure of one picture, which grows so that its axes keep their height."""

    def __init__(self, size: tuple[float, float]) -> None:
        super().__init__(figsize=size, layout="constrained")
        self.axes_height = size[1] - _AROUND

    def settle(self, ax: Axes, words: str, pad: float) -> None:
        """Write the caption in the width that there is, and take the height that is needed."""
        points = float(mpl.rcParams["axes.titlesize"])
        lines = wrap(words, self.get_figwidth() - _AROUND, points).count("\n")
        self.set_figheight(
            self.get_figheight() + lines * line_height(points) + self._title_height()
        )
        for _ in range(4):
            self.get_layout_engine().execute(self)  # type: ignore[union-attr]  # it has one
            left = ax.get_window_extent().x0 / self.dpi
            filled = wrap(words, self.get_figwidth() - left - _MARGIN, points)
            changed = filled != ax.get_title(loc="left")
            ax.set_title(filled, pad=pad)
            height = ax.get_position(original=True).height * self.get_figheight()
            lacking = self.axes_height - height
            if not changed and abs(lacking) < 0.02:
                return
            self.set_figheight(self.get_figheight() + lacking)

    def _title_height(self) -> float:
        title = self.get_suptitle()
        return line_height(_TITLE) * (title.count("\n") + 1) if title else 0.0


def new_axes(ax: Axes | None, size: tuple[float, float] = HALF_PAGE) -> Axes:
    """Return ``ax``, or axes on a sheet of its own of ``size`` inches, unknown to pyplot."""
    if ax is None:
        return Sheet(size).add_subplot()
    ax.tick_params(labelsize=mpl.rcParams["xtick.labelsize"])  # they were made in another style
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_fontsize(mpl.rcParams["axes.labelsize"])
    return ax


def _inches(ax: Axes) -> float:
    """Return the axes' width, before the layout about what it will be."""
    return float(ax.bbox.width / ax.figure.dpi)


def caption(ax: Axes, *parts: str, trial: str = "", points: float = 0) -> None:
    """Say above the axes what they show, ``points`` further up.

    On a sheet of its own the trial's title stands on top, and the caption reaches to the sheet's
    edge, elsewhere to that of the axes.
    """
    words = plain("; ".join(part for part in parts if part))
    pad = 4 + points
    figure = ax.figure
    if isinstance(figure, Sheet):
        if trial:
            title = wrap(plain(trial), figure.get_figwidth() - 2 * _MARGIN, _TITLE, bold=True)
            figure.suptitle(title, x=_MARGIN / figure.get_figwidth(), horizontalalignment="left",
                            fontsize=_TITLE, weight="bold", linespacing=LINE_SPACING)  # fmt: skip
        figure.settle(ax, words, pad)
        return
    if trial:
        words = f"{plain(trial)}; {words}"
    inches = max(1.5, _inches(ax))
    ax.set_title(wrap(words, inches, float(mpl.rcParams["axes.titlesize"])), pad=pad)


def title_across(ax: Axes, text: str, points: float) -> None:
    """Write a title above the first axes of a row that may reach over the others.

    The layout keeps its height free, and takes no notice of its width.
    """
    ax.set_title("\n".join(" " for _ in text.split("\n")), fontsize=points)
    written = ax.annotate(text, (0, 1), (0, 5), xycoords="axes fraction", fontsize=points,
                          textcoords="offset points", weight="bold", va="bottom",
                          annotation_clip=False)  # fmt: skip
    written.set_in_layout(False)


def keep_inside(ax: Axes) -> None:
    """Tell the layout that texts and cells within the axes stay there, which saves its time."""
    for artist in (*ax.texts, *ax.patches):
        artist.set_in_layout(False)


def legend_above(ax: Axes, n_columns: int) -> float:
    """Put the legend between the axes and the caption; return its height in points."""
    handles, labels = in_order(ax)
    if not handles:
        return 0
    return place_above(ax, handles, labels, n_columns)


def place_above(
    ax: Axes, handles: Sequence[Artist], labels: Sequence[str], n_columns: int
) -> float:
    """Do as ``legend_above`` with these handles, in so many columns at most as fit."""
    points = float(mpl.rcParams["legend.fontsize"])
    widest = max(text_width(label, points) for label in labels) + _HANDLE
    figure = ax.figure
    room = figure.get_figwidth() - 0.45 if isinstance(figure, Sheet) else _inches(ax)
    n_columns = max(1, min(n_columns, int((room + 0.1) / widest)))
    ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=n_columns)
    return 2 + 1.36 * points * -(-len(handles) // n_columns)


def legend_beside(ax: Axes, **options: Any) -> None:
    """Put the legend to the right of the axes."""
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), **options)


def in_order(ax: Axes) -> tuple[list[Artist], list[str]]:
    """Return the axes' legend handles and labels, bars and points before lines."""
    handles, labels = ax.get_legend_handles_labels()
    order = sorted(range(len(handles)), key=lambda k: not isinstance(handles[k], Container))
    return [handles[k] for k in order], [labels[k] for k in order]


def label_levels(
    ax: Axes, level_names: Sequence[str], *others: str, inches_beside: float = 0
) -> None:
    """Name the levels at 0, 1 ... on the x axis, and after a gap what is not a level.

    A unit that all doses share goes to the axis' label. Names too wide for their place are broken
    at blanks, then made smaller, and failing that written upright. What stands beside the axes
    makes them narrower than they are before the layout.
    """
    places = outcome_places(len(level_names), len(others))
    ax.set_xlim(-0.6, places[-1] + 0.6)
    inches = _inches(ax) - inches_beside
    names, unit = share_unit(level_names)
    upright = _label_places(ax, places, names, others, max(inches, 0.5) / (places[-1] + 1.2))
    if upright:
        ax.tick_params(axis="x", labelrotation=90)
    ax.tick_params(axis="x", length=0)
    label = wrap(f"Dose level, dose in {unit}", inches, 8) if unit else "Dose level"
    ax.set_xlabel(plain(label))


def share_unit(level_names: Sequence[str]) -> tuple[list[str], str]:
    """Return the names without the unit that all doses have, and that unit, if there is one."""
    lines = [name.split("\n") for name in level_names]
    doses = ["".join(line[1:2]).partition(" ") for line in lines]
    units = {unit for _, _, unit in doses}
    if len(units) != 1 or not all(unit for _, _, unit in doses):
        return list(level_names), ""
    names = [
        "\n".join([line[0], dose, *line[2:]])
        for line, (dose, _, _) in zip(lines, doses, strict=True)
    ]
    return names, units.pop()


def _break(line: str, place: int) -> str:
    """Break a line of a level's name: label and dose at each blank, a regimen where it is long."""
    return line.replace(" ", "\n") if place < 2 else textwrap.fill(line, 12)


def _label_places(
    ax: Axes,
    places: Sequence[float],
    names: Sequence[str],
    others: Sequence[str],
    unit_inches: float,
) -> bool:
    """Write the names in the largest form that fits; return whether they stand upright."""
    broken = ["\n".join(map(_break, name.split("\n"), count())) for name in names]
    folded = [other.replace(" ", "\n") for other in others]
    largest = float(mpl.rcParams["xtick.labelsize"])
    for points in (largest, 6.0, 5.5):
        for written in (names, broken):
            if _fit(places, [*written, *folded], points, unit_inches):
                ax.set_xticks(places, [plain(name) for name in [*written, *folded]])
                ax.tick_params(axis="x", labelsize=points)
                return False
    upright = [name.replace("\n", ", ") for name in names]
    upright += [other.replace("- ", "") for other in others]
    ax.set_xticks(places, [plain(wrap(name, 1.6, largest)) for name in upright])
    return True


def _fit(places: Sequence[float], names: Sequence[str], points: float, unit_inches: float) -> bool:
    """Whether names below places, centred, keep a blank between them."""
    halves = [
        max((text_width(line, points) for line in name.split("\n")), default=0) / 2
        for name in names
    ]
    return all(
        halves[k] + halves[k + 1] + text_width(" ", points)
        <= (places[k + 1] - places[k]) * unit_inches
        for k in range(len(places) - 1)
    )


def outcome_places(n_levels: int, n_others: int) -> list[float]:
    """Return where the levels stand on the x axis, and what is not a level, a little apart."""
    step = max(1.0, n_levels / 5)
    first = n_levels - 1 + max(1.4, 0.7 + step / 2)
    return [*map(float, range(n_levels)), *(first + step * k for k in range(n_others))]


def label_counts(ax: Axes, label: str, values: Sequence[int] = ()) -> None:
    """Name an x axis of whole numbers, marked at ``values`` if these are few."""
    inches = _inches(ax)
    span = (values[-1] - values[0] or 1) if len(values) else 1
    widest = max((text_width(f"{value}", 7) for value in values), default=0) + 0.08
    apart = min((b - a for a, b in pairwise(values)), default=span)
    if 0 < len(values) <= 8 and widest <= apart / (1.3 * span) * inches:
        ax.set_xticks(values)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(max(2, min(8, int(inches / 0.35))), integer=True))
    ax.set_xlabel(label)


def row_title(name: str, p_dlt: Sequence[float], inches: float, points: float) -> str:
    """Say which scenario a row of panels shows, its P(DLT) on a line of its own if need be."""
    curve = f"P(DLT) {', '.join(f'{p:.3g}' for p in p_dlt)}"
    name = plain(shorten(name))
    if text_width(f"{name}:  {curve}", points, bold=True) <= inches:
        return f"{name}:  {curve}"
    return wrap(f"{name}:\n{curve}", inches, points, bold=True)


def write_header(
    area: Figure | SubFigure,
    heading: str,
    words: Sequence[str],
    *,
    trial: str,
    page: str,
    inches: float,
    width: float = SHEET_WIDTH,
) -> None:
    """Write the head of a page: what it shows, of which trial, and what that rests on.

    Parameters
    ----------
    area : Figure or SubFigure
        Its upper edge is that of the page.
    heading : str
    words : sequence of str
        As ``header_lines`` returns them.
    trial : str
        The trial's title.
    page : str
        Stands at the right, as "page 1 of 3".
    inches, width : float
        Height and width of the area.
    """
    left = 0.01
    y = 1 - 0.05 / inches
    area.text(left, y, heading, fontsize=11, weight="bold", va="top")
    area.text(1 - left, y, page, fontsize=7, va="top", ha="right")
    y -= 0.23 / inches
    if trial:
        title = wrap(plain(trial), width - 0.15, _TITLE, bold=True)
        area.text(
            left, y, title, fontsize=_TITLE, weight="bold", va="top", linespacing=LINE_SPACING
        )
        y -= line_height(_TITLE) * len(title.split("\n")) / inches + 0.03 / inches
    area.text(left, y, plain("\n".join(words)), fontsize=7, va="top", linespacing=1.35)


def header_lines(
    trial: str, words: Sequence[str], width: float = SHEET_WIDTH
) -> tuple[list[str], float]:
    """Return what stands in a page's head, in lines, and how high the head is in inches."""
    lines = [
        part
        for text in words
        if text
        for part in wrap(shorten(text, 3000), width - 0.15, 7).split("\n")
    ]
    title = wrap(plain(trial), width - 0.15, _TITLE, bold=True).split("\n") if trial else []
    return lines, 0.37 + 0.137 * len(lines) + (line_height(_TITLE) + 0.02) * len(title)


def say_page(number: int, n_pages: int) -> str:
    """Say which page it is, from 1; nothing where there is one."""
    return f"page {number} of {n_pages}" if n_pages > 1 else ""


def shares_of(n: int, most: int) -> list[slice]:
    """Return ``n`` rows in as few pages of at most ``most`` as there can be, of even length."""
    n_pages = max(1, -(-n // max(1, most)))
    ends = [round(n * page / n_pages) for page in range(n_pages + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]
