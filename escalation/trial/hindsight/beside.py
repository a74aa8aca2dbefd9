"""Backfill and expansion looked at again: whether the protocol would have closed them."""

from __future__ import annotations

from datetime import date

from escalation.labels import Label
from escalation.protocol import Protocol
from escalation.trial.beside import say_closed_to_backfill, say_closed_to_expansion
from escalation.trial.events import Purpose
from escalation.trial.hindsight.seen import Seen

__all__ = ["find_closed_then"]


def find_closed_then(
    protocol: Protocol, purpose: Purpose, label: Label | None, seen: Seen, on: date | None = None
) -> list[str]:
    """Say what of the patients seen closes a level to backfill, or the expansion at it.

    How many places there were does not turn on what came to light later, and is not asked again.

    Parameters
    ----------
    protocol : Protocol
    purpose : Purpose
        Backfill or expansion.
    label : int, str or None
    seen : Seen
    on : date
        Until when pending patients had been followed.
    """
    everybody = seen.tallies(protocol)
    if everybody is None or label not in protocol.labels:
        return []
    level = protocol.labels.index(label)
    if purpose is Purpose.EXPANSION:
        expanded = seen.tallies(protocol, Purpose.EXPANSION) or everybody
        return list(say_closed_to_expansion(protocol, expanded[level]))
    counted = seen.counted(protocol, on) or everybody
    return list(say_closed_to_backfill(protocol, level, everybody[level], counted))
