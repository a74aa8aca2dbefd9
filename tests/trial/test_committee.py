# ruff: noqa: RUF001  # names in letters that look alike
"""A committee of several people: votes, quorum, majority, and who may do what beside what."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from escalation.protocol import Committee
from escalation.trial import (
    amend_protocol,
    cast_vote,
    circulate_decision,
    close_trial,
    decide,
    delegate_role,
    departures,
    dose_subject,
    evolve,
    freeze_data,
    next_patient,
    register_trial,
    revoke_role,
    sign,
)
from escalation.trial.committee.exclusive import excluded_by
from escalation.trial.committee.tally import say_count, tally_votes
from escalation.trial.events import (
    Attendance,
    Choice,
    DataFrozen,
    DecisionCirculated,
    Meaning,
    Role,
    RoleDelegated,
    Signed,
    Vote,
    VoteCast,
)
from escalation.trial.state import TrialState

from .bench import AUDITOR, CHAIR, MEMBER, NCT, OFFICE, SITE, STATISTICIAN, Bench, day, recorded

FOR, AGAINST, ABSTAINED = Vote.FOR, Vote.AGAINST, Vote.ABSTAINED
VOTERS = ("chair", "member", "m3", "m4")
RULES = [
    Committee(quorum=quorum, chair_needed=chair, majority=majority)
    for quorum, chair, majority in product(
        (1, 2, 3, 4), (True, False), ("1/3", "1/2", "2/3", "3/4")
    )
]


@pytest.fixture
def bench() -> Bench:
    """Give a trial whose committee is chair and member, with the default rules."""
    return Bench.started(quorum=2)


def committee_of_four(**rules) -> Bench:
    bench = Bench.started(**{"quorum": 2} | rules)
    for person in VOTERS[2:]:
        bench.do(delegate_role, OFFICE, person=person, role=Role.MEMBER)
    return bench


# ---------------------------------------------------------------- the count


def carries(votes: dict[str, Vote], rules: Committee, majority: str | None = None) -> bool:
    """Say the same as the protocol's sentence does, in fractions."""
    n_for, n_against = (list(votes.values()).count(vote) for vote in (FOR, AGAINST))
    share = Fraction(n_for, n_for + n_against) if n_for + n_against else Fraction(0)
    enough = len(votes) >= rules.quorum
    chaired = not rules.chair_needed or "chair" in votes
    return enough and chaired and share > Fraction(majority or rules.majority)


def standing(votes: dict[str, Vote], voters: tuple[str, ...], rules: Committee) -> str:
    """Look at every way in which those who have not voted can still vote, or not."""
    if carries(votes, rules):
        return "carried"
    left = [voter for voter in voters if voter not in votes]
    for ways in product((None, FOR, AGAINST, ABSTAINED), repeat=len(left)):
        more = {who: way for who, way in zip(left, ways, strict=True) if way is not None}
        if carries(votes | more, rules):
            return "open"
    return "rejected"


def counted(votes: dict[str, Vote], voters: tuple[str, ...], rules: Committee, bench: Bench):
    state = bench.state.copied()
    state.roles = {v: frozenset({Role.CHAIR if v == "chair" else Role.MEMBER}) for v in voters}
    made = state.decisions[-1]
    cast = tuple(
        (
            recorded(state, event, by=voter),
            event,
        )
        for voter, event in (
            (v, VoteCast(on=day(0), decision=made.seq, decision_hash=made.hash, vote=vote))
            for v, vote in votes.items()
        )
    )
    made = replace(
        made,
        protocol=replace(made.protocol, committee=rules),
        votes=cast,
        chairs=frozenset({"chair"} & set(votes)),
    )
    state.decisions[-1] = made
    return tally_votes(state, made)


