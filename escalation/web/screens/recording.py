"""Recording: a form, what would follow from it, and what was recorded.

Nothing is kept between the steps: the second page holds what was filled in, the last entry that was
seen, and a request's id, under which it is recorded once however often it is sent.
"""

from __future__ import annotations

import os

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from escalation.anchoring import keep_anchor
from escalation.errors import ConflictError, EscalationError
from escalation.reports.trial.recorded import consequences
from escalation.tracker import Tracker
from escalation.web.access import READS, may_not, needs
from escalation.web.acts import ACTS
from escalation.web.acts.base import Act
from escalation.web.desk import Asked, desk
from escalation.web.faults import reasons_of, status_of

__all__ = ["screens"]

screens = Blueprint("recording", __name__, url_prefix="/t/<trial>")


@screens.get("/record/")
@needs(READS)
def choose(trial: str) -> str:
    """Offer what whoever asks may record."""
    groups: dict[str, list[type[Act]]] = {}
    for act in ACTS.values():
        if may_not(g.trial.state, g.person, act.task) is None:
            groups.setdefault(act.group, []).append(act)
    return render_template("recording/choose.html", groups=groups)


def _act(name: str) -> Act:
    """Return the form of an act, for whoever may do it."""
    if name not in ACTS:
        abort(404)
    act = ACTS[name]
    fault = may_not(g.trial.state, g.person, act.task)
    if fault is not None:
        abort(403, fault)
    given = request.form if request.method == "POST" else request.args or None
    form = act(formdata=given)
    form.fill(g.trial.state)
    return form


@screens.get("/record/<act>")
@needs(READS)
def fill_in(trial: str, act: str) -> str:
    """Show the form."""
    form = _act(act)
    form.seen.data = str(g.trial.seq)
    return render_template("recording/form.html", form=form, fault=None, reasons=[])


@screens.post("/record/<act>")
@needs(READS)
def ask(trial: str, act: str) -> str | Response | tuple[str, int]:
    """Say what would follow or, where that has been read, record it."""
    form = _act(act)
    if "change" in request.form:
        return render_template("recording/form.html", form=form, fault=None, reasons=[])
    if not form.validate():
        return _again(form, 422, "Something has to be filled in otherwise.", [])
    try:
        if "record" in request.form:
            return _record(form, trial)
        return _foresee(form)
    except ConflictError as error:
        return render_template("recording/overtaken.html", form=form, fault=str(error)), 409
    except EscalationError as error:
        return _again(form, status_of(error), *reasons_of(error))


def _again(form: Act, status: int, fault: str, reasons: list[str]) -> tuple[str, int]:
    page = render_template("recording/form.html", form=form, fault=fault, reasons=reasons)
    return page, status


def _asked(form: Act) -> Asked:
    subject, site = form.whom()
    return Asked(
        command=form.command(g.trial.state),
        person=g.person,
        at=desk(current_app).now(),
        on=form.day,
        subject=subject,
        site=site,
    )


def _seen(form: Act) -> int:
    try:
        seen = int(form.seen.data or "")
    except ValueError:
        abort(400, "The form does not say which entry was the last one: open it again.")
    return seen


def _foresee(form: Act, fault: str | None = None, status: int = 200) -> tuple[str, int]:
    """Show what would follow from what has been filled in."""
    if _seen(form) != g.trial.seq and "look" not in request.form:
        newer = g.trial.entries[_seen(form) :]
        listed = ", ".join(f"entry {e.seq} ({e.event.kind}) by {e.by}" for e in newer[:5])
        raise ConflictError(f"since you opened the page came {listed}; nothing was recorded")
    form.seen.data = str(g.trial.seq)
    found = desk(current_app).foresee(g.trial, _asked(form))
    if "on" in form and form.day is None:
        form.on.data = found.entries[0].event.on
    form.request_id.data = os.urandom(16).hex()
    proofs = current_app.extensions["gate"].proofs() if form.is_signature else ()
    page = render_template(
        "recording/foreseen.html", form=form, found=found, proofs=proofs, fault=fault
    )
    return page, status


def _record(form: Act, trial: str) -> Response | tuple[str, int]:
    if not form.request_id.data:
        abort(400, "The form has no request id: open it again.")
    if form.is_signature:
        wrong = current_app.extensions["gate"].disprove(g.identity, request.form)
        if wrong is not None:
            return _foresee(form, wrong, 422)
    there, asked = desk(current_app), _asked(form)
    recorded = there.record(trial, asked, request_id=form.request_id.data, seen=_seen(form))
    settings = current_app.extensions["settings"]
    failed = ""
    try:
        tracker = Tracker(there.ledger, trial)
        keep_anchor(tracker, recorded, settings.db, settings.anchors, asked.at)
    except EscalationError:
        current_app.logger.exception("the anchor is not kept")
        failed = "yes"
    first, last = recorded[0].seq, recorded[-1].seq
    address = url_for(
        "recording.recorded", trial=trial, first=first, last=last, anchor_failed=failed or None
    )
    return redirect(address, 303)


@screens.get("/recorded/<int:first>-<int:last>")
@needs(READS)
def recorded(trial: str, first: int, last: int) -> str:
    """Show entries that were recorded together, and what has been seen since."""
    if not 1 <= first <= last <= g.trial.seq:
        abort(404)
    entries = g.trial.entries[first - 1 : last]
    found = consequences(entries, g.trial.as_of(first - 1), entries[0].event.on)
    return render_template(
        "recording/recorded.html", found=found, anchor_failed="anchor_failed" in request.args
    )
