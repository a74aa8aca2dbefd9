"""What a ledger promises, on every database it can stand on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from escalation.errors import (
    ConflictError,
    EscalationError,
    InputError,
    IntegrityError,
    LedgerError,
)
from escalation.ledger import (
    GENESIS,
    Draft,
    Ledger,
    check_chain,
    create_ledger,
    open_ledger,
    verify,
)

from .places import AT, DATABASE_ERRORS, NEXT, Place, drafts, record

ROLLBACKS = (ValueError("the caller changed its mind"), KeyboardInterrupt(), SystemExit(2))


# ---------------------------------------------------------------- recording and reading


def test_what_is_recorded_is_read_back(ledger: Ledger, place: Place):
    made = record(ledger, "T", 1, 2, 3, new=True)
    with open_ledger(place.target) as again:
        assert again.entries("T") == made
        assert again.trials() == ("T",)
    assert [entry.seq for entry in made] == [1, 2, 3]
    assert made[0].prev_hash == GENESIS
    assert made[0].recorded_at == "2026-11-24T23:32:01.123456Z"
    assert made[0].recorded_by == "Ada Lovelace"
    assert made[0].payload == {"subject": "S001", "dose": 0.25}
    assert made[0].data == '{"dose":0.25,"subject":"S001"}'
    check_chain(made)


def test_entries_after_a_number_are_those_not_yet_seen(ledger: Ledger):
    made = record(ledger, "T", 1, 2, 3, new=True)
    assert ledger.entries("T", after=1) == made[1:]
    assert ledger.entries("T", after=3) == []
    check_chain(ledger.entries("T", after=1), made[0].anchor)


def test_several_drafts_are_recorded_together_and_in_order(ledger: Ledger):
    record(ledger, "T", 1, new=True)
    made = ledger.append("T", drafts(2, 3, 4), after=1, recorded_at=AT, recorded_by="Ada")
    assert [entry.seq for entry in made] == [2, 3, 4]
    assert [entry.payload["subject"] for entry in ledger.entries("T")] == [
        "S001", "S002", "S003", "S004",
    ]  # fmt: skip


def test_a_writer_sees_what_it_recorded_itself(ledger: Ledger):
    record(ledger, "T", 1, new=True)
    with ledger.writing("T") as writer:
        writer.append(drafts(2), after=1, recorded_at=AT, recorded_by="Ada")
        assert [entry.seq for entry in writer.entries()] == [1, 2]
        assert [entry.seq for entry in writer.entries(after=1)] == [2]


def test_text_in_any_script_is_kept(ledger: Ledger):
    data = {"note": "Übelkeit, 悪心, غثيان, \U0001f912", "line\nbreak": "\0 \x1b \ud800"}
    record(ledger, "T", 1, new=True)
    ledger.append("T", [Draft(kind="note", version=1, data=data)], after=1,
                  recorded_at=AT, recorded_by="Zoë Müller-郭")  # fmt: skip
    last = ledger.entries("T")[-1]
    assert (last.payload, last.recorded_by) == (data, "Zoë Müller-郭")
    assert last.data.isascii()
    assert verify(ledger) == []


def test_trials_in_one_ledger_do_not_touch_each_other(ledger: Ledger):
    record(ledger, "B", 1, 2, new=True)
    record(ledger, "A", 7, new=True)
    record(ledger, "B", 3)
    assert ledger.trials() == ("A", "B")
    assert [entry.seq for entry in ledger.entries("A")] == [1]
    assert [entry.seq for entry in ledger.entries("B")] == [1, 2, 3]
    assert set(ledger.snapshot()) == {"A", "B"}
    assert list(ledger.snapshot("B")) == ["B"]


def test_a_request_is_found_by_its_id_in_its_own_trial(ledger: Ledger):
    record(ledger, "T", 1, new=True)
    record(ledger, "U", 1, new=True)
    made = record(ledger, "T", 2, 3, request_id="req-1")
    record(ledger, "T", 4, request_id="req-2")
    assert ledger.find_request("T", "req-1") == made
    assert ledger.find_request("T", "req-3") == []
    assert ledger.find_request("U", "req-1") == []


# ---------------------------------------------------------------- conflicts and rollbacks


@pytest.mark.parametrize("after", [0, 1, 3, -1])
def test_a_stale_writer_is_told_and_nothing_is_lost(ledger: Ledger, after: int):
    made = record(ledger, "T", 1, 2, new=True)
    with pytest.raises(
        ConflictError, match=f"trial T is at entry 2, and this was decided at entry {after}: see"
    ):
        ledger.append("T", drafts(9), after=after, recorded_at=AT, recorded_by="Ada")
    assert ledger.entries("T") == made


@pytest.mark.parametrize("error", ROLLBACKS, ids=lambda error: type(error).__name__)
def test_an_error_inside_leaves_no_trace(ledger: Ledger, error: BaseException):
    made = record(ledger, "T", 1, new=True)
    with pytest.raises(type(error)), ledger.writing("T") as writer:  # noqa: PT012
        writer.append(drafts(2), after=1, recorded_at=AT, recorded_by="Ada")
        raise error
    with pytest.raises(type(error)), ledger.writing("NEW", new=True) as writer:  # noqa: PT012
        writer.append(drafts(1), after=0, recorded_at=AT, recorded_by="Ada")
        raise error
    assert ledger.entries("T") == made
    assert ledger.trials() == ("T",)
    record(ledger, "T", 2)  # and the lock is gone


def test_a_transaction_that_was_undone_meanwhile_is_not_taken_for_recorded(ledger: Ledger):
    made = record(ledger, "T", 1, new=True)
    with pytest.raises(LedgerError, match=r"was passed over, .* nothing was"):  # noqa: SIM117, PT012
        with ledger.writing("T") as writer:
            writer.append(drafts(2), after=1, recorded_at=AT, recorded_by="Ada")
            writer._connection.rows("ROLLBACK")
    assert ledger.entries("T") == made


def test_an_error_of_the_database_that_was_passed_over_is_not_taken_for_recorded(ledger: Ledger):
    """PostgreSQL undoes the transaction and answers COMMIT with no error; SQLite goes on."""
    record(ledger, "T", 1, new=True)
    try:
        with ledger.writing("T") as writer:
            made = writer.append(drafts(2), after=1, recorded_at=AT, recorded_by="Ada")
            with suppress(Exception):
                writer._connection.rows("NONSENSE")
    except EscalationError as error:
        assert "nothing was recorded" in str(error)  # noqa: PT017
        made = []
    assert ledger.entries("T", after=1) == made


def test_a_new_trial_must_be_new(ledger: Ledger):
    made = record(ledger, "T", 1, new=True)
    with pytest.raises(ConflictError, match="trial T is already in"):
        record(ledger, "T", 1, new=True)
    assert ledger.entries("T") == made


UNKNOWN = {
    "entries": lambda ledger: ledger.entries("X"),
    "find_request": lambda ledger: ledger.find_request("X", "r"),
    "raw_rows": lambda ledger: ledger.raw_rows("X"),
    "snapshot": lambda ledger: ledger.snapshot("X", "T"),
    "append": lambda ledger: record(ledger, "X", 1),
    "verify": lambda ledger: verify(ledger, "X"),
}


@pytest.mark.parametrize("ask", UNKNOWN.values(), ids=UNKNOWN)
def test_a_trial_that_is_not_there_is_named_with_those_that_are(
    ledger: Ledger, ask: Callable[[Ledger], object]
):
    with pytest.raises(LedgerError, match=r"no trial X in .*; trials: none"):
        ask(ledger)
    record(ledger, "U", 1, new=True)
    record(ledger, "T", 1, new=True)
    with pytest.raises(LedgerError, match=r"no trial X in .*; trials: T, U"):
        ask(ledger)


# ---------------------------------------------------------------- what is refused at the border


def test_what_cannot_be_recorded_leaves_no_trace(ledger: Ledger):
    made = record(ledger, "T", 1, new=True)
    with pytest.raises(InputError, match=r"recorded_by .* must be one line"):
        record(ledger, "T", 2, recorded_by="Ada\nLovelace")
    with pytest.raises(InputError, match=r"request_id .* must be one line"):
        ledger.find_request("T", "r\0")
    with pytest.raises(InputError, match="trial 'a b' must be 1 to 60 letters"):
        record(ledger, "a b", 1, new=True)
    assert ledger.snapshot() == {"T": made}


def test_data_of_a_million_characters_are_kept_and_more_refused(ledger: Ledger):
    record(ledger, "T", 1, new=True)
    most = "x" * (1_000_000 - len('{"t":""}'))
    big = [Draft(kind="note", version=1, data={"t": most})]
    ledger.append("T", big, after=1, recorded_at=AT, recorded_by="Ada")
    more = [Draft(kind="note", version=1, data={"t": most + "x"})]
    with pytest.raises(InputError, match=r"are 1,000,001 characters .* holds up to 1,000,000"):
        ledger.append("T", more, after=2, recorded_at=AT, recorded_by="Ada")
    assert len(ledger.entries("T")) == 2
    assert verify(ledger) == []


# ---------------------------------------------------------------- the database itself

FORBIDDEN = {
    "update": "UPDATE entries SET data = '{}' WHERE seq = 1",
    "update nothing new": "UPDATE entries SET seq = seq",
    "delete one": "DELETE FROM entries WHERE seq = 2",
    "delete all": "DELETE FROM entries",
    "rename a trial": "UPDATE trials SET trial = 'U'",
    "delete a trial": "DELETE FROM trials WHERE trial = 'T'",
    "set the version back": "UPDATE ledger_schema SET version = 0",
    "forget the version": "DELETE FROM ledger_schema",
    "leave a gap": f"INSERT {NEXT.format(step=2, prev='hash, hash')}",
    "a second of a number": f"INSERT {NEXT.format(step=0, prev='prev_hash, hash')}",
    "another past": f"INSERT {NEXT.format(step=1, prev='prev_hash, hash')}",
    "of no trial": "INSERT INTO entries SELECT 'U', 1, recorded_at, recorded_by, kind, version, "
    "data, request_id, prev_hash, hash FROM entries WHERE seq = 1",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_database_itself_refuses_every_change(ledger: Ledger, place: Place, statement: str):
    made = record(ledger, "T", 1, 2, new=True)
    with pytest.raises(DATABASE_ERRORS, match=r"a ledger is only added to|foreign key"):
        place.sql(statement)
    assert ledger.entries("T") == made
    assert verify(ledger) == []


# ---------------------------------------------------------------- making a ledger


def test_making_a_ledger_twice_changes_nothing(place: Place):
    with create_ledger(place.target) as ledger:
        made = record(ledger, "T", 1, new=True)
    with create_ledger(place.target) as ledger:
        assert ledger.entries("T") == made
        assert verify(ledger) == []
    assert place.sql("SELECT version FROM ledger_schema") == [(1,)]


def test_a_ledger_is_never_made_by_opening(place: Place):
    with pytest.raises(LedgerError, match="`escalation trial register` makes"):
        open_ledger(place.target)


@pytest.mark.reliability
def test_several_processes_may_make_it_at_once(place: Place, tmp_path):
    code = (
        "import sys, time, pathlib; from escalation.ledger import create_ledger\n"
        "while not pathlib.Path(sys.argv[2]).exists(): time.sleep(0.001)\n"
        "create_ledger(sys.argv[1]).close()"
    )
    go = tmp_path / "go"
    makers = [
        subprocess.Popen([sys.executable, "-c", code, place.target, go], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    go.touch()
    said = [maker.communicate()[1] for maker in makers]
    assert said == [b""] * 4
    with open_ledger(place.target) as ledger:
        assert verify(ledger) == []


def test_an_older_ledger_is_brought_to_the_new_schema_by_making_only(place: Place, monkeypatch):
    with create_ledger(place.target) as ledger:
        backend = type(ledger._database.backend)
        made = record(ledger, "T", 1, new=True)
    monkeypatch.setattr(backend, "steps", (*backend.steps, ("CREATE TABLE signatures (x text)",)))
    with pytest.raises(LedgerError, match="has schema 1, and this program needs 2"):
        open_ledger(place.target)
    with create_ledger(place.target) as ledger:
        assert ledger.entries("T") == made
    assert place.sql("SELECT version FROM ledger_schema ORDER BY 1") == [(1,), (2,)]
    assert place.sql("SELECT * FROM signatures") == []


def test_a_step_that_fails_leaves_the_older_ledger(place: Place, monkeypatch):
    with create_ledger(place.target) as ledger:
        backend = type(ledger._database.backend)
        record(ledger, "T", 1, new=True)
    with monkeypatch.context() as patch:
        step = ("CREATE TABLE signatures (x text)", "CREATE NONSENSE")
        patch.setattr(backend, "steps", (*backend.steps, step))
        with pytest.raises(Exception, match="the database is not as it was made"):
            create_ledger(place.target)
    with open_ledger(place.target) as ledger:
        assert verify(ledger) == []


@pytest.mark.parametrize("make", [open_ledger, create_ledger])
def test_a_later_ledger_is_refused(place: Place, make: Callable[[str], Ledger]):
    create_ledger(place.target).close()
    place.sql("INSERT INTO ledger_schema VALUES (7)")
    with pytest.raises(LedgerError, match=r"later version .* schema 7, and this version knows 1"):
        make(place.target)


@pytest.mark.parametrize("make", [open_ledger, create_ledger])
@pytest.mark.parametrize(
    "steps",
    [
        "CREATE TABLE free AS SELECT * FROM ledger_schema WHERE version = 7",
        "CREATE TABLE free AS SELECT 0 AS version",
        "CREATE TABLE free AS SELECT -1 AS version",
    ],
)
def test_a_ledger_whose_steps_are_gone_is_not_called_empty(place: Place, make, steps):
    create_ledger(place.target).close()
    place.sql(steps)
    place.sql("DROP TABLE ledger_schema")
    place.sql("ALTER TABLE free RENAME TO ledger_schema")
    with pytest.raises(IntegrityError, match="not as it was made: ledger_schema lacks step 1"):
        make(place.target)


@pytest.mark.parametrize("make", [open_ledger, create_ledger])
def test_another_programs_database_is_left_alone(place: Place, make: Callable[[str], Ledger]):
    place.sql("CREATE TABLE bookmarks (url text)")
    with pytest.raises(LedgerError, match="another program's database"):
        make(place.target)
    with pytest.raises(Exception, match="entries"):
        place.sql("SELECT * FROM entries")


# ---------------------------------------------------------------- what the database is checked for

ALTERED = {
    "DROP TABLE entries": ["entries is missing"],
    "ALTER TABLE trials ADD COLUMN note text": ["trials"],
    "CREATE TABLE drafts (x text)": ["table drafts is not the ledger's"],
    "CREATE VIEW last AS SELECT * FROM entries": ["last is not the ledger's"],
}


@pytest.mark.parametrize("statement", ALTERED)
def test_altered_tables_are_found(ledger: Ledger, place: Place, statement: str):
    record(ledger, "T", 1, new=True)
    assert ledger.check() == []
    place.sql(statement)
    found = [str(finding) for finding in ledger.check()]
    assert {finding.kind for finding in ledger.check()} == {"storage"}
    for expected in ALTERED[statement]:
        assert any(expected in line for line in found), found


def test_missing_triggers_are_found(ledger: Ledger, place: Place):
    record(ledger, "T", 1, new=True)
    place.triggers_off()
    found = [finding.problem for finding in verify(ledger)]
    assert any("trigger entries_continue" in problem for problem in found)
    assert all("trigger" in problem for problem in found)
    place.triggers_on()
    assert verify(ledger) == []


def test_time_that_goes_back_is_recorded_and_remarked(ledger: Ledger):
    record(ledger, "T", 1, 2, new=True)
    record(ledger, "T", 3, recorded_at=AT - timedelta(days=1))
    (finding,) = verify(ledger)
    assert (finding.kind, finding.seq, finding.remark) == ("clock", 3, True)


def test_a_ledger_shows_where_it_is_and_nothing_else(ledger: Ledger):
    assert "hush" not in ledger.name
    assert ledger.name.endswith(".db") or "keeper:***@127.0.0.1" in ledger.name
