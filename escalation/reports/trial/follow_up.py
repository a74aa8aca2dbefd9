"""How long pending patients have been followed, where the design decides by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from escalation.outcomes import FollowUp
from escalation.protocol import Protocol
from escalation.text import count
from escalation.trial.rule import counted_purposes, follow_up
from escalation.trial.state import TrialState

__all__ = ["describe_follow_up", "follow_up_document", "follow_up_entries", "say_follow_up"]


def say_follow_up(state: TrialState, protocol: Protocol, on: date) -> Iterator[str]:
    """Yield the follow-up of the pending patients at each level by a day, as the rule counts it."""
    known = follow_up(state, *counted_purposes(state, on), on=on)
    yield from describe_follow_up(known, protocol, f" by {on}")


def describe_follow_up(
    known: Sequence[FollowUp], protocol: Protocol, when: str = ""
) -> Iterator[str]:
    """Yield a sentence for each level at which somebody is pending and followed."""
    for level in sorted({one.level for one in known if not one.has_dlt}):
        pending = [one for one in known if one.level == level and not one.has_dlt]
        days = ", ".join(f"{one.days:g}" for one in sorted(pending, key=lambda one: -one.days))
        windows = sum(sorted(one.share for one in pending))
        yield (
            f"Follow-up at level {protocol.labels[level]}{when}: {days} of "
            f"{count(round(pending[0].window_days), 'day')}, in all {windows:.2f} of "
            f"{count(len(pending), 'DLT window')} (STFT)."
        )


def follow_up_document(state: TrialState, protocol: Protocol, on: date) -> dict[str, Any]:
    """Return the same for JSON; nothing for a design that does not ask for it."""
    if not protocol.design.asks_follow_up:
        return {}
    return {
        "follow_up": follow_up_entries(
            follow_up(state, *counted_purposes(state, on), on=on), protocol
        )
    }


def follow_up_entries(known: Sequence[FollowUp], protocol: Protocol) -> list[dict[str, Any]]:
    """Return one entry a patient: level, days, share of the window, and whether a DLT came then."""
    return [
        {
            "level": protocol.labels[one.level],
            "days": one.days,
            "window_days": one.window_days,
            "share": one.share,
            "dlt": one.has_dlt,
        }
        for one in known
    ]
