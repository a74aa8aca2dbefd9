"""A dataset as a SAS transport file, version 5, by pyreadstat, with the extra ``xpt``.

The format holds names of 8 characters, labels of 40 and texts of 200 bytes, and knows no encoding.
Text that is not ASCII is written in UTF-8 and has to be read so; what is longer than 200 bytes is
cut between two characters. Both are said of each value, and neither happens in CSV or Dataset-JSON.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.exports.dataset import Column, Dataset, Value

__all__ = ["LONGEST_TEXT", "SUFFIX", "Transport", "find_missing", "write_xpt"]

SUFFIX = ".xpt"
LONGEST_NAME, LONGEST_LABEL, LONGEST_TEXT = 8, 40, 200
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_RECORD = 80
_MOMENTS = (  # where the file says when it was made: record, and place in it
    *((1, 64), (2, 0)),  # the library's
    *((5, 64), (6, 0)),  # the dataset's
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """A transport file and what it could not hold as it was.

    Attributes
    ----------
    content : bytes
    remarks : tuple of str
        Each a sentence on one value.
    """

    content: bytes
    remarks: tuple[str, ...]


def find_missing() -> str | None:
    """Say what has to be installed to write transport files; None where all is there."""
    try:
        _libraries()
    except ImportError:
        return "transport files need pyreadstat: pip install 'escalation[xpt]'"
    return None


def _libraries() -> tuple[Any, Any]:
    import pandas as pd  # noqa: PLC0415  # an extra, and slow to load
    import pyreadstat  # noqa: PLC0415

    return pd, pyreadstat


def write_xpt(dataset: Dataset, made_at: datetime) -> Transport:
    """Write a dataset; the same one, made at the same moment, gives the same bytes.

    Raises
    ------
    InputError
        Where a library is missing, or a name or label is longer than the format allows.
    """
    missing = find_missing()
    if missing is not None:
        raise InputError(missing)
    _check_names(dataset)
    pd, pyreadstat = _libraries()
    remarks: list[str] = []
    columns = {
        column.name: _values(dataset, column, [row[place] for row in dataset.rows], remarks)
        for place, column in enumerate(dataset.columns)
    }
    kinds = {c.name: "str" if _is_text(c) else "float64" for c in dataset.columns}
    frame = pd.DataFrame(columns).astype(kinds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{dataset.name.lower()}{SUFFIX}"
        pyreadstat.write_xport(
            frame,
            str(path),
            file_label=dataset.label,
            column_labels=[column.label for column in dataset.columns],
            table_name=dataset.name,
            variable_format={c.name: "E8601DA." for c in dataset.columns if c.as_number},
            file_format_version=5,
        )
        content = bytearray(path.read_bytes())
    at = made_at.astimezone(UTC)
    moment = f"{at:%d}{_MONTHS[at.month - 1]}{at:%y:%H:%M:%S}".encode("ascii")
    for record, place in _MOMENTS:
        start = record * _RECORD + place
        content[start : start + len(moment)] = moment
    return Transport(content=bytes(content), remarks=tuple(remarks))


def _check_names(dataset: Dataset) -> None:
    """Refuse what a reader would find cut.

    Raises
    ------
    InputError
    """
    named = [(dataset.name, dataset.label), *((c.name, c.label) for c in dataset.columns)]
    for name, label in named:
        for what, text, longest in (("name", name, LONGEST_NAME), ("label", label, LONGEST_LABEL)):
            if len(text) > longest or not text.isascii():
                raise InputError(
                    f"{dataset.name}: the {what} {text!a} does not fit a transport file: at most "
                    f"{longest} ASCII characters"
                )


def _values(
    dataset: Dataset, column: Column, values: Sequence[Value], remarks: list[str]
) -> list[str] | list[float]:
    if column.as_number:
        return [float("nan") if value is None else _sas_day(str(value)) for value in values]
    if not column.kind.is_text:
        return [float("nan") if value is None else float(value) for value in values]
    texts = []
    for number, value in enumerate(values, start=1):
        text = "" if value is None else str(value)
        if not text.isascii():
            where = f"{dataset.name} row {number}, {column.name}"
            remarks.append(f"{where}: not ASCII; written in UTF-8, read it so.")
        data = text.encode("utf-8")
        if len(data) > LONGEST_TEXT:
            where = f"{dataset.name} row {number}, {column.name}"
            remarks.append(f"{where}: {len(data)} bytes; cut at {LONGEST_TEXT}.")
            text = data[:LONGEST_TEXT].decode("utf-8", "ignore")
        texts.append(text)
    return texts


def _is_text(column: Column) -> bool:
    return column.kind.is_text and not column.as_number


def _sas_day(text: str) -> float:
    """Return a day as SAS counts it, from 1960."""
    return float((date.fromisoformat(text) - date(1960, 1, 1)).days)
