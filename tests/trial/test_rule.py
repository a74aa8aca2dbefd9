"""A committee's choice against the rule: every pair over a small domain, compared as written out.

The ladder is -1, 1, 2, as the protocol labels it; decisions name levels by their place.
"""

from __future__ import annotations

from itertools import product

import pytest

from escalation.designs.base import Action, Clause, Decision
from escalation.trial.events import Choice
from escalation.trial.rule import (
    describe_choice,
    forbids_one_more,
    goes_further,
    is_as_said,
    recommend,
)

from .bench import NCT

LABELS = NCT.labels[:3]
CLAUSE = Clause(id="so", text="So.")
ENROL = [
    Decision(action=Action.STAY, level=level, n_to_enrol=n, n_optional=more, clause=CLAUSE)
    for level, n, more in product(range(3), (1, 3), (0, 2))
]
STOP = [Decision(action=Action.STOP, mtd=mtd, clause=CLAUSE) for mtd in (None, 0, 1, 2)]
CHOICES = [
    *(
        Choice(action="enrol", level=level, n_to_enrol=n)
        for level, n in product((*LABELS, 9), range(1, 7))
    ),
    *(Choice(action="stop", mtd=mtd) for mtd in (None, *LABELS, 9)),
    Choice(action="defer"),
    Choice(action="resume"),
]


def exposes_more(choice: Choice, said: Decision) -> bool:
    """Say it as a table of doses: patients at each level that the rule would not have treated."""
    if choice.action == "enrol":
        if said.level is None or choice.level not in LABELS:
            return True
        place = LABELS.index(choice.level)
        if place > said.level:
            return True
        return place == said.level and choice.n_to_enrol > said.n_to_enrol + said.n_optional
    if choice.action == "stop" and choice.mtd is not None:
        claims = LABELS.index(choice.mtd) if choice.mtd in LABELS else 99
        return said.mtd is None or claims > said.mtd
    return False


def test_labels_are_the_lowest_three_of_the_protocol():
    assert LABELS == (-1, 1, 2)


@pytest.mark.parametrize("said", [*ENROL, *STOP])
def test_a_choice_goes_further_where_it_exposes_or_claims_more(said):
    for choice in CHOICES:
        assert goes_further(choice, said, LABELS) is exposes_more(choice, said), choice


def test_while_the_rule_waits_a_choice_goes_further_unless_it_does_under_no_answer():
    for answers in product([*ENROL[::2], *STOP[:2]], repeat=2):
        waits = Decision(action=Action.WAIT, possible=answers, clause=CLAUSE)
        for choice in CHOICES:
            assert goes_further(choice, waits, LABELS) is any(
                exposes_more(choice, answer) for answer in answers
            )
        for label in LABELS:
            one_more = Choice(action="enrol", level=label, n_to_enrol=1)
            assert forbids_one_more(waits, label, LABELS) is all(
                exposes_more(one_more, answer) for answer in answers
            )


def test_while_nothing_is_possible_yet_every_patient_goes_further():
    waits = Decision(action=Action.WAIT, clause=CLAUSE)
    one_more = Choice(action="enrol", level=-1, n_to_enrol=1)
    assert goes_further(one_more, waits, LABELS)
    assert forbids_one_more(waits, -1, LABELS)


@pytest.mark.parametrize("said", ENROL)
def test_a_choice_is_as_said_with_as_many_patients_as_the_rule_asks_for_or_allows(said):
    for choice in CHOICES:
        as_said = (
            choice.action == "enrol"
            and choice.level == LABELS[said.level]
            and said.n_to_enrol <= choice.n_to_enrol <= said.n_to_enrol + said.n_optional
        )
        assert is_as_said(choice, said, NCT) is as_said, choice


@pytest.mark.parametrize("said", STOP)
def test_a_stop_is_as_said_with_the_same_mtd(said):
    for choice in CHOICES:
        mtd = None if said.mtd is None else LABELS[said.mtd]
        as_said = choice.action == "stop" and choice.mtd == mtd
        assert is_as_said(choice, said, NCT) is as_said, choice
        assert recommend(said, NCT).mtd == mtd


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(action="enrol", level=1, n_to_enrol=1), "enrol 1 patient at level 1, 3E6 cells/kg"),
        (Choice(action="enrol", level=-1, n_to_enrol=2), "enrol 2 patients at level -1, 1E6 cel"),
        (Choice(action="enrol", level=9, n_to_enrol=3), "enrol 3 patients at level 9"),
        (Choice(action="stop"), "stop, no MTD"),
        (Choice(action="stop", mtd=2), "stop, the MTD is level 2, 6E6 cells/kg"),
        (Choice(action="resume"), "resume enrolment"),
        (Choice(action="defer"), "defer"),
    ],
)
def test_a_choice_is_said_in_a_few_words(choice, words):
    assert describe_choice(choice, NCT).startswith(words)
