"""Writers killed while committing: nothing acknowledged is lost, nothing is half there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.reliability

ROOT = Path(__file__).parents[2]
SEED = 20_260_302
PROGRAM = (sys.executable, "-W", "error", "-m", "tests.reliability.killed_writers")


@pytest.mark.parametrize("n_kills", [300, pytest.param(1_000, marks=pytest.mark.slow)])
def test_no_acknowledged_entry_is_lost_when_the_writer_is_killed_while_committing(
    n_kills, tmp_path, report
):
    done = subprocess.run(
        [*PROGRAM, tmp_path, f"{n_kills}", f"{SEED}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    moments = found["moments"]
    hot = sum(count for name, count in moments.items() if name.startswith("hot journal"))
    report(
        f"SQLite writer killed (SIGKILL) {found['committing']:,} times while committing",
        asked=f"{n_kills:,} kills, none lost, none half there",
        measured=(
            f"{len(found['lost'])} of {found['acknowledged']:,} acknowledged entries lost, "
            f"{len(found['half'])} half there, {len(found['findings'])} findings"
        ),
    )
    done_too = moments.get("committed, not acknowledged", 0)
    report(
        "- what these kills left behind",
        asked="some hot journals",
        measured=(
            f"{hot} hot journals ({moments['hot journal, database written']} of them with the "
            f"database written to), {sum(moments.values()) - hot - done_too} journals not begun or "
            f"not yet synced, {done_too} a commit not yet acknowledged"
        ),
    )
    assert found["committing"] == n_kills
    assert found["lost"] == found["half"] == found["findings"] == []
    assert found["acknowledged"] >= n_kills
    assert done.stderr == ""
    # the kills did land inside commits, before and after the database was first written to
    assert hot >= n_kills // 20
    assert moments["hot journal, database written"]
    assert moments["hot journal, database not yet written"]
