"""The first page: the trials in which whoever asks has a role."""

from __future__ import annotations

from flask import Blueprint, current_app, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from escalation.web.access import READS, SIGNED_IN, may_not, needs
from escalation.web.desk import desk

__all__ = ["screens"]

screens = Blueprint("trials", __name__)


@screens.get("/")
@needs(SIGNED_IN)
def home() -> str | Response:
    """List the trials; where there is one, go there."""
    there = desk(current_app)
    mine = []
    for trial in there.trials():
        person = g.identity.person_in(trial)
        if person is not None:
            standing = there.standing(trial)
            if may_not(standing.state, person, READS) is None:
                mine.append(standing)
    if len(mine) == 1:
        return redirect(url_for("trial.status", trial=mine[0].trial), 303)
    return render_template("trials.html", trials=mine)