@pytest.mark.parametrize("n_voters", [1, 2, 3, 4])
def test_standing_is_that_of_every_way_to_go_on_voting(n_voters: int) -> None:
    """Oracle: brute force over all votes of up to 4 voters, and all ways to complete them."""
    bench = committee_of_four(quorum=1)
    bench.do(decide, STATISTICIAN)
    voters = VOTERS[:n_voters]
    for ways in product((None, FOR, AGAINST, ABSTAINED), repeat=n_voters):
        votes = {who: way for who, way in zip(voters, ways, strict=True) if way is not None}
        for rules in RULES:
            tally = counted(votes, voters, rules, bench)
            assert tally.standing == standing(votes, voters, rules), (votes, rules)
            assert (tally.n_for, tally.n_against, tally.n_abstained) == tuple(
                list(votes.values()).count(vote) for vote in (FOR, AGAINST, ABSTAINED)
            )
            if tally.standing != "rejected":
                assert set(tally.outstanding) == set(voters) - set(votes)


@pytest.mark.parametrize("ways", list(product((FOR, AGAINST, ABSTAINED), repeat=4)))
def test_a_sequence_of_votes_stays_rejected_once_it_is_and_carries_as_counted(ways) -> None:
    """Oracle: the same, vote by vote through the commands."""
    rules = Committee(quorum=3, majority="1/2")
    bench = committee_of_four(quorum=3)
    bench.do(decide, STATISTICIAN)
    votes: dict[str, Vote] = {}
    for voter, vote in zip(VOTERS, ways, strict=True):
        bench.do(cast_vote, voter, vote=vote, reason="so")
        votes[voter] = vote
        made = bench.state.decisions[-1]
        assert tally_votes(bench.state, made).standing == standing(votes, VOTERS, rules)
    command = (sign, CHAIR)
    if standing(votes, VOTERS, rules) == "carried":
        bench.do(*command, meaning=Meaning.APPROVED)
        assert len(bench.state.cohorts) == 1
    else:
        said = bench.refused(*command, meaning=Meaning.APPROVED)
        assert "rejected by" in said or "not carried yet" in said
        assert not bench.state.cohorts


def test_an_override_needs_its_own_majority() -> None:
    bench = committee_of_four(override_majority="2/3")
    choice = Choice(action="enrol", level=-1, n_to_enrol=3)
    bench.do(decide, STATISTICIAN, choice=choice, rationale="frail patients")
    for voter, vote in zip(VOTERS, (FOR, FOR, AGAINST), strict=False):
        bench.do(cast_vote, voter, vote=vote, reason="so")
    made = bench.state.decisions[-1]
    assert tally_votes(bench.state, made).standing == "open"  # 2 of 3 is not more than 2/3
    bench.do(cast_vote, "m4", vote=FOR)
    assert tally_votes(bench.state, bench.state.decisions[-1]).standing == "carried"


def test_a_rejection_stays_though_members_are_added(bench: Bench) -> None:
    bench.do(decide, STATISTICIAN)
    bench.do(cast_vote, CHAIR, vote=FOR)
    bench.do(cast_vote, MEMBER, vote=AGAINST, reason="too early")
    rejection = bench.state.seq
    bench.do(delegate_role, OFFICE, person="late", role=Role.MEMBER)
    made = bench.state.decisions[-1]
    assert say_count(tally_votes(bench.state, made)) == "rejected by 1 against 1"
    bench.do(cast_vote, "late", vote=FOR)  # for the record
    assert bench.state.decisions[-1].rejected == rejection
    assert "rejected by 1 against 2" in bench.refused(sign, CHAIR, meaning=Meaning.APPROVED)
    bench.meet()  # decided again
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    assert bench.state.open_cohort is not None


def test_a_chair_s_vote_stays_one_when_the_role_is_taken_away(bench: Bench) -> None:
    bench.meet()
    bench.do(delegate_role, OFFICE, person="Bob", role=Role.CHAIR)
    bench.do(revoke_role, OFFICE, person=CHAIR, role=Role.CHAIR, reason="left")
    bench.do(sign, "Bob", meaning=Meaning.APPROVED)
    assert bench.state.open_cohort is not None


