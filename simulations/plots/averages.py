"""Correct selection and overdosing over random curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from escalation.figures.layout import (
    PAGE_WIDTH,
    caption,
    first_lines,
    new_axes,
    place_above,
    plain,
    wrap,
)
from escalation.figures.style import (
    INK,
    LIGHT,
    styled,
)
from simulations.graph.build import NO_MTD
from simulations.questions.averages import Averages, FigureSummary
from simulations.words import WORDS

__all__ = ["plot_curve_averages"]

_FIGURES = (
    ("pcs", WORDS["pcs"], "white", ""),
    ("p_overdose", WORDS["p_overdose"], LIGHT, "////"),
)


@styled
def plot_curve_averages(
    result: Averages,
    *,
    level_names: Sequence[str],
    design: str,
    prior: str,
    trial: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot boxes of correct selection and of overdosing, by the curves' correct level and for all.

    A box holds the middle half of the curves, its whiskers 90 %; the line is the median and the
    diamond the mean.

    Parameters
    ----------
    result : CurveAverages or CurveSummaries
    level_names : sequence of str, length L
        The first line of each names the level.
    design : str
    prior : str
        The prior, number of curves and seed, for the caption.
    trial : str
        The trial's title.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    counts = result.n_by_correct_level()
    levels = list(result.by_correct_level("pcs"))
    width = min(PAGE_WIDTH, max(4.6, 0.75 * (len(levels) + 2)))
    ax = new_axes(ax, (width, 3.0))
    place = (width - 0.8) / (len(levels) + 1.4)  # inches
    size = float(mpl.rcParams["xtick.labelsize"])
    names = [wrap(name, place, size) for name in first_lines(level_names)]
    labels = [
        f"{'no MTD' if level == NO_MTD else names[level]}\n{counts[level]:,}" for level in levels
    ]
    handles = []
    for side, (figure, label, color, hatch) in zip((-0.2, 0.2), _FIGURES, strict=True):
        groups = [*result.by_correct_level(figure).values(), result.summary()[figure]]
        places = [place + side for place in range(len(levels))] + [len(levels) + 0.4 + side]
        boxes = ax.bxp(
            [_box(group) for group in groups],
            positions=places,
            widths=0.34,
            showmeans=True,
            showfliers=False,
            patch_artist=True,
            boxprops={"facecolor": color, "edgecolor": INK, "linewidth": 0.6, "hatch": hatch},
            medianprops={"color": INK, "linewidth": 1.4},
            whiskerprops={"color": INK, "linewidth": 0.6},
            capprops={"color": INK, "linewidth": 0.6},
            meanprops={
                "marker": "D", "markersize": 3, "markerfacecolor": "white",
                "markeredgecolor": INK, "markeredgewidth": 0.7,
            },
        )  # fmt: skip
        boxes["boxes"][0].set_label(label)
        handles.append(Patch(facecolor=color, edgecolor=INK, hatch=hatch, linewidth=0.6))
    ax.axvline(len(levels) - 0.3, color=INK, linewidth=0.5, linestyle=(0, (1, 2)))
    total = f"all\n{result.n_curves:,}"
    ticks = [*map(float, range(len(levels))), len(levels) + 0.4]
    ax.set_xticks(ticks, [plain(text) for text in [*labels, total]])
    ax.tick_params(axis="x", length=0)
    ax.set_xlabel("Correct level, number of curves")
    ax.set_ylabel("Probability")
    ax.set_ylim(0, 1)
    points = place_above(ax, handles, [label for _, label, _, _ in _FIGURES], 2)
    method = f"target P(DLT) {result.target:g}; exact for each curve; boxes 50 %, whiskers 90 %"
    caption(ax, design, prior, method, trial=trial, points=points)
    return ax


def _box(summary: FigureSummary) -> dict[str, float]:
    low, q1, median, q3, high = summary.quantiles
    return {
        "whislo": low, "q1": q1, "med": median, "q3": q3, "whishi": high, "mean": summary.mean,
    }  # fmt: skip
