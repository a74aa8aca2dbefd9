"""Who is known in which trials, and who leads them: registered or chairs one."""

from __future__ import annotations

from escalation.trial.people.access import leads, may_not_read
from escalation.web.desk import Desk

__all__ = ["is_known", "trials_led"]


def trials_led(desk: Desk, name: str) -> list[tuple[str, str]]:
    """Return the trials that a person leads, and the name by which each knows them."""
    found = []
    for trial in desk.trials():
        state = desk.standing(trial).state
        if leads(state, name):
            found.append((trial, state.person(name)))
    return found


def is_known(desk: Desk, name: str) -> bool:
    """Say whether a person has a role in a trial, or registered one."""
    states = [desk.standing(trial).state for trial in desk.trials()]
    return any(may_not_read(state, name) is None for state in states)
