"""Who was screened and came how far, the plan that they were screened by, and each person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, current_app, g, redirect, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from escalation.reports.plan import view_criteria, view_plan
from escalation.reports.screening.eligibility import say_verdict, view_screening
from escalation.reports.screening.flow import say_flow, view_flow
from escalation.reports.screening.log import view_screening_log
from escalation.reports.screening.results import result_blocks
from escalation.reports.trial.choices import say_person, say_plan
from escalation.reports.trial.subject import subject_entries
from escalation.reports.view import View
from escalation.reports.visits.calendar import view_calendar
from escalation.trial.findings.results import results_of
from escalation.trial.screening.flow import count_flow
from escalation.trial.screening.log import screenings_of
from escalation.trial.visits.calendar import visits_of
from escalation.web.access import READS, needs
from escalation.web.acts.planning import PLANNED
from escalation.web.blocks import say, write
from escalation.web.desk import desk
from escalation.web.screens.planned import acts_here, plan_here, today_here
from escalation.web.screens.record import lines_of
from escalation.web.screens.trial import offered
from escalation.web.screens.views import Link, send_page, send_rows, show_view

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["screens"]

screens = Blueprint("screening", __name__, url_prefix="/t/<trial>")


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


def _view_log() -> View:
    return view_screening_log(g.trial.state, g.trial.trial, today_here())


@screens.get("/screening")
@needs(READS)
def log(trial: str) -> str:
    """Show everybody who was screened."""
    plan_here()
    rows = Link("The screening log as CSV", url_for(".log_csv", trial=trial))
    return show_view(
        "screening",
        "Screening log",
        _view_log,
        files=[rows],
        given={**_screening(), "acts": acts_here("screen", "criteria")},
    )


@screens.get("/screening.csv")
@needs(READS)
def log_csv(trial: str) -> Response:
    """Send the screening log."""
    plan_here()
    return send_rows("screening", _view_log)


def _view_flow() -> View:
    return view_flow(g.trial.state, g.trial.trial)


def _draw_flow() -> Sequence[Axes]:
    from escalation.figures.flow import plot_flow_pages  # noqa: PLC0415  # matplotlib

    return plot_flow_pages(g.trial.state, trial=g.trial.trial)


@screens.get("/screening/flow")
@needs(READS)
def flow(trial: str) -> str:
    """Show how many came how far."""
    plan_here()
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


@screens.get("/screening/flow-<int:number>.svg")
@needs(READS)
def flow_picture(trial: str, number: int) -> Response:
    """Send a page of the flow diagram."""
    plan_here()
    return send_page("flow", _draw_flow, number)


@screens.get("/screening/flow.csv")
@needs(READS)
def flow_csv(trial: str) -> Response:
    """Send the flow."""
    plan_here()
    return send_rows("flow", _view_flow)


@screens.get("/screening/plan")
@needs(READS)
def plan(trial: str) -> str:
    """Show the plan: what is measured and when, and who may enter."""
    adopted, since = plan_here(), say_plan(g.trial.state)
    whole = replace(
        view_plan(adopted, since),
        page=lambda: [*view_plan(adopted, since).page(), *view_criteria(adopted).page()],
    )
    return show_view(
        "plan",
        "Plan",
        lambda: whole,
        given={**_screening(), "acts": acts_here("adopt-plan")},
    )


@screens.get("/screening/people/<subject>")
@needs(READS)
def person(trial: str, subject: str) -> str | Answer:
    """Show one person: eligibility, visits, results, and every entry."""
    here = g.trial
    state, plan = here.state, plan_here()
    known = state.current_id(subject)
    if known not in state.charts and known not in state.subjects:
        abort(404)
    if known != subject:
        return redirect(url_for(".person", trial=trial, subject=known), 303)
    on = desk(current_app).today(state, state.site_of(known, today_here()))
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
    links = acts_here("enrol", "screen-fail", subject=subject)
    return [(link.words, link.address) for link in links]


_LOOKS = {"eligible": "yes", "not eligible": "halt", "incomplete": "no"}  # classes of an answer
