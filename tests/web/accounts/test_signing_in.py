"""Who signs in with an account: password and code, five failures, sessions, and what is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from escalation.errors import EscalationError
from escalation.trial.demo.script import CHAIR, SITE
from escalation.web.accounts.book import Book
from tests.web.accounts.clock import Clock
from tests.web.accounts.conftest import PASSWORD, Person, totp
from tests.web.conftest import TRIAL
from tests.web.forms import fields_of, words_of

Member = Callable[[str], Person]
WRONG = "The login, the password or the code is not right."
MANY = "There were too many failures"


def cookie(person: Person) -> str:
    found = person.browser.get_cookie("__Host-escalation")
    return "" if found is None else found.value


def is_in(person: Person) -> bool:
    return person.browser.get(f"/t/{TRIAL}/").status_code == 200


def kinds(book: Book) -> list[str]:
    return [one.kind for one in book.journal.read()]


def test_the_test_s_own_codes_are_those_of_rfc_6238():
    """Appendix B, SHA-1, the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105  # "12345678901234567890"
    published = {59: "287082", 1111111109: "081804", 2000000000: "279037", 20000000000: "353130"}
    assert {at: totp(secret, at) for at in published} == published


def test_who_has_password_and_code_is_let_in_and_led_back(member: Member, accounts_app: Flask):
    chair = member(CHAIR)
    other = accounts_app.test_client()
    sent = other.get(f"/t/{TRIAL}/log")
    assert sent.status_code == 303
    page = other.get(sent.location)
    given = {"login": " ZHAO.lan ", "password": PASSWORD, "code": chair.next_code()}
    done = other.post(sent.location, data=fields_of(page, **given))
    assert (done.status_code, done.location) == (303, f"/t/{TRIAL}/log")
    assert CHAIR in other.get(f"/t/{TRIAL}/log").text


