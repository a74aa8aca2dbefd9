"""Timings, printed and never asserted on: ``pytest -m benchmark -s tests/benchmarks``."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from escalation.designs import ThreePlusThree, make_design
from escalation.outcomes import Tally
from simulations.compare.differences import find_differences
from simulations.compare.result import Contender
from simulations.compare.run import compare_designs
from simulations.engines.crossings.engine import CrossingEngine
from simulations.engines.exact import exact_batch, exact_characteristics
from simulations.engines.exact_engine import ExactEngine, GraphEngine
from simulations.engines.ladder import LadderAutomaton
from simulations.engines.montecarlo import simulate
from simulations.engines.on_demand import graph_on_demand
from simulations.graph.build import build_graph
from simulations.questions.averages import average_over_curves
from simulations.questions.sensitivity import sensitivity
from simulations.questions.worst_case import worst_overdose, worst_pcs
from simulations.scenarios.random import logistic_normal, paoletti, pseudo_uniform
from simulations.scenarios.scenario import Scenario

from .baseline import enumerate_paths, simulate_patients

P5 = [0.05, 0.10, 0.20, 0.30, 0.45]
P6 = [0.05, 0.10, 0.20, 0.30, 0.40, 0.50]
P8 = [0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50]


def best_of(repeats: int, run: Callable[[], object]) -> float:
    """Return the shortest time in seconds: what it costs without the neighbours."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def peak_memory(run: Callable[[], object]) -> float:
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def report(what: str, figure: str) -> None:
    print(f"\n  {what:<58} {figure}", end="")


# ---------------------------------------------------------------- the baseline is right


@pytest.mark.parametrize("p", [P5, P6[:1], P6[:3], [0.0, 1.0], [0.4, 0.1, 0.6, 0.2]], ids=str)
def test_exact_characteristics_against_the_recursive_baseline(p):
    selected, mean, n_paths = enumerate_paths(p)
    graph = build_graph(ThreePlusThree(n_levels=len(p)))
    found = exact_characteristics(graph, p)
    assert [found.p_no_mtd, *found.p_select] == pytest.approx(selected, rel=0, abs=1e-12)
    assert found.sample_size.mean == pytest.approx(mean, rel=0, abs=1e-11)
    assert graph.count_paths() == n_paths


def test_exact_characteristics_against_the_patient_by_patient_baseline():
    trials = 20_000
    shares = np.array(simulate_patients(P5, trials, seed=1)) / trials
    found = exact_characteristics(build_graph(ThreePlusThree(n_levels=5)), P5)
    p = np.array([found.p_no_mtd, *found.p_select])
    assert (np.abs(shares - p) / np.sqrt(p * (1 - p) / trials) < 4).all()


# ---------------------------------------------------------------- timings


@pytest.mark.benchmark
def test_exact_speed():
    graph = build_graph(ThreePlusThree(n_levels=5))
    _ = graph.ways
    build = best_of(7, lambda: build_graph(ThreePlusThree(n_levels=5)))
    report("5 levels, the graph", f"{build * 1e3:.2f} ms")
    from_nothing = best_of(
        7, lambda: exact_characteristics(build_graph(ThreePlusThree(n_levels=5)), P5)
    )
    one = best_of(50, lambda: exact_characteristics(graph, P5))
    report("5 levels, one scenario, graph included", f"{from_nothing * 1e3:.2f} ms")
    report("5 levels, one scenario, graph at hand", f"{one * 1e6:.0f} us")
    p = np.sort(np.random.default_rng(1).random((100_000, 5)), axis=1)
    batch = best_of(3, lambda: exact_batch(graph, p))
    report("5 levels, 100,000 scenarios", f"{batch:.2f} s, {batch * 10:.2f} us a scenario")
    peak = peak_memory(lambda: exact_batch(graph, p))
    report("5 levels, 100,000 scenarios, peak memory", f"{peak:.0f} MiB")
    plain = best_of(5, lambda: enumerate_paths(P5))
    report("5 levels, recursive baseline", f"{plain * 1e3:.2f} ms")
    report("  baseline / one scenario", f"{plain / one:.1f}")
    report("  baseline / one scenario of a batch", f"{plain / batch * 1e5:.0f}")


@pytest.mark.benchmark
def test_graph_speed():
    design = ThreePlusThree(n_levels=8)
    graph = build_graph(design)
    seconds = best_of(3, lambda: build_graph(design))
    report(f"8 levels, the graph, {graph.n_states} states", f"{seconds * 1e3:.0f} ms")
    report("  states a second", f"{graph.n_states / seconds:,.0f}")
    plain = best_of(3, lambda: enumerate_paths(P8))
    report("8 levels, recursive baseline, one scenario", f"{plain * 1e3:.0f} ms")
    one = best_of(10, lambda: exact_characteristics(graph, P8))
    report("8 levels, one scenario, graph at hand", f"{one * 1e3:.2f} ms")


