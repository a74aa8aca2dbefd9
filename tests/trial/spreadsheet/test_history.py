"""A history with what there is: nothing else is needed, and what is not stated is never made up."""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from escalation.outcomes import Outcome, format_outcomes
from escalation.protocol import Backfill, Protocol, load_protocol
from escalation.reports.trial.patients import patients_document
from escalation.trial import (
    correct_entry,
    departures,
    look_back,
    replay_events,
    rule_evaluability,
    warnings,
)
from escalation.trial.codec import dump_event, load_event, version_of
from escalation.trial.events import (
    Choice,
    HistoryImported,
    OutcomeRecorded,
    Purpose,
    SubjectEnrolled,
)
from escalation.trial.inspection import inspect_entries
from escalation.trial.patients.subjects import Standing
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.importing import import_patients
from escalation.trial.spreadsheet.reading import Reading
from escalation.trial.spreadsheet.writing import patients_csv
from tests.trial.bench import NCT, SITE, Bench, day

FILES = Path(__file__).parents[2] / "data" / "spreadsheets"
MINIMAL = (FILES / "history-minimal.csv").read_bytes()
NOW = 147  # 2026-06-01


def imported(content: bytes | str, bench: Bench | None = None, on: int = NOW, **reading) -> Bench:
    bench = Bench.started() if bench is None else bench
    data = content.encode() if isinstance(content, str) else content
    bench.do(import_patients(data, "history.csv", Reading(**reading)), SITE, on)
    return bench


def said(bench: Bench, on: int = NOW) -> str:
    return "\n".join(remark.text for remark in warnings(bench.state, day(on)))


def faults(content: str, bench: Bench | None = None, **reading) -> list[str]:
    with pytest.raises(SpreadsheetError) as caught:
        imported(content, bench, **reading)
    return list(caught.value.faults)


# ---------------------------------------------------------------- what is not stated


def test_subject_level_day_and_dlt_are_enough():
    bench = imported(MINIMAL)
    assert format_outcomes(bench.state.written_cohorts()) == "1NNN 2T"
    assert bench.state.oddities == []
    assert inspect_entries(bench.entries, datetime(2027, 1, 1, tzinfo=UTC)) == []


def test_what_is_not_stated_is_null_and_never_made_up():
    state = imported(MINIMAL).state
    for document in patients_document(state, day(NOW)):
        for key in ("weight_kg", "planned", "infused", "percent_of_planned", "lot"):
            assert document[key] is None, key
        assert document["toxicities"] == []
    (export, *rows) = csv.DictReader(io.StringIO(patients_csv(state)))
    for row in (export, *rows):
        stated = {key for key, value in row.items() if value}
        assert stated == {"subject", "cohort", "level", "purpose", "dosed_on", "outcome"}


def test_what_is_not_stated_is_a_warning_each_that_says_of_how_many():
    text = said(imported(MINIMAL))
    assert "The infused amount of 4 patients (P-01, P-02, P-03, P-04) is not stated" in text
    assert "80 % of the planned dose or more, cannot be told. Their outcomes count as" in text
    assert "The day of the outcome of 4 patients" in text
    assert "is not stated; it was known by 2026-06-01." in text
    assert "The day of enrolment of 4 patients" in text
    assert "What the DLT of 1 patient (P-04) was is not stated." in text
    assert "the weight or height that it is calculated from is not stated" in text


def test_of_many_patients_some_are_named_and_all_counted():
    rows = "".join(f"P-{n},1,2026-01-12,no\n" for n in range(100, 160))
    assert "The infused amount of 60 patients (P-100, P-101," in said(
        imported(f"subject,level,dosed_on,dlt\n{rows}")
    )


def test_without_doses_no_amount_is_missed():
    bench = Bench.started(Protocol.plain(3))
    assert "amount" not in said(imported(MINIMAL, bench))


def test_a_history_with_everything_has_none_of_these_warnings():
    text = (
        "subject,level,weight_kg,enrolled_on,dosed_on,infused,outcome,outcome_on\n"
        "P-01,1,60,2026-01-10,2026-01-12,1.8e8,no DLT,2026-02-09\n"
    )
    assert "not stated" not in said(imported(text))


def test_no_dlt_whose_day_is_not_stated_still_waits_for_the_window():
    """It was known by the day of the import: before the window closes it cannot have been."""
    text = "subject,level,dosed_on,dlt\nP-01,1,2026-01-12,no\n"
    assert imported(text, on=35).state.subjects["P-01"].standing is Standing.NO_DLT
    (fault,) = faults_at(text, 34)
    assert fault.startswith("row 2: the outcome of P-01 cannot be recorded: The DLT window of P-01")