def test_a_rejected_decision_stands_in_nobody_s_way(bench: Bench) -> None:
    bench.meet()
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    bench.enrol("S1")
    bench.do(decide, STATISTICIAN, choice=Choice(action="stop"), rationale="a rumour")
    waiting = next_patient(bench.state, day(0), subject="S1")
    assert "treats nobody more at this level" in waiting.obstacles[0].text
    for voter in (CHAIR, MEMBER):
        bench.do(cast_vote, voter, vote=AGAINST, reason="nothing to it")
    assert next_patient(bench.state, day(0), subject="S1").yes


def test_who_has_not_voted_may_until_it_is_approved_or_replaced() -> None:
    bench = committee_of_four()
    bench.meet()
    first = bench.state.decisions[-1]
    assert tally_votes(bench.state, first).outstanding == ("m3", "m4")
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    assert tally_votes(bench.state, bench.state.decisions[-1]).outstanding == ()
    for _ in range(2):
        bench.do(decide, STATISTICIAN, choice=Choice(action="defer"), rationale="tomorrow")
    _, replaced, last = bench.state.decisions
    assert tally_votes(bench.state, replaced).outstanding == ()
    assert tally_votes(bench.state, replaced).standing == "open"
    assert set(tally_votes(bench.state, last).outstanding) == set(VOTERS)


def test_of_three_decisions_the_last_is_meant() -> None:
    bench = opened()
    for _ in range(2):
        bench.do(decide, STATISTICIAN, choice=Choice(action="defer"), rationale="tomorrow")
    last = bench.state.seq
    for command, said in (
        ({"command": circulate_decision, "to": [SITE]}, f"Decision {last} is not approved"),
        (
            {"command": circulate_decision, "to": [SITE], "decision": 3},
            f"last one is entry {last}.",
        ),
        ({"command": cast_vote, "vote": FOR, "decision": 3}, f"the last decision is entry {last}"),
        (
            {"command": cast_vote, "vote": FOR, "decision": last - 1},
            f"Decision {last} has taken the place of decision {last - 1}.",
        ),
        (
            {"command": sign, "meaning": Meaning.PROPOSED, "entry": 3},
            f"the last one is entry {last}",
        ),
        ({"command": sign, "meaning": Meaning.APPROVED, "entry": last - 1}, f"Decision {last} has"),
    ):
        assert said in bench.refused(by=CHAIR, **command)
    (vote,) = bench.do(cast_vote, CHAIR, vote=FOR)
    (signed,) = bench.do(sign, CHAIR, meaning=Meaning.PROPOSED)
    assert (vote.decision, signed.entry) == (last, last)


def test_of_three_freezes_the_last_counts() -> None:
    bench = opened(freeze_first=True)
    bench.enrol("S1")
    for _ in range(3):
        bench.do(freeze_data, SITE, checked_by=[STATISTICIAN])
    last = bench.state.seq
    defer = {"choice": Choice(action="defer"), "rationale": "a meeting is due"}
    bench.do(decide, STATISTICIAN, **defer)
    assert bench.state.decisions[-1].frozen == last - 1
    bench.dose("S1")
    said = bench.refused(decide, STATISTICIAN, **defer)
    assert f"were frozen by entry {last} up to entry {last - 1}" in said


# ---------------------------------------------------------------- refused


@pytest.fixture
def decided(bench: Bench) -> Bench:
    bench.do(decide, STATISTICIAN, 1)
    return bench


