"""The CRM's states in arrays, against the walk that asks the design in each of them."""

from __future__ import annotations

import numpy as np
import pytest

from escalation.designs import Crm, make_design
from escalation.designs.walk import TooManyStatesError, walk_design
from escalation.outcomes import Tally, last_tally, parse_outcomes, tally_cohorts
from simulations.engines.exact import exact_characteristics
from simulations.engines.montecarlo import simulate
from simulations.graph.build import build_graph

USUAL = {"n_levels": 4, "target": 0.25, "max_patients": 18}
P = (0.08, 0.2, 0.3, 0.5)
OPTIONS = [
    {},
    {"model": "logistic"},
    {"method": "mle"},
    {"method": "mle", "model": "logistic", "cutoff_stop": 1},
    {"method": "mle", "coherent": False, "first_stage": 1, "cohort_size": 2},
    {"n_earlystop": 6},
    {"method": "mle", "n_earlystop": 9, "skipping": True},
    {"cohort_size": 1, "max_patients": 9, "skipping": True},
    {"cohort_size": 1, "max_patients": 9, "coherent": False, "n_earlystop": 4},
    {"first_stage": 2, "start": 1},
    {"cohort_size": 2, "first_stage": 3, "method": "mle", "start": 2},
    {"prior_sd": 0.3, "cutoff_stop": 0.6, "skeleton": (0.02, 0.04, 0.06, 0.08)},
    {"max_patients": 6, "start": 3},
    {"n_levels": 1, "cohort_size": 2},
    {"cutoff_stop": 1, "coherent": False, "skipping": True, "prior_mtd": 1},
    {"model": "logistic", "intercept": -1, "target": 0.2, "halfwidth": 0.03, "max_patients": 12},
    {"first_stage": 4, "n_earlystop": 3, "max_patients": 12},
]


def one_by_one(*args, **kwargs):
    """The walk by ``decide``, under another name so that it is taken."""
    return walk_design(*args, **kwargs)


def crm(**options) -> Crm:
    return make_design("crm", **{**USUAL, **options})


def states(graph) -> set[tuple[int, ...]]:
    """Return what is seen and done in each state, and what follows, whatever their numbers."""
    own = np.column_stack(
        [graph.n_evaluable, graph.n_dlts, graph.level, graph.n_to_enrol, graph.mtd]
    )
    rows = [tuple(row) for row in own.tolist()]
    said = [(*row, answer.clause.id) for row, answer in zip(rows, graph.decisions, strict=True)]
    return {
        (state, *(said[child] for child in children if child >= 0))
        for state, children in zip(said, graph.children.tolist(), strict=True)
    }


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_states_and_what_follows_are_those_of_asking_in_each(options):
    here = build_graph(crm(**options))
    there = build_graph(crm(**options), walk_by=one_by_one)
    assert here.n_states == there.n_states
    assert states(here) == states(there)
    for curve in (P, (0.0, 0.0, 1.0, 1.0), (0.0,) * 4, (1.0,) * 4):
        p = curve[: here.design.n_levels]
        found, expected = exact_characteristics(here, p), exact_characteristics(there, p)
        assert found.p_select == pytest.approx(expected.p_select, rel=0, abs=1e-13)
        assert found.sample_size.p == pytest.approx(expected.sample_size.p, rel=0, abs=1e-13)


@pytest.mark.parametrize("method", ["bayes", "mle"])
@pytest.mark.parametrize("n_dlts", [1, 2])
@pytest.mark.parametrize("lower", [0, 1, 2])
def test_of_two_levels_equally_near_both_take_the_lower(method, n_dlts, lower):
    skeleton = (0.1, 0.2, 0.35, 0.5)
    usual = {"skeleton": skeleton, "method": method, "skipping": True, "coherent": False}
    usual |= {"cutoff_stop": 1, "max_patients": 9}
    seen = [Tally(n_evaluable=3, n_dlts=n_dlts), *[Tally()] * 3]
    p = crm(**usual).estimates(seen)
    tied = (p[lower] + p[lower + 1]) / 2  # as far from one as from the other
    here = build_graph(crm(**usual, target=tied))
    assert here.design.decide(seen, 0).level == lower
    assert states(here) == states(build_graph(here.design, walk_by=one_by_one))
    after = (here.n_evaluable == (3, 0, 0, 0)).all(axis=1) & (here.n_dlts[:, 0] == n_dlts)
    assert here.level[after].tolist() == [lower]


@pytest.mark.parametrize("outcomes", ["1NNN 2NNT", "1N?? ", "1NNN 2N?? ", "1TTT", "1NNT 1NNN 2NTT"])
@pytest.mark.parametrize("method", ["bayes", "mle"])
def test_continuing_from_data_is_the_same(outcomes, method):
    cohorts = parse_outcomes(outcomes)
    tallies = tally_cohorts(cohorts, (1, 2, 3, 4))
    so_far = {"level": cohorts[-1].label - 1, "last": last_tally(cohorts)}
    here = build_graph(crm(method=method), tallies, **so_far)
    there = build_graph(crm(method=method), tallies, **so_far, walk_by=one_by_one)
    assert len(here.roots) == len(there.roots)
    assert states(here) == states(there)
    found, expected = exact_characteristics(here, P), exact_characteristics(there, P)
    assert found.p_select == pytest.approx(expected.p_select, rel=0, abs=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_equal_digests_are_equal_decisions_also_of_untidy_tallies(options):
    design, rng = crm(**options), np.random.default_rng(6)
    shape = (3000, design.n_levels)
    n = rng.integers(0, 8, shape) * (rng.random(shape) < 0.7)
    x = rng.binomial(n, rng.choice([0.0, 0.2, 0.5, 1.0], (3000, 1)))
    level, memory = rng.integers(shape[1], size=3000), rng.integers(1 + design.coherent, size=3000)
    digests = design.digest(n, x, level, memory).tolist()
    size = 4
    cohorts = {design.remember(Tally(n_evaluable=size, n_dlts=k)): k for k in (0, size)}
    said: dict[int, object] = {}
    n_same = 0
    tallies = [
        tuple(Tally(n_evaluable=a, n_dlts=b) for a, b in zip(row_n, row_x, strict=True))
        for row_n, row_x in zip(n.tolist(), x.tolist(), strict=True)
    ]
    design.prepare(tallies)
    for state, digest in enumerate(digests):
        last = Tally(n_evaluable=size, n_dlts=cohorts[int(memory[state])])
        answer = design.decide(tallies[state], int(level[state]), last)
        n_same += digest in said
        assert said.setdefault(digest, answer) == answer
    assert n_same > 500


def test_too_many_states_are_foreseen_with_what_would_fit():
    design = crm(n_levels=6, max_patients=60, cohort_size=1)
    with pytest.raises(TooManyStatesError) as refused:
        build_graph(design)
    assert refused.value.fits is not None
    assert 20 <= refused.value.fits <= 32
    with pytest.raises(TooManyStatesError):
        build_graph(crm(), max_states=50)


def test_a_crm_one_by_one_by_counts_against_exact():
    graph = build_graph(crm(n_levels=3, max_patients=12, cohort_size=1, method="mle"))
    p = P[:3]
    found = simulate(graph, p, trials=10**12).characteristics
    assert found.p_select == pytest.approx(exact_characteristics(graph, p).p_select, abs=1e-5)