def faults_at(text: str, on: int) -> list[str]:
    with pytest.raises(SpreadsheetError) as caught:
        imported(text, on=on)
    return list(caught.value.faults)


def test_one_not_evaluable_may_lack_its_reason_and_a_day():
    bench = imported("subject,level,dosed_on,outcome\nP-01,1,2026-01-12,not evaluable\n")
    assert bench.state.subjects["P-01"].standing is Standing.NOT_EVALUABLE
    text = said(bench)
    assert "Why 1 patient (P-01) cannot be evaluated is not stated." in text
    assert "but the DLT window had closed" not in text  # the day of the import is not its day


def test_an_empty_cell_among_filled_ones_is_not_stated_either():
    text = "subject,level,dosed_on,infused,dlt\nP-01,1,2026-01-12,1.8e8,no\nP-02,1,2026-01-26,,no\n"
    assert "The infused amount of 1 patient (P-02) is not stated" in said(imported(text))


def test_a_pending_patient_has_no_outcome():
    state = imported("subject,level,dosed_on,dlt\nP-01,1,2026-05-20,\n").state
    assert state.subjects["P-01"].outcome is Outcome.PENDING
    assert not state.subjects["P-01"].outcomes


def test_no_dosing_after_the_import_is_held_against_a_dlt_of_an_unknown_day():
    assert look_back(imported(MINIMAL).state) == []


# ---------------------------------------------------------------- evaluability, corrections


def test_an_unknown_amount_counts_and_a_known_one_is_held_against_the_limits():
    bench = imported(MINIMAL)
    subject = bench.state.subjects["P-01"]
    assert subject.standing is Standing.NO_DLT
    dosing = subject.dosing.seq
    enrolment = subject.enrolments[0].seq
    bench.correct(enrolment, weight_kg=60.0)
    bench.correct(dosing, infused=1.8e6)  # 1 % of the planned 1.8E8
    assert bench.state.subjects["P-01"].standing is Standing.UNRULED
    bench.correct(dosing, infused=1.8e8)
    assert bench.state.subjects["P-01"].standing is Standing.NO_DLT
    assert "The infused amount of 3 patients (P-02, P-03, P-04)" in said(bench)


def test_one_whose_amount_is_unknown_can_be_ruled_out():
    bench = imported(MINIMAL)
    bench.do(
        rule_evaluability, "chair", NOW, subject="P-02", evaluable=False, reason="no batch record"
    )
    assert format_outcomes(bench.state.written_cohorts()) == "1NXN 2T"


def test_a_correction_adds_what_was_not_stated_and_asks_for_nothing_else():
    bench = imported(MINIMAL)
    dlt = bench.state.subjects["P-04"]
    bench.correct(dlt.outcomes[0].seq, on="2026-03-20")
    now = bench.state.subjects["P-04"].outcomes[0].event
    assert (now.on, now.undated, now.toxicities) == (date(2026, 3, 20), False, ())
    assert "The day of the outcome of 3 patients (P-01, P-02, P-03)" in said(bench)
    bench.correct(dlt.enrolments[0].seq, on="2026-03-01")
    assert not bench.state.subjects["P-04"].enrolment.undated
    onset = {"term": "CRS", "grade": 3, "onset": "2026-03-10"}
    bench.correct(dlt.outcomes[0].seq, toxicities=[onset])
    assert "What the DLT of" not in said(bench)
    assert "A DLT needs its term" in bench.refused(
        correct_entry, SITE, entry=dlt.outcomes[0].seq, changes={"toxicities": []}, reason="x"
    )


# ---------------------------------------------------------------- the entries


def test_an_entry_that_states_everything_is_written_in_the_first_version():
    whole = OutcomeRecorded(on=day(1), subject="P-01", outcome=Outcome.NO_DLT)
    assert version_of(whole) == 1
    assert "undated" not in dump_event(whole)
    known_by = replace(whole, undated=True)
    assert version_of(known_by) == 2
    assert dump_event(known_by)["undated"] is True


@pytest.mark.parametrize("number", range(3))
def test_what_an_import_records_is_read_back_the_same(number):
    kinds = (HistoryImported, SubjectEnrolled, OutcomeRecorded)
    bench = imported(
        "subject,level,dosed_on,dlt,Initials\nP-01,1,12.01.2026,no,JS\n",
        date_format="%d.%m.%Y",
        extra="ignore",
    )
    event = next(e.event for e in bench.entries if isinstance(e.event, kinds[number]))
    assert version_of(event) == 2
    data = dump_event(event)
    assert load_event(event.kind, 2, json.dumps(data)) == event
    assert replay_events(bench.entries).subjects.keys() == bench.state.subjects.keys()


