"""`escalation decide` and `protocol` where patients were treated at the MTD after the stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from scipy.stats import binomtest

from escalation.cli import main

FIELD = "1NNN 2TTN 1NNN 1NNNNNNNNTT"
FILE = """\
schema = 1
name = "x"
start = 1
[design]
name = "3+3"
[[levels]]
label = 1
[[levels]]
label = 2
[[levels]]
label = 3
[expansion]
"""


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=stdin)


def said(*words: str, stdin: str | None = None) -> str:
    result = run(*words, stdin=stdin)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 80
    return " ".join(result.stdout.split())


def test_sixteen_patients_are_not_judged_by_a_count_made_for_six_limits_by_scipy() -> None:
    text = said("decide", FIELD, "--levels", "3")
    assert text.startswith("The escalation has ended: MTD level 1. Why: ")
    limits = binomtest(2, 16).proportion_ci(0.95, method="exact")
    low, high = (f"{100 * limit:.1f}" for limit in (limits.low, limits.high))
    assert (low, high) == ("1.6", "38.3")
    assert f"2 of 16 had a DLT, 12.5 %; exact 95 % limits {low} to {high} %." in text
    assert "Escalation: 6 patients at that level, 0 with a DLT." in text
    assert "Expansion: 10 patients (cohort 4), 2 with a DLT." in text
    assert "The protocol names no boundary for the expansion" in text
    assert "1 16 2 0 2-38 % the MTD, in expansion" in text
    assert "Departure" not in text


@pytest.mark.parametrize(
    ("more", "rate", "sentence"),
    [
        ("1NNNNTT", "1/3", "It is reached: 2 of 6."),
        ("1NNNNNTT", "1/3", "It is not reached: 2 of 7."),
        ("1NNNNT?", "1/3", "depends on the pending patients: 1 of 5 so far."),
        ("1TT??", "1/3", "It is reached: 2 of 2, however the pending patients turn out."),
        ("1???", "1/3", "depends on the pending patients: 0 of 0 so far."),
        ("1XX", "1/3", "It is not reached: 0 of 0."),
        ("1NNNNNNNNTT", "1/5", "It is reached: 2 of 10."),
    ],
)
def test_the_boundary_is_that_of_the_expansions_own_patients(
    more: str, rate: str, sentence: str
) -> None:
    text = said("decide", f"1NNN 2TTN 1NNN {more}", "--levels", "3", "--stop-at-rate", rate)
    assert text.startswith("The escalation has ended: MTD level 1.")
    assert f"at a DLT rate of {rate} or more, counting its own evaluable patients" in text
    assert sentence in text
    reached = "It is reached" in sentence
    assert ("The expansion has reached its boundary: stop it and reconsider." in text) == reached


def test_boundaries_of_a_file_are_said_and_compared() -> None:
    file = FILE + 'stop_at = ["2/6", "3/9", "4/12"]\n'
    words = ("decide", "--protocol", "-")
    rule = "at 2 DLTs among the first 6, 3 among the first 9 or 4 among the first 12, counting"
    reached = said(*words, "1NNN 2TTN 1NNN 1NTT", stdin=file)
    assert rule in reached
    assert "It is reached: 2 of 3." in reached
    assert "It is not reached: 2 of 10." in said(*words, FIELD, stdin=file)
    beyond = said(*words, f"1NNN 2TTN 1NNN 1{'N' * 11}TT", stdin=file)
    assert "The boundaries end at 12 patients: none is named for 13, of whom 2 had a DLT." in beyond
    at_stop = said(*words, "1NNN 2TTN 1NNN", stdin=file)
    assert at_stop.startswith("Stop: the MTD is level 1.")
    assert "Further patients at the MTD are an expansion. The expansion is stopped and recons" in (
        at_stop
    )


def test_json_names_the_expansion_apart_limits_by_scipy() -> None:
    document = json.loads(
        run("decide", f"{FIELD} 1?", "--levels", "3", "--stop-at-rate", "1/4", "--json").stdout
    )
    assert (document["action"], document["mtd"], document["departures"]) == ("stop", 1, [])
    assert document["levels"][0]["n_evaluable"] == 16
    expansion = document["expansion"]
    limits = binomtest(2, 10).proportion_ci(0.95, method="exact")
    found = expansion.pop("p_dlt_limits")
    assert found["clopper_pearson"] == pytest.approx([limits.low, limits.high], rel=1e-9)
    assert expansion["escalation"].pop("p_dlt_limits")["clopper_pearson"][0] == 0
    assert expansion == {
        "level": 1,
        "cohorts": [4, 5],
        "n_evaluable": 10,
        "n_dlts": 2,
        "n_pending": 1,
        "escalation": {"n_evaluable": 6, "n_dlts": 0, "n_pending": 0},
        "stop_at_rate": "1/4",
        "stop_at": [],
        "boundary": "pending",
    }
    assert json.loads(run("decide", "1NNN", "--json").stdout)["expansion"] is None


def test_all_says_which_designs_had_ended_and_compares_on_the_escalation() -> None:
    text = said("decide", FIELD, "--levels", "3", "--all", "--stop-at-rate", "1/3")
    assert text.startswith("Stop: the MTD is level 1. > 3+3 confirm mtd-below expands: cohort 4 ")
    assert "3+3 declare declare-below expands: cohort 3 ..." in text
    assert "accelerated mtd-below departs: cohort 1 ..., expands " in text
    assert "boin escalate departs: cohort 4" in text
    assert "expands: treated at that MTD after the escalation had ended; not counted in it." in text
    assert "It is not reached: 2 of 10." in text
    assert "1 16 2 0 2-38 % the MTD, in expansion" in text
    document = json.loads(run("decide", FIELD, "--levels", "3", "--all", "--json").stdout)
    expansions = {design["name"]: design["expansion"] for design in document["designs"]}
    assert expansions["3+3 declare"]["cohorts"] == [3, 4]
    assert expansions["boin"] is None


def test_the_engines_continue_from_the_escalation() -> None:
    words = ("simulate", "--from", FIELD, "--levels", "3", "--p-dlt", "0.1,0.2,0.3", "--json")
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["from"]["n_evaluable"] == [6, 3, 0]


# --- the protocol ---------------------------------------------------------------------------


def test_protocol_show_and_text_know_the_expansion() -> None:
    file = FILE + 'stop_at_rate = "1/3"\n[sources]\n"expansion.stop_at_rate" = "assumed"\n'
    assert "expansion.stop_at_rate assumed 1/3" in said("protocol", "show", "-", stdin=file)
    text = said("protocol", "text", "-", stdin=file)
    assert "Expansion --------- When the trial has stopped with an MTD, further patients" in text
    assert "stopped and reconsidered at a DLT rate of 1/3 or more, counting its own" in text
    markdown = run("protocol", "text", "-", "--format", "md", stdin=file).stdout
    assert "### Expansion\n\nWhen the trial has stopped" in markdown
    assert "Expansion" not in said("protocol", "text", "-", stdin=FILE)


def test_an_expansion_that_says_nothing_leaves_the_digest_as_it_was() -> None:
    without = FILE.removesuffix("[expansion]\n")
    digests = [run("protocol", "check", "-", stdin=text).stdout for text in (FILE, without)]
    assert digests[0] == digests[1]
    given = run("protocol", "check", "-", stdin=FILE + 'stop_at = ["2/6"]\n').stdout
    assert given.startswith("ok ")
    assert given != digests[0]


FRACTION = 'must be a fraction of whole numbers from 1 on, such as "1/3"'


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('stop_at_rate = "x"', f'expansion.stop_at_rate: {FRACTION}, not "x"'),
        ('stop_at_rate = "0/3"', f'expansion.stop_at_rate: {FRACTION}, not "0/3"'),
        ('stop_at_rate = "1/0"', f'expansion.stop_at_rate: {FRACTION}, not "1/0"'),
        ("stop_at_rate = 1.5", f"expansion.stop_at_rate: {FRACTION}, not 1.5"),
        ('stop_at_rate = "4/3"', 'expansion.stop_at_rate: is more than 1: "4/3"; write'),
        ('stop_at = "2/6"', 'expansion.stop_at: must be a list, not "2/6"'),
        ('stop_at = ["2/6", 3]', f"expansion.stop_at[1]: {FRACTION}, not 3"),
        ('stop_at = ["7/6"]', 'expansion.stop_at[0]: is more than 1: "7/6"; write'),
        ('stop_at = ["3/9", "2/6"]', 'expansion.stop_at[1]: "2/6" does not follow on "3/9"; '),
        ('stop_at = ["2/6", "2/9"]', 'expansion.stop_at[1]: "2/9" does not follow on "2/6"; '),
        ('stop_at = ["2/6", "3/6"]', 'expansion.stop_at[1]: "3/6" does not follow on "2/6"; '),
        ('stop_at = ["2/6"]\nstop_at_rate = "1/3"', "expansion.stop_at: is given beside stop_at_"),
        ("rate = 3", "expansion.rate: is not a setting; known: stop_at_rate, stop_at"),
    ],
)
def test_a_boundary_that_cannot_be_is_one_clear_line_and_exit_code_3(line: str, fault: str) -> None:
    for words in (("protocol", "check", "-"), ("decide", "1NNN", "--protocol", "-")):
        result = run(*words, stdin=FILE + line)
        assert (result.exit_code, result.stdout) == (3, "")
        assert fault in result.stderr
        assert result.stderr.count("expansion") == 1


@pytest.mark.parametrize("rate", ["x", "0/3", "4/3", "1/0", "0.33"])
def test_a_rate_on_the_command_line_that_cannot_be_is_one_clear_line(rate: str) -> None:
    result = run("decide", FIELD, "--levels", "3", "--stop-at-rate", rate)
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert rate in result.stderr


def test_a_trial_is_tracked_under_a_protocol_that_names_an_expansion(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(FILE + 'stop_at = ["2/6"]\n', encoding="utf-8")
    at = ("--trial", "T", "--db", str(tmp_path / "t.db"))
    said("trial", "register", "--protocol", str(file), "--as", "A", "--on", "2026-01-01", *at)
    digest = said("protocol", "check", str(file)).split()[1]
    assert f"Protocol x, digest {digest[:12]}." in said("trial", "status", *at)
    assert "Nothing is wrong." in said("trial", "verify", *at)


@pytest.mark.parametrize("n", [8, 16, 32])
def test_the_rate_is_rounded_as_by_hand_a_half_up(n: int) -> None:
    for dlts in (1, 2):
        cohort = f"1{'T' * dlts}{'N' * (n - 6 - dlts)}"
        tenths = (2000 * dlts + n) // (2 * n)  # of a per cent
        rate = f"{tenths // 10}.{tenths % 10} %"
        text = said("decide", f"1NNN 2TTN 1NNN {cohort}", "--levels", "3")
        assert f"At the MTD {dlts} of {n} had a DLT, {rate};" in text
