"""What pending patients can still change, held against the rule asked for each way."""

from __future__ import annotations

import json

import pytest

from escalation.designs.base import Action
from escalation.outcomes import Tally
from escalation.protocol import Protocol, load_protocol
from escalation.reports.trial.outlook import describe_outlook, outlook, outlook_document
from escalation.trial import rule_says
from tests.reports.played import Played, begin, play_demo


def lines(played: Played) -> list[str]:
    protocol = played.state.protocol
    assert protocol is not None
    return list(describe_outlook(outlook(played.state), rule_says(played.state), protocol))


def play(*cohorts: str, n_levels: int = 3) -> Played:
    """Play cohorts in notation on a plain ladder; against the rule where need be."""
    played = begin(Protocol.plain(n_levels))
    n = 0
    for day, cohort in enumerate(cohorts):
        letters = {f"S{n + k}": letter for k, letter in enumerate(cohort[1:])}
        n += len(letters)
        played.open_cohort(day, action="enrol", level=int(cohort[0]), n_to_enrol=len(letters))
        for subject in letters:
            played.treat(subject, day)
        for subject, letter in letters.items():
            if letter != "?":
                played.outcome(subject, day, letter)
    return played


def test_nobody_pending_leaves_nothing_open() -> None:
    played = play("1NNN")
    assert outlook(played.state) == []
    assert lines(played) == []


def test_before_registration_there_is_nothing() -> None:
    assert outlook(Played().state) == []


def test_ways_that_lead_to_the_same_are_one_line() -> None:
    assert lines(play_demo()) == [
        "If, of the 3 pending at level 2,",
        "  0 have a DLT: escalate to level 3, 1E7 cells/kg: enrol 3 patients.",
        "  1 to 3 have a DLT: de-escalate to level 1, 3E6 cells/kg: enrol 3 patients.",
    ]


def test_a_single_way_with_one_dlt_is_singular() -> None:
    assert lines(play("1N??")) == [
        "If, of the 2 pending at level 1,",
        "  0 have a DLT: escalate to level 2: enrol 3 patients.",
        "  1 has a DLT: stay at level 1: enrol 3 patients.",
        "  2 have a DLT: stop: no MTD.",
    ]


def test_a_settled_answer_says_that_it_holds() -> None:
    assert lines(play("1NNN", "2TT?")) == [
        "Whether or not the patient pending at level 2 has a DLT, this holds."
    ]
    assert lines(play("1NNN", "2TT??")) == [
        "However many of the 2 pending at level 2 have a DLT, this holds."
    ]


def test_an_answer_that_dropouts_alone_could_change_is_not_said_to_hold() -> None:
    played = play("1NNN", "2NNN", "3NNN", "3NN?")
    assert rule_says(played.state).action is Action.WAIT
    assert lines(played) == [
        "Whether or not the patient pending at level 3 has a DLT: stop: the MTD is level 3.",
        "If some turn out not evaluable: stay at level 3: enrol 1 patient.",
    ]


def test_pending_at_two_levels_are_told_by_what_they_lead_to() -> None:
    told = lines(play("1NN?", "2N?"))
    assert told[0] == "If, of the 1 pending at level 1 and the 1 at level 2,"
    assert told[1].startswith("  0 at level 1 and 0 to 1 at level 2 have a DLT: ")
    assert len(told) == 3


def test_ways_at_two_levels_that_lead_to_the_same_are_one_line() -> None:
    played = play("1NN?", "2???")
    _, *told = lines(played)
    assert [line.removesuffix(": enrol 3 patients.") for line in told] == [
        "  0 at level 1 and 0 at level 2 have a DLT: escalate to level 3",
        "  0 at level 1 and 1 at level 2 have a DLT: stay at level 2",
        "  0 at level 1 and 2 to 3 at level 2 have a DLT: de-escalate to level 1",
        "  1 at level 1 and 0 to 3 at level 2 have a DLT: de-escalate to level 1",
    ]
    assert len(outlook(played.state)) == 8


def test_many_ways_are_cut_short_and_too_many_are_given_as_what_is_possible() -> None:
    told = lines(play("1????", "2???", "3????"))
    assert told[-1] == "  and 9 more such lines; --json lists every way"
    assert len(told) == 14
    played = play("1???????????????", "2???????????????")
    assert outlook(played.state) == []
    assert all(line.startswith("Possible: ") for line in lines(played))
    assert len(lines(played)) == len(rule_says(played.state).possible) > 1


@pytest.mark.parametrize("last", range(10, 45))
def test_each_way_is_what_the_rule_says_of_those_tallies(last: int) -> None:
    played = play_demo(last)
    state, protocol = played.state, load_protocol("nct07123519")
    tallies = state.tallies()
    ways = outlook(state)
    assert bool(ways) == any(tally.n_pending for tally in tallies)
    for way in ways:
        known = list(tallies)
        for label, n_pending, n_dlts in way.pending:
            level = protocol.labels.index(label)
            assert known[level].n_pending == n_pending
            known[level] = Tally(
                n_evaluable=known[level].n_evaluable + n_pending,
                n_dlts=known[level].n_dlts + n_dlts,
            )
        current = protocol.labels.index(state.written_cohorts()[-1].label)
        assert way.decision == protocol.design.decide(known, current)


def test_the_document_has_every_way() -> None:
    played = play_demo()
    protocol = load_protocol("nct07123519")
    document = json.loads(json.dumps(outlook_document(outlook(played.state), protocol)))
    assert [way["pending"] for way in document] == [
        [{"level": 2, "n_pending": 3, "n_dlts": n}] for n in range(4)
    ]
    assert [(way["action"], way["level"]) for way in document] == [
        ("escalate", 3),
        *[("deescalate", 1)] * 3,
    ]
