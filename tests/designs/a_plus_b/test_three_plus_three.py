"""The 3+3 against an oracle written from the field's prose, and over every untidy tally."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.designs import VARIANTS, Action, APlusB, Decision, ThreePlusThree, make_design
from escalation.designs.base import MAX_LEVELS
from escalation.errors import DesignError, InputError
from escalation.outcomes import Tally, parse_outcomes, tally_cohorts
from tests.designs.untidy import (
    NONE,
    Answers,
    assert_capped,
    assert_never_higher,
    assert_none,
    assert_sound,
    every_answer,
)

UNTESTED = ("treat", "stop")
TWO_OF_SIX = ("fail", "mtd")

History = tuple[tuple[int, int], ...]  # (level, DLTs) of each cohort of three, in order
Verdict = tuple[str, int | None]  # ("treat", level), ("mtd", level), ("none", None) ...


def by_prose(
    history: History,
    n_levels: int,
    start: int = 0,
    *,
    variant: str = "confirm",
    untested_below: str = "treat",
    two_of_six: str = "fail",
    max_patients: int | None = None,
) -> Verdict:
    """Conduct a 3+3 cohort by cohort, in the order in which they came.

    It is the oracle: a story with a direction (up until a level fails, down from then on) where
    the design is a function of tallies.
    """
    below, top = {
        "declare": ("declare", "declare"),
        "expand-below": ("expand", "declare"),
        "confirm": ("expand", "expand"),
        "declare-confirm-top": ("declare", "expand"),
    }[variant]
    patients, dlts = [0] * n_levels, [0] * n_levels

    def treat(level: int) -> Verdict:
        if max_patients is not None and sum(patients) + 3 > max_patients:
            return ("undetermined", None)
        return ("treat", level)

    going_down = False
    verdict = treat(start)
    for level, n_dlts in history:
        assert verdict == ("treat", level)
        patients[level] += 3
        dlts[level] += n_dlts
        if patients[level] == 6 and dlts[level] == 2 and two_of_six == "mtd":
            verdict = ("mtd", level)
        elif dlts[level] >= 2:
            going_down = True
            if level == 0:
                verdict = ("none", None)
            elif patients[level - 1] == 0:
                verdict = treat(level - 1) if untested_below == "treat" else ("none", None)
            elif patients[level - 1] == 3 and below == "expand":
                verdict = treat(level - 1)
            else:
                verdict = ("mtd", level - 1)
        elif dlts[level] == 1 and patients[level] == 3:
            verdict = treat(level)
        elif going_down:  # passed, directly below a failed level
            needs_more = patients[level] == 3 and below == "expand"
            verdict = treat(level) if needs_more else ("mtd", level)
        elif level == n_levels - 1:  # passed, at the top
            needs_more = patients[level] == 3 and top == "expand"
            verdict = treat(level) if needs_more else ("mtd", level)
        else:
            verdict = treat(level + 1)
    return verdict


def every_history(n_levels: int, start: int, **options: Any) -> Iterator[tuple[History, Verdict]]:
    todo: list[History] = [()]
    while todo:
        history = todo.pop()
        verdict = by_prose(history, n_levels, start, **options)
        yield history, verdict
        if verdict[0] == "treat":
            assert verdict[1] is not None
            todo += [(*history, (verdict[1], n_dlts)) for n_dlts in range(4)]


def tallies_of(history: History, n_levels: int) -> tuple[Tally, ...]:
    return tuple(
        Tally(
            n_evaluable=3 * sum(at == level for at, _ in history),
            n_dlts=sum(n_dlts for at, n_dlts in history if at == level),
        )
        for level in range(n_levels)
    )


def as_verdict(decision: Decision) -> Verdict:
    if decision.level is not None:
        assert decision.n_to_enrol == 3
        return ("treat", decision.level)
    if decision.inconclusive:
        return ("undetermined", None)
    return ("none", None) if decision.mtd is None else ("mtd", decision.mtd)


def assert_agrees(n_levels: int, start: int, **options: Any) -> None:
    design = ThreePlusThree(n_levels=n_levels, start=start, **options)
    for history, verdict in every_history(n_levels, start, **options):
        here = history[-1][0] if history else start
        decision = design.decide(tallies_of(history, n_levels), here)
        assert as_verdict(decision) == verdict, (history, options, start)
        assert decision.settled
        if verdict[0] == "treat":
            assert verdict[1] is not None
            action = ("deescalate", "stay", "escalate")[int(np.sign(verdict[1] - here)) + 1]
            assert decision.action == action, (history, options, start)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("n_levels", [1, 2, 3, 4, 5])
def test_every_reachable_state_against_prose(variant, n_levels):
    assert_agrees(n_levels, 0, variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("untested_below", UNTESTED)
@pytest.mark.parametrize("two_of_six", TWO_OF_SIX)
def test_every_start_and_option_against_prose(variant, untested_below, two_of_six):
    for n_levels in (1, 2, 3, 4):
        for start in range(n_levels):
            assert_agrees(
                n_levels,
                start,
                variant=variant,
                untested_below=untested_below,
                two_of_six=two_of_six,
            )


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("two_of_six", TWO_OF_SIX)
def test_every_maximum_sample_size_against_prose(variant, two_of_six):
    for max_patients in (*range(1, 20), 24):
        for start in range(3):
            assert_agrees(
                3, start, variant=variant, two_of_six=two_of_six, max_patients=max_patients
            )


# ---------------------------------------------------------------- every untidy tally


def failed_fail(n, x):
    """Two or more; of more than six, 2/6 or more."""
    return np.where(n <= 6, x >= 2, 3 * x >= n)


def failed_mtd(n, x):
    """2/4 to 2/6 may still be, or is, the MTD; two among the first three never."""
    return np.where(n <= 6, (x >= 3) | ((x == 2) & (n <= 3)), 3 * x > n)


def open_fail(n, x):
    return (n > 0) & (x < 2) & ((n < 3) | ((n < 6) & (x == 1)))


def open_mtd(n, x):
    return open_fail(n, x) | ((x == 2) & (n > 3) & (n < 6))


JUDGES = {"fail": (failed_fail, open_fail), "mtd": (failed_mtd, open_mtd)}
UNTIDY = [
    pytest.param(variant, untested, two, id=f"{variant}-{untested}-{two}")
    for variant in VARIANTS
    for untested in UNTESTED
    for two in TWO_OF_SIX
]


def assert_mtd_earned(answers: Answers, variant: str, two_of_six: str) -> None:
    """Assert <= 1/6 at the MTD (of more than six below 2/6), a 0/3 declared at once, or 2/6."""
    below, top = VARIANTS[variant]
    rows = np.flatnonzero(answers.mtd != NONE)
    mtd = answers.mtd[rows]
    n, x = answers.n[rows, mtd], answers.x[rows, mtd]
    at_top = mtd == answers.n.shape[1] - 1
    earned = ((n >= 6) & (x <= 1)) | ((n > 6) & (3 * x < n))
    earned |= (n >= 3) & (x == 0) & np.where(at_top, top == "declare", below == "declare")
    if two_of_six == "mtd":
        earned |= (n >= 6) & (3 * x == n)
    wrong = np.zeros(len(answers.mtd), dtype=bool)
    wrong[rows] = ~earned
    assert_none(answers, wrong, "an MTD without the patients it takes")


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "untested_below", "two_of_six"), UNTIDY)
def test_every_untidy_tally_gets_a_sound_decision(variant, untested_below, two_of_six):
    options = {"variant": variant, "untested_below": untested_below, "two_of_six": two_of_six}
    for n_levels, sizes in ((1, range(9)), (2, range(9)), (3, (0, 1, 3, 4, 6))):
        answers = every_answer(ThreePlusThree(n_levels=n_levels, **options), list(sizes))
        assert_sound(answers, *JUDGES[two_of_six])
        assert_mtd_earned(answers, variant, two_of_six)


@pytest.mark.parametrize(("variant", "untested_below", "two_of_six"), UNTIDY)
def test_one_more_dlt_never_leads_higher(variant, untested_below, two_of_six):
    options = {"variant": variant, "untested_below": untested_below, "two_of_six": two_of_six}
    for n_levels, sizes in ((2, range(9)), (3, (0, 3, 4, 6))):
        answers = every_answer(ThreePlusThree(n_levels=n_levels, **options), list(sizes))
        assert_never_higher(answers)


@pytest.mark.parametrize("two_of_six", TWO_OF_SIX)
@pytest.mark.parametrize("max_patients", [1, 2, 3, 5, 6, 9, 10])
def test_a_cap_only_stops_what_would_exceed_it(two_of_six, max_patients):
    uncapped = ThreePlusThree(n_levels=2, two_of_six=two_of_six)
    capped = ThreePlusThree(n_levels=2, two_of_six=two_of_six, max_patients=max_patients)
    sizes = list(range(8))
    assert_capped(every_answer(capped, sizes), every_answer(uncapped, sizes), max_patients)


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "untested_below", "two_of_six"), UNTIDY)
def test_every_tally_up_to_eight_patients_at_three_levels(variant, untested_below, two_of_six):
    options = {"variant": variant, "untested_below": untested_below, "two_of_six": two_of_six}
    answers = every_answer(ThreePlusThree(n_levels=3, **options), list(range(9)))
    assert_sound(answers, *JUDGES[two_of_six])
    assert_mtd_earned(answers, variant, two_of_six)
    assert_never_higher(answers)


@pytest.mark.parametrize(
    ("outcomes", "mtd"),
    [
        ("1NNT 1NNT 2NNN", 0),
        ("1NNT 1NNT 2NNT", 0),
        ("1NNT 1NNT 2NNN 3NNN", 0),
        ("1NNN 2NNT 2NNT 3NNN", 1),
        ("1NNT 1NNT 2NNT 2NNT", 0),  # the lower of two
        ("1NNT 1NNT 2NNN 3TTT", 0),
    ],
)
def test_two_of_six_as_the_mtd_caps_the_way_up_where_a_higher_level_was_given(outcomes, mtd):
    """By the protocol's sentence the trial ended at 2/6: nothing given against it opens more."""
    design = ThreePlusThree(n_levels=4, two_of_six="mtd")
    cohorts = parse_outcomes(outcomes)
    tallies = tally_cohorts(cohorts, (1, 2, 3, 4))
    for level in range(4):
        decision = design.decide(tallies, level)
        assert (decision.action, decision.mtd) == (Action.STOP, mtd)
        assert decision.clause.id == "borderline-mtd"


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_untidy_tally_leads_above_a_level_with_two_of_six_as_the_mtd(variant):
    design = ThreePlusThree(n_levels=2, variant=variant, two_of_six="mtd")
    answers = every_answer(design, list(range(10)))
    n, x = answers.n[:, 0], answers.x[:, 0]
    borderline = (n >= 6) & (3 * x == n)
    assert borderline.any()
    for named in (answers.level, answers.mtd):
        assert_none(answers, borderline & (named > 0), "goes above 2/6")


