"""Monte Carlo against the exact engine and against other packages' simulations."""

from __future__ import annotations

import csv
import itertools
import multiprocessing
import re
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, norm

from escalation.designs import VARIANTS, APlusB, ThreePlusThree
from escalation.errors import InputError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from simulations.engines import latent, montecarlo
from simulations.engines.characteristics import Distribution, OperatingCharacteristics
from simulations.engines.exact import exact_characteristics
from simulations.engines.montecarlo import simulate, simulate_trials
from simulations.engines.simulated import CHUNK_SIZE, MonteCarlo
from simulations.graph.build import TransitionGraph, build_graph

DATA = Path(__file__).parents[2] / "data"
DRAWS = ("count", "trial", "latent")
ONE_BY_ONE = ("trial", "latent")
MILD = [0.05, 0.10, 0.20, 0.30, 0.45]


@cache
def graph_of(variant: str = "confirm", n_levels: int = 5, start: int = 0) -> TransitionGraph:
    return build_graph(ThreePlusThree(n_levels=n_levels, variant=variant, start=start))


# ---------------------------------------------------------------- against the exact engine


def z_of_share(found: float, p: float, n: int) -> float:
    """Return the z that has the binomial tail probability of this share: exact for rare events."""
    count = round(found * n)
    assert count == pytest.approx(found * n, abs=1e-6)
    p = min(max(p, 0.0), 1.0)
    tail = min(binom.cdf(count, n, p), binom.sf(count - 1, n, p))
    return float(norm.isf(min(tail, 0.5)))


def z_of_mean(found: float, distribution: Distribution, n: int) -> float:
    if distribution.sd < 1e-9:  # a constant, but for rounding
        return 0.0 if found == pytest.approx(distribution.mean, abs=1e-12) else np.inf
    return abs(found - distribution.mean) / (distribution.sd / n**0.5)


def z_of_sd(found: float, distribution: Distribution, n: int) -> float:
    variance = distribution.central_moment(2)
    spread = distribution.central_moment(4) - variance**2
    if spread < 1e-12:  # a constant or a fair coin: the spread of the sd is of a smaller order
        return 0.0
    return abs(found - variance**0.5) / (spread / (4 * variance * n)) ** 0.5


def z_scores(simulated: MonteCarlo, exact: OperatingCharacteristics) -> Iterator[tuple[str, float]]:
    found, n = simulated.characteristics, simulated.trials
    shares = [
        ("p_no_mtd", found.p_no_mtd, exact.p_no_mtd),
        ("p_inconclusive", found.p_inconclusive, exact.p_inconclusive),
        *(("p_select", f, e) for f, e in zip(found.p_select, exact.p_select, strict=True)),
    ]
    pairs = [
        ("sample_size", found.sample_size, exact.sample_size),
        ("total_dlts", found.total_dlts, exact.total_dlts),
        *(
            (name, f, e)
            for name in ("patients_by_level", "dlts_by_level")
            for f, e in zip(getattr(found, name), getattr(exact, name), strict=True)
        ),
    ]
    for name, ours, theirs in pairs:
        assert ours.values.tolist() == theirs.values.tolist()
        shares += [(name, f, e) for f, e in zip(ours.p, theirs.p, strict=True)]
    for name, share, p in shares:
        yield name, z_of_share(float(share), float(p), n)
    for name, ours, theirs in pairs:
        yield f"mean of {name}", z_of_mean(ours.mean, theirs, n)
    for name, ours, theirs in pairs[:2]:
        yield f"sd of {name}", z_of_sd(ours.sd, theirs, n)


def assert_agrees(graph, p, *, trials, draws, seed=1):
    simulated = simulate(graph, p, trials=trials, seed=seed, draws=draws)
    scores = list(z_scores(simulated, exact_characteristics(graph, p)))
    assert len(scores) > 20
    assert [(name, z) for name, z in scores if not z < 4] == []
    # and they are not too good either
    assert np.mean([z > 0.1 for name, z in scores if name.startswith("mean")]) > 0.3


@pytest.mark.parametrize("draws", DRAWS)
def test_a_million_trials_against_exact(draws):
    assert_agrees(graph_of(), MILD, trials=1_000_000, draws=draws)


