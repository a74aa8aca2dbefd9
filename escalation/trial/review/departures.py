"""A trial looked at as an inspector would: departures from the protocol, and warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, timedelta
from math import isclose, log

from escalation.designs.base import Action
from escalation.designs.replay import replay
from escalation.nearness import is_above
from escalation.outcomes import Outcome, format_outcomes
from escalation.protocol import Evaluability, format_dose
from escalation.protocol.units import find_unit
from escalation.text import count
from escalation.trial.adverse_events.delays import warn_of_delays
from escalation.trial.adverse_events.near_words import warn_of_near_words
from escalation.trial.beside import find_dlts_beside
from escalation.trial.calendar import next_dosing_day
from escalation.trial.events import (
    AdverseEventRecorded,
    InfusionContinued,
    OutcomeRecorded,
    Purpose,
    Role,
    SubjectDosed,
    SubjectEnrolled,
)
from escalation.trial.gates import overdue_subjects
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.review.amendments import list_reopenings
from escalation.trial.review.charts import warn_of_charts
from escalation.trial.review.remarks import Remark
from escalation.trial.review.rulings import against_definition, other_rulings, to_be_ruled
from escalation.trial.review.unstated import warn_of_unstated
from escalation.trial.rule import describe_choice
from escalation.trial.screening.judging import lacks_eligibility
from escalation.trial.state import Cohort, MadeDecision, TrialState

__all__ = ["departures", "rulings", "warnings"]


def departures(state: TrialState) -> list[Remark]:
    """Return every departure from the protocol, in the order of the entries.

    They are found in what the entries say now, not only where a command noticed them: a correction
    can bring one, or take it away.
    """
    found = [
        *_overrides(state),
        *_recorded_late(state),
        *_role_conflicts(state),
        *_committee_changes(state),
        *list_reopenings(state),
        *_imported(state),
        *_deviations(state),
        *_unnoticed(state),
        *_not_eligible(state),
        *against_definition(state),
        *(Remark(entry=seq, text=f"Entry {seq}: {text}.") for seq, text in state.oddities),
    ]
    return sorted(found, key=lambda remark: remark.entry or 0)


def rulings(state: TrialState) -> list[Remark]:
    """Return the rulings on events and patients that are not departures: they stay visible."""
    return other_rulings(state)


def _overrides(state: TrialState) -> Iterator[Remark]:
    for made in state.decisions:
        if made.event.departure and made.approved is not None:
            chosen = describe_choice(made.event.chosen, made.protocol)
            cohort = "" if made.cohort is None else f" (cohort {made.cohort})"
            if made.purpose is not Purpose.ESCALATION:
                yield Remark(
                    entry=made.seq,
                    text=f"Decision {made.seq} is not as the protocol foresees {made.purpose}: "
                    f'{chosen}{cohort}. Rationale: "{made.event.rationale}"',
                )
                continue
            yield Remark(
                entry=made.seq,
                text=f"Decision {made.seq} went further than the rule: {chosen}{cohort}. The rule "
                f'said: {_say(made)} Rationale: "{made.event.rationale}"',
            )


def _say(made: MadeDecision) -> str:
    """Say what the rule said when a decision was made."""
    then = made.event.recommended
    if then.action is Action.WAIT:
        return "wait for the pending patients."
    return f"{describe_choice(then.choice, made.protocol)}."


def _recorded_late(state: TrialState) -> Iterator[Remark]:
    """Name the approvals of which the ledger's clock says something else than the entry does."""
    for made in state.decisions:
        signed = made.approved
        if signed is None:
            continue
        recorded_on = signed.at.astimezone(UTC).date()
        if recorded_on - signed.event.on > _EARTH_TURNS:
            cohort = None if made.cohort is None else state.cohorts[made.cohort - 1]
            before = [
                subject.id
                for subject in (() if cohort is None else state.members(cohort))
                if subject.dosed_on is not None and subject.dosed_on < recorded_on
            ]
            dosed = f", after {', '.join(before)} had been dosed" if before else ""
            yield Remark(
                entry=signed.seq,
                text=f"The approval of decision {made.seq} on {signed.event.on} was recorded on "
                f"{recorded_on}{dosed}.",
            )
        since = state.role_since.get((state.person(signed.by), Role.CHAIR))
        if since is not None and since > signed.event.on:
            yield Remark(
                entry=signed.seq,
                text=f"Decision {made.seq} was approved on {signed.event.on} by {signed.by}, chair "
                f"since {since}.",
            )


