"""Papers from the page: the files of the command line, made once, under a safe name."""

from __future__ import annotations

import csv
import io
import zipfile
from functools import partial

import pytest
from flask.testing import FlaskClient

from escalation.exports.csv import write_csv
from escalation.exports.package import make_export
from escalation.ledger import Ledger
from escalation.papers import minutes_of, packet_of
from escalation.reports.documents import find_missing, write_document
from escalation.tracker import Tracker
from escalation.trial import Recorder, replay_events
from escalation.trial.demo.script import AUDITOR, CHAIR, SITE
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.office import hold_enrolment
from escalation.web.screens import documents
from tests.web.conftest import NOW, TRIAL, AsPerson
from tests.web.forms import words_of

ROOM = f"/t/{TRIAL}"


@pytest.fixture
def chair(as_person: AsPerson) -> FlaskClient:
    return as_person(CHAIR)


@pytest.fixture
def reader(as_reader: AsPerson) -> FlaskClient:
    return as_reader(CHAIR)


@pytest.mark.slow
def test_files_are_those_of_the_command_line_to_the_byte(reader: FlaskClient, ledger: Ledger):
    entries = Tracker(ledger, TRIAL).entries()
    known = entries[:47]
    packet = packet_of(replay_events(known), known, TRIAL, STAR_T.day)
    minutes = minutes_of(replay_events(entries), entries, TRIAL, 48)
    for document, path, name in (
        (packet, "packet.html?as_of=47&on=2026-05-28", "DEMO-packet-47-2026-05-28.html"),
        (packet, "packet.docx?as_of=47&on=2026-05-28", "DEMO-packet-47-2026-05-28.docx"),
        (minutes, "minutes/48.html", "DEMO-minutes-48-61.html"),
    ):
        suffix = f".{name.rpartition('.')[2]}"
        answer = reader.get(f"{ROOM}/{path}")
        assert answer.data == write_document(document, suffix)
        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


@pytest.mark.skipif(find_missing(".pdf") is not None, reason="needs WeasyPrint and Pango")
def test_minutes_as_pdf(reader: FlaskClient):
    answer = reader.get(f"{ROOM}/minutes/9.pdf")
    assert answer.data.startswith(b"%PDF-")
    assert answer.mimetype == "application/pdf"


def test_a_packet_is_made_once_for_an_entry_and_a_day(
    chair: FlaskClient, as_person: AsPerson, monkeypatch: pytest.MonkeyPatch
):
    made: list[str] = []

    def counted(*given: object) -> object:
        made.append("packet")
        return packet_of(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(documents, "packet_of", counted)
    first = chair.get(f"{ROOM}/packet")
    assert as_person(AUDITOR).get(f"{ROOM}/packet").text.count("<figure>") == 4
    for path in ("packet.html", "packet/figure-1.svg", "packet.html?as_of=61&on=2026-05-28"):
        assert chair.get(f"{ROOM}/{path}").status_code == 200
    assert made == ["packet"]
    assert "Safety committee packet: trial DEMO" in words_of(first)
    chair.get(f"{ROOM}/packet?as_of=60")
    assert len(made) == 2


def test_a_packet_read_on_the_page_is_cut_off_where_it_says(reader: FlaskClient):
    words = words_of(reader.get(f"{ROOM}/packet?as_of=26&on=2026-02-20"))
    assert "entry 26, recorded" in words
    assert "TJ-005" not in words


@pytest.mark.parametrize(
    "path",
    [
        "packet?as_of=0",
        "packet?as_of=62",
        "packet.html?as_of=-1",
        "packet.exe",
        "packet/figure-0.svg",
        "packet/figure-99.svg",
        "minutes/47",
        "minutes/48?as_of=20",
        "minutes/48.zip",
        "packet/..%2f..%2fetc%2fpasswd.svg",
    ],
)
def test_what_is_not_there_is_not_found(reader: FlaskClient, path: str):
    assert reader.get(f"{ROOM}/{path}").status_code == 404


def test_what_cannot_be_written_here_is_said_with_what_would_help(
    chair: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    said = "PDF needs the library Pango"
    monkeypatch.setattr(documents, "find_missing", lambda s: said if s == ".pdf" else None)
    assert f"PDF: {said}." in words_of(chair.get(f"{ROOM}/meeting"))
    answer = chair.get(f"{ROOM}/minutes/9.pdf")
    assert answer.status_code == 503
    assert said in words_of(answer)


def test_csv_has_what_the_log_says_and_no_formula(chair: FlaskClient, ledger: Ledger):
    hold = partial(hold_enrolment, reason='=HYPERLINK("http://evil","x")')
    Tracker(ledger, TRIAL).record(hold, Recorder(name=SITE, on=STAR_T.day, at=NOW))
    log = chair.get(f"{ROOM}/log.csv")
    rows = list(csv.reader(io.StringIO(log.text)))
    assert len(rows) == 63
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]
    patients = list(csv.reader(io.StringIO(chair.get(f"{ROOM}/patients.csv").text)))
    assert [row[0] for row in patients[1:]] == [f"TJ-{n:03}" for n in range(1, 11)]


def test_datasets_are_those_of_the_command_line(reader: FlaskClient, ledger: Ledger):
    answer = reader.get(f"{ROOM}/datasets.zip")
    assert answer.content_type == "application/zip"
    assert f"{TRIAL}-datasets-61-" in answer.headers["Content-Disposition"]
    made = make_export(Tracker(ledger, TRIAL).state(), TRIAL)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert len(archive.namelist()) == 1 + 2 * len(made.datasets)
        assert archive.read("ae.csv").decode() == write_csv(made.datasets[4])
    link = f'href="{ROOM}/datasets.zip"'
    assert link in reader.get(f"{ROOM}/log").text
    assert link in reader.get(f"{ROOM}/meeting").text
