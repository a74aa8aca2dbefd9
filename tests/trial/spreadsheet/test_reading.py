"""What other programs write, read: dialects of CSV, days, numbers, names of columns and words."""

from __future__ import annotations

import codecs
import random
import re
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from escalation.errors import InputError
from escalation.outcomes import Outcome
from escalation.trial.spreadsheet.columns import READ, SpreadsheetError
from escalation.trial.spreadsheet.reading import Reading, read_map
from escalation.trial.spreadsheet.rows import read_patients, read_rows

PLAIN = "subject,level,dosed_on,dlt\nP-01,1,2026-01-12,no\nP-02,2,2026-01-26,yes\n"
GERMAN = {"date_format": "%d.%m.%Y", "decimal": ","}


def read(text: str | bytes, **reading: object):
    content = text.encode() if isinstance(text, str) else text
    return read_patients(content, "x.csv", Reading(**reading))


def faults(text: str | bytes, **reading: object) -> list[str]:
    with pytest.raises(SpreadsheetError) as caught:
        read(text, **reading)
    return list(caught.value.faults)


def one(column: str, cell: str, **reading: object) -> object:
    """Return what a cell is read as."""
    quoted = f'"{cell}"'
    (row,) = read(f"subject,level,{column}\nP-01,1,{quoted}\n", **reading)
    return getattr(row, "outcome" if column == "dlt" else column)


def fault_of(column: str, cell: str, **reading: object) -> str:
    (fault,) = faults(f'subject,level,{column}\nP-01,1,"{cell}"\n', **reading)
    return fault


