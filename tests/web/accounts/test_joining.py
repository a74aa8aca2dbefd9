"""An invitation makes an account or binds one that is there: once, within 72 hours, as one name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from escalation.ledger import Ledger
from escalation.tracker import Tracker
from escalation.trial import Recorder
from escalation.trial.demo.script import CHAIR, OFFICE, SITE
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Role
from escalation.trial.office import delegate_role, revoke_role
from escalation.web.accounts.book import Book
from tests.web.accounts.clock import Clock
from tests.web.accounts.conftest import PASSWORD, Person
from tests.web.conftest import NOW, TRIAL
from tests.web.forms import fields_of, words_of

Member = Callable[[str], Person]
Newcomer = Callable[[str], Person]


def invite(chair: Person, name: str) -> str:
    """Have the chair invite somebody; return the path of the link."""
    page = chair.browser.get(f"/t/{TRIAL}/accounts")
    done = chair.browser.post(f"/t/{TRIAL}/accounts/invite", data={**fields_of(page), "name": name})
    return re.search(r"<code>http://localhost(/join/[\w-]{43}/)</code>", done.text)[1]


def test_who_may_delegate_invites_and_whoever_has_the_link_becomes_that_person(
    member: Member, newcomer: Newcomer
):
    chair, site = member(CHAIR), newcomer("lin.mei@site.example")
    link = invite(chair, SITE)
    page = site.browser.get(link)
    assert f"invites you as {SITE} in trial {TRIAL}" in words_of(page)
    done = site.join(link)
    assert "shown now and never again" in words_of(done)
    assert len(set(site.codes)) == 10
    assert re.search(rf'class="who">\s*<span>{site.login}', done.text)
    assert site.browser.get(f"/t/{TRIAL}/record/enrol").status_code == 200
    assert "lin.mei@site.example" in words_of(chair.browser.get(f"/t/{TRIAL}/accounts"))
    assert site.sign_in().status_code == 303


def test_the_link_is_good_once(member: Member, newcomer: Newcomer):
    link = invite(member(CHAIR), SITE)
    newcomer("first").join(link)
    late = newcomer("second").browser.get(link)
    assert late.status_code == 410
    assert "Ask whoever gave it to you" in words_of(late)


def test_the_link_is_good_for_72_hours(member: Member, newcomer: Newcomer, clock: Clock):
    link = invite(member(CHAIR), SITE)
    clock.move(hours=71.9)
    assert newcomer("x").browser.get(link).status_code == 200
    clock.move(hours=0.1)
    assert newcomer("x").browser.get(link).status_code == 410
    assert newcomer("x").browser.get("/join/guessed/").status_code == 410
    assert newcomer("x").browser.get("/join/guessed/secret.svg").status_code == 410


def test_a_new_link_voids_the_one_before(member: Member, newcomer: Newcomer):
    chair = member(CHAIR)
    first, second = invite(chair, SITE), invite(chair, SITE)
    assert newcomer("x").browser.get(first).status_code == 410
    assert newcomer("x").browser.get(second).status_code == 200


def test_only_people_of_the_trial_are_invited_and_only_by_who_may_delegate(member: Member):
    chair, site = member(CHAIR), member(SITE)
    page = chair.browser.get(f"/t/{TRIAL}/accounts")
    sent = {**fields_of(page), "name": "Mallory"}
    assert chair.browser.post(f"/t/{TRIAL}/accounts/invite", data=sent).status_code == 400
    again = {**sent, "name": SITE}
    assert chair.browser.post(f"/t/{TRIAL}/accounts/invite", data=again).status_code == 422
    assert site.browser.get(f"/t/{TRIAL}/accounts").status_code == 403
    token = fields_of(site.browser.get("/account"))
    for path in ("invite", "end"):
        refused = site.browser.post(f"/t/{TRIAL}/accounts/{path}", data=token)
        assert refused.status_code == 403


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "short", "again": "short"}, "at least 15 are needed"),
        ({"password": "x" * 257, "again": "x" * 257}, "at most 256 are taken"),
        ({"password": "password123456789", "again": "password123456789"}, "easy to guess"),
        ({"password": "lin.mei.lin.mei", "again": "lin.mei.lin.mei"}, "easy to guess"),
        ({"again": "another one entirely"}, "The two passwords are not the same"),
        ({"code": "000000"}, "not the code that the authenticator shows now"),
        ({"code": ""}, "Code: this is needed"),
        ({"login": "a b"}, "A login has 3 to 80"),
        ({"login": "<b>x</b>"}, "A login has 3 to 80"),
        ({"login": "ZHAO.LAN"}, "This login is taken"),
    ],
    ids=str,
)
def test_what_is_not_taken_is_said_and_the_link_stays_good(
    member: Member, newcomer: Newcomer, book: Book, changed: dict[str, str], said: str
):
    link = invite(member(CHAIR), SITE)
    site = newcomer("lin.mei")
    page = site.browser.get(link)
    site.secret = re.search(r"Secret: <code>([^<]+)", page.text)[1]
    given = {"login": site.login, "password": PASSWORD, "again": PASSWORD, "code": site.code()}
    refused = site.browser.post(link, data=fields_of(page, **given | changed))
    assert refused.status_code == 422
    assert said in words_of(refused)
    assert PASSWORD not in refused.text
    assert [one.name for one in book.bindings_in(TRIAL)] == [CHAIR]
    assert site.join(link).status_code == 200


def test_the_secret_is_a_picture_from_here(member: Member, newcomer: Newcomer):
    link = invite(member(CHAIR), SITE)
    page = newcomer("x").browser.get(link)
    (source,) = re.findall(r'<img[^>]* src="([^"]+)"', page.text)
    picture = newcomer("x").browser.get(source)
    assert picture.content_type == "image/svg+xml"
    assert picture.text.lstrip().startswith("<?xml")
    assert "default-src 'none'" in picture.headers["Content-Security-Policy"]


def test_whoever_has_looked_at_the_link_does_not_know_the_secret(
    member: Member, newcomer: Newcomer
):
    """Neither a scanner nor the chair who handed it over."""
    chair, site = member(CHAIR), newcomer("lin.mei")
    link = invite(chair, SITE)
    seen = re.search(r"Secret: <code>([^<]+)", chair.browser.get(link).text)[1]
    assert site.join(link).status_code == 200
    assert site.secret != seen


def other_trial(ledger: Ledger) -> None:
    """Record the demo's first steps again as another trial: OFFICE registers, CHAIR chairs."""
    from escalation.protocol import load_protocol

    tracker = Tracker(ledger, "SECOND")
    steps = list(STAR_T.steps(load_protocol(STAR_T.protocol)))[:3]
    for number, (command, recorder) in enumerate(steps):
        tracker.record(command, recorder, request_id=f"s-{number}", new=number == 0)


