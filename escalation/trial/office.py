"""Commands about the trial itself: register it, delegate roles, amend the protocol, close it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from escalation.labels import Label
from escalation.protocol import DoseLevel, Protocol
from escalation.protocol.units import find_unit, is_same_unit
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.committee.exclusive import excluded_by, find_conflicts
from escalation.trial.events import (
    EnrolmentHeld,
    EnrolmentResumed,
    ProtocolAmended,
    Role,
    RoleDelegated,
    RoleRevoked,
    TrialClosed,
    TrialRegisteredWithCommittee,
)
from escalation.trial.halts import before_hold, standing_pauses
from escalation.trial.patients.subjects import Standing
from escalation.trial.people.access import is_owner
from escalation.trial.people.names import find_look_alike, near_miss
from escalation.trial.state import TrialState, votes_are_own
from escalation.version import __version__

__all__ = [
    "amend_protocol",
    "close_trial",
    "delegate_role",
    "hold_enrolment",
    "register_trial",
    "resume_enrolment",
    "revoke_role",
    "written_protocol",
]


def written_protocol(protocol: Protocol) -> dict[str, Any]:
    """Return the protocol's document in JSON types, as it will be read again."""
    document: dict[str, Any] = json.loads(json.dumps(protocol.document))
    return document


def register_trial(
    state: TrialState, recorder: Recorder, *, protocol: Protocol, solo: bool = False
) -> Events:
    """Begin to track a trial; who registers it may delegate roles.

    With ``solo`` the protocol is registered with ``solo = true``: one person may do everything.
    """
    refusal = Refusal("the trial cannot be registered")
    if state.registered is not None:
        refusal.add(f"It is registered, by {state.owner}.")
    refusal.check_day(recorder)
    refusal.check_person(recorder.name)
    refusal.raise_if_any()
    if solo:
        protocol = replace(protocol, committee=replace(protocol.committee, solo=True))
    return (
        TrialRegisteredWithCommittee(
            on=recorder.on,
            protocol=written_protocol(protocol),
            digest=protocol.digest,
            software=f"escalation {__version__}",
        ),
    )


def delegate_role(state: TrialState, recorder: Recorder, *, person: str, role: Role) -> Events:
    """Give a person a role."""
    refusal = Refusal(f'"{person}" cannot be given the role {role}')
    _check_may_delegate(refusal, state, recorder)
    refusal.check_person(person)
    held, rules = state.roles_of(person), state.committee
    refusal.unless(role not in held, f'"{person}" has this role.')
    if state.own_votes:
        alike = find_look_alike(person, state.names.values())
        refusal.unless(
            alike is None,
            f'It looks like "{alike}", who is in the record: give the two names that differ.',
        )
    if rules.exclusive_roles == "refuse":
        for other in excluded_by(role, rules):
            refusal.unless(
                other not in held, f'"{person}" is {other}, which excludes {role} ({_EXCLUSIVE}).'
            )
    refusal.raise_if_any()
    return (RoleDelegated(on=recorder.on, person=state.person(person), role=role),)


_EXCLUSIVE = "the protocol's committee.exclusive"


def revoke_role(
    state: TrialState, recorder: Recorder, *, person: str, role: Role, reason: str
) -> Events:
    """Take a role from a person."""
    refusal = Refusal(f'the role {role} cannot be taken from "{person}"')
    _check_may_delegate(refusal, state, recorder)
    held = state.roles_of(person)
    refusal.unless(role in held, f'"{person}" does not have it.')
    if not held:
        refusal.add(near_miss(person, state.roles))
    refusal.check_line("reason", reason)
    refusal.raise_if_any()
    return (RoleRevoked(on=recorder.on, person=state.person(person), role=role, reason=reason),)


def _check_may_delegate(refusal: Refusal, state: TrialState, recorder: Recorder) -> None:
    """Whoever registered the trial may delegate too, or nobody could begin."""
    refusal.unless(state.registered is not None, "The trial is not registered.")
    refusal.check_day(recorder)
    if not is_owner(state, recorder.name):
        refusal.check_role(state, recorder.name, "delegate roles")


def hold_enrolment(state: TrialState, recorder: Recorder, *, reason: str) -> Events:
    """Let nobody be enrolled or dosed until the chair resumes."""
    refusal = Refusal("enrolment cannot be held")
    refusal.check(state, recorder, "hold enrolment")
    _check_running(refusal, state)
    refusal.check_line("reason", reason)
    if state.held is not None:
        refusal.add(f"It is held since entry {state.held.seq}.")
    refusal.raise_if_any()
    return (EnrolmentHeld(on=recorder.on, reason=reason),)


def resume_enrolment(state: TrialState, recorder: Recorder, *, reason: str) -> Events:
    """Lift the hold."""
    refusal = Refusal("enrolment cannot be resumed")
    refusal.check(state, recorder, "resume enrolment")
    _check_running(refusal, state)
    refusal.check_line("reason", reason)
    paused = standing_pauses(state, recorder.on)
    for pause in paused:
        refusal.add(
            f"It is paused since entry {pause.entry}: {pause.text}. To resume takes a decision of "
            "the committee (trial decide --resume)."
        )
    refusal.unless(state.held is not None or bool(paused), "It is not held.")
    refusal.add(before_hold(state, recorder.on))
    refusal.raise_if_any()
    return (EnrolmentResumed(on=recorder.on, reason=reason),)


