"""Pictures as a person asks for them: pages, a reader who stops reading, a folder that is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from escalation.cli import main

SCENARIOS = "".join(
    f'[[scenarios]]\nname = "scenario {k}"\np_dlt = [0.05, 0.1, 0.{k + 10}]\n' for k in range(1, 13)
)
PLAIN = ("--levels", "3")


def with_a_reader_who_stops(*words: str) -> tuple[int, str]:
    """Run the program with a reader that closes the pipe at once; return code and messages."""
    command = [sys.executable, "-c", "from escalation.cli import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        said = program.stderr.read().decode()
        return program.wait(), said


@pytest.mark.slow
def test_twelve_scenarios_are_pages_of_a_pdf_or_numbered_pictures(tmp_path: Path) -> None:
    (tmp_path / "twelve.toml").write_text(SCENARIOS)
    words = ["simulate", *PLAIN, "--scenario", str(tmp_path / "twelve.toml"), "--method", "exact"]
    said = CliRunner().invoke(main, [*words, "--plot", str(tmp_path / "a.png")])
    assert said.exit_code == 0, said.stderr
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["a-1.png", "a-2.png"]
    assert said.stderr == f"wrote {tmp_path / 'a-1.png'}, {tmp_path / 'a-2.png'}\n"
    said = CliRunner().invoke(main, [*words, "--plot", str(tmp_path / "a.pdf")])
    assert said.stderr == f"wrote {tmp_path / 'a.pdf'}\n"


def test_six_cohorts_are_all_drawn(tmp_path: Path) -> None:
    words = ["paths", *PLAIN, "--depth", "6", "--plot", str(tmp_path / "tree.svg")]
    assert CliRunner().invoke(main, words).exit_code == 0
    drawn = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("tree*.svg"))
    assert all(f">cohort {k}</text>" in drawn for k in range(1, 7))


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--p-dlt", "0.1,0.2,0.3", "--method", "exact", "--plot", "a.png"),
        ("simulate", *PLAIN, "--trials", "50", "--keep", "a.csv"),
        ("table", *PLAIN, "--plot", "a.png"),
        ("random-scenarios", *PLAIN, "--target", "0.25", "--curves", "20", "--keep", "a.csv"),
    ],
)
def test_files_are_written_whole_though_nobody_reads_the_text(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / words[-1]
    code, said = with_a_reader_who_stops(*words[:-1], str(path))
    assert (code, said) == (0, f"wrote {path}\n")
    assert path.stat().st_size > 0


def test_what_verify_found_is_its_exit_code_though_nobody_reads_it(tmp_path: Path) -> None:
    db = str(tmp_path / "demo.db")
    assert CliRunner().invoke(main, ["trial", "demo", "--db", db]).exit_code == 0
    anchor = f"3:{'0' * 64}"
    code, _ = with_a_reader_who_stops("trial", "verify", "--db", db, "--anchor", anchor)
    assert code == 5


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", *PLAIN, "--plot"),
        ("compare", "3+3", "boin", "--plot"),
        ("paths", *PLAIN, "--plot"),
        ("table", *PLAIN, "--plot"),
        ("sensitivity", "--p-dlt", "0.1,0.2", "--plot"),
        ("random-scenarios", *PLAIN, "--target", "0.25", "--plot"),
        ("protocol", "diagram", "--output"),
    ],
)
def test_a_folder_that_is_not_there_is_said_in_one_line(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "none" / "a.png"
    said = CliRunner().invoke(main, [*words, str(path)])
    assert said.exit_code == 1
    assert said.stdout == ""
    folder = f"cannot be written: there is no folder {path.parent}"
    assert said.stderr == f"escalation: {path}: {folder}\n"
