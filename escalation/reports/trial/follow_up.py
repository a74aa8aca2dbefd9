"""How long pending patients have been followed, where the design decides by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from escalation.protocol import Protocol
from escalation.reports.follow_up_text import describe_follow_up, follow_up_entries
from escalation.trial.rule import counted_purposes, follow_up
from escalation.trial.state import TrialState

__all__ = ["follow_up_document", "say_follow_up"]


def say_follow_up(state: TrialState, protocol: Protocol, on: date) -> Iterator[str]:
    """Yield the follow-up of the pending patients at each level by a day, as the rule counts it."""
    known = follow_up(state, *counted_purposes(state, on), on=on)
    yield from describe_follow_up(known, protocol, f" by {on}")


def follow_up_document(state: TrialState, protocol: Protocol, on: date) -> dict[str, Any]:
    """Return the same for JSON; nothing for a design that does not ask for it."""
    if not protocol.design.asks_follow_up:
        return {}
    return {
        "follow_up": follow_up_entries(
            follow_up(state, *counted_purposes(state, on), on=on), protocol
        )
    }
