"""The part of a graph that trials meet, against the whole graph and the trials that walk it."""

import numpy as np
import pytest

from escalation.designs import APlusB, Boin, Crm, ThreePlusThree
from escalation.designs.crm.digest import CrmDigest
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines import met_jointly
from simulations.engines.exact import exact_characteristics
from simulations.engines.montecarlo import simulate, simulate_trials
from simulations.engines.on_demand import graph_on_demand
from simulations.engines.passes import expected_from, passing_probabilities
from simulations.engines.simulated import CHUNK_SIZE
from simulations.graph.build import build_graph
from simulations.questions.paths import iter_paths
from tests.simulations.engines.test_memory import Careful

P_DLT = [0.1, 0.25, 0.45]
PENDING = [Tally(n_evaluable=3), Tally(n_evaluable=1, n_pending=2), Tally()]
CASES = {
    "3+3": (ThreePlusThree(n_levels=3), None, None),
    "pending": (ThreePlusThree(n_levels=3), PENDING, 1),
    "ended": (ThreePlusThree(n_levels=3), [Tally(n_evaluable=2, n_dlts=2), Tally(), Tally()], 0),
    "boin": (Boin(n_levels=3, target=0.3, max_patients=12, cohort_size=1), None, None),
    "careful": (Careful(n_levels=3, max_patients=16), None, None),
    "crm": (Crm(n_levels=3, target=0.3, max_patients=12, cohort_size=1), None, None),
    "crm in threes": (
        Crm(n_levels=3, target=0.3, max_patients=12, method="mle", first_stage=2, n_earlystop=6),
        None,
        None,
    ),
    "crm pending": (Crm(n_levels=3, target=0.3, max_patients=18), PENDING, 1),
    "a+b": (APlusB(n_levels=3, a=2, b=4, c=1, d=1, e=2), None, None),
}


def ends(graph, trials, **run):
    """Return each trial's data at its end and its MTD, whatever the numbers of the states."""
    rows = []
    for chunk in simulate_trials(graph, P_DLT, trials=trials, draws="latent", **run):
        last = chunk.states.max(axis=1)
        rows.append(
            np.hstack([graph.n_evaluable[last], graph.n_dlts[last], graph.mtd[last][:, None]])
        )
    return np.vstack(rows)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("trials", [1, 300, CHUNK_SIZE + 50])
def test_trials_are_those_of_the_whole_graph(name, trials):
    design, tallies, level = CASES[name]
    part = graph_on_demand(design, tallies, level, p_dlt=[P_DLT], trials=trials, seed=7)
    whole = build_graph(design, tallies, level)
    assert part.n_states <= whole.n_states
    assert (ends(part, trials, seed=7) == ends(whole, trials, seed=7)).all()


def test_a_part_holds_every_scenario_and_fewer_trials():
    design = CASES["boin"][0]
    part = graph_on_demand(design, p_dlt=[P_DLT, [0.5, 0.6, 0.7]], trials=500, seed=3)
    whole = build_graph(design)
    for p_dlt in (P_DLT, [0.5, 0.6, 0.7]):
        found = simulate(part, p_dlt, trials=100, seed=3, draws="latent")
        expected = simulate(whole, p_dlt, trials=100, seed=3, draws="latent")
        assert found.characteristics.to_dict()["p_select"] == pytest.approx(
            expected.characteristics.p_select.tolist(), abs=0
        )


def test_a_design_is_asked_once_a_state(monkeypatch):
    asked = []
    plain = ThreePlusThree._decide
    monkeypatch.setattr(
        ThreePlusThree,
        "_decide",
        lambda self, tallies, level: asked.append((tallies, level)) or plain(self, tallies, level),
    )
    graph_on_demand(ThreePlusThree(n_levels=3), p_dlt=[P_DLT, P_DLT], trials=2000)
    n_roots = 1  # asked a second time, to know where trials start
    assert len(asked) == len(set(asked)) + n_roots


