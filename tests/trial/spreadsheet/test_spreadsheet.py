"""Patients from a spreadsheet: all or nothing, every fault with its row."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from escalation.outcomes import format_outcomes
from escalation.protocol import load_protocol
from escalation.trial import (
    Recorder,
    TrialState,
    close_trial,
    correct_entry,
    departures,
    dose_subject,
    enrol_subject,
    evolve,
)
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import SubjectEnrolled
from escalation.trial.spreadsheet import rows
from escalation.trial.spreadsheet.columns import COLUMNS, SpreadsheetError
from escalation.trial.spreadsheet.importing import import_patients
from escalation.trial.spreadsheet.rows import read_patients
from escalation.trial.spreadsheet.writing import patients_csv
from escalation.trial.state import Cohort
from tests.trial.bench import AUDITOR, CHAIR, SITE, Bench, day, recorded

HISTORY = """\
subject,level,weight_kg,dosed_on,infused,lot,outcome,outcome_on,term,grade,onset,relation,reason
S1,1,60,2026-01-05,1.8e8,A1,no DLT,2026-02-02,,,,,
S2,1,70,2026-01-19,2.1e8,A2,not evaluable,2026-01-22,fever,2,2026-01-20,possible,moved away
S3,1,55.5,2026-01-22,1.67e8,A3,N,2026-02-19,,,,,
S4,1,80,2026-01-25,2.4e8,A4,no DLT,2026-02-22,,,,,
S5,2,62,2026-03-02,3.7e8,A5,DLT,2026-03-06,CRS,3,2026-03-05,probable,
S6,2,71,2026-03-16,4.3e8,A6,,,,,,,
"""


def imported(text: str | bytes, bench: Bench | None = None, on: int = 100) -> Bench:
    bench = Bench.started() if bench is None else bench
    content = text if isinstance(text, bytes) else text.encode()
    bench.do(import_patients(content, "patients.csv"), SITE, on)
    return bench


def faults(text: str | bytes, bench: Bench | None = None, on: int = 100) -> list[str]:
    with pytest.raises(SpreadsheetError) as caught:
        imported(text, bench, on)
    return list(caught.value.faults)


def with_cell(column: str, value: str, row: int = 2) -> str:
    table = list(csv.reader(io.StringIO(HISTORY)))
    table[row - 1][table[0].index(column)] = value
    written = io.StringIO()
    csv.writer(written).writerows(table)
    return written.getvalue()


def test_a_history_becomes_cohorts_and_is_said_to_lack_its_decisions():
    bench = imported(HISTORY)
    assert format_outcomes(bench.state.written_cohorts()) == "1NXNN 2T?"
    assert [(c.level, c.n_opened) for c in bench.state.cohorts] == [(1, 3), (2, 3)]
    assert bench.state.oddities == []
    said = [remark.text for remark in departures(bench.state)]
    assert said == [
        "Cohorts 1, 2 came from a spreadsheet: how it was decided to open them is not in this "
        "ledger."
    ]
    assert [t.term for t in bench.state.subjects["S2"].toxicities] == ["fever"]


def test_a_history_that_the_rule_would_not_have_produced_says_so():
    table = HISTORY.replace("no DLT,2026-02-02,,,,,", "DLT,2026-01-10,CRS,4,2026-01-09,,")
    said = [remark.text for remark in departures(imported(table).state)]
    assert "cohort 2 (2T?) is at level 2 where the design says level 1" in said[1]


def test_after_a_history_the_cohort_goes_on_and_the_next_needs_a_decision():
    bench = imported(HISTORY)
    bench.enrol("S7", 100)  # the third place of cohort 2
    assert bench.state.subjects["S7"].level == 2
    bench.dose("S7", 100)
    said = bench.refused(enrol_subject, SITE, subject="S8", weight_kg=60.0)
    assert "Every place of cohort 2 is taken" in said
    assert format_outcomes(bench.state.written_cohorts()) == "1NXNN 2T??"


def test_a_history_that_is_complete_leaves_no_place():
    bench = imported("\n".join(HISTORY.splitlines()[:5]))
    said = bench.refused(enrol_subject, SITE, subject="S7", weight_kg=60.0)
    assert "Every place of cohort 1 is taken: the committee has to decide" in said


def test_patients_imported_as_history_keep_the_stagger_of_who_comes_after():
    rows = HISTORY.splitlines()
    one = rows[0] + "\nS1,1,60,2026-04-10,1.8e8,A1,,,,,,,\n"
    bench = imported(one)  # on day 100, 2026-04-15
    bench.enrol("S2", 100)
    said = bench.refused(dose_subject, SITE, 100, subject="S2", infused=1.8e8)
    assert "Not before 2026-04-24: the first patient of a cohort is alone for 14 days" in said


def test_a_closed_trial_takes_no_history():
    bench = Bench.started()
    bench.do(close_trial, CHAIR, reason="over")
    assert "the trial was closed by entry 7" in faults(HISTORY, bench)[0]


def test_cohorts_can_be_numbered():
    table = list(csv.reader(io.StringIO(HISTORY)))
    for line, number in zip(table, ["cohort", "1", "1", "2", "2", "3", "3"], strict=True):
        line.append(number)
    text = "\n".join(",".join(line) for line in table)
    assert format_outcomes(imported(text).state.written_cohorts()) == "1NX 1NN 2T?"
    for wrong, fault in (
        ("moved away,3", "cohort 3 is at level 1 above"),
        ("moved away,0", "does not follow: number from 1"),
        ("moved away,", "cohort is missing; number every row's, or none"),
    ):
        assert fault in "".join(faults(text.replace("moved away,1", wrong)))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_separators_a_byte_order_mark_and_order_of_columns_do_not_matter(delimiter):
    table = [list(reversed(line)) for line in csv.reader(io.StringIO(HISTORY))]
    text = "\r\n".join(delimiter.join(line) for line in table)
    bench = imported(b"\xef\xbb\xbf" + text.encode())
    assert format_outcomes(bench.state.written_cohorts()) == "1NXNN 2T?"


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("subject", "John Smith", "row 2: John Smith cannot be enrolled: The id of a subject is"),
        ("subject", "", "row 2, subject: is missing"),
        ("subject", "S3", "row 4: S3 is in row 2 too"),
        ("level", "7", "row 2: level 7 is none of -1, 1, 2, 3"),
        ("level", "one", "row 2: level one is none of -1, 1, 2, 3"),
        ("level", "eins!", 'row 2, level: "eins!" is not a label'),
        ("level", "", "row 2: level is missing"),
        ("weight_kg", "60,5", 'row 2, weight_kg: "60,5" is not a number such as 61.5'),
        ("weight_kg", "600", "row 2: S1 cannot be enrolled: A weight is in kg, from 1 to 500"),
        ("weight_kg", "1_0", 'row 2, weight_kg: "1_0" is not a number'),
        ("weight_kg", "nan", 'row 2, weight_kg: "nan" is not a number'),
        (
            "dosed_on",
            "05.01.2026",
            'row 2, dosed_on: "05.01.2026" is not a day; write it as 2026-01-31',
        ),
        ("dosed_on", "", "row 2: dosed_on is missing: a history is of patients who were dosed"),
        ("dosed_on", "2031-01-01", "2031-01-01 is still to come"),
        ("outcome", "fine", 'row 2, outcome: "fine" is none of pending, dlt, no dlt'),
        ("outcome_on", "2026-01-20", 'closes on 2026-02-02: "no DLT" cannot be said before'),
        ("infused", "0", "The infused amount must be from 1E-9"),
        ("term", "CRS", "row 2, term: a toxicity needs term, grade and onset"),
    ],
)
def test_a_fault_is_named_with_its_row(column, value, fault):
    found = faults(with_cell(column, value))
    assert any(fault in problem for problem in found), found


def test_all_faults_are_reported_together_and_nothing_is_recorded():
    bench = Bench.started()
    before = bench.state
    text = with_cell("weight_kg", "600").replace("2026-02-19", "2026-02-01")
    found = faults(text, bench)
    assert [problem[:5] for problem in found] == ["row 2", "row 4"]
    assert bench.state is before


def test_a_cell_that_cannot_be_read_hides_no_fault_of_another_row():
    text = with_cell("dosed_on", "5.1.").replace("2026-02-19", "2026-02-01").replace(",71,", ",0,")
    assert [problem[:5] for problem in faults(text)] == ["row 2", "row 4", "row 7"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty: a heading, then a row for each patient, are needed"),
        ("subject,level\n", "no patient below the heading"),
        ("subject,level,weigth\nS1,1,3\n", "no column is called weigth; did you mean weight_kg?"),
        ("subject,level,level\nS1,1,1\n", "row 1: the column level is there twice"),
        ("subject,level\nS1,1,2,3\n", "row 2: has more cells than the heading"),
        ('subject,level\n"S1,1\n', "not CSV"),
        (b"subject,level\nS\xff1,1\n", "row 2: not UTF-8"),
        ("subject,level\n" + "S1,1\n" * 20_001, "more than 20000 rows"),
        ("x" * 10_000_001, "larger than 10000000 bytes"),
        ("subject,level\n\x00,1\n", "row 2"),
        ("<html><table><tr><td>subject</td></tr></table></html>", "is a page of HTML or XML"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_list_of_patients_is_refused(text, fault):
    assert any(fault in problem for problem in faults(text))


def test_into_a_running_trial_rows_pass_the_gates():
    bench = Bench.started()
    bench.open_cohort(0)
    rows = [line for line in HISTORY.splitlines() if line[:2] in ("su", "S1", "S2", "S3")]
    imported("\n".join(rows), bench)
    assert format_outcomes(bench.state.written_cohorts()) == "1NXN"
    heading = HISTORY.splitlines()[0]
    more = f"{heading}\nS8,1,60,2026-04-15,1.8e8,,,,,,,,\nS9,1,60,,,,,,,,,,\n"
    (found,) = faults(more, bench)
    assert (
        "row 3: S9 cannot be enrolled: Cohort 1 has no free place: S8 will fill the last" in found
    )


def test_a_row_against_a_gate_is_a_fault():
    bench = Bench.started()
    bench.open_cohort(0)
    rows = HISTORY.splitlines()[:3]
    found = faults("\n".join(rows).replace("2026-01-19", "2026-01-09"), bench)
    assert any("the first patient of a cohort is alone for 14 days" in f for f in found)


def test_importing_again_records_only_what_is_new_and_names_what_differs():
    bench = imported(HISTORY)
    n = bench.state.seq
    assert faults(HISTORY, bench) == ["every row says what is recorded already"]
    more = HISTORY.replace("4.3e8,A6,,", "4.3e8,A6,no DLT,2026-04-13")
    imported(more, bench)
    assert bench.state.seq == n + 1
    assert faults(more.replace("S3,1,55.5", "S3,1,56"), bench) == [
        "row 4: weight_kg is 56.0 here and 55.5 in entry "
        f"{bench.state.subjects['S3'].enrolments[0].seq}; if that is wrong, correct the entry"
    ]


def demo_state() -> TrialState:
    state = TrialState()
    for command, recorder in STAR_T.steps(load_protocol(STAR_T.protocol)):
        for event in command(state, recorder):
            state = evolve(state, recorded(state, event, recorder.name, recorder.at))
    return state


def test_what_was_exported_is_read_back_the_same():
    state = demo_state()
    text = patients_csv(state)
    bench = Bench.started()
    bench.do(import_patients(text.encode(), "export.csv"), SITE, 200)
    assert patients_csv(bench.state) == text
    assert bench.state.tallies() == state.tallies()
    assert bench.state.written_cohorts() == state.written_cohorts()


def test_a_cell_that_a_spreadsheet_program_would_calculate_is_guarded_and_read_back():
    bench = Bench.started()
    bench.open_cohort()
    bench.enrol("S1")
    bench.dose("S1", lot="=HYPERLINK(1)")
    bench.lost("S1", reason='-moved, "away"')
    text = patients_csv(bench.state)
    assert "'=HYPERLINK(1)" in text
    assert '"\'-moved, ""away"""' in text
    (row,) = read_patients(text.encode(), "x")
    assert (row.lot, row.reason, row.level) == ("=HYPERLINK(1)", '-moved, "away"', 1)
    assert text.splitlines()[0] == ",".join(COLUMNS)


