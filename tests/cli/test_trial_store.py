"""A ledger to be kept: verified, exported, imported, backed up and restored; and the demo."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from .shell import Shell

At = Callable[[str], Shell]


def tampered(shell: Shell, *statements: str) -> Shell:
    """Change a ledger behind the program's back."""
    connection = sqlite3.connect(shell.db)
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    kept = triggers.fetchall()
    for name, _ in kept:
        connection.execute(f'DROP TRIGGER "{name}"')
    for statement in statements:
        connection.execute(statement)
    for _, sql in kept:
        connection.execute(sql)
    connection.commit()
    connection.close()
    return shell


# ---------------------------------------------------------------- verify


def test_a_sound_ledger_is_said_to_be_so_with_its_anchor(demo: Shell) -> None:
    said = demo.ok("verify")
    assert said.startswith("DEMO: 61 entries. anchor 61:")
    assert "Nothing is wrong. Only an anchor can show that no entries were cut off" in said


def test_every_finding_is_listed_and_the_exit_code_is_5(demo: Shell) -> None:
    tampered(
        demo,
        "UPDATE entries SET data = replace(data, '1.85', '1.58') WHERE seq = 15",
        "UPDATE entries SET data = replace(data, '185000000.0', '158000000.0') WHERE seq = 15",
        "UPDATE entries SET recorded_by = 'Somebody' WHERE seq = 20",
    )
    result = demo.type("verify")
    assert result.exit_code == 5
    said = " ".join(result.stdout.split())
    assert "Wrong: trial DEMO, entry 15: it was changed" in said
    assert "Wrong: trial DEMO, entry 20: it was changed" in said
    assert said.endswith("2 things are wrong: the ledger is not as it was written.")
    assert result.stderr == ""


def test_a_ledger_that_was_changed_is_neither_shown_nor_added_to(demo: Shell) -> None:
    tampered(demo, "UPDATE entries SET recorded_by = 'Somebody' WHERE seq = 20")
    for line in ("status", "log", "next", "export", "Lin Mei: hold --reason x"):
        said = demo.fails(line, 5)
        assert "entry 20 is missing, or is not as it was recorded" in said
        assert "`escalation trial verify` lists everything that is wrong" in said


def test_an_end_that_was_cut_off_only_an_anchor_shows(demo: Shell) -> None:
    anchor = demo.type("status").stdout.splitlines()[-1].removeprefix("anchor ")
    tampered(demo, "DELETE FROM entries WHERE seq > 40")
    assert "Nothing is wrong" in demo.ok("verify")
    result = demo.type(f"verify --anchor {anchor}")
    assert result.exit_code == 5
    assert "entry 61: it is not there, though its hash was printed" in " ".join(
        result.stdout.split()
    )


def test_an_entry_that_cannot_be_read_or_does_not_fit_is_a_finding(at: At) -> None:
    """Sealed with right hashes, as a program with another idea of a trial could have done."""
    from datetime import UTC, datetime

    from escalation.ledger import Draft, open_ledger

    shell = at("dosed")
    with open_ledger(shell.db) as ledger:
        for after, draft in (
            (9, Draft(kind="subject-dosed", version=1, data={"subject": "S9", "on": "2026-01-06"})),
            (10, Draft(kind="moon-phase", version=1, data={"phase": "full"})),
        ):
            ledger.append(
                "TJ",
                [draft],
                after=after,
                recorded_at=datetime.now(UTC),
                recorded_by="stranger",
            )
            result = shell.type("verify --json")
            assert result.exit_code == 5
            document = json.loads(result.stdout)
            assert document["sound"] is False
            problems = [finding["problem"] for finding in document["findings"]]
            if after == 9:
                assert len(problems) == 1
            else:
                assert any("moon-phase" in problem for problem in problems)


def test_verify_as_json_has_stable_keys(demo: Shell) -> None:
    document = demo.json("verify")
    assert list(document) == ["schema", "software", "sound", "trials", "findings"]
    assert document["sound"] is True
    (trial,) = document["trials"]
    assert trial["trial"] == "DEMO"
    assert trial["head"]["seq"] == 61


