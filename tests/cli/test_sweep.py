"""`escalation sweep`: a statistician's laptop, an array job, and what goes wrong in both."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from escalation.cli import main
from simulations.cli.sweep import running
from simulations.sweeps import cells
from simulations.sweeps.columns import columns_of
from simulations.sweeps.file import load_study
from simulations.sweeps.store import Store, unfinished_path
from tests.command_line import type_line

STUDY = """
levels = 3
target = 0.25

[[designs]]
design = "3+3"
vary = { variant = ["confirm", "declare"] }

[[designs]]
design = "boin"
max_patients = 12
"""
N_CELLS = 3 * 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


def say(line: str, folder: Path, exit_code: int = 0) -> str:
    result, shown = type_line(f"escalation sweep {line}", folder)
    assert result.exit_code == exit_code, shown
    assert "Traceback" not in shown
    return " ".join(shown.split())


def interrupted_after(n_cells: int):
    """Return what calculates so many cells, and then hears Ctrl-C."""
    run_cells = running.run_cells

    def interrupted(todo, store, **kwargs):
        run_cells(todo[:n_cells], store, **kwargs)
        raise KeyboardInterrupt

    return interrupted


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_may_come_from_standard_input(folder):
    result = CliRunner().invoke(main, ["sweep", "check", "-"], input=STUDY)
    assert "24 cells, 3 designs x 8 scenarios" in result.output.replace("\n", " ")


def test_a_study_becomes_a_row_a_cell_and_a_table(folder):
    n_cells = say("check study.toml", folder).partition(": ")[2]
    assert n_cells.startswith("24 cells, 3 designs x 8 scenarios. Exact where that can be had")
    assert say("run study.toml -o results.csv", folder) == "wrote results.csv"
    rows = rows_of(folder / "results.csv")
    assert [row["cell"] for row in rows] == [str(number) for number in range(1, N_CELLS + 1)]
    assert {row["method"] for row in rows} == {"exact"}
    shown = say("show results.csv", folder)
    assert "24 cells of study" in shown
    assert f"{rows[-1]['scenario']} {100 * float(rows[-1]['pcs']):.1f}" in shown
    document = json.loads(type_line("escalation sweep show results.csv --json", folder)[1])
    assert document["finished"] is True
    assert document["cells"] == rows
    assert sorted(path.name for path in folder.iterdir()) == ["results.csv", "study.toml"]


def test_a_second_run_calculates_nothing(folder, monkeypatch):
    say("run study.toml -o results.csv", folder)
    before = (folder / "results.csv").read_bytes()
    monkeypatch.setattr(running, "run_cells", None)
    assert "complete: 24 cells, nothing to do" in say("run study.toml -o results.csv", folder)
    assert (folder / "results.csv").read_bytes() == before


def test_an_end_between_writing_the_results_and_clearing_up_leaves_nothing_behind(folder):
    say("run study.toml -o results.csv", folder)
    unfinished = unfinished_path(folder / "results.csv")
    study = load_study(folder / "study.toml")
    with Store(folder / "results.csv", study, columns_of(study)):
        pass
    assert unfinished.exists()
    say("run study.toml -o results.csv", folder)
    assert not unfinished.exists()


def test_shards_are_merged_to_the_file_of_one_go(folder):
    say("run study.toml -o whole.csv", folder)
    for part in (1, 2, 3, 4):
        say(f"run study.toml -o part-{part}.csv --shard {part}/4", folder)
    said = say("merge study.toml part-1.csv part-3.csv part-4.csv -o all.csv", folder, 1)
    assert "6 cells of 24 missing: cells 2, 6 ... 22." in said
    assert not (folder / "all.csv").exists()
    say("merge study.toml part-2.csv part-1.csv part-3.csv part-4.csv -o all.csv", folder)
    assert (folder / "all.csv").read_bytes() == (folder / "whole.csv").read_bytes()


def test_an_interrupt_keeps_what_is_finished_and_says_how_to_go_on(folder, monkeypatch):
    say("run study.toml -o whole.csv", folder)
    with monkeypatch.context() as patch:
        patch.setattr(running, "run_cells", interrupted_after(5))
        said = say("run study.toml -o results.csv", folder, 1)
    assert "5 of 24 cells are finished, and kept in results.csv.unfinished" in said
    assert "Aborted!" in said
    assert "Not finished: 5 cells so far." in say("show results.csv", folder)
    said = say("run study.toml -o results.csv", folder)
    assert said == "escalation: 5 of 24 cells are finished wrote results.csv"
    assert (folder / "results.csv").read_bytes() == (folder / "whole.csv").read_bytes()


def test_an_interrupt_before_anything_is_finished_leaves_nothing_behind(folder, monkeypatch):
    monkeypatch.setattr(running, "run_cells", interrupted_after(0))
    assert say("run study.toml -o results.csv", folder, exit_code=1) == "Aborted!"
    assert [file.name for file in folder.iterdir()] == ["study.toml"]


def test_a_study_that_has_changed_is_refused(folder):
    say("run study.toml -o results.csv", folder)
    (folder / "study.toml").write_text(STUDY.replace("12", "15"))
    said = say("run study.toml -o results.csv", folder, 1)
    assert "of another study: in cell 17 (boin, low)" in said
    assert "max_patients 12" in said


def test_faults_are_listed_together(folder):
    (folder / "study.toml").write_text(STUDY.replace("0.25", "25").replace("boin", "bion"))
    said = say("check study.toml", folder, 1)
    assert "study.toml: 2 faults target: 25 is not strictly between 0 and 1 designs[1]" in said
    assert say("run study.toml -o results.csv", folder, 1) == said


@pytest.mark.parametrize(
    ("line", "exit_code", "said"),
    [
        ("run study.toml", 2, "Missing option '-o'"),
        ("run study.toml -o results.txt", 1, "must end in one of .csv, .parquet"),
        ("run study.toml -o gone/results.csv", 1, "there is no folder gone"),
        ("run gone.toml -o results.csv", 1, "gone.toml: no such file"),
        ("run study.toml -o results.csv --shard 0/4", 2, "'0/4' is not a shard; write 1/8"),
        ("run study.toml -o results.csv --shard 5/4", 2, "'5/4' is not a shard"),
        ("run study.toml -o results.csv --shard half", 2, "'half' is not a shard"),
        ("run study.toml -o results.csv --shard 40/50", 1, "24 cells, fewer than 50 shards"),
        ("run study.toml -o results.csv --workers 0", 2, "0 is not in the range"),
        ("run study.toml -o results.csv --workers 2 --scheduler tcp://x", 2, "not both"),
        ("run study.toml -o study.toml", 1, "must end in one of"),
        ("merge study.toml gone.csv -o results.csv", 1, "gone.csv: cannot be read: No such"),
        ("merge study.toml results.csv -o results.csv", 2, "results.csv is one of the parts"),
        ("show study.toml", 1, "study.toml: not results of a sweep"),
        ("show gone.csv", 1, "gone.csv: cannot be read"),
        ("init study.toml", 1, "study.toml exists; --force overwrites it"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(folder, line, exit_code, said):
    assert said in say(line, folder, exit_code)
    assert sorted(path.name for path in folder.iterdir()) == ["study.toml"]


def test_a_file_that_is_not_the_studys_results_stays(folder):
    (folder / "results.csv").write_text("my,own\n1,2\n")
    assert "not results of a sweep" in say("run study.toml -o results.csv", folder, 1)
    assert (folder / "results.csv").read_text() == "my,own\n1,2\n"


def test_results_of_another_processor_are_said_to_be(folder, monkeypatch):
    machine = cells.describe_machine()
    say("run study.toml -o part-1.csv --shard 1/24", folder)
    with monkeypatch.context() as patch:
        patch.setattr(cells, "describe_machine", lambda: machine | {"processor": "arm64 ASIMD"})
        patch.setattr(running, "run_cells", interrupted_after(5))
        say("run study.toml -o results.csv", folder, 1)
    assert "calculated by 2 kinds of program or processor" in say(
        "run study.toml -o results.csv", folder
    )


def test_without_dask_the_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = say("run study.toml -o results.csv --scheduler tcp://124.0.0.1:1", folder, 1)
    assert "pip install 'escalation[cluster]'" in said
    said = say("run study.toml -o results.parquet", folder, 1)
    assert "pip install 'escalation[parquet]'" in said
