"""Results and visits as a site types them, the calendar, and the same for a calendar program."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import icalendar
import pytest

from escalation.ledger import open_ledger
from escalation.tracker import Tracker
from escalation.trial import Recorder, adopt_plan
from tests.cli.shell import Shell, Stages
from tests.trial.small_plan import SMALL


@pytest.fixture(scope="module")
def made(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger of three patients dosed on 2026-01-05, 19 and 22, who go by a plan."""
    shell = stages.at("full", tmp_path_factory.mktemp("planned"))
    with open_ledger(shell.db) as ledger:
        recorder = Recorder(name="office", on=date(2026, 1, 22), at=datetime.now(UTC))
        Tracker(ledger, "TJ").record(partial(adopt_plan, plan=SMALL), recorder, request_id="plan")
    return Path(shell.db)


@pytest.fixture
def planned(made: Path, tmp_path: Path) -> Shell:
    return Shell(str(shutil.copy(made, tmp_path / "trial.db")))


def test_results_are_recorded_as_typed_apart_or_in_quotes(planned: Shell) -> None:
    said = planned.ok(
        "site: measure S1 haemoglobin=8.5 g/dL (12..16) 'copies=<50 copies/ug' response=PR "
        "'fever=not done: asleep' --visit D7 --on 2026-01-12"
    )
    assert said == (
        "Entry 15 recorded: 4 results of S1 at D7 on 2026-01-12: haemoglobin 8.5 g/dL, copies "
        "below 50 copies/ug, response PR, fever not done (asleep)."
    )


def test_what_is_kept_and_has_to_be_seen_is_said_at_once(planned: Shell) -> None:
    said = planned.ok("site: measure S1 copies=0 copies/ug --visit D7 --on 2026-01-14")
    assert "Warning: copies 0 copies/ug of S1 on 2026-01-14 is below the limit" in said
    assert "Warning: D7 of S1 on 2026-01-14 is 1 day after its window." in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("measure S1 hemoglobin=85 g/L --on 2026-01-12", "hemoglobin 85 g/L: the plan has no such"),
        ("measure S1 haemoglobin=85 --on 2026-01-12", "haemoglobin 85: its unit is missing"),
        ("measure S1 haemoglobin=8,5 g/dL --on 2026-01-12", "8,5 is not a number"),
        ("measure S1 haemoglobin --on 2026-01-12", "is not a result; write it as TEST=VALUE UNIT"),
        ("visit S1 W9 --on 2026-01-12", "The plan has no visit W9"),
        ("leave S1 --because other --on 2026-01-29", 'Where it is "other", say what'),
    ],
)
def test_what_cannot_be_recorded_is_said_in_one_line(planned: Shell, line: str, said: str) -> None:
    assert said in planned.fails(f"site: {line}")


def test_a_result_is_corrected_by_its_fields(planned: Shell) -> None:
    planned.ok(
        "site: measure S1 haemoglobin=85 g/L --on 2026-01-12",
        "site: correct 15 --set value=95 --set on=2026-01-13 --reason misread",
    )
    (entry,) = (e for e in planned.json("log")["entries"] if e["seq"] == 16)
    finding = {"test": "haemoglobin", "value": 95, "unit": "g/L"}
    assert finding.items() <= entry["data"]["changes"]["findings"][0].items()
    assert entry["data"]["changes"]["on"] == "2026-01-13"


def test_the_calendar_counts_from_each_patients_infusion(planned: Shell) -> None:
    planned.ok(
        "site: visit S1 D7 --on 2026-01-14",
        "site: visit S2 D7 --missed 'snowed in' --on 2026-01-27",
        "site: leave S3 --because 'withdrew consent' --on 2026-02-01",
    )
    said = planned.json("calendar --on 2026-02-03")
    standing = {(v["subject"], v["visit"]): v["standing"] for v in said["visits"]}
    assert standing["S1", "D7"] == "done"
    assert standing["S2", "D7"] == "missed"
    assert standing["S3", "W4"] == "not due any more"
    assert standing["S1", "W4"] == "due"
    assert standing["S1", "SCR"] == "overdue"
    assert standing["S2", "W4"] == "coming"
    (late,) = (v for v in said["visits"] if (v["subject"], v["visit"]) == ("S1", "D7"))
    assert (late["planned"], late["last"], late["days_outside"]) == ("2026-01-12", "2026-01-13", 1)
    assert "S1 done done +1 d due to 02-05 03-30" in planned.ok("calendar --on 2026-02-03").replace(
        "OVERDUE ", ""
    )
    overdue = planned.json("calendar --overdue --on 2026-02-10")["visits"]
    assert {(v["subject"], v["visit"]) for v in overdue} == {
        *(("S1", "SCR"), ("S2", "SCR"), ("S1", "W4"))
    }
    assert "overdue since 2026-02-05" in planned.ok("calendar S1 --overdue --on 2026-02-10")