@pytest.mark.benchmark
def test_boin_speed():
    """Asked of it: the graph in 0.5 s, then 2 ms a scenario; from a cold shell 1 s."""
    design = make_design("boin", n_levels=5, target=0.3, max_patients=30)
    graph = build_graph(design)
    seconds = best_of(3, lambda: build_graph(design))
    report(f"BOIN, 5 levels, 30 patients, {graph.n_states} states", f"{seconds * 1e3:.0f} ms")
    p = [0.05, 0.10, 0.20, 0.33, 0.50]
    one = best_of(10, lambda: exact_characteristics(graph, p))
    report("  one scenario, graph at hand", f"{one * 1e3:.2f} ms")
    words = "-m escalation simulate --design boin --set target=0.30 --set max_patients=30"
    command = [sys.executable, *words.split(), "--p-dlt", ",".join(map(str, p))]
    command += ["--method", "exact", "--json"]
    cold = best_of(3, lambda: subprocess.run(command, check=True, capture_output=True))
    report("  simulate --method exact --json from a cold shell", f"{cold:.2f} s")


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("n_levels", "max_patients", "asked"),
    [(5, 30, 0.03), (6, 36, 0.15), (6, 45, 1), (8, 45, 2), (5, 60, 8)],
)
def test_large_boin_speed(n_levels, max_patients, asked):
    design = make_design("boin", n_levels=n_levels, target=0.3, max_patients=max_patients)
    p = [0.05 + 0.08 * level for level in range(n_levels)]
    graph = build_graph(design)
    what = f"BOIN, {n_levels} levels, {max_patients} patients, {graph.n_states:,} states"
    repeats = 5 if graph.n_states < 10**6 else 1
    seconds = best_of(repeats, lambda: exact_characteristics(build_graph(design), p))
    report(what, f"{seconds * 1e3:.0f} ms, asked {asked * 1e3:g}")
    report("  one more scenario", f"{best_of(3, lambda: exact_characteristics(graph, p)):.3f} s")


@pytest.mark.benchmark
@pytest.mark.parametrize(("n_levels", "max_patients"), [(5, 60), (6, 60), (8, 60)])
def test_speed_of_levels_followed_by_crossings(n_levels, max_patients):
    design = make_design("boin", n_levels=n_levels, target=0.3, max_patients=max_patients)
    p = [0.05 + 0.08 * level for level in range(n_levels)]
    made: list[CrossingEngine] = []
    seconds = best_of(1, lambda: made.append(CrossingEngine(design)))
    report(f"BOIN, {n_levels} levels, {max_patients} patients, by crossings", f"{seconds:.2f} s")
    report("  one scenario more", f"{best_of(1, lambda: made[0].characteristics(p)):.2f} s")


@pytest.mark.benchmark
def test_random_scenarios_speed():
    """Asked of it: 10,000 random curves for a 3+3 in 1 s, drawn and evaluated."""
    graph = build_graph(ThreePlusThree(n_levels=5))
    for prior in (pseudo_uniform, paoletti, logistic_normal):

        def draw(prior=prior):
            return prior(10_000, np.random.default_rng(1), target=0.25, n_levels=5)

        seconds = best_of(5, draw)
        report(f"5 levels, 10,000 curves, {prior.__name__}, drawn", f"{seconds * 1e3:.1f} ms")
        seconds = best_of(5, lambda draw=draw: average_over_curves(graph, draw(), 0.25).summary())
        report("  drawn, evaluated and summed up", f"{seconds * 1e3:.0f} ms")
    words = "-m escalation random-scenarios --levels 5 --target 0.25 --json"
    command = [sys.executable, *words.split()]
    cold = best_of(3, lambda: subprocess.run(command, check=True, capture_output=True))
    report("  random-scenarios from a cold shell", f"{cold:.2f} s")