_EARTH_TURNS = timedelta(days=1)  # at the same moment it can be another day elsewhere


def _role_conflicts(state: TrialState) -> Iterator[Remark]:
    """Name who held two roles that exclude each other, where the protocol has that recorded."""
    odd = {seq for seq, _ in state.oddities}  # those of a protocol that refuses them
    for conflict in state.conflicts:
        if conflict.seq not in odd:
            yield Remark(
                entry=conflict.seq,
                text=f"{conflict.person} was {conflict.role} and {conflict.other} from entry "
                f"{conflict.seq} on: the protocol says that they exclude each other.",
            )


def _committee_changes(state: TrialState) -> Iterator[Remark]:
    """Name the amendments that changed how the committee decides: the chair alone makes them."""
    for seq, before, after in state.committee_changes:
        changes = [
            f"{name} {_setting(old)} -> {_setting(new)}"
            for name, old in asdict(before).items()
            if (new := getattr(after, name)) != old
        ]
        yield Remark(
            entry=seq,
            text=f"The amendment of entry {seq} changed the rules of the committee, without a "
            f"vote: {'; '.join(changes)}.",
        )


def _setting(value: object) -> str:
    """Write a setting as a protocol file does."""
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(map(str, value)) or "none"
    return str(value)


def _imported(state: TrialState) -> Iterator[Remark]:
    imported = [cohort for cohort in state.cohorts if cohort.decision is None]
    if not imported or state.registered is None:
        return
    members = [subject for cohort in imported for subject in state.members(cohort)]
    entry = min((subject.enrolments[0].seq for subject in members), default=None)
    numbers = ", ".join(str(cohort.number) for cohort in imported)
    which = "Cohorts" if len(imported) > 1 else "Cohort"
    yield Remark(
        entry=entry,
        text=f"{which} {numbers} came from a spreadsheet: how it was decided to open "
        f"{'them' if len(imported) > 1 else 'it'} is not in this ledger.",
    )
    protocol = state.protocol_at(entry or 0)
    if protocol is None:
        return
    history = state.written_cohorts(Purpose.ESCALATION, of=imported)
    said = format_outcomes(history)
    if len(said) > _LONG:
        said = f"{said[:_LONG]}... of {count(len(history), 'cohort')}"
    for departure in replay(protocol.design, history, protocol.labels).departures:
        yield Remark(
            entry=entry,
            text=f"The protocol would not have produced the history {said}: {departure.problem}.",
        )


_LONG = 200  # characters of a history that are shown with a departure


def _deviations(state: TrialState) -> Iterator[Remark]:
    for subject in state.subjects.values():
        acts: list[tuple[int, str, SubjectEnrolled | SubjectDosed | InfusionContinued]]
        acts = [(fact.seq, "enrolled", fact.event) for fact in subject.enrolments]
        if subject.dosing is not None:
            acts.append((subject.dosing.seq, "dosed", subject.dosing.event))
        acts += [(fact.seq, "dosed further", fact.event) for fact in subject.further]
        for seq, did, event in acts:
            if event.deviation is not None:
                yield Remark(
                    entry=seq,
                    text=f"{subject.id} was {did} against a gate. {' '.join(event.breaches)} "
                    f'Reason given: "{event.deviation}"',
                )


def _unnoticed(state: TrialState) -> Iterator[Remark]:
    """Name what the entries, as corrected, say against the protocol and no command has marked."""
    for cohort in state.cohorts:
        members = [s for s in state.members(cohort) if s.dosing is not None]
        n_dosed = sum(subject.takes_place for subject in members)
        if n_dosed > cohort.n_opened:
            yield Remark(
                entry=cohort.decision,
                text=f"{n_dosed} patients count in cohort {cohort.number}, which was opened for "
                f"{cohort.n_opened}.",
            )
        for subject in members:
            if subject.level != cohort.level:
                yield Remark(
                    entry=subject.enrolments[-1].seq,
                    text=f"{subject.id} is at level {subject.level}, in cohort {cohort.number} "
                    f"at level {cohort.level}.",
                )
            yield from _odd_days(state, cohort, subject, members)


