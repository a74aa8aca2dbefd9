"""The rolling six against its published decision table, and against the 3+3."""

import itertools

import numpy as np
import pytest

from escalation.designs import VARIANTS, Action, Decision, RollingSix, ThreePlusThree, make_design
from escalation.designs.replay import replay
from escalation.errors import DesignError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from simulations.graph.build import build_graph

NOBODY, CLEARED = Tally(), Tally(n_evaluable=3)
SAME, HOLD, UP, DOWN = "same level", "hold", "escalate", "de-escalate"

# JAMA Netw Open 2020;3(5):e204787, table 2, the column of the rolling six: patients at the level,
# evaluable ones, DLTs. Six complete without a DLT are not listed there.
PUBLISHED = [
    (range(6), [0], 0, SAME),
    ([6], [0], 0, HOLD),
    (range(1, 6), [1], 0, SAME),
    ([6], [1], 0, HOLD),
    (range(2, 6), [2], 0, SAME),
    ([6], [2], 0, HOLD),
    ([3], [3], 0, UP),
    ([4, 5], [3], 0, SAME),
    ([6], [3], 0, HOLD),
    ([4], [4], 0, UP),
    ([5], [4], 0, SAME),
    ([6], [4], 0, HOLD),
    ([5], [5], 0, UP),
    ([6], [5], 0, UP),
    (range(1, 6), range(1, 6), 1, SAME),
    ([6], range(1, 6), 1, HOLD),
    ([6], [6], 1, UP),
    (range(2, 7), range(2, 7), 2, DOWN),
    (range(3, 7), range(3, 7), 3, DOWN),
]
ROWS = {
    (total, n, x): said
    for totals, evaluable, x, said in PUBLISHED
    for total, n in itertools.product(totals, evaluable)
    if n <= total
}


def tally(total: int, n: int, x: int) -> Tally:
    return Tally(n_evaluable=n, n_dlts=x, n_pending=total - n)


def words(decision: Decision, level: int) -> str:
    if decision.action is Action.WAIT:
        return HOLD
    assert decision.level is not None
    return {0: SAME, 1: UP, -1: DOWN}[decision.level - level]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_row_against_the_published_table(variant):
    design = RollingSix(n_levels=4, variant=variant)
    for seen, said in ROWS.items():
        if variant in ("declare", "declare-confirm-top") and said == DOWN:
            continue  # the level below is then declared the MTD at once
        decision = design.decide([CLEARED, tally(*seen), NOBODY, NOBODY], 1)
        assert words(decision, 1) == said, (seen, decision)


def test_the_published_table_is_complete():
    """Up to six patients and three DLTs, of every evaluable number."""
    every = {(t, n, x) for t in range(7) for n in range(t + 1) for x in range(min(n, 3) + 1)}
    assert every - set(ROWS) == {(6, 6, 0)}


def test_one_at_a_time_while_outcomes_leave_it_open():
    design = RollingSix(n_levels=3)
    for total, n, x in ROWS:
        if total in (n, 6) or x > 1:
            continue
        decision = design.decide([tally(total, n, x), NOBODY, NOBODY], 0)
        # the first three places are open from the start
        most = 3 - total if total < 3 and decision.clause != RollingSix.while_pending else 1
        assert (decision.level, decision.n_to_enrol, decision.settled) == (0, most, True)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("untested_below", ["treat", "stop"])
def test_complete_states_against_the_3_plus_3(variant, untested_below):
    """Every state that a trial of whole cohorts reaches, and every way it can end."""
    options = {"n_levels": 4, "start": 1, "variant": variant, "untested_below": untested_below}
    rolling = build_graph(RollingSix(**options))
    classical = build_graph(ThreePlusThree(**options))
    assert rolling.decisions == classical.decisions
    for what in ("level", "n_to_enrol", "mtd", "children", "n_evaluable", "n_dlts", "ways"):
        assert np.array_equal(getattr(rolling, what), getattr(classical, what))