def test_an_account_that_is_there_is_bound_by_signing_in(
    member: Member, newcomer: Newcomer, book: Book, ledger: Ledger
):
    other_trial(ledger)
    chair, office = member(CHAIR), member(OFFICE)
    link = f"/join/{book.invite(CHAIR, trial='SECOND', by=office.login)}/"
    assert chair.browser.get("/t/SECOND/").status_code == 404
    path = f"{link}with-account"
    page = chair.browser.get(path)
    wrong = {"login": chair.login, "password": PASSWORD, "code": "000000"}
    assert chair.browser.post(path, data=fields_of(page, **wrong)).status_code == 401
    assert chair.browser.get("/t/SECOND/").status_code == 404
    right = {**wrong, "code": chair.next_code()}
    assert chair.browser.post(path, data=fields_of(page, **right)).status_code == 303
    assert {(one.trial, one.name) for one in book.bindings_of(_account(book, chair))} == {
        ("SECOND", CHAIR),
        (TRIAL, CHAIR),
    }
    assert chair.browser.get(path).status_code == 410
    assert newcomer("x").browser.get(link).status_code == 410


def _account(book: Book, person: Person) -> str:
    return next(one.account for one in book.bindings_in(TRIAL) if one.login == person.login)


def test_nobody_is_two_people_in_a_trial_and_no_name_has_two_accounts(
    member: Member, newcomer: Newcomer, book: Book
):
    chair = member(CHAIR)
    path = f"/join/{book.invite(SITE, trial=TRIAL, by='office')}/with-account"
    given = {"login": chair.login, "password": PASSWORD, "code": chair.next_code()}
    refused = chair.browser.post(path, data=fields_of(chair.browser.get(path), **given))
    assert refused.status_code == 422
    assert "nobody is two people" in words_of(refused)
    twice = newcomer("other").join(f"/join/{book.invite(CHAIR, trial=TRIAL, by='office')}/")
    assert twice.status_code == 422
    assert "Whoever delegates roles there ends it first" in words_of(twice)


