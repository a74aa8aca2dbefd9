"""Backfill and expansion in a trial: who decides what, which gates there are, what is shown.

The cases are those of public protocols and of the literature on backfill (Barnett et al. 2023; Zhao
et al. 2024): more patients at levels already cleared, below the current one, and more at the MTD.
"""

from __future__ import annotations

import json
from copy import copy
from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.protocol import Backfill, Committee, Protocol
from escalation.protocol.tables import DltWindow, ExpansionMonitoring
from escalation.trial import (
    amend_protocol,
    cast_vote,
    decide,
    departures,
    dose_subject,
    enrol_subject,
    evolve,
    next_patient,
    record_adverse_event,
    rule_says,
    sign,
    warnings,
)
from escalation.trial.codec import dump_event, load_event, version_of
from escalation.trial.events import Choice, Meaning, Purpose, Signed, Vote
from escalation.trial.gates import dosing_obstacles, overdue_subjects
from escalation.trial.inspection import inspect_entries
from escalation.trial.patients.next_patient import next_patients

from .bench import CHAIR, SITE, STATISTICIAN, Bench, day, recorded

BACKFILL = Backfill(per_cohort=2, max_per_level=4, stop_at_rate="1/3")
EXPANSION = ExpansionMonitoring(stop_at_rate="1/3", n_patients=6)
PROTOCOL = replace(Protocol.plain(3), backfill=BACKFILL, expansion=EXPANSION)


def backfill(level: int, n: int) -> Choice:
    return Choice(action="enrol", level=level, n_to_enrol=n, purpose=Purpose.BACKFILL)


def expand(n: int, level: int | None = None) -> Choice:
    return Choice(action="enrol", level=level, n_to_enrol=n, purpose=Purpose.EXPANSION)


END_BACKFILL = Choice(action="stop", level=1, purpose=Purpose.BACKFILL)
END_EXPANSION = Choice(action="stop", purpose=Purpose.EXPANSION)


def treat(bench: Bench, letters: str, cohort: int | None = None) -> list[str]:
    """Enrol and dose one a letter in a cohort, and record what the letter says."""
    number = cohort or bench.state.open_cohorts[0].number
    first = len(bench.state.subjects) + 1
    names = [f"S-{number}-{first + k}" for k in range(len(letters))]
    for name in names:
        bench.enrol(name, cohort=number)
        bench.dose(name)
    for name, letter in zip(names, letters, strict=True):
        if letter != "?":
            {"N": bench.no_dlt, "T": bench.dlt, "X": bench.lost}[letter](name)
    return names


def at_level_2(protocol: Protocol = PROTOCOL) -> Bench:
    """Level 1 is cleared by three, and a cohort of three is open at level 2."""
    bench = Bench.started(protocol)
    bench.open_cohort()
    treat(bench, "NNN")
    bench.open_cohort()
    return bench


def at_level_3(protocol: Protocol = PROTOCOL) -> Bench:
    bench = at_level_2(protocol)
    treat(bench, "NNN")
    bench.open_cohort()
    return bench


def with_mtd_1(protocol: Protocol = PROTOCOL) -> Bench:
    """Declare level 1 the MTD: 1NNN 2TTN 1NNN."""
    bench = at_level_2(protocol)
    treat(bench, "TTN")
    bench.open_cohort()
    treat(bench, "NNN")
    bench.open_cohort()
    assert bench.state.stopped is not None
    assert bench.state.stopped.event.chosen.mtd == 1
    return bench


def said(bench: Bench, cohort: int | None = None) -> list[str]:
    """Return what stands in the way of the next patient of a cohort."""
    return [o.text for o in next_patient(bench.state, day(bench.now), cohort=cohort).obstacles]


# ---------------------------------------------------------------- a decision


