"""What a report checks of its own figures: that it finds what is wrong, and nothing else."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest

from escalation.designs import Boin, ThreePlusThree
from simulations.engines.characteristics import Distribution
from simulations.engines.results import ScenarioResult, run_scenarios
from simulations.engines.self_check import (
    MANY,
    check_agreement,
    check_expectation,
    check_sums,
    sharpen,
)
from simulations.graph.build import build_graph
from simulations.scenarios.scenario import Scenario

CURVE = (0.1, 0.25, 0.4)
DESIGNS = (ThreePlusThree(n_levels=3), Boin(n_levels=3, target=0.25, max_patients=12))


def found(design: ThreePlusThree | Boin, seed: int = 1, trials: int = 4000) -> ScenarioResult:
    scenario = Scenario(name="rising", p_dlt=CURVE)
    (result,) = run_scenarios(build_graph(design), [scenario], trials=trials, seed=seed)
    return result


@pytest.mark.parametrize("design", DESIGNS, ids=lambda one: one.name)
def test_right_figures_pass(design: ThreePlusThree | Boin) -> None:
    result = found(design)
    assert result.exact is not None
    agreement = check_agreement([result])
    assert agreement is not None
    assert agreement.holds
    assert check_sums(result.exact) < 1e-12
    assert check_expectation(result.exact, CURVE) < 1e-12


def test_the_distance_is_that_of_a_share_of_binomial_trials() -> None:
    """Against the textbook: one level is declared with probability q^3 + 3 p q^2 q^3."""
    graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    (result,) = run_scenarios(graph, [Scenario(name="s", p_dlt=(0.2,))], trials=400, seed=3)
    assert result.monte_carlo is not None
    share = 0.8**3 + comb(3, 1) * 0.2 * 0.8**5
    observed = float(result.monte_carlo.characteristics.p_select[0])
    z = abs(observed - share) / (share * (1 - share) / 400) ** 0.5
    agreement = check_agreement([result])
    assert agreement is not None
    assert agreement.largest >= z - 1e-9


def test_simulated_trials_under_another_curve_are_noticed() -> None:
    right, wrong = found(DESIGNS[0]), Scenario(name="other", p_dlt=(0.1, 0.30, 0.4))
    (other,) = run_scenarios(build_graph(DESIGNS[0]), [wrong], trials=4000)
    agreement = check_agreement([replace(right, monte_carlo=other.monte_carlo)])
    assert agreement is not None
    assert not agreement.holds


def test_many_trials_by_counts_notice_one_part_in_a_hundred_thousand() -> None:
    graph, right = build_graph(DESIGNS[0]), found(DESIGNS[0])
    (sharp,) = sharpen(graph, [right], seed=1)
    assert sharp.monte_carlo is not None
    assert sharp.monte_carlo.trials == MANY
    agreement = check_agreement([sharp])
    assert agreement is not None
    assert agreement.holds
    wrong = replace(right, scenario=Scenario(name="other", p_dlt=(CURVE[0] + 1e-5, *CURVE[1:])))
    agreement = check_agreement(sharpen(graph, [wrong], seed=1))
    assert agreement is not None
    assert not agreement.holds
    assert sharpen(graph, [replace(right, exact=None)], seed=1) == []


def test_lost_probability_and_shifted_dlts_are_noticed() -> None:
    exact = found(DESIGNS[0]).exact
    assert exact is not None
    lost = replace(exact, p_select=exact.p_select * 0.999)
    assert check_sums(lost) == pytest.approx(0.001 * exact.p_select.sum())
    one = exact.dlts_by_level[0]
    shifted = Distribution(values=one.values + 1, p=one.p)
    moved = replace(exact, dlts_by_level=(shifted, *exact.dlts_by_level[1:]))
    assert check_expectation(moved, CURVE) == pytest.approx(1)
    assert np.isclose(check_sums(moved), 1)


def test_figures_found_in_one_way_have_nothing_to_agree_with() -> None:
    assert check_agreement([replace(found(DESIGNS[0]), monte_carlo=None)]) is None
