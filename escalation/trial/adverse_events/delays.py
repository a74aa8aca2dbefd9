"""How long it took from an adverse event to the site's awareness, and from there to its entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.dataclass import dataclass
from escalation.text import count
from escalation.trial.adverse_events.course import AdverseEvent, Report
from escalation.trial.review.remarks import Remark
from escalation.trial.state import TrialState

__all__ = ["Delay", "find_delays", "warn_of_delays"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A report that came later than the protocol allows.

    Attributes
    ----------
    subject : str
    event : AdverseEvent
    report : Report
        The first one, or a follow-up.
    since, aware, recorded : date
        Onset, or the day of the change; awareness; the day on which the ledger took it.
    too_late : tuple of str
        What took too long, with the days and the limit.
    """

    subject: str
    event: AdverseEvent
    report: Report
    since: date
    aware: date
    recorded: date
    too_late: tuple[str, ...]


def find_delays(state: TrialState) -> Iterator[Delay]:
    """Yield every report that exceeds a limit of ``protocol.reporting``, by subject and entry."""
    if state.protocol is None:
        return
    limits = state.protocol.reporting
    if limits.aware_within_days is None and limits.recorded_within_days is None:
        return
    for subject in state.subjects.values():
        for event in subject.events:
            for report in event.reports:
                since = event.now.started if report.follow_up is None else report.on
                recorded = report.recorded_on or report.on
                steps = (
                    ("until the site was aware", report.aware - since, limits.aware_within_days),
                    ("until it was recorded", recorded - report.aware, limits.recorded_within_days),
                )
                too_late = tuple(
                    f"{count(took.days, 'day')} {step} (at most {limit})"
                    for step, took, limit in steps
                    if limit is not None and took.days > limit
                )
                if too_late:
                    yield Delay(
                        subject=subject.id,
                        event=event,
                        report=report,
                        since=since,
                        aware=report.aware,
                        recorded=recorded,
                        too_late=too_late,
                    )


def warn_of_delays(state: TrialState) -> Iterator[Remark]:
    """Say of each report that came too late how long it took, from onset to entry."""
    for delay in find_delays(state):
        event, first = delay.event, delay.report.follow_up is None
        what = "Adverse event" if first else f"Entry {delay.report.seq} on adverse event"
        began = "onset" if first else "changed"
        yield Remark(
            entry=delay.report.seq,
            text=f"{what} {event.entry} of {delay.subject} ({event.now.term}): {began} "
            f"{delay.since}, aware {delay.aware}, recorded {delay.recorded}: "
            f"{', '.join(delay.too_late)}.",
        )
