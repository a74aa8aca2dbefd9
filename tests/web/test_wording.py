"""The page speaks to people at a ward or a table: no commands, no options, nobody led astray."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from flask.testing import FlaskClient

from escalation.trial.demo.script import CHAIR, SITE, STATISTICIAN
from tests.web.conftest import TRIAL
from tests.web.forms import fields_of, words_of
from tests.web.people import REGISTRAR

AsPerson = Callable[[str], FlaskClient]


def test_a_reason_that_names_a_command_is_shown_without_it(as_person: AsPerson) -> None:
    site = as_person(SITE)
    event = f"/t/{TRIAL}/record/event?subject=TJ-008"
    said = {"term": "hepatitis", "started": "2026-05-20", "grade": "3", "relation": "possible"}
    foreseen = site.post(event, data=fields_of(site.get(event), look="y", **said))
    assert site.post(event, data=fields_of(foreseen, record="y")).status_code == 303
    outcome = f"/t/{TRIAL}/record/outcome?subject=TJ-008"
    refused = site.post(outcome, data=fields_of(site.get(outcome), outcome="no-dlt", look="y"))
    assert refused.status_code == 422
    assert 'has to be adjudicated before "no DLT" can be said.' in unescape(words_of(refused))
    assert "trial adjudicate" not in refused.text


def test_what_a_person_wrote_stays_as_it_was_written(as_person: AsPerson) -> None:
    site = as_person(SITE)
    hold = f"/t/{TRIAL}/record/hold"
    reason = "see (trial of Smith 2020) and --sheet 2 (solo is true)"
    foreseen = site.post(hold, data=fields_of(site.get(hold), reason=reason, look="y"))
    assert reason in words_of(foreseen)


def test_an_import_names_the_fields_of_the_page_and_no_option(as_person: AsPerson) -> None:
    page = as_person(SITE).get(f"/t/{TRIAL}/record/import")
    assert not re.search(r"--[a-z]", words_of(page))


def test_no_form_of_a_calculation_speaks_of_options_of_a_shell(as_person: AsPerson) -> None:
    person = as_person(SITE)
    for name in ("decide", "simulate", "compare"):
        assert not re.search(r"\(?--[a-z]", words_of(person.get(f"/{name}")))
    refused = person.get("/decide?outcomes=1NNN+3NNN", follow_redirects=True)
    assert refused.status_code == 400
    assert '"Answer also where the rule would not have led there"' in unescape(words_of(refused))


def test_the_only_chair_is_told_before_recording_what_nobody_else_could_approve(
    as_person: AsPerson,
) -> None:
    address = f"/t/{TRIAL}/record/decide"
    for name, is_told in ((CHAIR, True), (STATISTICIAN, False)):
        person = as_person(name)
        chosen = {"choice": "level", "level": "1", "number": "3", "rationale": "slow down"}
        foreseen = person.post(address, data=fields_of(person.get(address), look="y", **chosen))
        assert foreseen.status_code == 200
        assert ("Nobody could approve decision 62" in words_of(foreseen)) == is_told


def test_a_trial_that_is_not_there_is_not_found(as_person: AsPerson) -> None:
    assert as_person(CHAIR).get("/t/OTHER/").status_code == 404


def test_doses_to_choose_from_are_written_as_people_write_them(as_person: AsPerson) -> None:
    for act in ("decide", "approve"):
        page = as_person(CHAIR).get(f"/t/{TRIAL}/record/{act}").text
        assert "6×10⁶ cells/kg" in page
        assert "6E6" not in page


def test_a_closed_trial_waits_for_no_decision(as_person: AsPerson) -> None:
    """Oracle: no decision opens a trial again that was closed."""
    chair = as_person(CHAIR)
    address = f"/t/{TRIAL}/record/close"
    foreseen = chair.post(address, data=fields_of(chair.get(address), reason="the end", look="y"))
    assert chair.post(address, data=fields_of(foreseen, record="y")).status_code == 303
    page = words_of(chair.get(f"/t/{TRIAL}/"))
    assert "The trial was closed by entry 62." in page
    assert "decision of the committee" not in page
    assert "only after a decision" not in page
    assert "→ next Is" not in words_of(chair.get(f"/t/{TRIAL}/meeting"))


def test_whoever_registers_a_trial_is_led_to_its_roles(as_person: AsPerson) -> None:
    owner = as_person(REGISTRAR)
    given = {"trial": "TJ-2", "shipped": "nct07123519", "look": "y"}
    foreseen = owner.post("/register", data=fields_of(owner.get("/register"), **given))
    assert owner.post("/register", data=fields_of(foreseen, record="y")).status_code == 303
    meeting = owner.get("/t/TJ-2/meeting")
    assert "Give the roles." in words_of(meeting)
    assert "/t/TJ-2/record/delegate" in meeting.text
