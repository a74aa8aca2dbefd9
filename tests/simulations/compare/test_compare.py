"""Designs side by side, against the exact engine and against trials taken in pairs."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from escalation.designs import Boin, ThreePlusThree, make_design
from escalation.designs.walk import TooManyStatesError
from escalation.errors import InputError
from simulations.compare.metrics import METRICS
from simulations.compare.optimal import optimal_benchmark
from simulations.compare.result import CSV_COLUMNS, Contender, benchmark_rows, design_rows
from simulations.compare.run import compare_designs
from simulations.engines.characteristics import correct_level
from simulations.engines.exact import exact_characteristics
from simulations.engines.montecarlo import simulate, simulate_trials
from simulations.graph.build import build_graph
from simulations.scenarios.scenario import Scenario

P_DLT = (0.1, 0.27, 0.5)
SCENARIOS = [Scenario(name="a", p_dlt=P_DLT), Scenario(name="toxic", p_dlt=(0.4, 0.5, 0.6))]
CONTENDERS = [
    Contender(label="confirm", design=ThreePlusThree(n_levels=3)),
    Contender(label="declare", design=ThreePlusThree(n_levels=3, variant="declare")),
    Contender(label="boin", design=Boin(n_levels=3, target=0.3, max_patients=18)),
]


def compared(**options):
    return list(compare_designs(CONTENDERS, SCENARIOS, target=0.3, **options))


@pytest.fixture(scope="module")
def exact():
    return compared(method="exact")


def test_exact_figures_against_the_exact_engine(exact):
    for found in exact:
        p_dlt = found.scenario.p_dlt
        assert found.correct == correct_level(p_dlt, 0.3)
        for contender, design in zip(CONTENDERS, found.designs, strict=True):
            engine = exact_characteristics(build_graph(contender.design), p_dlt)
            assert design.engine == "exact"
            assert design.mcse == {}
            assert design.characteristics.to_dict() == engine.to_dict()
            rule = engine.against_target(p_dlt, 0.3)
            assert design.metrics["pcs"] == pytest.approx(rule["pcs"], abs=1e-14)
            assert design.metrics["sample_size"] == pytest.approx(engine.sample_size.mean)
            for name, found_difference in design.differences.items():
                first = found.designs[0].metrics[name]
                assert found_difference.estimate == pytest.approx(
                    design.metrics[name] - first, abs=1e-14
                )
                assert found_difference.low is found_difference.high is None
        assert found.designs[0].differences == {}


def test_simulated_figures_against_the_exact_ones(exact):
    for found, truth in zip(compared(method="monte-carlo", trials=20_000), exact, strict=True):
        for design, true in zip(found.designs, truth.designs, strict=True):
            assert design.engine == "monte-carlo"
            assert list(design.mcse) == list(METRICS)
            for name, value in design.metrics.items():
                assert abs(value - true.metrics[name]) <= 4 * design.mcse[name] + 1e-12, name
            for name, difference in design.differences.items():
                off = abs(difference.estimate - true.differences[name].estimate)
                half = (difference.high - difference.low) / 2 if difference.high else 0
                assert off <= 4 * half / 1.96 + 1e-12, name


def test_simulated_figures_against_those_of_simulate():
    """The same trials, so the same figures to the last digit."""
    for found in compared(method="monte-carlo", trials=1000, seed=3):
        for contender, design in zip(CONTENDERS, found.designs, strict=True):
            run = simulate(
                build_graph(contender.design), found.scenario.p_dlt, trials=1000, seed=3,
                draws="latent",
            )  # fmt: skip
            of_both = [one.characteristics for one in (design, run)]
            for name in ("p_select", "p_no_mtd", "p_inconclusive"):
                here, there = (np.array(getattr(one, name)).tolist() for one in of_both)
                assert here == there
            here, there = (one.sample_size.p[one.sample_size.p > 0].tolist() for one in of_both)
            assert here == there
            assert design.metrics["p_no_mtd"] == run.characteristics.p_no_mtd


def test_a_design_that_counts_moderate_toxicities_is_simulated_too():
    designs = [Contender(label="titrated", design=make_design("accelerated", n_levels=3))]
    asked = {"target": 0.3, "p_moderate": (0.3, 0.2, 0.1)}
    exact, simulated = (
        next(compare_designs(designs, SCENARIOS, method=method, trials=20_000, **asked)).designs[0]
        for method in ("exact", "monte-carlo")
    )
    for name, error in simulated.mcse.items():
        assert abs(simulated.metrics[name] - exact.metrics[name]) < max(4 * error, 1e-12)


def test_limits_of_a_difference_against_trials_in_pairs():
    found = compared(method="monte-carlo", trials=3000, seed=5)[0]
    ends = []
    for contender in CONTENDERS:
        graph = build_graph(contender.design)
        (chunk,) = simulate_trials(graph, P_DLT, trials=3000, seed=5, draws="latent")
        ends.append(chunk.mtds() == 1)
    for design, hits in zip(found.designs[1:], ends[1:], strict=True):
        pairs = hits.astype(float) - ends[0]
        difference = design.differences["pcs"]
        half = 1.96 * pairs.std() / 3000**0.5
        assert difference.estimate == pytest.approx(pairs.mean(), abs=1e-12)
        assert difference.low == pytest.approx(pairs.mean() - half, abs=1e-12)
        assert difference.high == pytest.approx(pairs.mean() + half, abs=1e-12)
        alone = (design.mcse["pcs"] ** 2 + found.designs[0].mcse["pcs"] ** 2) ** 0.5
        assert half < 1.96 * alone  # what shared patients are for


@pytest.mark.slow
def test_limits_cover_the_exact_difference_as_often_as_they_say(exact):
    true = exact[0].designs[2].differences["share_above"].estimate
    covered = 0
    for seed in range(200):
        found = compare_designs(
            [CONTENDERS[0], CONTENDERS[2]], SCENARIOS[:1],
            target=0.3, method="monte-carlo", trials=200, seed=seed,
        )  # fmt: skip
        limits = next(found).designs[1].differences["share_above"]
        covered += limits.low <= true <= limits.high
    assert 180 <= covered <= 199  # 190 expected, SD 3.1


def few_states(design):
    return 250  # the 3+3s have fewer


def test_only_what_is_too_large_is_simulated(exact):
    found = compared(trials=2000, max_states=few_states)[0]
    assert [design.engine for design in found.designs] == ["exact", "exact", "monte-carlo"]
    assert found.designs[1].differences["pcs"].low is None
    mixed = found.designs[2].differences["pcs"]
    # consistent with the table: the first design's figure is exact
    assert mixed.estimate == pytest.approx(
        found.designs[2].metrics["pcs"] - exact[0].designs[0].metrics["pcs"], abs=1e-12
    )
    assert mixed.high - mixed.estimate == pytest.approx(1.96 * found.designs[2].mcse["pcs"])


def test_exact_is_refused_where_it_cannot_be_had():
    with pytest.raises(TooManyStatesError):
        compared(method="exact", max_states=few_states)


@pytest.mark.parametrize(
    ("contenders", "given", "n_patients"),
    [(CONTENDERS, None, 18), (CONTENDERS, 20, 20), (CONTENDERS[:2], None, 12)],
)
def test_the_benchmark_has_the_designs_patients(contenders, given, n_patients):
    (found,) = compare_designs(contenders, SCENARIOS[:1], target=0.3, benchmark_patients=given)
    assert found.benchmark.n_patients == n_patients
    expected = optimal_benchmark(P_DLT, target=0.3, n_patients=n_patients).p_select
    assert found.benchmark.p_select == pytest.approx(expected, abs=0)
    assert found.benchmark_metrics["pcs"] == pytest.approx(expected[1])
    assert found.benchmark_metrics["p_overdose"] == pytest.approx(expected[2])


def test_the_benchmark_stays_within_its_own_limit():
    design = ThreePlusThree(n_levels=3, max_patients=5000)
    contenders = [*CONTENDERS, Contender(label="large", design=design)]
    (found,) = compare_designs(contenders, SCENARIOS[:1], target=0.3)
    assert found.benchmark.n_patients == 300


def test_the_benchmark_has_nothing_to_say_where_no_mtd_is_correct(exact):
    assert exact[1].correct is None
    assert exact[1].benchmark_metrics == {}


def test_rows_hold_every_figure(exact):
    labels = [-1, 1, 2]
    rows = [row for one in exact[0].designs for row in design_rows(exact[0], one, labels)]
    rows += benchmark_rows(exact[0], labels)
    assert {len(row) for row in rows} == {len(CSV_COLUMNS)}
    file = io.StringIO()
    csv.writer(file).writerows([CSV_COLUMNS, *rows])
    file.seek(0)
    read = list(csv.DictReader(file))
    pcs = [float(row["value"]) for row in read if row["figure"] == "pcs"]
    assert pcs == [design.metrics["pcs"] for design in exact[0].designs] + [
        exact[0].benchmark_metrics["pcs"]
    ]
    assert [row["level"] for row in read if row["figure"] == "p_select"] == ["-1", "1", "2"] * 4


def test_bad_input_is_one_clear_line():
    other = replace(CONTENDERS[0], design=ThreePlusThree(n_levels=4))
    for contenders, options, message in (
        ([], {}, "no design"),
        ([CONTENDERS[0], other], {}, "ladders of 3 and 4 levels"),
        (CONTENDERS, {"target": 1.0}, "target P\\(DLT\\) must lie"),
        (CONTENDERS, {"interval": (0.4, 0.5)}, "interval around the target"),
        (CONTENDERS, {"method": "monte-carlo", "trials": 0}, "trials must be"),
        (CONTENDERS, {"benchmark_patients": 0}, "benchmark needs from 1"),
    ):
        with pytest.raises(InputError, match=message):
            list(compare_designs(contenders, SCENARIOS, **({"target": 0.3} | options)))


def test_a_measure_of_trials_all_alike_has_no_limits():
    scenario = Scenario(name="safe", p_dlt=(0.0, 0.0, 0.0))
    (found,) = compare_designs(CONTENDERS, [scenario], target=0.3, method="monte-carlo", trials=50)
    assert found.designs[1].differences["sample_size"].low is None
    assert np.isfinite(found.designs[1].metrics["dlt_rate"])