def test_only_a_site_imports():
    bench = Bench.started()
    command = import_patients(HISTORY.encode(), "x.csv")
    with pytest.raises(SpreadsheetError, match="to record patients takes site"):
        command(
            bench.state, Recorder(name=AUDITOR, on=day(100), at=datetime(2026, 6, 1, tzinfo=UTC))
        )


# ---------------------------------------------------------------- at the limits, and to the word


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ("111122", []),
        ("112233", []),
        ("122233", []),
        ("222233", ["row 2: cohort 2 does not follow: number from 1"]),
        ("111123", []),
        ("111222", ["row 6: cohort 2 is at level 1 above", "row 7: cohort 2 is at level 1 above"]),
        ("112244", ["row 6: cohort 4 does not follow: number from 1"]),
        ("11222-", ["row 7: cohort is missing; number every row's, or none"]),
        ("1-22-3", ["row 3: cohort is missing;", "row 6: cohort is missing;"]),
    ],
)
def test_numbers_of_cohorts_follow_each_other_each_at_one_level(numbers, said):
    table = list(csv.reader(io.StringIO(HISTORY)))
    for line, number in zip(table, ["cohort", *numbers], strict=True):
        line.append(number.replace("-", ""))
    text = "\n".join(",".join(line) for line in table)
    if not said:
        cohorts = imported(text).state.cohorts
        assert [len(cohort.subjects) for cohort in cohorts] == [
            numbers.count(n) for n in sorted(set(numbers))
        ]
        return
    found = faults(text)
    for words in said:
        assert any(problem.startswith(words) for problem in found), found


