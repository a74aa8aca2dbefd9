"""Who may open which page: every one says it, and it is asked before anything else is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request
from werkzeug.wrappers import Response

from escalation.errors import InputError
from escalation.ledger import check_trial
from escalation.trial import TrialState
from escalation.trial.people.access import may_not_do, may_not_read
from escalation.trial.people.rights import MAY
from escalation.web.desk import NoTrialError, desk
from escalation.web.identity import Gate

__all__ = ["ANYBODY", "READS", "SIGNED_IN", "guard", "may_not", "needs"]

ANYBODY = "anybody"  # without signing in
SIGNED_IN = "signed in"  # with no business in any trial
READS = "read the trial"  # any role in it, or who registered it
_OWN = ("same-origin", "none")  # what a browser says of a form of this site

Screen = TypeVar("Screen", bound=Callable[..., Any])


def needs(access: str) -> Callable[[Screen], Screen]:
    """Say of a screen who may open it: one of the three above, or a task of ``rights.MAY``.

    A screen of a trial has its id as the argument ``trial`` of its address.
    """
    if access not in (ANYBODY, SIGNED_IN, READS) and access not in MAY:
        raise ValueError(f"nobody is delegated to {access}")

    def said(screen: Screen) -> Screen:
        screen.access = access  # type: ignore[attr-defined]  # read by ``guard``
        return screen

    return said


def access_of(app: Flask, endpoint: str) -> str:
    """Return who may open a screen."""
    if endpoint == "static":
        return ANYBODY
    access: str = getattr(app.view_functions[endpoint], "access")  # noqa: B009  # set by ``needs``
    return access


def may_not(state: TrialState, person: str, access: str) -> str | None:
    """Say why a person may not do something in a trial; None where they may."""
    if access in (ANYBODY, SIGNED_IN):
        return None
    if access == READS:
        return may_not_read(state, person)
    return may_not_do(state, person, access)


def guard(app: Flask, gate: Gate) -> None:
    """Ask of every request who it is from, and whether they may."""
    for endpoint, screen in app.view_functions.items():
        if endpoint != "static" and not hasattr(screen, "access"):
            raise ValueError(f"the screen {endpoint} does not say who may open it")

    @app.before_request
    def check() -> Response | None:
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in _OWN:
            abort(403, "This was sent from another site: nothing was recorded.")
        g.identity = gate.identify()
        g.trial = None
        if request.endpoint is None:
            return None  # there is no such page
        access = access_of(app, request.endpoint)
        if access == ANYBODY:
            return None
        if g.identity is None:
            if request.method in ("GET", "HEAD"):
                return redirect(gate.sign_in(), 303)
            abort(401)
        trial = (request.view_args or {}).get("trial")
        if trial is not None:
            _enter(trial, access)
        return None


def _enter(trial: str, access: str) -> None:
    """Find the trial, and whether whoever asks may do there what the screen is for."""
    g.person = g.identity.person_in(trial)
    if g.person is None:
        abort(404)  # whether there is such a trial is nobody's business
    try:
        check_trial(trial)
        g.trial = desk(current_app).standing(trial)
    except (InputError, NoTrialError):
        abort(404)
    fault = may_not(g.trial.state, g.person, access)
    if fault is not None:
        abort(403, fault)
