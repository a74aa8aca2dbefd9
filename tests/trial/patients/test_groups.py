"""What is kept of the subjects as they change, against plain scans of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.errors import LadderError
from escalation.outcomes import last_tally, tally_cohorts
from escalation.protocol import PauseRule
from escalation.protocol.judging import DEATH_PAUSES
from escalation.trial import Recorded, TrialState, evolve, replay_events
from escalation.trial.adverse_events import pauses
from escalation.trial.adverse_events.verdicts import (
    OpenEvent,
    Verdict,
    known_by,
    open_events,
    unruled_dlts,
)
from escalation.trial.events import (
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    DecisionMade,
    EntryCorrected,
    EvaluabilityRuled,
    Event,
    HistoryImported,
    ImportedCohort,
    InfusionContinued,
    OutcomeRecorded,
    Role,
    RoleDelegated,
    SubjectDosed,
    SubjectEnrolled,
    SubjectRenamed,
    TrialRegisteredWithCommittee,
)
from escalation.trial.patients.groups import Groups, Order
from escalation.trial.patients.subjects import Standing
from tests.trial.bench import NCT, day, recorded
from tests.trial.test_evolve import BY_KIND, DAYS, SEQS

TRIAL: list[Event] = [
    TrialRegisteredWithCommittee(on=day(0), protocol=NCT.document, digest=NCT.digest, software="x"),
    *(RoleDelegated(on=day(0), person="nobody", role=role) for role in Role),
    HistoryImported(
        on=day(0),
        source="x",
        sha256="x",
        cohorts=(ImportedCohort(level=1, n_opened=3), ImportedCohort(level=2, n_opened=3)),
    ),
    *(
        SubjectEnrolled(on=day(0), subject=f"S{n}", cohort=n % 2 + 1, level=n % 2 + 1)
        for n in range(1, 4)
    ),
]
OF_SUBJECTS = (
    SubjectEnrolled, SubjectDosed, OutcomeRecorded, EntryCorrected, InfusionContinued,
    EvaluabilityRuled, AdverseEventRecorded, SubjectRenamed, DecisionMade,
)  # fmt: skip
RULINGS = st.builds(
    AdverseEventAdjudicated,
    on=DAYS,
    entry=SEQS,
    dlt=st.booleans(),
    suggested=st.sampled_from(Verdict).map(str),
)
FOLLOW_UPS = BY_KIND[AdverseEventFollowedUp]
EVENTS = st.one_of(*(BY_KIND[kind] for kind in OF_SUBJECTS), RULINGS, FOLLOW_UPS)
RULES = st.builds(
    PauseRule,
    name=st.just("it"),
    at_least=st.integers(1, 2),
    among=st.none() | st.integers(1, 3),
    min_grade=st.integers(1, 4),
    category=st.none() | st.just("crs"),
    related=st.booleans(),
    fatal=st.booleans(),
    dlt=st.booleans(),
) | st.just(DEATH_PAUSES)


def aimed(event: Event, state: TrialState, place: int) -> Event:
    """Let an event that names an entry name one that there is, of a kind that it can be about."""
    match event:
        case AdverseEventFollowedUp() | AdverseEventAdjudicated():
            known = [e.entry for s in state.subjects.values() for e in s.events]
        case EntryCorrected():
            known = list(state.owners)
        case _:
            return event
    return replace(event, entry=known[place % len(known)]) if known else event


def scan_unruled(state: TrialState, on: date) -> list[OpenEvent]:
    """Return what ``unruled_dlts`` has to: every event of every subject judged on that day."""
    found = []
    for subject in state.subjects.values():
        known = tuple(k for event in subject.events if (k := known_by(event, on)) is not None)
        found += [
            unruled
            for unruled in open_events(replace(subject, events=known), on)
            if unruled.suggestion.verdict is Verdict.MEETS
        ]
    return found


def scan_pauses(rule: PauseRule, state: TrialState, on: date) -> tuple[list[str], list[int]]:
    """Return who makes that a rule is met, and the entries: run by run, every patient counted."""
    subjects = list(state.subjects.values())
    if rule != DEATH_PAUSES:
        subjects = sorted((s for s in subjects if s.dosed_at), key=lambda s: s.dosed_at)
    marks = {s.id: list(pauses._entries(s, rule, on)) for s in subjects}
    if rule is DEATH_PAUSES:
        for entry, name in pauses.deaths_taken_back(state).items():
            marks[name].append(entry)
    length = min(rule.among or len(subjects), len(subjects))
    met, entries = set(), set()
    for first in range(len(subjects) - length + 1):
        run = [marks[s.id] for s in subjects[first : first + length] if marks[s.id]]
        if len(run) >= rule.at_least:
            met |= {s.id for s in subjects[first : first + length] if marks[s.id]}
            begins = sorted(map(min, run))[rule.at_least - 1]
            entries |= {entry for one in run for entry in one if entry >= begins}
    listed = [s.id for s in subjects if s.id in met or (not met and marks[s.id])]
    return listed, sorted(entries)


def check(state: TrialState, on: date, rule: PauseRule) -> None:
    subjects = list(state.subjects.values())
    for standing in Standing:
        for level in (None, 1, 2):
            assert state.subjects.standing(standing, level=level) == [
                s for s in subjects if s.standing is standing and level in (None, s.level)
            ]
    for subject in subjects:
        earlier = (s.dosed_at for s in subjects if s.dosed_at and subject.dosed_at)
        n_before = sum(at < subject.dosed_at for at in earlier)
        if subject.dosed_at is not None:
            assert state.subjects.n_dosed_before(subject) == n_before
    letters = {level: Counter() for level in {s.level for s in subjects if s.outcome}}
    for subject in subjects:
        if subject.outcome is not None:
            letters[subject.level][subject.outcome] += 1
    assert state.subjects.counts() == letters
    written = state.written_cohorts()
    last = state.last_written()
    assert last == written[len(written) - len(last) :]
    assert last_tally(last) == last_tally(written)
    try:
        tallies = tally_cohorts(written, NCT.labels)
    except LadderError:
        with pytest.raises(LadderError):
            state.tallies()
    else:
        assert state.tallies() == tallies
    assert unruled_dlts(state, on) == scan_unruled(state, on)
    status = pauses._judge(rule, state, on)
    assert (list(status.subjects), list(status.entries)) == scan_pauses(rule, state, on)
    for entry in range(state.seq + 2):
        made = next((made for made in state.decisions if made.seq == entry), None)
        assert state.find_decision(entry) is made


@cache
def started() -> TrialState:
    state = TrialState()
    for event in TRIAL:
        state = evolve(state, recorded(state, event))
    assert len(state.subjects) == 3
    return state


@settings(max_examples=40)
@given(
    st.lists(st.tuples(EVENTS, st.integers(0, 9), DAYS), max_size=15),
    RULES,
)
def test_what_is_kept_is_what_a_scan_finds_and_is_not_shared(drawn, rule):
    state = started()
    entries: list[Recorded] = []
    for event, place, on in drawn:
        check(state, on, rule)
        entry = recorded(state, aimed(event, state, place))
        following = evolve(state, entry)
        check(following, on, rule)
        check(state, on, rule)  # as it was
        entries.append(entry)
        state = following
    check(replay_events(entries, started()), day(60), rule)  # asked for the first time


def in_steps(values: list[tuple[str, int]]) -> Iterator[tuple[dict[str, int], list[str]]]:
    things: dict[str, int] = {}
    changes: list[str] = []
    for name, value in values:
        things[name] = value
        changes.append(name)
        yield things, changes


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9))))
def test_groups_are_those_of_the_things_as_they_are_now(values):
    groups: Groups[int, int] = Groups(lambda value: value % 3)
    for things, changes in in_steps(values):
        assert groups.follow(things, changes) == {
            rest: {name: value for name, value in things.items() if value % 3 == rest}
            for rest in {value % 3 for value in things.values()}
        }


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9))))
def test_an_order_is_of_the_things_as_they_are_now(values):
    order: Order[int] = Order(lambda value: (value,) if value % 3 else None)
    for things, changes in in_steps(values):
        assert order.follow(things, changes) == sorted(
            (value,) for value in things.values() if value % 3
        )


def test_only_who_has_changed_is_asked_again():
    asked: list[int] = []
    groups: Groups[int, int] = Groups(lambda value: asked.append(value) or value)
    changes = ["a", "b", "a"]
    groups.follow({"a": 2, "b": 5}, changes)
    groups.follow({"a": 2, "b": 5}, changes)
    copy = groups.copy()
    groups.follow({"a": 2, "b": 7}, [*changes, "b"])
    copy.follow({"a": 2, "b": 5}, changes)
    assert asked == [2, 5, 7]
