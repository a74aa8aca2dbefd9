"""Labels that are words, and regimens, as people type and read them (cases 6 and 8)."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from escalation.cli import main
from escalation.protocol import load_protocol

from .shell import Shell
from .test_completion import offered

PROTOCOL = """
schema = 1
name = "fractions"
unit = "Gy"
start = "1a"
[[levels]]
label = "-1"
dose = 40
[[levels]]
label = "0.5"
dose = 50
[[levels]]
label = "1a"
dose = 60
regimen = "15 fractions"
[[levels]]
label = "DL-2"
dose = 60
regimen = "8 fractions, twice weekly, after dexamethasone 8 mg"
[[levels]]
label = "+3"
dose = 70
[design]
name = "3+3"
[dlt]
window_days = 28
"""
CURVE = "--p-dlt 0.1,0.2,0.3,0.4,0.5"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "fractions.toml"
    path.write_text(PROTOCOL)
    return str(path)


def typed(line: str, file: str) -> Result:
    words = [file if word == "FILE" else word for word in shlex.split(line)]
    return CliRunner().invoke(main, words)


def ok(line: str, file: str) -> str:
    result = typed(line, file)
    assert result.exit_code == 0, (result.output, result.exception)
    return " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("outcomes", "start", "said"),
    [
        ("1aNNN", "", "Escalate to level DL-2, 60 Gy, 8 fractions, twice weekly, after dexa"),
        ("'1aNNT 1aNTN'", "", "De-escalate to level 0.5, 50 Gy: enrol 3 patients."),
        ("0.5NNN", " --start 0.5", "Escalate to level 1a, 60 Gy, 15 fractions: enrol 3 patients."),
        ("DL-2NNN", " --start DL-2", "Escalate to level +3, 70 Gy: enrol 3 patients."),
        ("+3NNN", " --start +3", "Stay at level +3, 70 Gy: enrol 3 patients."),
        ("-1NNN", " --start -1", "Escalate to level 0.5, 50 Gy: enrol 3 patients."),
        ("-1NNN", " --start=-1", "Escalate to level 0.5, 50 Gy: enrol 3 patients."),
    ],
)
def test_outcomes_are_written_after_words(file, outcomes, start, said):
    assert ok(f"decide {outcomes} --protocol FILE{start}", file).startswith(said)


@pytest.mark.parametrize(
    ("line", "exit_code", "said"),
    [
        ("decide 1ANNN --protocol FILE", 1, "level 1A is not on the ladder; did you mean 1a? Its"),
        ("decide 1NNN --protocol FILE", 1, "levels are -1, 0.5, 1a, DL-2, +3"),
        ("decide '' --protocol FILE --start dl-2", 1, "did you mean DL-2? Its levels are -1, 0.5"),
        ("decide '' --protocol FILE --start 1N", 2, "Invalid value for '--start': \"1N\" reads as"),
        ("decide '' --start 1a", 1, "level 1a is not on the ladder; did you mean 1? Its levels"),
        (f"simulate --protocol FILE {CURVE} --start 9", 1, "level 9 is not on the ladder; its le"),
        (f"sensitivity --protocol FILE {CURVE} --of p_select:1A", 1, "did you mean 1a? Its levels"),
        (
            f"compare 3+3 boin --protocol FILE {CURVE} --start nan",
            2,
            '"nan" is not a label: it means',
        ),
    ],
)
def test_a_level_that_is_not_there_is_told_with_those_that_are(file, line, exit_code, said):
    result = typed(line, file)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert said in result.stderr


def test_a_ladder_of_words_says_schema_2_labels_and_regimens(file):
    for line in (
        "decide 1aNNN --protocol FILE",
        "decide 1aNNN --all --protocol FILE",
        "table --protocol FILE",
        "table --design boin --set target=0.3 --set max_patients=9 --protocol FILE",
        "paths --protocol FILE --depth 1",
        "mtd-data --protocol FILE",
        "protocol text FILE",
        "protocol show FILE",
        f"simulate --trials 100 --protocol FILE {CURVE}",
        f"sensitivity --protocol FILE {CURVE}",
        f"compare 3+3 boin --protocol FILE {CURVE}",
    ):
        document = json.loads(typed(f"{line} --json", file).stdout)
        assert document["schema"] == 2, line
        for level in document.get("levels", ()):
            assert level["regimen"] == REGIMENS[level["level"]], line


REGIMENS = {
    -1: None,
    "0.5": None,
    "1a": "15 fractions",
    "DL-2": "8 fractions, twice weekly, after dexamethasone 8 mg",
    "+3": None,
}


def test_pages_say_the_regimens_by_label(file):
    said = "Regimens: 1a: 15 fractions; DL-2: 8 fractions, twice weekly, after dexamethasone 8 mg."
    for line in (
        "decide 1aNNN --protocol FILE",
        "paths --protocol FILE --depth 1",
        f"simulate --trials 100 --protocol FILE {CURVE}",
        f"sensitivity --protocol FILE {CURVE}",
        f"compare 3+3 boin --protocol FILE {CURVE}",
        "worst-case --protocol FILE --above 0.4",
    ):
        assert said in ok(line, file), line
    text = ok("protocol text FILE", file)
    assert "level 1a, 60 Gy, 15 fractions; level DL-2, 60 Gy, 8 fractions, twice weekly" in text
    assert '"level DL-2, 60 Gy, 8 fractions, twice ..., patients' in ok(
        "protocol diagram FILE", file
    )
    assert "levels.1a.regimen not said 15 fractions" in ok("protocol show FILE", file)


def test_a_ladder_of_numbers_is_shown_as_before():
    protocol = load_protocol("nct07123519")
    assert protocol.level_document(0) == {"level": -1, "dose": 1e6}
    assert protocol.regimens == ""
    document = json.loads(CliRunner().invoke(main, ["decide", "1NNN", "--json"]).stdout)
    assert document["schema"] == 1
    assert document["level"] == 2
    assert "regimen" not in json.dumps(document)


def test_a_shell_offers_the_labels_of_the_ladder(file):
    assert offered("decide", "--protocol", file, "--start", "") == list(map(str, REGIMENS))
    assert offered("decide", "--protocol", file, "--start", "D") == ["DL-2"]
    assert offered("decide", "--levels", "3", "--start", "") == ["1", "2", "3"]
    assert offered("trial", "enrol", "S1", "--level", "") == []  # the ledger knows


def test_a_trial_on_words_is_recorded_shown_and_corrected(file, tmp_path):
    shell = Shell(str(tmp_path / "trial.db"))
    on = "--on 2026-01-05"
    shell.ok(
        f"office: register --protocol {file} --trial W --solo {on}",
        f"office: delegate site site {on}",
        f"office: delegate chair chair {on}",
        f"chair: decide --follow {on}",
    )
    assert "cohort 1 opens, enrol 3 patients at level 1a, 60 Gy, 15 fractions" in shell.ok(
        f"chair: sign approved {on}"
    )
    assert "Cohort 1 is open at level 1a, not +3." in shell.fails(f"site: enrol S1 --level +3 {on}")
    assert "S1 enrolled on 2026-01-05 in cohort 1 at level 1a." in shell.ok(
        f"site: enrol S1 --level 1a {on}"
    )
    shell.ok(f"site: dose S1 --infused 60 {on}")
    said = shell.fails("chair: decide --level DL2 --enrol 3 --rationale why --on 2026-01-06")
    assert "There is no level DL2 on the ladder; its levels are -1, 0.5, 1a, DL-2, +3." in said
    said = shell.fails("site: correct 6 --set level=1N --reason x --on 2026-01-06")
    assert '"1N" reads as outcomes' in said
    said = shell.fails("site: correct 6 --set level=0.5 --reason x --on 2026-01-06")
    assert "The level is that of the cohort" in said
    status, log = shell.json("status"), shell.json("log")
    assert (status["schema"], log["schema"]) == (2, 2)
    assert status["patients"][0]["level"] == "1a"
    versions = {entry["kind"]: entry["version"] for entry in log["entries"]}
    assert (versions["decision-made"], versions["subject-dosed"]) == (2, 1)
    assert "1a?" in shell.ok("status")
