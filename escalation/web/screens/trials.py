"""The first page: the trials in which whoever asks has a role."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from escalation.errors import IntegrityError
from escalation.reports.trial.next import say_next
from escalation.reports.trial.status import describe_rule, say_enrolled
from escalation.trial.patients.next_patient import next_patients
from escalation.web.access import READS, SIGNED_IN, may_not, needs
from escalation.web.blocks import say
from escalation.web.desk import Standing, desk

__all__ = ["screens"]

screens = Blueprint("trials", __name__)


class Listed(NamedTuple):
    """A trial in the list; of one that cannot be read, only what is wrong."""

    trial: str
    title: str = ""
    enrolled: str = ""
    rule: Markup = Markup("")
    next: Markup = Markup("")
    wrong: str = ""


@screens.get("/")
@needs(SIGNED_IN)
def home() -> str | Response:
    """List the trials; where there is one, go there, unless all are asked for."""
    there = desk(current_app)
    mine = []
    for trial in there.trials():
        person = g.identity.person_in(trial)
        if person is None:
            continue
        try:
            here = there.standing(trial)
        except IntegrityError as error:  # the others can be read
            mine.append(Listed(trial, wrong=str(error)))
            continue
        if may_not(here.state, person, READS) is None:
            on = there.today(here.state)
            key = (trial, here.seq, here.state.head, on, "listed")
            mine.append(there.made(key, lambda here=here, on=on: _listed(here, on)))  # type: ignore[misc]
    if len(mine) == 1 and "all" not in request.args:
        return redirect(url_for("trial.status", trial=mine[0].trial), 303)
    return render_template("trials.html", trials=mine)


def _listed(here: Standing, on: date) -> Listed:
    state, protocol = here.state, here.state.protocol
    enrolled = say_enrolled(state)
    if protocol is None:
        return Listed(here.trial, enrolled=enrolled)
    found = next_patients(state, on)[0]
    return Listed(
        trial=here.trial,
        title=protocol.title or "",
        enrolled=enrolled,
        rule=say(describe_rule(state, protocol, on).said),
        next=say(say_next(found)),
    )
