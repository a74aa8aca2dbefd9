"""What charts say that cannot be, by what was recorded or corrected since.

A result or a visit is held against the person's days when it is recorded. A birth, an infusion, a
death or an end that is recorded or corrected later can leave it where it cannot have been.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from escalation.trial.chart import Chart
from escalation.trial.commands import Recorder, Refusal
from escalation.trial.events import FindingsRecorded, VisitRecorded
from escalation.trial.findings.checking import (
    check_dates,
    check_visit_day,
    faults_of_day,
    find_person,
)
from escalation.trial.findings.words import say_result
from escalation.trial.patients.subjects import Fact
from escalation.trial.review.remarks import Remark
from escalation.trial.screening.judging import say_left
from escalation.trial.state import TrialState
from escalation.trial.visits.record import check_infusion

__all__ = ["warn_of_charts"]


def warn_of_charts(state: TrialState) -> Iterator[Remark]:
    """Yield what is recorded of people on days on which it cannot have been."""
    for chart in state.charts.values():
        facts: tuple[Fact[Any], ...] = (*chart.findings, *chart.visits)
        for fact in facts:
            refusal = Refusal("")
            find_person(refusal, state, chart)
            _check_days(refusal, state, chart, fact)
            if refusal.reasons:
                what = "results" if isinstance(fact.event, FindingsRecorded) else "a visit"
                why = " ".join(dict.fromkeys(refusal.reasons))
                text = f"Entry {fact.seq} ({what} of {chart.subject}) cannot be right any more. "
                yield Remark(entry=fact.seq, text=f"{text}{why}")
        yield from _treated_after(state, chart)


def _check_days(
    refusal: Refusal,
    state: TrialState,
    chart: Chart,
    fact: Fact[Any],
) -> None:
    event: FindingsRecorded | VisitRecorded = fact.event
    happened: list[date | None] = [event.on]
    if isinstance(event, FindingsRecorded):
        happened = [finding.on or event.on for finding in event.findings]
        known = state.subjects.get(chart.subject)
        dosed = None if known is None else known.dosed_on
        for finding in event.findings:
            faults = faults_of_day(finding, event.on, dosed)
            refusal.reasons += (f"{say_result(finding)}: {fault}." for fault in faults)
    elif event.missed is not None:
        happened = [None]
    else:
        check_infusion(refusal, state, replace(event, subject=chart.subject))
    recorder = Recorder(name=fact.by, on=event.on, at=state.times[fact.seq - 1])
    for on in dict.fromkeys(happened):
        check_visit_day(refusal, state, chart.subject, event.visit, on)
        check_dates(refusal, state, recorder, chart, on or event.on)


def _treated_after(state: TrialState, chart: Chart) -> Iterator[Remark]:
    """Yield the infusions of a person after the end of their part, but for deviations."""
    known, left = state.subjects.get(chart.subject), chart.left
    if known is None or left is None:
        return
    for fact in known.infusions:
        if fact.event.on > left.event.on and fact.event.deviation is None:
            text = f"{chart.subject} was dosed on {fact.event.on}. {say_left(chart.subject, left)}"
            yield Remark(entry=fact.seq, text=text)
