"""Power cuts in a recorded run of the ledger, under the disk model of ``disk_model``."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from .disk_model import Call, Disk, Mark, Sync, SyncFolder
from .power_cuts import FINE, Judge, promises, replay
from .recorded_writer import N_APPENDS
from .tracing import record

pytestmark = pytest.mark.reliability

ROOT = Path(__file__).parents[2]
SEED = 20_260_303
BULK, SLOW_BULK = 12_000, 900_000  # the largest narrative: three pages, or more than SQLite caches


def recorded(folder: Path, journal: str = "DELETE", synchronous: str = "EXTRA", bulk: int = BULK):
    """Record a run of the ledger from nothing, with the settings that it is to demand."""
    inner, marks = folder / "disk", folder / "marks"
    inner.mkdir()
    command = [sys.executable, "-m", "tests.reliability.recorded_writer"]
    calls = record(
        [*command, inner, marks, journal, synchronous, f"{bulk}"],
        folder=inner,
        marks=marks,
        trace=folder / "trace",
        environment={**os.environ, "PYTHONPATH": f"{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert_replayed(calls, inner)
    return calls


def assert_replayed(calls: list[Call], folder: Path) -> None:
    """The calls alone make the files that the program made: nothing was missed."""
    disk = Disk()
    for call in calls:
        disk.apply(call)
    real = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert disk.seen() == real
    assert sum(isinstance(call, Mark) for call in calls) == 1 + N_APPENDS


def judged(
    calls: list[Call], n_cuts: int, folder: Path, *, leave_wal: bool = False
) -> tuple[Counter[str], list[str], int]:
    """Cut the power ``n_cuts`` times: the count of each kind of verdict, the worse in full."""
    judge = Judge(promises(calls), folder / "image", leave_wal=leave_wal)
    kinds: Counter[str] = Counter()
    worse = []
    for cut in replay(calls, n_cuts=n_cuts, seed=SEED):
        verdict = judge.verdict(cut)
        kinds[verdict.split(":")[0]] += 1
        if verdict != FINE:
            worse.append(f"after call {cut.after} ({cut.mood}): {verdict}")
    return kinds, worse, judge.n_images


def counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{kinds[kind]} {kind}" for kind in ("lost", "half there", "corrupt"))


@pytest.mark.parametrize(
    ("n_cuts", "bulk"),
    [
        (2_000, BULK),
        pytest.param(10_000, BULK, marks=pytest.mark.slow),
        pytest.param(2_000, SLOW_BULK, marks=pytest.mark.slow),
    ],
)
def test_no_acknowledged_entry_is_lost_in_any_power_cut(n_cuts, bulk, tmp_path, memory, report):
    calls = recorded(tmp_path, bulk=bulk)
    n_syncs = sum(isinstance(call, Sync | SyncFolder) for call in calls)
    kinds, worse, n_images = judged(calls, n_cuts, memory)
    size = "" if bulk == BULK else ", entries larger than SQLite's cache"
    report(
        f"{kinds.total():,} power cuts in {N_APPENDS} appends (SQLite){size}",
        asked=f"{n_cuts:,} cuts, none lost or corrupt",
        measured=f"{counted(kinds)}; {n_images:,} different disks of {len(calls):,} calls, "
        f"{n_syncs} of them syncs",
    )
    assert worse == []
    assert kinds == {FINE: n_cuts}
    assert n_images > 300


def test_the_same_cuts_find_losses_with_synchronous_normal(tmp_path, memory, report):
    calls = recorded(tmp_path, synchronous="NORMAL")
    kinds, _, _ = judged(calls, 2_000, memory)
    report(
        "- the same with synchronous=NORMAL",
        asked="losses, which proves that it bites",
        measured=counted(kinds),
    )
    assert kinds["lost"] > 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "bites"),
    [
        (("DELETE", "FULL"), {"lost"}),  # an unlinked journal is back: the commit is undone
        (("WAL", "NORMAL"), {"lost"}),  # the log is synced at a checkpoint, not at a commit
        (("DELETE", "OFF"), {"lost", "corrupt"}),
    ],
)
def test_the_same_cuts_find_what_is_wrong_with_other_settings(
    settings, bites, tmp_path, memory, report
):
    journal, synchronous = settings
    calls = recorded(tmp_path, journal, synchronous)
    kinds, _, _ = judged(calls, 2_000, memory, leave_wal=journal == "WAL")
    report(
        f"- the same with journal_mode={journal}, synchronous={synchronous}",
        asked=f"some {' and some '.join(sorted(bites))}",
        measured=counted(kinds),
    )
    assert {kind for kind in kinds if kinds[kind] and kind != FINE} == bites
