"""What is wrong with exported datasets, as a data manager would find it: each fault by its place.

The published schema of Dataset-JSON asks for the shape of one file. This asks whether a row fits
its columns, whether a value can be what its variable says, and whether the datasets fit each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from escalation.dataclass import dataclass
from escalation.errors import printable
from escalation.exports.dataset import Column, Core, Dataset, DataType, Value
from escalation.exports.iso8601 import Moment, read_moment, study_day

__all__ = ["CHECKS", "Fault", "find_faults"]

CHECKS = {
    "records": "a dataset has as many rows as it says",
    "name": "names have at most 8 characters and labels at most 40",
    "width": "a row has a value for each variable and no more",
    "type": "a value is of the type of its variable",
    "finite": "a number is finite",
    "length": "a text is not longer than its variable",
    "date": "a date or time is ISO 8601, in part where no more is known, and in the calendar",
    "zone": "a time of day says in which time zone",
    "order": "nothing ends before it starts",
    "death": "nothing happens to a subject after their death",
    "study day": "a study day counts from the first dose, which is day 1; there is no day 0",
    "required": "a required variable has a value, unless the record never says it",
    "terms": "a value is one of those that its variable may have",
    "domain": "a row says the dataset that it is in, and the study of all others",
    "key": "no two rows have the same key",
    "sequence": "a sequence number is used once for a subject",
    "subject": "a subject is in DM",
    "orphan": "a supplement is of a record that is there",
    "unit": "a number has a unit, unless the plan has none, and is what its text says",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is wrong.

    Attributes
    ----------
    check : str
        One of ``CHECKS``.
    dataset : str
    row : int or None
        From 1; None where it is not about one row.
    column : str or None
    value : Value
    problem : str
        What is wrong and what would be right.
    """

    check: str
    dataset: str
    row: int | None = None
    column: str | None = None
    value: Value = None
    problem: str

    def __str__(self) -> str:
        where = self.dataset if self.row is None else f"{self.dataset} row {self.row}"
        if self.column is not None:
            shown = "empty" if self.value is None else printable(str(self.value))
            where += f", {self.column} ({shown})"
        return f"{where}: {self.problem}"


def find_faults(datasets: Iterable[Dataset]) -> list[Fault]:
    """Return every fault of an export, dataset by dataset, row by row."""
    given = {dataset.name: dataset for dataset in datasets}
    study = _Study.of(given)
    found: list[Fault] = []
    for dataset in given.values():
        found += _of_file(dataset)
        for row in _rows(dataset):
            found += _of_values(row)
            found += _of_dates(row, study)
            found += _of_results(row)
            found += _of_subjects(row, study)
        found += _of_keys(dataset)
    return found


