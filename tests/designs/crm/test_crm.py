"""The CRM as a design: what it says on tidy and untidy data, and what makes none."""

import itertools
import json
import pickle
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from escalation.designs import Action, Crm, change_design, describe_design, make_design
from escalation.designs.crm.fit import fit_crm
from escalation.errors import DesignError
from escalation.outcomes import Tally, last_tally, parse_outcomes, tally_cohorts
from tests.designs.reference import only, rows
from tests.designs.untidy import NONE, Answers, assert_none, every_answer, one_more_dlt

Ints = tuple[int, ...]
STD = (0.05, 0.10, 0.20, 0.33, 0.50)


def made(**options: Any) -> Crm:
    return Crm(**({"n_levels": 3, "target": 0.25, "max_patients": 300} | options))


def said(design: Crm, outcomes: str):
    labels = range(1, design.n_levels + 1)
    cohorts = parse_outcomes(outcomes)
    tallies = tally_cohorts(cohorts, labels)
    level = cohorts[-1].label - 1 if cohorts else design.start
    return design.decide(tallies, level, last_tally(cohorts))


def brief(design: Crm, outcomes: str) -> tuple[Any, ...]:
    decision = said(design, outcomes)
    where = decision.mtd if decision.action is Action.STOP else decision.level
    return (
        decision.action.value,
        None if where is None else where + 1,
        decision.n_to_enrol,
        decision.clause.id,
    )


# ---------------------------------------------------------------- against something outside


def test_the_recommended_level_against_dfcrm():
    """Every complete fit, asked with skipping allowed and no stop."""
    differing = []
    n_asked = 0
    within = {"bayes": 1e-6, "mle": 1e-4}
    for row in rows("dfcrm_fits.csv"):
        if row["fn"] != "crm" or row["note"]:
            continue
        skeleton = tuple(map(float, row["prior"].split(";")))
        logistic = {"intercept": float(row["intcpt"])} if row["model"] == "logistic" else {}
        design = made(
            n_levels=len(skeleton),
            target=float(row["target"]),
            cohort_size=1,
            skeleton=skeleton,
            model=row["model"],
            method=row["method"],
            prior_sd=float(row["scale"]),
            skipping=True,
            coherent=False,
            cutoff_stop=1,
            **logistic,
        )
        levels = [int(level) - 1 for level in row["level"].split(";")]
        tallies = [Tally()] * len(skeleton)
        for level, dlt in zip(levels, row["tox"].split(";"), strict=True):
            tallies[level] = tallies[level].plus(Tally(n_evaluable=1, n_dlts=int(dlt)))
        n_asked += 1
        theirs = list(map(float, row["ptox"].split(";")))
        if design.decide(tallies, levels[-1]).level != int(row["mtd"]) - 1 or not np.allclose(
            design.estimates(tallies), theirs, rtol=0, atol=within[row["method"]]
        ):
            differing.append(row["id"])
    assert n_asked == 89
    only(differing)


@cache  # the fit is the same at every current level, and whatever the sizes of cohorts
def distances(curve: Any, target: float, method: str, n: Ints, x: Ints) -> NDArray[np.float64]:
    """Return how far from the target each level is, from a fit made patient by patient."""
    levels = np.repeat(np.arange(len(n)), n)
    dlts = np.concatenate([np.arange(k) < j for k, j in zip(n, x, strict=True)])
    fit = fit_crm(curve, levels.tolist(), dlts.tolist(), method=method)
    return np.round(np.abs(np.array(fit.p_dlt) - target), 9)