def test_a_design_makes_ready_for_every_state_before_it_is_asked(monkeypatch):
    events = []
    plain = ThreePlusThree._decide
    monkeypatch.setattr(
        ThreePlusThree,
        "prepare",
        lambda self, states: events.extend(("ready", tallies) for tallies in states),
    )
    monkeypatch.setattr(
        ThreePlusThree,
        "_decide",
        lambda self, tallies, level: (
            events.append(("asked", tallies)) or plain(self, tallies, level)
        ),
    )
    graph_on_demand(ThreePlusThree(n_levels=3), p_dlt=[P_DLT], trials=500)
    ready = set()
    for what, tallies in events:
        assert what == "ready" or tallies in ready
        ready.add(tallies)


def test_nothing_exact_comes_from_a_part():
    design = Boin(n_levels=3, target=0.3, max_patients=12, cohort_size=1)
    part = graph_on_demand(design, p_dlt=[P_DLT], trials=20)
    assert not part.is_whole
    for use in (
        lambda: exact_characteristics(part, P_DLT),
        part.count_paths,
        lambda: passing_probabilities(part, P_DLT),
        lambda: expected_from(part, P_DLT, np.zeros(len(part.ends))),
        lambda: list(iter_paths(part)),
    ):
        with pytest.raises(InputError, match="only the part of a graph"):
            use()


@pytest.mark.parametrize("draws", ["latent", "trial", "count"])
def test_other_trials_do_not_walk_off_the_part(draws):
    part = graph_on_demand(CASES["boin"][0], p_dlt=[P_DLT], trials=20, seed=1)
    with pytest.raises(InputError, match="leave the part"):
        simulate(part, P_DLT, trials=5000, seed=2, draws=draws)


def test_a_part_that_has_met_everything_is_whole():
    design = ThreePlusThree(n_levels=1)
    assert graph_on_demand(design, p_dlt=[[0.4]], trials=2000).is_whole


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": 0}, "trials must be"),
        ({"seed": -1}, "seed must be"),
        ({"max_states": 5}, "more than 5 states; simulate fewer"),
        ({"p_dlt": [[0.1, 0.2]]}, "3 levels"),
        ({"p_dlt": [[0.1, 0.2, float("nan")]]}, "from 0 to 1"),
    ],
)
def test_bad_input_is_one_clear_line(change, message):
    arguments = {"p_dlt": [P_DLT], "trials": 100} | change
    with pytest.raises(InputError, match=message):
        graph_on_demand(CASES["boin"][0], **arguments)


def test_far_too_many_states_are_foreseen_with_trials_that_fit(monkeypatch):
    design = Crm(n_levels=3, target=0.3, max_patients=60, cohort_size=1)
    n_fitted = []
    digest = CrmDigest.__call__
    monkeypatch.setattr(
        CrmDigest,
        "__call__",
        lambda self, n, *rest: n_fitted.append(len(n)) or digest(self, n, *rest),
    )
    with pytest.raises(InputError, match="more than 3,000 states; simulate at most 24 of them"):
        graph_on_demand(design, p_dlt=[P_DLT, P_DLT], trials=5000, max_states=3000)
    assert sum(n_fitted) < 3000
    part = graph_on_demand(design, p_dlt=[P_DLT, P_DLT], trials=24, max_states=3000)
    assert part.n_states <= 3000


def test_chunks_walked_one_after_another_meet_the_same_states(monkeypatch):
    design = Crm(n_levels=3, target=0.3, max_patients=9, cohort_size=1)
    run = {"p_dlt": [P_DLT, [0.5, 0.6, 0.7]], "trials": CHUNK_SIZE + 30}
    together = graph_on_demand(design, **run)
    monkeypatch.setattr(met_jointly, "_CHUNKS_AT_ONCE", 1)
    apart = graph_on_demand(design, **run)
    assert apart.n_states == together.n_states
    assert (ends(apart, CHUNK_SIZE + 30) == ends(together, CHUNK_SIZE + 30)).all()


def test_what_states_can_take_is_told_before_most_of_it_is_taken():
    design = Boin(n_levels=5, target=0.3, max_patients=30, cohort_size=1)
    curve = [0.05, 0.1, 0.2, 0.33, 0.5]
    told = []
    part = graph_on_demand(design, p_dlt=[curve], trials=500, max_states=20_000, tell=told.append)
    (said,) = told
    assert said.n_states == 20_000 >= part.n_states > 4000
    assert 800 * 20_000 < said.n_bytes < 2000 * 20_000
    graph_on_demand(design, p_dlt=[curve], trials=50, tell=told.append)
    assert len(told) == 1