def test_the_level_of_a_cohort_is_that_of_its_first_row():
    table = list(csv.reader(io.StringIO(HISTORY)))
    for line, number in zip(table, ["cohort", *"111122"], strict=True):
        line.append(number)
    table[6][1] = "1"
    text = "\n".join(",".join(line) for line in table)
    assert faults(text) == ["row 7: cohort 2 is at level 2 above"]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("grade", "0", '"0" is not a grade from 1 to 5'),
        ("grade", "1", None),
        ("grade", "2", None),
        ("grade", "5", "fever of S2, grade 5, possible, meets rule"),  # it is read
        ("grade", "6", '"6" is not a grade from 1 to 5'),
        ("grade", "3.5", '"3.5" is not a grade from 1 to 5'),
        ("relation", "Probable", None),
        ("relation", "perhaps", '"perhaps" is none of unrelated, unlikely, possible, probable'),
        ("grade", "2|3", '2 values for 1 terms; part them by " | "'),
        ("term", "fever | chills", '1 values for 2 terms; part them by " | "'),
        ("onset", "", "a toxicity needs term, grade and onset"),
        ("onset", "yesterday", '"yesterday" is not a day; write it as 2026-01-31'),
    ],
)
def test_a_toxicity_in_a_row_is_read_or_named(column, value, said):
    text = with_cell(column, value, row=3)
    if said is None:
        assert len(imported(text).state.subjects["S2"].toxicities) == 1
    else:
        assert any(said in problem for problem in faults(text))


