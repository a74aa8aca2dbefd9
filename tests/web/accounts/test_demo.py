"""Whoever opens the demonstration chooses who they are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from escalation.ledger import Ledger
from escalation.trial.demo.script import CHAIR, OFFICE, SITE
from escalation.trial.demo.star_t import STAR_T
from escalation.web.app import create_app
from escalation.web.demo import DemoGate, clock_of
from escalation.web.settings import Settings
from tests.web.accounts.clock import Clock
from tests.web.conftest import NOW, TRIAL
from tests.web.forms import fields_of, words_of


@pytest.fixture
def browser(ledger: Ledger) -> FlaskClient:
    settings = Settings(db="the demonstration", secret=b"only for tests", demo=True)
    app: Flask = create_app(settings, ledger, DemoGate(TRIAL), clock=lambda: NOW)
    return app.test_client()


def act_as(browser: FlaskClient, name: str, path: str = "/act-as"):
    sent = {key: value for key, value in fields_of(browser.get(path)).items() if key != "person"}
    return browser.post(path, data={**sent, "person": name})


def test_the_first_page_offers_the_trials_people_and_goes_on_where_one_wanted(
    browser: FlaskClient,
):
    sent = browser.get(f"/t/{TRIAL}/log?x=1")
    assert sent.status_code == 303
    page = browser.get(sent.location)
    for name in (CHAIR, SITE, OFFICE):
        assert name in words_of(page)
    assert "Demonstration" in page.text
    assert act_as(browser, SITE, sent.location).location == f"/t/{TRIAL}/log?x=1"
    assert browser.get(f"/t/{TRIAL}/record/enrol").status_code == 200


def test_one_can_become_somebody_else(browser: FlaskClient):
    act_as(browser, SITE)
    act_as(browser, CHAIR)
    assert browser.get(f"/t/{TRIAL}/record/enrol").status_code == 403


def test_nobody_who_is_not_in_the_trial_can_be_chosen(browser: FlaskClient):
    assert act_as(browser, "Mallory").status_code == 400
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize(
    "path", ["//evil.example/", "https://evil.example", "/\\evil.example", "/%0d%0a", "x", "/ä"]
)
def test_one_is_sent_on_to_this_site_only(browser: FlaskClient, path: str):
    on = act_as(browser, SITE, f"/act-as?next={path}").location
    assert on in ("/", "/%0d%0a")


def test_the_clock_is_set_to_the_demos_day_and_runs_on():
    clock = Clock(NOW + timedelta(days=400, hours=3))
    moved = clock_of(STAR_T, clock)
    assert moved() == NOW
    clock.move(minutes=2)
    assert moved() == NOW + timedelta(minutes=2)
