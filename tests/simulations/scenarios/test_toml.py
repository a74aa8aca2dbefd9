"""What cannot be read of a TOML file is said, and never takes the machine."""

from __future__ import annotations

import pytest

from simulations.scenarios.toml import MAX_BYTES, MAX_WORD, parse_toml
from simulations.sweeps.file import StudyFileError
from simulations.timing.file import TimingFileError

DEEP = 100_000


@pytest.mark.parametrize("refused", [StudyFileError, TimingFileError])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff", "byte 1 is not UTF-8 text"),
        (b"a = ", "not TOML"),
        (b"a = " + b"[" * DEEP, "cannot be read|longer than"),
        (b"a." * DEEP + b"a = 1", "longer than"),
        (b"[" + b"a." * DEEP + b"a]", "longer than"),
        (b"a = { " + b"a." * DEEP + b"a = 1 }", "longer than"),
        (b"a = " + b"9" * (MAX_WORD - 10), "not a file: its values cannot be read"),
        (b" " * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_no_reader_could_take_is_refused_at_once(refused, content, said):
    with pytest.raises(refused, match=said):
        parse_toml(content, "it", "a file", refused)


def test_many_values_on_a_line_are_not_too_long():
    days = list(range(20_000))
    assert parse_toml(f"days = {days}".encode(), "it", "a file", StudyFileError) == {"days": days}
