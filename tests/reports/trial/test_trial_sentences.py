"""Every kind of entry in one sentence, as a committee reads it."""

from __future__ import annotations

from datetime import date

import pytest

from escalation.outcomes import Outcome
from escalation.protocol import load_protocol
from escalation.reports.trial.sentences import describe_entry, say_amount, say_percent
from escalation.trial import (
    Recorded,
    amend_protocol,
    close_trial,
    decide,
    delegate_role,
    enrol_subject,
    hold_enrolment,
    resume_enrolment,
    revoke_role,
    sign,
)
from escalation.trial.events import (
    EVENTS,
    Attendance,
    Choice,
    HistoryImported,
    ImportedCohort,
    Meaning,
    Role,
    SubjectDosed,
    Toxicity,
    Vote,
)
from tests.reports.played import Played, begin, begin_as_0_2_0, play_demo

DEMO = play_demo()


def said(played: Played, seq: int | None = None, *, day: bool = True) -> str:
    entry = played.entries[-1 if seq is None else seq - 1]
    return describe_entry(entry, played.state, day=day)


@pytest.mark.parametrize(
    ("seq", "sentence"),
    [
        (
            1,
            "trial registered on 2026-01-05 under protocol nct07123519, digest d16fd4b83ef9, "
            "quorum 2.",
        ),
        (2, "Lin Mei given the role site on 2026-01-05."),
        (
            9,
            "decision of 2026-01-07 on entries up to 8: enrol 3 patients at level 1, "
            "3E6 cells/kg, as the rule says. Present: E. Brandt.",
        ),
        (12, "decision 9 signed as proposed on 2026-01-07."),
        (
            13,
            "decision 9 signed as approved on 2026-01-07: cohort 1 opens, enrol 3 patients at "
            "level 1, 3E6 cells/kg.",
        ),
        (14, "TJ-001 enrolled on 2026-01-08 in cohort 1 at level 1, 61.5 kg."),
        (20, "TJ-001 had no DLT, as of 2026-02-09."),
        (
            21,
            "TJ-003 is not evaluable, as of 2026-02-12: withdrew consent on day 14; CRS grade 2, "
            'onset 2026-02-02, relation probable ("febrile, 3 days").',
        ),
        (24, "TJ-004 enrolled on 2026-02-16 in cohort 1 at level 1, 66 kg, replaces TJ-003."),
        (
            34,
            "TJ-005 dosed on 2026-03-23, 3.84E8 cells, 110 % of the planned 3.48E8, lot L-005.",
        ),
        (
            35,
            "entry 34 (dosing of TJ-005) corrected on 2026-03-24: infused 3.84E8 -> 3.48E8. "
            "Reason: digits swapped; the infusion record says 3.48E8.",
        ),
        (
            48,
            "decision of 2026-05-04 on entries up to 47: enrol 3 patients at level 2, "
            "6E6 cells/kg, further than the rule went: wait for the pending patients. "
            'Rationale: "TJ-007 is well on day 25, and a manufactured product would expire". '
            "Present: E. Brandt.",
        ),
        (49, "voted for decision 48 on 2026-05-04."),
        (
            51,
            'voted against decision 48 on 2026-05-04: "three days are worth waiting for: the DLT '
            'at this level was three weeks ago".',
        ),
        (
            60,
            "TJ-010 dosed on 2026-05-22, 3.3E8 cells, 100 % of the planned 3.3E8, lot L-010, "
            'against a gate: "thawed by mistake on day 2 after TJ-009; used rather than lost".',
        ),
        (61, "entry 60 signed as reviewed on 2026-05-27."),
    ],
)
def test_an_entry_of_the_demo_in_one_sentence(seq: int, sentence: str) -> None:
    assert said(DEMO, seq) == sentence


@pytest.mark.parametrize("entry", DEMO.entries, ids=lambda entry: f"{entry.seq}")
def test_without_its_day_a_sentence_says_the_same_but_for_the_day(entry: Recorded) -> None:
    with_day = describe_entry(entry, DEMO.state)
    without = describe_entry(entry, DEMO.state, day=False)
    for word in (" on ", ", as of ", " of "):
        with_day = with_day.replace(f"{word}{entry.event.on}", "")
    assert without == with_day


def test_the_office_s_entries_give_their_reason() -> None:
    played = begin()
    played.do(delegate_role, person="Bo", role=Role.MEMBER)
    played.do(revoke_role, person="Bo", role=Role.MEMBER, reason="left")
    assert said(played) == "role member taken from Bo on 2026-01-05: left."
    played.do(hold_enrolment, reason="lot recalled!")
    assert said(played) == "enrolment held on 2026-01-05: lot recalled!"
    played.do(resume_enrolment, reason="new lot")
    assert said(played) == "enrolment resumed on 2026-01-05: new lot."
    played.do(revoke_role, person="Ada", role=Role.SITE, reason="the chair is not the site")
    played.do(amend_protocol, protocol=load_protocol("nct07123519"), reason="new ladder")
    assert said(played) == (
        "protocol amended on 2026-01-05 to protocol nct07123519, digest d16fd4b83ef9: new ladder. "
        "Level -1, 1E6 cells/kg, is new, at the bottom. Level 1, 3E6 cells/kg, was level 1. "
        "Level 2, 6E6 cells/kg, was level 2. Level 3, 1E7 cells/kg, was level 3."
    )
    played.do(close_trial, reason="sponsor's wish")
    assert said(played) == "trial closed on 2026-01-05: sponsor's wish."