counts = st.integers(0, 9).flatmap(
    lambda n: st.builds(Tally, n_evaluable=st.just(n), n_dlts=st.integers(0, n))
)
options_3p3 = st.fixed_dictionaries(
    {
        "variant": st.sampled_from(list(VARIANTS)),
        "untested_below": st.sampled_from(UNTESTED),
        "two_of_six": st.sampled_from(TWO_OF_SIX),
        "max_patients": st.none() | st.integers(1, 40),
    }
)


@given(tallies=st.lists(counts, min_size=1, max_size=12), options=options_3p3, data=st.data())
def test_long_ladders_get_a_decision(tallies, options, data):
    level = data.draw(st.integers(0, len(tallies) - 1))
    start = data.draw(st.integers(0, len(tallies) - 1))
    design = ThreePlusThree(n_levels=len(tallies), start=start, **options)
    decision = design.decide(tallies, level)
    failed = [
        i
        for i, t in enumerate(tallies)
        if JUDGES[options["two_of_six"]][0](t.n_evaluable, t.n_dlts)
    ]
    named = [at for at in (decision.level, decision.mtd) if at is not None]
    assert all(at < min(failed, default=len(tallies)) for at in named)
    # a list or a tuple, and the same design again: nothing but tallies and level counts
    assert decision == design.decide(tuple(tallies), level)
    again = ThreePlusThree(n_levels=len(tallies), start=level, **options)
    assert decision == again.decide(tallies, level)
    assert decision.clause.text