@pytest.mark.benchmark
def test_ladder_speed():
    """Asked of it: 0.3, 0.5, 0.8 us a scenario; 4, 8, 20 ms with every distribution."""
    for n_levels in (5, 8, 12):
        automaton = LadderAutomaton(ThreePlusThree(n_levels=n_levels))
        p = np.sort(np.random.default_rng(1).random((100_000, n_levels)), axis=1)
        seconds = best_of(5, lambda automaton=automaton, p=p: automaton.batch(p))
        what = f"level by level, {n_levels} levels, selection and means, a scenario of 100,000"
        report(what, f"{seconds * 10:.2f} us")
        if n_levels < 12:
            graph = build_graph(ThreePlusThree(n_levels=n_levels))
            seconds = best_of(3, lambda graph=graph, p=p: exact_batch(graph, p[:2000]))
            report("  by the graph", f"{seconds * 500:.1f} us")
    for n_levels in (8, 20, 50):
        p = np.linspace(0.02, 0.5, n_levels).tolist()

        def distributions(n_levels=n_levels, p=p):
            return LadderAutomaton(ThreePlusThree(n_levels=n_levels)).characteristics(p)

        what = f"level by level, {n_levels} levels, every distribution, design included"
        report(what, f"{best_of(20, distributions) * 1e3:.1f} ms")


@pytest.mark.benchmark
def test_sensitivity_speed():
    ladders = [ThreePlusThree(n_levels=n_levels) for n_levels in (5, 8, 20)]
    engines: list[tuple[str, ExactEngine]] = [
        (f"3+3, {design.n_levels} levels, level by level", LadderAutomaton(design))
        for design in ladders
    ]
    boin = make_design("boin", n_levels=5, target=0.3, max_patients=30)
    engines += [
        (f"{design.name}, {design.n_levels} levels, by the graph", GraphEngine(build_graph(design)))
        for design in (*ladders[:2], boin)
    ]
    for what, engine in engines:
        p = np.linspace(0.05, 0.45, engine.n_levels).tolist()
        seconds = best_of(20, lambda engine=engine, p=p: sensitivity(engine, p, 0.25))
        report(f"{what}, all gradients", f"{seconds * 1e3:.2f} ms")
        repeats = 3 if engine.n_levels < 9 else 1
        for said, grid in (("searches", 0), ("with the grid", 200_000)):
            seconds = best_of(
                repeats,
                lambda engine=engine, grid=grid: worst_overdose(engine, 0.4, grid_curves=grid),
            )
            report(f"  worst overdosing, {said}", f"{seconds:.2f} s")
        seconds = best_of(repeats, lambda engine=engine: worst_pcs(engine, 0.25, separation=0.05))
        report("  worst PCS with a separation, with the grid", f"{seconds:.2f} s")


@pytest.mark.benchmark
def test_one_by_one_speed():
    """Asked of it: 10,000 trials of 30 patients well below 1 s, but for a design's own cost."""
    design = make_design("boin", n_levels=6, target=0.3, max_patients=30, cohort_size=1)
    run = {"p_dlt": [P6], "trials": 10_000}
    part = graph_on_demand(design, **run)
    seconds = best_of(3, lambda: graph_on_demand(design, **run))
    report(f"BOIN one by one, {part.n_states} states met by 10,000", f"{seconds:.2f} s")
    walking = best_of(3, lambda: simulate(part, P6, trials=10_000, draws="latent"))
    report("  10,000 trials with that part at hand", f"{walking * 1e3:.0f} ms")


@pytest.mark.benchmark
def test_compare_speed():
    """Asked of it: 6 designs under 1,000 scenarios in 4 s."""
    curves = np.sort(np.random.default_rng(1).uniform(0.02, 0.7, (1000, 5)), axis=1)
    every = [Scenario(name=str(k), p_dlt=tuple(curve)) for k, curve in enumerate(curves.tolist())]
    scenarios = every[:8]
    options = {"n_levels": 5, "target": 0.3, "max_patients": 30}
    names = ("boin", "keyboard", "mtpi", "tpi", "i3+3")
    designs = [ThreePlusThree(n_levels=5), *(make_design(name, **options) for name in names)]
    contenders = [Contender(label=design.name, design=design) for design in designs]

    def compare(contenders, method="auto", scenarios=scenarios):
        return lambda: list(compare_designs(contenders, scenarios, target=0.3, method=method))

    report("6 designs, 8 scenarios, exact", f"{best_of(3, compare(contenders)):.2f} s")
    many = best_of(3, compare(contenders, scenarios=every))
    report("6 designs, 1,000 scenarios, exact", f"{many:.2f} s")
    simulated = best_of(1, compare(contenders, "monte-carlo"))
    report("  8 of them simulated, 100,000 trials each", f"{simulated:.2f} s")
    one_by_one = make_design("boin", cohort_size=1, **options)
    mixed = [*contenders[:5], Contender(label="one by one", design=one_by_one)]
    report("  one of them one by one, 8 scenarios", f"{best_of(1, compare(mixed)):.2f} s")
    long = [Contender(label="3+3", design=ThreePlusThree(n_levels=30))]
    curve = Scenario(name="slow", p_dlt=tuple(0.02 * k for k in range(1, 31)))
    seconds = best_of(3, compare(long, scenarios=[curve]))
    report("  a 3+3 of 30 levels, one scenario", f"{seconds * 1e3:.0f} ms")
    pair = [ThreePlusThree(n_levels=5), ThreePlusThree(n_levels=5, variant="declare")]
    seconds = best_of(5, lambda: find_differences(*pair).under(P5, target=0.3))
    report("why two 3+3 variants differ, 5 levels", f"{seconds * 1e3:.0f} ms")
    pair = [designs[0], designs[1]]
    seconds = best_of(3, lambda: find_differences(*pair).under(P5, target=0.3))
    report("why 3+3 and BOIN differ, 5 levels", f"{seconds * 1e3:.0f} ms")


