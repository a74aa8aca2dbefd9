"""The transition graph: counts from outside, and every path replayed patient by patient."""

from __future__ import annotations

import csv
from collections import Counter
from math import comb, prod
from pathlib import Path

import numpy as np
import pytest

from escalation.designs import VARIANTS, Action, APlusB, Decision, Design, ThreePlusThree
from escalation.errors import EscalationError, InputError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from simulations.graph.build import TransitionGraph, build_graph

DATA = Path(__file__).parents[2] / "data"

# bcrm and AplusB (declare, expand-below), precautionary (confirm); 1 to 8 levels
PATHS = {
    "declare": (7, 19, 43, 91, 187, 379, 763, 1531),
    "expand-below": (7, 34, 118, 346, 922, 2314, 5578, 13066),
    "confirm": (10, 46, 154, 442, 1162, 2890, 6922, 16138),
    "declare-confirm-top": (10, 25, 55, 115, 235, 475, 955, 1915),
}
State = tuple[tuple[Tally, ...], int]


def end_of(decision: Decision) -> int:
    """Return the MTD; -1 where no level is tolerated, -2 where it is not determined."""
    if decision.inconclusive:
        return -2
    return -1 if decision.mtd is None else decision.mtd


@pytest.mark.parametrize("variant", VARIANTS)
def test_path_counts_of_1_to_8_levels_against_published_packages(variant):
    graphs = [build_graph(ThreePlusThree(n_levels=n, variant=variant)) for n in range(1, 9)]
    assert tuple(graph.count_paths() for graph in graphs) == PATHS[variant]


def test_confirm_path_counts_against_precautionary():
    with (DATA / "precautionary_path_counts.csv").open() as file:
        rows = [(int(row["D"]), int(row["len_b"])) for row in csv.DictReader(file)]
    assert [n_levels for n_levels, _ in rows] == [2, 3, 4, 5, 6, 7, 8]
    for n_levels, n_paths in rows:
        assert build_graph(ThreePlusThree(n_levels=n_levels)).count_paths() == n_paths