@given(
    first=st.text("NT", min_size=1, max_size=8),
    cohorts=st.permutations([("1", "NNT"), ("2", "NTN"), ("1", "NNN"), ("2", "N"), ("3", "NT")]),
    variant=st.sampled_from(list(VARIANTS)),
)
def test_the_order_of_cohorts_leaves_no_trace(first, cohorts, variant):
    design = ThreePlusThree(n_levels=3, variant=variant)
    in_order = sorted(cohorts)
    decisions = {
        design.decide(
            tally_cohorts(
                parse_outcomes(" ".join([f"1{first}", *(a + b for a, b in order)])), (1, 2, 3)
            ),
            1,
        )
        for order in (cohorts, in_order)
    }
    assert len(decisions) == 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_zero_then_one_equals_one_then_zero_at_an_untested_lower_level(variant):
    design = ThreePlusThree(n_levels=3, start=1, variant=variant)
    one = tally_cohorts(parse_outcomes("2TTN 1NNN 1NNT"), (1, 2, 3))
    other = tally_cohorts(parse_outcomes("2TTN 1NNT 1NNN"), (1, 2, 3))
    assert design.decide(one, 0) == design.decide(other, 0)
    assert design.decide(one, 0).mtd == 0


# ---------------------------------------------------------------- the sentences that fire


