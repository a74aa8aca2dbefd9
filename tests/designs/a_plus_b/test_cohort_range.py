"""A range of cohort sizes in the A+B family: every cohort in it is by the protocol."""

from __future__ import annotations

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
from escalation.protocol import Protocol, advise, describe_decision
from escalation.protocol.consensus import ask_all
from escalation.reports.rule.text import rule_text
from simulations.engines.exact import exact_characteristics
from simulations.graph.build import build_graph
from tests.designs.untidy import every_answer

LABELS = (1, 2)


def departures(design, outcomes):
    labels = range(1, design.n_levels + 1)
    return [found.problem for found in replay(design, parse_outcomes(outcomes), labels).departures]


@pytest.mark.parametrize(
    "design",
    [
        ThreePlusThree(n_levels=2, cohort_size="3-6"),
        ThreePlusThree(n_levels=2, cohort_size="3-4", variant="declare", two_of_six="mtd"),
        APlusB(n_levels=2, a=2, b=1, c=1, d=1, e=1, cohort_size="2-3"),
    ],
    ids=describe_design,
)
def test_every_course_with_cohorts_of_any_size_in_the_range_is_by_the_protocol(design):
    """Brute force over sizes and outcomes; one patient more than the range is a departure."""
    fewest, most = (int(n) for n in design.cohort_size.split("-"))
    plain = change_design(design, cohort_size=None)
    todo, n_ends = [()], 0
    while todo:
        course = todo.pop()
        tallies = tally_cohorts(course, LABELS)
        here = LABELS.index(course[-1].label) if course else 0
        decision, told = design.decide(tallies, here), plain.decide(tallies, here)
        for name in ("action", "level", "n_to_enrol", "mtd", "clause"):
            assert getattr(decision, name) == getattr(told, name), course
        assert told.n_at_most == told.n_to_enrol
        found = replay(design, course, LABELS)
        assert not found.departures, course
        if decision.level is None:
            n_ends += 1
            continue
        # every cohort here has at least A evaluable: the next is a new one
        assert decision.n_at_most == most, course
        assert decision.n_to_enrol <= max(fewest, design.b), course
        label = LABELS[decision.level]
        over = Cohort(label=label, outcomes=(Outcome.NO_DLT,) * (most + 1))
        assert len(replay(design, (*course, over), LABELS).departures) == 1, course
        if len(course) == 3:
            continue
        for size in range(decision.n_to_enrol, most + 1):
            for x in range(size + 1):
                marks = (Outcome.DLT,) * x + (Outcome.NO_DLT,) * (size - x)
                todo.append((*course, Cohort(label=label, outcomes=marks)))
    assert n_ends


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ("1NNN 2NNNN", []),
        ("1NNN 2NNNNNN 3NNNNN", []),
        ("1NNNNN 2NNT 2NNNNNN", []),
        ("1NNT? 1N", []),  # patient by patient: places are left up to the end of the range
        ("1N 1N 1? 1? 1?", []),
        ("1NNXNN", []),  # who is replaced does not count
        ("1NNNNNNN", ["cohort 1 (1NNNNNNN) has 7 patients where the design opens at most 6"]),
        (
            "1NN 1NNNNN",
            ["cohort 2 (1NNNNN) has 5 patients where the design opens at most 4"],
        ),
        ("1NNN 1N", ["cohort 2 (1N) is at level 1 where the design says level 2"]),
        ("1NNNT 2NNN", ["cohort 2 (2NNN) is at level 2 where the design says level 1"]),
    ],
)
def test_case_24_by_hand(outcomes, said):
    assert departures(ThreePlusThree(n_levels=3, cohort_size="3-6"), outcomes) == said


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("", "Start at level 1: enrol 3 to 6 patients."),
        ("1N", "Stay at level 1: enrol 2 to 5 patients."),
        ("1NNNN", "Escalate to level 2: enrol 3 to 6 patients."),
        ("1NNNT", "Stay at level 1: enrol 2 to 6 patients."),
        ("1NNTT", "Stop: no MTD."),
        ("1NNNNT", "Stay at level 1: enrol 1 to 6 patients."),
        ("1NNNNNT", "Escalate to level 2: enrol 3 to 6 patients."),
        ("1NNNNTT", "Stop: no MTD."),
        ("1NNNT 1NNNNT", "Escalate to level 2: enrol 3 to 6 patients."),  # 2/9 is below 2/6
        ("1NNNT 1NNNTT", "Stop: no MTD."),
    ],
)
def test_what_is_said_at_four_and_five_patients_by_hand(outcomes, expected):
    protocol = Protocol.plain(2, cohort_size="3-6")
    assert describe_decision(advise(protocol, outcomes).decision, protocol) == expected


