"""Backfill and expansion against brute force over every single patient, and each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from escalation.designs.replay import Expansion
from escalation.errors import InputError
from escalation.outcomes import Tally
from escalation.protocol import Backfill, ExpansionMonitoring, Protocol
from simulations.engines.backfill import backfill_figures, walk_together
from simulations.engines.exact import exact_characteristics
from simulations.engines.expansion import expansion_figures
from simulations.engines.results import run_scenarios
from simulations.graph.build import build_graph
from simulations.questions.engine import choose_engine
from simulations.questions.paths import iter_paths
from simulations.questions.question import Question
from simulations.scenarios.scenario import Scenario

P = [0.1, 0.3, 0.5]


def protocol(n_levels: int = 2, **backfill) -> Protocol:
    return replace(Protocol.plain(n_levels), backfill=Backfill(**{"max_per_level": 4, **backfill}))


def by_brute_force(protocol, p_dlt):
    """Follow every sequence of single patients' outcomes, a list of them; return the means."""
    design, table = protocol.design, protocol.backfill
    n_levels = len(p_dlt)
    found = {"mtd": np.zeros(n_levels + 1), "n": np.zeros(n_levels), "dlts": np.zeros(n_levels)}
    found["own"] = np.zeros(n_levels)

    def tallies(patients):
        return [
            Tally(n_evaluable=len(seen), n_dlts=sum(seen))
            for seen in ([dlt for level, dlt in patients if level == b] for b in range(n_levels))
        ]

    def follow(own, more, level, probability):
        counting = own + more if table.counted == "every decision" else own
        decision = design.decide(tallies(counting), level)
        if decision.level is None and table.counted == "final decision":
            decision = design.decide(tallies(own + more), level)
        if decision.level is None:
            found["mtd"][-1 if decision.mtd is None else decision.mtd] += probability
            for b in range(n_levels):
                found["n"][b] += probability * sum(at == b for at, _ in more)
                found["dlts"][b] += probability * sum(dlt for at, dlt in more if at == b)
                found["own"][b] += probability * sum(at == b for at, _ in own)
            return
        opened = []
        for b in range(decision.level):
            here = [dlt for at, dlt in own + more if at == b]
            too_toxic = bool(table.stop_at_rate and here and 3 * sum(here) >= len(here))
            n = min(table.per_cohort, table.max_per_level - sum(at == b for at, _ in more))
            opened += [b] * (0 if too_toxic else n)
        places = [decision.level] * decision.n_to_enrol + opened
        for outcomes in product((0, 1), repeat=len(places)):
            share = probability
            for at, dlt in zip(places, outcomes, strict=True):
                share *= p_dlt[at] if dlt else 1 - p_dlt[at]
            new = list(zip(places, outcomes, strict=True))
            n_own = decision.n_to_enrol
            follow(own + new[:n_own], more + new[n_own:], decision.level, share)

    follow([], [], design.start, 1.0)
    return found


@pytest.mark.parametrize("stop", [None, "1/3"])
def test_backfill_that_counts_nowhere_is_that_of_every_sequence_of_patients(stop):
    trial = protocol(per_cohort=2, stop_at_rate=stop)
    brute = by_brute_force(trial, P[:2])
    graph = build_graph(trial.design)
    figures = backfill_figures(trial, graph, P[:2])
    assert [level.mean for level in figures.patients] == pytest.approx(brute["n"], abs=1e-12)
    assert [level.mean for level in figures.dlts] == pytest.approx(brute["dlts"], abs=1e-12)
    found = exact_characteristics(graph, P[:2])
    assert found.p_select == pytest.approx(brute["mtd"][:2], abs=1e-12)


@pytest.mark.parametrize("counted", ["never", "every decision", "final decision"])
@pytest.mark.parametrize("stop", [None, "1/3"])
def test_escalation_and_backfill_walked_together_are_those_of_every_sequence(counted, stop):
    trial = protocol(per_cohort=2, counted=counted, stop_at_rate=stop)
    brute = by_brute_force(trial, P[:2])
    found = walk_together(trial, P[:2], trials=1)
    assert found.simulated is None
    assert found.escalation.p_select == pytest.approx(brute["mtd"][:2], abs=1e-12)
    assert found.escalation.patients == pytest.approx(brute["own"], abs=1e-12)
    assert [level.mean for level in found.backfill.patients] == pytest.approx(brute["n"], abs=1e-12)
    assert [level.mean for level in found.backfill.dlts] == pytest.approx(brute["dlts"], abs=1e-12)