def test_a_plus_b_path_counts_against_AplusB():
    with (DATA / "threep3_AplusB_summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 54
    for row in rows:
        kind, constants = row["variant"].split("_")
        design = APlusB(
            n_levels=int(row["D"]),
            **{name: int(constants[constants.index(name.upper()) + 1]) for name in "abcde"},
            below="expand" if kind == "deesc" else "declare",
            top="declare",
        )
        assert build_graph(design).count_paths() == int(row["n_paths"]), row["variant"]


def test_five_levels_of_the_default_have_1000_states():
    assert build_graph(ThreePlusThree(n_levels=5)).n_states == 1000


# ---------------------------------------------------------------- patient by patient


def replace_level(tallies: tuple[Tally, ...], level: int, tally: Tally) -> tuple[Tally, ...]:
    return (*tallies[:level], tally, *tallies[level + 1 :])


def told(decision: Decision) -> tuple[object, ...]:
    return (decision.action, decision.level, decision.n_to_enrol, decision.mtd)


class PatientByPatient:
    """Walk a design one patient at a time, knowing nothing of the graph.

    Cohort states are merged by (tallies, level); their numbers of paths (a path is its cohorts'
    DLT counts) and of patients' sequences are carried along.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.paths: Counter[tuple[tuple[Tally, ...], int]] = Counter()
        self.sequences: Counter[tuple[tuple[Tally, ...], int]] = Counter()
        self.n_states = 0
        layer: dict[State, tuple[int, int]] = {((Tally(),) * design.n_levels, design.start): (1, 1)}
        ends: set[object] = set()
        while layer:
            following: dict[State, tuple[int, int]] = {}
            for (tallies, level), (paths, sequences) in layer.items():
                decision = design.decide(tallies, level)
                if decision.level is None:
                    self.paths[tallies, end_of(decision)] += paths
                    self.sequences[tallies, end_of(decision)] += sequences
                    ends.add((tallies, end_of(decision)))
                    continue
                self.n_states += 1
                for state, ways in self.enrol(tallies, decision).items():
                    p, s = following.get(state, (0, 0))
                    following[state] = (p + paths, s + sequences * ways)
            layer = following
        self.n_states += len(ends)

    def enrol(self, tallies: tuple[Tally, ...], opened: Decision) -> dict[State, int]:
        """Enrol a cohort one patient after another; return each outcome with its sequences."""
        level, size = opened.level, opened.n_to_enrol
        assert level is not None
        before = tallies[level]

        def after(n: int, x: int, pending: int = 0) -> tuple[Tally, ...]:
            tally = Tally(
                n_evaluable=before.n_evaluable + n, n_dlts=before.n_dlts + x, n_pending=pending
            )
            return replace_level(tallies, level, tally)

        ways = Counter({(0, 0): 1})
        for n in range(size):
            for x in range(n + 1):
                ways[n + 1, x] += ways[n, x]
                ways[n + 1, x + 1] += ways[n, x]
                self.check_unfilled(after, level, size, n, x)
        return {(after(size, x), level): ways[size, x] for x in range(size + 1)}

    def check_unfilled(self, after, level: int, size: int, n: int, x: int) -> None:
        """Hold the decision after ``n`` of ``size`` patients, ``x`` with DLT, against the full."""
        full = {
            told(self.design.decide(after(size, x + extra), level)) for extra in range(size - n + 1)
        }
        pending = self.design.decide(after(n, x, size - n), level)
        ways = set(full)
        if len(full) == 1 and next(iter(full))[0] in (Action.ESCALATE, Action.STOP):
            for stayed in range(size - n + 1):  # the others turn out not evaluable
                for extra in range(stayed + 1):
                    ways.add(told(self.design.decide(after(n + stayed, x + extra), level)))
        assert pending.settled == (len(ways) == 1)
        if pending.settled:
            assert {told(pending)} == ways
        else:
            assert pending.action is Action.WAIT
            assert {told(one) for one in pending.possible} == ways
        if n == 0:
            return
        now = told(self.design.decide(after(n, x), level))
        assert now == (Action.STAY, level, size - n, None) or {now} == full


def ends_of(graph: TransitionGraph) -> dict[tuple[tuple[Tally, ...], int], int]:
    ways = graph.ways
    found = {}
    for end in graph.ends.tolist():
        tallies = tuple(
            Tally(n_evaluable=n, n_dlts=x)
            for n, x in zip(
                graph.n_evaluable[end].tolist(), graph.n_dlts[end].tolist(), strict=True
            )
        )
        found[tallies, int(graph.mtd[end])] = round(float(ways[end]))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "levels", [range(1, 7), pytest.param(range(7, 9), marks=pytest.mark.slow)], ids=["6", "8"]
)
def test_every_path_up_to_8_levels_patient_by_patient(levels, variant):
    for n_levels in levels:
        design = ThreePlusThree(n_levels=n_levels, variant=variant)
        walk, graph = PatientByPatient(design), build_graph(design)
        assert walk.paths.total() == PATHS[variant][n_levels - 1]
        assert walk.n_states == graph.n_states
        assert dict(walk.sequences) == ends_of(graph)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("start", [1, 3])
@pytest.mark.parametrize("two_of_six", ["fail", "mtd"])
@pytest.mark.parametrize("untested_below", ["treat", "stop"])
def test_starts_above_the_bottom_patient_by_patient(variant, start, two_of_six, untested_below):
    design = ThreePlusThree(
        n_levels=4,
        start=start,
        variant=variant,
        two_of_six=two_of_six,
        untested_below=untested_below,
    )
    walk, graph = PatientByPatient(design), build_graph(design)
    assert walk.paths.total() == graph.count_paths()
    assert walk.n_states == graph.n_states
    assert dict(walk.sequences) == ends_of(graph)
    assert graph.level[graph.roots].tolist() == [start]


@pytest.mark.parametrize("constants", [(2, 4, 1, 1, 1), (4, 4, 1, 2, 2), (1, 2, 1, 1, 1)])
def test_a_plus_b_patient_by_patient(constants):
    design = APlusB(n_levels=4, **dict(zip("abcde", constants, strict=True)))
    walk, graph = PatientByPatient(design), build_graph(design)
    assert walk.paths.total() == graph.count_paths()
    assert dict(walk.sequences) == ends_of(graph)


@pytest.mark.parametrize("max_patients", [1, 3, 6, 8, 12, 15])
def test_a_cap_ends_paths_and_is_never_exceeded(max_patients):
    graph = build_graph(ThreePlusThree(n_levels=4, max_patients=max_patients))
    n = graph.n_evaluable.sum(axis=1)
    assert n.max() <= max_patients
    undetermined = graph.mtd[graph.ends] == -2
    assert undetermined.any()
    assert (n[graph.ends][undetermined] + 3 > max_patients).all()


# ---------------------------------------------------------------- its own form


@pytest.mark.parametrize("variant", VARIANTS)
def test_arrays_agree_with_each_other_and_with_decide(variant):
    design = ThreePlusThree(n_levels=4, start=1, variant=variant)
    graph = build_graph(design)
    total = graph.n_evaluable.sum(axis=1)
    assert (np.diff(total) >= 0).all()
    assert set(graph.ends.tolist()) == set(np.flatnonzero(graph.level == -1).tolist())
    assert (graph.children[graph.ends] == -1).all()
    assert (graph.mtd[graph.n_to_enrol > 0] == -1).all()
    reached = {int(graph.roots[0])}
    for state in np.flatnonzero(graph.n_to_enrol).tolist():
        level, size = int(graph.level[state]), int(graph.n_to_enrol[state])
        for n_dlts, child in enumerate(graph.children[state].tolist()):
            if n_dlts > size:
                assert child == -1
                continue
            assert child > state
            reached.add(child)
            step = graph.n_evaluable[child] - graph.n_evaluable[state]
            assert step.tolist() == [size * (at == level) for at in range(4)]
            assert (graph.n_dlts[child] - graph.n_dlts[state])[level] == n_dlts
            tallies = [
                Tally(n_evaluable=n, n_dlts=x)
                for n, x in zip(
                    graph.n_evaluable[child].tolist(), graph.n_dlts[child].tolist(), strict=True
                )
            ]
            decision = design.decide(tallies, level)
            expected = -1 if decision.level is None else decision.level
            assert (graph.level[child], graph.n_to_enrol[child]) == (expected, decision.n_to_enrol)
            if decision.level is None:
                assert graph.mtd[child] == end_of(decision)
    assert reached == set(range(graph.n_states))


def test_equal_ends_are_merged():
    graph = build_graph(ThreePlusThree(n_levels=5, start=2))
    ends = [
        (*graph.n_evaluable[end].tolist(), *graph.n_dlts[end].tolist(), int(graph.mtd[end]))
        for end in graph.ends
    ]
    assert len(ends) == len(set(ends))


# ---------------------------------------------------------------- from data so far


def from_data(design: Design, outcomes: str) -> TransitionGraph:
    cohorts = parse_outcomes(outcomes)
    labels = range(1, design.n_levels + 1)
    return build_graph(design, tally_cohorts(cohorts, labels), cohorts[-1].label - 1)


def test_continuing_is_the_part_of_the_whole_graph_that_is_left():
    design = ThreePlusThree(n_levels=4)
    after = [from_data(design, f"1{letters}") for letters in ("NNN", "NNT", "NTT", "TTT")]
    assert sum(graph.count_paths() for graph in after) == PATHS["confirm"][3]
    assert [graph.count_paths() for graph in after[2:]] == [1, 1]
    assert (after[0].n_so_far.tolist(), after[0].n_dlts_so_far.tolist()) == ([3, 0, 0, 0], [0] * 4)


@pytest.mark.parametrize(
    ("outcomes", "n_roots"),
    [("1NN?", 2), ("1N??", 3), ("1???", 4), ("1NNN 2N??", 3), ("1NN? 2N??", 6), ("1NNN 2TT?", 2)],
)
def test_pending_patients_are_roots_one_for_each_way(outcomes, n_roots):
    design = ThreePlusThree(n_levels=3)
    graph = from_data(design, outcomes)
    assert len(graph.roots) == len(graph.root_ways) == n_roots
    pending = outcomes.count("?")
    assert graph.root_ways.sum() == 2**pending
    assert graph.n_pending.sum() == pending
    # together they lead where the complete histories lead, each with its multiplicity
    separate: Counter[object] = Counter()
    for bits in range(2**pending):
        complete = outcomes
        for place in range(pending):
            complete = complete.replace("?", "NT"[bits >> place & 1], 1)
        separate.update(ends_of(from_data(design, complete)))
    assert dict(separate) == ends_of(graph)


def test_a_trial_that_has_ended_is_one_state():
    graph = from_data(ThreePlusThree(n_levels=3), "1TT")
    assert graph.n_states == graph.count_paths() == 1
    assert graph.mtd.tolist() == [-1]


def test_untidy_data_can_be_continued():
    design = ThreePlusThree(n_levels=3)
    graph = from_data(design, "3NNNN 1N 2TNN?X")
    assert graph.n_states > 1
    assert graph.n_evaluable[graph.roots].tolist() == [[1, 4, 4]] * 2
    assert (graph.n_evaluable[graph.ends] >= graph.n_so_far).all()


def test_ways_count_the_sequences_of_whole_cohorts():
    graph = build_graph(ThreePlusThree(n_levels=1))
    by_tally = {
        (n, x): ways
        for (n,), (x,), ways in zip(
            graph.n_evaluable.tolist(), graph.n_dlts.tolist(), graph.ways.tolist(), strict=True
        )
    }
    assert by_tally[3, 1] == comb(3, 1)
    assert by_tally[6, 1] == comb(3, 0) * comb(3, 1) + comb(3, 1) * comb(3, 0)
    assert by_tally[6, 2] == prod((3, 3)) + comb(3, 2)  # 1+1 or 0+2, never 2+0


# ---------------------------------------------------------------- refusals


def test_a_graph_that_is_too_large_is_refused():
    design = ThreePlusThree(n_levels=5)
    assert build_graph(design, max_states=5000).n_states == 1000
    with pytest.raises(EscalationError, match="more than 999 states"):
        build_graph(design, max_states=999)


def test_too_many_ways_for_pending_patients_are_refused_as_well():
    """Every root is a state, also where none of them has a child."""
    tallies = [Tally(n_evaluable=3, n_dlts=3, n_pending=3), Tally(n_pending=3), Tally(n_pending=3)]
    with pytest.raises(EscalationError, match="more than 10 states"):
        build_graph(ThreePlusThree(n_levels=3), tallies, 2, max_states=10)


@pytest.mark.parametrize(("n_tallies", "level"), [(0, 0), (2, 0), (4, 0), (3, 3), (3, -1)])
def test_data_that_do_not_fit_the_ladder_are_refused(n_tallies, level):
    with pytest.raises(InputError):
        build_graph(ThreePlusThree(n_levels=3), [Tally()] * n_tallies, level)
