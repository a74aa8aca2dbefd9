"""Pages of operating characteristics, for the appendix of a protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from escalation.errors import InputError
from escalation.figures.files import Provenance
from escalation.figures.layout import (
    PAGE_HEIGHT,
    SHEET_WIDTH,
    first_lines,
    header_lines,
    in_order,
    line_height,
    row_title,
    shares_of,
    title_across,
    write_header,
)
from escalation.figures.style import styled
from simulations.engines.results import ScenarioResult
from simulations.plots.characteristics import (
    LEGEND_LINE,
    draw_distribution,
    draw_patients,
    draw_selection,
    has_undetermined,
    legend_names,
    plot_scenarios,
)

__all__ = ["plot_page", "plot_pages"]

_TOP = 2.2  # inches: the scenarios' curves
_BOTTOM = 0.6  # the key, and the labels of the last row
_LEAST_ROW = 0.83  # and the lines above it
_MOST_ROW = 2.2
_TITLE = 7.5  # points


def plot_pages(
    results: Sequence[ScenarioResult],
    provenance: Provenance,
    *,
    level_names: Sequence[str],
    target: float | None = None,
    progress: Callable[[float], object] | None = None,
) -> list[Figure]:
    """Draw as many pages of ``plot_page`` as the scenarios fill, with those of each page.

    Parameters are those of ``plot_page``; ``progress`` is told what share of the pages has been
    drawn since.
    """
    most = next((n for n in range(len(results), 1, -1) if _fits(results, provenance, n)), 1)
    pages = shares_of(len(results), most)
    drawn = []
    for number, rows in enumerate(pages, start=1):
        page = f"page {number} of {len(pages)}" if len(pages) > 1 else ""
        drawn.append(
            plot_page(results[rows], provenance, level_names=level_names, target=target, page=page)
        )
        if progress is not None:
            progress(1 / len(pages))
    return drawn


def _fits(results: Sequence[ScenarioResult], provenance: Provenance, n: int) -> bool:
    """Whether every page of ``n`` scenarios is a page high at most."""
    return all(
        sum(_heights(results[rows], provenance)) <= PAGE_HEIGHT + 0.01
        for rows in shares_of(len(results), n)
    )


@styled
def plot_page(
    results: Sequence[ScenarioResult],
    provenance: Provenance,
    *,
    level_names: Sequence[str],
    target: float | None = None,
    page: str = "",
) -> Figure:
    """Draw scenarios, and for each the MTD selected, patients and DLTs, and the sample size.

    A scenario is a row, with the same scales as the others, so that rows can be compared. Up to
    six fill a page of 7.5 by 10 inches; with more the figure grows longer, ``plot_pages`` makes
    more pages.

    Parameters
    ----------
    results : sequence of ScenarioResult
        At least one.
    provenance : Provenance
        For the header.
    level_names : sequence of str, length L
        The first line of each names the level in the small panels.
    target : float, optional
        Target P(DLT).
    page : str
        Which page it is.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        Without results.
    """
    if not results:
        raise InputError("a page needs at least one scenario's result")
    heights = _heights(results, provenance)
    figure = Figure(figsize=(SHEET_WIDTH, sum(heights)), layout="constrained")
    parts = figure.subfigures(3, 1, height_ratios=heights, squeeze=False)
    above, top, rows = parts[:, 0]
    lines, head = _header(results, provenance)
    write_header(
        above, "Operating characteristics", lines, trial=provenance.trial, page=page, inches=head
    )
    scenarios = [result.scenario for result in results]
    plot_scenarios(scenarios, level_names=level_names, target=target, ax=top.add_subplot())
    _draw_rows(rows, results, first_lines(level_names), target)
    return figure


def _heights(results: Sequence[ScenarioResult], provenance: Provenance) -> list[float]:
    """Return the heights of the header, the curves and the rows, in inches."""
    _, head = _header(results, provenance)
    n_lines = sum(
        1 + name.count("\n") for name in legend_names([result.scenario for result in results])
    )
    top = max(_TOP, 0.35 + LEGEND_LINE * (n_lines + 1))
    titles = line_height(_TITLE) * max(_title(result).count("\n") for result in results)
    rest = PAGE_HEIGHT - head - top - _BOTTOM
    row = min(_MOST_ROW, max(_LEAST_ROW + line_height(_TITLE) + titles, rest / len(results)))
    return [head, top, row * len(results) + _BOTTOM]


def _header(results: Sequence[ScenarioResult], provenance: Provenance) -> tuple[list[str], float]:
    simulated = any(result.monte_carlo is not None for result in results)
    bars = "; error bars: 95 % intervals" if simulated else ""
    words = [provenance.design, provenance.method + bars, provenance.note, provenance.origin]
    return header_lines(provenance.trial, words)


def _title(result: ScenarioResult) -> str:
    scenario = result.scenario
    return row_title(scenario.name, scenario.p_dlt, SHEET_WIDTH - 0.7, _TITLE)


def _draw_rows(
    area: SubFigure,
    results: Sequence[ScenarioResult],
    names: Sequence[str],
    target: float | None,
) -> None:
    """Draw a row of three panels for each scenario."""
    undetermined = any(map(has_undetermined, results))
    grid = area.subplots(len(results), 3, sharex="col", sharey="col", squeeze=False)
    for (selection, patients, size), result in zip(grid, results, strict=True):
        draw_selection(selection, result, names, target, undetermined)
        draw_patients(patients, result, names)
        draw_distribution(size, result, "sample_size")
        patients.set_ylabel("Mean to come" if result.best.continued else "Patients, mean")
        title_across(selection, _title(result), _TITLE)
    for column in grid.T[1:]:
        column[0].yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        column[0].set_ylim(0, 1.05 * max(ax.dataLim.ymax for ax in column) or 1)
    for ax in grid[:-1].flat:
        ax.set_xlabel("")
    grid[-1, 0].set_xlabel("Dose level declared the MTD")
    for ax in grid.flat:
        ax.xaxis.label.set_fontsize(7)
        ax.yaxis.label.set_fontsize(7)
    key = _key(grid[0])
    area.legend(key.values(), key.keys(), loc="outside upper left", ncols=len(key))


def _key(panels: Sequence[Axes]) -> dict[str, Artist]:
    """Return what one row's legends say, once and for every row."""
    selection, patients, size = (zip(*in_order(panel), strict=True) for panel in panels)
    key = {label.removeprefix("selected, "): handle for handle, label in selection}
    key["patients with a DLT"] = next(
        handle for handle, label in patients if label.startswith("DLTs")
    )
    key["mean of the distribution"] = next(
        handle for handle, label in size if label.startswith("mean")
    )
    return key