def _odd_days(
    state: TrialState, cohort: Cohort, subject: Subject, members: Sequence[Subject]
) -> Iterator[Remark]:
    dosing = subject.dosing
    if dosing is None or dosing.event.deviation is not None or cohort.decision is None:
        return
    on = dosing.event.on
    said = f"{subject.id} was dosed on {on}"
    if cohort.opened_on is not None and on < cohort.opened_on:
        yield Remark(
            entry=dosing.seq,
            text=f"{said}, before cohort {cohort.number} was opened on {cohort.opened_on}.",
        )
    if on < subject.enrolment.on:
        yield Remark(entry=dosing.seq, text=f"{said}, before being enrolled.")
    earlier = [
        member.observed
        for member in members
        if member.dosing is not None
        and (member.dosing.event.on, member.dosing.seq) < (on, dosing.seq)
    ]
    protocol = state.protocol_at(dosing.seq)
    wait = protocol and next_dosing_day(
        protocol.enrolment, [patient for patient in earlier if patient is not None]
    )
    if wait and on < wait[0]:
        yield Remark(entry=dosing.seq, text=f"{said}, not after {wait[0]}: {wait[1]}.")
    closes = subject.window_closes
    for fact in subject.outcomes:
        onsets = [toxicity.onset for toxicity in fact.event.toxicities]
        outside = closes is not None and not any(on <= onset <= closes for onset in onsets)
        if fact.event.outcome is Outcome.DLT and outside:
            yield Remark(
                entry=fact.seq,
                text=f"The DLT of {subject.id} did not begin in the DLT window, {on} to {closes}.",
            )


def _not_eligible(state: TrialState) -> Iterator[Remark]:
    """Name who was enrolled and, as the entries say now, should not have been.

    What the enrolment itself says of it, against the gate, is shown as a deviation.
    """
    for subject in state.subjects.values() if state.plans else ():
        for fact in subject.enrolments:
            if state.cohorts[fact.event.cohort - 1].decision is None:
                continue  # imported
            names = (*subject.former_ids, subject.id)
            said = {b.replace(name, subject.id) for b in fact.event.breaches for name in names}
            for text in lacks_eligibility(state, subject.id, fact.event.on, before=fact.seq):
                if text not in said:
                    yield Remark(
                        entry=fact.seq,
                        text=f"{subject.id} was enrolled on {fact.event.on}, and by what is "
                        f"recorded now should not have been. {text}",
                    )


def warnings(state: TrialState, on: date) -> list[Remark]:
    """Return what is not a departure but has to be seen: too many patients, late data, amounts."""
    found = []
    protocol = state.protocol
    planned = None if protocol is None else protocol.planned_patients
    if planned is not None and state.n_enrolled > planned:
        found.append(
            Remark(
                entry=None,
                text=f"{state.n_enrolled} patients are enrolled; {planned} were planned.",
            )
        )
    if protocol is not None and protocol.unit is not None and find_unit(protocol.unit) is None:
        found.append(
            Remark(
                entry=None,
                text=f'The unit of the doses, "{protocol.unit}", cannot be read: no amount is '
                "planned until an amendment says it right.",
            )
        )
    for subject in overdue_subjects(state, on):
        found.append(
            Remark(
                entry=None,
                text=f"The outcome of {subject.id} is overdue: the DLT window closed on "
                f"{subject.window_closes}.",
            )
        )
    found += [Remark(entry=seq, text=text) for seq, text in find_dlts_beside(state)]
    found += _changed_dlts(state)
    found += to_be_ruled(state, on)
    found += warn_of_delays(state)
    found += warn_of_near_words(state)
    found += warn_of_unstated(state)
    found += warn_of_charts(state)
    for subject in state.subjects.values():
        found += _lost_although_complete(subject)
        found += _odd_amount(state, subject)
    return found


