"""Whatever is sent to a form: the right status, a sentence, nothing recorded, and never a fault."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from html import unescape
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from escalation.ledger import Ledger
from escalation.tracker import Tracker
from escalation.trial.demo.script import (
    ADJUDICATOR,
    AUDITOR,
    CHAIR,
    OFFICE,
    OTHER_MEMBER,
    SITE,
    STATISTICIAN,
)
from escalation.trial.events import Role
from escalation.trial.people.rights import MAY
from escalation.trial.state import TrialState
from escalation.web.access import READS
from escalation.web.acts import ACTS
from escalation.web.acts.base import Act
from escalation.web.acts.fields import leaves
from escalation.web.acts.importing import MOST_BYTES
from tests.web.acting import RECORD, act, look, open_form, sent_by
from tests.web.conftest import TRIAL, AsPerson
from tests.web.forms import words_of

OURS = [name for name, form in ACTS.items() if form.__module__.rpartition(".")[2] in (
    "patients", "events", "corrections", "sites", "importing")
    and name != "open-site"]  # fmt: skip
NASTY = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=HYPERLINK(1)", "{{7*7}}",
    "a\x00b", "a\u202eb", "\u200b", "a\nb", "\ud7ff\ufffe", "x" * 2001, "' OR 1=1 --", "../../etc",
    "1e309", "NaN", "-0", "Infinity", "61,5", "1,850", "٦١", "1_0", "0x10", "1e5000", "9" * 5000,
    "0001-01-01", "2026-02-30", "9999-12-31", "20260528", "dlt", "yes", "3", "",
)  # fmt: skip
ABOUT = {
    "follow-up": "40", "follow-up-crs": "41", "adjudicate": "22", "correct-enrolment": "59",
    "correct-dosing": "60", "correct-outcome": "21", "correct-event": "22",
    "correct-event-crs": "41", "correct-follow-up": "44",
}  # fmt: skip


@pytest.fixture(autouse=True)
def without_tokens(app: Flask, request: pytest.FixtureRequest) -> None:
    """Take forms without the token of a session, but where that is what is tested."""
    app.config["WTF_CSRF_ENABLED"] = "token" in request.node.name


def test_a_form_without_a_token_is_not_read(as_person: AsPerson, ledger: Ledger):
    before = len(ledger.entries(TRIAL))
    sent = {"subject": "TJ-050", "reason": "x", "seen": str(before), "request_id": "0" * 32}
    page = as_person(SITE).post(f"{RECORD}/screen-fail", data={**sent, "record": "y"})
    assert page.status_code == 400
    assert len(ledger.entries(TRIAL)) == before


def _whom(name: str) -> dict[str, str]:
    about = ACTS[name].about
    return {about: ABOUT.get(name, "TJ-008" if about == "subject" else "41")} if about else {}


def _who(name: str) -> str:
    if ACTS[name].task == "open a site":
        return CHAIR
    return ADJUDICATOR if ACTS[name].group == "Rulings" else SITE


def _fields(app: Flask, name: str) -> list[str]:
    with app.test_request_context():
        return [field.name for field in leaves(ACTS[name](formdata=None))]


def _each_or_a_few(names: Sequence[str], values: Sequence[str], n: int) -> list[Any]:
    """Return every form with some of the values, others for each; with all of them as slow."""
    few = [
        pytest.param(name, [values[(n * at + k) % len(values)] for k in range(n)], id=name)
        for at, name in enumerate(names)
    ]
    return [
        *few,
        *(pytest.param(name, values, id=f"{name}-all", marks=pytest.mark.slow) for name in names),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "values"), _each_or_a_few(OURS, NASTY, 6))
def test_a_field_with_anything_in_it_is_refused_or_quoted_and_nothing_is_recorded(
    name: str, values: Sequence[str], app: Flask, as_person: AsPerson, ledger: Ledger
):
    client, before = as_person(_who(name)), len(ledger.entries(TRIAL))
    names = _fields(app, name)
    for nasty in values:
        sent = {**dict.fromkeys(names, nasty), **_whom(name), "seen": str(before), "look": "y"}
        page = client.post(f"{RECORD}/{name}", data=sent)
        assert page.status_code in (200, 422), (nasty[:20], page.status_code, words_of(page)[:200])
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert len(ledger.entries(TRIAL)) == before


NOBODY = ("XX-999", "9999999999", "-1", "2", "\u202e", "", "../x", "²")


@pytest.mark.parametrize(
    ("name", "values"), _each_or_a_few([name for name in OURS if ACTS[name].about], NOBODY, 2)
)
@pytest.mark.slow
def test_somebody_who_is_not_in_the_trial_is_not_written_about(
    name: str, values: Sequence[str], as_person: AsPerson, ledger: Ledger
):
    client, before = as_person(_who(name)), len(ledger.entries(TRIAL))
    about = ACTS[name].about
    for whom in values:
        for step in ("look", "record", "change"):
            sent = {about: whom, "seen": str(before), "request_id": "0" * 32, step: "y"}
            page = client.post(f"{RECORD}/{name}", data=sent)
            assert page.status_code == 422, (whom, step, words_of(page))
        link = client.get(f"{RECORD}/{name}", query_string={about: whom})
        assert link.status_code == (422 if whom else 200), whom
    assert len(ledger.entries(TRIAL)) == before


WRONG_STEPS = {
    "no entry seen": ({"seen": ""}, 400),
    "an entry seen that is none": ({"seen": "sixty"}, 400),
    "an entry seen of digits that are not ours": ({"seen": "٦١"}, 400),
    "a negative entry seen": ({"seen": "-5"}, 400),
    "an entry seen that is too long": ({"seen": "9" * 5000}, 400),
    "an entry that is still to come": ({"seen": "500"}, 409),
    "no request id": ({"request_id": ""}, 400),
    "a request id that is none of ours": ({"request_id": "demo-1"}, 400),
    "neither": ({"seen": "", "request_id": ""}, 400),
}


@pytest.mark.parametrize("case", WRONG_STEPS)
def test_a_step_that_lacks_what_it_rests_on_records_nothing(
    case: str, as_person: AsPerson, ledger: Ledger
):
    client, before = as_person(SITE), len(ledger.entries(TRIAL))
    changed, status = WRONG_STEPS[case]
    fields = {"outcome": "not-evaluable", "reason": "withdrew"}
    foreseen = look(client, "outcome", "?subject=TJ-008", fields)
    sent = sent_by(foreseen, **changed, record="y")
    page = client.post(f"{RECORD}/outcome", data=sent)
    assert page.status_code == status, words_of(page)
    assert len(words_of(page)) > 60  # it says something
    assert len(ledger.entries(TRIAL)) == before


def test_fields_that_are_missing_or_repeated_are_no_fault(as_person: AsPerson, ledger: Ledger):
    client, before = as_person(SITE), len(ledger.entries(TRIAL))
    for name in OURS:
        if _who(name) != SITE:
            continue
        for step in ("look", "record", "more"):
            bare = client.post(f"{RECORD}/{name}", data={**_whom(name), step: "y"})
            assert bare.status_code in (200, 400, 422), (name, step, bare.status_code)
        page = open_form(client, name, "".join(f"?{k}={v}" for k, v in _whom(name).items()))
        sent = sent_by(page, look="y")
        twice: MultiDict[str, Any] = MultiDict([*sent.items(multi=True), *sent.items(multi=True)])
        assert client.post(page.request.path, data=twice).status_code in (200, 422), name
    assert len(ledger.entries(TRIAL)) == before


def test_what_was_typed_is_there_when_it_is_refused_and_says_what_is_right(as_person: AsPerson):
    client = as_person(SITE)
    typed = {"subject": "SMITH-1", "weight": "61,5", "on": "28.05.2026", "deviation": "a\u202eb"}
    page = look(client, "enrol", "", typed)
    assert page.status_code == 422
    assert {k: sent_by(page)[k] for k in typed} == typed
    said = words_of(page)
    for right in ("write 61.5", "write it as 2026-01-31", "could be a name", "not seen"):
        assert right in said
    assert page.text.count('<a href="#') >= 4
    assert 'id="weight-said"' in page.text


def test_a_reason_of_the_trial_stands_beside_its_field(as_person: AsPerson):
    page = look(as_person(SITE), "outcome", "?subject=TJ-008", {"outcome": "not-evaluable"})
    assert page.status_code == 422
    assert '<a href="#reason">' in page.text
    assert 'id="reason-said"' in page.text


def test_values_survive_every_step_as_they_were_typed(as_person: AsPerson):
    client = as_person(SITE)
    typed = {
        "term": "  O'Brien & <b>sons</b> ",
        "grade": "2",
        "started": "2026-05-11",
        "serious": ["life-threatening", "disability"],
        "narrative": "one\r\ntwo",
        "on": "2026-05-28",
    }
    foreseen = look(client, "event", "?subject=TJ-008", typed)
    back = client.post(f"{RECORD}/event", data=sent_by(foreseen, change="y"))
    for page in (foreseen, back):
        sent = sent_by(page)
        for name, value in typed.items():
            assert sent.getlist(name) == (value if isinstance(value, list) else [value]), name


def test_what_was_emptied_is_not_filled_in_again(as_person: AsPerson, ledger: Ledger):
    act(as_person(SITE), "correct", "?entry=60", {"lot": "", "reason": "of another bag"})
    assert '"changes":{"lot":null}' in ledger.entries(TRIAL)[-1].data


def test_a_form_whose_entry_was_corrected_meanwhile_is_opened_again(as_person: AsPerson):
    client = as_person(SITE)
    early = sent_by(open_form(client, "correct-dosing", "?entry=60"), reason="x", look="y")
    act(client, "correct", "?entry=60", {"lot": "L-10", "reason": "misread"})
    late = client.post(f"{RECORD}/correct-dosing", data=early)
    assert late.status_code == 409
    assert "Entry 62 (entry corrected)" in words_of(late)
    assert "correct-dosing?entry=60" in late.text


def test_who_looks_again_after_somebody_else_is_told_so(as_person: AsPerson):
    client = as_person(SITE)
    fields = {"outcome": "not-evaluable", "reason": "withdrew", "look": "y"}
    early = sent_by(open_form(client, "outcome", "?subject=TJ-009"), **fields)
    act(client, "screen-fail", "", {"subject": "TJ-050", "reason": "declined"})
    assert "came entry 62 (screening failed)" in words_of(
        client.post(f"{RECORD}/outcome", data=early)
    )


# ---------------------------------------------------------------- who may

EVERYBODY = (SITE, CHAIR, ADJUDICATOR, AUDITOR, OTHER_MEMBER, STATISTICIAN, OFFICE, "Nobody")


@pytest.mark.slow
@pytest.mark.parametrize("person", EVERYBODY)
def test_every_act_is_for_those_roles_alone_that_the_trial_names(
    person: str, as_person: AsPerson, ledger: Ledger
):
    state: TrialState = Tracker(ledger, TRIAL).state()
    client, before = as_person(person), len(ledger.entries(TRIAL))
    reads = bool(state.roles_of(person)) or person == state.owner
    offered = unescape(words_of(client.get(f"{RECORD}/"))) if reads else ""
    for name, form in ACTS.items():
        may = bool(MAY.get(form.task, frozenset(Role)) & state.roles_of(person))
        owners = ("delegate roles", "register a key", READS)
        may = may or (form.task in owners and person == state.owner)
        there = {409} if form.needs_plan else {200, 303, 422}  # the demo goes by no plan
        expected = there if may else {403}
        assert client.get(f"{RECORD}/{name}").status_code in expected, name
        sent = {"look": "y", "seen": str(before)}
        posted = client.post(f"{RECORD}/{name}", data=sent).status_code
        assert (posted != 403) if may else (posted == 403), name
        if form.is_offered and reads:
            assert (form.title in offered) == (may and not form.needs_plan), name
    assert len(ledger.entries(TRIAL)) == before


def test_every_act_has_a_task_that_is_delegated():
    assert {form.task for form in ACTS.values()} <= {READS, *MAY}
    assert all(issubclass(form, Act) for form in ACTS.values())


# ---------------------------------------------------------------- files


def _zip(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/"), content)
    return made.getvalue()


def _claiming(content: bytes, size: int) -> bytes:
    """Return a zip whose directory says that its last part unpacks to so many bytes."""
    at = content.rindex(b"PK\x01\x02") + 24
    return content[:at] + size.to_bytes(4, "little") + content[at + 4 :]


FILES = {
    "empty": (b"", "empty"),
    "no list of patients": (b"a,b\n1,2\n", "no column is called"),
    "a page": (b"<!doctype html><html>", "a page of HTML"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8"),
    "another zip": (_zip(readme=b"x"), "ZIP file of something else"),
    "half a zip": (_zip(readme=b"x")[:40], "cannot be read"),
    "a bomb": (
        _claiming(_zip(**{"xl__workbook.xml": b"<x/>"}), 400_000_000),
        "unpacks to more than",
    ),
    "very many parts": (
        _zip(xl__workbook=b"", **{f"p{n}": b"" for n in range(1000)}),
        "more than 1000 parts",
    ),
    "faults by cell": (
        b"subject,level,outcome,outcome_on\nTJ-008,2,maybe,28.05.2026\n=1+1,2,,\n",
        "row 2, outcome_on",
    ),
    "an entity": (
        _zip(**{"xl__workbook.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}),
        "declares a document type",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_not_what_it_says_is_refused_with_the_reason(
    case: str, as_person: AsPerson, ledger: Ledger
):
    content, why = FILES[case]
    client, before = as_person(SITE), len(ledger.entries(TRIAL))
    page = look(client, "import", "", {"file": (io.BytesIO(content), "../../patients.xlsx")})
    assert page.status_code == 422
    assert why in words_of(page)
    assert "../" not in words_of(page)
    assert len(ledger.entries(TRIAL)) == before


def test_a_file_that_is_too_large_is_refused(as_person: AsPerson):
    client = as_person(SITE)
    large = look(client, "import", "", {"file": (io.BytesIO(b"x" * (MOST_BYTES + 1)), "p.csv")})
    assert large.status_code == 422
    assert "larger than 3,000,000 bytes" in words_of(large)
    huge = look(client, "import", "", {"file": (io.BytesIO(b"x" * 2 * MOST_BYTES), "p.csv")})
    assert huge.status_code == 413
    assert client.post(f"{RECORD}/enrol", data={"subject": "x" * 1_000_001}).status_code == 413
    for page in (large, huge):
        page.request.environ["wsgi.input"].close()  # the file of the client that sent it


def test_what_a_browser_changes_in_a_file_between_the_steps_is_read_again(
    as_person: AsPerson, ledger: Ledger
):
    client, before = as_person(SITE), len(ledger.entries(TRIAL))
    good = b"subject,level,outcome,outcome_on,reason\nTJ-008,2,not evaluable,2026-05-27,left\n"
    foreseen = look(client, "import", "", {"file": (io.BytesIO(good), "p.csv")})
    assert foreseen.status_code == 200
    assert "SHA-256" in words_of(foreseen)
    for forged in ("!!", "bm8=", ""):
        page = client.post(f"{RECORD}/import", data=sent_by(foreseen, file=forged, record="y"))
        assert page.status_code == 422
    assert len(ledger.entries(TRIAL)) == before


# ---------------------------------------------------------------- anything at all

TEXTS = st.one_of(
    st.text(max_size=40), st.sampled_from(NASTY), st.integers().map(str), st.floats().map(str),
    st.dates().map(str),
)  # fmt: skip


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_form_is_ever_a_fault_and_what_is_foreseen_is_not_recorded(
    data: st.DataObject, app: Flask, as_person: AsPerson, ledger: Ledger
):
    name = data.draw(st.sampled_from(OURS))
    names = _fields(app, name)
    sent = data.draw(st.dictionaries(st.sampled_from(names), TEXTS, max_size=len(names)))
    step = data.draw(st.sampled_from(["look", "change", "more", "record"]))
    forged = {"seen": data.draw(st.sampled_from(["61", "1", "x"])), step: "y"}
    extra = data.draw(st.dictionaries(st.text(max_size=20), TEXTS, max_size=2))
    before = len(ledger.entries(TRIAL))
    page = as_person(_who(name)).post(
        f"{RECORD}/{name}", data={**extra, **sent, **_whom(name), **forged}
    )
    assert page.status_code in (200, 400, 409, 422), words_of(page)
    assert len(ledger.entries(TRIAL)) == before
