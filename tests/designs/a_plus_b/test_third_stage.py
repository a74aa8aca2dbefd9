"""A third stage of an A+B design (3+3+3), against a story told look by look, in fractions."""

from __future__ import annotations

import itertools
from collections import defaultdict
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from escalation.designs import (
    AcceleratedTitration,
    Action,
    APlusB,
    RollingSix,
    ThreePlusThree,
    change_design,
    describe_design,
    design_options,
    make_design,
)
from escalation.designs.replay import replay
from escalation.errors import DesignError
from escalation.outcomes import Cohort, Outcome, Tally, parse_outcomes, tally_cohorts
from escalation.reports.rule.decision_table import decision_table
from simulations.engines.exact import exact_characteristics
from simulations.engines.montecarlo import simulate
from simulations.graph.build import build_graph
from tests.designs.untidy import NONE, assert_never_higher, assert_none, assert_sound, every_answer

# A, B, C, D, E, third, F: with F = E+1, above it, at A+B, and stages of three sizes
CONSTANTS = [
    (3, 3, 1, 1, 1, 3, 2),
    (2, 4, 1, 1, 1, 3, 3),
    (1, 1, 1, 1, 1, 2, 2),
    (2, 1, 1, 1, 1, 4, 3),
]


def made(constants, **options):
    names = ("a", "b", "c", "d", "e", "third", "f")
    return APlusB(**dict(zip(names, constants, strict=True)), **options)


def judge(look, constants):
    """Judge a level by the DLTs of each of its looks, in the order in which they came."""
    _, _, c, d, e, _, f = constants
    if len(look) == 1:
        return "cleared" if look[0] < c else "more" if look[0] <= d else "failed"
    if len(look) == 2:
        return "passed" if sum(look) <= e else "more" if sum(look) <= f else "failed"
    return "passed" if sum(look) <= f else "failed"


def courses(constants, n_levels, start, below, top):
    """Yield every course of a trial, as cohorts of (level, size, DLTs), with its MTD or None.

    A story with a direction: up until a level fails, down from then on.
    """
    sizes = (constants[0], constants[1], constants[5])

    def tell(course, looks, level, going_down):
        look = looks.get(level, ())
        size = sizes[len(look)]
        for n_dlts in range(size + 1):
            after = {**looks, level: (*look, n_dlts)}
            yield from follow((*course, (level, size, n_dlts)), after, level, going_down)

    def follow(course, looks, level, going_down):
        mark = judge(looks[level], constants)
        if mark == "more":
            yield from tell(course, looks, level, going_down)
        elif mark == "failed":
            one_below = judge(looks[level - 1], constants) if level - 1 in looks else "new"
            if level == 0:
                yield course, None
            elif one_below == "new" or (one_below == "cleared" and below == "expand"):
                yield from tell(course, looks, level - 1, True)
            else:
                yield course, level - 1
        elif going_down or level == n_levels - 1:
            rule = below if going_down else top
            if mark == "cleared" and rule == "expand":
                yield from tell(course, looks, level, going_down)
            else:
                yield course, level
        else:
            yield from tell(course, looks, level + 1, False)

    yield from tell((), {}, start, False)


@pytest.mark.parametrize("constants", CONSTANTS, ids=str)
@pytest.mark.parametrize("below", ["expand", "declare"])
@pytest.mark.parametrize("top", ["expand", "declare"])
def test_every_course_against_the_story(constants, below, top):
    for n_levels, start in ((1, 0), (2, 0), (2, 1)):
        design = made(constants, n_levels=n_levels, start=start, below=below, top=top)
        for course, mtd in courses(constants, n_levels, start, below, top):
            tallies, here = [Tally()] * n_levels, start
            for level, size, n_dlts in course:
                decision = design.decide(tallies, here)
                assert (decision.level, decision.n_to_enrol) == (level, size), course
                tallies[level] = tallies[level].plus(Tally(n_evaluable=size, n_dlts=n_dlts))
                here = level
            end = design.decide(tallies, here)
            assert (end.action, end.mtd, end.inconclusive) == (Action.STOP, mtd, False), course


P = (Fraction(1, 8), Fraction(3, 10))


def enumerated(constants, below, top):
    """Return P(MTD) by level, None among them, and E[N], E[DLTs] by level, in fractions."""
    select, patients, dlts = defaultdict(Fraction), defaultdict(Fraction), defaultdict(Fraction)
    for course, mtd in courses(constants, len(P), 0, below, top):
        chance = Fraction(1)
        for level, n, x in course:
            chance *= comb(n, x) * P[level] ** x * (1 - P[level]) ** (n - x)
        select[mtd] += chance
        for level, n, x in course:
            patients[level] += n * chance
            dlts[level] += x * chance
    assert sum(select.values()) == 1
    return select, patients, dlts


