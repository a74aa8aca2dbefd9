"""What is shown: a blueprint a room of screens."""

from __future__ import annotations

from flask import Blueprint

from escalation.web.screens import figures, record, recording, trial, trials, what_if

__all__ = ["blueprints"]


def blueprints() -> tuple[Blueprint, ...]:
    """Return every screen of this package."""
    return (
        trials.screens,
        trial.screens,
        figures.screens,
        what_if.screens,
        record.screens,
        recording.screens,
    )
