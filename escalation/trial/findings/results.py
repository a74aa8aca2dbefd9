"""The results of a person that count: of one test, day and visit, the one recorded last."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from escalation.dataclass import dataclass
from escalation.trial.chart import Chart
from escalation.trial.events import Finding
from escalation.trial.state import TrialState

__all__ = ["Place", "Result", "count_results", "place_of", "results_of"]


class Place(NamedTuple):
    """What a result is of: a later one of the same takes its place."""

    test: str
    on: date
    visit: str | None
    day: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A result of a person, with where it comes from.

    Attributes
    ----------
    finding : Finding
        As reported. ``finding.not_done`` says that there is no result, and why.
    on : date
        Of the sample.
    visit : str or None
    day : float or None
        Since the infusion: as recorded, or else by the dates; None for who was never dosed.
    seq : int
        Of the entry.
    by : str
        Who says so.
    source : str or None
        The file that it was imported from.
    """

    finding: Finding
    on: date
    visit: str | None
    day: float | None
    seq: int
    by: str
    source: str | None = None

    @property
    def test(self) -> str:
        """A test's name, or a criterion's id."""
        return self.finding.test


def results_of(state: TrialState, subject: str, *tests: str) -> tuple[Result, ...]:
    """Return the results of somebody that count, in the order of their days.

    Of one day they are in the order of ``day``, then of recording. Of several with the same test,
    date, visit and recorded ``day`` the last one counts.

    Parameters
    ----------
    state : TrialState
    subject : str
        Screened or enrolled; of anybody else there are none.
    *tests : str
        Names of tests or ids of criteria; all, where none is given.
    """
    known = state.subjects.get(subject)
    dosed = None if known is None else known.dosed_on
    return count_results(state.chart(subject), dosed, *tests)


def count_results(chart: Chart, dosed: date | None, *tests: str) -> tuple[Result, ...]:
    """Return the results of a chart that count: see ``results_of``."""
    counted: dict[Place, Result] = {}
    for fact in chart.findings:
        event = fact.event
        for finding in event.findings:
            if tests and finding.test not in tests:
                continue
            on = finding.on or event.on
            place = place_of(finding, event.on, event.visit)
            counted.pop(place, None)  # it stands where it was recorded last
            counted[place] = Result(
                finding=finding,
                on=on,
                visit=event.visit,
                day=_day(finding, on, dosed),
                seq=fact.seq,
                by=finding.by or fact.by,
                source=event.source,
            )
    return tuple(sorted(counted.values(), key=_when))


def place_of(finding: Finding, on: date, visit: str | None) -> Place:
    """Return what a result is of, given the day and the visit of its entry."""
    return Place(finding.test, finding.on or on, visit, finding.day)


def _day(finding: Finding, on: date, dosed: date | None) -> float | None:
    if finding.day is not None:
        return finding.day
    return None if dosed is None else float((on - dosed).days)


def _when(result: Result) -> tuple[date, float]:
    return result.on, 0.0 if result.day is None else result.day
