"""Timings of the ledger, printed and never asserted on: ``pytest tests/reliability -m benchmark``.

What is timed is right: that is asserted, of what the timed calls return.
"""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from escalation.ledger import create_ledger, open_ledger, verify
from escalation.ledger.entries import START, Entry, chain
from escalation.ledger.sqlite import SETTINGS
from escalation.protocol import load_protocol
from escalation.tracker import Tracker
from escalation.trial import Recorder, hold_enrolment
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.patients.subjects import Standing

from .long_trial import SITE, long_trial
from .workload import NAME, batch, moment

PROTOCOL = load_protocol(STAR_T.protocol)
N_ENTRIES = 20_000


def best_of(repeats: int, run: Callable[[], object]) -> float:
    """Return the shortest time in seconds: what it costs without the neighbours."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


@pytest.fixture(scope="module")
def long_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger of one trial of 20,000 entries."""
    path = tmp_path_factory.mktemp("long") / "long.db"
    with create_ledger(str(path)) as ledger:
        ledger.add_trials({"LONG": long_trial("LONG", PROTOCOL, N_ENTRIES)})
    return path


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """Return a ledger of a small trial."""
    path = tmp_path / "demo.db"
    with create_ledger(str(path)) as ledger:
        tracker = Tracker(ledger, STAR_T.trial)
        for number, (command, recorder) in enumerate(STAR_T.steps(PROTOCOL)):
            tracker.record(command, recorder, new=number == 0)
    return path


@pytest.mark.benchmark
def test_20000_entries_are_read_verified_and_replayed(long_ledger, report):
    with open_ledger(str(long_ledger)) as ledger:
        tracker = Tracker(ledger, "LONG")
        state = tracker.state()
        assert state.seq == len(ledger.entries("LONG")) == N_ENTRIES
        assert state.oddities == []  # a trial as it could be
        assert verify(ledger) == []
        reading = best_of(5, lambda: ledger.entries("LONG"))
        verifying = best_of(3, lambda: verify(ledger))
        replaying = best_of(3, tracker.state)
    what = f"{N_ENTRIES:,} entries of one trial"
    report(f"{what}, read", asked="0.25 s", measured=f"{reading:.2f} s")
    report(f"{what}, verified", asked="1 s", measured=f"{verifying:.2f} s")
    report(
        f"{what}, replayed to a state",
        asked="1 s",
        measured=f"{replaying:.2f} s, read and chain checked too ({state.n_enrolled:,} subjects)",
    )


MEMORY = Path("/dev/shm")  # noqa: S108  # where the disk costs nothing
N_APPENDS = 200


