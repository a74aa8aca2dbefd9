"""`escalation paths`, as a person types it."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main
from simulations.questions import ahead, question


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["paths", *words])


def test_the_tree_looks_one_cohort_ahead_against_binomials() -> None:
    result = run("--p-dlt", "0.1,0.2,0.3", "--depth", "1")
    assert result.exit_code == 0, result.stderr
    tree = [line for line in result.stdout.splitlines() if line.startswith(("|-", "`-"))]
    assert tree == [
        "|- 1: 0/3 0.7290  Escalate to level 2: enrol 3 patients.",
        "|- 1: 1/3 0.2430  Stay at level 1: enrol 3 patients.",
        "|- 1: 2/3 0.0270  Stop: no MTD.",
        "`- 1: 3/3 0.0010  Stop: no MTD.",
    ]


@pytest.mark.parametrize(("levels", "n_paths"), [("1", 10), ("2", 46), ("3", 154)])
def test_the_list_has_as_many_paths_as_precautionary(levels: str, n_paths: int) -> None:
    result = run("--levels", levels, "--list")
    assert len(result.stdout.splitlines()) == n_paths


def test_the_probabilities_of_all_paths_sum_to_one() -> None:
    words = ("--p-dlt", "0.1,0.2,0.3", "--from", "1NNN 2N??", "--list", "--json")
    document = json.loads(run(*words).stdout)
    assert sum(path["probability"] for path in document["paths"]) == pytest.approx(1)
    assert document["n_paths"] == len(document["paths"])


def test_pending_patients_give_a_tree_for_each_way_they_turn_out() -> None:
    words = ("--p-dlt", "0.1,0.2,0.3", "--from", "1NNN 2N??", "--json")
    document = json.loads(run(*words).stdout)
    probabilities = [root["probability"] for root in document["tree"]]
    assert probabilities == pytest.approx([0.64, 0.32, 0.04])
    assert [root["decision"]["action"] for root in document["tree"]] == [
        "escalate",
        "stay",
        "deescalate",
    ]


def test_rows_are_the_nodes_of_the_tree_and_the_paths_of_the_list() -> None:
    words = ("--p-dlt", "0.1,0.2,0.3", "--from", "1NNN 2N??")
    rows = list(csv.DictReader(io.StringIO(run(*words, "--depth", "1", "--csv").stdout)))
    assert [row["cohorts"] for row in rows if row["pending"] == "2:0/2"] == [
        *("", "3:0/3", "3:1/3", "3:2/3", "3:3/3")
    ]
    assert sum(float(row["probability"]) for row in rows if row["depth"] == "0") == pytest.approx(1)
    listed = json.loads(run(*words, "--list", "--json").stdout)["paths"]
    rows = list(csv.DictReader(io.StringIO(run(*words, "--list", "--csv").stdout)))
    assert [float(row["probability"]) for row in rows] == [one["probability"] for one in listed]
    assert [row["mtd"] for row in rows] == [
        "" if one["mtd"] is None else str(one["mtd"]) for one in listed
    ]


def test_a_scenario_is_picked_by_name() -> None:
    said = run("--levels", "3", "--scenario", "levels-3:steep", "--depth", "1").stdout
    assert "Scenario steep;" in said
    assert "1: 0/3 0.9412" in said  # 0.98 ** 3


def test_the_tree_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "tree.svg"
    result = run("--p-dlt", "0.1,0.2,0.3", "--plot", str(picture))
    assert result.exit_code == 0, result.stderr
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["--depth", "0"], 2, "--depth"),
        (["--list", "--depth", "2"], 2, "--list"),
        (["--scenario", "levels-4"], 1, "takes one scenario, and there are several: low, flat"),
        (["--scenario", "levels-4:flt"], 1, "levels-4 has no scenario 'flt'; did you mean flat?"),
        (["--p-dlt", "0.1,x"], 1, "'x'"),
        (["--from", "1TTT 2NNN"], 1, "cohort 2"),
        (["--plot", "tree.doc"], 1, ".png, .svg, .pdf"),
    ],
)
def test_bad_input_is_one_clear_line(words: list[str], exit_code: int, message: str) -> None:
    result = run(*words)
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert message in result.stderr


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_tree_fits_the_terminal_and_reads_the_same(width: int) -> None:
    words = ["paths", "--p-dlt", "0.1,0.2,0.3", "--from", "1NNN 2N??", "--depth", "4"]
    said = CliRunner().invoke(main, words, env={"COLUMNS": str(width)}).stdout
    assert max(map(len, said.splitlines())) < min(width, 120)
    whole = CliRunner().invoke(main, words, env={"COLUMNS": "120"}).stdout
    as_words = [
        [word for word in text.split() if word not in {"|", "|-", "`-"}] for text in (said, whole)
    ]
    assert as_words[0] == as_words[1]


@pytest.mark.parametrize(
    ("words", "counted"), [(("--levels", "4"), 442), (("--levels", "60"), None)]
)
def test_a_tree_needs_no_more_of_the_graph_than_it_shows(
    words: tuple[str, ...], counted: int | None
) -> None:
    document = json.loads(run(*words, "--json").stdout)
    assert document["n_paths"] == counted
    assert [child["n_dlts"] for child in document["tree"][0]["children"]] == [0, 1, 2, 3]


def test_a_tree_that_nobody_could_read_is_refused_with_what_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ahead, "MOST_PLACES", 200)
    result = run("--levels", "4", "--depth", "100")
    assert result.exit_code == 1
    fits = int(result.stderr.split("--depth ")[1].split()[0])
    assert len(run("--levels", "4", "--depth", str(fits), "--csv").stdout.splitlines()) - 1 <= 200


@pytest.mark.parametrize(
    ("words", "smaller"),
    [
        ("--levels 13", "at most 12 levels"),
        ("--levels 40", "at most 12 levels"),
        ("--levels 20 --design accelerated", "fewer levels"),
        ("--levels 30 --design 3+3 --set max_patients=90", "at most 12 levels"),
    ],
)
def test_complete_paths_of_a_long_ladder_are_refused_before_they_are_walked(
    words: str, smaller: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question, "build_graph", lambda *_, **__: pytest.fail("it is walked"))
    result = run(*words.split(), "--list")
    assert result.exit_code == 1
    assert f"more than 500000 states; use {smaller} or a smaller" in result.stderr