def test_several_toxicities_are_parted_by_bars_with_every_column():
    text = HISTORY.replace(
        "fever,2,2026-01-20,possible", "fever | CRS,2|1,2026-01-20 | 2026-01-21,possible|"
    )
    first, second = imported(text).state.subjects["S2"].toxicities
    assert (first.term, first.grade, first.onset, first.relation) == (
        "fever", 2, day(15), "possible",
    )  # fmt: skip
    assert (second.term, second.grade, second.onset, second.relation) == ("CRS", 1, day(16), None)


def test_a_spreadsheet_is_of_so_many_rows_and_bytes_at_most(monkeypatch):
    monkeypatch.setattr(rows, "MAX_ROWS", 10)
    monkeypatch.setattr(rows, "MAX_BYTES", 1000)
    heading = "subject,level\n"
    ten = "".join(f"S{n},1\n" for n in range(10))
    assert len(read_patients((heading + ten).encode(), "x")) == 10
    with pytest.raises(SpreadsheetError, match="more than 10 rows"):
        read_patients((heading + ten + "S10,1\n").encode(), "x")
    filled = (heading + "S1,1\n").encode()
    assert len(read_patients(filled + b"\n" * (1000 - len(filled)), "x")) == 1
    with pytest.raises(SpreadsheetError, match="larger than 1000 bytes"):
        read_patients(filled + b"\n" * (1001 - len(filled)), "x")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("S1,1,60", "S1,2,60", "level is 2 here and 1 in entry"),
        ("S1,1,60", "S1,1,61", "weight_kg is 61.0 here and 60.0 in entry"),
        ("1.8e8,A1", "1.9e8,A1", "infused is 190000000.0 here and 180000000.0 in entry"),
        ("1.8e8,A1", "1.8e8,A9", "lot is A9 here and A1 in entry"),
        ("2026-01-05,1.8e8", "2026-01-06,1.8e8", "the day is 2026-01-06 here and 2026-01-05 in"),
        ("no DLT,2026-02-02", "no DLT,2026-02-03", "the day is 2026-02-03 here and 2026-02-02 in"),
        ("moved away", "moved on", "reason is moved on here and moved away in entry"),
        ("fever,2", "fever,1", "fever grade 1, onset 2026-01-20, is not as in entry"),
        ("no DLT,2026-02-02", "not evaluable,2026-02-02", "says no DLT. If that is wrong, correct"),
    ],
)
def test_a_row_that_says_otherwise_than_the_record_is_named(old, new, said):
    bench = imported(HISTORY)
    before = bench.state
    (found,) = faults(HISTORY.replace(old, new), bench)
    assert said in found
    assert bench.state is before


