"""Graphs walked by layers, against the walk that asks the design in every state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from escalation.designs import make_design
from escalation.designs.walk import TooManyStatesError, Walk, walk_design
from escalation.outcomes import parse_outcomes, tally_cohorts
from simulations.engines.exact import exact_characteristics
from simulations.graph import layers
from simulations.graph.build import TransitionGraph, build_graph

ARRAYS = ("level", "n_to_enrol", "children", "mtd", "n_evaluable", "n_dlts", "roots", "root_ways")
TARGET, MORE = {"target": 0.3}, {"extrasafe": True, "n_earlystop": 9}
DESIGNS: list[tuple[str, int, dict[str, Any]]] = [
    ("boin", 4, {"max_patients": 24, **TARGET}),
    ("boin", 1, {"max_patients": 12, **TARGET}),
    ("boin", 4, {"max_patients": 24, "bound_mtd": True, "start": 2, **TARGET, **MORE}),
    ("boin", 3, {"max_patients": 18, "cutoff_eli": 0.8, "extrasafe": True, **TARGET}),
    ("keyboard", 4, {"max_patients": 24, "start": 1, **TARGET, **MORE}),
    ("mtpi", 3, {"max_patients": 12, "cohort_size": 1, **TARGET}),
    ("mtpi-2", 3, {"max_patients": 20, "cohort_size": 2, "n_earlystop": 5, **TARGET}),
    ("tpi", 4, {"max_patients": 24, "cohort_size": 4, "start": 3, **TARGET}),
    ("i3+3", 4, {"max_patients": 24, **TARGET}),
    ("g3+3", 4, {"max_patients": 24, "n_earlystop": 12}),
]
TITRATING: list[tuple[str, int, dict[str, Any]]] = [
    ("boin", 4, {"max_patients": 21, "titration": True, **TARGET, **MORE}),
    ("keyboard", 3, {"max_patients": 18, "titration": True, "start": 1, **TARGET}),
    ("mtpi", 3, {"max_patients": 16, "cohort_size": 4, "titration": True, **TARGET}),
    ("g3+3", 4, {"max_patients": 18, "titration": True}),
]


def asked_in_every_state(design, *args: Any, **options: Any) -> TransitionGraph:
    def walk_by(*asked: Any) -> Walk:
        return walk_design(*asked)

    return build_graph(design, *args, walk_by=walk_by, **options)


def assert_same(graph: TransitionGraph, walked: TransitionGraph) -> None:
    for name in ARRAYS:
        assert np.array_equal(getattr(graph, name), getattr(walked, name)), name
    assert graph.decisions == walked.decisions
    assert np.array_equal(graph.ways, walked.ways)


@pytest.mark.parametrize(("name", "n_levels", "options"), DESIGNS, ids=str)
def test_layers_are_the_states_that_a_walk_finds_in_its_order(name, n_levels, options):
    design = make_design(name, n_levels=n_levels, **options)
    assert_same(build_graph(design), asked_in_every_state(design))


@pytest.mark.parametrize(("name", "n_levels", "options"), TITRATING, ids=str)
def test_layers_after_a_titration_are_those_states_in_another_order(name, n_levels, options):
    """A walk goes cohort by cohort, and cohorts are of one patient and of several here."""
    design = make_design(name, n_levels=n_levels, **options)
    graph, walked = build_graph(design), asked_in_every_state(design)
    states = [
        np.column_stack([one.n_evaluable, one.n_dlts, one.level, one.n_to_enrol, one.mtd, one.ways])
        for one in (graph, walked)
    ]
    ordered = [rows[np.lexsort(rows.T)] for rows in states]
    assert np.array_equal(*ordered)
    p_dlt = [0.1, 0.25, 0.4, 0.6][:n_levels]
    found, expected = (exact_characteristics(one, p_dlt).to_dict() for one in (graph, walked))
    for figure in ("p_select", "patients", "dlts"):
        assert found[figure] == pytest.approx(expected[figure], rel=0, abs=1e-12)
    for figure in ("sample_size", "total_dlts"):
        distributions = (found[figure]["distribution"], expected[figure]["distribution"])
        assert distributions[0] == pytest.approx(distributions[1], rel=0, abs=1e-12)


@pytest.mark.parametrize(
    "outcomes",
    ["1NNN 2NTT", "1NNN 2N??", "1NN? 2NT?", "2NNNN 1N", "3TT 1NNNNNNNNNNNNNNNNNNN", "1TTT", "2TN"],
)
@pytest.mark.parametrize("name", ["boin", "mtpi-2"])
def test_layers_from_data_so_far_are_those_of_a_walk(name, outcomes):
    design = make_design(name, n_levels=3, target=0.25, max_patients=21, extrasafe=True)
    cohorts = parse_outcomes(outcomes)
    begun = tally_cohorts(cohorts, (1, 2, 3)), cohorts[-1].label - 1
    graph, walked = build_graph(design, *begun), asked_in_every_state(design, *begun)
    assert_same(graph, walked)


def test_keys_of_several_words_tell_states_apart_as_one_word_does(monkeypatch):
    design = make_design("boin", n_levels=4, target=0.3, max_patients=24)
    whole = build_graph(design)
    monkeypatch.setattr(layers, "_ROOM", 200)
    assert_same(build_graph(design), whole)


def test_a_ladder_of_many_levels_needs_several_words():
    design = make_design("boin", n_levels=40, target=0.3, max_patients=15)
    assert_same(build_graph(design), asked_in_every_state(design))


def test_a_limit_counts_states_after_ends_have_been_merged():
    design = make_design("boin", n_levels=3, target=0.3, max_patients=18)
    n_states = build_graph(design).n_states
    assert build_graph(design, max_states=n_states).n_states == n_states
    with pytest.raises(TooManyStatesError, match=f"more than {n_states - 1} states"):
        build_graph(design, max_states=n_states - 1)


def test_a_decision_is_had_of_each_state_as_of_a_tuple():
    decisions = build_graph(make_design("boin", n_levels=2, target=0.3, max_patients=6)).decisions
    every = list(decisions)
    assert len(decisions) == len(every)
    assert [decisions[place] for place in range(len(every))] == every
    assert list(decisions[2:5]) == every[2:5]
    assert decisions[-1] == every[-1]
    assert decisions == tuple(every) != decisions[1:]