def test_case_3_two_more_at_level_1_while_level_3_is_open():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    assert [(c.number, c.purpose, c.level) for c in bench.state.open_cohorts] == [
        (3, "escalation", 3),
        (4, "backfill", 1),
    ]
    treat(bench, "NN", 4)
    assert [t.n_evaluable for t in bench.state.tallies()] == [5, 3, 0]
    assert departures(bench.state) == []
    treat(bench, "NNN", 3)  # level 3 goes on
    assert rule_says(bench.state).level == 2
    assert bench.state.oddities == []


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (backfill(3, 1), "The escalation is at level 3 (cohort 3): backfill is below it"),
        (backfill(9, 1), "There is no level 9 on the ladder; its levels are 1, 2, 3."),
        (backfill(1, 0), "A decision opens 1 to 100 places, not 0."),
        (expand(3), "No MTD has been declared: an expansion is at the MTD"),
        (expand(3, 1), "No MTD has been declared"),
        (END_BACKFILL, "No backfill cohort is open at level 1: there is nothing to end."),
        (END_EXPANSION, "No expansion cohort is open: there is nothing to end."),
        (Choice(action="defer", purpose=Purpose.BACKFILL), "to treat so many, or to end it"),
        (Choice(action="stop", mtd=2, purpose=Purpose.EXPANSION), "to treat so many, or to end"),
    ],
)
def test_what_makes_no_sense_is_refused_whatever_the_rationale(choice, why):
    bench = at_level_3()
    assert why in bench.refused(decide, CHAIR, choice=choice, rationale="we want it")


def test_there_is_no_backfill_before_the_first_cohort_nor_after_the_escalation():
    bench = Bench.started(PROTOCOL)
    assert "The escalation has not begun" in bench.refused(decide, CHAIR, choice=backfill(1, 1))
    bench = with_mtd_1()
    assert "has ended by decision" in bench.refused(decide, CHAIR, choice=backfill(1, 1))


@pytest.mark.parametrize(
    ("protocol", "choice", "why"),
    [
        (Protocol.plain(3), backfill(1, 2), "The protocol has no backfill"),
        (PROTOCOL, backfill(1, 3), "2 more at level 1 now, not 3."),
        (
            replace(PROTOCOL, backfill=replace(BACKFILL, from_level=2)),
            backfill(1, 2),
            "backfills from level 2 up, and not level 1.",
        ),
    ],
)
def test_what_the_protocol_does_not_foresee_takes_a_rationale_and_is_a_departure_for_ever(
    protocol, choice, why
):
    bench = at_level_3(protocol)
    refused = bench.refused(decide, CHAIR, choice=choice)
    assert why in refused
    assert "To do it all the same needs a rationale." in refused
    bench.open_cohort(choice=choice, rationale="an amendment is under way")
    made = bench.state.decisions[-1]
    assert made.event.departure
    assert made.event.override
    [remark] = departures(bench.state)
    assert remark.text == (
        f"Decision {made.seq} is not as the protocol foresees backfill: enrol {choice.n_to_enrol} "
        'patients for backfill at level 1 (cohort 4). Rationale: "an amendment is under way"'
    )


def test_each_cohort_of_the_escalation_opens_as_many_places_as_the_protocol_says():
    bench = at_level_2()
    bench.open_cohort(choice=backfill(1, 1))
    treat(bench, "N", 3)
    assert "1 more at level 1 now, not 2" in bench.refused(decide, CHAIR, choice=backfill(1, 2))
    bench.open_cohort(choice=backfill(1, 1))
    treat(bench, "N", 4)
    assert "0 more at level 1 now, not 1" in bench.refused(decide, CHAIR, choice=backfill(1, 1))
    treat(bench, "NNN", 2)
    bench.open_cohort()  # level 3
    for cohort in (6, 7):
        bench.open_cohort(choice=backfill(1, 1))
        treat(bench, "N", cohort)
    assert "0 more at level 1 now" in bench.refused(decide, CHAIR, choice=backfill(1, 1))
    treat(bench, "TNN", 5)
    bench.open_cohort()  # level 3 again: four have been backfilled, the most there are
    refused = bench.refused(decide, CHAIR, choice=backfill(1, 1))
    assert "up to 4: 0 more at level 1 now" in refused
    bench.open_cohort(choice=backfill(2, 2))  # the other level has its own


