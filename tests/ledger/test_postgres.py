"""A ledger on a PostgreSQL server: its settings, and everything that can be wrong with a server."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from escalation.errors import EscalationError, LedgerError, UnknownOutcomeError
from escalation.ledger import Ledger, create_ledger, open_ledger, verify

from .places import AT, DATABASE_ERRORS, NEXT, PostgresPlace, drafts, record
from .postgres_server import PASSWORD, PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(postgres_place: PostgresPlace) -> PostgresPlace:
    return postgres_place


@pytest.fixture
def ledger(place: PostgresPlace) -> Iterator[Ledger]:
    with create_ledger(place.target) as ledger:
        record(ledger, "T", 1, 2, new=True)
        yield ledger


@contextmanager
def changed(server: PostgresServer, change: str, back: str) -> Iterator[None]:
    """Change the server's settings for a while."""
    reload = "SELECT pg_reload_conf(), pg_sleep(0.1)"  # it is told by a signal
    server.execute(change, reload)
    try:
        yield
    finally:
        server.execute(back, reload)


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("change", "back", "problem"),
    [
        ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync",
         "setting fsync = off, .* a ledger needs fsync = on"),
        ("ALTER SYSTEM SET full_page_writes = off", "ALTER SYSTEM RESET full_page_writes",
         "setting full_page_writes = off, .* needs full_page_writes = on"),
        ("ALTER ROLE keeper SET synchronous_commit = off", "ALTER ROLE keeper RESET ALL",
         "setting synchronous_commit = off, .* needs synchronous_commit = on"),
        ("ALTER DATABASE postgres SET synchronous_commit = off",
         "ALTER DATABASE postgres RESET ALL", "setting synchronous_commit = off"),
    ],
    ids=["fsync", "full_page_writes", "synchronous_commit of a user", "of a database"],
)  # fmt: skip
def test_unsafe_settings_are_refused_at_every_transaction(server, ledger, change, back, problem):
    with changed(server, change, back):
        with pytest.raises(LedgerError, match=problem):
            ledger.entries("T")
        with pytest.raises(LedgerError, match=problem):
            record(ledger, "T", 3)
    record(ledger, "T", 3)


def test_settings_in_the_url_are_no_way_around(place):
    with pytest.raises(LedgerError, match="setting synchronous_commit = off"):
        create_ledger(f"{place.target}%20-csynchronous_commit%3Doff")


def test_the_url_asks_the_server_and_not_the_driver(place):
    with pytest.raises(LedgerError, match='invalid connection option "autocommit"'):
        open_ledger(f"{place.target}&autocommit=1")
    create_ledger(f"{place.target}&client_encoding=LATIN1&application_name=x").close()


def test_a_database_that_is_not_in_utf8_is_refused(server):
    server.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(LedgerError, match=r"server_encoding = SQL_ASCII, .* = UTF8"):
        create_ledger(server.url("ascii"))


def test_the_environment_may_ask_for_another_encoding(ledger, monkeypatch):
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    record(ledger, "T", 3, recorded_by="郭 Zoë")
    assert ledger.entries("T")[-1].recorded_by == "郭 Zoë"


def test_the_servers_default_isolation_is_no_way_around(server, ledger):
    change = "ALTER ROLE keeper SET default_transaction_isolation = 'serializable'"
    with changed(server, change, "ALTER ROLE keeper RESET ALL"), ledger.writing("T") as writer:
        isolation = writer._connection.rows("SHOW transaction_isolation")
        assert isolation == [("read committed",)]


# ---------------------------------------------------------------- triggers

SLY = {
    "truncate": "TRUNCATE entries",
    "truncate all": "TRUNCATE trials CASCADE",
    "truncate the version": "TRUNCATE ledger_schema",
    "as a replica": "SET session_replication_role = replica; DELETE FROM entries",
    "insert as a replica": "SET session_replication_role = replica; "
    f"INSERT {NEXT.format(step=2, prev='hash, hash')}",
    "upsert": f"INSERT {NEXT.format(step=0, prev='prev_hash, hash')} "
    "ON CONFLICT (trial, seq) DO UPDATE SET data = '{}'",
}


@pytest.mark.parametrize("statement", SLY.values(), ids=SLY)
def test_postgresqls_own_ways_of_changing_are_refused(ledger, place, statement):
    before = place.sql("SELECT * FROM entries")
    with pytest.raises(DATABASE_ERRORS, match="a ledger is only added to"):
        place.sql(statement)
    assert place.sql("SELECT * FROM entries") == before


def test_another_table_of_the_same_name_does_not_mislead_the_triggers(ledger, place):
    """A temporary table comes before all others where only its name is given."""
    sly = NEXT.format(step=9, prev="hash, hash").replace(" entries", f" {place.schema}.entries")
    with pytest.raises(DATABASE_ERRORS, match="a ledger is only added to"):
        place.sql(f"CREATE TEMP TABLE entries (LIKE entries); INSERT {sly}")
    assert len(ledger.entries("T")) == 2


