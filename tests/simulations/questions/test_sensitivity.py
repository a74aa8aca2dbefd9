"""Gradients and tornados, against differences of the exact engine and the graph's own passes."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from escalation.designs import APlusB, Boin, ThreePlusThree
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.characteristics import end_values
from simulations.engines.exact import exact_batch, exact_characteristics, gradients_at_ends
from simulations.engines.passes import expected_from, passing_probabilities
from simulations.graph.build import NO_MTD, TransitionGraph, build_graph
from simulations.questions.sensitivity import sensitivity, tornado

VARIANTS = ("confirm", "declare", "expand-below", "declare-confirm-top")
GRAPHS = {
    **{name: build_graph(ThreePlusThree(n_levels=4, variant=name)) for name in VARIANTS},
    "start 2": build_graph(ThreePlusThree(n_levels=4, start=1)),
    "capped": build_graph(ThreePlusThree(n_levels=4, max_patients=15)),
    "A+B": build_graph(APlusB(n_levels=4, a=4, b=4, c=1, d=2, e=2)),
    "boin": build_graph(Boin(n_levels=4, target=0.3, max_patients=18)),
    "pending": build_graph(
        ThreePlusThree(n_levels=4),
        [Tally(n_evaluable=3, n_pending=1), Tally(n_evaluable=1, n_pending=2), Tally(), Tally()],
        1,
    ),
}
CURVES = np.sort(np.random.default_rng(20261125).random((4, 4)), axis=1)


def differences(graph: TransitionGraph, p_dlt: np.ndarray, step: float = 1e-5) -> dict:
    """Differentiate numerically, by four-point central differences."""
    moves = np.concatenate([k * step * np.eye(len(p_dlt)) for k in (-2, -1, 1, 2)])
    found = exact_batch(graph, p_dlt + moves)
    weights = np.array([1, -8, 8, -1]) / (12 * step)
    slopes = {}
    for name in ("p_select", "p_no_mtd", "p_inconclusive", "patients", "dlts"):
        by_move = getattr(found, name).reshape(4, len(p_dlt), -1)
        slopes[name] = np.einsum("k,klf->fl", weights, by_move)
    slopes["sample_size"] = slopes["patients"].sum(axis=0)
    slopes["total_dlts"] = slopes["dlts"].sum(axis=0)
    return slopes


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("curve", range(len(CURVES)))
def test_gradients_against_central_differences(name, curve):
    graph, p = GRAPHS[name], CURVES[curve]
    found = sensitivity(graph, p)
    numerical = differences(graph, p)
    assert set(found.gradients) == set(numerical)
    for figure, slopes in numerical.items():
        assert found.gradients[figure].ravel() == pytest.approx(slopes.ravel(), abs=1e-6), figure


def adjoint_gradient(graph: TransitionGraph, p_dlt, values: np.ndarray) -> np.ndarray:
    """Add up over the states what one more DLT in the next cohort would change."""
    seen_from = expected_from(graph, p_dlt, values)
    passing = passing_probabilities(graph, p_dlt)
    slopes = np.zeros(len(p_dlt))
    for state in np.flatnonzero(graph.n_to_enrol).tolist():
        level, size = graph.level[state], int(graph.n_to_enrol[state])
        p = p_dlt[level]
        ahead = seen_from[graph.children[state, : size + 1]]
        likely = [comb(size - 1, k) * p**k * (1 - p) ** (size - 1 - k) for k in range(size)]
        slopes[level] += passing[state] * size * (np.diff(ahead) @ likely)
    return slopes


@pytest.mark.parametrize("name", sorted(set(GRAPHS) - {"pending"}))
@pytest.mark.parametrize("p_dlt", [CURVES[0], [0.0, 0.2, 0.5, 1.0], [0.0] * 4, [1.0] * 4])
def test_gradients_against_the_adjoint_pass_through_the_graph(name, p_dlt):
    graph = GRAPHS[name]
    for values in (end_values(graph)["p_select"].T, end_values(graph)["patients"].T):
        for figure in values:
            expected = adjoint_gradient(graph, p_dlt, figure)
            found = gradients_at_ends(graph, np.array(p_dlt), figure)
            assert found == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("edge", [[0.0, 0.2, 0.5, 1.0], [0.0] * 4, [1.0] * 4])
def test_derivatives_at_0_and_1_are_one_sided(name, edge):
    graph, step = GRAPHS[name], 1e-6
    found = sensitivity(graph, edge)
    here = exact_batch(graph, [edge])
    for level, p in enumerate(edge):
        inward = -step if p == 1 else step
        moved = [exact_batch(graph, [edge + k * inward * np.eye(4)[level]]) for k in (1, 2)]
        for figure in ("p_select", "patients", "dlts"):
            at = [getattr(batch, figure)[0] for batch in (here, *moved)]
            slope = (-3 * at[0] + 4 * at[1] - at[2]) / (2 * inward)
            assert found.gradients[figure][:, level] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("name", GRAPHS)
def test_probabilities_of_all_ends_change_by_nothing_together(name):
    graph = GRAPHS[name]
    slopes = sensitivity(graph, CURVES[1]).gradients
    together = slopes["p_select"].sum(axis=0) + slopes["p_no_mtd"] + slopes["p_inconclusive"]
    assert together == pytest.approx(np.zeros(4), abs=1e-12)
    by_end = gradients_at_ends(graph, np.array(CURVES[1]), np.eye(len(graph.ends)))
    assert by_end.sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-12)


def test_expected_dlts_against_walds_identity():
    """E[DLTs at a level] = p E[patients there], so their gradients are tied as well."""
    p = CURVES[2]
    found = sensitivity(GRAPHS["confirm"], p)
    expected = p[:, np.newaxis] * found.gradients["patients"] + np.diag(found.values["patients"])
    assert found.gradients["dlts"] == pytest.approx(expected, abs=1e-12)


def test_one_level_against_theory():
    graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    p = 0.3
    theory = -3 * (1 - p) ** 2 + 3 * (1 - p) ** 5 - 15 * p * (1 - p) ** 4
    assert sensitivity(graph, [p]).gradients["p_select"][0, 0] == pytest.approx(theory, abs=1e-14)


def test_correct_selection_and_overdosing_are_those_of_the_scenario():
    p = [0.05, 0.2, 0.3, 0.5]
    found = sensitivity(GRAPHS["confirm"], p, 0.25)
    assert found.correct == 1  # equally near: the one below the target
    assert found.values["pcs"] == pytest.approx(found.values["p_select"][1], abs=1e-15)
    assert found.gradients["pcs"] == pytest.approx(found.gradients["p_select"][1], abs=1e-13)
    above = found.gradients["p_select"][2:].sum(axis=0)
    assert found.gradients["p_overdose"] == pytest.approx(above)
    toxic = sensitivity(GRAPHS["confirm"], [0.4, 0.5, 0.6, 0.7], 0.25)
    assert toxic.correct == NO_MTD
    assert toxic.gradients["pcs"] == pytest.approx(toxic.gradients["p_no_mtd"], abs=1e-13)


def test_a_tornado_moves_one_level_at_a_time_and_stays_within_0_and_1():
    p = [0.02, 0.2, 0.3, 0.97]
    graph = GRAPHS["boin"]
    found = tornado(graph, p, "patients", level=1, band=0.05)
    assert found.p_low == pytest.approx([0, 0.15, 0.25, 0.92])
    assert found.p_high == pytest.approx([0.07, 0.25, 0.35, 1])
    for ends, shown in ((found.p_low, found.at_low), (found.p_high, found.at_high)):
        for level in range(4):
            moved = [*p[:level], ends[level], *p[level + 1 :]]
            expected = exact_characteristics(graph, moved).patients[1]
            assert shown[level] == pytest.approx(expected, abs=1e-12)
    assert found.value == pytest.approx(exact_characteristics(graph, p).patients[1], abs=1e-12)


def test_a_small_tornado_against_the_gradient():
    p, band = [0.05, 0.2, 0.3, 0.5], 1e-5
    slopes = sensitivity(GRAPHS["confirm"], p, 0.25).gradients["pcs"]
    found = tornado(GRAPHS["confirm"], p, "pcs", band=band, target=0.25)
    assert (found.at_high - found.at_low) / (2 * band) == pytest.approx(slopes, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"figure": "pc", "target": 0.25}, "did you mean pcs"),
        ({"figure": "pcs"}, "needs a target"),
        ({"figure": "patients"}, "by level"),
        ({"figure": "patients", "level": 4}, "one of 4"),
        ({"figure": "sample_size", "level": 1}, "leave the level out"),
        ({"figure": "sample_size", "band": 0}, "band"),
        ({"figure": "sample_size", "band": float("nan")}, "band"),
        ({"figure": "pcs", "target": float("nan")}, "target"),
        ({"figure": "pcs", "target": 1.0}, "target"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        tornado(GRAPHS["confirm"], [0.1, 0.2, 0.3, 0.4], **arguments)


@pytest.mark.parametrize("p_dlt", [[0.1, 0.2], [0.1, 0.2, 0.3, float("nan")], [], [0.1] * 3 + [2]])
def test_bad_scenarios_are_refused(p_dlt):
    with pytest.raises(InputError, match=r"P\(DLT\)"):
        sensitivity(GRAPHS["confirm"], p_dlt)
