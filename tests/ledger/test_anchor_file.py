"""A file of anchors: its lines, written and read again, and what is not one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.errors import InputError, IntegrityError
from escalation.ledger import Anchor
from escalation.ledger.anchor_file import append_anchor, read_anchors, say_line

HASHES = [f"{k:064x}" for k in range(1, 6)]
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def line(seq: int, trial: str = "TJ-1", seal: str | None = None) -> str:
    anchor = Anchor(seq=seq, hash=HASHES[seq - 1] if seal is None else seal)
    return say_line(trial, anchor, kind="decision-made", on=date(2026, 3, 1), at=AT)


def test_a_line_is_as_documented():
    assert line(5) == (f"2026-03-01T09:30:00.000000Z TJ-1 5:{'0' * 63}5 decision-made 2026-03-01")


def test_what_was_appended_is_read_again_each_line_with_its_number(tmp_path):
    path = tmp_path / "anchors.txt"
    for seq, trial in ((1, "TJ-1"), (2, "OTHER"), (5, "TJ-1")):
        append_anchor(path, trial, line(seq, trial), HASHES)
    lines, findings = read_anchors(path)
    assert findings == []
    assert [(one.number, one.trial, one.anchor.seq) for one in lines] == [
        (1, "TJ-1", 1),
        (2, "OTHER", 2),
        (3, "TJ-1", 5),
    ]
    assert path.read_text() == f"{line(1)}\n{line(2, 'OTHER')}\n{line(5)}\n"


@pytest.mark.parametrize(
    "bad",
    [
        "", "hello", line(1)[:-1], line(1) + " ", " " + line(1), line(1) + "\r", "\0", "\x1b[2J",
        line(1).replace(" ", "  "), line(1).replace("1:0", "0:0"), line(1).replace("TJ-1", "TJ 1"),
        line(1).replace("Z ", " "), line(1).replace(":" + HASHES[0], ":" + HASHES[0].upper() + "A"),
        line(1).replace("2026-03-01T", "2026-13-01T"), line(1)[:-10] + "2026-02-30", "é" + line(1),
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_a_finding_with_its_number(tmp_path, bad):
    path = tmp_path / "anchors.txt"
    path.write_text(f"{line(1)}\n{bad}\n{line(2)}\n", encoding="utf-8", newline="")
    lines, (finding,) = read_anchors(path)
    assert [one.number for one in lines] == [1, 3]
    assert "anchors.txt, line 2: " in finding.problem
    assert finding.problem.isascii()
    assert not finding.remark


@given(st.binary(max_size=200))
def test_no_bytes_at_all_are_too_odd_to_be_read(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "odd.txt"
    path.write_bytes(data)
    lines, findings = read_anchors(path)
    assert lines == []
    assert len(findings) == len(data.decode("ascii", "replace").removesuffix("\n").split("\n")) * (
        data != b""
    )


def test_a_line_that_a_power_cut_left_unfinished_spoils_no_other(tmp_path):
    path = tmp_path / "anchors.txt"
    append_anchor(path, "TJ-1", line(1), HASHES)
    path.write_text(path.read_text() + line(2)[:40])
    append_anchor(path, "TJ-1", line(3), HASHES)
    lines, findings = read_anchors(path)
    assert [one.anchor.seq for one in lines] == [1, 3]
    assert len(findings) == 1


@pytest.mark.parametrize("hashes", [HASHES[:1], [HASHES[0], "f" * 64, *HASHES[2:]], []])
def test_nothing_is_added_where_an_earlier_anchor_does_not_fit_any_more(tmp_path, hashes):
    """The end cut off, an entry changed, all gone."""
    path = tmp_path / "anchors.txt"
    append_anchor(path, "TJ-1", line(2), HASHES)
    before = path.read_bytes()
    with pytest.raises(IntegrityError, match="line 1: entry 2 of trial TJ-1 is not as it was"):
        append_anchor(path, "TJ-1", line(1), hashes)
    assert path.read_bytes() == before
    append_anchor(path, "OTHER", line(1, "OTHER"), hashes)


def test_a_file_of_another_sort_is_left_alone(tmp_path):
    path = tmp_path / "patients.csv"
    path.write_text("subject,level\nS1,1\n")
    with pytest.raises(InputError, match=r"not a file of anchors: .*line 1"):
        append_anchor(path, "TJ-1", line(1), HASHES)
    assert path.read_text() == "subject,level\nS1,1\n"


@pytest.mark.parametrize("name", ["no/such/folder.txt", ".", "nul\0.txt"])
def test_a_file_that_cannot_be_written_or_read_is_said(tmp_path, name):
    path = Path(f"{tmp_path}/{name}")
    with pytest.raises(InputError, match="cannot be"):
        append_anchor(path, "TJ-1", line(1), HASHES)
    with pytest.raises(InputError, match="cannot be read"):
        read_anchors(path)