# ---------------------------------------------------------------- dialects


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("said", ["", "sep={}", '"sep={}"', "SEP={}"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_dialect_is_read_as_the_same_rows(end, separator, said, coding):
    lines = [said.format(separator)] * bool(said) + PLAIN.replace(",", separator).splitlines()
    rows = read(end.join(lines).encode(coding))
    assert [(r.subject, r.level, r.outcome) for r in rows] == [
        ("P-01", 1, Outcome.NO_DLT),
        ("P-02", 2, Outcome.DLT),
    ]
    assert [r.number for r in rows] == [2 + bool(said), 3 + bool(said)]


def test_utf_16_of_either_order_is_told_by_its_mark():
    for mark, coding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        assert len(read(mark + PLAIN.encode(coding))) == 2


def test_empty_columns_and_rows_at_the_end_are_nothing():
    text = PLAIN.replace("\n", ",,,\n") + ",,,,,,\n\n   ,\n"
    assert [r.subject for r in read(text)] == ["P-01", "P-02"]


def test_a_heading_is_parted_by_what_makes_its_names_known():
    text = 'subject;level;"a, b, c, d"\nP-01;1;x\n'
    assert [r.level for r in read(text, extra="ignore")] == [1]


def test_a_cell_may_hold_a_new_line_where_it_is_not_read_and_rows_are_those_of_the_table():
    text = 'subject,level,notes\nP-01,1,"a\nb"\nP-01,1,c\n'
    assert faults(text, extra="ignore") == ["row 3: P-01 is in row 2 too"]


def test_quotes_that_are_wrong_are_named_with_their_row():
    assert faults('subject,level\nP-01,1\n"P-02,1\n') == ["row 3: not CSV: unexpected end of data"]
    (fault,) = faults('subject,level\n"P-01"x,1\n')
    assert fault.startswith("row 2: not CSV: ")


def test_a_cell_without_a_heading_is_named_or_left_out():
    text = ",subject,level\n0,P-01,1\n1,P-02,1\n"  # as pandas writes its index
    assert faults(text) == [
        "row 2: column 1 has no name, and something stands in it; --extra ignore leaves it out"
    ]
    found = read_rows(text.encode(), "x", Reading(extra="ignore"))
    assert (len(found.rows), found.left_out) == (2, ("column 1",))
    assert faults("subject,level\nP-01,1,5\n", extra="ignore") == [
        "row 2: has more cells than the heading"
    ]


# ---------------------------------------------------------------- days


@pytest.mark.parametrize(
    ("cell", "date_format", "day"),
    [
        ("2026-01-31", None, date(2026, 1, 31)),
        ("2026-01-31 00:00:00", None, date(2026, 1, 31)),  # as pandas may write it
        ("2026-01-31T00:00", None, date(2026, 1, 31)),
        ("31.01.2026", "%d.%m.%Y", date(2026, 1, 31)),
        ("1.2.2026", "%d.%m.%Y", date(2026, 2, 1)),
        ("29.02.2024", "%d.%m.%Y", date(2024, 2, 29)),
        ("01/31/2026", "%m/%d/%Y", date(2026, 1, 31)),
        ("31-Jan-26", "%d-%b-%y", date(2026, 1, 31)),
    ],
)
def test_a_day_is_read_as_its_format_says(cell, date_format, day):
    assert one("dosed_on", cell, date_format=date_format) == day


@pytest.mark.parametrize(
    ("cell", "date_format", "said"),
    [
        ("31.02.2026", "%d.%m.%Y", '"31.02.2026" is not a day: the month has no such day'),
        ("2026-02-29", None, '"2026-02-29" is not a day: the month has no such day'),
        ("31.01.2026", None, '"31.01.2026" is not a day; write it as 2026-01-31, or give --date'),
        ("2026-01-31", "%d.%m.%Y", '"2026-01-31" is not a day such as 31.01.2026'),
        ("20260131", None, "is not a day"),
        ("2026-W05-1", None, "is not a day"),
        ("2026-01-31 14:30", None, "is not a day"),
        ("13/31/2026", "%m/%d/%Y", '"13/31/2026" is not a day such as 01/31/2026'),
        ("31.01.2026 08:00", "%d.%m.%Y", "is not a day such as 31.01.2026"),
    ],
)
def test_a_day_that_is_none_is_named_with_its_row_and_column(cell, date_format, said):
    assert fault_of("dosed_on", cell, date_format=date_format).startswith("row 2, dosed_on: ")
    assert said in fault_of("dosed_on", cell, date_format=date_format)


@pytest.mark.parametrize(
    "wrong", ["dd.mm.yyyy", "%d.%m", "%d.%m.%Y %H:%M", "%d.%d.%Y", "%x", "%d.%m.%Y%", "%j %Y"]
)
def test_a_format_of_days_names_day_month_and_year_once(wrong):
    with pytest.raises(InputError, match="must name day, month and year once each, as"):
        Reading(date_format=wrong)


@given(day=st.dates(date(2000, 1, 1), date(2060, 12, 31)))
def test_a_day_written_in_a_format_is_read_back(day):
    for written in ("%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d %b %Y"):
        assert one("dosed_on", day.strftime(written), date_format=written) == day


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [
        ("61.5", ".", 61.5),
        ("1.85E8", ".", 1.85e8),
        ("185000000", ".", 1.85e8),
        ("1,234.5", ".", 1234.5),
        ("1,234,567", ".", 1234567.0),
        ("61,5", ",", 61.5),
        ("1,85e8", ",", 1.85e8),
        ("1.000,5", ",", 1000.5),
        ("1.234.567", ",", 1234567.0),
        ("1.000", ".", 1.0),
        ("1,000", ",", 1.0),
    ],
)
def test_a_number_is_read_with_its_decimal_sign(cell, decimal, number):
    assert one("weight_kg", cell, decimal=decimal) == number


@pytest.mark.parametrize(
    ("cell", "decimal", "said"),
    [
        ("1,000", ".", '"1,000" is 1000 or a number below 1000 with three decimals: write 1000'),
        ("1.000", ",", '"1.000" is 1000 or a number below 1000 with three decimals: write 1000'),
        ("61,5", ".", "is not a number such as 61.5 or 1.85E8; for a decimal comma give --decimal"),
        ("61.5", ",", "is not a number such as 61,5 or 1,85E8; for a decimal point give --decimal"),
        ("1,00,000", ".", "is not a number such as 61.5 or 1.85E8"),
        ("1.000,5", ".", "is not a number such as 61.5"),
        ("1_000", ".", "is not a number"),
        ("1 000", ".", "is not a number"),
        ("nan", ".", "is not a number"),
        ("inf", ".", "is not a number"),
        ("0x10", ".", "is not a number"),
        ("٣", ".", "is not a number"),
        ("1e999", ".", "is not a number that can be kept"),
        ("60 kg", ".", "is not a number"),
    ],
)
def test_a_number_that_is_none_or_can_be_read_in_two_ways_is_named(cell, decimal, said):
    assert said in fault_of("weight_kg", cell, decimal=decimal)


@given(number=st.floats(0, 1e12, allow_nan=False), decimal=st.sampled_from([".", ","]))
@example(1000.5, ",")
def test_a_number_written_with_thousands_is_read_as_python_wrote_it(number, decimal):
    written = f"{number:,.2f}".translate(str.maketrans(",.", ".,") if decimal == "," else {})
    assert one("weight_kg", written, decimal=decimal) == float(f"{number:.2f}")


@given(cell=st.text("0123456789.,+-eE_ ", max_size=12), decimal=st.sampled_from([".", ","]))
def test_no_number_is_read_otherwise_than_its_digits_say_by_brute_force(cell, decimal):
    """Where a number is read, its digits are those of the cell, the other sign taken away."""
    try:
        found = one("weight_kg", cell, decimal=decimal)
    except SpreadsheetError:
        return
    other = "." if decimal == "," else ","
    bare = cell.strip().replace(other, "").replace(decimal, ".")
    assert found == (float(bare) if bare else None)
    if other in cell:  # then it stands between groups of three, and not alone before the end
        whole = cell.strip().lstrip("+-").partition(decimal)[0]
        first, *groups = whole.split(other)
        assert 1 <= len(first) <= 3
        assert all(len(group) == 3 for group in groups)
        assert len(groups) > 1 or decimal in cell


def test_whole_numbers_of_a_column_with_gaps_are_read_as_pandas_writes_them():
    assert one("cohort", "1.0") == 1
    assert one("dlt", "1.0") is Outcome.DLT
    assert fault_of("cohort", "1.5") == 'row 2, cohort: "1.5" is not a whole number'


# ---------------------------------------------------------------- words and columns


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [
        ("yes", Outcome.DLT), ("Y", Outcome.DLT), ("TRUE", Outcome.DLT), ("1", Outcome.DLT),
        ("1.0", Outcome.DLT), ("DLT", Outcome.DLT), ("no", Outcome.NO_DLT),
        ("N", Outcome.NO_DLT), ("false", Outcome.NO_DLT), ("0", Outcome.NO_DLT),
        ("No DLT", Outcome.NO_DLT), ("", None), ("pending", None), ("?", None),
        ("not evaluable", Outcome.NOT_EVALUABLE),
    ],
)  # fmt: skip
def test_dlt_is_yes_or_no_in_any_usual_way(cell, outcome):
    assert one("dlt", cell) is outcome