def test_the_first_link_binds_to_every_trial_that_the_person_leads(
    newcomer: Newcomer, book: Book, ledger: Ledger
):
    other_trial(ledger)
    for name, login in ((OFFICE, "wu.jing"), (CHAIR, "zhao.lan")):
        person = newcomer(login)
        person.join(f"/join/{book.invite(name, trial=None, by='nobody')}/")
        home = words_of(person.browser.get("/"))
        assert TRIAL in home
        assert "SECOND" in home
    assert {one.name for one in book.bindings_in("SECOND")} == {OFFICE, CHAIR}


def test_what_was_bound_can_be_ended_and_the_next_request_is_turned_away(
    member: Member, book: Book
):
    chair, site = member(CHAIR), member(SITE)
    assert site.browser.get(f"/t/{TRIAL}/").status_code == 200
    page = chair.browser.get(f"/t/{TRIAL}/accounts")
    binding = next(one.id for one in book.bindings_in(TRIAL) if one.name == SITE)
    chair.browser.post(f"/t/{TRIAL}/accounts/end", data={**fields_of(page), "binding": binding})
    assert site.browser.get(f"/t/{TRIAL}/").status_code == 303  # its sessions have ended too
    assert book.journal.read()[-1].kind == "binding-ended"
    site.sign_in()
    assert site.browser.get(f"/t/{TRIAL}/").status_code == 404
    assert site.browser.get("/account").status_code == 200
    assert invite(chair, SITE)


def test_who_may_delegate_ends_the_sessions_of_a_person_who_can_sign_in_again(
    member: Member, book: Book
):
    chair, site = member(CHAIR), member(SITE)
    page = chair.browser.get(f"/t/{TRIAL}/accounts")
    assert f'aria-label="Sign {SITE} out everywhere"' in page.text
    binding = next(one.id for one in book.bindings_in(TRIAL) if one.name == SITE)
    sent = {"csrf_token": fields_of(page)["csrf_token"], "sessions": binding}
    chair.browser.post(f"/t/{TRIAL}/accounts/end", data=sent)
    assert site.browser.get(f"/t/{TRIAL}/").status_code == 303
    assert chair.browser.get(f"/t/{TRIAL}/").status_code == 200
    assert book.journal.read()[-1].text == f"{chair.login} ended every session of {SITE}"
    site.sign_in()
    assert site.browser.get(f"/t/{TRIAL}/").status_code == 200


def test_nobody_ends_what_is_bound_in_another_trial(member: Member, book: Book, ledger: Ledger):
    other_trial(ledger)
    chair = member(CHAIR)
    elsewhere = member(OFFICE)
    account = book.account(_account(book, elsewhere))
    book.bind(book.invite(OFFICE, trial="SECOND", by="x"), [("SECOND", OFFICE)], account)
    (binding,) = book.bindings_in("SECOND")
    page = chair.browser.get(f"/t/{TRIAL}/accounts")
    sent = {**fields_of(page), "binding": binding.id}
    chair.browser.post(f"/t/{TRIAL}/accounts/end", data=sent)
    assert book.bindings_in("SECOND") == [binding]


def record(ledger: Ledger, command: Callable[..., object], **given: object) -> None:
    Tracker(ledger, TRIAL).record(
        lambda state, recorder: command(state, recorder, **given),
        Recorder(name=OFFICE, on=STAR_T.day, at=NOW),
        request_id=str(given),
    )


def test_a_revoked_role_is_felt_at_the_next_request(member: Member, ledger: Ledger):
    site = member(SITE)
    form = f"/t/{TRIAL}/record/enrol"
    assert site.browser.get(form).status_code == 200
    before = site.browser.get_cookie("__Host-escalation").value
    record(ledger, revoke_role, person=SITE, role=Role.SITE, reason="left")
    assert site.browser.get(form).status_code == 403
    record(ledger, delegate_role, person=SITE, role=Role.SITE)
    assert site.browser.get(form).status_code == 200
    assert site.browser.get_cookie("__Host-escalation").value != before


def test_a_trial_that_one_is_not_bound_in_is_not_there(
    member: Member, ledger: Ledger, accounts_app: Flask
):
    other_trial(ledger)
    chair = member(CHAIR)
    missing, foreign = chair.browser.get("/t/NONE/"), chair.browser.get("/t/SECOND/")
    assert missing.status_code == foreign.status_code == 404
    assert missing.text.replace("NONE", "") == foreign.text.replace("SECOND", "")


def test_the_screen_lists_what_happened_to_the_trials_accounts(member: Member):
    chair, site = member(CHAIR), member(SITE)
    site.sign_in(code="000000")
    words = words_of(chair.browser.get(f"/t/{TRIAL}/accounts"))
    assert "lin.mei could not be signed in" in words
    assert f"lin.mei is known in the trial as {SITE}" in words
