"""Dates and times as SDTM writes them: ISO 8601, in part where no more is known."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from escalation.dataclass import dataclass

__all__ = ["Moment", "read_moment", "study_day"]

_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<clock>\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A date or time, as far as it is known.

    Attributes
    ----------
    text : str
    day : date or None
        None where the day is not known.
    at : datetime or None
        None without a time of day.
    has_zone : bool
        Whether a time of day, if there is one, says in which zone.
    """

    text: str
    day: date | None
    at: datetime | None
    has_zone: bool

    def is_before(self, other: Moment) -> bool:
        """Tell whether it is surely earlier: as far as both are known, and in one zone."""
        if self.at is not None and other.at is not None and self.has_zone == other.has_zone:
            return self.at < other.at
        both = min(len(_day_part(self.text)), len(_day_part(other.text)))
        return self.text[:both] < other.text[:both]


def _day_part(text: str) -> str:
    return text.partition("T")[0]


def read_moment(text: str) -> Moment | None:
    """Read a date or time; None for what is not ISO 8601, and for a day that no calendar has.

    Examples
    --------
    >>> read_moment("2026-02").day is None, read_moment("2026-02-30"), read_moment("02.03.2026")
    (True, None, None)
    >>> read_moment("2026-02-03T08:00+08:00").at
    datetime.datetime(2026, 2, 3, 0, 0, tzinfo=datetime.timezone.utc)
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    try:
        if found["day"] is None:
            date(int(found["year"]), int(found["month"] or 1), 1)
            return Moment(text=text, day=None, at=None, has_zone=False)
        day = date.fromisoformat(text[:10])
        if found["clock"] is None:
            return Moment(text=text, day=day, at=None, has_zone=False)
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Moment(text=text, day=day, at=at, has_zone=at.tzinfo is not None)


def study_day(day: date | None, first: date | None) -> int | None:
    """Return SDTM's study day: that of the first dose is 1, the day before it is -1.

    Examples
    --------
    >>> from datetime import date
    >>> [study_day(date(2026, 1, day), date(2026, 1, 12)) for day in (11, 12, 13)]
    [-1, 1, 2]
    """
    if day is None or first is None:
        return None
    apart = (day - first).days
    return apart + 1 if apart >= 0 else apart
