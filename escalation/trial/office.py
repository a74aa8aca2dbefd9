"""Commands about the trial itself: register it, delegate roles, amend the protocol, close it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from escalation.protocol import Protocol
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
    document: dict[str, Any] = json.loads(json.dumps(protocol.document, allow_nan=False))
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
    if state.owner is None or state.person(recorder.name) != state.person(state.owner):
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
    state: TrialState, recorder: Recorder, *, protocol: Protocol, reason: str
) -> Events:
    """Continue under another protocol; a level that was given must keep its label and its dose."""
    refusal = Refusal("the protocol cannot be amended")
    refusal.check(state, recorder, "amend the protocol")
    _check_running(refusal, state)
    refusal.check_line("reason", reason)
    before = state.protocol
    if before is not None:
        refusal.unless(protocol.digest != before.digest, "It says the same as the one in force.")
        refusal.unless(
            protocol.unit == before.unit or not state.subjects,
            f"Doses are in {before.unit}; the amended protocol has {protocol.unit}.",
        )
        doses = {level.label: level.dose for level in protocol.levels}
        given = {subject.level for subject in state.subjects.values()}
        opened = {cohort.level for cohort in state.cohorts}
        for label in (known for known in before.labels if known in given | opened):
            dose = before.levels[before.labels.index(label)].dose
            refusal.unless(
                label in doses and doses[label] == dose,
                f"Level {label} has been opened and must stay on the ladder with its dose.",
            )
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
        ),
    )


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
