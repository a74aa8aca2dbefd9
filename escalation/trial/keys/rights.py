"""Who may register and revoke keys."""

from __future__ import annotations

from escalation.trial.people.access import may_not_do
from escalation.trial.state import TrialState

__all__ = ["may_not_register_keys"]


def may_not_register_keys(state: TrialState, person: str) -> str | None:
    """Say why someone may not; whoever registered the trial may, as they may delegate."""
    return may_not_do(state, person, "register a key")
