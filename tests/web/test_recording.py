"""A form is told what would follow, then recorded once, on what was seen."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from escalation.ledger import Ledger
from escalation.trial.demo.script import CHAIR, SITE
from tests.web.conftest import TRIAL, AsPerson
from tests.web.forms import fields_of, words_of


@pytest.fixture
def site(as_person: AsPerson) -> FlaskClient:
    return as_person(SITE)


ENROL = f"/t/{TRIAL}/record/enrol"
FILLED = {"subject": "TJ-040", "weight": "60", "deviation": "the sponsor asked", "look": "y"}


def test_a_form_is_foreseen_then_recorded_once(site: FlaskClient, ledger: Ledger):
    before = len(ledger.entries(TRIAL))
    foreseen = site.post(ENROL, data=fields_of(site.get(ENROL), **FILLED))
    assert "TJ-040 enrolled" in words_of(foreseen)
    assert "Departure:" in words_of(foreseen)
    assert len(ledger.entries(TRIAL)) == before

    sent = fields_of(foreseen, record="y")
    done, again = site.post(ENROL, data=sent), site.post(ENROL, data=sent)
    assert done.status_code == again.status_code == 303
    assert done.location == again.location
    assert len(ledger.entries(TRIAL)) == before + 1
    assert "TJ-040 enrolled" in words_of(site.get(done.location))


def test_what_the_trial_refuses_is_said_and_the_form_stays_filled_in(site: FlaskClient):
    refused = site.post(ENROL, data=fields_of(site.get(ENROL), subject="TJ-040", weight="60"))
    assert refused.status_code == 422
    assert "TJ-040 cannot be enrolled" in words_of(refused)
    assert fields_of(refused)["weight"] == "60"


def test_a_stale_page_is_told_who_was_first_and_what(site: FlaskClient, ledger: Ledger):
    early = fields_of(site.get(ENROL), **FILLED)
    stale = site.post(ENROL, data=early)
    site.post(ENROL, data=fields_of(site.post(ENROL, data=early), record="y"))
    late = site.post(ENROL, data=fields_of(stale, subject="TJ-041", record="y"))
    assert late.status_code == 409
    assert f"by {SITE}" in words_of(late)
    assert "subject enrolled" in words_of(late)


def test_a_request_id_used_for_something_else_is_a_conflict(site: FlaskClient):
    foreseen = site.post(ENROL, data=fields_of(site.get(ENROL), **FILLED))
    sent = fields_of(foreseen, record="y")
    site.post(ENROL, data=sent)
    assert site.post(ENROL, data={**sent, "subject": "TJ-041"}).status_code == 409


def test_who_may_not_record_patients_gets_403(as_person: AsPerson):
    assert as_person(CHAIR).get(ENROL).status_code == 403
    assert as_person("Nobody").get(ENROL).status_code == 403


@pytest.mark.parametrize("typed", ["2026-05-27", "20260527"])
def test_a_day_is_typed_the_same_way_in_every_browser(site: FlaskClient, typed: str):
    form = site.get(ENROL)
    assert 'type="date"' not in form.text  # which shows 05/27/2026 or 27/05/2026
    foreseen = site.post(ENROL, data=fields_of(form, **FILLED, on=typed))
    assert "TJ-040 enrolled on 2026-05-27" in words_of(foreseen)


@pytest.mark.parametrize("typed", ["28.05.2026", "05/28/2026", "2026-5-28", "20260230"])
def test_a_day_that_is_typed_otherwise_is_refused_and_stays(site: FlaskClient, typed: str):
    refused = site.post(ENROL, data=fields_of(site.get(ENROL), **FILLED, on=typed))
    assert refused.status_code == 422
    assert fields_of(refused)["on"] == typed


def test_of_a_patient_who_is_to_be_dosed_the_first_thing_offered_is_the_dose(site: FlaskClient):
    foreseen = site.post(ENROL, data=fields_of(site.get(ENROL), **FILLED))
    site.post(ENROL, data=fields_of(foreseen, record="y"))
    for page in (f"/t/{TRIAL}/patients/TJ-040", f"/t/{TRIAL}/"):
        offered = re.findall(r"/record/([a-z-]+)\?subject=TJ-040", site.get(page).text)
        assert offered[0] == "dose", page
