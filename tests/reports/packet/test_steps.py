"""A meeting step by step, at entries of the demo trial, against what was written down by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest

from escalation.protocol import load_protocol
from escalation.reports.packet import Basis
from escalation.reports.packet.steps import Step, asks_of, list_steps
from escalation.reports.view import Block, Items, Paragraph, Table
from escalation.trial import Recorded, replay_events
from escalation.trial.demo.script import (
    ADJUDICATOR,
    AUDITOR,
    CHAIR,
    MEMBER,
    OTHER_MEMBER,
    SITE,
    STATISTICIAN,
)
from escalation.trial.demo.star_t import STAR_T

PEOPLE = (SITE, CHAIR, MEMBER, OTHER_MEMBER, STATISTICIAN, AUDITOR, ADJUDICATOR)


@cache
def entries(*, freeze_first: bool = False) -> list[Recorded]:
    protocol = load_protocol(STAR_T.protocol)
    if freeze_first:
        protocol = replace(protocol, committee=replace(protocol.committee, freeze_first=True))
    recorded: list[Recorded] = []
    state = replay_events(())
    for command, recorder in STAR_T.steps(protocol):
        if freeze_first and state.seq == 26:
            break
        for event in command(state, recorder):
            seq = len(recorded) + 1
            hashed = f"{seq:064}"
            new = Recorded(seq=seq, at=recorder.at, by=recorder.name, hash=hashed, event=event)
            recorded.append(new)
            state = replay_events([new], state)
    return recorded


def basis_at(seq: int, *, freeze_first: bool = False) -> Basis:
    known = entries(freeze_first=freeze_first)[:seq]
    state = replay_events(known)
    return Basis(state=state, entries=known, trial="DEMO", on=known[-1].event.on)


def asked(basis: Basis) -> dict[str, list[str]]:
    """Return what is asked of each person of whom something is."""
    found = {
        person: [ask.name for ask in asks_of(basis, person, basis.last.at)] for person in PEOPLE
    }
    return {person: names for person, names in found.items() if names}


DECIDERS = (CHAIR, MEMBER, OTHER_MEMBER, STATISTICIAN)


@pytest.mark.parametrize(
    ("seq", "expected"),
    [
        # nobody is treated before the committee has decided where to start
        (8, {person: ["decide"] for person in DECIDERS}),
        # decision 9 is put to the vote, by the statistician
        (9, {person: ["vote"] for person in (CHAIR, MEMBER, OTHER_MEMBER)}),
        (10, {person: ["vote"] for person in (MEMBER, OTHER_MEMBER)}),
        # two for it carry it: the chair signs, and the third may still vote
        (11, {OTHER_MEMBER: ["vote"], CHAIR: ["approve"]}),
        # approved by entry 13: to be sent round, and places are free
        (13, {person: ["circulate"] for person in DECIDERS}),
        # the first cohort is over
        (27, {person: ["circulate", "decide"] for person in DECIDERS}),
    ],
)
def test_what_is_asked_of_whom(seq: int, expected: dict[str, list[str]]):
    assert asked(basis_at(seq)) == expected


def test_where_data_have_to_be_frozen_the_site_is_asked_and_nobody_can_decide():
    basis = basis_at(26, freeze_first=True)
    found = asked(basis)
    assert found[SITE] == ["freeze"]
    assert "decide" not in found[STATISTICIAN]
    freezing, *_ = list_steps(basis, None, basis.last.at)
    assert freezing.stands == "next"
    assert "The data have not been frozen" in text_of(freezing)


def text_of(step: Step) -> str:
    return " ".join(_texts(step.blocks))


def _texts(blocks: Sequence[Block]) -> list[str]:
    found = []
    for block in blocks:
        match block:
            case Paragraph(text):
                found.append(text)
            case Items(items):
                found += [item.text for item in items]
            case Table(rows):
                found += [" ".join(row) for row in rows]
    return found


def test_the_steps_of_the_override_say_who_did_what_and_when():
    basis = basis_at(61)
    steps = {s.name: s for s in list_steps(basis, basis.state.find_decision(48), basis.last.at)}
    assert [step.stands for step in steps.values()] == [
        *("not needed", "done", "done", "done", "done", "next"),
    ]
    assert "FURTHER THAN THE RULE WENT" in text_of(steps["decide"])
    assert "Recorded by E. Brandt on 2026-05-04 (entry 48)" in text_of(steps["decide"])
    assert "carried by 2 against 1" in text_of(steps["vote"])
    assert "A. Haddad AGAINST 2026-05-04 entry 51" in text_of(steps["vote"])
    assert "Approved by Zhao Lan" in text_of(steps["sign"])
    assert "TJ-008 was dosed first, on 2026-05-06" in text_of(steps["circulate"])
    assert steps["sign"].who == "chair (Zhao Lan)"
    later = text_of(steps["freeze"])
    assert "After entry 47 came 7 entries, 7 of them about patients" in later
    assert "TJ-010 dosed on 2026-05-22" in later


def test_a_step_says_what_stands_in_its_way_in_the_words_of_the_command():
    basis = basis_at(10)
    *_, signing, _ = list_steps(basis, basis.state.find_decision(9), basis.last.at)
    assert "Decision 9 is not carried yet: 1 for and 0 against" in text_of(signing)


def test_every_entry_of_the_demo_can_be_said():
    for seq in range(1, 62):
        basis = basis_at(seq)
        for made in (None, *basis.state.decisions):
            assert len(list_steps(basis, made, basis.last.at)) == 6