@pytest.mark.parametrize(
    ("outcomes", "clause"),
    [
        ("", "start"),
        ("1N", "fill"),
        ("1NNT", "expand"),
        ("1NNN", "escalate-first"),
        ("1NNTNNN", "escalate-expanded"),
        ("1TT", "lowest-too-toxic"),
        ("1NNN 2TT", "confirm-below"),
        ("1NNNNNN 2TT", "mtd-below"),
        ("2TT", "untested-below"),
        ("1NNN 2NNN 3NNN", "confirm-top"),
        ("1NNN 2NNN 3NNNNNT", "mtd-top"),
        ("2NNN 1NT", "fill"),
    ],
)
def test_each_decision_names_its_sentence(outcomes, clause):
    cohorts = parse_outcomes(outcomes)
    level = cohorts[-1].label - 1 if cohorts else 0
    design = ThreePlusThree(n_levels=3)
    assert design.decide(tally_cohorts(cohorts, (1, 2, 3)), level).clause.id == clause


# ---------------------------------------------------------------- pending patients


@lru_cache(maxsize=20_000)  # as many as two levels have in the test of all of them
def every_way(tallies: tuple[Tally, ...], *, dropouts: bool = False) -> set[tuple[Tally, ...]]:
    """Resolve each pending patient by itself: with a DLT, without, or not evaluable."""
    resolved = set()
    waiting = [level for level, tally in enumerate(tallies) for _ in range(tally.n_pending)]
    ways = [(1, 0), (1, 1), (0, 0)] if dropouts else [(1, 0), (1, 1)]  # patients, DLTs
    for outcomes in itertools.product(ways, repeat=len(waiting)):
        new = [[tally.n_evaluable, tally.n_dlts] for tally in tallies]
        for level, (n, x) in zip(waiting, outcomes, strict=True):
            new[level][0] += n
            new[level][1] += x
        resolved.add(tuple(Tally(n_evaluable=n, n_dlts=x) for n, x in new))
    return resolved


def answer(decision: Decision) -> tuple[object, ...]:
    return (
        decision.action,
        decision.level,
        decision.n_to_enrol,
        decision.mtd,
        decision.inconclusive,
    )


def with_pending(max_patients: int, max_pending: int) -> list[Tally]:
    return [
        Tally(n_evaluable=n, n_dlts=x, n_pending=k)
        for n in range(max_patients + 1)
        for x in range(n + 1)
        for k in range(min(max_pending, max_patients - n) + 1)
    ]