@pytest.mark.parametrize("stop", [None, "1/3"])
@pytest.mark.parametrize("p", [P, [0.0, 0.0, 1.0], [1.0, 0.5, 0.5]])
def test_carried_along_the_graph_is_walked_together(stop, p):
    trial = protocol(3, per_cohort=3, max_per_level=7, stop_at_rate=stop)
    carried = backfill_figures(trial, build_graph(trial.design), p)
    walked = walk_together(trial, p, trials=1).backfill
    for one, other in zip(
        (*carried.patients, *carried.dlts), (*walked.patients, *walked.dlts), strict=True
    ):
        n = len(other.p)
        assert one.p[:n] == pytest.approx(other.p, abs=1e-12)
        assert not one.p[n:].any()


@pytest.mark.parametrize("counted", ["every decision", "final decision"])
def test_simulated_figures_are_near_the_exact_ones(counted):
    trial = protocol(3, per_cohort=3, counted=counted)
    exact = walk_together(trial, P, trials=1)
    drawn = walk_together(trial, P, trials=20_000, seed=7, exact=False)
    assert exact.simulated is None
    assert drawn.simulated is not None
    errors = drawn.simulated.mcse()
    difference = drawn.escalation.p_select - exact.escalation.p_select
    assert (abs(difference) <= 4 * np.array(errors["p_select"])).all()
    for one, other in zip(drawn.backfill.patients, exact.backfill.patients, strict=True):
        assert abs(one.mean - other.mean) <= 4 * max(other.sd, 1e-9) / 20_000**0.5
    again = walk_together(trial, P, trials=20_000, seed=7, exact=False)
    assert (again.escalation.p_select == drawn.escalation.p_select).all()


def test_levels_below_the_lowest_named_get_no_backfill():
    trial = protocol(3, from_level=2)
    figures = backfill_figures(trial, build_graph(trial.design), P)
    assert figures.patients[0].mean == 0
    assert figures.patients[1].mean > 0
    assert figures.patients[2].mean == 0  # never below another


# ---------------------------------------------------------------- expansion


@pytest.mark.parametrize(
    ("monitoring", "reached"),
    [
        ({"stop_at": ("2/6", "3/9")}, lambda x, n: (x >= 2 and n <= 6) or x >= 3),
        ({"stop_at_rate": "1/3"}, lambda x, n: 3 * x >= n),
        ({}, lambda x, n: False),
    ],
)
def test_an_expansion_is_that_of_every_sequence_of_patients(monitoring, reached):
    n_patients, p = 9, 0.3
    stopped = patients = dlts = 0.0
    for outcomes in product((0, 1), repeat=n_patients):
        share = float(np.prod([p if dlt else 1 - p for dlt in outcomes]))
        ends = (n for n in range(1, n_patients + 1) if reached(sum(outcomes[:n]), n))
        end = next(ends, None)
        stopped += share * (end is not None)
        patients += share * (end or n_patients)
        dlts += share * sum(outcomes[: end or n_patients])
    found = expansion_figures(
        ExpansionMonitoring(n_patients=n_patients, **monitoring),
        [p],
        exact_characteristics(build_graph(Protocol.plain(1).design), [p]),
    )
    assert found is not None
    assert found.p_stopped[0] == pytest.approx(stopped, abs=1e-12)
    assert found.patients[0].mean == pytest.approx(patients, abs=1e-12)
    assert found.dlts[0].mean == pytest.approx(dlts, abs=1e-12)
    assert found.mean_patients == pytest.approx(found.p_started[0] * patients, abs=1e-12)


@pytest.mark.parametrize("seen", [(0, 0), (2, 1), (4, 1), (6, 2), (9, 1), (12, 3), (12, 4)])
def test_an_expansion_that_has_begun_is_that_of_every_sequence_to_come(seen):
    n_patients, p, (n_before, x_before) = 9, 0.3, seen
    stopped, more, dlts = 0.0, np.zeros(n_patients + 1), np.zeros(n_patients + 1)
    for outcomes in product((0, 1), repeat=max(n_patients - n_before, 0)):
        share = float(np.prod([p if dlt else 1 - p for dlt in outcomes]))
        x = [x_before + sum(outcomes[:n]) for n in range(len(outcomes) + 1)]
        ends = (n for n in range(len(x)) if n_before + n and 3 * x[n] >= n_before + n)
        end = next(ends, None)
        stopped += share * (end is not None)
        to_come = len(outcomes) if end is None else end
        more[to_come] += share
        dlts[x[to_come] - x_before] += share
    monitoring = ExpansionMonitoring(n_patients=n_patients, stop_at_rate="1/3")
    found = expansion_figures(
        monitoring,
        [p],
        exact_characteristics(build_graph(Protocol.plain(1).design), [p]),
        Expansion(level=0, cohorts=(), tally=Tally(n_evaluable=n_before, n_dlts=x_before)),
    )
    assert found is not None
    assert found.p_stopped[0] == pytest.approx(stopped, abs=1e-12)
    for distribution, expected in ((found.patients[0], more), (found.dlts[0], dlts)):
        spread = np.zeros(n_patients + 1)
        spread[distribution.values] = distribution.p
        assert spread == pytest.approx(expected, abs=1e-12)


