"""The cells of one row, read as what their columns say, with every fault kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isfinite

from escalation.dataclass import dataclass
from escalation.errors import InputError, printable
from escalation.labels import Label, read_label
from escalation.outcomes import Outcome
from escalation.trial.events import Purpose, Relation, Toxicity
from escalation.trial.spreadsheet.columns import BETWEEN, DLT, FORMULA, OUTCOMES
from escalation.trial.spreadsheet.reading import AS_WRITTEN, Reading
from escalation.trial.spreadsheet.table import Cell, NoValue, as_text

__all__ = ["CellReader", "PatientRow", "RowReader", "find_level"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRow:
    """One patient of the spreadsheet, its cells read. None is what the file does not state."""

    number: int
    subject: str
    cohort: int | None = None
    level: Label | None = None
    purpose: Purpose | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    enrolled_on: date | None = None
    dosed_on: date | None = None
    planned: float | None = None
    infused: float | None = None
    lot: str | None = None
    outcome: Outcome | None = None
    outcome_on: date | None = None
    reason: str | None = None
    toxicities: tuple[Toxicity, ...] = ()
    replaces: str | None = None


def find_level(level: Label | None, labels: Sequence[Label]) -> Label | None:
    """Return the level of a ladder that a cell names; None where there is none.

    A whole number may have decimals: so pandas writes it where the column has gaps.
    """
    if level in labels:
        return level
    whole = re.fullmatch(r"(-?[0-9]{1,3})\.0+", str(level), re.ASCII)
    return int(whole[1]) if whole and int(whole[1]) in labels else None


class RowReader:
    """Reads the cells of rows by their columns, and keeps the faults of each row.

    Parameters
    ----------
    reading : Reading
    words : mapping of str to str
        What words mean that are not ours, by the word in small letters.
    """

    def __init__(
        self, reading: Reading = AS_WRITTEN, words: Mapping[str, str] | None = None
    ) -> None:
        self._day = _DayReader(reading.date_format)
        self._number = _NumberReader(reading.decimal)
        self._words = dict(words or {})
        self._place = 0
        self._cells: Mapping[str, Cell] = {}
        self._faults: list[str] = []

    def _begin(self, number: int, cells: Mapping[str, Cell]) -> None:
        self._place, self._cells, self._faults = number, cells, []

    def _need(self, *names: str) -> None:
        for name in names:
            if self._cells.get(name, "") == "":
                self._fault(name, "is missing")

    def _fault(self, name: str, problem: str) -> None:
        self._faults.append(f"row {self._place}, {name}: {problem}")

    def _text(self, name: str) -> str | None:
        cell = self._cells.get(name, "")
        if isinstance(cell, date):
            self._fault(name, f"is the day {cell} to the spreadsheet program; format it as text")
            return None
        text = as_text(cell)
        if text[:1] == "'" and FORMULA.match(text[1:]):
            text = text[1:]
        return text or None

    def _word(self, name: str) -> str:
        """Return a word in small letters, in our language."""
        text = (self._text(name) or "").casefold()
        return self._words.get(text, text)

    def _whole(self, name: str) -> int | None:
        text = self._text(name) or ""
        if not text:
            return None
        # with decimals it is of a column with gaps, as pandas writes it
        if not re.fullmatch(r"-?[0-9]{1,9}(\.0+)?", text, re.ASCII):
            self._fault(name, f'"{printable(text)}" is not a whole number')
            return None
        return int(text.partition(".")[0])

    def _float(self, name: str) -> float | None:
        cell = self._cells.get(name, "")
        if isinstance(cell, float):
            return cell
        text = self._text(name)
        found = None if text is None else self._number(text)
        if isinstance(found, str):
            self._fault(name, found)
            return None
        return found

    def _date(self, name: str) -> date | None:
        cell = self._cells.get(name, "")
        return None if cell == "" else self._as_date(name, cell)

    def _as_date(self, name: str, cell: Cell) -> date | None:
        if isinstance(cell, NoValue):  # said by whoever has the row
            return None
        found = cell if isinstance(cell, date) else self._day(as_text(cell))
        if isinstance(found, str):
            self._fault(name, found)
            return None
        return found


class CellReader(RowReader):
    """Reads rows of patients, each to a patient and the faults in it."""

    def read(self, number: int, cells: Mapping[str, Cell]) -> tuple[PatientRow, list[str]]:
        """Read the cells of a row by their columns; those that are not there are empty."""
        self._begin(number, cells)
        row = PatientRow(
            number=number,
            subject=self._text("subject") or "",
            cohort=self._whole("cohort"),
            level=self._level(),
            purpose=self._purpose(),
            weight_kg=self._float("weight_kg"),
            height_cm=self._float("height_cm"),
            enrolled_on=self._date("enrolled_on"),
            dosed_on=self._date("dosed_on"),
            planned=self._float("planned"),
            infused=self._float("infused"),
            lot=self._text("lot"),
            outcome=self._outcome("outcome", OUTCOMES) or self._outcome("dlt", DLT),
            outcome_on=self._date("outcome_on"),
            reason=self._text("reason"),
            toxicities=self._toxicities(),
            replaces=self._text("replaces"),
        )
        self._need("subject")
        return row, self._faults

    def _outcome(self, name: str, known: Mapping[str, Outcome | None]) -> Outcome | None:
        word = self._word(name).replace("-", " ")
        if word not in known:
            listed = ", ".join(("yes", "no") * (known is DLT) + _SAID)
            hint = f"; --map {printable(word)}=WORD reads it as one of them"
            self._fault(name, f'"{printable(word)}" is none of {listed}{hint}')
            return None
        return known[word]

    def _level(self) -> Label | None:
        text = self._text("level")
        try:
            return None if text is None else read_label(text)
        except InputError as error:
            self._fault("level", str(error))
            return None

    def _purpose(self) -> Purpose | None:
        word = self._word("purpose")
        if word and word not in list(Purpose):
            self._fault("purpose", f'"{printable(word)}" is none of {", ".join(Purpose)}')
            return None
        return Purpose(word) if word else None

    def _toxicities(self) -> tuple[Toxicity, ...]:
        names = ("term", "grade", "onset", "relation", "narrative")
        if all(self._cells.get(name, "") == "" for name in names):
            return ()
        onset = self._cells.get("onset", "")
        texts = {name: self._text(name) for name in names if name != "onset"}
        texts["onset"] = self._day.write(onset) if isinstance(onset, date) else as_text(onset)
        columns = {name: re.split(r"\s*\|\s*", text or "") for name, text in texts.items()}
        n = len(columns["term"])
        for name, values in columns.items():
            if len(values) != n and any(values):
                self._fault(name, f'{len(values)} values for {n} terms; part them by "{BETWEEN}"')
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
        if not re.fullmatch(r"[1-5](\.0+)?", cells["grade"]):
            self._fault("grade", f'"{printable(cells["grade"])}" is not a grade from 1 to 5')
            return None
        relation = cells["relation"].casefold()
        relation = self._words.get(relation, relation)
        if relation and relation not in list(Relation):
            self._fault("relation", f'"{printable(relation)}" is none of {", ".join(Relation)}')
            return None
        if onset is None:
            return None
        return Toxicity(
            term=cells["term"],
            grade=int(cells["grade"][0]),
            onset=onset,
            relation=Relation(relation) if relation else None,
            narrative=cells["narrative"] or None,
        )


_SAID = tuple(word for word in OUTCOMES if len(word) > 1)


class _DayReader:
    """Reads days in one format; what is none comes back as the fault. Days repeat: each is kept."""

    _WRITTEN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([ T]00:00(:00(\.0+)?)?)?")

    def __init__(self, date_format: str | None) -> None:
        self._format = date_format
        self._known: dict[str, date | str] = {}

    def __call__(self, text: str) -> date | str:
        if text not in self._known:
            self._known[text] = self._read(text)
        return self._known[text]

    def write(self, day: date) -> str:
        """Return a day as it is read."""
        return day.isoformat() if self._format is None else day.strftime(self._format)

    def _read(self, text: str) -> date | str:
        try:
            if self._format is not None:
                return datetime.strptime(text, self._format).date()  # noqa: DTZ007  # a day alone
            written = self._WRITTEN.fullmatch(text)
            if written is not None:
                return date.fromisoformat(written[1])
        except ValueError as error:
            if "out of range for month" in str(error):
                return f'"{printable(text)}" is not a day: the month has no such day'
        if self._format is not None:
            return f'"{printable(text)}" is not a day such as {self.write(_ANY_DAY)}'
        return (
            f'"{printable(text)}" is not a day; write it as 2026-01-31, or give --date-format such '
            "as %d.%m.%Y"
        )


_ANY_DAY = date(2026, 1, 31)


class _NumberReader:
    """Reads numbers with a decimal point, or a comma; what is none comes back as the fault."""

    def __init__(self, decimal: str) -> None:
        other = "." if decimal == "," else ","
        point, group = re.escape(decimal), re.escape(other)
        self._decimal, self._other = decimal, other
        self._plain = re.compile(rf"[+-]?([0-9]+({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?")
        self._grouped = re.compile(rf"[+-]?[0-9]{{1,3}}({group}[0-9]{{3}})+({point}[0-9]+)?")

    def __call__(self, text: str) -> float | str:
        said = f'"{printable(text)}"'
        bare = text
        if self._grouped.fullmatch(text):
            if text.count(self._other) == 1 and self._decimal not in text:
                bare = text.replace(self._other, "")
                return (
                    f"{said} is {bare} or a number below 1000 with three decimals: write "
                    f'{bare}, or say with --decimal "{self._other}" that it is the latter'
                )
            bare = text.replace(self._other, "")
        elif not self._plain.fullmatch(text):
            such = "61.5 or 1.85E8".replace(".", self._decimal)
            hint = ""
            if self._plain.fullmatch(text.replace(self._other, self._decimal)):
                hint = f'; for a decimal {_NAMES[self._other]} give --decimal "{self._other}"'
            return f"{said} is not a number such as {such}{hint}"
        number = float(bare.replace(self._decimal, "."))
        return number if isfinite(number) else f"{said} is not a number that can be kept"


_NAMES = {".": "point", ",": "comma"}
