"""`escalation mtd-data`, as a person types it."""

import csv
import io
import json

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main

SCENARIO = ("--p-dlt", "0.05,0.10,0.25,0.40")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["mtd-data", *words])


def test_text_has_a_line_for_each_data_set_against_published_limits() -> None:
    result = run()
    assert result.exit_code == 0, result.stderr
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[-2:] == ["0 6 0-46 % 0-39 % 39 %", "1 6 0.4-64 % 3-56 % 58 %"]


BOIN = ("--design", "boin", "--set", "target=0.3", "--set", "max_patients=12")


@pytest.mark.parametrize("words", [(), SCENARIO, (*BOIN, *SCENARIO)])
def test_text_is_readable_on_80_columns(words: tuple[str, ...]) -> None:
    shown = run(*words).stdout
    assert shown.isascii()
    assert max(map(len, shown.splitlines())) <= 80


def test_probabilities_against_simulate() -> None:
    document = json.loads(run("--variant", "declare", "--json", *SCENARIO).stdout)
    words = ["simulate", "--variant", "declare", "--method", "exact", "--json", *SCENARIO]
    exact = json.loads(CliRunner().invoke(main, words).stdout)["results"][0]["exact"]
    assert document["schema"] == 1
    assert document["p_mtd"] == pytest.approx(sum(exact["p_select"]), abs=1e-12)
    assert sum(row["given_mtd"] for row in document["mtd_data"]) == pytest.approx(1)
    assert f"An MTD is declared in {100 * document['p_mtd']:.2f} % of trials." in (
        run("--variant", "declare", *SCENARIO).stdout
    )


def test_csv_and_json_have_the_same_rows() -> None:
    for words in ((), SCENARIO, ("--confidence", "0.9")):
        listed = json.loads(run("--json", *words).stdout)["mtd_data"]
        read = list(csv.DictReader(io.StringIO(run("--csv", *words).stdout)))
        assert len(read) == len(listed) == 2
        for row, data in zip(read, listed, strict=True):
            limits = data["p_dlt_limits"]
            assert float(row["confidence"]) == limits["level"]
            assert float(row["clopper_pearson_high"]) == limits["clopper_pearson"][1]
            assert float(row["wilson_low"]) == limits["wilson"][0]
            assert float(row["upper_one_sided"]) == limits["upper_one_sided"]
            assert (float(row["given_mtd"]) if words == SCENARIO else None) == data["given_mtd"]


def test_a_trial_that_has_begun_ends_as_it_still_can() -> None:
    document = json.loads(run("--from", "1NNN 2TT 1NNT", "--json").stdout)
    assert [(row["n_dlts"], row["n_evaluable"]) for row in document["mtd_data"]] == [(1, 6)]
    assert document["scenario"] is document["p_mtd"] is None


def test_where_no_mtd_can_be_found_that_is_said() -> None:
    assert "No trial can end with an MTD." in run("--set", "max_patients=3").stdout
    shown = run("--p-dlt", "1,1").stdout
    assert "declared in 0.00 % of trials" in shown


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["--confidence", "95"], 1, "between 0 and 1, not 95.0"),
        (["--confidence", "nan"], 1, "between 0 and 1, not nan"),
        (["--confidence", "nan", "--set", "max_patients=3", "--json"], 1, "not nan"),
        (["--csv", "--json"], 2, "give one format, not csv and json"),
        (["--p-dlt", "0.1,nan"], 1, "'nan'"),
        (["--scenario", "levels-4"], 1, "takes one scenario, and there are several: low, flat"),
        (["--from", "1TTT 2NNN"], 1, "cohort 2"),
    ],
)
def test_bad_input_is_one_clear_line(words: list[str], exit_code: int, message: str) -> None:
    result = run(*words)
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert message in result.stderr


def test_it_says_from_which_outcomes_the_trial_continues() -> None:
    words = ("--from", "1NNN 2NNT")
    assert "Continuing from 1NNN 2NNT." in run(*words).stdout
    assert json.loads(run(*words, "--json").stdout)["from"]["outcomes"] == "1NNN 2NNT"
    assert "from" not in json.loads(run("--json").stdout)
