"""What the datasets say of a small trial, worked out by hand from what was typed."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from math import log
from pathlib import Path

import pytest

from escalation.exports.csv import write_csv
from escalation.exports.iso8601 import read_moment, study_day
from escalation.exports.package import make_export, write_files, zipped
from escalation.outcomes import Outcome
from escalation.trial import TrialState, evolve
from escalation.trial.adverse_events.record import record_adverse_event
from escalation.trial.events import (
    EventOutcome,
    Finding,
    Leaving,
    Purpose,
    Relation,
    SubjectLeft,
)
from escalation.trial.patients.recording import record_outcome
from tests.trial.bench import Bench, crs, day, recorded

from .planted import sound
from .small import lab, results, small_bench, small_export

AT = datetime(2026, 11, 29, 8, tzinfo=UTC)


def rows(name: str, *columns: str, **where: object) -> list[tuple[object, ...]]:
    return [
        tuple(row[column] for column in columns)
        for row in sound()[name].records_by_name()
        if all(row[column] == value for column, value in where.items())
    ]


def test_everybody_is_in_demographics_by_how_far_they_came():
    said = rows("DM", "SUBJID", "RFSTDTC", "DTHDTC", "AGE", "SEX", "ARMCD", "ACTARMCD", "ARMNRS")
    assert said == [
        ("S1", "2026-01-06", None, 50, "F", "LEVEL 1", "LEVEL 1", None),
        ("S2", "2026-01-20", "2026-04-05", None, "M", "LEVEL 1", "LEVEL 1", None),
        ("S3", "2026-01-23", None, None, "U", "LEVEL 1", "LEVEL 1", None),
        ("X1", None, None, 35, "F", None, None, "SCREEN FAILURE"),
    ]


def test_somebody_who_is_enrolled_and_not_dosed_has_a_planned_arm_only():
    bench = Bench.started()
    bench.open_cohort()
    bench.enrol("S1")
    (dm,) = [d for d in make_export(bench.state, "TJ").datasets if d.name == "DM"]
    (row,) = dm.records_by_name()
    assert (row["ARMCD"], row["ACTARMCD"], row["ARMNRS"]) == (
        *("LEVEL 1", None, "ASSIGNED, NOT TREATED"),
    )


def test_an_infusion_is_a_row_of_exposure_with_what_was_infused():
    assert rows("EX", "EXSEQ", "EXDOSE", "EXDOSU", "EXLOT", "EXSTDTC", "EXSTDY")[0] == (
        *(1, 1.8e8, "cells", "L-S1", "2026-01-06", 1),
    )


def test_an_event_has_its_worst_grade_and_its_supplement_says_that_it_is_a_dlt():
    columns = ("AETERM", "AEDECOD", "AESER", "AESDTH", "AESHOSP", "AETOXGR", "AEOUT", "AESTDY")
    assert rows("AE", *columns) == [
        ("fever", None, "N", "N", "N", "2", "RECOVERED/RESOLVED", 2),
        ("pneumonia", None, "Y", "Y", "Y", "5", "FATAL", 16),
    ]
    assert rows("SUPPAE", "USUBJID", "IDVARVAL", "QVAL", "QEVAL", QNAM="AEDLT") == [
        ("NCT07123519-S2", "1", "Y", "ADJUDICATOR")
    ]
    assert rows("SUPPAE", "QVAL", QNAM="AECODE") == [("10035664",)]


def test_a_toxicity_inside_an_outcome_is_an_event_and_a_dlt_as_the_outcome_says():
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    bench.dlt("S1", 20, onset=3)
    datasets = {d.name: d for d in make_export(bench.state, "TJ").datasets}
    (event,) = datasets["AE"].records_by_name()
    assert (event["AETERM"], event["AESTDTC"], event["AESTDY"]) == ("CRS", "2026-01-08", 4)
    said = {row["QNAM"]: row["QVAL"] for row in datasets["SUPPAE"].records_by_name()}
    assert said == {"AETRTEM": "Y", "AEDLT": "Y"}


def test_disposition_is_how_each_part_began_and_ended():
    said = rows(
        "DS", "USUBJID", "DSDECOD", "DSTERM", "DSSTDTC", "DSSTDY", DSCAT="DISPOSITION EVENT"
    )
    assert said == [
        ("NCT07123519-S2", "DEATH", "DEATH", "2026-04-05", 76),  # the day of death, not of the note
        ("NCT07123519-S3", "WITHDRAWAL BY SUBJECT", "moved away", "2026-04-07", 75),
        ("NCT07123519-X1", "SCREEN FAILURE", "haemoglobin too low", "2026-01-05", None),
    ]


def test_a_visit_that_was_missed_says_why_and_has_no_day():
    columns = ("VISITNUM", "VISIT", "VISITDY", "SVOCCUR", "SVREASOC", "SVSTDTC", "SVSTDY")
    assert rows("SV", *columns, USUBJID="NCT07123519-S2") == [
        (1, "Screening", -14, "Y", None, "2026-01-05", -15),  # by the screening itself
        (2, "Day 0", 1, "Y", None, "2026-01-20", 1),  # by the infusion
        (4, "Week 4", 29, "N", "travelled", None, None),
    ]
    assert rows("SV", *columns, USUBJID="NCT07123519-S1")[2:] == [
        (3, "Day 7", 8, "Y", None, "2026-01-13", 8),
        (4, "Week 4", 29, "Y", None, "2026-02-03", 29),
        (5, "Week 12", 85, "Y", None, "2026-03-31", 85),  # by its results
    ]


def test_a_concentration_below_the_limit_has_no_number_and_one_not_done_says_why():
    columns = (
        "PCTESTCD",
        "PCORRES",
        "PCORRESU",
        "PCSTRESN",
        "PCLLOQ",
        "PCSTAT",
        "PCREASND",
        "PCDY",
    )
    assert rows("PC", *columns) == [
        ("CARCOP", "<50", "copies/ug", None, 50.0, None, None, 1),
        ("CARCOP", "1000", "copies/ug", 1000.0, None, None, None, 8),
        ("CARCOP", "350", "copies/ug", 350.0, None, None, None, 29),
        ("CARCOP", None, None, None, None, "NOT DONE", "tube broken", 3),
    ]
    columns = ("LBSTRESN", "LBSTNRLO", "LBNRIND", "LBLOBXFL", "VISIT")
    assert rows("LB", *columns, USUBJID="NCT07123519-S1", LBTESTCD="HAEMOGLO") == [
        (95, 120.0, "LOW", "Y", "Screening"),
        (88, 120.0, "LOW", None, "Day 7"),
    ]
    assert rows("RS", "RSORRES", "RSDY") == [("PR", 85)]


def test_a_score_has_no_unit_and_the_readme_says_so():
    assert rows("QS", "QSTESTCD", "QSSTRESN", "QSSTRESU") == [("ESSDAI", 6.0, None)]
    said = write_files(small_export(), ("csv",), AT).content["README.txt"].decode()
    assert "Pure numbers, for which the plan has no unit: QS ESSDAI." in said


def test_a_visit_outside_its_window_and_a_sample_with_its_time_have_supplements():
    bench = small_bench()
    results(bench, "S3", 40, "W4", lab(100))  # dosed on day 18: study day 23
    sample = Finding(test="copies", value=7.0, unit="copies/ug", day=0.25, note="haemolysed")
    results(bench, "S3", 18, None, sample)
    export = make_export(bench.state, "TJ")
    assert export.faults == ()
    datasets = {dataset.name: dataset for dataset in export.datasets}
    names = ("IDVAR", "IDVARVAL", "QNAM", "QVAL")
    said = {tuple(r[n] for n in names) for r in datasets["SUPPSV"].records_by_name()}
    assert said == {("VISITNUM", "4", "SVOUTWIN", "-3")}
    said = {tuple(r[n] for n in names) for r in datasets["SUPPPC"].records_by_name()}
    assert said == {("PCSEQ", "1", "PCDAY", "0.25"), ("PCSEQ", "1", "PCNOTE", "haemolysed")}


def test_a_criterion_that_was_not_met_is_said_where_it_was_waived_too():
    columns = ("USUBJID", "IETESTCD", "IECAT", "IEORRES", "IEDTC", "IEDY")
    assert rows("IE", *columns) == [
        ("NCT07123519-S2", "I2", "INCLUSION", "N", "2026-01-20", 1),  # waived, and enrolled so
        ("NCT07123519-X1", "I1_1", "INCLUSION", "N", "2026-01-05", None),
        ("NCT07123519-X1", "E1", "EXCLUSION", "Y", "2026-01-05", None),
    ]
    assert rows("TI", "IETESTCD", "IETEST")[0] == ("I1_1", "I1.1: Haemoglobin at least 60 g/L.")


def test_the_shipped_plan_is_exported_without_a_fault():
    """Its criteria have ids that SDTM has no room for, and texts that are longer."""
    from escalation.plan.load import load_plan
    from escalation.trial import adopt_plan

    bench = Bench.started()
    bench.do(adopt_plan, "chair", plan=load_plan("nct07123519"))
    export = make_export(bench.state, "TJ")
    assert export.faults == ()
    datasets = {dataset.name: dataset for dataset in export.datasets}
    assert datasets["TV"].records == 11
    codes = [row["IETESTCD"] for row in datasets["TI"].records_by_name()]
    assert len(set(codes)) == len(codes) > 30


def test_kinetics_are_the_integral_worked_out_by_hand_or_say_why_there_is_none():
    """Linear from 0 to 1000 in 7 days, exponential from 1000 to 350 in 21."""
    area = 1000 * 7 / 2 + (1000 - 350) / log(1000 / 350) * 21
    said = rows("PP", "PPTESTCD", "PPSTRESN", "PPSTRESU", USUBJID="NCT07123519-S1")
    assert said == [
        ("CMAX", 1000.0, "copies/ug"),
        ("TMAX", 7.0, "DAYS"),
        ("TLST", 28.0, "DAYS"),
        ("AUCLST", pytest.approx(area, rel=1e-12), "day*copies/ug"),
        ("AUCINT", pytest.approx(area, rel=1e-12), "day*copies/ug"),
    ]
    assert set(rows("PP", "PPSTRESN", "PPSTAT", "PPREASND", USUBJID="NCT07123519-S2")) == {
        (None, "NOT DONE", "no sample")
    }


def test_a_result_in_another_unit_is_as_reported_and_in_the_plans_beside_it():
    """1 mg/dL of creatinine is 88.4 umol/L."""
    bench = small_bench()
    creatinine = Finding(test="creatinine", value=1.0, unit="mg/dL", lower=0.5, upper=1.2)
    results(bench, "S1", 9, None, creatinine)
    (lb,) = [d for d in make_export(bench.state, "TJ").datasets if d.name == "LB"]
    (row,) = [r for r in lb.records_by_name() if r["LBORRESU"] == "mg/dL"]
    names = ("LBORRES", "LBORRESU", "LBORNRHI", "LBSTRESN", "LBSTRESU", "LBSTNRHI", "LBNRIND")
    assert [row[name] for name in names] == [
        *("1", "mg/dL", 1.2, 88.4, "umol/L", pytest.approx(106.08), "NORMAL")
    ]


def test_the_subject_level_dataset_has_the_flags_of_dlts():
    columns = ("SUBJID", "ENRLFL", "SAFFL", "DLTEVFL", "DLTFL", "DLTST", "TRT01AN", "EOSSTT")
    assert rows("ADSL", *columns) == [
        ("S1", "Y", "Y", "N", None, "pending", 2, "ONGOING"),
        ("S2", "Y", "Y", "Y", "Y", "DLT", 2, "DISCONTINUED"),
        ("S3", "Y", "Y", "N", None, "pending", 2, "DISCONTINUED"),
        ("X1", "N", "N", "N", None, None, None, "DISCONTINUED"),
    ]
    assert rows("ADSL", "DOSE01P", "DOSE01A", "DOSESHR", "WEIGHTBL", "COHPURP", SUBJID="S1") == [
        (1.8e8, 1.8e8, 1.0, 60.0, Purpose.ESCALATION)
    ]


def test_each_level_is_an_arm_and_the_summary_says_what_this_is():
    assert len(rows("TA", "ARMCD")) == 3 * 4
    assert rows("TS", "TSVAL", TSPARMCD="XSHAPE") == [("SDTM-shaped, not a submission",)]
    assert rows("TS", "TSVAL", TSPARMCD="DCUTDESC") == [("AS OF ENTRY 47 OF THE LEDGER",)]


def test_study_days_have_no_day_0_by_the_definition_of_sdtm():
    first = day(10)
    assert [study_day(day(k), first) for k in (8, 9, 10, 11)] == [-2, -1, 1, 2]
    assert study_day(None, first) is None
    assert study_day(first, None) is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("2026", True), ("2026-02", True), ("2028-02-29", True), ("2026-02-29", False),
     ("2026-13", False), ("0000", False), ("2026-2-3", False), ("2026-02-03T24:01", False),
     ("2026-02-03T08:00:00.5Z", True), ("2026-02-03T08", False), ("٢٠٢٦", False)],
)  # fmt: skip
def test_a_date_of_iso_8601_in_part_or_whole(text: str, is_one: bool):
    assert (read_moment(text) is not None) is is_one


# ---------------------------------------------------------------- other trials


def test_a_trial_that_has_just_been_registered_is_exported_without_a_row_of_anybody():
    export = make_export(Bench.started().state, "TJ")
    assert export.faults == ()
    assert {d.name: d.records for d in export.datasets if d.name not in ("TS", "TA")} == (
        dict.fromkeys(("DM", "EX", "AE", "SUPPAE", "DS", "ADSL"), 0)
    )
    assert make_export(TrialState(), "NONE").faults == ()


def test_the_export_of_a_ladder_without_doses_has_no_unit_where_it_has_no_amount():
    from escalation.protocol import Protocol

    bench = Bench.started(Protocol.plain(3))
    bench.open_cohort()
    bench.enrol("S1", weight_kg=None)
    bench.dose("S1", infused=None)
    assert make_export(bench.state, "PLAIN").faults == ()


def test_a_second_infusion_is_a_second_row():
    from escalation.trial.patients.evaluability import continue_infusion

    bench = Bench.started()
    bench.open_cohort()
    bench.enrol("S1")
    bench.dose("S1", infused=9e7)
    bench.do(continue_infusion, "site", 2, subject="S1", infused=9e7)
    datasets = {d.name: d for d in make_export(bench.state, "TJ").datasets}
    said = [(r["EXSEQ"], r["EXDOSE"], r["EXSTDY"]) for r in datasets["EX"].records_by_name()]
    assert said == [(1, 9e7, 1), (2, 9e7, 3)]
    (dm,) = datasets["DM"].records_by_name()
    assert (dm["RFXSTDTC"], dm["RFXENDTC"]) == ("2026-01-05", "2026-01-07")


def test_epochs_are_before_during_and_after_all_infusions():
    """SDTM's EPOCH: nobody is enrolled in the treatment, and between two infusions is in it."""
    from escalation.trial.patients.evaluability import continue_infusion

    bench = Bench.started()
    bench.open_cohort()
    bench.enrol("S1")
    bench.dose("S1", infused=9e7)
    bench.do(continue_infusion, "site", 4, subject="S1", infused=9e7)
    for on, epoch in ((2, "TREATMENT"), (4, "TREATMENT"), (5, "FOLLOW-UP")):
        left = SubjectLeft(on=day(on), subject="S1", why=Leaving.WITHDREW)
        state = evolve(bench.state, recorded(bench.state, left, "site"))
        (ds,) = (d for d in make_export(state, "TJ").datasets if d.name == "DS")
        assert [(r["DSDECOD"], r["EPOCH"]) for r in ds.records_by_name()] == [
            ("ENROLLED", "SCREENING"),
            ("WITHDRAWAL BY SUBJECT", epoch),
        ]


