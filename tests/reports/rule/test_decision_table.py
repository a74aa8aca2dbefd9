"""The decision table, held against the published 3+3 rule written out by hand."""

import csv
import io
import json

import pytest

from escalation.designs import APlusB, LevelStatus, ThreePlusThree
from escalation.reports.formats import write_view
from escalation.reports.rule.decision_table import TableRow, decision_table
from escalation.reports.rule.decision_table_output import table_blocks, table_document, table_rows
from escalation.reports.view import View
from tests.reports.written import lines_of

NOT_GIVEN, TOO_TOXIC = LevelStatus.NOT_GIVEN, LevelStatus.TOO_TOXIC
CLEARED, CONFIRMED = LevelStatus.CLEARED, LevelStatus.CONFIRMED

UP = "escalate +1 3"
ADD = "stay 0 3"
MTD_HERE = "stop: this level"
BACK = "deescalate -1 3"
MTD_BELOW = "stop: the level below"
NO_MTD = "stop: None"

# variant -> what 0/3 means by the level above (not given, off the ladder, too toxic), and what a
# too toxic level means where the level below has 0/3
WHERE_VARIANTS_DIFFER = {
    "confirm": ((UP, ADD, ADD), BACK),
    "declare": ((UP, MTD_HERE, MTD_HERE), MTD_BELOW),
    "expand-below": ((UP, MTD_HERE, ADD), BACK),
    "declare-confirm-top": ((UP, ADD, MTD_HERE), MTD_BELOW),
}
ABOVE = (NOT_GIVEN, None, TOO_TOXIC)


def said(row: TableRow) -> str:
    """The row in the words of this test."""
    action = row.decision.action.value
    if action == "stop":
        return f"stop: {row.mtd}"
    return f"{action} {f'{row.level_change:+d}' if row.level_change else 0} {row.n_to_enrol}"


@pytest.mark.parametrize("two_of_six", ["fail", "mtd"])
@pytest.mark.parametrize("variant", WHERE_VARIANTS_DIFFER)
def test_table_is_the_rule_by_hand_oracle(variant, two_of_six) -> None:
    cleared, below_cleared = WHERE_VARIANTS_DIFFER[variant]
    too_toxic = {
        None: NO_MTD,
        NOT_GIVEN: BACK,
        CLEARED: below_cleared,
        CONFIRMED: MTD_BELOW,
    }
    design = ThreePlusThree(n_levels=4, variant=variant, two_of_six=two_of_six)
    rows = decision_table(design, sizes=[3, 6])
    assert len(rows) == (4 + 7) * 3 * 4
    for row in rows:
        match row.n_dlts, row.n_evaluable:
            case 0, 3:
                expected = cleared[ABOVE.index(row.above)]
            case 1, 3:
                expected = ADD
            case ((0 | 1), 6):
                expected = (UP, MTD_HERE, MTD_HERE)[ABOVE.index(row.above)]
            case 2, 6 if two_of_six == "mtd":
                expected = MTD_HERE
            case _:
                expected = too_toxic[row.below]
        assert said(row) == expected, row


def test_untested_below_stop_opens_no_level_that_was_never_given() -> None:
    design = ThreePlusThree(n_levels=4, start=1, untested_below="stop")
    rows = [row for row in decision_table(design) if row.below is NOT_GIVEN]
    failed = [row for row in rows if row.status is TOO_TOXIC]
    assert failed
    assert {said(row) for row in failed} == {NO_MTD}


@pytest.mark.parametrize(
    ("n", "x", "expected"),
    [
        (0, 0, "stay 0 3"),
        (1, 0, "stay 0 2"),
        (1, 1, "stay 0 2"),
        (2, 1, "stay 0 1"),
        (2, 2, NO_MTD),
        (4, 0, UP),
        (4, 1, "stay 0 2"),
        (5, 1, "stay 0 1"),
        (5, 2, NO_MTD),
        (7, 1, UP),
        (7, 2, UP),  # below 2/6
        (9, 2, UP),
        (9, 3, NO_MTD),
    ],
)
def test_untidy_cohorts_are_completed_or_judged_by_hand_oracle(n, x, expected) -> None:
    rows = decision_table(ThreePlusThree(n_levels=3), sizes=[n])
    assert {
        said(row) for row in rows if (row.n_dlts, row.above, row.below) == (x, NOT_GIVEN, None)
    } == {expected}


def test_a_maximum_sample_size_changes_no_row() -> None:
    capped = ThreePlusThree(n_levels=4, max_patients=6)
    assert decision_table(capped) == decision_table(ThreePlusThree(n_levels=4))


