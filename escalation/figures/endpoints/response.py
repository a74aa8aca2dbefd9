"""Responses as a picture: a bar a level at each visit, in parts by response."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from escalation.binomial import percent
from escalation.endpoints import Responses
from escalation.errors import InputError
from escalation.figures.endpoints.words import say_trial
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
from escalation.figures.style import DARK, INK, LIGHT, MIDDLE, styled
from escalation.plan import Visit
from escalation.reports.endpoints.response import ResponseTable, responses_in
from escalation.reports.endpoints.words import plan_of
from escalation.trial import TrialState
from escalation.trial.findings.groups import Group

__all__ = ["plot_response", "plot_response_pages"]

# In the order of the plan's choices, told apart as grey by lightness or hatching.
_FILLS = ((DARK, ""), (MIDDLE, ""), (LIGHT, ""), ("white", "...."), (LIGHT, "xxxx"))
_MISSED = ("white", "////")
_BAR = 0.17  # inches
_GAP = 0.14  # between visits
_AROUND = 1.7  # of a page, around the bars
_NAMES = 1.3  # at most, for the name of a visit
_GROUPS = 1.5  # and of a level or a disease
_POINTS = 7.0


def plot_response_pages(state: TrialState, on: date, *, trial: str = "") -> list[Axes]:
    """Plot responses on as many pages as the visits fill."""
    table = _table(state, on)
    pages: list[list[Visit]] = [[]]
    for visit in table.visits:
        if pages[-1] and _height(table, [*pages[-1], visit]) > PAGE_HEIGHT - _AROUND:
            pages.append([])
        pages[-1].append(visit)
    n = len(pages)
    return [
        plot_response(state, on, trial=trial, visits=page, page=say_page(k, n))
        for k, page in enumerate(pages, start=1)
    ]


@styled
def plot_response(
    state: TrialState,
    on: date,
    *,
    trial: str = "",
    visits: Sequence[Visit] | None = None,
    page: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot the shares of patients with each response at each visit, by level and disease.

    Parameters
    ----------
    state : TrialState
    on : date
        Which assessments were due depends on it.
    trial : str
        The trial's name in its ledger; the protocol's title stands above the picture.
    visits : sequence of Visit, optional
        Which of them; by default all.
    page : str
        Which page that is.
    ax : matplotlib.axes.Axes, optional

    Raises
    ------
    InputError
        If nobody has been assessed, or no plan says how response is assessed.
    """
    table = _table(state, on)
    shown = list(table.visits if visits is None else visits)
    choices = list(dict.fromkeys([*table.choices, *table.found]))
    ax = new_axes(ax, (PAGE_WIDTH, 1.1 + _height(table, shown)))
    names = [wrap(plain(shorten(group.name)), _GROUPS, _POINTS) for group in table.groups]
    left = -max(text_width(line, _POINTS) for name in names for line in name.split("\n")) - 0.14
    ticks: list[tuple[float, str]] = []
    y = 0.0
    for number, visit in enumerate(shown):
        if number:
            ax.axhline(y - _GAP / 2, color=LIGHT, linewidth=0.6)
        height = _block_height(table, visit)
        ax.annotate(_name(visit), (0, y + height / 2), (left * 72, 0),
                    xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
                    va="center", fontsize=_POINTS, linespacing=1.1)  # fmt: skip
        place = y + (height - _bars_height(table)) / 2
        for group, name in zip(table.groups, names, strict=True):
            step = _bar_height(name)
            ticks.append((place + step / 2, name))
            _draw_bar(ax, place + step / 2, table.count(group, visit), choices)
            place += step
        y += height + _GAP
    ax.set_ylim(y - _GAP / 2, -_GAP / 2)
    ax.set_yticks([place for place, _ in ticks], [name for _, name in ticks])
    ax.tick_params(axis="y", length=0, labelsize=_POINTS)
    ax.set_xlim(0, 150)
    ax.set_xticks(range(0, 101, 20))
    ax.spines["bottom"].set_bounds(0, 100)
    ax.set_xlabel("Patients whose assessment was due, %")
    ax.xaxis.set_label_coords(1 / 3, -0.32 / (_height(table, shown) + 0.2))
    handles = [
        Patch(facecolor=face, hatch=hatch, edgecolor=INK, linewidth=0.6)
        for face, hatch in [*(_fill(k) for k in range(len(choices))), _MISSED]
    ]
    labels = [*(plain(shorten(choice, 60)) for choice in choices), "not assessed"]
    points = place_above(ax, handles, labels, len(labels))
    responders = " or ".join(table.response.responders)
    kept = "left out of" if table.response.not_assessed == "left out" else "counted in"
    caption(
        ax,
        say_trial(state, trial),
        f"on {on}; beside a bar, {responders}: patients, share and exact "
        f"{100 * table.response.confidence:g} % limits, who was not assessed {kept} the "
        "denominator",
        page,
        trial=(state.protocol.title or "") if state.protocol is not None else "",
        points=points,
    )
    return ax


def _table(state: TrialState, on: date) -> ResponseTable:
    table = responses_in(state, plan_of(state), on)
    if not table.has_data:
        raise InputError("no response is recorded of anybody who was dosed")
    return table


def _draw_bar(ax: Axes, y: float, found: Responses, choices: Sequence[str]) -> None:
    counts = [found.shares[choice].count for choice in choices] + [found.n_not_assessed]
    fills = [*(_fill(k) for k in range(len(choices))), _MISSED]
    n_due = sum(counts)
    start = 0.0
    for n, (face, hatch) in zip(counts, fills, strict=True):
        if n:
            width = 100 * n / n_due
            ax.barh(y, width, 0.78 * _BAR, left=start, color=face, hatch=hatch, edgecolor=INK,
                    linewidth=0.6)  # fmt: skip
            start += width
    ax.annotate(_say(found), (100 if n_due else 0, y), (4, 0), va="center",
                textcoords="offset points", fontsize=6, color=DARK)  # fmt: skip


def _say(found: Responses) -> str:
    share = found.responded
    later = f"{found.n_not_due} not due" if found.n_not_due else ""
    if share.proportion is None or share.lower is None or share.upper is None:
        return later or "nobody assessed"
    said = f"{share.count}/{share.among}, {percent(share.proportion)} % "
    said += f"({percent(share.lower, share.upper)})"
    return f"{said}; {later}" if later else said


def _fill(place: int) -> tuple[str, str]:
    return _FILLS[place % len(_FILLS)]


def _name(visit: Visit) -> str:
    return wrap(plain(shorten(f"{visit.label}, day {visit.day}")), _NAMES, _POINTS)


def _bar_height(name: str) -> float:
    return max(_BAR, line_height(_POINTS) * (name.count("\n") + 1) + 0.02)


def _bars_height(table: ResponseTable) -> float:
    return sum(_bar_height(_group_name(group)) for group in table.groups)


def _group_name(group: Group) -> str:
    return wrap(plain(shorten(group.name)), _GROUPS, _POINTS)


def _block_height(table: ResponseTable, visit: Visit) -> float:
    lines = _name(visit).count("\n") + 1
    return max(_bars_height(table), line_height(_POINTS) * lines)


def _height(table: ResponseTable, visits: Sequence[Visit]) -> float:
    return sum(_block_height(table, visit) + _GAP for visit in visits)