def test_all_trials_are_verified_unless_one_is_named(at: At) -> None:
    shell = at("dosed")
    shell.ok("office: register --trial TJ-2")
    said = shell.ok("verify")
    assert "TJ: 9 entries." in said
    assert "TJ-2: 1 entry." in said
    assert "TJ-2" not in shell.ok("verify --trial TJ")
    anchor = shell.type("status --trial TJ").stdout.splitlines()[-1].removeprefix("anchor ")
    assert "several trials; say which with --trial" in shell.fails(f"verify --anchor {anchor}")
    assert "every anchor fits" in shell.ok(f"verify --trial TJ --anchor {anchor}")


def test_an_anchor_that_is_none_is_said(demo: Shell) -> None:
    assert "must be an entry's number, a colon and all 64 digits" in demo.fails(
        "verify --anchor 52:abc"
    )


def test_what_is_no_ledger_is_said(tmp_path: Path) -> None:
    text = tmp_path / "notes.db"
    text.write_text("nothing but a note\n" * 100)
    result = Shell(str(text)).type("status")
    assert result.exit_code in (1, 5)
    assert "Traceback" not in result.output
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert "another program's database" in Shell(str(other)).fails("status")


# ---------------------------------------------------------------- export, import


def test_an_export_is_read_back_as_history_by_import(demo: Shell, tmp_path: Path) -> None:
    file = tmp_path / "patients.csv"
    result = demo.type(f"export --output {file}")
    assert (result.exit_code, result.stdout) == (0, "")
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert [row["subject"] for row in rows] == [f"TJ-{k:03}" for k in range(1, 11)]
    other = Shell(str(tmp_path / "other.db"))
    other.ok("office: register --trial TJ", "office: delegate site site")
    said = other.ok(f"site: import {file}")
    assert said.startswith("Entries 3 to 30 recorded: 3 cohorts with 9 places imported")
    assert "from patients.csv. In all: 10 enrolments, 10 dosings, 7 outcomes." in said
    assert "Departure: Cohorts 1, 2, 3 came from a spreadsheet" in said
    assert other.json("status")["history"] == "1NNXN 2NTN 2???"


