"""A sweep killed in the midst, with its workers: resumed, it gives the file of one go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulations.sweeps.store import unfinished_path

pytestmark = pytest.mark.reliability

HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # Ctrl-C
PROGRAM = [sys.executable, "-c", f"{HEARD}; from escalation.cli import main; main()"]
STUDY = """
levels = 5
target = 0.25
method = "monte-carlo"
trials = 120_000

[[designs]]
design = "3+3"
vary = { variant = ["confirm", "declare"] }

[[designs]]
design = "boin"
vary = { max_patients = [18, 24] }
""" + "".join(
    f'[[scenarios]]\nname = "s{i}"\np_dlt = [0.05, 0.1, 0.1{i:02}, 0.2{i:02}, 0.3{i:02}]\n'
    for i in range(50)
)
N_CELLS = 200


def command(folder: Path, *words: str) -> list[str]:
    return [*PROGRAM, "sweep", "run", str(folder / "study.toml"), *words]


def kept_by(output: Path) -> int:
    """Return how many cells are finished and kept."""
    path = unfinished_path(output)
    return max(0, path.read_bytes().count(b"\n") - 1) if path.exists() else 0


def children_of(pid: int) -> list[int]:
    """Return the processes that any thread of a process has begun."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, if only its parent has not asked after it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
    except OSError:
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "study.toml").write_text(STUDY)
    subprocess.run(command(folder, "-o", str(folder / "whole.csv")), check=True)
    return folder


@pytest.mark.parametrize("words", [(), ("--workers", "2")], ids=["alone", "two workers"])
def test_killed_twice_and_resumed_gives_the_file_of_one_go(folder, words, report):
    output = folder / f"killed-{len(words)}.csv"
    lost = []
    for _ in range(2):
        before = kept_by(output)
        running = subprocess.Popen(command(folder, "-o", str(output), *words))
        while kept_by(output) <= before:  # a block more has been written
            assert running.poll() is None
            time.sleep(0.01)
        workers = children_of(running.pid)
        running.kill()
        running.wait()
        lost.append(kept_by(output) - before)
        while not all(map(is_gone, workers)):  # nobody goes on without the command
            time.sleep(0.01)
        assert not output.exists()
    kept = kept_by(output)
    done = subprocess.run(
        command(folder, "-o", str(output), *words), check=True, capture_output=True, text=True
    )
    assert f"{kept} of {N_CELLS} cells are finished" in done.stderr
    assert output.read_bytes() == (folder / "whole.csv").read_bytes()
    report(
        f"a sweep of {N_CELLS} cells killed twice ({' '.join(words) or 'one process'})",
        asked="the same file byte for byte, no finished cell twice",
        measured=f"the same; {kept} cells had been kept",
    )


def test_a_worker_killed_midway_is_replaced(folder):
    output = folder / "worker.csv"
    running = subprocess.Popen(command(folder, "-o", str(output), "--workers", "2"))
    while not kept_by(output):
        assert running.poll() is None
        time.sleep(0.01)
    os.kill(children_of(running.pid)[-1], signal.SIGKILL)
    assert running.wait() == 0
    assert output.read_bytes() == (folder / "whole.csv").read_bytes()


def test_an_interrupt_leaves_what_is_finished_and_no_process(folder):
    output = folder / "interrupted.csv"
    running = subprocess.Popen(
        command(folder, "-o", str(output), "--workers", "2"), stderr=subprocess.PIPE, text=True
    )
    while not kept_by(output):
        assert running.poll() is None
        time.sleep(0.01)
    workers = children_of(running.pid)
    running.send_signal(signal.SIGINT)
    said = running.communicate()[1]
    assert running.returncode == 1
    assert "are finished, and kept in" in said
    assert "Aborted!" in said
    assert "Traceback" not in said
    assert all(map(is_gone, workers))
    assert kept_by(output)
