"""README's cluster: a Dask scheduler and two workers on one machine, and what goes wrong there."""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulations.sweeps.store import unfinished_path

from .test_sweeps import PROGRAM, STUDY, children_of, kept_by

pytestmark = pytest.mark.cluster

README = Path(__file__).parents[2] / "README.md"
DEADLY = """
import os
import simulations.sweeps.cells as cells

def deadly(cell, engines=None):
    if cell.number == 33:
        os._exit(1)
    return run_cell(cell, engines)

run_cell, cells.run_cell = cells.run_cell, deadly
"""  # Python imports a module called sitecustomize when it starts


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def readme_commands(port: int) -> tuple[list[str], list[str], list[str]]:
    """Return README's scheduler, its workers and its sweep, as they are typed, at a free port."""
    block = re.search(
        r"two\s+workers\s+on\s+this\s+machine.*?```sh\n(.*?)```", README.read_text(), re.S
    )
    assert block is not None
    lines = [line.removesuffix(" &") for line in block[1].replace("8786", str(port)).splitlines()]
    assert [line.split()[:2] for line in lines[1:]] == [
        [".venv/bin/dask", "scheduler"],
        [".venv/bin/dask", "worker"],
        [".venv/bin/escalation", "sweep"],
    ]
    typed = [shlex.split(line) for line in lines[1:]]
    dask = [sys.executable, "-m", "dask"]
    return [*dask, *typed[0][1:]], [*dask, *typed[1][1:]], [*PROGRAM, *typed[2][1:]]


@contextlib.contextmanager
def started(words: list[str], folder: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program in a group of its own, and end the group at the end."""
    running = subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def wait_for_port(port: int) -> None:
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "study.toml").write_text(STUDY)
    words = [*PROGRAM, "sweep", "run", "study.toml", "-o", "whole.csv"]
    subprocess.run(words, cwd=folder, check=True)
    return folder


def test_readmes_cluster_gives_the_file_of_one_go_though_a_worker_is_killed(folder):
    port = free_port()
    scheduler, workers, sweep = readme_commands(port)
    output = folder / "results.csv"
    with started(scheduler, folder):
        wait_for_port(port)
        with started(workers, folder) as nannies, started(sweep, folder) as running:
            while not kept_by(output):
                assert running.poll() is None
                time.sleep(0.02)
            victim = next(
                child
                for child in children_of(nannies.pid)
                if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
            )
            os.kill(victim, signal.SIGKILL)
            assert not output.exists()
            assert running.wait() == 0
    assert output.read_bytes() == (folder / "whole.csv").read_bytes()
    assert not unfinished_path(output).exists()


def test_a_cell_that_always_kills_its_worker_is_named(folder):
    """A block of cells dies, then the one cell alone; all others are finished."""
    port = free_port()
    scheduler, workers, sweep = readme_commands(port)
    (folder / "sitecustomize.py").write_text(DEADLY)
    deadly = {"PYTHONPATH": os.pathsep.join([str(folder), str(README.parent)])}
    sweep = [word.replace("results.csv", "deadly.csv") for word in sweep]
    with started(scheduler, folder, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0"):
        wait_for_port(port)
        with started(workers, folder, **deadly):
            done = subprocess.run(sweep, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "1 cell could not be calculated:\n  cell 33 (3+3 variant=confirm, s32)" in done.stderr
    assert "199 of 200 cells are finished" in done.stderr
    assert kept_by(folder / "deadly.csv") == 199


def test_a_scheduler_that_is_lost_is_named_and_what_is_finished_stays(folder):
    port = free_port()
    scheduler, workers, sweep = readme_commands(port)
    sweep = [word.replace("results.csv", "lost.csv") for word in sweep]
    with started(scheduler, folder) as lost:
        wait_for_port(port)
        with started(workers, folder):
            running = subprocess.Popen(sweep, cwd=folder, stderr=subprocess.PIPE, text=True)
            while not kept_by(folder / "lost.csv"):
                assert running.poll() is None
                time.sleep(0.02)
            os.killpg(lost.pid, signal.SIGKILL)
            said = running.communicate()[1]
    assert running.returncode == 1
    assert f"the scheduler at tcp://127.0.0.1:{port} has gone" in said
    assert "Traceback" not in said
    assert kept_by(folder / "lost.csv")


@pytest.mark.parametrize("kind", ["nobody", "a web server"])
def test_a_scheduler_that_does_not_answer_is_named_within_10_seconds(folder, kind):
    port = free_port()
    with contextlib.ExitStack() as stack:
        if kind == "a web server":
            server = stack.enter_context(
                http.server.ThreadingHTTPServer(
                    ("127.0.0.1", port), http.server.SimpleHTTPRequestHandler
                )
            )
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
        sweep = [word.replace("results.csv", "none.csv") for word in readme_commands(port)[2]]
        begun = time.monotonic()
        done = subprocess.run(sweep, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
    assert done.returncode == 1
    assert f"no Dask scheduler answers at tcp://127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert seconds < 10