def test_an_export_is_what_the_name_of_its_file_says(demo: Shell, tmp_path: Path) -> None:
    assert demo.type(f"export --output {tmp_path / 'record.html'}").exit_code == 0
    assert (tmp_path / "record.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    said = demo.fails(f"export --output {tmp_path / 'patients.xlsx'}", 1)
    assert ".xlsx is not written; known: .csv, .jsonl, .html" in said
    assert not (tmp_path / "patients.xlsx").exists()


def test_without_a_file_an_export_goes_to_standard_output(demo: Shell) -> None:
    assert demo.type("export").stdout.startswith("subject,cohort,level,")
    lines = demo.type("export --format jsonl").stdout.splitlines()
    assert len(lines) == 61
    assert json.loads(lines[0])["kind"] == "trial-registered"


def test_no_file_is_written_over_unless_told(demo: Shell, tmp_path: Path) -> None:
    file = tmp_path / "kept.csv"
    file.write_text("mine")
    for line in (f"export --output {file}", f"backup {file}"):
        result = demo.type(line)
        assert result.exit_code == 1
        assert "kept.csv exists; --force overwrites it" in result.stderr
        assert file.read_text() == "mine"
        assert demo.type(f"{line} --force").exit_code == 0
        assert file.read_text() != "mine"
        file.write_text("mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.db", "kept.csv"]


def test_a_file_that_cannot_be_written_is_said(demo: Shell, tmp_path: Path) -> None:
    for line in ("export --output", "backup"):
        said = demo.fails(f"{line} {tmp_path}/none/patients.csv")
        assert "cannot be written: there is no folder " in said


def test_a_spreadsheet_with_faults_records_nothing_and_names_every_row(at: At) -> None:
    shell = at("open")
    file = Path(shell.db).with_name("p.csv")
    file.write_text("subject,level,weight_kg\nS1,1,60\nsmith,1,heavy\nS2,9,60\n")
    said = shell.fails(f"site: import {file}")
    assert "row 3, weight_kg" in said
    file.write_text("subject,level,weight_kg\nS1,1,60\nSMITH,1,60\nS2,9,60\n")
    said = shell.fails(f"site: import {file}")
    assert "row 3: SMITH cannot be enrolled" in said
    assert "row 4: S2 cannot be enrolled" in said
    assert shell.seq() == 7
    assert "cannot be read: No such file" in shell.fails("site: import none.csv")


def test_a_spreadsheet_may_come_from_standard_input(at: At) -> None:
    shell = at("open")
    words = [sys.executable, "-m", "escalation", "trial", "import", "-", "--db", shell.db]
    done = subprocess.run(
        [*words, "--as", "site", "--on", "2026-01-05"],
        input=b"subject,level,weight_kg\nS1,1,60\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"Entry 8 recorded: S1 enrolled on 2026-01-05")


# ---------------------------------------------------------------- backup, restore


def test_a_restored_trial_has_the_same_anchor(demo: Shell, tmp_path: Path) -> None:
    file, other = tmp_path / "b.jsonl", Shell(str(tmp_path / "restored.db"))
    said = demo.ok(f"backup {file}")
    assert "1 trial. DEMO: 61 entries. anchor 61:" in said
    assert "1 trial. DEMO: 61 entries. anchor 61:" in other.ok(f"restore {file}")
    assert demo.json("status --on 2026-05-28") == other.json("status --on 2026-05-28")
    assert demo.type("log").stdout == other.type("log").stdout
    said = other.fails(f"restore {file}", 4)
    assert "trial DEMO is already in" in said


def test_a_damaged_backup_is_not_restored(demo: Shell, tmp_path: Path) -> None:
    file, other = tmp_path / "b.jsonl", Shell(str(tmp_path / "restored.db"))
    demo.ok(f"backup {file}")
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-2]))
    other.fails(f"restore {file}", 5)
    assert not Path(other.db).exists()
    assert "cannot be read: No such file" in other.fails("restore none.jsonl")


def test_backup_and_restore_print_json(demo: Shell, tmp_path: Path) -> None:
    file, other = tmp_path / "b.jsonl", Shell(str(tmp_path / "restored.db"))
    document = demo.json(f"backup {file}")
    assert list(document) == ["schema", "software", "trials"]
    assert document == other.json(f"restore {file}")


# ---------------------------------------------------------------- demo


def test_the_demo_wants_a_new_file(demo: Shell, tmp_path: Path) -> None:
    before = Path(demo.db).read_bytes()
    assert "is there already; the demo needs a new file" in demo.fails("demo")
    assert Path(demo.db).read_bytes() == before
    said = Shell("postgresql://keeper:s3cret@host/db").fails("demo")
    assert "the demo needs a new file, such as --db demo.db" in said
    said = Shell(str(tmp_path / "none" / "demo.db")).fails("demo")
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.db"]


def test_what_the_demo_says_to_type_next_runs(tmp_path: Path) -> None:
    file = tmp_path / "my demo.db"
    shell = Shell(str(file))
    lines = shell.type("demo").stdout.splitlines()
    typed = [line.strip() for line in lines if line.startswith("  escalation trial ")]
    assert len(typed) == 4
    for line in typed:
        result = shell.type(line.removeprefix("escalation trial "))
        assert result.exit_code == 0, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["my demo.db"]


# ---------------------------------------------------------------- pipes


@pytest.mark.parametrize("line", ["log", "export --format jsonl", "status", "verify"])
def test_a_pipe_that_closes_early_ends_quietly(demo: Shell, line: str) -> None:
    command = f"'{sys.executable}' -m escalation trial {line} --db '{demo.db}' | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_full_disk_does_not_hide_what_was_recorded(demo: Shell) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    words = f"'{sys.executable}' -m escalation trial hold --reason x --as 'Lin Mei'"
    command = f"{words} --db '{demo.db}' > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "escalation: entry 62 is recorded, but cannot be shown:",
        "escalation: output: No space left on device",
    ]
    assert demo.seq() == 62


