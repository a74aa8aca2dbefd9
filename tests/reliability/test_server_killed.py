"""A PostgreSQL server killed while writers append: nothing acknowledged is lost, all is told."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from escalation.ledger import create_ledger, open_ledger, verify
from tests.ledger.postgres_server import PASSWORD, PostgresServer

from .busy_writer import writers

pytestmark = pytest.mark.reliability

TRIAL = "T1"
SEED = 20_260_304
N_KILLS, N_WRITERS = 10, 4
LONG_COMMITS = {"commit_delay": "100000", "commit_siblings": "0"}  # microseconds before the sync

NOTHING = r"; nothing was recorded"
UNKNOWN = (
    r", while recording: it may or may not have been recorded; "
    r"repeat with the same --request-id, and it is recorded once"
)
MESSAGE = re.compile(
    r"postgresql://keeper:\*\*\*@127\.0\.0\.1:\d+/postgres\?options=-csearch_path%3D\w+: "
    r"(?P<trouble>the server cannot be reached, or has gone|the server is stopping or starting) "
    rf"\([ -~]+\)(?P<outcome>{NOTHING}|{UNKNOWN}|)"
)


@pytest.fixture
def fragile(server: PostgresServer) -> Iterator[PostgresServer]:
    """Return the server with commits that take long; the next test finds it as it was."""
    server.kill()
    server.start(**LONG_COMMITS)
    yield server
    server.kill()
    server.start()


def test_no_acknowledged_entry_is_lost_when_the_server_is_killed(fragile, report):
    target = fragile.new_place()
    with create_ledger(target) as ledger, ledger.writing(TRIAL, new=True):
        pass
    rng = np.random.default_rng(SEED)
    lengths = []
    with writers(target, TRIAL, n_writers=N_WRITERS, n_appends=0) as running:
        running.start()
        for number in range(N_KILLS):
            wait_for_appends(target, after=lengths[-1] if lengths else 0, n_writers=2)
            time.sleep(0.3 * rng.random())  # so that kills fall anywhere in a commit
            if number % 2:
                kill_every_process(fragile)
            fragile.kill()  # an immediate shutdown, if there is still something to shut down
            fragile.start(**LONG_COMMITS)
            with open_ledger(target) as ledger:
                lengths.append(len(ledger.entries(TRIAL)))
        wait_for_appends(target, after=lengths[-1], n_writers=N_WRITERS)
        running.finish(timeout=60)
    with open_ledger(target) as ledger:
        entries, findings = ledger.entries(TRIAL), verify(ledger)
    recorded = running.all_said("recorded")
    failed = running.all_said("failed")
    settled = running.all_said("settled")
    told = Counter(read_message(line["message"])["outcome"] for line in failed)
    unknown = {
        line["request"] for line in failed if read_message(line["message"])["outcome"] == UNKNOWN
    }
    lost = {line["hash"] for line in recorded} - {entry.hash for entry in entries}
    report(
        f"PostgreSQL server killed {N_KILLS} times while {N_WRITERS} processes append",
        asked="about 10 kills, no acknowledged entry lost",
        measured=f"{len(lost)} of {len(recorded):,} acknowledged entries lost, "
        f"{len(findings)} findings",
    )
    n_found = sum(line["found"] for line in settled)
    report(
        "- what the writers were told",
        asked="clear messages",
        measured=f"{told[NOTHING]} x nothing was recorded, and nothing was; {told[UNKNOWN]} x it "
        f"may or may not have been, of which {n_found} were found by their request id",
    )
    assert lost == set()
    assert findings == []
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert all(entries[line["recorded"] - 1].hash == line["hash"] for line in recorded)
    # each kill fell among appends, and each writer went on after the last
    assert all(before < after for before, after in zip([0, *lengths], lengths, strict=False))
    assert all(said[-1].get("recorded", 0) > lengths[-1] for said in running.said)
    # some kills fell into a commit
    assert told[UNKNOWN] >= 1
    # "nothing was recorded" is true, and only "may or may not" leaves it open; never recorded twice
    found = {line["settled"]: line["found"] for line in settled}
    assert all(count == 0 or request in unknown for request, count in found.items())
    assert all(count in (0, 1) for count in found.values())
    assert {line["request"] for line in failed if line["request"]} == set(found)
    assert max(Counter(entry.request_id for entry in entries).values()) == 1
    # what is there and was never acknowledged is what was settled as recorded
    acknowledged = {line["hash"] for line in recorded}
    others = {entry.request_id for entry in entries if entry.hash not in acknowledged}
    assert others == {request for request, count in found.items() if count}


def wait_for_appends(target: str, *, after: int, n_writers: int = 1) -> None:
    """Wait until so many writers have appended: how long that takes is the machine's affair."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with open_ledger(target) as ledger:
            newer = ledger.entries(TRIAL, after=after)
        if len({entry.recorded_by for entry in newer}) >= n_writers:
            return
        time.sleep(0.05)
    raise TimeoutError("the writers did not go on")


def read_message(message: str) -> re.Match[str]:
    """Take a message apart; it must be one plain line without a password."""
    found = MESSAGE.fullmatch(message)
    assert found is not None, message
    assert PASSWORD not in message
    return found


def kill_every_process(server: PostgresServer) -> None:
    """Kill the server and all its processes with SIGKILL, where they can be known."""
    if not Path("/proc/self/stat").exists():
        return
    with psycopg.connect(server.url()) as connection:
        postmaster = parent_of(connection.info.backend_pid)
        os.kill(postmaster, signal.SIGSTOP)  # it must not begin new ones meanwhile
        for entry in Path("/proc").glob("[0-9]*"):
            if parent_of(int(entry.name)) == postmaster:
                os.kill(int(entry.name), signal.SIGKILL)
        os.kill(postmaster, signal.SIGKILL)


def parent_of(process: int) -> int | None:
    """Return the process that began this one, as Linux knows it; None if it has ended."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(errors="replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[1])
