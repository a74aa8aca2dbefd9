"""Finished cells on disk: torn lines, garbage, another study, two runs at once."""

from __future__ import annotations

import json

import pytest

from escalation.errors import ConflictError, InputError
from simulations.sweeps.columns import columns_of
from simulations.sweeps.store import Store, StudyChangedError, unfinished_path

from .studies import SMALL, go_on, lines_of, small_study


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return go_on(small_study(), tmp_path_factory.mktemp("whole") / "r.csv").read_bytes()


@pytest.fixture
def begun(tmp_path):
    """Return results of which four of six cells are finished."""
    return go_on(small_study(), tmp_path / "r.csv", only=[1, 2, 3, 5])


def finished(output):
    with Store(output, small_study(), columns_of(small_study())) as store:
        return sorted(store.lines), store.mended


def test_what_is_finished_is_found_again(begun):
    assert finished(begun) == ([1, 2, 3, 5], [])


@pytest.mark.parametrize("n_bytes", [1, 2, 30, 200])
def test_a_line_that_was_cut_off_is_left_out_and_calculated_again(begun, whole, n_bytes):
    path = unfinished_path(begun)
    path.write_bytes(path.read_bytes()[:-n_bytes])
    numbers, (said,) = finished(begun)
    assert numbers == [1, 2, 3]
    assert "1 line (5) torn or changed, left out; 3 finished cells kept" in said
    assert finished(begun) == ([1, 2, 3], [])  # mended
    assert go_on(small_study(), begun).read_bytes() == whole


@pytest.mark.parametrize("garbage", [b"\0" * 500, b"\n\n\n", b"\xff\xfe garbage\r\n", b"1,2,3\n"])
@pytest.mark.parametrize("place", [1, 3, 5])
def test_garbage_is_left_out(begun, whole, garbage, place):
    lines = lines_of(unfinished_path(begun))
    content = b"".join([*lines[:place], garbage, *lines[place:]])
    unfinished_path(begun).write_bytes(content)
    numbers, (said,) = finished(begun)
    assert set(numbers) <= {1, 2, 3, 5}
    assert len(numbers) >= 3  # a line that garbage without an end runs into is lost too
    assert "torn or changed" in said
    assert go_on(small_study(), begun).read_bytes() == whole


def test_a_number_that_was_changed_is_noticed(begun):
    path = unfinished_path(begun)
    lines = lines_of(path)
    lines[2] = lines[2].replace(b"0.1", b"0.2", 1)
    path.write_bytes(b"".join(lines))
    numbers, (said,) = finished(begun)
    assert numbers == [1, 3, 5]
    assert "1 line (3) torn or changed" in said


@pytest.mark.parametrize("content", [b"", b"name,p\nlow,0.1\n", b"\0\0\0", b"\n"])
def test_a_file_that_is_not_a_sweeps_is_refused_and_stays(begun, content):
    unfinished_path(begun).write_bytes(content)
    with pytest.raises(InputError, match="line 1 is not that of a sweep's unfinished results"):
        finished(begun)
    assert unfinished_path(begun).read_bytes() == content


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (SMALL.replace("0.60", "0.65"), r'scenarios "steep"\[2\]: 0.6 before, 0.65 now'),
        ("trials = 500\n" + SMALL, "trials: 10000 before, 500 now"),
        (SMALL.replace('"toxic"', '"more"'), 'scenarios "toxic" was left out; .*"more" is new'),
        (SMALL.replace('["confirm", "declare"]', '["confirm"]'), 'variant=declare" was left out'),
        (SMALL.replace('["confirm", "declare"]', '["declare", "confirm"]'), "the order of its"),
    ],
)
def test_a_study_that_has_changed_is_refused_with_what_has_changed(begun, changed, said):
    before = unfinished_path(begun).read_bytes()
    with pytest.raises(StudyChangedError, match=said):
        go_on(small_study(changed), begun)
    assert unfinished_path(begun).read_bytes() == before


def test_where_nothing_was_finished_another_study_begins_anew(tmp_path):
    """As after a scheduler that did not answer, and a study that was mended since."""
    go_on(small_study("seed = 2\n" + SMALL), tmp_path / "r.csv", only=[])
    assert len(lines_of(unfinished_path(tmp_path / "r.csv"))) == 1
    go_on(small_study(), tmp_path / "r.csv", only=[1])
    assert finished(tmp_path / "r.csv") == ([1], [])


def test_another_shard_is_refused(tmp_path):
    study = small_study()
    go_on(study, tmp_path / "r.csv", shard=(1, 3), only=[1])
    with pytest.raises(StudyChangedError, match="begun as shard 1/3, not shard 2/3"):
        go_on(study, tmp_path / "r.csv", shard=(2, 3))
    with pytest.raises(StudyChangedError, match="begun as shard 1/3, not a whole study"):
        go_on(study, tmp_path / "r.csv")


def test_two_runs_at_once_are_refused(begun):
    study = small_study()
    with (
        Store(begun, study, columns_of(study)),
        pytest.raises(ConflictError, match="another run is writing these results"),
    ):
        go_on(study, begun)
    go_on(study, begun)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InputError, match=r"r\.csv\.unfinished: cannot be written: "):
        go_on(small_study(), tmp_path / "gone" / "r.csv")


def test_the_unfinished_file_says_which_study_it_is(begun):
    header = json.loads(lines_of(unfinished_path(begun))[0].partition(b" ")[2])
    assert header["study"] == small_study().digest
    assert header["document"]["scenarios"]["steep"] == [0.1, 0.3, 0.6]