@pytest.mark.parametrize(
    ("by", "details", "words"),
    [
        (CHAIR, {"vote": AGAINST}, "A vote against needs its reason."),
        (CHAIR, {"vote": AGAINST, "reason": " "}, "The reason must be one line of text"),
        (CHAIR, {"vote": Vote.PRESENT}, "A vote is for, against or abstained."),
        (CHAIR, {"vote": FOR, "decision": 3}, "Entry 3 is not a decision; the last decision is"),
        (CHAIR, {"vote": FOR, "decision": 99}, "Entry 99 is not a decision; the last decision"),
        (SITE, {"vote": FOR}, '"site" has the role site; to vote takes member or chair.'),
        (STATISTICIAN, {"vote": FOR}, "to vote takes member or chair."),
        ("Eve", {"vote": FOR}, '"Eve" has no role in this trial; to vote takes member or chair.'),
        (CHAIR, {"vote": FOR, "on": 0}, "The decision is of 2026-01-06; 2026-01-05 is before it."),
    ],
)
def test_what_is_not_a_vote_is_refused(decided: Bench, by: str, details, words: str) -> None:
    assert words in decided.refused(cast_vote, by, **details)


def test_before_any_decision_there_is_nothing_to_vote_on(bench: Bench) -> None:
    assert "No decision has been made." in bench.refused(cast_vote, CHAIR, vote=FOR)


def test_nobody_votes_twice_not_even_in_other_letters(decided: Bench) -> None:
    decided.do(cast_vote, MEMBER, vote=FOR)
    assert "member has voted on decision 7" in decided.refused(cast_vote, MEMBER, vote=FOR)
    again = decided.refused(cast_vote, "MEMBER", vote=AGAINST, reason="no")
    assert "MEMBER has voted on decision 7" in again


def test_nobody_votes_after_the_approval_or_once_the_decision_was_replaced(decided: Bench) -> None:
    bench = committee_of_four()
    bench.meet()
    bench.do(decide, STATISTICIAN, choice=Choice(action="defer"), rationale="tomorrow")
    said = bench.refused(cast_vote, "m3", vote=FOR, decision=9)
    assert "Decision 12 has taken the place of decision 9." in said
    bench.meet()
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    assert "Decision 13 was approved by entry 16." in bench.refused(cast_vote, "m3", vote=FOR)


def test_nobody_votes_in_a_trial_that_was_closed(decided: Bench) -> None:
    decided.do(close_trial, CHAIR, reason="sponsor")
    assert "The trial was closed by entry 8." in decided.refused(cast_vote, CHAIR, vote=FOR)


def test_where_one_person_decides_nobody_votes() -> None:
    bench = Bench.started()
    bench.do(decide, CHAIR)
    said = bench.refused(cast_vote, MEMBER, vote=FOR)
    assert "Decision 7 is one person's, as the protocol says." in said
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)


def test_an_approval_needs_the_votes_and_another_person_than_the_recorder(bench: Bench) -> None:
    bench.do(decide, CHAIR)
    bench.do(cast_vote, CHAIR, vote=FOR)
    said = bench.refused(sign, CHAIR, meaning=Meaning.APPROVED)
    assert "not carried yet: 1 for and 0 against; still to vote: member (the quorum is 2" in said
    assert "chair recorded decision 7: someone else has to approve it" in said
    bench.do(cast_vote, MEMBER, vote=FOR)
    assert "not carried" not in bench.refused(sign, CHAIR, meaning=Meaning.APPROVED)
    bench.do(delegate_role, OFFICE, person="Bob", role=Role.CHAIR)
    bench.do(sign, "Bob", meaning=Meaning.APPROVED)


def test_the_recorder_may_approve_where_the_protocol_says_so() -> None:
    bench = Bench.started(recorder_may_approve=True)
    bench.do(decide, CHAIR)
    for voter in (CHAIR, MEMBER):
        bench.do(cast_vote, voter, vote=FOR)
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)


def test_what_nobody_could_carry_is_not_put_to_the_vote() -> None:
    bench = Bench(protocol=NCT)
    bench.do(register_trial, OFFICE, protocol=NCT)
    bench.do(delegate_role, OFFICE, person="m", role=Role.MEMBER)
    said = bench.refused(decide, "m")
    assert "The quorum is 2 and 1 may vote: delegate a chair and members." in said
    assert "There is no chair, who has to be among the votes." in said


