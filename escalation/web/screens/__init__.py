"""What is shown: a blueprint a room of screens."""

from __future__ import annotations

from flask import Blueprint

from escalation.web.screens import health, recording, trial, trials

__all__ = ["blueprints"]


def blueprints() -> tuple[Blueprint, ...]:
    """Return every screen of this package."""
    return (
        health.screens,
        trials.screens,
        trial.screens,
        recording.screens,
    )
