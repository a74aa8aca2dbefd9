"""Role by route: who may open what, written here a second time and by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from escalation.trial.demo.script import (
    ADJUDICATOR,
    AUDITOR,
    CHAIR,
    MEMBER,
    OFFICE,
    SITE,
    STATISTICIAN,
)
from tests.web.routes import every_address

PEOPLE = {
    "site": SITE,
    "member": MEMBER,
    "chair": CHAIR,
    "statistician": STATISTICIAN,
    "auditor": AUDITOR,
    "adjudicator": ADJUDICATOR,
    "owner": OFFICE,  # who registered the trial, without a role
    "nobody": "Somebody Else",  # signed in, with no role
}
READERS = {"site", "member", "chair", "statistician", "auditor", "adjudicator", "owner"}
WITH_A_ROLE = READERS - {"owner"}
EVERYBODY = {*PEOPLE, "anonymous"}

AsPerson = Callable[[str], FlaskClient]


def let_in(status: int) -> bool:
    return status not in (401, 403, 404) and status < 500


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_opens_what_is_not_theirs(app: Flask, as_person: AsPerson, method: str):
    app.config["WTF_CSRF_ENABLED"] = False  # a token is asked for before anything: see test_csrf
    wrong = []
    for rule, address in every_address(app, method):
        for role in EVERYBODY:
            client = app.test_client() if role == "anonymous" else as_person(PEOPLE[role])
            answer = client.open(address, method=method, buffered=True)
            inside = let_in(answer.status_code) and "/sign-in" not in (answer.location or "")
            if inside != (role in allowed(rule.endpoint, address)):
                wrong.append(f"{method} {address} as {role}: {answer.status_code}")
    assert wrong == []


def allowed(endpoint: str, address: str) -> set[str]:
    """Return who may open a page, as the trial's rules say it in words."""
    act = address.rpartition("/record/")[2] if "/record/" in address else ""
    if act:
        return ACTS[act]
    return SCREENS[endpoint]


SCREENS: dict[str, set[str]] = {
    "static": EVERYBODY,
    "trials.home": set(PEOPLE),
    "trial.status": READERS,
    "trial.log": READERS,
    "recording.choose": READERS,
    "recording.recorded": READERS,
    # the committee's room
    "meeting.show": READERS,
    "documents.packet": READERS,
    "documents.packet_file": READERS,
    "documents.packet_figure": READERS,
    "documents.minutes": READERS,
    "documents.minutes_file": READERS,
    "documents.minutes_figure": READERS,
    "documents.log_csv": READERS,
    "documents.patients_csv": READERS,
    "keys.show": READERS,
    "keys.sign": WITH_A_ROLE,
    "keys.statement": WITH_A_ROLE,
    "roles.show": READERS,
    "registering.fill_in": {"owner"},  # as the tests' gate has it: it is the gate's to say
    "registering.ask": {"owner"},
}
ACTS: dict[str, set[str]] = {
    "enrol": {"site"},
    # the committee's room
    "freeze": {"site"},
    "decide": {"chair", "member", "statistician"},
    "vote": {"chair", "member"},
    "propose": {"chair", "member", "statistician"},
    "approve": {"chair"},
    "review": WITH_A_ROLE,
    "circulate": {"chair", "member", "statistician"},
    "sign-by-key": WITH_A_ROLE,
    "register-key": {"chair", "owner"},
    "revoke-key": READERS,  # one's own
    "delegate": {"chair", "owner"},
    "revoke": {"chair", "owner"},
    "hold": WITH_A_ROLE,
    "resume": {"chair"},
    "amend": {"chair"},
    "close": {"chair"},
}
