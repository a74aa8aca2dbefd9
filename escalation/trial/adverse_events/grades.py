"""The grades of an adverse event day by day, as its reports have them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from escalation.dataclass import dataclass
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.calendar import add_days
from escalation.trial.events import AdverseEventRecorded, EventOutcome

__all__ = ["GradeCourse"]


@dataclass(frozen=True, slots=True)
class GradeCourse:
    """Grades of an event from its onset on, as far as they are known.

    Days are whole days. The first report counts from the onset, a later one from its day; on the
    day it ended the event is over. A fatal event is of grade 5, and stays so.

    Attributes
    ----------
    steps : tuple of (date, int)
        First days, in order, and the grade from each on.
    known_to : date
        Today; the last day there is for a fatal event.
    """

    steps: tuple[tuple[date, int], ...]
    known_to: date

    @classmethod
    def of(cls, event: AdverseEvent, today: date) -> GradeCourse:
        """Read the course off the reports."""
        now = event.now
        steps = [(now.started, _grade_of(event.first))]
        # A follow-up that leaves the grade alone says nothing of it, whatever its day.
        for before, report in pairwise(event.reports):
            if _grade_of(report.event) != _grade_of(before.event):
                steps.append((max(report.on, now.started), _grade_of(report.event)))
        steps.sort(key=lambda step: step[0])
        death = next((k for k, (_, grade) in enumerate(steps) if grade == 5), None)
        if death is not None:
            return cls(tuple(steps[: death + 1]), date.max)
        if now.ended is not None:
            steps = [(min(day, now.ended), grade) for day, grade in steps] + [(now.ended, 0)]
        return cls(tuple(steps), max(today, steps[-1][0]))

    @property
    def started(self) -> date:
        """The day of the onset."""
        return self.steps[0][0]

    def first_of(self, grade: int) -> date:
        """Return the first day on which it was of this grade or more; it must have been."""
        return next(day for day, reached in self.steps if reached >= grade)

    @property
    def worst(self) -> int:
        """The worst grade, also of a part of a day."""
        return max(grade for _, grade in self.steps)

    @property
    def last(self) -> int:
        """The last grade known."""
        return self.steps[-1][1]

    def spans(self) -> Iterator[tuple[date, date, int]]:
        """Yield grades with their first day and the day after their last one."""
        ends = [day for day, _ in self.steps[1:]] + [add_days(self.known_to, 1)]
        for (first, grade), end in zip(self.steps, ends, strict=True):
            if first < end:
                yield first, end, grade

    def n_days_of(self, grade: int, since: date) -> int:
        """Count the known days on which it was of this grade or more."""
        return sum(
            max((end - max(first, since)).days, 0)
            for first, end, reached in self.spans()
            if reached >= grade
        )

    def grade_on(self, day: date) -> int:
        """Return the grade on a day that is known; 0 before the onset and after it."""
        return next((grade for first, end, grade in self.spans() if first <= day < end), 0)

    def worst_from(self, day: date) -> int:
        """Return the worst grade on this day or later."""
        return max((grade for _, end, grade in self.spans() if end > day), default=0)

    def begins_within(self, opens: date, closes: date | None) -> bool:
        """Tell whether the event begins, or becomes worse than before, in the window."""
        worst = 0
        for day, grade in self.steps:
            if grade > worst and opens <= day and (closes is None or day <= closes):
                return True
            worst = max(worst, grade)
        return False


def _grade_of(event: AdverseEventRecorded) -> int:
    return 5 if event.outcome is EventOutcome.FATAL else event.grade