@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("p", [(0.12, 0.27, 0.44, 0.53), (0.3, 0.1, 0.5, 0.2)], ids=str)
def test_every_variant_against_exact(variant, p, draws):
    assert_agrees(graph_of(variant, 4), p, trials=200_000, draws=draws)
    assert_agrees(graph_of(variant, 4, start=2), p, trials=200_000, draws=draws, seed=7)


@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize(
    "design",
    [
        ThreePlusThree(n_levels=4, max_patients=12),
        ThreePlusThree(n_levels=4, two_of_six="mtd", start=1, untested_below="stop"),
        APlusB(n_levels=4, a=2, b=4, c=1, d=1, e=2),
        APlusB(n_levels=3, a=4, b=1, c=2, d=3, e=3, below="declare"),
        APlusB(n_levels=3, a=1, b=7, c=1, d=1, e=3),
    ],
    ids=lambda design: f"{design.name}-{design.a}+{design.b}-{design.max_patients}",
)
def test_other_designs_against_exact(design, draws):
    p = [0.15, 0.3, 0.35, 0.5][: design.n_levels]
    assert_agrees(build_graph(design), p, trials=200_000, draws=draws, seed=3)


@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("outcomes", ["1NNT", "1N??", "1NNN 2?T?", "1NN? 2N??"])
def test_continuing_from_data_against_exact(outcomes, draws):
    cohorts = parse_outcomes(outcomes)
    tallies = tally_cohorts(cohorts, (1, 2, 3))
    graph = build_graph(ThreePlusThree(n_levels=3), tallies, cohorts[-1].label - 1)
    assert_agrees(graph, [0.2, 0.35, 0.5], trials=200_000, draws=draws)


@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("p", list(itertools.product((0.0, 1.0), repeat=3)), ids=str)
def test_certain_outcomes_are_certain(p, draws):
    graph = graph_of("confirm", 3)
    found = simulate(graph, p, trials=5_000, draws=draws).characteristics
    exact = exact_characteristics(graph, p)
    assert found.p_select.tolist() == exact.p_select.tolist()
    assert found.p_no_mtd == exact.p_no_mtd
    assert found.patients.tolist() == exact.patients.tolist()
    assert found.dlts.tolist() == exact.dlts.tolist()


# ---------------------------------------------------------------- against other simulations


def published() -> Iterator[tuple[str, int, list[float], list[dict[str, str]]]]:
    scenarios: dict[str, list[float]] = defaultdict(list)
    with (DATA / "scenarios.csv").open() as file:
        for row in csv.DictReader(file):
            scenarios[row["scenario"]].append(float(row["p_true"]))
    for source, variant in (("UBCRM", "declare"), ("crmPack", "confirm")):
        groups: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        with (DATA / f"threep3_{source}_sim_per_dose.csv").open() as file:
            for row in csv.DictReader(file):
                groups[row["variant"], row["scenario"]].append(row)
        for (name, scenario), rows in groups.items():
            matched = re.search(r"_n(\d+)_", name)
            assert matched is not None
            yield variant, int(matched[1]), scenarios[scenario], rows


def test_exact_numbers_against_the_simulations_of_UBCRM_and_crmPack():
    """The published rows carry their own sampling error, of which the exact variance is known.

    Shares are judged by their binomial tail, means by z. Of about 400 comparisons the largest
    |z| stays below 3.9 with 96 % probability where all agree, so 4 is the limit for each one;
    and their mean square must be near 1: more would be a bias in many places at once.
    """
    scores = []
    for variant, n, p, rows in published():
        exact = exact_characteristics(graph_of(variant, len(p)), p)
        shares = [exact.p_no_mtd, *exact.p_select]
        for row, share in zip(rows, shares, strict=True):
            z = z_of_share(float(row["p_select"]), share, n)
            scores.append((variant, n, row["scenario"], row["dose"], "p_select", z, share * n))
        for name, levels in (("exp_n", exact.patients_by_level), ("exp_dlt", exact.dlts_by_level)):
            for row, level in zip(rows[1:], levels, strict=True):
                z = z_of_mean(float(row[name]), level, n)
                usual = level.p.max() * n
                scores.append((variant, n, row["scenario"], row["dose"], name, z, n - usual))
    assert len(scores) > 380
    assert [score for score in scores if not score[5] < 4] == []
    informative = [z for *_, z, expected in scores if expected > 20]
    assert len(informative) > 250
    assert 0.7 < np.mean(np.square(informative)) < 1.3


