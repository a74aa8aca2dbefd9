"""When somebody is to be seen by the plan, and how each visit stands on a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from escalation.dataclass import dataclass
from escalation.plan import Visit
from escalation.trial.calendar import day_in
from escalation.trial.chart import Chart
from escalation.trial.findings.results import Result, count_results
from escalation.trial.patients.subjects import Fact, Standing
from escalation.trial.state import TrialState
from escalation.trial.visits.ending import find_ending

__all__ = [
    "VisitDue",
    "VisitStanding",
    "days_outside",
    "overdue_visits",
    "people_of",
    "today_of",
    "visits_of",
    "window_of",
]


class VisitStanding(StrEnum):
    """How a visit stands; the value is what people are shown."""

    DONE = "done"
    DUE = "due"
    COMING = "coming"
    OVERDUE = "overdue"
    MISSED = "missed"
    NOT_DUE = "not due any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDue:
    """A visit of the plan, of one person.

    Attributes
    ----------
    subject : str
    visit : Visit
    day, first, last : date or None
        When it is planned, and its window; None before the infusion, from which it is counted.
    standing : VisitStanding
    on : date or None
        When it took place, or was recorded as missed.
    out_of_window : int
        How many days before its window it took place, negative, or after it; 0 within it.
    missing : tuple of str
        Tests of the plan without a result, nor a reason why there is none.
    why : str or None
        Why it was missed, or is not due any more.
    entry : int or None
        That says so: of the visit, or of the first result.
    """

    subject: str
    visit: Visit
    day: date | None
    first: date | None
    last: date | None
    standing: VisitStanding
    on: date | None = None
    out_of_window: int = 0
    missing: tuple[str, ...] = ()
    why: str | None = None
    entry: int | None = None


def visits_of(state: TrialState, subject: str, on: date) -> tuple[VisitDue, ...]:
    """Return the visits of somebody in the order of the plan, as they stand on a day.

    A visit took place if an entry says so, or results are recorded for it; that of day 0 by the
    infusion, and the first before it by the screening. After a death, or once somebody has left the
    study or withdrawn before the infusion, nothing is due any more. Without a plan there are none.
    """
    if state.plan is None:
        return ()
    known, chart = state.subjects.get(subject), state.chart(subject)
    dosed = None if known is None else known.dosed_on
    results = count_results(chart, dosed)
    over = _say_over(state, chart)
    began = next((visit.name for visit in state.plan.visits if visit.day < 0), None)
    by_itself: dict[str | None, Fact[Any] | None] = {began: chart.screening}
    by_itself |= {v.name: known.dosing for v in state.plan.visits if known and v.day == 0}
    return tuple(
        _stand(
            visit,
            chart,
            [result for result in results if result.visit == visit.name],
            by_itself=by_itself.get(visit.name),
            dosed=dosed,
            over=over,
            on=on,
        )
        for visit in state.plan.visits
    )


def overdue_visits(state: TrialState, on: date) -> list[VisitDue]:
    """Return the visits that are overdue on a day, patient by patient; none without a plan."""
    people = () if state.plan is None else people_of(state)
    return [
        visit
        for subject in people
        for visit in visits_of(state, subject, on)
        if visit.standing is VisitStanding.OVERDUE
    ]


def people_of(state: TrialState) -> Iterator[str]:
    """Yield everybody who has visits: enrolled, in their order, then who is screened."""
    yield from state.subjects
    for subject, chart in state.charts.items():
        if subject not in state.subjects and chart.screenings:
            yield subject


def today_of(state: TrialState, subject: str, at: datetime, otherwise: date) -> date:
    """Return the day it is at somebody's site; the other day where no time zone is known."""
    return day_in(state.zone_of(subject, otherwise), at) or otherwise


def window_of(visit: Visit, dosed: date) -> tuple[date, date, date]:
    """Return the day of a visit, and the first and the last on which it is in its window."""
    days = (visit.day, visit.first_day, visit.last_day)
    day, first, last = (dosed + timedelta(days=n) for n in days)
    return day, first, last


def days_outside(visit: Visit, dosed: date, on: date) -> int:
    """Return how many days before the window of a visit a day is, negative, or after it."""
    _, first, last = window_of(visit, dosed)
    return min((on - first).days, 0) or max((on - last).days, 0)


def _say_over(state: TrialState, chart: Chart) -> str | None:
    """Say why nothing is due of somebody any more; None where it is."""
    ending = find_ending(state, chart.subject)
    if ending is not None:
        return ending.text
    known = state.subjects.get(chart.subject)
    if known is not None:
        return "withdrew before being dosed" if known.standing is Standing.WITHDRAWN else None
    failed = state.screening_failures.get(chart.subject)
    return None if failed is None else f"failed screening on {failed[1].on}"


def _stand(
    visit: Visit,
    chart: Chart,
    results: Sequence[Result],
    *,
    by_itself: Fact[Any] | None,
    dosed: date | None,
    over: str | None,
    on: date,
) -> VisitDue:
    day, first, last = (None, None, None) if dosed is None else window_of(visit, dosed)
    said = next((fact for fact in reversed(chart.visits) if fact.event.visit == visit.name), None)
    held = [result for result in results if result.finding.not_done is None]
    standing, took_place, why, entry = VisitStanding.COMING, None, None, None
    if said is not None:
        why, entry, took_place = said.event.missed, said.seq, said.event.on
        standing = VisitStanding.DONE if why is None else VisitStanding.MISSED
    elif held:
        standing, took_place, entry = VisitStanding.DONE, held[0].on, held[0].seq
    elif by_itself is not None:
        standing, took_place = VisitStanding.DONE, by_itself.event.on
        entry = by_itself.seq
    elif over is not None:
        standing, why = VisitStanding.NOT_DUE, over
    elif first is not None and last is not None:
        standing = _by_day(visit, first, last, on)
    elif visit.day < 0:
        standing = VisitStanding.DUE  # somebody is screened, until the infusion
    given = {result.test for result in results}
    outside = 0
    if standing is VisitStanding.DONE and took_place is not None and dosed is not None:
        outside = days_outside(visit, dosed, took_place)
    return VisitDue(
        subject=chart.subject,
        visit=visit,
        day=day,
        first=first,
        last=last,
        standing=standing,
        on=took_place,
        out_of_window=outside,
        missing=tuple(test for test in visit.tests if test not in given),
        why=why,
        entry=entry,
    )


def _by_day(visit: Visit, first: date, last: date, on: date) -> VisitStanding:
    if on < first:
        return VisitStanding.COMING
    if on <= last:
        return VisitStanding.DUE
    return VisitStanding.NOT_DUE if visit.optional else VisitStanding.OVERDUE
