"""What an adverse event's course says once one of its reports has been corrected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from escalation.trial.adverse_events.course import AdverseEvent, Report
from escalation.trial.codec import change_event
from escalation.trial.events import AdverseEventFollowedUp, AdverseEventRecorded, Event

__all__ = ["correct_report"]


def correct_report(
    events: Sequence[AdverseEvent], entry: int, after: Event | None, corrected_by: int
) -> tuple[AdverseEvent, ...]:
    """Return a subject's adverse events after one entry about them was corrected or withdrawn.

    What follow-ups say is read again on what went before them. Without its first report there is
    no event.

    Parameters
    ----------
    events : sequence of AdverseEvent
    entry : int
        A first report or a follow-up.
    after : event or None
        What the entry says now; None where it is withdrawn.
    corrected_by : int
        Entry of the correction.

    Raises
    ------
    EventError
        If a follow-up does not fit what went before it any more.
    """
    kept: list[AdverseEvent] = []
    for event in events:
        if all(report.seq != entry for report in event.reports):
            kept.append(event)
        elif after is not None or event.entry != entry:
            reports = tuple(_reread(event.reports, entry, after, corrected_by))
            kept.append(replace(event, reports=reports))
    return tuple(kept)


def _reread(
    reports: Sequence[Report], entry: int, after: Event | None, corrected_by: int
) -> Iterator[Report]:
    now = reports[0].event
    for report in reports:
        said: Event | None = report.follow_up or report.event
        by = report.corrected_by
        if report.seq == entry:
            said, by = after, (*by, corrected_by)
        match said:
            case AdverseEventRecorded():
                now, follow_up = said, None
            case AdverseEventFollowedUp():
                now, follow_up = change_event(now, said.changes), said
            case _:
                continue
        yield replace(
            report, on=said.on, aware=said.aware, event=now, follow_up=follow_up, corrected_by=by
        )
