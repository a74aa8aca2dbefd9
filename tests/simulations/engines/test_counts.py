"""Draws by counts: against the exact engine, by z and chi-square, at any number of trials."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import binom, chi2

from escalation.designs import APlusB, RollingSix, ThreePlusThree, make_design
from escalation.designs.base import Design
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.counts import MOST_BY_COUNT, count_states
from simulations.engines.exact import end_probabilities, exact_characteristics
from simulations.engines.montecarlo import simulate, simulate_trials
from simulations.engines.passes import passing_probabilities
from simulations.graph.build import TransitionGraph, build_graph

P = (0.08, 0.2, 0.35)
P_MODERATE = (0.15, 0.2, 0.3)
OPTIONS = {"n_levels": 3, "target": 0.25, "max_patients": 15}
DESIGNS: dict[str, Design] = {
    "3+3": ThreePlusThree(n_levels=3),
    "declare": ThreePlusThree(n_levels=3, variant="declare", start=1),
    "a+b": APlusB(n_levels=3, a=4, b=1, c=2, d=3, e=3, below="declare"),
    "capped": ThreePlusThree(n_levels=3, max_patients=12),
    "rolling six": RollingSix(n_levels=3),
    "accelerated": make_design("accelerated", n_levels=3),
    "boin": make_design("boin", **OPTIONS),
    "one by one": make_design("boin", **OPTIONS | {"max_patients": 9, "cohort_size": 1}),
    "crm": make_design("crm", **OPTIONS),
    "likelihood": make_design("crm", **OPTIONS, method="mle"),
}


@cache
def graph_of(name: str) -> TransitionGraph:
    design = DESIGNS[name]
    return build_graph(design, p_moderate=P_MODERATE if design.asks_moderate else None)


# ---------------------------------------------------------------- against the exact engine


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("trials", [10**4, 10**12, MOST_BY_COUNT])
def test_every_end_against_its_exact_probability_by_chi_square(name, trials):
    graph = graph_of(name)
    counts = count_states(graph, np.array(P), trials=trials, seed=5)[graph.ends]
    assert counts.dtype == np.int64
    assert counts.sum() == trials
    expected = end_probabilities(graph, np.array([P]))[0] * trials
    rare = expected < 20  # together they are one cell
    observed = np.array([*counts[~rare], counts[rare].sum()], dtype=float)
    wanted = np.array([*expected[~rare], expected[rare].sum()])
    cells = wanted > 0
    if trials > 10**13:  # the exact figures' own rounding
        wanted = np.where(cells, wanted * (observed.sum() / wanted.sum()), 0)
    distance = ((observed - wanted)[cells] ** 2 / wanted[cells]).sum()
    assert 1e-4 < chi2.sf(distance, cells.sum() - 1) < 1 - 1e-4


@pytest.mark.parametrize("name", DESIGNS)
def test_a_trillion_trials_are_the_exact_figures_to_five_digits(name):
    graph = graph_of(name)
    found = simulate(graph, P, trials=10**12).characteristics
    exact = exact_characteristics(graph, P)
    assert found.p_select == pytest.approx(exact.p_select, abs=1e-5)
    assert found.p_no_mtd == pytest.approx(exact.p_no_mtd, abs=1e-5)
    assert found.patients == pytest.approx(exact.patients, abs=1e-4)
    assert found.dlts == pytest.approx(exact.dlts, abs=1e-4)
    assert found.sample_size.p == pytest.approx(exact.sample_size.p, abs=1e-5)


def test_states_on_the_way_are_passed_as_often_as_they_should_be():
    graph, trials = graph_of("boin"), 10**12
    counts = count_states(graph, np.array(P), trials=trials, seed=2)
    share = passing_probabilities(graph, P)
    z = (counts / trials - share) / np.sqrt(share * (1 - share) / trials + 1e-30)
    common = share * trials > 100
    assert np.abs(z[common & (share < 1)]).max() < 5
    assert np.std(z[common & (share < 1)]) == pytest.approx(1, abs=0.2)


def test_chi_square_over_two_hundred_seeds():
    """The number that selects the middle level is binomial: 200 draws fill its ten tenths."""
    graph, trials = graph_of("3+3"), 10**9
    share = float(exact_characteristics(graph, P).p_select[1])
    n_seeds, n_cells = 200, 10
    counts = [
        round(
            float(simulate(graph, P, trials=trials, seed=seed).characteristics.p_select[1]) * trials
        )
        for seed in range(n_seeds)
    ]
    tenths = np.minimum((binom.cdf(counts, trials, share) * n_cells).astype(int), n_cells - 1)
    observed = np.bincount(tenths, minlength=n_cells)
    distance = ((observed - n_seeds / n_cells) ** 2).sum() / (n_seeds / n_cells)
    assert 1e-3 < chi2.sf(distance, n_cells - 1) < 1 - 1e-3


@pytest.mark.parametrize("name", ["3+3", "accelerated", "boin", "likelihood"])
@pytest.mark.parametrize("p", list(itertools.product((0.0, 1.0), repeat=3)), ids=str)
def test_certain_outcomes_are_certain(name, p):
    graph = graph_of(name)
    found = simulate(graph, p, trials=10**12).characteristics
    exact = exact_characteristics(graph, p)
    assert found.p_select == pytest.approx(exact.p_select, abs=1e-5 if name == "accelerated" else 0)
    assert found.dlts == pytest.approx(exact.dlts, abs=1e-4 if name == "accelerated" else 1e-12)


def test_rare_and_common_outcomes_are_both_as_right_as_their_numbers():
    """P(DLT) of 1e-6 in 10^15 trials: three DLTs of three happen as often as p^3 says."""
    graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    p, trials = 1e-4, MOST_BY_COUNT
    counts = count_states(graph, np.array([p]), trials=trials, seed=1)
    three = graph.children[graph.roots[0], 3]
    assert abs(counts[three] - trials * p**3) < 5 * (trials * p**3) ** 0.5


@pytest.mark.parametrize("n_pending", [1, 3])
def test_pending_patients_turn_out_in_their_proportions(n_pending):
    tallies = [Tally(n_evaluable=3 - n_pending, n_pending=n_pending), Tally(), Tally()]
    graph = build_graph(DESIGNS["3+3"], tallies, 0)
    trials = 10**12
    counts = count_states(graph, np.array(P), trials=trials, seed=1)
    shares = [binom.pmf(k, n_pending, P[0]) for k in range(n_pending + 1)]
    dlts = graph.n_dlts[graph.roots, 0]
    for root, n_dlts in zip(graph.roots, dlts, strict=True):
        share = shares[n_dlts]
        assert abs(counts[root] / trials - share) < 5 * (share * (1 - share) / trials) ** 0.5
    assert counts[graph.ends].sum() == trials


# ---------------------------------------------------------------- the same for everyone


def test_another_process_draws_the_same():
    code = (
        "from escalation.designs import ThreePlusThree\n"
        "from simulations.engines.montecarlo import simulate\n"
        "from simulations.graph.build import build_graph\n"
        "graph = build_graph(ThreePlusThree(n_levels=3))\n"
        f"print(simulate(graph, {P}, trials=10**12, seed=9).characteristics.p_select.tolist())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    here = simulate(graph_of("3+3"), P, trials=10**12, seed=9).characteristics.p_select.tolist()
    assert other.strip() == str(here)


@pytest.mark.parametrize("name", ["3+3", "capped", "boin", "one by one", "accelerated"])
def test_the_numbers_of_the_states_do_not_matter(name):
    """A graph whose states are numbered otherwise, within each number of patients, draws alike."""
    graph = graph_of(name)
    n_patients = graph.n_evaluable.sum(axis=1)
    order = np.lexsort([np.random.default_rng(1).permutation(graph.n_states), n_patients])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    children = graph.children[order]
    shuffled = replace(
        graph,
        level=graph.level[order],
        n_to_enrol=graph.n_to_enrol[order],
        children=np.where(children < 0, -1, place[children]),
        mtd=graph.mtd[order],
        n_evaluable=graph.n_evaluable[order],
        n_dlts=graph.n_dlts[order],
        decisions=(),
        roots=place[graph.roots],
        counts_moderate=graph.counts_moderate[order],
    )
    one = count_states(graph, np.array(P), trials=10**6, seed=3)
    other = count_states(shuffled, np.array(P), trials=10**6, seed=3)
    assert (one[order] == other).all()


def test_there_are_no_single_trials_to_keep():
    with pytest.raises(InputError, match="no single trials"):
        simulate_trials(graph_of("3+3"), P, trials=10, draws="count")