@pytest.mark.benchmark
def test_crm_speed():
    """Asked of it: in threes exact in 5 s; one by one 10,000 trials of 30 patients in 3 s."""
    options = {"n_levels": 5, "target": 0.25, "max_patients": 30, "halfwidth": 0.05}
    p = [0.05, 0.10, 0.20, 0.33, 0.50]

    def build(method, model, size):
        return build_graph(
            make_design("crm", **options, method=method, model=model, cohort_size=size)
        )

    for named in itertools.product(("bayes", "mle"), ("empiric", "logistic"), (1, 3)):
        graph = build(*named)
        seconds = best_of(3, lambda named=named: build(*named))
        report(f"CRM, {named}, {graph.n_states} states", f"{seconds:.2f} s")
    one = best_of(10, lambda: exact_characteristics(graph, p))
    report("  one scenario, graph at hand", f"{one * 1e3:.2f} ms")

    def decide():
        design = make_design("crm", **options)
        design.decide([Tally(n_evaluable=3)] * 2 + [Tally()] * 3, 1)

    report("  design and one decision, grid at hand", f"{best_of(20, decide) * 1e3:.2f} ms")

    def one_by_one(method):
        design = make_design("crm", **options, cohort_size=1, method=method)
        part = graph_on_demand(design, p_dlt=[p], trials=10_000)
        simulate(part, p, trials=10_000, draws="latent")
        return part.n_states

    for method in ("bayes", "mle"):
        seconds = best_of(3, lambda method=method: one_by_one(method))
        n_states = one_by_one(method)
        report(f"  {method}, one by one, 10,000 trials, {n_states} states met", f"{seconds:.2f} s")
    words = "-m escalation decide 1NNN --design crm --set target=0.25 --set max_patients=30"
    command = [sys.executable, *words.split(), "--levels", "5"]
    cold = best_of(5, lambda: subprocess.run(command, check=True, capture_output=True))
    report("  decide from a cold shell", f"{cold * 1e3:.0f} ms")


@pytest.mark.benchmark
def test_monte_carlo_speed():
    graph = build_graph(ThreePlusThree(n_levels=6))
    n_plain = 20_000
    plain = n_plain / best_of(3, lambda: simulate_patients(P6, n_plain, seed=1))
    report("6 levels, plain Python patient by patient", f"{plain / 1e6:.3f} million trials/s")
    boin = build_graph(make_design("boin", n_levels=5, target=0.3, max_patients=30))
    for counted, p in ((graph, P6), (boin, P5)):

        def by_counts(trials, counted=counted, p=p):
            return lambda: simulate(counted, p, trials=trials).mcse()

        for trials in (10**4, 10**12):
            seconds = best_of(5, by_counts(trials))
            named = f"{counted.design.name}, {trials:.0e} trials by counts, with errors"
            report(named, f"{seconds * 1e3:.1f} ms")
    for draws in ("trial", "latent"):
        trials = 2_000_000
        speed = trials / best_of(
            5, lambda draws=draws, trials=trials: simulate(graph, P6, trials=trials, draws=draws)
        )
        report(f"6 levels, draws by {draws}, one core", f"{speed / 1e6:.2f} million trials/s")
        report("  / plain Python", f"{speed / plain:.0f}")
        peaks = [
            peak_memory(
                lambda draws=draws, trials=trials: simulate(graph, P6, trials=trials, draws=draws)
            )
            for trials in (20_000, 1_000_000)
        ]
        report("  peak memory, 20,000 and 1,000,000 trials", f"{peaks[0]:.1f}, {peaks[1]:.1f} MiB")