def every_answer_to(design: ThreePlusThree, tallies: tuple[Tally, ...], level: int) -> set:
    """Return what can be the answer; one that goes up or ends must hold with dropouts as well."""
    answers = {answer(design.decide(way, level)) for way in every_way(tallies)}
    if len(answers) == 1 and next(iter(answers))[0] in ("escalate", "stop"):
        dropouts = every_way(tallies, dropouts=True)
        answers |= {answer(design.decide(way, level)) for way in dropouts}
    return answers


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("two_of_six", "max_patients"), [("fail", None), ("mtd", 9)])
def test_pending_is_settled_exactly_when_every_way_agrees(variant, two_of_six, max_patients):
    design = ThreePlusThree(
        n_levels=2, variant=variant, two_of_six=two_of_six, max_patients=max_patients
    )
    for tallies in itertools.product(with_pending(5, 2), repeat=2):
        for level in (0, 1):
            answers = every_answer_to(design, tallies, level)
            decision = design.decide(tallies, level)
            assert decision.settled == (len(answers) == 1), tallies
            if decision.settled:
                assert {answer(decision)} == answers, tallies
                assert decision.possible == ()
            else:
                assert decision.action is Action.WAIT
                assert {answer(one) for one in decision.possible} == answers, tallies
                assert len(decision.possible) == len(answers)
                assert answer(decision) == ("wait", None, 0, None, False)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("1NNN 2TT?", ("deescalate", 0, 3, None, False)),
        ("1TT?", ("stop", None, 0, None, False)),
        ("1NNNNNN 2TT?", ("stop", None, 0, 0, False)),
        ("1NNTT??", ("stop", None, 0, None, False)),
        ("1NN?", ("wait", None, 0, None, False)),
        ("2TTT 1NNNNN?", ("wait", None, 0, None, False)),  # 1NNNNNX would need another patient
        ("2TTT 1NNNNNN?", ("stop", None, 0, 0, False)),
        ("2TTT 1NNNNNNN", ("stop", None, 0, 0, False)),
        ("1NNTNN?", ("wait", None, 0, None, False)),
        ("1NN??", ("wait", None, 0, None, False)),
        ("1???", ("wait", None, 0, None, False)),
        ("1?", ("stay", 0, 2, None, False)),
        ("1NT?XX", ("wait", None, 0, None, False)),
    ],
)
def test_pending_patients_at_the_last_level(outcomes, expected):
    cohorts = parse_outcomes(outcomes)
    design = ThreePlusThree(n_levels=3)
    decision = design.decide(tally_cohorts(cohorts, (1, 2, 3)), cohorts[-1].label - 1)
    assert answer(decision) == expected


def test_too_many_pending_to_foresee_is_a_wait_and_no_exception():
    decision = ThreePlusThree(n_levels=30).decide([Tally(n_pending=2)] * 30, 0)
    assert decision.action is Action.WAIT
    assert not decision.settled


@settings(max_examples=50)
@given(
    tallies=st.lists(st.sampled_from(with_pending(7, 2)), min_size=3, max_size=4),
    options=options_3p3,
    level=st.integers(0, 2),
)
def test_pending_on_longer_ladders_against_every_way(tallies, options, level):
    design = ThreePlusThree(n_levels=len(tallies), **options)
    answers = every_answer_to(design, tuple(tallies), level)
    decision = design.decide(tallies, level)
    assert decision.settled == (len(answers) == 1)
    told = {answer(one) for one in decision.possible} if decision.possible else {answer(decision)}
    assert told == answers


# ---------------------------------------------------------------- options


def test_the_variants_are_their_pairs():
    for variant, (below, top) in VARIANTS.items():
        named = ThreePlusThree(n_levels=3, variant=variant)
        assert named == ThreePlusThree(n_levels=3, below=below, top=top)
        assert (named.below, named.top, named.variant) == (below, top, variant)
    assert ThreePlusThree(n_levels=3) == ThreePlusThree(n_levels=3, variant="confirm")
    assert ThreePlusThree(n_levels=3, below="declare").variant == "declare-confirm-top"


