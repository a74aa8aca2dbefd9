"""One's own account: what is changed only by who proves who they are, and ends other sessions."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from escalation.trial.demo.script import CHAIR
from escalation.web.accounts.book import Book
from escalation.web.accounts.gate import AccountsGate
from tests.web.accounts.conftest import Person, totp
from tests.web.conftest import TRIAL
from tests.web.forms import fields_of, words_of

Member = Callable[[str], Person]
NEW = "nine grey geese over the weir"


def test_a_new_password_ends_other_sessions_and_renews_this_one(
    member: Member, accounts_app: Flask
):
    chair = member(CHAIR)
    phone = Person(accounts_app.test_client(), chair.clock, chair.login, chair.secret)
    phone.sign_in()
    before = chair.browser.get_cookie("__Host-escalation").value
    given = {"password": chair.password, "new": NEW, "again": NEW, "code": chair.next_code()}
    done = chair.post("/account/password", **given)
    assert done.status_code == 303
    assert "your other sessions have ended" in words_of(chair.browser.get(done.location))
    assert chair.browser.get_cookie("__Host-escalation").value != before
    assert phone.browser.get("/account").status_code == 303
    assert phone.sign_in().status_code == 401
    phone.password = NEW
    assert phone.sign_in().status_code == 303


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"password": "not this one"}, 401, "is not right"),
        ({"code": "000000"}, 401, "is not right"),
        ({"new": "short", "again": "short"}, 422, "at least 15"),
        ({"new": "zhao lan zhao lan", "again": "zhao lan zhao lan"}, 422, "easy to guess"),
        ({"again": "another"}, 422, "not the same"),
        ({"new": ""}, 422, "this is needed"),
    ],
    ids=str,
)
def test_a_password_that_is_not_changed_stays(
    member: Member, changed: dict[str, str], status: int, said: str
):
    chair = member(CHAIR)
    given = {"password": chair.password, "new": NEW, "again": NEW, "code": chair.next_code()}
    refused = chair.post("/account/password", **given | changed)
    assert refused.status_code == status
    assert said in words_of(refused)
    assert chair.sign_in(code=given["code"]).status_code == 303  # which is not used up


def test_another_authenticator_has_to_show_a_code_of_its_own(member: Member, book: Book):
    chair = member(CHAIR)
    page = chair.browser.get("/account/authenticator")
    secret = re.search(r"Secret: <code>([^<]+)", page.text)[1]
    assert chair.browser.get("/account/authenticator/secret.svg").status_code == 200
    proof = {"password": chair.password, "old_code": chair.next_code()}
    wrong = chair.browser.post("/account/authenticator", data=fields_of(page, **proof, code="1"))
    assert wrong.status_code == 422
    proof["old_code"] = chair.next_code()
    code = totp(secret, chair.clock().timestamp())
    done = chair.browser.post("/account/authenticator", data=fields_of(page, **proof, code=code))
    assert done.status_code == 303
    assert chair.sign_in().status_code == 401  # the old one
    chair.secret = secret
    assert chair.sign_in(code=code).status_code == 401  # used to show that it works
    assert chair.sign_in().status_code == 303
    assert "authenticator-changed" in [one.kind for one in book.journal.read()]
    assert chair.browser.get("/account/authenticator/secret.svg").status_code == 404


def test_new_recovery_codes_take_the_place_of_the_old(member: Member):
    chair = member(CHAIR)
    old = chair.codes[0]
    given = {"password": chair.password, "code": chair.codes[1]}
    done = chair.post("/account/recovery-codes", **given)
    new = re.findall(r"<li><code>([^<]+)", done.text)
    assert len(set(new) - set(chair.codes)) == 10
    assert chair.sign_in(code=old).status_code == 401
    assert chair.sign_in(code=new[0]).status_code == 303
    assert "9 are left" in words_of(chair.browser.get("/account"))


def test_the_account_shows_who_one_is_where_and_what_happened(member: Member):
    chair = member(CHAIR)
    chair.sign_in(code="000000")
    words = words_of(chair.browser.get("/account"))
    assert f"In trial {TRIAL} you are {CHAIR}" in words
    assert "zhao.lan could not be signed in" in words


def test_all_other_sessions_can_be_ended_and_this_one_only_by_signing_out(
    member: Member, accounts_app: Flask
):
    chair = member(CHAIR)
    phone = Person(accounts_app.test_client(), chair.clock, chair.login, chair.secret)
    phone.sign_in()
    page = phone.browser.get("/account")
    this = chair.browser.get("/account")
    own = set(re.findall(r'value="([0-9a-f]{64})"', page.text))
    mine = next(iter(own))
    refused = chair.browser.post("/account/sessions/end", data={**fields_of(this), "session": mine})
    assert refused.status_code == 400
    chair.browser.post("/account/sessions/end", data={**fields_of(this), "session": "others"})
    assert phone.browser.get("/account").status_code == 303
    assert chair.browser.get("/account").status_code == 200


# ---------------------------------------------------------------- signing


def test_signing_asks_for_password_and_an_unused_code(
    member: Member, accounts_app: Flask, book: Book
):
    chair = member(CHAIR)
    gate: AccountsGate = accounts_app.extensions["gate"]
    assert [proof.name for proof in gate.proofs()] == ["password", "code"]

    def disprove(**given: str) -> str | None:
        cookie = chair.browser.get_cookie("__Host-escalation").value
        headers = {"Cookie": f"__Host-escalation={cookie}"}
        with accounts_app.test_request_context("/", headers=headers):
            return gate.disprove(gate.identify(), given)

    code = chair.next_code()
    assert disprove(password=chair.password, code=code) is None
    assert "is not right" in disprove(password=chair.password, code=code)  # replayed
    assert "is not right" in disprove(password=chair.password)
    assert "is not right" in disprove(code=chair.next_code())
    for _ in range(2):
        disprove(password="not this one", code=chair.next_code())  # noqa: S106
    assert "too many" in disprove(password=chair.password, code=chair.next_code())
    assert [one.kind for one in book.journal.read()][-2:] == ["proof-failed", "locked-out"]
    assert chair.sign_in().status_code == 429  # the same count


def test_who_has_no_session_proves_nothing(accounts_app: Flask):
    gate: AccountsGate = accounts_app.extensions["gate"]
    with accounts_app.test_request_context("/"):
        assert "Sign in again" in gate.disprove(None, {})