def test_a_dlt_says_what_it_was() -> None:
    played = begin()
    played.open_cohort(0)
    played.treat("S1", 0)
    assert said(played) == "S1 dosed on 2026-01-05."
    fever = Toxicity(term="fever", grade=3, onset=date(2026, 1, 6))
    rash = Toxicity(term="rash", grade=1, onset=date(2026, 1, 7))
    played.outcome("S1", 3, "T", toxicities=[fever, rash])
    assert said(played) == (
        "S1 had a DLT, as of 2026-01-08: fever grade 3, onset 2026-01-06; rash grade 1, "
        "onset 2026-01-07."
    )


def test_corrections_say_old_and_new_in_words() -> None:
    played = begin()
    played.open_cohort(0)
    played.treat("S1", 0)
    found = played.outcome("S1", 3, "N").seq
    played.correct(
        found,
        4,
        {
            "outcome": "T",
            "on": "2026-01-07",
            "toxicities": [{"term": "fever", "grade": 3, "onset": "2026-01-06"}],
        },
    )
    assert said(played) == (
        f"entry {found} (outcome of S1) corrected on 2026-01-09: day 2026-01-08 -> 2026-01-07, "
        "outcome no DLT -> a DLT, toxicities none -> fever (grade 3, onset 2026-01-06). "
        "Reason: misread."
    )
    played.correct(found - 2, 4, {"weight_kg": 61.5})
    assert said(played, day=False) == (
        f"entry {found - 2} (enrolment of S1) corrected: weight in kg none -> 61.5. "
        "Reason: misread."
    )
    played.correct(found - 1, 4, {"lot": "X"})
    assert "lot none -> X." in said(played)
    played.correct(found, 4, None)
    assert said(played, day=False) == f"entry {found} (outcome of S1) withdrawn. Reason: misread."


def test_what_a_stop_a_deferral_and_a_choice_below_the_rule_say() -> None:
    played = begin()
    played.open_cohort(0)
    for n in range(3):
        played.treat(f"S{n}", 0)
        played.outcome(f"S{n}", 1, "N")
    played.do(decide, day=2, choice=Choice(action="defer"), rationale="a meeting is due")
    assert said(played, day=False) == (
        "decision on entries up to 14: defer, other than the rule: enrol 3 patients at level 2. "
        'Rationale: "a meeting is due".'
    )
    played.open_cohort(2, action="stop", mtd=1)
    assert said(played) == (
        "decision 16 signed as approved on 2026-01-07: stop, the MTD is level 1."
    )


def test_votes_against_and_overdue_outcomes_are_said_of_a_trial_of_0_2_0() -> None:
    played = begin_as_0_2_0(load_protocol("nct07123519"))
    for name in ("Bo", "Cy", "Di"):
        played.do(delegate_role, person=name, role=Role.MEMBER)
    played.open_cohort(0)
    played.treat("S1", 0, infused=1.8e8, weight_kg=60)
    votes = {"Ada": Vote.FOR, "Bo": Vote.FOR, "Cy": Vote.AGAINST, "Di": Vote.ABSTAINED}
    played.do(
        decide,
        day=40,
        choice=Choice(action="enrol", level=1, n_to_enrol=1),
        rationale="time presses",
        attendees=[Attendance(person=name, vote=vote) for name, vote in votes.items()],
    )
    assert said(played).endswith(
        'Rationale: "time presses". Without the overdue outcome of S1. '
        "For: Ada, Bo; against: Cy; abstained: Di."
    )


def test_an_import_and_entries_that_do_not_fit_are_said_too() -> None:
    played = begin()
    imported = HistoryImported(
        on=date(2026, 1, 5),
        source="patients.csv",
        sha256="0" * 64,
        cohorts=(ImportedCohort(level=1, n_opened=3), ImportedCohort(level=2, n_opened=1)),
    )
    entry = Recorded(seq=4, at=played.entries[0].at, by="Ada", hash="0" * 64, event=imported)
    assert describe_entry(entry, played.state) == (
        "2 cohorts with 4 places imported on 2026-01-05 from patients.csv."
    )


def test_a_deviation_at_enrolment_is_said() -> None:
    played = begin()
    played.open_cohort(0)
    for n in range(3):
        played.treat(f"S{n}", 0)
    played.do(enrol_subject, day=1, subject="S9", deviation="a fourth, by mistake")
    assert said(played, day=False) == (
        'S9 enrolled in cohort 1 at level 1, against a gate: "a fourth, by mistake".'
    )


def test_every_kind_of_event_is_told() -> None:
    told = {type(entry.event) for played in (DEMO, begin()) for entry in played.entries}
    assert told < set(EVENTS.values())
    assert {Outcome.DLT, Outcome.NO_DLT} <= {
        getattr(entry.event, "outcome", None) for entry in DEMO.entries
    }


@pytest.mark.parametrize(
    ("infused", "planned", "percent"),
    [
        (3.84e8, 3.48e8, "110 %"),
        (1.0, 3.0, "33 %"),
        (0.001, 1.0, "0.1 %"),
        (1e9, 1.0, "1e+11 %"),
        (None, 1.0, None),
        (1.0, None, None),
    ],
)
def test_percent_of_the_planned_amount(
    infused: float | None, planned: float | None, percent: str | None
) -> None:
    event = SubjectDosed(on=date(2026, 1, 5), subject="S1", infused=infused, planned=planned)
    assert say_percent(event) == percent


def test_amounts_leave_out_what_a_product_adds_by_rounding() -> None:
    assert say_amount(3e6 * 61.7) == "1.851E8"
    assert say_amount(0.1 * 3) == "0.3"


def test_a_signature_of_another_kind_opens_nothing() -> None:
    played = begin()
    played.do(decide)
    played.do(sign, meaning=Meaning.REVIEWED)
    assert said(played) == "decision 4 signed as reviewed on 2026-01-05."
