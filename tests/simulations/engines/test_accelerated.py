"""Accelerated titration through the graph: every engine against the article's story, summed up."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

from escalation.designs import AcceleratedTitration, Boin, ThreePlusThree
from escalation.designs.base import Action
from escalation.errors import InputError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from simulations.engines.characteristics import end_values
from simulations.engines.exact import exact_batch, exact_characteristics
from simulations.engines.montecarlo import simulate, simulate_trials
from simulations.engines.passes import (
    expected_from,
    passing_probabilities,
    transition_probabilities,
)
from simulations.graph.build import build_graph
from simulations.questions.paths import iter_paths, path_tree
from tests.designs.titration import every_trial, probability

P = (0.08, 0.15, 0.3, 0.5)
Q = (0.1, 0.3, 0.4, 0.6)


@cache
def courses(**design):
    return list(every_trial(**design))


def story(p, q, *, so_far=(), **design):
    """Sum up every course that begins as ``so_far`` (letters a cohort; "?" for any)."""
    n_levels = design["n_levels"]
    select, none = np.zeros(n_levels), 0.0
    patients, dlts = np.zeros(n_levels), np.zeros(n_levels)
    begun = probability([cohort for cohort in so_far if cohort[1] != "?"], p, q)
    for course, mtd in courses(**design):
        if any(c != w and w[1] != "?" for c, w in zip(course, so_far, strict=False)):
            continue
        share = probability(course, p, q) / begun
        if mtd is None:
            none += share
        else:
            select[mtd] += share
        for place, (at, letters) in enumerate(course):
            if place >= len(so_far) or so_far[place][1] == "?":
                patients[at] += share * len(letters)
                dlts[at] += share * letters.count("T")
    return select, none, patients, dlts


def assert_same(found, told):
    select, none, patients, dlts = told
    assert found.p_select == pytest.approx(select, abs=1e-13)
    assert found.p_no_mtd == pytest.approx(none, abs=1e-13)
    assert found.patients == pytest.approx(patients, abs=1e-12)
    assert found.dlts == pytest.approx(dlts, abs=1e-12)
    assert select.sum() + none == pytest.approx(1, abs=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("q", [Q, (0.0,) * 4, (1.0,) * 4, (0.0, 1.0, 0.5, 1.0)], ids=str)
@pytest.mark.parametrize("events", [1, 2])
@pytest.mark.parametrize("after_titration", ["same", "below"])
def test_exact_against_the_story(events, q, after_titration):
    named = {"n_levels": 4, "moderate_events": events, "after_titration": after_titration}
    graph = build_graph(AcceleratedTitration(**named), p_moderate=q)
    told = story(P, q, **named)
    assert_same(exact_characteristics(graph, P), told)
    assert exact_batch(graph, [P]).p_select[0] == pytest.approx(told[0], abs=1e-13)


@pytest.mark.parametrize(
    "options",
    [
        {"start": 1},
        {"below": "declare", "top": "declare"},
        {"start": 2, "untested_below": "stop"},
        {"two_of_six": "mtd"},
        {"after_titration": "below", "start": 1},
        {"after_titration": "below", "start": 1, "untested_below": "stop", "below": "declare"},
    ],
    ids=str,
)
@pytest.mark.parametrize("p", [P[:3], (0.0, 1.0, 0.5), (1.0, 0.5, 0.0)], ids=str)
def test_exact_with_options_against_the_story(options, p):
    graph = build_graph(AcceleratedTitration(n_levels=3, **options), p_moderate=Q[:3])
    assert_same(exact_characteristics(graph, p), story(p, Q[:3], n_levels=3, **options))


@pytest.mark.parametrize(
    "so_far",
    [
        [(0, "?")],
        [(0, "M"), (1, "?")],
        [(0, "N"), (1, "?")],
        [(0, "N"), (1, "M"), (2, "?")],
        [(0, "M"), (1, "N")],
    ],
    ids=str,
)
def test_continuing_from_pending_patients_against_the_story(so_far):
    design = AcceleratedTitration(n_levels=4)
    tallies = tally_cohorts(parse_outcomes(" ".join(f"{at}{s}" for at, s in so_far)), range(4))
    graph = build_graph(design, tallies, so_far[-1][0], p_moderate=Q)
    told = story(P, Q, so_far=so_far, n_levels=4)
    assert_same(exact_characteristics(graph, P), told)
    assert_z(graph, P, trials=50_000)


def assert_z(graph, p, *, trials, draws="count", seed=5):
    exact = exact_characteristics(graph, p)
    run = simulate(graph, p, trials=trials, draws=draws, seed=seed)
    found, error = run.characteristics, run.mcse()
    for name in ("p_select", "patients", "dlts"):
        for mean, one, true in zip(
            getattr(found, name), error[name], getattr(exact, name), strict=True
        ):
            assert abs(mean - true) <= max(4 * one, 1e-12), (name, draws)


@pytest.mark.parametrize("draws", ["count", "trial", "latent"])
@pytest.mark.parametrize("q", [Q, (0.0,) * 4, (1.0,) * 4], ids=str)
def test_simulated_against_exact(q, draws):
    graph = build_graph(AcceleratedTitration(n_levels=4), p_moderate=q)
    assert_z(graph, P, trials=400_000, draws=draws)
    assert_z(graph, (0.0, 0.5, 0.0, 1.0), trials=50_000, draws=draws)
    capped = AcceleratedTitration(n_levels=4, max_patients=9)
    assert_z(build_graph(capped, p_moderate=q), P, trials=100_000, draws=draws)


def test_latent_patients_with_a_dlt_have_it_whatever_the_moderate_toxicities():
    p = (0.2, 0.3, 0.4)
    ended = []
    for q in (0.0, 0.5):
        graph = build_graph(AcceleratedTitration(n_levels=3), p_moderate=[q] * 3)
        [chunk] = simulate_trials(graph, p, trials=2000, draws="latent")
        ended.append([course[0][2:] for _, course in chunk.courses()])
    assert ended[0] == ended[1]  # the first patient of each trial, and their DLT


@pytest.mark.parametrize("start", [0, 2])
def test_without_moderate_toxicities_that_count_none_are_asked_for(start):
    """At the highest level, and where so few can come, titration ends another way."""
    design = AcceleratedTitration(n_levels=3, start=start, moderate_events=3 - start)
    graph = build_graph(design)
    found = exact_characteristics(graph, P[:3])
    assert not graph.counts_moderate.any()
    with_any = build_graph(design, p_moderate=Q[:3])
    assert exact_characteristics(with_any, P[:3]).p_select.tolist() == found.p_select.tolist()


@pytest.mark.parametrize("options", [{}, {"variant": "declare"}, {"two_of_six": "mtd"}], ids=str)
def test_from_the_highest_level_on_it_is_the_3_plus_3(options):
    plain = ThreePlusThree(n_levels=3, start=2, **options)
    design = AcceleratedTitration(n_levels=3, start=2, **options)
    found, true = (exact_characteristics(build_graph(d), P[:3]) for d in (design, plain))
    assert found.p_select == pytest.approx(true.p_select, abs=1e-14)
    assert found.sample_size.to_dict() == pytest.approx(true.sample_size.to_dict(), abs=1e-14)
    assert found.total_dlts.to_dict() == pytest.approx(true.total_dlts.to_dict(), abs=1e-14)


def test_every_first_patient_with_a_moderate_toxicity_makes_it_the_3_plus_3():
    """One event ends titration, and it is certain: nobody is treated alone but the first."""
    design = AcceleratedTitration(n_levels=4, moderate_events=1)
    found = exact_characteristics(build_graph(design, p_moderate=[1.0] * 4), P)
    true = exact_characteristics(build_graph(ThreePlusThree(n_levels=4)), P)
    assert found.p_select == pytest.approx(true.p_select, abs=1e-14)
    assert found.patients == pytest.approx(true.patients, abs=1e-13)


def test_the_graph_of_another_design_is_as_it_was():
    for design in (ThreePlusThree(n_levels=3), Boin(n_levels=3, target=0.3, max_patients=12)):
        plain, with_q = build_graph(design), build_graph(design, p_moderate=Q[:3])
        assert plain.n_states == with_q.n_states
        assert not with_q.counts_moderate.any()
        assert plain.ways.tolist() == with_q.ways.tolist()
    assert build_graph(ThreePlusThree(n_levels=5)).n_states == 1000  # as design.md counts them


# ---------------------------------------------------------------- the states


def unmerged(design, tallies, level, share, select):
    """Follow the design with every moderate toxicity where it was, no states merged."""
    decision = design.decide(tallies, level)
    if decision.level is None:
        select[(decision.mtd, decision.inconclusive)] = (
            select.get((decision.mtd, decision.inconclusive), 0.0) + share
        )
        return
    at, size = decision.level, decision.n_to_enrol
    p, q = P[at], Q[at]
    one = (1 - p) * (1 - q), p, (1 - p) * q
    if size == 1:
        outcomes = [(Tally(n_evaluable=1), one[0]), (Tally(n_evaluable=1, n_dlts=1), one[1])]
        outcomes.append((Tally(n_evaluable=1, n_moderate=1), one[2]))
    else:
        likely = np.array([1.0])
        for _ in range(size):
            likely = np.convolve(likely, [1 - p, p])
        outcomes = [(Tally(n_evaluable=size, n_dlts=x), w) for x, w in enumerate(likely)]
    for cohort, weight in outcomes:
        after = [*tallies]
        after[at] = after[at].plus(cohort)
        unmerged(design, after, at, share * weight, select)


UNTIDY = [
    "1M 3M 2N 1N",  # 0-based below: at the lowest level, the one above it given, too
    "0M 2N 0N",
    "0N 2M 0N",
    "0M 2M 0N",
    "2M 0N",
    "0? 2? 1?",
    "2? 0?",
    "0? 1? 2?",
    "1M 2? 0?",
    "0MM 1? 2N",
    "0M 1M 2? 3N",
    "0M 1M 2N 3N",
    "0T 1? 2N 3M",
]


@pytest.mark.parametrize("notation", UNTIDY)
@pytest.mark.parametrize("events", [1, 2, 3])
def test_merged_states_against_none_merged(notation, events):
    """Histories against the rule too: two states are one only where nothing later differs."""
    design = AcceleratedTitration(n_levels=4, moderate_events=events, max_patients=12)
    cohorts = parse_outcomes(notation)
    tallies, level = tally_cohorts(cohorts, range(4)), cohorts[-1].label
    graph = build_graph(design, tallies, level, p_moderate=Q)
    pending = [at for at, tally in enumerate(tallies) for _ in range(tally.n_pending)]
    known = [
        Tally(n_evaluable=t.n_evaluable, n_dlts=t.n_dlts, n_moderate=t.n_moderate) for t in tallies
    ]
    select: dict[object, float] = {}
    for letters in itertools.product("NTM", repeat=len(pending)):
        resolved, share = [*known], 1.0
        for at, letter in zip(pending, letters, strict=True):
            p, q = P[at], Q[at]
            share *= {"N": (1 - p) * (1 - q), "T": p, "M": (1 - p) * q}[letter]
            resolved[at] = resolved[at].plus(parse_outcomes(f"0{letter}")[0].tally)
        unmerged(design, resolved, level, share, select)
    found = exact_characteristics(graph, P)
    assert sum(select.values()) == pytest.approx(1)
    for mtd in range(4):
        assert found.p_select[mtd] == pytest.approx(select.get((mtd, False), 0.0), abs=1e-13)
    assert found.p_inconclusive == pytest.approx(select.get((None, True), 0.0), abs=1e-13)


def test_moderate_toxicities_add_few_states():
    """Nearly every state is one of its own by patients and DLTs alone."""
    graph = build_graph(AcceleratedTitration(n_levels=5))
    seen = np.hstack([graph.n_evaluable, graph.n_dlts, graph.level[:, np.newaxis]])
    assert len(np.unique(seen, axis=0)) < graph.n_states < 1.03 * len(np.unique(seen, axis=0))


# ---------------------------------------------------------------- passes and paths


def test_passes_against_exact():
    graph = build_graph(AcceleratedTitration(n_levels=3), p_moderate=Q[:3])
    assert transition_probabilities(graph, P[:3])[graph.n_to_enrol > 0].sum(axis=1) == (
        pytest.approx(1)
    )
    exact = exact_characteristics(graph, P[:3])
    expected = expected_from(graph, P[:3], end_values(graph)["p_select"])[graph.roots[0]]
    assert expected == pytest.approx(exact.p_select, abs=1e-14)
    assert passing_probabilities(graph, P[:3])[graph.ends].sum() == pytest.approx(1)


def test_paths_against_the_story():
    graph = build_graph(AcceleratedTitration(n_levels=3), p_moderate=Q[:3])
    found = {}
    for path in iter_paths(graph, P[:3]):
        key = tuple((*cohort, n) for cohort, n in zip(path.cohorts, path.n_moderate, strict=True))
        assert key not in found
        found[key] = (path.probability, path.decision.mtd)
    assert graph.count_paths() == len(found)
    told = {}
    for course, mtd in every_trial(n_levels=3):
        graded = [(at, len(s), s.count("T"), int(s == "M")) for at, s in course]
        for place in (2, 1):  # where a moderate toxicity cannot count any more, none is told apart
            if tuple(graded) not in found and place < len(graded) and graded[place][1] == 1:
                graded[place] = (*graded[place][:3], 0)
        share, same = told.get(tuple(graded), (0.0, mtd))
        assert same == mtd
        told[tuple(graded)] = (share + probability(course, P, Q), mtd)
    assert {key: mtd for key, (_, mtd) in told.items()} == {k: m for k, (_, m) in found.items()}
    for key, (share, _) in told.items():
        assert found[key][0] == pytest.approx(share, abs=1e-14)


def test_the_tree_has_three_branches_where_moderate_toxicities_count():
    graph = build_graph(AcceleratedTitration(n_levels=4), p_moderate=Q)
    [root] = path_tree(graph, P, depth=2)
    assert [(n.n_dlts, n.n_moderate) for n in root.children] == [(0, 0), (0, 1), (1, 0)]
    assert [n.probability for n in root.children] == pytest.approx([0.92 * 0.9, 0.92 * 0.1, 0.08])
    after = root.children[1].children
    assert [n.decision.n_to_enrol for n in after] == [1, 2, 2]


def test_the_tree_tells_how_pending_patients_turned_out():
    design = AcceleratedTitration(n_levels=4)
    tallies = tally_cohorts(parse_outcomes("0N 1?"), range(4))
    roots = path_tree(build_graph(design, tallies, 1, p_moderate=Q), P, depth=1)
    assert [(r.pending, r.pending_moderate) for r in roots] == [
        (((1, 1, 0),), (0,)),
        (((1, 1, 0),), (1,)),
        (((1, 1, 1),), (0,)),
    ]
    assert [r.probability for r in roots] == pytest.approx([0.85 * 0.7, 0.85 * 0.3, 0.15])


def test_without_p_moderate_there_are_paths_and_no_probabilities():
    graph = build_graph(AcceleratedTitration(n_levels=3))
    assert graph.count_paths() == len(list(iter_paths(graph)))
    for ask in (exact_characteristics, transition_probabilities, path_tree):
        with pytest.raises(InputError, match="accelerated counts moderate toxicities"):
            ask(graph, P[:3])
    with pytest.raises(InputError, match="p_moderate"):
        simulate(graph, P[:3], trials=10)


@pytest.mark.parametrize(
    ("q", "said"),
    [
        ([0.1], "has shape"),
        ([], "has shape"),
        ([0.1, 0.2, float("nan")], "from 0 to 1, not nan"),
        ([0.1, 0.2, 1.1], "from 0 to 1, not 1.1"),
        ([0.1, -0.2, 1.0], "from 0 to 1, not -0.2"),
        (["a", 0, 0], "must be numbers"),
        ([[0.1, 0.2, 0.3]], "has shape"),
    ],
)
def test_p_moderate_that_is_none_is_refused(q, said):
    with pytest.raises(InputError, match=said):
        build_graph(AcceleratedTitration(n_levels=3), p_moderate=q)


def test_the_wait_for_a_pending_patient_has_no_more_answers_than_the_graph_has_ways():
    design = AcceleratedTitration(n_levels=4)
    tallies = tally_cohorts(parse_outcomes("0M 1?"), range(4))
    waits = design.decide(tallies, 1)
    assert waits.action is Action.WAIT
    graph = build_graph(design, tallies, 1, p_moderate=Q)
    answers = {graph.decisions[root].level for root in graph.roots}
    assert answers == {possible.level for possible in waits.possible}