def expected(answers: Answers, design: Crm) -> list[tuple[str, int, int, int]]:
    """Answer by the rule's words, from fits made patient by patient."""
    found = []
    for n, x, current in zip(answers.n, answers.x, answers.current, strict=True):
        here, top = int(n[current]), design.n_levels - 1
        mle, first = design.method == "mle", design.first_stage
        first = design.cohort_size if mle and first is None else first
        if mle and (x.sum() == 0 or x.sum() == n.sum()):  # no estimate: all too low or too high
            distance = np.arange(top, -1, -1) if x.sum() == 0 else np.arange(top + 1)
        else:
            seen = (tuple(n.tolist()), tuple(x.tolist()))
            distance = distances(design.curve, design.target, design.method, *seen)
        nearest = int(np.argmin(distance))
        lacking = design.cohort_size - here
        if n.sum() >= design.max_patients:
            mtd = min(np.flatnonzero(n).tolist(), key=distance.__getitem__)
            found.append(("stop", NONE, 0, NONE if mle and x.sum() == n.sum() else mtd))
            continue
        level, size = int(current), design.cohort_size
        if first and x.sum() == 0:
            level += int(here >= first and level < top)
            level = level if n.sum() else int(current)
            if n[level] < first:
                size = min(first, size + int(n[level]))
        elif n.sum() == 0:
            pass
        elif nearest < level:
            level = nearest
        elif nearest > level and lacking <= 0:
            level += 1
        there = int(n[level])
        size = size - there if size > there else design.cohort_size
        word = ("deescalate", "stay", "escalate")[int(np.sign(level - current)) + 1]
        found.append((word, level, min(size, design.max_patients - int(n.sum())), NONE))
    return found


@pytest.mark.parametrize("model", ["empiric", "logistic"])
@pytest.mark.parametrize(("cohort_size", "cap"), [(1, 300), (3, 9)])
@pytest.mark.parametrize(
    "stage", [{}, {"method": "mle"}, {"method": "mle", "first_stage": 4}, {"first_stage": 1}]
)
@pytest.mark.slow
def test_every_untidy_tally_is_answered_by_the_rule_in_words(model, cohort_size, cap, stage):
    design = made(model=model, cohort_size=cohort_size, max_patients=cap, cutoff_stop=1, **stage)
    answers = every_answer(design, [0, 1, 3, 5])
    assert_none(answers, ~answers.settled, "not settled with nobody pending")
    given = zip(
        (str(action) for action in answers.action),
        answers.level.tolist(),
        answers.n_to_enrol.tolist(),
        answers.mtd.tolist(),
        strict=True,
    )
    right = expected(answers, design)
    only([answers.row(i) for i, (a, b) in enumerate(zip(given, right, strict=True)) if a != b])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"model": "logistic"},
        {"skipping": True},
        {"method": "mle"},
        {"method": "mle", "first_stage": 1, "model": "logistic"},
        {"first_stage": 1},
    ],
)
def test_one_more_dlt_never_leads_higher(options):
    answers = every_answer(made(**options), [0, 1, 2, 3, 6])
    named = np.where(answers.level != NONE, answers.level, -2)
    for few, many in one_more_dlt(answers):
        higher = np.zeros(len(named), dtype=bool)
        higher[many] = named[many] > named[few]
        # before the first patient the level is the starting one, whatever the model says
        assert_none(answers, higher & (answers.n.sum(axis=1) > 0), "goes higher with a DLT more")


def test_many_fits_at_once_are_the_fits_one_by_one():
    one = [Tally(n_evaluable=n, n_dlts=x) for n in (0, 1, 3, 20) for x in range(n + 1)]
    states = list(itertools.product(one, repeat=3))
    for options in itertools.product(("empiric", "logistic"), ("bayes", "mle"), (0.95, 1)):
        named = dict(zip(("model", "method", "cutoff_stop"), options, strict=True))
        together, alone = made(**named), made(**named)
        together.prepare(states)
        assert len(together._fits) == len(states)
        for tallies in states[::97]:
            assert together._fit(tallies) == pytest.approx(alone._fit(tallies), rel=0, abs=1e-12)
            assert together.decide(tallies, 1) == alone.decide(tallies, 1)


# ---------------------------------------------------------------- single sentences of the rule

