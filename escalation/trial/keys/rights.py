"""Who may register and revoke keys."""

from __future__ import annotations

from escalation.trial.people.rights import lacks_role
from escalation.trial.state import TrialState

__all__ = ["may_not_register_keys"]


def may_not_register_keys(state: TrialState, person: str) -> str | None:
    """Say why someone may not; whoever registered the trial may, as they may delegate."""
    if state.owner is not None and state.person(person) == state.person(state.owner):
        return None
    return lacks_role(person, state.roles_of(person), "register a key")
