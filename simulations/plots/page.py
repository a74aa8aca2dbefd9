"""One page of operating characteristics, for the appendix of a protocol."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from escalation.errors import InputError
from escalation.figures.files import Provenance
from escalation.figures.style import first_lines, in_order, plain, shorten, styled
from simulations.engines.results import ScenarioResult
from simulations.plots.characteristics import (
    draw_distribution,
    draw_patients,
    draw_selection,
    has_undetermined,
    plot_scenarios,
)

__all__ = ["plot_page"]

_WIDTH, _HEIGHT = 7.5, 10.0  # inches; with margins, A4 and US letter alike
_TOP = 2.2  # the scenarios' curves
_BOTTOM = 0.6  # the key, and the labels of the last row
_LEAST_ROW = 0.95
_LINE = 0.14
_LETTERS = 112  # a line of the header


@styled
def plot_page(
    results: Sequence[ScenarioResult],
    provenance: Provenance,
    *,
    level_names: Sequence[str],
    target: float | None = None,
) -> Figure:
    """Draw scenarios, and for each the MTD selected, patients and DLTs, and the sample size.

    A scenario is a row, with the same scales as the others, so that rows can be compared. Up to
    six fill a page of 7.5 by 10 inches; with more the figure grows longer.

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
    simulated = any(result.monte_carlo is not None for result in results)
    lines = _header(provenance, "; error bars: 95 % intervals" if simulated else "")
    head = 0.35 + _LINE * len(lines)
    row = min(2.2, max(_LEAST_ROW, (_HEIGHT - head - _TOP - _BOTTOM) / len(results)))
    heights = [head, _TOP, row * len(results) + _BOTTOM]
    figure = Figure(figsize=(_WIDTH, sum(heights)), layout="constrained")
    parts = figure.subfigures(3, 1, height_ratios=heights, squeeze=False)
    above, top, rows = parts[:, 0]
    _write_header(above, lines, head)
    scenarios = [result.scenario for result in results]
    plot_scenarios(scenarios, level_names=level_names, target=target, ax=top.add_subplot())
    _draw_rows(rows, results, first_lines(level_names), target)
    return figure


def _header(provenance: Provenance, bars: str) -> list[str]:
    lines = [provenance.design, provenance.method + bars, provenance.note, provenance.origin]
    return [part for line in lines if line for part in textwrap.wrap(shorten(line, 400), _LETTERS)]


def _write_header(area: SubFigure, lines: Sequence[str], inches: float) -> None:
    area.text(0.01, 1 - 0.05 / inches, "Operating characteristics", fontsize=11, weight="bold",
              va="top")  # fmt: skip
    area.text(0.01, 1 - 0.28 / inches, plain("\n".join(lines)), fontsize=7, va="top",
              linespacing=1.35)  # fmt: skip


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
        p_dlt = ", ".join(f"{p:.3g}" for p in result.scenario.p_dlt)
        title = f"{shorten(result.scenario.name)}:  P(DLT) {p_dlt}"
        selection.set_title(plain(shorten(title, _LETTERS)), fontsize=7.5, weight="bold")
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
