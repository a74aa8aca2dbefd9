"""A trial in its ledger: recorded whole or not at all, once, and on what its author has seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from escalation.errors import ConflictError, InputError, IntegrityError, RefusedError
from escalation.ledger import Ledger, create_ledger, open_ledger, verify
from escalation.outcomes import Outcome
from escalation.protocol import load_protocol
from escalation.tracker import ClockError, Tracker
from escalation.trial import (
    Recorder,
    decide,
    delegate_role,
    dose_subject,
    enrol_subject,
    record_outcome,
    register_trial,
    sign,
)
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Meaning, Role, Toxicity

NCT = load_protocol(STAR_T.protocol)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def by(name: str, at: datetime = NOON) -> Recorder:
    return Recorder(name=name, on=at.date(), at=at)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with create_ledger(str(tmp_path / "trial.db")) as made:
        yield made


@pytest.fixture
def tracker(ledger: Ledger) -> Tracker:
    """Give a trial with one patient dosed at the first level."""
    tracker = Tracker(ledger, "TJ")
    tracker.record(partial(register_trial, protocol=NCT, solo=True), by("office"), new=True)
    for role in (Role.SITE, Role.CHAIR):
        tracker.record(partial(delegate_role, person=str(role), role=role), by("office"))
    tracker.record(decide, by("chair"))
    tracker.record(partial(sign, meaning=Meaning.APPROVED), by("chair"))
    tracker.record(partial(enrol_subject, subject="S1", weight_kg=60.0), by("site"))
    tracker.record(partial(dose_subject, subject="S1", infused=1.8e8), by("site"))
    return tracker


DLT = partial(
    record_outcome,
    subject="S1",
    outcome=Outcome.DLT,
    toxicities=[Toxicity(term="CRS", grade=3, onset=date(2026, 3, 2))],
)
LOST = partial(record_outcome, subject="S1", outcome=Outcome.NOT_EVALUABLE, reason="moved")
ENROL = partial(enrol_subject, subject="S2", weight_kg=70.0)


def test_what_was_recorded_is_read_back(tracker: Tracker) -> None:
    (recorded,) = tracker.record(DLT, by("site"), request_id="r1")
    state = tracker.state()
    assert (recorded.seq, recorded.by, recorded.hash) == (8, "site", state.head)
    assert state.subjects["S1"].standing == "DLT"
    assert tracker.entries()[-1] == recorded
    assert verify(tracker.ledger) == []


def test_a_refusal_records_nothing(tracker: Tracker) -> None:
    with pytest.raises(RefusedError):
        tracker.record(LOST, by("chair"))
    assert tracker.state().seq == 7


def test_a_trial_is_new_once(tracker: Tracker) -> None:
    with pytest.raises(ConflictError):
        tracker.record(partial(register_trial, protocol=NCT, solo=True), by("office"), new=True)


def test_state_as_of_an_entry_and_of_a_time(ledger: Ledger) -> None:
    tracker = Tracker(ledger, STAR_T.trial)
    for n, (command, recorder) in enumerate(STAR_T.steps(NCT)):
        tracker.record(command, recorder, request_id=f"demo-{n}", new=n == 0)
    assert tracker.state(as_of=0).registered is None
    assert tracker.state(as_of=11).seq == 11
    assert tracker.state(as_of=datetime(2026, 1, 12, 23, tzinfo=UTC)).seq == 15
    assert tracker.state(as_of=datetime(2025, 1, 1, tzinfo=UTC)).seq == 0
    assert tracker.state(as_of=datetime(2027, 1, 1, tzinfo=UTC)) == tracker.state()
    for missing in (-1, 999):
        with pytest.raises(InputError, match="the last one is 61"):
            tracker.state(as_of=missing)


def test_a_clock_that_went_back_does_not_hide_what_came_before(tracker: Tracker) -> None:
    tracker.record(LOST, by("site", datetime(2026, 3, 9, tzinfo=UTC)))
    tracker.record(ENROL, by("site", datetime(2026, 3, 5, tzinfo=UTC)), clock_is_right=True)
    assert tracker.state(as_of=datetime(2026, 3, 6, tzinfo=UTC)).seq == 9
    (finding,) = verify(tracker.ledger)
    assert finding.remark


# ---------------------------------------------------------------- two at once


def test_whoever_has_not_seen_the_last_entry_is_told_who_was_first(tracker: Tracker) -> None:
    tracker.record(DLT, by("site"))
    with pytest.raises(ConflictError) as caught:
        tracker.record(ENROL, by("site"), seen=7)
    assert "since entry 7 came entry 8 (outcome recorded) by site" in str(caught.value)
    assert caught.value.exit_code == 4
    assert tracker.state().seq == 8
    with pytest.raises(ConflictError, match="entry 99 is not there yet"):
        tracker.record(ENROL, by("site"), seen=99)


class Between:
    """A command during which, the first time, somebody else records."""

    def __init__(self, command: object, other: object) -> None:
        self.command, self.other = command, other

    def __call__(self, state, recorder):
        other, self.other = self.other, None
        if other is not None:
            other()
        return self.command(state, recorder)


def test_what_is_no_longer_allowed_is_a_conflict(tracker: Tracker) -> None:
    other = Tracker(tracker.ledger, "TJ")
    with pytest.raises(ConflictError) as caught:
        tracker.record(Between(LOST, lambda: other.record(DLT, by("site"))), by("site"))
    assert "someone else recorded first" in str(caught.value)
    assert "Entry 8 says DLT. If that is wrong, correct the entry" in str(caught.value)
    assert tracker.state().seq == 8


def test_what_would_be_recorded_otherwise_is_a_conflict(tracker: Tracker) -> None:
    """A decision names the last entry it rests on: it is never made on data not seen."""
    other = Tracker(tracker.ledger, "TJ")
    tracker.record(LOST, by("site"))
    for subject in ("S2", "S3", "S4"):
        tracker.record(partial(enrol_subject, subject=subject, weight_kg=60.0), by("site"))
    from escalation.trial.events import Choice

    stop = partial(decide, choice=Choice(action="stop"), rationale="sponsor's wish")
    meanwhile = partial(record_outcome, subject="S4", outcome=Outcome.NOT_EVALUABLE, reason="left")
    with pytest.raises(ConflictError, match="would be recorded otherwise now"):
        tracker.record(Between(stop, lambda: other.record(meanwhile, by("site"))), by("chair"))
    assert tracker.state().decisions[-1].seq == 4


def test_what_is_allowed_all_the_same_is_recorded_after_the_other(tracker: Tracker) -> None:
    other = Tracker(tracker.ledger, "TJ")
    delegate = partial(delegate_role, person="Bob", role=Role.MEMBER)
    tracker.record(Between(LOST, lambda: other.record(delegate, by("office"))), by("site"))
    assert [entry.event.kind for entry in tracker.entries()[-2:]] == [
        "role-delegated",
        "outcome-recorded",
    ]


def test_two_writers_at_once_lose_nothing(tmp_path: Path, tracker: Tracker) -> None:
    target = tracker.ledger.name
    start, told = threading.Barrier(4), []

    def write(k: int) -> None:
        with open_ledger(target) as own:
            mine = Tracker(own, "TJ")
            start.wait()
            for n in range(10):
                try:
                    command = partial(delegate_role, person=f"P{k}-{n}", role=Role.AUDITOR)
                    mine.record(command, by("office"))
                except ConflictError:
                    told.append((k, n))

    threads = [threading.Thread(target=write, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = tracker.state()
    assert len(state.roles) - 2 + len(told) == 40
    assert state.seq == 7 + 40 - len(told)
    assert verify(tracker.ledger) == []


# ---------------------------------------------------------------- the same request again


def test_a_request_that_was_recorded_is_not_recorded_again(tracker: Tracker) -> None:
    first = tracker.record(DLT, by("site"), request_id="abc")
    later = by("site", datetime(2026, 3, 2, 18, tzinfo=UTC))
    assert tracker.record(DLT, later, request_id="abc") == first
    assert tracker.state().seq == 8


@pytest.mark.parametrize(
    ("command", "recorder"),
    [(LOST, by("site")), (ENROL, by("site")), (DLT, by("chair")),
     (DLT, replace(by("site"), on=date(2026, 3, 1)))],
)  # fmt: skip
def test_a_request_id_used_for_something_else_is_a_conflict(tracker, command, recorder) -> None:
    tracker.record(DLT, by("site"), request_id="abc")
    with pytest.raises(ConflictError, match="request id abc was used for entry 8, by site"):
        tracker.record(command, recorder, request_id="abc")
    assert tracker.state().seq == 8


def test_a_repeat_that_meets_itself_inside_the_lock_is_recorded_once(tracker: Tracker) -> None:
    other = Tracker(tracker.ledger, "TJ")
    same = Between(DLT, lambda: other.record(DLT, by("site"), request_id="abc"))
    assert [r.seq for r in tracker.record(same, by("site"), request_id="abc")] == [8]
    assert tracker.state().seq == 8


# ---------------------------------------------------------------- a ledger that was touched


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET data = replace(data, 'S1', 'S9') WHERE seq = 6",
        "UPDATE entries SET recorded_by = 'someone' WHERE seq = 7",
        "DELETE FROM entries WHERE seq = 6",
    ],
)
def test_nothing_is_decided_on_a_ledger_that_was_changed(tracker: Tracker, statement: str) -> None:
    engine = create_engine(f"sqlite:///{tracker.ledger.name}")
    with engine.begin() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        for (name,) in names.all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(text(statement))
    engine.dispose()
    for attempt in (tracker.state, lambda: tracker.record(LOST, by("site"))):
        with pytest.raises(IntegrityError) as caught:
            attempt()
        assert caught.value.exit_code == 5


def test_nothing_decided_on_one_file_is_recorded_in_another(tmp_path, tracker: Tracker) -> None:
    """A copy put in place while the command decides: as long, with another last entry."""
    path = Path(tracker.ledger.name)
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    with open_ledger(str(copy)) as other:
        Tracker(other, "TJ").record(LOST, by("site"))
    tracker.record(DLT, by("site"))

    def replaced_meanwhile(state, recorder):
        copy.replace(path)
        return ENROL(state, recorder)

    with pytest.raises(IntegrityError, match="entry 8 is another one than a moment ago"):
        tracker.record(replaced_meanwhile, by("site"))
    assert [entry.seq for entry in tracker.entries()] == [*range(1, 9)]


# ---------------------------------------------------------------- a clock that cannot be right


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(minutes=1), "1 minute before entry 7 was recorded, at 2026-03-02 12:00 UTC"),
        (timedelta(hours=5), "5 hours before entry 7"),
        (timedelta(days=92), "92 days before entry 7"),
    ],
)
def test_a_clock_set_back_is_refused_until_somebody_has_looked_at_it(
    tracker: Tracker, back: timedelta, said: str
) -> None:
    """Case 19."""
    recorder = Recorder(name="site", on=date(2026, 2, 1), at=NOON - back)
    with pytest.raises(ClockError, match=said) as caught:
        tracker.record(LOST, recorder)
    assert "repeat with --clock-is-right" in str(caught.value)
    assert tracker.state().seq == 7


class ServerTime:
    """A ledger as on a server whose clock says a certain time."""

    def __init__(self, ledger: Ledger, at: datetime) -> None:
        self._ledger, self._at = ledger, at

    def clock(self) -> datetime:
        return self._at

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)


@pytest.mark.parametrize(
    ("days", "said"), [(-1.01, "ahead of the server's"), (40, "40 days behind the server's clock")]
)
def test_a_clock_a_day_away_from_the_servers_is_refused(
    tracker: Tracker, days: float, said: str
) -> None:
    at = NOON + timedelta(hours=6)
    elsewhere = ServerTime(tracker.ledger, at + timedelta(days=days))
    there = Tracker(elsewhere, "TJ")  # type: ignore[arg-type]
    with pytest.raises(ClockError, match=said):
        there.record(DLT, by("site", at))
    there.record(DLT, by("site", at), clock_is_right=True)
    assert there.state().seq == 8


def test_a_day_away_from_the_server_is_near_enough(tracker: Tracker) -> None:
    at = NOON + timedelta(hours=6)
    elsewhere = ServerTime(tracker.ledger, at - timedelta(days=1))
    Tracker(elsewhere, "TJ").record(DLT, by("site", at))  # type: ignore[arg-type]


def test_a_new_trial_is_recorded_whole_each_step_on_the_state_before_it(ledger: Ledger) -> None:
    """As step by step, in one transaction; the entries are the same but for their requests."""
    single = Tracker(ledger, "SINGLE")
    for place, (command, recorder) in enumerate(STAR_T.steps(NCT)):
        single.record(command, recorder, new=not place, clock_is_right=True)
    whole = Tracker(ledger, "WHOLE")
    n = whole.record_new(STAR_T.steps(NCT), request="demo")
    # signatures bind hashes, which hold the trial's name and requests: all before them is compared
    first = [[entry.event for entry in t.entries(as_of=9)] for t in (single, whole)]
    assert first[0] == first[1]
    assert n == whole.state().seq == single.state().seq == 61
    with pytest.raises(ConflictError):
        whole.record_new(STAR_T.steps(NCT), request="demo")


def test_of_a_new_trial_with_a_step_that_is_refused_nothing_is_recorded(ledger: Ledger) -> None:
    steps = [
        (partial(register_trial, protocol=NCT, solo=True), by("office")),
        (partial(enrol_subject, subject="S1", weight_kg=60.0), by("office")),
    ]
    with pytest.raises(RefusedError):
        Tracker(ledger, "TJ").record_new(steps, request="x")
    assert ledger.trials() == ()
