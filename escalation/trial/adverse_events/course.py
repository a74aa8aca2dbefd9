"""One adverse event: as first reported, as followed up, and what was ruled on it."""

from __future__ import annotations

from datetime import date

from escalation.dataclass import dataclass
from escalation.trial.events import (
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    EventOutcome,
)

__all__ = ["Adjudication", "AdverseEvent", "Report", "is_death"]


def is_death(event: AdverseEventRecorded) -> bool:
    """Tell whether a report says that the subject died of it: grade 5, or a fatal outcome."""
    return event.grade == 5 or event.outcome is EventOutcome.FATAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was said of an adverse event from one day on.

    Attributes
    ----------
    seq : int
        Entry that says so: the first report, or a follow-up.
    by : str
    on, aware : date
        The day from which it is so, and the day on which the site became aware.
    event : AdverseEventRecorded
        The event in full, as it was then.
    recorded_on : date or None
        Day on which the ledger took the entry, UTC.
    follow_up : AdverseEventFollowedUp or None
        What the entry says, as corrected; None for the first report.
    corrected_by : tuple of int
    """

    seq: int
    by: str
    on: date
    aware: date
    event: AdverseEventRecorded
    recorded_on: date | None = None
    follow_up: AdverseEventFollowedUp | None = None
    corrected_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudication:
    """A ruling on whether an adverse event is a DLT."""

    seq: int
    by: str
    event: AdverseEventAdjudicated


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEvent:
    """An adverse event of a subject with its course.

    Attributes
    ----------
    entry : int
        Number of the first report's entry, by which it is called.
    reports : tuple of Report
        The first report and every follow-up, in order of entry.
    adjudications : tuple of Adjudication
        The last one counts.
    """

    entry: int
    reports: tuple[Report, ...]
    adjudications: tuple[Adjudication, ...] = ()

    @property
    def first(self) -> AdverseEventRecorded:
        """The event as first reported."""
        return self.reports[0].event

    @property
    def now(self) -> AdverseEventRecorded:
        """The event as last reported."""
        return self.reports[-1].event

    @property
    def subject(self) -> str:
        """Whose event it is."""
        return self.first.subject

    @property
    def worst_grade(self) -> int:
        """The highest grade of its course."""
        return max(report.event.grade for report in self.reports)

    @property
    def is_fatal(self) -> bool:
        """Whether the subject died of it: grade 5, or a fatal outcome."""
        return self.worst_grade == 5 or is_death(self.now)

    @property
    def died_on(self) -> date | None:
        """Day of death: the end of a fatal event, or the day of the report that says so."""
        if not self.is_fatal:
            return None
        said = next(report for report in self.reports if is_death(report.event))
        return self.now.ended or said.event.ended or said.on

    @property
    def is_serious(self) -> bool:
        """Whether any report says that it is serious."""
        return any(report.event.serious for report in self.reports)

    @property
    def corrected_by(self) -> tuple[int, ...]:
        """Entries that corrected any report of it, in order."""
        return tuple(sorted({entry for report in self.reports for entry in report.corrected_by}))

    @property
    def ruling(self) -> Adjudication | None:
        """The ruling that stands; None before any."""
        return self.adjudications[-1] if self.adjudications else None
