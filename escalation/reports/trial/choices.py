"""What can be chosen when something is recorded: patients, events, cohorts, a line each.

And what has to be known of a patient by whoever fills in a form: the dose planned, the window.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import cast

from escalation.protocol.units import find_unit
from escalation.reports.trial.sentences import describe_entry, say_amount, say_planned
from escalation.text import count
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.events import AnyEvent, Event
from escalation.trial.findings.results import results_of
from escalation.trial.findings.words import say_result
from escalation.trial.patients.planned_dose import PlannedDose
from escalation.trial.patients.subjects import Fact, Standing, Subject
from escalation.trial.screening.judging import eligibility_of
from escalation.trial.screening.log import screenings_of
from escalation.trial.state import Cohort, Recorded, TrialState
from escalation.trial.visits.calendar import VisitDue, VisitStanding

__all__ = [
    "list_failed",
    "list_waivable",
    "say_cohort",
    "say_dose",
    "say_event",
    "say_fact",
    "say_known",
    "say_person",
    "say_plan",
    "say_standing",
    "say_subject",
    "say_visit",
    "say_window",
]


def say_subject(state: TrialState, subject: Subject, on: date) -> str:
    """Say who a subject is: level, dosing, and how they stand."""
    protocol = state.protocol
    named = f"level {subject.level}"
    if protocol is not None and subject.level in protocol.labels:
        place = protocol.labels.index(subject.level)
        named = protocol.describe_level(place, briefly=True)
    dosed = "not dosed" if subject.dosed_on is None else f"dosed {subject.dosed_on}"
    overdue = "outcome overdue" if subject.is_overdue(on) else str(subject.standing)
    site = subject.site_on(on)
    return "; ".join([named, dosed, overdue, *([] if site is None else [f"at {site}"])])


def say_person(state: TrialState, name: str, on: date) -> str:
    """Say who somebody is who is screened or enrolled."""
    subject = state.subjects.get(name)
    if subject is not None:
        return say_subject(state, subject, on)
    screening = state.chart(name).screening
    if screening is None:
        return "not screened"
    said = screening.event
    diseases = () if state.plan is None else state.plan.diseases
    disease = next((one.label for one in diseases if one.name == said.disease), said.disease)
    parts = [
        f"screened {said.on}",
        disease,
        None if said.sex is None else str(said.sex),
        None if said.born is None else f"born {said.born}",
        None if said.site is None else f"at {said.site}",
    ]
    last = screenings_of(state, name)[-1]
    how = {"left": "left", "failed": "failed screening"}.get(last.end)
    if how is not None:
        parts.append(f"{how} {last.ended_on}")
    return "; ".join(part for part in parts if part)


def say_known(state: TrialState, name: str) -> dict[str, str]:
    """Say of each test or question of somebody what was recorded last."""
    return {
        result.test: f"Recorded: {say_result(result.finding)} on {result.on}, entry {result.seq}"
        for result in results_of(state, name)
    }


def say_standing(state: TrialState, name: str, on: date) -> dict[str, str]:
    """Say of each criterion that is known what that means for somebody's entry."""
    items = list(eligibility_of(state, name, on).items)
    said = {}
    while items:
        item = items.pop()
        items += item.parts
        words = _EXCLUDES if item.criterion.kind == "exclusion" else _INCLUDES
        if item.status in words:
            said[item.criterion.id] = f": {words[item.status]}"
    return said


_INCLUDES = {"met": "met", "not met": "not met", "waived": "waived"}
_EXCLUDES = {"met": "does not exclude", "not met": "excludes", "waived": "waived"}


def list_waivable(state: TrialState, name: str, on: date) -> Iterator[tuple[str, str]]:
    """Yield each criterion that can be waived for somebody, why, and in whose words."""
    if state.plan is None or state.chart(name).screening is None:
        return
    for item in eligibility_of(state, name, on).items:
        criterion = item.criterion
        if criterion.waiver is not None and item.status == "not met":
            said = f"{criterion.id} {criterion.text.rstrip('.')}: {item.why}"
            yield criterion.id, f"{said} (permitted: {criterion.waiver})"


def list_failed(state: TrialState, name: str, on: date) -> list[tuple[str, str]]:
    """Return each criterion that somebody who is screened does not meet, and why."""
    if state.plan is None or state.chart(name).screening is None:
        return []
    failed = eligibility_of(state, name, on).of("not met")
    return [(item.criterion.id, f"{item.criterion.id} {item.why}") for item in failed]


