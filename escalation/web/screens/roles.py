"""Roles: who holds which since when, who gave and took them, and the trial's office."""

from __future__ import annotations

from flask import Blueprint, current_app, g, render_template
from markupsafe import Markup

from escalation.reports.trial.roles import delegation_blocks, view_roles
from escalation.web.access import READS, may_not, needs
from escalation.web.acts import ACTS
from escalation.web.acts.office import OFFICE
from escalation.web.blocks import write
from escalation.web.desk import desk

__all__ = ["screens"]

screens = Blueprint("roles", __name__, url_prefix="/t/<trial>")


@screens.get("/roles")
@needs(READS)
def show(trial: str) -> str:
    """Show the roles, with what whoever asks may do about them."""
    here = g.trial

    def made() -> Markup:
        return write([*view_roles(here.state, trial).page(), *delegation_blocks(here.entries)])

    acts = [
        act
        for act in ACTS.values()
        if act.group == OFFICE and may_not(here.state, g.person, act.task) is None
    ]
    return render_template(
        "roles/show.html",
        body=desk(current_app).made((trial, here.seq, here.state.head, "roles"), made),
        acts=acts,
    )
