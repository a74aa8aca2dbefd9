"""One person is let in by a link, good once; a session ends by itself; signing asks for a code."""

from __future__ import annotations

import re
from datetime import date
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient

from escalation.ledger import Ledger
from escalation.tracker import Tracker
from escalation.trial import Recorder
from escalation.trial.demo.script import CHAIR
from escalation.trial.events import Role
from escalation.trial.office import delegate_role
from escalation.web.app import create_app
from escalation.web.link import LinkGate
from escalation.web.settings import LOCAL_HOSTS, Settings
from tests.web.accounts.clock import Clock
from tests.web.conftest import NOW, TRIAL
from tests.web.forms import fields_of, words_of


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def gate(said: list[str]) -> LinkGate:
    return LinkGate(CHAIR, said.append)


@pytest.fixture
def app(ledger: Ledger, gate: LinkGate, clock: Clock) -> Flask:
    settings = Settings(db=ledger.name, secret=b"only for tests", hosts=LOCAL_HOSTS)
    return create_app(settings, ledger, gate, clock=clock)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def enter(browser: FlaskClient, link: str, **options: str):
    return browser.post(link, data=fields_of(browser.get(link, **options)), **options)


def cookie(browser: FlaskClient) -> str:
    found = browser.get_cookie("__Host-escalation")
    return "" if found is None else found.value


def test_without_the_link_every_page_leads_to_where_it_is_said(browser: FlaskClient):
    sent = browser.get(f"/t/{TRIAL}/")
    assert (sent.status_code, sent.location) == (303, "/sign-in")
    assert "press Enter in the terminal" in words_of(browser.get("/sign-in"))
    assert browser.post(f"/t/{TRIAL}/record/enrol").status_code == 400  # no token either


def test_looking_at_a_link_does_not_use_it_up_and_pressing_the_button_does(
    browser: FlaskClient, gate: LinkGate, app: Flask
):
    link = gate.new_link()
    for _ in range(3):  # a scanner, a preview
        assert app.test_client().get(link).status_code == 200
        assert app.test_client().head(link).status_code == 200
    assert enter(browser, link).location == "/"
    assert browser.get(f"/t/{TRIAL}/").status_code == 200
    assert browser.get("/t/NONE/").status_code == 404

    second = app.test_client()
    again = second.get(link)
    assert again.status_code == 410
    assert "it prints another" in words_of(again)
    token = fields_of(second.get(gate.new_link()))["csrf_token"]
    assert second.post(link, data={"csrf_token": token}).status_code == 410
    assert second.get("/").location == "/sign-in"


def test_a_link_is_good_for_fifteen_minutes_and_the_last_one_only(
    browser: FlaskClient, gate: LinkGate, clock: Clock
):
    first, link = gate.new_link(), gate.new_link()
    assert browser.get(first).status_code == 410
    clock.move(minutes=14.9)
    page = browser.get(link)
    assert page.status_code == 200
    clock.move(minutes=0.1)
    assert browser.get(link).status_code == 410
    assert browser.post(link, data=fields_of(page)).status_code == 410
    assert browser.get("/enter/guessed").status_code == 410


def test_a_link_without_the_forms_token_is_not_used_up(browser: FlaskClient, gate: LinkGate):
    link = gate.new_link()
    assert browser.post(link).status_code == 400
    assert browser.post(link, data={"csrf_token": "forged"}).status_code == 400
    assert browser.get(link).status_code == 200


def test_the_cookie_is_for_tls_this_host_and_no_script_and_says_nothing(
    browser: FlaskClient, gate: LinkGate
):
    header = enter(browser, gate.new_link()).headers["Set-Cookie"]
    name, _, rest = header.partition("=")
    assert name == "__Host-escalation"
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(rest.split("; "))
    assert "Domain" not in rest
    assert re.fullmatch(r"s\.[\w-]{43}", rest.split(";")[0])  # 32 random bytes


def test_signing_in_gives_an_id_that_nobody_has_seen(
    browser: FlaskClient, gate: LinkGate, app: Flask
):
    """Session fixation: what an attacker had put into the browser is worth nothing afterwards."""
    link = gate.new_link()
    page = browser.get(link)
    planted = cookie(browser)
    browser.post(link, data=fields_of(page))
    assert cookie(browser) != planted
    attacker = app.test_client()
    attacker.set_cookie("__Host-escalation", planted)
    assert attacker.get("/").location == "/sign-in"