ALTERED = {
    "ALTER TABLE entries DISABLE TRIGGER entries_continue": "trigger entries_continue was altered",
    "ALTER TABLE entries ENABLE TRIGGER entries_no_changes": "entries_no_changes was altered",
    "CREATE RULE forget AS ON INSERT TO entries DO INSTEAD NOTHING": "rule forget is not",
    "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RETURN NULL; END'": "function ledger_refuse was altered",
    "ALTER TABLE entries ENABLE ROW LEVEL SECURITY": "table entries was altered",
    "ALTER TABLE entries SET UNLOGGED": "table entries was altered",
    "ALTER TABLE entries ALTER COLUMN seq TYPE bigint": "column entries.seq was altered",
    "ALTER TABLE entries ALTER COLUMN hash DROP NOT NULL": "column entries.hash was altered",
    "ALTER TABLE entries DROP CONSTRAINT entries_pkey": "constraint entries_pkey is missing",
    "ALTER TABLE entries DROP CONSTRAINT entries_trial_fkey": "entries_trial_fkey is missing",
    "CREATE TRIGGER quiet BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION ledger_refuse()":
    "trigger quiet is not the ledger's",
    "DROP TRIGGER entries_no_changes ON entries": "trigger entries_no_changes is missing",
    "ALTER TABLE trials DISABLE TRIGGER USER": "trigger trials_no_changes was altered",
    "ALTER TABLE entries ADD COLUMN remark text": "column entries.remark is not the ledger's",
    "CREATE UNIQUE INDEX one_kind ON entries (kind, seq, trial)": "index one_kind is not the",
}  # fmt: skip


@pytest.mark.parametrize("statement", ALTERED)
def test_whatever_is_altered_in_the_schema_is_found(ledger, place, statement):
    place.sql(statement)
    assert [ALTERED[statement] in finding.problem for finding in ledger.check()] == [True]


def test_tables_put_in_are_found_and_one_whose_rows_would_count_is_said_to_be(ledger, place):
    place.sql("CREATE TABLE further () INHERITS (entries)")
    problems = [finding.problem for finding in ledger.check()]
    assert "table further is not the ledger's" in problems
    assert any("whose rows count among those of entries is not" in said for said in problems)


# ---------------------------------------------------------------- locks


def test_a_locked_trial_is_said_to_be_in_use_and_another_is_not(place, ledger):
    record(ledger, "U", 1, new=True)
    with open_ledger(place.target, timeout=0.2) as hurried, ledger.writing("T"):
        with pytest.raises(LedgerError, match=r"another program is using it .* recorded"):
            record(hurried, "T", 3)
        record(hurried, "U", 2)
        assert len(hurried.entries("T")) == 2
    record(ledger, "T", 3)


def test_a_transaction_sees_one_state_of_the_database(ledger):
    with ledger._database.reading() as connection:
        query = "SELECT count(*) FROM entries"
        assert connection.rows(query) == [(2,)]
        record(ledger, "T", 3)
        assert connection.rows(query) == [(2,)]


# ---------------------------------------------------------------- a server that is gone


@contextmanager
def dead(server: PostgresServer) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


def test_a_server_that_is_gone_is_said_to_be_and_nothing_was_recorded(server, ledger, place):
    with dead(server):
        with pytest.raises(LedgerError, match=r"cannot be reached, or has gone .* was recorded"):
            record(ledger, "T", 3)
        with pytest.raises(LedgerError, match="cannot be reached, or has gone"):
            open_ledger(place.target)
    assert len(ledger.entries("T")) == 2


def test_a_server_killed_within_a_transaction_recorded_nothing(server, ledger, capfd):
    with (
        pytest.raises(LedgerError, match="nothing was recorded") as caught,
        ledger.writing("T") as writer,
        dead(server),
    ):
        writer.append(drafts(3), after=2, recorded_at=AT, recorded_by="Ada")
    assert not isinstance(caught.value, UnknownOutcomeError)
    assert len(ledger.entries("T")) == 2
    assert capfd.readouterr().err == ""


