"""A new trial: registered by whoever signs people in lets, who is its owner from then on."""

from __future__ import annotations

import os
from functools import partial

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import BooleanField

from escalation.errors import EscalationError
from escalation.ledger import check_trial
from escalation.protocol import DEFAULT_PROTOCOL, Protocol
from escalation.protocol.file import MAX_BYTES
from escalation.reports.protocol import view_settings
from escalation.reports.rule.text import view_rule
from escalation.reports.trial.recorded import foresee
from escalation.tracker import Command, Tracker
from escalation.trial import Recorder, TrialState, register_trial
from escalation.web.access import SIGNED_IN, needs
from escalation.web.acts.base import Act
from escalation.web.acts.fields import choice, line
from escalation.web.acts.office import OFFICE, SHIPPED, read_protocol
from escalation.web.acts.uploads import upload
from escalation.web.blocks import write
from escalation.web.desk import desk
from escalation.web.faults import reasons_of, status_of

__all__ = ["screens"]

screens = Blueprint("registering", __name__)


class Register(Act):
    """A trial begins to be tracked; it has no other entry, and so no place among the acts."""

    name = "register"
    title = "Register a trial"
    lead = (
        "The whole protocol goes into the record, and cannot be taken out of it; an amendment "
        "changes it later. Whoever registers the trial may delegate roles."
    )
    group = OFFICE
    task = "delegate roles"

    trial = line("Trial", "Its id: letters, digits, dots and hyphens, such as TJ-1.", required=True)
    file = upload(
        "Protocol", "A protocol file (TOML).", most_bytes=MAX_BYTES, accept=".toml", needed=False
    )
    shipped = choice(
        "Or one that comes with the program",
        f"{DEFAULT_PROTOCOL} is the registered trial; the others are examples.",
        choices=SHIPPED,
        empty="none",
    )
    solo = BooleanField(
        "One person decides alone", description="Every page then says so. For trying it out."
    )

    def protocol(self) -> Protocol:
        """Read the protocol."""
        return read_protocol(self.file.data, self.shipped.data)

    def command(self, state: TrialState) -> Command:
        """Ask for the registration."""
        return partial(register_trial, protocol=self.protocol(), solo=bool(self.solo.data))


def _name() -> str:
    """Return by which name whoever asks may register a trial."""
    name: str | None = g.identity.registers_as
    if name is None:
        abort(403, "Registering a trial here is not yours to do.")
    return name


@screens.get("/register")
@needs(SIGNED_IN)
def fill_in() -> str:
    """Show the form."""
    _name()
    form = Register(formdata=None)
    return render_template("roles/register.html", form=form, fault=None, listed=[])


@screens.post("/register")
@needs(SIGNED_IN)
def ask() -> str | Response | tuple[str, int]:
    """Say what would be registered or, where that has been read, register it."""
    name, form = _name(), Register(formdata=request.form)
    if "change" in request.form:
        return render_template("roles/register.html", form=form, fault=None, listed=[])
    if not form.validate():
        return _again(form, 422, "Something has to be filled in otherwise.", [])
    there = desk(current_app)
    recorder = Recorder(name=name, on=there.today(TrialState()), at=there.now())
    trial = form.trial.data or ""
    try:
        check_trial(trial)
        command = form.command(TrialState())
        new = trial not in there.ledger.trials()
        if "record" not in request.form:
            known = TrialState() if new else there.standing(trial).state
            return _preview(form, known, recorder)
        if not form.request_id.data:
            abort(400, "The form has no request id: open it again.")
        Tracker(there.ledger, trial).record(
            command, recorder, request_id=form.request_id.data, new=new
        )
    except EscalationError as error:
        return _again(form, status_of(error), *reasons_of(error))
    return redirect(url_for("roles.show", trial=trial), 303)


def _preview(form: Register, known: TrialState, recorder: Recorder) -> str:
    found = foresee(form.command(known)(known, recorder), known, recorder)
    form.request_id.data = os.urandom(16).hex()
    protocol = form.protocol()
    return render_template(
        "roles/registered.html",
        form=form,
        found=found,
        name=recorder.name,
        rule=write(view_rule(protocol).page()),
        settings_table=write(view_settings(protocol).page()),
    )


def _again(form: Register, status: int, fault: str, reasons: list[str]) -> tuple[str, int]:
    listed = [*form.wrong(), *((None, reason) for reason in reasons)]
    page = render_template("roles/register.html", form=form, fault=fault, listed=listed)
    return page, status
