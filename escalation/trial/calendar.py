"""Days: when a DLT window closes, and how far apart patients of a cohort are dosed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.dataclass import dataclass
from escalation.protocol import DltWindow, Enrolment

__all__ = [
    "DosedPatient",
    "add_days",
    "day_in",
    "next_dosing_day",
    "protocol_day",
    "window_closes",
]


def window_closes(dlt: DltWindow, dosed: date) -> date | None:
    """Return the last day of a patient's DLT window; None where the protocol names no window.

    With ``infusion_day = 0`` the window is day 0 to day ``window_days`` inclusive, with 1 it is
    ``window_days`` days counted from day 1. "No DLT" can be said on this day and not before.

    Examples
    --------
    >>> window_closes(DltWindow(window_days=28, infusion_day=0), date(2026, 1, 1))
    datetime.date(2026, 1, 29)
    >>> window_closes(DltWindow(window_days=28, infusion_day=1), date(2026, 1, 1))
    datetime.date(2026, 1, 28)
    """
    if dlt.window_days is None:
        return None
    return protocol_day(dlt, dosed, dlt.window_days)


def protocol_day(dlt: DltWindow, dosed: date, number: int) -> date:
    """Return the day of this number in the protocol's count, where that of dosing is 0 or 1."""
    return add_days(dosed, number - dlt.infusion_day)


def day_in(zone: str | None, at: datetime) -> date | None:
    """Return the day that it is in a time zone at a moment; None where no zone is known.

    Examples
    --------
    >>> day_in("Asia/Shanghai", datetime.fromisoformat("2026-01-05T17:00:00+00:00"))
    datetime.date(2026, 1, 6)
    """
    if zone is None:
        return None
    try:
        return at.astimezone(ZoneInfo(zone)).date()
    except (LookupError, ValueError, OSError):  # a machine without this zone
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DosedPatient:
    """A patient of a cohort as the stagger sees them.

    Attributes
    ----------
    dosed : date
    lost : date or None
        When the patient turned out not evaluable; None while observed.
    """

    dosed: date
    lost: date | None = None


def next_dosing_day(
    enrolment: Enrolment, cohort: Sequence[DosedPatient]
) -> tuple[date, str] | None:
    """Return the first day on which the next patient of a cohort may be dosed, and why then.

    The first patient is alone for ``first_alone_days``, the next follow each other by
    ``next_apart_days``. A first patient who was lost before those days were over has not been
    watched for them: the next one is alone in turn. None before anyone was dosed.
    """
    if not cohort:
        return None
    alone, apart = enrolment.first_alone_days, enrolment.next_apart_days
    follows = add_days(max(patient.dosed for patient in cohort), apart)
    ends = [(add_days(patient.dosed, alone), patient.lost) for patient in cohort]
    watched = [end for end, lost in ends if lost is None or lost >= end]
    if watched and min(watched) > follows:
        return min(watched), f"the first patient of a cohort is alone for {alone} days"
    return follows, f"patients of a cohort are dosed {apart} days apart"


def add_days(day: date, days: int) -> date:
    """Return the day so many days later; the last day there is where that is too far."""
    try:
        return day + timedelta(days=days)
    except OverflowError:  # a window of a million days never closes
        return date.max
