"""What is known of somebody who is screened, as a file says it: TOML, or a table in CSV."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from escalation.dataclass import dataclass
from escalation.errors import InputError, did_you_mean, printable
from escalation.text import list_briefly
from escalation.trial.events import Finding
from escalation.trial.findings.notation import read_finding

__all__ = ["PERSON", "ScreeningFile", "read_screening_file"]

PERSON = ("disease", "sex", "born", "consented")
_COLUMNS = ("test", "value", "unit", "lower", "upper", "date", "by", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningFile:
    """What a file says.

    Attributes
    ----------
    person : mapping of str to str
        ``disease``, ``sex``, ``born`` and ``consented``, those that it names.
    findings : tuple of Finding
    """

    person: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read_screening_file(text: str, where: str) -> ScreeningFile:
    """Read a file whose name ends in .csv as a table, and any other as TOML.

    Raises
    ------
    InputError
        With everything that is wrong, and in which line or key.
    """
    is_table = where.lower().endswith(".csv")
    return _read_table(text, where) if is_table else _read_toml(text, where)


def _read_toml(text: str, where: str) -> ScreeningFile:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: {error}") from error
    faults, findings, person = [], [], {}
    for key, value in document.items():
        if key in PERSON:
            person[key] = str(value)
        elif key not in ("answers", "results") or not isinstance(value, Mapping):
            known = (*PERSON, "[answers]", "[results]")
            faults.append(f"{printable(key)} is not known; {did_you_mean(key, known)}")
        else:
            for name, said in _flat(value):
                try:
                    findings.append(read_finding(f"{name}={said}"))
                except InputError as error:
                    faults.append(f"[{key}]: {error}")
    return _found(where, faults, person, findings)


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield what a table says by its keys; ``I2.5`` without quotes is a table in a table."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        elif isinstance(value, bool):
            yield f"{above}{key}", "yes" if value else "no"
        else:
            yield f"{above}{key}", str(value)


def _read_table(text: str, where: str) -> ScreeningFile:
    text = text.removeprefix("\ufeff")
    heading = text.partition("\n")[0]
    separator = max(",;\t", key=heading.count)  # of those that spreadsheet programs write
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    names = [name.strip().casefold() for name in rows.fieldnames or ()]
    odd = [name for name in names if name not in _COLUMNS]
    if "test" not in names or "value" not in names or odd:
        are = "are not columns" if len(odd) > 1 else "is not a column"
        what = (
            f"{list_briefly([*map(printable, odd)])} {are}" if odd else "test and value are needed"
        )
        raise InputError(f"{where}: {what}; the columns are {', '.join(_COLUMNS)}")
    rows.fieldnames = names
    faults, findings, person = [], [], {}
    for row in rows:
        cells = {name: (said or "").strip() for name, said in row.items() if name is not None}
        line = f"line {rows.line_num}"
        if None in row:
            faults.append(f"{line}: there are more cells than columns")
        elif not any(cells.values()):
            continue
        elif cells["test"].casefold() in PERSON:
            person[cells["test"].casefold()] = cells["value"]
        else:
            try:
                findings.append(_of_row(cells))
            except InputError as error:
                faults.append(f"{line}: {error}")
    return _found(where, faults, person, findings)


def _of_row(cells: Mapping[str, str]) -> Finding:
    """Read a row as what people would type for it."""
    said = f"{cells['test']}={cells['value']}"
    if cells.get("unit"):
        said += f" {cells['unit']}"
    if cells.get("lower") or cells.get("upper"):
        said += f" ({cells.get('lower', '')}..{cells.get('upper', '')})"
    if cells.get("date"):
        said += f" @{cells['date']}"
    if cells.get("by"):
        said += f" by {cells['by']}"
    found = read_finding(said)
    return replace(found, note=cells["note"]) if cells.get("note") else found


def _found(
    where: str, faults: list[str], person: Mapping[str, str], findings: list[Finding]
) -> ScreeningFile:
    if not (faults or person or findings):
        faults = ["it says nothing of anybody"]
    if faults:
        many = [f"{len(faults)} faults"] if len(faults) > 1 else []
        raise InputError(f"{where}: " + "\n  ".join([*many, *faults]))
    return ScreeningFile(person=person, findings=tuple(findings))
