"""Screens of a trial with a plan say, draw and send what the command line does.

Oracle: the views of ``reports``, asked here without the page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from escalation.reports.endpoints.biomarkers import view_biomarkers
from escalation.reports.endpoints.kinetics import view_kinetics
from escalation.reports.endpoints.response import view_response
from escalation.reports.formats import write_view
from escalation.reports.screening.flow import view_flow
from escalation.reports.screening.log import view_screening_log
from escalation.reports.view import View
from escalation.reports.visits.calendar import view_calendar
from escalation.reports.visits.ics import write_ics
from escalation.trial import TrialState
from escalation.trial.demo.script import AUDITOR, SITE
from escalation.trial.visits.calendar import people_of, visits_of
from tests.web.conftest import NOW, TRIAL, AsPerson
from tests.web.forms import words_of
from tests.web.planned import PLAN, PLANNED

ROOM = f"/t/{PLANNED}"
TODAY: date = NOW.date()


@pytest.fixture
def auditor(as_reader: AsPerson) -> FlaskClient:
    return as_reader(AUDITOR)


@pytest.fixture
def state(read_app: Flask) -> TrialState:
    standing = read_app.extensions["desk"].standing(PLANNED)
    assert isinstance(standing.state, TrialState)
    return standing.state


def _calendar(state: TrialState) -> View:
    visits = [visit for name in people_of(state) for visit in visits_of(state, name, TODAY)]
    return view_calendar(state, PLANNED, visits, TODAY, plan=PLAN)


VIEWS: dict[str, Callable[[TrialState], View]] = {
    "screening": lambda state: view_screening_log(state, PLANNED, TODAY),
    "screening/flow": lambda state: view_flow(state, PLANNED),
    "visits": _calendar,
    "endpoints/response": lambda state: view_response(state, PLANNED, TODAY),
    "endpoints/kinetics": lambda state: view_kinetics(state, PLANNED),
    "endpoints/biomarkers": lambda state: view_biomarkers(state, PLANNED),
}


@pytest.mark.parametrize("path", VIEWS)
def test_a_screen_has_the_rows_of_the_command_line(
    auditor: FlaskClient, state: TrialState, path: str
):
    page = auditor.get(f"{ROOM}/{path}")
    assert page.status_code == 200
    assert f'href="{ROOM}/{path}.csv"' in page.text
    sent = auditor.get(f"{ROOM}/{path}.csv")
    written = "".join(write_view(VIEWS[path](state), "csv"))
    assert list(csv.reader(io.StringIO(sent.text))) == list(csv.reader(io.StringIO(written)))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("screening", "incomplete"),
        ("screening/flow", "failed screening 1"),
        ("screening/plan", "Lupus nephritis"),
        ("screening/people/PL-003", "Haemoglobin of 2026-02-16 is 101 days old"),
        ("screening/people/PL-002", "missed: snow"),
        ("visits", "OVERDUE"),
        ("visits?show=overdue", "overdue since"),
        ("endpoints/response", "1/2, 50 %"),
        ("endpoints/kinetics", "never measurable"),
        ("endpoints/biomarkers", "Interleukin 6"),
    ],
)
def test_a_screen_says_what_was_recorded(auditor: FlaskClient, path: str, said: str):
    assert said in words_of(auditor.get(f"{ROOM}/{path}"))


def test_visits_go_to_a_calendar_program_as_the_command_line_writes_them(
    auditor: FlaskClient, read_app: Flask, state: TrialState
):
    answer = auditor.get(f"{ROOM}/visits.ics?show=overdue")
    assert answer.content_type == "text/calendar; charset=utf-8"
    overdue = [
        visit
        for name in people_of(state)
        for visit in visits_of(state, name, TODAY)
        if visit.standing == "overdue"
    ]
    at = read_app.extensions["desk"].standing(PLANNED).entries[-1].at
    assert overdue
    assert answer.text == write_ics(state, PLANNED, overdue, plan=PLAN, at=at)


def test_a_picture_is_drawn_once_and_known_again(auditor: FlaskClient):
    page = auditor.get(f"{ROOM}/endpoints/kinetics")
    assert page.text.count("<img ") == 2
    picture = f"{ROOM}/endpoints/kinetics-1.svg"
    first = auditor.get(picture)
    assert first.mimetype == "image/svg+xml"
    again = auditor.get(picture, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert auditor.get(f"{ROOM}/endpoints/kinetics-9.svg").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("screening/people/PL-999", "visits?show=done", "visits?site=Mars", "endpoints/cells"),
        "screening/flow-9.svg",
    ],
)
def test_what_is_not_there_is_not_found(auditor: FlaskClient, path: str):
    assert auditor.get(f"{ROOM}/{path}").status_code == 404


def test_without_a_plan_there_is_no_such_screen_and_none_is_offered(auditor: FlaskClient):
    page = auditor.get(f"/t/{TRIAL}/").text
    for room in ("screening", "visits", "endpoints/"):
        assert f'href="{ROOM}/{room}"' in auditor.get(f"{ROOM}/").text
        assert f'href="/t/{TRIAL}/{room}"' not in page
        assert auditor.get(f"/t/{TRIAL}/{room}").status_code == 404


def test_acts_are_offered_on_a_screen_to_who_may_alone(auditor: FlaskClient, as_reader: AsPerson):
    for path, act in (("screening", "screen"), ("visits", "results"), ("screening/plan", "")):
        there = f'class="button" href="{ROOM}/record/{act}'
        assert (there in as_reader(SITE).get(f"{ROOM}/{path}").text) is bool(act)
        assert there not in auditor.get(f"{ROOM}/{path}").text


def test_somebody_in_screening_is_found_from_every_table(auditor: FlaskClient):
    for path in ("screening", "visits"):
        assert f'href="{ROOM}/screening/people/PL-003"' in auditor.get(f"{ROOM}/{path}").text


MARK = "<script>x</script>"


def test_markup_in_a_plan_is_text_on_every_screen_and_in_every_form(
    read_app: Flask, as_reader: AsPerson, monkeypatch: pytest.MonkeyPatch
):
    named = {
        name: tuple(replace(one, label=f"{one.label}{MARK}") for one in getattr(PLAN, name))
        for name in ("tests", "diseases", "visits")
    }
    asked = tuple(replace(c, text=MARK, flags=(MARK,)) for c in PLAN.criteria)
    plan = replace(PLAN, title=MARK, source=MARK, notes=(MARK,), criteria=asked, **named)
    there = read_app.extensions["desk"].standing(PLANNED)
    state = copy(there.state)
    state.plan, state.plans = plan, [(entry, plan) for entry, _ in there.state.plans]
    monkeypatch.setattr(
        state, "hashes", [*there.state.hashes[:-1], "f" * 64]
    )  # nothing is kept of it
    hostile = replace(there, state=state)
    monkeypatch.setattr(read_app.extensions["desk"], "standing", lambda name: hostile)
    client = as_reader(SITE)
    seen = 0
    forms = ("criteria?subject=PL-003", "results?at=PL-002+W4", "results?at=PL-002", "screen")
    for path in (
        *(path for path in VIEWS if not path.startswith("endpoints")),
        *("screening/plan", "screening/people/PL-003", "screening/people/PL-001"),
        *(f"record/{form}" for form in (*forms, "visit?at=PL-002+W4")),
    ):
        answer = client.get(f"{ROOM}/{path}")
        assert answer.status_code == 200, path
        assert MARK not in answer.text, path
        seen += "&lt;script&gt;" in answer.text
    assert seen > 7
