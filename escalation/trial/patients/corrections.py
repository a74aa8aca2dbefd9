"""Commands that correct an entry or an id: nothing is erased, a new one says how to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

from escalation.errors import EscalationError, did_you_mean
from escalation.outcomes import Outcome
from escalation.trial.adverse_events.record import FOLLOWED_UP, check_report, complete_changes
from escalation.trial.adverse_events.rereading import correct_report
from escalation.trial.adverse_events.unpausing import pauses_lifted
from escalation.trial.adverse_events.verdicts import open_events, ruled_dlts
from escalation.trial.codec import change_event
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import (
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    AnyEvent,
    EligibilityWaived,
    EntryCorrected,
    Event,
    FindingsRecorded,
    InfusionContinued,
    OutcomeRecorded,
    SubjectDosed,
    SubjectEnrolled,
    SubjectLeft,
    SubjectRenamed,
    SubjectScreened,
    VisitRecorded,
)
from escalation.trial.findings.checking import check_findings
from escalation.trial.patients.body_size import needed_sizes
from escalation.trial.patients.evaluability import check_further
from escalation.trial.patients.recording import (
    PATIENTS,
    check_amount,
    check_id,
    check_outcome,
    check_sizes,
)
from escalation.trial.patients.subjects import Fact
from escalation.trial.screening.record import (
    check_screened,
    check_screening_order,
    check_screening_withdrawn,
    check_waived,
)
from escalation.trial.state import TrialState
from escalation.trial.visits.record import check_leaving, check_visit

__all__ = ["correct_entry", "rename_subject"]


def correct_entry(
    state: TrialState,
    recorder: Recorder,
    *,
    entry: int,
    changes: Mapping[str, Any] | None,
    reason: str,
) -> Events:
    """Say how an earlier entry about a subject is to be read; the entry itself stays.

    Parameters
    ----------
    state, recorder
    entry : int
        Number of an enrolment, a dosing, an outcome, a report of an adverse event, results, a
        visit, or the end of somebody's part.
    changes : mapping or None
        New values by field, as JSON types; None to withdraw the entry.
    reason : str

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"entry {entry} cannot be corrected")
    refusal.check(state, recorder, PATIENTS)
    refusal.check_line("reason", reason)
    fact = state.fact(entry)
    if fact is None:
        known = entry in range(1, state.seq + 1)
        refusal.add(
            "Only enrolments, infusions, outcomes, adverse events, screening, results and visits "
            "are corrected, by the number of the original entry."
            if known
            else f"The last entry is {state.seq}."
        )
    elif changes is None:
        _check_withdrawal(refusal, state, fact)
    else:
        changes = _completed(refusal, state, fact, changes)
        _check_change(refusal, state, recorder, fact, changes)
    if fact is not None:
        outcome = None if changes is None else changes.get("outcome", Outcome.DLT)
        _check_ruled(refusal, state, fact, still_dlt=outcome == Outcome.DLT)
    if fact is not None and isinstance(fact.event, SubjectDosed) and not refusal.reasons:
        _check_dosing(refusal, state, recorder, fact.event, changes)
    event = EntryCorrected(
        on=recorder.on,
        entry=entry,
        reason=reason,
        changes=None if changes is None else dict(changes),
    )
    if not refusal.reasons:
        refusal.reasons += pauses_lifted(state, recorder, event)
    refusal.raise_if_any()
    return (event,)


# the rest of an entry is what it is about, or what the program found when it was made
_CORRECTABLE = {
    # the level only in an imported history
    SubjectEnrolled: ("on", "level", "weight_kg", "height_cm"),
    SubjectDosed: ("on", "planned", "infused", "lot"),
    InfusionContinued: ("on", "infused", "lot"),
    OutcomeRecorded: ("on", "outcome", "toxicities", "reason"),
    AdverseEventRecorded: tuple(
        field.name for field in fields(AdverseEventRecorded) if field.name != "subject"
    ),
    AdverseEventFollowedUp: ("on", "aware", "changes"),
    SubjectScreened: ("on", "disease", "sex", "born", "consented", "site"),
    EligibilityWaived: ("on", "criteria", "reason"),
    FindingsRecorded: ("on", "findings", "visit", "reason"),
    VisitRecorded: ("on", "visit", "missed", "note"),
    SubjectLeft: ("on", "why", "reason"),
}


