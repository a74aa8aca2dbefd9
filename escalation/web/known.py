"""Who is known in which trials, and who leads them: registered or chairs one."""

from __future__ import annotations

from escalation.trial.events import Role
from escalation.trial.office import is_owner
from escalation.web.desk import Desk

__all__ = ["is_known", "trials_led"]


def trials_led(desk: Desk, name: str) -> list[tuple[str, str]]:
    """Return the trials that a person leads, and the name by which each knows them."""
    found = []
    for trial in desk.trials():
        state = desk.standing(trial).state
        if Role.CHAIR in state.roles_of(name) or is_owner(state, name):
            found.append((trial, state.person(name)))
    return found


def is_known(desk: Desk, name: str) -> bool:
    """Say whether a person has a role in a trial, or registered one."""
    states = [desk.standing(trial).state for trial in desk.trials()]
    return any(state.roles_of(name) or is_owner(state, name) for state in states)
