"""Timings of an import, printed and never asserted on: ``pytest -m benchmark -s`` on this folder.

What is timed is right: that is asserted, of what the timed calls return.
"""

from __future__ import annotations

import csv
import io
import random
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import openpyxl
import pytest

from escalation.cli.trial.importing import keeping_everything
from escalation.ledger import create_ledger
from escalation.protocol import Committee, load_protocol
from escalation.tracker import Tracker
from escalation.trial import Recorder, adopt_plan, delegate_role, register_trial
from escalation.trial.events import Role, SubjectScreened
from escalation.trial.spreadsheet.charting import import_list
from escalation.trial.spreadsheet.importing import import_patients
from escalation.trial.spreadsheet.rows import read_rows
from tests.trial.small_plan import SMALL

N_ROWS = 10_000
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINIMAL = ("subject", "level", "dosed_on", "dlt")
WHOLE = (
    *("subject", "level", "weight_kg", "enrolled_on", "dosed_on", "infused", "lot"),
    *("outcome", "outcome_on", "term", "grade", "onset", "relation", "reason"),
)

Report = Callable[..., None]


@pytest.fixture
def report() -> Report:
    def say(what: str, seconds: float) -> None:
        print(f"\n{what}: {seconds:.2f} s of processor time", end="")

    return say


