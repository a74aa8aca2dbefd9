"""Backfill at the shell, typed, and what is refused of it and of an expansion."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .shell import Shell

ON = "--on 2026-01-05"
PROTOCOL = """
schema = 1
name = "beside"
start = 1

[design]
name = "3+3"

[backfill]
per_cohort = 2
max_per_level = 4
stop_at_rate = "1/2"

[expansion]
stop_at_rate = "1/3"
n_patients = 10

[[levels]]
label = 1

[[levels]]
label = "2a"

[[levels]]
label = 3
"""


def treat(letters: str, cohort: int) -> list[str]:
    """Return the lines that enrol and dose one a letter, then say what each had."""
    lines, outcomes = [], []
    for place, letter in enumerate(letters, start=1):
        name = f"S{cohort}-{place}"
        lines += [f"site: enrol {name} --cohort {cohort} {ON}", f"site: dose {name} {ON}"]
        what = (
            f"--dlt --term CRS --grade 3 --onset {ON.split()[1]}" if letter == "T" else "--no-dlt"
        )
        outcomes += [f"site: outcome {name} {what} {ON}"] if letter != "?" else []
    return lines + outcomes


def follow(choice: str = "--follow") -> list[str]:
    return [f"chair: decide {choice} {ON}", f"chair: sign approved {ON}"]


@pytest.fixture(scope="module")
def level_3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a trial in which level 3 is open, after three at level 1 and three at level 2a."""
    folder = tmp_path_factory.mktemp("level_3")
    file = folder / "beside.toml"
    file.write_text(PROTOCOL, encoding="utf-8")
    shell = Shell(str(folder / "trial.db"))
    shell.ok(f"office: register --trial TJ --protocol {file} --solo {ON}")
    for role in ("chair", "site"):
        shell.ok(f"office: delegate {role} {role} {ON}")
    for cohort in (1, 2):
        shell.ok(*follow(), *treat("NNN", cohort))
    shell.ok(*follow())
    return folder / "trial.db"


@pytest.fixture
def shell(level_3: Path, tmp_path: Path) -> Shell:
    file = tmp_path / "trial.db"
    shutil.copy(level_3, file)
    return Shell(str(file))


def test_case_3_backfill_at_level_1_while_level_3_is_open(shell: Shell) -> None:
    said = shell.ok(f"chair: decide --backfill 1 --enrol 2 {ON}")
    assert "enrol 2 patients for backfill at level 1, as the protocol foresees." in said
    shell.ok(f"chair: sign approved {ON}")
    said = shell.fails(f"site: enrol S9-1 {ON}")
    assert (
        "Cohorts 3 (escalation, level 3) and 4 (backfill, level 1) are open: "
        "say which, 3 or 4 (--cohort)." in said
    )
    said = shell.ok(*treat("NT", 4))
    assert (
        "Warning: S4-2 had a DLT at level 1 in backfill (cohort 4), which no decision knows of "
        "yet; the rule does not count it." in said
    )
    page = shell.ok(f"status {ON}")
    assert "1 3 0 0 0-71 % cleared" in page
    assert "backfill 1 2 2 1 0 1-99 % full" in page
    assert "Backfill: it counts at no decision of the escalation." in page
    assert "History: 1NNN 2aNNN Backfill: 1NT" in page
    assert "Cohort 3 is open at level 3: 3 of 3 places free. Cohort 4 (backfill) is open" in page
    page = shell.ok(f"next {ON}")
    assert page.startswith("Cohort 3, escalation, level 3: Yes. The next patient can be dosed")
    assert "Cohort 4, backfill, level 1: No. It takes a decision of the committee." in page
    assert "Warning: S4-2 had a DLT at level 1 in backfill" in page
    assert "Yes." not in shell.ok(f"next --cohort 4 {ON}")
    document = shell.json(f"next {ON}")
    assert (document["cohort"], document["yes"]) == (3, True)
    assert [(c["cohort"], c["purpose"]) for c in document["cohorts"]] == [
        (3, "escalation"),
        (4, "backfill"),
    ]
    shell.ok(*treat("NNN", 3))
    assert "S4-1 enrolled on 2026-01-05 in cohort 4 (backfill) at level 1." in shell.ok("log")
    assert shell.json(f"status {ON}")["histories"] == {
        "escalation": "1NNN 2aNNN 3NNN",
        "backfill": "1NT",
        "expansion": "",
    }
    assert "Nothing is wrong." in shell.ok("verify")


@pytest.mark.parametrize(
    ("line", "exit_code", "said"),
    [
        ("decide --backfill 3 --enrol 1", 1, "backfill is below it, and level 3 is not."),
        (
            "decide --backfill 7 --enrol 1",
            1,
            "There is no level 7 on the ladder; its levels are 1, 2a, 3.",
        ),
        ("decide --backfill 1 --enrol 3", 1, "2 more at level 1 now, not 3. To do it all the same"),
        ("decide --expand 3", 1, "No MTD has been declared: an expansion is at the MTD"),
        ("decide --end-expansion", 1, "No expansion cohort is open: there is nothing to end."),
        ("decide --end-backfill 2a", 1, "No backfill cohort is open at level 2a"),
        ("decide --backfill 1", 2, "--enrol N goes with --level"),
        ("decide --enrol 2", 2, "--enrol N goes with --level"),
        ("decide --backfill 1 --level 3 --enrol 2", 2, "choose one: --follow, --level"),
        ("decide --expand 3 --follow", 2, "choose one: --follow"),
        ("decide --expand x", 2, "'x' is not a whole number"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(shell, line, exit_code, said) -> None:
    before = shell.seq()
    assert said in shell.fails(f"chair: {line} {ON}", exit_code)
    assert shell.seq() == before


def test_next_asks_about_a_cohort_that_is_open(shell: Shell) -> None:
    assert "cohort 2 is not open; cohort 3 is open" in shell.fails(f"next --cohort 2 {ON}")
    shell.ok(f"site: enrol S3-1 {ON}", *follow("--backfill 1 --enrol 1"))
    assert "S3-1 is in cohort 3, not 4" in shell.fails(f"next --subject S3-1 --cohort 4 {ON}")
