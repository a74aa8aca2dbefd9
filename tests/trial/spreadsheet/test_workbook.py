"""A sheet of a workbook read as a list of patients: values only, and what is none is named."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest

from escalation.outcomes import Outcome
from escalation.trial.spreadsheet import rows, workbook
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.reading import Reading
from escalation.trial.spreadsheet.rows import read_patients

ROWS = [
    ["subject", "level", "dosed_on", "weight_kg", "dlt", "onset", "term", "grade"],
    ["P-01", 1, date(2026, 1, 12), 61.5, "no", None, None, None],
    [17, 2, datetime.fromisoformat("2026-01-26"), 70, True, date(2026, 1, 28), "CRS", 3],
]


def saved(book: Any) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def book_of(rows: Sequence[Sequence[object]], change: Callable[[Any], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change is not None:
        change(book)
    return saved(book)


def changed_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook in which one part is changed, or is new."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", 8) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, change(old.read(name) if name in old.namelist() else b""))
    return made.getvalue()


def faults(content: bytes, **reading: Any) -> list[str]:
    with pytest.raises(SpreadsheetError) as caught:
        read_patients(content, "x.xlsx", Reading(**reading))
    return list(caught.value.faults)


def test_days_and_numbers_are_read_as_the_workbook_knows_them():
    first, second = read_patients(book_of(ROWS), "x.xlsx")
    assert (first.subject, first.level, first.dosed_on) == ("P-01", 1, date(2026, 1, 12))
    assert (first.weight_kg, first.outcome) == (61.5, Outcome.NO_DLT)
    assert (second.subject, second.level, second.weight_kg) == ("17", 2, 70.0)
    assert second.outcome is Outcome.DLT
    assert [(t.term, t.grade, t.onset) for t in second.toxicities] == [
        ("CRS", 3, date(2026, 1, 28))
    ]


def test_text_in_a_workbook_is_read_as_in_csv():
    rows = [["Patient", "level", "dosed_on", "weight_kg"], ["P-01", "-1", "31.01.2026", "61,5"]]
    reading = Reading(date_format="%d.%m.%Y", decimal=",", mapped=(("Patient", "subject"),))
    (row,) = read_patients(book_of(rows), "x.xlsx", reading)
    assert (row.level, row.dosed_on, row.weight_kg) == (-1, date(2026, 1, 31), 61.5)


def test_the_onset_of_a_toxicity_is_a_day_in_any_format():
    rows = [["subject", "level", "term", "grade", "onset"], ["P-01", 1, "CRS", 3, date(2026, 1, 5)]]
    (row,) = read_patients(book_of(rows), "x.xlsx", Reading(date_format="%d.%m.%Y"))
    assert row.toxicities[0].onset == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (4, "=60+1.5", "row 2, weight_kg: cell D2 holds a formula; put its value in its place"),
        (3, "=TODAY()", "row 2, dosed_on: cell C2 holds a formula"),
        (1, '="P-01"', "row 2, subject: cell A2 holds a formula"),
        (4, "#N/A", "row 2, weight_kg: cell D2 holds the error #N/A"),
        (3, datetime.fromisoformat("2026-01-12 14:30"), "cell C2 is 2026-01-12 14:30:00, with a"),
        (4, time(14, 30), "cell D2 is 14:30:00, neither text, number nor day"),
        (4, date(2026, 1, 12), "row 2, weight_kg: is the day 2026-01-12 to the spreadsheet"),
        (2, date(2026, 1, 2), "row 2, level: is the day 2026-01-02 to the spreadsheet program"),
        (3, 46034, 'row 2, dosed_on: "46034" is not a day'),
        (3, "31.02.2026", 'row 2, dosed_on: "31.02.2026" is not a day'),
    ],
)
def test_what_is_no_value_of_its_column_is_named_with_its_cell(column, value, said):
    def change(book: Any) -> None:
        cell = book.active.cell(row=2, column=column)
        cell.value = value
        if isinstance(value, int):
            cell.number_format = "General"

    found = faults(book_of(ROWS, change))
    assert [fault for fault in found if said in fault], found
    assert len(found) == 1


def test_text_that_begins_like_a_formula_is_none():
    rows = [["subject", "level", "lot"], ["P-01", 1, "x"]]

    def change(book: Any) -> None:
        cell = book.active.cell(row=2, column=3)
        cell.value, cell.data_type = "=A1", "s"

    (row,) = read_patients(book_of(rows, change), "x.xlsx")
    assert row.lot == "=A1"


def test_a_formula_in_a_column_that_is_left_out_does_not_matter():
    rows = [["subject", "level", "age"], ["P-01", 1, "=2026-1960"]]
    assert len(read_patients(book_of(rows), "x.xlsx", Reading(extra="ignore"))) == 1


def test_merged_cells_are_named():
    def merge(book: Any) -> None:
        book.active.merge_cells("B2:B3")

    assert (
        faults(book_of(ROWS, merge))
        == [
            "cells B2:B3 are merged; each cell needs a value of its own",
            "row 3: level is missing",
        ][:1]
    )


# ---------------------------------------------------------------- which sheet


def two_sheets(second: Sequence[Sequence[object]]) -> bytes:
    def change(book: Any) -> None:
        book.active.title = "Read me"
        sheet = book.create_sheet("Patients")
        for row in second:
            sheet.append(row)

    return book_of([["This workbook lists the patients."]], change)


def test_the_sheet_with_our_heading_is_found_or_named():
    assert len(read_patients(two_sheets(ROWS), "x.xlsx")) == 2
    assert len(read_patients(two_sheets(ROWS), "x.xlsx", Reading(sheet="Patients"))) == 2
    assert faults(two_sheets([["a", "b"], [1, 2]])) == [
        "no sheet has a heading with subject and level: Read me, Patients"
    ]
    assert faults(two_sheets(ROWS), sheet="Patient") == [
        "no sheet is called Patient; did you mean Patients? Known: Read me, Patients"
    ]


def test_of_several_sheets_with_our_heading_none_is_guessed():
    def change(book: Any) -> None:
        other = book.create_sheet("Old")
        for row in ROWS:
            other.append(row)

    content = book_of(ROWS, change)
    assert faults(content) == [
        "sheets Sheet, Old each have a heading with subject and level; choose with --sheet"
    ]
    assert len(read_patients(content, "x.xlsx", Reading(sheet="Old"))) == 2


def test_a_hidden_sheet_is_read_only_if_it_is_named():
    def change(book: Any) -> None:
        book.create_sheet("Old").sheet_state = "hidden"
        for row in ROWS:
            book["Old"].append(row)

    content = book_of(ROWS, change)
    assert len(read_patients(content, "x.xlsx")) == 2
    assert len(read_patients(content, "x.xlsx", Reading(sheet="Old"))) == 2


def test_a_heading_may_stand_below_empty_rows_and_rows_keep_their_numbers():
    rows = [[], [], ["subject", "level"], [], ["P-01", 1], ["P-01", 1]]
    assert faults(book_of(rows)) == ["row 6: P-01 is in row 5 too"]


def test_csv_has_no_sheets():
    assert faults(b"subject,level\nP-01,1\n", sheet="A") == [
        "CSV has no sheets: --sheet is for an .xlsx"
    ]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("xl/vbaProject.bin", lambda _: b"\xd0\xcf\x11\xe0"),
        ("xl/VBAPROJECT.BIN", lambda _: b""),
        ("xl/macrosheets/sheet1.xml", lambda _: b"<a/>"),
        (
            "[Content_Types].xml",
            lambda types: types.replace(
                b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
            ),
        ),
    ],
)
def test_macros_are_refused(name, change):
    content = changed_part(book_of(ROWS), name, change)
    assert faults(content) == ["holds macros, which are not read; save it as .xlsx, or as CSV"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "is an .xls of an older Excel, or has a password"),
        (b"PK\x03\x04" + b"\0" * 100, "cannot be read as .xlsx"),
        (book_of(ROWS)[:2000], "cannot be read as .xlsx"),
    ],
)
def test_what_is_no_xlsx_is_refused_in_one_line(content, said):
    (fault,) = faults(content)
    assert said in fault


def test_another_programs_zip_is_refused():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert faults(made.getvalue()) == [
        "is a ZIP file of something else than an .xlsx; save it as .xlsx, or as CSV"
    ]


def test_entities_are_refused():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    content = changed_part(book_of(ROWS), "xl/worksheets/sheet1.xml", lambda xml: bomb + xml)
    assert faults(content) == ["xl/worksheets/sheet1.xml in it declares a document type"]


def test_a_document_type_without_entities_is_refused_as_well():
    content = changed_part(
        book_of(ROWS), "xl/worksheets/sheet1.xml", lambda xml: b"<!DOCTYPE x>" + xml
    )
    assert faults(content) == ["xl/worksheets/sheet1.xml in it declares a document type"]


def test_one_row_too_many_is_said_and_not_left_out(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_ROWS", 3)
    monkeypatch.setattr(rows, "MAX_ROWS", 3)
    patients = [[f"P-0{n}", 1, date(2026, 1, 12), 61.5, "no", None, None, None] for n in range(5)]
    assert len(read_patients(book_of([ROWS[0], *patients[:3]]), "x.xlsx")) == 3
    for n in (4, 5):
        assert faults(book_of([ROWS[0], *patients[:n]])) == [
            "more than 3 rows: not a list of patients"
        ]


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_UNPACKED", 100_000)
    content = changed_part(book_of(ROWS), "xl/media/a.xml", lambda _: b" " * 200_000)
    assert faults(content) == ["unpacks to more than 100000 bytes: not a list of patients"]


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_what_is_damaged_is_said_in_lines_of_ours(part):
    said: tuple[str, ...] = ()
    for change in (lambda xml: xml[: len(xml) // 2], lambda _: b"", lambda _: b"<a/>"):
        content = changed_part(book_of(ROWS), part, change)
        try:
            rows = read_patients(content, "x.xlsx")
        except SpreadsheetError as error:
            said += error.faults
            continue
        assert len(rows) == 2
    assert said
    assert not any("\n" in one for one in said)


def test_without_openpyxl_it_is_said_what_to_install(monkeypatch):
    def missing(name: str, package: str | None = None) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(workbook, "import_module", missing)
    with pytest.raises(workbook.ExcelExtraError, match=r"pip install 'escalation\[excel\]'"):
        read_patients(book_of(ROWS), "x.xlsx")


# ---------------------------------------------------------------- a million empty rows


@pytest.mark.parametrize(
    "empty",
    [
        b'<row r="%d" ht="15"/>',
        b'<row r="%d" spans="1:3"></row>',
        b'<row r="%d"><c r="A1" s="1"/><c r="B1" s="1" /></row>',
    ],
)
@pytest.mark.parametrize("n", [10, pytest.param(10**6, marks=pytest.mark.slow)])
def test_empty_rows_are_nothing(empty, n):
    rows = b"".join(empty % k for k in range(4, n))
    last = b'<row r="%d"><c r="A%d"><v>17</v></c></row>' % (n + 1, n + 1)

    def padded(xml: bytes) -> bytes:
        return xml.replace(b"</sheetData>", rows + last + b"</sheetData>")

    content = changed_part(book_of(ROWS), "xl/worksheets/sheet1.xml", padded)
    assert faults(content) == [f"row {n + 1}: 17 is in row 3 too"]


def test_a_dimension_that_is_wrong_does_not_matter():
    def wrong(xml: bytes) -> bytes:
        return re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', xml)

    content = changed_part(book_of(ROWS), "xl/worksheets/sheet1.xml", wrong)
    assert len(read_patients(content, "x.xlsx")) == 2


def test_a_row_of_too_many_columns_is_refused():
    def wide(book: Any) -> None:
        book.active.cell(row=2, column=16384).value = 1

    (fault,) = faults(book_of(ROWS, wide))
    assert fault == "row 2: more than 1000 columns: not a list of patients"