def test_votes_are_not_said_by_who_records_the_decision(bench: Bench) -> None:
    votes = [Attendance(person=MEMBER, vote=FOR)]
    said = bench.refused(decide, STATISTICIAN, attendees=votes)
    assert '"member" votes by an entry of their own: `escalation trial vote`.' in said
    bench.do(decide, STATISTICIAN, attendees=[Attendance(person=AUDITOR, vote=Vote.PRESENT)])


@pytest.mark.parametrize("by", [SITE, "Eve", CHAIR])
def test_entries_that_no_command_made_carry_nothing(bench: Bench, by: str) -> None:
    """A vote by somebody without one, and an approval without votes, do not fit."""
    bench.do(decide, CHAIR)
    made = bench.state.decisions[-1]

    vote = VoteCast(on=day(0), decision=made.seq, decision_hash=made.hash, vote=FOR)
    state = evolve(bench.state, recorded(bench.state, vote, by))
    approval = Signed(on=day(0), entry=made.seq, entry_hash=made.hash, meaning=Meaning.APPROVED)
    state = evolve(state, recorded(state, approval, CHAIR))
    assert state.cohorts == []
    assert state.decisions[-1].approved is None
    assert len(state.oddities) == (1 if by == CHAIR else 2)


# ---------------------------------------------------------------- roles that exclude each other


PAIRS = (
    "chair+site auditor+site auditor+chair auditor+member auditor+statistician auditor+adjudicator"
)


@pytest.mark.parametrize("held", list(Role))
@pytest.mark.parametrize("given", list(Role))
def test_roles_exclude_each_other_as_the_protocol_s_pairs_say(held: Role, given: Role) -> None:
    bench = Bench(protocol=NCT)
    bench.do(register_trial, OFFICE, protocol=NCT)
    bench.do(delegate_role, OFFICE, person="Ada", role=held)
    if given is held:
        return
    if {f"{held}+{given}", f"{given}+{held}"} & set(PAIRS.split()):
        said = bench.refused(delegate_role, OFFICE, person="Ada", role=given)
        assert f'"Ada" is {held}, which excludes {given}' in said
        assert given in excluded_by(held, bench.state.committee)
    else:
        bench.do(delegate_role, OFFICE, person="Ada", role=given)


def test_case_15_who_registers_cannot_be_chair_and_site() -> None:
    bench = Bench(protocol=NCT)
    bench.do(register_trial, "Ada", protocol=NCT)
    bench.do(delegate_role, "Ada", person="Ada", role=Role.CHAIR)
    said = bench.refused(delegate_role, "Ada", person="ADA", role=Role.SITE)
    assert "is chair, which excludes site" in said
    assert "The quorum is 2 and 1 may vote" in bench.refused(decide, "Ada")


def test_case_15_recorded_it_is_a_departure_for_ever() -> None:
    bench = Bench(protocol=replace(NCT, committee=Committee(exclusive_roles="record")))
    bench.do(register_trial, "Ada", protocol=bench.protocol)
    bench.do(delegate_role, "Ada", person="Ada", role=Role.CHAIR)
    bench.do(delegate_role, "Ada", person="Ada", role=Role.SITE)
    bench.do(revoke_role, "Ada", person="Ada", role=Role.SITE, reason="noticed")
    (departure,) = departures(bench.state)
    assert departure.entry == 3
    assert "Ada was site and chair from entry 3 on" in departure.text


def test_a_trial_that_stops_being_one_person_s_has_to_part_the_roles(bench: Bench) -> None:
    solo = Bench.started()
    solo.do(delegate_role, OFFICE, person=CHAIR, role=Role.SITE)
    several = replace(NCT, committee=Committee())
    said = solo.refused(amend_protocol, CHAIR, protocol=several, reason="more people")
    assert '"chair" is site and chair, which exclude each other by the amended protocol' in said
    kept = replace(NCT, committee=Committee(exclusive_roles="record"))
    solo.do(amend_protocol, CHAIR, protocol=kept, reason="more people")
    assert any("chair was site and chair" in remark.text for remark in departures(solo.state))


