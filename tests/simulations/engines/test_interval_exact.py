"""Exact operating characteristics of the interval designs."""

import math
from collections import Counter
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, chi2

from escalation.designs import make_design
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import TransitionGraph, build_graph
from tests.designs.reference import rows, select_as_boin

# Not here: cohorts of one, whose graph has more than a million states.
CONFIGS: dict[tuple[str, str], dict[str, Any]] = {
    ("BOIN_2.7.2", "ncohort10_size3_seed6"): {},
    ("BOIN_2.7.2", "ncohort10_size3_extrasafe_seed6"): {"extrasafe": True},
    ("BOIN_2.7.2", "ncohort10_size3_earlystop9_seed6"): {"n_earlystop": 9},
    ("BOIN_2.7.2", "ncohort10_size3_start3_seed6"): {"start": 2},
    ("BOIN_2.7.2", "ncohort12_size3_boundMTD_seed6"): {"bound_mtd": True, "max_patients": 36},
    ("BOIN_2.7.2", "ncohort10_size3_titration_seed6"): {"titration": True},
    ("Keyboard_0.1.3", "ncohort10_size3_default"): {},
}
CASES = [
    (key, list(group))
    for key, group in groupby(
        rows("boin_keyboard_oc_per_dose.csv"), key=lambda r: (r["source"], r["config"], r["target"])
    )
    if key[:2] in CONFIGS
]


each_run = pytest.mark.parametrize(
    ("key", "doses"), CASES, ids=lambda case: "-".join(map(str, case))[:60]
)


@cache
def _graph(key: tuple[str, str, str]) -> TransitionGraph:
    source, config, target = key
    name = "boin" if source.startswith("BOIN") else "keyboard"
    options = {"max_patients": 30} | CONFIGS[source, config]
    return build_graph(make_design(name, n_levels=5, target=float(target), **options))


@each_run
def test_exact_characteristics_against_get_oc_by_z(key, doses):
    graph = _graph(key)
    exact = exact_characteristics(graph, [float(row["p_true"]) for row in doses])
    n_trials = int(doses[0]["ntrial"])
    most = graph.design.max_patients
    for row, p, patients, dlts in zip(
        doses, exact.p_select, exact.patients, exact.dlts, strict=True
    ):
        z = (float(row["sel_percent"]) / 100 - p) / math.sqrt(p * (1 - p) / n_trials)
        assert abs(z) < 4, (row, p, z)
        # a mean of patients has at most the variance of a count that is 0 or the cap
        limit = 4 * math.sqrt(patients * (most - patients) / n_trials)
        assert abs(float(row["n_patients"]) - patients) < limit, row
        assert abs(float(row["n_tox"]) - dlts) < limit, row


@each_run
def test_all_figures_of_a_run_together_against_get_oc_by_chi_square(key, doses):
    """Selection, patients and DLTs by level: 15 means of 10,000 trials, and how they vary together.

    A bias too small to show in any one of them shows here.
    """
    graph = _graph(key)
    ends = graph.ends
    p = np.array([float(row["p_true"]) for row in doses])
    n, x = graph.n_evaluable[ends], graph.n_dlts[ends]
    weights = graph.ways[ends] * np.exp(x @ np.log(p) + (n - x) @ np.log(1 - p))
    seen = np.hstack([graph.mtd[ends][:, None] == np.arange(5), n, x])
    mean = weights @ seen
    spread = ((seen - mean).T * weights) @ (seen - mean) / int(doses[0]["ntrial"])
    theirs = [float(row["sel_percent"]) / 100 for row in doses]
    theirs += [float(row[name]) for name in ("n_patients", "n_tox") for row in doses]
    size, axes = np.linalg.eigh(spread)
    distance = ((axes.T @ (theirs - mean)) ** 2 / size).sum()
    assert chi2.sf(distance, 15) > 0.001, distance


