"""A curve given by formula is the same curve typed as numbers, in every figure of every command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation.cli import main
from escalation.designs import ThreePlusThree
from escalation.errors import InputError
from simulations.compare.metrics import selection_metrics
from simulations.compare.optimal import optimal_benchmark
from simulations.engines.characteristics import correct_level
from simulations.graph.build import build_graph
from simulations.questions.averages import average_over_curves
from simulations.questions.worst_case import worst_overdose, worst_pcs
from simulations.scenarios.scenario import load_scenarios, parse_scenarios

CASE = Path(__file__).parents[2] / "data" / "curve_by_formula.toml"
DOSES = (1e6, 3e6, 6e6, 1e7)

# target, and the keys of a [[scenarios]] table of which the curve passes through it at a dose
Curve = tuple[float, Mapping[str, object]]


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """Draw a curve of each form that scenario files know, through (dose, target)."""
    p_low, target = sorted(draw(st.sets(st.integers(2, 60), min_size=2, max_size=2)))
    p_low, target = p_low / 100, target / 100
    low, high = sorted(draw(st.sets(st.integers(0, 3), min_size=2, max_size=2)))
    at_target = [DOSES[high], target]
    pair = [[DOSES[low], p_low], at_target]
    steepness = draw(st.integers(2, 60)) / 10
    keys: Mapping[str, object] = draw(
        st.sampled_from(
            [
                {"formula": "logistic", "p_at": pair},
                {"formula": "logistic", "p_at": [at_target], "slope": steepness},
                {"formula": "weibull", "p_at": pair},
                {"formula": "weibull", "p_at": [at_target], "shape": steepness},
                {"formula": "emax", "p_at": pair, "pmax": (target * 100 + 30) / 100},
                {"formula": "emax", "p_at": [at_target], "pmax": 0.9, "hill": steepness},
                {"formula": "power", "p_at": [at_target], "skeleton": [0.05, 0.12, 0.25, 0.4]},
            ]
        )
    )
    return target, keys


def by_formula(keys: Mapping[str, object]) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join([f"doses = {list(DOSES)}", "[[scenarios]]", 'name = "one"', *lines, ""])


def typed(keys: Mapping[str, object], target: float) -> str:
    """Write the same curve as numbers: the target as it is said, the rest to 15 digits."""
    [scenario] = parse_scenarios(by_formula(keys).encode(), "formula")
    values = [target if abs(p - target) < 1e-9 else float(f"{p:.15g}") for p in scenario.p_dlt]
    assert target in values
    return f'[[scenarios]]\nname = "one"\np_dlt = {values}\n'


def run(*words: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 0, (words, result.output)
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def assert_same(found: object, expected: object, near: float, where: str = "") -> None:
    """Compare two JSON documents: broken numbers to ``near``, all else exactly."""
    if isinstance(found, dict) and isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key, value in found.items():
            assert_same(value, expected[key], near, f"{where}.{key}")
    elif isinstance(found, list) and isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, pair in enumerate(zip(found, expected, strict=True)):
            assert_same(*pair, near, f"{where}[{i}]")
    elif isinstance(found, float):
        assert found == pytest.approx(expected, rel=near, abs=near), where
    else:
        assert found == expected, where


COMMANDS = {
    "simulate": "simulate --target {target} --trials 1000",
    "compare": "compare declare a+b:a=2,b=4,c=1,d=1,e=2 --target {target}",
    "compare --diff": "compare declare expand-below --diff --by pcs --target {target}",
    "sensitivity": "sensitivity --variant declare --target {target}",
    "mtd-data": "mtd-data --variant declare",
    "worst-case": "worst-case --variant declare --band 0.05 --starts 3"
    " --target {target} --above {target}",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(curve=curves())
@pytest.mark.slow
def test_every_figure_of_a_formula_against_the_same_curve_typed(
    command: str, curve: Curve, tmp_path: Path
) -> None:
    target, keys = curve
    words = command.format(target=target).split()
    documents = []
    for text in (by_formula(keys), typed(keys, target)):
        (tmp_path / "curve.toml").write_text(text, encoding="utf-8")
        documents.append(run(*words, "--scenario", str(tmp_path / "curve.toml")))
    # a search ends where its steps become small: its curve is less sharp than its value
    assert_same(*documents, near=1e-6 if "worst-case" in words else 1e-9)


@given(curve=curves())
def test_selection_and_benchmark_of_a_formula_against_the_same_curve_typed(curve: Curve) -> None:
    target, keys = curve
    [formula] = parse_scenarios(by_formula(keys).encode(), "formula")
    [numbers] = parse_scenarios(typed(keys, target).encode(), "typed")
    assert correct_level(formula.p_dlt, target) == correct_level(numbers.p_dlt, target)
    measured = [selection_metrics(one.p_dlt, target=target) for one in (formula, numbers)]
    assert list(measured[0]) == list(measured[1])
    for name, values in measured[0].items():
        assert values == pytest.approx(measured[1][name], abs=1e-9), name
    of_formula, of_numbers = (
        optimal_benchmark(one.p_dlt, target=target, n_patients=12) for one in (formula, numbers)
    )
    assert of_formula.p_select == pytest.approx(of_numbers.p_select, abs=1e-9)


def test_a_curve_through_a_quarter_by_formula_is_not_above_a_quarter() -> None:
    """The case: 39.83 % of trials were said to select a level above the target."""
    formula, numbers = load_scenarios(CASE)
    assert formula.p_dlt[3] > numbers.p_dlt[3] == 0.25  # by rounding, which is the point
    document = run("simulate", "--scenario", str(CASE), "--target", "0.25", "--method", "exact")
    of_formula, of_numbers = document["results"]
    assert of_formula["exact"]["p_overdose"] == of_numbers["exact"]["p_overdose"] == 0
    of_formula["scenario"] = of_numbers["scenario"]
    assert_same(of_formula, of_numbers, near=1e-12)


def test_averages_over_curves_by_formula_against_the_same_typed() -> None:
    graph = build_graph(ThreePlusThree(n_levels=4))
    formula, numbers = (
        average_over_curves(graph, [one.p_dlt], 0.25).figures for one in load_scenarios(CASE)
    )
    assert formula["p_overdose"] == numbers["p_overdose"] == 0
    for name, values in formula.items():
        assert values == pytest.approx(numbers[name], rel=1e-12), name


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("target", [0.1, 0.2, 0.25, 0.3, 0.35])
def test_random_scenarios_of_one_curve_through_the_target_against_it_typed(
    level: int, target: float
) -> None:
    """A logistic-normal prior without spread is one curve, by formula."""
    prior = ("--prior", "logistic-normal", "--prior-set", "sd=0,0")
    reference = ("--prior-set", f"reference_dose={DOSES[level]:g}", "--curves", "2")
    averages = run("random-scenarios", "--target", str(target), *prior, *reference)
    log_dose = np.log(np.array(DOSES) / DOSES[level])
    p = 1 / (1 + np.exp(-np.log(target / (1 - target)) - log_dose))
    p[level] = target
    p_dlt = ",".join(map(repr, p.tolist()))
    scenario = ("--protocol", "nct07123519", "--p-dlt", p_dlt)
    exact = run("simulate", *scenario, "--target", str(target), "--method", "exact")
    [result] = exact["results"]
    for name in ("pcs", "p_overdose", "p_no_mtd"):
        found = averages["figures"][name]["mean"]
        assert found == pytest.approx(result["exact"][name], abs=1e-12), name


@settings(max_examples=25)
@given(curve=curves())
def test_the_worst_of_one_curve_alone_against_its_exact_characteristics(curve: Curve) -> None:
    """Where the bounds leave no room, the search has to agree with the definition."""
    target, keys = curve
    [formula] = parse_scenarios(by_formula(keys).encode(), "formula")
    p_dlt = np.maximum.accumulate(formula.p_dlt)
    graph = build_graph(ThreePlusThree(n_levels=4, variant="declare"))
    exact = average_over_curves(graph, [p_dlt], target).figures
    worst = worst_pcs(graph, target, low=p_dlt, high=p_dlt, n_starts=2).worst
    assert worst.value == pytest.approx(exact["pcs"][0], abs=1e-9)
    assert worst.attained
    if exact["p_overdose"][0]:
        worst = worst_overdose(graph, target, low=p_dlt, high=p_dlt, n_starts=2).worst
        assert worst.value == pytest.approx(exact["p_overdose"][0], abs=1e-9)
        assert worst.attained
    else:
        with pytest.raises(InputError, match="no curve in the band has a level"):
            worst_overdose(graph, target, low=p_dlt, high=p_dlt, n_starts=2)


def test_bounds_that_rounding_alone_has_crossed_meet() -> None:
    """0.4 - 0.05 is 0.35000000000000003, 0.3 + 0.05 is 0.35: a falling curve leaves one value."""
    graph = build_graph(ThreePlusThree(n_levels=2, variant="declare"))
    low, high = [0.4 - 0.05, 0.25], [0.45, 0.3 + 0.05]
    assert low[0] > high[1]
    for found in (
        worst_overdose(graph, 0.3, low=low, high=high).worst,
        worst_pcs(graph, 0.3, low=low, high=high).worst,
    ):
        assert found.p_dlt == pytest.approx([0.35, 0.35])
    above = worst_overdose(graph, 0.3, low=low, high=high).worst.value
    exact = average_over_curves(graph, [[0.35, 0.35]], 0.3).figures
    assert above == pytest.approx(exact["p_overdose"][0], abs=1e-12)


def test_all_levels_at_the_target_by_rounding_leave_accuracy_undefined() -> None:
    assert "accuracy" not in selection_metrics([0.1 + 0.2, 0.3], target=0.3)


def test_limits_of_the_interval_are_inside_also_after_rounding() -> None:
    inside = selection_metrics([0.25 - 1e-16, 0.35 + 1e-16, 0.3501], target=0.3)["p_within"]
    assert inside.tolist() == [0, 0, 1, 1, 0]


def test_levels_that_differ_by_rounding_are_one_for_the_benchmark() -> None:
    exact = optimal_benchmark([0.1, 0.3, 0.3], target=0.3, n_patients=12).p_select
    rounded = optimal_benchmark([0.1, 0.1 + 0.2, 0.3], target=0.3, n_patients=12).p_select
    assert rounded == pytest.approx(exact, abs=1e-12)
    assert rounded[1] == 0


def test_an_emax_curve_whose_plateau_is_one_is_the_logistic_curve() -> None:
    """With pmax 1 it is, and hill its slope: rounding must not put the plateau above 1."""
    text = 'doses = [1, 2, 4]\n[[scenarios]]\nname = "one"\nformula = "{}"\n'
    for p in range(5, 50, 5):
        at = f"p_at = [[1, {p / 100}], "
        [steep] = parse_scenarios(
            f"{text.format('logistic')}p_at = [[1, {p / 100}]]\nslope = 1.5\n".encode(), "a"
        )
        pair = f"{at}[4, {steep.p_dlt[2]!r}]]\nhill = 1.5\n"
        [emax] = parse_scenarios(f"{text.format('emax')}{pair}".encode(), "b")
        assert emax.p_dlt == pytest.approx(steep.p_dlt, rel=1e-9)
