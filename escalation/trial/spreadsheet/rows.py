"""Patients as people keep them in a spreadsheet, one row each: the format, written and read.

CSV in UTF-8 with a heading of names from ``COLUMNS`` in any order; separated by commas, semicolons
or tabs; days as 2026-01-31; several toxicities of a subject with ``|`` between them in a cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite

from escalation.errors import FileFaultsError, did_you_mean, printable
from escalation.labels import Label
from escalation.outcomes import Outcome
from escalation.trial.events import Relation, Toxicity
from escalation.trial.patients.subjects import Subject
from escalation.trial.state import TrialState

__all__ = ["COLUMNS", "PatientRow", "SpreadsheetError", "patients_csv", "read_patients"]

COLUMNS = (
    "subject",
    "cohort",
    "level",
    "weight_kg",
    "enrolled_on",
    "dosed_on",
    "planned",
    "infused",
    "lot",
    "outcome",
    "outcome_on",
    "reason",
    "term",
    "grade",
    "onset",
    "relation",
    "narrative",
    "replaces",
)

MAX_BYTES = 1_000_000
MAX_ROWS = 1000
_BETWEEN = " | "  # several toxicities in one cell
_FORMULA = re.compile(r"[=+\-@\t\r']")  # a spreadsheet program would calculate such a cell

_OUTCOMES: dict[str, Outcome | None] = {
    "": None,
    "pending": None,
    "?": None,
    "dlt": Outcome.DLT,
    "t": Outcome.DLT,
    "no dlt": Outcome.NO_DLT,
    "n": Outcome.NO_DLT,
    "moderate": Outcome.MODERATE,
    "m": Outcome.MODERATE,
    "not evaluable": Outcome.NOT_EVALUABLE,
    "x": Outcome.NOT_EVALUABLE,
}
_WORDS = {outcome: word for word, outcome in _OUTCOMES.items() if len(word) > 1}


class SpreadsheetError(FileFaultsError):
    """A spreadsheet that cannot be recorded, with every fault and its row."""


def patients_csv(state: TrialState) -> str:
    """Write the subjects of a trial, one row each, as ``read_patients`` reads them."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for subject in state.subjects.values():
        cells = _cells(subject)
        writer.writerow([_guard(name, cells.get(name)) for name in COLUMNS])
    return written.getvalue()


def _cells(subject: Subject) -> Mapping[str, object]:
    enrolled = subject.enrolment
    cells: dict[str, object] = {
        "subject": subject.id,
        "cohort": subject.cohort,
        "level": subject.level,
        "weight_kg": enrolled.weight_kg,
        "enrolled_on": enrolled.on,
        "replaces": enrolled.replaces,
    }
    if subject.dosing is not None:
        dosed = subject.dosing.event
        cells |= {"dosed_on": dosed.on, "planned": dosed.planned}
        cells |= {"infused": dosed.infused, "lot": dosed.lot}
    if subject.outcomes:
        said = subject.outcomes[-1].event
        cells |= {"outcome": _WORDS[said.outcome], "outcome_on": said.on, "reason": said.reason}
    for name in ("term", "grade", "onset", "relation", "narrative"):
        values = [getattr(toxicity, name) for toxicity in subject.toxicities]
        parts = ["" if value is None else str(value).replace("|", "/") for value in values]
        cells[name] = _BETWEEN.join(parts) if any(parts) else ""
    return cells


