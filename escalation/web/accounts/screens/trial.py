"""The accounts of a trial's people: invite them, end what binds them, see what happened."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from escalation.web.access import needs
from escalation.web.accounts.screens.common import book, mine

__all__ = ["screens"]

screens = Blueprint("accounts", __name__, url_prefix="/t/<trial>/accounts")
N_SHOWN = 50  # of what happened


def _people() -> dict[str, list[str]]:
    """Return the trial's people and their roles."""
    state = g.trial.state
    people = {person: sorted(map(str, roles)) for person, roles in state.roles.items() if roles}
    if state.owner is not None:
        people.setdefault(state.person(state.owner), []).append("registered the trial")
    return people


@screens.get("")
@needs("delegate roles")
def look(trial: str) -> str:
    """Show who has an account, who is invited, and what happened."""
    people = _people()
    bound = {one.name: one for one in book().bindings_in(trial)}
    theirs = {one.account for one in bound.values()}
    happened = [
        one
        for one in book().journal.read()
        if one.trial == trial or (one.trial is None and one.account in theirs)
    ]
    for name in bound:
        people.setdefault(name, [])
    return render_template(
        "accounts/trial.html",
        people=people,
        bound=bound,
        invited=book().invited_in(trial),
        happened=happened[: -N_SHOWN - 1 : -1],
    )


@screens.post("/invite")
@needs("delegate roles")
def invite(trial: str) -> str:
    """Invite one of the trial's people; the link is shown once, to be handed over."""
    name = request.form.get("name", "")
    if name not in _people():
        abort(400, "Invite somebody who has a role in this trial: give them one first.")
    if name in {one.name for one in book().bindings_in(trial)}:
        abort(422, f'"{name}" has an account in this trial. End it first.')
    token = book().invite(name, trial=trial, by=mine().login)
    link = url_for("joining.look", token=token, _external=True)
    return render_template("accounts/invited.html", name=name, link=link)


@screens.post("/end")
@needs("delegate roles")
def end(trial: str) -> Response:
    """End an account's business in the trial, or its sessions only: it is signed out."""
    if "sessions" in request.form:
        book().end_sessions_of(request.form["sessions"], trial, mine())
    else:
        book().end_binding(request.form.get("binding", ""), trial, mine())
    return redirect(url_for("accounts.look", trial=trial), 303)
