"""Pictures of operating characteristics: scenarios, selection, exposure, sample size.

Exact probabilities are bars, simulated ones points with 95 % error bars. Where only simulated
ones are given, they are the bars, and hatched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from escalation.figures.layout import (
    caption,
    label_counts,
    label_levels,
    legend_above,
    legend_beside,
    new_axes,
    outcome_places,
    plain,
    shorten,
    text_width,
    wrap,
)
from escalation.figures.style import (
    ACCENT,
    INK,
    LIGHT,
    MIDDLE,
    line_styles,
    styled,
)
from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.engines.results import ScenarioResult
from simulations.engines.simulated import Z95, MonteCarlo
from simulations.plots.provenance import describe_method, describe_scenario
from simulations.scenarios.scenario import Scenario

__all__ = [
    "legend_names",
    "plot_distribution",
    "plot_patients",
    "plot_scenarios",
    "plot_selection",
]

Count = Literal["sample_size", "total_dlts"]
LEGEND_LINE = 0.135  # inches
NO_MTD = "no MTD"
NOT_DETERMINED = "not deter- mined"  # broken at blanks where places are narrow


@styled
def plot_scenarios(
    scenarios: Sequence[Scenario],
    *,
    level_names: Sequence[str],
    target: float | None = None,
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot true P(DLT) by dose level, a line a scenario; the legend is in the lines' order."""
    drawn = sorted(scenarios, key=lambda scenario: scenario.p_dlt[::-1], reverse=True)
    names = legend_names(drawn)
    n_lines = sum(1 + name.count("\n") for name in names)
    ax = new_axes(ax, (4.6, max(2.6, 1.1 + LEGEND_LINE * n_lines)))
    for scenario, name, style in zip(drawn, names, line_styles(len(drawn)), strict=True):
        ax.plot(scenario.p_dlt, label=name, clip_on=False, zorder=3, **style)
    if target is not None:
        ax.axhline(target, **_TARGET, label=f"target P(DLT) {target:g}")
    widest = max((text_width(line, 7) for name in names for line in name.split("\n")), default=0)
    label_levels(ax, level_names, inches_beside=0.5 + widest)
    ax.set_ylabel("True P(DLT)")
    ax.set_ylim(0, 1)
    legend_beside(ax)
    caption(ax, trial=trial)
    return ax


_TARGET: dict[str, Any] = {"color": INK, "linestyle": (0, (4, 2)), "linewidth": 0.7, "zorder": 1}


def legend_names(scenarios: Sequence[Scenario]) -> list[str]:
    """Return the scenarios' names in lines that fit beside a plot."""
    names = [plain(wrap(shorten(scenario.name, 80), 1.75, 7)) for scenario in scenarios]
    # a legend leaves out what begins with an underscore
    return [f"\N{ZERO WIDTH SPACE}{name}" if name.startswith("_") else name for name in names]


