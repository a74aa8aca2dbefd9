"""What ``verify`` finds: everything that is not as it was written, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.errors import InputError, IntegrityError
from escalation.ledger import Draft, Ledger, create_ledger, verify
from escalation.ledger.anchor_file import AnchorLine
from escalation.ledger.entries import COLUMNS, GENESIS, HASHED, START, Anchor, chain, hash_entry
from escalation.ledger.verify import find_anchor_faults, find_faults

from .places import AT, Place, SQLitePlace, drafts, record

Row = dict[str, Any]
CHAIN = chain(drafts(1, 2, 3, 4, 5), trial="T", head=START, recorded_at=AT, recorded_by="Ada",
              request_id="r-1")  # fmt: skip
ROWS: list[Row] = [{name: getattr(entry, name) for name in COLUMNS} for entry in CHAIN]
LONG = chain(drafts(*range(200)), trial="T", head=START, recorded_at=AT, recorded_by="Ada")


def faults(rows: list[Row], *anchors: Anchor) -> list[tuple[int | None, str]]:
    return [(finding.seq, finding.kind) for finding in find_faults("T", rows, anchors)]


def with_row(number: int, **changes: Any) -> list[Row]:
    return [row | changes if row["seq"] == number else row for row in ROWS]


def sealed(number: int, **changes: Any) -> list[Row]:
    """Return the rows with one changed by someone who can compute a hash, and the next linked."""
    rows = with_row(number, **changes)
    for index in range(number - 1, len(rows)):
        if index >= number:
            rows[index] = rows[index] | {"prev_hash": rows[index - 1]["hash"]}
        own = hash_entry({name: rows[index][name] for name in HASHED})
        rows[index] = rows[index] | {"hash": own}
    return rows


def test_a_clean_chain_has_no_finding():
    assert faults(ROWS) == []
    assert faults([]) == []
    assert faults(ROWS, *(entry.anchor for entry in CHAIN), START) == []


# ---------------------------------------------------------------- bits


def flipped(value: object, bit: int) -> object:
    if isinstance(value, int):
        return value ^ (1 << bit % 31)
    raw = bytearray(str(value).encode())
    raw[bit // 8 % len(raw)] ^= 1 << bit % 8
    return raw.decode("utf-8", "surrogateescape")


@given(number=st.integers(1, 5), column=st.sampled_from(COLUMNS), bit=st.integers(0, 4095))
def test_every_flipped_bit_is_found(number: int, column: str, bit: int):
    changed = with_row(number, **{column: flipped(ROWS[number - 1][column], bit)})
    changed.sort(key=lambda row: row["seq"])
    assert {"hash", "form"} & {kind for _, kind in faults(changed)}


def test_one_wrong_entry_is_no_avalanche():
    rows = [{name: getattr(entry, name) for name in COLUMNS} for entry in LONG]
    rows[100] |= {"hash": GENESIS}
    assert faults(rows) == [(101, "hash"), (102, "link")]
    del rows[50]
    assert faults(rows) == [(51, "missing"), (101, "hash"), (102, "link")]


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_in_any_column_of_the_database_is_found(place: Place, column: str):
    with create_ledger(place.target) as ledger:
        record(ledger, "T", 1, 2, 3, new=True, request_id="r-1")
        record(ledger, "U", 1, new=True)
        value = ledger.raw_rows("T")[1][column]
        changed: dict[str, object] = {"seq": 7, "version": 2, "trial": "U"}
        place.update(column, changed.get(column, f"{value}0"), seq=2)
        found = [(finding.trial, finding.seq, finding.kind) for finding in verify(ledger)]
    moved = {
        "hash": [("T", 2, "hash"), ("T", 3, "link")],
        "prev_hash": [("T", 2, "hash"), ("T", 2, "link")],
        "seq": [("T", 2, "missing"), ("T", 4, "missing"), ("T", 7, "hash")],
        "trial": [("T", 2, "missing"), ("U", 2, "hash"), ("U", 2, "link")],
    }
    assert found == moved.get(column, [("T", 2, "hash")])


# ---------------------------------------------------------------- rows

a, b, c, d, e = ROWS
OTHER = chain(drafts(9), trial="T", head=CHAIN[1].anchor, recorded_at=AT, recorded_by="Eve")[0]
FORGED = {name: getattr(OTHER, name) for name in COLUMNS}  # a sound entry in the place of the third


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([b, c, d, e], [(1, "missing")], id="first deleted"),
        pytest.param([a, b, d, e], [(3, "missing")], id="one deleted"),
        pytest.param([a, d, e], [(2, "missing")], id="two deleted"),
        pytest.param([a, c, e], [(2, "missing"), (4, "missing")], id="two deleted apart"),
        pytest.param([a, b, FORGED, d, e], [(4, "link")], id="one replaced by another"),
        pytest.param([a, b, c, FORGED, d, e], [(3, "order")], id="one inserted beside"),
        pytest.param([a, b, c, c, d, e], [(3, "order")], id="one doubled"),
        pytest.param([a, c, b, d, e], [(2, "order")], id="reordered"),
        pytest.param(
            [a, b | {"seq": 3}, c | {"seq": 2}, d, e],
            [(2, "order"), (2, "hash"), (2, "link"), (3, "hash"), (3, "link"), (4, "link")],
            id="two swapped",
        ),
        pytest.param([a, b, c, d, e | {"seq": 10**9}], [(5, "missing"), (10**9, "hash")], id="far"),
        pytest.param([a, b, c, d, e | {"seq": 0}], [(0, "hash")], id="numbered 0"),
        pytest.param([a, b, c, d, e | {"seq": -5}], [(-5, "hash")], id="numbered below 0"),
        pytest.param([a | {"prev_hash": e["hash"]}, b], [(1, "hash"), (1, "link")], id="no start"),
        pytest.param(
            sealed(2, data='{"dose":9}'), [], id="all rewritten from the second: by anchor only"
        ),
        pytest.param(
            [*sealed(2, data='{"dose":9}')[:2], c, d, e], [(3, "link")], id="rewritten and sealed"
        ),
    ],
)  # fmt: skip
def test_rows_that_are_not_in_their_place_are_found(rows, found):
    assert sorted(faults(rows)) == sorted(found)


# ---------------------------------------------------------------- types and forms


@given(
    number=st.integers(1, 5),
    column=st.sampled_from(COLUMNS),
    value=st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text()
    | st.datetimes(),
)  # fmt: skip
def test_verify_is_total_on_garbage(number: int, column: str, value: object):
    rows = with_row(number, **{column: value})
    same = type(value) is type(ROWS[number - 1][column]) and value == ROWS[number - 1][column]
    assert (faults(rows) == []) == same


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"data": "{"}, "would not have recorded it: Expecting"),
        ({"data": "[1]"}, "data of subject-dosed must be an object"),
        ({"data": '{"a": 1}'}, "would have recorded another data and hash"),
        ({"data": '{"b":1,"a":1}'}, "would have recorded another data and hash"),
        ({"data": '{"a":1,"a":1}'}, "would have recorded another data and hash"),
        ({"data": '{"a":NaN}'}, "data.a must be a finite number"),
        ({"data": '{"a":1e999}'}, "data.a must be a finite number"),
        ({"data": "[" * 100_000}, "would not have recorded it: maximum recursion"),
        ({"data": '{"a":' + "9" * 5000 + "}"}, "would not have recorded it"),
        ({"data": '{"a":"' + "x" * 10**6 + '"}'}, "an entry holds up to 1,000,000"),
        ({"recorded_at": "2026-11-24"}, "has no time zone"),
        ({"recorded_at": "2026-11-24T23:32:01Z"}, "would have recorded another recorded_at"),
        ({"recorded_at": "2026-13-01T00:00:00.000000Z"}, "month must be in 1..12"),
        ({"recorded_at": "9999-12-31T23:59:59-01:00"}, "after 9999 in UTC"),
        ({"recorded_at": "yesterday"}, "Invalid isoformat"),
        ({"recorded_by": ""}, "recorded_by '' must be a text"),
        ({"request_id": "a\nb"}, "request_id .* must be one line"),
        ({"kind": "Dosed"}, "kind 'Dosed' must be"),
        ({"version": 0}, "version 0 of"),
        ({"trial": "a b"}, "trial 'a b' must be"),
    ],
)
def test_an_entry_that_this_program_would_not_write_is_found_though_its_hash_fits(changes, problem):
    (finding,) = (f for f in find_faults("T", sealed(5, **changes)) if not f.remark)
    assert (finding.seq, finding.kind) == (5, "form")
    assert re.search(problem, finding.problem)


def test_a_value_of_the_wrong_type_is_named_shortly():
    (finding,) = find_faults("T", with_row(3, data=b"\xff" * 10**6))
    assert str(finding).startswith(r"trial T, entry 3: its data is b'\xff\xff")
    assert len(str(finding)) < 150


# ---------------------------------------------------------------- anchors


@pytest.mark.parametrize(
    ("rows", "anchor", "problem"),
    [
        (ROWS[:3], CHAIN[4].anchor, "it is not there, .*: the trial ends at entry 3"),
        ([], CHAIN[0].anchor, "the trial ends at entry 0"),
        (ROWS, Anchor(seq=3, hash=GENESIS), "its hash is '.*', but 0000.* was printed"),
        (sealed(2, data='{"dose":9}'), CHAIN[4].anchor, f"but {CHAIN[4].hash} was printed"),
    ],
)
def test_a_chain_that_is_not_the_printed_one_is_found_by_its_anchor(rows, anchor, problem):
    (finding,) = find_faults("T", rows, [anchor])
    assert (finding.seq, finding.kind) == (anchor.seq, "anchor")
    assert re.search(problem, finding.problem)


def test_an_anchor_is_checked_in_the_database(ledger: Ledger, place: Place):
    made = record(ledger, "T", 1, 2, 3, new=True)
    anchor = made[2].anchor
    assert verify(ledger, "T", [anchor]) == []
    assert verify(ledger, anchors=[anchor]) == []
    with place.unguarded():
        place.sql("DELETE FROM entries WHERE seq = 3")
    assert verify(ledger, "T") == []
    assert [(f.seq, f.kind) for f in verify(ledger, "T", [anchor])] == [(3, "anchor")]


def test_an_anchor_shows_that_everything_is_gone(ledger: Ledger):
    (finding,) = verify(ledger, anchors=[CHAIN[2].anchor])
    assert (finding.trial, finding.seq, finding.kind) == (None, 3, "anchor")


def test_an_anchor_must_be_of_one_trial(ledger: Ledger):
    made = record(ledger, "T", 1, new=True)
    record(ledger, "U", 1, new=True)
    with pytest.raises(InputError, match="has several trials: name the one that the anchor is of"):
        verify(ledger, anchors=[made[0].anchor])
    assert verify(ledger, "T", [made[0].anchor]) == []


# ---------------------------------------------------------------- trials


def test_one_trial_is_verified_without_the_others(ledger: Ledger, place: Place):
    record(ledger, "T", 1, new=True)
    record(ledger, "U", 1, new=True)
    place.update("kind", "other", seq=1, trial="U")
    assert verify(ledger, "T") == []
    assert [(f.trial, f.kind) for f in verify(ledger)] == [("U", "hash")]


def test_entries_of_a_trial_that_is_not_registered_are_found(sqlite_place: SQLitePlace):
    with create_ledger(sqlite_place.target) as ledger:
        record(ledger, "T", 1, new=True)
        with sqlite_place.unguarded():
            sqlite_place.sql("UPDATE trials SET trial = 'U'")
        empty, finding = verify(ledger)
    assert (empty.trial, empty.kind) == ("U", "storage")
    assert finding.kind == "storage"
    assert finding.problem == "1 entries are of 'T', which is not a trial here"


@pytest.mark.parametrize(
    ("gone", "said"),
    [((2,), "it is missing"), ((2, 3), "it is missing, and all to entry 3"),
     ((1, 2, 3), "it is missing, and all to entry 3")],
)  # fmt: skip
def test_a_gap_is_told_once_with_its_end(gone: tuple[int, ...], said: str):
    rows = [row for row in ROWS if row["seq"] not in gone]
    found = [(f.seq, f.problem) for f in find_faults("T", rows) if f.kind == "missing"]
    assert found == [(gone[0], said)]


def test_a_trial_without_entries_is_found(ledger: Ledger, place: Place):
    """Case 18: a row put into the table of trials by hand."""
    record(ledger, "T", 1, new=True)
    place.sql("INSERT INTO trials VALUES ('X')")
    (finding,) = verify(ledger)
    assert (finding.trial, finding.kind) == ("X", "storage")
    assert finding.problem.startswith("it has no entries")
    assert verify(ledger, "T") == []
    assert ledger.trials(recorded=True) == ("T",)


def test_a_step_of_the_schema_that_was_put_in_is_found(ledger: Ledger, place: Place):
    place.sql("INSERT INTO ledger_schema VALUES (-7)")
    assert [f.problem for f in verify(ledger)] == [
        "ledger_schema holds a step -7 that does not exist"
    ]


GARBAGE = ["NULL", "X'00ff'", "'text'", "1.5", "-1", "CAST(X'c3' AS TEXT)"]


@pytest.mark.parametrize("value", GARBAGE)
@pytest.mark.parametrize("column", COLUMNS)
def test_garbage_in_the_file_is_a_finding(sqlite_place: SQLitePlace, column: str, value: str):
    """Of any type in any column: a file can be edited, and its tables made anew without rules."""
    with create_ledger(sqlite_place.target) as ledger:
        record(ledger, "T", 1, 2, 3, new=True, request_id="r")
        for statement in (
            "CREATE TABLE free AS SELECT * FROM entries",
            "DROP TABLE entries",
            "ALTER TABLE free RENAME TO entries",
            f"UPDATE entries SET {column} = {value} WHERE seq = 2",  # noqa: S608
        ):
            sqlite_place.sql(statement)
        found = [finding for finding in verify(ledger) if finding.kind != "storage"]
        assert found
        assert all(str(finding).isascii() for finding in found)


def test_a_draft_that_is_recorded_verifies(ledger: Ledger):
    data = {"a": [1, -2.5e-300, None, True, {"b": "é\0"}], "": ""}
    record(ledger, "T", 1, new=True)
    note = Draft(kind="note", version=3, data=data)
    ledger.append("T", [note], after=1, recorded_at=AT, recorded_by="A", request_id="é")
    assert [finding for finding in verify(ledger) if not finding.remark] == []


# ---------------------------------------------------------------- the words, and where they point


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [a, b, c | {"hash": GENESIS}],
            [(3, "hash", "it was changed: its hash does not fit what it says")],
        ),
        (
            [a | {"prev_hash": b["hash"]}],
            [(1, "hash", "it was changed"), (1, "link", "it is the first, but says that one came")],
        ),
        ([b], [(1, "missing", "it is missing")]),  # what the second follows is not there
        ([a, b, FORGED, d], [(4, "link", "it does not follow the entry 3 that is there")]),
        ([a, c, b], [(2, "order", "it stands after entry 3")]),
        ([a, b, b], [(2, "order", "it is there more than once")]),
        ([c, a, b], [(1, "order", "it stands after entry 3"),
                     (2, "order", "it stands after entry 3")]),
        ([a, b | {"seq": True}], [(None, "form", "its seq is True, which is of the wrong type")]),
        ([a, b | {"seq": 2.0}], [(None, "form", "its seq is 2.0, which is of the wrong type")]),
        ([a | {"version": "1"}], [(1, "form", "its version is '1', which is of the wrong type")]),
        ([a | {"request_id": 1}], [(1, "form", "its request_id is 1, which is of the wrong type")]),
        ([a | {"kind": None}], [(1, "form", "its kind is None, which is of the wrong type")]),
        (
            [a | {"kind": None, "recorded_by": None}],  # one cause, one finding
            [(1, "form", "its recorded_by is None")],
        ),
        (  # what has no number comes first
            [a | {"hash": GENESIS}, b | {"seq": "x"}],
            [(None, "form", "its seq is 'x'"), (1, "hash", "it was changed")],
        ),
        ([], []),
    ],
)  # fmt: skip
def test_each_fault_is_said_in_words_at_its_entry_in_order(rows, said):
    found = [(f.seq, f.kind, f.problem) for f in find_faults("T", rows) if f.kind != "clock"]
    assert [fault[:2] for fault in found] == [fault[:2] for fault in said]
    for (*_, problem), (*_, words) in zip(found, said, strict=True):
        assert words in problem


@pytest.mark.parametrize(
    ("second", "told"), [("33:01.123455", True), ("33:01.123456", False), ("33:01.123457", False)]
)
def test_time_that_went_back_is_a_remark_to_the_microsecond(second, told):
    rows = sealed(3, recorded_at=f"2026-11-24T23:{second}Z")
    rows = [row | {"recorded_at": "2026-11-24T23:33:01.123456Z"} for row in rows[:2]] + rows[2:3]
    found = [f for f in find_faults("T", rows) if f.kind == "clock"]
    assert [(f.seq, f.remark) for f in found] == [(3, True)] * told
    said = f"it was recorded at '2026-11-24T23:{second}Z', earlier than the entry before it"
    assert all(f.problem == said for f in found)


@pytest.mark.parametrize("number", ["x", None, 0, -1])
def test_an_entry_with_a_number_that_none_has_hides_no_later_fault(number):
    rows = [ROWS[0] | {"seq": number}, *with_row(4, data="{}")]
    assert {kind for seq, kind in faults(rows) if seq == 4} == {"hash"}


def test_faults_are_in_the_order_of_the_numbers_and_those_without_one_as_of_zero():
    rows = [ROWS[0] | {"seq": number} for number in (3, "x", 1, -1)]
    assert [seq for seq, kind in faults(rows) if kind in ("hash", "form")] == [-1, None, 3]


def lines_of(*anchors: tuple[str, Anchor]) -> list[AnchorLine]:
    return [
        AnchorLine(number=number, trial=trial, anchor=anchor)
        for number, (trial, anchor) in enumerate(anchors, start=1)
    ]


def test_the_anchors_of_a_file_are_held_against_their_trials(ledger: Ledger):
    t = record(ledger, "T", 1, 2, new=True)
    u = record(ledger, "U", 3, new=True)
    sound = lines_of(("T", t[0].anchor), ("U", u[0].anchor), ("T", t[1].anchor))
    assert find_anchor_faults(ledger, sound, "a.txt") == []
    late = Anchor(seq=3, hash=GENESIS)
    wrong = lines_of(("T", t[1].anchor), ("T", u[0].anchor), ("U", late), ("T", late))
    found = find_anchor_faults(ledger, wrong, "a.txt")
    assert [(f.trial, f.seq, f.kind) for f in found] == [
        ("T", 1, "anchor"),
        ("T", 3, "anchor"),
        ("U", 3, "anchor"),
    ]
    assert found[0].problem == (
        f"its hash is '{t[0].hash}', but {u[0].hash} was printed (a.txt, line 2)"
    )
    gone = "it is not there, though its hash was printed: the trial ends at entry"
    assert found[1].problem == f"{gone} 2 (a.txt, line 4)"
    assert found[2].problem == f"{gone} 1 (a.txt, line 3)"


class Unreadable:
    """A ledger of two trials, one of which cannot be read."""

    name = "torn.db"

    def check(self) -> list[Any]:
        return ["found by itself"]

    def trials(self) -> tuple[str, ...]:
        return ("T", "U")

    def raw_rows(self, trial: str | None) -> list[Row]:
        if trial in (None, "U"):
            raise IntegrityError(self.name, "the file is torn")
        return ROWS


def test_what_cannot_be_read_is_a_finding_and_hides_no_other():
    found, torn = verify(Unreadable())
    assert found == "found by itself"
    assert (torn.trial, torn.seq, torn.kind) == (None, None, "storage")
    assert "the file is torn" in torn.problem
    late = Anchor(seq=6, hash=GENESIS)
    lines = lines_of(("U", late), ("T", late))
    assert [f.trial for f in find_anchor_faults(Unreadable(), lines, "a.txt")] == ["T"]
