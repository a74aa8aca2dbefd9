"""`escalation serve`: what it refuses, what it says is unsafe, and what it writes of requests."""

from __future__ import annotations

import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from escalation.cli import main
from escalation.errors import InputError
from escalation.web.serving import Server, log_access
from escalation.web.settings import LOCAL_HOSTS, Settings, find_risks
from tests.web.conftest import TRIAL
from tests.web.people import HEADER


def run(*words: str) -> Result:
    return CliRunner().invoke(
        main, ["serve", *words], env={"ESCALATION_AS": "", "ESCALATION_DB": ""}
    )


def settings(**changed: object) -> Settings:
    usual = {"db": "no.db", "secret": b"x", "hosts": LOCAL_HOSTS}
    return Settings(**{**usual, **changed})


def test_one_person_on_this_machine_is_safe(demo_file: Path):
    demo_file.chmod(0o600)
    found = run("--db", str(demo_file), "--as", "Wu Jing", "--check")
    assert (found.exit_code, found.stdout) == (
        0,
        "Nothing unsafe was found in these settings.\n",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--demo", "--host", "0.0.0.0"], "--host 0.0.0.0 lets other machines in"),  # noqa: S104
        (["--demo", "--proxied", "--allow-host", "a.org"], "--proxied lets other machines in"),
        (["--demo", "--allow-host", "*"], "--allow-host takes any name"),
    ],
)
def test_the_worst_is_refused_with_and_without_check(words: list[str], said: str):
    listed, refused = run(*words, "--check"), run(*words)
    assert listed.exit_code == refused.exit_code == 1
    assert said in " ".join(listed.stdout.split())
    assert said in " ".join(refused.stderr.split())
    assert "refused: " in listed.stdout


HOST = "192.0.2.1"  # RFC 5737


@pytest.mark.parametrize(
    ("changed", "what", "is_refused"),
    [
        ({"accounts": "a.db", "host": HOST, "hosts": ("a.org",)}, "without --proxied", True),
        ({"accounts": "a.db", "proxied": True}, "asked for by no name", True),
        (
            {"accounts": "a.db", "host": HOST, "proxied": True, "hosts": ("a.org",)},
            "past the proxy",
            False,
        ),
        ({"accounts": "no.db"}, "in one file", True),
        ({"accounts": "a.db", "secure": False}, "without TLS", True),
        ({"db": "postgresql://u:pw@db.a.org/x?sslmode=require"}, "holds a password", False),
        ({"db": "postgresql://u@db.a.org/x"}, "may be without TLS", False),
    ],
)
def test_what_is_unsafe_is_said(changed: dict[str, object], what: str, is_refused: bool):
    (found,) = [risk for risk in find_risks(settings(**changed)) if what in risk.what]
    assert found.is_refused is is_refused
    assert "pw" not in str(found).replace("password", "")


@pytest.mark.parametrize(
    "changed",
    [
        {"accounts": "a.db", "proxied": True, "hosts": ("a.org",)},
        {"accounts": "a.db"},
        {"db": "postgresql://u@/x?host=/run"},
        {"db": "postgresql://u@localhost/x"},
    ],
)
def test_what_is_safe_is_not_complained_of(changed: dict[str, object]):
    assert find_risks(settings(**changed)) == []


def test_a_ledger_that_others_can_read_is_unsafe(tmp_path: Path):
    (tmp_path / "t.db").touch(0o600)
    assert find_risks(settings(db=str(tmp_path / "t.db"))) == []
    for mode, said, is_refused in (
        (0o640, "group can read the ledger", False),
        (0o604, "everybody on this machine can read", False),
        (0o606, "everybody on this machine can write", True),
    ):
        (tmp_path / "t.db").chmod(mode)
        (found,) = find_risks(settings(db=str(tmp_path / "t.db")))
        assert said in found.what
        assert found.is_refused is is_refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say where the ledger is"),
        (["--db", "x.db"], "say who is let in"),
        (["--demo", "--accounts", "x.db"], "--demo and --accounts do not go together"),
        (["--demo", "--as", "Wu Jing"], "--demo and --as do not go together"),
        (["--db", "x.db", "--as", "A", "--invite", "B"], "needs --accounts"),
        (["--demo", "--port", "70000"], "is not in the range"),
        (["--demo", "--host", "::1"], "takes a name or an IPv4 address"),
        (["--demo", "--base-path", "escalation"], "must be a path such as /escalation"),
        (["--demo", "--base-path", "//evil.org"], "must be a path such as /escalation"),
        (["--demo", "--base-path", "/a/../b"], "must be a path such as /escalation"),
    ],
)
def test_words_that_do_not_go_together_are_a_usage_error(words: list[str], said: str):
    found = run(*words)
    assert found.exit_code == 2
    assert said in " ".join(found.stderr.split())