# ---------------------------------------------------------------- the same result for everyone


def test_any_executor_and_number_of_workers_give_the_same_result():
    graph = graph_of("declare", 3)
    p, trials = [0.1, 0.25, 0.4], 1_030_001  # 52 chunks: three tasks, the last chunk not full
    run = {"trials": trials, "seed": 5, "draws": "trial"}
    alone = simulate(graph, p, **run).to_dict()
    context = multiprocessing.get_context("spawn")
    for workers in (1, 2, 3):
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            assert simulate(graph, p, **run, executor=pool).to_dict() == alone
        with ThreadPoolExecutor(workers) as threads:
            assert simulate(graph, p, **run, executor=threads).to_dict() == alone


def test_a_failing_worker_fails_the_run():
    class Broken(ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):
            return super().submit(lambda: 1 / 0)

    with Broken(2) as pool, pytest.raises(ZeroDivisionError):
        simulate(graph_of(), MILD, trials=50_000, draws="trial", executor=pool)


@pytest.mark.parametrize("draws", DRAWS)
def test_the_seed_decides(draws):
    runs = [
        simulate(graph_of(), MILD, trials=30_000, seed=seed, draws=draws).to_dict()
        for seed in (1, 1, 2, 0, 2**64, 2**200)
    ]
    assert runs[0] == runs[1]
    figures = [str({**run, "seed": None}) for run in runs[1:]]
    assert len(set(figures)) == len(figures)


def test_progress_adds_up_to_the_trials():
    done: list[int] = []
    simulate(graph_of(), MILD, trials=1_000_003, draws="trial", progress=done.append)
    assert sum(done) == 1_000_003
    assert len(done) > 1
    simulate(graph_of(), MILD, trials=1_000_003, progress=done.append)
    assert sum(done) == 2 * 1_000_003


def states_of(graph, p, **options) -> NDArray[np.intp]:
    parts = [part.states for part in simulate_trials(graph, p, **options)]
    width = max(part.shape[1] for part in parts)
    return np.vstack(
        [np.pad(p, ((0, 0), (0, width - p.shape[1])), constant_values=-1) for p in parts]
    )


@pytest.mark.parametrize("draws", ONE_BY_ONE)
@pytest.mark.parametrize("trials", [1, 2, 7, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 50_001])
def test_kept_trials_add_up_to_the_summary(trials, draws):
    graph = graph_of("confirm", 4, 1)
    p = [0.1, 0.2, 0.35, 0.5]
    summary = simulate(graph, p, trials=trials, seed=9, draws=draws).characteristics
    parts = list(simulate_trials(graph, p, trials=trials, seed=9, draws=draws))
    numbers = [part.first + i for part in parts for i in range(len(part.states))]
    assert numbers == list(range(1, trials + 1))
    mtds = Counter(np.concatenate([part.mtds() for part in parts]).tolist())
    assert [mtds[level] / trials for level in range(4)] == pytest.approx(summary.p_select)
    assert mtds[-1] / trials == pytest.approx(summary.p_no_mtd)
    assert sum(mtds.values()) == trials
    patients, dlts = np.zeros((trials, 4)), np.zeros((trials, 4))
    for trial, course in itertools.chain.from_iterable(part.courses() for part in parts):
        assert [cohort for cohort, *_ in course] == list(range(1, len(course) + 1))
        for _, level, n, x in course:
            patients[trial - 1, level] += n
            dlts[trial - 1, level] += x
    assert patients.mean(axis=0) == pytest.approx(summary.patients, rel=1e-12)
    assert dlts.mean(axis=0) == pytest.approx(summary.dlts, rel=1e-12, abs=1e-15)
    for counts, distribution in (
        (patients.sum(axis=1), summary.sample_size),
        (dlts.sum(axis=1), summary.total_dlts),
        *zip(patients.T, summary.patients_by_level, strict=True),
        *zip(dlts.T, summary.dlts_by_level, strict=True),
    ):
        seen = Counter(counts.tolist())
        assert set(seen) <= set(distribution.values.tolist())
        shares = [seen[value] / trials for value in distribution.values.tolist()]
        assert distribution.p == pytest.approx(shares, rel=1e-12)


