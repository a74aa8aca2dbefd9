"""Two people at one trial: no entry rests on what its author has not seen, or is there twice."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from escalation.errors import UnknownOutcomeError
from escalation.ledger import Ledger, Writer

from .shell import Shell

At = Callable[[str], Shell]
PROGRAM = [sys.executable, "-c", "from escalation.cli import main; main()", "trial"]
DLT = "--dlt --term CRS --grade 3 --onset 2026-01-06 --on 2026-01-06"


def test_who_has_not_seen_the_last_entry_is_told_who_was_first(at: At) -> None:
    shell = at("full")
    shell.ok(f"site: outcome S1 {DLT} --seen 13")
    said = shell.fails("chair: hold --reason death --seen 13", 4)
    assert said == (
        "escalation: someone else recorded first: since entry 13 came entry 14 (outcome recorded) "
        "by site; nothing was recorded"
    )
    said = shell.fails("chair: hold --reason death --seen 99", 4)
    assert "entry 99 is not there yet; nothing was recorded" in said
    shell.ok("chair: hold --reason death --seen 14")


@pytest.fixture
def in_between(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Return a function that has something done once, between a command's reading and its lock."""
    lock = Ledger.writing

    def hold(act: Callable[[], object]) -> None:
        acts = [act]

        @contextmanager
        def writing(self: Ledger, trial: str, *, new: bool = False) -> Iterator[Writer]:
            while acts:
                acts.pop()()
            with lock(self, trial, new=new) as writer:
                yield writer

        monkeypatch.setattr(Ledger, "writing", writing)

    return hold


def test_two_who_enrol_for_the_last_place_at_once(at: At, in_between: Any) -> None:
    shell = at("dosed")
    shell.ok("site: enrol S2 --weight 60")
    in_between(lambda: shell.ok("site: enrol S3 --weight 60"))
    said = shell.fails("site: enrol S4 --weight 60", 4)
    assert "someone else recorded first: since you read the trial came entry 11" in said
    assert "(subject enrolled) by site; nothing was recorded. Now S4 cannot be enrolled" in said
    assert "Cohort 1 has no free place: S2, S3 will fill the last." in said
    assert list(shell.json("status")["cohorts"][0]["patients"]) == ["S1", "S2", "S3"]


def test_a_decision_is_not_recorded_on_data_that_came_meanwhile(at: At, in_between: Any) -> None:
    shell = at("complete")
    in_between(lambda: shell.ok("site: correct 9 --set lot=L1 --reason forgotten"))
    said = shell.fails("chair: decide --follow", 4)
    assert "What you asked for would be recorded otherwise now" in said
    assert shell.json("status")["decisions"][-1]["entry"] == 6


def test_what_is_the_same_either_way_is_recorded_after_the_other(at: At, in_between: Any) -> None:
    shell = at("full")
    in_between(lambda: shell.ok("site: outcome S1 --no-dlt --on 2026-02-20"))
    said = shell.ok("site: outcome S2 --no-dlt --on 2026-02-20")
    assert said.startswith("Entry 15 recorded: S2 had no DLT")


@pytest.mark.reliability
def test_two_programs_record_at_the_same_moment_and_one_is_told(at: At) -> None:
    shell = at("dosed")
    shell.ok("site: enrol S2 --weight 60")
    env = os.environ | {"ESCALATION_DB": shell.db, "ESCALATION_AS": "site"}
    running = [
        subprocess.Popen(
            [*PROGRAM, "enrol", subject, "--weight", "60", "--seen", "10"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for subject in ("S3", "S4", "S5", "S6")
    ]
    results = [(*program.communicate(), program.returncode) for program in running]
    assert sorted(code for _, _, code in results) == [0, 4, 4, 4], results
    for _, stderr, code in results:
        assert not code or "someone else recorded first" in " ".join(stderr.split())
    assert shell.seq() == 11
    assert "Nothing is wrong." in shell.ok("verify")


# ---------------------------------------------------------------- at most once


def test_a_request_that_is_repeated_is_recorded_once(at: At) -> None:
    shell = at("dosed")
    line = "site: enrol S2 --weight 60 --on 2026-01-06 --request-id r1"
    first, again = shell.ok(line), shell.ok(line)
    assert first == again
    assert first.startswith("Entry 10 recorded: S2 enrolled")
    assert shell.seq() == 10


def test_a_request_id_is_not_used_for_something_else(at: At) -> None:
    shell = at("dosed")
    shell.ok("site: enrol S2 --weight 60 --on 2026-01-06 --request-id r1")
    said = shell.fails("site: enrol S3 --weight 60 --on 2026-01-06 --request-id r1", 4)
    assert "request id r1 was used for entry 10, by site, which says something else" in said


def test_a_registration_that_is_repeated_is_recorded_once(tmp_path: Path) -> None:
    shell = Shell(str(tmp_path / "new.db"))
    line = "office: register --trial TJ --on 2026-01-05 --request-id r1"
    assert shell.ok(line) == shell.ok(line)
    assert shell.seq() == 1


def test_two_who_register_at_once(tmp_path: Path, in_between: Any) -> None:
    shell = Shell(str(tmp_path / "new.db"))
    in_between(lambda: shell.ok("first: register --trial TJ"))
    said = shell.fails("second: register --trial TJ", 4)
    assert "trial TJ is already in" in said


def test_an_unknown_outcome_names_what_to_repeat(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = at("dosed")
    lock = Ledger.writing

    @contextmanager
    def writing(self: Ledger, trial: str, *, new: bool = False) -> Iterator[Writer]:
        with lock(self, trial, new=new) as writer:
            yield writer
        raise UnknownOutcomeError("the server is gone, while recording")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "writing", writing)
        said = shell.fails("site: enrol S2 --weight 60")
    found = re.search(r"--on \S+ --request-id [0-9a-f]{32}", said)
    assert found is not None, said
    again = shell.ok(f"site: enrol S2 --weight 60 {found[0]}")
    assert again.startswith("Entry 10 recorded: S2 enrolled")
    assert shell.seq() == 10


INTERRUPTED = """
import signal
from escalation.cli import main
from escalation.ledger import Ledger, open_ledger
open_ledger.__kwdefaults__["timeout"] = 2.0
signal.signal(signal.SIGALRM, signal.default_int_handler)  # the handler of Ctrl-C
lock = Ledger.writing
def writing(*args, **kwargs):
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    return lock(*args, **kwargs)
Ledger.writing = writing
main()
"""


def test_an_interrupt_while_waiting_says_how_to_find_out(at: At) -> None:
    """Ctrl-C on a command that waits for another's lock, sent soon after the wait begins."""
    shell = at("dosed")
    other = sqlite3.connect(shell.db, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, "trial", "enrol", "S2", "--weight", "60"],
            env=os.environ | {"ESCALATION_DB": shell.db, "ESCALATION_AS": "site"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        other.close()
    assert (done.returncode, done.stdout) == (1, "")
    assert "it may or may not have been recorded; repeat it with" in " ".join(done.stderr.split())
    assert "--request-id" in done.stderr
    assert "Traceback" not in done.stderr
    assert shell.seq() == 9
