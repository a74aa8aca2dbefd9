"""State is a replay: total, the same however it is cut, and each event survives being written."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.designs.base import Action
from escalation.outcomes import Outcome
from escalation.plan import Plan, PlannedTest
from escalation.protocol import load_protocol
from escalation.trial import TrialState, departures, evolve, look_back, replay_events, warnings
from escalation.trial.codec import EventError, change_event, dump_event, load_event
from escalation.trial.committee.tally import list_awaited, tally_votes
from escalation.trial.demo.backfill import BACKFILL
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import (
    EVENTS,
    ActionTaken,
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Attendance,
    Choice,
    DataFrozen,
    DecisionCirculated,
    DecisionMade,
    EligibilityWaived,
    EnrolmentHeld,
    EnrolmentResumed,
    EntryCorrected,
    EvaluabilityRuled,
    Event,
    EventOutcome,
    FileImported,
    Finding,
    FindingsRecorded,
    HistoryImported,
    ImportedCohort,
    InfusionContinued,
    KeyRegistered,
    KeyRevoked,
    Leaving,
    Meaning,
    OutcomeRecorded,
    PlanAdopted,
    ProtocolAmended,
    Recommendation,
    Relation,
    Role,
    RoleDelegated,
    RoleRevoked,
    ScreeningFailed,
    Serious,
    Sex,
    Signed,
    SignedWithKey,
    SiteOpened,
    SubjectAtSite,
    SubjectDosed,
    SubjectEnrolled,
    SubjectLeft,
    SubjectRenamed,
    SubjectScreened,
    TimestampKept,
    Toxicity,
    TrialClosed,
    TrialRegistered,
    TrialRegisteredWithCommittee,
    VisitRecorded,
    Vote,
    VoteCast,
)

from .bench import NCT, Bench, day, recorded

DECLARE = NCT.with_design(variant="declare")
DOCUMENT = json.loads(json.dumps(NCT.document))
DAYS = st.integers(0, 400).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
SUBJECTS = st.sampled_from(["S1", "S2", "S3", "S4"])
LEVELS = st.sampled_from([-1, 1, 2, 3, 9])
LINES = st.text(min_size=1, max_size=8)
SEQS = st.integers(-1, 30)
AMOUNTS = st.none() | st.floats(1, 1e9)
PROTOCOLS = st.sampled_from(
    [
        (DOCUMENT, NCT.digest),
        (DOCUMENT, "other"),
        (json.loads(json.dumps(DECLARE.document)), DECLARE.digest),
        ({}, ""),
        ({"levels": 3}, "x"),
    ]
)
TOXICITIES = st.builds(
    Toxicity,
    term=LINES,
    grade=st.integers(1, 5),
    onset=DAYS,
    relation=st.none() | st.sampled_from(Relation),
    narrative=st.none() | LINES,
)
CHOICES = st.builds(
    Choice,
    action=st.sampled_from(["enrol", "stop", "defer", "resume"]),
    level=st.none() | LEVELS,
    n_to_enrol=st.integers(0, 4),
    mtd=st.none() | LEVELS,
)
CHANGES = st.none() | st.dictionaries(
    st.sampled_from(["on", "level", "infused", "outcome", "subject", "nothing"]),
    st.sampled_from(["2026-02-01", "T", "N", "X", 1, 2, 9, -1.5, None, [], "S2"]),
    max_size=2,
)


def made_of(made: type[Event], **fields: object) -> st.SearchStrategy[Event]:
    return st.builds(made, on=DAYS, **fields)


def few(items: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(items, max_size=3).map(tuple)


def under_a_protocol(made: type[Event], **fields: object) -> st.SearchStrategy[Event]:
    return PROTOCOLS.flatmap(
        lambda pair: made_of(made, protocol=st.just(pair[0]), digest=st.just(pair[1]), **fields)
    )


ROLES = st.sampled_from(Role)
COHORTS = st.builds(ImportedCohort, level=LEVELS, n_opened=st.integers(0, 4))
RECOMMENDED = st.builds(
    Recommendation,
    action=st.sampled_from(Action),
    level=st.none() | LEVELS,
    clause_id=LINES,
    clause=LINES,
)
VOTES = st.builds(Attendance, person=LINES, vote=st.sampled_from(Vote))

PLAN = Plan(name="drawn", tests=(PlannedTest(name="count", label="Count", unit="10^9/L"),))
PLANS = st.sampled_from([(PLAN.document, PLAN.digest), (PLAN.document, "other"), ({}, "")])
FINDINGS = st.builds(
    Finding,
    test=st.just("count") | LINES,
    value=AMOUNTS,
    unit=st.none() | LINES,
    answer=st.none() | LINES,
    below=st.booleans(),
    on=st.none() | DAYS,
    not_done=st.none() | LINES,
)

BY_KIND = {  # any event at all, sensible or not
    TrialRegistered: under_a_protocol(TrialRegistered, quorum=st.integers(1, 3), software=LINES),
    ProtocolAmended: under_a_protocol(ProtocolAmended, reason=LINES),
    RoleDelegated: made_of(RoleDelegated, person=LINES, role=ROLES),
    RoleRevoked: made_of(RoleRevoked, person=LINES, role=ROLES, reason=LINES),
    HistoryImported: made_of(HistoryImported, source=LINES, sha256=LINES, cohorts=few(COHORTS)),
    SubjectEnrolled: made_of(
        SubjectEnrolled,
        subject=SUBJECTS,
        cohort=st.integers(-1, 5),
        level=LEVELS,
        weight_kg=AMOUNTS,
        replaces=st.none() | SUBJECTS,
    ),
    SubjectDosed: made_of(SubjectDosed, subject=SUBJECTS, planned=AMOUNTS, infused=AMOUNTS),
    OutcomeRecorded: made_of(
        OutcomeRecorded,
        subject=SUBJECTS,
        outcome=st.sampled_from(Outcome),
        toxicities=few(TOXICITIES),
        reason=st.none() | LINES,
    ),
    EntryCorrected: made_of(EntryCorrected, entry=SEQS, reason=LINES, changes=CHANGES),
    DecisionMade: made_of(
        DecisionMade,
        cutoff=SEQS,
        recommended=RECOMMENDED,
        chosen=CHOICES,
        departure=st.booleans(),
        rationale=st.none() | LINES,
        attendees=few(VOTES),
    ),
    Signed: made_of(Signed, entry=SEQS, entry_hash=LINES, meaning=st.sampled_from(Meaning)),
    EnrolmentHeld: made_of(EnrolmentHeld, reason=LINES),
    EnrolmentResumed: made_of(EnrolmentResumed, reason=LINES),
    TrialClosed: made_of(TrialClosed, reason=LINES),
    AdverseEventRecorded: made_of(
        AdverseEventRecorded,
        subject=SUBJECTS,
        term=LINES,
        category=st.none() | st.sampled_from(["crs", "infection"]),
        started=DAYS,
        ended=st.none() | DAYS,
        grade=st.integers(1, 5),
        scale=st.just("CTCAE"),
        scale_version=st.just("5.0"),
        baseline_grade=st.none() | st.integers(0, 5),
        serious=few(st.sampled_from(Serious)),
        relation=st.none() | st.sampled_from(Relation),
        action=st.none() | st.sampled_from(ActionTaken),
        outcome=st.none() | st.sampled_from(EventOutcome),
        aware=DAYS,
    ),
    AdverseEventFollowedUp: made_of(
        AdverseEventFollowedUp,
        entry=SEQS,
        changes=st.dictionaries(
            st.sampled_from(["ended", "grade", "relation", "outcome", "subject", "nothing"]),
            st.sampled_from(["2026-02-01", "fatal", "unrelated", 1, 5, 9, None, "S2"]),
            max_size=2,
        ),
        aware=DAYS,
    ),
    AdverseEventAdjudicated: made_of(
        AdverseEventAdjudicated,
        entry=SEQS,
        dlt=st.booleans(),
        suggested=LINES,
        reason=st.none() | LINES,
    ),
    InfusionContinued: made_of(InfusionContinued, subject=SUBJECTS, infused=AMOUNTS),
    EvaluabilityRuled: made_of(
        EvaluabilityRuled, subject=SUBJECTS, evaluable=st.booleans(), reason=LINES
    ),
    ScreeningFailed: made_of(ScreeningFailed, subject=SUBJECTS, reason=LINES),
    SubjectRenamed: made_of(SubjectRenamed, subject=SUBJECTS, renamed=SUBJECTS, reason=LINES),
    SiteOpened: made_of(SiteOpened, site=LINES, time_zone=st.sampled_from(["UTC", "nowhere"])),
    SubjectAtSite: made_of(SubjectAtSite, subject=SUBJECTS, site=LINES),
    TrialRegisteredWithCommittee: under_a_protocol(TrialRegisteredWithCommittee, software=LINES),
    VoteCast: made_of(
        VoteCast,
        decision=SEQS,
        decision_hash=LINES,
        vote=st.sampled_from(Vote),
        reason=st.none() | LINES,
    ),
    DecisionCirculated: made_of(DecisionCirculated, decision=SEQS, to=few(LINES)),
    DataFrozen: made_of(DataFrozen, cutoff=SEQS, checked_by=few(LINES)),
    KeyRegistered: made_of(KeyRegistered, person=LINES, public_key=LINES),
    KeyRevoked: made_of(KeyRevoked, person=LINES, public_key=LINES, reason=LINES),
    SignedWithKey: made_of(
        SignedWithKey,
        entry=SEQS,
        entry_hash=LINES,
        meaning=st.sampled_from(Meaning),
        public_key=LINES,
        signature=LINES,
    ),
    TimestampKept: made_of(TimestampKept, entry=SEQS, entry_hash=LINES, token=LINES),
    PlanAdopted: PLANS.flatmap(
        lambda pair: made_of(
            PlanAdopted, plan=st.just(pair[0]), digest=st.just(pair[1]), reason=st.none() | LINES
        )
    ),
    SubjectScreened: made_of(
        SubjectScreened,
        subject=SUBJECTS,
        disease=st.none() | LINES,
        sex=st.none() | st.sampled_from(Sex),
        born=st.none() | LINES,
        consented=st.none() | DAYS,
        site=st.none() | LINES,
    ),
    FindingsRecorded: made_of(
        FindingsRecorded,
        subject=SUBJECTS,
        findings=few(FINDINGS),
        visit=st.none() | LINES,
        reason=st.none() | LINES,
        source=st.none() | LINES,
    ),
    EligibilityWaived: made_of(
        EligibilityWaived, subject=SUBJECTS, criteria=few(LINES), reason=LINES
    ),
    VisitRecorded: made_of(VisitRecorded, subject=SUBJECTS, visit=LINES, missed=st.none() | LINES),
    FileImported: made_of(
        FileImported,
        what=st.sampled_from(["results", "visits", "screening", "events"]),
        source=LINES,
        sha256=LINES,
        n_rows=SEQS,
    ),
    SubjectLeft: made_of(
        SubjectLeft, subject=SUBJECTS, why=st.sampled_from(Leaving), reason=st.none() | LINES
    ),
}
ANY_EVENT = st.one_of(*BY_KIND.values())


def test_every_kind_of_event_is_drawn():
    assert set(BY_KIND) == set(EVENTS.values())


def sealed(event: Event, state: TrialState) -> Event:
    """Give a signature the hash of what it signs: half of all would be noted as odd else."""
    signed = Signed | SignedWithKey | TimestampKept
    if isinstance(event, signed) and 1 <= event.entry <= state.seq:
        return replace(event, entry_hash=state.hashes[event.entry - 1])
    if isinstance(event, VoteCast) and 1 <= event.decision <= state.seq:
        return replace(event, decision_hash=state.hashes[event.decision - 1])
    return event


def what_is_kept_at_hand_is_what_a_search_finds(state: TrialState) -> None:
    assert state.open_cohorts == [c for c in state.cohorts if c.closed_by is None]
    last = {made.about: made for made in state.decisions}
    for made in state.decisions:
        assert state.last_decision_about(made.about) is last[made.about]
        assert state.successor(made) is (None if last[made.about] is made else last[made.about])
    awaited = []  # as 0.2.0 looked for them: through all decisions, the last one first
    about = set()
    for made in reversed(state.decisions):
        put_off = made.event.chosen.action == "defer" and made is not state.decisions[-1]
        if made.about not in about and not put_off and made.approved is None:
            awaited += [made] * (tally_votes(state, made).standing != "rejected")
        about.add(made.about)
    assert list_awaited(state) == awaited[::-1]


@pytest.mark.parametrize("demo", [STAR_T, BACKFILL], ids=["STAR-T", "backfill"])
def test_what_is_kept_at_hand_is_what_a_search_finds_after_every_entry_of_the_demos(demo):
    state = TrialState()
    protocol = load_protocol(demo.protocol)
    for command, recorder in demo.steps(protocol):
        for event in command(state, recorder):
            state = evolve(state, recorded(state, event, recorder.name, recorder.at))
            what_is_kept_at_hand_is_what_a_search_finds(state)


@given(st.lists(ANY_EVENT, max_size=30), st.integers(0, 30), st.booleans())
def test_evolve_is_total_and_does_not_depend_on_where_a_replay_is_cut(drawn, cut, register):
    state = TrialState()
    entries = []
    first = [
        TrialRegistered(on=day(0), protocol=NCT.document, digest=NCT.digest, quorum=1, software="x")
    ]
    for event in first * register + drawn:
        entry = recorded(state, sealed(event, state))
        before = deepcopy(state)
        following = evolve(state, entry)
        assert state == before
        entries.append(entry)
        state = following
    assert replay_events(entries) == state
    assert replay_events(entries[cut:], replay_events(entries[:cut])) == state
    assert state.seq == len(entries)
    what_is_kept_at_hand_is_what_a_search_finds(state)
    state.tallies()
    departures(state)
    look_back(state)
    warnings(state, day(100))


@given(ANY_EVENT)
def test_an_event_survives_being_written(event):
    text = json.dumps(dump_event(event), allow_nan=False)
    assert load_event(event.kind, event.version, text) == event


@pytest.mark.parametrize(
    ("kind", "version", "data", "words"),
    [
        ("subject-dosed", 1, "{}", "on: Field required"),
        ("subject-dosed", 1, '{"on":"2026-01-01","subject":"S1","more":1}', "more"),
        ("subject-dosed", 1, '{"on":"yesterday","subject":"S1"}', "on:"),
        ("subject-dosed", 1, '{"on":"2026-01-01","subject":1}', "subject:"),
        ("subject-dosed", 1, "[]", "subject-dosed"),
        ("subject-dosed", 1, "not json", "subject-dosed"),
        ("subject-dosed", 2, "{}", "version 2 of this kind is not known"),
        ("subject-eaten", 1, "{}", "version 1 of this kind is not known"),
    ],
)
def test_what_is_no_event_is_refused_with_its_faults(kind, version, data, words):
    with pytest.raises(EventError, match=words):
        load_event(kind, version, data)


def test_changing_an_event_checks_names_and_values():
    event = SubjectDosed(on=day(0), subject="S1", infused=1.0)
    assert change_event(event, {"infused": 2}).infused == 2.0
    for changes in ({"infusd": 1}, {"infused": "1"}, {"infused": True}, {"infused": float("inf")}):
        with pytest.raises(EventError):
            change_event(event, changes)


def test_state_as_of_an_entry_is_what_was_known_then():
    bench = Bench.started()
    bench.open_cohort()
    states = [bench.state]
    for subject, on in (("S1", 0), ("S2", 14)):
        bench.treat(subject, on)
        states.append(bench.state)
    bench.dlt("S1", 15, onset=3)
    assert [len(state.subjects) for state in states] == [0, 1, 2]
    assert states[2].subjects["S1"].standing == "pending"
    assert bench.state.subjects["S1"].standing == "DLT"
