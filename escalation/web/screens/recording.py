"""Recording: a form, what would follow from it, and what was recorded.

Nothing is kept between the steps: the second page holds what was filled in, the last entry that was
seen, and a request's id, under which it is recorded once however often it is sent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from escalation.anchoring import keep_anchor
from escalation.errors import (
    ConflictError,
    EscalationError,
    FileFaultsError,
    InputError,
)
from escalation.reports.trial.choices import say_plan
from escalation.reports.trial.recorded import consequences
from escalation.text import with_powers
from escalation.tracker import Tracker, name_kind
from escalation.trial import TrialState
from escalation.web.access import READS, may_not, needs
from escalation.web.acts import ACTS
from escalation.web.acts.base import Act
from escalation.web.acts.fields import Repeated, leaves
from escalation.web.acts.importing import Import
from escalation.web.acts.patients import Toxicities
from escalation.web.desk import Asked, desk
from escalation.web.faults import reasons_of, status_of
from escalation.web.wording import in_page_words

__all__ = ["screens"]

screens = Blueprint("recording", __name__, url_prefix="/t/<trial>")
screens.add_app_template_filter(with_powers, "powers")
screens.add_app_template_filter(in_page_words, "in_page_words")

Page = str | Response | tuple[str, int]


@screens.url_value_preprocessor
def _allow_files(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Allow more bytes to an act that takes a file: before anything reads the form."""
    act = ACTS.get((values or {}).get("act", ""))
    if act is not None and act.most_bytes is not None:
        request.max_content_length = request.max_form_memory_size = act.most_bytes


@screens.get("/record/")
@needs(READS)
def choose(trial: str) -> str:
    """Offer what whoever asks may record."""
    groups: dict[str, list[type[Act]]] = {}
    for act in ACTS.values():
        if is_offered(act, g.trial.state) and may_not(g.trial.state, g.person, act.task) is None:
            groups.setdefault(act.group, []).append(act)
    return render_template("recording/choose.html", groups=groups)


def is_offered(act: type[Act], state: TrialState) -> bool:
    """Tell whether an act stands in the list of those of a trial."""
    return act.is_offered and (state.plan is not None or not act.needs_plan)


def _act(name: str) -> Act:
    """Return the form of an act, for whoever may do it."""
    if name not in ACTS:
        abort(404)
    state, act = g.trial.state, ACTS[name]
    fault = may_not(state, g.person, act.task)
    if fault is not None:
        abort(403, fault)
    if act.needs_plan and state.plan is None:
        abort(409, f"{say_plan(state)} Before this is recorded, one has to be adopted.")
    given: MultiDict[str, str] | None = request.form
    if request.method != "POST":
        prefilled = {k: v for k, v in request.args.items(multi=True) if k not in _OWN}
        given = MultiDict(prefilled) if prefilled else None
    form = act.made_for(state, _today(), given or {})(formdata=given)
    form.fill(state)
    return form


_OWN = ("seen", "request_id", "csrf_token")  # no link says them


@screens.get("/record/<act>")
@needs(READS)
def fill_in(trial: str, act: str) -> Page:
    """Show the form, or ask first whom it is about."""
    form = _act(act)
    state = g.trial.state
    if not _is_known(form):
        chosen = form[form.about].data and not form.is_begun(state)
        return _ask_whom(form, _UNKNOWN if chosen else None)
    other = form.elsewhere(state)
    if other is not None and other != act:
        about = {form.about: form[form.about].data}
        return redirect(url_for("recording.fill_in", trial=trial, act=other, **about), 303)
    form.prefill(state)
    form.seen.data = str(g.trial.seq)
    return _form(form)


def _is_known(form: Act) -> bool:
    """Tell whether it is known whom or what an act is about, where it is about somebody."""
    return not form.about or form.is_about(g.trial.state, _today()) is not None


def _today() -> Any:
    return desk(current_app).today(g.trial.state)


_UNKNOWN = "What the link or form names is not in this trial: choose again"


def _ask_whom(form: Act, fault: str | None) -> tuple[str, int]:
    found = form.candidates(g.trial.state, _today())
    page = render_template("recording/whom.html", form=form, candidates=found, fault=fault)
    return page, 200 if fault is None else 422


@screens.post("/record/<act>")
@needs(READS)
def ask(trial: str, act: str) -> Page:
    """Say what would follow or, where that has been read, record it."""
    form = _act(act)
    if not _is_known(form) and "record" not in request.form:  # what is withdrawn is not there again
        return _ask_whom(form, _UNKNOWN)
    if "more" in request.form and isinstance(form, Toxicities):
        form.add_group()
    if "more" in request.form or "change" in request.form:
        return _form(form)
    if not form.validate():
        return _form(form, 422, "Something has to be filled in otherwise")
    try:
        return _record(form, trial) if "record" in request.form else _foresee(form)
    except ConflictError as error:
        return _overtaken(form, str(error))
    except EscalationError as error:
        return _refused(form, error)


def _refused(form: Act, error: EscalationError) -> tuple[str, int]:
    """Show the form again, with what the trial or the file does not allow."""
    match error:
        case FileFaultsError() if isinstance(form, Import):
            return _form(form, 422, f"The file {error.source} was not imported", error.faults)
        case InputError():
            return _form(form, 422, "What was filled in cannot be read", [str(error)])
    return _form(form, status_of(error), *reasons_of(error))