def test_an_entry_by_other_means_that_joins_such_roles_does_not_fit(bench: Bench) -> None:
    event = RoleDelegated(on=day(0), person=CHAIR, role=Role.SITE)
    state = evolve(bench.state, recorded(bench.state, event, OFFICE))
    assert state.oddities == [(7, "chair cannot be both site and chair")]


def test_a_role_delegated_again_joins_no_roles(bench: Bench) -> None:
    """By other means: a command refuses it. The chair was chair before."""
    bench.state.roles[CHAIR] = frozenset({Role.CHAIR, Role.SITE})
    again = RoleDelegated(on=day(0), person=CHAIR, role=Role.CHAIR)
    after = evolve(bench.state, recorded(bench.state, again, OFFICE))
    assert (after.oddities, after.conflicts) == ([], [])
    after.roles[CHAIR] = frozenset({Role.SITE})
    after = evolve(after, recorded(after, again, OFFICE))
    assert [(c.person, c.role, c.other) for c in after.conflicts] == [(CHAIR, "chair", "site")]


def test_of_several_roles_that_are_excluded_the_first_is_named(bench: Bench) -> None:
    bench.do(delegate_role, OFFICE, person=CHAIR, role=Role.MEMBER)
    event = RoleDelegated(on=day(0), person=CHAIR, role=Role.AUDITOR)
    state = evolve(bench.state, recorded(bench.state, event, OFFICE))
    assert state.oddities == [(8, "chair cannot be both auditor and member")]
    assert [conflict.other for conflict in state.conflicts] == [Role.MEMBER, Role.CHAIR]


def test_an_open_decision_is_judged_by_the_protocol_under_which_it_was_made(bench: Bench) -> None:
    bench.do(decide, STATISTICIAN)
    bench.do(cast_vote, CHAIR, vote=FOR)
    easier = replace(NCT, committee=Committee(quorum=1))
    bench.do(amend_protocol, CHAIR, protocol=easier, reason="holidays")
    assert tally_votes(bench.state, bench.state.decisions[-1]).standing == "open"
    bench.do(decide, STATISTICIAN)
    bench.do(cast_vote, CHAIR, vote=FOR)
    assert tally_votes(bench.state, bench.state.decisions[-1]).standing == "carried"


def test_who_loosens_the_committee_by_an_amendment_is_a_departure_for_ever(bench: Bench) -> None:
    rules = {"solo": True, "quorum": 1, "exclusive": ()}
    alone = replace(NCT, committee=replace(bench.state.committee, **rules))
    bench.do(amend_protocol, CHAIR, protocol=alone, reason="holidays")
    entry = bench.state.seq
    bench.do(amend_protocol, CHAIR, protocol=replace(alone, title="new"), reason="a title")
    assert [remark.text for remark in departures(bench.state) if remark.entry == entry] == [
        f"The amendment of entry {entry} changed the rules of the committee, without a vote: "
        "solo false -> true; quorum 2 -> 1; exclusive chair+site, auditor+site, auditor+chair, "
        "auditor+member, auditor+statistician, auditor+adjudicator -> none."
    ]
    assert [remark.entry for remark in departures(bench.state)] == [entry]


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["CHAIR", "Chair", "ｃｈａｉｒ"])
def test_a_name_in_other_letters_of_the_same_kind_is_the_same_person(bench: Bench, name) -> None:
    bench.do(decide, STATISTICIAN)
    bench.do(cast_vote, name, vote=FOR)
    assert f"{CHAIR} has voted" in bench.refused(cast_vote, CHAIR, vote=FOR)
    assert "has this role" in bench.refused(delegate_role, OFFICE, person=name, role=Role.CHAIR)
    assert bench.state.roles_of(name) == {Role.CHAIR}


