"""`escalation table`, `protocol text` and `protocol diagram`, as a person types them."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import escalation
from escalation.cli import main
from escalation.designs import ThreePlusThree
from escalation.protocol import load_protocol
from escalation.reports.rule.decision_table import decision_table


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, words, input=stdin)


@pytest.mark.parametrize(
    "words", [("table",), ("protocol", "text"), ("protocol", "diagram")], ids=" ".join
)
def test_help_has_an_example_and_output_goes_to_stdout(words) -> None:
    assert f"Example: escalation {' '.join(words)}" in " ".join(run(*words, "-h").stdout.split())
    result = run(*words)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.isascii()
    assert load_protocol("nct07123519").digest[:12] in result.stdout


@pytest.mark.parametrize("words", [("table",), ("protocol", "text")], ids=" ".join)
def test_text_is_readable_on_80_columns(words) -> None:
    assert max(map(len, run(*words).stdout.splitlines())) < 80


def test_table_is_of_the_design_that_was_named() -> None:
    lines = [" ".join(line.split()) for line in run("table").stdout.splitlines()]
    assert "0 3 escalate, treat 3 stay, treat 3 stay, treat 3" in lines
    declared = run("table", "--variant", "declare").stdout.splitlines()
    lines = [" ".join(line.split()) for line in declared]
    assert "0 3 escalate, treat 3 stop, it is the MTD stop, it is the MTD" in lines


def test_table_csv_and_json_have_the_same_rows() -> None:
    read = list(csv.DictReader(io.StringIO(run("table", "--csv").stdout)))
    document = json.loads(run("table", "--json").stdout)
    rows = decision_table(ThreePlusThree(n_levels=4))
    assert len(read) == len(document["rows"]) == len(rows)
    assert document["schema"] == 1
    assert document["stages"] == [3, 6]
    assert document["design"]["variant"] == "confirm"
    assert document["protocol"]["name"] == "nct07123519"
    assert document["rows"][-1]["clause"]["text"] == rows[-1].clause.text


def test_table_takes_one_format() -> None:
    result = run("table", "--csv", "--json")
    assert result.exit_code == 2
    assert "give one format, not csv and json" in result.stderr


def test_table_names_the_maximum_sample_size_that_it_leaves_out() -> None:
    assert "more than 18 in all" in run("table", "--set", "max_patients=18").stdout
    assert "in all" not in run("table").stdout


def test_text_says_the_doses_of_the_protocol() -> None:
    shown = " ".join(run("protocol", "text").stdout.split())
    assert "The trial starts at level 1, 3E6 cells/kg." in shown
    assert run("protocol", "text", "--format", "md").stdout.startswith("## Dose escalation rule\n")


@pytest.mark.parametrize("command", ["text", "diagram"])
def test_protocol_can_be_a_file_or_standard_input(tmp_path, command) -> None:
    shipped = Path(escalation.__file__).with_name("protocols") / "nct07123519.toml"
    written = shipped.read_text(encoding="utf-8")
    path = tmp_path / "own.toml"
    path.write_text(written)
    expected = run("protocol", command, "nct07123519").stdout
    assert run("protocol", command, str(path)).stdout == expected
    assert run("protocol", command, "-", stdin=written).stdout == expected


def test_unknown_protocol_is_one_line_with_its_exit_code() -> None:
    result = run("protocol", "diagram", "nct0712351")
    assert result.exit_code == 3
    assert "did you mean nct07123519?" in result.stderr
    assert result.stderr.count("\n") == 1


def test_diagram_file_is_what_is_printed(tmp_path) -> None:
    path = tmp_path / "rule.mmd"
    result = run("protocol", "diagram", "--output", str(path))
    assert (result.exit_code, result.output) == (0, f"wrote {path}\n")
    assert path.read_text() == run("protocol", "diagram").stdout


@pytest.mark.parametrize(
    ("name", "magic"), [("r.svg", b"<?xml"), ("r.PNG", b"\x89PNG"), ("r.pdf", b"%PDF")]
)
def test_picture_is_of_its_suffix_and_carries_its_origin(tmp_path, name, magic) -> None:
    path = tmp_path / name
    result = run("protocol", "diagram", "--output", str(path))
    assert (result.exit_code, result.output) == (0, f"wrote {path}\n")
    assert path.read_bytes().startswith(magic)
    assert load_protocol("nct07123519").digest[:12].encode() in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing/rule.svg", "there is no folder"),
        ("rule.gif", ".mmd, .png, .svg, .pdf"),
        ("rule", ".mmd, .png, .svg, .pdf"),
        (".", ".mmd, .png, .svg, .pdf"),
    ],
)
def test_file_that_cannot_be_written_is_one_line(tmp_path, name, said) -> None:
    result = run("protocol", "diagram", "--output", str(tmp_path / name))
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