FIVE = made(n_levels=5, halfwidth=0.05, max_patients=30)


@pytest.mark.parametrize(
    ("outcomes", "answer"),
    [
        ("", ("stay", 1, 3, "start")),
        ("1XXX", ("stay", 1, 3, "start")),
        ("1NN", ("stay", 1, 1, "fill")),
        ("1NNX", ("stay", 1, 1, "fill")),
        ("1NNN", ("escalate", 2, 3, "escalate")),
        ("1NNN 2X", ("stay", 2, 3, "not-given")),
        ("1NNN 2NNN", ("escalate", 3, 3, "escalate")),
        ("1NNN 2NNN 3NNN 4NNN 5NNN", ("stay", 5, 3, "stay")),
        ("1NNN 2NNN 3NNN 4NNT", ("stay", 4, 3, "stay-coherent")),
        ("1NNN 2NNN 3NNN 4NTT", ("stay", 4, 3, "stay")),
        ("1NNN 2NNN 3NNN 4TTT", ("deescalate", 3, 3, "deescalate")),
        ("1NNN 2NNN 3NNN 4TTT 3NTT", ("deescalate", 2, 3, "deescalate")),
        ("1NTT", ("stay", 1, 3, "stay")),
        ("1TTT", ("stop", None, 0, "lowest-too-toxic")),
        ("1NNNNNN 2NNT", ("stay", 2, 3, "stay-coherent")),
        ("1NNNNNN 2NTN 2NNN", ("escalate", 3, 3, "escalate")),
    ],
)
def test_what_it_says(outcomes, answer):
    assert brief(FIVE, outcomes) == answer


def test_coherence_looks_at_the_last_cohort_alone_and_counts_in_whole_numbers():
    quarter = made(n_levels=5, halfwidth=0.05, cohort_size=4, max_patients=40)
    assert quarter.remember(Tally(n_evaluable=4, n_dlts=1)) == 1  # 1/4 is not below the target
    assert quarter.remember(Tally(n_evaluable=5, n_dlts=1)) == 0
    assert quarter.remember(Tally()) == 0
    third = made(target=0.3, cohort_size=10, max_patients=30)
    assert third.remember(Tally(n_evaluable=10, n_dlts=3)) == 1
    assert change_design(third, coherent=False).remember(Tally(n_evaluable=10, n_dlts=3)) == 0
    free = change_design(FIVE, coherent=False)
    assert brief(free, "1NNNNNN 2NNT") == ("escalate", 3, 3, "escalate")


def test_pending_patients_are_settled_when_every_outcome_agrees():
    assert said(FIVE, "1NN?").action is Action.WAIT
    assert {d.level for d in said(FIVE, "1NN?").possible} == {0, 1}
    assert brief(FIVE, "1NNN 2NNN 3NNN 4TT?")[0] == "wait"
    assert brief(FIVE, "1NNN 2NNN 3NNN 4NNN 5NNN 5N??") == ("stay", 5, 3, "stay")


def test_skipping_goes_to_the_nearest_level_at_once():
    design = change_design(FIVE, skipping=True)
    assert brief(design, "1NNN") == ("escalate", 5, 3, "escalate")
    assert brief(design, "1NN") == ("stay", 1, 1, "fill")


TWO_STAGES = change_design(FIVE, method="mle", skipping=True)


