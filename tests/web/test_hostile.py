"""What an attacker sends: never a fault, nothing recorded, nothing of another trial, no markup."""

from __future__ import annotations

import io
import logging
import re
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from escalation.ledger import Ledger
from escalation.protocol import load_protocol
from escalation.tracker import Command, Tracker
from escalation.trial import Recorder, decide, delegate_role, enrol_subject, register_trial, sign
from escalation.trial.demo.script import CHAIR, MEMBER, OFFICE, SITE
from escalation.trial.events import Meaning, Role
from escalation.web.access import guard
from escalation.web.app import create_app
from escalation.web.identity import Identity
from escalation.web.screens import trials
from escalation.web.serving import Server, log_access
from escalation.web.settings import LOCAL_HOSTS, Settings
from tests.web.conftest import NOW, TRIAL
from tests.web.forms import fields_of, words_of
from tests.web.people import HEADER, OpenGate
from tests.web.routes import address_of, every_address, screens_of
from tests.web.serving import stop

AsPerson = Callable[[str], FlaskClient]
HERE = f"/t/{TRIAL}"
SHIPPED = Path(__file__).parents[2] / "escalation" / "protocols"
TOML = (SHIPPED / "nct07123519.toml").read_text(encoding="utf-8")


def n_entries(ledger: Ledger) -> dict[str, int]:
    return {trial: len(ledger.entries(trial)) for trial in ledger.trials()}


@pytest.fixture(scope="session")
def demo_file(with_plan: Path) -> Path:
    return with_plan


@pytest.fixture
def records() -> None:
    """Say of a test that it records something itself, and looks after that."""


@pytest.fixture(autouse=True)
def nothing_is_recorded(ledger: Ledger, request: pytest.FixtureRequest) -> Iterator[None]:
    """Hold the ledger against what it was, after each test but those that record."""
    before = n_entries(ledger)
    yield
    if "records" not in request.fixturenames:
        assert n_entries(ledger) == before


def says_something(answer: TestResponse) -> bool:
    """Whether an answer is no fault of the program and, where it refuses, says what to do."""
    if answer.status_code >= 500:
        return False
    if answer.status_code < 400 or answer.request.method == "HEAD":
        return True
    said = words_of(answer) if "<main" in answer.text else answer.text
    return len(said) > 40 and "Traceback" not in said


# ---------------------------------------------------------------- the name of this site

HOSTS = (
    "evil.example", "localhost.evil.example", "localhost@evil.example", "localhost:80@evil.example",
    "localhost,evil.example", "localhost/x", "127.0.0.1\r\nX: y", "localhost:abc", "", ".",
    "[::1]", "\xe9vil", "a" * 5000, "localhost\x00.evil.example",
)  # fmt: skip


@pytest.fixture
def named(ledger: Ledger) -> FlaskClient:
    """Return a browser of a site that has a name, in which the chair is signed in."""
    settings = Settings(db=ledger.name, secret=b"tests", secure=False, hosts=LOCAL_HOSTS)
    app = create_app(settings, ledger, OpenGate(), clock=lambda: NOW)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client(use_cookies=False)
    client.environ_base["HTTP_X_TEST_PERSON"] = CHAIR
    return client


@pytest.mark.parametrize("host", HOSTS)
def test_under_another_name_nothing_is_answered_and_no_address_is_made(
    named: FlaskClient, host: str
):
    for method, path in (("GET", "/"), ("GET", f"{HERE}/"), ("POST", f"{HERE}/record/hold")):
        answer = named.open(path, method=method, environ_overrides={"HTTP_HOST": host})
        assert answer.status_code == 400
        assert "Use the address that you were given" in answer.text
        assert "Location" not in answer.headers
        assert "evil" not in answer.text


