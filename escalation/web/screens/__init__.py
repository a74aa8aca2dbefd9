"""What is shown: a blueprint a room of screens."""

from __future__ import annotations

from flask import Blueprint

from escalation.web.screens import (
    documents,
    figures,
    health,
    keys,
    meeting,
    record,
    recording,
    registering,
    roles,
    trial,
    trials,
    what_if,
)

__all__ = ["blueprints"]


def blueprints() -> tuple[Blueprint, ...]:
    """Return every screen of this package."""
    return (
        health.screens,
        trials.screens,
        trial.screens,
        what_if.screens,
        figures.screens,
        record.screens,
        recording.screens,
        meeting.screens,
        documents.screens,
        keys.screens,
        roles.screens,
        registering.screens,
    )