def test_what_is_neither_yes_nor_no_is_named():
    assert fault_of("dlt", "ja") == (
        'row 2, dlt: "ja" is none of yes, no, pending, dlt, no dlt, moderate, not evaluable'
        "; --map ja=WORD reads it as one of them"
    )


def test_columns_and_words_are_mapped():
    text = "Patient;Stufe;Infusion;Toxisch\nP-01;1;2026-01-12;ja\nP-02;1;2026-01-13;Nein\n"
    mapped = read_map(
        ["Patient=subject,Stufe=level", "infusion=dosed_on,Toxisch=dlt,ja=yes,nein=no"]
    )
    rows = read(text, mapped=mapped)
    assert [(r.subject, r.outcome) for r in rows] == [
        ("P-01", Outcome.DLT),
        ("P-02", Outcome.NO_DLT),
    ]


def test_a_word_may_stand_for_an_empty_cell():
    text = "subject,level,weight_kg,dlt\nP-01,1,NA,-99\nP-02,1,60,na\n"
    rows = read(text, mapped=read_map(["NA=,-99="]))
    assert [(r.weight_kg, r.outcome) for r in rows] == [(None, None), (60.0, None)]


def test_a_name_with_a_comma_or_an_equals_sign_is_mapped_in_quotes():
    assert read_map(['"Dose, kg"=weight_kg,a=b=lot']) == (("Dose, kg", "weight_kg"), ("a=b", "lot"))
    text = 'subject,level,"Dose, kg"\nP-01,1,60\n'
    assert [r.weight_kg for r in read(text, mapped=read_map(['"Dose, kg"=weight_kg']))] == [60.0]


@pytest.mark.parametrize(
    ("mapped", "said"),
    [
        ("Patient=subjekt", "subjekt is neither a column nor a word that a cell may hold; did you"),
        ("ja=jawohl", "--map ja=jawohl: jawohl is neither a column nor a word"),
        ("Patientin=subject", "no column of the file is called Patientin; did you mean Patient?"),
        ("Patient=subject,Nr=subject", "2 columns are read as subject: Patient and Nr; map one"),
        ("Patient=subject,Nr=level", "2 columns are read as level: Nr and level; map one of them"),
    ],
)
def test_what_is_mapped_to_nowhere_or_two_columns_to_one_is_named(mapped, said):
    text = "Patient,Nr,level\nP-01,1,1\n"
    assert any(said in fault for fault in faults(text, mapped=read_map([mapped])))


@pytest.mark.parametrize("wrong", ["Patient", "=subject", "Patient:subject", ""])
def test_what_maps_nothing_is_refused(wrong):
    with pytest.raises(InputError, match="--map takes what the file says and what it means"):
        read_map([wrong])


