"""Answers about the escalation alone say that backfill and expansion are left out of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main

SHIPPED = Path("escalation/protocols/backfill-example.toml").read_text(encoding="utf-8")
NEVER = "Left out: backfill, which counts at no decision of the escalation; and expansion."
COUNTED = (
    "Left out: backfill, which counts at every decision of the escalation; and expansion. "
    "With it the figures are others; escalation simulate has them."
)
P = "0.05,0.15,0.45"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def said(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


@pytest.fixture
def counted(tmp_path: Path) -> str:
    path = tmp_path / "counted.toml"
    path.write_text(SHIPPED.replace('"never"', '"every decision"'), encoding="utf-8")
    return str(path)


QUESTIONS = [
    ("compare", "{}", "boin", "--p-dlt", P),
    ("compare", "{}", "declare", "--p-dlt", P, "--diff"),
    ("paths", "--protocol", "{}", "--depth", "1"),
    ("sensitivity", "--protocol", "{}", "--p-dlt", P),
    ("mtd-data", "--protocol", "{}"),
    ("worst-case", "--protocol", "{}", "--p-dlt", P, "--band", "0.05", "--target", "0.25"),
    ("random-scenarios", "--protocol", "{}", "--curves", "5", "--target", "0.25"),
]


@pytest.mark.parametrize("words", QUESTIONS, ids=lambda words: "-".join(words[:1]))
def test_every_answer_about_the_escalation_alone_says_what_is_left_out(words):
    asked = [word.format("backfill-example") for word in words]
    assert NEVER.rstrip(".") in said(*asked)
    assert "With it" not in said(*asked)
    document = json.loads(run(*asked, "--json").stdout)
    first = document["designs"][0] if words[0] == "compare" else document
    assert first["without"] == ["backfill", "expansion"]


@pytest.mark.parametrize("words", QUESTIONS, ids=lambda words: "-".join(words[:1]))
def test_where_backfill_counts_it_says_that_the_figures_are_others(words, counted):
    assert COUNTED.rstrip(".") in said(*(word.format(counted) for word in words))


def test_what_simulate_counts_is_not_left_out():
    words = ("simulate", "--protocol", "backfill-example", "--p-dlt", P, "--trials", "10")
    text = said(*words)
    assert "Left out" not in text
    assert "patients planned, in the escalation alone: 0.00 %" in text
    assert "without" not in json.loads(run(*words, "--json").stdout)


def test_after_outcomes_so_far_simulate_has_the_expansion_that_is_to_come():
    words = ("simulate", "--protocol", "backfill-example", "--p-dlt", P, "--method", "exact")
    words = (*words, "--from", "1NNN 2NNN 3TTN 2NNN 2NT")  # two patients of six after the MTD
    text = said(*words)
    assert "Left out: backfill, which counts at no decision of the escalation. " in text
    assert "(0.00 in the escalation, 3.19 in the expansion)" in text
    document = json.loads(run(*words, "--json").stdout)
    assert document["without"] == ["backfill"]
    (result,) = document["results"]
    assert result["expansion"]["p_started"] == [0, 1, 0]
    p_stopped = 1 - 0.85**4  # 2/6 is reached by one DLT more
    assert result["expansion"]["p_stopped"] == pytest.approx(p_stopped, abs=1e-12)
    assert (result["planned_patients"], result["p_more_than_planned"]) == (30, 0)


def test_a_protocol_with_nothing_beside_the_escalation_leaves_nothing_out():
    words = ("sensitivity", "--levels", "3", "--p-dlt", P)
    assert "Left out" not in said(*words)
    assert "without" not in json.loads(run(*words, "--json").stdout)


def test_trials_without_the_backfill_that_counts_are_not_written(counted, tmp_path):
    words = ("simulate", "--protocol", counted, "--p-dlt", P, "--trials", "10")
    result = run(*words, "--keep", str(tmp_path / "kept.csv"))
    assert result.exit_code == 1
    assert "backfill counts at every decision; leave --keep away" in result.stderr
    assert not (tmp_path / "kept.csv").exists()


def test_after_outcomes_so_far_a_backfill_that_counts_is_refused_in_a_line(counted):
    words = ("simulate", "--protocol", counted, "--p-dlt", P, "--from", "1NNN")
    result = run(*words)
    assert result.exit_code == 1
    assert "backfill counts at every decision, so that figures are from the start" in result.stderr


@pytest.mark.parametrize("command", ["paths", "sensitivity", "mtd-data", "simulate"])
def test_what_follows_a_backfill_that_counts_is_refused(command, counted):
    """With two DLTs at level 1 the rule stops, and on the escalation alone it would go on."""
    result = run(command, "--protocol", counted, "--from", "1NNN 2NNN 1TT")
    assert result.exit_code == 1
    assert "backfill, such as cohort 3, counts at every decision" in result.stderr
    assert run(command, "--protocol", "backfill-example", "--from", "1NNN 2NNN 1TT").exit_code == 0


def test_every_design_asked_side_by_side_says_what_it_took_for_backfill():
    words = ("decide", "1NNN 2NNN 1NT", "--protocol", "backfill-example", "--all")
    assert "Backfill (cohort 3): 2 patients at level 1, 1 with a DLT; it counts at no" in said(
        *words
    )
    document = json.loads(run(*words, "--json").stdout)
    assert document["designs"][0]["backfill"]["cohorts"] == [3]


@pytest.mark.slow
def test_the_worst_case_of_a_design_report_says_that_backfill_is_left_out(counted, tmp_path):
    words = ("simulate", "--protocol", counted, "--p-dlt", P, "--trials", "10", "--target", "0.25")
    result = run(*words, "--report", str(tmp_path / "report.html"))
    assert result.exit_code == 0, result.output
    assert COUNTED in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_draws_that_a_counting_backfill_does_not_have_are_said_to_be_left_aside(counted):
    words = ("simulate", "--protocol", counted, "--p-dlt", P, "--trials", "10")
    for draws, is_said in (("latent", True), ("count", False)):
        result = run(*words, "--method", "monte-carlo", "--draws", draws)
        assert result.exit_code == 0
        assert ("drawn by counts, whatever --draws says" in result.stderr) == is_said