@pytest.mark.parametrize("forged", ["s.", "s.guess", "a.e30.bad", "x", "", "s." + "A" * 43])
def test_a_forged_cookie_is_nobody(app: Flask, forged: str):
    browser = app.test_client()
    browser.set_cookie("__Host-escalation", forged)
    assert browser.get("/").location == "/sign-in"


def test_a_session_ends_after_fifteen_idle_minutes(
    browser: FlaskClient, gate: LinkGate, clock: Clock
):
    enter(browser, gate.new_link())
    for _ in range(4):
        clock.move(minutes=14)
        assert browser.get(f"/t/{TRIAL}/").status_code == 200
    clock.move(minutes=15)
    assert browser.get(f"/t/{TRIAL}/").status_code == 303


def test_a_session_ends_after_twelve_hours_however_busy(
    browser: FlaskClient, gate: LinkGate, clock: Clock
):
    enter(browser, gate.new_link())
    for _ in range(71):
        clock.move(minutes=10)
        assert browser.get("/t/x/").status_code != 303
    clock.move(minutes=10)
    assert browser.get(f"/t/{TRIAL}/").status_code == 303


def test_who_signs_out_is_out_also_with_the_cookie_kept(
    browser: FlaskClient, gate: LinkGate, app: Flask
):
    enter(browser, gate.new_link())
    kept = cookie(browser)
    token = fields_of(browser.get(f"/t/{TRIAL}/"))
    assert browser.post("/sign-out").status_code == 400
    assert browser.post("/sign-out", data=token).headers["Clear-Site-Data"] == '"cache", "storage"'
    other = app.test_client()
    other.set_cookie("__Host-escalation", kept)
    assert other.get("/").location == "/sign-in"


def test_the_link_works_below_a_base_path(browser: FlaskClient, gate: LinkGate):
    there = {"base_url": "http://localhost/escalation"}
    assert browser.get("/", **there).location == "/escalation/sign-in"
    assert enter(browser, gate.new_link(), **there).location == "/escalation/"


def test_another_name_is_not_answered(browser: FlaskClient, gate: LinkGate):
    evil = browser.get(gate.new_link(), headers={"Host": "evil.example"})
    assert evil.status_code == 400
    assert "not asked for by that name" in evil.text


def test_signing_asks_for_a_code_that_the_terminal_prints_once(
    gate: LinkGate, said: list[str], clock: Clock, app: Flask
):
    with app.test_request_context():

        def code() -> str:
            gate.proofs()
            return re.search(r"\b\d{6}\b", said[-1])[0]

        first = code()
        assert CHAIR in said[-1]
        assert gate.disprove(None, {"code": first}) is None
        assert "used up" in gate.disprove(None, {"code": first})
        old = code()
        clock.move(minutes=5)
        assert "too old" in gate.disprove(None, {"code": old})
        replaced, last = code(), code()
        if replaced != last:
            assert gate.disprove(None, {"code": replaced}) is not None
        assert gate.disprove(None, {"code": f" {last[:3]} {last[3:]} "}) is None


def test_a_code_cannot_be_guessed_more_than_five_times(gate: LinkGate, said: list[str], app: Flask):
    with app.test_request_context():
        gate.proofs()
        right = re.search(r"\b\d{6}\b", said[-1])[0]
        wrong = "000000" if right != "000000" else "111111"
        for _ in range(5):
            assert "not the code" in gate.disprove(None, {"code": wrong})
        assert "used up" in gate.disprove(None, {"code": right})
        gate.proofs()
        assert "not the code" in gate.disprove(None, {"code": "1234é6"})
        assert gate.disprove(None, {}) is not None


def test_a_change_of_roles_renews_the_id(browser: FlaskClient, gate: LinkGate, ledger: Ledger):
    enter(browser, gate.new_link())
    browser.get(f"/t/{TRIAL}/")
    before = cookie(browser)
    browser.get(f"/t/{TRIAL}/")
    assert cookie(browser) == before
    Tracker(ledger, TRIAL).record(
        partial(delegate_role, person=CHAIR, role=Role.MEMBER),
        Recorder(name=CHAIR, on=date(2026, 5, 28), at=NOW),
        request_id="more",
    )
    assert browser.get(f"/t/{TRIAL}/").status_code == 200
    assert cookie(browser) != before
    assert browser.get(f"/t/{TRIAL}/").status_code == 200