def test_a_death_that_only_an_outcome_tells_of_was_by_the_day_of_the_outcome():
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    died = crs(day(3), grade=5)
    bench.do(record_outcome, "site", 9, subject="S1", outcome=Outcome.DLT, toxicities=(died,))
    datasets = {d.name: list(d.records_by_name()) for d in make_export(bench.state, "TJ").datasets}
    (dm,), (ds,) = datasets["DM"], (r for r in datasets["DS"] if r["DSDECOD"] == "DEATH")
    assert dm["DTHDTC"] == dm["RFPENDTC"] == ds["DSSTDTC"] == day(9).isoformat()


def test_a_death_is_of_one_day_in_all_variables_where_two_entries_say_it():
    """The fatal event was reported some days after the death, without its end."""
    bench = Bench.judged()
    bench.open_cohort()
    bench.treat("S1")
    bench.do(record_adverse_event, "site", 12, subject="S1", term="sepsis", category="infection",
             grade=5, started=day(5), aware=day(12), relation=Relation.UNRELATED,
             outcome=EventOutcome.FATAL)  # fmt: skip
    left = SubjectLeft(on=day(8), subject="S1", why=Leaving.DEATH)
    state = evolve(bench.state, recorded(bench.state, left, "site"))
    datasets = {d.name: list(d.records_by_name()) for d in make_export(state, "TJ").datasets}
    (dm,), (adsl,) = datasets["DM"], datasets["ADSL"]
    (ds,) = (r for r in datasets["DS"] if r["DSDECOD"] == "DEATH")
    said = dm["DTHDTC"], dm["RFPENDTC"], ds["DSSTDTC"], adsl["DTHDT"], adsl["EOSDT"]
    assert set(said) == {day(8).isoformat()}


