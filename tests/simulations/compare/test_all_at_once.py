"""All scenarios at once, by any engine, against one scenario at a time on the graph's ends."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from escalation.designs import Boin, ThreePlusThree, make_design
from escalation.errors import InputError
from simulations.compare.exact import engine_to_measure, measure
from simulations.compare.metrics import METRICS, metric_values, selection_metrics
from simulations.compare.paired import _Spread
from simulations.compare.result import Contender
from simulations.compare.run import compare_designs, work_of
from simulations.engines.characteristics import summarise
from simulations.engines.crossings.engine import CrossingEngine
from simulations.engines.exact import end_probabilities
from simulations.engines.ladder import LadderAutomaton
from simulations.graph.build import build_graph
from simulations.scenarios.scenario import Scenario

TARGET = 0.3
CURVES = np.array([
    [0.05, 0.12, 0.3],
    [0.02, 0.4, 0.7],
    [0.4, 0.1, 0.35],  # falls
    [0.31, 0.5, 0.6],
    [0.3, 0.3, 0.3],
    [0.0, 0.0, 1.0],
    [0.1, 0.2, 0.25],
])  # fmt: skip


@pytest.mark.parametrize(
    ("design", "engine"),
    [
        (ThreePlusThree(n_levels=3, start=1), build_graph),
        (ThreePlusThree(n_levels=3, start=1), LadderAutomaton),
        (ThreePlusThree(n_levels=3, variant="declare"), LadderAutomaton),
        (ThreePlusThree(n_levels=3, start=2, untested_below="stop"), LadderAutomaton),
        (Boin(n_levels=3, target=0.3, max_patients=18, n_earlystop=9), build_graph),
        (Boin(n_levels=3, target=0.3, max_patients=18, n_earlystop=9), CrossingEngine),
        (make_design("keyboard", n_levels=3, target=0.3, max_patients=12, start=1), CrossingEngine),
    ],
    ids=lambda given: getattr(given, "__name__", type(given).__name__),
)
def test_measures_of_many_scenarios_are_those_of_each_on_the_graph(design, engine):
    graph = build_graph(design)
    against = {"target": TARGET, "interval": (0.2, 0.35)}
    selections = [selection_metrics(p, **against) for p in CURVES.tolist()]
    found = measure(engine(design), CURVES, TARGET, selections)
    for p, one in zip(CURVES, found, strict=True):
        likely = end_probabilities(graph, p[np.newaxis])[0]
        values = metric_values(graph, p, **against)
        assert list(one.metrics) == list(values)
        for name, of_end in values.items():
            assert one.metrics[name] == pytest.approx(float(likely @ of_end), abs=1e-12), name
        alone = summarise(graph, likely)
        assert one.characteristics.sample_size.p == pytest.approx(alone.sample_size.p, abs=1e-12)
        assert one.characteristics.p_select == pytest.approx(alone.p_select, abs=1e-12)


@pytest.mark.parametrize(
    ("design", "engine"),
    [
        (ThreePlusThree(n_levels=8), "TransitionGraph"),
        (ThreePlusThree(n_levels=30), "LadderAutomaton"),
        (Boin(n_levels=3, target=0.3, max_patients=18), "TransitionGraph"),
    ],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
def test_designs_are_exact_by_what_is_quick(design, engine):
    assert type(engine_to_measure(design)).__name__ == engine


def test_a_long_ladder_is_exact():
    contenders = [
        Contender(label=v, design=ThreePlusThree(n_levels=30, variant=v))
        for v in ("confirm", "declare")
    ]
    scenario = Scenario(name="slow", p_dlt=tuple(0.02 * k for k in range(1, 31)))
    (found,) = compare_designs(contenders, [scenario], target=0.3)
    assert [one.engine for one in found.designs] == ["exact", "exact"]
    assert list(found.designs[1].differences) == list(METRICS)


CONTENDERS = [
    Contender(label="3+3", design=ThreePlusThree(n_levels=3)),
    Contender(label="boin", design=Boin(n_levels=3, target=0.3, max_patients=12)),
    Contender(label="declare", design=ThreePlusThree(n_levels=3, variant="declare")),
]
SCENARIOS = [Scenario(name=str(k), p_dlt=tuple(p)) for k, p in enumerate(CURVES.tolist())]


def only_small(design):
    return 200 if design.name == "boin" else None


@pytest.mark.parametrize("method", ["auto", "monte-carlo"])
def test_neither_workers_nor_the_batch_change_a_figure(method):
    asked = {"target": TARGET, "method": method, "trials": 300, "max_states": only_small}
    together = [one.to_dict([1, 2, 3]) for one in compare_designs(CONTENDERS, SCENARIOS, **asked)]
    with ThreadPoolExecutor(2) as executor:
        shared = compare_designs(CONTENDERS, SCENARIOS, executor=executor, **asked)
        assert [one.to_dict([1, 2, 3]) for one in shared] == together
    alone = [one for s in SCENARIOS[:2] for one in compare_designs(CONTENDERS, [s], **asked)]
    for one, other in zip(alone, together, strict=False):
        for design, there in zip(one.designs, other["designs"], strict=True):
            assert design.metrics == pytest.approx(
                {name: value for name, value in there["metrics"].items() if value is not None},
                abs=1e-12,
            )
            for name, difference in design.differences.items():
                limits = there["differences"][name]
                assert difference.low == pytest.approx(limits["low"], abs=1e-12)


@pytest.mark.parametrize("method", ["auto", "exact", "monte-carlo"])
def test_progress_comes_to_all_the_work(method):
    done = []
    limit = None if method == "exact" else only_small
    asked = {"target": TARGET, "method": method, "trials": 50, "max_states": limit}
    list(compare_designs(CONTENDERS, SCENARIOS, progress=done.append, **asked))
    assert sum(done) == work_of(len(CONTENDERS), len(SCENARIOS), 50)


def test_spread_of_chunks_against_numpy_on_all_of_them():
    rng = np.random.default_rng(1)
    chunks = [rng.normal(5, 2, n) for n in (1, 700, 33)]
    spread = _Spread()
    for chunk in chunks:
        spread.add(chunk)
    everything = np.concatenate(chunks)
    expected = everything.std() / len(everything) ** 0.5
    assert spread.standard_error == pytest.approx(expected, rel=1e-13)
    alike = _Spread()
    for _ in range(3):
        alike.add(np.full(7, 0.1))
    assert alike.standard_error < 1e-15


def test_more_trials_than_are_drawn_one_by_one_are_refused_with_what_takes_them():
    with pytest.raises(InputError, match=r"at most 10,000,000,000 trials.*simulate takes more"):
        next(compare_designs(CONTENDERS, SCENARIOS, target=TARGET, trials=10**10 + 1))
    with pytest.raises(InputError, match="no scenario"):
        next(compare_designs(CONTENDERS, [], target=TARGET))