def test_a_ledger_that_is_not_there_is_one_line(tmp_path: Path):
    found = run("--db", str(tmp_path / "no.db"), "--as", "Wu Jing")
    assert found.exit_code == 1
    assert "there is no ledger at" in found.stderr


def test_a_port_in_use_is_one_line(app: Flask):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}: another program is using it"):
            Server(app, settings(), port)


def test_without_the_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith("escalation.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "waitress.server", None)
    monkeypatch.setitem(sys.modules, "flask", None)
    found = run("--demo")
    assert found.exit_code == 1
    assert "pip install 'escalation[web]'" in " ".join(found.stderr.split())


def test_the_log_of_requests_names_nobody(app: Flask):
    lines: list[str] = []
    log_access(app, lines.append)
    browser = app.test_client()
    browser.get(f"/t/{TRIAL}/record/nothing?subject=TJ-008", headers={HEADER: "Lin Mei"})
    browser.get("/no/TJ-008", headers={HEADER: "Lin Mei"})
    browser.get("/health")
    assert [line.rsplit(" ", 2)[0] for line in lines] == [
        "GET /t/<trial>/record/<act> 404",
        "GET - 404",
        "GET /health 200",
    ]


def test_health_and_readiness_say_no_more_than_that(app: Flask, monkeypatch: pytest.MonkeyPatch):
    browser = app.test_client()
    assert browser.get("/health").text == "alive\n"
    assert browser.get("/ready").text == "ready\n"
    Path(app.extensions["desk"].ledger.name).unlink()
    gone = browser.get("/ready")
    assert (gone.status_code, gone.text) == (503, "not ready\n")
    assert browser.get("/health").status_code == 200


def test_the_first_account_is_invited_from_the_command_line(demo_file: Path, tmp_path: Path):
    accounts = ["--accounts", str(tmp_path / "trials.accounts.db"), "--db", str(demo_file)]
    proxied = ["--proxied", "--allow-host", "trials.example", "--base-path", "/escalation"]
    said = run(*accounts, *proxied, "--invite", "wu jing")
    assert said.exit_code == 0, said.output
    first, link, *_ = said.stdout.splitlines()
    assert first == f"For wu jing, in {TRIAL}. It works once, within 72 hours:"
    assert link.startswith("https://trials.example/escalation/join/")
    assert (tmp_path / "trials.access.db").exists()
    refused = run(*accounts, "--invite", "Lin Mei")  # of the site: she leads nothing
    assert refused.exit_code == 1
    assert "Lin Mei neither registered nor chairs a trial" in refused.stderr


def test_a_ledger_is_not_taken_for_accounts(demo_file: Path, tmp_path: Path):
    copy = tmp_path / "copy.db"
    copy.write_bytes(demo_file.read_bytes())
    found = run("--db", str(demo_file), "--accounts", str(copy))
    assert found.exit_code == 1
    assert "holds something else" in found.stderr


def test_a_journal_that_was_changed_is_noticed_at_the_start_and_by_check(
    demo_file: Path, tmp_path: Path
):
    demo_file.chmod(0o600)
    words = ["--db", str(demo_file), "--accounts", str(tmp_path / "trials.accounts.db")]
    assert run(*words, "--invite", "Wu Jing").exit_code == 0
    assert run(*words, "--check").exit_code == 0
    with closing(sqlite3.connect(tmp_path / "trials.access.db")) as connection:
        connection.execute("DROP TRIGGER entries_no_update")
        connection.execute("UPDATE entries SET recorded_by = 'somebody' WHERE seq = 2")
        connection.commit()
    checked, started = run(*words, "--check"), run(*words)
    assert checked.exit_code == 1
    assert "the journal of the accounts" in checked.stdout
    assert started.exit_code == 5
    assert "is not as it was recorded" in " ".join(started.stderr.split())
