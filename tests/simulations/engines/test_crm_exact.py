"""The CRM through the exact engine, against dfcrm's simulations and against plain recursion."""

from functools import cache
from itertools import pairwise
from math import comb

import numpy as np
import pytest

from escalation.designs import Action, Crm
from escalation.designs.crm import design as crm
from escalation.designs.walk import walk_design
from escalation.outcomes import Tally
from simulations.engines.exact import end_probabilities, exact_characteristics
from simulations.graph.build import build_graph
from tests.designs.reference import rows

P_DLT = (0.05, 0.10, 0.20, 0.33, 0.50)
N_TRIALS = 1000


def crmsim(config: str) -> dict[str, np.ndarray]:
    found = [r for r in rows("dfcrm_crmsim_per_dose.csv") if r["config"] == config]
    assert len(found) == 5
    return {name: np.array([float(r[name]) for r in found]) for name in found[0] if name in COLUMNS}


# the row names the levels of crmsim's initial sequence only: it has three patients a level
THREE_A_LEVEL = {"method": "mle", "first_stage": 3}
COLUMNS = ("skeleton", "p_mtd", "n_patients", "n_tox", "p_true")


def like_dfcrm(theirs: dict[str, np.ndarray], **options) -> Crm:
    """Make the design that crmsim simulates: it has no stop."""
    given = {
        "n_levels": 5,
        "target": 0.25,
        "max_patients": 30,
        "skeleton": tuple(theirs["skeleton"].tolist()),
        "cutoff_stop": 1,
    }
    return Crm(**(given | options))


@cache
def tally(n: int, x: int) -> Tally:
    return Tally(n_evaluable=n, n_dlts=x)


def untried_too(design: Crm, n, x) -> np.ndarray:
    """Select as crmsim does, which may name a level that nobody was given."""
    selected = []
    for seen in zip(n.tolist(), x.tolist(), strict=True):
        tallies = list(map(tally, *seen))
        distance = np.abs(np.array(design.estimates(tallies)) - design.target)
        selected.append(int(np.argmin(distance)))
    return np.eye(design.n_levels)[selected]


def z_scores(weights, values, theirs) -> np.ndarray:
    mean = weights @ values
    return (theirs - mean) / np.sqrt((weights @ values**2 - mean**2) / N_TRIALS)


@pytest.mark.slow
def test_cohorts_of_three_against_crmsim():
    theirs = crmsim("crmsim_empiric_bayes_mcohort3_n30_x01_restrictTRUE")
    assert theirs["p_true"].tolist() == list(P_DLT)
    design = like_dfcrm(theirs)
    graph = build_graph(design)
    weights = np.ravel(end_probabilities(graph, np.array(P_DLT)))
    n, x = graph.n_evaluable[graph.ends], graph.n_dlts[graph.ends]
    for values, name in (
        (untried_too(design, n, x), "p_mtd"),
        (n, "n_patients"),
        (x, "n_tox"),
    ):
        assert np.abs(z_scores(weights, values, theirs[name])).max() < 4, name


