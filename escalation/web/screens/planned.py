"""What a trial does beside escalating, by its plan: screening, visits, endpoints.

Three rooms, each a blueprint, offered where the trial goes by a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, Response, abort, current_app, g, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from escalation.errors import InputError
from escalation.plan import Plan
from escalation.reports.endpoints.biomarkers import say_biomarker, tables_of, view_biomarkers
from escalation.reports.endpoints.kinetics import say_kinetics, view_kinetics
from escalation.reports.endpoints.response import responses_in, say_response, view_response
from escalation.reports.plan import view_criteria, view_plan
from escalation.reports.screening.eligibility import say_verdict, view_screening
from escalation.reports.screening.flow import say_flow, view_flow
from escalation.reports.screening.log import view_screening_log
from escalation.reports.screening.results import result_blocks
from escalation.reports.trial.choices import say_person, say_plan
from escalation.reports.trial.subject import subject_entries
from escalation.reports.view import View
from escalation.reports.visits.calendar import view_calendar
from escalation.reports.visits.ics import write_ics
from escalation.trial import TrialState
from escalation.trial.findings.kinetics import kinetics_in
from escalation.trial.findings.results import results_of
from escalation.trial.screening.flow import count_flow
from escalation.trial.screening.log import screenings_of
from escalation.trial.visits.calendar import (
    VisitDue,
    VisitStanding,
    people_of,
    today_of,
    visits_of,
)
from escalation.web.access import READS, may_not, needs
from escalation.web.acts import ACTS
from escalation.web.acts.planning import PLANNED
from escalation.web.blocks import say, write
from escalation.web.desk import desk
from escalation.web.screens.record import lines_of
from escalation.web.screens.trial import offered
from escalation.web.screens.views import (
    Link,
    Pages,
    choose_of,
    send_page,
    send_rows,
    show_view,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["endpoints", "screening", "visits"]

screening = Blueprint("screening", __name__, url_prefix="/t/<trial>")
visits = Blueprint("visits", __name__, url_prefix="/t/<trial>")
endpoints = Blueprint("endpoints", __name__, url_prefix="/t/<trial>/endpoints")


def _plan() -> Plan:
    """Return the trial's plan: without one there is no such screen."""
    plan: Plan | None = g.trial.state.plan
    if plan is None:
        abort(404, "The trial goes by no plan.")
    return plan


def _today() -> date:
    return desk(current_app).today(g.trial.state)


# ---------------------------------------------------------------- screening


def _screening() -> dict[str, Any]:
    """Return what stands above each screen of the room."""
    places = (("log", "Who was screened"), ("flow", "Flow"), ("plan", "Plan"))
    links = [
        Link(
            words, url_for(f".{name}", trial=g.trial.trial), request.endpoint == f"screening.{name}"
        )
        for name, words in places
    ]
    return {"room": "Screening", "links": links}


def _acts(*names: str, **given: Any) -> list[Link]:
    """Return the acts that whoever asks may begin from a screen; ``given`` fills in their forms."""
    state, trial = g.trial.state, g.trial.trial
    return [
        Link(ACTS[name].title, url_for("recording.fill_in", trial=trial, act=name, **given))
        for name in names
        if may_not(state, g.person, ACTS[name].task) is None
    ]


def _view_log() -> View:
    return view_screening_log(g.trial.state, g.trial.trial, _today())


@screening.get("/screening")
@needs(READS)
def log(trial: str) -> str:
    """Show everybody who was screened."""
    _plan()
    rows = Link("The screening log as CSV", url_for(".log_csv", trial=trial))
    return show_view(
        "screening",
        "Screening log",
        _view_log,
        files=[rows],
        given={**_screening(), "acts": _acts("screen", "criteria")},
    )


@screening.get("/screening.csv")
@needs(READS)
def log_csv(trial: str) -> Response:
    """Send the screening log."""
    _plan()
    return send_rows("screening", _view_log)


def _view_flow() -> View:
    return view_flow(g.trial.state, g.trial.trial)