def test_a_terminal_without_letters_gets_escapes(at: At) -> None:
    shell = at("open")
    shell.ok("office: delegate 王静 site", "王静: hold --reason geprüft")
    done = subprocess.run(
        [sys.executable, "-m", "escalation", "trial", "log", "--db", shell.db],
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert rb"\u738b\u9759: enrolment held" in done.stdout


@pytest.mark.parametrize(
    "line", ["export --output {db} --force", "backup {db} --force", "status --plot {db}"]
)
def test_the_ledger_itself_is_never_written_over(demo: Shell, line: str, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.png"
    ledger.write_bytes(Path(demo.db).read_bytes())
    shell = Shell(str(ledger))
    result = shell.type(line.format(db=ledger))
    assert result.exit_code == 1
    assert "is the ledger itself" in result.stderr
    assert ledger.read_bytes() == Path(demo.db).read_bytes()


def test_an_export_onto_a_folder_is_refused(demo: Shell, tmp_path: Path) -> None:
    result = demo.type(f"export --output {tmp_path} --force")
    assert result.exit_code == 1
    assert "not a regular file" in result.stderr


# ---------------------------------------------------------------- datasets


def test_datasets_go_to_a_folder_an_archive_or_beside_where_nothing_is_said(
    demo: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = demo.type("export --format sdtm --out out --as csv")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "wrote out\n")
    names = {"dm", "ts", "ta", "ex", "ae", "suppae", "ds", "adsl"}
    assert {p.name for p in Path("out").iterdir()} == {
        "README.txt",
        *(f"{name}.csv" for name in names),
    }
    assert "out exists; --force overwrites it" in demo.fails("export --format sdtm --out out")
    assert demo.type("export --format sdtm --out out --force").exit_code == 0
    assert (Path("out") / "dm.json").exists()
    assert demo.type("export --out out.zip").exit_code == 0
    assert demo.type("export --format sdtm").stderr == "wrote DEMO-sdtm.zip\n"
    with zipfile.ZipFile("DEMO-sdtm.zip") as archive:
        assert len(archive.namelist()) == 1 + 2 * len(names)
    assert sorted(path.name for path in Path().iterdir()) == [
        "DEMO-sdtm.zip",
        "demo.db",
        "out",
        "out.zip",
    ]


def test_datasets_are_as_known_at_an_entry(demo: Shell, tmp_path: Path) -> None:
    assert (
        demo.type(f"export --format sdtm --as-of 19 --as csv --out {tmp_path / 'd'}").exit_code == 0
    )
    said = (tmp_path / "d" / "README.txt").read_text()
    assert "as of entry 19 of its ledger" in said
    assert "EX      Exposure: 3 records" in said
    assert "AE      Adverse Events: 0 records" in said


def test_a_fault_in_datasets_is_said_and_refused_where_it_is_to_be_strict(
    at: At, tmp_path: Path
) -> None:
    shell = at("dosed")
    shell.ok(f"site: outcome S1 --not-evaluable --reason '{'moved ' * 40}away' --on 2026-01-06")
    out = tmp_path / "out"
    result = shell.type(f"export --format sdtm --out {out} --as csv")
    assert result.exit_code == 0
    assert "Check: DS row 2, DSTERM (moved" in result.stderr
    assert "244 characters, where the variable has 200" in result.stderr
    said = shell.fails(f"export --format sdtm --out {tmp_path / 'strict'} --strict")
    assert "nothing is written: 1 fault in the datasets, the first in DS row 2, DSTERM" in said
    assert not (tmp_path / "strict").exists()


def test_what_only_datasets_have_is_refused_for_others(demo: Shell) -> None:
    for line in ("export --as csv", "export --as-of 40", "export --strict --format html"):
        assert "--as, --as-of and --strict are for --format sdtm" in demo.fails(line, 2)
    for odd in ("ae.csv", "dm.json", "-", "all.tar"):
        said = demo.fails(f"export --format sdtm --out {odd}")
        assert "datasets are several files; name a folder, or a .zip" in said
    assert "'parquet' is not one of" in demo.fails("export --format sdtm --as parquet", 2)
