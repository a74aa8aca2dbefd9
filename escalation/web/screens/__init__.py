"""What is shown: a blueprint a room of screens, each under its own address.

``trials`` lists them, ``trial`` shows one and its patients, ``what_if`` and ``figures`` look ahead
and draw, ``record`` is log, verify and anchors, ``recording`` drives every act of ``acts``,
``registering`` begins a trial. ``screening``, ``visits`` and ``endpoints`` are there where it goes
by a plan: ``planned`` is what they share, and ``views`` shows any view of ``reports``. ``meeting``,
``documents``, ``keys`` and ``roles`` are the committee's; ``health`` is for whoever watches over
the server.
"""

from __future__ import annotations

from flask import Blueprint

from escalation.web.screens import (
    documents,
    endpoints,
    figures,
    health,
    keys,
    meeting,
    record,
    recording,
    registering,
    roles,
    screening,
    trial,
    trials,
    visits,
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
        screening.screens,
        visits.screens,
        endpoints.screens,
        keys.screens,
        roles.screens,
        registering.screens,
    )