def _draw_flow() -> Sequence[Axes]:
    from escalation.figures.flow import plot_flow_pages  # noqa: PLC0415  # matplotlib

    return plot_flow_pages(g.trial.state, trial=g.trial.trial)


@screening.get("/screening/flow")
@needs(READS)
def flow(trial: str) -> str:
    """Show how many came how far."""
    _plan()
    return show_view(
        "flow",
        "Flow of participants",
        _view_flow,
        pictures=(
            _draw_flow,
            partial(url_for, ".flow_picture"),
            say_flow(count_flow(g.trial.state)),
        ),
        files=[Link("The flow as CSV", url_for(".flow_csv", trial=trial))],
        given=_screening(),
    )


@screening.get("/screening/flow-<int:number>.svg")
@needs(READS)
def flow_picture(trial: str, number: int) -> Response:
    """Send a page of the flow diagram."""
    _plan()
    return send_page("flow", _draw_flow, number)


@screening.get("/screening/flow.csv")
@needs(READS)
def flow_csv(trial: str) -> Response:
    """Send the flow."""
    _plan()
    return send_rows("flow", _view_flow)


@screening.get("/screening/plan")
@needs(READS)
def plan(trial: str) -> str:
    """Show the plan: what is measured and when, and who may enter."""
    adopted, since = _plan(), say_plan(g.trial.state)
    whole = replace(
        view_plan(adopted, since),
        page=lambda: [*view_plan(adopted, since).page(), *view_criteria(adopted).page()],
    )
    return show_view(
        "plan",
        "Plan",
        lambda: whole,
        given={**_screening(), "acts": _acts("adopt-plan")},
    )


@screening.get("/screening/people/<subject>")
@needs(READS)
def person(trial: str, subject: str) -> str | Answer:
    """Show one person: eligibility, visits, results, and every entry."""
    here = g.trial
    state, plan = here.state, _plan()
    known = state.current_id(subject)
    if known not in state.charts and known not in state.subjects:
        abort(404)
    if known != subject:
        return redirect(url_for(".person", trial=trial, subject=known), 303)
    on = desk(current_app).today(state, state.site_of(known, _today()))
    due = visits_of(state, known, on)

    judged = next((one.judged(state, on) for one in reversed(screenings_of(state, known))), None)

    def seen() -> Markup:
        return write(view_calendar(state, trial, due, on, plan=plan, listed=True).page())

    return show_view(
        ("person", known, on),
        f"{known}: screening and visits",
        lambda: view_screening(state, trial, known, on),
        below=1,
        template="planned/person.html",
        given={
            **_screening(),
            "subject": known,
            "now_in_words": say(f"{say_person(state, known, on)}."),
            "verdict": None if judged is None else say(f"{say_verdict(known, judged)}."),
            "look": None if judged is None else _LOOKS[judged.verdict],
            "is_enrolled": known in state.subjects,
            "about": [*_enrolling(known), *offered(on, known).get(PLANNED, ())],
            "visits": seen(),
            "n_results": len(results_of(state, known)),
            "results": write(result_blocks(state, known)),
            "lines": lines_of(subject_entries(here.entries, state, known), state),
        },
    )


def _enrolling(subject: str) -> list[tuple[str, str]]:
    """Return how the screening of somebody who is not enrolled can end."""
    if subject in g.trial.state.subjects:
        return []
    links = _acts("enrol", "screen-fail", subject=subject)
    return [(link.words, link.address) for link in links]


_LOOKS = {"eligible": "yes", "not eligible": "halt", "incomplete": "no"}  # classes of an answer


# ---------------------------------------------------------------- visits

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
        day = _today()
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
            here.state, here.trial, self.found(), _today(), plan=_plan(), listed=bool(self.show)
        )

    @property
    def where(self) -> dict[str, Any]:
        return {"site": self.site or None, "show": self.show or None}


@visits.get("/visits")
@needs(READS)
def calendar(trial: str) -> str:
    """Show when people are to be seen, and which visits are overdue."""
    _plan()
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
            "acts": _acts("results", "visit"),
            "sites": sites if len(sites) > 1 else [],
            "site": asked.site,
            "show": asked.show,
        },
    )


