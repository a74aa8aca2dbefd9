"""The demonstration: an invented trial, on the day after its last entry, for anybody to act in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from escalation.ledger import Ledger
from escalation.protocol import load_protocol
from escalation.tracker import Tracker
from escalation.trial.demo.script import Demo
from escalation.web.access import ANYBODY, needs
from escalation.web.desk import desk
from escalation.web.identity import Identity, Proof
from escalation.web.returning import asked_for, go_on
from escalation.web.sessions import MemoryStore, Sessions, current, note_rights

__all__ = ["DemoGate", "clock_of", "play"]


def play(demo: Demo, ledger: Ledger) -> None:
    """Record a trial of the demonstration in a ledger that does not have it."""
    steps = demo.steps(load_protocol(demo.protocol))
    Tracker(ledger, demo.trial).record_new(steps, request="demo")


def clock_of(demo: Demo, clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """Return a clock that is set to the demo's day, at noon, and runs on from there."""
    began = clock()
    moved = datetime.fromisoformat(f"{demo.day}T12:00:00+00:00") - began
    return lambda: clock() + moved


class DemoGate:
    """Whoever comes acts as one of the trial's people, whom they choose.

    Parameters
    ----------
    trial : str
        Its id.
    """

    def __init__(self, trial: str) -> None:
        self.trial = trial

    def install(self, app: Flask) -> None:
        """Add the screen on which to choose; keep sessions in memory."""
        app.session_interface = Sessions(MemoryStore(), desk(app).clock)
        app.register_blueprint(_screens(self))
        app.context_processor(
            lambda: {"account_links": [("Act as somebody else", url_for("demo.choose"))]}
        )
        note_rights(app)

    def people(self) -> dict[str, list[str]]:
        """Return the trial's people and their roles."""
        state = desk(current_app).standing(self.trial).state
        people = {person: sorted(map(str, roles)) for person, roles in state.roles.items() if roles}
        if state.owner is not None:
            people.setdefault(state.owner, []).append("registered the trial")
        return people

    def identify(self) -> Identity | None:
        """Return who was chosen."""
        name = current().owner
        if name is None:
            return None
        return Identity(name=name, person_in=lambda trial: name if trial == self.trial else None)

    def sign_in(self) -> str:
        """Return the address at which to choose."""
        return url_for("demo.choose", next=asked_for())

    def proofs(self) -> Sequence[Proof]:
        """Ask for nothing: everybody may act as anybody."""
        return ()

    def disprove(self, identity: Identity, given: Mapping[str, str]) -> str | None:
        """Find nothing wrong."""
        return None


def _screens(gate: DemoGate) -> Blueprint:
    screens = Blueprint("demo", __name__)

    @screens.get("/act-as")
    @needs(ANYBODY)
    def choose() -> str:
        """Offer the trial's people."""
        return render_template("sign_in/demo.html", people=gate.people(), chosen=current().owner)

    @screens.post("/act-as")
    @needs(ANYBODY)
    def act() -> Response:
        """Act as one of them."""
        name = request.form.get("person", "")
        if name not in gate.people():
            abort(400, "Choose one of the trial's people.")
        current().begin(name)
        return redirect(go_on(request.args.get("next")), 303)

    return screens
