"""`escalation decide`, as a person types it."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from escalation.binomial import clopper_pearson, upper_limit, wilson
from escalation.cli import main


def run(*words: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["decide", *words], input=stdin)


@pytest.mark.parametrize(
    ("outcomes", "words", "first_line"),
    [
        ("", (), "Start at level 1, 3E6 cells/kg: enrol 3 patients."),
        ("1NNN", (), "Escalate to level 2, 6E6 cells/kg: enrol 3 patients."),
        ("1NNN 2NNT", (), "Stay at level 2, 6E6 cells/kg: enrol 3 patients."),
        ("1N 1? 1?", (), "Wait for the pending patients."),
        ("1NNN 2NN", (), "Stay at level 2, 6E6 cells/kg: enrol 1 patient."),
        ("1NNN 2TT?", (), "De-escalate to level 1, 3E6 cells/kg: enrol 3 patients."),
        ("1NNN 2NT?", (), "Wait for the pending patients."),
        ("1TT", (), "De-escalate to level -1, 1E6 cells/kg: enrol 3 patients."),
        ("1TTN -1NTT", (), "Stop: no MTD."),
        ("1TTN -1NNN", ("--variant", "declare"), "Stop: the MTD is level -1, 1E6 cells/kg."),
        ("1NNN 2NNN", ("--levels", "2"), "Stay at level 2: enrol 3 patients."),
        ("1NNN 2NNN", ("--levels", "2", "--variant", "declare"), "Stop: the MTD is level 2."),
        ("2NNN", ("--levels", "3", "--start", "2"), "Escalate to level 3: enrol 3 patients."),
        ("1NNN", ("--set", "max_patients=5"), "Stop: the MTD is not determined."),
        ("1NNT 1NTN", ("--set", "two_of_six=mtd"), "Stop: the MTD is level 1, 3E6 cells/kg."),
        ("1NNN 2NNN 3NNN 3NN?", (), "Wait for the pending patients."),
        ("-1NNN", ("--start", "-1"), "Escalate to level 1, 3E6 cells/kg: enrol 3 patients."),
    ],
)
def test_first_line_says_what_to_do_by_the_rule_in_prose(
    outcomes: str, words: tuple[str, ...], first_line: str
) -> None:
    result = run(outcomes, *words)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == first_line


def test_the_reason_is_the_sentence_of_the_protocol() -> None:
    shown = " ".join(run("1NNN 2NNT").stdout.split())
    assert "Why: With one DLT among three patients, treat more at the same level until six" in shown


def test_a_history_against_the_rule_is_named_cohort_by_cohort() -> None:
    result = run("1TTT 2NNN 3NNN")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "cohort 2 (2NNN)" in result.stderr
    assert "cohort 3 (3NNN)" in result.stderr
    assert "--allow-departures" in result.stderr


def test_departures_are_said_where_they_are_allowed() -> None:
    result = run("1TTT 2NNN", "--allow-departures")
    assert result.exit_code == 0
    assert "Departure: cohort 2 (2NNN)" in result.stdout
    assert "De-escalate to level -1" in result.stdout


def test_words_without_quotes_are_one_history() -> None:
    assert run("1NNN", "2NNT").stdout == run("1NNN 2NNT").stdout
    quoted = run("1TT -1NNN -1N", "--json")
    assert json.loads(quoted.stdout)["level"] == -1
    for words in (["1TT", "-1NNN", "-1N", "--json"], ["--json", "1TT", "-1NNN", "--", "-1N"]):
        assert run(*words).stdout == quoted.stdout
    backwards = run("-1NNN", "1NNN", "--start", "-1", "--json")  # in the order typed
    assert json.loads(backwards.stdout)["level"] == 2


def test_levels_are_said_as_they_stand_on_the_whole_ladder() -> None:
    document = json.loads(run("1NNN 2TT -1X", "--allow-departures", "--json").stdout)
    statuses = [level["status"] for level in document["levels"]]
    assert statuses == ["none evaluable", "cleared", "too toxic", "closed"]
    assert document["levels"][0]["n_not_evaluable"] == 1
    shown = run("1TTT -1NNN").stdout
    assert "Too toxic: level 1, 3E6 cells/kg, 3 DLTs among 3." in shown


def test_an_open_cohort_is_said_where_the_answer_is_to_wait() -> None:
    shown = " ".join(run("1NNN 2??").stdout.split())
    assert "The cohort of 3 opened at level 2, 6E6 cells/kg has 2 of its places taken" in shown


def test_limits_of_p_dlt_stand_beside_each_level_against_published_ones() -> None:
    result = run("1NNN 1NNN", "--levels", "1")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["1", "6", "0", "0", "0-46", "%", "confirmed"] in lines  # 45.9 %
    shown = " ".join(result.stdout.split())
    assert "At the MTD 0 of 6 had a DLT." in shown
    assert "exact 0-46, Wilson 0-39, exact one-sided upper 39." in shown
    assert "limits (Clopper-Pearson)" not in run("", "--levels", "1").stdout


@pytest.mark.parametrize("n", [1, 6, 30, 300])
def test_the_table_fits_80_columns_for_any_number_of_patients(n: int) -> None:
    for outcomes in (f"-1X 1{'N' * (n - 1)}T", f"1{'N' * n} 1X", f"1{'T' * n} -1X"):
        result = run(outcomes, "--allow-departures")
        assert result.exit_code == 0, result.stderr
        assert max(map(len, result.stdout.splitlines())) <= 80


def test_json_has_the_keys_of_the_contract() -> None:
    document = json.loads(run("1NNN 2NT?", "--json").stdout)
    assert document["schema"] == 1
    assert document["action"] == "wait"
    assert document["level"] is None
    assert document["settled"] is False
    possible = [(answer["action"], answer["level"]) for answer in document["possible"]]
    assert possible == [("stay", 2), ("deescalate", 1)]
    assert set(document) >= {
        *("action", "level", "dose", "unit", "n_to_enrol", "mtd", "settled", "possible"),
        *("clause", "levels", "departures", "protocol", "design"),
    }
    assert document["design"]["name"] == "3+3"
    assert document["design"]["variant"] == "confirm"
    assert document["levels"][2] == {
        "level": 2,
        "dose": 6e6,
        "n_evaluable": 2,
        "n_dlts": 1,
        "n_pending": 1,
        "n_not_evaluable": 0,
        "status": "open",
        "p_dlt_limits": {
            "level": 0.95,
            "clopper_pearson": list(clopper_pearson(2, 1)),
            "wilson": list(wilson(2, 1)),
            "upper_one_sided": upper_limit(2, 1),
        },
    }
    assert document["levels"][3]["p_dlt_limits"] is None
    assert set(document["clause"]) == {"id", "text"}
    assert len(document["protocol"]["digest"]) == 64


@pytest.mark.parametrize(
    "words", [["--json", "-1NNN"], ["-1NNN", "--json"], ["--json", "--", "-1NNN"]]
)
def test_outcomes_at_a_level_below_the_start_are_no_option(words: list[str]) -> None:
    result = run("--start", "-1", *words)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["level"] == 1


def test_naming_the_same_design_again_leaves_the_digest_as_it_is() -> None:
    digests = {
        json.loads(run("1NNN", "--json", *words).stdout)["protocol"]["digest"]
        for words in (
            (),
            ("--variant", "confirm"),
            ("--set", "max_patients=null"),
            ("--start", "1"),
        )
    }
    assert len(digests) == 1


def test_json_names_the_next_level_and_the_mtd_apart() -> None:
    going = json.loads(run("1NNN", "--json").stdout)
    assert (going["level"], going["dose"], going["mtd"]) == (2, 6e6, None)
    ended = json.loads(run("1NNN 2TT 1NNN", "--json").stdout)
    assert (ended["level"], ended["dose"], ended["mtd"]) == (None, None, 1)


def test_outcomes_come_from_standard_input() -> None:
    assert run("-", stdin="1NNN 2NNT\n").stdout == run("1NNN 2NNT").stdout


@pytest.mark.parametrize(
    ("words", "stdin", "exit_code", "message"),
    [
        (["1NNZ"], None, 1, "character 4: 'Z' is not an outcome"),
        (["1NNN 9NNN"], None, 1, "level 9 is not on the ladder; its levels are -1, 1, 2, 3"),
        (["-1NNN"], None, 1, "is at level -1 where the design says level 1"),
        (["1NNNNN", "--set", "max_patients=4"], None, 1, "more than the maximum sample size of 4"),
        (["1NNN", "--set", "max_patients=NaN"], None, 1, "max_patients must be a whole number"),
        (["1NNN", "--set", "varient=declare"], None, 1, "did you mean variant?"),
        (["1NNN", "--set", "variant"], None, 2, "--set takes KEY=VALUE"),
        (["1NNN", "--set", f"below={'[' * 100_000}"], None, 1, "below must be 'expand'"),
        (["1NNN", "--design", "a+b"], None, 1, "a+b needs the options a, b, c, d, e"),
        (["1NNN", "--design", "boim"], None, 1, "no design is called 'boim'"),
        (["1NNN", "--levels", "0"], None, 1, "n_levels must be from 1 to 100, not 0"),
        (["1NNN", "--levels", "1000000"], None, 1, "n_levels must be from 1 to 100"),
        (["1NNN", "--levels", "3", "--start", "7"], None, 1, "level 7 is not on the ladder"),
        (["1NNN", "--levels", "3", "--protocol", "x"], None, 2, "not both"),
        (["1NNN", "--protocol", ""], None, 2, "--protocol is empty"),
        (["1NNN", "--protocol="], None, 2, "--protocol is empty"),
        (["1NNN", "--levels", "3", "--levels=1"], None, 2, "--levels is given 2 times"),
        (["1NNN" + " 1NNN" * 3000], None, 1, "outcomes end after 10000 characters"),
        (["1TT", "1N"], None, 1, "cohort 2 (1N) is at level 1 where the design says level -1"),
        (["1NNN", "--protocol", "no-such"], None, 3, "no-such"),
        (["1NNN", "--variant", "confrim"], None, 2, "confrim"),
        (["-"], "", 1, "standard input is empty"),
        (["-"], " \n", 1, "standard input is empty"),
        (["-"], b"\xff\xfe\x00\x9f", 1, "standard input is not text"),
        ([], None, 2, "Missing argument"),
        (["1NNN", "--jsn"], None, 2, "No such option"),
    ],
)
def test_bad_input_is_one_clear_line(
    words: list[str], stdin: str | bytes | None, exit_code: int, message: str
) -> None:
    result = run(*words, stdin=stdin)
    assert result.exit_code == exit_code, (result.stdout, result.stderr)
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@given(st.text(max_size=40))
def test_random_text_never_ends_in_a_traceback(text: str) -> None:
    result = run("--", text)
    assert result.exit_code in (0, 1), result.exception


@given(st.text(alphabet="123NTX? -", max_size=30))
def test_random_histories_get_an_answer_or_a_reason(text: str) -> None:
    result = run("--allow-departures", "--", text)
    assert result.exit_code in (0, 1), result.exception
    assert bool(result.stdout) == (result.exit_code == 0)


@given(st.binary(min_size=1, max_size=40))
def test_random_bytes_on_standard_input_never_end_in_a_traceback(data: bytes) -> None:
    result = run("-", stdin=data)
    assert result.exit_code in (0, 1), result.exception


@pytest.mark.parametrize(
    "words", [["decide", "1NNN 2NNT"], ["decide", "1NNN", "--levels", "3"], ["--help"]]
)
def test_a_decision_and_the_help_load_no_heavy_module(words: list[str]) -> None:
    code = (
        "import sys; from escalation.cli import main\n"
        f"main({words!r}, standalone_mode=False)\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'pydantic', 'sqlalchemy', 'flask'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