@pytest.mark.parametrize("old", ["60", "1.8e8", "A1", "no DLT,2026-02-02"])
def test_a_cell_left_empty_says_nothing_otherwise(old):
    bench = imported(HISTORY)
    first, *rest = HISTORY.partition("S2,")
    empty = first.replace(old, "," * old.count(","), 1)
    assert faults("".join([empty, *rest]), bench) == ["every row says what is recorded already"]


@pytest.mark.parametrize(
    ("who", "whom", "said"),
    [
        ("S4", "S2", None),
        ("S4", "S1", "S1 is nobody to replace in this cohort."),
        ("S4", "S9", "S9 is nobody to replace in this cohort."),
        ("S6", "S2", "S2 is nobody to replace in this cohort."),
    ],
)
def test_in_a_history_one_replaces_who_was_lost_in_the_same_cohort(who, whom, said):
    lines = HISTORY.splitlines()
    text = "\n".join(
        f"{line},{'replaces' if n == 0 else whom if line.startswith(who) else ''}"
        for n, line in enumerate(lines)
    )
    if said is None:
        state = imported(text).state
        assert state.subjects["S2"].replaced_by == "S4"
        assert state.subjects["S4"].enrolment.replaces == "S2"
    else:
        assert any(said in problem for problem in faults(text))


