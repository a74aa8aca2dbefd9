"""What has to be seen in results and visits that are kept as they were recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.plan import Plan
from escalation.text import count
from escalation.trial.events import FindingsRecorded, Leaving, SubjectLeft, VisitRecorded
from escalation.trial.findings.results import Result, results_of
from escalation.trial.findings.words import say_result
from escalation.trial.review.remarks import Remark
from escalation.trial.state import TrialState
from escalation.trial.visits.calendar import days_outside

__all__ = ["flags_of_entry", "flags_of_results", "is_zero"]


def flags_of_entry(state: TrialState, entry: int) -> Iterator[Remark]:
    """Yield what has to be seen in an entry of results, of a visit, or of the end of a part."""
    fact = state.fact(entry)
    match None if fact is None else fact.event:
        case FindingsRecorded(subject=subject):
            results = [r for r in results_of(state, subject) if r.seq == entry]
            yield from flags_of_results(state, subject, results)
        case VisitRecorded(subject=subject, visit=visit, on=on, missed=None):
            said = _say_outside(state, subject, visit, on)
            if said is not None:
                yield Remark(entry=entry, text=said)
        case SubjectLeft(subject=subject, why=Leaving.DEATH):
            known = state.subjects.get(subject)
            if known is not None and known.death is None:
                text = (
                    f"No adverse event of {subject} is fatal: record the death as one of grade 5 "
                    "(trial ae), or no rule knows of it."
                )
                yield Remark(entry=entry, text=text)


def flags_of_results(state: TrialState, subject: str, results: list[Result]) -> Iterator[Remark]:
    """Yield what has to be seen in results of somebody, each thing once for a visit and day."""
    said: dict[str, Remark] = {}
    screened = state.chart(subject).screening
    consented = None if screened is None else screened.event.consented
    for result in results:
        texts: list[str | None] = []
        if state.plan is not None and is_zero(state.plan, result):
            texts.append(
                f"{say_result(result.finding)} of {subject} on {result.on} is below the limit of "
                f"quantification, given as 0: give the limit, as {result.test}=<LIMIT "
                f"{result.finding.unit}."
            )
        if result.visit is not None:
            texts.append(_say_outside(state, subject, result.visit, result.on))
            if consented is not None and result.on < consented:
                texts.append(
                    f"{result.visit} of {subject} on {result.on} was before the consent of "
                    f"{consented}."
                )
        for text in filter(None, texts):
            said.setdefault(text, Remark(entry=result.seq, text=text))
    yield from said.values()


def is_zero(plan: Plan, result: Result) -> bool:
    """Tell whether a concentration is given as 0: a laboratory finds none below its limit."""
    test = plan.find_test(result.test)
    followed = plan.kinetics is not None and plan.kinetics.test == result.test
    is_concentration = test is not None and (test.domain == "PC" or followed)
    return is_concentration and result.finding.value == 0 and not result.finding.below


def _say_outside(state: TrialState, subject: str, visit: str, on: date) -> str | None:
    """Say that a visit was outside its window; None where it was not, or has none yet."""
    known = state.subjects.get(subject)
    planned = None if state.plan is None else state.plan.find_visit(visit)
    if known is None or known.dosed_on is None or planned is None:
        return None
    outside = days_outside(planned, known.dosed_on, on)
    if not outside:
        return None
    when = "before" if outside < 0 else "after"
    return f"{visit} of {subject} on {on} is {count(abs(outside), 'day')} {when} its window."
