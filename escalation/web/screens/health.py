"""Whether the page lives, and whether it can work: for whoever watches over it."""

from __future__ import annotations

from flask import Blueprint, current_app

from escalation.errors import EscalationError
from escalation.web.access import ANYBODY, needs
from escalation.web.desk import desk

__all__ = ["screens"]

screens = Blueprint("health", __name__)
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@screens.get("/health")
@needs(ANYBODY)
def health() -> tuple[str, int, dict[str, str]]:
    """Say that the process lives."""
    return "alive\n", 200, PLAIN


@screens.get("/ready")
@needs(ANYBODY)
def ready() -> tuple[str, int, dict[str, str]]:
    """Say whether the ledger and the accounts can be read."""
    try:
        desk(current_app).trials()
        for check in current_app.extensions.get("readiness", ()):
            check()
    except EscalationError:
        current_app.logger.exception("not ready")
        return "not ready\n", 503, PLAIN
    return "ready\n", 200, PLAIN
