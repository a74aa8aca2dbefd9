"""What an entry of a trial says, in one sentence: the log and the commands that record print it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, assert_never

from escalation.outcomes import Outcome
from escalation.protocol import Committee, Protocol, format_dose
from escalation.protocol.units import BodySize, Unit, find_unit
from escalation.reports.trial.adverse_event_sentences import say_follow_up, say_report
from escalation.reports.trial.charted import headline_of_charted, say_charted, say_findings
from escalation.text import count, list_briefly
from escalation.trial.adverse_events.definition import say_suggested
from escalation.trial.codec import dump_event
from escalation.trial.events import (
    CHARTED,
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Attendance,
    DataFrozen,
    DecisionCirculated,
    DecisionMade,
    EligibilityWaived,
    EnrolmentHeld,
    EnrolmentResumed,
    EntryCorrected,
    EvaluabilityRuled,
    Event,
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
    Toxicity,
    TrialClosed,
    TrialRegistered,
    TrialRegisteredWithCommittee,
    VisitRecorded,
    Vote,
    VoteCast,
)
from escalation.trial.patients.planned_dose import say_share
from escalation.trial.review.amendments import say_ladder, say_reopening
from escalation.trial.rule import describe_choice
from escalation.trial.state import Correction, MadeDecision, Recorded, TrialState

__all__ = [
    "describe_entry",
    "describe_toxicity",
    "say_amount",
    "say_percent",
    "say_planned",
    "short_digest",
]


def describe_entry(recorded: Recorded, state: TrialState, *, day: bool = True) -> str:
    """Say in one sentence what was recorded.

    Parameters
    ----------
    recorded : Recorded
    state : TrialState
        After this entry, or after any later one.
    day : bool
        Whether to say on which day it happened, where the sentence has a place for it.
    """
    on = f" on {recorded.event.on}" if day else ""
    said = _sentence(replace(recorded, event=_under_current_id(recorded.event, state)), state, on)
    return said if said.endswith((".", "!", "?", '."')) else f"{said}."


def _under_current_id(event: Any, state: TrialState) -> Any:
    """Say whom an entry names by the id that holds now, with the mistyped one that it has."""
    if isinstance(event, SubjectRenamed):
        return event
    for name in ("subject", "replaces"):
        said = getattr(event, name, None)
        if said is not None and (current := state.current_id(said)) != said:
            event = replace(event, **{name: f"{current} (recorded as {said})"})
    return event


def _sentence(  # noqa: PLR0911, PLR0912  # a kind of event a line
    recorded: Recorded, state: TrialState, on: str
) -> str:
    event = recorded.event
    match event:
        case TrialRegistered():
            return f"trial registered{on} under {_protocol(event)}, quorum {event.quorum}"
        case TrialRegisteredWithCommittee():
            return f"trial registered{on} under {_protocol(event)}{_committee(event)}"
        case ProtocolAmended():
            return _amendment(recorded, event, state, on)
        case RoleDelegated():
            return f"{event.person} given the role {event.role}{on}"
        case RoleRevoked():
            return f"role {event.role} taken from {event.person}{on}: {event.reason}"
        case HistoryImported():
            return _history(event, on)
        case SubjectEnrolled():
            return _enrolment(event, state, on)
        case SubjectDosed():
            return _dosing(event, state, on)
        case OutcomeRecorded():
            return _outcome(event, on)
        case EntryCorrected():
            return _correction(recorded, event, state, on)
        case DecisionMade():
            return _decision(recorded, event, state, on)
        case Signed() | SignedWithKey():
            return _signature(recorded, event, state, on)
        case EnrolmentHeld():
            return f"enrolment held{on}: {event.reason}"
        case EnrolmentResumed():
            return f"enrolment resumed{on}: {event.reason}"
        case TrialClosed():
            return f"trial closed{on}: {event.reason}"
        case AdverseEventRecorded():
            return say_report(event)
        case AdverseEventFollowedUp():
            return say_follow_up(event, state)
        case AdverseEventAdjudicated():
            return _adjudication(event, state, on)
        case InfusionContinued():
            return _further(event, state, on)
        case EvaluabilityRuled():
            counts = "evaluable" if event.evaluable else "not evaluable"
            return f"{event.subject} ruled {counts}{on}: {event.reason}"
        case ScreeningFailed():
            where = "" if event.site is None else f" at {event.site}"
            items = f" ({', '.join(event.criteria)})" if event.criteria else ""
            return f"{event.subject} failed screening{where}{on}: {event.reason}{items}"
        case SubjectRenamed():
            return f"{event.subject} renamed {event.renamed}{on}: {event.reason}"
        case SiteOpened():
            return f"site {event.site} opened{on}, time zone {event.time_zone}"
        case SubjectAtSite():
            since = on.replace(" on ", " from ")
            if event.reason is None:
                return f"{event.subject} in care of {event.site}{since}"
            return f"{event.subject} transferred to {event.site}{since}: {event.reason}"
        case VoteCast():
            return _vote(event, on)
        case DecisionCirculated():
            return f"decision {event.decision} sent{on} to {', '.join(event.to)}"
        case DataFrozen():
            checked = f"data frozen{on} up to entry {event.cutoff}, checked by"
            words = "" if event.statement is None else f': "{event.statement}"'
            return f"{checked} {', '.join(event.checked_by)}{words}"
        case KeyRegistered():
            return f"key of {event.person} registered{on}"
        case KeyRevoked():
            return f"key of {event.person} revoked{on}: {event.reason}"
        case TimestampKept():
            return f"timestamp of entry {event.entry} kept{on}"
        case FileImported():
            return _file(event, on)
        case PlanAdopted():
            why = "" if event.reason is None else f": {event.reason}"
            name = event.plan.get("name")
            return f"plan {name}, digest {short_digest(event.digest)}, adopted{on}{why}"
        case SubjectScreened() | FindingsRecorded() | EligibilityWaived():
            return say_charted(event, on)
        case VisitRecorded() | SubjectLeft():
            return say_charted(event, on)
    assert_never(event)


def short_digest(digest: str) -> str:
    """Return as much of a protocol's digest as tells it apart."""
    return digest[:12]


