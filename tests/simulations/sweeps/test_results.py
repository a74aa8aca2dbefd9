"""Results as files: shards merged, torn ones refused, those of another study named."""

from __future__ import annotations

import pytest

from escalation.errors import InputError
from simulations.sweeps.columns import columns_of
from simulations.sweeps.results import (
    ResultsError,
    list_cells,
    match_results,
    merge_results,
    read_results,
    write_results,
)

from .studies import SMALL, go_on, lines_of, many_cells, small_study


@pytest.fixture(scope="module")
def study():
    return small_study(many_cells(10))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, study):
    """Return a folder with the results in one go, and of three shards."""
    folder = tmp_path_factory.mktemp("shards")
    go_on(study, folder / "whole.csv")
    for part in (1, 2, 3):
        go_on(study, folder / f"part-{part}.csv", shard=(part, 3))
    return folder


def parts(folder):
    return [folder / f"part-{part}.csv" for part in (3, 1, 2)]


def test_shards_merged_are_the_file_of_one_go(study, folder):
    lines = merge_results(study, parts(folder))
    merged = write_results(folder / "r.csv", columns_of(study), lines)
    assert merged == (folder / "whole.csv").read_bytes()
    assert [len(lines_of(part)) - 1 for part in parts(folder)] == [6, 7, 7]


def test_a_missing_shard_is_named_by_its_cells(study, folder):
    with pytest.raises(ResultsError, match=r"7 cells of 20 missing: cells 2, 5 \.\.\. 20\."):
        merge_results(study, parts(folder)[:2])


def test_a_shard_given_twice_is_named(study, folder):
    with pytest.raises(ResultsError, match=r"both have cells 1, 4 \.\.\. 19; give each shard once"):
        merge_results(study, [*parts(folder), folder / "part-1.csv"])


def test_an_unfinished_shard_is_named(study, folder, tmp_path):
    (tmp_path / "part-2.csv").write_bytes(lines_of(folder / "part-2.csv")[0])
    (tmp_path / "part-2.csv.unfinished").write_bytes(b"")
    with pytest.raises(ResultsError, match=r"part-2\.csv is not finished; run it again"):
        merge_results(study, [*parts(folder)[:2], tmp_path / "part-2.csv"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (many_cells(10).replace("[0.001, ", "[0.002, "), "p_dlt_1 is 0.001, not 0.002"),
        ("seed = 5\n" + many_cells(10), "seed is 1, not 5"),
        (many_cells(10).replace('"s0"', '"low"'), "scenario is s0, not low"),
        ("trials = 7\n" + many_cells(10), "whose digest is [0-9a-f]+, not"),
        (
            many_cells(3),
            "line 5: of another study: in cell 4 .* design is 3.3 variant=con",
        ),
    ],
)
def test_shards_of_another_study_are_refused_saying_what_is_other(folder, changed, said):
    with pytest.raises(ResultsError, match=said):
        match_results(folder / "whole.csv", small_study(changed))


def test_a_cell_that_the_study_does_not_have_is_named(folder):
    study = small_study(many_cells(10).replace(', "declare"', ""))
    with pytest.raises(ResultsError, match=r"no cell 11, only 1 to 10"):
        match_results(folder / "whole.csv", study)


def test_two_shards_of_different_studies_are_refused(study, folder, tmp_path):
    other = go_on(small_study("seed = 2\n" + many_cells(10)), tmp_path / "o.csv", shard=(2, 3))
    with pytest.raises(ResultsError, match=r"o\.csv: line 2: of another study: in cell 2"):
        merge_results(study, [*parts(folder)[:2], other])


@pytest.mark.parametrize(
    ("torn", "said"),
    [
        (lambda content: content[:-1], "line 21 is torn: the file ends within it"),
        (lambda content: content[:-400], "line 2[01] is torn"),
        (lambda content: content.replace(b",exact,", b",", 1), "line 2 is torn: "),
        (lambda content: content.replace(b",exact,,,0.", b",exact,,,x.", 1), "is x.*not a number"),
        (lambda content: content + b"\0\0\n", "line 22 is torn: 1 value for"),
        (lambda content: content + content.splitlines(keepends=True)[3], "cell 3 .* is there twi"),
        (lambda content: b"\xff" + content, "byte 1 is not UTF-8"),
        (lambda content: b"", "line 1 names no cells"),
        (lambda content: b"a,b\n1,2\n", "line 1 names no cells"),
        (lambda content: content.replace(b"p_no_mtd_mcse", b"p_none_mcse"), "other columns"),
    ],
)
def test_torn_results_are_refused_by_their_line(study, folder, tmp_path, torn, said):
    path = tmp_path / "r.csv"
    path.write_bytes(torn((folder / "whole.csv").read_bytes()))
    with pytest.raises(ResultsError, match=said):
        match_results(path, study)


def test_results_that_are_not_there_are_named(tmp_path):
    with pytest.raises(InputError, match=r"r\.csv: cannot be read: No such file"):
        read_results(tmp_path / "r.csv")


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([4], "cell 4"),
        ([1, 2], "cells 1, 2"),
        ([2, 3, 4, 9], "cells 2-4, 9"),
        ([1, 9, 17, 25], "cells 1, 9 ... 25"),
        ([i * i for i in range(1, 14)], "cells 1, 4, 9, 16, 25, 36, 49, 64, 81, 100 and 3 more"),
    ],
)
def test_cells_are_named_briefly(numbers, said):
    assert list_cells(numbers) == said


@pytest.mark.cluster
def test_parquet_holds_the_same(study, folder):
    """Oracle: pyarrow reads both."""
    import pyarrow.csv
    import pyarrow.parquet

    lines = merge_results(study, parts(folder))
    path = folder / "r.parquet"
    path.write_bytes(write_results(path, columns_of(study), lines))
    written = pyarrow.parquet.read_table(path)
    read = pyarrow.csv.read_csv(folder / "whole.csv")
    assert written.column_names == read.column_names
    for name in ("cell", "p_select_2", "sample_size_sd", "scenario"):
        assert written[name].to_pylist() == read[name].to_pylist()
    assert match_results(path, study) == match_results(folder / "whole.csv", study)
    assert small_study(SMALL).digest != study.digest