def test_neighbourhood_in_a_row_is_what_was_asked() -> None:
    for row in decision_table(ThreePlusThree(n_levels=3)):
        assert row.above in ABOVE
        assert row.below in (None, NOT_GIVEN, CLEARED, CONFIRMED)
        assert row.level_change in (None, -1, 0, 1)
        assert not (row.above is None and row.level_change == 1)
        assert not (row.below is None and row.level_change == -1)
        assert (row.level_change is None) == (row.n_to_enrol == 0)


@pytest.mark.parametrize("variant", WHERE_VARIANTS_DIFFER)
@pytest.mark.parametrize("untested_below", ["treat", "stop"])
def test_text_fits_80_columns_of_ascii(variant, untested_below) -> None:
    design = ThreePlusThree(n_levels=3, variant=variant, untested_below=untested_below)
    text = "\n".join(lines_of(table_blocks(decision_table(design))))
    assert text.isascii()
    assert max(map(len, text.splitlines())) < 80


def test_text_says_in_two_tables_what_the_rows_say() -> None:
    lines = lines_of(table_blocks(decision_table(ThreePlusThree(n_levels=3), sizes=[3, 6])))
    words = [" ".join(line.split()) for line in lines]
    assert words[5:] == [
        "0 3 escalate, treat 3 stay, treat 3 stay, treat 3",
        "1 3 stay, treat 3 stay, treat 3 stay, treat 3",
        "2-3 3 too toxic, see note 1 too toxic, see note 1 too toxic, see note 1",
        "0-1 6 escalate, treat 3 stop, it is the MTD stop, it is the MTD",
        "2-6 6 too toxic, see note 1 too toxic, see note 1 too toxic, see note 1",
        "",
        "Note 1. By the level below, at 2/3, 3/3 or 2/6 to 6/6:",
        "",
        "none: this is the lowest stop, no MTD",
        "not given de-escalate, treat 3",
        "cleared, as 0/3 de-escalate, treat 3",
        "confirmed, as 0/6 stop, the level below is the MTD",
    ]


def test_csv_and_json_hold_every_row() -> None:
    rows = decision_table(APlusB(n_levels=3, a=2, b=4, c=1, d=1, e=2))
    view = View(page=tuple, document=dict, rows=lambda: table_rows(rows))
    read = list(csv.DictReader(io.StringIO("".join(write_view(view, "csv")))))
    document = json.loads(json.dumps(table_document(rows)))
    assert len(read) == len(document["rows"]) == len(rows)
    for row, line, item in zip(rows, read, document["rows"], strict=True):
        assert (int(line["n_evaluable"]), int(line["n_dlts"])) == (row.n_evaluable, row.n_dlts)
        assert line["above"] == ("none" if row.above is None else row.above.value)
        assert item["above"] == row.above
        assert item["level_change"] == row.level_change
        assert item["mtd"] == (line["mtd"] or None) == row.mtd
        assert item["clause"]["id"] == line["clause_id"] == row.clause.id
        assert item["clause"]["text"] == line["clause"] == row.clause.text


def test_a_plus_b_table_has_the_sizes_of_its_own_design() -> None:
    rows = decision_table(APlusB(n_levels=3, a=4, b=6, c=2, d=3, e=4))
    assert max(row.n_evaluable for row in rows) == 10
    at_first_look = {
        row.n_dlts: said(row)
        for row in rows
        if (row.n_evaluable, row.above, row.below) == (4, NOT_GIVEN, None)
    }
    assert at_first_look == {
        0: "escalate +1 4",
        1: "escalate +1 4",
        2: "stay 0 6",
        3: "stay 0 6",
        4: NO_MTD,
    }


def test_a_range_of_cohorts_is_in_json_and_csv_as_in_the_words() -> None:
    for size, most in (("3-6", 6), (None, 3)):
        table = decision_table(ThreePlusThree(n_levels=3, cohort_size=size))
        head, *rows = table_rows(table)
        lines = [dict(zip(head, row, strict=True)) for row in rows]
        for item, line, row in zip(table_document(table)["rows"], lines, table, strict=True):
            assert item["n_at_most"] == line["n_at_most"] == row.decision.n_at_most
            n = row.n_to_enrol
            words = f"treat {n} to {item['n_at_most']}" if item["n_at_most"] > n else f"treat {n}"
            assert n == 0 or f"{words} " in f"{row.answer} ", row.answer
        assert lines[0]["n_evaluable"] == lines[0]["n_dlts"] == 0
        assert (lines[0]["n_to_enrol"], lines[0]["n_at_most"]) == (3, most)
