"""When people are to be seen, and which visits are overdue."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, Response, current_app, g, url_for

from escalation.reports.view import View
from escalation.reports.visits.calendar import view_calendar
from escalation.reports.visits.ics import write_ics
from escalation.trial import TrialState
from escalation.trial.visits.calendar import (
    VisitDue,
    VisitStanding,
    people_of,
    today_of,
    visits_of,
)
from escalation.web.access import READS, needs
from escalation.web.desk import desk
from escalation.web.screens.planned import acts_here, plan_here, today_here
from escalation.web.screens.views import Link, choose_of, send_rows, show_view

__all__ = ["screens"]

screens = Blueprint("visits", __name__, url_prefix="/t/<trial>")


_SHOWN = {"due": VisitStanding.DUE, "overdue": VisitStanding.OVERDUE}


class _Asked(NamedTuple):
    """Whose visits, and which, an address asks for: all, or those of a site, due, overdue."""

    site: str
    show: str

    @classmethod
    def read(cls, state: TrialState) -> _Asked:
        return cls(choose_of("site", list(state.site_zones)), choose_of("show", list(_SHOWN)))

    def found(self) -> list[VisitDue]:
        state, at = g.trial.state, desk(current_app).now()
        day = today_here()
        return [
            visit
            for name in people_of(state)
            if not self.site or state.site_of(name, day) == self.site
            for visit in visits_of(state, name, today_of(state, name, at, day))
            if not self.show or visit.standing is _SHOWN[self.show]
        ]

    def view(self) -> View:
        here = g.trial
        return view_calendar(
            here.state,
            here.trial,
            self.found(),
            today_here(),
            plan=plan_here(),
            listed=bool(self.show),
        )

    @property
    def where(self) -> dict[str, Any]:
        return {"site": self.site or None, "show": self.show or None}


@screens.get("/visits")
@needs(READS)
def calendar(trial: str) -> str:
    """Show when people are to be seen, and which visits are overdue."""
    plan_here()
    asked = _Asked.read(g.trial.state)
    sites = list(g.trial.state.site_zones)
    files = [
        Link("For a calendar program (.ics)", url_for(".calendar_ics", trial=trial, **asked.where)),
        Link("As CSV", url_for(".calendar_csv", trial=trial, **asked.where)),
    ]
    return show_view(
        ("visits", asked),
        "Visits",
        asked.view,
        files=files,
        template="planned/calendar.html",
        given={
            "room": "Visits",
            "acts": acts_here("results", "visit"),
            "sites": sites if len(sites) > 1 else [],
            "site": asked.site,
            "show": asked.show,
        },
    )


@screens.get("/visits.ics")
@needs(READS)
def calendar_ics(trial: str) -> Response:
    """Send the visits for a calendar program."""
    here, plan = g.trial, plan_here()
    found = _Asked.read(here.state).found()
    text = write_ics(here.state, trial, found, plan=plan, at=here.entries[-1].at)
    answer = Response(text, content_type="text/calendar; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{trial}-visits.ics")
    return answer


@screens.get("/visits.csv")
@needs(READS)
def calendar_csv(trial: str) -> Response:
    """Send the visits."""
    plan_here()
    asked = _Asked.read(g.trial.state)
    return send_rows("-".join(("visits", *filter(None, asked))), asked.view)
