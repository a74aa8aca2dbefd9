"""Titration: one patient a level first, under every interval design, on tidy and untidy tallies."""

import itertools
from typing import Any

import numpy as np
import pytest

from escalation.designs import Action, Decision, Design, LevelStatus, make_design
from escalation.designs.replay import replay
from escalation.errors import DesignError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from tests.designs.untidy import NONE, assert_never_higher, assert_none, every_answer

NAMES = ("boin", "keyboard", "mtpi-2", "mtpi", "tpi", "i3+3", "g3+3")
by_name = pytest.mark.parametrize("name", NAMES)


def made(name: str, **options: Any) -> Design:
    given = {"n_levels": 4, "max_patients": 30, "titration": True} | options
    return make_design(name, **given | ({} if name == "g3+3" else {"target": 0.3}))


def after(design: Design, outcomes: str) -> Decision:
    labels = range(1, design.n_levels + 1)
    cohorts = parse_outcomes(outcomes)
    level = cohorts[-1].label - 1 if cohorts else design.start
    return design.decide(tally_cohorts(cohorts, tuple(labels)), level)


@by_name
@pytest.mark.parametrize(
    ("outcomes", "level", "n_to_enrol", "clause"),
    [
        ("", 1, 1, "start"),
        ("1X", 1, 1, "start"),
        ("1N", 2, 1, "titrate"),
        ("1N 2N", 3, 1, "titrate"),
        ("1N 2X", 2, 1, "titrate"),
        ("1T", 1, 2, "fill"),
        ("1N 2T", 2, 2, "fill"),
        ("1N 2TN", 2, 1, "fill"),
        ("1N 2N 3N 4N", 4, 2, "fill"),  # nobody had a DLT, and there is no level above
        ("1N 2N 3N 4T", 4, 2, "fill"),
        ("1N 2TNN", 2, 3, "stay"),
        ("1N 2TTN", 1, 3, "deescalate"),  # a level that was passed gets a whole cohort
        ("1N 2TTN 1NNN", 2, 3, "escalate"),
        ("1N 2TTT", 1, 3, "eliminated"),
        ("1N 2N 3N 4NNN", 4, 3, "stay-highest"),
        # untidy: two at a level; a whole cohort; begun anew lower; a DLT found late
        ("1NN", 2, 1, "titrate"),
        ("1NNN", 2, 3, "escalate"),
        ("1N 2N 1N", 2, 1, "titrate"),
        ("1N 2T 3N", 2, 2, "fill"),
        ("1T 2T 3N", 1, 2, "fill"),
        ("1T 2N 3TNN", 1, 2, "fill"),
    ],
)
def test_the_course_of_a_titration(name, outcomes, level, n_to_enrol, clause):
    decision = after(made(name), outcomes)
    assert (decision.level, decision.n_to_enrol, decision.clause.id) == (
        level - 1,
        n_to_enrol,
        clause,
    )


@by_name
def test_every_untidy_tally_has_a_sound_answer(name):
    design = made(name, n_levels=3)
    answers = every_answer(design, [0, 1, 2, 3])
    plain = every_answer(made(name, n_levels=3, titration=False), [0, 1, 2, 3])
    treats = answers.level != NONE
    titrates = (answers.x.sum(axis=1) == 0) & (answers.n[:, -1] == 0) & (answers.n < 3).all(axis=1)
    assert_none(answers, titrates & (answers.n_to_enrol != 1), "more than one in the titration")
    assert_none(answers, answers.level > answers.current + 1, "skips a level upwards")
    assert_none(answers, treats != (plain.level != NONE), "stops, or does not, for another reason")
    assert_none(answers, ~titrates & (answers.level > plain.level), "higher than without titration")
    assert_none(answers, treats & (answers.n_to_enrol < 1), "treats nobody")
    filled = (answers.n == 0) | (answers.n >= 3)
    same = (answers.level == plain.level) & (answers.n_to_enrol == plain.n_to_enrol)
    assert_none(answers, filled.all(axis=1) & ~titrates & ~same, "differs on whole cohorts")
    assert_never_higher(answers)


