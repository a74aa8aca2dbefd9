"""Accelerated titration: every course against the article's story, and every untidy tally."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from escalation.designs import (
    AcceleratedTitration,
    Action,
    ThreePlusThree,
    change_design,
    describe_design,
    describe_options,
    make_design,
)
from escalation.designs.replay import replay
from escalation.errors import DesignError, InputError
from escalation.outcomes import Cohort, Outcome, Tally, parse_outcomes, tally_cohorts
from tests.designs.titration import OPTIONS, every_trial


def ask(design, notation):
    cohorts = parse_outcomes(notation)
    labels = tuple(range(1, design.n_levels + 1))
    level = labels.index(cohorts[-1].label) if cohorts else design.start
    return design.decide(tally_cohorts(cohorts, labels), level)


def said(decision):
    return decision.action.value, decision.level, decision.n_to_enrol, decision.mtd


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("n_levels", "start", "events"), [(1, 0, 2), (2, 0, 1), (3, 1, 2)])
def test_every_course_against_the_story(n_levels, start, events, options):
    design = AcceleratedTitration(n_levels=n_levels, start=start, moderate_events=events, **options)
    labels = range(n_levels)
    for course, mtd in every_trial(
        n_levels=n_levels, start=start, moderate_events=events, **options
    ):
        cohorts = [Cohort(label=at, outcomes=tuple(map(Outcome, s))) for at, s in course]
        history = replay(design, cohorts, labels)
        assert not history.departures, course
        end = design.decide(tally_cohorts(cohorts, labels), cohorts[-1].label)
        assert (end.action, end.mtd, end.inconclusive) == (Action.STOP, mtd, False), course


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("n_levels", "start", "events"), [(1, 0, 2), (2, 1, 1), (3, 1, 2)])
def test_every_course_that_goes_on_below_against_the_story(n_levels, start, events, options):
    named = {
        "n_levels": n_levels,
        "start": start,
        "moderate_events": events,
        "after_titration": "below",
        **options,
    }
    design = AcceleratedTitration(**named)
    labels = range(n_levels)
    for course, mtd in every_trial(**named):
        cohorts = [Cohort(label=at, outcomes=tuple(map(Outcome, s))) for at, s in course]
        assert not replay(design, cohorts, labels).departures, course
        end = design.decide(tally_cohorts(cohorts, labels), cohorts[-1].label)
        assert (end.action, end.mtd, end.inconclusive) == (Action.STOP, mtd, False), course


@pytest.mark.slow
@pytest.mark.parametrize("after_titration", ["same", "below"])
@pytest.mark.parametrize("events", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_course_on_four_levels_against_the_story(events, after_titration):
    named = {"n_levels": 4, "moderate_events": events, "after_titration": after_titration}
    design = AcceleratedTitration(**named)
    for course, mtd in every_trial(**named):
        cohorts = [Cohort(label=at, outcomes=tuple(map(Outcome, s))) for at, s in course]
        assert not replay(design, cohorts, range(4)).departures, course
        assert design.decide(tally_cohorts(cohorts, range(4)), course[-1][0]).mtd == mtd


@pytest.mark.parametrize("events", [1, 2])
def test_moderate_toxicities_after_titration_change_no_course(events):
    """A site records them all; the simulator, which asks for none then, must not disagree."""
    design = AcceleratedTitration(n_levels=3, start=1, moderate_events=events)
    for course, mtd in every_trial(n_levels=3, start=1, moderate_events=events):
        toxic = [(at, s.replace("N", "M") if len(s) > 1 else s) for at, s in course]
        cohorts = [Cohort(label=at, outcomes=tuple(map(Outcome, s))) for at, s in toxic]
        assert not replay(design, cohorts, range(3)).departures, toxic
        assert design.decide(tally_cohorts(cohorts, range(3)), course[-1][0]).mtd == mtd


@pytest.mark.parametrize(
    ("notation", "expected", "clause"),
    [
        ("", ("stay", 0, 1, None), "start"),
        ("1X", ("stay", 0, 1, None), "start"),
        ("1M", ("escalate", 1, 1, None), "titrate"),
        ("1M 2X", ("stay", 1, 1, None), "titrate"),
        ("1M 2N 3M", ("stay", 2, 2, None), "end-titration"),
        ("1N 2N 3N 4N 5N", ("stay", 4, 2, None), "end-titration"),
        # the levels passed are neither finished on the way up nor the MTD on the way down
        ("1M 2N 3M 3NN", ("escalate", 3, 3, None), "escalate-first"),
        ("1N 2N 3N 4T 4NN", ("stay", 3, 3, None), "expand"),
        ("1N 2N 3N 4T 4TN", ("deescalate", 2, 2, None), "fill"),
        ("1N 2N 3N 4T 4TN 3NT", ("stay", 2, 3, None), "expand"),
        ("1N 2N 3N 4T 4TN 3TT", ("deescalate", 1, 2, None), "fill"),
        # untidy: more patients than foreseen
        ("1NN 2N", ("escalate", 2, 1, None), "titrate"),
        ("1NNNN", ("escalate", 1, 1, None), "titrate"),
        ("1MM", ("stay", 0, 1, None), "end-titration"),
        ("1MMN", ("escalate", 1, 3, None), "escalate-first"),
        ("1N 2N 1N", ("escalate", 2, 1, None), "titrate"),
        # untidy: found late, at a level that titration had passed
        ("1N 2N 3T 4N", ("deescalate", 2, 2, None), "unfinished-below"),
        ("1T 2N 3N 4N", ("deescalate", 0, 2, None), "unfinished-below"),
        ("1T 2N 3N 4N 1NN", ("stay", 0, 3, None), "expand"),
        ("1T 2N 3N 4N 1NN 1NNN", ("escalate", 1, 2, None), "fill"),
        ("1N 2M 3M 4N", ("deescalate", 2, 2, None), "unfinished-below"),
        ("1N 2TT 3N 4N", ("deescalate", 0, 2, None), "fill"),
        ("1TT 2N 3N 4N", ("stop", None, 0, None), "lowest-too-toxic"),
    ],
)
def test_what_is_said(notation, expected, clause):
    decision = ask(AcceleratedTitration(n_levels=5), notation)
    assert said(decision) == expected
    assert decision.clause.id == clause


@pytest.mark.parametrize(
    ("notation", "expected", "clause"),
    [
        ("1N 2N 3T", ("deescalate", 1, 2, None), "end-titration"),  # case 9 of the field
        ("1N 2N 3T 2N", ("stay", 1, 1, None), "end-titration"),
        ("1N 2N 3T 2T", ("stay", 1, 1, None), "end-titration"),  # patient by patient
        ("1N 2N 3T 2NN", ("escalate", 2, 2, None), "fill"),
        ("1N 2N 3T 2NT", ("stay", 1, 3, None), "expand"),
        ("1N 2N 3T 2TT", ("deescalate", 0, 2, None), "fill"),
        ("1N 2N 3T 2NT 2NNN", ("escalate", 2, 2, None), "fill"),
        ("1N 2N 3T 2NN 3NN", ("stay", 2, 3, None), "expand"),
        ("1N 2N 3T 2NN 3NT", ("deescalate", 1, 3, None), "confirm-below"),
        ("1N 2N 3M", ("stay", 2, 2, None), "end-titration"),  # no DLT: the same level
        ("1T", ("stay", 0, 2, None), "end-titration"),  # no level below
        ("1N 2N 3T 4N", ("deescalate", 1, 2, None), "end-titration"),  # found late
        ("1N 2N 3TN", ("stay", 2, 1, None), "end-titration"),  # two in titration: untidy
    ],
)
def test_what_is_said_where_the_trial_goes_on_one_level_below(notation, expected, clause):
    design = AcceleratedTitration(n_levels=5, moderate_events=1, after_titration="below")
    decision = ask(design, notation)
    assert said(decision) == expected
    assert decision.clause.id == clause


def test_a_dlt_of_the_first_patient_opens_the_level_below_unless_none_is_opened():
    below = AcceleratedTitration(n_levels=4, start=1, after_titration="below")
    tallies = [Tally(), Tally(n_evaluable=1, n_dlts=1), Tally(), Tally()]
    assert said(below.decide(tallies, 1)) == ("deescalate", 0, 3, None)
    stop = change_design(below, untested_below="stop")
    assert said(stop.decide(tallies, 1)) == ("stay", 1, 2, None)
    assert "goes on one level below" in " ".join(describe_options(below))


def test_case_9_has_the_published_rule_as_its_default():
    """The default is as in Simon 1997: the level where titration ended is completed."""
    outcomes = "1N 2N 3T"
    assert said(ask(AcceleratedTitration(n_levels=5, moderate_events=1), outcomes)) == (
        "stay",
        2,
        2,
        None,
    )
    assert "after_titration" not in describe_design(AcceleratedTitration(n_levels=5))
    below = AcceleratedTitration(n_levels=5, after_titration="below")
    assert describe_design(below).startswith(
        "accelerated: moderate_events 2, after_titration below"
    )


def test_the_next_patients_outcome_is_graded_only_while_that_can_end_titration():
    design = AcceleratedTitration(n_levels=4)
    assert ask(design, "").counts_moderate
    assert ask(design, "1N").counts_moderate
    assert not ask(design, "1N 2N").counts_moderate  # one at level 3 is not two
    assert ask(design, "1N 2M").counts_moderate
    assert not ask(design, "1N 2N 3M").counts_moderate  # the highest level ends it anyway
    assert not ask(design, "1M 2M").counts_moderate
    assert not ask(AcceleratedTitration(n_levels=4, moderate_events=9), "").counts_moderate


@pytest.mark.parametrize(
    ("notation", "expected"),
    [
        ("1?", {("escalate", 1, 1, None), ("stay", 0, 2, None)}),
        ("1N 2?", {("escalate", 2, 1, None), ("stay", 1, 2, None)}),
        ("1M 2N 3?", {("escalate", 3, 1, None), ("stay", 2, 2, None)}),
    ],
)
def test_a_pending_patient_is_waited_for(notation, expected):
    decision = ask(AcceleratedTitration(n_levels=5), notation)
    assert decision.action is Action.WAIT
    assert {said(possible) for possible in decision.possible} == expected


def test_a_moderate_toxicity_is_a_third_way_to_turn_out():
    # with or without a DLT level 1 is completed, if the second of two moderate ones is at it
    decision = ask(AcceleratedTitration(n_levels=2, moderate_events=1), "1?")
    assert {said(way) for way in decision.possible} == {
        ("escalate", 1, 1, None),
        ("stay", 0, 2, None),
    }
    # another design has the two ways only
    settled = ThreePlusThree(n_levels=2).decide([Tally(n_evaluable=2, n_pending=1), Tally()], 0)
    assert [said(way) for way in settled.possible] == [
        ("escalate", 1, 3, None),
        ("stay", 0, 3, None),
    ]


def untidy(n_levels, sizes):
    one = [
        Tally(n_evaluable=n, n_dlts=x, n_moderate=m)
        for n in sizes
        for x in range(n + 1)
        for m in range(n - x + 1)
    ]
    return itertools.product(one, repeat=n_levels)


@pytest.mark.slow
@pytest.mark.parametrize("after_titration", ["same", "below"])
@pytest.mark.parametrize("options", OPTIONS[::5])
def test_no_level_at_or_above_a_failed_one_is_given_for_any_tally(options, after_titration):
    design = AcceleratedTitration(n_levels=3, start=1, after_titration=after_titration, **options)
    for tallies in untidy(3, [0, 1, 2, 3]):
        more = options["two_of_six"] == "mtd"
        failed = [t.n_dlts > 1 + (more and t.n_evaluable > 3) for t in tallies]
        ceiling = failed.index(True) if any(failed) else 3
        for level in range(3):
            d = design.decide(tallies, level)
            assert d.settled
            assert (d.action is Action.STOP) == (d.level is None) == (d.n_to_enrol == 0)
            if d.level is not None:
                assert d.level < ceiling
                between = tallies[level + 1 : d.level]
                assert all(t.n_evaluable for t in between), "skips an untried level"
            if d.mtd is not None:
                assert d.mtd < ceiling
                assert tallies[d.mtd].n_evaluable >= 3, "an MTD on fewer than three"


@pytest.mark.parametrize("options", [{}, {"after_titration": "below"}])
def test_one_more_toxicity_never_leads_higher(options):
    design = AcceleratedTitration(n_levels=3, **options)

    @cache
    def name(tallies, level):
        d = design.decide(tallies, level)
        reached = d.level if d.level is not None else d.mtd
        return -1 if reached is None else reached

    for tallies in untidy(3, [0, 1, 2, 3]):
        for here, tally in enumerate(tallies):
            n, x, m = tally.n_evaluable, tally.n_dlts, tally.n_moderate
            for worse in ((x + 1, m - 1), (x + 1, m), (x, m + 1)):
                if min(worse) < 0 or sum(worse) > n:
                    continue
                other = list(tallies)
                other[here] = Tally(n_evaluable=n, n_dlts=worse[0], n_moderate=worse[1])
                for level in range(3):
                    assert name(tuple(other), level) <= name(tallies, level), (
                        tallies,
                        other,
                        level,
                    )


def test_after_the_first_dlt_at_the_start_it_is_the_3_plus_3():
    design = AcceleratedTitration(n_levels=3)
    for tallies in untidy(3, [0, 1, 4]):
        if tallies[0].n_dlts:
            for level in range(3):
                plain = ThreePlusThree(n_levels=3).decide(tallies, level)
                assert said(design.decide(tallies, level)) == said(plain)


@pytest.mark.parametrize("design", [ThreePlusThree(n_levels=2), make_design(
    "boin", n_levels=2, target=0.3, max_patients=12)])  # fmt: skip
def test_every_other_design_takes_a_moderate_toxicity_for_no_dlt(design):
    for tallies in untidy(2, [0, 1, 3]):
        without = [Tally(n_evaluable=t.n_evaluable, n_dlts=t.n_dlts) for t in tallies]
        for level in range(2):
            assert design.decide(tallies, level) == design.decide(without, level)


def test_a_cap_changes_nothing_but_to_stop_what_would_exceed_it():
    capped = AcceleratedTitration(n_levels=3, max_patients=5)
    design = AcceleratedTitration(n_levels=3)
    for tallies in untidy(3, [0, 1, 2]):
        n_so_far = sum(tally.n_evaluable for tally in tallies)
        for level in range(3):
            free, bound = design.decide(tallies, level), capped.decide(tallies, level)
            too_many = n_so_far + free.n_to_enrol > 5 and free.level is not None
            assert bound.inconclusive == too_many
            assert too_many or said(bound) == said(free)


def test_a_cap_stops_titration_too():
    design = AcceleratedTitration(n_levels=3, max_patients=2)
    assert ask(design, "1N").level == 1
    assert ask(design, "1N 2N").inconclusive
    assert ask(design, "1N 2T").inconclusive


@pytest.mark.parametrize("events", [0, 101, True, 2.0, "2", None, float("nan")])
def test_moderate_events_that_are_none_are_refused_in_one_line(events):
    with pytest.raises(DesignError, match="moderate_events must be a whole number") as caught:
        AcceleratedTitration(n_levels=3, moderate_events=events)
    assert str(caught.value).startswith("accelerated: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("word", ["above", None, True, 1])
def test_a_word_that_says_nowhere_to_go_on_is_refused_in_one_line(word):
    with pytest.raises(
        DesignError, match="after_titration must be 'same' or 'below', not"
    ) as caught:
        AcceleratedTitration(n_levels=3, after_titration=word)
    assert "\n" not in str(caught.value)


def test_the_options_of_the_3_plus_3_are_its_own_too():
    design = make_design("accelerated", n_levels=3, variant="declare")
    assert (design.below, design.top, design.moderate_events) == ("declare", "declare", 2)
    assert change_design(design, below="expand").variant == "expand-below"
    assert describe_design(design).startswith("accelerated: moderate_events 2, ")
    with pytest.raises(DesignError, match=r"^accelerated: variant 'x' is unknown"):
        make_design("accelerated", n_levels=3, variant="x")


def test_tallies_that_fit_no_ladder_are_refused():
    with pytest.raises(InputError, match="2 tallies for a ladder of 3 levels"):
        AcceleratedTitration(n_levels=3).decide([Tally(), Tally()], 0)
