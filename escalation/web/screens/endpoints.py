"""Responses, cell kinetics and biomarkers: their tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, g, redirect, url_for
from werkzeug.wrappers import Response as Answer

from escalation.errors import InputError
from escalation.plan import Plan
from escalation.reports.endpoints.biomarkers import say_biomarker, tables_of, view_biomarkers
from escalation.reports.endpoints.kinetics import say_kinetics, view_kinetics
from escalation.reports.endpoints.response import responses_in, say_response, view_response
from escalation.reports.view import View
from escalation.trial import TrialState
from escalation.trial.findings.kinetics import kinetics_in
from escalation.web.access import READS, needs
from escalation.web.screens.planned import plan_here, today_here
from escalation.web.screens.views import Link, Pages, send_page, send_rows, show_view

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["screens"]

screens = Blueprint("endpoints", __name__, url_prefix="/t/<trial>/endpoints")


class _Endpoint(NamedTuple):
    """A table of endpoints, its picture, and the same in words."""

    title: str
    view: Callable[[], View]
    draw: Pages
    words: Callable[[TrialState, Plan], str]


def _draw_response() -> Sequence[Axes]:
    from escalation.figures.endpoints.response import plot_response_pages  # noqa: PLC0415

    return plot_response_pages(g.trial.state, today_here(), trial=g.trial.trial)


def _draw_kinetics() -> Sequence[Figure]:
    from escalation.figures.endpoints.kinetics import plot_kinetics_pages  # noqa: PLC0415

    return plot_kinetics_pages(g.trial.state, trial=g.trial.trial)


def _draw_biomarkers() -> Sequence[Figure]:
    from escalation.figures.endpoints.biomarkers import plot_biomarker_pages  # noqa: PLC0415

    return plot_biomarker_pages(g.trial.state, trial=g.trial.trial)


_ENDPOINTS = {
    "response": _Endpoint(
        "Response",
        lambda: view_response(g.trial.state, g.trial.trial, today_here()),
        _draw_response,
        lambda state, plan: say_response(responses_in(state, plan, today_here())),
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


@screens.get("/")
@needs(READS)
def first(trial: str) -> Answer:
    """Lead to the first table."""
    plan_here()
    return redirect(url_for(".show", trial=trial, table="response"), 303)


@screens.get(f"/{_NAMES}")
@needs(READS)
def show(trial: str, table: str) -> str:
    """Show responses, kinetics or biomarkers."""
    plan, endpoint = plan_here(), _ENDPOINTS[table]
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


@screens.get(f"/{_NAMES}-<int:number>.svg")
@needs(READS)
def picture(trial: str, table: str, number: int) -> Response:
    """Send a page of a picture."""
    plan_here()
    return send_page(table, _ENDPOINTS[table].draw, number)


@screens.get(f"/{_NAMES}.csv")
@needs(READS)
def rows(trial: str, table: str) -> Response:
    """Send the rows of a table."""
    plan_here()
    return send_rows(table, _ENDPOINTS[table].view)
