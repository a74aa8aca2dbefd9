"""Power cuts beside a run of appends: in the recovery from one, and while an archive is written."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from .disk_model import Call, Disk, Mark, Sync
from .power_cuts import FINE, Cut, Judge, Promise, promises, replay
from .recorded_writer import FILE
from .recovering_writer import N_APPENDS
from .test_power_cuts import recorded
from .tracing import record

pytestmark = pytest.mark.reliability

ROOT = Path(__file__).parents[2]
SEED = 20_260_306
HOT = bytes.fromhex("d9d505f920a163d7")  # the beginning of a journal that is to be undone
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}


# ---------------------------------------------------------------- a second cut


def hot_cuts(calls: list[Call], n_cuts: int) -> list[Cut]:
    """Return cuts that leave a hot journal, spread over the run."""
    cuts = [cut for cut in replay(calls, n_cuts=3_000, seed=SEED) if cut.promised]
    hot = [cut for cut in cuts if cut.files.get(f"{FILE}-journal", b"").startswith(HOT)]
    return [hot[at] for at in np.linspace(0, len(hot) - 1, n_cuts).astype(int)]


def recovered(cut: Cut, folder: Path) -> list[Call]:
    """Record the next program after a cut, from the moment when the disk is as the cut left it."""
    image, inner = folder / "image", folder / "disk"
    for made in (image, inner):
        made.mkdir(parents=True)
    for name, content in cut.files.items():
        (image / name).write_bytes(content)
    program = [sys.executable, "-m", "tests.reliability.recovering_writer"]
    return record(
        [*program, inner, folder / "marks", image],
        folder=inner,
        marks=folder / "marks",
        trace=folder / "trace",
        environment=ENVIRONMENT,
    )


@pytest.mark.parametrize(
    ("n_first", "n_second"), [(3, 200), pytest.param(40, 500, marks=pytest.mark.slow)]
)
def test_no_acknowledged_entry_is_lost_when_power_fails_again_during_the_recovery(
    n_first, n_second, tmp_path, memory, report
):
    calls = recorded(tmp_path)
    kinds: Counter[str] = Counter()
    worse = []
    for number, first in enumerate(hot_cuts(calls, n_first)):
        again = recovered(first, tmp_path / f"again-{number}")
        base, judge = judge_of(first, again, promises(calls), memory / "image")
        for cut in replay(again, n_cuts=n_second, seed=SEED + number):
            if cut.created:  # before, the files of the first cut are still being put there
                verdict = judge.verdict(replace(cut, promised=base + cut.promised))
                kinds[verdict.split(":")[0]] += 1
                if verdict != FINE:
                    worse.append(f"{number}, after call {cut.after} ({cut.mood}): {verdict}")
    report(
        f"- power fails again in the recovery ({kinds.total():,} cuts after {n_first})",
        asked="none lost or corrupt",
        measured=", ".join(f"{kinds[kind]} {kind}" for kind in ("lost", "half there", "corrupt")),
    )
    assert worse == []
    assert kinds.total() > n_first * n_second // 2


def judge_of(first: Cut, again: list[Call], made: list[Promise], folder: Path) -> tuple[int, Judge]:
    """Return how many appends outlived the first cut when nothing else happened, and their judge.

    Those that were promised, or one more; whatever happens in a recovery, it must be the same.
    """
    disk = Disk()
    for call in again:
        disk.apply(call)
    for base in (first.promised, first.promised + 1):
        judge = Judge([*made[:base], *promises(again)], folder)
        end = replace(first, promised=base + N_APPENDS, files=disk.seen())
        if judge.verdict(end) == FINE:
            return base, judge
    pytest.fail(f"a recovery without a further cut is wrong: {judge.verdict(end)}")


# ---------------------------------------------------------------- an archive

ARCHIVIST = """
import os, sys
from pathlib import Path
from escalation.ledger import create_ledger, write_archive
from tests.reliability.workload import NAME, batch, moment
folder, marks, where = map(Path, sys.argv[1:])
marked = os.open(marks, os.O_WRONLY | os.O_CREAT, 0o600)
with create_ledger(str(where / "ledger.db")) as ledger:
    for number in range(3):
        with ledger.writing("T1", new=not number) as writer:
            how = {"recorded_at": moment(number), "recorded_by": NAME}
            writer.append(batch(number, size=1, bulk=3000), after=number, **how)
        write_archive(ledger, folder / "a.jsonl", overwrite=number > 0)
        (where / f"whole-{number}").write_bytes((folder / "a.jsonl").read_bytes())
        os.write(marked, b"written\\n")
"""


@pytest.mark.parametrize("n_cuts", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_an_archive_is_whole_or_as_it_was_in_any_power_cut(n_cuts, tmp_path, report):
    folder = tmp_path / "disk"
    folder.mkdir()
    calls = record(
        [sys.executable, "-c", ARCHIVIST, folder, tmp_path / "marks", tmp_path],
        folder=folder,
        marks=tmp_path / "marks",
        trace=tmp_path / "trace",
        environment=ENVIRONMENT,
    )
    whole = [None, *((tmp_path / f"whole-{number}").read_bytes() for number in range(3))]
    assert len(set(whole)) == 4
    seen = archives_seen(calls, whole, n_cuts)
    bites = archives_seen([c for c in calls if not isinstance(c, Sync)], whole, n_cuts)
    report(
        f"{n_cuts:,} power cuts while an archive is written over another",
        asked="the old one or the new one, whole",
        measured=f"{seen.total() - seen[0] - seen[1]} otherwise ({seen[0]:,} as told, {seen[1]:,} "
        f"the next already); without its syncs {bites['torn']:,} torn",
    )
    assert set(seen) == {0, 1}
    assert bites["torn"] > n_cuts // 50  # which proves that it bites


def archives_seen(calls: list[Call], whole: list[bytes | None], n_cuts: int) -> Counter[int | str]:
    """Count what the cuts leave: 0 for the archive last told of, 1 for the next, or "torn"."""
    seen: Counter[int | str] = Counter()
    marks = [at for at, call in enumerate(calls) if isinstance(call, Mark)]
    for cut in replay(calls, n_cuts=n_cuts, seed=SEED):
        left = cut.files.get("a.jsonl")
        told = sum(at < cut.after for at in marks)
        seen[whole.index(left) - told if left in whole else "torn"] += 1
    return seen
