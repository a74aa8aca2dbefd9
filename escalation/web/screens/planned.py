"""What the screens of a trial that goes by a plan share: its plan, its day, and acts to begin."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, current_app, g, url_for

from escalation.plan import Plan
from escalation.web.access import may_not
from escalation.web.acts import ACTS
from escalation.web.desk import desk
from escalation.web.screens.views import Link

__all__ = ["acts_here", "plan_here", "today_here"]


def plan_here() -> Plan:
    """Return the trial's plan: without one there is no such screen."""
    plan: Plan | None = g.trial.state.plan
    if plan is None:
        abort(404, "The trial goes by no plan.")
    return plan


def today_here() -> date:
    """Return the day it is for the trial."""
    return desk(current_app).today(g.trial.state)


def acts_here(*names: str, **given: Any) -> list[Link]:
    """Return the acts that whoever asks may begin from a screen; ``given`` fills in their forms."""
    state, trial = g.trial.state, g.trial.trial
    return [
        Link(ACTS[name].title, url_for("recording.fill_in", trial=trial, act=name, **given))
        for name in names
        if may_not(state, g.person, ACTS[name].task) is None
    ]