@pytest.mark.parametrize(
    ("options", "outcomes", "answer"),
    [
        ({}, "", ("stay", 1, 3, "start")),
        ({}, "1NN", ("stay", 1, 1, "first-stage")),
        ({}, "1NNN", ("escalate", 2, 3, "first-stage")),
        ({}, "1NNN 2NNN 3NNN 4NNN 5NNN", ("stay", 5, 3, "first-stage")),
        ({}, "1NNN 2NNN 3NNT", ("stay", 3, 3, "stay-coherent")),
        ({"skipping": False}, "1NNN 2NNN 3NNT 3NNN", ("escalate", 4, 3, "escalate")),
        ({}, "1NTT", ("stay", 1, 3, "stay")),
        # nobody without a DLT: the posterior ends the trial, or else it is at the lowest level
        ({}, "1TTT", ("stop", None, 0, "lowest-too-toxic")),
        ({}, "2TT", ("deescalate", 1, 3, "dlts-only")),
        ({"cutoff_stop": 1}, "1TTT", ("stay", 1, 3, "dlts-only")),
        ({"cutoff_stop": 1, "max_patients": 3}, "1TTT", ("stop", None, 0, "max-patients")),
        ({"max_patients": 3}, "1NNN", ("stop", 1, 0, "max-patients")),
        ({"n_earlystop": 3}, "1NNN 2NNN 3NNN 4NNN 5NNN", ("stop", 5, 0, "enough-here")),
        # one patient a level, then three
        ({"first_stage": 1}, "", ("stay", 1, 1, "start")),
        ({"first_stage": 1}, "2X", ("stay", 2, 1, "first-stage")),
        ({"first_stage": 1}, "1N", ("escalate", 2, 1, "first-stage")),
        ({"first_stage": 1}, "1N 2T", ("deescalate", 1, 2, "deescalate")),
        ({"first_stage": 1}, "1N 2N 3N 4N 5N", ("stay", 5, 2, "first-stage")),
        ({"first_stage": 1}, "1T 2N", ("deescalate", 1, 2, "deescalate")),
        # three a level, then one
        ({"first_stage": 3, "cohort_size": 1}, "1N", ("stay", 1, 1, "first-stage")),
        ({"first_stage": 3, "cohort_size": 1}, "1N 1N 1N", ("escalate", 2, 1, "first-stage")),
        ({"first_stage": 3, "cohort_size": 1}, "1N 1N 1N 2T", ("stay", 2, 1, "stay")),
        ({"first_stage": 5}, "1NNN", ("stay", 1, 2, "first-stage")),
        ({"first_stage": 1, "method": "bayes"}, "1N", ("escalate", 2, 1, "first-stage")),
    ],
    ids=str,
)
def test_what_it_says_in_two_stages(options, outcomes, answer):
    assert brief(change_design(TWO_STAGES, **options), outcomes) == answer


def test_there_is_no_estimate_before_the_first_dlt_nor_where_all_had_one():
    nobody = [Tally()] * 3
    assert TWO_STAGES.estimates([Tally(n_evaluable=3), Tally(), *nobody]) is None
    assert TWO_STAGES.estimates([Tally(n_evaluable=1, n_dlts=1), Tally(), *nobody]) is None
    both = [Tally(n_evaluable=3), Tally(n_evaluable=3, n_dlts=1), *nobody]
    fit = fit_crm(TWO_STAGES.curve, [0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1], method="mle")
    assert TWO_STAGES.estimates(both) == pytest.approx(fit.p_dlt, rel=0, abs=1e-12)


def test_a_likelihood_midway_between_two_levels_gives_the_lower():
    """With 3/15 at a level alone its estimate is 0.20, and by calibration 0.30 at the next."""
    for level, n_dlts in ((2, 3), (2, 6), (3, 3), (3, 6)):
        tallies = [Tally()] * 5
        tallies[level] = Tally(n_evaluable=15 if n_dlts == 3 else 20, n_dlts=n_dlts)
        p_dlt = TWO_STAGES.estimates(tallies)
        lower = level if n_dlts == 3 else level - 1  # 6/20 is 0.30, and 0.20 at the level below
        assert p_dlt[lower : lower + 2] == pytest.approx((0.2, 0.3), rel=0, abs=1e-12)
        assert TWO_STAGES.decide(tallies, level).level == lower