def _completed(
    refusal: Refusal, state: TrialState, fact: Fact[Event], changes: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return changes with what goes with them in a report of an adverse event."""
    match fact.event:
        case AdverseEventRecorded():
            return complete_changes(refusal, fact.event, changes)
        case AdverseEventFollowedUp(entry=entry) if isinstance(changes.get("changes"), Mapping):
            known = state.find_event(entry)
            before = [r.event for r in (known.reports if known else ()) if r.seq < fact.seq]
            said = complete_changes(refusal, before[-1], changes["changes"]) if before else {}
            return {**changes, "changes": said}
    return changes


def _check_ruled(
    refusal: Refusal, state: TrialState, fact: Fact[Event], *, still_dlt: bool
) -> None:
    """Refuse to take away the only DLT of a subject whose event was ruled one."""
    if not isinstance(fact.event, OutcomeRecorded) or fact.event.outcome is not Outcome.DLT:
        return
    subject = state.subjects[fact.event.subject]
    dlts = [f.seq for f in subject.outcomes if f.event.outcome is Outcome.DLT]
    if still_dlt or len(dlts) > 1:
        return
    for ruled in ruled_dlts(subject):
        refusal.add(
            f"{ruled.now.term} of {subject.id} (entry {ruled.entry}) was ruled a DLT: rule again "
            f"(trial adjudicate {ruled.entry} --no-dlt), and the DLT is taken back with it."
        )


def _check_withdrawal(refusal: Refusal, state: TrialState, fact: Fact[Event]) -> None:
    match fact.event:
        case SubjectEnrolled():
            refusal.add('An enrolment is not withdrawn: record the subject as "not evaluable".')
        case SubjectDosed(subject=subject):
            known = state.subjects[subject]
            refusal.unless(not known.outcomes, "Withdraw the subject's outcome first.")
            refusal.unless(not known.further, "Withdraw the subject's further infusions first.")
        case AdverseEventRecorded() | AdverseEventFollowedUp():
            _check_course(refusal, state, fact, None)
        case SubjectScreened():
            check_screening_withdrawn(refusal, state, fact.event.subject, fact.seq)


def _check_change(
    refusal: Refusal,
    state: TrialState,
    recorder: Recorder,
    fact: Fact[Event],
    changes: Mapping[str, Any],
) -> None:
    correctable = _CORRECTABLE.get(type(fact.event), ())
    for name in changes:
        if name not in correctable:
            refusal.add(
                f"{name} cannot be corrected in this entry; {did_you_mean(name, correctable)}."
            )
    try:
        event = change_event(fact.event, {k: changes[k] for k in changes if k in correctable})
    except EscalationError as error:
        refusal.add(f"{error}.")
        return
    refusal.unless(bool(refusal.reasons) or event != fact.event, "That is what it says.")
    zone = state.zone_of(getattr(event, "subject", ""), event.on)
    refusal.check_day(replace(recorder, on=event.on), zone)
    match event:
        case SubjectEnrolled():
            check_sizes(
                refusal,
                state,
                event.weight_kg,
                event.height_cm,
                needed=_known_sizes(state, fact.event),
            )
            labels = () if state.protocol is None else state.protocol.labels
            refusal.unless(event.level in labels, f"There is no level {event.level}.")
            imported = state.cohorts[event.cohort - 1].decision is None
            refusal.unless(
                imported or "level" not in changes,
                "The level is that of the cohort which the committee opened; what was really "
                "given is said by the infused amount.",
            )
        case SubjectDosed():
            refusal.unless(
                event.infused is not None or "infused" not in changes,
                "The infused amount is needed.",
            )
            check_amount(refusal, "infused", event.infused)
            check_amount(refusal, "planned", event.planned)
            refusal.check_line("lot", event.lot, 100)
        case InfusionContinued():
            check_further(refusal, state, state.subjects[event.subject], event)
        case OutcomeRecorded():
            said = cast(OutcomeRecorded, fact.event)
            new = said.explained or event.outcome is not said.outcome
            subject = state.subjects[event.subject]
            check_outcome(refusal, state, subject, event, explained=new)
        case AdverseEventRecorded() | AdverseEventFollowedUp():
            refusal.check_day(replace(recorder, on=event.aware))
            _check_course(refusal, state, fact, event)
        case _:
            _check_charted(refusal, state, recorder, event, fact.seq)


def _check_charted(
    refusal: Refusal, state: TrialState, recorder: Recorder, event: Event, entry: int
) -> None:
    """Refuse a correction of somebody's chart to what cannot be."""
    match event:
        case SubjectScreened():
            check_screened(refusal, state, event)
            check_screening_order(refusal, state, event, entry)
        case EligibilityWaived():
            refusal.check_line("reason", event.reason)
            check_waived(refusal, state, event, entry)
        case FindingsRecorded():
            chart = state.chart(event.subject)
            check_findings(refusal, state, recorder, event, chart=chart, entry=entry)
        case VisitRecorded():
            check_visit(refusal, state, recorder, event, entry=entry)
        case SubjectLeft():
            check_leaving(refusal, state, event, entry=entry)


def _known_sizes(state: TrialState, event: Event) -> tuple[str, ...]:
    """Return what the doses need of what an enrolment says: it is not to be emptied."""
    sizes = {"weight": "weight_kg", "height": "height_cm"}
    needed = needed_sizes(state.protocol)
    return tuple(name for name in needed if getattr(event, sizes[name]) is not None)


def _check_dosing(
    refusal: Refusal,
    state: TrialState,
    recorder: Recorder,
    dosed: SubjectDosed,
    changes: Mapping[str, Any] | None,
) -> None:
    """Refuse to move, or take away, the dosing from under an event that calls for a ruling."""
    subject = state.subjects[dosed.subject]
    after = None if changes is None else change_event(dosed, changes)
    dosing = subject.dosing
    new = None if dosing is None or after is None else replace(dosing, event=after)
    still = {e.event.entry for e in open_events(replace(subject, dosing=new), recorder.on)}
    for call in open_events(subject, recorder.on):
        if call.event.entry not in still:
            refusal.add(
                f"{call.text}: it has to be adjudicated first (trial adjudicate "
                f"{call.event.entry})."
            )


def _check_course(
    refusal: Refusal, state: TrialState, fact: Fact[Event], after: AnyEvent | None
) -> None:
    """Refuse a correction that makes of an adverse event's course what cannot be.

    One on which somebody has ruled is not withdrawn: the ruling would be on nothing.
    """
    subject = state.subjects[state.owners[fact.seq]]
    known = next(e for e in subject.events if any(r.seq == fact.seq for r in e.reports))
    if after is None and known.ruling is not None:
        refusal.add(f"Entry {known.ruling.seq} has ruled on it: correct what is wrong in it.")
    if isinstance(after, AdverseEventFollowedUp):
        for name in after.changes:
            if name not in (*FOLLOWED_UP, "graded_by"):
                refusal.add(f"{name} is not followed up; {did_you_mean(name, FOLLOWED_UP)}.")
    try:
        events = correct_report(subject.events, fact.seq, after, state.seq + 1)
    except EscalationError as error:
        refusal.add(f"{error}.")
        return
    for event in events:
        if event.entry == known.entry:
            for report in event.reports:
                check_report(refusal, subject, event, report)


def rename_subject(
    state: TrialState, recorder: Recorder, *, subject: str, renamed: str, reason: str
) -> Events:
    """Correct a mistyped id: the old one stays visible, and finds the subject as before.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"{subject} cannot be renamed {renamed}")
    refusal.check(state, recorder, PATIENTS, zone=state.zone_of(subject, recorder.on))
    refusal.check_line("reason", reason)
    check_id(refusal, renamed)
    known, other = refusal.find_subject(state, subject), state.subjects.get(renamed)
    if other is None and renamed in state.charts and any(state.charts[renamed].facts()):
        refusal.add(f"{renamed} is somebody else, who was screened.")
    if known is not None and renamed == known.id:
        refusal.add("That is the id already.")
    elif other is not None and other is not known:
        had = "" if other.id == renamed else f": {other.id}, who was called {renamed} before"
        refusal.add(f"{renamed} is another subject{had}.")
    refusal.raise_if_any()
    return (
        SubjectRenamed(
            on=recorder.on, subject=state.current_id(subject), renamed=renamed, reason=reason
        ),
    )