def say_amount(amount: float) -> str:
    """Write an amount; what a product such as dose times weight adds by rounding is left out."""
    return format_dose(float(f"{amount:.10g}"))


def say_planned(amount: float, unit: Unit | None) -> str:
    """Write a planned amount; one by body surface no finer than that is known."""
    if unit is None or unit.per is not BodySize.M2:
        return say_amount(amount)
    return format_dose(float(f"{amount:.3g}" if amount < 1000 else f"{amount:.4g}"))


def say_percent(event: SubjectDosed) -> str | None:
    """Say what part of the planned amount was infused; None where either is not known."""
    if event.infused is None or not event.planned:
        return None
    return say_share(event.infused / event.planned)


def describe_toxicity(toxicity: Toxicity) -> str:
    """Say what a toxicity was: ``cytokine release syndrome grade 3, onset 2026-04-11``."""
    return f"{toxicity.term} grade {toxicity.grade}, onset {toxicity.onset}"


def _in_full(toxicity: Toxicity) -> str:
    said = describe_toxicity(toxicity)
    if toxicity.relation is not None:
        said += f", relation {toxicity.relation}"
    if toxicity.narrative is not None:
        said += f' ("{toxicity.narrative}")'
    return said


def _protocol(event: TrialRegistered | TrialRegisteredWithCommittee | ProtocolAmended) -> str:
    return f"protocol {event.protocol.get('name')}, digest {short_digest(event.digest)}"


def _amendment(recorded: Recorded, event: ProtocolAmended, state: TrialState, on: str) -> str:
    said = f"protocol amended{on} to {_protocol(event)}: {event.reason}"
    made = next((m for m in state.amendments if m.seq == recorded.seq), None)
    if made is None:
        return said
    return " ".join([f"{said.rstrip('.')}.", *say_ladder(made), *say_reopening(state, made)])


def _committee(event: TrialRegisteredWithCommittee) -> str:
    rules = event.protocol.get("committee") or {}
    if rules.get("solo"):
        return ", solo: one person decides"
    return f", quorum {rules.get('quorum', Committee().quorum)}"


def _history(event: HistoryImported, on: str) -> str:
    n_places = sum(cohort.n_opened for cohort in event.cohorts)
    cohorts = count(len(event.cohorts), "cohort")
    said = f"{cohorts} with {count(n_places, 'place')} imported{on} from {event.source}"
    if event.read_with is not None:
        said += f", read with {event.read_with}"
    if event.left_out:
        said += f"; not read: {list_briefly(event.left_out)}"
    return said


def _file(event: FileImported, on: str) -> str:
    n = count(event.n_rows, "row")
    said = f"{event.what} of {event.source} imported{on}: {n}, SHA-256 {event.sha256[:12]}"
    if event.read_with is not None:
        said += f", read with {event.read_with}"
    if event.left_out:
        said += f"; not read: {list_briefly(event.left_out)}"
    return said