def test_another_blank_in_a_name_does_not_make_another_person(bench: Bench) -> None:
    """Else a chair could be given the site's role, which excludes it, by two blanks."""
    bench.do(delegate_role, OFFICE, person="Zhao Lan", role=Role.CHAIR)
    said = bench.refused(delegate_role, OFFICE, person="Zhao  lan", role=Role.SITE)
    assert "exclude" in said or "excluded" in said


@pytest.mark.parametrize(
    ("name", "other"),
    [("сhair", CHAIR), ("сһаіг", CHAIR), ("mеmber", MEMBER), ("0ffice", OFFICE)],
)
def test_a_name_that_looks_like_another_s_is_refused_with_the_other_named(
    bench: Bench, name: str, other: str
) -> None:
    """Letters of UTS 39's list of confusables; the registrar's name counts too."""
    said = bench.refused(delegate_role, OFFICE, person=name, role=Role.SITE)
    assert f'It looks like "{other}", who is in the record' in said
    assert f'It only looks like "{other}"' in bench.refused(decide, name) or other == OFFICE


def test_a_name_near_a_known_one_is_asked_after(bench: Bench) -> None:
    said = bench.refused(decide, "statistican")
    assert '"statistican" has no role in this trial' in said
    assert "Did you mean statistician? Known: " in said
    assert "Did you mean" not in bench.refused(decide, "Eve")
    said = bench.refused(revoke_role, OFFICE, person="audito", role=Role.AUDITOR, reason="left")
    assert "Did you mean auditor?" in said


def test_in_a_trial_that_0_2_0_began_names_are_compared_as_they_stand() -> None:
    bench = Bench.as_0_2_0()
    bench.do(delegate_role, OFFICE, person="Chair", role=Role.SITE)
    assert bench.state.roles_of("Chair") == {Role.SITE}
    assert bench.state.roles_of("chair") == {Role.CHAIR}


# ---------------------------------------------------------------- circulated, frozen


def opened(**rules) -> Bench:
    bench = Bench.started(**{"quorum": 2} | rules)
    bench.meet()
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    return bench


def test_nobody_is_dosed_at_a_new_level_before_the_decision_was_sent() -> None:
    bench = opened(circulate_first=True)
    bench.enrol("S1")
    said = bench.refused(dose_subject, SITE, subject="S1", infused=1.8e8)
    assert "Level 1 is new, and decision 7, which opened it, has not been sent to anybody" in said
    bench.do(circulate_decision, STATISTICIAN, 2, to=["Site 01", SITE])
    assert "has not been sent" in bench.refused(dose_subject, SITE, 1, subject="S1", infused=1.8e8)
    bench.dose("S1", 2)
    bench.enrol("S2", 16)
    bench.dose("S2", 16)
    assert bench.state.decisions[-1].circulated[0][1] == DecisionCirculated(
        on=day(2), decision=7, to=("Site 01", SITE)
    )


def test_a_dosing_against_the_gate_does_not_stand_for_the_letter() -> None:
    bench = opened(circulate_first=True)
    bench.enrol("S1")
    bench.dose("S1", deviation="it would have expired")
    said = [obstacle.text for obstacle in next_patient(bench.state, day(20)).obstacles]
    assert any("has not been sent to anybody" in text for text in said)


def test_a_level_given_before_needs_no_letter() -> None:
    bench = opened(circulate_first=True)
    bench.do(circulate_decision, STATISTICIAN, to=[SITE])
    for subject, start in (("S1", 0), ("S2", 14), ("S3", 17)):
        bench.treat(subject, start)
    bench.dlt("S1", 18, onset=15)
    for subject in ("S2", "S3"):
        bench.no_dlt(subject, 50)
    bench.meet(50)
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    bench.treat("S4", 50)  # three more at level 1