def _changed_dlts(state: TrialState) -> Iterator[Remark]:
    """Name the DLTs that a correction took away: a pending patient's row does not show it.

    So it is with severe adverse events that were withdrawn, or judged anew by a correction.
    """
    for correction in state.corrections:
        before, after = correction.before, correction.after
        if isinstance(before, AdverseEventRecorded) and before.grade >= _SEVERE:
            if isinstance(after, AdverseEventRecorded) and _judged(after) == _judged(before):
                continue
            word = "withdrawn" if after is None else "corrected"
            yield Remark(
                entry=correction.seq,
                text=f"Entry {correction.event.entry}, {before.term} grade {before.grade} of "
                f"{state.current_id(before.subject)}, was {word} by entry {correction.seq}: "
                f'"{correction.event.reason}"',
            )
        if not isinstance(before, OutcomeRecorded) or before.outcome is not Outcome.DLT:
            continue
        if isinstance(after, OutcomeRecorded) and after.outcome is Outcome.DLT:
            continue
        terms = ", ".join(f"{t.term} grade {t.grade}" for t in before.toxicities)
        subject = state.current_id(before.subject)
        yield Remark(
            entry=correction.seq,
            text=f"Entry {correction.event.entry}, a DLT of {subject} ({terms}), is no "
            f'longer one by entry {correction.seq}: "{correction.event.reason}"',
        )


def _judged(event: AdverseEventRecorded) -> tuple[object, ...]:
    """Return what a rule asks of an event."""
    return (event.grade, event.relation, event.term, event.category, event.started)


def _lost_although_complete(subject: Subject) -> Iterator[Remark]:
    """Name a patient taken out of the count who may well belong to it."""
    if subject.standing is not Standing.NOT_EVALUABLE:
        return
    closes = subject.window_closes
    if closes is None:  # also of a subject who was not dosed
        return
    said = (f for f in subject.outcomes if f.event.outcome is Outcome.NOT_EVALUABLE)
    lost = next(said, None)
    if lost is None:
        return  # a ruling, which is shown as one
    severe = [t for t in subject.toxicities if t.grade >= _SEVERE and t.onset <= closes]
    if lost.event.on > closes and not lost.event.undated:
        why = f"the DLT window had closed on {closes}"
    elif severe:
        why = f"{severe[0].term} of grade {severe[0].grade} began in the DLT window"
    else:
        return
    yield Remark(entry=lost.seq, text=f"{subject.id} is said not to be evaluable, but {why}.")


_SEVERE = 3  # the grade from which protocols of such products speak of a DLT


def _odd_amount(state: TrialState, subject: Subject) -> Iterator[Remark]:
    """Say that what a subject got is not what the protocol planned at their level."""
    infused = subject.infused
    if subject.dosing is None or not infused:
        return
    protocol = state.protocol_at(subject.dosing.seq)
    if protocol is None or subject.level not in protocol.labels:
        return
    event, plan = subject.dosing.event, subject.plan(protocol, subject.level)
    planned, unit = plan.amount, plan.unit
    if planned is None or infused == planned == event.planned:
        return
    seq = subject.infusions[-1].seq
    limits = subject.evaluability or Evaluability()
    amounts = {label: subject.plan(protocol, label) for label in protocol.labels}
    near = {label: abs(log(infused / a.amount)) for label, a in amounts.items() if a.amount}
    nearest = min(near, key=lambda label: (near[label], label != subject.level))
    got = f"{subject.id}, assigned to level {subject.level}, got {_rounded(infused)} {unit}"
    if nearest != subject.level:
        yield Remark(
            entry=seq,
            text=f"{got}: nearer to what level {nearest} is. The level stays as assigned.",
        )
    elif is_above(limits.least_share, infused / planned) or is_above(
        infused / planned, limits.greatest_share
    ):
        yield Remark(entry=seq, text=f"{got}, {infused / planned:.0%} of {_rounded(planned)}.")
    if protocol.dose_cap is not None and infused > protocol.dose_cap:
        yield Remark(entry=seq, text=f"{got}, above the cap of {_rounded(protocol.dose_cap)}.")
    if event.planned is not None and not isclose(event.planned, planned, rel_tol=0.005):
        yield Remark(
            entry=seq,
            text=f"{_rounded(event.planned)} {unit} were planned for {subject.id}; by the protocol "
            f"it is {_rounded(planned)}.",
        )


def _rounded(amount: float) -> str:
    return format_dose(float(f"{amount:.3g}"))
