"""What a command costs from a cold shell, in processor time and as a ratio to ``import click``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 20
PROGRAM = str(Path(sys.executable).with_name("escalation"))
# compiled modules are kept, as where the program is installed
ENVIRONMENT = {name: os.environ[name] for name in os.environ if name != "PYTHONDONTWRITEBYTECODE"}


def processor_time(words: tuple[str, ...]) -> float:
    """Run a program; return what it took of user and system time, in seconds."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(words[0], words, ENVIRONMENT, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    assert status == 0, words
    return used.ru_utime + used.ru_stime


@pytest.mark.benchmark
def test_cold_starts(tmp_path):
    """Each round runs all of them, so that neighbours slow them alike; the best round counts."""
    demo, kept = str(tmp_path / "demo.db"), str(tmp_path / "kept.db")
    subprocess.run([PROGRAM, "trial", "demo", "--db", kept], check=True, capture_output=True)
    own = tmp_path / "own.toml"
    with own.open("wb") as file:
        subprocess.run([PROGRAM, "protocol", "init", "-"], check=True, stdout=file)
    status = ("trial", "status", "--on", "2026-05-28", "--db", demo)
    outcome = ("trial", "outcome", "TJ-010", "--dlt", "--term", "CRS", "--grade", "3")
    outcome += ("--onset", "2026-05-26", "--as", "Lin Mei", "--on", "2026-05-28", "--db", demo)
    measured: dict[str, tuple[tuple[str, ...], str]] = {
        "python -c 'import click'": ((sys.executable, "-c", "import click"), ""),
        "python -c 'import numpy'": ((sys.executable, "-c", "import numpy"), ""),
        "escalation --help": ((PROGRAM, "--help"), ""),
        "escalation simulate --help": ((PROGRAM, "simulate", "--help"), ""),
        "escalation decide": ((PROGRAM, "decide", "1NNN"), "1.7"),
        "  plain ladder": ((PROGRAM, "decide", "1NNN", "--levels", "3"), ""),
        "  own protocol file": ((PROGRAM, "decide", "1NNN", "--protocol", str(own)), ""),
        "escalation trial status, the demo's": ((PROGRAM, *status), "5"),
        "escalation trial outcome, the demo's": ((PROGRAM, *outcome), "5"),
    }
    best = dict.fromkeys(measured, float("inf"))
    for _ in range(ROUNDS):
        shutil.copy(kept, demo)
        for what, (words, _) in measured.items():
            best[what] = min(best[what], processor_time(words))
    click = best["python -c 'import click'"]
    for what, (_, asked) in measured.items():
        asked_too = f", asked {asked}" if asked else ""
        print(
            f"\n  {what:<40} {best[what] * 1e3:4.0f} ms {best[what] / click:5.2f} x{asked_too}",
            end="",
        )
