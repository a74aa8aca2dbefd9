"""Entries and their chain, without a database."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.errors import InputError, IntegrityError
from escalation.ledger import GENESIS, Anchor, Draft, Entry, check_chain, format_time, parse_anchor
from escalation.ledger.entries import START, chain

from .places import AT, drafts

CHAIN = chain(drafts(1, 2, 3), trial="T", head=START, recorded_at=AT, recorded_by="Ada")


# ---------------------------------------------------------------- the hash


def test_the_hash_is_sha256_of_the_other_columns_against_hashlib_and_json():
    by_hand = {
        "trial": "T", "seq": 1, "recorded_at": "2026-11-24T23:32:01.123456Z", "recorded_by": "Ada",
        "kind": "subject-dosed", "version": 1, "data": '{"dose":0.25,"subject":"S001"}',
        "request_id": None, "prev_hash": "0" * 64,
    }  # fmt: skip
    text = json.dumps(by_hand, sort_keys=True, separators=(",", ":"))
    assert CHAIN[0].hash == hashlib.sha256(text.encode()).hexdigest()


def test_a_hash_never_changes():
    """Entries written by any version must verify for ever: this one was made by the first."""
    assert CHAIN[2].hash == ("a6499989e479c32c11ed3e58c42375c91ed4fb2eb1b8ccf572a0d5511d6d13d9")


def test_each_entry_rests_on_the_one_before():
    assert [entry.prev_hash for entry in CHAIN] == [GENESIS, CHAIN[0].hash, CHAIN[1].hash]
    check_chain(CHAIN)
    check_chain(CHAIN[1:], CHAIN[0].anchor)
    check_chain([])


@pytest.mark.parametrize(
    ("entries", "head", "number"),
    [
        (CHAIN[1:], None, 1),
        ([CHAIN[0], CHAIN[2]], None, 2),
        ([CHAIN[0], CHAIN[2], CHAIN[1]], None, 2),
        ([CHAIN[0], CHAIN[0]], None, 2),
        ([CHAIN[0], CHAIN[1]._replace(recorded_by="Eve"), CHAIN[2]], None, 2),
        ([CHAIN[0], CHAIN[1]._replace(prev_hash=GENESIS), CHAIN[2]], None, 2),
        (CHAIN[2:], Anchor(seq=2, hash=GENESIS), 3),
    ],
)
def test_a_broken_chain_is_refused_at_its_first_wrong_entry(
    entries: list[Entry], head: Anchor | None, number: int
):
    with pytest.raises(IntegrityError, match=f"trial T: entry {number} is missing, or is not as"):
        check_chain(entries, head)


# ---------------------------------------------------------------- data

JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(data=st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_is_kept_exactly(data: dict[str, Any]):
    (entry,) = chain(
        [Draft(kind="note", version=1, data=data)],
        trial="T", head=START, recorded_at=AT, recorded_by="Ada",
    )  # fmt: skip
    assert entry.payload == data
    assert entry.data.isascii()
    assert entry.data.isprintable()
    check_chain([entry])


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for _ in range(depth):
        data = {"a": data}
    return data


def circular() -> dict[str, Any]:
    data: dict[str, Any] = {}
    data["me"] = data
    return data


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"dose": math.nan}, "note: data.dose must be a finite number"),
        ({"levels": [{"dose": 1}, {"dose": math.inf}]}, r"data.levels\[1\].dose must be a finite"),
        ({"n": 2**53 + 1}, "data.n must be a finite number, a whole one at most 2"),
        ({"n": -(10**5000)}, "data.n must be a finite number"),
        ({1: "x"}, "data has the key 1, which is not text"),
        ({"a": {None: 1}}, "data.a has the key None, which is not text"),
        ({"on": AT.date()}, r"data.on is datetime.date\(2026, 11, 24\), which is not a JSON value"),
        ({"a": b"x"}, "data.a is b'x', which is not a JSON value"),
        ({"a": {1, 2}}, "which is not a JSON value"),
        (nested(60), r"data.a.a.a.a is nested more than 50 deep"),
        (circular(), "data.me.me.me.me is nested more than 50 deep"),
        (["not", "an", "object"], "data of note must be an object with named values"),
    ],
)
def test_what_json_would_not_keep_is_refused_with_its_place(data: Any, problem: str):
    with pytest.raises(InputError, match=problem):
        Draft(kind="note", version=1, data=data)


def test_the_deepest_data_are_kept():
    (entry,) = chain([Draft(kind="note", version=1, data=nested(49))], trial="T", head=START,
                     recorded_at=AT, recorded_by="Ada")  # fmt: skip
    assert entry.payload == nested(49)


@pytest.mark.parametrize("kind", ["", "Dosed", "subject dosed", "1st", "x" * 61, "dosé"])
def test_a_kind_is_small_letters(kind: str):
    with pytest.raises(InputError, match="must be 1 to 60 small letters, digits and hyphens"):
        Draft(kind=kind, version=1, data={})


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1"])
def test_a_version_is_a_whole_number_from_1(version: Any):
    with pytest.raises(InputError, match="must be a number from 1"):
        Draft(kind="note", version=version, data={})


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ({"recorded_by": ""}, "recorded_by '' must be a text of 1 to 200 characters"),
        ({"recorded_by": "x" * 201}, "must be a text of 1 to 200"),
        ({"recorded_by": "Ada\nLovelace"}, "one line of characters that can be seen"),
        ({"recorded_by": "Ada\0"}, r"recorded_by 'Ada\\x00' must be one line"),
        ({"recorded_by": "\x1b[2J"}, "must be one line"),
        ({"recorded_by": "a\u202eb"}, "must be one line"),
        ({"recorded_by": "\ud800"}, "must be one line"),
        ({"recorded_by": " Ada"}, "must not begin or end with a space"),
        ({"request_id": "r\t1"}, r"request_id 'r\\t1' must be one line"),
        ({"request_id": ""}, "request_id '' must be a text"),
        ({"recorded_at": datetime(2026, 1, 1)}, "has no time zone"),  # noqa: DTZ001
        ({"trial": ""}, "trial '' must be 1 to 60 letters, digits, dots"),
        ({"trial": ".hidden"}, "a letter or digit first"),
        ({"trial": "a b"}, "trial 'a b' must be"),
        ({"trial": "a/b"}, "trial 'a/b' must be"),
        ({"trial": "x" * 61}, "must be 1 to 60"),
        ({"trial": "\xe9"}, r"trial '\\xe9' must be"),
        ({"trial": "a\n"}, r"trial 'a\\n' must be"),
    ],
)
def test_names_and_times_that_cannot_be_read_are_refused(names: dict[str, Any], problem: str):
    usual = {"trial": "T", "head": START, "recorded_at": AT, "recorded_by": "Ada"}
    with pytest.raises(InputError, match=problem):
        chain(drafts(1), **(usual | names))


@pytest.mark.parametrize(
    "name", ["A", "x" * 200, "Zo\xeb M\xfcller-\u90ed", "ada@example.org; (CRO)"]
)
def test_names_of_people_are_recorded_as_they_are(name: str):
    (entry,) = chain(
        drafts(1), trial="NCT07123519.a_1-b", head=START, recorded_at=AT, recorded_by=name
    )
    assert entry.recorded_by == name


# ---------------------------------------------------------------- times

ANY_TIME = st.datetimes(
    min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)  # fmt: skip


@given(first=ANY_TIME, second=ANY_TIME)
def test_the_order_of_the_text_is_the_order_of_time(first: datetime, second: datetime):
    texts = format_time(first), format_time(second)
    assert (texts[0] < texts[1]) == (first < second)
    assert {len(text) for text in texts} == {27}
    assert datetime.fromisoformat(texts[0]) == first


def test_a_time_is_written_in_utc():
    berlin = timezone(timedelta(hours=1))
    assert (
        format_time(datetime(2026, 11, 25, 0, 30, tzinfo=berlin)) == "2026-11-24T23:30:00.000000Z"
    )
    assert format_time(datetime(999, 1, 1, tzinfo=UTC)) == "0999-01-01T00:00:00.000000Z"


# ---------------------------------------------------------------- anchors


def test_an_anchor_is_read_as_it_was_printed():
    anchor = CHAIN[2].anchor
    assert str(anchor) == f"3:{CHAIN[2].hash}"
    assert parse_anchor(f" {anchor}\n") == anchor
    assert parse_anchor(str(START)) == START


@pytest.mark.parametrize(
    "text",
    ["", "3", "3:", ":" + "a" * 64, "3:abc", "03:" + "a" * 64, "-3:" + "a" * 64, "3:" + "A" * 64,
     "3:" + "a" * 65, "3 :" + "a" * 64, "\u0663:" + "a" * 64, "3:" + "a" * 64 + "\n4", "x" * 10**6],
)  # fmt: skip
def test_what_is_no_anchor_is_refused(text: str):
    with pytest.raises(InputError, match="and all 64 digits of its hash") as caught:
        parse_anchor(text)
    assert len(str(caught.value)) < 300
