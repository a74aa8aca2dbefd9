"""The automaton of levels against the graph of states, and against theory beyond it."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from escalation.designs import APlusB, RollingSix, ThreePlusThree, make_design
from escalation.errors import InputError
from escalation.outcomes import Tally
from simulations.engines.characteristics import figure_rows
from simulations.engines.exact import exact_batch, exact_characteristics
from simulations.engines.exact_engine import GraphEngine
from simulations.engines.ladder import LadderAutomaton, ladder_automaton
from simulations.graph.build import build_graph

RNG = np.random.default_rng(20_261_128)


def differences(design, p_dlt, tallies=None, level=None):
    """Return the largest difference of any figure; supports of distributions must be the same."""
    here = LadderAutomaton(design, tallies, level).characteristics(p_dlt)
    graph = exact_characteristics(build_graph(design, tallies, level), p_dlt)
    assert here.continued == graph.continued
    found = [abs(here.p_no_mtd - graph.p_no_mtd), np.abs(here.p_select - graph.p_select).max()]
    pairs = [(here.sample_size, graph.sample_size), (here.total_dlts, graph.total_dlts)]
    pairs += zip(here.patients_by_level, graph.patients_by_level, strict=True)
    pairs += zip(here.dlts_by_level, graph.dlts_by_level, strict=True)
    for one, other in pairs:
        assert one.values.tolist() == other.values.tolist()
        found.append(np.abs(one.p - other.p).max())
    found += [np.abs(here.patients - graph.patients).max(), np.abs(here.dlts - graph.dlts).max()]
    return max(found)


OPTIONS = [
    {"below": below, "top": top, "untested_below": untested, "two_of_six": two, "third": third}
    for below, top, untested, two, third in itertools.product(
        ("expand", "declare"), ("expand", "declare"), ("treat", "stop"), ("fail", "mtd"), (None, 3)
    )
    if not (third and two == "mtd")
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda said: "-".join(map(str, said.values())))
def test_every_figure_of_every_option_is_that_of_the_graph(options):
    for n_levels in (1, 2, 4):
        for start in range(n_levels):
            design = ThreePlusThree(n_levels=n_levels, start=start, **options)
            assert differences(design, RNG.random(n_levels)) < 1e-12


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_outcomes_are_those_of_the_graph(p):
    design = ThreePlusThree(n_levels=4, start=2)
    assert differences(design, np.full(4, p)) == 0


@pytest.mark.parametrize(
    "design",
    [
        RollingSix(n_levels=4, start=1),
        APlusB(n_levels=4, a=2, b=4, c=1, d=1, e=2),
        APlusB(n_levels=3, start=1, a=4, b=2, c=1, d=2, e=2, third=4, f=4),
        APlusB(n_levels=3, a=1, b=5, c=1, d=1, e=1, borderline="mtd"),
        APlusB(n_levels=4, a=3, b=3, c=2, d=2, e=2, below="declare"),
        APlusB(n_levels=3, start=1, a=3, b=2, c=3, d=3, e=4, borderline="mtd"),  # none too toxic
        ThreePlusThree(n_levels=4, cohort_size="3-6"),
    ],
    ids=repr,
)
def test_so_are_those_of_the_rest_of_the_family(design):
    assert differences(design, RNG.random(design.n_levels)) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("n_levels", [6, 8])
def test_every_option_up_to_eight_levels(n_levels):
    """With a third stage the graph of eight levels has more states than it may."""
    for options in OPTIONS:
        if n_levels == 6 or options["third"] is None:
            design = ThreePlusThree(n_levels=n_levels, start=n_levels // 2, **options)
            assert differences(design, np.sort(RNG.random(n_levels))) < 1e-12


def test_many_scenarios_are_each_as_one():
    design = ThreePlusThree(n_levels=5, start=1)
    curves = np.vstack([np.sort(RNG.random((50, 5)), axis=1), np.zeros(5), np.ones(5)])
    here, graph = LadderAutomaton(design).batch(curves), exact_batch(build_graph(design), curves)
    for name in ("p_select", "p_no_mtd", "p_inconclusive", "patients", "dlts"):
        assert getattr(here, name) == pytest.approx(getattr(graph, name), abs=1e-12)


def by_fractions(p_dlt):
    """Return P(each level is the MTD) and the mean number of patients of a 3+3, in fractions.

    Written from the published rule (Korn et al. 1994), level by level, with six at the MTD.
    """
    n_levels = len(p_dlt)
    binom = [[Fraction(comb(3, k)) * p**k * (1 - p) ** (3 - k) for k in range(4)] for p in p_dlt]
    select = [Fraction(0)] * n_levels
    patients = Fraction(0)

    def come_down(level, passed, chance, n_so_far):
        nonlocal patients
        if level < 0:
            patients += chance * n_so_far
            return
        if passed[level] == 6:
            select[level] += chance
            patients += chance * n_so_far
            return
        good = binom[level][0] + binom[level][1]  # of three more, after none of three
        select[level] += chance * good
        patients += chance * good * (n_so_far + 3)
        come_down(level - 1, passed, chance * (1 - good), n_so_far + 3)

    def go_up(level, passed, chance, n_so_far):
        nonlocal patients
        b = binom[level]
        last = level == n_levels - 1
        for passes, n, share in (
            (True, 3, b[0]), (True, 6, b[1] * b[0]), (False, 6, b[1] * (1 - b[0])),
            (False, 3, b[2] + b[3]),
        ):  # fmt: skip
            now, size = chance * share, n_so_far + n
            if not passes:
                come_down(level - 1, passed, now, size)
            elif not last:
                go_up(level + 1, [*passed, n], now, size)
            elif n == 6:
                select[level] += now
                patients += now * size
            else:
                good = b[0] + b[1]
                select[level] += now * good
                patients += now * good * (size + 3)
                come_down(level - 1, passed, now * (1 - good), size + 3)

    go_up(0, [], Fraction(1), 0)
    return select, patients


def test_eleven_levels_are_those_of_the_rule_in_fractions():
    p_dlt = [Fraction(k, 40) for k in range(1, 12)]
    select, patients = by_fractions(p_dlt)
    found = LadderAutomaton(ThreePlusThree(n_levels=11)).characteristics([float(p) for p in p_dlt])
    assert found.p_select == pytest.approx([float(share) for share in select], abs=1e-12)
    assert found.sample_size.mean == pytest.approx(float(patients), abs=1e-10)


def test_a_hundred_levels_add_up():
    p_dlt = np.linspace(0.001, 0.4, 100)
    found = LadderAutomaton(ThreePlusThree(n_levels=100, start=50)).characteristics(p_dlt)
    assert found.p_select.sum() + found.p_no_mtd == pytest.approx(1, abs=1e-12)
    for distribution in (found.sample_size, found.total_dlts, *found.patients_by_level):
        assert distribution.p.sum() == pytest.approx(1, abs=1e-12)
    assert found.sample_size.mean == pytest.approx(found.patients.sum(), abs=1e-9)
    assert found.dlts == pytest.approx(found.patients * p_dlt, abs=1e-9)  # Wald


FAMILY = [
    *(ThreePlusThree(n_levels=3, start=1, **options) for options in OPTIONS),
    RollingSix(n_levels=3, start=1),
    APlusB(n_levels=3, start=1, a=4, b=2, c=1, d=2, e=2, third=4, f=4),
    APlusB(n_levels=3, a=1, b=5, c=1, d=1, e=1, borderline="mtd"),
    APlusB(n_levels=3, start=1, a=3, b=2, c=3, d=3, e=4, borderline="mtd"),  # none too toxic
    APlusB(n_levels=2, a=10, b=10, c=2, d=4, e=5),
    ThreePlusThree(n_levels=3, cohort_size="3-6"),
]


def slope_differences(design, curves, tallies=None, level=None):
    """Return the largest difference of any figure, or its gradient, from those of the graph.

    Gradients relative to the largest: of the 20 patients at a level, say.
    """
    rows = np.vstack([np.atleast_2d(row) for row in figure_rows(design.n_levels).values()])
    here = LadderAutomaton(design, tallies, level).expecting(rows)
    there = GraphEngine(build_graph(design, tallies, level)).expecting(rows)
    values, slopes = here.slopes(curves)
    assert np.abs(here.values(curves) - values).max() < 1e-12
    alone = LadderAutomaton(design, tallies, level).expecting(rows[:1])  # in floats, not arrays
    assert alone.slopes(curves[:1])[1][0, 0] == pytest.approx(slopes[0, 0], rel=0, abs=1e-13)
    expected = there.slopes(curves)
    largest = max(1, np.abs(expected[1]).max())
    return max(np.abs(values - expected[0]).max(), np.abs(slopes - expected[1]).max() / largest)


@pytest.mark.parametrize("design", FAMILY, ids=repr)
def test_gradients_are_those_of_the_graph(design):
    """At P(DLT) of 0 and 1 too: there the derivatives are one-sided."""
    curves = RNG.random((4, design.n_levels))
    curves[1] = np.resize([0.0, 1.0], design.n_levels)
    curves[2] = np.resize([1.0, 0.3, 0.0], design.n_levels)
    assert slope_differences(design, curves) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("n_levels", [5, 8])
def test_gradients_of_every_option_up_to_eight_levels(n_levels):
    """The graph divides by p and 1 - p, and loses digits itself where they are small."""
    for options in OPTIONS:
        if n_levels == 5 or options["third"] is None:
            design = ThreePlusThree(n_levels=n_levels, start=n_levels // 2, **options)
            curves = np.sort(RNG.uniform(0.05, 0.95, (1, n_levels)))
            assert slope_differences(design, curves) < 1e-12


def words_of_a_3_plus_3(p_dlt):
    """Return P(each level is the MTD) of a 3+3, six at the MTD, in fractions.

    From the published rule, by what a trial can be: passed up to a level, which is the MTD, the
    levels above it cleared by three and then failed, or failed at once.
    """
    binom = [[Fraction(comb(3, k)) * p**k * (1 - p) ** (3 - k) for k in range(4)] for p in p_dlt]
    cleared, confirmed = [b[0] for b in binom], [b[1] * b[0] for b in binom]
    six_good = [b[0] * (b[0] + b[1]) for b in binom]
    failing = [Fraction(0)]  # at or above each level, from the top down
    for three, six, good in reversed(list(zip(cleared, confirmed, six_good, strict=True))):
        failing.insert(0, 1 - three - six + (three - good) * (failing[0] if failing[1:] else 1))
    failing[-1] = Fraction(1)  # nothing is above the highest level
    reached, select = Fraction(1), []
    for level, (three, six, good) in enumerate(zip(cleared, confirmed, six_good, strict=True)):
        select.append(reached * (good + six) * failing[level + 1])
        reached *= three + six
    return select


def test_words_are_the_rule_followed_path_by_path():
    p_dlt = [Fraction(k, 7) for k in range(6)]
    assert words_of_a_3_plus_3(p_dlt) == by_fractions(p_dlt)[0]


def test_twenty_levels_and_their_gradients_are_those_of_words_in_fractions():
    """Differences of fractions are exact: a step of 10^-12 leaves an error of 10^-24."""
    p_dlt, step = [Fraction(k, 60) for k in range(1, 21)], Fraction(1, 10**12)
    select = words_of_a_3_plus_3(p_dlt)
    rows = figure_rows(20)["p_select"]
    asked = LadderAutomaton(ThreePlusThree(n_levels=20)).expecting(rows)
    values, slopes = asked.slopes(np.array([p_dlt], dtype=float))
    assert values[0] == pytest.approx([float(share) for share in select], rel=0, abs=1e-12)
    for level in (0, 7, 19):
        up, down = list(p_dlt), list(p_dlt)
        up[level] += step
        down[level] -= step
        ends = zip(words_of_a_3_plus_3(up), words_of_a_3_plus_3(down), strict=True)
        expected = [float((there - here) / (2 * step)) for there, here in ends]
        assert slopes[0, :, level] == pytest.approx(expected, rel=0, abs=1e-12)


def reachable(design):
    """Return what can have been seen, and where the last cohort was, while the trial goes on."""
    graph = build_graph(design)
    going = np.flatnonzero(graph.n_to_enrol).tolist()
    found = {(child, graph.level[s]) for s in going for child in graph.children[s].tolist()}
    for state, level in sorted(found):
        if not graph.n_to_enrol[state]:
            continue
        seen = zip(graph.n_evaluable[state].tolist(), graph.n_dlts[state].tolist(), strict=True)
        yield [Tally(n_evaluable=n, n_dlts=x) for n, x in seen], int(level)


@pytest.mark.parametrize("design", FAMILY[:-2:7], ids=repr)
def test_every_trial_of_a_design_goes_on_as_in_the_graph(design):
    """From all that can have been seen: figures and gradients."""
    states = list(reachable(design))
    for tallies, level in [states[k] for k in RNG.permutation(len(states))[:12]]:
        assert ladder_automaton(design, tallies, level) is not None
        assert slope_differences(design, RNG.random((2, 3)), tallies, level) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("design", FAMILY, ids=repr)
def test_so_does_every_trial_of_the_family(design):
    for tallies, level in list(reachable(design))[::3]:
        assert ladder_automaton(design, tallies, level) is not None
        curves = RNG.random((2, design.n_levels))
        assert slope_differences(design, curves, tallies, level) < 1e-12
        assert differences(design, curves[0], tallies, level) < 1e-12


def anything(n_levels, rng):
    """Return what may have been seen after departures: any tallies at neighbouring levels."""
    low, high = np.sort(rng.integers(0, n_levels, 2)).tolist()
    tallies = [Tally()] * n_levels
    for level in range(low, high + 1):
        n = int(rng.integers(1, 8))
        n_dlts = int(rng.binomial(n, 0.4 if level == high else 0.1))
        tallies[level] = Tally(n_evaluable=n, n_dlts=n_dlts)
    return tallies, int(rng.integers(low, high + 1))


def test_after_departures_it_is_as_in_the_graph_or_left_to_it():
    rng, n_followed = np.random.default_rng(7), 0
    designs = [design for design in FAMILY if design.n_levels == 3]
    for _ in range(150):
        design = designs[rng.integers(len(designs))]
        tallies, level = anything(3, rng)
        if ladder_automaton(design, tallies, level) is not None:
            n_followed += 1
            assert differences(design, rng.random(3), tallies, level) < 1e-12
    assert n_followed > 50


def test_what_does_not_stand_as_a_word_is_left_to_the_graph():
    design = ThreePlusThree(n_levels=4)
    three, toxic = Tally(n_evaluable=3), Tally(n_evaluable=3, n_dlts=2)
    open_, nobody = Tally(n_evaluable=1), Tally()
    pending = Tally(n_evaluable=2, n_pending=1)
    for tallies, level in (
        ([three, pending, nobody, nobody], 1),
        ([three, nobody, three, nobody], 2),  # a level was left out
        ([open_, three, nobody, nobody], 1),  # one below is not judged yet
        ([three, toxic, three, nobody], 2),
        ([three, three, nobody, nobody], 0),
    ):
        assert ladder_automaton(design, tallies, level) is None
        with pytest.raises(InputError, match="outcomes so far"):
            LadderAutomaton(design, tallies, level)
    assert ladder_automaton(design, [three, three, nobody, nobody], 1) is not None


def test_only_designs_that_judge_levels_by_stages_have_one():
    """Titration goes past levels that it has not judged; BOIN has boundaries at every number."""
    options = {"boin": {"target": 0.3, "max_patients": 18}}
    for name, has_one in (("rolling-six", True), ("accelerated", False), ("boin", False)):
        design = make_design(name, n_levels=3, start=0, **options.get(name, {}))
        assert (ladder_automaton(design) is not None) == has_one


def test_a_limit_on_all_patients_is_for_the_graph():
    design = ThreePlusThree(n_levels=3, max_patients=12)
    assert ladder_automaton(design) is None
    with pytest.raises(InputError, match="does not judge its levels by stages"):
        LadderAutomaton(design)