def test_one_thing_mapped_to_two_is_refused():
    with pytest.raises(InputError, match='"ja" is mapped to both yes and no'):
        Reading(mapped=read_map(["ja=yes", "ja=no"]))
    with pytest.raises(InputError, match='"A" is mapped to both lot and reason'):
        Reading(mapped=read_map(["a=lot,A=reason"]))
    assert Reading(mapped=read_map(["ja=yes", "JA=yes"])).mapped


def test_outcome_and_dlt_are_not_given_both():
    assert faults("subject,level,outcome,dlt\nP-01,1,N,yes\n") == [
        "row 1: outcome and dlt say the same: give one of them"
    ]


def test_columns_that_are_not_ours_are_named_once_each_with_what_to_do():
    text = "subject,level,Initials,weigth\nP-01,1,J.S.,60\n"
    first, second, hint = faults(text)
    assert first == (
        "row 1: no column is called Initials: what tells who somebody is must not come into the "
        "record"
    )
    assert second == "row 1: no column is called weigth; did you mean weight_kg?"
    assert hint.endswith("--extra ignore leaves the others out")
    found = read_rows(text.encode(), "x", Reading(extra="ignore"))
    assert found.left_out == ("Initials", "weigth")
    assert not any("J.S." in repr(row) for row in found.rows)


def test_every_fault_of_10000_rows_is_named_with_row_and_column():
    with pytest.raises(SpreadsheetError) as caught:
        read("subject,level,dosed_on\n" + "\n".join(f"P-{n},1,x" for n in range(10_000)))
    said = str(caught.value).splitlines()
    assert said[0] == "x.csv: 10000 faults"
    assert len(said) == 10_001
    assert all(re.match(r'  row [0-9]+, dosed_on: "x" is not a day', line) for line in said[1:])


# ---------------------------------------------------------------- how it was read


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        ({}, ""),
        (GERMAN, "--date-format %d.%m.%Y --decimal ,"),
        ({"mapped": (("Dose, kg", "weight_kg"), ("ja", "yes"))},
         "--map '\"Dose, kg=weight_kg\"' --map ja=yes"),
        ({"extra": "ignore", "sheet": "Sheet 1"}, "--extra ignore --sheet 'Sheet 1'"),
    ],
)  # fmt: skip
def test_a_reading_says_its_options_as_typed(reading, said):
    assert str(Reading(**reading)) == said


@pytest.mark.parametrize("seed", range(20))
def test_a_shuffled_mangled_file_is_read_or_refused_and_never_breaks(seed):
    draw = random.Random(seed)  # noqa: S311
    names = [*READ, "Initials", "", "sep=;"]
    rows = [[draw.choice(names) for _ in range(draw.randint(1, 8))]]
    words = ["", "1", "x", "2026-01-01", "61,5", "'=1", '"', "\x00", "|", "yes", "\r", "1.000"]
    rows += [[draw.choice(words) for _ in range(draw.randint(0, 9))] for _ in range(30)]
    text = draw.choice("\n\r").join(draw.choice(",;\t").join(row) for row in rows)
    for reading in ({}, GERMAN, {"extra": "ignore"}, {"mapped": (("x", "dlt"), ("1", "no"))}):
        try:
            rows = read(text, **reading)
        except SpreadsheetError:
            continue
        assert all(row.subject for row in rows)


def test_days_of_the_format_are_those_of_the_calendar():
    day = date(2026, 1, 1)
    while day.year == 2026:
        assert one("dosed_on", f"{day:%d.%m.%Y}", date_format="%d.%m.%Y") == day
        day += timedelta(days=13)


def test_a_word_of_ours_is_not_read_as_its_opposite_but_a_code_may_be():
    text = "subject,level,dosed_on,dlt\nP-01,1,2026-01-12,{}\n"
    for pair in ("no=yes", "No=yes", "no dlt=dlt", "yes=no"):
        (fault,) = faults(text.format("no"), mapped=read_map([pair]))
        assert "already, and as nothing else" in fault
    (row,) = read(text.format("1"), mapped=read_map(["1=no", "2=yes", "no=no"]))
    assert row.outcome is Outcome.NO_DLT


def test_what_a_word_may_mean_is_listed_as_the_file_would_say_it():
    (fault,) = faults("subject,level\nP-01,1\n", mapped=read_map(["subject=nowhere"]))
    assert fault.endswith(
        "0, 0.0, unrelated, unlikely, possible, probable, definite, escalation, backfill, expansion"
    )


def test_a_word_that_is_not_ours_is_named_with_the_option_that_reads_it():
    (fault,) = faults("subject,level,dlt\nP-01,1,nein\n")
    assert fault.endswith("; --map nein=WORD reads it as one of them")
