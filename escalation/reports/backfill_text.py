"""Backfill beside the escalation: who was treated, and whether they count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from escalation.protocol import Advice, Protocol, follows_responses, is_closed_to_backfill
from escalation.text import count

__all__ = ["backfill_document", "backfill_rule", "describe_backfill", "say_when_counted"]


def backfill_rule(protocol: Protocol) -> str | None:
    """Say who may be treated beside the escalation, as a protocol says it; None without backfill.

    Examples
    --------
    >>> from escalation.protocol import load_protocol
    >>> print(backfill_rule(load_protocol("backfill-example")).partition(". ")[0])
    While the escalation goes on, more patients are treated at levels below its own
    """
    table = protocol.backfill
    if table.max_per_level is None:
        return None
    lowest = protocol.labels[0] if table.from_level is None else table.from_level
    if follows_responses(protocol):
        return (
            "While the escalation goes on, more patients are treated at levels below its own "
            f"(Zhao et al. 2024). From level {lowest} up a level opens after a response there, "
            f"while no more than {count(table.max_per_level, 'patient')} are at it and its DLTs, "
            "or those of it and the next level together, are fewer than would make the rule "
            "de-escalate; above a level where they are not none is open. Backfill whose outcome "
            f"is known {say_when_counted(protocol)}, and does not count towards the maximum; "
            "levels whose data are in conflict are judged together."
        )
    said = (
        "While the escalation goes on, more patients are treated at levels below its own. Each "
        f"cohort of the escalation opens up to {count(table.per_cohort, 'place')} at every level "
        f"below it, from level {lowest} up, until {count(table.max_per_level, 'patient')} of the "
        "backfill have been treated there."
    )
    if table.stop_at_rate is not None:
        said += (
            " A level is closed to it when the DLT rate among all patients there is "
            f"{table.stop_at_rate} or more."
        )
    said += f" Backfill {say_when_counted(protocol)}"
    cap = protocol.design.max_patients
    if cap is not None:
        counts = "counts" if table.counted == "every decision" else "does not count"
        said += f", and {counts} towards the maximum of {count(cap, 'patient')}"
    return f"{said}."


def say_when_counted(protocol: Protocol) -> str:
    """Say at which decisions of the escalation backfill counts."""
    return {
        "never": "counts at no decision of the escalation",
        "every decision": "counts at every decision of the escalation",
        "final decision": "counts only where the escalation would end",
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
    who = "; ".join(seen) or "nobody evaluable"
    yield f"Backfill ({which} {numbers}): {who}; it {say_when_counted(protocol)}."
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
