"""Pictures of single trials: who was treated at which level, and who had a DLT."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from escalation.errors import InputError
from escalation.figures.layout import (
    PAGE_WIDTH,
    caption,
    first_lines,
    header_lines,
    label_counts,
    legend_above,
    new_axes,
    plain,
    text_width,
    wrap,
    write_header,
)
from escalation.figures.style import (
    INK,
    LIGHT,
    MIDDLE,
    styled,
)
from simulations.engines.simulated import SimulatedTrials
from simulations.graph.build import INCONCLUSIVE, NO_MTD
from simulations.plots.provenance import describe_scenario

__all__ = ["plot_trajectories", "plot_trajectory"]

_NAMES, _SMALL = 0.75, 5.5  # labels wider than so many inches have so many points
_MOST = 24


@styled
def plot_trajectory(
    trials: SimulatedTrials,
    trial: int = 1,
    *,
    level_names: Sequence[str],
    design: str,
    scenario: str,
    seed: int,
    trial_title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot one simulated trial: dose level by patient, DLTs marked, and the MTD at the end.

    A cohort is simulated as a number of DLTs, so that those with one stand last within it.

    Parameters
    ----------
    trials : SimulatedTrials
    trial : int
        Its number, as ``trials`` number them.
    level_names : sequence of str, length L
    design, scenario : str
    seed : int
        With ``design`` and ``scenario``, for the caption.
    trial_title : str
        The title of the trial that is simulated.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes(ax, (3.25 + max(0.0, _widest(level_names) - _NAMES), 2.2))
    _draw(ax, trials, trial, level_names)
    points = legend_above(ax, n_columns=4)
    method = f"simulated trial {trial:,}, seed {seed}: {_end(trials, trial, level_names)}"
    caption(ax, design, describe_scenario(scenario), method, trial=trial_title, points=points)
    return ax


@styled
def plot_trajectories(
    trials: SimulatedTrials,
    shown: Sequence[int] | None = None,
    *,
    level_names: Sequence[str],
    design: str,
    scenario: str,
    seed: int,
    trial_title: str = "",
) -> Figure:
    """Plot several simulated trials side by side, the first six by default.

    Parameters are those of ``plot_trajectory``; ``shown`` are the trials' numbers.
    """
    if shown is None:
        shown = _numbers(trials)[:6]
    if not 1 <= len(shown) <= _MOST:
        raise InputError(f"1 to {_MOST} trials fit on a page, not {len(shown)}")
    n_columns = min(3, len(shown))
    n_rows = -(-len(shown) // n_columns)
    words = [design, f"{describe_scenario(scenario)}; simulated trials, seed {seed}"]
    lines, head = header_lines(trial_title, words, PAGE_WIDTH)
    height = 0.5 + n_rows * max(1.1, 0.35 + 0.16 * len(level_names))
    figure = Figure(figsize=(PAGE_WIDTH, head + height), layout="constrained")
    above, area = figure.subfigures(2, 1, height_ratios=[head, height], squeeze=False)[:, 0]
    write_header(above, "Simulated trials", lines, trial=trial_title, page="", inches=head,
                 width=PAGE_WIDTH)  # fmt: skip
    panels = area.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for place, ax in enumerate(panels.flat):
        if place >= len(shown):
            ax.set_visible(False)
            continue
        _draw(ax, trials, shown[place], level_names)
        end = f"trial {shown[place]:,}: {_end(trials, shown[place], level_names)}"
        ax.set_title(wrap(end, (PAGE_WIDTH - 0.5) / n_columns - 0.15, 6.5))
        ax.label_outer()
        if place + n_columns >= len(shown):  # the lowest panel of its column
            ax.tick_params(labelbottom=True)
            ax.set_xlabel("Patient")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    area.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    return figure


def _draw(ax: Axes, trials: SimulatedTrials, trial: int, level_names: Sequence[str]) -> None:
    one = _pick(trials, trial)
    no_dlt: list[tuple[int, int]] = []
    dlt: list[tuple[int, int]] = []
    path: list[tuple[int, int]] = []
    [(_, course)] = one.courses()
    for _, level, n_patients, n_dlts in course:
        first = len(path) + 1
        cohort = [(first + k, level) for k in range(n_patients)]
        path += cohort
        no_dlt += cohort[: n_patients - n_dlts]
        dlt += cohort[n_patients - n_dlts :]
        ends = (cohort[0][0] - 0.35, cohort[-1][0] + 0.35)
        ax.plot(ends, (level, level), color=LIGHT, linewidth=8, solid_capstyle="butt", zorder=1)
    ax.plot(*_columns(path), color=MIDDLE, linewidth=0.7, zorder=2)
    for points, face, marker, label in (
        (no_dlt, "white", "o", "no DLT"),
        (dlt, INK, "X", "DLT"),
    ):
        ax.plot(*_columns(points), linestyle="none", marker=marker, markersize=4.5, zorder=3,
                markerfacecolor=face, markeredgecolor=INK, markeredgewidth=0.6,
                label=label)  # fmt: skip
    mtd = [(len(path) + 1, level) for level in one.mtds().tolist() if level >= 0]
    ax.plot(*_columns(mtd), linestyle="none", marker="*", markersize=8, color=INK, label="MTD")
    ax.set_ylim(-0.6, len(level_names) - 0.4)
    if _widest(level_names) > _NAMES:
        ax.tick_params(axis="y", labelsize=_SMALL)
    ax.set_yticks(range(len(level_names)), [plain(name) for name in first_lines(level_names)])
    ax.set_ylabel("Dose level")
    label_counts(ax, "Patient")


def _widest(level_names: Sequence[str]) -> float:
    """Return how wide the widest label is, in inches."""
    size = float(mpl.rcParams["ytick.labelsize"])
    return max(text_width(name, size) for name in first_lines(level_names))


def _numbers(trials: SimulatedTrials) -> range:
    return range(trials.first, trials.first + len(trials.states))


def _pick(trials: SimulatedTrials, trial: int) -> SimulatedTrials:
    """Return one trial alone."""
    numbers = _numbers(trials)
    if trial not in numbers:
        raise InputError(f"there is no trial {trial}; these are {numbers[0]} to {numbers[-1]}")
    place = numbers.index(trial)
    states = trials.states[place : place + 1]
    return SimulatedTrials(graph=trials.graph, states=states, first=trial)


def _columns(points: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [x for x, _ in points], [y for _, y in points]


def _end(trials: SimulatedTrials, trial: int, level_names: Sequence[str]) -> str:
    [mtd] = _pick(trials, trial).mtds().tolist()
    names = {NO_MTD: "no MTD", INCONCLUSIVE: "MTD not determined"}
    return names.get(mtd) or f"MTD is level {plain(first_lines(level_names)[mtd])}"