def test_columns_left_out_and_the_options_are_in_the_entry_and_no_cell_of_them():
    bench = imported(
        "subject,level,dosed_on,dlt,Initials\nP-01,1,12.01.2026,no,J.S.\n",
        date_format="%d.%m.%Y",
        extra="ignore",
    )
    event = next(e.event for e in bench.entries if isinstance(e.event, HistoryImported))
    assert event.left_out == ("Initials",)
    assert event.read_with == "--date-format %d.%m.%Y --extra ignore"
    assert "J.S." not in repr(bench.entries)


# ---------------------------------------------------------------- purposes, labels, round trips


LADDER = ("0.5", 1, "1a", "+2", "DL-1")


def ladder(*labels: object) -> Protocol:
    plain = Protocol.plain(len(labels))
    levels = tuple(replace(plain.levels[0], label=label) for label in labels)
    return replace(plain, levels=levels)


@pytest.mark.parametrize("label", LADDER)
def test_a_level_that_is_a_word_is_read_and_written_back(label):
    bench = Bench.started(ladder(*LADDER))
    imported(f"subject,level,dosed_on,dlt\nP-01,{label},2026-01-12,no\n", bench)
    assert bench.state.subjects["P-01"].level == label
    text = patients_csv(bench.state)
    again = imported(text, Bench.started(ladder(*LADDER)))
    assert again.state.subjects["P-01"].level == label
    assert patients_csv(again.state) == text
    cell = next(csv.DictReader(io.StringIO(text)))["level"]
    assert cell[:1] not in "=+@-"


@pytest.mark.parametrize(("label", "cell"), [(-1, "-1"), ("-1a", "'-1a"), ("+1", "'+1"), (1, "1")])
def test_a_label_that_a_spreadsheet_program_would_calculate_is_guarded(label, cell):
    bench = Bench.started(ladder(label, 5))
    imported(f"subject,level,dosed_on,dlt\nP-01,{label},2026-01-12,no\n", bench)
    assert f"\nP-01,1,{cell},escalation," in patients_csv(bench.state)


def test_a_level_with_decimals_is_a_whole_number_unless_the_ladder_has_it():
    text = "subject,level,dosed_on,dlt\nP-01,1.0,2026-01-12,no\n"
    assert imported(text).state.subjects["P-01"].level == 1
    bench = imported(text, Bench.started(ladder("0.5", "1.0", "1.5")))
    assert bench.state.subjects["P-01"].level == "1.0"


def test_a_level_that_differs_in_capitals_is_none_of_the_ladder():
    text = "subject,level,dosed_on,dlt\nP-01,1A,2026-01-12,no\n"
    assert faults(text, Bench.started(ladder(1, "1a"))) == ["row 2: level 1A is none of 1, 1a"]


MIXED = """\
subject,level,purpose,dosed_on,dlt
E-01,1,,2025-06-01,no
E-02,1,escalation,2025-06-16,no
E-03,1,,2025-06-20,no
E-04,2,,2025-08-01,no
B-01,1,backfill,2025-08-02,no
E-05,2,,2025-08-16,no
B-02,1,Backfill,2025-08-20,yes
E-06,2,,2025-08-22,
"""


def test_patients_of_other_purposes_are_cohorts_of_their_own():
    bench = imported(MIXED)
    assert [(c.level, c.purpose, c.subjects) for c in bench.state.cohorts] == [
        (1, Purpose.ESCALATION, ("E-01", "E-02", "E-03")),
        (2, Purpose.ESCALATION, ("E-04", "E-05", "E-06")),
        (1, Purpose.BACKFILL, ("B-01", "B-02")),
    ]
    assert bench.state.open_cohort is bench.state.cohorts[1]
    assert bench.state.oddities == []
    assert inspect_entries(bench.entries, datetime(2027, 1, 1, tzinfo=UTC)) == []
    assert not [r for r in departures(bench.state) if "would not have produced" in r.text]
    text = patients_csv(bench.state)
    again = imported(text, Bench.started())
    assert patients_csv(again.state) == text
    assert again.state.cohorts == bench.state.cohorts


def test_one_cohort_is_of_one_purpose():
    text = (
        "subject,level,cohort,purpose,dosed_on\nP-1,1,1,,2026-01-01\nP-2,1,1,backfill,2026-01-20\n"
    )
    assert faults(text) == ["row 3: cohort 1 is of the escalation above"]
    assert faults(MIXED.replace("Backfill", "more")) == [
        'row 8, purpose: "more" is none of escalation, backfill, expansion'
    ]


