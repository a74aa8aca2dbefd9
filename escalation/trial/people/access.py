"""Who may do what in a trial as it stands: by roles, or as who registered it."""

from __future__ import annotations

from escalation.trial.events import Role
from escalation.trial.people.rights import lacks_role
from escalation.trial.state import TrialState

__all__ = ["is_owner", "leads", "may_not_do", "may_not_read"]

OWNERS = frozenset({"delegate roles", "register a key"})  # tasks of whoever registered the trial


def may_not_do(state: TrialState, person: str, task: str) -> str | None:
    """Say why a person may not do a task of ``rights.MAY`` in a trial; None where they may."""
    if task in OWNERS and is_owner(state, person):
        return None
    return lacks_role(person, state.roles_of(person), task)


def may_not_read(state: TrialState, person: str) -> str | None:
    """Say why a person may not read a trial; whoever has a role or registered it may."""
    if state.roles_of(person) or is_owner(state, person):
        return None
    return f'"{person}" has no role in this trial.'


def leads(state: TrialState, person: str) -> bool:
    """Return whether a person leads the trial: chairs or registered it."""
    return Role.CHAIR in state.roles_of(person) or is_owner(state, person)


def is_owner(state: TrialState, person: str) -> bool:
    """Return whether a person registered the trial."""
    return state.owner is not None and state.person(person) == state.person(state.owner)
