"""From one state of a trial and one more entry to the next state.

``evolve`` is total: an event that does not fit, which no command would have returned, is noted
among the state's ``oddities`` and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

from escalation.errors import EscalationError, InputError
from escalation.outcomes import Outcome
from escalation.plan import Plan, PlanError
from escalation.plan.plan import digest_of
from escalation.protocol import Protocol
from escalation.signatures.public_key import read_public_key
from escalation.trial.adverse_events.course import Adjudication, AdverseEvent, Report
from escalation.trial.adverse_events.rereading import correct_report
from escalation.trial.adverse_events.verdicts import may_be_dlt
from escalation.trial.beside import find_misfit
from escalation.trial.chart import ChartEvent, put_in_chart
from escalation.trial.codec import change_event
from escalation.trial.committee.exclusive import excluded_by, find_conflicts
from escalation.trial.committee.tally import approval_faults, tally_votes, vote_faults
from escalation.trial.events import (
    CHARTED,
    AdverseEventAdjudicated,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Choice,
    DataFrozen,
    DecisionCirculated,
    DecisionMade,
    EnrolmentHeld,
    EnrolmentResumed,
    EntryCorrected,
    EvaluabilityRuled,
    Event,
    FileImported,
    HistoryImported,
    InfusionContinued,
    KeyRegistered,
    KeyRevoked,
    Meaning,
    OutcomeRecorded,
    PlanAdopted,
    ProtocolAmended,
    Purpose,
    Role,
    RoleDelegated,
    RoleRevoked,
    ScreeningFailed,
    Signed,
    SignedWithKey,
    SiteOpened,
    SubjectAtSite,
    SubjectDosed,
    SubjectEnrolled,
    SubjectRenamed,
    SubjectScreened,
    TimestampKept,
    TrialClosed,
    TrialRegistered,
    TrialRegisteredWithCommittee,
    VoteCast,
)
from escalation.trial.keys.held import Key, lacks_key
from escalation.trial.keys.rights import may_not_register_keys
from escalation.trial.patients.subjects import Fact, Subject
from escalation.trial.people.names import name_key
from escalation.trial.people.rights import lacks_role
from escalation.trial.state import (
    Amendment,
    Cohort,
    Correction,
    MadeDecision,
    Recorded,
    RoleConflict,
    TrialState,
    votes_are_own,
)

__all__ = ["advance", "evolve", "follow", "replay_events"]


def evolve(state: TrialState, recorded: Recorded) -> TrialState:
    """Return the state after one more entry."""
    following = state.copied()
    advance(following, recorded)
    return following


def replay_events(entries: Iterable[Recorded], state: TrialState | None = None) -> TrialState:
    """Return the state after these entries, from the beginning or from a state before them."""
    replayed = TrialState() if state is None else state.copied()
    for recorded in entries:
        advance(replayed, recorded)
    return replayed


def follow(
    entries: Iterable[Recorded], state: TrialState | None = None
) -> Iterator[tuple[TrialState, Recorded]]:
    """Yield each entry with the state before it: one state, which goes on changing.

    It is ``state``, where that is given, which in the end is the state after all of them.
    """
    state = TrialState() if state is None else state
    for recorded in entries:
        yield state, recorded
        advance(state, recorded)


def advance(state: TrialState, recorded: Recorded) -> None:
    """Change a state that nobody else holds: a replay of many entries copies nothing."""
    event: Any = recorded.event  # one that names a mistyped id is read under the right one
    named = getattr(event, "subject", None)
    if named is not None and state.current_id(named) != named:
        event = replace(event, subject=state.current_id(named))
    problem = _HANDLERS[type(event)](state, recorded, event)
    if problem is not None:
        state.oddities.append((recorded.seq, problem))
    if _is_data(state, recorded.event):
        state.data_seq = recorded.seq
        state.data_on = max(recorded.event.on, state.data_on or recorded.event.on)
    state.hashes.append(recorded.hash)
    state.times.append(recorded.at)


def _is_data(state: TrialState, event: Event) -> bool:
    """Tell whether a decision has to have known an entry: of adverse events, not every fever."""
    if isinstance(event, EntryCorrected) and event.entry in state.charted:
        return False
    if not isinstance(event, AdverseEventRecorded | AdverseEventFollowedUp):
        return isinstance(event, _DATA) and not _is_beside(state, event)
    first = state.seq + 1 if isinstance(event, AdverseEventRecorded) else event.entry
    known = state.find_event(first)
    return known is not None and may_be_dlt(state.subjects[known.subject], known, event.on)


def _is_beside(state: TrialState, event: Event) -> bool:
    """Tell whether an entry is about a patient whom the rule does not count, and no DLT."""
    if not isinstance(event, SubjectEnrolled | SubjectDosed | InfusionContinued | OutcomeRecorded):
        return False
    subject = state.subjects.get(event.subject)
    if subject is None or subject.purpose is Purpose.ESCALATION or state.protocol is None:
        return False
    backfilled = subject.purpose is Purpose.BACKFILL
    if backfilled and state.protocol.backfill.counted != "never":
        return False
    return not (isinstance(event, OutcomeRecorded) and event.outcome is Outcome.DLT)


_DATA = (
    HistoryImported,
    SubjectEnrolled,
    SubjectDosed,
    OutcomeRecorded,
    EntryCorrected,
    ProtocolAmended,
    InfusionContinued,
    EvaluabilityRuled,
    AdverseEventAdjudicated,
)


def _register(state: TrialState, recorded: Recorded, event: TrialRegistered) -> str | None:
    if state.protocol is not None:
        return "the trial was registered before"
    protocol, problem = _read_protocol(event.protocol, event.digest)
    state.protocol, state.registered = protocol, recorded
    state.owner, state.quorum = recorded.by, event.quorum
    state.names.setdefault(name_key(recorded.by), recorded.by)
    return problem


def _register_with_committee(
    state: TrialState, recorded: Recorded, event: TrialRegisteredWithCommittee
) -> str | None:
    if state.protocol is not None:
        return "the trial was registered before"
    protocol, problem = _read_protocol(event.protocol, event.digest)
    state.protocol, state.registered, state.owner = protocol, recorded, recorded.by
    state.own_votes = True
    state.quorum = state.committee.quorum
    state.names.setdefault(name_key(recorded.by), recorded.by)
    return problem


def _amend(state: TrialState, recorded: Recorded, event: ProtocolAmended) -> str | None:
    protocol, problem = _read_protocol(event.protocol, event.digest)
    if protocol is not None and {s.level for s in state.subjects.values()} - set(protocol.labels):
        return "the amended ladder lacks a level that was given"
    if protocol is not None:
        rules_before = state.committee if state.own_votes else None
        before = set(find_conflicts(state.roles, state.committee))
        rules = () if state.protocol is None else state.protocol.pause
        state.former_pauses += [(recorded.seq, r) for r in rules if r not in protocol.pause]
        made = Amendment(
            seq=recorded.seq,
            event=event,
            before=state.protocol,
            after=protocol,
            stop=state.stopped,
        )
        state.protocol = protocol
        problem = problem or _reopen(state, made)
        state.own_votes = votes_are_own(state, protocol)
        if state.own_votes:
            state.quorum = protocol.committee.quorum
            new = [c for c in find_conflicts(state.roles, protocol.committee) if c not in before]
            problem = problem or _note_conflicts(state, recorded, new)
        if rules_before is not None and rules_before != state.committee:
            state.committee_changes.append((recorded.seq, rules_before, state.committee))
    return problem


def _reopen(state: TrialState, made: Amendment) -> str | None:
    """Let the rule count nobody treated so far at the levels named, and lift a stop."""
    state.amendments.append(made)
    for label in made.event.reopens:
        for subject in state.subjects.at_level(label):
            state.subjects[subject.id] = _as_counted(state, subject)
    if made.event.reopens:
        state.stopped = None
    unknown = [str(label) for label in made.event.reopens if label not in made.after.labels]
    return f"the amended ladder has no level {unknown[0]} to reopen" if unknown else None


def _as_counted(state: TrialState, subject: Subject) -> Subject:
    """Return a subject with the amendment that sets them aside, if one does."""
    aside = state.set_aside_by(subject)
    return subject if aside == subject.set_aside_by else replace(subject, set_aside_by=aside)


def _note_conflicts(
    state: TrialState, recorded: Recorded, found: Iterable[tuple[str, Role, Role]]
) -> str | None:
    """Keep who holds roles that exclude each other; a protocol that refuses them knows of none."""
    kept = [RoleConflict(seq=recorded.seq, person=p, role=r, other=o) for p, r, o in found]
    state.conflicts += kept
    if not kept or state.committee.exclusive_roles == "record":
        return None
    return f"{kept[0].person} cannot be both {kept[0].role} and {kept[0].other}"


def _read_protocol(document: Mapping[str, Any], digest: str) -> tuple[Protocol | None, str | None]:
    try:
        protocol = Protocol.from_document(document)
    except (EscalationError, LookupError, TypeError, ValueError, AttributeError) as error:
        return None, f"the protocol cannot be read: {error}"
    if protocol.digest != digest:
        return protocol, f"the protocol's digest is {protocol.digest}, not {digest}"
    return protocol, None


def _delegate(state: TrialState, recorded: Recorded, event: RoleDelegated) -> str | None:
    person = state.person(event.person)
    state.names.setdefault(name_key(person), person)
    held = state.roles_of(person)
    state.roles[person] = held | {event.role}
    state.role_since[person, event.role] = event.on
    if event.role in held:
        return None
    others = [other for other in excluded_by(event.role, state.committee) if other in held]
    return _note_conflicts(state, recorded, [(person, event.role, other) for other in others])


def _revoke(state: TrialState, _: Recorded, event: RoleRevoked) -> str | None:
    person = state.person(event.person)
    state.roles[person] = state.roles_of(person) - {event.role}
    state.role_since.pop((person, event.role), None)
    return None


def _hold(state: TrialState, recorded: Recorded, _: EnrolmentHeld) -> str | None:
    state.held = recorded
    return None


def _resume(state: TrialState, recorded: Recorded, _: EnrolmentResumed) -> str | None:
    if state.held is not None:
        state.holds.append((state.held, recorded))
    state.held = None
    return None


def _close(state: TrialState, recorded: Recorded, _: TrialClosed) -> str | None:
    state.closed = recorded
    return None


def _import(state: TrialState, recorded: Recorded, event: HistoryImported) -> str | None:
    for place, cohort in enumerate(event.cohorts, start=1):
        last = all(cohort.purpose is not later.purpose for later in event.cohorts[place:])
        state.add_cohort(
            Cohort(
                number=len(state.cohorts) + 1,
                level=cohort.level,
                n_opened=cohort.n_opened,
                closed_by=None if last else recorded.seq,  # the last may still have a place
                purpose=cohort.purpose,
            ),
        )
    return None


def _enrol(state: TrialState, recorded: Recorded, event: SubjectEnrolled) -> str | None:
    if not 1 <= event.cohort <= len(state.cohorts):
        return f"there is no cohort {event.cohort}"
    if state.protocol is None or event.level not in state.protocol.labels:
        return f"there is no level {event.level}"
    known = state.subjects.get(event.subject)
    if known is not None:
        if known.dosing is not None:
            return f"{event.subject} had been dosed before"
        left = state.cohorts[known.cohort - 1]
        stay = tuple(subject for subject in left.subjects if subject != known.id)
        state.cohorts[known.cohort - 1] = replace(left, subjects=stay)
    fact = Fact(seq=recorded.seq, by=recorded.by, event=event)
    joined = state.cohorts[event.cohort - 1]
    state.subjects[event.subject] = (
        Subject(id=event.subject, enrolments=(fact,), purpose=joined.purpose)
        if known is None
        else replace(known, enrolments=(*known.enrolments, fact), purpose=joined.purpose)
    )
    state.cohorts[event.cohort - 1] = replace(joined, subjects=(*joined.subjects, event.subject))
    state.owners[recorded.seq] = event.subject
    lost = None if event.replaces is None else state.subjects.get(event.replaces)
    if lost is not None:
        state.subjects[lost.id] = replace(lost, replaced_by=event.subject)
    return None


def _add_fact(
    state: TrialState, recorded: Recorded, event: SubjectDosed | OutcomeRecorded
) -> str | None:
    subject = state.subjects.get(event.subject)
    if subject is None or state.protocol is None:
        return f"{event.subject} had not been enrolled"
    if isinstance(event, SubjectDosed):
        if subject.dosing is not None:
            return f"{event.subject} had been dosed before"
        dosing = Fact(seq=recorded.seq, by=recorded.by, event=event)
        judged = state.protocol if state.own_votes else None
        subject = replace(
            subject,
            dosing=dosing,
            dlt=state.protocol.dlt,
            protocol=judged,
            evaluability=None if judged is None else judged.evaluability,
        )
        subject = _as_counted(state, subject)
    else:
        outcome = Fact(seq=recorded.seq, by=recorded.by, event=event)
        subject = replace(subject, outcomes=(*subject.outcomes, outcome))
    state.subjects[event.subject] = subject
    state.owners[recorded.seq] = event.subject
    return None


def _correct(state: TrialState, recorded: Recorded, event: EntryCorrected) -> str | None:
    fact = state.fact(event.entry)
    if fact is None:
        return f"entry {event.entry} is not an entry about a subject"
    if event.changes is not None and "subject" in event.changes:
        return "an entry cannot be moved to another subject"
    try:
        after = None if event.changes is None else change_event(fact.event, event.changes)
    except EscalationError as error:
        return f"entry {event.entry} cannot be corrected so: {error}"
    new: Fact[Any] | None = None
    if after is not None:
        new = replace(fact, event=after, corrected_by=(*fact.corrected_by, recorded.seq))
    made = Correction(seq=recorded.seq, by=recorded.by, event=event, before=fact.event, after=after)
    problem = None
    if event.entry in state.charted:
        _correct_chart(state, fact, new)
    else:
        problem = _correct_subject(state, recorded, fact, new)
    if problem is None:
        state.corrections.append(made)
    return problem


def _correct_chart(state: TrialState, fact: Fact[Any], new: Fact[Any] | None) -> None:
    chart = state.chart(state.charted[fact.seq])
    chart = chart.without(fact.seq) if new is None else chart.with_fact(new)
    state.charts[chart.subject] = chart


def _correct_subject(
    state: TrialState, recorded: Recorded, fact: Fact[Any], new: Fact[Any] | None
) -> str | None:
    subject = state.subjects[state.owners[fact.seq]]
    match fact.event:
        case SubjectEnrolled():
            if new is None:
                return "an enrolment cannot be withdrawn"
            subject = replace(subject, enrolments=_swap(subject.enrolments, fact, new))
        case SubjectDosed():
            subject = replace(subject, dosing=new)
        case InfusionContinued():
            subject = replace(subject, further=_swap(subject.further, fact, new))
        case AdverseEventRecorded() | AdverseEventFollowedUp():
            try:
                after = None if new is None else new.event
                events = correct_report(subject.events, fact.seq, after, recorded.seq)
            except EscalationError as error:
                return f"entry {fact.seq} cannot be corrected so: {error}"
            subject = replace(subject, events=events)
        case _:
            subject = replace(subject, outcomes=_swap(subject.outcomes, fact, new))
    state.subjects[subject.id] = _as_counted(state, subject)
    return None


def _swap(facts: tuple[Any, ...], old: Fact[Event], new: Fact[Event] | None) -> tuple[Any, ...]:
    put = () if new is None else (new,)
    return tuple(kept for fact in facts for kept in (put if fact is old else (fact,)))


def _decide(state: TrialState, recorded: Recorded, event: DecisionMade) -> str | None:
    if state.protocol is None:
        return "a decision without a protocol"
    fault = lacks_role(recorded.by, state.roles_of(recorded.by), "record a decision")
    made = MadeDecision(
        seq=recorded.seq,
        by=recorded.by,
        hash=recorded.hash,
        event=event,
        protocol=state.protocol,
        n_cohorts=len(state.cohorts),
        own_votes=state.own_votes,
        frozen=state.freezes[-1][1].cutoff if state.freezes else None,
    )
    state.add_decision(made)
    return fault


def _report(state: TrialState, recorded: Recorded, event: AdverseEventRecorded) -> str | None:
    subject = state.subjects.get(event.subject)
    if subject is None:
        return f"{event.subject} had not been enrolled"
    report = Report(
        seq=recorded.seq,
        by=recorded.by,
        on=event.on,
        aware=event.aware,
        event=event,
        recorded_on=recorded.at.astimezone(UTC).date(),
    )
    reported = AdverseEvent(entry=recorded.seq, reports=(report,))
    state.subjects[subject.id] = replace(subject, events=(*subject.events, reported))
    state.owners[recorded.seq] = subject.id
    return None


def _follow_up(state: TrialState, recorded: Recorded, event: AdverseEventFollowedUp) -> str | None:
    known = state.find_event(event.entry)
    if known is None:
        return f"entry {event.entry} is not the first report of an adverse event"
    if "subject" in event.changes:
        return "an adverse event cannot be moved to another subject"
    try:
        now = change_event(known.now, event.changes)
    except EscalationError as error:
        return f"the adverse event of entry {event.entry} cannot be followed up so: {error}"
    report = Report(
        seq=recorded.seq,
        by=recorded.by,
        on=event.on,
        aware=event.aware,
        event=now,
        recorded_on=recorded.at.astimezone(UTC).date(),
        follow_up=event,
    )
    state.owners[recorded.seq] = state.owners[known.entry]
    _put_event(state, known, replace(known, reports=(*known.reports, report)))
    return None


def _adjudicate(
    state: TrialState, recorded: Recorded, event: AdverseEventAdjudicated
) -> str | None:
    known = state.find_event(event.entry)
    if known is None:
        return f"entry {event.entry} is not the first report of an adverse event"
    lacking = lacks_role(recorded.by, state.roles_of(recorded.by), "adjudicate")
    if lacking is not None:
        return lacking
    ruling = Adjudication(seq=recorded.seq, by=recorded.by, event=event)
    _put_event(state, known, replace(known, adjudications=(*known.adjudications, ruling)))
    return None


def _put_event(state: TrialState, old: AdverseEvent, new: AdverseEvent) -> None:
    subject = state.subjects[state.owners[old.entry]]
    events = tuple(new if event.entry == old.entry else event for event in subject.events)
    state.subjects[subject.id] = replace(subject, events=events)


def _continue_infusion(
    state: TrialState, recorded: Recorded, event: InfusionContinued
) -> str | None:
    subject = state.subjects.get(event.subject)
    if subject is None or subject.dosing is None:
        return f"{event.subject} had not been dosed"
    fact = Fact(seq=recorded.seq, by=recorded.by, event=event)
    state.subjects[subject.id] = replace(subject, further=(*subject.further, fact))
    state.owners[recorded.seq] = subject.id
    return None


def _rule_evaluability(
    state: TrialState, recorded: Recorded, event: EvaluabilityRuled
) -> str | None:
    subject = state.subjects.get(event.subject)
    if subject is None or subject.dosing is None:
        return f"{event.subject} had not been dosed"
    lacking = lacks_role(recorded.by, state.roles_of(recorded.by), "rule on evaluability")
    if lacking is not None:
        return lacking
    fact = Fact(seq=recorded.seq, by=recorded.by, event=event)
    state.subjects[subject.id] = replace(subject, rulings=(*subject.rulings, fact))
    return None


def _fail_screening(state: TrialState, recorded: Recorded, event: ScreeningFailed) -> str | None:
    state.not_enrolled.append((recorded, event))
    return f"{event.subject} was enrolled before" if event.subject in state.subjects else None


def _rename(state: TrialState, _: Recorded, event: SubjectRenamed) -> str | None:
    known = state.subjects.get(event.subject)
    if known is None:
        return f"{event.subject} had not been enrolled"
    other = state.subjects.get(event.renamed)
    if event.renamed == known.id or other not in (None, known):
        return f"{event.renamed} is an id of {known.id if other is None else other.id}"
    if other is None and event.renamed in state.charts and any(state.charts[event.renamed].facts()):
        return f"{event.renamed} is somebody else, who was screened"
    state.subjects.rename(known.id, event.renamed)
    chart = state.charts.pop(known.id, None)
    if chart is not None:
        state.charts[event.renamed] = replace(chart, subject=event.renamed)
        state.charted |= {fact.seq: event.renamed for fact in chart.facts()}
    lost = state.subjects.get(known.enrolment.replaces or "")
    if lost is not None and lost.replaced_by == known.id:
        state.subjects[lost.id] = replace(lost, replaced_by=event.renamed)
    successor = state.subjects.get(known.replaced_by or "")
    if successor is not None:
        last = successor.enrolments[-1]
        last = replace(last, event=replace(last.event, replaces=event.renamed))
        enrolments = (*successor.enrolments[:-1], last)
        state.subjects[successor.id] = replace(successor, enrolments=enrolments)
    cohort = state.cohorts[known.cohort - 1]
    members = (event.renamed if member == known.id else member for member in cohort.subjects)
    state.cohorts[known.cohort - 1] = replace(cohort, subjects=tuple(members))
    return None


def _open_site(state: TrialState, _: Recorded, event: SiteOpened) -> str | None:
    state.site_zones[event.site] = event.time_zone
    return None


def _take_into_care(state: TrialState, _: Recorded, event: SubjectAtSite) -> str | None:
    subject = state.subjects.get(event.subject)
    if subject is None:
        return f"{event.subject} had not been enrolled"
    if event.site not in state.site_zones:
        return f"there is no site {event.site}"
    sites = (*subject.sites, (event.on, event.site))
    state.subjects[subject.id] = replace(subject, sites=sites)
    return None


def _adopt_plan(state: TrialState, recorded: Recorded, event: PlanAdopted) -> str | None:
    try:
        plan = Plan.from_document(event.plan)
    except PlanError as error:
        return f"{error}"
    state.plan = plan
    state.plans.append((recorded, plan))
    if digest_of(event.plan) != event.digest != plan.digest:  # that of its own takes longer
        return f"the plan's digest is {plan.digest}, not {event.digest}"
    return None


def _import_file(state: TrialState, recorded: Recorded, event: FileImported) -> str | None:
    state.files.append((recorded, event))
    return None


def _chart(
    state: TrialState,
    recorded: Recorded,
    event: ChartEvent,
) -> str | None:
    subject = state.current_id(event.subject)
    fact = Fact(seq=recorded.seq, by=recorded.by, event=event)
    put_in_chart(state.charts, subject, fact)
    state.charted[recorded.seq] = subject
    if isinstance(event, SubjectScreened) or state.chart(subject).screenings:
        return None
    return None if subject in state.subjects else f"{subject} had not been screened or enrolled"


def _vote(state: TrialState, recorded: Recorded, event: VoteCast) -> str | None:
    place = state.place_of_decision(event.decision)
    if place is None:
        return f"entry {event.decision} is not a decision"
    made = state.decisions[place]
    if made.hash != event.decision_hash:
        return f"the vote is on another entry {event.decision}: the hashes differ"
    fault = next(vote_faults(state, made, recorded.by), None)
    if fault is not None:
        return fault.removesuffix(".")
    is_chair = Role.CHAIR in state.roles_of(recorded.by)
    made = replace(
        made,
        votes=(*made.votes, (recorded, event)),
        chairs=made.chairs | {recorded.by} if is_chair else made.chairs,
    )
    state.decisions[place] = made
    if made.rejected is None and tally_votes(state, made).standing == "rejected":
        state.decisions[place] = replace(made, rejected=recorded.seq)
    return None


def _circulate(state: TrialState, recorded: Recorded, event: DecisionCirculated) -> str | None:
    place = state.place_of_decision(event.decision)
    if place is None:
        return f"entry {event.decision} is not a decision"
    made = state.decisions[place]
    if made.approved is None:
        return f"decision {made.seq} was not approved"
    circulated = (*made.circulated, (recorded, event))
    state.decisions[place] = replace(made, circulated=circulated)
    return lacks_role(recorded.by, state.roles_of(recorded.by), "circulate a decision")


def _freeze(state: TrialState, recorded: Recorded, event: DataFrozen) -> str | None:
    if event.cutoff > state.seq:
        return f"the data cannot be frozen up to entry {event.cutoff}, which was still to come"
    state.freezes.append((recorded, event))
    return lacks_role(recorded.by, state.roles_of(recorded.by), "freeze the data")


def _register_key(state: TrialState, recorded: Recorded, event: KeyRegistered) -> str | None:
    known = state.keys.get(event.public_key)
    if known is not None:
        return f"the key is that of {known.person} since entry {known.entry}"
    try:
        read_public_key(event.public_key)
    except InputError as error:
        return f"{error}"
    state.keys[event.public_key] = Key(
        person=state.person(event.person),
        public_key=event.public_key,
        entry=recorded.seq,
        since=recorded.at,
    )
    return may_not_register_keys(state, recorded.by)


def _revoke_key(state: TrialState, recorded: Recorded, event: KeyRevoked) -> str | None:
    person = state.person(event.person)
    lacking = lacks_key(state.keys, person, event.public_key)
    if lacking is not None:
        return lacking
    key = state.keys[event.public_key]
    state.keys[event.public_key] = replace(key, revoked_by=recorded.seq, until=recorded.at)
    if state.person(recorded.by) == person:  # who lost it may say so
        return None
    return may_not_register_keys(state, recorded.by)


def _keep_timestamp(state: TrialState, _: Recorded, event: TimestampKept) -> str | None:
    if not 1 <= event.entry <= state.seq:
        return f"there is no entry {event.entry}"
    if state.hashes[event.entry - 1] != event.entry_hash:
        return f"the timestamp is of another entry {event.entry}: the hashes differ"
    return None


def _sign(state: TrialState, recorded: Recorded, event: Signed | SignedWithKey) -> str | None:
    if not 1 <= event.entry <= state.seq:
        return f"there is no entry {event.entry} to sign"
    if state.hashes[event.entry - 1] != event.entry_hash:
        return f"the signature is of another entry {event.entry}: the hashes differ"
    if isinstance(event, SignedWithKey):
        lacking = lacks_key(state.keys, state.person(recorded.by), event.public_key)
        if lacking is not None:
            return lacking
    place = state.place_of_decision(event.entry)
    if place is None:
        return (
            None if event.meaning is Meaning.REVIEWED else f"entry {event.entry} is not a decision"
        )
    made = state.decisions[place]
    signed = replace(made, signatures=(*made.signatures, recorded))
    state.decisions[place] = signed
    if event.meaning is not Meaning.APPROVED:
        return None
    fault = _approval_fault(state, recorded, signed)
    if fault is None:
        made = replace(signed, approved=recorded)
        state.decisions[place] = _carry_out(state, recorded, made)
    return fault


def _approval_fault(state: TrialState, recorded: Recorded, made: MadeDecision) -> str | None:
    """Say why a signature does not carry a decision out."""
    if made.approved is not None or state.successor(made) is not None:
        return f"decision {made.seq} could not be approved any more"
    if state.data_seq > made.event.cutoff:
        return f"decision {made.seq} was made before entry {state.data_seq}"
    if find_misfit(state, made.event.chosen) is not None:
        return f"what decision {made.seq} says cannot be carried out any more"
    if state.needs_key and not isinstance(recorded.event, SignedWithKey):
        return f"the protocol asks for a key's signature to approve decision {made.seq}"
    lacking = lacks_role(recorded.by, state.roles_of(recorded.by), "sign as approved")
    if lacking is not None:
        return lacking
    fault = next(approval_faults(state, made, recorded.by), None)
    return None if fault is None else fault.removesuffix(".")


def _carry_out(state: TrialState, recorded: Recorded, made: MadeDecision) -> MadeDecision:
    """Do what an approved decision says: open a cohort, or stop; either closes the open one."""
    chosen = made.event.chosen
    if chosen.action == "defer":
        return made
    if chosen.action == "resume":
        state.resumed.append(made.seq)
        if state.held is not None and state.held.seq <= made.event.cutoff:
            state.holds.append((state.held, recorded))
            state.held = None
        return made
    for cohort in state.open_cohorts:
        if _is_ended(state, cohort, chosen):
            state.close_cohort(cohort.number, recorded.seq)
    if chosen.action == "stop" or chosen.level is None:
        if chosen.purpose is Purpose.ESCALATION:
            state.stopped = made
        return made
    if chosen.purpose is Purpose.ESCALATION:
        state.stopped = None
    number = len(state.cohorts) + 1
    state.add_cohort(
        Cohort(
            number=number,
            level=chosen.level,
            n_opened=chosen.n_to_enrol,
            opened_on=recorded.event.on,
            decision=made.seq,
            purpose=chosen.purpose,
        ),
    )
    return replace(made, cohort=number)


def _is_ended(state: TrialState, cohort: Cohort, chosen: Choice) -> bool:
    """Tell whether a choice ends an open cohort: of its own kind, or what it leaves no place for.

    An escalation that stops ends everything but an expansion at the MTD that it declares; one that
    goes on ends the expansion, and backfill that is no longer below it.
    """
    if chosen.purpose is not Purpose.ESCALATION:
        about = chosen.purpose, chosen.level if chosen.purpose is Purpose.BACKFILL else None
        return cohort.about == about
    if cohort.purpose is Purpose.EXPANSION:
        return chosen.action != "stop" or chosen.mtd != cohort.level
    if chosen.action == "stop" or cohort.purpose is Purpose.ESCALATION:
        return True
    labels = () if state.protocol is None else state.protocol.labels
    below = labels[: labels.index(chosen.level)] if chosen.level in labels else ()
    return cohort.level not in below


_HANDLERS: dict[type[Event], Callable[[TrialState, Recorded, Any], str | None]] = {
    TrialRegistered: _register,
    ProtocolAmended: _amend,
    RoleDelegated: _delegate,
    RoleRevoked: _revoke,
    HistoryImported: _import,
    SubjectEnrolled: _enrol,
    SubjectDosed: _add_fact,
    OutcomeRecorded: _add_fact,
    EntryCorrected: _correct,
    DecisionMade: _decide,
    Signed: _sign,
    EnrolmentHeld: _hold,
    EnrolmentResumed: _resume,
    TrialClosed: _close,
    AdverseEventRecorded: _report,
    AdverseEventFollowedUp: _follow_up,
    AdverseEventAdjudicated: _adjudicate,
    InfusionContinued: _continue_infusion,
    EvaluabilityRuled: _rule_evaluability,
    ScreeningFailed: _fail_screening,
    SubjectRenamed: _rename,
    SiteOpened: _open_site,
    SubjectAtSite: _take_into_care,
    TrialRegisteredWithCommittee: _register_with_committee,
    VoteCast: _vote,
    DecisionCirculated: _circulate,
    DataFrozen: _freeze,
    KeyRegistered: _register_key,
    KeyRevoked: _revoke_key,
    SignedWithKey: _sign,
    TimestampKept: _keep_timestamp,
    PlanAdopted: _adopt_plan,
    FileImported: _import_file,
    **dict.fromkeys(CHARTED, _chart),
}
