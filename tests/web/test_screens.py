"""What is shown of a trial, held against the command line's words and the record itself."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing
from datetime import date
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from escalation.ledger import Ledger
from escalation.reports.trial.figure_words import say_histories
from escalation.reports.trial.status import view_status
from escalation.reports.view import Items, Paragraph, Table
from escalation.text import with_powers
from escalation.tracker import Tracker
from escalation.trial import Recorder, TrialState, replay_events
from escalation.trial.demo.script import AUDITOR, CHAIR, SITE
from escalation.trial.events import SubjectEnrolled
from escalation.trial.office import hold_enrolment
from escalation.trial.patients.sites import open_site
from escalation.web.desk import Standing
from escalation.web.screens import record
from tests.trial.bench import CHAIR as CHAIR_OF_BENCH
from tests.trial.bench import Bench
from tests.trial.small_trials import typed
from tests.web.conftest import NOW, TRIAL, AsPerson
from tests.web.forms import words_of
from tests.web.people import HEADER

ON = date(2026, 5, 28)


@pytest.fixture
def site(as_person: AsPerson) -> FlaskClient:
    return as_person(SITE)


@pytest.fixture
def state(ledger: Ledger) -> TrialState:
    return replay_events(Tracker(ledger, TRIAL).entries())


def read(answer: TestResponse) -> str:
    """Return what there is to read, with marks in place of their names."""
    return html.unescape(words_of(answer))


def test_the_page_says_what_the_command_line_says(
    site: FlaskClient, ledger: Ledger, state: TrialState
):
    """Oracle: ``escalation trial status``, block by block."""
    words = read(site.get(f"/t/{TRIAL}/")).lower()
    entries = Tracker(ledger, TRIAL).entries()
    missing = []
    for block in view_status(state, TRIAL, ON, last=entries[-1]).page():
        match block:
            case Paragraph(text):
                texts = [re.sub(r"^(The rule says|Why|Warnings|Seen from now): ", "", text)]
            case Items(items):
                texts = [item.text for item in items]
            case Table(rows, n_heads=n):
                texts = [cell for row in rows[n:] for cell in row]
            case _:
                continue
        for text in texts:
            said = " ".join(with_powers(text).split()).strip(".:").lower()
            if said not in words:
                missing.append(text)
    elsewhere = [text for text in missing if text.startswith(("Trial DEMO on", "Head:"))]
    assert missing == elsewhere


def test_a_hold_stands_on_top(site: FlaskClient, ledger: Ledger):
    hold = partial(hold_enrolment, reason="a death is being looked at")
    Tracker(ledger, TRIAL).record(hold, Recorder(name=CHAIR, on=ON, at=NOW), request_id="hold")
    page = site.get(f"/t/{TRIAL}/").text
    held, rule = page.index("ENROLMENT IS HELD since entry"), page.index("The rule says")
    assert held < rule


def test_only_what_whoever_asks_may_do_is_offered(as_person: AsPerson):
    assert "/record/enrol" in as_person(SITE).get(f"/t/{TRIAL}/").text
    assert "/record/enrol" not in as_person(AUDITOR).get(f"/t/{TRIAL}/").text


def test_every_patient_has_a_page_with_every_entry_that_names_them(
    site: FlaskClient, ledger: Ledger, state: TrialState
):
    page = site.get(f"/t/{TRIAL}/").text
    for subject in state.subjects:
        assert f'href="/t/{TRIAL}/patients/{subject}"' in page
        own = site.get(f"/t/{TRIAL}/patients/{subject}").text
        named = [
            entry.seq
            for entry in Tracker(ledger, TRIAL).entries()
            if getattr(entry.event, "subject", None) == subject
        ]
        assert named
        assert all(f'id="e{seq}"' in own for seq in named)
    assert site.get(f"/t/{TRIAL}/patients/TJ-999").status_code == 404


def test_the_log_is_in_pages_and_an_entry_is_found_on_its_page(
    site: FlaskClient, monkeypatch: pytest.MonkeyPatch, state: TrialState
):
    monkeypatch.setattr(record, "A_PAGE", 10)
    seqs = []
    for page in range(1, 8):
        seqs += re.findall(r'id="e(\d+)"', site.get(f"/t/{TRIAL}/log?page={page}").text)
    assert seqs == [str(seq) for seq in range(1, state.seq + 1)]
    assert 'id="e22"' in site.get(f"/t/{TRIAL}/log?entry=22").text
    assert 'id="e61"' in site.get(f"/t/{TRIAL}/log").text
    for wrong in ("0", "8", "-1", "x", "9" * 30):
        assert site.get(f"/t/{TRIAL}/log?page={wrong}").status_code == 404


def test_the_log_is_filtered_by_subject(site: FlaskClient, ledger: Ledger):
    page = site.get(f"/t/{TRIAL}/log?subject=TJ-008").text
    enrolled = next(
        entry.seq
        for entry in Tracker(ledger, TRIAL).entries()
        if isinstance(entry.event, SubjectEnrolled) and entry.event.subject == "TJ-008"
    )
    assert f'id="e{enrolled}"' in page
    assert 'id="e1"' not in page
    nobody = words_of(site.get(f"/t/{TRIAL}/log?subject=<b>"))
    assert "No entry is about &lt;b&gt;" in nobody


def test_verify_runs_the_whole_check_and_finds_what_was_changed(site: FlaskClient, ledger: Ledger):
    sound = words_of(site.get(f"/t/{TRIAL}/verify"))
    assert "Nothing is wrong" in sound
    assert "0 findings in 61 entries" in sound
    with closing(sqlite3.connect(ledger.name)) as db, db:
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
        for (name,) in triggers:
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE entries SET data = replace(data, '61.5', '62.5') WHERE seq = 14")
    wrong = read(site.get(f"/t/{TRIAL}/verify?again=y"))
    assert "entry 14: it was changed" in wrong


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("{now}", 200, "Yes, it fits."),
        ("anchor {now}", 200, "Yes, it fits."),
        ("61:" + "0" * 64, 200, "No, it does not fit."),
        ("62:" + "0" * 64, 200, "the trial ends at entry 61"),
        ("rubbish<b>", 422, "must be an entry"),
    ],
)
def test_an_anchor_is_held_against_the_record(
    site: FlaskClient, state: TrialState, typed: str, status: int, said: str
):
    given = typed.replace("{now}", f"{state.seq}:{state.head}")
    answer = site.get(f"/t/{TRIAL}/anchors", query_string={"anchor": given})
    assert answer.status_code == status
    assert said in words_of(answer)


def test_what_if_has_the_probabilities_that_are_typed(site: FlaskClient):
    """Oracle: of 3 pending with P(DLT) 0.25, none has one in 0.75 ** 3 = 42.2 %."""
    path = f"/t/{TRIAL}/what-if"
    assert "42.2 %" not in words_of(site.get(path))
    assert "0 DLTs in 3 pending at level 2 (42.2 %)" in words_of(
        site.get(path, query_string={"p_dlt": "0.05,0.1,0.25,0.4"})
    )
    wrong = site.get(path, query_string={"p_dlt": "0.05,0.1"})
    assert wrong.status_code == 422
    assert "2 values" in words_of(wrong)


# ---------------------------------------------------------------- pictures


def pictures(client: FlaskClient) -> list[str]:
    return re.findall(r'<img src="([^"]+)"', client.get(f"/t/{TRIAL}/").text)


def test_a_picture_has_words_and_is_sent_once(site: FlaskClient, state: TrialState):
    page = site.get(f"/t/{TRIAL}/").text
    assert say_histories(state) in page
    addresses = pictures(site)
    assert len(addresses) == 3
    for address in addresses:
        drawn = site.get(address)
        assert drawn.status_code == 200
        assert drawn.mimetype == "image/svg+xml"
        assert drawn.data.startswith(b"<?xml")
        again = site.get(address, headers={"If-None-Match": drawn.headers["ETag"]})
        assert again.status_code == 304
        assert again.data == b""
    for wrong in ("course.svg?seq=62", "course.svg?page=9", "course.svg?seq=x", "other.svg"):
        assert site.get(f"/t/{TRIAL}/figures/{wrong}").status_code == 404


def test_a_picture_is_drawn_again_only_when_it_shows_something_else(
    site: FlaskClient, ledger: Ledger, app: Flask
):
    before = [site.get(address).headers["ETag"] for address in pictures(site)]
    hold = partial(hold_enrolment, reason="to look at it")
    recorder = Recorder(name=CHAIR, on=ON, at=NOW)
    Tracker(ledger, TRIAL).record(hold, recorder, request_id="hold")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("escalation.figures.picture.Picture.write", pytest.fail)
        after = [site.get(address).headers["ETag"] for address in pictures(site)]
    assert after == before


def test_a_time_is_told_by_the_sites_clock_too(site: FlaskClient, ledger: Ledger):
    opened = partial(open_site, site="Ulm", time_zone="Europe/Berlin")
    recorder = Recorder(name=CHAIR, on=ON, at=NOW)
    Tracker(ledger, TRIAL).record(opened, recorder, request_id="site")
    page = read(site.get(f"/t/{TRIAL}/log"))
    assert "2026-05-28 12:00 UTC, 14:00 at Ulm" in page


def test_the_list_says_of_each_trial_what_the_rule_says(site: FlaskClient, ledger: Ledger):
    assert site.get("/").location == f"/t/{TRIAL}/"  # the only one
    listed = read(site.get("/?all=y"))
    assert "10 of 18 planned patients enrolled" in listed
    assert "Wait for the pending patients." in listed


def test_a_trial_that_cannot_be_read_does_not_hide_the_others(site: FlaskClient, ledger: Ledger):
    with closing(sqlite3.connect(ledger.name)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE entries SET data = replace(data, '61.5', '62.5') WHERE seq = 14")
    listed = site.get("/?all=y")
    assert listed.status_code == 200
    assert "It cannot be read" in read(listed)


@pytest.mark.parametrize("history", [None, "", "1???", "1NNN 2TTN"], ids=str)
def test_a_trial_is_shown_at_every_stage(
    app: Flask, monkeypatch: pytest.MonkeyPatch, history: str | None
):
    bench = Bench.started() if history is None else typed(history)
    here = Standing(trial="T-1", entries=bench.entries, state=bench.state)
    monkeypatch.setattr(app.extensions["desk"], "standing", lambda trial: here)
    client = app.test_client()
    for path in ("", "log", "anchors", "what-if", "roles", "meeting"):
        answer = client.get(f"/t/T-1/{path}", headers={HEADER: CHAIR_OF_BENCH})
        assert answer.status_code == 200, path
    page = read(client.get("/t/T-1/", headers={HEADER: CHAIR_OF_BENCH}))
    assert "Can the next patient be dosed?" in page