def test_a_result_below_a_limit_that_nobody_gave_is_blq():
    """SDTM's examples of PC have BLQ where the laboratory reports no number."""
    bench = small_bench()
    results(bench, "S1", 43, "W4", Finding(test="copies", below=True))
    (pc,) = (d for d in make_export(bench.state, "TJ").datasets if d.name == "PC")
    row = next(r for r in pc.records_by_name() if r["PCDTC"] == day(43).isoformat())
    assert (row["PCORRES"], row["PCSTRESC"], row["PCSTRESN"], row["PCLLOQ"]) == (
        *("BLQ", "BLQ", None, None),
    )


def test_a_study_starts_with_the_first_consent_of_somebody_who_entered():
    """FDA, Study Data Technical Conformance Guide: SSTDTC is the earliest informed consent."""
    assert rows("TS", "TSVAL", TSPARMCD="SSTDTC") == [(day(-1).isoformat(),)]


def test_a_name_that_was_mistyped_is_exported_as_it_is_now():
    from escalation.trial.patients.corrections import rename_subject

    bench = small_bench()
    bench.do(rename_subject, "site", subject="S1", renamed="S-01", reason="mistyped")
    datasets = {d.name: d for d in make_export(bench.state, "TJ").datasets}
    for name in ("DM", "AE", "LB", "PC", "SV", "ADSL"):
        subjects = {row["USUBJID"] for row in datasets[name].records_by_name()}
        assert "NCT07123519-S1" not in subjects
        assert "NCT07123519-S-01" in subjects


