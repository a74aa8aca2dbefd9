"""A picture of designs compared: a row a scenario, a point a design, the benchmark as a line."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from escalation.errors import InputError
from escalation.figures.files import Provenance
from escalation.figures.style import ACCENT, INK, LIGHT, plain, shorten, styled
from simulations.compare.result import ComparedDesign, ScenarioComparison, short_labels
from simulations.engines.simulated import Z95
from simulations.words import in_words

__all__ = ["plot_comparison", "provenance_of_comparison"]

_WIDTH = 7.5  # inches; with margins, A4 and US letter alike
_LINE = 0.14
_DESIGN = 0.19
_LETTERS = 118  # a line of the header

_PANELS = ("pcs", "p_overdose", "share_above")


def provenance_of_comparison(
    results: Sequence[ScenarioComparison], *, design: str, protocol: str = "", digest: str = ""
) -> Provenance:
    """Gather from a comparison what it knows: scenarios, method, trials and seed."""
    first = results[0]
    runs = [design for design in first.designs if design.run is not None]
    method = "exact"
    if runs:
        named = ", ".join(design.label for design in runs)
        run = runs[0].run
        if run is not None:
            method = f"{named}: Monte Carlo ({run.trials:,} trials, latent draws, seed {run.seed})"
            method += "; else exact" * (len(runs) < len(first.designs))
    low, high = first.interval
    return Provenance(
        design=design,
        scenario=", ".join(result.scenario.name for result in results),
        method=method,
        protocol=protocol,
        digest=digest,
        note=f"target P(DLT) {first.target:g}, interval {low:g} to {high:g}",
    )


@styled
def plot_comparison(results: Sequence[ScenarioComparison], provenance: Provenance) -> Figure:
    """Draw correct selection, selection above the target and patients above it, by design.

    Exact figures are filled points; simulated ones are open, with 95 % intervals. The optimal
    benchmark is a dashed line, where it has something to say.

    Parameters
    ----------
    results : sequence of ScenarioComparison
        At least one, of the same designs.
    provenance : Provenance
        For the header.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        Without results.
    """
    if not results:
        raise InputError("a comparison needs at least one scenario's result")
    labels = short_labels([design.label for design in results[0].designs])
    header = _header(results, provenance)
    head = 0.55 + _LINE * len(header)
    row = 0.5 + _DESIGN * len(labels)
    figure = Figure(figsize=(_WIDTH, head + row * len(results) + 0.3), layout="constrained")
    heights = [head, row * len(results) + 0.3]
    above, area = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    above.text(0.01, 1 - 0.05 / head, "Designs compared", fontsize=11, weight="bold", va="top")
    above.text(0.01, 1 - 0.28 / head, plain("\n".join(header)), fontsize=7, va="top",
               linespacing=1.35)  # fmt: skip
    grid = area.subplots(len(results), len(_PANELS), sharex=True, sharey=True, squeeze=False)
    for panels, result in zip(grid, results, strict=True):
        for ax, name in zip(panels, _PANELS, strict=True):
            _draw(ax, result, name)
        p_dlt = ", ".join(f"{p:.3g}" for p in result.scenario.p_dlt)
        title = f"{shorten(result.scenario.name)}:  P(DLT) {p_dlt}"
        panels[0].set_title(plain(shorten(title, _LETTERS)), fontsize=7.5, weight="bold")
    places = range(len(labels))
    grid[0, 0].set_yticks(places, [plain(label) for label in labels])
    grid[0, 0].set_ylim(len(labels) - 0.4, -0.6)  # the first design on top
    grid[0, 0].set_xlim(0, 1)
    grid[0, 0].set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    for ax, name in zip(grid[-1], _PANELS, strict=True):
        ax.set_xlabel(in_words(name).capitalize(), fontsize=7.5)
    key = {
        label: handle
        for ax in grid.flat
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    above.legend(key.values(), key.keys(), loc="lower left", ncols=len(key))
    return figure


def _header(results: Sequence[ScenarioComparison], provenance: Provenance) -> list[str]:
    sizes = sorted({result.benchmark.n_patients for result in results})
    n = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    lines = [
        provenance.design,
        f"{provenance.note}; {provenance.method}; optimal benchmark on {n} patients",
        provenance.origin,
    ]
    return [part for text in lines for part in textwrap.wrap(shorten(text, 1500), _LETTERS)]


def _draw(ax: Axes, result: ScenarioComparison, name: str) -> None:
    optimal = result.benchmark_metrics.get(name)
    if optimal is not None:
        ax.axvline(optimal, color=ACCENT, linestyle=(0, (4, 2)), linewidth=0.9, zorder=1,
                   clip_on=False, label="optimal benchmark")  # fmt: skip
    ax.grid(axis="y", color=LIGHT, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)
    for place, design in enumerate(result.designs):
        _point(ax, place, design, name)


def _point(ax: Axes, place: int, design: ComparedDesign, name: str) -> None:
    exact = design.run is None
    ax.errorbar(
        design.metrics[name],
        place,
        xerr=None if exact else Z95 * design.mcse[name],
        color=INK,
        linestyle="none",
        marker="o",
        markersize=4.5,
        markerfacecolor=INK if exact else "white",
        markeredgewidth=0.8,
        capsize=2,
        elinewidth=0.8,
        capthick=0.8,
        label="exact" if exact else "simulated, 95 % interval",
        zorder=5,
        clip_on=False,
    )
