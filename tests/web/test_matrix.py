"""Role by route: who may open what, written here a second time and by hand."""

from __future__ import annotations

import pytest
from flask import Flask

from escalation.trial.demo.script import (
    ADJUDICATOR,
    AUDITOR,
    CHAIR,
    MEMBER,
    OFFICE,
    SITE,
    STATISTICIAN,
)
from tests.web.conftest import AsPerson
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


def let_in(status: int) -> bool:
    return status not in (401, 403, 404) and status < 500


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_opens_what_is_not_theirs(
    read_app: Flask, as_reader: AsPerson, method: str, monkeypatch: pytest.MonkeyPatch
):
    # a token is asked for before anything: see test_acts_attacked
    monkeypatch.setitem(read_app.config, "WTF_CSRF_ENABLED", False)
    wrong = []
    clients = {role: as_reader(name) for role, name in PEOPLE.items()}
    clients["anonymous"] = read_app.test_client()
    for rule, address in every_address(read_app, method):
        for role, client in clients.items():
            answer = client.open(address, method=method, buffered=True)
            inside = let_in(answer.status_code) and "/sign-in" not in (answer.location or "")
            if inside != (role in allowed(rule.endpoint, address)):
                wrong.append(f"{method} {address} as {role}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def allowed(endpoint: str, address: str) -> set[str]:
    """Return who may open a page, as the trial's rules say it in words."""
    act = address.rpartition("/record/")[2] if "/record/" in address else ""
    if act:
        return ACTS.get(act, set())
    room = endpoint.partition(".")[0]
    return SCREENS.get(endpoint, READERS if room in ROOMS_TO_READ else set())


SIGNED_IN = set(PEOPLE)
ANY_ROLE = READERS - {"owner"}
SCREENS: dict[str, set[str]] = {
    "static": EVERYBODY,
    "health.health": EVERYBODY,
    "health.ready": EVERYBODY,
    "calculations.decide": EVERYBODY,
    "calculations.decide_file": EVERYBODY,
    "calculations.simulate": SIGNED_IN,
    "calculations.compare": SIGNED_IN,
    "calculations.answer_file": SIGNED_IN,
    "calculations.figure": SIGNED_IN,
    "trials.home": SIGNED_IN,
    "registering.fill_in": {"owner"},  # as the tests' gate has it: it is the gate's to say
    "registering.ask": {"owner"},
    "keys.sign": ANY_ROLE,
    "keys.statement": ANY_ROLE,
}
ROOMS_TO_READ = ("trial", "figures", "record", "what_if", "recording", "meeting", "documents")
ROOMS_TO_READ += ("roles", "keys", "screening", "visits", "endpoints")
COMMITTEE = {"chair", "member", "statistician"}
SITES_OWN = (
    *("outcome", "dose", "enrol", "screen-fail", "further", "transfer", "import", "rename"),
    *("event", "crs", "icans", "icaht"),
    *("follow-up", "follow-up-crs", "follow-up-icans", "follow-up-icaht"),
    *("correct", "correct-enrolment", "correct-dosing", "correct-further", "correct-outcome"),
    *("correct-event", "correct-event-crs", "correct-event-icans", "correct-event-icaht"),
    "correct-follow-up",
    *("correct-screening", "correct-results", "correct-visit", "correct-leaving"),
    *("correct-waiver", "screen", "criteria", "waive", "results", "visit", "leave"),
)
ACTS: dict[str, set[str]] = {
    **{act: {"site"} for act in SITES_OWN},
    "adjudicate": {"adjudicator", "chair"},
    "evaluable": {"adjudicator", "chair"},
    "freeze": {"site"},
    "decide": COMMITTEE,
    "vote": {"chair", "member"},
    "propose": COMMITTEE,
    "approve": {"chair"},
    "review": ANY_ROLE,
    "circulate": COMMITTEE,
    "sign-by-key": ANY_ROLE,
    "register-key": {"chair", "owner"},
    "revoke-key": READERS,  # one's own; the command says so of another's
    "delegate": {"chair", "owner"},
    "revoke": {"chair", "owner"},
    "hold": ANY_ROLE,
    "resume": {"chair"},
    "amend": {"chair"},
    "adopt-plan": {"chair"},
    "close": {"chair"},
    "open-site": {"chair"},
}