@pytest.mark.parametrize(
    ("name", "none", "selected", "mean_n"),
    [
        ("keyboard", 2.95, (23.71, 38.06, 27.55, 7.73), 14.70),
        ("mtpi-2", 10.77, (27.14, 33.97, 23.35, 4.77), 13.55),
    ],
)
def test_one_by_one_against_figures_of_elimination_from_3_patients_and_from_1(
    name, none, selected, mean_n
):
    """Keyboard eliminates on 3 patients or more, as get.oc.kb does; mTPI-2 on any number."""
    design = make_design(name, n_levels=4, target=0.2, cohort_size=1, max_patients=15)
    exact = exact_characteristics(build_graph(design), (0.1, 0.2, 0.3, 0.45))
    assert round(100 * exact.p_no_mtd, 2) == none
    assert tuple(round(100 * p, 2) for p in exact.p_select) == selected
    assert round(sum(exact.patients), 2) == mean_n


def test_every_reference_run_is_used():
    assert len(CASES) == 8


def _brute_force(p: tuple[float, ...], max_patients: int) -> list[float]:
    """BOIN, target .30, written another way: recursion over cohorts by the published table.

    Returns P(no MTD), then P(each level).
    """
    escalate = {3: 0, 6: 1, 9: 2, 12: 2}
    deescalate = {3: 2, 6: 3, 9: 4, 12: 5}
    eliminate = {3: 3, 6: 4, 9: 5, 12: 7}
    n_levels = len(p)

    def banned(state: tuple[tuple[int, int], ...]) -> int:
        found = [i for i, (n, x) in enumerate(state) if n and x >= eliminate[n]]
        return min(found, default=n_levels)

    def select(state: tuple[tuple[int, int], ...]) -> int:
        top = banned(state)
        pooled = []
        given = [(i, *state[i]) for i in range(top) if state[i][0]]
        for _, n, x in given:
            a, b = x + 0.05, n - x + 0.05
            pooled.append((a / (a + b), (a + b) ** 2 * (a + b + 1) / (a * b)))
        best, best_distance = 0, math.inf
        for k, (level, _, _) in enumerate(given):
            fit = max(  # the max-min formula of isotonic regression
                min(
                    sum(e * w for e, w in pooled[i : j + 1]) / sum(w for _, w in pooled[i : j + 1])
                    for j in range(k, len(pooled))
                )
                for i in range(k + 1)
            )
            distance = abs(fit + 1e-10 * level - 0.3)
            if distance < best_distance:
                best, best_distance = level + 1, distance
        return best

    @cache
    def after(state: tuple[tuple[int, int], ...], level: int) -> tuple[float, ...]:
        top = banned(state)
        if top == 0 or sum(n for n, _ in state) == max_patients:
            chosen = 0 if top == 0 else select(state)
            return tuple(float(k == chosen) for k in range(n_levels + 1))
        n, x = state[level]
        if n and level >= top:
            level = top - 1
        elif n and x <= escalate[n]:
            level = min(level + 1, top - 1)
        elif n and x >= deescalate[n]:
            level = max(level - 1, 0)
        total = [0.0] * (n_levels + 1)
        n, x = state[level]
        for k in range(4):
            weight = math.comb(3, k) * p[level] ** k * (1 - p[level]) ** (3 - k)
            then = (*state[:level], (n + 3, x + k), *state[level + 1 :])
            for i, chance in enumerate(after(then, level)):
                total[i] += weight * chance
        return tuple(total)

    return list(after(((0, 0),) * n_levels, 0))


@pytest.mark.parametrize("p", [(0.1, 0.3, 0.5), (0.3, 0.2, 0.45), (0.5, 0.6, 0.7)])
def test_boin_against_a_recursion_over_the_published_table(p):
    design = make_design("boin", n_levels=3, target=0.3, max_patients=12)
    exact = exact_characteristics(build_graph(design), p)
    assert [exact.p_no_mtd, *exact.p_select] == pytest.approx(_brute_force(p, 12), abs=1e-12)


