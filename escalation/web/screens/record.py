"""The record of a trial: its log, whether it is as it was written, and its anchors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

from flask import Blueprint, abort, current_app, g, render_template, request, url_for
from markupsafe import Markup

from escalation.anchoring import anchor_file, hold_against_files
from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.ledger import Anchor, Finding, parse_anchor
from escalation.ledger import verify as verify_ledger
from escalation.ledger.anchor_file import AnchorLine, read_anchors
from escalation.ledger.verify import anchor_faults
from escalation.reports.trial.log import about_subject, log_lines
from escalation.reports.trial.verification import say_finding, say_verdict
from escalation.tracker import Tracker
from escalation.trial import Recorded, TrialState
from escalation.web.access import READS, needs
from escalation.web.blocks import say
from escalation.web.desk import Desk, Standing, desk
from escalation.web.moments import moment

__all__ = ["Line", "lines_of", "screens"]

screens = Blueprint("record", __name__, url_prefix="/t/<trial>")

A_PAGE = 200  # entries


class Line(NamedTuple):
    """An entry as a page shows it."""

    seq: int
    at: Markup
    by: str
    said: Markup
    since: Markup


def lines_of(entries: Iterable[Recorded], state: TrialState) -> list[Line]:
    """Return entries as a page shows them."""
    return [
        Line(line.seq, moment(line.at), line.by, say(line.said), say(line.since))
        for line in log_lines(entries, state)
    ]


@screens.get("/log")
@needs(READS)
def log(trial: str) -> str:
    """Show every entry, or those about a subject, a page at a time: the last page by default."""
    here, there = g.trial, desk(current_app)
    state = here.state
    subject = request.args.get("subject", "").strip()
    known = state.subjects[subject].id if subject in state.subjects else subject
    key = (trial, here.seq, state.head, "log")

    def find() -> Sequence[Recorded]:
        if not subject:
            return here.entries  # type: ignore[no-any-return]
        return [entry for entry in here.entries if about_subject(entry, known, state)]

    found = there.made((*key, known), find) if subject else here.entries
    n_pages = max(1, -(-len(found) // A_PAGE))
    page = _page(found, n_pages)
    shown = found[(page - 1) * A_PAGE : page * A_PAGE]
    lines = there.made((*key, known, page), lambda: lines_of(shown, state))
    is_nobody = bool(subject) and not found
    return render_template(
        "record/log.html",
        lines=lines,
        subject=subject,
        subjects=list(state.subjects),
        is_nobody=is_nobody,
        page=page,
        pages=_pages(found, n_pages, subject),
    )


def _page(found: Sequence[Recorded], n_pages: int) -> int:
    """Return which page is asked for, by number or by an entry that is on it."""
    entry, page = request.args.get("entry", ""), request.args.get("page", "")
    if entry.isascii() and entry.isdigit() and len(entry) < 10:
        before = sum(one.seq < int(entry) for one in found)
        return min(n_pages, before // A_PAGE + 1)
    if not page:
        return n_pages
    if not (page.isascii() and page.isdigit() and len(page) < 10 and 1 <= int(page) <= n_pages):
        abort(404)
    return int(page)


def _pages(found: Sequence[Recorded], n_pages: int, subject: str) -> list[tuple[int, str, str]]:
    """Return number, entries and address of each page; empty where there is one."""
    if n_pages == 1:
        return []
    return [
        (
            page + 1,
            f"{found[page * A_PAGE].seq} to {found[min((page + 1) * A_PAGE, len(found)) - 1].seq}",
            url_for("record.log", trial=g.trial.trial, subject=subject or None, page=page + 1),
        )
        for page in range(n_pages)
    ]


# ---------------------------------------------------------------- verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found when a trial was checked.

    Attributes
    ----------
    findings : sequence of Finding
    held : sequence of str
        What is said of files of anchors.
    at : datetime
    seconds : float
        How long it took.
    """

    findings: Sequence[Finding]
    held: Sequence[str]
    at: datetime
    seconds: float


@screens.get("/verify")
@needs(READS)
def verify(trial: str) -> str:
    """Check the whole trial as its ledger holds it, and say what was found."""
    here, there = g.trial, desk(current_app)

    def check() -> Checked:
        return _check(here, there)

    key = (trial, here.seq, here.state.head, "verified")
    if "again" in request.args:
        there.forget(key)
    checked = there.made(key, check)
    return render_template(
        "record/verify.html",
        checked=checked,
        sound=all(finding.remark for finding in checked.findings),
        said=[say_finding(finding) for finding in checked.findings],
        verdict=say_verdict(
            checked.findings,
            has_anchor=bool(checked.held),
            otherwise="type a printed one in, below Anchors",
        )
        .removesuffix(".")
        .partition(". "),
    )


def _check(here: Standing, there: Desk) -> Checked:
    begun, at, trial = perf_counter(), there.now(), here.trial
    settings = current_app.extensions["settings"]
    tracker = Tracker(there.ledger, trial)
    findings = verify_ledger(there.ledger, trial)
    if all(finding.trial != trial or finding.remark for finding in findings):
        found = tracker.inspect(there.ledger.clock() or at).findings
        findings += found
        if all(finding.kind != "form" for finding in found):
            findings += tracker.check_keys(here.entries)
    found, held = hold_against_files(
        there.ledger, {trial: here.state}, None, settings.db, settings.anchors
    )
    seconds = perf_counter() - begun
    return Checked(findings=[*findings, *found], held=held, at=at, seconds=seconds)


# ---------------------------------------------------------------- anchors


class Kept(NamedTuple):
    """An anchor of this trial in a file, and whether it fits."""

    line: AnchorLine
    fits: bool


@screens.get("/anchors")
@needs(READS)
def anchors(trial: str) -> tuple[str, int]:
    """Show the anchor to copy and those that are kept, and check one that is typed in."""
    here, settings = g.trial, current_app.extensions["settings"]
    typed = request.args.get("anchor", "").strip()
    held, wrong = _hold(typed, here.state) if typed else (None, None)
    path = anchor_file(here.state.protocol, settings.db, settings.anchors)
    kept, faults = [], []
    if path is not None:
        try:
            lines, found = read_anchors(path)
            kept = [Kept(one, _fits(one.anchor, here.state)) for one in lines if one.trial == trial]
            faults = [finding.problem for finding in found]
        except InputError as error:
            faults = [str(error)]
    page = render_template(
        "record/anchors.html",
        typed=typed,
        held=held,
        wrong=wrong,
        file=None if path is None else path.name,
        kept=kept,
        faults=faults,
    )
    return page, 422 if wrong else 200


def _fits(anchor: Anchor, state: TrialState) -> bool:
    return anchor.seq <= state.seq and state.hashes[anchor.seq - 1] == anchor.hash


def _hold(typed: str, state: TrialState) -> tuple[tuple[bool, str] | None, str | None]:
    """Return whether a typed anchor fits, with a sentence; or what is wrong with what was typed."""
    try:
        anchor = parse_anchor(typed.removeprefix("anchor ").strip())
    except InputError as error:
        return None, str(error)
    rows = {seq: {"hash": seal} for seq, seal in enumerate(state.hashes, start=1)}
    for fault in anchor_faults(anchor, rows):
        return (False, f"Entry {anchor.seq}: {fault}."), None
    return (True, f"Entry {anchor.seq} and all before it are as when this was printed."), None