def test_who_is_lost_leaves_their_place_to_another():
    bench = at_level_2()
    bench.open_cohort(choice=backfill(1, 2))
    treat(bench, "NX", 3)
    assert "3 at level 1 is open, with 1 of 2 places free" in bench.refused(
        decide, CHAIR, choice=backfill(1, 1)
    )
    treat(bench, "N", 3)
    replaced = [s.replaced_by for s in bench.state.subjects.values() if s.replaced_by]
    assert len(replaced) == 1


def test_a_decision_about_backfill_leaves_the_escalation_s_and_the_other_levels_as_they_are():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    bench.open_cohort(choice=backfill(2, 2))
    assert [c.number for c in bench.state.open_cohorts] == [3, 4, 5]
    bench.open_cohort(choice=END_BACKFILL)
    assert [c.number for c in bench.state.open_cohorts] == [3, 5]
    assert bench.state.stopped is None


def test_decisions_about_different_things_are_voted_on_and_approved_side_by_side():
    protocol = replace(PROTOCOL, committee=Committee())
    bench = Bench.started(protocol, quorum=2)
    bench.meet()
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    treat(bench, "NNN")
    bench.meet()
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    treat(bench, "NNN")
    bench.do(decide, STATISTICIAN)
    bench.do(decide, STATISTICIAN, choice=backfill(1, 2))
    first, second = (made.seq for made in bench.state.decisions[-2:])
    ask = f"Decisions {first} (enrol 3 patients at level 3) and {second} (enrol 2 patients for "
    assert ask in bench.refused(cast_vote, CHAIR, vote=Vote.FOR)
    assert "say which" in bench.refused(sign, CHAIR, meaning=Meaning.APPROVED)
    for entry in (first, second):
        for person in (CHAIR, "member"):
            bench.do(cast_vote, person, vote=Vote.FOR, decision=entry)
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED, entry=second)
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)  # one is left
    assert [(c.purpose, c.level) for c in bench.state.open_cohorts] == [
        ("backfill", 1),
        ("escalation", 3),
    ]
    assert bench.state.oddities == []


def test_a_later_decision_about_the_same_takes_its_place_and_one_about_another_does_not():
    bench = at_level_3()
    bench.do(decide, CHAIR, choice=backfill(1, 2))
    bench.do(decide, CHAIR, choice=backfill(2, 2))
    bench.do(decide, CHAIR, choice=backfill(1, 1))
    old, other, new = (made.seq for made in bench.state.decisions[-3:])
    refused = bench.refused(sign, CHAIR, meaning=Meaning.APPROVED, entry=old)
    assert f"Decision {new} has taken its place." in refused
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED, entry=other)
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED, entry=new)
    assert [c.level for c in bench.state.open_cohorts] == [3, 2, 1]


def test_a_decision_that_makes_no_sense_any_more_is_not_approved():
    bench = at_level_2()
    treat(bench, "TTN", 2)
    bench.do(decide, CHAIR)  # down to level 1
    bench.do(decide, CHAIR, choice=backfill(1, 2), rationale="before the escalation comes down")
    down, back = (made.seq for made in bench.state.decisions[-2:])
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED, entry=down)
    refused = bench.refused(sign, CHAIR, meaning=Meaning.APPROVED, entry=back)
    assert "The escalation is at level 1 (cohort 3): backfill is below it" in refused


# ---------------------------------------------------------------- enrolment and gates


def test_of_several_open_cohorts_one_has_to_be_named():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    refused = bench.refused(enrol_subject, SITE, subject="S-90")
    assert (
        "Cohorts 3 (escalation, level 3) and 4 (backfill, level 1) are open: "
        "say which, 3 or 4 (--cohort)." in refused
    )
    assert "Cohort 2 is not open; cohorts 3" in bench.refused(
        enrol_subject, SITE, subject="S-90", cohort=2
    )
    assert "No open cohort is at level 2; cohorts 3 (escalation, level 3) and 4" in bench.refused(
        enrol_subject, SITE, subject="S-90", level=2
    )
    assert "Cohort 4 is open at level 1, not 3." in bench.refused(
        enrol_subject, SITE, subject="S-90", level=3, cohort=4
    )
    bench.enrol("S-90", level=1)  # the level tells which
    assert bench.state.subjects["S-90"].cohort == 4
    assert bench.state.subjects["S-90"].purpose is Purpose.BACKFILL


