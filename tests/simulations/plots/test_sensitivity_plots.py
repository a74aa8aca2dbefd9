"""The pictures of sensitivity and of random curves show the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.container import BarContainer

from escalation.designs import ThreePlusThree
from simulations.graph.build import build_graph
from simulations.plots import plot_curve_averages, plot_tornado
from simulations.questions.averages import average_over_curves
from simulations.questions.sensitivity import tornado
from simulations.scenarios.random import logistic_normal

NAMES = ("-1\n1E6 cells/kg", "1\n3E6 cells/kg", "2\n6E6 cells/kg")
GRAPH = build_graph(ThreePlusThree(n_levels=3, start=1))


def test_the_bars_of_a_tornado_go_from_the_value_to_the_ends():
    result = tornado(GRAPH, [0.02, 0.2, 0.4], "pcs", target=0.25)
    ax = plot_tornado(result, level_names=NAMES, design="3+3 $x$", scenario="s")
    low, high = (c for c in ax.containers if isinstance(c, BarContainer))
    shown = [label.get_text() for label in ax.get_yticklabels()]
    order = [NAMES.index(next(n for n in NAMES if n.startswith(s.split(":")[0]))) for s in shown]
    for bars, ends in ((low, result.at_low), (high, result.at_high)):
        reached = [bar.get_x() + bar.get_width() for bar in bars.patches]
        assert reached == pytest.approx(ends[order].tolist())
    spreads = np.abs(result.at_high - result.at_low)[order]
    assert (np.diff(spreads) >= 0).all()  # the widest is drawn last, on top
    title = ax.get_title(loc="left").replace("\n", " ")
    assert all(part in title for part in ("3+3", "“s”", "exact", "target P(DLT) 0.25"))
    assert ax.get_xlabel() == "Probability of correct selection"


@pytest.mark.parametrize("figure", ["p_select", "patients", "dlts"])
def test_a_figure_by_level_names_its_level(figure):
    result = tornado(GRAPH, [0.02, 0.2, 0.4], figure, level=0)
    ax = plot_tornado(result, level_names=NAMES, design="d", scenario="s")
    assert "level -1" in ax.get_xlabel()


def test_a_tornado_of_what_cannot_change_is_drawn_all_the_same():
    result = tornado(GRAPH, [0.02, 0.2, 0.4], "p_inconclusive")
    plot_tornado(
        result, level_names=NAMES, design="d", scenario="s"
    ).figure.draw_without_rendering()


def test_the_boxes_of_random_curves_are_their_quantiles():
    curves = logistic_normal(300, np.random.default_rng(1), target=0.25, n_levels=3)
    result = average_over_curves(GRAPH, curves, 0.25)
    ax = plot_curve_averages(result, level_names=NAMES, design="3+3", prior="prior, seed 1")
    labels = [label.get_text().splitlines()[0] for label in ax.get_xticklabels()]
    assert labels == ["-1", "1", "2", "no MTD", "all"]
    medians = [
        float(line.get_ydata()[0])
        for line in ax.lines
        if line.get_linewidth() == 1.4 and len(line.get_ydata()) == 2
    ]
    expected = []
    for figure in ("pcs", "p_overdose"):
        expected += [group.quantiles[2] for group in result.by_correct_level(figure).values()]
        expected.append(result.summary()[figure].quantiles[2])
    assert medians == pytest.approx(expected)
    title = ax.get_title(loc="left").replace("\n", " ")
    assert all(part in title for part in ("3+3", "prior, seed 1", "exact", "0.25"))
