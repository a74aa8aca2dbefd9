"""Keys, roles and protocols by page alone; and what is handed in that is not what it says."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from escalation.ledger import Ledger
from escalation.tracker import Tracker
from escalation.trial.demo.script import AUDITOR, CHAIR, MEMBER, OFFICE, SITE
from escalation.trial.events import Role, SignedWithKey
from tests.signatures.ssh_keygen import make_key, needs_ssh_keygen, sign_by_ssh_keygen
from tests.web.conftest import TRIAL, AsPerson
from tests.web.forms import fields_of, words_of

ROOM = f"/t/{TRIAL}"
SHIPPED = Path(__file__).parents[2] / "escalation" / "protocols"
TOML = (SHIPPED / "nct07123519.toml").read_text(encoding="utf-8")


@pytest.fixture
def as_person(as_person: AsPerson) -> AsPerson:
    """Return one browser for each person, however often it is asked for."""
    return cache(as_person)


def file_of(content: bytes, name: str = "file") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def look(client: FlaskClient, act: str, **given: object) -> TestResponse:
    address = f"{ROOM}/record/{act}"
    return client.post(address, data={**fields_of(client.get(address)), **given, "look": "y"})


def record(client: FlaskClient, act: str, foreseen: TestResponse) -> TestResponse:
    assert foreseen.status_code == 200, words_of(foreseen)
    sent = {**fields_of(foreseen), "record": "y", "password": "right"}
    return client.post(f"{ROOM}/record/{act}", data=sent)


def count_of(ledger: Ledger) -> int:
    return len(ledger.entries(TRIAL))


# ---------------------------------------------------------------- keys


@needs_ssh_keygen
def test_a_signature_that_ssh_keygen_made_of_the_text_on_the_page_is_recorded(
    as_person: AsPerson, ledger: Ledger, tmp_path: Path
):
    key = make_key(tmp_path, "id")
    chair, auditor = as_person(CHAIR), as_person(AUDITOR)
    public = file_of((tmp_path / "id.pub").read_bytes(), "id.pub")
    record(chair, "register-key", look(chair, "register-key", who=AUDITOR, file=public))

    page = auditor.get(f"{ROOM}/keys/sign?meaning=reviewed&entry=12")
    text = auditor.get(f"{ROOM}/keys/statement.txt?meaning=reviewed&entry=12")
    assert text.headers["Content-Disposition"] == "attachment; filename=DEMO-12-reviewed.txt"
    assert text.text in page.text
    assert "ssh-keygen -Y sign -n escalation -f KEY DEMO-12-reviewed.txt" in words_of(page)
    file = tmp_path / "DEMO-12-reviewed.txt"
    file.write_bytes(text.data)
    made = sign_by_ssh_keygen(key, file, "escalation").encode()

    given = {**fields_of(page), "look": "y"}
    foreseen = auditor.post(f"{ROOM}/record/sign-by-key", data={**given, "file": file_of(made)})
    assert "entry 12 signed as reviewed by key" in words_of(foreseen)
    assert record(auditor, "sign-by-key", foreseen).status_code == 303
    assert isinstance(Tracker(ledger, TRIAL).entries()[-1].event, SignedWithKey)

    other = {**given, "entry": "13", "seen": str(count_of(ledger)), "file": file_of(made)}
    wrong = auditor.post(f"{ROOM}/record/sign-by-key", data=other)
    assert wrong.status_code == 422
    assert "The signature does not hold" in words_of(wrong)

    revoked = auditor.get(f"{ROOM}/record/revoke-key")
    assert CHAIR not in words_of(revoked)  # one's own only
    public_key = " ".join((tmp_path / "id.pub").read_text().split()[:2])
    gone = look(auditor, "revoke-key", key=public_key, reason="laptop stolen")
    assert record(auditor, "revoke-key", gone).status_code == 303


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty, or not text"),
        (b"hello", "is not a signature of ssh-keygen"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n", "signature"),
        (b"x" * 20_001, "larger than 20,000 bytes"),
    ],
)
def test_what_is_not_a_signature_is_refused_with_a_sentence(
    as_person: AsPerson, ledger: Ledger, content: bytes, said: str
):
    given = {"meaning": "reviewed", "entry": "12", "on": "2026-05-28"}
    refused = look(as_person(CHAIR), "sign-by-key", file=file_of(content, "a.sig"), **given)
    assert refused.status_code in (400, 422)
    assert said in words_of(refused)
    assert count_of(ledger) == 61


def test_a_private_key_is_not_taken_for_a_public_one(as_person: AsPerson, ledger: Ledger):
    private = b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
    refused = look(as_person(CHAIR), "register-key", who=AUDITOR, file=file_of(private))
    assert refused.status_code == 422
    assert count_of(ledger) == 61


# ---------------------------------------------------------------- roles


def test_roles_are_given_and_taken_by_page_and_shown_with_who_did_it(
    as_person: AsPerson, ledger: Ledger
):
    office = as_person(OFFICE)
    given = look(office, "delegate", who="Li Na", role="site")
    assert record(office, "delegate", given).status_code == 303
    taken = look(office, "revoke", held="site:Li Na", reason="moved away")
    assert record(office, "revoke", taken).status_code == 303
    page = words_of(office.get(f"{ROOM}/roles"))
    assert "Wu Jing took Li Na site moved away" in page
    assert Role.SITE not in Tracker(ledger, TRIAL).state().roles_of("Li Na")
    assert "Give a role" not in words_of(as_person(MEMBER).get(f"{ROOM}/roles"))


def test_roles_that_exclude_each_other_are_refused_in_the_trials_words(as_person: AsPerson):
    refused = look(as_person(OFFICE), "delegate", who=SITE, role="auditor")
    assert refused.status_code in (200, 422)
    assert "exclude" in words_of(refused)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=cmd", "Zha\u043e Lan", "a\u202eb"])
def test_a_name_is_shown_as_text_or_refused(as_person: AsPerson, name: str):
    office = as_person(OFFICE)
    foreseen = look(office, "delegate", who=name, role="auditor")
    assert "<script" not in foreseen.text
    if foreseen.status_code == 200:
        record(office, "delegate", foreseen)
        assert "<script" not in office.get(f"{ROOM}/roles").text
    else:
        assert foreseen.status_code == 422


def test_enrolment_is_held_by_anybody_with_a_role_and_resumed_by_the_chair(
    as_person: AsPerson, ledger: Ledger
):
    auditor, chair = as_person(AUDITOR), as_person(CHAIR)
    record(auditor, "hold", look(auditor, "hold", reason="a death is under review"))
    assert Tracker(ledger, TRIAL).state().held is not None
    record(chair, "resume", look(chair, "resume", reason="unrelated"))
    assert Tracker(ledger, TRIAL).state().held is None
    open_still = look(chair, "close", reason="MTD declared")
    assert record(chair, "close", open_still).status_code == 303


# ---------------------------------------------------------------- protocols


def test_an_amendment_says_what_changes_before_it_is_recorded(as_person: AsPerson, ledger: Ledger):
    chair = as_person(CHAIR)
    longer = TOML.replace("window_days = 28", "window_days = 42").encode()
    foreseen = look(chair, "amend", file=file_of(longer, "v2.toml"), reason="longer window")
    assert "Changed: dlt.window_days is 42; it was 28." in words_of(foreseen)
    assert count_of(ledger) == 61
    assert record(chair, "amend", foreseen).status_code == 303
    state = Tracker(ledger, TRIAL).state()
    assert state.protocol is not None
    assert state.protocol.dlt.window_days == 42


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v2.toml", TOML + " " * 10**6)
    return packed.getvalue()


ATTACKS = {
    "not TOML": (b"hello, world", "not TOML"),
    "HTML": (b"<script>alert(1)</script>", "not TOML"),
    "a zip file": (_zip(), "not text"),
    "NUL": (TOML.encode() + b"\0", "not text"),
    "not UTF-8": (TOML.encode() + b"\xff", "not text in UTF-8"),
    "too large": (b"#" * 200_001, "larger than 200,000 bytes"),
    "faults": (b'schema = 1\nname = "a b"\n', "name: must be letters"),
    "nested": (b"a = " + b"[" * 5_000, "not a protocol file"),
    "empty": (b"", "empty"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_not_a_protocol_is_refused_with_a_sentence(
    as_person: AsPerson, ledger: Ledger, attack: str
):
    content, said = ATTACKS[attack]
    for name in ("v2.toml", "../../etc/passwd", "a\0b.toml", "C:\\v2.toml"):
        file = file_of(content, name)
        refused = look(as_person(CHAIR), "amend", file=file, reason="longer window")
        assert refused.status_code == 422
        assert said in words_of(refused)
        assert "<script" not in refused.text
    assert count_of(ledger) == 61


def test_a_body_of_two_megabytes_is_too_large(as_person: AsPerson, ledger: Ledger):
    chair = as_person(CHAIR)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="v2.toml"\r\n\r\n'
    body = head + b"#" * 2_000_000 + b"\r\n--x--\r\n"
    form = "multipart/form-data; boundary=x"
    refused = chair.post(f"{ROOM}/record/amend", data=body, content_type=form)
    assert refused.status_code == 413
    assert "too large" in words_of(refused)
    assert count_of(ledger) == 61


def test_neither_a_file_nor_a_name_is_no_protocol(as_person: AsPerson):
    refused = look(as_person(CHAIR), "amend", reason="longer window")
    assert refused.status_code == 422
    assert "Hand in a protocol file, or choose one" in words_of(refused)


# ---------------------------------------------------------------- a new trial


def test_a_trial_is_registered_by_page_and_its_owner_goes_on_to_the_roles(
    as_person: AsPerson, ledger: Ledger
):
    office = as_person(OFFICE)
    given = {"trial": "TJ-2", "shipped": "nct07123519", "look": "y"}
    foreseen = office.post("/register", data={**fields_of(office.get("/register")), **given})
    assert "The first entry of trial TJ-2, by Wu Jing, would say" in words_of(foreseen)
    assert "dlt.window_days" in words_of(foreseen)
    assert "TJ-2" not in ledger.trials()
    sent = {**fields_of(foreseen), "record": "y"}
    done, again = office.post("/register", data=sent), office.post("/register", data=sent)
    assert (done.status_code, again.status_code) == (303, 303)
    assert len(ledger.entries("TJ-2")) == 1
    assert "Registered by Wu Jing" in words_of(office.get(done.location))
    for again in ({**sent, "request_id": "another"}, {**sent, "record": "", **given}):
        other = office.post("/register", data={k: v for k, v in again.items() if v})
        assert other.status_code == 422
        assert "It is registered, by Wu Jing" in words_of(other)


def test_who_may_not_register_trials_may_not(as_person: AsPerson, ledger: Ledger):
    assert as_person(CHAIR).get("/register").status_code == 403
    assert as_person(CHAIR).post("/register", data={"look": "y"}).status_code in (400, 403)


@pytest.mark.parametrize("trial", ["../x", "a b", "", "<b>", "x" * 61])
def test_an_id_that_cannot_be_one_is_refused(as_person: AsPerson, ledger: Ledger, trial: str):
    office = as_person(OFFICE)
    given = {"trial": trial, "shipped": "nct07123519", "look": "y"}
    refused = office.post("/register", data={**fields_of(office.get("/register")), **given})
    assert refused.status_code in (400, 422)
    assert ledger.trials() == (TRIAL,)
