"""How many came how far, as CONSORT draws it: from screening to analysis, a column a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.figures.layout import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    line_height,
    plain,
    say_page,
    shares_of,
    shorten,
    text_width,
    wrap,
)
from escalation.figures.style import DARK, INK, styled
from escalation.reports.screening.flow import some_reasons
from escalation.text import with_powers
from escalation.trial import TrialState
from escalation.trial.screening.flow import Flow, LevelFlow, Reason, count_flow

__all__ = ["plot_flow", "plot_flow_pages"]

_POINTS = 7.0
_LINE = line_height(_POINTS)
_PAD = 0.07  # inches between a box and its text
_GAP = 0.26  # inches of an arrow
_INDENT = 0.11  # inches a step
_STAGE = 0.3  # inches at the left, for the name of the stage
_MAIN = 2.3  # inches of the boxes in the trunk, and of a level's at most
_EDGE = 0.03
_COLUMNS = 4  # levels side by side
_MOST_REASONS = 8
_TITLE = 8.5
_LETTERS = 130  # of a reason


@dataclass(frozen=True, slots=True)
class _Box:
    """Lines of text in a box: how far each is indented, and whether it is bold."""

    width: float
    lines: list[tuple[int, str, bool]] = field(default_factory=list)

    def add(self, text: str, depth: int = 0, *, bold: bool = False) -> None:
        """Add a text, broken where the box ends, behind what it begins with."""
        inches = self.width - 2 * _PAD - _INDENT * depth
        text = plain(with_powers(text))
        lines = wrap(text, inches, _POINTS, bold=bold).split("\n")
        if len(lines) > 1:  # the others hang below the first
            lines = wrap(text, inches - _INDENT, _POINTS, bold=bold).split("\n")
        for place, line in enumerate(lines):
            self.lines.append((depth + (place > 0), line, bold))

    def add_reasons(self, reasons: Sequence[Reason], depth: int) -> None:
        for reason in some_reasons(reasons, _MOST_REASONS):
            self.add(f"{shorten(reason.text, _LETTERS)} (n = {reason.n})", depth)

    @property
    def height(self) -> float:
        return 2 * _PAD + _LINE * len(self.lines)


def plot_flow_pages(state: TrialState, *, trial: str = "") -> list[Axes]:
    """Plot the flow on as many pages as its levels fill; as ``plot_flow``.

    Raises
    ------
    InputError
        If nobody has been screened or enrolled.
    """
    flow = count_flow(state)
    rows = _rows_of(flow)
    heights = [_row_height(row) for row in _level_rows(state, flow, rows)]
    pages: list[list[slice]] = [[]]
    used = _Trunk.of(flow).height + 0.5
    for row, height in zip(rows, heights, strict=True):
        if used + height > PAGE_HEIGHT and pages[-1]:
            pages.append([])
            used = 0.8
        pages[-1].append(row)
        used += height
    return [
        plot_flow(
            state,
            trial=trial,
            rows=page,
            page=say_page(number, len(pages)),
            trunk=number == 1,
        )
        for number, page in enumerate(pages, start=1)
    ]


@styled
def plot_flow(
    state: TrialState,
    *,
    trial: str = "",
    rows: Sequence[slice] | None = None,
    page: str = "",
    trunk: bool = True,
    alone: bool = True,
) -> Axes:
    """Plot how many were screened, enrolled, dosed and analysed.

    Parameters
    ----------
    state : TrialState
    trial : str
        The trial's name in its ledger; the protocol's title stands above the picture.
    rows : sequence of slice, optional
        Which of the levels stand side by side, a row each; by default all.
    page : str
        Which page that is.
    trunk : bool
        Whether it begins with screening: a page after the first does not.
    alone : bool
        Whether a title and a caption say what it shows, since nothing around it does.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If nobody has been screened or enrolled.
    """
    flow = count_flow(state)
    if not flow.n_screened:
        raise InputError("nobody has been screened: there is no flow to draw")
    rows = _rows_of(flow) if rows is None else rows
    columns = _level_rows(state, flow, rows)
    head = _head(state, trial, page) if alone else []
    above = sum(height for _, _, height in head) + (0.08 if head else 0)
    begun = _Trunk.of(flow)
    height = above + (begun.height if trunk else 0.1) + sum(map(_row_height, columns)) + 2 * _EDGE
    ax = _canvas(height)
    y = height - _EDGE
    for text, bold, taken in head:
        points = _TITLE if bold else 6.5
        ax.text(_EDGE, y, plain(text), fontsize=points, weight="bold" if bold else "normal",
                va="top", linespacing=1.25)  # fmt: skip
        y -= taken
    y = height - _EDGE - above
    if trunk:
        y = begun.draw(ax, y)
    _draw_levels(ax, y, columns, below_trunk=trunk)
    return ax


def _canvas(height: float) -> Axes:
    """Return axes that are a page, in inches."""
    figure = Figure(figsize=(PAGE_WIDTH, height))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, PAGE_WIDTH)
    ax.set_ylim(0, height)
    ax.axis("off")
    return ax


def _head(state: TrialState, trial: str, page: str) -> list[tuple[str, bool, float]]:
    """Return the title and the caption, each with its height."""
    found = []
    title = "" if state.protocol is None else state.protocol.title or ""
    inches = PAGE_WIDTH - 2 * _EDGE
    if title:
        said = wrap(title, inches, _TITLE, bold=True)
        found.append((said, True, line_height(_TITLE) * (said.count("\n") + 1) + 0.05))
    name = "" if state.protocol is None else state.protocol.name
    parts = (trial and f"trial {trial}", name, f"as known after entry {state.seq}", page)
    said = wrap("; ".join(filter(None, parts)), inches, 6.5)
    found.append((said, False, line_height(6.5) * (said.count("\n") + 1) + 0.05))
    return found


# ---------------------------------------------------------------- from screening to dosing


@dataclass(frozen=True, slots=True)
class _Trunk:
    """Screened, enrolled, dosed, and beside each who came no further."""

    boxes: tuple[_Box, ...]
    beside: tuple[_Box, ...]

    @classmethod
    def of(cls, flow: Flow) -> _Trunk:
        return cls(
            (
                _titled(f"Screened (n = {flow.n_screened})"),
                _titled(f"Enrolled (n = {flow.all.n_enrolled})", *_of_enrolled(flow)),
                _titled(f"Dosed (n = {flow.all.n_dosed})"),
            ),
            (_not_enrolled(flow), _not_dosed(flow.all)),
        )

    @property
    def gaps(self) -> list[float]:
        """The heights between the boxes: an arrow, or what stands beside it."""
        return [max(2 * _GAP, side.height + 0.16) for side in self.beside]

    @property
    def height(self) -> float:
        return sum(box.height for box in self.boxes) + sum(self.gaps)

    def draw(self, ax: Axes, y: float) -> float:
        """Draw it from a height downwards; return where it ends."""
        left = _STAGE + _EDGE
        middle = left + _MAIN / 2
        beside = left + _MAIN + 0.25
        gaps = [*self.gaps, 0.0]
        sides: list[_Box | None] = [*self.beside, None]
        top = y
        for place, (box, gap, side) in enumerate(zip(self.boxes, gaps, sides, strict=True)):
            _draw_box(ax, left, y, box, centred=True)
            if place == 1:
                _name_stage(ax, "Enrolment", top, y + gaps[0] / 2)
            y -= box.height
            if side is not None:
                _arrow(ax, (middle, y), (middle, y - gap))
                _arrow(ax, (middle, y - gap / 2), (beside, y - gap / 2))
                _draw_box(ax, beside, y - gap / 2 + side.height / 2, side)
                y -= gap
        return y


def _titled(title: str, *more: str, width: float = _MAIN) -> _Box:
    box = _Box(width)
    box.add(title, bold=True)
    for text in more:
        box.add(text)
    return box


def _of_enrolled(flow: Flow) -> list[str]:
    n = flow.n_unscreened
    return [f"without a screening on record (n = {n})"] if n else []


_BESIDE = PAGE_WIDTH - _EDGE - (_STAGE + _EDGE + _MAIN + 0.25)


def _not_enrolled(flow: Flow) -> _Box:
    box = _Box(_BESIDE)
    failed, left = (sum(r.n for r in reasons) for reasons in (flow.failed, flow.left))
    box.add(f"Not enrolled (n = {failed + left + flow.n_in_screening})", bold=True)
    if failed:
        box.add(f"failed screening (n = {failed})", 1)
        box.add_reasons(flow.failed, 2)
    if left:
        box.add(f"left before (n = {left})", 1)
        box.add_reasons(flow.left, 2)
    if flow.n_in_screening:
        box.add(f"in screening (n = {flow.n_in_screening})", 1)
    return box


def _not_dosed(level: LevelFlow) -> _Box:
    box = _Box(_BESIDE)
    box.add(f"Not dosed (n = {level.n_enrolled - level.n_dosed})", bold=True)
    box.add_reasons(level.not_dosed, 1)
    if level.n_waiting:
        box.add(f"waiting (n = {level.n_waiting})", 1)
    return box


# ---------------------------------------------------------------- the levels


def _rows_of(flow: Flow) -> list[slice]:
    """Return which of the levels with somebody dosed stand side by side."""
    n = sum(level.n_dosed > 0 for level in flow.levels)
    return shares_of(n, _COLUMNS) if n else []


def _level_rows(
    state: TrialState, flow: Flow, rows: Sequence[slice]
) -> list[list[tuple[_Box, _Box, _Box]]]:
    """Return for each row of levels their three boxes, of one height in each row."""
    levels = [level for level in flow.levels if level.n_dosed]
    n = max((len(levels[row]) for row in _rows_of(flow)), default=1)
    room = PAGE_WIDTH - 2 * _EDGE - _STAGE
    width = min(_MAIN, (room - 0.12 * (n - 1)) / n)
    return [[_boxes_of(state, level, width) for level in levels[row]] for row in rows]


def _boxes_of(state: TrialState, level: LevelFlow, width: float) -> tuple[_Box, _Box, _Box]:
    protocol = state.protocol
    name = f"level {level.label}"
    if protocol is not None and level.label in protocol.labels:
        name = protocol.describe_level(protocol.labels.index(level.label), briefly=True)
    allocated = _Box(width)
    label, comma, dose = name.partition(", ")
    allocated.add(f"{label[:1].upper()}{label[1:]}", bold=True)
    if comma:
        allocated.add(dose)
    allocated.add(f"dosed (n = {level.n_dosed})")
    followed = _Box(width)
    n_left = sum(reason.n for reason in level.left)
    followed.add(f"in the study (n = {level.n_on_study})")
    if level.n_completed:
        followed.add(f"completed (n = {level.n_completed})")
    followed.add(f"left the study (n = {n_left})")
    followed.add_reasons(level.left, 1)
    analysed = _Box(width)
    analysed.add(f"safety (n = {level.n_dosed})")
    analysed.add(f"evaluable for DLTs (n = {level.n_evaluable})")
    analysed.add(f"with a DLT (n = {level.n_dlts})", 1)
    if level.n_pending:
        analysed.add(f"pending (n = {level.n_pending})")
    if level.n_not_evaluable:
        analysed.add(f"not evaluable (n = {level.n_not_evaluable})")
    if level.n_replaced:
        analysed.add(f"replaced (n = {level.n_replaced})")
    return allocated, followed, analysed


_BUS = 0.22  # inches from the trunk, or the row above, to the line that joins the levels


def _row_height(row: Sequence[tuple[_Box, _Box, _Box]]) -> float:
    return sum(_tallest(row, place) for place in range(3)) + 2 * _GAP + _BUS + 0.18


def _tallest(row: Sequence[tuple[_Box, _Box, _Box]], place: int) -> float:
    return max(boxes[place].height for boxes in row)


def _draw_levels(
    ax: Axes,
    y: float,
    rows: Sequence[Sequence[tuple[_Box, _Box, _Box]]],
    *,
    below_trunk: bool,
) -> None:
    """Draw rows of levels below the trunk, which goes on at the left to those further down."""
    trunk = _STAGE + _EDGE + _MAIN / 2
    for number, row in enumerate(rows):
        width = row[0][0].width
        lefts = [_STAGE + _EDGE + k * (width + 0.12) for k in range(len(row))]
        middles = [left + width / 2 for left in lefts]
        bus = y - _BUS
        if number == 0 and below_trunk:
            ends = [*middles, trunk]
            _line(ax, (trunk, y), (trunk, bus))
        else:
            ends = [*middles, _SIDE]
        _line(ax, (min(ends), bus), (max(ends), bus))
        if number + 1 < len(rows):
            _line(ax, (_SIDE, bus), (_SIDE, bus - _row_height(row)))
            _line(ax, (_SIDE, bus), (min(ends), bus))
        top = bus - 0.18
        for place, stage in enumerate(("Allocation", "Follow-up", "Analysis")):
            tallest = _tallest(row, place)
            for left, middle, boxes in zip(lefts, middles, row, strict=True):
                _arrow(ax, (middle, top + _GAP if place else bus), (middle, top))
                _draw_box(ax, left, top, boxes[place], height=tallest)
            _name_stage(ax, stage, top, top - tallest)
            top -= tallest + _GAP
        y = top + _GAP


_SIDE = _STAGE - 0.04  # where a line leads down to the next row of levels


# ---------------------------------------------------------------- what is drawn


def _draw_box(
    ax: Axes,
    left: float,
    top: float,
    box: _Box,
    *,
    centred: bool = False,
    height: float | None = None,
) -> None:
    height = box.height if height is None else height
    ax.add_patch(
        Rectangle((left, top - height), box.width, height, facecolor="white", edgecolor=INK,
                  linewidth=0.8, zorder=2)
    )  # fmt: skip
    for place, (depth, text, bold) in enumerate(box.lines):
        x = left + (box.width / 2 if centred else _PAD + _INDENT * depth)
        ax.text(x, top - _PAD - _LINE * (place + 0.5), text, fontsize=_POINTS, zorder=3,
                weight="bold" if bold else "normal", va="center_baseline",
                ha="center" if centred else "left")  # fmt: skip


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, zorder=1, arrowprops={
        "arrowstyle": "-|>,head_width=0.18,head_length=0.32", "color": INK, "linewidth": 0.8,
        "shrinkA": 0, "shrinkB": 0,
    })  # fmt: skip


def _line(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.plot([start[0], end[0]], [start[1], end[1]], "-", color=INK, linewidth=0.8, zorder=1)


def _name_stage(ax: Axes, name: str, top: float, bottom: float) -> None:
    """Write the name of a stage upright beside its boxes, as far as it has room there."""
    room = top - bottom + _GAP  # half of the arrow above it, and half of the one below
    points = min(_POINTS, _POINTS * room / text_width(name, _POINTS, bold=True))
    ax.text(_EDGE + 0.08, (top + bottom) / 2, name, rotation=90, fontsize=points, weight="bold",
            color=DARK, va="center", ha="center")  # fmt: skip
