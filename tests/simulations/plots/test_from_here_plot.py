"""F8 drawn: every end is as long as it is likely, and told from its neighbours without colour."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from escalation.reports.view import Figure, Table
from simulations.plots.from_here import draw_ends, ends_drawn, plot_ends
from simulations.reports.from_here import Ends, find_ends
from simulations.scenarios.scenario import Scenario
from tests.measured import text_faults
from tests.simulations.reports.test_from_here import PROTOCOL, of
from tests.trial.small_trials import typed


def ends_of(history: str) -> Ends:
    found = find_ends(of(typed(history, PROTOCOL)))
    assert isinstance(found, Ends)
    return found


def many(n_scenarios: int, n_levels: int) -> Ends:
    """Return ends drawn at random, with names as long as there are."""
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.full(n_levels + 2, 0.4), n_scenarios)
    return Ends(
        scenarios=[
            Scenario(name=f"a scenario with a long name {k}", p_dlt=(0.1,) * n_levels)
            for k in range(n_scenarios)
        ],
        labels=[f"DL-{k}" for k in range(n_levels)],
        p_mtd=shares[:, 2:],
        p_no_mtd=shares[:, 0],
        p_open=shares[:, 1],
        patients=np.full(n_scenarios, 9.0),
    )


def test_each_part_of_a_bar_is_as_long_as_its_end_is_likely():
    ends = ends_of("1NNN 2NT?")
    ax = plot_ends(ends)
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(len(ends.scenarios), -1)
    assert widths == pytest.approx(np.column_stack([ends.p_no_mtd, ends.p_mtd]))
    assert widths.sum(axis=1) == pytest.approx(1)


def test_parts_side_by_side_differ_in_lightness_or_hatching():
    ends = many(1, 8)
    faces = [(bar.get_facecolor(), bar.get_hatch()) for bar in plot_ends(ends).patches]
    greys = [(np.dot(to_rgb(face), (0.299, 0.587, 0.114)), hatch) for face, hatch in faces]
    for (one, hatch), (other, beside) in pairwise(greys):
        assert abs(one - other) > 0.05 or hatch != beside


def test_the_words_and_the_table_say_the_same_as_the_picture():
    figure, table, _ = ends_drawn(of(typed("1NNN 2NT?", PROTOCOL)), "F8")
    assert isinstance(figure, Figure)
    assert isinstance(table, Table)
    heads = [head.replace("MTD ", "MTD at level ") for head in table.rows[0]]
    heads = [head.replace("no MTD at level MTD", "no MTD") for head in heads]
    for row in table.rows[1:]:
        shares = [(int(cell.split()[0]), name) for name, cell in zip(heads, row, strict=True)
                  if "MTD" in name]  # fmt: skip
        for share, name in shares:
            assert (f"{name} {share} %" in figure.words) or share == 0
    assert figure.draw("svg") == figure.draw("svg")


@pytest.mark.parametrize(
    "ends", [ends_of("1NNN 2NT?"), many(6, 5), many(3, 12)], ids=["three", "six", "twelve levels"]
)
def test_no_text_crosses_another_or_leaves_the_canvas(ends):
    assert text_faults(plot_ends(ends)) == []


def test_many_scenarios_take_several_pages():
    pages = list(draw_ends(many(40, 4), "F8"))
    assert len(pages) == 2
    assert "page 2 of 2" in pages[1].caption
    assert sum(page.words.count("under a scenario") for page in pages) == 40


def test_a_trial_that_has_ended_has_no_picture():
    ended = replace(PROTOCOL, scenarios=())
    (only,) = ends_drawn(of(typed("1NNN", ended)), "F8")
    assert "names no scenarios" in only.text