@pytest.mark.parametrize("draws", DRAWS)
def test_a_trial_that_has_ended_needs_no_patients(draws):
    graph = build_graph(ThreePlusThree(n_levels=2), [Tally(n_evaluable=3, n_dlts=2), Tally()], 0)
    found = simulate(graph, [0.1, 0.2], trials=100, draws=draws).characteristics
    assert found.p_no_mtd == 1
    assert found.sample_size.values.tolist() == [0]
    if draws == "count":
        return
    assert list(next(simulate_trials(graph, [0.1, 0.2], trials=3, draws=draws)).courses()) == [
        (1, []),
        (2, []),
        (3, []),
    ]


# ---------------------------------------------------------------- random streams


@pytest.mark.parametrize("draws", ONE_BY_ONE)
def test_no_chunk_repeats_another(draws):
    """Eight levels that each toss up: two streams alike would show in the first 200 trials."""
    graph, p = graph_of("confirm", 8), [0.3] * 8
    seen = set()
    n_chunks = 40
    for part in simulate_trials(graph, p, trials=n_chunks * CHUNK_SIZE, draws=draws):
        seen.add(part.states[:200, :4].tobytes())
    assert len(seen) == n_chunks
    for seed in range(2, 40):  # nor does a chunk of another seed
        (part,) = simulate_trials(graph, p, trials=200, seed=seed, draws=draws)
        seen.add(part.states[:200, :4].tobytes())
    assert len(seen) == n_chunks + 38


def test_trials_within_and_between_chunks_are_independent():
    """The variance between chunk means is what independent trials have."""
    graph, p = graph_of("declare", 2), [0.25, 0.5]
    n = graph.n_evaluable.sum(axis=1)
    means = [
        n[part.states.max(axis=1)].mean()
        for part in simulate_trials(graph, p, trials=60 * CHUNK_SIZE)
    ]
    sd = exact_characteristics(graph, p).sample_size.sd / CHUNK_SIZE**0.5
    assert np.std(means, ddof=1) / sd == pytest.approx(1, abs=4 / (2 * 59) ** 0.5)


def cohorts_by_trial(graph, p, trials, seed=1) -> list[list[tuple[int, int, int]]]:
    kept: list[list[tuple[int, int, int]]] = [[] for _ in range(trials)]
    for part in simulate_trials(graph, p, trials=trials, seed=seed, draws="latent"):
        for trial, course in part.courses():
            kept[trial - 1] = [tuple(cohort) for _, *cohort in course]
    return kept


def test_latent_patients_are_the_same_for_every_design():
    p = [0.1, 0.2, 0.3, 0.4]
    runs = {variant: cohorts_by_trial(graph_of(variant, 4), p, 4_000) for variant in VARIANTS}
    for one, other in itertools.combinations(runs.values(), 2):
        shared = 0
        for mine, yours in zip(one, other, strict=True):
            for (level, n, x), (level_2, n_2, x_2) in zip(mine, yours, strict=False):
                if (level, n) != (level_2, n_2):
                    break
                assert x == x_2
                shared += 1
        assert shared > 8_000


def test_latent_patients_with_higher_p_never_have_fewer_dlts():
    graph = graph_of("confirm", 3)
    runs = [
        cohorts_by_trial(graph, p, 4_000)
        for p in ([0.1, 0.2, 0.3], [0.15, 0.2, 0.3], [0.4, 0.5, 0.6], [1, 1, 1])
    ]
    for lower, higher in itertools.pairwise(runs):
        firsts = [(a[0][2], b[0][2]) for a, b in zip(lower, higher, strict=True)]
        assert all(few <= many for few, many in firsts)
        assert any(few < many for few, many in firsts)


def test_latent_patients_make_differences_precise():
    """The spread of a difference is far below that of independent trials."""
    graph = graph_of("confirm", 4)
    n = graph.n_evaluable.sum(axis=1)
    sizes = [
        n[states_of(graph, p, trials=20_000, draws="latent").max(axis=1)]
        for p in ([0.1, 0.2, 0.3, 0.4], [0.12, 0.22, 0.32, 0.42])
    ]
    assert np.var(sizes[1] - sizes[0]) < 0.5 * (np.var(sizes[0]) + np.var(sizes[1]))


