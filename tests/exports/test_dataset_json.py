"""Dataset-JSON against the schema that CDISC published, and an independent reader."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from escalation.exports.dataset_json import write_dataset_json

from .planted import ORIGIN, documents, sound

SCHEMA = Path(__file__).parents[1] / "data" / "dataset_json" / "dataset.schema.json"


def validator() -> jsonschema.protocols.Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft201909Validator(schema)


def test_every_dataset_is_valid_by_the_published_schema():
    validate = validator()
    for document in documents().values():
        assert list(validate.iter_errors(document)) == []


def test_the_schema_refuses_what_it_should():
    """So that the test above shows something."""
    for spoil in (
        lambda d: d.pop("records"),
        lambda d: d.update(datasetJSONVersion="1.0.0"),
        lambda d: d.update(datasetJSONCreationDateTime="29.11.2026"),
        lambda d: d["columns"][0].update(dataType="text"),
        lambda d: d["columns"][0].update(keySequence=0),
    ):
        document = documents()["AE"]
        spoil(document)
        assert list(validator().iter_errors(document)) != []


def test_attributes_stand_in_the_order_of_the_specification():
    document = documents()["ADSL"]
    assert list(document) == [
        "datasetJSONCreationDateTime",
        "datasetJSONVersion",
        "fileOID",
        "originator",
        "sourceSystem",
        "studyOID",
        "metaDataVersionOID",
        "itemGroupOID",
        "records",
        "name",
        "label",
        "columns",
        "rows",
    ]
    assert document["datasetJSONCreationDateTime"] == "2026-11-29T08:00:00Z"
    days = [c for c in document["columns"] if c.get("targetDataType")]
    assert {tuple(c.items())[4:] for c in days} == {
        (("targetDataType", "integer"), ("displayFormat", "E8601DA."))
    }


def test_an_independent_reader_gets_the_same_metadata_and_rows(tmp_path):
    """``ndjsonlib`` reads metadata and rows from two files of lines."""
    model = pytest.importorskip("ndjsonlib.models.dataset", reason="ndjsonlib is not installed")
    reader = pytest.importorskip("ndjsonlib.json_data_file")
    for name, document in documents().items():
        rows = document.pop("rows")
        metadata = model.DatasetMetadata(**document)
        assert [c.name for c in metadata.columns] == sound()[name].names
        assert metadata.datasetJSONCreationDateTime == datetime(2026, 11, 29, 8, tzinfo=UTC)
        (tmp_path / f"{name}_metadata.ndjson").write_text(json.dumps(document))
        (tmp_path / f"{name}_data.ndjson").write_text("\n".join(map(json.dumps, rows)) + "\n")
        back = reader.JsonDataFile(ds_name=name, directory=str(tmp_path)).read_dataset()
        assert back["rows"] == rows
        assert back["records"] == len(rows)


def test_the_same_dataset_at_the_same_moment_is_the_same_text():
    for dataset in sound().values():
        assert write_dataset_json(dataset, ORIGIN) == write_dataset_json(dataset, ORIGIN)


def test_text_of_any_writing_stays_as_it_is():
    from dataclasses import replace

    ae = sound()["AE"]
    place = ae.names.index("AETERM")
    row = ["发热\n“fever” 😀" if k == place else v for k, v in enumerate(ae.rows[0])]
    text = write_dataset_json(replace(ae, rows=(tuple(row),), records=1), ORIGIN)
    assert json.loads(text)["rows"] == [row]
    assert "发热" in text
