"""Transport files, read back by pyreadstat."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from escalation.errors import InputError
from escalation.exports.dataset import Dataset
from escalation.exports.xpt import write_xpt

from .planted import sound

pyreadstat = pytest.importorskip("pyreadstat", reason="the extra [xpt] is not installed")
AT = datetime(2026, 11, 29, 8, tzinfo=UTC)


def read_back(dataset: Dataset, tmp_path):
    path = tmp_path / f"{dataset.name.lower()}.xpt"
    path.write_bytes(write_xpt(dataset, AT).content)
    return pyreadstat.read_xport(str(path))


def test_every_dataset_is_read_back_as_it_was(tmp_path):
    for dataset in sound().values():
        frame, metadata = read_back(dataset, tmp_path)
        assert list(frame.columns) == dataset.names
        assert metadata.table_name == dataset.name
        assert metadata.file_label == dataset.label
        assert list(metadata.column_labels) == [column.label for column in dataset.columns]
        for row, back in zip(dataset.rows, frame.itertuples(index=False), strict=True):
            for column, value, said in zip(dataset.columns, row, back, strict=True):
                if column.as_number and value is not None:
                    assert said == date.fromisoformat(value), (dataset.name, column.name)
                elif isinstance(value, str):
                    assert said == value
                elif value is None:
                    assert said == "" or said is None or math.isnan(said)
                else:
                    assert said == pytest.approx(value, rel=1e-15)  # IBM's numbers have 56 bits


def test_a_dataset_without_rows_is_written(tmp_path):
    frame, _ = read_back(replace(sound()["AE"], rows=(), records=0), tmp_path)
    assert (len(frame), list(frame.columns)) == (0, sound()["AE"].names)


def test_the_moment_is_the_one_given_and_the_bytes_are_the_same():
    first, second = (write_xpt(sound()["DM"], AT).content for _ in range(2))
    assert first == second
    assert first.count(b"29NOV26:08:00:00") == 4


def test_what_does_not_fit_is_said_of_each_value(tmp_path):
    """200 bytes, cut between characters; text that is not ASCII is UTF-8."""
    ae = sound()["AE"]
    place = ae.names.index("AETERM")
    terms = ("发热" * 50, "a" * 250)  # 300 bytes, 250 bytes
    rows = tuple(
        tuple(term if k == place else value for k, value in enumerate(row))
        for term, row in zip(terms, ae.rows, strict=True)
    )
    odd = replace(ae, rows=rows)
    assert write_xpt(odd, AT).remarks == (
        "AE row 1, AETERM: not ASCII; written in UTF-8, read it so.",
        "AE row 1, AETERM: 300 bytes; cut at 200.",
        "AE row 2, AETERM: 250 bytes; cut at 200.",
    )
    frame, _ = read_back(odd, tmp_path)
    assert list(frame["AETERM"]) == ["发热" * 33, "a" * 200]


def test_a_name_that_the_format_cannot_hold_is_refused():
    ae = sound()["AE"]
    for change in ({"name": "ADVERSEEVENTS"}, {"label": "é"}, {"label": "a" * 41}):
        with pytest.raises(InputError, match="does not fit a transport file"):
            write_xpt(replace(ae, **change), AT)


def test_where_the_library_is_missing_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(InputError, match=r"need pyreadstat: pip install 'escalation\[xpt\]'"):
        write_xpt(sound()["AE"], AT)
