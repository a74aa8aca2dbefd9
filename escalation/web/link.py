"""One person, let in by a link that the terminal prints: good once, and for a quarter of an hour.

Opening it shows a button, so that a scanner or a preview does not use it up. Signing asks for a
code that the terminal prints too: whoever signs has the terminal before them.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from escalation.web.access import ANYBODY, SIGNED_IN, needs
from escalation.web.desk import desk
from escalation.web.identity import Identity, Proof
from escalation.web.returning import go_on
from escalation.web.sessions import (
    MemoryStore,
    Sessions,
    current,
    hash_secret,
    note_rights,
    sign_out_to,
)

__all__ = ["GOOD_FOR", "LinkGate"]

GOOD_FOR = timedelta(minutes=15)  # the link
CODE_GOOD_FOR = timedelta(minutes=5)
MOST_GUESSES = 5  # of a code


class LinkGate:
    """Lets in whoever has the link.

    Parameters
    ----------
    person : str
        The name by which every trial's record knows them.
    say : callable
        Prints a line in the terminal.
    """

    def __init__(self, person: str, say: Callable[[str], None]) -> None:
        self.person = person
        self.say = say
        self._links: dict[str, datetime] = {}  # by hash, until when
        self._code: tuple[str, datetime] | None = None
        self._guesses = 0
        self._lock = Lock()
        self._clock: Callable[[], datetime]

    def install(self, app: Flask) -> None:
        """Add the screens of the link; keep sessions in memory."""
        self._clock = desk(app).clock
        app.session_interface = Sessions(MemoryStore(), self._clock)
        app.register_blueprint(_screens(self))
        app.context_processor(lambda: {"sign_out": url_for("link.sign_out")})
        note_rights(app)

    # ---------------------------------------------------------------- the link

    def new_link(self) -> str:
        """Return the path of a link; those before are good no longer."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._links = {hash_secret(token): self._clock() + GOOD_FOR}
        return f"/enter/{token}"

    def is_good(self, token: str) -> bool:
        """Say whether a link lets somebody in, without using it up."""
        until = self._links.get(hash_secret(token))
        return until is not None and self._clock() < until

    def use(self, token: str) -> bool:
        """Use a link up; say whether it was good."""
        with self._lock:
            until = self._links.pop(hash_secret(token), None)
        return until is not None and self._clock() < until

    # ---------------------------------------------------------------- who asks

    def identify(self) -> Identity | None:
        """Return the person, where this browser has been let in."""
        if current().owner is None:
            return None
        me = self.person
        return Identity(name=me, person_in=self._person_in, registers_as=me)

    def _person_in(self, trial: str) -> str | None:
        return self.person if trial in desk(current_app).trials() else None

    def sign_in(self) -> str:
        """Return the address that says where the link is."""
        return url_for("link.sign_in")

    # ---------------------------------------------------------------- signing

    def proofs(self) -> Sequence[Proof]:
        """Ask for a code, and print it."""
        code = f"{secrets.randbelow(1_000_000):06}"
        with self._lock:
            self._code, self._guesses = (code, self._clock() + CODE_GOOD_FOR), 0
        self.say(f"Code to sign as {self.person}: {code} (once, within 5 minutes)")
        hint = "Six digits, which the terminal of escalation serve has just printed."
        return (Proof("code", "Code from the terminal", hint, False, "one-time-code"),)

    def disprove(self, identity: Identity, given: Mapping[str, str]) -> str | None:
        """Say what is wrong with the code; a right one is used up."""
        typed = "".join(given.get("code", "").split())
        with self._lock:
            if self._code is None or self._clock() >= self._code[1]:
                self._code = None
                return "The code is used up or too old: the terminal has printed another."
            if hmac.compare_digest(typed.encode(), self._code[0].encode()):
                self._code = None
                return None
            self._guesses += 1
            if self._guesses >= MOST_GUESSES:
                self._code = None
        return "This is not the code. The terminal has printed another."


def _screens(gate: LinkGate) -> Blueprint:
    screens = Blueprint("link", __name__)

    @screens.get("/sign-in")
    @needs(ANYBODY)
    def sign_in() -> str:
        """Say where the link is."""
        return render_template("sign_in/link.html", good=None)

    @screens.get("/enter/<token>")
    @needs(ANYBODY)
    def look(token: str) -> tuple[str, int]:
        """Show the button; the link is not used up."""
        good = gate.is_good(token)
        return render_template("sign_in/link.html", good=good), 200 if good else 410

    @screens.post("/enter/<token>")
    @needs(ANYBODY)
    def enter(token: str) -> tuple[str, int] | Response:
        """Let in whoever pressed the button."""
        if not gate.use(token):
            return render_template("sign_in/link.html", good=False), 410
        current().begin(gate.person)
        return redirect(go_on(request.args.get("next")), 303)

    @screens.post("/sign-out")
    @needs(SIGNED_IN)
    def sign_out() -> Response:
        """End the session."""
        return sign_out_to(url_for("link.sign_in"))

    return screens
