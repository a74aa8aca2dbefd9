"""Adverse events for tests, written in few words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from escalation.trial.adverse_events.course import AdverseEvent, Report
from escalation.trial.events import AdverseEventRecorded

D0 = date(2026, 1, 5)


def day(n: int) -> date:
    return D0 + timedelta(days=n)


def make_event(
    grade: int = 3,
    started: int = 5,
    *,
    course: dict[int, int] | None = None,
    ended: int | None = None,
    **said: Any,
) -> AdverseEvent:
    """Make an event that began on a day with a grade; ``course`` gives later grades by day."""
    first = AdverseEventRecorded(
        on=day(started),
        **{
            "subject": "P-01",
            "term": "rash",
            "started": day(started),
            "grade": grade,
            "scale": "CTCAE",
            "scale_version": "6.0",
            "aware": day(started),
            **said,
        },
    )
    reports = [Report(seq=10, by="site", on=first.on, aware=first.aware, event=first)]
    for on, later in (course or {}).items():
        now = replace(reports[-1].event, on=day(on), grade=later, aware=day(on))
        seq = reports[-1].seq + 1
        reports.append(Report(seq=seq, by="site", on=day(on), aware=day(on), event=now))
    if ended is not None:
        now = replace(reports[-1].event, on=day(ended), ended=day(ended), aware=day(ended))
        seq = reports[-1].seq + 1
        reports.append(Report(seq=seq, by="site", on=day(ended), aware=day(ended), event=now))
    return AdverseEvent(entry=10, reports=tuple(reports))
