"""An export as its Dataset-JSON files, and faults to plant in them, one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from escalation.exports.checks import Fault, find_faults
from escalation.exports.dataset import Dataset
from escalation.exports.dataset_json import Origin, read_dataset_json, write_dataset_json

from .small import small_export

__all__ = ["FAULTS", "ORIGIN", "Planted", "documents", "faults_of", "read", "sound"]

Documents = dict[str, dict[str, Any]]
ORIGIN = Origin(
    study="NCT07123519",
    file="TJ/42",
    metadata="escalation",
    originator="nobody",
    system="escalation",
    system_version="0.2.0",
    made_at=datetime(2026, 11, 29, 8, tzinfo=UTC),
)


@cache
def sound() -> dict[str, Dataset]:
    """Return the datasets of the small trial, in which nothing is wrong."""
    return {dataset.name: dataset for dataset in small_export().datasets}


@cache
def _texts() -> dict[str, str]:
    return {name: write_dataset_json(dataset, ORIGIN) for name, dataset in sound().items()}


def documents() -> Documents:
    """Return the files, to be changed."""
    return {name: json.loads(text) for name, text in _texts().items()}


def read(files: Documents) -> list[Dataset]:
    """Return the datasets that files hold."""
    return [read_dataset_json(json.dumps(document), sound()) for document in files.values()]


def faults_of(files: Documents) -> list[Fault]:
    """Return what is wrong with files."""
    return find_faults(read(files))


@dataclass(frozen=True)
class Planted:
    """A fault: what is changed, and where it has to be found.

    ``row`` counts from 1; ``seen_by_table`` says whether a table's own rules can see it, without
    the other datasets and the metadata.
    """

    check: str
    dataset: str
    row: int | None
    column: str | None
    value: Any
    change: Callable[[Documents], None]
    seen_by_table: bool = True

    def plant(self) -> Documents:
        files = deepcopy(documents())
        self.change(files)
        return files


def put(check: str, dataset: str, row: int, column: str, value: Any, **said: Any) -> Planted:
    """Plant a value in a cell, where it is found."""

    def change(files: Documents) -> None:
        cell(files, dataset, row, column, value)

    return Planted(check, dataset, row, column, value, change, **said)


def cell(files: Documents, dataset: str, row: int, column: str, value: Any) -> None:
    names = [said["name"] for said in files[dataset]["columns"]]
    files[dataset]["rows"][row - 1][names.index(column)] = value


def _drop_a_row(files: Documents) -> None:
    files["EX"]["rows"].pop()


def _shorten(files: Documents) -> None:
    files["AE"]["rows"][1].pop()


def _repeat(files: Documents) -> None:
    files["DS"]["rows"].append(list(files["DS"]["rows"][0]))
    files["DS"]["records"] += 1


def _rename(files: Documents) -> None:
    files["VS"]["columns"][4]["label"] = "A label of more than forty characters in all"


FAULTS: dict[str, Planted] = {
    "a row is lost": Planted("records", "EX", None, None, None, _drop_a_row),
    "a row is too short": Planted("width", "AE", 2, None, None, _shorten),
    "a label is too long": Planted(
        "name", "VS", None, "VSSPID", None, _rename, seen_by_table=False
    ),
    "a number is text": put("type", "EX", 2, "EXDOSE", "1.8E8"),
    "a number is infinite": put("finite", "PC", 2, "PCSTRESN", float("inf")),
    "a flag is a sentence": put("length", "AE", 1, "AESER", "yes"),
    "a day is not in the calendar": put("date", "AE", 1, "AEENDTC", "2026-02-30"),
    "a day is written as at the site": put("date", "SV", 1, "SVSTDTC", "06.01.2026"),
    "a time has no zone": put("zone", "LB", 1, "LBDTC", "2026-01-05T08:30"),
    "an event ends before it starts": put("order", "AE", 1, "AEENDTC", "2026-01-06"),
    "a sample is taken after death": put(
        "death", "SV", 8, "SVSTDTC", "2026-04-30", seen_by_table=False
    ),
    "a study day is 0": put("study day", "EX", 1, "EXSTDY", 0),
    "a study day is wrong": put("study day", "AE", 2, "AESTDY", 17, seen_by_table=False),
    "a term is missing": put("required", "AE", 1, "AETERM", None),
    "a term is not CDISC's": put("terms", "AE", 2, "AEOUT", "DEAD"),
    "a row says another domain": put("domain", "LB", 2, "DOMAIN", "VS"),
    "a row is of another study": put("domain", "DS", 3, "STUDYID", "NCT00000000"),
    "a row is there twice": Planted("key", "DS", 10, "DSSEQ", 1, _repeat),
    "a number is given twice": put("sequence", "LB", 2, "LBSEQ", 1),
    "a subject is not in DM": put(
        "subject", "RS", 1, "USUBJID", "NCT07123519-S9", seen_by_table=False
    ),
    "a supplement is an orphan": put("orphan", "SUPPAE", 5, "IDVARVAL", "7", seen_by_table=False),
    "a result has no unit": put("unit", "PC", 3, "PCSTRESU", None),
    "a dose has no unit": put("unit", "EX", 3, "EXDOSU", None),
    "a result is not the number beside it": put("unit", "VS", 1, "VSSTRESC", "615"),
}  # fmt: skip
