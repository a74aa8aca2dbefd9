"""Convergence of Monte Carlo to the exact probabilities as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from escalation.errors import InputError
from escalation.figures.layout import (
    caption,
    first_lines,
    legend_beside,
    new_axes,
    plain,
)
from escalation.figures.style import (
    DARK,
    LIGHT,
    line_styles,
    styled,
)
from simulations.engines.characteristics import OperatingCharacteristics
from simulations.engines.simulated import Z95, MonteCarlo
from simulations.plots.characteristics import NO_MTD
from simulations.plots.provenance import describe_scenario

__all__ = ["plot_convergence"]


@styled
def plot_convergence(
    runs: Sequence[MonteCarlo],
    exact: OperatingCharacteristics,
    *,
    level_names: Sequence[str],
    design: str,
    scenario: str,
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot simulated selection against the number of trials, with the exact values.

    Parameters
    ----------
    runs : sequence of MonteCarlo
        Runs of different numbers of trials.
    exact : OperatingCharacteristics
        Drawn as lines, with the band that holds 95 % of simulated shares.
    level_names : sequence of str, length L
    design, scenario, trial : str
        For the caption; ``trial`` is the trial's title.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        Without runs.
    """
    if not runs:
        raise InputError("convergence needs at least one run")
    ax = new_axes(ax, (4.6, 3.2))
    trials = np.array([run.trials for run in runs], dtype=float)
    span = np.geomspace(trials.min() / 1.3, trials.max() * 1.3, 100)
    outcomes = [
        (f"level {name}", float(exact.p_select[level]),
         [float(run.characteristics.p_select[level]) for run in runs])
        for level, name in enumerate(first_lines(level_names))
    ]  # fmt: skip
    outcomes.append((NO_MTD, exact.p_no_mtd, [run.characteristics.p_no_mtd for run in runs]))
    if exact.p_inconclusive > 0:
        shares = [run.characteristics.p_inconclusive for run in runs]
        outcomes.append(("not determined", exact.p_inconclusive, shares))
    outcomes.sort(key=lambda outcome: -outcome[1])
    for (name, p, shares), style in zip(outcomes, line_styles(len(outcomes)), strict=True):
        half = Z95 * np.sqrt(p * (1 - p) / span)
        ax.fill_between(span, np.clip(p - half, 0, 1), np.clip(p + half, 0, 1),
                        color=LIGHT, alpha=0.6, linewidth=0.3, edgecolor=DARK)  # fmt: skip
        ax.plot(span, np.full_like(span, p), color=style["color"], linewidth=0.7)
        ax.plot(trials, shares, **style | {"linestyle": "none"}, label=plain(name), clip_on=False)
    ax.set_xscale("log")
    ax.set_xlim(span[0], span[-1])
    ax.set_xlabel("Simulated trials")
    ax.set_ylabel("P(selected as MTD)")
    ax.set_ylim(bottom=0)
    legend_beside(ax)
    seeds = ", ".join(dict.fromkeys(str(run.seed) for run in runs))
    method = f"points: Monte Carlo (seed {seeds}); lines: exact, bands: 95 % of simulations"
    caption(ax, design, describe_scenario(scenario), method, trial=trial)
    return ax