def say_visit(due: VisitDue) -> str:
    """Say when a visit is planned, and how it stands."""
    when = f"day {due.visit.day}"
    if due.day is not None and due.first is not None and due.last is not None:
        when = f"{when}, {due.day}"
        if due.first < due.last:
            when = f"{when} ({due.first} to {due.last})"
    stands = f"{due.standing}" if due.on is None else f"{due.standing} {due.on}"
    missing = ""
    if due.standing is VisitStanding.DONE and due.missing:
        missing = f", {count(len(due.missing), 'test')} without a result"
    return f"{when}: {stands}{missing}"


def say_plan(state: TrialState) -> str:
    """Say by which plan a trial goes."""
    if state.plan is None:
        return "The trial goes by no plan yet."
    entry, plan = state.plans[-1]
    title = "" if plan.title is None else f": {plan.title}"
    return f"The trial goes by the plan {plan.name} since entry {entry.seq}{title}."


def say_cohort(state: TrialState, cohort: Cohort) -> str:
    """Say what a cohort is: its number, purpose, level and free places."""
    protocol, named = state.protocol, f"level {cohort.level}"
    if protocol is not None and cohort.level in protocol.labels:
        named = protocol.describe_level(protocol.labels.index(cohort.level), briefly=True)
    free = state.n_free(cohort)
    return f"Cohort {cohort.number}, {cohort.purpose}: {named}; {free} of {cohort.n_opened} free"


def say_event(event: AdverseEvent) -> str:
    """Say which adverse event it is, how it stands, and what was ruled."""
    now = event.now
    ended = "not over" if now.ended is None else f"ended {now.ended}"
    ruled = "not ruled on"
    if event.ruling is not None:
        ruled = "ruled a DLT" if event.ruling.event.dlt else "ruled no DLT"
    return f"{event.subject}: {now.term}, grade {now.grade}, began {now.started}, {ended}; {ruled}"


def say_fact(state: TrialState, fact: Fact[Event]) -> str:
    """Say what an entry about a subject says now, and which entries corrected it."""
    recorded = Recorded(
        seq=fact.seq,
        at=state.times[fact.seq - 1],
        by=fact.by,
        hash=state.hashes[fact.seq - 1],
        event=cast(AnyEvent, fact.event),
    )
    said = describe_entry(recorded, state)
    if not fact.corrected_by:
        return said
    return f"{said} Corrected by entry {', '.join(map(str, fact.corrected_by))}."


def say_dose(state: TrialState, subject: Subject) -> str | None:
    """Say what a subject is to get by the protocol; None where the ladder has no doses."""
    protocol = state.protocol
    if protocol is None:
        return None
    plan = subject.plan(protocol)
    if plan.dose is None:
        return None
    dose = protocol.describe_dose(plan.dose)
    if plan.amount is None:
        why = "the unit cannot be read" if plan.is_unread else _missing(plan)
        return f"Planned: {dose}; no amount can be given, since {why}."
    amount = f"{say_planned(plan.amount, find_unit(protocol.unit))} {plan.unit}"
    capped = ", which is the cap" if plan.capped else ""
    return f"Planned: {amount}{capped} ({_reckoned(subject, dose)})."


def _missing(plan: PlannedDose) -> str:
    named = " and ".join(f"the {name}" for name in plan.missing)
    return f"{named} {'is' if len(plan.missing) == 1 else 'are'} not known"


def _reckoned(subject: Subject, dose: str) -> str:
    body = subject.enrolment
    weight = "" if body.weight_kg is None else f", {say_amount(body.weight_kg)} kg"
    height = "" if body.height_cm is None else f", {say_amount(body.height_cm)} cm"
    return f"level {subject.level}: {dose}{weight}{height}"


def say_window(subject: Subject) -> Iterator[str]:
    """Say when the DLT window closes, and from when "no DLT" can be said."""
    closes, enough = subject.window_closes, subject.followed_on
    if subject.standing is Standing.ASSIGNED:
        yield 'Not dosed yet: who withdraws before the infusion is "not evaluable".'
    if closes is not None:
        yield f"The DLT window is open until {closes}."
    if enough is not None:
        yield f'"No DLT" can be said from {enough} on.'
