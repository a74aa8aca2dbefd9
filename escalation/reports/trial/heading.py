"""What every document about a trial begins with."""

from __future__ import annotations

from typing import Any

from escalation.labels import schema_of
from escalation.trial import TrialState
from escalation.version import __version__

__all__ = ["SOLO", "say_solo", "trial_heading"]

SOLO = "One person decides alone, as the protocol says."


def trial_heading(state: TrialState, trial: str) -> dict[str, Any]:
    """Return the trial's id, its protocol and its last entry for JSON."""
    protocol = state.protocol
    levels = {one.level for one in state.cohorts} | {one.level for one in state.subjects.values()}
    return {
        "schema": schema_of(levels, () if protocol is None else protocol.labels),
        "software": {"escalation": __version__},
        "trial": trial,
        "protocol": None
        if protocol is None
        else {"name": protocol.name, "digest": protocol.digest},
        "solo": state.committee.solo,
        "head": {"seq": state.seq, "hash": state.head},
    }


def say_solo(state: TrialState) -> str | None:
    """Say that one person does everything, on every page; None where a committee votes."""
    return SOLO if state.committee.solo else None