@pytest.mark.parametrize("constants", CONSTANTS, ids=str)
@pytest.mark.parametrize("below", ["expand", "declare"])
def test_exact_characteristics_against_every_course_in_fractions(constants, below):
    select, patients, dlts = enumerated(constants, below, "expand")
    design = made(constants, n_levels=2, below=below)
    found = exact_characteristics(build_graph(design), [float(p) for p in P])
    assert found.p_no_mtd == pytest.approx(float(select[None]), abs=1e-12)
    for level in range(2):
        assert found.p_select[level] == pytest.approx(float(select[level]), abs=1e-12)
        assert found.patients[level] == pytest.approx(float(patients[level]), abs=1e-11)
        assert found.dlts[level] == pytest.approx(float(dlts[level]), abs=1e-11)


def test_monte_carlo_against_every_course_in_fractions():
    select, _, _ = enumerated(CONSTANTS[0], "expand", "expand")
    n = 20_000
    design = ThreePlusThree(n_levels=2, third=3)
    found = simulate(build_graph(design), [float(p) for p in P], trials=n, seed=1).characteristics
    for level in range(2):
        p = float(select[level])
        assert abs(found.p_select[level] - p) < 4 * (p * (1 - p) / n) ** 0.5


def passing(p, third):
    """P(a 3+3 passes a level with P(DLT) = p on the way up), by the textbook's sum."""

    def b(n, x):
        return comb(n, x) * p**x * (1 - p) ** (n - x)

    return b(3, 0) + b(3, 1) * (b(3, 0) + third * b(3, 1) * b(3, 0))


@pytest.mark.parametrize("p", [Fraction(1, 20), Fraction(1, 5), Fraction(1, 3), Fraction(1, 2)])
@pytest.mark.parametrize("third", [None, 3])
def test_p_pass_of_a_3_plus_3_plus_3_against_the_binomial_sum(p, third):
    """Case 25: 2/6 gets three more, of which none may have a DLT."""
    design = ThreePlusThree(n_levels=1, variant="declare", third=third)
    found = exact_characteristics(build_graph(design), [float(p)])
    assert found.p_select[0] == pytest.approx(float(passing(p, third is not None)), abs=1e-12)


@pytest.mark.parametrize(
    ("outcomes", "expected", "clause"),
    [
        ("1NNN 2NNT 2NNT", ("stay", 1, 3, None), "expand-third"),
        ("1NNN 2NNT 2NNT 2NNN", ("escalate", 2, 3, None), "escalate-expanded"),
        ("1NNN 2NNT 2NNT 2NNT", ("deescalate", 0, 3, None), "confirm-below"),
        ("1NNN 2NNT 2NTT", ("deescalate", 0, 3, None), "confirm-below"),
        ("1NNN 2TTN 1NNT 1NNN", ("stop", None, 0, 0), "mtd-below"),
        ("1NNN 2TTN 1NTT", ("stay", 0, 3, None), "expand-third"),
        ("1NNN 2TTN 1NTT 1NNN", ("stop", None, 0, 0), "mtd-below"),
        ("1NNN 2TTN 1NTT 1NNT", ("stop", None, 0, None), "lowest-too-toxic"),
        # untidy: four, five, seven, eight patients; more than nine
        ("1NNTT", ("stay", 0, 2, None), "expand"),
        ("1NNTTN", ("stay", 0, 1, None), "expand"),
        ("1NNTTNNN", ("stay", 0, 2, None), "expand-third"),
        ("1NNTTNNNN", ("stay", 0, 1, None), "expand-third"),
        ("1NNNNNNTN", ("escalate", 1, 3, None), "escalate-expanded"),
        ("1NNTTT", ("stop", None, 0, None), "lowest-too-toxic"),
        ("1NNNNNNNTTT", ("escalate", 1, 3, None), "escalate-expanded"),  # 3/10 is below 3/9
        ("1NNNNNNNNTTTT", ("stop", None, 0, None), "lowest-too-toxic"),  # 4/12 is 3/9
    ],
)
def test_3_plus_3_plus_3_by_hand(outcomes, expected, clause):
    design = ThreePlusThree(n_levels=3, third=3)
    cohorts = parse_outcomes(outcomes)
    decision = design.decide(tally_cohorts(cohorts, (1, 2, 3)), cohorts[-1].label - 1)
    found = (decision.action, decision.level, decision.n_to_enrol, decision.mtd)
    assert found == expected
    assert decision.clause.id == clause