@pytest.mark.parametrize("trials", [1, 100, CHUNK_SIZE - 1])
def test_a_shorter_run_meets_the_same_latent_patients(trials):
    p = [0.1, 0.2, 0.3]
    graph = graph_of("confirm", 3)
    long = cohorts_by_trial(graph, p, CHUNK_SIZE)
    assert cohorts_by_trial(graph, p, trials) == long[:trials]


def test_only_patients_whom_a_trial_comes_to_are_drawn(monkeypatch):
    """Where the first cohort of every trial ends it, three a trial of the 24 that there may be."""
    drawn = []
    plain = latent.LatentPatients.draw
    monkeypatch.setattr(
        latent.LatentPatients,
        "draw",
        lambda self, n: (plain(self, n), drawn.append(np.count_nonzero(self.numbers))),
    )
    simulate(graph_of("confirm", 4), [1.0] * 4, trials=CHUNK_SIZE, draws="latent")
    assert drawn[-1] == pytest.approx(3 * CHUNK_SIZE, abs=5)  # one of them may be 0
    simulate(graph_of("confirm", 4), [0.0] * 4, trials=CHUNK_SIZE, draws="latent")
    assert drawn[-1] == pytest.approx(15 * CHUNK_SIZE, abs=5)


# ---------------------------------------------------------------- standard errors


@pytest.mark.parametrize("draws", DRAWS)
def test_mcse_against_the_spread_over_seeds(draws):
    graph = build_graph(ThreePlusThree(n_levels=3, max_patients=15))
    p, trials, n_seeds = [0.15, 0.3, 0.45], 1_000, 300
    runs = [simulate(graph, p, trials=trials, seed=s, draws=draws) for s in range(n_seeds)]
    claimed = simulate(graph, p, trials=200_000, seed=999).mcse()
    scale = (200_000 / trials) ** 0.5
    limit = 4 / (2 * (n_seeds - 1)) ** 0.5  # an sd from 300 numbers is known to about 4 %

    def spread(figure):
        return np.std([figure(run.characteristics) for run in runs], axis=0, ddof=1)

    for name, figure in {
        "p_select": lambda c: c.p_select,
        "p_no_mtd": lambda c: c.p_no_mtd,
        "p_inconclusive": lambda c: c.p_inconclusive,
        "patients": lambda c: c.patients,
        "dlts": lambda c: c.dlts,
    }.items():
        ratio = spread(figure) / (np.array(claimed[name]) * scale)
        assert ratio == pytest.approx(1, abs=limit), name
    for name in ("sample_size", "total_dlts"):
        mean = spread(lambda c, name=name: getattr(c, name).mean)
        sd = spread(lambda c, name=name: getattr(c, name).sd)
        assert mean / (claimed[name]["mean"] * scale) == pytest.approx(1, abs=limit)
        assert sd / (claimed[name]["sd"] * scale) == pytest.approx(1, abs=limit)
        p_each = spread(lambda c, name=name: getattr(c, name).p)
        theirs = np.array(list(claimed[name]["distribution"].values())) * scale
        common = theirs > 0.3 / trials**0.5 * 0.5
        assert p_each[common] / theirs[common] == pytest.approx(1, abs=limit * 1.2)


def test_mcse_has_the_names_and_lengths_of_the_figures():
    run = simulate(graph_of(), MILD, trials=1_000).to_dict()
    figures = {
        key: run[key] for key in run if key not in ("trials", "seed", "draws", "generator", "mcse")
    }

    def shape(value):
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        return [shape(inner) for inner in value] if isinstance(value, list) else type(value)

    assert shape(run["mcse"]) == shape(figures)


@pytest.mark.parametrize("draws", DRAWS)
def test_one_trial_has_finite_figures(draws):
    run = simulate(graph_of(), MILD, trials=1, draws=draws)
    mcse = run.mcse()
    assert sorted([run.characteristics.p_no_mtd, *run.characteristics.p_select])[-1] == 1
    assert mcse["sample_size"]["mean"] == mcse["sample_size"]["sd"] == 0
    assert np.isfinite(mcse["patients"]).all()


