"""What is shown: a blueprint a room of screens."""

from __future__ import annotations

from flask import Blueprint

from escalation.web.screens import (
    documents,
    keys,
    meeting,
    recording,
    registering,
    roles,
    trial,
    trials,
)

__all__ = ["blueprints"]


def blueprints() -> tuple[Blueprint, ...]:
    """Return every screen of this package."""
    return (
        trials.screens,
        trial.screens,
        recording.screens,
        # the committee's room
        meeting.screens,
        documents.screens,
        keys.screens,
        roles.screens,
        registering.screens,
    )