@pytest.mark.parametrize(
    ("n_rows", "places"), [(2, [(1, 3)]), (3, [(1, 3)]), (4, [(1, 3)]), (5, [(1, 3), (2, 3)])]
)
def test_the_last_cohort_of_a_history_keeps_its_free_places(n_rows, places):
    state = imported("\n".join(HISTORY.splitlines()[: n_rows + 1])).state
    assert [(cohort.level, cohort.n_opened) for cohort in state.cohorts] == places
    assert [cohort.closed_by is None for cohort in state.cohorts] == [
        cohort is state.cohorts[-1] for cohort in state.cohorts
    ]


def test_one_cohort_of_a_history_is_said_as_one():
    bench = imported("\n".join(HISTORY.splitlines()[:4]))
    (remark,) = departures(bench.state)
    assert remark.text == (
        "Cohort 1 came from a spreadsheet: how it was decided to open it is not in this ledger."
    )
    assert remark.entry == bench.state.subjects["S1"].enrolments[0].seq


def test_a_history_that_the_protocol_would_not_have_produced_is_shown_with_why():
    text = HISTORY.replace("S5,2,62", "S5,3,62").replace("S6,2,71", "S6,3,71")
    first, second = departures(imported(text).state)
    assert first.text.startswith("Cohorts 1, 2 came from a spreadsheet")
    assert second.text.startswith("The protocol would not have produced the history 1NXNN 3T?: ")
    assert first.entry == second.entry


def rows_of(*changes: tuple[str, str]) -> str:
    text = HISTORY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_row_that_cannot_be_read_hides_no_later_one():
    text = rows_of(("S2,1,", "S2,one!,"), ("S5,2,", "S5,two!,"))
    text = text.replace("S3,1", "S3,1" + "," * 30 + "x", 1)
    assert [fault.split(":")[0] for fault in faults_of_reading(text)] == [
        "row 3, level", "row 4", "row 6, level"
    ]  # fmt: skip


def faults_of_reading(text: str) -> list[str]:
    with pytest.raises(SpreadsheetError) as raised:
        read_patients(text.encode(), "x")
    return list(raised.value.faults)


def test_a_subject_that_is_there_three_times_is_named_with_the_first_row():
    found = faults_of_reading(rows_of(("S2,", "S1,"), ("S3,", "S1,")))
    assert found == ["row 3: S1 is in row 2 too", "row 4: S1 is in row 2 too"]


@pytest.mark.parametrize("length", [199, 200, 201])
def test_of_the_name_of_a_file_two_hundred_characters_are_kept(length):
    bench = Bench.started()
    bench.do(import_patients(HISTORY.encode(), "x" * length), SITE, 100)
    (source,) = (e.event.source for e in bench.entries if e.event.kind == "history-imported")
    assert source == "x" * min(length, 200)


def test_a_history_is_in_the_order_of_its_dosings_and_enrolled_on_its_own_days():
    heading, *lines = HISTORY.splitlines()
    shuffled = [f"{heading},enrolled_on", *(f"{line},2026-01-02" for line in reversed(lines))]
    state = imported("\n".join(shuffled)).state
    assert [cohort.subjects for cohort in state.cohorts] == [
        cohort.subjects for cohort in imported(HISTORY).state.cohorts
    ]
    assert {s.enrolment.on for s in state.subjects.values()} == {date(2026, 1, 2)}
    plain = imported(HISTORY).state.subjects.values()
    assert all(subject.enrolment.on == subject.dosed_on for subject in plain)


def test_cohorts_that_are_numbered_may_overlap_in_time():
    table = list(csv.reader(io.StringIO(HISTORY)))
    for line, number in zip(table, ["cohort", *"111122"], strict=True):
        line.append(number)
    table[6][table[0].index("dosed_on")] = "2026-01-20"
    state = imported("\n".join(",".join(line) for line in table)).state
    assert [cohort.subjects for cohort in state.cohorts] == [("S1", "S2", "S3", "S4"), ("S6", "S5")]


