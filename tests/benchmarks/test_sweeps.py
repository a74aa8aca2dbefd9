"""What a sweep costs beside the same cells in a loop, and what a second worker brings.

``pytest -m benchmark -s tests/benchmarks/test_sweeps.py`` prints both. The second figure is one of
idle cores: on a loaded machine it says what the machine had to spare.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulations.sweeps import cells
from simulations.sweeps.cells import Engines, run_cell
from simulations.sweeps.columns import columns_of
from simulations.sweeps.file import parse_study
from simulations.sweeps.run import run_cells
from simulations.sweeps.store import Store
from simulations.sweeps.study import Cell

pytestmark = pytest.mark.benchmark

PROGRAM = [sys.executable, "-c", "from escalation.cli import main; main()"]
CURVES = [
    f'[[scenarios]]\nname = "s{i}"\np_dlt = [0.05, 0.1, 0.1{i:02}, 0.3{i:02}]\n' for i in range(100)
]
CLOCK = """
[[timing]]
name = "clock"
arrivals = { kind = "poisson", mean_gap_days = 10 }
vary = { accrual = ["lose", "wait"] }
"""
HEAD = """
protocol = "nct07123519"
target = 0.25
trials = TRIALS
METHOD
[[designs]]
design = "3+3"
vary = { variant = ["confirm", "declare"] }
[[designs]]
design = "rolling-six"
"""


def study_text(method: str, trials: int, clock: str = "", n_curves: int = 25) -> str:
    head = HEAD.replace("TRIALS", str(trials)).replace("METHOD", f'method = "{method}"')
    return head + "".join(CURVES[:n_curves]) + clock


STUDIES = {
    "exact, 1 ms a cell": study_text("auto", 1, n_curves=100),
    "latent trials, 20 ms a cell": study_text("monte-carlo", 50_000),
    "with a clock": study_text("auto", 2_000, CLOCK),
}


@pytest.mark.parametrize("name", STUDIES)
def test_overhead(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one run: its processor time, and that of ``run_cell`` in it, which a loop has too.

    A loop whose figures are to be read afterwards also writes them: ``csv`` does so with each row,
    beside the sweep, and its time is taken off the sweep's.
    """
    study = parse_study(STUDIES[name].encode(), "study.toml", Path())
    names = [column.name for column in columns_of(study)]
    inside = writing = 0.0

    def timed(cell: Cell, engines: Engines) -> dict[str, object]:
        nonlocal inside, writing
        begun = time.process_time()
        row = run_cell(cell, engines)
        calculated = time.process_time()
        by_csv.writerow(map(row.get, names))
        inside += calculated - begun
        writing += time.process_time() - calculated
        return row

    monkeypatch.setattr(cells, "run_cell", timed)
    with (tmp_path / "loop.csv").open("w", newline="") as file:
        by_csv = csv.writer(file)
        begun = time.process_time()
        store = Store(tmp_path / "results.csv", study, columns_of(study))
        with store:
            run_cells(study.cells, store, clock=time.perf_counter)
            store.remove()
        whole = time.process_time() - begun - writing
    n_cells = len(study.cells)
    print(
        f"\n  {name}: {n_cells} cells, {1000 * inside / n_cells:.2f} ms of CPU a cell; the sweep "
        f"takes {100 * (whole / (inside + writing) - 1):.1f} % more than a loop that writes its "
        f"rows, {100 * (whole / inside - 1):.1f} % more than one that writes nothing"
    )


def test_a_second_worker(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(study_text("monte-carlo", 1_000_000))
    seconds = {}
    for workers in (1, 2):
        words = ["sweep", "run", "study.toml", "-o", f"r{workers}.csv", "--workers", str(workers)]
        begun = time.perf_counter()
        subprocess.run([*PROGRAM, *words], cwd=tmp_path, check=True, capture_output=True)
        seconds[workers] = time.perf_counter() - begun
    same = (tmp_path / "r1.csv").read_bytes() == (tmp_path / "r2.csv").read_bytes()
    print(
        f"\n  one worker {seconds[1]:.1f} s, two {seconds[2]:.1f} s: "
        f"{seconds[1] / seconds[2]:.2f} x; the same file: {same}"
    )
