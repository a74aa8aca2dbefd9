"""The data sets at the MTD with which a trial can end."""

from __future__ import annotations

from collections import defaultdict
from math import nan

import pytest

from escalation.binomial import binomial_limits
from escalation.designs import VARIANTS, Design, ThreePlusThree, make_design
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import build_graph
from simulations.questions.mtd_data import mtd_data
from simulations.questions.paths import iter_paths

P_DLT = (0.05, 0.1, 0.2, 0.33)
DESIGNS: dict[str, Design] = {
    **{variant: ThreePlusThree(n_levels=4, variant=variant) for variant in VARIANTS},
    "from the second level": ThreePlusThree(n_levels=4, start=1),
    "two of six": ThreePlusThree(n_levels=4, two_of_six="mtd"),
    "a maximum": ThreePlusThree(n_levels=4, max_patients=15),
    "boin": make_design("boin", n_levels=4, target=0.3, max_patients=15),
    "a+b": make_design("a+b", n_levels=4, a=2, b=4, c=1, d=1, e=2),
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_probabilities_against_every_path(design: Design) -> None:
    graph = build_graph(design)
    shares: dict[tuple[int, int], float] = defaultdict(float)
    for path in iter_paths(graph, P_DLT):
        mtd = path.decision.mtd
        if mtd is not None:
            at_mtd = [(n, x) for level, n, x in path.cohorts if level == mtd]
            shares[sum(n for n, _ in at_mtd), sum(x for _, x in at_mtd)] += path.probability or 0
    found = mtd_data(graph, P_DLT)
    assert [(data.n_evaluable, data.n_dlts) for data in found] == sorted(shares)
    p_mtd = sum(exact_characteristics(graph, P_DLT).p_select)
    for data in found:
        share = shares[data.n_evaluable, data.n_dlts]
        assert data.probability == pytest.approx(share, abs=1e-12)
        assert data.given_mtd == pytest.approx(share / p_mtd, abs=1e-12)
        assert data.limits == binomial_limits(data.n_evaluable, data.n_dlts)


# a `declare` trial may end on three patients or on six; `confirm` on six only (domain knowledge)
@pytest.mark.parametrize(
    ("variant", "n_levels", "ends"),
    [
        ("confirm", 3, [(0, 6), (1, 6)]),
        ("declare", 3, [(0, 3), (1, 6)]),
        ("expand-below", 3, [(0, 3), (0, 6), (1, 6)]),
        ("declare-confirm-top", 3, [(0, 3), (0, 6), (1, 6)]),
        ("declare", 1, [(0, 3), (1, 6)]),
        ("confirm", 1, [(0, 6), (1, 6)]),
    ],
)
def test_data_sets_of_a_3_plus_3_against_its_definition(variant, n_levels, ends) -> None:
    graph = build_graph(ThreePlusThree(n_levels=n_levels, variant=variant))
    assert [(data.n_dlts, data.n_evaluable) for data in mtd_data(graph)] == ends


def test_one_level_against_the_binomial() -> None:
    """A 3+3 `declare` on one level ends on 0/3, or on 1/3 and then 0/3."""
    p = 0.2
    none, one = mtd_data(build_graph(ThreePlusThree(n_levels=1, variant="declare")), [p])
    q = 1 - p
    assert none.probability == pytest.approx(q**3, abs=1e-15)
    assert one.probability == pytest.approx(3 * p * q**2 * q**3, abs=1e-15)


def test_data_so_far_move_the_start() -> None:
    design = ThreePlusThree(n_levels=2)
    seen = [Tally(n_evaluable=6), Tally(n_evaluable=4, n_dlts=1, n_pending=2)]
    found = mtd_data(build_graph(design, seen, 1), [0.1, 0.5])
    assert [(data.n_dlts, data.n_evaluable) for data in found] == [(0, 6), (1, 6)]
    assert [data.probability for data in found] == pytest.approx([0.75, 0.25])


def test_without_a_scenario_nothing_is_said_of_probability() -> None:
    graph = build_graph(ThreePlusThree(n_levels=2))
    assert {data.probability for data in mtd_data(graph)} == {None}
    certain = mtd_data(graph, [1, 1])
    assert [(data.probability, data.given_mtd) for data in certain] == [(0, None)] * 2


def test_a_trial_that_cannot_find_an_mtd_has_no_data_set() -> None:
    assert mtd_data(build_graph(ThreePlusThree(n_levels=2, max_patients=3)), [0.1, 0.2]) == ()


def test_what_cannot_be_is_refused() -> None:
    graph = build_graph(ThreePlusThree(n_levels=2))
    with pytest.raises(InputError, match="level of confidence"):
        mtd_data(graph, level=nan)
    with pytest.raises(InputError, match="must be from 0 to 1"):
        mtd_data(graph, [0.1, nan])
