"""`escalation trial import`, typed: files as hospitals keep them, and what is said of bad ones."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from .shell import Shell

At = Callable[[str], Shell]

FILES = Path(__file__).parents[1] / "data" / "spreadsheets"
MINIMAL, EU = FILES / "history-minimal.csv", FILES / "history-eu.csv"
NAMES = "--map Patient=subject,Stufe=level,Infusion=dosed_on,Gewicht=weight_kg"
WORDS = "--map ja=yes,nein=no"
GERMAN = "--date-format %d.%m.%Y --decimal ,"


def test_case_10_a_history_of_four_columns_is_imported_and_shows_what_is_missing(at: At) -> None:
    shell = at("registered")
    said = shell.ok(f"site: import {MINIMAL} --on 2026-06-01")
    assert said.startswith(
        "Entries 6 to 18 recorded: 2 cohorts with 6 places imported on 2026-06-01 from "
        "history-minimal.csv. In all: 4 enrolments, 4 dosings, 4 outcomes."
    )
    assert (
        "Warning: The infused amount of 4 patients (P-01, P-02, P-03, P-04) is not stated" in said
    )
    assert said.endswith("The rule now says: Stay at level 2, 6E6 cells/kg: enrol 2 patients.")
    status = shell.ok("status --on 2026-06-01")
    assert "History: 1NNN 2T patient" in status
    assert "P-04 2 2 2026-03-02 not stated 2026-03-30 DLT" in status
    assert "- What the DLT of 1 patient (P-04) was is not stated." in status
    patient = shell.json("status --on 2026-06-01")["patients"][3]
    assert patient["infused"] is patient["weight_kg"] is patient["planned"] is None
    log = shell.ok("log")
    assert "P-04 dosed on 2026-03-02, amount not stated." in log
    assert "P-04 had a DLT, as of 2026-06-01, its day not stated." in log
    assert "P-04 enrolled by 2026-03-02 in cohort 2 at level 2." in log
    assert "Nothing is wrong" in shell.ok("verify")


def test_case_11_a_german_file_is_imported_with_its_options_and_refused_without(at: At) -> None:
    shell = at("registered")
    before = shell.seq()
    refused = shell.fails(f"site: import {EU} --on 2026-06-01")
    assert "row 1: no column is called Patient" in refused
    refused = shell.fails(f"site: import {EU} --on 2026-06-01 {NAMES} {WORDS}")
    assert 'row 2, dosed_on: "11.01.2026" is not a day; write it as 2026-01-31, or' in refused
    assert 'row 2, weight_kg: "61,5" is not a number such as 61.5 or 1.85E8; for a' in refused
    refused = shell.fails(f"site: import {EU} --on 2026-06-01 {NAMES} {GERMAN}")
    assert 'row 4, dlt: "ja" is none of yes, no, pending' in refused
    assert shell.seq() == before
    said = shell.ok(f"site: import {EU} --on 2026-06-01 {NAMES} {WORDS} {GERMAN}")
    assert "1 cohort with 3 places imported on 2026-06-01 from history-eu.csv, read with" in said
    assert "--map Gewicht=weight_kg --map ja=yes --map nein=no. In all: 3 enrolments" in said
    patients = shell.json("status --on 2026-06-01")["patients"]
    assert [(p["subject"], p["dosed_on"], p["weight_kg"], p["standing"]) for p in patients] == [
        ("P-01", "2026-01-11", 61.5, "no DLT"),
        ("P-02", "2026-01-25", 70.0, "no DLT"),
        ("P-03", "2026-01-28", 82.3, "DLT"),
    ]
    assert "Nothing is wrong" in shell.ok("verify")


def test_a_workbook_is_imported_as_its_csv(at: At, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for line in MINIMAL.read_text().splitlines():
        book.active.append(line.split(","))
    book.save(tmp_path / "history.xlsx")
    book.create_sheet("Old")
    shell = at("registered")
    shell.ok(f"site: import {tmp_path / 'history.xlsx'} --on 2026-06-01")
    assert "History: 1NNN 2T" in shell.ok("status --on 2026-06-01")


def test_columns_left_out_are_named_where_it_is_recorded_and_in_the_log(
    at: At, tmp_path: Path
) -> None:
    file = tmp_path / "h.csv"
    file.write_text("subject,level,dosed_on,dlt,Initials\nP-01,1,2026-01-12,no,J.S.\n")
    shell = at("registered")
    assert "row 1: no column is called Initials" in shell.fails(f"site: import {file}")
    said = shell.ok(f"site: import {file} --extra ignore --on 2026-06-01")
    assert "read with --extra ignore; not read: Initials. In all: 1 enrolment" in said
    assert "not read: Initials" in shell.ok("log")
    (entry,) = [e for e in shell.json("log")["entries"] if e["kind"] == "history-imported"]
    assert entry["data"]["left_out"] == ["Initials"]
    assert "J.S." not in shell.type("log --json").stdout


@pytest.mark.parametrize(
    ("options", "said", "exit_code"),
    [
        ("--map Patient=subjekt", "subjekt is neither a column nor a word", 1),
        ("--map Nr=subject", "no column of the file is called Nr", 1),
        ("--map level=subject", "2 columns are read as subject: subject and level; map one", 1),
        ("--map subject", "--map takes what the file says and what it means", 1),
        ("--map no=yes,no=no", '"no" is mapped to both yes and no', 1),
        ("--date-format dd.mm.yyyy", '--date-format "dd.mm.yyyy" must name day, month and year', 1),
        ("--date-format %d.%m.%Y", 'row 2, dosed_on: "2026-01-12" is not a day such as 31.01', 1),
        ("--sheet A", "CSV has no sheets: --sheet is for an .xlsx", 1),
        ("--decimal ;", "'--decimal': ';' is not one of '.', ','", 2),
        ("--extra drop", "'--extra': 'drop' is not one of 'refuse', 'ignore'", 2),
    ],
)
def test_options_that_cannot_be_are_refused_in_a_line_and_nothing_is_recorded(
    at: At, options: str, said: str, exit_code: int
) -> None:
    shell = at("registered")
    before = shell.seq()
    assert said in shell.fails(f"site: import {MINIMAL} {options}", exit_code)
    assert shell.seq() == before


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("P-01,1,31.02.2026,60", 'row 2, dosed_on: "31.02.2026" is not a day: the month has no'),
        ('P-01,1,12.01.2026,"1,000"', 'row 2, weight_kg: "1,000" is 1000 or a number below 1000'),
        ("P-01,1,12.01.2031,60", "row 2: P-01 cannot be enrolled: 2031-01-12 is still to come."),
        ("John Smith,1,12.01.2026,60", "row 2: John Smith cannot be enrolled: The id of a"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_recorded(
    at: At, tmp_path: Path, row: str, said: str
) -> None:
    file = tmp_path / "h.csv"
    file.write_text(f"subject,level,dosed_on,weight_kg\n{row}\n")
    shell = at("registered")
    before = shell.seq()
    assert said in shell.fails(f"site: import {file} --date-format %d.%m.%Y")
    assert shell.seq() == before


def test_every_fault_is_on_a_line_of_its_own(at: At, tmp_path: Path) -> None:
    file = tmp_path / "h.csv"
    file.write_text("subject,level\n" + "".join(f"P-{n},one,\n" for n in range(300)))
    result = at("registered").type(f"site: import {shlex.quote(str(file))}")
    lines = result.stderr.splitlines()
    assert lines[0].endswith("h.csv: 300 faults")
    assert lines[1] == "  row 2: level one is none of -1, 1, 2, 3"
    assert len(lines) == 301