@by_name
def test_the_order_of_cohorts_changes_no_answer(name):
    design, rng = made(name), np.random.default_rng(11)
    for _ in range(100):
        cohorts = [
            f"{rng.integers(1, 5)}{''.join(rng.choice(list('NNNNT?X'), rng.integers(1, 3)))}"
            for _ in range(4)
        ]
        level = int(rng.integers(4))
        answers = {
            design.decide(tally_cohorts(parse_outcomes(" ".join(order)), (1, 2, 3, 4)), level)
            for order in itertools.permutations(cohorts)
        }
        assert len(answers) == 1, cohorts


@by_name
def test_a_pending_patient_is_waited_for(name):
    waits = after(made(name), "1N 2?")
    assert (waits.action, waits.settled) == (Action.WAIT, False)
    assert {(d.level, d.n_to_enrol) for d in waits.possible} == {(2, 1), (1, 2)}


@by_name
def test_a_titrated_history_is_no_departure(name):
    outcomes = parse_outcomes("1N 2N 3T 3TN 2NNN")
    assert replay(made(name), outcomes, (1, 2, 3, 4)).departures == ()
    (first, *_) = replay(made(name), parse_outcomes("1NNN"), (1, 2, 3, 4)).departures
    assert "has 3 patients where the design opens 1" in first.problem


def test_it_begins_at_the_starting_level():
    design = made("boin", start=1)
    assert (after(design, "").level, after(design, "2N").level) == (1, 2)
    assert after(design, "2T").n_to_enrol == 2


def test_one_level_is_its_own_highest():
    design = made("boin", n_levels=1)
    assert after(design, "").n_to_enrol == 1
    assert after(design, "1N").n_to_enrol == 2


def test_the_last_cohort_takes_the_places_that_are_left():
    design = made("boin", max_patients=6)
    assert after(design, "1N 2T 2NN").n_to_enrol == 2
    assert after(design, "1N 2T 2NN 2NN").action is Action.STOP


def test_a_level_whose_last_cohort_the_cap_cut_short_is_no_mtd_against_select_mtd():
    """BOIN's select.mtd(.2, c(3,5,4), c(2,2,1)) is 99; 2 of 4 would not eliminate level 1."""
    size = {"n_levels": 3, "cohort_size": 4, "max_patients": 12, "titration": True}
    design = make_design("boin", target=0.2, **size)
    assert design.status(Tally(n_evaluable=3, n_dlts=2)) is LevelStatus.ABOVE_TARGET
    end = after(design, "1N 2N 3N 3TNN 2TTNN 1TT")
    assert (end.action, end.mtd, end.clause.id) == (Action.STOP, None, "lowest-eliminated")
    safe = make_design("boin", target=0.3, extrasafe=True, cutoff_eli=0.93, **size)
    end = after(safe, "1N 2N 3N 3TNN 2TTNN 1TT")
    assert (end.mtd, end.clause.id) == (None, "lowest-unsafe")


@by_name
def test_the_cohort_is_completed_where_one_dlt_already_deescalates_as_in_get_oc(name):
    """BOIN at a target of 0.1 de-escalates with 1/3; get.oc completes the cohort all the same."""
    low = {} if name == "g3+3" else {"target": 0.1, "extrasafe": True}
    design = make_design(name, n_levels=3, max_patients=30, titration=True, **low)
    for outcomes, level in (("1T", 0), ("1N 2T", 1)):
        decision = after(design, outcomes)
        assert (decision.level, decision.n_to_enrol, decision.clause.id) == (level, 2, "fill")
    assert_never_higher(every_answer(design, [0, 1, 2, 3]))


@by_name
def test_titration_with_cohorts_of_one_is_refused(name):
    with pytest.raises(DesignError, match="titration needs a cohort_size of 2 or more, not 1"):
        made(name, cohort_size=1)
    with pytest.raises(DesignError, match="titration must be true or false, not 1"):
        made(name, titration=1)