@visits.get("/visits.ics")
@needs(READS)
def calendar_ics(trial: str) -> Response:
    """Send the visits for a calendar program."""
    here, plan = g.trial, _plan()
    found = _Asked.read(here.state).found()
    text = write_ics(here.state, trial, found, plan=plan, at=here.entries[-1].at)
    answer = Response(text, content_type="text/calendar; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{trial}-visits.ics")
    return answer


@visits.get("/visits.csv")
@needs(READS)
def calendar_csv(trial: str) -> Response:
    """Send the visits."""
    _plan()
    asked = _Asked.read(g.trial.state)
    return send_rows("-".join(("visits", *filter(None, asked))), asked.view)


# ---------------------------------------------------------------- endpoints


class _Endpoint(NamedTuple):
    """A table of endpoints, its picture, and the same in words."""

    title: str
    view: Callable[[], View]
    draw: Pages
    words: Callable[[TrialState, Plan], str]


def _draw_response() -> Sequence[Axes]:
    from escalation.figures.endpoints.response import plot_response_pages  # noqa: PLC0415

    return plot_response_pages(g.trial.state, _today(), trial=g.trial.trial)


def _draw_kinetics() -> Sequence[Figure]:
    from escalation.figures.endpoints.kinetics import plot_kinetics_pages  # noqa: PLC0415

    return plot_kinetics_pages(g.trial.state, trial=g.trial.trial)


def _draw_biomarkers() -> Sequence[Figure]:
    from escalation.figures.endpoints.biomarkers import plot_biomarker_pages  # noqa: PLC0415

    return plot_biomarker_pages(g.trial.state, trial=g.trial.trial)


_ENDPOINTS = {
    "response": _Endpoint(
        "Response",
        lambda: view_response(g.trial.state, g.trial.trial, _today()),
        _draw_response,
        lambda state, plan: say_response(responses_in(state, plan, _today())),
    ),
    "kinetics": _Endpoint(
        "Cell kinetics",
        lambda: view_kinetics(g.trial.state, g.trial.trial),
        _draw_kinetics,
        lambda state, plan: say_kinetics(kinetics_in(state, plan)),
    ),
    "biomarkers": _Endpoint(
        "Cytokines and B cells",
        lambda: view_biomarkers(g.trial.state, g.trial.trial),
        _draw_biomarkers,
        lambda state, plan: " ".join(map(say_biomarker, tables_of(state))),
    ),
}
_NAMES = "<any(response, kinetics, biomarkers):table>"


@endpoints.get("/")
@needs(READS)
def first(trial: str) -> Answer:
    """Lead to the first table."""
    _plan()
    return redirect(url_for(".show", trial=trial, table="response"), 303)


@endpoints.get(f"/{_NAMES}")
@needs(READS)
def show(trial: str, table: str) -> str:
    """Show responses, kinetics or biomarkers."""
    plan, endpoint = _plan(), _ENDPOINTS[table]
    try:
        words = endpoint.words(g.trial.state, plan)
    except InputError:  # the plan says nothing of it, which the page says
        words = endpoint.title
    links = [
        Link(one.title, url_for(".show", trial=trial, table=other), other == table)
        for other, one in _ENDPOINTS.items()
    ]
    return show_view(
        table,
        endpoint.title,
        endpoint.view,
        pictures=(endpoint.draw, partial(url_for, ".picture", table=table), words),
        files=[Link(f"{endpoint.title} as CSV", url_for(".rows", trial=trial, table=table))],
        given={"room": "Endpoints", "links": links},
    )


@endpoints.get(f"/{_NAMES}-<int:number>.svg")
@needs(READS)
def picture(trial: str, table: str, number: int) -> Response:
    """Send a page of a picture."""
    _plan()
    return send_page(table, _ENDPOINTS[table].draw, number)


@endpoints.get(f"/{_NAMES}.csv")
@needs(READS)
def rows(trial: str, table: str) -> Response:
    """Send the rows of a table."""
    _plan()
    return send_rows(table, _ENDPOINTS[table].view)