def test_who_was_not_dosed_in_a_cohort_that_closed_is_assigned_again():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    bench.enrol("S-90", cohort=4)
    assert "S-90 is enrolled since entry" in bench.refused(
        enrol_subject, SITE, subject="S-90", cohort=3
    )
    bench.open_cohort(choice=END_BACKFILL)
    assert "S-90 was assigned to cohort 4, which is closed; cohort 3 is open." in bench.refused(
        dose_subject, SITE, subject="S-90"
    )
    bench.enrol("S-90", cohort=3)
    assert bench.state.subjects["S-90"].purpose is Purpose.ESCALATION
    bench.dose("S-90")


def test_each_open_cohort_has_its_answer_the_escalation_s_first():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 1))
    treat(bench, "?", 4)
    answers = next_patients(bench.state, day(0))
    assert [(a.cohort, a.purpose, a.level, a.yes) for a in answers] == [
        (3, "escalation", 3, True),
        (4, "backfill", 1, False),
    ]
    assert answers[1].obstacles[0].text == (
        "Every place of cohort 4 (backfill) is taken: to treat more takes a decision of the "
        "committee (trial decide --backfill 1 --enrol N)."
    )


def test_backfill_closes_where_the_dlt_rate_of_everybody_at_its_level_reaches_the_boundary():
    bench = at_level_2()
    bench.open_cohort(choice=backfill(1, 2))
    treat(bench, "T", 3)
    assert said(bench, 3) == []  # 1 of 4
    bench.dlt("S-1-1")  # 2 of 4: a late one
    assert said(bench, 3)[0].startswith(
        "Cohort 3 (backfill) takes nobody more: Level 1 is closed to backfill: 2 of 4 treated "
        "there had a DLT, a rate of 1/3 or more."
    )
    refused = bench.refused(decide, CHAIR, choice=backfill(1, 1))
    assert "Level 1 is closed to backfill" in refused


def test_backfill_closes_where_the_rule_stops_the_escalation_before_the_committee_has_decided():
    protocol = replace(PROTOCOL, backfill=replace(BACKFILL, stop_at_rate=None))
    bench = at_level_2(protocol)
    bench.open_cohort(choice=backfill(1, 2))
    bench.dlt("S-1-1")
    bench.dlt("S-1-2")  # level 1 is too toxic
    assert any("too toxic by the rule" in text for text in said(bench, 3))


def test_backfill_closes_where_the_escalation_comes_down_to_its_level():
    bench = at_level_2()
    bench.open_cohort(choice=backfill(1, 2))
    treat(bench, "TTN", 2)
    assert said(bench, 3) == []  # level 1 is below what has been given
    bench.do(decide, CHAIR)  # to come down to level 1, not approved yet
    assert said(bench, 3) == [
        f"Decision {bench.state.seq}, not approved yet, treats nobody more at this level."
    ]
    bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    assert [c.number for c in bench.state.open_cohorts] == [4]


def test_backfill_below_the_level_that_the_escalation_comes_down_to_stays_open():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    bench.open_cohort(choice=backfill(2, 2))
    treat(bench, "TTN", 3)
    bench.open_cohort()
    assert [(c.purpose, c.level) for c in bench.state.open_cohorts] == [
        ("backfill", 1),
        ("escalation", 2),
    ]


def test_an_escalation_that_goes_on_after_an_mtd_ends_the_expansion():
    bench = with_mtd_1()
    bench.open_cohort(choice=expand(3))
    bench.open_cohort(
        choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale="the DLTs were not"
    )
    assert [c.purpose for c in bench.state.open_cohorts] == ["escalation"]