def simulate_one_by_one(design: Crm, trials: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulate in step; return each trial's patients by level and the model's last choice."""
    uniform = np.random.default_rng(seed).random((30, trials))
    n, x = np.zeros((trials, 5), int), np.zeros((trials, 5), int)
    level, last = np.full(trials, design.start), [Tally()] * trials
    number = np.arange(trials)
    for patient in uniform:
        dlt = patient < np.array(P_DLT)[level]
        n[number, level] += 1
        x[number, level] += dlt
        seen = [tuple(map(tally, *pair)) for pair in zip(n.tolist(), x.tolist(), strict=True)]
        design.prepare(seen)
        last = [tally(1, int(d)) for d in dlt]
        decisions = map(design.decide, seen, level.tolist(), last)
        level = np.array([here if d.level is None else d.level for here, d in
                          zip(level.tolist(), decisions, strict=True)])  # fmt: skip
    return n, untried_too(design, n, x)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "options"),
    [
        ("crmsim_empiric_bayes_mcohort1_n30_x01_restrictTRUE", {}),
        ("crmsim_logistic_bayes_mcohort1_n30_x01_restrictTRUE", {"model": "logistic"}),
        ("crmsim_empiric_bayes_mcohort1_n30_x03_restrictTRUE", {"start": 2}),
        (
            "crmsim_empiric_bayes_mcohort1_n30_x01_restrictFALSE",
            {"skipping": True, "coherent": False},
        ),
        ("crmsim_empiric_mle_mcohort1_n30_x01-2-3-4-5_restrictTRUE", THREE_A_LEVEL),
    ],
)
def test_one_by_one_against_crmsim(config, options):
    trials = 1000
    theirs = crmsim(config)
    n, selected = simulate_one_by_one(like_dfcrm(theirs, cohort_size=1, **options), trials, seed=7)
    for found, name in ((selected, "p_mtd"), (n, "n_patients")):
        mean, both = found.mean(axis=0), 1 / trials + 1 / N_TRIALS
        sd = found.std(axis=0)
        if name == "p_mtd":  # where neither saw one, or ours saw none
            pooled = (mean + theirs[name]) / 2
            sd = np.sqrt(pooled * (1 - pooled))
        z = (mean - theirs[name]) / np.maximum(np.sqrt(sd**2 * both), 1e-9)
        assert np.abs(z).max() < 4, (name, z)


def brute_force(design: Crm, p_dlt, stand, probability, ends):
    tallies, level, last = stand
    decision = design.decide(tallies, level, last)
    if decision.action is Action.STOP:
        ends[-1 if decision.mtd is None else decision.mtd] += probability
        return
    here, size = decision.level, decision.n_to_enrol
    for x in range(size + 1):
        cohort = Tally(n_evaluable=size, n_dlts=x)
        seen = [*tallies[:here], tallies[here].plus(cohort), *tallies[here + 1 :]]
        chance = comb(size, x) * p_dlt[here] ** x * (1 - p_dlt[here]) ** (size - x)
        brute_force(design, p_dlt, (seen, here, cohort), probability * chance, ends)


@pytest.mark.parametrize("options", [{"cohort_size": 3, "max_patients": 15},
                                     {"cohort_size": 1, "max_patients": 9},
                                     {"cohort_size": 2, "max_patients": 10, "model": "logistic"},
                                     {"cohort_size": 1, "max_patients": 9, **THREE_A_LEVEL},
                                     {"max_patients": 15, "method": "mle", "first_stage": 1}],
                         ids=str)  # fmt: skip
def test_the_graph_against_every_history_written_out(options):
    design = Crm(n_levels=3, target=0.25, halfwidth=0.05, **options)
    p_dlt = (0.1, 0.3, 0.5)
    ends = [0.0] * 4
    brute_force(design, p_dlt, ([Tally()] * 3, 0, Tally()), 1.0, ends)
    found = exact_characteristics(build_graph(design), p_dlt)
    assert [*found.p_select, found.p_no_mtd] == pytest.approx(ends, rel=0, abs=1e-12)


@pytest.mark.parametrize("method", ["bayes", "mle"])
def test_no_recommendation_of_the_whole_graph_hangs_on_the_fit(method):
    """The nearest level is settled by a thousand times the error of the fit, in every state.

    By likelihood two levels can be equally near as well, with 3/15 at a level and none elsewhere:
    the lower is taken.
    """
    design = Crm(n_levels=5, target=0.25, halfwidth=0.05, max_patients=30, method=method)
    graph = build_graph(design)
    assert graph.n_states > 10_000
    margins = [np.inf]
    for beta, below in design._fits.values():
        p_dlt = design.curve.p_dlt(beta) if np.isfinite(beta) else ()
        margins += [abs(a + b - 0.5) for a, b in pairwise(p_dlt)]
        margins.append(abs(below - design.cutoff_stop))
    if method == "mle":
        margins = [margin for margin in margins if margin > 1e-12]
    assert min(margins) > 1e-7


@pytest.mark.parametrize("options", [{"cohort_size": 3, "max_patients": 24},
                                     {"cohort_size": 1, "max_patients": 12},
                                     {"max_patients": 18, "model": "logistic", "start": 2},
                                     {"max_patients": 24, "method": "mle"},
                                     {"max_patients": 21, "method": "mle", "model": "logistic"},
                                     {"cohort_size": 1, "max_patients": 12, **THREE_A_LEVEL},
                                     {"max_patients": 18, "first_stage": 1},
                                     {"max_patients": 18, "method": "mle", "first_stage": 1,
                                      "skipping": True, "start": 1, "cutoff_stop": 1}],
                         ids=str)  # fmt: skip
def test_every_state_reached_is_coherent_both_ways(options):
    """Cheung 2005: not up after the target rate or more; not down after no DLT."""
    design = Crm(n_levels=4, target=0.25, halfwidth=0.05, **options)
    nobody = (Tally(),) * 4
    walk = walk_design(design, [(nobody, Tally())], design.start, 100_000)
    steps = zip(walk.levels, walk.lasts, walk.decisions, strict=True)
    up = {(last.n_evaluable, last.n_dlts) for here, last, d in steps if (d.level or 0) > here}
    assert all(x < 0.25 * n for n, x in up)
    steps = zip(walk.levels, walk.lasts, walk.decisions, strict=True)
    down = [last for here, last, d in steps if d.level is not None and d.level < here]
    assert down
    assert all(last.n_dlts for last in down)


def test_a_walk_fits_its_states_together(monkeypatch):
    alone = []
    posterior = crm.posterior
    monkeypatch.setattr(crm, "posterior", lambda *args: alone.append(1) or posterior(*args))
    design = Crm(n_levels=5, target=0.25, max_patients=24)
    assert build_graph(design).n_states > 1000
    assert len(alone) < 50
