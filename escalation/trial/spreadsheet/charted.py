"""Rows of results, visits, people screened and adverse events, each read from its cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from escalation.dataclass import dataclass
from escalation.errors import printable
from escalation.trial.events import ActionTaken, EventOutcome, Relation, Serious, Sex
from escalation.trial.spreadsheet.cells import RowReader
from escalation.trial.spreadsheet.columns import BETWEEN
from escalation.trial.spreadsheet.forms import NO, YES
from escalation.trial.spreadsheet.table import Cell, as_text

__all__ = ["READERS", "EventRow", "ResultRow", "Row", "ScreeningRow", "VisitRow"]

W = TypeVar("W", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a list that is about somebody, on a day."""

    number: int
    subject: str
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow(Row):
    """A result. ``value`` is as it stands there, ``figure`` the number it is, or why it is none."""

    test: str
    visit: str | None = None
    value: str | None = None
    figure: float | str | None = None
    unit: str | None = None
    lower: float | None = None
    upper: float | None = None
    below: bool = False
    not_done: str | None = None
    day: float | None = None
    by: str | None = None
    note: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow(Row):
    """A visit that took place or was missed."""

    visit: str
    missed: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRow(Row):
    """Somebody who is screened."""

    said: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow(Row):
    """An adverse event, with what ``record_adverse_event`` is told of it."""

    aware: date | None
    said: dict[str, Any]


class _ChartReader(RowReader):
    def read(self, number: int, cells: Mapping[str, Cell]) -> tuple[Row | None, list[str]]:
        """Read the cells of a row; None, with the faults, where it cannot be."""
        self._begin(number, cells)
        self._need("subject")
        row = self._read(number, self._text("subject") or "")
        return (None if self._faults else row), self._faults

    def _read(self, number: int, subject: str) -> Row:
        raise NotImplementedError

    def _yes_no(self, name: str) -> bool:
        word = self._word(name)
        if word not in (*YES, *NO):
            self._fault(name, f'"{printable(word)}" is neither yes nor no')
        return word in YES

    def _one_of(self, kind: type[W], name: str) -> W | None:
        return self._known(kind, name, self._word(name))

    def _known(self, kind: type[W], name: str, word: str) -> W | None:
        if word and word not in list(kind):
            self._fault(name, f'"{printable(word)}" is none of {", ".join(kind)}')
            return None
        return kind(word) if word else None


class _ResultReader(_ChartReader):
    def _read(self, number: int, subject: str) -> Row:
        self._need("date", "test")
        value = self._text("value")
        below = self._yes_no("below")
        if value is not None and value.startswith("<") and value[1:].strip()[:1].isdigit():
            value, below = value[1:].strip(), True
        cell = self._cells.get("value", "")
        figure: float | str | None = None if value is None else self._number(value)
        if isinstance(cell, float):
            figure = cell
        return ResultRow(
            number=number,
            subject=subject,
            on=self._date("date"),
            test=self._text("test") or "",
            visit=self._text("visit"),
            value=None if value is None else self._words.get(value.casefold(), value),
            figure=figure,
            unit=self._text("unit"),
            lower=self._float("lower"),
            upper=self._float("upper"),
            below=below,
            not_done=self._not_done(),
            day=self._float("day"),
            by=self._text("by"),
            note=self._text("note"),
            reason=self._text("reason"),
        )

    def _not_done(self) -> str | None:
        """Return why there is no result; what says only that there is none needs no reason."""
        word = self._word("not_done")
        if word in NO:
            return None
        return "no reason given" if word in (*YES, "nd", "not done") else self._text("not_done")


class _VisitReader(_ChartReader):
    def _read(self, number: int, subject: str) -> Row:
        self._need("date", "visit")
        return VisitRow(
            number=number,
            subject=subject,
            on=self._date("date"),
            visit=self._text("visit") or "",
            missed=self._text("missed"),
            note=self._text("note"),
        )


class _ScreeningReader(_ChartReader):
    def _read(self, number: int, subject: str) -> Row:
        self._need("date")
        said = {
            "disease": self._text("disease"),
            "sex": self._one_of(Sex, "sex"),
            "born": self._born(),
            "consented": self._date("consented"),
            "site": self._text("site"),
        }
        return ScreeningRow(number=number, subject=subject, on=self._date("date"), said=said)

    def _born(self) -> str | None:
        cell = self._cells.get("born", "")
        text = re.sub(r"\.0+$", "", as_text(cell))
        if not text or re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", text, re.ASCII):
            return text or None
        self._fault(
            "born",
            "a date of birth must not come into the record; give the year or the month, as 1975 "
            "or 1975-03",
        )
        return None


class _EventReader(_ChartReader):
    _TEXTS = (
        *("term", "category", "code", "dictionary", "scale_version", "treatment", "narrative"),
        "scale",
    )

    def _read(self, number: int, subject: str) -> Row:
        self._need("term", "grade", "started")
        said: dict[str, Any] = {name: self._text(name) for name in self._TEXTS}
        said |= {
            "grade": self._whole("grade"),
            "baseline_grade": self._whole("baseline_grade"),
            "started": self._date("started"),
            "ended": self._date("ended"),
            "serious": self._serious(),
            "relation": self._one_of(Relation, "relation"),
            "action": self._one_of(ActionTaken, "action"),
            "outcome": self._one_of(EventOutcome, "outcome"),
        }
        if said["scale"] is not None:
            said["scale"] = said["scale"].upper()
        given = {name: value for name, value in said.items() if value not in (None, ())}
        return EventRow(
            number=number,
            subject=subject,
            on=self._date("date"),
            aware=self._date("aware"),
            said=given,
        )

    def _serious(self) -> tuple[Serious, ...]:
        word = self._word("serious")
        if word in NO:
            return ()
        if word in YES:
            self._fault("serious", f"say why: {', '.join(Serious)}")
            return ()
        words = [part.strip() for part in re.split(rf"[{re.escape(BETWEEN.strip())},;]", word)]
        known = (self._known(Serious, "serious", self._words.get(w, w)) for w in words if w)
        return tuple(why for why in known if why is not None)


READERS: dict[str, Callable[..., _ChartReader]] = {
    "results": _ResultReader,
    "visits": _VisitReader,
    "screening": _ScreeningReader,
    "events": _EventReader,
}
