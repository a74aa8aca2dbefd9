"""The rolling six from a shell."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main

from .shell import Shell

ROLLING = ("--design", "rolling-six", "--levels", "3")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize("outcomes", ["1NNN?", "1NN? 1?", "1NT?", "1NNNN?"])
def test_decide_enrols_one_more_while_outcomes_are_pending(outcomes):
    said = run("decide", outcomes, *ROLLING)
    assert said.exit_code == 0, said.output
    assert "Stay at level 1: enrol 1 patient." in said.stdout
    assert "While outcomes are pending and fewer than two patients" in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 80


def test_decide_waits_with_six():
    document = json.loads(run("decide", "1NNN???", *ROLLING, "--json").stdout)
    assert (document["action"], document["settled"]) == ("wait", False)
    assert [one["action"] for one in document["possible"]] == ["escalate", "stop"]


def test_the_rule_is_printed_with_its_own_sentence():
    for words in (("table",), ("protocol", "text")):
        said = run(*words, *ROLLING)
        assert said.exit_code == 0, said.output
        printed = " ".join(said.stdout.split())
        assert printed.count("one at a time, until six have been enrolled.") == 1
    assert run("protocol", "diagram", *ROLLING).exit_code == 0
    plain = run("protocol", "text", "--levels", "3")
    assert "one at a time" not in plain.stdout


def test_the_rule_text_does_not_call_enrolment_while_pending_an_early_judgement():
    said = " ".join(run("protocol", "text", *ROLLING).stdout.split())
    assert "judged early at 2/2 with 1 pending; 2/4 with 2 pending; 2/5 or 3/5 with 1" in said


def test_simulate_and_paths_serve_it():
    p_dlt = ("--p-dlt", "0.1,0.2,0.4")
    rolling = run("simulate", "--design", "rolling-six", *p_dlt, "--method", "exact", "--json")
    classical = run("simulate", "--design", "3+3", *p_dlt, "--method", "exact", "--json")
    results = [json.loads(said.stdout)["results"] for said in (rolling, classical)]
    assert results[0] == results[1]
    assert run("paths", "--from", "1NN?", *ROLLING).exit_code == 0


def test_a_protocol_file_and_the_tracker_follow_it(tmp_path: Path):
    file = tmp_path / "trial.toml"
    file.write_text(
        'schema = 1\nname = "trial"\nstart = 1\n\n[design]\nname = "rolling-six"\n'
        'variant = "expand-below"\n\n[[levels]]\nlabel = 1\n\n[[levels]]\nlabel = 2\n',
        encoding="utf-8",
    )
    assert run("protocol", "check", str(file)).exit_code == 0
    shell = Shell(str(tmp_path / "new.db"))
    said = shell.ok(f"office: register --trial TJ --protocol {file} --on 2026-01-05")
    assert "The rule now says: Start at level 1: enrol 3 patients." in said


def test_an_option_that_it_does_not_have_is_refused_in_one_line():
    said = run("decide", "", *ROLLING, "--set", "two_of_six=mtd")
    assert said.exit_code != 0
    assert "rolling-six has no option 'two_of_six'" in said.stderr
    assert len(said.stderr.splitlines()) == 1