def test_a_decision_awaited_about_backfill_does_not_hold_up_the_escalation():
    bench = at_level_3()
    bench.do(decide, CHAIR, choice=backfill(1, 2))
    assert said(bench, 3) == []


def test_a_stop_of_the_escalation_closes_everything():
    bench = at_level_2()
    bench.open_cohort(choice=backfill(1, 2))
    bench.open_cohort(choice=Choice(action="stop"), rationale="the sponsor wants it")
    assert bench.state.open_cohorts == []


def test_a_death_in_backfill_stops_every_cohort():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    bench.enrol("S-90", cohort=4)
    bench.dose("S-90")
    bench.do(
        record_adverse_event,
        SITE,
        subject="S-90",
        term="sepsis",
        grade=5,
        scale="CTCAE",
        scale_version="5.0",
        started=day(0),
        aware=day(0),
    )
    for cohort in (3, 4):
        assert any("Enrolment is paused" in text for text in said(bench, cohort))


def test_the_stagger_is_that_of_the_cohort_s_own_level():
    apart = replace(PROTOCOL.enrolment, first_alone_days=14)
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    amended = replace(PROTOCOL, enrolment=apart, committee=Committee(solo=True))
    bench.do(amend_protocol, CHAIR, protocol=amended, reason="to be safe")
    bench.enrol("S-90", cohort=4)
    bench.dose("S-90")
    assert said(bench, 4) == [
        "Not before 2026-01-19: the first patient of a cohort is alone for 14 days."
    ]
    assert said(bench, 3) == []


# ---------------------------------------------------------------- whom the rule counts


@pytest.mark.parametrize(
    ("counted", "level_1"), [("never", 0), ("every decision", 2), ("final decision", 0)]
)
def test_backfill_counts_for_the_rule_as_the_protocol_says(counted, level_1):
    protocol = replace(PROTOCOL, backfill=replace(BACKFILL, counted=counted, stop_at_rate=None))
    bench = at_level_2(protocol)
    bench.open_cohort(choice=backfill(1, 2))
    treat(bench, "TT", 3)
    now = rule_says(bench.state)
    closed = any("is overtaken" in text for text in said(bench, 2))
    assert closed == (level_1 == 2)  # two DLTs among five: level 1 is too toxic
    assert (now.action == "stop") == (level_1 == 2)
    treat(bench, "TTN", 2) if not closed else None
    if counted == "never":
        assert rule_says(bench.state).level == 0
    if counted == "final decision":  # it would go on at level 1, on its own: not final
        assert rule_says(bench.state).level == 0
        bench.open_cohort()
        treat(bench, "NNT", 4)
        assert rule_says(bench.state).mtd is None  # 3 of 8 with the backfill, 1 of 6 without


def overdue_backfill(counted: str) -> Bench:
    protocol = replace(
        PROTOCOL,
        backfill=replace(BACKFILL, counted=counted),
        dlt=DltWindow(window_days=28),
    )
    bench = Bench.started(protocol)
    bench.open_cohort(0)
    names = treat(bench, "???")
    for name in names:
        bench.no_dlt(name, 28)
    bench.open_cohort(28)
    bench.open_cohort(28, choice=backfill(1, 1))
    treat(bench, "?", 3)
    names = treat(bench, "???", 2)
    for name in names:
        bench.no_dlt(name, 57)
    return bench


def test_the_escalation_does_not_wait_for_backfill_that_does_not_count():
    bench = overdue_backfill("never")
    assert [s.cohort for s in overdue_subjects(bench.state, day(57))] == [3]
    assert overdue_subjects(bench.state, day(57), Purpose.ESCALATION) == []
    assert any("is overdue" in remark.text for remark in warnings(bench.state, day(57)))
    bench.open_cohort(57)  # without a rationale
    assert bench.state.decisions[-1].event.overdue == ()
    assert bench.state.open_cohort.level == 3
    assert "whose DLT window has closed" in bench.refused(decide, CHAIR, choice=backfill(2, 1))


