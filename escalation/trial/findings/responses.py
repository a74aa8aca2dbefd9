"""From what is recorded to responses: each treated patient at each planned assessment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from escalation.dataclass import dataclass
from escalation.endpoints import Unassessed
from escalation.labels import Label
from escalation.plan import Plan, Response, Visit
from escalation.text import as_compared
from escalation.trial.findings.groups import treated_in
from escalation.trial.findings.profiles import results_at, visit_at
from escalation.trial.findings.results import Result, results_of
from escalation.trial.state import TrialState
from escalation.trial.visits.calendar import days_outside, window_of
from escalation.trial.visits.ending import find_ending

__all__ = ["Assessed", "assess", "assessment_visits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """One patient's responses.

    Attributes
    ----------
    subject : str
    level : int or str
    disease : str or None
    responses : mapping of str to str or Unassessed
        By the name of the visit.
    notes : mapping of str to str
        What has to be known of a visit: why it was not assessed, or that it was outside its window.
    """

    subject: str
    level: Label
    disease: str | None
    responses: Mapping[str, str | Unassessed]
    notes: Mapping[str, str]


def assessment_visits(plan: Plan, response: Response) -> list[Visit]:
    """Return the visits at which response is assessed, in order of their days."""
    found = [visit for visit in plan.visits if visit.name in response.visits]
    return sorted(found, key=lambda visit: visit.day)


def assess(state: TrialState, plan: Plan, response: Response, on: date) -> list[Assessed]:
    """Return the responses of everybody who was dosed, as of a day.

    An assessment without a result is due once its visit is recorded as missed, its window has
    closed, or the patient has left the study or died. What is of a later day counts for nothing.

    Parameters
    ----------
    state : TrialState
    plan : Plan
    response : Response
        Of the plan.
    on : date
    """
    visits = assessment_visits(plan, response)
    last = state.times[-1].date() if state.times else on
    until = date.max if on >= last else on  # at a site, the day may be one further
    assessed = []
    for one in treated_in(state):
        said: dict[str, str | Unassessed] = {}
        notes: dict[str, str] = {}
        results = [r for r in results_of(state, one.subject, response.test) if r.on <= until]
        for visit, result in results_at(plan, [r for r in results if _is_made(r)]).items():
            if visit in visits:
                said[visit.name] = str(result.finding.answer)
                dosed = state.subjects[one.subject].dosed_on
                if dosed is not None and days_outside(visit, dosed, result.on):
                    notes[visit.name] = f"assessed on day {result.day:g}, outside the window"
        for result in results:
            of = visit_at(plan, result)
            if of is not None and of in visits and of.name not in said:
                notes[of.name] = _why_not_made(result)
        for visit in visits:
            if visit.name not in said:
                why = _why_missed(state, one.subject, visit, until)
                if why is not None:
                    notes.setdefault(visit.name, f"missed: {why}")
                is_due = visit.name in notes or _is_due(state, one.subject, visit, on)
                said[visit.name] = Unassessed.MISSED if is_due else Unassessed.NOT_DUE
        assessed.append(
            Assessed(
                subject=one.subject,
                level=one.level,
                disease=one.disease,
                responses={visit.name: said[visit.name] for visit in visits},
                notes=notes,
            )
        )
    return assessed


def _is_made(result: Result) -> bool:
    answer = result.finding.answer
    is_said = answer is not None and as_compared(answer) != Unassessed.MISSED
    return is_said and result.finding.not_done is None


def _why_not_made(result: Result) -> str:
    if result.finding.answer is not None and result.finding.not_done is None:
        return "said not to have been assessed"
    return result.finding.not_done or "without a result"


def _why_missed(state: TrialState, subject: str, visit: Visit, until: date) -> str | None:
    """Return why a visit is recorded as missed; None where it is not."""
    events = (fact.event for fact in state.chart(subject).visits)
    recorded = [e for e in events if e.visit == visit.name and e.on <= until]
    return recorded[-1].missed if recorded else None


def _is_due(state: TrialState, subject: str, visit: Visit, on: date) -> bool:
    dosed = state.subjects[subject].dosed_on
    ending = find_ending(state, subject)
    if ending is not None and ending.on <= on:
        return True
    return dosed is not None and on > window_of(visit, dosed)[2]
