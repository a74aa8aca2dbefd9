"""What pauses enrolment: rule by rule, and every run of patients counted one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.outcomes import Outcome
from escalation.protocol import DltRule, DltWindow, PauseRule, Protocol
from escalation.protocol.judging import DEATH_PAUSES
from escalation.trial.adverse_events.course import Adjudication, AdverseEvent
from escalation.trial.adverse_events.pauses import PauseStatus, judge_pauses
from escalation.trial.events import (
    AdverseEventAdjudicated,
    EventOutcome,
    OutcomeRecorded,
    Relation,
    SubjectDosed,
    SubjectEnrolled,
    Toxicity,
)
from escalation.trial.patients.subjects import Fact, Subject
from escalation.trial.state import TrialState

from .made import day, make_event

DLT = DltWindow(window_days=28, rules=(DltRule(name="CRS", category="crs", min_grade=3),))


def at(entry: int, event: AdverseEvent) -> AdverseEvent:
    """Move an event, and the reports that follow on it, to an entry."""
    reports = tuple(replace(r, seq=entry + k) for k, r in enumerate(event.reports))
    return replace(event, entry=entry, reports=reports)


def ruled(event: AdverseEvent, *rulings: tuple[int, bool]) -> AdverseEvent:
    said = tuple(
        Adjudication(
            seq=seq,
            by="adjudicator",
            event=AdverseEventAdjudicated(on=day(9), entry=event.entry, dlt=dlt, suggested="?"),
        )
        for seq, dlt in rulings
    )
    return replace(event, adjudications=said)


def subject(
    name: str,
    *events: AdverseEvent,
    dosed: int | None = 0,
    seq: int = 5,
    outcomes: tuple[Fact[OutcomeRecorded], ...] = (),
) -> Subject:
    enrolment = SubjectEnrolled(on=day(0), subject=name, cohort=1, level=1)
    dosing = None
    if dosed is not None:
        dosing = Fact(seq=seq, by="site", event=SubjectDosed(on=day(dosed), subject=name))
    return Subject(
        id=name,
        enrolments=(Fact(seq=1, by="site", event=enrolment),),
        dosing=dosing,
        outcomes=outcomes,
        dlt=DLT,
        events=events,
    )


def outcome(seq: int, said: Outcome, *toxicities: Toxicity) -> Fact[OutcomeRecorded]:
    event = OutcomeRecorded(on=day(9), subject="P", outcome=said, toxicities=toxicities)
    return Fact(seq=seq, by="site", event=event)


def judge(*subjects: Subject, rules: tuple[PauseRule, ...] = (), on: int = 40) -> list[PauseStatus]:
    protocol = replace(Protocol.plain(3), pause=rules)
    state = TrialState(protocol=protocol)
    for one in subjects:
        state.subjects[one.id] = one
    return judge_pauses(state, day(on))


def judge_one(*subjects: Subject, on: int = 40, **rule: Any) -> PauseStatus:
    return judge(*subjects, rules=(PauseRule(name="it", **rule),), on=on)[1]


# ---------------------------------------------------------------- a death


@pytest.mark.parametrize(
    "said",
    [
        {"grade": 5},
        {"grade": 5, "relation": Relation.UNRELATED},
        {"grade": 4, "outcome": EventOutcome.FATAL},
        {"grade": 3, "course": {9: 5}},
    ],
)
@pytest.mark.parametrize("dosed", [0, None])
def test_any_death_pauses_without_a_word_in_the_protocol(said: dict[str, Any], dosed: int | None):
    [status] = judge(subject("P-01", make_event(**said), dosed=dosed))
    assert status.rule is DEATH_PAUSES
    assert (status.met, status.subjects) == (True, ("P-01",))
    assert status.text == "P-01 died"


def test_without_a_death_the_rule_is_shown_as_not_met():
    [status] = judge(subject("P-01", make_event(grade=4)))
    assert (status.met, status.entries) == (False, ())
    assert status.text == "nobody died"


def test_a_trial_without_a_protocol_has_the_built_in_rule_only():
    assert [status.met for status in judge_pauses(TrialState(), day(0))] == [False]


def test_a_second_death_pauses_anew():
    [status] = judge(
        subject("P-01", at(30, make_event(grade=5))),
        subject("P-02", at(50, make_event(grade=5)), seq=6),
    )
    assert (status.subjects, status.entries) == (("P-01", "P-02"), (30, 50))


def test_a_death_counts_from_the_follow_up_that_tells_of_it():
    [status] = judge(subject("P-01", at(30, make_event(grade=3, course={9: 4, 12: 5}))))
    assert status.entries == (32,)


def test_a_corrected_event_counts_from_the_correction():
    event = at(30, make_event(grade=5))
    event = replace(event, reports=(replace(event.reports[0], corrected_by=(44,)),))
    assert judge(subject("P-01", event))[0].entries == (44,)


# ---------------------------------------------------------------- which events


@pytest.mark.parametrize(
    ("rule", "said", "met"),
    [
        ({"min_grade": 4}, {"grade": 3}, False),
        ({"min_grade": 4}, {"grade": 4}, True),
        ({"min_grade": 4}, {"grade": 2, "course": {7: 4, 8: 1}}, True),
        ({"category": "CRS "}, {"category": "crs"}, True),
        ({"category": "crs"}, {"category": "icans"}, False),
        ({"category": "crs"}, {}, False),
        ({"term": "Rash"}, {"term": " rash"}, True),
        ({"term": "rash"}, {"term": "fever"}, False),
        ({"related": True}, {"relation": Relation.UNLIKELY}, False),
        ({"related": True}, {"relation": Relation.POSSIBLE}, True),
        ({"related": True}, {}, True),
        ({}, {"relation": Relation.UNRELATED}, True),
        ({"fatal": True}, {"grade": 4}, False),
        ({"fatal": True}, {"grade": 5}, True),
        ({"fatal": True, "related": True}, {"grade": 5, "relation": Relation.UNRELATED}, False),
        ({"dlt": True}, {"category": "crs", "grade": 3}, True),
        ({"dlt": True}, {"category": "crs", "grade": 2}, False),
        ({"dlt": True}, {"category": "crs", "grade": 3, "started": 29}, False),
        ({"dlt": True, "min_grade": 4}, {"category": "crs", "grade": 3}, False),
        ({}, {"started": -1}, False),
        ({"min_grade": 3}, {"started": -1, "grade": 2, "course": {0: 3}}, True),
    ],
)
def test_a_rule_is_about_the_events_that_it_names(
    rule: dict[str, Any], said: dict[str, Any], met: bool
):
    status = judge_one(subject("P-01", make_event(**said)), **rule)
    assert (status.met, status.entries) == (met, status.entries if met else ())


def test_rules_of_the_protocol_are_about_patients_who_were_dosed():
    assert not judge_one(subject("P-01", make_event(grade=5), dosed=None)).met


def test_a_ruling_outdoes_the_definition():
    meets = at(30, make_event(category="crs"))
    does_not = at(30, make_event(category="skin"))
    for event, entries in [
        (meets, (30,)),
        (ruled(meets, (35, False)), ()),
        (ruled(meets, (35, True)), (35,)),
        (ruled(meets, (35, False), (38, True)), (38,)),
        (ruled(meets, (35, True), (38, False)), ()),
        (does_not, ()),
        (ruled(does_not, (35, True)), (35,)),
    ]:
        assert judge_one(subject("P-01", event), dlt=True).entries == entries


def test_what_may_still_become_a_dlt_is_none_until_it_is():
    rule = DltRule(name="blood", min_grade=4, provisional_until_day=28)
    patient = replace(
        subject("P-01", make_event(grade=4)), dlt=DltWindow(window_days=28, rules=(rule,))
    )
    assert [judge_one(patient, dlt=True, on=on).met for on in (27, 28)] == [False, True]


# ---------------------------------------------------------------- outcomes of older records


CRS = Toxicity(term="CRS", grade=4, onset=day(5), relation=Relation.PROBABLE)


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ({"min_grade": 4}, True),
        ({"min_grade": 5}, False),
        ({"category": "crs"}, True),
        ({"category": "icans"}, False),
        ({"term": "crs"}, True),
        ({"related": True}, True),
        ({"fatal": True}, False),
        ({"dlt": True}, True),
        ({"dlt": True, "fatal": True}, False),
    ],
)
def test_a_toxicity_inside_an_outcome_counts_as_an_event(rule: dict[str, Any], met: bool):
    patient = subject("P-01", outcomes=(outcome(20, Outcome.DLT, CRS),))
    status = judge_one(patient, **rule)
    assert (status.met, status.entries) == (met, (20,) if met else ())


def test_an_unrelated_toxicity_inside_an_outcome_is_none_of_a_rule_about_related_ones():
    patient = subject(
        "P-01", outcomes=(outcome(20, Outcome.DLT, replace(CRS, relation=Relation.UNRELATED)),)
    )
    assert judge_one(patient, min_grade=4).met
    assert not judge_one(patient, min_grade=4, related=True).met


def test_a_fatal_toxicity_of_an_outcome_is_a_death_whatever_the_outcome():
    for said in (Outcome.DLT, Outcome.NO_DLT, Outcome.NOT_EVALUABLE):
        patient = subject("P-01", outcomes=(outcome(20, said, replace(CRS, grade=5)),))
        assert judge(patient)[0].entries == (20,)
        assert judge_one(patient, dlt=True).met == (said is Outcome.DLT)


def test_an_event_recorded_in_both_ways_is_one():
    event = at(30, make_event(term="crs ", grade=5))
    patient = subject("P-01", event, outcomes=(outcome(50, Outcome.DLT, replace(CRS, grade=5)),))
    assert judge(patient)[0].entries == (30,)
    assert judge_one(patient, dlt=True).entries == (50,)
    two = subject(
        "P-01", event, outcomes=(outcome(50, Outcome.DLT, replace(CRS, onset=day(6), grade=5)),)
    )
    assert judge(two)[0].entries == (30, 50)


def test_a_dlt_of_which_nothing_is_told_is_a_dlt():
    patient = subject("P-01", outcomes=(outcome(20, Outcome.DLT),))
    assert judge_one(patient, dlt=True, min_grade=4).entries == (20,)
    assert not judge_one(patient, dlt=True, category="crs").met
    assert not judge_one(patient, min_grade=1).met


@pytest.mark.parametrize(
    ("letters", "said"),
    [("NN", "is not met: at least 2 patients with an event of grade 4 or more: nobody so far"),
     ("NT", "is not met: at least 2 patients with an event of grade 4 or more: P-02"),
     ("TT", "is met: at least 2 patients with an event of grade 4 or more: P-01, P-02")],
)  # fmt: skip
def test_a_rule_of_the_protocol_says_by_whom_it_is_met(letters: str, said: str):
    status = judge_one(*patients(letters), at_least=2, min_grade=4)
    assert status.text == f'pause rule "it" {said}'


def test_the_ruling_and_the_outcome_that_follows_are_one_dlt():
    event = ruled(at(30, make_event(category="crs")), (35, True))
    patient = subject("P-01", event, outcomes=(outcome(50, Outcome.DLT, CRS),))
    assert judge_one(patient, dlt=True).entries == (35,)


# ---------------------------------------------------------------- so many among so many


def patients(letters: str) -> list[Subject]:
    """Write patients in the order of dosing: T had an event of grade 4, recorded in that order."""
    return [
        subject(
            f"P-{n:02}",
            *([at(100 + n, make_event(grade=4))] if letter == "T" else []),
            dosed=n // 2,
            seq=10 + n,
        )
        for n, letter in enumerate(letters, start=1)
    ]


@pytest.mark.parametrize(
    ("letters", "at_least", "among", "met"),
    [
        ("NNTNNT", 2, 3, ""),
        ("NNTNT", 2, 3, "P-03 P-05"),
        ("TT", 2, 6, "P-01 P-02"),
        ("TNNNNNT", 2, 6, ""),
        ("NTNNNNT", 2, 6, "P-02 P-07"),
        ("TNTNNNNTT", 2, 3, "P-01 P-03 P-08 P-09"),
        ("TNTNNNNTT", 2, None, "P-01 P-03 P-08 P-09"),
        ("TNNNNNNNN", 2, None, ""),
        ("NNT", 1, 1, "P-03"),
    ],
)
def test_so_many_among_any_so_many_dosed_one_after_the_other(letters, at_least, among, met: str):
    status = judge_one(*patients(letters), at_least=at_least, among=among, min_grade=4)
    assert status.met == bool(met)
    if met:
        assert status.subjects == tuple(met.split())
    else:
        assert list(status.subjects) == [
            f"P-{n:02}" for n, letter in enumerate(letters, start=1) if letter == "T"
        ]


def test_patients_are_in_the_order_of_dosing_and_of_entry_on_one_day():
    late = subject("P-09", at(90, make_event(grade=4)), dosed=1, seq=40)
    between = subject("P-03", dosed=1, seq=30)
    first = subject("P-05", at(80, make_event(grade=4)), dosed=1, seq=20)
    early = subject("P-07", dosed=0, seq=50)
    rule = {"at_least": 2, "min_grade": 4}
    assert not judge_one(late, between, first, early, among=2, **rule).met
    status = judge_one(late, between, first, early, among=3, **rule)
    assert (status.subjects, status.entries) == (("P-05", "P-09"), (90,))


def test_two_events_of_one_patient_are_one_patient_and_pause_anew_where_one_is_enough():
    twice = subject("P-01", at(30, make_event(grade=4)), at(40, make_event(grade=4, started=9)))
    assert not judge_one(twice, at_least=2, min_grade=4).met
    assert judge_one(twice, at_least=1, min_grade=4).entries == (30, 40)


@settings(max_examples=100)
@given(
    letters=st.text("NNT", min_size=0, max_size=9),
    at_least=st.integers(1, 4),
    among=st.none() | st.integers(1, 6),
    data=st.data(),
)
def test_a_run_is_met_as_every_choice_of_patients_by_brute_force(letters, at_least, among, data):
    """So many patients, within a run of each other; and when, entry by entry."""
    entries = data.draw(st.permutations(range(100, 100 + len(letters))))
    made = [
        replace(s, events=tuple(at(entry, e) for e in s.events))
        for s, entry in zip(patients(letters), entries, strict=True)
    ]
    status = judge_one(*made, at_least=at_least, among=among, min_grade=4)
    had = [place for place, letter in enumerate(letters) if letter == "T"]
    groups = [
        group
        for group in combinations(had, at_least)
        if among is None or group[-1] - group[0] < among
    ]
    assert status.met == bool(groups)
    if groups:
        together = {f"P-{place + 1:02}" for group in groups for place in group}
        assert set(status.subjects) == together
        completed = {max(entries[place] for place in group) for group in groups}
        assert set(status.entries) == completed