def test_what_a_proxy_would_say_is_not_believed_where_there_is_none(named: FlaskClient):
    lies = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Port": "1",
        "X-Original-URL": "/health",
        "X-Rewrite-URL": "/health",
        "X-HTTP-Method-Override": "POST",
        "Forwarded": "host=evil.example;proto=https",
    }
    plain, lied = named.get("/"), named.get("/", headers=lies)
    assert lied.headers["Location"] == plain.headers["Location"]
    assert "Strict-Transport-Security" not in lied.headers
    page = named.get(f"{HERE}/", headers=lies)
    assert page.status_code == 200
    assert "evil" not in page.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_that_a_browser_says_is_of_another_site_is_refused(named: FlaskClient, site: str):
    path, form = f"{HERE}/record/hold", {"reason": "x", "look": "y", "seen": "61"}
    refused = named.post(path, data=form, headers={"Sec-Fetch-Site": site})
    assert refused.status_code == 403
    assert "sent from another site" in words_of(refused)
    assert named.post(path, data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


# ---------------------------------------------------------------- two trials

OTHER, STRANGER, THEIRS = "OTHER-1", "Eve Else", "OT-777"


class OneEach(OpenGate):
    """Everybody is known in one trial alone, as an account is that is bound there."""

    def identify(self) -> Identity | None:
        found = super().identify()
        if found is None:
            return None
        mine = OTHER if found.name == STRANGER else TRIAL
        return Identity(
            name=found.name, person_in=lambda trial: found.name if trial == mine else None
        )


def act(ledger: Ledger, trial: str, name: str, command: Command) -> None:
    recorder = Recorder(name=name, on=NOW.date(), at=NOW)
    Tracker(ledger, trial).record(command, recorder, new=trial not in ledger.trials())


def open_cohort(ledger: Ledger, trial: str, chair: str) -> None:
    act(ledger, trial, chair, decide)
    act(ledger, trial, chair, partial(sign, meaning=Meaning.APPROVED))


@pytest.fixture
def two_trials(ledger: Ledger) -> Flask:
    begin = partial(register_trial, protocol=load_protocol("nct07123519"), solo=True)
    act(ledger, OTHER, STRANGER, begin)
    for role in (Role.SITE, Role.CHAIR):
        act(ledger, OTHER, STRANGER, partial(delegate_role, person=STRANGER, role=role))
    open_cohort(ledger, OTHER, STRANGER)
    act(ledger, OTHER, STRANGER, partial(enrol_subject, subject=THEIRS, weight_kg=60.0))
    settings = Settings(db=ledger.name, secret=b"tests", secure=False)
    app = create_app(settings, ledger, OneEach(), clock=lambda: NOW)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def browser(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base[f"HTTP_{HEADER.upper().replace('-', '_')}"] = name
    return client


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_to_people_of_one_trial_the_other_is_as_one_that_is_not_there(
    two_trials: Flask, ledger: Ledger, method: str
):
    before, eve = n_entries(ledger), browser(two_trials, STRANGER)
    asked = "GET" if method in ("HEAD", "OPTIONS") else method
    n = 0
    for rule, address in every_address(two_trials, asked):
        if "trial" not in rule.arguments:
            continue
        n += 1
        answer = eve.open(address, method=method, buffered=True)
        assert answer.status_code == 404, address
        for word in ("TJ-0", SITE, CHAIR, "entries", "YTS109"):
            assert word not in answer.text, (address, word)
        nowhere = eve.open(address.replace(TRIAL, "NOSUCH"), method=method, buffered=True)
        assert (nowhere.status_code, nowhere.text) == (404, answer.text)
    assert n > 20
    assert n_entries(ledger) == before


@pytest.mark.usefixtures("records")
def test_an_id_of_another_trial_leads_nowhere_in_ones_own(two_trials: Flask, ledger: Ledger):
    before, site = n_entries(ledger), browser(two_trials, SITE)
    eve = browser(two_trials, STRANGER)
    assert eve.get(f"/t/{OTHER}/patients/{THEIRS}").status_code == 200
    for client, trial, subject, theirs in (
        (site, TRIAL, THEIRS, STRANGER),
        (eve, OTHER, "TJ-008", SITE),
    ):
        room = f"/t/{trial}"
        assert client.get(f"{room}/patients/{subject}").status_code == 404
        for act in ("outcome", "dose", "event", "transfer"):
            found = client.get(f"{room}/record/{act}?subject={subject}")
            assert found.status_code == 422, act
            sent = {"subject": subject, "seen": "3", "request_id": "0" * 32, "record": "y"}
            posted = client.post(f"{room}/record/{act}", data=sent)
            assert posted.status_code in (409, 422), act
            assert theirs not in posted.text + found.text
        log = client.get(f"{room}/log?subject={subject}")
        assert "Enrolled" not in log.text
        assert theirs not in log.text
    for path in ("recorded/40-61", "packet?as_of=61", "minutes/48", "minutes/48.html"):
        assert eve.get(f"/t/{OTHER}/{path}").status_code == 404, path
    assert eve.get(f"/t/{OTHER}/figures/course.svg?seq=61").status_code == 404
    assert eve.get(f"/t/{OTHER}/keys/sign?entry=61").status_code in (403, 422)
    assert eve.get("/?all").text.count(TRIAL) == 0
    assert n_entries(ledger) == before


# ---------------------------------------------------------------- markup that is let in

MARK = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
FORMULA = "=HYPERLINK(1)"
HOSTILE = TOML.replace(
    'title = "A Clinical Study of YTS109 Cells for the Treatment of R/R Autoimmune Diseases"',
    f"title = '{MARK}{IMAGE}{{{{7*7}}}}'",
).replace('sponsor = "', f'sponsor = "{FORMULA}{MARK}')


def recorded(client: FlaskClient, address: str, **given: object) -> TestResponse:
    """Fill in a form, read what follows, and record it."""
    foreseen = client.post(address, data={**fields_of(client.get(address)), **given, "look": "y"})
    assert foreseen.status_code == 200, words_of(foreseen)
    assert_inert(foreseen)
    sent = {**fields_of(foreseen), "record": "y", "password": "right"}
    done = client.post(address, data=sent)
    assert done.status_code == 303, words_of(done)
    return done


class Attributes(HTMLParser):
    """What attributes the elements of a page have."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    @classmethod
    def of(cls, page: str) -> set[str]:
        """Return their names."""
        parser = cls()
        parser.feed(page)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {name for name, _ in attrs}


def assert_no_formula(text: str, where: str) -> None:
    cells = re.split(r'[,\n]"?', text)
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+HYP"))], where


def files_in(answer: TestResponse) -> dict[str, str]:
    """Return the files of an archive."""
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def assert_inert(answer: TestResponse) -> None:
    """Find no markup and no formula that came in with a text."""
    where = answer.request.path
    kind = answer.mimetype
    if kind == "text/csv":
        assert_no_formula(answer.text, where)
        return
    if kind == "application/zip":
        for name, text in files_in(answer).items():
            if name.endswith(".csv"):
                assert_no_formula(text, f"{where}, {name}")
        return
    if kind == "text/plain" or not (kind.startswith("text/") or "xml" in kind):
        return  # not rendered, with nosniff
    assert "<script" not in answer.text, where
    assert "<img src=x" not in answer.text, where
    assert Attributes.of(answer.text).isdisjoint({"onerror", "onload", "onclick"}), where
    if kind == "image/svg+xml":
        ET.fromstring(answer.data)  # noqa: S314  # ours


@pytest.mark.usefixtures("records")
def test_markup_in_a_protocol_and_in_names_is_text_on_every_screen(
    app: Flask, as_person: AsPerson, ledger: Ledger
):
    person = cache(as_person)
    office, chair = person(OFFICE), person(f"{MARK} Zhao")
    protocol = (io.BytesIO(HOSTILE.encode()), f"../{MARK}.toml")
    recorded(office, "/register", trial="H-1", file=protocol, solo="y")
    room = "/t/H-1"
    for name, role in ((f"{MARK} Zhao", "chair"), (f"{IMAGE} Li", "site"), (FORMULA, "member")):
        recorded(office, f"{room}/record/delegate", who=name, role=role)
    open_cohort(ledger, "H-1", f"{MARK} Zhao")
    site = person(f"{IMAGE} Li")
    recorded(site, f"{room}/record/enrol", subject="H-001", weight="60")
    again = (io.BytesIO(HOSTILE.replace("= 28", "= 42").encode()), "v2.toml")
    recorded(chair, f"{room}/record/amend", file=again, reason=FORMULA + MARK)
    recorded(chair, f"{room}/record/hold", reason=IMAGE)
    seen = 0
    given = {"trial": "H-1", "subject": "H-001", "seq": 3, "entry": 3}
    for rule in screens_of(app):
        if "trial" not in rule.arguments or "act" in rule.arguments:
            continue
        if rule.endpoint == "documents.packet_figure":  # each is within the packet
            continue
        for client in (chair, site) if "figure" not in rule.rule else (chair,):
            answer = client.get(address_of(app, rule, **given), buffered=True)
            assert answer.status_code < 500, rule
            assert_inert(answer)
            is_archive = answer.mimetype == "application/zip"
            text = "".join(files_in(answer).values()) if is_archive else answer.text
            seen += MARK in text.replace("&lt;", "<").replace("&gt;", ">")
    assert seen > 10  # it was there to be seen
    for act in ("enrol", "delegate", "revoke", "amend", "resume"):
        for client in (chair, site):
            assert_inert(client.get(f"{room}/record/{act}"))
    assert_inert(chair.get("/?all"))


@pytest.mark.parametrize(
    "label", [f"'{MARK}'", f"'{FORMULA}'", "'-1\"><b>'", "'a\\u202eb'", "'='", "'1\\n2'"]
)
def test_a_level_is_not_called_by_markup_or_a_formula(as_person: AsPerson, label: str):
    levels = TOML.replace("label = 3", f"label = {label}")
    file = (io.BytesIO(levels.encode()), "p.toml")
    office = as_person(OFFICE)
    sent = {**fields_of(office.get("/register")), "trial": "H-2", "file": file, "look": "y"}
    refused = office.post("/register", data=sent)
    assert refused.status_code == 422
    assert_inert(refused)


# ---------------------------------------------------------------- addresses

ODD = (
    "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "..%5c..%5cx", "%00", "x%00.svg", "%ED%A0%80", "%FF",
    "%0d%0aSet-Cookie:%20a=b", "{{7*7}}", "<script>", "9" * 5000, "-1", "0", "1e3", "%C2%B2",
    "x" * 20_000, "/" * 50, "%2F" * 50, "a;b=c", "*", "~root", "con", "file:%2F%2F%2Fetc%2Fpasswd",
)  # fmt: skip


@pytest.mark.slow
def test_no_argument_of_an_address_leads_anywhere_else(app: Flask, as_person: AsPerson):
    person = cache(as_person)
    n = 0
    for rule in screens_of(app):
        for argument in rule.arguments - {"act", "form", "ending", "question", "table"}:
            is_number = f"int:{argument}" in rule.rule
            good = address_of(app, rule, **{"act": "hold", argument: 7 if is_number else "x"})
            mark = "/7" if is_number else "/x"
            if mark not in good:
                continue
            for odd in ODD:
                before, _, after = good.rpartition(mark)
                answer = person(CHAIR).get(f"{before}/{odd}{after}", buffered=True)
                n += 1
                assert answer.status_code in (200, 303, 308, 400, 403, 404, 405), (rule, odd)
                assert says_something(answer), (rule, odd)
                assert "root:" not in answer.text
                assert "Set-Cookie" not in answer.headers or "a=b" not in str(answer.headers)
    assert n > 10 * len(ODD)


ASKED = (
    "as_of", "on", "entry", "page", "seq", "subject", "anchor", "meaning", "decision", "p_dlt",
    "scenario", "design", "outcomes", "next", "again", "all", "first", "seen", "request_id",
    "csrf_token", "trial", "done", "anchor_failed",
)  # fmt: skip
SAID = (
    "", "%00", "%ED%A0%80", "%FF%FE", "9" * 5000, "-1", "0001-01-01", "9999-12-31", "%C2%B2", "NaN",
    "1e999", "<script>", "//evil.example", "a%0d%0ab", "(" * 3000, "[" * 3000,
)  # fmt: skip


ELSEWHERE = (  # see calculations/test_bad_questions; the others take time and read nothing
    *("calculations.decide", "calculations.simulate", "calculations.compare"),
    *("calculations.decide_file", "calculations.answer_file", "calculations.figure"),
    *("documents.packet_figure", "documents.minutes_figure", "record.verify", "health.ready"),
)


@pytest.mark.slow
def test_whatever_an_address_asks_for_is_answered_or_refused(app: Flask, as_person: AsPerson):
    client = as_person(CHAIR)
    for n, (rule, address) in enumerate(every_address(app)):
        if rule.endpoint == "static" or "/record/" in address or rule.endpoint in ELSEWHERE:
            continue
        for said in SAID[n % 3 :: 3]:
            query = "&".join(f"{name}={said}" for name in ASKED)
            answer = client.get(f"{address}?{query}", buffered=True)
            assert says_something(answer), (address, said, answer.status_code)
            assert b"<script>" not in answer.data
            assert "evil.example" not in answer.headers.get("Location", "")


@pytest.mark.parametrize(
    "path",
    [
        "packet?as_of=61x", "packet?as_of=" + "9" * 5000, "packet?on=28.05.2026",
        "packet.html?on=x",
        "minutes/48?as_of=x", "keys/sign?meaning=approve", "keys/sign?entry=x",
        "meeting?decision=x", "keys/statement.txt?on=tomorrow",
    ],
)  # fmt: skip
def test_a_cut_off_that_cannot_be_read_is_not_replaced_by_another(as_person: AsPerson, path: str):
    refused = as_person(CHAIR).get(f"{HERE}/{path}")
    assert refused.status_code == 400
    assert "cannot be read: look at it, or leave it out" in words_of(refused)


def test_a_trial_that_is_not_there_is_not_found(as_person: AsPerson):
    for trial in ("NOSUCH", "..", "%00", f"{TRIAL}%00", "x" * 5000, "demo", "%ED%A0%80"):
        assert as_person(CHAIR).get(f"/t/{trial}/").status_code == 404, trial


def test_slashes_and_methods(app: Flask, as_person: AsPerson):
    client = as_person(CHAIR)
    for path in (f"/t//{TRIAL}/", f"{HERE}//", f"{HERE}//log", "/t/", "/t", "/.git/config"):
        answer = client.get(path)
        assert answer.status_code in (308, 404), path
        assert answer.headers.get("Location", "http://localhost/").startswith("http://localhost/")
    for _, address in every_address(app):
        if "figure" in address or "packet" in address or "minutes" in address:
            continue
        head = client.head(address, buffered=True)
        assert head.data == b""
        assert head.status_code < 500, address
        assert client.options(address).status_code in (200, 403), address
        assert app.test_client().options(address).status_code in (200, 401), address


COOKIES = (
    "escalation=s.\xed\xa0\x80", "escalation=a.\x00", "escalation=" + "x" * 9000, "=;;;", "\x00\r",
    "escalation=s.\xff", "escalation=a.eyJhIjoxfQ.x.y; escalation=s.x", 'escalation="a\\054"',
)  # fmt: skip


@pytest.mark.parametrize("cookie", COOKIES)
def test_a_broken_cookie_is_nobodys(app: Flask, cookie: str):
    client = app.test_client(use_cookies=False)
    answer = client.get("/", environ_overrides={"HTTP_COOKIE": cookie})
    assert (answer.status_code, answer.location) == (303, "/sign-in")


# ---------------------------------------------------------------- bodies

HEAD = b"--x\r\nContent-Disposition: form-data; "
MULTIPART, PAIRS = "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"
BODIES = {
    "cut off within a part": (HEAD + b'name="subject"\r\n\r\nabc', MULTIPART),
    "cut off within a head": (HEAD + b'name="sub', MULTIPART),
    "a boundary alone": (b"--x\r\n", MULTIPART),
    "nothing": (b"", MULTIPART),
    "no boundary": (b"abc", "multipart/form-data"),
    "an empty boundary": (b"abc", "multipart/form-data; boundary="),
    "a long boundary": (b"abc", "multipart/form-data; boundary=" + "y" * 3000),
    "a part without a name": (HEAD[:-2] + b"\r\n\r\nabc\r\n--x--\r\n", MULTIPART),
    "a head without end": (b"--x\r\n" + b"A" * 300_000, MULTIPART),
    "parts in a part": (
        HEAD + b'name="subject"; filename="a"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n'
        b"--y\r\nabc\r\n--x--\r\n",
        MULTIPART,
    ),
    "another alphabet": (
        HEAD + b'name="subject"\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+ADw-b+AD4-'
        b"\r\n--x--\r\n",
        MULTIPART,
    ),
    "many parts": (b"".join(HEAD + b'name="f"\r\n\r\na\r\n' for _ in range(1500)), MULTIPART),
    "near boundaries": (
        HEAD + b'name="f"; filename="a"\r\n\r\n' + b"\r\n--" * 100_000 + b"\r\n--x--\r\n",
        MULTIPART,
    ),
    "over a megabyte of fields": (b"&".join(b"f%d=a" % n for n in range(120_000)), PAIRS),
    "two megabytes of one": (b"subject=" + b"a" * 2_000_000, PAIRS),
    "per cent": (b"subject=" + b"%" * 30_000, PAIRS),
    "not UTF-8": (b"subject=%ff%fe%00%ed%a0%80", PAIRS + "; charset=utf-16"),
    "JSON": (b'{"subject":' + b"[" * 100_000, "application/json"),
    "XML": (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "text/xml"),
    "no type": (b"subject=a", ""),
    "fields in fields": (
        b"toxicities-0" + b"-0" * 50_000 + b"=x&toxicities-99999999-term=1",
        PAIRS,
    ),
    "many in a list": (
        b"subject=TJ-008&" + b"&".join(b"toxicities-%d-grade=3" % n for n in range(3000)),
        PAIRS,
    ),
}


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.slow
def test_a_body_that_is_none_is_refused(app: Flask, as_person: AsPerson, case: str):
    body, kind = BODIES[case]
    for tokens in (True, False):  # first as anybody could send it, then as with a good token
        app.config["WTF_CSRF_ENABLED"] = tokens
        for act in ("outcome", "import"):
            answer = as_person(SITE).post(f"{HERE}/record/{act}", data=body, content_type=kind)
            assert answer.status_code in (400, 413, 422), (act, tokens)
            assert says_something(answer)
        answer = as_person(OFFICE).post("/register", data=body, content_type=kind)
        assert answer.status_code in (400, 413, 422)


@pytest.mark.parametrize("length", ["abc", "-5", "99999999999999999999", "1"])
def test_a_length_that_is_not_so_is_refused(app: Flask, as_person: AsPerson, length: str):
    app.config["WTF_CSRF_ENABLED"] = False
    answer = as_person(SITE).post(
        f"{HERE}/record/outcome",
        data=b"subject=TJ-008&look=y",
        content_type=PAIRS,
        environ_overrides={"CONTENT_LENGTH": length},
    )
    assert answer.status_code in (400, 413, 422)


def test_of_a_field_that_is_sent_twice_one_is_read_and_an_address_fills_in_nothing(
    app: Flask, as_person: AsPerson
):
    app.config["WTF_CSRF_ENABLED"] = False
    chair, path = as_person(CHAIR), f"{HERE}/record/hold"
    body = "reason=first&reason=second&look=y&seen=61"
    twice = chair.post(f"{path}?reason=third&record=y", data=body, content_type=PAIRS)
    assert twice.status_code == 200  # what follows: not recorded by a word in the address
    assert "first" in words_of(twice)
    assert "second" not in words_of(twice)
    assert "third" not in words_of(twice)
    only = chair.post(f"{path}?reason=third&look=y", data="seen=61", content_type=PAIRS)
    assert only.status_code == 422
    more = "reason=x&look=y&seen=61&by=Wu+Jing&person=x&recorded_at=1&kind=y&seq=1&role=chair"
    assert "Wu Jing" not in words_of(chair.post(path, data=more, content_type=PAIRS))


# ---------------------------------------------------------------- faults, and what is written


def test_a_fault_of_the_program_says_nothing_of_itself_and_is_written_down(
    app: Flask,
    as_person: AsPerson,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    def fails(*_: object) -> None:
        raise ZeroDivisionError("postgresql://u:secret@db")

    monkeypatch.setattr(trials, "_listed", fails)
    with caplog.at_level(logging.ERROR):
        answer = as_person(CHAIR).get("/?all")
    assert answer.status_code == 500
    assert "Look at the log before you repeat it" in words_of(answer)
    for word in ("secret", "ZeroDivision", "Traceback", ".py"):
        assert word not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_the_environment_does_not_open_the_debugger(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    settings = Settings(db=ledger.name, secret=b"tests", secure=False)
    assert not create_app(settings, ledger, OpenGate()).debug


def test_a_screen_that_does_not_say_who_may_open_it_cannot_start(app: Flask):
    app.view_functions["new"] = lambda: "for everybody?"
    with pytest.raises(ValueError, match="the screen new does not say who may open it"):
        guard(app, OpenGate())


def test_what_is_refused_is_in_the_log_and_nobody_can_write_there(app: Flask, as_person: AsPerson):
    lines: list[str] = []
    log_access(app, lines.append)
    client = as_person(MEMBER)
    client.get(f"{HERE}/record/enrol")
    client.post(f"{HERE}/record/enrol", data={"subject": "x"})
    client.get("/a%0aGET%20/forged%20200%201%20ms")
    client.get(f"{HERE}/log?subject=%0aforged")
    assert [line.rsplit(" ", 2)[0] for line in lines] == [
        "GET /t/<trial>/record/<act> 403",
        "POST /t/<trial>/record/<act> 400",
        "GET - 404",
        "GET /t/<trial>/log 200",
    ]


def test_no_header_is_made_of_what_is_asked_for(as_person: AsPerson):
    client = as_person(CHAIR)
    for path in ("keys/statement.txt", "log.csv", "patients.csv", "packet.html", "log"):
        for query in ("?meaning=reviewed%0d%0aX-Evil:1", "?on=a%0d%0aX-Evil:1", "?entry=61"):
            answer = client.get(f"{HERE}/{path}{query}", buffered=True)
            assert "X-Evil" not in str(answer.headers), path
            named = answer.headers.get("Content-Disposition", "")
            assert re.fullmatch(r'(attachment; filename="?[A-Za-z0-9._-]+"?)?', named), path
            assert named or answer.mimetype == "text/html", path


# ---------------------------------------------------------------- on the wire


@pytest.fixture
def port(ledger: Ledger) -> Iterator[int]:
    settings = Settings(db=ledger.name, secret=b"tests", secure=False, hosts=LOCAL_HOSTS, threads=2)
    server = Server(create_app(settings, ledger, OpenGate(), clock=lambda: NOW), settings, 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server.port
    stop(server._server, thread)
    server.close()


def _ask(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
        return answer


ME = b"X-Test-Person: " + CHAIR.encode() + b"\r\nConnection: close\r\n"
WIRE = {
    "an address of another site": (
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n",
        303,  # to the page of the trial, by its path alone
    ),
    "another site's name": (b"GET / HTTP/1.1\r\nHost: evil.example\r\n", 400),
    "a name that cannot be written": (b"GET / HTTP/1.1\r\nHost: xn--\r\n", 400),
    "no name": (b"GET / HTTP/1.1\r\n", 400),
    "two slashes": (b"GET //evil.example/%2e%2e HTTP/1.1\r\nHost: localhost\r\n", 404),
    "two lengths": (
        b"POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        400,
    ),
    "a length and pieces": (
        b"POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n",
        400,
    ),
    "pieces of another kind": (
        b"POST /register HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n",
        501,
    ),
    "a line that goes on": (b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n", 400),
    "a blank in a name": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n", 400),
    "half a line": (b"GET / HT", None),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


def test_what_is_not_http_or_of_another_site_is_refused_and_the_next_is_answered(port: int):
    for case, (sent, status) in WIRE.items():
        end = b"" if status is None else ME + b"\r\n" + b"0\r\n\r\n" * (b"chunked" in sent)
        answer = _ask(port, sent + end)
        if status is None:
            assert answer == b"" or answer.startswith(b"HTTP/1.0 4"), case
            continue
        first = answer.partition(b"\r\n")[0]
        assert first.split()[1] == str(status).encode(), (case, first)
        assert b"evil" not in answer.lower(), case
        assert b"Traceback" not in answer
    alive = _ask(port, b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + ME + b"\r\n")
    assert alive.startswith(b"HTTP/1.1 200")


def test_who_sends_slowly_keeps_nobody_waiting(port: int):
    slow = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(6)]
    try:
        for wire in slow:  # more than there are threads
            wire.sendall(
                b"POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n--x"
            )
        alive = _ask(port, b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + ME + b"\r\n")
        assert alive.startswith(b"HTTP/1.1 200")
    finally:
        for wire in slow:
            wire.close()
