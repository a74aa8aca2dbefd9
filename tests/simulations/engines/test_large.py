"""What is known of a graph before any of its states is found, against the graph."""

from __future__ import annotations

from typing import Any

import pytest

from escalation.designs import make_design
from escalation.designs.walk import TooManyStatesError
from simulations.engines.large import fewest_states, refuse_too_large
from simulations.graph.build import build_graph

UNLIMITED: list[tuple[str, dict[str, Any]]] = [
    ("3+3", {"variant": "confirm"}),
    ("3+3", {"variant": "declare"}),
    ("3+3", {"start": 1, "untested_below": "stop"}),
    ("3+3", {"two_of_six": "mtd", "top": "declare"}),
    ("3+3", {"third": 3}),
    ("rolling-six", {}),
    ("a+b", {"a": 1, "b": 2, "c": 1, "d": 0, "e": 0}),
    ("a+b", {"a": 3, "b": 3, "c": 1, "d": 2, "e": 2}),
    ("accelerated", {}),
    ("accelerated", {"after_titration": "below", "moderate_events": 3}),
    ("accelerated", {"below": "declare", "start": 1}),
]


@pytest.mark.parametrize("max_patients", [None, 7, 12, 15])
@pytest.mark.parametrize(("name", "options"), UNLIMITED, ids=str)
def test_there_are_no_fewer_states_than_are_said_against_the_graph(name, options, max_patients):
    design = make_design(name, n_levels=4, **options, max_patients=max_patients)
    n_states = build_graph(design).n_states
    assert n_states / 20 < fewest_states(design) <= n_states


@pytest.mark.parametrize(("name", "options"), UNLIMITED[:8], ids=str)
def test_levels_that_are_said_to_fit_do_against_the_graph_and_two_more_do_not(name, options):
    design = make_design(name, n_levels=30, **options)
    with pytest.raises(TooManyStatesError) as refused:
        refuse_too_large(design, 5_000)
    fits = refused.value.fits_levels
    if design.start:
        assert fits is None
        return
    assert fits is not None
    shorter = make_design(name, n_levels=fits, **options)
    assert build_graph(shorter).n_states <= 5_000
    assert fewest_states(make_design(name, n_levels=fits + 2, **options)) > 5_000


@pytest.mark.parametrize("name", ["boin", "crm"])
def test_what_is_not_judged_by_stages_is_not_known_at_once(name):
    design = make_design(name, n_levels=8, target=0.25, max_patients=90)
    assert fewest_states(design) == 0
    refuse_too_large(design, 1)