def test_the_number_of_states_against_an_independent_count():
    """BOIN, target .30, 5 levels, 30 patients: counted by the published table in two ways.

    By the level of the last cohort, ends by their tallies alone: 13,709, as the graph has. By the
    level of the next cohort, also after the last one, trials stopped for the lowest level left
    out: 13,618, a figure in circulation. The trials are the same.
    """
    table = {
        n: (up, down, out)
        for n, up, down, out in zip(
            range(3, 31, 3),
            (0, 1, 2, 2, 3, 4, 4, 5, 6, 7),
            (2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
            (3, 4, 5, 7, 8, 9, 10, 11, 12, 14),
            strict=True,
        )
    }
    start = (((0, 0),) * 5, 0)
    by_next, todo = {start}, [start]
    by_last, ends = {start}, set()
    while todo:
        seen, level = todo.pop()
        if sum(n for n, _ in seen) == 30:
            continue
        n, x = seen[level]
        for k in range(4):
            then = (*seen[:level], (n + 3, x + k), *seen[level + 1 :])
            up, down, _ = table[n + 3]
            banned = [i for i, (m, y) in enumerate(then) if m and y >= table[m][2]]
            ceiling = min(banned, default=5)
            if x + k <= up:
                following = min(level + 1, ceiling - 1)
            else:
                following = max(level - 1, 0) if x + k >= down else level
            stopped = ceiling == 0
            if stopped or sum(m for m, _ in then) == 30:
                ends.add(then)
            else:
                by_last.add((then, level))
            if not stopped and (then, following) not in by_next:
                by_next.add((then, following))
                todo.append((then, following))
    graph = build_graph(make_design("boin", n_levels=5, target=0.3, max_patients=30))
    assert len(by_last) + len(ends) == graph.n_states == 13_709
    assert len(ends) == len(graph.ends)
    assert len(by_next) == 13_618


@pytest.mark.slow
def test_boin_on_6_levels_with_45_patients_against_a_billion_trials_by_counts():
    """Numbers of trials, split by multinomials; the rule by its published rates and scipy."""
    n_trials, p = 10**9, (0.05, 0.12, 0.2, 0.3, 0.42, 0.55)
    rng = np.random.default_rng(20)
    up = {n: math.floor(0.2364907 * n) for n in range(3, 46, 3)}
    down = {n: math.ceil(0.3585195 * n) for n in range(3, 46, 3)}
    out = {
        n: min(x for x in range(n + 2) if x > n or beta.sf(0.3, x + 1, n - x + 1) > 0.95)
        for n in range(3, 46, 3)
    }
    shares = [[math.comb(3, k) * q**k * (1 - q) ** (3 - k) for k in range(4)] for q in p]
    trials = {(((0, 0),) * 6, 0): n_trials}
    selected, patients, dlts = np.zeros(7), np.zeros(6), np.zeros(6)

    def end(seen: tuple[tuple[int, int], ...], number: int) -> None:
        mtd = select_as_boin(seen, 0.3)
        selected[6 if mtd is None else mtd] += number
        patients[:] += [number * n for n, _ in seen]
        dlts[:] += [number * x for _, x in seen]

    for _ in range(15):
        following: Counter[tuple[tuple[tuple[int, int], ...], int]] = Counter()
        for (seen, level), number in trials.items():
            n, x = seen[level]
            ceiling = next((i for i, (m, y) in enumerate(seen) if m and y >= out[m]), 6)
            if ceiling == 0:
                end(seen, number)
                continue
            target = level
            if level >= ceiling:
                target = ceiling - 1
            elif n and x <= up[n]:
                target = min(level + 1, ceiling - 1)
            elif n and x >= down[n]:
                target = max(level - 1, 0)
            n, x = seen[target]
            for k, more in enumerate(rng.multinomial(number, shares[target]).tolist()):
                if more:
                    then = (*seen[:target], (n + 3, x + k), *seen[target + 1 :])
                    following[then, target] += more
        trials = dict(following)
    at_last: Counter[tuple[tuple[int, int], ...]] = Counter()
    for (seen, _), number in trials.items():
        at_last[seen] += number
    for seen, number in at_last.items():
        end(seen, number)

    exact = exact_characteristics(
        build_graph(make_design("boin", n_levels=6, target=0.3, max_patients=45)), p
    )
    expected = np.array([*exact.p_select, exact.p_no_mtd])
    error = np.sqrt(expected * (1 - expected) / n_trials)
    assert (np.abs(selected / n_trials - expected) < 4 * error).all()
    for means, by_level in ((patients, exact.patients_by_level), (dlts, exact.dlts_by_level)):
        for mean, level in zip(means / n_trials, by_level, strict=True):
            assert abs(mean - level.mean) < 4 * level.sd / math.sqrt(n_trials)
