"""Faults planted in an export: each is found, in its place."""

from __future__ import annotations

import json

import pytest

from escalation.exports.checks import CHECKS, find_faults

from .planted import FAULTS, Planted, documents, faults_of, read, sound

pytestmark = pytest.mark.filterwarnings("error")


def test_in_what_is_exported_nothing_is_wrong():
    assert faults_of(documents()) == []
    assert read(documents()) == list(sound().values())


def test_there_are_sixteen_faults_and_one_of_each_check():
    assert len(FAULTS) >= 16
    assert {planted.check for planted in FAULTS.values()} == set(CHECKS)


@pytest.mark.parametrize("planted", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found_with_dataset_row_column_and_value(planted: Planted):
    files = planted.plant()
    found = faults_of(files)
    (fault,) = [f for f in found if f.check == planted.check and f.row == planted.row]
    assert (fault.dataset, fault.column, fault.value) == (
        *(planted.dataset, planted.column, planted.value),
    )
    said = str(fault)
    assert said.startswith(planted.dataset if planted.row is None else f"{planted.dataset} row")
    assert planted.column is None or planted.column in said
    # what follows from it is said too, and nothing of other datasets
    assert {f.dataset for f in found} == {planted.dataset}


def test_a_date_known_in_part_is_sound_and_compared_as_far_as_it_goes():
    files = documents()
    names = [column["name"] for column in files["AE"]["columns"]]
    event = files["AE"]["rows"][1]  # from 2026-02-04
    event[names.index("AEENDY")] = None
    for end, is_fault in (("2026-02", False), ("2026", False), ("2026-01", True), ("2025", True)):
        event[names.index("AEENDTC")] = end
        assert [f.check for f in faults_of(files)] == ["order"] * is_fault, end


def test_times_in_two_zones_are_compared_as_moments():
    files = documents()
    names = [column["name"] for column in files["AE"]["columns"]]
    event = files["AE"]["rows"][0]
    event[names.index("AESTDTC")] = "2026-01-07T08:00+08:00"
    event[names.index("AEENDTC")] = "2026-01-07T01:00Z"
    event[names.index("AEENDY")] = 2
    assert faults_of(files) == []
    event[names.index("AEENDTC")] = "2026-01-06T23:59Z"
    event[names.index("AEENDY")] = 1
    assert [str(f) for f in faults_of(files)] == [
        "AE row 1, AEENDTC (2026-01-06T23:59Z): before AESTDTC (2026-01-07T08:00+08:00)"
    ]


def test_a_value_that_json_cannot_say_is_found_before_it_is_written():
    from dataclasses import replace

    from escalation.errors import InputError
    from escalation.exports.dataset_json import write_dataset_json

    from .planted import ORIGIN

    vs = sound()["VS"]
    place = vs.names.index("VSSTRESN")
    row = [float("nan") if k == place else v for k, v in enumerate(vs.rows[0])]
    odd = replace(vs, rows=(tuple(row),))
    assert "finite" in {fault.check for fault in find_faults([odd])}
    with pytest.raises(InputError, match="VS: a value that JSON cannot say"):
        write_dataset_json(odd, ORIGIN)


def test_what_is_not_dataset_json_is_said():
    from escalation.errors import InputError
    from escalation.exports.dataset_json import read_dataset_json

    for text in ("", "[]", "{}", json.dumps({"name": "AE", "label": 1, "columns": [{}]})):
        with pytest.raises(InputError, match="not a dataset as Dataset-JSON"):
            read_dataset_json(text, sound())