def test_a_server_killed_before_the_commit_recorded_nothing(server, ledger, capfd):
    try:
        with (  # noqa: PT012
            pytest.raises(LedgerError, match="nothing was recorded") as caught,
            ledger.writing("T") as writer,
        ):
            writer.append(drafts(3), after=2, recorded_at=AT, recorded_by="Ada")
            server.kill()
    finally:
        server.start()
    assert not isinstance(caught.value, UnknownOutcomeError)
    assert len(ledger.entries("T")) == 2
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("killed", ["before the commit", "after the commit"])
def test_a_server_killed_in_the_commit_may_have_recorded_and_the_request_says_whether(
    server, ledger, monkeypatch, capfd, killed
):
    """The server goes when COMMIT is sent, or when it is done but the answer has not arrived."""
    commit = psycopg.Connection.commit

    def commit_and_die(connection: psycopg.Connection) -> None:
        if killed == "after the commit":
            commit(connection)
        server.kill()
        connection.execute("SELECT 1")

    try:
        with (  # noqa: PT012
            pytest.raises(UnknownOutcomeError, match="may or may not have been recorded; repeat"),
            ledger.writing("T") as writer,
        ):
            writer.append(drafts(3), after=2, recorded_at=AT, recorded_by="Ada", request_id="r-1")
            monkeypatch.setattr(psycopg.Connection, "commit", commit_and_die)
    finally:
        monkeypatch.undo()
        server.start()
    recorded = [entry.seq for entry in ledger.find_request("T", "r-1")]
    assert recorded == ([3] if killed == "after the commit" else [])
    assert capfd.readouterr().err == ""


def test_a_connection_ended_by_the_administrator_is_told(server, ledger):
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with pytest.raises(LedgerError, match="nothing was recorded"), ledger.writing("T") as writer:  # noqa: PT012
        server.execute(end)
        writer.append(drafts(3), after=2, recorded_at=AT, recorded_by="Ada")
    with pytest.raises(LedgerError, match="nothing was recorded"), ledger.writing("T"):
        server.execute(end)
    assert len(ledger.entries("T")) == 2


# ---------------------------------------------------------------- who may not come in


def shown_to_anyone(error: BaseException) -> str:
    return f"{error!r} {''.join(traceback.format_exception(error))}"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("hush-hush", "s3cret"), "password authentication failed"),
        (("keeper:hush-hush", "nobody:s3cret"), "password authentication failed"),
        (("/postgres", "/no_such_database"), 'database "no_such_database" does not exist'),
        (("127.0.0.1:", "127.0.0.1:1"), "cannot be reached|cannot be read"),
        (("127.0.0.1", "no-such-host.invalid"), "cannot be reached"),
        (("?options", "?nonsense=1&options"), "cannot be reached|nonsense"),
    ],
)
def test_who_cannot_come_in_is_told_why_and_shown_no_password(place, change, problem):
    target = place.target.replace(*change)
    with pytest.raises(LedgerError, match=problem) as caught:
        open_ledger(target, timeout=2)
    assert "\n" not in str(caught.value)
    assert not any(word in shown_to_anyone(caught.value) for word in ("s3cret", PASSWORD))


def test_a_password_in_the_query_is_hidden_too(place):
    target = place.target.replace(f":{PASSWORD}@", "@") + f"&password={PASSWORD}"
    with create_ledger(target) as ledger:
        assert PASSWORD not in ledger.name
        assert "password=" in ledger.name


def test_postgres_is_another_word_for_postgresql(place):
    with create_ledger(place.target.replace("postgresql://", "postgres://", 1)) as ledger:
        assert ledger.name.startswith("postgresql://keeper:***@127.0.0.1")


# ---------------------------------------------------------------- a user with few rights


def test_a_user_who_may_only_read_reads_and_verifies(server, ledger, place):
    server.execute(
        "DROP ROLE IF EXISTS auditor",
        f"CREATE ROLE auditor LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT USAGE ON SCHEMA {place.schema} TO auditor",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {place.schema} TO auditor",
    )
    try:
        with open_ledger(place.target.replace("//keeper", "//auditor")) as audited:
            assert audited.entries("T") == ledger.entries("T")
            assert verify(audited) == []
            with pytest.raises(LedgerError, match=r"may not do that .* nothing was recorded"):
                record(audited, "T", 3)
        with pytest.raises(LedgerError, match="may not do that in the database"):
            create_ledger(server.url(user="auditor"))
    finally:
        server.execute("DROP OWNED BY auditor", "DROP ROLE auditor")


def test_a_server_that_is_read_only_says_so(server, ledger):
    change = "ALTER ROLE keeper SET default_transaction_read_only = on"
    with changed(server, change, "ALTER ROLE keeper RESET ALL"):
        with pytest.raises(
            LedgerError, match=r"the database is read-only .*; nothing was recorded"
        ):
            record(ledger, "T", 3)
        assert len(ledger.entries("T")) == 2


def test_every_error_is_one_of_ours(ledger, place):
    place.sql("ALTER TABLE entries RENAME TO elsewhere")
    with pytest.raises(EscalationError, match="the database is not as it was made") as caught:
        ledger.entries("T")
    assert isinstance(caught.value.__cause__.__cause__, psycopg.Error)
    assert caught.value.exit_code == 5