def test_it_is_the_a_plus_b_design_3_3_1_1_1():
    sizes = [0, 2, 3, 5, 6, 7]
    for (below, top), two in itertools.product(VARIANTS.values(), TWO_OF_SIX):
        mine = ThreePlusThree(n_levels=2, below=below, top=top, two_of_six=two)
        general = APlusB(n_levels=2, a=3, b=3, c=1, d=1, e=1, below=below, top=top, borderline=two)
        one, other = every_answer(mine, sizes), every_answer(general, sizes)
        for name in ("action", "level", "n_to_enrol", "mtd"):
            assert (getattr(one, name) == getattr(other, name)).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_levels": 0}, "n_levels must be from 1 to 100, not 0"),
        ({"n_levels": -1}, "n_levels must be from 1"),
        ({"n_levels": MAX_LEVELS + 1}, "n_levels must be from 1 to 100, not 101"),
        ({"n_levels": True}, "n_levels must be a whole number, not True"),
        ({"n_levels": 3.0}, "n_levels must be a whole number, not 3.0"),
        ({"n_levels": float("nan")}, "n_levels must be a whole number, not nan"),
        ({"n_levels": "3"}, "n_levels must be a whole number, not '3'"),
        ({"n_levels": None}, "n_levels must be a whole number, not None"),
        ({"start": 3}, "start must be from 0 to 2, not 3"),
        ({"start": -1}, "start must be from 0 to 2, not -1"),
        ({"start": True}, "start must be a whole number, not True"),
        ({"start": 1.0}, "start must be a whole number"),
        ({"variant": "confrim"}, "did you mean confirm"),
        ({"variant": "A"}, "variant 'A' is unknown"),
        ({"variant": 7}, "variant 7 is unknown"),
        ({"variant": True}, "variant True is unknown"),
        ({"variant": "confirm", "below": "declare"}, "give the variant or the pair, not both"),
        ({"variant": "declare", "top": "expand"}, "give the variant or the pair, not both"),
        ({"below": "maybe"}, "below must be 'expand' or 'declare', not 'maybe'"),
        ({"below": True}, "below must be 'expand' or 'declare', not True"),
        ({"below": ["expand"]}, "below must be 'expand' or 'declare'"),
        ({"top": {}}, "top must be 'expand' or 'declare'"),
        ({"top": 1}, "top must be 'expand' or 'declare', not 1"),
        ({"untested_below": "declare"}, "untested_below must be 'treat' or 'stop'"),
        ({"untested_below": None}, "untested_below must be 'treat' or 'stop', not None"),
        ({"two_of_six": "pass"}, "two_of_six must be 'fail' or 'mtd', not 'pass'"),
        ({"two_of_six": []}, "two_of_six must be 'fail' or 'mtd'"),
        ({"max_patients": 0}, "max_patients must be a whole number from 1, not 0"),
        ({"max_patients": True}, "max_patients must be a whole number from 1, not True"),
        ({"max_patients": 18.0}, "max_patients must be a whole number from 1, not 18.0"),
        ({"max_patients": float("inf")}, "max_patients must be a whole number"),
    ],
)
def test_options_that_make_no_design_are_refused(options, said):
    with pytest.raises(DesignError) as caught:
        ThreePlusThree(**{"n_levels": 3, **options})
    assert said in str(caught.value)
    assert str(caught.value).startswith("3+3: ")


def test_every_fault_of_the_options_is_reported_at_once():
    with pytest.raises(DesignError, match=r"n_levels .*; start .*; untested_below .*; max_patie"):
        ThreePlusThree(n_levels=0.5, start="1", untested_below="x", max_patients=-3)


def test_the_constants_of_the_3_plus_3_are_not_options():
    with pytest.raises(TypeError):
        ThreePlusThree(n_levels=3, a=4)
    with pytest.raises(DesignError, match="no option 'a'"):
        make_design("3+3", n_levels=3, a=4)
    with pytest.raises(DesignError, match="did you mean"):
        make_design("3+3", n_levels=3, varient="confirm")
    with pytest.raises(DesignError, match=r"no design is called '3\+4'"):
        make_design("3+4", n_levels=3)


@pytest.mark.parametrize("n_tallies", [0, 1, 2, 4])
def test_tallies_that_do_not_fit_the_ladder_are_refused(n_tallies):
    with pytest.raises(InputError, match=f"{n_tallies} tallies for a ladder of 3 levels"):
        ThreePlusThree(n_levels=3).decide([Tally()] * n_tallies, 0)


@pytest.mark.parametrize("level", [-1, 3, 99, float("nan")])
def test_a_current_level_that_does_not_fit_the_ladder_is_refused(level):
    with pytest.raises(InputError, match=rf"^level index {level} is outside 0 \.\. 2$"):
        ThreePlusThree(n_levels=3).decide([Tally()] * 3, level)


@pytest.mark.parametrize(
    "design",
    [
        ThreePlusThree(n_levels=3, variant="declare", max_patients=12),
        APlusB(n_levels=3, a=2, b=4, c=1, d=1, e=2),
    ],
    ids=lambda design: design.name,
)
def test_a_design_is_a_value_that_can_be_sent_to_another_process(design):
    again = pickle.loads(pickle.dumps(design))  # noqa: S301
    assert again == design == copy.deepcopy(design)
    assert len({again, design}) == 1
    seen = [Tally(n_evaluable=3), Tally(n_evaluable=2, n_dlts=1), Tally()]
    assert again.decide(seen, 1) == design.decide(seen, 1)
    with pytest.raises(AttributeError):
        design.n_levels = 4
