"""What the pictures of endpoints say of their trial and their axes."""

from __future__ import annotations

from escalation.plan import PlannedTest
from escalation.trial import TrialState

__all__ = ["axis_label", "say_trial"]


def axis_label(test: PlannedTest, unit: str | None) -> str:
    """Return the label of an axis of values."""
    return f"{test.label}, {unit}" if unit else test.label


def say_trial(state: TrialState, trial: str) -> str:
    """Say which trial is drawn, by which plan, as known when."""
    parts = [
        f"trial {trial}" if trial else "",
        "" if state.protocol is None else state.protocol.name,
        "" if state.plan is None else f"plan {state.plan.name}",
        f"as known after entry {state.seq}",
    ]
    return "; ".join(part for part in parts if part)
