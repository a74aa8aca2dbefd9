"""Variables as the SDTM implementation guide (version 3.4) names and labels them."""

from __future__ import annotations

from typing import Any

from escalation.exports.dataset import Column, Core, DataType

__all__ = [
    "EXPECTED",
    "REQUIRED",
    "STUDY",
    "SUBJECT",
    "VISITS",
    "YES",
    "YES_NO",
    "day",
    "domain",
    "flag",
    "number",
    "sequence",
    "text",
    "whole",
]

REQUIRED: dict[str, Any] = {"core": Core.REQUIRED}
EXPECTED: dict[str, Any] = {"core": Core.EXPECTED}
YES, YES_NO = ("Y",), ("Y", "N")


def text(name: str, label: str, length: int = 200, **said: Any) -> Column:
    """Return a variable of text."""
    return Column(name=name, label=label, length=length, **said)


def flag(name: str, label: str, terms: tuple[str, ...] = YES_NO, **said: Any) -> Column:
    """Return a variable of one letter, yes or no."""
    return text(name, label, 1, terms=terms, **said)


def number(name: str, label: str, **said: Any) -> Column:
    """Return a variable of numbers."""
    return Column(name=name, label=label, kind=DataType.FLOAT, **said)


def whole(name: str, label: str, **said: Any) -> Column:
    """Return a variable of whole numbers."""
    return Column(name=name, label=label, kind=DataType.INTEGER, **said)


def day(name: str, label: str, **said: Any) -> Column:
    """Return a variable of days in the calendar, where the subject was."""
    return Column(name=name, label=label, kind=DataType.DATE, **said)


STUDY = text("STUDYID", "Study Identifier", 60, key=1, **REQUIRED)
SUBJECT = text("USUBJID", "Unique Subject Identifier", key=2, **REQUIRED)
VISITS = (
    whole("VISITNUM", "Visit Number", **EXPECTED),
    text("VISIT", "Visit Name"),
    whole("VISITDY", "Planned Study Day of Visit"),
)


def domain(name: str) -> Column:
    """Return the variable by which a row says its dataset."""
    return text("DOMAIN", "Domain Abbreviation", 2, terms=(name,), **REQUIRED)


def sequence(prefix: str, key: int | None = None) -> Column:
    """Return the variable that numbers a subject's rows."""
    return whole(f"{prefix}SEQ", "Sequence Number", key=key, **REQUIRED)
