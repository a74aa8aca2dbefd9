"""Backfill beside the escalation: who was treated, and whether they count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from escalation.protocol import Advice, Protocol, is_closed_to_backfill
from escalation.text import count

__all__ = ["backfill_document", "describe_backfill", "say_when_counted"]


def say_when_counted(protocol: Protocol) -> str:
    """Say at which decisions of the escalation backfill counts."""
    return {
        "never": "it counts at no decision of the escalation",
        "every decision": "it counts at every decision of the escalation",
        "final decision": "it counts only where the escalation would end",
    }[protocol.backfill.counted]


def describe_backfill(protocol: Protocol, advice: Advice) -> Iterator[str]:
    """Say who was backfilled at each level, and which levels are closed to it."""
    numbers = ", ".join(map(str, advice.backfill_cohorts))
    if not numbers:
        return
    seen = []
    for level, tally in enumerate(advice.backfill):
        if tally.n_patients:
            pending = f", {tally.n_pending} pending" * bool(tally.n_pending)
            patients = count(tally.n_patients, "patient")
            label = protocol.labels[level]
            seen.append(f"{patients} at level {label}, {tally.n_dlts} with a DLT{pending}")
    which = "cohorts" if len(advice.backfill_cohorts) > 1 else "cohort"
    yield f"Backfill ({which} {numbers}): {'; '.join(seen)}; {say_when_counted(protocol)}."
    for level, tally in enumerate(advice.tallies):
        if advice.backfill[level].n_patients and is_closed_to_backfill(protocol, tally):
            yield (
                f"Level {protocol.labels[level]} is closed to backfill: {tally.n_dlts} of "
                f"{tally.n_evaluable} treated there had a DLT, a rate of "
                f"{protocol.backfill.stop_at_rate} or more."
            )


def backfill_document(protocol: Protocol, advice: Advice) -> dict[str, Any]:
    """Return the same under the names of ``decide --json``; nothing without backfill."""
    if not advice.backfill_cohorts:
        return {}
    levels = zip(protocol.labels, advice.backfill, strict=True)
    return {
        "backfill": {
            "cohorts": list(advice.backfill_cohorts),
            "counted": protocol.backfill.counted,
            "levels": [
                {
                    "level": label,
                    "n_evaluable": tally.n_evaluable,
                    "n_dlts": tally.n_dlts,
                    "n_pending": tally.n_pending,
                    "closed": is_closed_to_backfill(protocol, advice.tallies[place]),
                }
                for place, (label, tally) in enumerate(levels)
                if tally.n_patients
            ],
        }
    }