def test_the_escalation_waits_for_backfill_that_counts():
    bench = overdue_backfill("every decision")
    refused = bench.refused(decide, CHAIR)
    assert "whose DLT window has closed" in refused


# ---------------------------------------------------------------- DLTs are shown at once


def test_a_dlt_in_backfill_is_shown_with_every_cohort_until_a_decision_knows_of_it():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    [name] = treat(bench, "T", 4)
    text = (
        f"{name} had a DLT at level 1 in backfill (cohort 4), which no decision knows of yet; the "
        "rule does not count it."
    )
    assert text in [remark.text for remark in warnings(bench.state, day(0))]
    for answer in next_patients(bench.state, day(0)):
        assert answer.notes == (text,)
    bench.open_cohort(choice=backfill(2, 2))
    assert next_patient(bench.state, day(0)).notes == ()


def test_a_dlt_that_a_decision_knew_is_not_news_again_when_its_entry_is_corrected():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    [name] = treat(bench, "T", 4)
    bench.open_cohort(choice=backfill(2, 2))
    [fact] = bench.state.subjects[name].outcomes
    toxicities = [{**dump_event(fact.event)["toxicities"][0], "narrative": "fever, day 3"}]
    bench.correct(fact.seq, toxicities=toxicities)
    assert next_patient(bench.state, day(0)).notes == ()


def test_a_decision_made_before_a_dlt_in_backfill_is_made_again():
    bench = at_level_2()
    bench.open_cohort(choice=backfill(1, 2))
    treat(bench, "N", 3)
    treat(bench, "NNN", 2)
    bench.do(decide, CHAIR)
    treat(bench, "T", 3)
    assert "came after: decide on the latest data" in bench.refused(
        sign, CHAIR, meaning=Meaning.APPROVED
    )


# ---------------------------------------------------------------- expansion


def test_case_2_two_dlts_among_sixteen_at_the_mtd_leave_it_standing():
    protocol = replace(PROTOCOL, expansion=replace(EXPANSION, n_patients=10))
    bench = with_mtd_1(protocol)
    bench.open_cohort(choice=expand(10))
    treat(bench, "NNNNNNNNTT")
    tally = bench.state.tallies()[0]
    assert (tally.n_evaluable, tally.n_dlts) == (16, 2)
    assert rule_says(bench.state).mtd == 0
    assert bench.state.stopped is not None
    assert said(bench) == [
        "Every place of cohort 4 (expansion) is taken: to treat more takes a decision of the "
        "committee (trial decide --expand N)."
    ]
    assert departures(bench.state) == []


def test_an_expansion_is_at_the_declared_mtd_and_of_as_many_as_the_protocol_says():
    bench = with_mtd_1()
    assert "The MTD is level 1: an expansion is there, not 2." in bench.refused(
        decide, CHAIR, choice=expand(3, 2)
    )
    assert "expands by 6 patients: 6 more now, not 7." in bench.refused(
        decide, CHAIR, choice=expand(7)
    )
    bench.open_cohort(choice=expand(4))
    assert bench.state.decisions[-1].event.chosen.level == 1
    treat(bench, "NNNN")
    assert "2 more now, not 3." in bench.refused(decide, CHAIR, choice=expand(3))
    bench.open_cohort(choice=expand(2))
    assert [c.number for c in bench.state.open_cohorts] == [5]


def test_an_expansion_that_the_protocol_does_not_have_is_a_departure():
    bench = with_mtd_1(replace(PROTOCOL, expansion=ExpansionMonitoring()))
    assert "The protocol has no expansion" in bench.refused(decide, CHAIR, choice=expand(3))
    bench.open_cohort(choice=expand(3), rationale="the sponsor wants it")
    [remark] = departures(bench.state)
    assert "is not as the protocol foresees expansion" in remark.text


def test_a_boundary_without_a_number_of_patients_is_an_expansion_of_any_size():
    bench = with_mtd_1(replace(PROTOCOL, expansion=ExpansionMonitoring(stop_at=("2/6",))))
    bench.open_cohort(choice=expand(50))
    assert departures(bench.state) == []


