"""How long pending patients have been followed, in words and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.outcomes import FollowUp
from escalation.protocol import Protocol
from escalation.text import count

__all__ = ["describe_follow_up", "follow_up_entries", "say_chance"]


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


def say_chance(p: float) -> str:
    """Write a probability in whole per cent."""
    return f"{100 * p:.0f} %"
