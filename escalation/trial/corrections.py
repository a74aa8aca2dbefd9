"""Commands that correct an entry or an id: nothing is erased, a new one says how to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from escalation.errors import EscalationError, did_you_mean
from escalation.trial.codec import change_event
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import (
    EntryCorrected,
    Event,
    OutcomeRecorded,
    SubjectDosed,
    SubjectEnrolled,
    SubjectRenamed,
)
from escalation.trial.site import (
    PATIENTS,
    check_amount,
    check_id,
    check_outcome,
    check_weight,
    find_known,
)
from escalation.trial.state import TrialState
from escalation.trial.subjects import Fact

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
        Number of an enrolment, a dosing or an outcome.
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
            "Only enrolments, dosings and outcomes are corrected, by the number of the original "
            "entry."
            if known
            else f"The last entry is {state.seq}."
        )
    elif changes is None:
        _check_withdrawal(refusal, state, fact)
    else:
        _check_change(refusal, state, recorder, fact, changes)
    refusal.raise_if_any()
    return (
        EntryCorrected(
            on=recorder.on,
            entry=entry,
            reason=reason,
            changes=None if changes is None else dict(changes),
        ),
    )


# the rest of an entry is what it is about, or what the program found when it was made
_CORRECTABLE = {
    SubjectEnrolled: ("on", "level", "weight_kg"),  # the level only in an imported history
    SubjectDosed: ("on", "planned", "infused", "lot"),
    OutcomeRecorded: ("on", "outcome", "toxicities", "reason"),
}


def _check_withdrawal(refusal: Refusal, state: TrialState, fact: Fact[Event]) -> None:
    match fact.event:
        case SubjectEnrolled():
            refusal.add('An enrolment is not withdrawn: record the subject as "not evaluable".')
        case SubjectDosed(subject=subject):
            refusal.unless(
                not state.subjects[subject].outcomes, "Withdraw the subject's outcome first."
            )


def _check_change(
    refusal: Refusal,
    state: TrialState,
    recorder: Recorder,
    fact: Fact[Event],
    changes: Mapping[str, Any],
) -> None:
    correctable = _CORRECTABLE[type(fact.event)]
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
            check_weight(refusal, state, event.weight_kg)
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
                event.infused is not None or changes.get("infused", 0) is not None,
                "The infused amount is needed.",
            )
            check_amount(refusal, "infused", event.infused)
            check_amount(refusal, "planned", event.planned)
            refusal.check_line("lot", event.lot, 100)
        case OutcomeRecorded():
            check_outcome(refusal, state, state.subjects[event.subject], event)


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
    known, other = find_known(refusal, state, subject), state.find_subject(renamed)
    if known is not None and renamed == known.id:
        refusal.add("That is the id already.")
    elif other is not None and other is not known:
        had = "" if other.id == renamed else f", who was called {renamed} before"
        refusal.add(f"{renamed} is another subject: {other.id}{had}.")
    refusal.raise_if_any()
    return (
        SubjectRenamed(
            on=recorder.on, subject=state.current_id(subject), renamed=renamed, reason=reason
        ),
    )