def raw_append(path: Path, entry: Entry) -> None:
    """Do with SQLite alone what an append comes to: open, the same settings, insert, commit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting, value, _ in SETTINGS:
            connection.execute(f"PRAGMA {setting}={value}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?)", entry)
        connection.execute("COMMIT")


@pytest.mark.benchmark
@pytest.mark.parametrize("where", ["disk", "memory"])
def test_an_append_against_raw_sqlite(where, tmp_path, report):
    """One after the other, in pairs, on files of the same entries with the same triggers."""
    if where == "memory" and not MEMORY.is_dir():
        pytest.skip("there is no file system in memory")
    with tempfile.TemporaryDirectory(dir=MEMORY if where == "memory" else tmp_path) as folder:
        paths = [Path(folder, name) for name in ("raw.db", "ours.db", "opened.db")]
        for path in paths:
            with create_ledger(str(path)) as ledger, ledger.writing("T1", new=True):
                pass
        drafts = [batch(number, size=1) for number in range(N_APPENDS)]
        entries: list[Entry] = []
        for number, draft in enumerate(drafts):
            head = entries[-1].anchor if entries else START
            at = moment(number)
            entries += chain(draft, trial="T1", head=head, recorded_at=at, recorded_by=NAME)
        raw, ours, opened = paths
        ledger = open_ledger(str(ours))

        def append(number: int) -> None:
            by = {"recorded_at": moment(number), "recorded_by": NAME}
            ledger.append("T1", drafts[number], after=number, **by)

        def open_and_append(number: int) -> None:
            with open_ledger(str(opened)) as again:
                by = {"recorded_at": moment(number), "recorded_by": NAME}
                again.append("T1", drafts[number], after=number, **by)

        ways = (lambda number: raw_append(raw, entries[number]), append, open_and_append)
        seconds: list[list[float]] = [[] for _ in ways]
        for number in range(N_APPENDS):
            for way, taken in zip(ways, seconds, strict=True):
                start = time.process_time()
                way(number)
                taken.append(time.process_time() - start)
        for path in (ours, opened):
            with open_ledger(str(path)) as again:
                assert again.entries("T1") == entries
    alone, warm, cold = map(median, seconds)
    report(
        f"an append to an open ledger; with opening it, {where}, of raw SQLite's processor time",
        asked="2.5 x",
        measured=f"{warm / alone:.1f} x; {cold / alone:.1f} x of {1e3 * alone:.2f} ms",
    )


@pytest.mark.benchmark
def test_a_warm_append(tmp_path, long_ledger, report):
    with create_ledger(str(tmp_path / "ledger.db")) as ledger:
        with ledger.writing("T1", new=True):
            pass
        heads = iter(range(1_000))

        def append() -> None:
            head = next(heads)
            ledger.append(
                "T1",
                batch(head, size=1),
                after=head,
                recorded_at=moment(head),
                recorded_by=NAME,
            )

        warm = best_of(50, append)
    report(
        "an append to a small ledger, warm",
        asked="-",
        measured=f"{1e3 * warm:.1f} ms (synced to the disk)",
    )
    copy = tmp_path / "long.db"
    shutil.copy(long_ledger, copy)
    with open_ledger(str(copy)) as ledger:
        tracker = Tracker(ledger, "LONG")
        state = tracker.state()
        recorder = Recorder(name=SITE, on=state.data_on, at=datetime(2030, 1, 1, tzinfo=UTC))
        command = partial(hold_enrolment, reason="a review")
        seconds = best_of(1, lambda: tracker.record(command, recorder))
        assert tracker.state().seq == N_ENTRIES + 1
    report(
        f"a hold recorded after {N_ENTRIES:,} entries, warm",
        asked="-",
        measured=f"{seconds:.2f} s (all read, checked and replayed first)",
    )


def processor_time(*command: object) -> tuple[float, float, str]:
    """Run the program; return its user and system time in seconds, and what it printed.

    Others on the machine do not lengthen these as they do the time by the clock.
    """
    program = Path(sys.executable).with_name("escalation")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program, *command], check=False, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, done.stdout


@pytest.mark.benchmark
@pytest.mark.parametrize("n_entries", [5_000, 10_000, 20_000, 40_000])
def test_a_long_trial_shown_verified_and_recorded_from_a_cold_shell(n_entries, tmp_path, report):
    path = tmp_path / "long.db"
    with create_ledger(str(path)) as ledger:
        ledger.add_trials({"LONG": long_trial("LONG", PROTOCOL, n_entries)})
        last = Tracker(ledger, "LONG").state()
    waiting = last.subjects.standing(Standing.PENDING)[-1].id
    outcome = [
        *("trial", "outcome", waiting, "--not-evaluable", "--reason", "lost to follow-up"),
        *("--on", str(last.data_on), "--as", SITE, "--db", path),
    ]
    for what, asked, said in (
        (["trial", "status", "--db", path], "1.5 s", f"anchor {n_entries}:"),
        (["trial", "log", "--db", path], "-", str(n_entries)),
        (["trial", "verify", "--db", path], "10 s", f"anchor {n_entries}:"),
        (outcome, "-", str(n_entries + 1)),
    ):
        user, system, printed = processor_time(*what)
        assert said in printed
        report(
            f"`escalation trial {what[1]}`, {n_entries:,} entries, from a cold shell",
            asked=asked if n_entries == N_ENTRIES else "-",
            measured=f"{user:.2f} s of processor time and {system:.2f} s of the system's",
        )


COLD = """
from datetime import UTC, date, datetime
from functools import partial
from escalation.ledger import open_ledger
from escalation.outcomes import Outcome
from escalation.tracker import Tracker
from escalation.trial import Recorder, record_outcome
recorder = Recorder(name="Lin Mei", on=date(2026, 6, 3), at=datetime(2026, 6, 3, 9, tzinfo=UTC))
command = partial(record_outcome, subject="TJ-008", outcome=Outcome.NO_DLT)
with open_ledger({path!r}) as ledger:
    print(*(entry.seq for entry in Tracker(ledger, "DEMO").record(command, recorder)))
"""


@pytest.mark.benchmark
def test_an_append_from_a_cold_shell(demo, tmp_path, report):
    copy = tmp_path / "copy.db"
    program = Path(sys.executable).with_name("escalation")
    outcome = [program, "trial", "outcome", "TJ-008", "--no-dlt", "--on", "2026-06-03"]
    ways = {
        "escalation trial outcome": [*outcome, "--as", SITE, "--db", copy],
        'python -c "...Tracker.record(...)"': [sys.executable, "-c", COLD.format(path=str(copy))],
    }
    for what, command in ways.items():
        seconds = []
        for _ in range(7):
            shutil.copy(demo, copy)
            start = time.perf_counter()
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds.append(time.perf_counter() - start)
            assert "62" in done.stdout  # the demo has 61
        report(
            f"one append from a cold shell, {what}",
            asked="0.6 s",
            measured=f"{min(seconds):.2f} s",
        )