@pytest.mark.parametrize(
    ("by", "details", "words"),
    [
        (STATISTICIAN, {"to": []}, "Say to whom it was sent."),
        (STATISTICIAN, {"to": [SITE, "SITE"]}, '"site" is named 2 times.'),
        (STATISTICIAN, {"to": [SITE], "decision": 3}, "Entry 3 is not a decision; the last one"),
        (SITE, {"to": [SITE]}, "to circulate a decision takes member, chair or statistician."),
        (STATISTICIAN, {"to": ["two\nlines"]}, "The name must be one line of text"),
    ],
)
def test_what_is_no_circulation_is_refused(by, details, words) -> None:
    assert words in opened().refused(circulate_decision, by, **details)


def test_only_an_approved_decision_is_sent(bench: Bench) -> None:
    assert "No decision has been made." in bench.refused(circulate_decision, CHAIR, to=[SITE])
    bench.do(decide, STATISTICIAN)
    assert "Decision 7 is not approved" in bench.refused(circulate_decision, CHAIR, to=[SITE])


def test_a_decision_waits_for_frozen_data_where_the_protocol_says_so() -> None:
    bench = opened(freeze_first=True)  # 7 to 10: before the first patient there are no data
    bench.enrol("S1")
    defer = {"choice": Choice(action="defer"), "rationale": "a meeting is due"}
    assert "The data have not been frozen" in bench.refused(decide, STATISTICIAN, **defer)
    bench.do(freeze_data, SITE, checked_by=[STATISTICIAN], statement="source verified")
    assert bench.state.freezes[0][1] == DataFrozen(
        on=day(0), cutoff=11, checked_by=(STATISTICIAN,), statement="source verified"
    )
    bench.do(decide, STATISTICIAN, **defer)
    assert bench.state.decisions[-1].frozen == 11
    bench.dose("S1")
    said = bench.refused(decide, STATISTICIAN, **defer)
    assert "frozen by entry 12 up to entry 11, and entry 14 came after: freeze them again" in said


@pytest.mark.parametrize(
    ("by", "checked_by", "words"),
    [
        (CHAIR, [STATISTICIAN], '"chair" has the role chair; to freeze the data takes site.'),
        (SITE, [], "Say who checked them."),
        (SITE, [SITE], "site endorses the data: someone else has to have checked them."),
        (SITE, ["SITE"], "site endorses the data: someone else has to have checked them."),
        (SITE, ["Eve"], '"Eve" has no role in this trial.'),
        (SITE, [CHAIR, CHAIR], '"chair" is named 2 times.'),
    ],
)
def test_who_freezes_and_who_checks_are_two(bench: Bench, by, checked_by, words) -> None:
    assert words in bench.refused(freeze_data, by, checked_by=checked_by)


# ---------------------------------------------------------------- trials that 0.2.0 began


def test_a_trial_that_0_2_0_began_goes_on_as_it_was() -> None:
    bench = Bench.as_0_2_0(quorum=2)
    votes = [Attendance(person=CHAIR, vote=FOR), Attendance(person=MEMBER, vote=FOR)]
    bench.do(decide, CHAIR, attendees=votes)
    assert "was recorded with its votes" in bench.refused(cast_vote, MEMBER, vote=FOR)
    bench.do(delegate_role, OFFICE, person=CHAIR, role=Role.SITE)
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    assert bench.state.open_cohort is not None
    assert departures(bench.state) == []


def test_it_has_a_committee_once_it_is_amended_to_a_protocol_that_names_one() -> None:
    bench = Bench.as_0_2_0()
    amended = replace(NCT, committee=Committee(quorum=3))
    bench.do(amend_protocol, CHAIR, protocol=amended, reason="a charter")
    assert "The quorum is 3 and 2 may vote" in bench.refused(decide, CHAIR)


def test_an_empty_trial_has_no_voters() -> None:
    assert TrialState().person("x") == "x"