# ---------------------------------------------------------------- memory and bad arguments


@pytest.mark.parametrize("draws", ONE_BY_ONE)
def test_memory_does_not_grow_with_the_number_of_trials(draws):
    graph = graph_of("confirm", 3)
    peaks = []
    for n_chunks in (2, 30):
        tracemalloc.start()
        simulate(graph, [0.1, 0.2, 0.3], trials=n_chunks * CHUNK_SIZE, draws=draws)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


BAD = [
    ({"trials": 0}, "trials must be a whole number from 1, not 0"),
    ({"trials": -5}, "trials"),
    ({"trials": 1e4}, "trials must be a whole number from 1, not 10000.0"),
    ({"trials": True}, "trials must be a whole number from 1, not True"),
    ({"trials": "100"}, "trials"),
    ({"trials": None}, "trials"),
    ({"trials": float("nan")}, "trials"),
    ({"seed": -1}, "seed must be a whole number from 0, not -1"),
    ({"seed": 1.5}, "seed"),
    ({"seed": None}, "seed"),
    ({"seed": False}, "seed"),
    ({"draws": "patient"}, "draws must be 'count', 'trial' or 'latent', not 'patient'"),
    ({"draws": "cohort"}, "not 'cohort'; 'cohort' is called 'trial' now"),
    ({"draws": "latent", "trials": 10**15}, "at most 10,000,000,000, not 1,000,000,000,000,000"),
    ({"draws": "count", "trials": 10**16}, "trials must be at most 1,000,000,000,000,000, not"),
    ({"draws": None}, "draws"),
    ({"p_dlt": [0.1, 0.2]}, r"P\(DLT\)"),
    ({"p_dlt": [0.1, 0.2, float("nan")]}, r"P\(DLT\)"),
    ({"p_dlt": [0.1, 0.2, 1.2]}, r"P\(DLT\)"),
    ({"p_dlt": [0.1, 0.2, "x"]}, r"P\(DLT\)"),
]


@pytest.mark.parametrize(("options", "said"), BAD)
def test_bad_arguments_are_refused(options, said):
    asked = {"p_dlt": [0.1, 0.2, 0.3], "trials": 10, **options}
    p = asked.pop("p_dlt")
    graph = graph_of("confirm", 3)
    with pytest.raises(InputError, match=said):
        simulate(graph, p, **asked)
    with pytest.raises(InputError, match=said):
        next(simulate_trials(graph, p, **asked))


def test_no_more_tasks_are_handed_out_at_once_than_the_window_holds(monkeypatch):
    monkeypatch.setattr(montecarlo, "_CHUNKS_PER_TASK", 1)
    monkeypatch.setattr(montecarlo, "_TASKS_AT_ONCE", 3)
    waiting, most = 0, 0

    class Counting(ThreadPoolExecutor):
        def submit(self, *args, **kwargs):
            nonlocal waiting, most
            waiting += 1
            most = max(most, waiting)
            return super().submit(*args, **kwargs)

    def done(_):
        nonlocal waiting
        waiting -= 1

    trials = 10 * CHUNK_SIZE + 1
    with Counting(2) as executor:
        run = {"trials": trials, "draws": "trial"}
        found = simulate(graph_of(), MILD, **run, executor=executor, progress=done)
    assert most <= 2 * 3  # of 11: results are taken in after as many have been handed out
    assert found.to_dict() == simulate(graph_of(), MILD, **run).to_dict()


def test_a_seed_gives_one_by_one_the_trials_of_earlier_versions():
    """As those printed them: cohort by cohort (then called so), and of latent patients."""
    p = [0.05, 0.10, 0.20, 0.33, 0.50]
    for draws, selected, mean in (
        ("trial", [9661, 27881, 36717, 20030, 3044], 16.9638),
        ("latent", [9852, 27779, 36361, 20073, 3106], 16.9395),
    ):
        found = simulate(graph_of(), p, trials=100_000, seed=1, draws=draws).characteristics
        assert [round(share * 100_000) for share in found.p_select.tolist()] == selected
        assert found.sample_size.mean == pytest.approx(mean, rel=1e-12)
