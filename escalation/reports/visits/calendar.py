"""The calendar of visits: who is to be seen when, and how each visit stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from escalation.plan import Plan
from escalation.reports.trial.heading import trial_heading
from escalation.reports.view import GAP, Block, Item, Items, Paragraph, Table, View
from escalation.text import count
from escalation.trial import TrialState
from escalation.trial.visits.calendar import VisitDue, VisitStanding, overdue_visits

__all__ = [
    "brief_cell",
    "count_visits",
    "overdue_document",
    "say_overdue",
    "say_visit",
    "view_calendar",
    "visit_rows",
]


def view_calendar(
    state: TrialState,
    trial: str,
    visits: Sequence[VisitDue],
    on: date,
    *,
    plan: Plan,
    listed: bool = False,
) -> View:
    """Return the view of a calendar.

    Parameters
    ----------
    state : TrialState
    trial : str
    visits : sequence of VisitDue
        Those that are shown.
    on : date
        The day on which they stand so, for who is at a site without a time zone.
    plan : Plan
        By which.
    listed : bool
        Whether they are listed one by one; by patient and visit, where not.
    """

    def page() -> Iterator[Block]:
        yield Paragraph(
            f"Visits of trial {trial} by plan {plan.name} on {on}: {count_visits(visits)}."
        )
        if not visits:
            return
        yield GAP
        yield _list(visits, plan) if listed else _grid(state, visits, plan, on)
        open_now = [v for v in visits if v.standing in (VisitStanding.OVERDUE, VisitStanding.DUE)]
        if open_now and not listed:
            yield GAP
            yield _list(open_now[:_MOST], plan)
            if len(open_now) > _MOST:
                yield Paragraph(f"and {len(open_now) - _MOST} more: --due and --overdue list them.")
        flags = list(_flags(visits))
        if flags:
            yield GAP
            yield Items([Item(text=text) for text in flags], bullet="  - ")

    return View(
        page=page,
        document=lambda: {
            **trial_heading(state, trial),
            "plan": {"name": plan.name, "digest": plan.digest},
            "on": on.isoformat(),
            "visits": [_document(state, visit, on) for visit in visits],
        },
        rows=lambda: visit_rows(state, visits, on),
    )


def _flags(visits: Sequence[VisitDue]) -> Iterator[str]:
    """Yield what the plan says of its visits that has to be known, each thing once."""
    said: dict[str, list[str]] = {}
    for visit in {v.visit.name: v.visit for v in visits}.values():
        for flag in visit.flags:
            said.setdefault(flag, []).append(visit.name)
    yield from (f"{', '.join(names)}: {flag}" for flag, names in said.items())


_MOST = 20  # visits that are listed below a grid
_MOST_NAMED = 8


def count_visits(visits: Sequence[VisitDue]) -> str:
    """Say how many visits stand how: ``3 done, 1 overdue, 1 outside the window``."""
    standing = Counter(visit.standing for visit in visits)
    outside = sum(visit.out_of_window != 0 for visit in visits)
    said = [f"{standing[kind]} {kind}" for kind in VisitStanding if standing[kind]]
    if outside:
        said.append(f"{outside} outside the window")
    return ", ".join(said) or "none"


def _list(visits: Sequence[VisitDue], plan: Plan) -> Table:
    rows = [
        (v.subject, v.visit.name, str(v.day or "-"), _say_window(v), say_visit(v, plan))
        for v in visits
    ]
    heads = ("patient", "visit", "planned", "window", "standing")
    return Table([heads, *rows], left=range(5), prose=True)


def _say_window(visit: VisitDue) -> str:
    if visit.first is None or visit.last is None:
        return "-"
    if visit.first == visit.last:
        return "that day"
    return f"{visit.first:%m-%d} to {visit.last:%m-%d}"


def say_visit(visit: VisitDue, plan: Plan) -> str:
    """Say how a visit stands, and what has to be seen in it."""
    said = str(visit.standing)
    match visit.standing:
        case VisitStanding.DONE:
            said += f" on {visit.on}"
        case VisitStanding.OVERDUE:
            said += f" since {visit.last}"
        case VisitStanding.MISSED | VisitStanding.NOT_DUE if visit.why:
            said += f": {visit.why}"
    if visit.out_of_window:
        when = "before" if visit.out_of_window < 0 else "after"
        said += f", {count(abs(visit.out_of_window), 'day')} {when} the window"
    if visit.missing and visit.standing is VisitStanding.DONE:
        names = {test.name: test.label for test in plan.tests}
        said += f"; without {', '.join(names.get(name, name) for name in visit.missing)}"
    return said


def _grid(state: TrialState, visits: Sequence[VisitDue], plan: Plan, on: date) -> Table:
    """Return the visits by patient, with the site where there are several, and visit."""
    names = [visit.name for visit in plan.visits]
    several = len(state.site_zones) > 1
    rows: dict[str, dict[str, str]] = {}
    for visit in visits:
        rows.setdefault(visit.subject, {})[visit.visit.name] = brief_cell(visit)
    body = [
        (who, *[state.site_of(who, on) or "-"] * several, *(cells.get(n, "") for n in names))
        for who, cells in rows.items()
    ]
    heads = ("patient", *["site"] * several, *names)
    return Table([heads, *body], left=range(len(heads)), n_labels=1 + several)


def brief_cell(visit: VisitDue) -> str:
    """Say how a visit stands in few letters: of those to come, the planned day."""
    match visit.standing:
        case VisitStanding.DONE:
            return f"done {visit.out_of_window:+d} d" if visit.out_of_window else "done"
        case VisitStanding.DUE if visit.last is not None:
            return f"due to {visit.last:%m-%d}"
        case VisitStanding.COMING:
            return "-" if visit.day is None else f"{visit.day:%m-%d}"
        case VisitStanding.OVERDUE:
            return "OVERDUE"
        case VisitStanding.NOT_DUE:
            return "not due"
    return str(visit.standing)


def say_overdue(state: TrialState, on: date) -> Iterator[str]:
    """Yield in one line which visits are overdue, where some are."""
    of_subject: dict[str, list[str]] = {}
    for visit in overdue_visits(state, on):
        of_subject.setdefault(visit.subject, []).append(visit.visit.name)
    if of_subject:
        n = sum(map(len, of_subject.values()))
        noun = "visit is" if n == 1 else "visits are"
        said = ", ".join(f"{subject} {' '.join(names)}" for subject, names in of_subject.items())
        which = f": {said}" if n <= _MOST_NAMED else f" of {count(len(of_subject), 'patient')}"
        yield f"{n} {noun} overdue{which} (trial calendar --overdue)."


def overdue_document(state: TrialState, on: date) -> dict[str, Any]:
    """Return them for JSON; nothing for a trial without a plan."""
    if state.plan is None:
        return {}
    return {"visits_overdue": [_document(state, v, on) for v in overdue_visits(state, on)]}


_COLUMNS = (
    *("subject", "site", "visit", "label", "planned", "first", "last", "standing", "on"),
    *("days_outside", "missing", "why", "entry"),
)


def visit_rows(
    state: TrialState, visits: Sequence[VisitDue], on: date
) -> Iterator[Sequence[object]]:
    """Yield visits as rows, the names of the columns first."""
    yield _COLUMNS
    for visit in visits:
        said = _document(state, visit, on)
        said["missing"] = " ".join(said["missing"])
        yield [said[name] for name in _COLUMNS]


def _document(state: TrialState, visit: VisitDue, on: date) -> dict[str, Any]:
    return {
        "subject": visit.subject,
        "site": state.site_of(visit.subject, on),
        "visit": visit.visit.name,
        "label": visit.visit.label,
        "planned": _iso(visit.day),
        "first": _iso(visit.first),
        "last": _iso(visit.last),
        "standing": str(visit.standing),
        "on": _iso(visit.on),
        "days_outside": visit.out_of_window,
        "missing": list(visit.missing),
        "why": visit.why,
        "flags": list(visit.visit.flags),
        "entry": visit.entry,
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