def test_a_file_is_imported_whole_or_refused_with_every_fault(
    planned: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "labs.csv"
    file.write_text(
        "subject,visit,date,test,value,unit\n"
        "S1,D7,2026-01-12,haemoglobin,850,g/L\nS1,D7,2026-01-12,copies,<50,copies/ug\n"
        "S4,D7,2026-01-12,copies,60,copies\n"
    )
    how = f"site: import {file} --kind results --on 2026-02-01"
    said = planned.fails(how)
    assert "labs.csv: 2 faults row 2: S1: haemoglobin 850 g/L: it is above 300 g/L" in said
    assert "row 4: S4: No S4 is screened or enrolled" in said
    assert planned.seq() == 14
    file.write_text(
        file.read_text()
        .replace("850", "85")
        .replace("S4,D7,2026-01-12", "S2,D7,2026-01-26")
        .replace("60,copies", "0,copies/ug")
    )
    said = planned.ok(how)
    assert "Entries 15 to 17 recorded: results of labs.csv imported on 2026-02-01: 3 rows" in said
    assert "In all: 2 entries of results." in said
    assert "Warning: copies 0 copies/ug of S2 on 2026-01-26 is below the limit" in said
    assert "Entry 15 has imported the same file" in planned.fails(how)
    assert "nothing is wrong" in planned.ok("verify").casefold()


def test_status_and_next_name_overdue_visits_in_one_line(planned: Shell) -> None:
    said = "7 visits are overdue: S1 SCR D7 W4, S2 SCR D7, S3 SCR D7 (trial calendar --overdue)."
    assert said in planned.ok("status --on 2026-02-10")
    assert said in planned.ok("next --on 2026-02-10")
    overdue = planned.json("next --on 2026-02-10")["visits_overdue"]
    assert [v["visit"] for v in overdue] == ["SCR", "D7", "W4", *["SCR", "D7"] * 2]


def test_a_calendar_of_several_sites_names_them_and_shows_one(planned: Shell) -> None:
    planned.ok(
        "chair: site add Tianjin --time-zone Asia/Shanghai --on 2026-01-22",
        "chair: site add Lyon --time-zone Europe/Paris --on 2026-01-22",
        "site: transfer S1 --to Lyon --reason 'moved house' --on 2026-01-23",
    )
    assert "patient site SCR D0 D7 W4 W12 S1 Lyon" in planned.ok("calendar --on 2026-02-03")
    shown = planned.json("calendar --site Lyon --on 2026-02-03")["visits"]
    assert {(v["subject"], v["site"]) for v in shown} == {("S1", "Lyon")}
    assert planned.json("calendar --site Tianjin --on 2026-02-03")["visits"] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("calendar S9", "no S9 is screened or enrolled; known: S1, S2, S3"),
        ("calendar --site Tianjin", "no site Tianjin has been opened; none has been"),
        ("calendar --ics visits.txt", "must end in .ics"),
    ],
)
def test_what_the_calendar_cannot_show_is_said(planned: Shell, line: str, said: str) -> None:
    assert said in planned.fails(line)


def test_without_a_plan_there_is_no_calendar(stages: Stages, tmp_path: Path) -> None:
    assert "the trial goes by no plan" in stages.at("dosed", tmp_path).fails("calendar")


def read_ics(path: Path) -> tuple[bytes, dict[str, icalendar.Event]]:
    written = path.read_bytes()
    read = icalendar.Calendar.from_ical(written)
    return written, {str(event["SUMMARY"]): event for event in read.walk("VEVENT")}


def test_an_independent_reader_opens_the_calendar_file(planned: Shell, tmp_path: Path) -> None:
    planned.type("site: visit S2 D7 --missed 'snow; ice, and ...' --on 2026-01-27")
    planned.type(f"calendar --on 2026-02-10 --ics {tmp_path / 'v.ics'}")
    written, events = read_ics(tmp_path / "v.ics")
    assert len(events) == 15
    week_4 = events["S1 W4 (overdue)"]
    assert week_4["DTSTART"].dt == date(2026, 2, 2)
    assert week_4["DTEND"].dt == date(2026, 2, 3)
    assert "Window: 2026-01-30 to 2026-02-05." in str(week_4["DESCRIPTION"])
    assert "missed: snow; ice, and ..." in str(events["S2 D7"]["DESCRIPTION"])
    assert events["S2 D7"]["STATUS"] == "CANCELLED"
    lines = written.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)
    assert lines[-1] == b""


def test_a_calendar_written_again_moves_its_events(planned: Shell, tmp_path: Path) -> None:
    file = tmp_path / "v.ics"
    planned.type(f"calendar --on 2026-02-10 --ics {file}")
    before, known = read_ics(file)
    planned.type(f"calendar --on 2026-02-10 --ics {file}")
    assert file.read_bytes() == before
    planned.type("site: visit S1 W4 --on 2026-02-04")
    planned.type(f"calendar --on 2026-02-10 --ics {file}")
    _, events = read_ics(file)
    old, new = known["S1 W4 (overdue)"], events["S1 W4"]
    assert old["UID"] == new["UID"]
    assert new["SEQUENCE"] > old["SEQUENCE"]
    assert new["DTSTART"].dt == date(2026, 2, 4)