def test_a_maximum_sample_size_ends_the_range_too():
    design = ThreePlusThree(n_levels=3, cohort_size="3-6", max_patients=8)
    first = design.decide([Tally(n_evaluable=4), Tally(), Tally()], 0)
    assert (first.n_to_enrol, first.n_at_most) == (3, 4)
    none = design.decide([Tally(n_evaluable=6), Tally(), Tally()], 0)
    assert (none.action, none.inconclusive) == (Action.STOP, True)


def test_the_whole_untidy_domain_is_decided_as_without_a_range():
    plain = every_answer(ThreePlusThree(n_levels=2), list(range(9)))
    ranged = every_answer(ThreePlusThree(n_levels=2, cohort_size="3-6"), list(range(9)))
    for name in ("action", "level", "n_to_enrol", "mtd"):
        assert (getattr(plain, name) == getattr(ranged, name)).all()


def test_characteristics_are_those_of_the_smallest_cohorts():
    p = [0.1, 0.25, 0.4]
    plain, ranged = (
        exact_characteristics(build_graph(ThreePlusThree(n_levels=3, cohort_size=size)), p)
        for size in (None, "3-6")
    )
    assert plain.p_select.tolist() == ranged.p_select.tolist()


def test_titration_gives_a_level_to_one_patient_and_cohorts_have_the_range():
    design = AcceleratedTitration(n_levels=3, cohort_size="3-6")
    one = design.decide([Tally(), Tally(), Tally()], 0)
    assert (one.n_to_enrol, one.n_at_most) == (1, 1)
    three = design.decide([Tally(n_evaluable=1, n_dlts=1), Tally(), Tally()], 0)
    assert (three.n_to_enrol, three.n_at_most) == (2, 5)
    assert departures(design, "1T 1NNNN 1NNN") == []


def test_pending_patients_leave_the_number_open_to_the_fewest():
    design = ThreePlusThree(n_levels=2, cohort_size="3-6", max_patients=9)
    decision = design.decide([Tally(n_evaluable=6), Tally(n_evaluable=1, n_pending=1)], 1)
    assert decision.settled
    assert (decision.level, decision.n_to_enrol, decision.n_at_most) == (1, 1, 1)


def test_the_rule_text_says_the_range():
    design = ThreePlusThree(n_levels=2, cohort_size="3-6")
    assert "A cohort may have three to six evaluable patients" in rule_text(design, ["a", "b"])
    assert "A cohort may" not in rule_text(ThreePlusThree(n_levels=2), ["a", "b"])


def test_a_range_is_said_where_it_is_given_and_nothing_to_designs_with_one_size():
    assert "cohort_size" not in describe_design(ThreePlusThree(n_levels=2))
    assert describe_design(ThreePlusThree(n_levels=2, cohort_size="3-6")).endswith(
        "cohort_size 3-6 (simulated: 3)"
    )
    assert "cohort_size" not in design_options(RollingSix)
    own = Protocol.plain(3).with_design("boin", target=0.3, cohort_size=2, max_patients=12)
    assert [name for name, _ in ask_all(own, "1NN").left_out] == ["a+b", "tite-boin", "tite-crm"]
    ranged = Protocol.plain(3, cohort_size="3-6")
    sizes = {
        one.name: getattr(one.design, "cohort_size", None)
        for one in ask_all(ranged, "1NNN", max_patients=12).opinions
    }
    assert sizes["3+3 declare"] == "3-6"
    assert sizes["boin"] == 3


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("6-3", 'cohort_size is upside down: write "3-6", not "6-3"'),
        (
            "2-6",
            'must be a range from 3, on which a level is first judged, to at most 6, not "2-6"',
        ),
        (
            "3-7",
            'must be a range from 3, on which a level is first judged, to at most 6, not "3-7"',
        ),
        ("3", "must be a range such as \"3-6\", not '3'"),
        (3, 'must be a range such as "3-6", not 3'),
        ("3-", "must be a range such as"),
        ("3-6-9", "must be a range such as"),
        ("three", "must be a range such as"),
        ("-3-6", "must be a range such as"),
        ("3-" + "9" * 5000, "must be a range such as"),
        (True, 'must be a range such as "3-6", not True'),
        ((3, 6), "must be a range such as"),
    ],
)
def test_a_range_that_is_none_is_refused_in_one_line(size, said):
    with pytest.raises(DesignError) as caught:
        make_design("3+3", n_levels=3, cohort_size=size)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_third_stage_allows_cohorts_up_to_its_end():
    assert make_design("3+3", n_levels=3, cohort_size="3-9", third=3).largest_cohort == 9