def test_an_expansion_whose_size_is_not_said_has_no_figures():
    graph = build_graph(Protocol.plain(2).design)
    found = exact_characteristics(graph, P[:2])
    assert expansion_figures(ExpansionMonitoring(stop_at_rate="1/3"), P[:2], found) is None


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_outcomes_are_certain_in_the_expansion(p):
    found = expansion_figures(
        ExpansionMonitoring(n_patients=6, stop_at=("2/6",)),
        [p],
        exact_characteristics(build_graph(Protocol.plain(1).design), [0.0]),
    )
    assert found is not None
    assert found.p_stopped[0] == p
    assert found.patients[0].mean == (2 if p else 6)


# ---------------------------------------------------------------- in the results


def results(trial, method="both", **more):
    graph = build_graph(trial.design, **more)
    scenario = Scenario(name="a", p_dlt=tuple(P))
    return next(run_scenarios(graph, [scenario], method=method, trials=2_000, protocol=trial))


def test_patients_in_all_are_those_of_escalation_backfill_and_expansion():
    trial = replace(protocol(3), expansion=ExpansionMonitoring(n_patients=6))
    found = results(trial)
    assert found.exact is not None
    assert found.monte_carlo is not None
    assert found.backfill is not None
    assert found.expansion is not None
    document = found.to_dict()
    assert document["patients_in_all"] == pytest.approx(
        document["exact"]["sample_size"]["mean"]
        + sum(document["backfill"]["patients"])
        + 6 * sum(document["exact"]["p_select"])
    )


def test_patients_of_escalation_and_expansion_together_are_those_of_every_path():
    trial = replace(
        Protocol.plain(2), expansion=ExpansionMonitoring(n_patients=2, stop_at=("1/1",))
    )
    p = (0.2, 0.4)
    graph = build_graph(trial.design)
    expected: dict[int, float] = {}
    for path in iter_paths(graph, p):
        n = sum(size for _, size, _ in path.cohorts)
        mtd = path.decision.mtd
        assert path.probability is not None
        after = {0: 1.0} if mtd is None else {1: p[mtd], 2: 1 - p[mtd]}
        for more, share in after.items():
            expected[n + more] = expected.get(n + more, 0.0) + path.probability * share
    scenario = Scenario(name="s", p_dlt=p)
    result = next(run_scenarios(graph, [scenario], method="exact", protocol=trial))
    found = result.with_expansion
    assert found is not None
    assert found.values.tolist() == sorted(expected)
    assert found.p == pytest.approx([expected[n] for n in sorted(expected)], abs=1e-12)
    assert found.mean == pytest.approx(result.mean_patients, abs=1e-12)


def test_without_backfill_and_expansion_nothing_is_added():
    plain = Protocol.plain(3)
    found = results(plain)
    assert set(found.to_dict()) == {"scenario", "exact", "monte_carlo"}


def test_a_backfill_that_counts_is_exact_where_it_can_be_and_simulated_beside():
    found = results(protocol(3, counted="every decision"))
    assert found.exact is not None
    assert found.monte_carlo is not None
    errors = np.array(found.monte_carlo.mcse()["p_select"])
    difference = found.exact.p_select - found.monte_carlo.characteristics.p_select
    assert (abs(difference) <= 4 * errors).all()


def test_after_outcomes_so_far_a_backfill_that_counts_has_no_figures():
    seen = (Tally(n_evaluable=3), Tally(), Tally())
    with pytest.raises(InputError, match="from the start of the trial only"):
        results(protocol(3, counted="every decision"), tallies=seen, level=0)
    assert results(protocol(3), tallies=seen, level=0).backfill is None


def test_what_does_not_fit_into_memory_is_simulated_unless_it_was_to_be_exact(monkeypatch):
    exact = results(protocol(3))
    monkeypatch.setattr("simulations.engines.backfill.MAX_CELLS", 100)
    drawn = results(protocol(3))
    assert exact.backfill is not None
    assert drawn.backfill is not None
    assert (exact.backfill.trials, drawn.backfill.trials) == (None, 2_000)
    for one, other in zip(exact.backfill.patients, drawn.backfill.patients, strict=True):
        assert abs(one.mean - other.mean) <= 4 * max(one.sd, 1e-9) / 2_000**0.5
    with pytest.raises(InputError, match="too many for exact figures"):
        results(protocol(3), method="exact")


def test_backfill_on_a_ladder_that_is_followed_level_by_level_is_exact_all_the_same():
    asked = protocol(9, max_per_level=3)
    question = Question(protocol=asked)
    chosen = choose_engine(question, "exact", "cohort", trials=10, seed=1)
    assert chosen.graph.is_whole