def amend_protocol(
    state: TrialState,
    recorder: Recorder,
    *,
    protocol: Protocol,
    reason: str,
    reopens: Sequence[Label] = (),
) -> Events:
    """Continue under another protocol.

    A level that was given must keep its label, its dose and its regimen; new ones may stand
    anywhere on the ladder.

    Parameters
    ----------
    state, recorder
    protocol : Protocol
    reason : str
    reopens : sequence of int or str
        Levels at which the patients so far no longer count for the rule, or that are new; a stop
        in force is lifted.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal("the protocol cannot be amended")
    refusal.check(state, recorder, "amend the protocol")
    _check_running(refusal, state)
    refusal.check_line("reason", reason)
    before = state.protocol
    if before is not None:
        changes = bool(reopens) or protocol.digest != before.digest
        refusal.unless(changes, "It says the same as the one in force.")
        refusal.unless(
            _keeps_unit(protocol, before) or not state.subjects,
            f"Doses are in {before.unit}; the amended protocol has {protocol.unit}.",
        )
        opened = {subject.level for subject in state.subjects.values()}
        opened |= {cohort.level for cohort in state.cohorts}
        _check_levels_stay(refusal, [lv for lv in before.levels if lv.label in opened], protocol)
        _check_reopened(refusal, state, before, protocol, reopens)
        if reopens and state.data_on is not None and recorder.on < state.data_on:
            refusal.add(f"It rests on data of {state.data_on} and cannot be of {recorder.on}.")
    rules = protocol.committee
    if votes_are_own(state, protocol) and rules.exclusive_roles == "refuse":
        for person, role, other in find_conflicts(state.roles, rules):
            refusal.add(
                f'"{person}" is {role} and {other}, which exclude each other by the amended '
                "protocol: take one away first."
            )
    refusal.raise_if_any()
    return (
        ProtocolAmended(
            on=recorder.on,
            protocol=written_protocol(protocol),
            digest=protocol.digest,
            reason=reason,
            reopens=tuple(reopens),
        ),
    )


def _keeps_unit(protocol: Protocol, before: Protocol) -> bool:
    """Tell whether doses stay in their unit; one that cannot be read may be said right."""
    is_read = before.unit is None or find_unit(before.unit) is not None
    return is_same_unit(protocol.unit, before.unit) or not is_read


def _check_levels_stay(refusal: Refusal, opened: Sequence[DoseLevel], protocol: Protocol) -> None:
    """Refuse another meaning of levels that were opened; a regimen may be named for the first time.

    Without doses only their order says which of them is more.
    """
    levels = {level.label: level for level in protocol.levels}
    stay = []
    for level in opened:
        known = levels.get(level.label)
        if known is None or known.dose != level.dose:
            refusal.add(
                f"Level {level.label} has been opened and must stay on the ladder with its dose."
            )
        elif level.regimen not in (None, known.regimen):
            refusal.add(
                f"Level {level.label} has been opened and must keep its regimen, {level.regimen}."
            )
        else:
            stay.append(level.label)
    kept = [label for label in protocol.labels if label in stay]
    refusal.unless(
        kept == stay,
        f"Levels {', '.join(map(str, stay))} have been opened and must stay in this order.",
    )


def _check_reopened(
    refusal: Refusal,
    state: TrialState,
    before: Protocol,
    protocol: Protocol,
    reopens: Sequence[Label],
) -> None:
    """Refuse to reopen what is not there, or what nobody could count at."""
    given = {subject.level for subject in state.subjects.values() if subject.dosing}
    for label in dict.fromkeys(reopens):
        if label not in protocol.labels:
            known = ", ".join(map(str, protocol.labels))
            refusal.add(f"Level {label} is not on the amended ladder; its levels are {known}.")
        elif label in before.labels and label not in given:
            refusal.add(f"Level {label} is neither new nor has anybody been treated there.")
        if reopens.count(label) > 1:
            refusal.add(f"Level {label} is named {reopens.count(label)} times.")


def close_trial(state: TrialState, recorder: Recorder, *, reason: str) -> Events:
    """Treat nobody any more; outcomes, corrections and reviews can still be recorded."""
    refusal = Refusal("the trial cannot be closed")
    refusal.check(state, recorder, "close the trial")
    _check_running(refusal, state)
    refusal.check_line("reason", reason)
    waiting = [s.id for s in state.subjects.values() if s.standing is Standing.ASSIGNED]
    refusal.unless(
        not waiting, f"{', '.join(waiting)} is enrolled and not dosed: record the withdrawal first."
    )
    refusal.raise_if_any()
    return (TrialClosed(on=recorder.on, reason=reason),)


def _check_running(refusal: Refusal, state: TrialState) -> None:
    if state.closed is not None:
        refusal.add(f"The trial was closed by entry {state.closed.seq}.")