def _overtaken(form: Act, fault: str) -> tuple[str, int]:
    """Say that somebody was first; what was filled in can be looked at again, if it still holds."""
    about = {form.about: form[form.about].data} if form.about else {}
    page = render_template(
        "recording/overtaken.html",
        form=form,
        fault=fault,
        again=form.rests_on(g.trial.state) <= _seen(form) <= g.trial.seq,
        afresh=url_for("recording.fill_in", trial=g.trial.trial, act=form.name, **about),
    )
    return page, 409


def _form(
    form: Act, status: int = 200, fault: str | None = None, reasons: Sequence[str] = ()
) -> tuple[str, int]:
    """Show the form as it is filled in, with what is wrong on top and beside the fields."""
    wrong = [(field, error) for field, error in form.wrong() if error not in reasons]
    form.place(reasons)
    beside = {error: field for field, error in form.wrong()}
    listed = [(beside.get(reason), reason) for reason in reasons]
    page = render_template(
        "recording/form.html",
        form=form,
        fault=fault,
        opened=_opened(form, gates=any(field is None for field, _ in listed)),
        listed=[*wrong, *listed] if fault else [],
        about=form.is_about(g.trial.state, _today()),
        notes=list(form.notes(g.trial.state, form.day or _today())),
    )
    return page, status


def _opened(form: Act, *, gates: bool) -> list[str]:
    """Return behind which words something stands that has to be seen."""
    filled = request.method == "POST"
    return [
        words
        for words, fields in form.folded
        if any(
            field.errors or (filled and field.data) or (gates and field.name in _OF_REASONS)
            for top in fields
            for field in (leaves(top) if isinstance(top, Repeated) else (top,))
        )
    ]


_OF_REASONS = ("deviation", "date_format")  # what a reason that is about no field may call for


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
    """Return the last entry that whoever filled in the form has seen."""
    seen = form.seen.data or ""
    if not re.fullmatch(r"[0-9]{1,9}", seen, re.ASCII):
        abort(400, "The form does not say which entry was the last one: open it again.")
    return int(seen)


def _check_seen(form: Act, seen: int) -> None:
    """Refuse what was filled in on something that has changed since, or is still to come.

    Raises
    ------
    ConflictError
    """
    if seen > g.trial.seq:
        raise ConflictError(f"entry {seen} is not there yet: open the form again")
    since = form.rests_on(g.trial.state)
    if since > seen:
        newer = g.trial.entries[since - 1]
        raise ConflictError(
            f"entry {since} ({name_kind(newer.event.kind)}) by {newer.by} has changed since you "
            "opened the form what it shows: open it again; nothing was recorded"
        )


def _foresee(form: Act, fault: str | None = None, status: int = 200) -> tuple[str, int]:
    """Show what would follow from what has been filled in."""
    seen = _seen(form)
    _check_seen(form, seen)
    if seen != g.trial.seq and "look" not in request.form:
        listed = ", ".join(_listed(g.trial.entries[seen : seen + 5]))
        raise ConflictError(f"since you opened the page came {listed}; nothing was recorded")
    newer = list(_listed(g.trial.entries[seen : seen + 5]))
    form.seen.data = str(g.trial.seq)
    found = desk(current_app).foresee(g.trial, _asked(form))
    if "on" in form and form.day is None:
        form.on.data = found.entries[0].event.on
        form.on.raw_data = [form.on.data.isoformat()]
    form.request_id.data = os.urandom(16).hex()
    proofs = current_app.extensions["gate"].proofs() if form.is_signature else ()
    page = render_template(
        "recording/foreseen.html",
        form=form,
        found=found,
        proofs=proofs,
        fault=fault,
        newer=newer,
        about=form.is_about(g.trial.state, _today()),
    )
    return page, status


def _listed(entries: Sequence[Any]) -> list[str]:
    return [f"entry {entry.seq} ({name_kind(entry.event.kind)}) by {entry.by}" for entry in entries]


def _record(form: Act, trial: str) -> Page:
    request_id = form.request_id.data or ""
    if not re.fullmatch(r"[0-9a-f]{32}", request_id, re.ASCII):
        abort(400, "The form has no request id: open it again.")
    seen = _seen(form)
    there = desk(current_app)
    if form.is_signature and not there.ledger.find_request(trial, request_id):
        wrong = current_app.extensions["gate"].disprove(g.identity, request.form)
        if wrong is not None:
            return _foresee(form, wrong, 422)
    asked = _asked(form)
    recorded = there.record(trial, asked, request_id=request_id, seen=seen)
    settings = current_app.extensions["settings"]
    failed = ""
    try:
        tracker = Tracker(there.ledger, trial)
        keep_anchor(
            tracker,
            recorded,
            g.trial.state.protocol,
            db=settings.db,
            named=settings.anchors,
            at=asked.at,
        )
    except EscalationError:
        current_app.logger.exception("the anchor is not kept")
        failed = "yes"
    first, last = recorded[0].seq, recorded[-1].seq
    address = url_for(
        "recording.recorded",
        trial=trial,
        first=first,
        last=last,
        anchor_failed=failed or None,
        act=form.name,
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
    act = ACTS.get(request.args.get("act", ""))
    return render_template(
        "recording/recorded.html",
        found=found,
        anchor_failed="anchor_failed" in request.args,
        once_more=act if act is not None and act.is_offered else None,
        next_act=ACTS.get(act.leads_to) if act is not None else None,
        subject=getattr(entries[0].event, "subject", None),
    )