def test_the_mtd_is_the_nearest_of_the_levels_given():
    design = change_design(FIVE, max_patients=6)
    assert (
        max(design.estimates([Tally(n_evaluable=3), Tally(n_evaluable=3), *[Tally()] * 3])) < 0.25
    )
    assert brief(design, "1NNN 2NNN") == ("stop", 2, 0, "max-patients")
    assert brief(design, "1NNN 5NNN") == ("stop", 5, 0, "max-patients")


def test_the_last_cohort_is_what_is_left_and_data_beyond_the_cap_end_the_trial():
    design = change_design(FIVE, max_patients=6)
    assert said(design, "1NNN 2NN").n_to_enrol == 1
    assert said(design, "1NNN 2NNNN").action is Action.STOP


def test_it_stops_when_enough_are_at_the_level():
    design = change_design(FIVE, n_earlystop=6)
    assert brief(design, "1NNN 2NNN 3NNN 4NNT 4NNT") == ("stop", 4, 0, "enough-here")


def test_the_stop_holds_at_the_cutoff_that_is_named():
    tallies = [Tally(n_evaluable=3, n_dlts=2), *[Tally()] * 4]
    p = FIVE._fit(tallies)[1]
    assert 0.5 < p < 0.95
    for cutoff, stops in ((p - 1e-6, True), (p, True), (p + 1e-6, False), (1, False)):
        decision = change_design(FIVE, cutoff_stop=cutoff).decide(tallies, 0)
        assert (decision.action is Action.STOP) == stops
    assert decision.level == 0


def test_two_equally_near_levels_give_the_lower():
    design = made(n_levels=2, target=0.3, skeleton=(0.2, 0.4), skipping=True)
    assert design._nearest(0.0) == 0
    assert design._nearest(1e-6) == 1
    assert made(n_levels=2, target=0.3, skeleton=(0.2, 0.39))._nearest(0.0) == 1
    assert made(n_levels=2, target=0.3, skeleton=(0.2, 0.41))._nearest(0.0) == 0


def test_the_order_of_earlier_cohorts_never_changes_an_answer():
    answers = {
        said(FIVE, " ".join([*order, "2NNT"]))
        for order in itertools.permutations(["1NNN", "2NTT", "1NNT", "3TTN"])
    }
    assert len(answers) == 1


# ---------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("options", "stages"),
    [
        ({"max_patients": 12}, (3, 6, 9, 12)),
        ({"max_patients": 3}, (3,)),
        ({"max_patients": None, "cohort_size": 10}, (10, 20, 30)),
    ],
)
def test_a_level_is_looked_at_after_whole_cohorts_up_to_the_cap(options, stages):
    assert made(**options).stages == stages


def test_the_usual_skeleton_is_calibrated_around_the_middle():
    assert made(n_levels=5).curve.skeleton[2] == 0.25
    assert made(n_levels=4).curve.skeleton[1] == 0.25
    assert made(n_levels=1).curve.skeleton == (0.25,)
    assert made(prior_mtd=3).curve.skeleton[2] == 0.25
    assert "skeleton 0.05662,0.136,0.25,0.3816,0.5121, halfwidth 0.0625, prior_mtd 3" in (
        describe_design(made(n_levels=5))
    )
    assert "skeleton 0.05,0.1,0.2,0.33,0.5, model" in (
        describe_design(made(n_levels=5, skeleton=STD))
    )