@styled
def plot_selection(
    result: ScenarioResult,
    *,
    level_names: Sequence[str],
    design: str,
    target: float | None = None,
    show_undetermined: bool | None = None,
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot P(each level is declared the MTD) and P(no MTD), with true P(DLT) on the same scale.

    Parameters
    ----------
    result : ScenarioResult
    level_names : sequence of str, length L
    design : str
        The design and its options, for the caption.
    target : float, optional
        Target P(DLT), drawn as a line.
    show_undetermined : bool, optional
        Whether there is a bar for "not determined"; by default where it is not 0.
    trial : str
        The trial's title.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes(ax)
    draw_selection(ax, result, level_names, target, show_undetermined)
    _finish(ax, result, design, trial)
    return ax


def draw_selection(
    ax: Axes,
    result: ScenarioResult,
    level_names: Sequence[str],
    target: float | None,
    show_undetermined: bool | None,
) -> None:
    """Draw ``plot_selection`` without legend and caption."""
    if show_undetermined is None:
        show_undetermined = has_undetermined(result)
    n_levels = len(level_names)
    others = [NO_MTD, NOT_DETERMINED][: 1 + show_undetermined]
    places = outcome_places(n_levels, len(others))

    def outcomes(found: OperatingCharacteristics) -> list[float]:
        return [*found.p_select, found.p_no_mtd, found.p_inconclusive][: len(places)]

    def errors(monte_carlo: MonteCarlo) -> list[float]:
        mcse = monte_carlo.mcse()
        return [*mcse["p_select"], mcse["p_no_mtd"], mcse["p_inconclusive"]][: len(places)]

    _bars(ax, lambda _: places, result, outcomes, errors, label="selected")
    ax.plot(
        range(n_levels),
        result.scenario.p_dlt,
        color=ACCENT,
        marker="o",
        markerfacecolor="white",
        label="true P(DLT)",
        zorder=4,
        clip_on=False,
    )
    if target is not None:
        ax.axhline(target, **_TARGET, label=f"target P(DLT) {target:g}")
    label_levels(ax, level_names, *others)
    ax.set_ylabel("Probability")
    ax.set_ylim(0, 1)


def has_undetermined(result: ScenarioResult) -> bool:
    """Whether a result has trials that end with the MTD not determined."""
    simulated = result.monte_carlo and result.monte_carlo.characteristics
    return any(found.p_inconclusive > 0 for found in (result.exact, simulated) if found)


@styled
def plot_patients(
    result: ScenarioResult,
    *,
    level_names: Sequence[str],
    design: str,
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot the mean number of patients by level, and within it of those with a DLT."""
    ax = new_axes(ax)
    draw_patients(ax, result, level_names)
    _finish(ax, result, design, trial)
    return ax


def draw_patients(ax: Axes, result: ScenarioResult, level_names: Sequence[str]) -> None:
    """Draw ``plot_patients`` without legend and caption."""
    places = range(len(level_names))
    _bars(ax, lambda _: places, result, lambda found: found.patients,
          lambda run: run.mcse()["patients"], label="patients")  # fmt: skip
    _bars(ax, lambda _: places, result, lambda found: found.dlts, lambda run: run.mcse()["dlts"],
          label="DLTs", width=0.4, color=MIDDLE, marker="D")  # fmt: skip
    label_levels(ax, level_names)
    ax.set_ylabel(f"Mean number {'still to come' if result.best.continued else 'per trial'}")


@styled
def plot_distribution(
    result: ScenarioResult,
    count: Count = "sample_size",
    *,
    design: str,
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot the distribution of the sample size, or of the trial's number of DLTs."""
    ax = new_axes(ax)
    draw_distribution(ax, result, count)
    _finish(ax, result, design, trial)
    return ax


def draw_distribution(ax: Axes, result: ScenarioResult, count: Count) -> None:
    """Draw ``plot_distribution`` without legend and caption."""

    def of(found: OperatingCharacteristics) -> Distribution:
        distribution: Distribution = getattr(found, count)
        return distribution

    def errors(run: MonteCarlo) -> list[float]:
        return list(run.mcse()[count]["distribution"].values())

    found_in = result.best
    found = of(found_in)
    _bars(
        ax,
        lambda found: of(found).values,  # simulated trials may not meet every one
        result,
        lambda found: of(found).p,
        errors,
        label="probability",
        width=0.8 * float(np.diff(found.values).min(initial=max(1, found.values[-1]))),
    )
    ax.axvline(found.mean, color=ACCENT, linewidth=0.9, linestyle=(0, (1, 1)), zorder=1,
               label=f"mean {found.mean:.1f}")  # fmt: skip
    values = found.values.tolist()
    if count == "sample_size":
        what = "Patients still to come" if found_in.continued else "Sample size, patients"
        label_counts(ax, what, values)
    else:
        what = "DLTs still to come" if found_in.continued else "DLTs in the trial"
        label_counts(ax, what, values)
    ax.set_ylabel("Probability")
    ax.set_ylim(bottom=0)


def _bars(
    ax: Axes,
    places: Callable[[OperatingCharacteristics], ArrayLike],
    result: ScenarioResult,
    figures: Callable[[OperatingCharacteristics], ArrayLike],
    errors: Callable[[MonteCarlo], Sequence[float]],
    *,
    label: str,
    width: float = 0.75,
    color: str = LIGHT,
    marker: str = "s",
) -> None:
    """Draw one figure: exact as bars, simulated as points with 95 % error bars."""
    is_exact, run = result.exact is not None, result.monte_carlo
    ax.bar(
        np.asarray(places(result.best), dtype=float),
        np.asarray(figures(result.best)),
        width,
        color=color,
        edgecolor=INK,
        linewidth=0.5,
        hatch="" if is_exact else "////",
        label=f"{label}, {'exact' if is_exact else 'simulated'}",
    )
    if run is not None:
        ax.errorbar(
            np.asarray(places(run.characteristics), dtype=float) + 0.25 * width,
            np.asarray(figures(run.characteristics)),
            Z95 * np.asarray(errors(run)),
            color=INK,
            linestyle="none",
            marker=marker,
            markersize=2,
            markerfacecolor="white",
            markeredgewidth=0.7,
            capsize=2,
            elinewidth=0.7,
            capthick=0.7,
            label=f"{label}, simulated" if is_exact else "95 % interval",
            zorder=5,
            clip_on=False,
        )


def _finish(ax: Axes, result: ScenarioResult, design: str, trial: str) -> None:
    points = legend_above(ax, n_columns=2)
    scenario = describe_scenario(result.scenario.name)
    bars = "error bars: 95 % intervals" if result.monte_carlo is not None else ""
    caption(ax, design, scenario, describe_method(result), bars, trial=trial, points=points)
