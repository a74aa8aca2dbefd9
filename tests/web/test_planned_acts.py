"""What a plan asks for becomes a form, and what is filled in becomes an entry, as at a shell.

Oracle: events written here by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from escalation.ledger import Ledger
from escalation.plan import load_plan, shipped_plans
from escalation.tracker import read_entry
from escalation.trial.demo.script import CHAIR, SITE
from escalation.trial.events import (
    CHARTED,
    EligibilityWaived,
    EntryCorrected,
    Event,
    Finding,
    FindingsRecorded,
    PlanAdopted,
    ScreeningFailed,
    VisitRecorded,
)
from tests.web.acting import sent_by
from tests.web.conftest import TRIAL, AsPerson
from tests.web.forms import words_of
from tests.web.planned import PLANNED

RECORD = f"/t/{PLANNED}/record"
TODAY = date(2026, 5, 28)


@pytest.fixture(scope="session")
def demo_file(with_plan: Path) -> Path:
    return with_plan


@pytest.fixture
def site(as_person: AsPerson) -> FlaskClient:
    return as_person(SITE)


def look(client: FlaskClient, form: str, **fields: Any) -> Any:
    page = client.get(f"{RECORD}/{form}")
    assert page.status_code == 200, words_of(page)
    sent = sent_by(page, **{name.replace("__", "-"): v for name, v in fields.items()}, look="y")
    return client.post(page.request.path, data=sent)


def record(client: FlaskClient, ledger: Ledger, form: str, **fields: Any) -> Event:
    foreseen = look(client, form, **fields)
    assert foreseen.status_code == 200, words_of(foreseen)
    done = client.post(foreseen.request.path, data=sent_by(foreseen, record="y"))
    assert done.status_code == 303, words_of(done)
    assert client.get(done.location).status_code == 200
    return read_entry(ledger.entries(PLANNED)[-1]).event


RESULTS: dict[str, tuple[str, dict[str, Any], Event]] = {
    "a number with its unit and limit, answers with day and name": (
        "criteria?subject=PL-003",
        {
            "result__alt-value": "1.5",
            "result__alt-unit": "ukat/L",
            "result__alt-upper": "0.7",
            "result__I5-answer": "unknown",
            "result__class-answer": "III",
            "result__D1.2.1-answer": "yes",
            "result__D1.2.1-on": "2026-05-02",
            "result__D1.2.1-by": "Dr Ren",
            "by": "Dr Wang",
            "on": "2026-05-28",
        },
        FindingsRecorded(
            on=TODAY,
            subject="PL-003",
            findings=(
                Finding(test="alt", value=1.5, unit="ukat/L", upper=0.7, by="Dr Wang"),
                Finding(test="I5", answer="unknown", by="Dr Wang"),
                Finding(test="class", answer="III", by="Dr Wang"),
                Finding(test="D1.2.1", answer="yes", on=date(2026, 5, 2), by="Dr Ren"),
            ),
        ),
    ),
    "results at a visit, one below its limit and one not done": (
        "results?at=PL-002+W8",
        {
            "result__response-answer": "PR",
            "result__cells-value": "25",
            "result__cells-below": "y",
            "result__il6-not_done": "tube broken",
            "on": "2026-05-27",
        },
        FindingsRecorded(
            on=date(2026, 5, 27),
            subject="PL-002",
            visit="W8",
            findings=(
                Finding(test="response", answer="PR"),
                Finding(test="cells", value=25, unit="copies/ug", below=True),
                Finding(test="il6", not_done="tube broken"),
            ),
        ),
    ),
    "a result between visits": (
        "results?at=PL-002+-",
        {"result__haemoglobin-value": "8.1", "result__haemoglobin-unit": "g/dL"},
        FindingsRecorded(
            on=TODAY,
            subject="PL-002",
            findings=(Finding(test="haemoglobin", value=8.1, unit="g/dL"),),
        ),
    ),
    "a visit": (
        "visit?at=PL-002+W8",
        {"how": "took place", "note": "by telephone", "on": "2026-05-28"},
        VisitRecorded(on=TODAY, subject="PL-002", visit="W8", note="by telephone"),
    ),
}


@pytest.mark.parametrize("case", RESULTS)
def test_what_is_filled_in_is_what_is_recorded(site: FlaskClient, ledger: Ledger, case: str):
    form, fields, event = RESULTS[case]
    assert record(site, ledger, form, **fields) == event


def test_a_criterion_is_waived_where_the_plan_permits_it_and_no_other_is_offered(
    site: FlaskClient, ledger: Ledger
):
    high = {"result__alt-value": "200", "result__alt-upper": "40"}
    record(site, ledger, "criteria?subject=PL-003", **high)
    page = site.get(f"{RECORD}/waive?subject=PL-003")
    assert re.findall(r'name="criteria"[^>]*value="([^"]+)"', page.text) == ["I3"]
    event = record(site, ledger, "waive?subject=PL-003", criteria=["I3"], reason="of the disease")
    assert event == EligibilityWaived(
        on=TODAY, subject="PL-003", criteria=("I3",), reason="of the disease"
    )


def rows(page: Any) -> Iterator[str]:
    """Yield the names of the rows of a form, in order."""
    yield from dict.fromkeys(re.findall(r'name="result-(.+?)-(?:answer|value)"', page.text))


def test_only_what_is_asked_of_somebody_is_asked_each_test_once(site: FlaskClient):
    """Oracle: the plan, read by hand: of the other disease and the other sex nothing is asked."""
    common = ["age", "haemoglobin", "alt", "weight", "creatinine", "clearance", "fertile", "I5"]
    page = site.get(f"{RECORD}/criteria?subject=PL-003")
    assert list(rows(page)) == [*common, "I6", "class", "D1.2.1", "D1.2.2", "E1"]
    page = site.get(f"{RECORD}/criteria?subject=PL-004")
    assert list(rows(page))[-2:] == ["E1", "E2"]


def test_the_tests_due_at_a_visit_stand_first_with_their_units(site: FlaskClient):
    page = site.get(f"{RECORD}/results?at=PL-002+W4")
    assert list(rows(page))[:4] == ["cells", "il6", "b-cells", "response"]
    assert 'value="10^6/L"' in page.text


def test_a_gap_of_the_source_is_said_where_it_bites(site: FlaskClient):
    page = site.get(f"{RECORD}/criteria?subject=PL-003")
    assert "the source has &gt;= here and &gt; there" in page.text


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a comma": (
        "results?at=PL-002+W8",
        {"result__cells-value": "1,5"},
        "write 1.5, with a point before decimals",
    ),
    "a day and no result": (
        "results?at=PL-002+W8",
        {"result__cells-on": "2026-05-27"},
        "CAR copies: a result is missing, or why there is none",
    ),
    "nothing at all": ("results?at=PL-002+W8", {}, "No result is given"),
    "a unit that is not one of the test": (
        "results?at=PL-002+W8",
        {"result__haemoglobin-value": "8", "result__haemoglobin-unit": "stone"},
        "haemoglobin 8 stone: the unit",
    ),
    "a day of birth": (
        "screen",
        {"subject": "PL-009", "disease": "LN", "born": "1975-03-11"},
        "give a year or a month",
    ),
    "missed, and not why": ("visit?at=PL-002+W8", {"how": "missed"}, "this is needed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    site: FlaskClient, ledger: Ledger, case: str
):
    form, fields, said = WRONG[case]
    before = len(ledger.entries(PLANNED))
    refused = look(site, form, **fields)
    assert refused.status_code == 422
    assert said in words_of(refused)
    again = dict(sent_by(refused).items())
    typed = {name.replace("__", "-"): value for name, value in fields.items()}
    assert {name: again[name] for name in typed} == typed
    assert len(ledger.entries(PLANNED)) == before


def test_how_a_criterion_stands_is_said_beside_what_was_recorded(site: FlaskClient):
    """Oracle: 55 g/L is below 60, and the consent was signed."""
    said = words_of(site.get(f"{RECORD}/criteria?subject=PL-003"))
    assert "Recorded: haemoglobin 55 g/L on 2026-02-16, entry 32" in said
    assert "Recorded: I6 yes on 2026-02-16, entry 32: met." in said


@pytest.fixture
def chair(as_person: AsPerson) -> FlaskClient:
    return as_person(CHAIR)


def adopt(chair: FlaskClient, **fields: Any) -> Any:
    page = chair.get(f"/t/{TRIAL}/record/adopt-plan")
    data = sent_by(page, look="y", **fields)
    return chair.post(page.request.path, data=data, content_type="multipart/form-data")


def test_a_chair_adopts_a_shipped_plan_and_its_acts_and_screens_are_there(
    chair: FlaskClient, site: FlaskClient, ledger: Ledger
):
    name = shipped_plans()[0]
    foreseen = adopt(chair, shipped=name)
    assert foreseen.status_code == 200, words_of(foreseen)
    done = chair.post(foreseen.request.path, data=sent_by(foreseen, record="y"))
    assert done.status_code == 303, words_of(done)
    event = read_entry(ledger.entries(TRIAL)[-1]).event
    assert isinstance(event, PlanAdopted)
    assert event.digest == load_plan(name).digest
    assert "Screen somebody" in site.get(f"/t/{TRIAL}/record/").text
    assert f'href="/t/{TRIAL}/screening"' in site.get(f"/t/{TRIAL}/").text


def test_every_fault_of_a_plan_file_is_said_and_nothing_recorded(
    chair: FlaskClient, ledger: Ledger
):
    before = len(ledger.entries(TRIAL))
    refused = adopt(chair, file=(BytesIO(b'schema = 1\nname = "x"\nvisit = 3\n'), "x.toml"))
    assert refused.status_code == 422
    assert "the file is not valid" in words_of(refused).lower()
    assert "visit" in words_of(refused)
    assert "not both" in words_of(adopt(chair))
    assert len(ledger.entries(TRIAL)) == before


def test_a_screening_failure_names_the_criteria_that_are_not_met(site: FlaskClient, ledger: Ledger):
    record(site, ledger, "criteria?subject=PL-003", **{"result__E1-answer": "yes"})
    event = record(site, ledger, "screen-fail?subject=PL-003", reason="pneumonia")
    assert isinstance(event, ScreeningFailed)
    assert (event.reason, event.criteria) == ("pneumonia", ("E1",))


CORRECTED: dict[str, tuple[str, dict[str, Any], dict[str, Any] | None]] = {
    "who is screened": (
        "SubjectScreened",
        {"sex": "female", "born": "1971", "consented": "2026-02-15"},
        {"sex": "female", "born": "1971", "consented": "2026-02-15"},
    ),
    "the day of results": ("FindingsRecorded", {"said_on": "2026-02-17"}, {"on": "2026-02-17"}),
    "results of somebody else": ("FindingsRecorded", {"withdraw": "y"}, None),
    "a visit that took place after all": ("VisitRecorded", {"missed": ""}, {"missed": None}),
}


@pytest.mark.parametrize("case", CORRECTED)
def test_an_entry_of_a_chart_is_corrected_or_withdrawn(
    site: FlaskClient, ledger: Ledger, case: str
):
    kind, fields, changes = CORRECTED[case]
    entries = [read_entry(entry) for entry in ledger.entries(PLANNED)]
    seq = [entry.seq for entry in entries if type(entry.event).__name__ == kind]
    about = next(n for n in seq if kind == "VisitRecorded" or "PL-003" in str(entries[n - 1].event))
    page = site.get(f"{RECORD}/correct?entry={about}")
    assert page.status_code == 303
    event = record(site, ledger, page.location.rpartition("/")[2], reason="mistyped", **fields)
    assert isinstance(event, EntryCorrected)
    assert (event.entry, event.changes) == (about, changes)


def test_every_entry_of_a_chart_is_offered_to_be_corrected(site: FlaskClient, ledger: Ledger):
    offered = site.get(f"{RECORD}/correct").text
    charted = [
        entry.seq
        for entry in map(read_entry, ledger.entries(PLANNED))
        if isinstance(entry.event, CHARTED)
    ]
    assert charted
    assert [n for n in charted if f"entry={n}" not in offered] == []


SHEET = b"subject,visit,date,test,value,unit\nPL-002,W4,2026-02-25,IL6,7,pg/mL\n"


def test_results_from_a_spreadsheet_are_those_of_the_command_line(
    site: FlaskClient, ledger: Ledger
):
    page = site.get(f"{RECORD}/import")
    sent = sent_by(page, kind="results", file=(BytesIO(SHEET), "labs.csv"), look="y")
    foreseen = site.post(page.request.path, data=sent, content_type="multipart/form-data")
    assert foreseen.status_code == 200, words_of(foreseen)
    before = len(ledger.entries(PLANNED))
    done = site.post(
        foreseen.request.path,
        data=sent_by(foreseen, record="y"),
        content_type="multipart/form-data",
    )
    assert done.status_code == 303, words_of(done)
    events = [read_entry(entry).event for entry in ledger.entries(PLANNED)[before:]]
    found = [event for event in events if isinstance(event, FindingsRecorded)]
    assert [(f.subject, f.visit, f.findings[0].test, f.findings[0].value) for f in found] == [
        ("PL-002", "W4", "il6", 7)
    ]


def test_who_is_not_there_is_asked_for_again(site: FlaskClient):
    for form in ("criteria?subject=PL-999", "results?at=PL-001+W99", "leave?subject=XX"):
        page = site.get(f"{RECORD}/{form}")
        assert page.status_code == 422
        assert "choose again" in words_of(page)


def test_without_a_plan_its_acts_are_not_offered_and_say_why(site: FlaskClient):
    assert "Screen somebody" not in site.get(f"/t/{TRIAL}/record/").text
    assert "Screen somebody" in site.get(f"{RECORD}/").text
    page = site.get(f"/t/{TRIAL}/record/screen")
    assert page.status_code == 409
    assert "goes by no plan yet" in words_of(page)


def test_from_the_screening_to_its_criteria_is_one_link(site: FlaskClient, ledger: Ledger):
    screened = look(site, "screen", subject="PL-006", disease="LN", sex="female", born="1980")
    done = site.post(screened.request.path, data=sent_by(screened, record="y"))
    assert "record/criteria?subject=PL-006" in site.get(done.location).text