def test_options_that_belong_together_give_way_together():
    given = made(n_levels=5, skeleton=STD)
    assert change_design(given, halfwidth=0.05).curve == FIVE.curve
    assert change_design(FIVE, skeleton=STD) == change_design(given, max_patients=30)
    logistic = change_design(FIVE, model="logistic")
    assert logistic.intercept == 3
    assert change_design(logistic, model="empiric") == FIVE
    assert change_design(logistic, target=0.3).intercept == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 0}, "target must be between 0 and 1, not 0"),
        ({"target": float("nan")}, "target must be a number, not nan"),
        ({"target": True}, "target must be a number, not True"),
        ({"cohort_size": 0}, "cohort_size must be from 1 to 20, not 0"),
        ({"cohort_size": 4, "max_patients": 30}, "must be a multiple of cohort_size 4, not 30"),
        ({"max_patients": 30.0}, "max_patients must be a whole number, not 30.0"),
        ({"max_patients": 3000}, "max_patients must be from 1 to 300, not 3000"),
        ({"n_levels": 0}, "n_levels must be from 1 to 100, not 0"),
        ({"start": 3}, "start must be from 0 to 2, not 3"),
        ({"skeleton": (0.1, 0.2)}, "skeleton has length 2 for a ladder of 3 levels; write one"),
        ({"skeleton": (0.1, 0.3, 0.2)}, "skeleton must increase from level to level, not 0.3, 0.2"),
        ({"skeleton": (0.1, 0.3, 1.0)}, "between 0 and 1, not 1.0"),
        ({"skeleton": 0.1}, "skeleton must be a list of numbers, one a level, not 0.1"),
        ({"skeleton": "0.1"}, "skeleton must be a list of numbers, one a level, not '0.1'"),
        ({"skeleton": (0.1, 0.2, 0.3), "halfwidth": 0.05}, "give it or the skeleton, not both"),
        ({"halfwidth": 0.3}, "needs 0 < target - halfwidth"),
        ({"prior_mtd": 4}, "prior_mtd must be from 1 to 3, not 4"),
        ({"model": "probit"}, 'model must be "empiric" or "logistic", not \'probit\''),
        ({"intercept": 3}, "intercept is of the logistic model; leave it out"),
        ({"model": "logistic", "target": 0.96}, "target + halfwidth < 0.9526, not target=0.96"),
        (
            {"model": "logistic", "target": 0.96, "skeleton": (0.1, 0.2, 0.3)},
            "target must be below 0.9526, which P(DLT) cannot exceed with intercept 3; not 0.96",
        ),
        ({"model": "logistic", "intercept": -1000}, "intercept must be from -20 to 20, not -1000"),
        ({"prior_sd": 0}, "prior_sd must be from 0.05 to 10, not 0"),
        ({"cutoff_stop": 0.4}, "cutoff_stop must be from 0.5 to 1, not 0.4"),
        ({"method": "ml"}, 'method must be "bayes" or "mle", not \'ml\''),
        ({"first_stage": 0}, "first_stage must be from 1 to 20, not 0"),
        ({"first_stage": True}, "first_stage must be a whole number, not True"),
        ({"skipping": 1}, "skipping must be true or false, not 1"),
        ({"skeleton": (0.8, 0.85, 0.9), "prior_sd": 0.5}, "before the first patient"),
    ],
)
def test_what_makes_no_design_is_refused_in_one_line(options, message):
    with pytest.raises(DesignError, match=r"^crm: ") as refused:
        made(**options)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_design_is_a_value_and_leaves_its_fits_behind():
    said(FIVE, "1NNN")
    sent = pickle.loads(pickle.dumps(FIVE))  # noqa: S301  # made here
    assert sent == FIVE
    assert hash(sent) == hash(FIVE)
    assert len(sent._fits) == 0
    assert brief(sent, "1NNN") == brief(FIVE, "1NNN")
    assert make_design("crm", n_levels=5, target=0.25, max_patients=30, halfwidth=0.05) == FIVE


def test_a_decision_loads_no_numpy():
    code = (
        "import sys\nfrom escalation.designs import make_design\nfrom escalation.outcomes import "
        "Tally\nd = make_design('crm', n_levels=5, target=0.25, max_patients=30)\n"
        "d.decide([Tally(n_evaluable=3)] + [Tally()] * 4, 0)\nimport json\n"
        "print(json.dumps([m for m in ('numpy', 'scipy') if m in sys.modules]))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(shown.stdout) == []