def is_toxic(n_dlts, n_patients):
    """Two or more; of more than six, 2/6 or more."""
    return n_dlts >= 2 if n_patients <= 6 else 3 * n_dlts >= n_patients


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_untidy_tally_with_pending_patients_is_answered_soundly(variant):
    """Never at or above a level failed by what is known, never a seventh while outcomes pend."""
    design = RollingSix(n_levels=2, variant=variant)
    one = [
        Tally(n_evaluable=n, n_dlts=x, n_pending=p)
        for n, p in itertools.product(range(7), range(4))
        for x in range(min(n, 3) + 1)
    ]
    for tallies in itertools.product(one, repeat=2):
        ceiling = next((i for i, t in enumerate(tallies) if is_toxic(t.n_dlts, t.n_patients)), 2)
        for level in (0, 1):
            decision = design.decide(tallies, level)
            where = (tallies, level, decision)
            assert decision.settled == (decision.action is not Action.WAIT), where
            assert decision.level is None or decision.level < ceiling, where
            here = tallies[level]
            if decision.clause == RollingSix.while_pending:
                assert decision.level == level, where
                assert here.n_pending, where
                assert here.n_patients < 6, where
                below = tallies[:level]
                assert not any(is_toxic(t.n_dlts + t.n_pending, t.n_patients) for t in below), where
            elif decision.action is Action.WAIT and level == 0:
                assert here.n_patients >= 6 or not here.n_pending, where


def test_a_level_below_that_may_still_fail_is_waited_for():
    design = RollingSix(n_levels=3)
    below = Tally(n_evaluable=5, n_dlts=1, n_pending=1)
    decision = design.decide([below, Tally(n_evaluable=2, n_pending=1), NOBODY], 1)
    assert decision.action is Action.WAIT


def test_a_cap_is_not_exceeded_while_outcomes_are_pending():
    design = RollingSix(n_levels=2, max_patients=9)
    level_1 = Tally(n_evaluable=6, n_dlts=1)
    for n in range(4):
        decision = design.decide([level_1, Tally(n_evaluable=n, n_pending=3 - n)], 1)
        assert decision.n_to_enrol == 0, decision


@pytest.mark.parametrize(
    "outcomes",
    [
        "1NN? 1?",
        "1NNN?",  # the fourth came before all three were known
        "1N 1N 1N 1N 1N 1N 2N",
        "1NNN 1NN? 2NNN",
        "1??????",
        "1TT?? 1N",
        "1NNT 1? 1? 1?",
        "1NNN 2TT? 1N? 1?",
        "1NNN 2NNNNN",
    ],
)
def test_a_history_that_may_have_rolled_is_no_departure(outcomes):
    assert replay(RollingSix(n_levels=3), parse_outcomes(outcomes), (1, 2, 3)).departures == ()


@pytest.mark.parametrize(
    ("outcomes", "problem"),
    [
        ("1NNNNNN?", "has 7 patients where the design opens 6"),
        ("1??????? 1N", "has 7 patients where the design opens 6"),
        ("1N????? 2N", "was opened while the design was waiting"),
        ("1NN? 2N", "is at level 2 where the design says level 1"),
        ("1NNN 2TT 2NNN 1NN 2N", "is at level 2 where the design says level 1"),
        ("1TT 2N", "was opened after the design had stopped the trial"),
    ],
)
def test_what_no_timing_explains_is_a_departure(outcomes, problem):
    (first, *_) = replay(RollingSix(n_levels=3), parse_outcomes(outcomes), (1, 2, 3)).departures
    assert problem in first.problem


def test_the_order_of_cohorts_changes_no_answer():
    design = RollingSix(n_levels=3)
    cohorts = ["1NN?", "2N?", "1N", "2?X"]
    answers = {
        design.decide(tally_cohorts(parse_outcomes(" ".join(order)), (1, 2, 3)), 1)
        for order in itertools.permutations(cohorts)
    }
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"variant": "confirmed"}, "rolling-six: variant 'confirmed' is unknown"),
        ({"variant": "declare", "below": "expand"}, "rolling-six: variant 'declare' means below"),
        ({"two_of_six": "mtd"}, "rolling-six has no option 'two_of_six'"),
        ({"max_patients": 0}, "rolling-six: max_patients must be a whole number from 1, not 0"),
        ({"n_levels": 0}, "rolling-six: n_levels must be"),
    ],
)
def test_bad_options_are_refused_in_one_line(options, said):
    with pytest.raises(DesignError) as error:
        make_design("rolling-six", **{"n_levels": 3} | options)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