# ---------------------------------------------------------------- what the checks go by


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row with the dataset that it is in."""

    dataset: Dataset
    number: int
    values: dict[str, Value]

    def fault(self, check: str, column: str | None, problem: str) -> Fault:
        return Fault(
            check=check,
            dataset=self.dataset.name,
            row=self.number,
            column=column,
            value=None if column is None else self.values.get(column),
            problem=problem,
        )

    def moment(self, column: str) -> Moment | None:
        value = self.values.get(column)
        return read_moment(value) if isinstance(value, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Study:
    """What one dataset says that others have to fit.

    Attributes
    ----------
    first_dose, death : dict of str to Moment
        By subject.
    subjects : set of str or None
        Those of DM; None where there is no DM.
    sequences : set of (str, str, str, str)
        Dataset, subject, variable and number of every record that can have a supplement.
    study : Value
    """

    first_dose: dict[str, Moment]
    death: dict[str, Moment]
    subjects: set[str] | None
    sequences: set[tuple[str, str, str, str]]
    study: Value

    @classmethod
    def of(cls, datasets: dict[str, Dataset]) -> _Study:
        first: dict[str, Moment] = {}
        death: dict[str, Moment] = {}
        subjects: set[str] | None = None
        study: Value = None
        if "DM" in datasets:
            subjects = set()
            for row in _rows(datasets["DM"]):
                subject = str(row.values.get("USUBJID"))
                subjects.add(subject)
                study = study or row.values.get("STUDYID")
                for column, said in (("RFSTDTC", first), ("DTHDTC", death)):
                    moment = row.moment(column)
                    if moment is not None:
                        said[subject] = moment
        sequences = {
            (dataset.name, str(row.values.get("USUBJID")), column, str(row.values.get(column)))
            for dataset in datasets.values()
            for column in dataset.names
            if column.endswith(("SEQ", "VISITNUM")) and not dataset.name.startswith("SUPP")
            for row in _rows(dataset)
        }
        return cls(
            first_dose=first, death=death, subjects=subjects, sequences=sequences, study=study
        )


def _rows(dataset: Dataset) -> Iterator[_Row]:
    for number, values in enumerate(dataset.records_by_name(), start=1):
        yield _Row(dataset=dataset, number=number, values=values)


# ---------------------------------------------------------------- one file


def _of_file(dataset: Dataset) -> Iterator[Fault]:
    if dataset.records != len(dataset.rows):
        yield Fault(
            check="records",
            dataset=dataset.name,
            problem=f"it says {dataset.records} records and has {len(dataset.rows)} rows",
        )
    named = [
        (None, dataset.name, dataset.label),
        *((c.name, c.name, c.label) for c in dataset.columns),
    ]
    for column, name, label in named:
        for what, text, longest in (("name", name, 8), ("label", label, 40)):
            if len(text) > longest:
                problem = f"the {what} {printable(text)} is longer than {longest} characters"
                yield Fault(check="name", dataset=dataset.name, column=column, problem=problem)
    for number, row in enumerate(dataset.rows, start=1):
        if len(row) != len(dataset.columns):
            yield Fault(
                check="width",
                dataset=dataset.name,
                row=number,
                problem=f"{len(row)} values for {len(dataset.columns)} variables",
            )


def _of_keys(dataset: Dataset) -> Iterator[Fault]:
    keys = dataset.keys
    sequence = next((n for n in dataset.names if n.endswith("SEQ") and "USUBJID" in keys), None)
    seen: dict[tuple[Value, ...], int] = {}
    used: dict[tuple[Value, ...], int] = {}
    for row in _rows(dataset):
        key = tuple([row.values.get(name) for name in keys])
        first = seen.setdefault(key, row.number)
        if keys and first != row.number:
            problem = f"the same key as row {first}: {', '.join(keys)}"
            yield row.fault("key", keys[-1], problem)
        if sequence is None or row.values.get(sequence) is None:
            continue
        number = (row.values.get("USUBJID"), row.values[sequence])
        first = used.setdefault(number, row.number)
        if first != row.number:
            yield row.fault("sequence", sequence, f"row {first} has the same for this subject")


# ---------------------------------------------------------------- one value


def _of_values(row: _Row) -> Iterator[Fault]:
    for column in row.dataset.columns:
        value = row.values.get(column.name)
        if value is None or value == "":
            if column.core is Core.REQUIRED and column.left_empty is None:
                yield row.fault("required", column.name, "the variable is required")
            continue
        if not _is_of_type(value, column.kind):
            yield row.fault("type", column.name, f"the variable is of type {column.kind}")
        elif isinstance(value, float) and not math.isfinite(value):
            yield row.fault("finite", column.name, "not a finite number")
        if not isinstance(value, str):
            continue
        if column.length is not None and len(value) > column.length:
            problem = f"{len(value)} characters, where the variable has {column.length}"
            yield row.fault("length", column.name, problem)
        if column.terms is not None and value not in column.terms:
            yield row.fault("terms", column.name, f"not one of {', '.join(column.terms)}")
    domain = row.values.get("DOMAIN")
    if domain is not None and domain != row.dataset.name:
        yield row.fault("domain", "DOMAIN", f"the row is in {row.dataset.name}")


def _is_of_type(value: Value, kind: DataType) -> bool:
    if kind.is_text:
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (kind is DataType.FLOAT and isinstance(value, float))


# ---------------------------------------------------------------- days and times


def _of_dates(row: _Row, study: _Study) -> Iterator[Fault]:
    subject = str(row.values.get("USUBJID"))
    died = study.death.get(subject)
    names = {column.name for column in row.dataset.columns}
    for column in row.dataset.columns:
        value = row.values.get(column.name)
        if column.kind not in (DataType.DATE, DataType.DATETIME) or not isinstance(value, str):
            continue
        moment = read_moment(value)
        if moment is None:
            problem = "not a date or time of ISO 8601, such as 2026-01-31 or 2026-01"
            yield row.fault("date", column.name, problem)
            continue
        if moment.at is not None and not moment.has_zone:
            problem = f"no time zone; write {value}Z, or how far it is from UTC"
            yield row.fault("zone", column.name, problem)
        start = _start_of(column.name, names)
        began = None if start is None else row.moment(start)
        if began is not None and moment.is_before(began):
            yield row.fault("order", column.name, f"before {start} ({began.text})")
        if died is not None and _happens(column.name) and died.is_before(moment):
            yield row.fault("death", column.name, f"after the subject's death ({died.text})")
        yield from _of_study_day(row, column, moment, study.first_dose.get(subject))


def _start_of(name: str, names: set[str]) -> str | None:
    """Return the variable with which something starts that ends with another one."""
    for end, start in (("ENDTC", "STDTC"), ("EDT", "SDT")):
        if name.endswith(end) and f"{name.removesuffix(end)}{start}" in names:
            return f"{name.removesuffix(end)}{start}"
    return None


def _happens(name: str) -> bool:
    """Tell whether a variable says when something happened to a living subject."""
    return name.endswith("DTC") and name[:2] in ("AE", "EX", "SV", "PC", "LB", "RS", "IE")


def _of_study_day(
    row: _Row, column: Column, moment: Moment, first: Moment | None
) -> Iterator[Fault]:
    name = f"{column.name.removesuffix('DTC')}DY"
    said = row.values.get(name)
    if not column.name.endswith("DTC") or said is None:
        return
    right = study_day(moment.day, None if first is None else first.day)
    if said != right:
        would = "left empty" if right is None else str(right)
        yield row.fault("study day", name, f"by {column.name} it is {would}")


# ---------------------------------------------------------------- results, and who they are of


def _of_results(row: _Row) -> Iterator[Fault]:
    prefix = row.dataset.name[:2]
    for number, unit in ((f"{prefix}STRESN", f"{prefix}STRESU"), ("EXDOSE", "EXDOSU")):
        value = row.values.get(number)
        if value is None or number not in row.dataset.names:
            continue
        is_pure = row.values.get(f"{prefix}TESTCD") in row.dataset.unitless
        if row.values.get(unit) in (None, "") and not is_pure:
            yield row.fault("unit", unit, f"{number} is {value}, of what is not said")
    text, value = row.values.get(f"{prefix}STRESC"), row.values.get(f"{prefix}STRESN")
    if isinstance(text, str) and isinstance(value, int | float) and _number(text) != value:
        problem = f"the number beside it, {prefix}STRESN, is {value}"
        yield row.fault("unit", f"{prefix}STRESC", problem)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _of_subjects(row: _Row, study: _Study) -> Iterator[Fault]:
    said = row.values.get("STUDYID")
    if study.study is not None and said != study.study:
        yield row.fault("domain", "STUDYID", f"DM is of study {study.study}")
    subject = row.values.get("USUBJID")
    if "USUBJID" not in row.dataset.names or row.dataset.name == "DM":
        return
    if study.subjects is not None and subject not in study.subjects:
        yield row.fault("subject", "USUBJID", "not in DM")
    if "RDOMAIN" in row.dataset.names:
        named: Sequence[Value]
        named = [row.values.get(name) for name in ("RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL")]
        if tuple(map(str, named)) not in study.sequences:
            problem = f"{named[0]} has no record of this subject with {named[2]} {named[3]}"
            yield row.fault("orphan", "IDVARVAL", problem)
