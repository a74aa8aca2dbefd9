"""What is said of a decision beside its sentence: what nobody must miss, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from escalation.designs.base import Action, LevelStatus
from escalation.outcomes import Cohort
from escalation.protocol import Advice, Protocol
from escalation.reports.level_table import (
    answer,
    departures_document,
    describe_departures,
    describe_limits,
    levels_document,
)
from escalation.reports.origin import identity_document

__all__ = ["decision_document", "decision_notes"]


def decision_notes(protocol: Protocol, advice: Advice) -> Iterator[str]:
    """Say what a reader of the decision must not miss."""
    for level, tally in enumerate(advice.tallies):
        if protocol.design.status(tally) is LevelStatus.TOO_TOXIC:
            seen = f"{tally.n_dlts} DLTs among {tally.n_evaluable}"
            yield f"Too toxic: {protocol.describe_level(level)}, {seen}."
    mtd = advice.decision.mtd
    if mtd is not None:
        yield describe_limits(advice.tallies[mtd])
    if advice.decision.action is Action.WAIT and advice.n_places:
        taken = advice.n_opened - advice.n_places
        yield (
            f"The cohort of {advice.n_opened} opened at {protocol.describe_level(advice.level)} "
            f"has {taken} of its places taken; the answer is about what follows it."
        )
    yield from describe_departures(advice.departures)


def decision_document(
    protocol: Protocol, cohorts: Sequence[Cohort], advice: Advice
) -> dict[str, Any]:
    """Return what ``decide --json`` prints."""
    decision = advice.decision
    return {
        **identity_document(protocol),
        **answer(protocol, decision),
        "settled": decision.settled,
        "possible": [answer(protocol, possible) for possible in decision.possible],
        "levels": levels_document(protocol, cohorts, advice.tallies),
        "departures": departures_document(protocol, advice.departures),
    }
