"""Keys of people: whose there are, and the text that one of them signs elsewhere."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, current_app, g, render_template
from markupsafe import Markup

from escalation.reports.trial.signatures import view_keys
from escalation.trial import Recorder
from escalation.trial.events import Meaning
from escalation.trial.keys.commands import text_to_sign
from escalation.trial.keys.held import keys_in_force
from escalation.trial.keys.rights import may_not_register_keys
from escalation.trial.keys.statement import NAMESPACE
from escalation.web.access import READS, needs
from escalation.web.asking import asked
from escalation.web.blocks import write
from escalation.web.desk import desk

__all__ = ["screens"]

screens = Blueprint("keys", __name__, url_prefix="/t/<trial>/keys")


@screens.get("/")
@needs(READS)
def show(trial: str) -> str:
    """Show whose keys there are."""
    here = g.trial

    def made() -> Markup:
        return write(view_keys(here.state, trial).page())

    mine = keys_in_force(here.state.keys, here.state.person(g.person))
    return render_template(
        "roles/keys.html",
        body=desk(current_app).made((trial, here.seq, here.state.head, "keys"), made),
        may_register=may_not_register_keys(here.state, g.person) is None,
        mine=mine,
    )


def _statement(trial: str) -> tuple[Meaning, int, date, bytes]:
    """Return what is to be signed, and the text; the trial's own refusals where it cannot be."""
    here, there = g.trial, desk(current_app)
    meaning = asked("meaning", Meaning.REVIEWED, Meaning)
    entry = asked("entry", here.seq, int)
    on = asked("on", there.today(here.state), date.fromisoformat)
    recorder = Recorder(name=g.person, on=on, at=there.now())
    text = text_to_sign(here.state, recorder, trial=trial, meaning=meaning, entry=entry)
    return meaning, entry, on, text


@screens.get("/sign")
@needs("sign as reviewed")
def sign(trial: str) -> str:
    """Show the text to sign, the command that signs it, and where to hand the signature in."""
    meaning, entry, on, text = _statement(trial)
    file = f"{trial}-{entry}-{meaning}.txt"
    return render_template(
        "roles/sign.html",
        meaning=meaning,
        entry=entry,
        on=on,
        text=text.decode(),
        file=file,
        command=f"ssh-keygen -Y sign -n {NAMESPACE} -f KEY {file}",
        has_key=bool(keys_in_force(g.trial.state.keys, g.trial.state.person(g.person))),
    )


@screens.get("/statement.txt")
@needs("sign as reviewed")
def statement(trial: str) -> Response:
    """Send the text to sign, to the byte."""
    meaning, entry, _, text = _statement(trial)
    response = Response(text, content_type="text/plain; charset=utf-8")
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"{trial}-{entry}-{meaning}.txt"
    )
    return response
