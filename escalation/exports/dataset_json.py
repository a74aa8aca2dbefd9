"""Dataset-JSON 1.1 of CDISC: one file a dataset, its metadata first, then a row a line.

The same dataset, made at the same moment, gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.exports.dataset import Column, Dataset, DataType

__all__ = ["SUFFIX", "Origin", "dataset_document", "read_dataset_json", "write_dataset_json"]

SUFFIX = ".json"
_VERSION = "1.1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a dataset comes from, as its file says.

    Attributes
    ----------
    study : str
        The study's identifier.
    file : str
        What all files of an export are called together; each adds its own name.
    metadata : str
        The version of the metadata.
    originator, system, system_version : str
    made_at : datetime
        With a time zone.
    changed_at : datetime or None
        When the record was last changed.
    """

    study: str
    file: str
    metadata: str
    originator: str
    system: str
    system_version: str
    made_at: datetime
    changed_at: datetime | None = None


def dataset_document(dataset: Dataset, origin: Origin) -> dict[str, Any]:
    """Return the document of a dataset, in the order in which its standard names attributes."""
    changed = {} if origin.changed_at is None else {"dbLastModifiedDateTime": origin.changed_at}
    return {
        "datasetJSONCreationDateTime": _moment(origin.made_at),
        "datasetJSONVersion": _VERSION,
        "fileOID": f"{origin.file}/{dataset.name}",
        **{name: _moment(at) for name, at in changed.items()},
        "originator": origin.originator,
        "sourceSystem": {"name": origin.system, "version": origin.system_version},
        "studyOID": origin.study,
        "metaDataVersionOID": origin.metadata,
        "itemGroupOID": f"IG.{dataset.name}",
        "records": dataset.records,
        "name": dataset.name,
        "label": dataset.label,
        "columns": [_column_document(dataset, column) for column in dataset.columns],
        "rows": [list(row) for row in dataset.rows],
    }


def _column_document(dataset: Dataset, column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {
        "itemOID": f"IT.{dataset.name}.{column.name}",
        "name": column.name,
        "label": column.label,
        "dataType": str(column.kind),
    }
    if column.as_number:
        said["targetDataType"] = "integer"
    if column.length is not None:
        said["length"] = column.length
    if column.as_number:
        said["displayFormat"] = "E8601DA."
    if column.key is not None:
        said["keySequence"] = column.key
    return said


def _moment(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def write_dataset_json(dataset: Dataset, origin: Origin) -> str:
    """Write a dataset as text in UTF-8, a column and a row a line.

    Raises
    ------
    InputError
        For a number that JSON has no word for.
    """
    document = dataset_document(dataset, origin)
    rows, columns = document.pop("rows"), document.pop("columns")
    try:
        head = [f"{_json(name)}: {_json(value)}" for name, value in document.items()]
        head.append(f'"columns": [\n{_lines(columns)}\n]')
        head.append(f'"rows": [\n{_lines(rows)}\n]' if rows else '"rows": []')
    except ValueError as error:
        raise InputError(f"{dataset.name}: a value that JSON cannot say: {error}") from error
    return "{\n" + ",\n".join(head) + "\n}\n"


def _lines(items: list[Any]) -> str:
    return ",\n".join(map(_json, items))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def read_dataset_json(text: str, like: Mapping[str, Dataset]) -> Dataset:
    """Read a dataset back, as the checks take it; rows as they stand, however wide.

    Parameters
    ----------
    text : str
    like : mapping of str to Dataset
        By name: what the file cannot say of a variable, such as its terms, is as it is there.

    Raises
    ------
    InputError
        For a file that has another shape.
    """
    try:
        document = json.loads(text)
        model = like[document["name"]]
        known = {column.name: column for column in model.columns}
        columns = tuple(_read_column(said, known) for said in document["columns"])
        return Dataset(
            name=document["name"],
            label=document["label"],
            columns=columns,
            rows=tuple(map(tuple, document.get("rows", ()))),
            records=document["records"],
            unitless=model.unitless,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a dataset as Dataset-JSON 1.1 writes it: {error}") from error


def _read_column(said: Mapping[str, Any], known: Mapping[str, Column]) -> Column:
    column = Column(
        name=said["name"],
        label=said["label"],
        kind=DataType(said["dataType"]),
        length=said.get("length"),
        key=said.get("keySequence"),
        as_number=said.get("targetDataType") == "integer",
    )
    like = known.get(column.name)
    if like is None:
        return column
    return replace(column, core=like.core, terms=like.terms, left_empty=like.left_empty)