def test_into_a_running_trial_every_row_that_is_refused_is_named():
    bench = Bench.started()
    bench.open_cohort(0)
    heading = HISTORY.splitlines()[0]
    lines = [heading, "john,1,60,2026-01-05,1.8e8,,,,,,,,", "jane,1,60,2026-01-06,1.8e8,,,,,,,,",
             "S1,1,60,2026-01-07,1.8e8,,,,,,,,"]  # fmt: skip
    found = faults("\n".join(lines), bench)
    assert [fault.split(":")[0] for fault in found] == ["row 2", "row 3"]


def test_a_row_is_held_against_the_last_of_several_enrolments():
    bench = Bench.started()
    bench.open_cohort(0)
    bench.enrol("S1", 0)
    again = replace(bench.state.subjects["S1"].enrolment, on=day(1))
    for _ in range(2):
        bench.state = evolve(bench.state, recorded(bench.state, again, SITE))
    last = bench.state.seq
    (found,) = faults(f"{HISTORY.splitlines()[0]}\nS1,1,61,,,,,,,,,,", bench)
    assert f"weight_kg is 61.0 here and 60.0 in entry {last};" in found


def test_who_is_moved_to_another_level_by_a_correction_is_seen_in_the_cohort():
    bench = imported(HISTORY)
    entry = bench.state.subjects["S4"].enrolments[0].seq
    bench.correct(entry, level=2)
    found = [remark for remark in departures(bench.state) if remark.text.startswith("S4")]
    assert [(remark.entry, remark.text) for remark in found] == [
        (entry, "S4 is at level 2, in cohort 1 at level 1.")
    ]


def test_a_level_is_corrected_in_a_cohort_of_the_history_and_in_no_later_one():
    bench = imported(HISTORY)
    bench.state.cohorts.append(Cohort(number=3, level=1, n_opened=3, decision=1))
    enrolled = SubjectEnrolled(on=day(100), subject="S9", cohort=3, level=1, weight_kg=60.0)
    bench.state = evolve(bench.state, recorded(bench.state, enrolled, SITE))
    for subject, refused in (("S1", False), ("S5", False), ("S9", True)):
        entry = bench.state.subjects[subject].enrolments[0].seq
        said = bench.refused(correct_entry, AUDITOR, entry=entry, changes={"level": 3}, reason="x")
        assert ("which the committee opened" in said) == refused, subject


def test_a_row_that_another_row_stands_in_the_way_of_names_the_entry_it_would_be():
    bench = Bench.started()
    bench.open_cohort(0)
    lines = [HISTORY.splitlines()[0],
             "S1,1,60,2026-01-05,1.8e8,,DLT,2026-01-09,sepsis,5,2026-01-09,probable,",
             "S2,1,60,2026-01-20,1.8e8,,,,,,,,"]  # fmt: skip
    (found,) = faults("\n".join(lines), bench)
    outcome = bench.state.seq + 3  # after the enrolment and the dosing
    assert f"Enrolment is paused since entry {outcome}: S1 died." in found


def test_an_outcome_is_written_in_words_and_not_as_a_letter():
    rows = csv.DictReader(io.StringIO(patients_csv(imported(HISTORY).state)))
    assert [row["outcome"] for row in rows] == [
        "no dlt", "not evaluable", "no dlt", "no dlt", "dlt", ""
    ]  # fmt: skip


def test_rows_are_held_against_the_outcome_that_was_recorded_last():
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1", 0)
    bench.no_dlt("S1", 28)
    bench.dlt("S1", 29, onset=20)
    again = patients_csv(bench.state).encode()
    with pytest.raises(SpreadsheetError, match="every row says what is recorded already"):
        bench.do(import_patients(again, "x.csv"), SITE, 30)
