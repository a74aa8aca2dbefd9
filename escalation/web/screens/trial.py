"""A trial: how it stands, and its log."""

from __future__ import annotations

from flask import Blueprint, current_app, g, render_template
from markupsafe import Markup

from escalation.reports.trial.log import view_log
from escalation.reports.trial.status import view_status
from escalation.web.access import READS, needs
from escalation.web.blocks import write
from escalation.web.desk import desk

__all__ = ["screens"]

screens = Blueprint("trial", __name__, url_prefix="/t/<trial>")


@screens.get("/")
@needs(READS)
def status(trial: str) -> str:
    """Show how the trial stands."""
    here, there = g.trial, desk(current_app)
    on = there.today(here.state)

    def make() -> Markup:
        return write(view_status(here.state, trial, on, last=here.entries[-1]).page())

    body = there.made((trial, here.seq, here.state.head, on, "status"), make)
    return render_template("trial/status.html", body=body)


@screens.get("/log")
@needs(READS)
def log(trial: str) -> str:
    """Show every entry."""
    here, there = g.trial, desk(current_app)

    def make() -> Markup:
        return write(view_log(here.entries, here.state, trial).page())

    body = there.made((trial, here.seq, here.state.head, "log"), make)
    return render_template("page.html", title="Log", body=body)
