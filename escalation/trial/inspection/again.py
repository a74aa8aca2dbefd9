"""The command that would have made an event, with the arguments read back from it.

What the program found when an entry was made (what the rule said, which gates stood in the way,
who was overdue) is no argument: the command finds it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any, assert_never

from escalation.plan import Plan
from escalation.protocol import Protocol
from escalation.signatures.public_key import fingerprint
from escalation.trial.adverse_events.adjudication import adjudicate
from escalation.trial.adverse_events.record import follow_up, record_adverse_event
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.committee.circulate import circulate_decision
from escalation.trial.committee.decide import decide
from escalation.trial.committee.freeze import freeze_data
from escalation.trial.committee.sign import sign
from escalation.trial.committee.vote import cast_vote
from escalation.trial.events import (
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    AnyEvent,
    DataFrozen,
    DecisionCirculated,
    DecisionMade,
    EligibilityWaived,
    EnrolmentHeld,
    EnrolmentResumed,
    EntryCorrected,
    EvaluabilityRuled,
    FileImported,
    FindingsRecorded,
    HistoryImported,
    InfusionContinued,
    KeyRegistered,
    KeyRevoked,
    OutcomeRecorded,
    PlanAdopted,
    ProtocolAmended,
    Purpose,
    RoleDelegated,
    RoleRevoked,
    ScreeningFailed,
    Signed,
    SignedWithKey,
    SiteOpened,
    SubjectAtSite,
    SubjectDosed,
    SubjectEnrolled,
    SubjectLeft,
    SubjectRenamed,
    SubjectScreened,
    TimestampKept,
    TrialClosed,
    TrialRegistered,
    TrialRegisteredWithCommittee,
    VisitRecorded,
    VoteCast,
)
from escalation.trial.findings.record import record_findings
from escalation.trial.keys.commands import register_key, revoke_key, sign_as_made
from escalation.trial.office import (
    amend_protocol,
    close_trial,
    delegate_role,
    hold_enrolment,
    register_trial,
    resume_enrolment,
    revoke_role,
    written_protocol,
)
from escalation.trial.patients.corrections import correct_entry, rename_subject
from escalation.trial.patients.evaluability import continue_infusion, rule_evaluability
from escalation.trial.patients.recording import dose_subject, enrol_subject, record_outcome
from escalation.trial.patients.screening import record_screening_failure
from escalation.trial.patients.sites import open_site, transfer_subject
from escalation.trial.planning import adopt_plan
from escalation.trial.screening.record import screen_subject, waive_criteria
from escalation.trial.spreadsheet.cells import PatientRow
from escalation.trial.spreadsheet.charting import note_file
from escalation.trial.spreadsheet.importing import import_rows
from escalation.trial.spreadsheet.origin import Origin
from escalation.trial.state import Recorded, TrialState
from escalation.trial.visits.record import leave_study, record_visit

__all__ = ["Command", "command_of", "import_of"]

Command = Callable[[TrialState, Recorder], Events]


def command_of(event: AnyEvent, following: AnyEvent | None = None) -> Command:  # noqa: PLR0911, PLR0912  # one for each kind
    """Return the command that records an event.

    Parameters
    ----------
    event : AnyEvent
    following : AnyEvent or None
        What was recorded with it, next: who has an enrolled subject in care.

    Raises
    ------
    LookupError, TypeError, ValueError, EscalationError
        If the event holds a protocol that cannot be read.
    """
    match event:
        case TrialRegistered(protocol=document, quorum=quorum):
            protocol = Protocol.from_document(document)
            return partial(_register_as_before, protocol=protocol, quorum=quorum)
        case TrialRegisteredWithCommittee(protocol=document):
            return partial(register_trial, protocol=Protocol.from_document(document))
        case ProtocolAmended(protocol=document, reason=reason, reopens=reopens):
            protocol = Protocol.from_document(document)
            return partial(amend_protocol, protocol=protocol, reason=reason, reopens=reopens)
        case RoleDelegated(person=person, role=role):
            return partial(delegate_role, person=person, role=role)
        case RoleRevoked(person=person, role=role, reason=reason):
            return partial(revoke_role, person=person, role=role, reason=reason)
        case EnrolmentHeld(reason=reason):
            return partial(hold_enrolment, reason=reason)
        case EnrolmentResumed(reason=reason):
            return partial(resume_enrolment, reason=reason)
        case TrialClosed(reason=reason):
            return partial(close_trial, reason=reason)
        case HistoryImported():
            return import_of(event, ())
        case SubjectEnrolled():
            return partial(
                enrol_subject,
                subject=event.subject,
                weight_kg=event.weight_kg,
                height_cm=event.height_cm,
                cohort=event.cohort,
                replaces=event.replaces,
                deviation=event.deviation,
                **_site_of(event, following),
            )
        case SubjectDosed():
            return partial(
                dose_subject,
                subject=event.subject,
                planned=event.planned,
                infused=event.infused,
                lot=event.lot,
                deviation=event.deviation,
            )
        case OutcomeRecorded():
            return partial(
                record_outcome,
                subject=event.subject,
                outcome=event.outcome,
                toxicities=event.toxicities,
                reason=event.reason,
            )
        case EntryCorrected(entry=entry, changes=changes, reason=reason):
            return partial(correct_entry, entry=entry, changes=changes, reason=reason)
        case DecisionMade():
            return partial(
                decide,
                choice=event.chosen,
                rationale=event.rationale,
                attendees=event.attendees,
            )
        case Signed(entry=entry, meaning=meaning):
            return partial(sign, entry=entry, meaning=meaning)
        case KeyRegistered(person=person, public_key=key):
            return partial(register_key, person=person, public_key=key)
        case KeyRevoked(person=person, public_key=key, reason=reason):
            return partial(revoke_key, person=person, key=fingerprint(key), reason=reason)
        case SignedWithKey():  # the signature itself is checked by ``keys.checking``
            return partial(sign_as_made, made=event)
        case AdverseEventRecorded():
            return partial(record_adverse_event, **_without(_said_in(event), "graded_by"))
        case AdverseEventFollowedUp(entry=entry, changes=changes, aware=aware):
            changes = _without(changes, "graded_by")
            return partial(follow_up, entry=entry, changes=changes, aware=aware)
        case AdverseEventAdjudicated(entry=entry, dlt=dlt, reason=reason):
            return partial(adjudicate, entry=entry, dlt=dlt, reason=reason)
        case InfusionContinued():
            return partial(
                continue_infusion,
                subject=event.subject,
                infused=event.infused,
                lot=event.lot,
                deviation=event.deviation,
            )
        case EvaluabilityRuled(subject=subject, evaluable=evaluable, reason=reason):
            return partial(rule_evaluability, subject=subject, evaluable=evaluable, reason=reason)
        case TimestampKept():
            return partial(_keep_as_kept, made=event)
        case VoteCast(decision=decision, vote=vote, reason=reason):
            return partial(cast_vote, vote=vote, decision=decision, reason=reason)
        case DecisionCirculated(decision=decision, to=to):
            return partial(circulate_decision, to=to, decision=decision)
        case DataFrozen(checked_by=checked_by, statement=statement):
            return partial(freeze_data, checked_by=checked_by, statement=statement)
        case ScreeningFailed():
            return partial(record_screening_failure, **_said_in(event))
        case SubjectRenamed(subject=subject, renamed=renamed, reason=reason):
            return partial(rename_subject, subject=subject, renamed=renamed, reason=reason)
        case SiteOpened(site=site, time_zone=zone):
            return partial(open_site, site=site, time_zone=zone)
        case SubjectAtSite(subject=subject, site=site, reason=reason):
            return partial(transfer_subject, subject=subject, to=site, reason=reason or "")
        case FileImported():
            return partial(note_file, **_said_in(event))
        case PlanAdopted(plan=document, reason=reason):
            return partial(adopt_plan, plan=Plan.from_document(document), reason=reason)
        case SubjectScreened():
            return partial(screen_subject, **_said_in(event))
        case FindingsRecorded():
            return partial(record_findings, **_said_in(event))
        case EligibilityWaived():
            return partial(waive_criteria, **_said_in(event))
        case VisitRecorded():
            return partial(record_visit, **_said_in(event))
        case SubjectLeft():
            return partial(leave_study, **_said_in(event))
    assert_never(event)


def _said_in(event: AnyEvent) -> dict[str, Any]:
    """Return what an event says, all but its day."""
    return {f.name: getattr(event, f.name) for f in fields(event) if f.name != "on"}


def _site_of(event: SubjectEnrolled, following: AnyEvent | None) -> dict[str, Any]:
    """Return the site that was typed with an enrolment, if there was one."""
    match following:
        case SubjectAtSite(site=site, reason=None) if following.subject == event.subject:
            return {"site": site}
    return {}


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _register_as_before(
    state: TrialState, recorder: Recorder, *, protocol: Protocol, quorum: int
) -> Events:
    """Register a trial as 0.2.0 did, which no command does any more."""
    refusal = Refusal("the trial cannot be registered")
    refusal.unless(state.registered is None, f"It is registered, by {state.owner}.")
    refusal.check_day(recorder)
    refusal.check_person(recorder.name)
    refusal.unless(1 <= quorum <= 100, f"The quorum is a number of votes from 1, not {quorum}.")
    refusal.raise_if_any()
    return (
        TrialRegistered(
            on=recorder.on,
            protocol=written_protocol(protocol),
            digest=protocol.digest,
            quorum=quorum,
            software="",
        ),
    )


def _keep_as_kept(state: TrialState, recorder: Recorder, *, made: TimestampKept) -> Events:
    """Keep a timestamp again, all but the cryptography, which takes an authority's certificate."""
    refusal = Refusal("the timestamp cannot be kept")
    refusal.check(state, recorder, "keep a timestamp")
    refusal.unless(1 <= made.entry <= state.seq, f"There is no entry {made.entry}.")
    refusal.raise_if_any()
    return (replace(made, on=recorder.on, entry_hash=state.hashes[made.entry - 1]),)


