"""How long trials take: a row a design or setting, or the whole distribution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from escalation.errors import InputError
from escalation.figures.layout import caption, legend_above, new_axes, plain, shorten
from escalation.figures.style import ACCENT, DARK, INK, LIGHT, MIDDLE, styled
from simulations.engines.timeline.result import Timeline
from simulations.reports.timing import describe_accrual

__all__ = ["draw_distribution", "plot_durations"]


@styled
def plot_durations(
    timelines: Mapping[str, Timeline],
    *,
    design: str = "",
    scenario: str = "",
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot how long trials take, a row each: median, the middle half, and 90 % of them.

    Parameters
    ----------
    timelines : mapping of str to Timeline
        By the name of their row: a design, a scenario, a setting of time.
    design, scenario, trial : str
        For the caption, where all rows are of the same.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        Without timelines.
    """
    if not timelines:
        raise InputError("durations need at least one timeline")
    ax = new_axes(ax, (5.2, 0.9 + 0.34 * len(timelines)))
    _draw_durations(ax, timelines)
    points = legend_above(ax, n_columns=4)
    runs = dict.fromkeys(f"{t.trials:,} trials, seed {t.seed}" for t in timelines.values())
    accruals = dict.fromkeys(describe_accrual(t.timing) for t in timelines.values())
    said = (design, scenario, "; ".join(runs), "; ".join(accruals) if len(accruals) == 1 else "")
    caption(ax, *filter(None, said), trial=trial, points=points)
    return ax


def _draw_durations(ax: Axes, timelines: Mapping[str, Timeline]) -> None:
    for row, timeline in enumerate(timelines.values()):
        (low, _), (left, _), (middle, _), (right, _), (high, _) = timeline.t_decision.quantiles()
        last = timeline.t_last.moments.mean
        first = row == 0
        ax.plot((low, high), (row, row), color=MIDDLE, linewidth=1, zorder=1,
                label="5 % to 95 %" if first else None)  # fmt: skip
        ax.plot((left, right), (row, row), color=LIGHT, linewidth=9, solid_capstyle="butt",
                zorder=2, label="25 % to 75 %" if first else None)  # fmt: skip
        ax.plot((middle, middle), (row - 0.22, row + 0.22), color=INK, linewidth=1.6, zorder=3,
                label="median" if first else None)  # fmt: skip
        mean = timeline.t_decision.moments.mean
        ax.plot(mean, row, linestyle="none", marker="o", markerfacecolor="white", zorder=4,
                markeredgecolor=INK, label="mean" if first else None)  # fmt: skip
        ax.plot(last, row, linestyle="none", marker="|", markersize=9, color=ACCENT, zorder=4,
                label="mean to the last outcome" if first else None)  # fmt: skip
    ax.set_yticks(range(len(timelines)), [plain(shorten(name, 40)) for name in timelines])
    ax.set_ylim(len(timelines) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.set_xlabel("Days from the opening to the last decision")


def draw_distribution(ax: Axes, timeline: Timeline) -> None:
    """Draw the distribution of the days to the last decision and to the last outcome."""
    top = float(np.quantile(timeline.t_last.finished, 0.995))
    for durations, label, face, edge in (
        (timeline.t_decision, "to the last decision", LIGHT, DARK),
        (timeline.t_last, "to the last outcome", "none", ACCENT),
    ):
        values = durations.finished
        weights = np.full(len(values), 100 / timeline.trials)
        ax.hist(values, bins=60, range=(0, top), weights=weights, label=label, linewidth=0.6,
                histtype="stepfilled", facecolor=face, edgecolor=edge)  # fmt: skip
    ax.set_xlim(left=0)
    ax.set_ylabel("Trials, %")
    ax.set_xlabel("Days from the opening of the trial")
    ax.legend(loc="upper right")
