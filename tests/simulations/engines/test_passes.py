"""Passes through the graph, against the exact engine, which takes another road."""

import numpy as np
import pytest

from escalation.designs import Boin, ThreePlusThree
from escalation.outcomes import Tally
from simulations.engines.characteristics import end_values
from simulations.engines.exact import end_probabilities, exact_batch
from simulations.engines.passes import (
    expected_from,
    passing_probabilities,
    transition_probabilities,
)
from simulations.graph.build import build_graph

P_DLT = [0.05, 0.2, 0.45]
GRAPHS = {
    "3+3": build_graph(ThreePlusThree(n_levels=3)),
    "pending": build_graph(
        ThreePlusThree(n_levels=3),
        [Tally(n_evaluable=3), Tally(n_evaluable=1, n_pending=2), Tally()],
        1,
    ),
    "boin": build_graph(Boin(n_levels=3, target=0.3, max_patients=15)),
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("p_dlt", [P_DLT, [0.0, 0.3, 1.0], [0.0] * 3, [1.0] * 3])
def test_both_passes_give_the_exact_engines_figures(name, p_dlt):
    graph = GRAPHS[name]
    exact = exact_batch(graph, [p_dlt])
    values = end_values(graph)
    passing = passing_probabilities(graph, p_dlt)
    assert passing[graph.ends] == pytest.approx(
        end_probabilities(graph, np.array([p_dlt]))[0], abs=1e-14
    )
    for figure in ("p_select", "patients", "dlts"):
        seen_from = expected_from(graph, p_dlt, values[figure])
        backward = passing[graph.roots] @ seen_from[graph.roots]
        assert backward == pytest.approx(getattr(exact, figure)[0], abs=1e-12)
    one = expected_from(graph, p_dlt, values["p_no_mtd"][:, 0])
    assert passing[graph.roots] @ one[graph.roots] == pytest.approx(exact.p_no_mtd[0], abs=1e-12)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_trial_passes_on_to_one_child(name):
    graph = GRAPHS[name]
    likely = transition_probabilities(graph, P_DLT)
    going = graph.n_to_enrol > 0
    assert likely.sum(axis=1) == pytest.approx(going.astype(float), abs=1e-14)
    passing = passing_probabilities(graph, P_DLT)
    flowing_in = np.zeros(graph.n_states)
    flowing_in[graph.roots] = passing[graph.roots]
    np.add.at(flowing_in, graph.children[going], passing[going][:, np.newaxis] * likely[going])
    assert flowing_in == pytest.approx(passing, abs=1e-13)