def _enrolment(event: SubjectEnrolled, state: TrialState, on: str) -> str:
    cohort = state.cohorts[event.cohort - 1] if event.cohort <= len(state.cohorts) else None
    beside = cohort is not None and cohort.purpose is not Purpose.ESCALATION
    of = f" ({cohort.purpose})" if cohort is not None and beside else ""
    said = f"{event.subject} enrolled{on} in cohort {event.cohort}{of} at level {event.level}"
    if event.undated:
        said = said.replace(f"enrolled{on}", f"enrolled{on.replace(' on ', ' by ')}", 1)
    if event.weight_kg is not None:
        said += f", {format_dose(event.weight_kg)} kg"
    if event.height_cm is not None:
        said += f", {format_dose(event.height_cm)} cm"
    if event.replaces is not None:
        said += f", replaces {event.replaces}"
    return said + _deviation(event)


def _dosing(event: SubjectDosed, state: TrialState, on: str) -> str:
    said = f"{event.subject} dosed{on}"
    unit = _amount_unit(state.protocol)
    planned_in = find_unit(None if state.protocol is None else state.protocol.unit)
    if event.infused is None:
        said += ", amount not stated" * bool(unit)
    else:
        said += f", {say_amount(event.infused)}{unit}"
        percent = say_percent(event)
        if percent is not None and event.planned is not None:
            said += f", {percent} of the planned {say_planned(event.planned, planned_in)}"
    if event.lot is not None:
        said += f", lot {event.lot}"
    return said + _deviation(event)


def _further(event: InfusionContinued, state: TrialState, on: str) -> str:
    said = f"{event.subject} dosed further{on}"
    if event.infused is not None:
        said += f", {say_amount(event.infused)}{_amount_unit(state.protocol)}"
    if event.lot is not None:
        said += f", lot {event.lot}"
    return said + _deviation(event)


def _adjudication(event: AdverseEventAdjudicated, state: TrialState, on: str) -> str:
    ruled = "a DLT" if event.dlt else "no DLT"
    known = state.find_event(event.entry)
    what = "" if known is None else f" ({known.now.term} of {known.subject})"
    said = f"adverse event {event.entry}{what} adjudicated{on} as {ruled}{say_suggested(event)}"
    return said if event.reason is None else f"{said}. Reason: {event.reason}"


def _amount_unit(protocol: Protocol | None) -> str:
    if protocol is None or protocol.unit is None:
        return ""
    unit = find_unit(protocol.unit)
    return f" {protocol.unit if unit is None else unit.amount}"


def _deviation(event: SubjectEnrolled | SubjectDosed | InfusionContinued) -> str:
    return "" if event.deviation is None else f', against a gate: "{event.deviation}"'


_SAID = {
    Outcome.DLT: "a DLT",
    Outcome.NO_DLT: "no DLT",
    Outcome.MODERATE: "a moderate toxicity and no DLT",
    Outcome.NOT_EVALUABLE: "not evaluable",
    Outcome.PENDING: "pending",
}


def _outcome(event: OutcomeRecorded, on: str) -> str:
    verb = "is" if event.outcome in (Outcome.NOT_EVALUABLE, Outcome.PENDING) else "had"
    details = [] if event.reason is None else [event.reason]
    details += [_in_full(toxicity) for toxicity in event.toxicities]
    said = f"{event.subject} {verb} {_SAID[event.outcome]}{on.replace(' on ', ', as of ')}"
    said += ", its day not stated" * event.undated
    return f"{said}: {'; '.join(details)}" if details else said


def _correction(recorded: Recorded, event: EntryCorrected, state: TrialState, on: str) -> str:
    made = next((c for c in state.corrections if c.seq == recorded.seq), None)
    if made is None:
        return f"a correction of entry {event.entry} that does not fit it: {event.reason}"
    before = _under_current_id(made.before, state)
    what = headline_of_charted(before) if isinstance(before, CHARTED) else _headline(before)
    about = f"entry {event.entry} ({what})"
    if made.after is None:
        return f"{about} withdrawn{on}. Reason: {event.reason}"
    return f"{about} corrected{on}: {', '.join(_changes(made))}. Reason: {event.reason}"


def _headline(event: Event) -> str:
    subject = getattr(event, "subject", "")
    match event:
        case SubjectEnrolled():
            return f"enrolment of {subject}"
        case SubjectDosed():
            return f"dosing of {subject}"
        case AdverseEventRecorded():
            return f"{event.term} of {subject}"
        case AdverseEventFollowedUp():
            return f"follow-up of adverse event {event.entry}"
        case InfusionContinued():
            return f"further infusion of {subject}"
    return f"outcome of {subject}"


