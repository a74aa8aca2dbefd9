"""A picture of designs compared: a row a scenario, a point a design, the benchmark as a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from escalation.errors import InputError
from escalation.figures.files import Provenance
from escalation.figures.layout import (
    PAGE_HEIGHT,
    SHEET_WIDTH,
    header_lines,
    line_height,
    plain,
    row_title,
    shares_of,
    shorten,
    text_width,
    title_across,
    wrap,
    write_header,
)
from escalation.figures.style import (
    ACCENT,
    INK,
    LIGHT,
    styled,
)
from simulations.compare.result import ComparedDesign, ScenarioComparison
from simulations.engines.simulated import Z95
from simulations.words import in_words

__all__ = ["plot_comparison", "plot_comparison_pages", "provenance_of_comparison"]

_DESIGN = 0.19  # inches a design
_ROW = 0.5  # and above and below them
_TITLE = 7.5  # points
_LABEL = 1.6  # inches for the longest label of a design

_PANELS = ("pcs", "p_overdose", "share_above")


def provenance_of_comparison(
    results: Sequence[ScenarioComparison],
    *,
    design: str,
    protocol: str = "",
    digest: str = "",
    trial: str = "",
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
        trial=trial,
        note=f"target P(DLT) {first.target:g}, interval {low:g} to {high:g}",
    )


def plot_comparison_pages(
    results: Sequence[ScenarioComparison],
    provenance: Provenance,
    progress: Callable[[float], object] | None = None,
) -> list[Figure]:
    """Draw as many pages of ``plot_comparison`` as the scenarios fill.

    ``progress`` is told what share of them has been drawn since.
    """
    most = next((n for n in range(len(results), 1, -1) if _fits(results, provenance, n)), 1)
    pages = shares_of(len(results), most)
    drawn = []
    for number, rows in enumerate(pages, start=1):
        page = f"page {number} of {len(pages)}" if len(pages) > 1 else ""
        drawn.append(plot_comparison(results[rows], provenance, page=page))
        if progress is not None:
            progress(1 / len(pages))
    return drawn


def _fits(results: Sequence[ScenarioComparison], provenance: Provenance, n: int) -> bool:
    """Whether every page of ``n`` scenarios is a page high at most."""
    return all(
        sum(_heights(results[rows], provenance)) <= PAGE_HEIGHT
        for rows in shares_of(len(results), n)
    )


@styled
def plot_comparison(
    results: Sequence[ScenarioComparison], provenance: Provenance, *, page: str = ""
) -> Figure:
    """Draw correct selection, selection above the target and patients above it, by design.

    Exact figures are filled points; simulated ones are open, with 95 % intervals. The optimal
    benchmark is a dashed line, where it has something to say.

    Parameters
    ----------
    results : sequence of ScenarioComparison
        At least one, of the same designs.
    provenance : Provenance
        For the header.
    page : str
        Which page it is.

    Returns
    -------
    matplotlib.figure.Figure
        7.5 inches wide; it grows longer with every scenario, ``plot_comparison_pages`` makes pages.

    Raises
    ------
    InputError
        Without results.
    """
    if not results:
        raise InputError("a comparison needs at least one scenario's result")
    labels = _labels(results)
    heights = _heights(results, provenance)
    figure = Figure(figsize=(SHEET_WIDTH, sum(heights)), layout="constrained")
    above, area = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    lines, _ = _header(results, provenance)
    write_header(
        above, "Designs compared", lines, trial=provenance.trial, page=page, inches=heights[0]
    )
    grid = area.subplots(len(results), len(_PANELS), sharex=True, sharey=True, squeeze=False)
    for panels, result in zip(grid, results, strict=True):
        for ax, name in zip(panels, _PANELS, strict=True):
            _draw(ax, result, name)
        title_across(panels[0], _title(result, labels), _TITLE)
    grid[0, 0].set_yticks(range(len(labels)), labels)
    grid[0, 0].set_ylim(len(labels) - 0.4, -0.6)  # the first design on top
    grid[0, 0].set_xlim(0, 1)
    grid[0, 0].set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    for ax, name in zip(grid[-1], _PANELS, strict=True):
        label = wrap(in_words(name).capitalize(), _panel_width(labels), 7.5)
        ax.set_xlabel(label, fontsize=7.5)
    key = {
        label: handle
        for ax in grid.flat
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    above.legend(key.values(), key.keys(), loc="lower left", ncols=len(key))
    return figure


def _heights(results: Sequence[ScenarioComparison], provenance: Provenance) -> list[float]:
    """Return the heights of the header with the key, and of the rows, in inches."""
    _, head = _header(results, provenance)
    labels = _labels(results)
    design = max(_DESIGN, *(0.06 + line_height(7) * (1 + label.count("\n")) for label in labels))
    titles = line_height(_TITLE) * sum(_title(one, labels).count("\n") for one in results)
    return [head + 0.2, (_ROW + design * len(labels)) * len(results) + titles + 0.3]


def _labels(results: Sequence[ScenarioComparison]) -> list[str]:
    """Return the designs' labels, in lines that leave room for the panels."""
    labels = [shorten(design.label, 80) for design in results[0].designs]
    return [wrap(plain(label), _LABEL, 7) for label in labels]


def _panel_width(labels: Sequence[str]) -> float:
    widest = max(text_width(line, 7) for label in labels for line in label.split("\n"))
    return (SHEET_WIDTH - widest) / len(_PANELS) - 0.15


def _title(result: ScenarioComparison, labels: Sequence[str]) -> str:
    scenario = result.scenario
    width = len(_PANELS) * _panel_width(labels)
    return row_title(scenario.name, scenario.p_dlt, width, _TITLE)


def _header(
    results: Sequence[ScenarioComparison], provenance: Provenance
) -> tuple[list[str], float]:
    sizes = sorted({result.benchmark.n_patients for result in results})
    n = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    words = [
        provenance.design,
        f"{provenance.note}; {provenance.method}; optimal benchmark on {n} patients",
        provenance.origin,
    ]
    return header_lines(provenance.trial, words)


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
