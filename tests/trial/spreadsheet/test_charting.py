"""Results, visits, people screened and adverse events from a spreadsheet: all rows or none."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from escalation.errors import RefusedError
from escalation.plan import Disease
from escalation.trial.findings.results import results_of
from escalation.trial.spreadsheet.charting import import_list
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.reading import AS_WRITTEN, Reading
from tests.trial.bench import SITE, Bench, day
from tests.trial.small_plan import SMALL, followed, measure

RESULTS = """\
subject,visit,date,test,value,unit,lower,upper,below,not_done,day
S1,D7,2026-01-12,Haemoglobin,8.5,g/dL,12,16,,,
S1,Day 7,2026-01-12,copies,<50,copies/ug,,,,,7.1
S1,W4,2026-02-02,copies,50,copies/ug,,,yes,,
S1,W4,2026-02-02,copies,BLQ,,,,,,28.5
S1,W4,2026-02-02,haemoglobin,,,,,,clotted,
S1,W12,2026-03-30,response,pr,,,,,,
S1,,2026-01-12,I1,yes,,,,,,
"""


def imported(text, what="results", bench=None, reading=AS_WRITTEN, on=100):
    bench = followed() if bench is None else bench
    content = text if isinstance(text, bytes) else text.encode()
    bench.do(import_list(what, content, "labs.csv", reading), SITE, on)
    return bench


def faults(text, what="results", bench=None, reading=AS_WRITTEN):
    bench = followed() if bench is None else bench
    before = bench.state
    with pytest.raises(SpreadsheetError) as caught:
        imported(text, what, bench, reading)
    assert bench.state is before
    return list(caught.value.faults)


def row(**cells: str) -> str:
    said = {"subject": "S1", "date": "2026-01-12", "test": "haemoglobin", "value": "85"}
    said |= {"unit": "g/L"} | cells
    return f"{','.join(said)}\n{','.join(said.values())}\n"


def test_results_are_kept_as_reported_one_entry_a_person_day_and_visit():
    bench = imported(RESULTS)
    kinds = [entry.event.kind for entry in bench.entries[-5:]]
    assert kinds == ["file-imported", *["findings-recorded"] * 4]
    said = {(r.test, r.day): r.finding for r in results_of(bench.state, "S1")}
    hb = said["haemoglobin", 7]
    assert (hb.value, hb.unit, hb.lower, hb.upper) == (8.5, "g/dL", 12, 16)
    assert (said["copies", 7.1].value, said["copies", 7.1].below) == (50, True)
    assert (said["copies", 28].value, said["copies", 28].below) == (50, True)
    assert (said["copies", 28.5].value, said["copies", 28.5].below) == (None, True)
    assert said["haemoglobin", 28].not_done == "clotted"
    assert said["response", 84].answer == "PR"
    assert said["I1", 7].answer == "yes"
    file = bench.state.files[0][1]
    assert (file.source, file.n_rows, file.what) == ("labs.csv", 7, "results")
    assert all(
        r.source == f"labs.csv, SHA-256 {file.sha256}" for r in results_of(bench.state, "S1")
    )


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"value": "850"}, "row 2: S1: haemoglobin 850 g/L: it is above 300 g/L, which is"),
        ({"unit": ""}, "row 2: S1: haemoglobin 85: its unit is missing; give it in g/L"),
        ({"value": '"8,5"'}, 'row 2: S1: haemoglobin: "8,5" is not a number such as 61.5'),
        ({"value": "=A1+1"}, 'row 2: S1: haemoglobin: "=A1+1" is not a number'),
        ({"test": "hemoglobin"}, "row 2: S1: hemoglobin 85: the plan has no such test"),
        ({"subject": "S9"}, "row 2: S9: No S9 is screened or enrolled"),
        ({"subject": ""}, "row 2, subject: is missing"),
        ({"date": "12.01.2026"}, 'row 2, date: "12.01.2026" is not a day; write it as 2026-01-31'),
        ({"date": "2026-01-32"}, 'row 2, date: "2026-01-32" is not a day'),
        ({"date": "2027-01-12"}, "row 2: S1: 2027-01-12 is still to come."),
        ({"visit": "W77"}, "row 2: S1: The plan has no visit W77"),
        ({"below": "perhaps"}, 'row 2, below: "perhaps" is neither yes nor no'),
        ({"day": "40"}, "row 2: S1: haemoglobin 85 g/L: day 40 is not 2026-01-12"),
        ({"test": "response", "value": "CRR", "unit": ""}, "row 2: S1: response CRR: that is not"),
        ({"date_of_birth": "1975-03-01"}, "row 1: no column is called date_of_birth: what tells"),
        ({"name": "Li"}, "row 1: no column is called name: what tells who somebody is must not"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_is_named_with_its_row(cells, said):
    assert faults(row(**cells))[0].startswith(said)


def test_every_fault_of_every_row_is_said_and_nothing_is_imported():
    text = RESULTS.replace("8.5,g/dL", "85,g/dL").replace("pr,", "pro,").replace("<50", "<<50")
    assert [fault.partition(":")[0] for fault in faults(text)] == ["row 2", "row 3", "row 7"]


def test_a_result_twice_in_a_file_names_both_rows():
    said = faults(row() + "S1,2026-01-12,haemoglobin,86,g/L\n")
    assert said == ["row 3: S1: haemoglobin is in row 2 too"]


def test_the_same_file_again_is_refused_and_one_that_has_grown_adds_what_is_new():
    bench = imported(row())
    with pytest.raises(
        RefusedError, match=r"has imported the same file, as labs.csv on 2026-04-15"
    ):
        imported(row(), bench=bench)
    before = bench.state.seq
    imported(row() + "S1,2026-01-13,haemoglobin,86,g/L\n", bench=bench)
    assert bench.state.seq == before + 2
    again = row() + "\n"
    assert faults(again, bench=bench) == ["every row says what is recorded already"]


def test_a_row_that_says_something_else_than_an_entry_needs_a_reason():
    bench = followed()
    measure(bench, "haemoglobin", 7, value=90, unit="g/L")
    entry = bench.state.seq
    assert f"entry {entry} says haemoglobin 90 g/L for 2026-01-12" in faults(row(), bench=bench)[0]
    imported(row(reason="misread"), bench=bench)
    assert [r.finding.value for r in results_of(bench.state, "S1")] == [85]


def test_a_file_of_another_country_is_read_by_its_options():
    text = "Patient;Datum;Test;Wert;Einheit\nS1;12.01.2026;haemoglobin;8,5;g/dL\n"
    mapped = {"Patient": "subject", "Datum": "date", "Wert": "value", "Einheit": "unit"}
    reading = Reading(date_format="%d.%m.%Y", decimal=",", mapped=tuple(mapped.items()))
    bench = imported(text, reading=reading)
    assert [(r.on, r.finding.value) for r in results_of(bench.state, "S1")] == [(day(7), 8.5)]
    assert "--decimal ," in (bench.state.files[0][1].read_with or "")


def test_a_workbook_is_read_and_its_formulas_are_not():
    book = openpyxl.Workbook()
    heads = ["subject", "date", "test", "value", "unit"]
    for cells in (heads, ["S1", date(2026, 1, 12), "haemoglobin", 85, "g/L"]):
        book.active.append(cells)
    file = io.BytesIO()
    book.save(file)
    assert len(results_of(imported(file.getvalue()).state, "S1")) == 1
    book.active["D2"] = "=80+5"
    file = io.BytesIO()
    book.save(file)
    assert "row 2, value: cell D2 holds a formula; put its value" in faults(file.getvalue())[0]


def test_visits_are_imported_and_one_that_is_recorded_otherwise_is_named():
    text = "subject,visit,date,missed\nS1,D7,2026-01-12,\nS1,Week 4,2026-02-04,ill\n"
    bench = imported(text, "visits")
    assert [(f.event.visit, f.event.missed) for f in bench.state.chart("S1").visits] == [
        ("D7", None),
        ("W4", "ill"),
    ]
    other = text.replace("2026-01-12", "2026-01-13")
    assert "D7 took place on 2026-01-12" in faults(other, "visits", bench)[0]
    assert faults(text + "\n", "visits", bench) == ["every row says what is recorded already"]


def test_a_visit_outside_its_window_is_imported():
    bench = imported("subject,visit,date\nS1,D7,2026-01-30\n", "visits")
    (visit,) = bench.state.chart("S1").visits
    assert (visit.event.visit, str(visit.event.on)) == ("D7", "2026-01-30")


EVENTS = """\
subject,term,grade,started,ended,serious,relation,aware
S1,fever,2,2026-01-08,2026-01-09,no,possible,2026-01-10
S1,sepsis,3,2026-01-20,,hospitalisation | life-threatening,unlikely,
"""


def test_adverse_events_are_imported_and_a_second_time_change_nothing():
    bench = imported(EVENTS, "events")
    events = bench.state.subjects["S1"].events
    assert [(e.now.term, e.now.grade, str(e.now.relation)) for e in events] == [
        ("fever", 2, "possible"),
        ("sepsis", 3, "unlikely"),
    ]
    assert set(map(str, events[1].now.serious)) == {"hospitalisation", "life-threatening"}
    assert faults(EVENTS + "\n", "events", bench) == ["every row says what is recorded already"]
    worse = faults(EVENTS.replace("fever,2", "fever,3"), "events", bench)
    assert f"entry {events[0].entry} reports fever from 2026-01-08, which says" in worse[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",2,", ",6,", "row 2: S1: "),
        ("possible", "perhaps", 'row 2, relation: "perhaps" is none of unrelated'),
        ("2026-01-09", "2026-01-01", "row 2: S1: "),
        (",no,", ",yes,", "row 2, serious: say why: death"),
        ("S1,fever", "S1,", "row 2, term: is missing"),
        ("S1,sepsis,3,2026-01-20", "S1,fever,3,2026-01-08", "row 3: S1: fever is there twice"),
    ],
)
def test_an_adverse_event_that_cannot_be_is_named(old, new, said):
    assert faults(EVENTS.replace(old, new), "events")[0].startswith(said)


def test_people_are_screened_by_a_file_and_a_second_time_change_nothing():
    plan = replace(SMALL, diseases=(Disease(name="sle", label="Lupus erythematosus"),))
    text = (
        "subject,date,disease,sex,born,consented\n"
        "P-1,2026-01-06,lupus erythematosus,F,1975-03,2026-01-05\n"
        "P-2,2026-01-07,SLE,male,1980,2026-01-05\n"
    )
    reading = Reading(mapped=(("F", "female"),))
    bench = imported(text, "screening", followed(plan), reading)
    said = [bench.state.chart(who).screening for who in ("P-1", "P-2")]
    assert [(s.event.disease, str(s.event.sex), s.event.born) for s in said if s] == [
        ("sle", "female", "1975-03"),
        ("sle", "male", "1980"),
    ]
    again = faults(text + "\n", "screening", bench, reading)
    assert again == ["every row says what is recorded already"]
    other = faults(text.replace("1980", "1981"), "screening", bench, reading)
    assert "row 3: P-2 is screened since entry" in other[0]
    assert "which says something else of born" in other[0]
    twice = text + "P-2,2026-01-07,SLE,male,1980,2026-01-05\n"
    assert faults(twice, "screening", followed(plan), reading) == ["row 4: P-2 is in row 3 too"]


@pytest.mark.parametrize("born", ["1975-03-12", "12.03.1975", "75"])
def test_a_date_of_birth_is_refused(born):
    text = f"subject,date,born\nP-1,2026-01-05,{born}\n"
    assert "a date of birth must not come into the record" in faults(text, "screening")[0]


def test_only_a_list_of_the_kind_is_read():
    said = faults("subject,level\nS1,1\n")
    assert said[-2].endswith("the heading lacks date and test and value")
    assert said[-1].endswith("it is that of a list of patients: --kind patients")
    assert "goes by no plan" in faults(row(), bench=_without_plan())[0]


def _without_plan() -> Bench:
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    return bench


def test_headings_of_any_script_are_said_as_they_are_to_be_typed_again():
    said = faults("\u60a3\u8005,Pr\u00fcfung\x07,date,test,value\nS1,x,2026-01-12,copies,1\n")
    assert "row 1: no column is called \u60a3\u8005" in said
    assert "row 1: no column is called Pr\u00fcfung\\x07" in said


def test_a_list_of_another_kind_is_told_by_its_heading():
    assert "row 1: it is that of a list of results: --kind results" in faults(row(), what="events")
    assert not any("--kind" in said for said in faults("subject,name\nS1,x\n"))