@pytest.mark.slow
@pytest.mark.parametrize("constants", CONSTANTS, ids=str)
@pytest.mark.parametrize("beyond", ["rate", "count"])
def test_every_untidy_tally_gets_a_sound_decision(constants, beyond):
    a, b, c, d, e, third, f = constants
    last = a + b + third

    def is_failed(n, x):
        by_rate = x * last >= (f + 1) * n
        over = (n > last) & (beyond == "rate")
        return np.where(over, by_rate, np.where(n <= a, x > d, x > f))

    def is_open(n, x):
        passed = (n >= last) | ((n >= a + b) & (x <= e)) | ((n >= a) & (x < c))
        return (n > 0) & ~is_failed(n, x) & ~passed

    for below, top in itertools.product(("expand", "declare"), repeat=2):
        design = made(constants, n_levels=2, below=below, top=top, beyond=beyond)
        answers = every_answer(design, list(range(last + 3)))
        assert_sound(answers, is_failed, is_open)
        assert_never_higher(answers)
        rows = np.flatnonzero(answers.level != NONE)
        at = answers.level[rows]
        after = answers.n[rows, at] + answers.n_to_enrol[rows]
        wrong = np.zeros(len(answers.mtd), dtype=bool)
        wrong[rows] = ~np.isin(after, (a, a + b, last))
        assert_none(answers, wrong, "fills a level to no look")


def test_order_leaves_no_trace_and_every_look_is_a_stage():
    design = ThreePlusThree(n_levels=2, third=3)
    assert design.stages == (3, 6, 9)
    for marks in set(itertools.permutations("NNNNNNTT")):
        cohort = Cohort(label=1, outcomes=tuple(map(Outcome, marks)))
        decision = design.decide([cohort.tally, Tally()], 0)
        assert (decision.action, decision.level, decision.n_to_enrol) == ("stay", 0, 1)
    nine = [row for row in decision_table(design) if row.n_evaluable == 9 and row.n_dlts == 2]
    assert {row.answer for row in nine if row.above == "not given"} == {"escalate, treat 3"}


def test_a_pending_third_stage_waits_or_is_settled():
    design = ThreePlusThree(n_levels=2, third=3)
    six_and_three = [Tally(n_evaluable=6, n_dlts=2, n_pending=3), Tally()]
    decision = design.decide(six_and_three, 0)
    assert decision.action is Action.WAIT
    assert {way.action for way in decision.possible} == {Action.ESCALATE, Action.STOP}
    settled = design.decide([Tally(n_evaluable=7, n_dlts=3, n_pending=2), Tally()], 0)
    assert (settled.action, settled.clause.id) == (Action.STOP, "lowest-too-toxic")


def test_accelerated_titration_goes_on_as_a_3_plus_3_plus_3():
    design = AcceleratedTitration(n_levels=3, third=3)
    cohorts = parse_outcomes("1N 2T 2NN 2TNN 2NNN 3NNN 3NNN")
    assert not replay(design, cohorts, (1, 2, 3)).departures
    assert design.decide(tally_cohorts(cohorts, (1, 2, 3)), 2).mtd == 2


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("3+3", {"third": 0}, "third must be a whole number from 1, not 0"),
        ("3+3", {"third": "3"}, "third must be a whole number, not '3'"),
        ("3+3", {"third": True}, "third must be a whole number, not True"),
        ("3+3", {"third": 15}, "A + B + third must be at most 20, not 21"),
        ("3+3", {"third": 3, "two_of_six": "mtd"}, "third treats more after 2 DLTs among 6"),
        ("3+3", {"third": 3, "f": 3}, "has no option 'f'"),
        ("rolling-six", {"third": 3}, "has no option 'third'"),
        ("a+b", {"f": 2}, "f is the limit of a third stage"),
        ("a+b", {"third": 3, "f": 1}, "needs E < F < A + B + third"),
        ("a+b", {"third": 3, "f": 9}, "needs E < F < A + B + third"),
        ("a+b", {"third": 3, "borderline": "mtd"}, "give one or the other"),
    ],
)
def test_a_third_stage_that_contradicts_the_others_is_refused_in_one_line(name, options, said):
    constants = dict(zip("abcde", (3, 3, 1, 1, 1), strict=True)) if name == "a+b" else {}
    with pytest.raises(DesignError) as caught:
        make_design(name, n_levels=3, **constants, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_third_stage_is_said_with_its_limit_and_only_where_there_is_one():
    assert "third" not in describe_design(ThreePlusThree(n_levels=3))
    said = describe_design(ThreePlusThree(n_levels=3, third=3))
    assert "two_of_six 3 more" in said
    assert said.endswith("third 3")
    general = made((3, 3, 1, 1, 1, 3, 2), n_levels=3)
    left_open = make_design("a+b", n_levels=3, a=3, b=3, c=1, d=1, e=1, third=3)
    assert "borderline 3 more" in describe_design(left_open)
    assert describe_design(left_open).endswith("f 2")
    rows = [every_answer(one, [0, 3, 6, 7, 9, 10]).level for one in (general, left_open)]
    assert (rows[0] == rows[1]).all()
    assert change_design(ThreePlusThree(n_levels=3, third=3), beyond="count").third == 3
    assert "third" not in design_options(RollingSix)