def rows(names: tuple[str, ...]) -> list[list[object]]:
    """Return a heading and 10,000 patients in cohorts of three, a fifth with a DLT."""
    draw = random.Random(1)  # noqa: S311
    table: list[list[object]] = [list(names)]
    for k in range(N_ROWS):
        day, level, dlt = (
            date(2010, 1, 1) + timedelta(days=k // 3),
            k // 3 % 3 + 1,
            draw.random() < 0.2,
        )
        said = {
            "subject": f"P-{k:05}",
            "level": level,
            "weight_kg": 60,
            "enrolled_on": day,
            "dosed_on": day,
            "infused": 1.8e8 * level,
            "lot": f"L{k}",
            "dlt": "yes" if dlt else "no",
            "outcome": "DLT" if dlt else "no DLT",
            "outcome_on": day + timedelta(days=5 if dlt else 30),
        }
        if dlt:
            onset = day + timedelta(days=3)
            said |= {"term": "CRS", "grade": 3, "onset": onset, "relation": "probable"}
        table.append([said.get(name) for name in names])
    return table


def as_csv(table: list[list[object]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(table)
    return written.getvalue().encode()


def as_xlsx(table: list[list[object]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in table:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def timed(run: Callable[[], object]) -> float:
    """Return the least processor time of three runs: others on the machine do not lengthen it."""
    seconds = []
    with keeping_everything():
        for _ in range(3):
            start = time.process_time()
            run()
            seconds.append(time.process_time() - start)
    return min(seconds)


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("CSV of 4 columns", lambda: as_csv(rows(MINIMAL))),
        ("CSV of 14 columns", lambda: as_csv(rows(WHOLE))),
        (".xlsx of 4 columns", lambda: as_xlsx(rows(MINIMAL))),
        (".xlsx of 14 columns", lambda: as_xlsx(rows(WHOLE))),
    ],
)
def test_10000_rows_are_read(what, content, report):
    data = content()
    assert len(read_rows(data, "x").rows) == N_ROWS
    report(f"{N_ROWS:,} rows read, {what}", timed(lambda: read_rows(data, "x")))


@pytest.mark.benchmark
@pytest.mark.parametrize("names", [MINIMAL, WHOLE], ids=["4 columns", "14 columns"])
def test_10000_rows_are_checked_and_recorded(names, tmp_path, report):
    protocol = replace(load_protocol("nct07123519"), committee=Committee(solo=True))
    office, site = (Recorder(name=n, on=date(2026, 6, 1), at=AT) for n in ("office", "site"))
    command = import_patients(as_csv(rows(names)), "x.csv")
    with create_ledger(str(tmp_path / "x.db")) as ledger:
        trackers = [Tracker(ledger, f"T{k}") for k in range(3)]
        for tracker in trackers:
            tracker.record(partial(register_trial, protocol=protocol), office, new=True)
            tracker.record(partial(delegate_role, person="site", role=Role.SITE), office)
        state = trackers[0].state()
        events = command(state, site)
        assert len(events) == 3 * N_ROWS + 1
        checking = timed(lambda: command(state, site))
        report(f"{N_ROWS:,} rows checked, {len(names)} columns", checking)
        left = iter(trackers)
        recording = timed(lambda: next(left).record(lambda *_: events, site))
        assert trackers[2].state().seq == 2 + len(events)
        report(f"{len(events):,} entries of them recorded", recording)


@pytest.mark.benchmark
def test_10000_rows_from_a_cold_shell(tmp_path, report):
    (tmp_path / "x.csv").write_bytes(as_csv(rows(MINIMAL)))
    program = Path(sys.executable).with_name("escalation")

    def type_words(*words: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [program, "trial", *words, "--db", "x.db", "--on", "2026-06-01"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    type_words("register", "--trial", "T", "--solo", "--as", "office")
    type_words("delegate", "site", "site", "--as", "office")
    report(
        f"`trial import` of {N_ROWS:,} rows, all in all",
        type_words("import", "x.csv", "--as", "site"),
    )


@pytest.mark.benchmark
def test_2000_results_are_read_checked_and_recorded(tmp_path, report):
    people = [f"P-{k:02}" for k in range(60)]
    site, on = "site", date(2026, 6, 1)
    table: list[list[object]] = [["subject", "date", "test", "value", "unit"]]
    table += (
        [who, on + timedelta(days=k), "haemoglobin", 80 + k, "g/L"]
        for who in people
        for k in range(34)
    )
    data = as_csv(table[:2001])
    with create_ledger(str(tmp_path / "x.db")) as ledger:
        tracker = Tracker(ledger, "T")
        office = Recorder(name="office", on=on, at=AT)
        protocol = replace(load_protocol("nct07123519"), committee=Committee(solo=True))
        tracker.record(partial(register_trial, protocol=protocol), office, new=True)
        tracker.record(partial(delegate_role, person=site, role=Role.SITE), office)
        tracker.record(partial(adopt_plan, plan=SMALL), office)
        tracker.record(lambda *_: tuple(SubjectScreened(on=on, subject=w) for w in people), office)
        state, recorder = tracker.state(), Recorder(name=site, on=date(2026, 9, 1), at=AT)
        events = import_list("results", data, "x.csv")(state, recorder)
        assert len(events) == 2001
        seconds = timed(lambda: import_list("results", data, "x.csv")(state, recorder))
        report("2,000 results read and checked", seconds)
        start = time.process_time()
        tracker.record(lambda *_: events, recorder)
        report("2,001 entries of them recorded", time.process_time() - start)


@pytest.mark.benchmark
def test_10000_faults_are_named(report):
    table = [list(MINIMAL), *([f"P-{k}", 1, "31.02.2026", "ja"] for k in range(N_ROWS))]
    data = as_csv(table)
    assert len(read_rows(data, "x").faults) == 2 * N_ROWS
    report(f"{2 * N_ROWS:,} faults named", timed(lambda: read_rows(data, "x")))


@pytest.mark.benchmark
def test_a_million_empty_rows(report):
    data = as_xlsx([["subject", "level"], ["P-1", 1]])
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", 8) as new:
        for part in old.namelist():
            text = old.read(part)
            if part == "xl/worksheets/sheet1.xml":
                empty = b"".join(
                    b'<row r="%d"><c r="A1" s="1"/></row>' % k for k in range(3, 10**6)
                )
                text = text.replace(b"</sheetData>", empty + b"</sheetData>")
            new.writestr(part, text)
    assert len(read_rows(made.getvalue(), "x").rows) == 1
    report(
        "a workbook with 1,000,000 empty rows read", timed(lambda: read_rows(made.getvalue(), "x"))
    )
