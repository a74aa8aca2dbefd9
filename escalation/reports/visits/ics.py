"""Visits as a calendar file (.ics) that any calendar program opens: RFC 5545.

A visit is an event of the whole planned day, or of the day on which it took place. Of a patient it
says the pseudonym and nothing else. Written again, an event has the same UID and a SEQUENCE that
grows with the record, so that a program which reads the new file moves what it has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from escalation.plan import Plan
from escalation.reports.visits.calendar import say_visit
from escalation.trial import TrialState
from escalation.trial.visits.calendar import VisitDue, VisitStanding
from escalation.version import __version__

__all__ = ["write_ics"]


def write_ics(
    state: TrialState, trial: str, visits: Sequence[VisitDue], *, plan: Plan, at: datetime
) -> str:
    """Write visits that have a day as a calendar.

    Parameters
    ----------
    state : TrialState
    trial : str
    visits : sequence of VisitDue
    plan : Plan
    at : datetime
        When the record was last added to: the calendar is as of then.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//escalation//escalation {__version__}//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{_escape(f'Visits of trial {trial}')}",
        f"X-WR-CALNAME:{_escape(f'Visits of trial {trial}')}",
    ]
    for visit in visits:
        day = visit.on if visit.standing is VisitStanding.DONE else visit.day
        if day is not None:
            lines += _event(state, visit, day, plan=plan, at=at)
    lines.append("END:VCALENDAR")
    return "".join(f"{piece}\r\n" for line in lines for piece in _folded(line))


_CANCELLED = (VisitStanding.MISSED, VisitStanding.NOT_DUE)


def _event(
    state: TrialState, visit: VisitDue, day: date, *, plan: Plan, at: datetime
) -> Iterator[str]:
    name, planned = visit.visit.name, visit.visit
    site = state.site_of(visit.subject, day)
    said = [f"{planned.label}: {say_visit(visit, plan)}."]
    if visit.first is not None and visit.last is not None and visit.first != visit.last:
        said.append(f"Window: {visit.first} to {visit.last}.")
    labels = {test.name: test.label for test in plan.tests}
    tests = ", ".join(labels.get(test, test) for test in planned.tests)
    said += [f"Due: {tests}."] if tests else []
    cancelled = visit.standing in _CANCELLED
    overdue = " (overdue)" if visit.standing is VisitStanding.OVERDUE else ""
    yield "BEGIN:VEVENT"
    yield f"UID:{_uid(state, visit.subject, name)}"
    yield f"SEQUENCE:{state.seq}"
    yield f"DTSTAMP:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_escape(f'{visit.subject} {name}{overdue}')}"
    yield f"DESCRIPTION:{_escape(chr(10).join(said))}"
    if site is not None:
        yield f"LOCATION:{_escape(site)}"
    yield f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _uid(state: TrialState, subject: str, visit: str) -> str:
    """Return what an event is known by: of the trial as registered, the patient and the visit."""
    began = state.registered.hash if state.registered is not None else ""
    said = f"{began}/{subject}/{visit}"
    return f"{hashlib.sha256(said.encode()).hexdigest()[:32]}@escalation"


def _escape(text: str) -> str:
    """Escape a text: section 3.3.11."""
    for sign in "\\;,":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> Iterable[str]:
    """Yield a line in pieces of at most 75 octets, none of which parts a letter: section 3.1."""
    piece, size = "", 0
    for letter in line:
        n = len(letter.encode())
        if size + n > 75:
            yield piece
            piece, size = " ", 1
        piece, size = piece + letter, size + n
    yield piece
