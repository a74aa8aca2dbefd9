"""A tornado as a picture: what moving the P(DLT) of one level does to one characteristic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from escalation.figures.layout import (
    caption,
    first_lines,
    legend_above,
    new_axes,
    plain,
)
from escalation.figures.style import (
    INK,
    LIGHT,
    MIDDLE,
    styled,
)
from simulations.plots.provenance import describe_scenario
from simulations.questions.sensitivity import Tornado
from simulations.words import in_words, is_share

__all__ = ["plot_tornado"]


@styled
def plot_tornado(
    result: Tornado,
    *,
    level_names: Sequence[str],
    design: str,
    scenario: str,
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot a bar a level, from the characteristic at its lower P(DLT) to that at its higher one.

    The level that matters most is at the top.

    Parameters
    ----------
    result : Tornado
    level_names : sequence of str, length L
        The first line of each names the level.
    design, scenario, trial : str
        For the caption; ``trial`` is the trial's title.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    n_levels = len(result.p_dlt)
    ax = new_axes(ax, (4.6, 1.5 + 0.24 * n_levels))
    order = np.argsort(np.abs(result.at_high - result.at_low), kind="stable")
    names = first_lines(level_names)
    for ends, p, color, hatch, label in (
        (result.at_low, result.p_low, LIGHT, "", "P(DLT) lower"),
        (result.at_high, result.p_high, MIDDLE, "////", "P(DLT) higher"),
    ):
        ax.barh(
            range(n_levels),
            (ends - result.value)[order],
            left=result.value,
            height=0.62,
            color=color,
            edgecolor=INK,
            linewidth=0.5,
            hatch=hatch,
            label=label,
        )
        _write_ends(ax, result, ends[order], p[order])
    ax.axvline(result.value, color=INK, linewidth=0.9)
    labels = [f"{names[level]}: {result.p_dlt[level]:.3g}" for level in order]
    ax.set_yticks(range(n_levels), [plain(label) for label in labels])
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("Level: P(DLT)")
    ax.margins(x=0.16)
    kind = "Probability of" if is_share(result.figure) else "Expected"
    at = "" if result.level is None else f", level {names[result.level]}"
    ax.set_xlabel(plain(f"{kind} {in_words(result.figure)}{at}"))
    points = legend_above(ax, n_columns=2)
    target = "" if result.target is None else f"target P(DLT) {result.target:g}"
    method = "exact, one level moved at a time"
    caption(ax, design, describe_scenario(scenario), target, method, trial=trial, points=points)
    return ax


def _write_ends(ax: Axes, result: Tornado, ends: np.ndarray, p: np.ndarray) -> None:
    """Write at each end of a bar the P(DLT) it stands for; not at ends that are hardly apart."""
    spread = max(np.ptp([result.at_low, result.at_high]), 1e-300)
    for place, (end, here) in enumerate(zip(ends, p, strict=True)):
        if abs(end - result.value) > 0.02 * spread:
            right = end > result.value
            ax.annotate(
                f"{here:.3g}",
                (end, place),
                xytext=(2 if right else -2, 0),
                textcoords="offset points",
                horizontalalignment="left" if right else "right",
                verticalalignment="center",
                fontsize=6,
            )