def with_backfill_open() -> Bench:
    """Return a trial in which level 2 is open, and level 1 for backfill."""
    bench = Bench.started(replace(NCT, backfill=Backfill(per_cohort=3, max_per_level=6)))
    bench.open_cohort(0)
    last = bench.cohort_without_dlt("S1 S2 S3", 0)
    bench.open_cohort(last)
    choice = Choice(action="enrol", level=1, n_to_enrol=2, purpose=Purpose.BACKFILL)
    bench.open_cohort(last, choice=choice)
    return bench


def test_a_row_of_a_running_trial_joins_the_open_cohort_of_its_purpose():
    bench = with_backfill_open()
    heading = "subject,level,purpose,weight_kg,dosed_on,infused\n"
    rows = "B-01,1,backfill,60,2026-02-20,1.8e8\nE-01,2,,60,2026-02-20,3.6e8\n"
    imported(heading + rows, bench)
    assert [
        (bench.state.subjects[s].cohort, bench.state.subjects[s].purpose) for s in ("B-01", "E-01")
    ] == [(3, Purpose.BACKFILL), (2, Purpose.ESCALATION)]
    for wrong, said in (
        ("X-01,2,backfill,60,,", "row 2: no cohort of backfill is open at level 2"),
        ("X-01,,expansion,60,,", "row 2: no cohort of expansion is open"),
        ("B-01,1,escalation,60,,", "row 2: purpose is escalation here and backfill in entry"),
    ):
        assert faults(f"{heading}{wrong}\n", bench)[0].startswith(said)


def test_an_import_into_a_trial_that_goes_on_needs_the_day_of_an_outcome():
    bench = Bench.started()
    bench.open_cohort(0)
    text = "subject,level,weight_kg,dosed_on,infused,dlt\nP-01,1,60,2026-01-12,1.8e8,no\n"
    assert faults(text, bench) == ["row 2: outcome_on is missing: an outcome has a day"]
    assert "The infused amount is needed" in faults(text.replace("1.8e8", ""), bench)[0]


def test_a_history_imported_again_says_nothing_new():
    bench = imported(MINIMAL)
    assert faults(MINIMAL.decode(), bench) == ["every row says what is recorded already"]


def test_a_protocol_is_asked_for_its_own_ladder():
    bench = Bench.started(load_protocol("nct07123519"))
    assert bench.protocol.labels == NCT.labels
    found = faults(MINIMAL.decode().replace(",2,", ",7,"), bench)
    assert found == ["row 5: level 7 is none of -1, 1, 2, 3"]


# ---------------------------------------------------------------- any history, there and back


def drawn(draw: random.Random) -> str:
    """Return a history at random in which any column but three may be missing, and any cell."""
    optional = ["weight_kg", "infused", "lot", "enrolled_on", "outcome", "outcome_on", "reason"]
    names = ["subject", "level", "dosed_on", *draw.sample(optional, draw.randint(0, 7)), "purpose"]
    lines = [names]
    for number in range(draw.randint(1, 12)):
        dosed = day(3 * number)
        cells = {
            "subject": f"P-{number}",
            "level": str(draw.choice([-1, 1, 2, 3])),
            "dosed_on": str(dosed),
            "weight_kg": draw.choice(["", "60", "61.5"]),
            "infused": draw.choice(["", "1.8e8", "3.6e6"]),
            "lot": draw.choice(["", "=A1", "L 1"]),
            "enrolled_on": draw.choice(["", str(dosed)]),
            "outcome": draw.choice(["", "N", "T", "not evaluable"]),
            "outcome_on": draw.choice(["", str(day(3 * number + 40))]),
            "reason": draw.choice(["", "-moved"]),
            "purpose": draw.choice(["", "", "backfill", "expansion"]),
        }
        if not cells["outcome"]:
            cells["outcome_on"] = ""
        lines.append([cells[name] for name in names])
    written = io.StringIO()
    csv.writer(written, delimiter=draw.choice(",;\t")).writerows(lines)
    return written.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_any_history_is_exported_and_imported_as_the_same_trial(seed):
    text = drawn(random.Random(seed))  # noqa: S311
    bench = imported(text)
    assert bench.state.oddities == []
    assert inspect_entries(bench.entries, datetime(2027, 1, 1, tzinfo=UTC)) == []
    export = patients_csv(bench.state)
    again = imported(export)
    assert patients_csv(again.state) == export
    assert again.state.cohorts == bench.state.cohorts
    assert again.state.tallies() == bench.state.tallies()
    assert [r.text for r in warnings(again.state, day(NOW))] == [
        r.text for r in warnings(bench.state, day(NOW))
    ]
    for recorded in bench.entries:
        event = recorded.event
        data = json.dumps(dump_event(event))
        assert load_event(event.kind, version_of(event), data) == event
