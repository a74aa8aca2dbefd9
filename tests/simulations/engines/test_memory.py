"""A design that looks at the last cohort, against a recursion that keeps whole histories."""

from dataclasses import dataclass
from math import comb
from typing import ClassVar

import pytest

from escalation.designs import ThreePlusThree
from escalation.designs.base import Action, Clause, Decision, Design, LevelStatus
from escalation.designs.replay import replay
from escalation.errors import InputError
from escalation.outcomes import Tally, last_tally, parse_outcomes
from simulations.engines.exact import exact_characteristics
from simulations.engines.montecarlo import simulate
from simulations.graph.build import build_graph

CLAUSE = Clause("toy", "A toy.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Careful(Design):
    """Cohorts of two: up after none with a DLT, down after two; in the end the MTD is last."""

    name: ClassVar[str] = "careful"
    remembers: ClassVar[bool] = True
    n_levels: int
    start: int = 0
    max_patients: int = 8

    def status(self, tally):
        return LevelStatus.OPEN

    @property
    def stages(self):
        return (2,)

    def remember(self, last):
        return last.n_dlts

    def _decide(self, tallies, level):
        raise AssertionError("asked without its memory")

    def _decide_remembering(self, tallies, level, memory):
        if sum(tally.n_evaluable for tally in tallies) >= self.max_patients:
            return Decision(action=Action.STOP, mtd=level, clause=CLAUSE)
        begun = any(tally.n_evaluable for tally in tallies)
        step = {0: int(begun), 1: 0, 2: -1}[memory]
        target = min(max(level + step, 0), self.n_levels - 1)
        action = (Action.DEESCALATE, Action.STAY, Action.ESCALATE)[
            (target > level) - (target < level) + 1
        ]
        return Decision(action=action, level=target, n_to_enrol=2, clause=CLAUSE)


def brute_force(design, p_dlt, history, probability, selected):
    """Follow every history, written out cohort by cohort."""
    tallies = [Tally()] * design.n_levels
    for level, n, x in history:
        tallies[level] = tallies[level].plus(Tally(n_evaluable=n, n_dlts=x))
    level, n, x = history[-1] if history else (design.start, 0, 0)
    decision = design.decide(tallies, level, Tally(n_evaluable=n, n_dlts=x))
    if decision.level is None:
        selected[decision.mtd] += probability
        return
    p, size = p_dlt[decision.level], decision.n_to_enrol
    for x in range(size + 1):
        likely = comb(size, x) * p**x * (1 - p) ** (size - x)
        brute_force(
            design, p_dlt, [*history, (decision.level, size, x)], probability * likely, selected
        )


P_DLT = [0.1, 0.3, 0.6]


def test_the_graph_carries_the_memory_against_brute_force():
    design = Careful(n_levels=3)
    graph = build_graph(design)
    selected = [0.0] * 3
    brute_force(design, P_DLT, [], 1.0, selected)
    exact = exact_characteristics(graph, P_DLT)
    assert exact.p_select == pytest.approx(selected, abs=1e-14)
    run = simulate(graph, P_DLT, trials=50_000, seed=4)
    for mean, error, true in zip(
        run.characteristics.p_select, run.mcse()["p_select"], selected, strict=True
    ):
        assert abs(mean - true) < 4 * error


def test_equal_tallies_are_two_states_where_the_last_cohort_differs():
    graph = build_graph(Careful(n_levels=1))
    seen = {(n.item(), x.item()) for n, x in zip(graph.n_evaluable, graph.n_dlts, strict=True)}
    assert len(seen) < graph.n_states


def test_a_trial_goes_on_from_pending_patients_against_brute_force():
    design = Careful(n_levels=3)
    history = [(0, 2, 0), (1, 2, 1)]
    seen = [Tally(n_evaluable=2), Tally(n_evaluable=3, n_dlts=1, n_pending=1), Tally()]
    last = Tally(n_evaluable=1, n_pending=1)
    selected = [0.0] * 3
    for x, p in ((0, 0.7), (1, 0.3)):
        brute_force(design, P_DLT, [*history, (1, 2, x)], p, selected)
    exact = exact_characteristics(build_graph(design, seen, 1, last=last), P_DLT)
    assert exact.p_select == pytest.approx(selected, abs=1e-14)


def test_pending_patients_of_the_last_cohort_are_foreseen_in_it():
    design = Careful(n_levels=3)
    tallies = [Tally(n_evaluable=3, n_pending=1), Tally(), Tally()]
    waits = design.decide(tallies, 0, Tally(n_evaluable=1, n_pending=1))
    assert waits.action is Action.WAIT
    assert {one.level for one in waits.possible} == {0, 1}
    # pending in an earlier cohort, it says nothing of the last one
    assert design.decide(tallies, 0, Tally(n_evaluable=2)).level == 1


def test_a_last_cohort_that_is_no_part_of_what_was_seen_is_refused():
    with pytest.raises(InputError, match="the last cohort is not part"):
        Careful(n_levels=1).decide(
            [Tally(n_evaluable=1, n_pending=1)], 0, Tally(n_evaluable=2, n_dlts=1)
        )


@pytest.mark.parametrize(
    ("notation", "expected"),
    [
        ("", Tally()),
        ("1NNN 2NT", Tally(n_evaluable=2, n_dlts=1)),
        ("1NNT 1XX", Tally(n_evaluable=3, n_dlts=1)),
        ("1NNN 2TT 1XX", Tally()),
        ("1NNT 1NNN", Tally(n_evaluable=3)),
    ],
)
def test_the_last_cohort_of_a_history(notation, expected):
    cohorts = parse_outcomes(notation)
    assert replay(ThreePlusThree(n_levels=3), cohorts, (1, 2, 3)).last == expected
    assert last_tally(cohorts) == expected


def test_patients_written_one_by_one_are_one_last_cohort():
    cohorts = parse_outcomes("1NNN 2N 2? 2T")
    last = replay(ThreePlusThree(n_levels=3), cohorts, (1, 2, 3)).last
    assert last == Tally(n_evaluable=2, n_dlts=1, n_pending=1)