def test_an_expansion_at_its_boundary_stops_until_the_committee_has_decided():
    bench = with_mtd_1()
    bench.open_cohort(choice=expand(6))
    names = treat(bench, "NN")
    assert said(bench) == []
    treat(bench, "T")  # 1 of 3 is a third
    assert said(bench)[0].startswith(
        "Cohort 4 (expansion) takes nobody more: The expansion has reached its boundary (1/3): 1 "
        "of 3 had a DLT."
    )
    assert "reached its boundary" in bench.refused(enrol_subject, SITE, subject="S-90")
    assert "reached its boundary" in bench.refused(decide, CHAIR, choice=expand(3))
    bench.open_cohort(choice=expand(3), rationale="the DLT was of the disease")
    assert said(bench) == []  # known when it was decided
    bench.dlt(names[0])
    assert "was opened against the protocol" in said(bench)[0]
    bench.open_cohort(choice=END_EXPANSION)
    assert bench.state.open_cohorts == []
    assert bench.state.stopped is not None


def test_an_expansion_ends_where_late_data_take_the_mtd_back():
    bench = with_mtd_1()
    bench.open_cohort(choice=expand(6))
    bench.dlt("S-1-1")
    assert said(bench) == []  # 1 of 6 of the escalation
    bench.dlt("S-1-2")
    [text] = [text for text in said(bench) if "is overtaken" in text]
    assert "The rule now says: Stop: no MTD." in text
    other = copy(bench)
    other.open_cohort(
        choice=Choice(action="stop", mtd=1), rationale="both were of the disease"
    )  # the committee keeps its MTD, and the expansion goes on
    assert [c.number for c in other.state.open_cohorts] == [4]
    assert said(other) == []
    assert "has stopped the trial" in other.refused(
        decide, CHAIR, choice=Choice(action="stop", mtd=1), rationale="once more"
    )
    bench.open_cohort()  # the committee follows the rule: no MTD
    assert bench.state.open_cohorts == []
    assert "No MTD has been declared" in bench.refused(decide, CHAIR, choice=expand(3))


# ---------------------------------------------------------------- in the record


def test_a_decision_with_a_purpose_is_written_in_the_second_version_and_read_back():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    event = bench.state.decisions[-1].event
    assert version_of(event) == 2
    assert load_event(event.kind, 2, json.dumps(dump_event(event))) == event
    assert version_of(bench.state.decisions[0].event) == 1


def test_a_record_with_backfill_and_expansion_is_made_again_entry_by_entry():
    bench = at_level_2()
    bench.open_cohort(choice=backfill(1, 2))
    treat(bench, "NT", 3)
    treat(bench, "TTN", 2)
    bench.open_cohort()
    treat(bench, "NNN", 4)
    bench.open_cohort()
    bench.open_cohort(choice=expand(6))
    treat(bench, "NNT")
    bench.open_cohort(choice=END_EXPANSION)
    last = bench.entries[-1].at
    assert inspect_entries(bench.entries, last + timedelta(days=1)) == []


def test_what_no_command_returns_opens_nothing_and_is_noted():
    bench = at_level_3()
    event = replace(bench.state.decisions[-1].event, chosen=backfill(3, 2), cutoff=bench.state.seq)
    state = evolve(bench.state, recorded(bench.state, event, CHAIR))
    signed = Signed(on=event.on, entry=state.seq, entry_hash=state.head, meaning=Meaning.APPROVED)
    state = evolve(state, recorded(state, signed, CHAIR))
    assert [c.number for c in state.open_cohorts] == [3]
    assert "cannot be carried out any more" in state.oddities[-1][1]


def test_dosing_obstacles_of_a_subject_are_those_of_their_own_cohort():
    bench = at_level_3()
    bench.open_cohort(choice=backfill(1, 2))
    bench.enrol("S-90", cohort=4)
    treat(bench, "???", 3)
    subject = bench.state.subjects["S-90"]
    assert list(dosing_obstacles(bench.state, subject, day(0))) == []