def import_of(event: HistoryImported, recorded: Iterable[Recorded]) -> Command:
    """Return the command of an import, from the patients who were recorded with it."""
    rows: dict[str, PatientRow] = {}
    purposes = {number: cohort.purpose for number, cohort in enumerate(event.cohorts, start=1)}
    for entry in recorded:
        match entry.event:
            case SubjectEnrolled() as enrolled:
                rows[enrolled.subject] = PatientRow(
                    number=entry.seq,
                    subject=enrolled.subject,
                    cohort=enrolled.cohort,
                    level=enrolled.level,
                    purpose=purposes.get(enrolled.cohort, Purpose.ESCALATION),
                    weight_kg=enrolled.weight_kg,
                    height_cm=enrolled.height_cm,
                    enrolled_on=None if enrolled.undated else enrolled.on,
                    replaces=enrolled.replaces,
                )
            case SubjectDosed(subject=subject) as dosed if subject in rows:
                rows[subject] = replace(
                    rows[subject],
                    dosed_on=dosed.on,
                    planned=dosed.planned,
                    infused=dosed.infused,
                    lot=dosed.lot,
                )
            case OutcomeRecorded(subject=subject) as ended if subject in rows:
                rows[subject] = replace(
                    rows[subject],
                    outcome=ended.outcome,
                    outcome_on=None if ended.undated else ended.on,
                    reason=ended.reason,
                    toxicities=ended.toxicities,
                )
    origin = Origin(
        name=event.source,
        sha256=event.sha256,
        source=event.source,
        n_rows=len(rows),
        left_out=event.left_out,
        read_with=event.read_with,
    )
    return import_rows(list(rows.values()), origin)