# ---------------------------------------------------------------- files


def test_csv_has_the_rows_as_a_reader_of_csv_takes_them():
    for dataset in sound().values():
        head, *body = csv.reader(io.StringIO(write_csv(dataset)))
        assert head == dataset.names
        assert body == [["" if v is None else str(v) for v in row] for row in dataset.rows]


def test_a_spreadsheet_finds_no_formula():
    ae = sound()["AE"]
    place = ae.names.index("AETERM")
    terms = {"=1+1": "'=1+1", "@x": "'@x", "-2": "-2", "+49 30": "'+49 30", "fever": "fever"}
    for term, cell in terms.items():
        row = [term if k == place else value for k, value in enumerate(ae.rows[0])]
        written = write_csv(replace(ae, rows=(tuple(row),)))
        assert list(csv.reader(io.StringIO(written)))[1][place] == cell


def test_the_readme_says_what_the_export_is_what_is_empty_and_what_is_wrong():
    files = write_files(small_export(), ("csv", "dataset-json"), AT)
    said = files.content["README.txt"].decode()
    assert said.startswith("NCT07123519: SDTM-shaped, not a submission.")
    assert "AE.AEDECOD: terms are as reported: no dictionary is shipped" in said
    assert "Checks: nothing is wrong." in said
    assert len(files.content) == 1 + 2 * len(small_export().datasets)


def test_every_file_says_that_it_is_no_submission():
    files = write_files(small_export(), ("dataset-json",), AT)
    for name, content in files.content.items():
        assert b"SDTM-shaped, not a submission" in content, name


def test_a_text_longer_than_sdtm_allows_is_exported_and_said():
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    bench.lost("S1", 3, reason="moved " * 40 + "away")
    export = make_export(bench.state, "TJ")
    (fault,) = export.faults
    assert (fault.dataset, fault.row, fault.column) == ("DS", 2, "DSTERM")
    assert fault.problem == "244 characters, where the variable has 200"
    files = write_files(export, ("csv",), AT)
    assert "Checks: 1 fault\n  DS row 2, DSTERM" in files.content["README.txt"].decode()
    assert b"moved away" in files.content["ds.csv"]


def test_every_dataset_is_in_the_table_of_the_documentation():
    table = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
    named = {
        name for cell in re.findall(r"^\| ([A-Z, ]+) \|", table, re.M) for name in cell.split(", ")
    }
    assert set(sound()) <= named


def test_an_archive_has_the_same_files_and_the_same_bytes():
    files = write_files(small_export(), ("csv",), AT)
    archive = zipped(files, AT)
    assert archive == zipped(files, AT)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == files.content