def _guard(name: str, value: object) -> str:
    """Write a cell; text that a spreadsheet program would take for a formula gets an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if name != "level" and _FORMULA.match(text) else text


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRow:
    """One patient of the spreadsheet, its cells read."""

    number: int
    subject: str
    cohort: int | None
    level: Label | None
    weight_kg: float | None
    enrolled_on: date | None
    dosed_on: date | None
    planned: float | None
    infused: float | None
    lot: str | None
    outcome: Outcome | None
    outcome_on: date | None
    reason: str | None
    toxicities: tuple[Toxicity, ...]
    replaces: str | None


def read_patients(content: bytes, source: str) -> list[PatientRow]:
    """Read a spreadsheet.

    Parameters
    ----------
    content : bytes
    source : str
        The file's name, for messages.

    Raises
    ------
    SpreadsheetError
        With every cell that cannot be read, and its row.
    """
    if len(content) > MAX_BYTES:
        raise SpreadsheetError(source, [f"larger than {MAX_BYTES} bytes: not a list of patients"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpreadsheetError(source, [f"row {line}: not UTF-8; save as CSV UTF-8"]) from error
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    try:
        table = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SpreadsheetError(source, [f"not CSV: {error}"]) from error
    table = [[cell.strip() for cell in line] for line in table]
    names = [name.casefold().replace(" ", "_") for name in table[0]] if table else []
    faults = _heading_faults(names)
    filled = [(k, line) for k, line in enumerate(table[1:], start=2) if any(line)]
    if not faults and not filled:
        faults.append("no patient below the heading")
    if len(filled) > MAX_ROWS:
        faults.append(f"more than {MAX_ROWS} rows: not a list of patients")
    if faults:
        raise SpreadsheetError(source, faults)
    rows = []
    seen: dict[str, int] = {}
    for number, cells in filled:
        if any(cells[len(names) :]):
            faults.append(f"row {number}: has more cells than the heading")
            continue
        reader = _Cells(number, dict(zip(names, cells, strict=False)))
        row = reader.row()
        faults += reader.faults
        first = seen.setdefault(row.subject, number)
        if first != number:
            faults.append(f"row {number}: {printable(row.subject)} is in row {first} too")
        rows.append(row)
    if faults:
        raise SpreadsheetError(source, faults)
    return rows


def _heading_faults(names: Sequence[str]) -> list[str]:
    faults = [
        f"row 1: no column is called {printable(name)}; {did_you_mean(name, COLUMNS)}"
        for name in names
        if name not in COLUMNS
    ]
    faults += [
        f"row 1: the column {name} is there twice" for name in COLUMNS if names.count(name) > 1
    ]
    missing = [name for name in ("subject", "level") if name not in names]
    if missing:
        faults.append(f"row 1: the heading lacks {' and '.join(missing)}")
    return faults


class _Cells:
    """The cells of one row, read with every fault kept."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self.number = number
        self.cells = cells
        self.faults: list[str] = []

    def row(self) -> PatientRow:
        outcome = self._outcome()
        outcome_on = self._date("outcome_on")
        if outcome is not None and outcome_on is None and not self.cells.get("outcome_on"):
            self._fault("outcome_on", "is missing: an outcome has a day")
        subject = self._text("subject")
        if subject is None:
            self._fault("subject", "is missing")
        return PatientRow(
            number=self.number,
            subject=subject or "",
            cohort=self._whole("cohort"),
            level=self._whole("level"),
            weight_kg=self._number("weight_kg"),
            enrolled_on=self._date("enrolled_on"),
            dosed_on=self._date("dosed_on"),
            planned=self._number("planned"),
            infused=self._number("infused"),
            lot=self._text("lot"),
            outcome=outcome,
            outcome_on=outcome_on,
            reason=self._text("reason"),
            toxicities=self._toxicities(),
            replaces=self._text("replaces"),
        )

    def _fault(self, name: str, problem: str) -> None:
        self.faults.append(f"row {self.number}, {name}: {problem}")

    def _text(self, name: str) -> str | None:
        text = self.cells.get(name, "")
        if text[:1] == "'" and _FORMULA.match(text[1:]):
            text = text[1:]
        return text or None

    def _outcome(self) -> Outcome | None:
        text = self.cells.get("outcome", "").casefold().replace("-", " ")
        if text not in _OUTCOMES:
            known = ", ".join(word for word in _OUTCOMES if len(word) > 1)
            self._fault("outcome", f'"{printable(text)}" is none of {known}')
            return None
        return _OUTCOMES[text]

    def _whole(self, name: str) -> int | None:
        text = self.cells.get(name, "")
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII):
            self._fault(name, f'"{printable(text)}" is not a whole number')
            return None
        return int(text)

    def _number(self, name: str) -> float | None:
        text = self.cells.get(name, "")
        try:
            number = float(text) if text else None
        except ValueError:
            number = float("nan")
        if number is None:
            return None
        if not isfinite(number) or "_" in text:
            self._fault(name, f'"{printable(text)}" is not a number such as 61.5 or 1.85E8')
            return None
        return number

    def _date(self, name: str) -> date | None:
        text = self.cells.get(name, "")
        return self._as_date(name, text) if text else None

    def _as_date(self, name: str, text: str) -> date | None:
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._fault(name, f'"{printable(text)}" is not a day; write it as 2026-01-31')
            return None

    def _toxicities(self) -> tuple[Toxicity, ...]:
        names = ("term", "grade", "onset", "relation", "narrative")
        texts = {name: self._text(name) for name in names}
        if not any(texts.values()):
            return ()
        columns = {name: re.split(r"\s*\|\s*", text or "") for name, text in texts.items()}
        n = len(columns["term"])
        for name, values in columns.items():
            if len(values) != n and any(values):
                self._fault(name, f'{len(values)} values for {n} terms; part them by "{_BETWEEN}"')
                return ()
        found = [
            self._toxicity({k: v[j] if j < len(v) else "" for k, v in columns.items()})
            for j in range(n)
        ]
        return tuple(toxicity for toxicity in found if toxicity is not None)

    def _toxicity(self, cells: Mapping[str, str]) -> Toxicity | None:
        if not (cells["term"] and cells["grade"] and cells["onset"]):
            self._fault("term", "a toxicity needs term, grade and onset")
            return None
        onset = self._as_date("onset", cells["onset"])
        if not re.fullmatch(r"[1-5]", cells["grade"]):
            self._fault("grade", f'"{printable(cells["grade"])}" is not a grade from 1 to 5')
            return None
        relation = cells["relation"].casefold()
        if relation and relation not in list(Relation):
            self._fault("relation", f'"{printable(relation)}" is none of {", ".join(Relation)}')
            return None
        if onset is None:
            return None
        return Toxicity(
            term=cells["term"],
            grade=int(cells["grade"]),
            onset=onset,
            relation=Relation(relation) if relation else None,
            narrative=cells["narrative"] or None,
        )