@pytest.mark.parametrize(
    "changed",
    [
        {"password": "another sentence of some length"},
        {"code": "000000"},
        {"code": "12345"},
        {"code": "abcd-efgh-jkmn-pqrs"},
        {"login": "nobody.here"},
        {"password": "x" * 999},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_is_wrong_is_not_said(member: Member, changed: dict[str, str]):
    """Neither which of the three it is, nor whether there is such an account."""
    chair = member(CHAIR)
    refused = chair.sign_in(chair.browser.application.test_client(), **changed)
    assert refused.status_code == 401
    assert WRONG in words_of(refused)


def without_what_differs(response: TestResponse) -> str:
    return re.sub(r'value="[^"]*"', "", response.text)


def test_pages_are_the_same_whether_there_is_such_an_account(member: Member, accounts_app: Flask):
    chair, stranger = member(CHAIR), accounts_app.test_client()
    for failures in range(7):
        known = chair.sign_in(stranger, password="not this one")  # noqa: S106
        unknown = chair.sign_in(stranger, login="no.such.login", password="not this one")  # noqa: S106
        assert known.status_code == unknown.status_code == (401 if failures < 5 else 429)
        assert without_what_differs(known) == without_what_differs(unknown)


def test_the_same_is_computed_whether_there_is_such_an_account(
    member: Member, book: Book, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    chair = member(CHAIR)
    hold, count = book._passwords.holds, book.authenticator.counter_of
    monkeypatch.setattr(
        book._passwords, "holds", lambda *given: [asked.append("argon2"), hold(*given)][1]
    )
    monkeypatch.setattr(
        book.authenticator, "counter_of", lambda *given: [asked.append("totp"), count(*given)][1]
    )
    for login in ("zhao.lan", "no.such.login"):
        chair.sign_in(login=login, password="not this one")  # noqa: S106
    assert asked == ["argon2", "totp"] * 2


def test_a_code_is_good_once(member: Member, accounts_app: Flask):
    chair = member(CHAIR)
    code = chair.next_code()
    assert chair.sign_in(code=code).status_code == 303
    assert chair.sign_in(accounts_app.test_client(), code=code).status_code == 401


def test_a_code_from_before_the_last_one_is_no_longer_good(member: Member):
    chair = member(CHAIR)
    chair.clock.move(seconds=90)
    old = chair.code(-1)
    assert chair.sign_in(code=chair.code()).status_code == 303
    assert chair.sign_in(code=old).status_code == 401


def test_a_clock_that_is_a_step_wrong_is_forgiven_and_two_are_not(member: Member):
    chair = member(CHAIR)
    chair.clock.move(minutes=10)
    assert chair.sign_in(code=chair.code(-2)).status_code == 401
    chair.clock.move(minutes=10)
    assert chair.sign_in(code=chair.code(+2)).status_code == 401
    assert chair.sign_in(code=chair.code(-1)).status_code == 303


def test_after_five_failures_the_right_password_does_not_help_for_fifteen_minutes(
    member: Member, book: Book, accounts_app: Flask
):
    chair, other = member(CHAIR), accounts_app.test_client()
    for _ in range(5):
        assert chair.sign_in(other, code="000000").status_code == 401
    locked = chair.sign_in(other)
    assert locked.status_code == 429
    assert MANY in words_of(locked)
    assert is_in(chair)  # a session that is there goes on: a stranger cannot end it
    assert kinds(book).count("locked-out") == 1
    chair.clock.move(minutes=12)
    assert chair.sign_in(other).status_code == 429  # 14.5 minutes and less since the first
    chair.clock.move(minutes=2)
    assert chair.sign_in(other).status_code == 303


def test_failures_far_apart_or_before_a_success_do_not_add_up(member: Member):
    chair = member(CHAIR)
    for _ in range(4):
        chair.sign_in(code="000000")
    assert chair.sign_in().status_code == 303
    for _ in range(9):
        assert chair.sign_in(code="000000").status_code == 401
        chair.clock.move(minutes=5)


def test_many_failures_from_one_address_lock_it_whatever_the_login(member: Member):
    chair = member(CHAIR)
    chair.clock.move(minutes=2)
    for number in range(50):
        chair.sign_in(login=f"guess{number}", code="1")
    assert chair.sign_in().status_code == 429
    elsewhere = chair.browser.application.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert chair.sign_in(elsewhere).status_code == 303


def test_a_recovery_code_is_good_once_however_it_is_typed(member: Member, book: Book):
    chair = member(CHAIR)
    assert len(chair.codes) == 10
    typed = chair.codes[3].upper().replace("-", " ")
    assert chair.sign_in(code=typed).status_code == 303
    assert chair.sign_in(code=typed).status_code == 401
    assert "recovery-code-used" in kinds(book)
    site = member(SITE)
    assert site.sign_in(code=chair.codes[4]).status_code == 401  # another's


def test_nothing_that_lets_somebody_in_is_kept_or_written_down(
    member: Member, book: Book, tmp_path: Path
):
    chair = member(CHAIR)
    code = chair.next_code()
    chair.sign_in(code=code)
    chair.sign_in(login=PASSWORD)  # typed into the wrong field
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("trials.*"))
    session = cookie(chair).removeprefix("s.")
    for secret in (PASSWORD, session, chair.secret.replace("-", ""), *chair.codes):
        assert secret.encode() not in kept
    for file in tmp_path.glob("trials.*"):
        assert file.stat().st_mode & 0o077 == 0
    written = repr(book.journal.read()) + repr(book.journal._entries)
    assert PASSWORD not in written
    assert f'"{code}"' not in written
    assert "Failure" not in written


def test_what_happens_is_written_in_order(member: Member, book: Book):
    chair = member(CHAIR)
    chair.sign_in(code="000000")
    chair.sign_in(login="no.such.login")
    chair.sign_in()
    chair.browser.post("/sign-out", data=fields_of(chair.browser.get(f"/t/{TRIAL}/")))
    assert kinds(book) == [
        "journal-begun",
        "invited",
        "account-made",
        "bound",
        "sign-in-failed",
        "sign-in-failed",
        "signed-in",
        "signed-out",
    ]
    assert [one.by for one in book.journal.read()][4:6] == ["zhao.lan", "nobody"]
    assert not is_in(chair)


def test_two_browsers_have_two_sessions_and_one_can_end_the_other(
    member: Member, accounts_app: Flask
):
    chair = member(CHAIR)
    phone = Person(accounts_app.test_client(), chair.clock, chair.login, chair.secret)
    phone.browser.environ_base["HTTP_USER_AGENT"] = "A phone <script>"
    phone.sign_in()
    assert is_in(chair)
    assert is_in(phone)
    page = chair.browser.get("/account")
    assert "A phone &lt;script&gt;" in page.text
    (other,) = re.findall(r'name="session" value="([0-9a-f]{64})"', page.text)
    chair.browser.post("/account/sessions/end", data={**fields_of(page), "session": other})
    assert is_in(chair)
    assert not is_in(phone)


def test_nobody_ends_a_session_of_somebody_else(member: Member, book: Book):
    chair, site = member(CHAIR), member(SITE)
    (theirs,) = book.sessions_of(book.bindings_in(TRIAL)[0].account)
    thief, victim = (site, chair) if theirs.key in _keys(book, chair) else (chair, site)
    form = fields_of(thief.browser.get("/account"), session=theirs.key)
    thief.browser.post("/account/sessions/end", data=form)
    assert is_in(victim)


def _keys(book: Book, person: Person) -> list[str]:
    account = next(one for one in book.bindings_in(TRIAL) if one.login == person.login)
    return [kept.key for kept in book.sessions_of(account.account)]


def test_a_session_that_was_ended_is_not_brought_back_by_a_request_under_way(
    member: Member, book: Book
):
    chair = member(CHAIR)
    (key,) = _keys(book, chair)
    kept = book.find(key)
    book.end(key)
    book.keep(kept)
    assert book.find(key) is None


def test_a_session_is_idle_for_fifteen_minutes_at_most(member: Member, clock: Clock):
    chair = member(CHAIR)
    clock.move(minutes=14)
    assert is_in(chair)
    clock.move(minutes=15)
    assert not is_in(chair)


def test_signing_in_gives_another_id_each_time(member: Member):
    chair = member(CHAIR)
    first = cookie(chair)
    chair.sign_in()
    assert cookie(chair) not in ("", first)


def test_forms_without_their_token_or_with_anothers_are_refused(member: Member, book: Book):
    chair, site = member(CHAIR), member(SITE)
    theirs = fields_of(site.browser.get("/account"))
    for path in (
        "/sign-in",
        "/sign-out",
        "/account/password",
        "/account/authenticator",
        "/account/recovery-codes",
        "/account/sessions/end",
        f"/t/{TRIAL}/accounts/invite",
        f"/t/{TRIAL}/accounts/end",
        f"/join/{book.invite('K. Sato', trial=TRIAL, by='office')}/",
    ):
        assert chair.browser.post(path).status_code == 400, path
        assert chair.browser.post(path, data=theirs).status_code == 400, path


def test_signing_in_works_below_a_base_path(member: Member, accounts_app: Flask):
    chair = member(CHAIR)
    there = {"base_url": "http://localhost/escalation"}
    browser = accounts_app.test_client()
    sent = browser.get(f"/t/{TRIAL}/", **there)
    assert sent.location.startswith("/escalation/sign-in?")
    page = browser.get(sent.location.removeprefix("/escalation"), **there)
    given = {"login": chair.login, "password": PASSWORD, "code": chair.next_code()}
    path = sent.location.removeprefix("/escalation")
    done = browser.post(path, data=fields_of(page, **given), **there)
    assert done.location == f"/escalation/t/{TRIAL}/"


def test_another_name_is_not_answered(accounts_app: Flask):
    evil = accounts_app.test_client().get("/sign-in", headers={"Host": "evil.example"})
    assert evil.status_code == 400
    assert "evil" not in evil.text


def test_when_the_accounts_cannot_be_read_nobody_is_taken_for_nobody(
    member: Member, book: Book, tmp_path: Path
):
    chair = member(CHAIR)
    (tmp_path / "trials.accounts.db").rename(tmp_path / "gone")
    gone = chair.browser.get(f"/t/{TRIAL}/")
    assert gone.status_code == 503
    assert "Try again later" in words_of(gone)
    assert str(tmp_path) not in gone.text
    assert chair.browser.get("/ready").status_code == 503
    assert chair.browser.get("/health").status_code == 200
    (tmp_path / "gone").rename(tmp_path / "trials.accounts.db")
    assert is_in(chair)


def test_of_ten_who_send_a_code_at_the_same_time_one_is_let_in(member: Member, book: Book):
    chair = member(CHAIR)
    code = chair.next_code()

    def attempt(_: int) -> bool:
        try:
            book.sign_in(chair.login, PASSWORD, code, "192.0.2.1")
        except EscalationError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(attempt, range(10))) == 1


def test_of_twenty_who_guess_at_the_same_time_five_are_heard(
    member: Member, book: Book, monkeypatch: pytest.MonkeyPatch
):
    chair, heard = member(CHAIR), []
    fits = book._fits
    monkeypatch.setattr(book, "_fits", lambda *given: [heard.append(1), fits(*given)][1])

    def attempt(number: int) -> None:
        with pytest.raises(EscalationError):
            book.sign_in(chair.login, "guess", f"{number:06}", f"192.0.2.{number}")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(attempt, range(20)))
    assert len(heard) == 5