def _changes(made: Correction) -> Iterator[str]:
    """Yield what changed, as ``infused 3.84E8 -> 3.48E8``."""
    if made.after is None:
        return
    before, after = _flat(made.before), _flat(made.after)
    for name in before | after:
        old, new = before.get(name), after.get(name)
        if old != new and name == "findings":
            told = (say_findings(old or (), but=new or ()), say_findings(new or (), but=old or ()))
            yield " -> ".join(told)
        elif old != new:
            yield f"{_WORDS.get(name, name)} {_say_value(name, old)} -> {_say_value(name, new)}"


def _flat(event: Event) -> dict[str, Any]:
    """Return an event's fields; what a follow-up changes is among them."""
    data = dump_event(event)
    return data | data.pop("changes") if isinstance(event, AdverseEventFollowedUp) else data


_WORDS = {
    "on": "day",
    "weight_kg": "weight in kg",
    "height_cm": "height in cm",
}  # names of fields that are not words


def _say_value(name: str, value: object) -> str:
    match value:
        case None | []:
            return "none"
        case float():
            return say_amount(value)
        case str() if name == "outcome":
            return _SAID[Outcome(value)] if value in set(Outcome) else value
        case list():
            return " and ".join(_say_value(name, item) for item in value)
        case {"term": term, **rest}:
            details = [f"{key} {said}" for key, said in rest.items() if said is not None]
            return f"{term} ({', '.join(details)})"
    return str(value)


def _decision(recorded: Recorded, event: DecisionMade, state: TrialState, on: str) -> str:
    made = state.find_decision(recorded.seq)
    chosen = _say_choice(event, made)
    of = on.replace(" on ", " of ")
    said = f"decision{of} on entries up to {event.cutoff}{_frozen(made)}: {chosen}"
    if event.chosen.purpose is not Purpose.ESCALATION:
        said += f", {'' if not event.departure else 'not '}as the protocol foresees"
    elif event.override:
        than = ", further than the rule went" if event.departure else ", other than the rule"
        said += f"{than}: {_say_recommended(event, made)}"
    elif event.chosen.action != "resume":
        said += ", as the rule says"
    if event.rationale is not None:
        said += f'. Rationale: "{event.rationale}"'
    if event.overdue:
        said += f". Without the overdue outcome of {', '.join(event.overdue)}"
    if made is not None and made.own_votes and not event.attendees:
        return said
    return f"{said}. {_attendance(event.attendees)}"


def _frozen(made: MadeDecision | None) -> str:
    if made is None or made.frozen is None:
        return ""
    return f" (data frozen up to entry {made.frozen})"


def _say_choice(event: DecisionMade, made: MadeDecision | None) -> str:
    return event.chosen.action if made is None else describe_choice(event.chosen, made.protocol)


def _say_recommended(event: DecisionMade, made: MadeDecision | None) -> str:
    choice = event.recommended.choice
    if choice.action == "defer":
        return "wait for the pending patients"
    return choice.action if made is None else describe_choice(choice, made.protocol)


def _attendance(attendees: Sequence[Attendance]) -> str:
    """Say who voted how: ``For: Zhao Lan, K. Sato; present: E. Brandt``."""
    groups = (
        f"{vote}: {', '.join(a.person for a in attendees if a.vote is vote)}"
        for vote in Vote
        if any(a.vote is vote for a in attendees)
    )
    listed = "; ".join(groups) or "nobody attended"
    return listed[0].upper() + listed[1:]


def _vote(event: VoteCast, on: str) -> str:
    said = "abstained on" if event.vote is Vote.ABSTAINED else f"voted {event.vote}"
    reason = "" if event.reason is None else f': "{event.reason}"'
    return f"{said} decision {event.decision}{on}{reason}"


def _signature(
    recorded: Recorded, event: Signed | SignedWithKey, state: TrialState, on: str
) -> str:
    made = state.find_decision(event.entry)
    what = f"entry {event.entry}" if made is None else f"decision {event.entry}"
    key = " by key" if isinstance(event, SignedWithKey) else ""
    said = f"{what} signed as {event.meaning}{key}{on}"
    if made is None or made.approved is None or made.approved.seq != recorded.seq:
        return said
    chosen = describe_choice(made.event.chosen, made.protocol)
    if made.cohort is not None:
        return f"{said}: cohort {made.cohort} opens, {chosen}"
    return f"{said}: {chosen}"
