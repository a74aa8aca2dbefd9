"""Signatures by key as people type them, and the files with which ssh-keygen checks them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

import escalation
from escalation.cli import main
from escalation.cli.trial.keys import PASSPHRASE
from escalation.ledger import Draft, open_ledger
from escalation.signatures.private_key import load_key
from escalation.signatures.public_key import fingerprint, read_public_key
from tests.signatures.ssh_keygen import make_key, needs_ssh_keygen, run, sign_by_ssh_keygen

from .shell import Shell

pytest.importorskip("cryptography", reason="the extra [keys] is not installed")
pytestmark = needs_ssh_keygen

At = Callable[[str], Shell]
DAY = "--on 2026-01-05"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("chair", "member"):
        make_key(folder, name)
    make_key(folder, "locked", passphrase="open sesame")  # noqa: S106
    return folder


@pytest.fixture
def keyed(at: At, keys: Path) -> Shell:
    """Entry 6 is a decision, 7 and 8 the keys of chair and member."""
    shell = at("decided")
    shell.ok(
        f"office: key add chair --public-key {keys}/chair.pub {DAY}",
        f"chair: key add member --public-key {keys}/member.pub {DAY}",
    )
    return shell


def public(keys: Path, name: str) -> str:
    return read_public_key((keys / f"{name}.pub").read_text())


def statement_of(shell: Shell, line: str) -> bytes:
    result = shell.type(line)
    assert result.exit_code == 0, result.output
    return result.stdout_bytes


def append(shell: Shell, kind: str, by: str, **data: object) -> None:
    """Append behind the commands' back, with right hashes, as a forger could."""
    version = 2 if kind == "signed" else 1
    with open_ledger(shell.db) as ledger:
        ledger.append(
            "TJ",
            [Draft(kind=kind, version=version, data={"on": "2026-01-05", **data})],
            after=len(ledger.entries("TJ")),
            recorded_at=datetime.now(UTC),
            recorded_by=by,
        )


def problems(shell: Shell, line: str = "verify", exit_code: int = 5) -> list[str]:
    result = shell.type(f"{line} --json")
    assert result.exit_code == exit_code, result.output
    found = json.loads(result.stdout)["findings"]
    return [f"{one['seq']} {one['kind']}: {one['problem']}" for one in found]


# ---------------------------------------------------------------- keys


def test_whose_keys_there_are_is_shown(keyed, keys):
    said = keyed.ok("key list")
    assert f"chair: since entry 7. {fingerprint(public(keys, 'chair'))}" in said
    keyed.ok('member: key revoke member --reason "laptop stolen"')
    first, second = keyed.json("key list")["keys"]
    assert (first["person"], first["since"], first["revoked_by"]) == ("chair", 7, None)
    assert (second["person"], second["since"], second["revoked_by"]) == ("member", 8, 9)
    assert second["public_key"] == public(keys, "member")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("site: key add member --public-key {k}/locked.pub", "to register a key takes chair"),
        ("office: key add nobody --public-key {k}/locked.pub", '"nobody" has no role in this'),
        (
            "office: key add site --public-key {k}/chair.pub",
            'It is registered as a key of "chair", by entry 7.',
        ),
        ("office: key add chair --public-key {k}/chair.pub", 'as a key of "chair", by entry 7'),
        ("office: key add chair --public-key {k}/locked", "This is a private key, which only"),
        ("office: key add chair --public-key {k}/nothing", "nothing cannot be read: No such"),
        ("site: key revoke member --reason lost", "to register a key takes chair"),
        ("site: key revoke site --reason lost", '"site" has no key.'),
        ("office: key revoke member --key SHA256:x --reason lost", "has no key SHA256:x; it is"),
    ],
)
def test_what_may_not_be_done_with_keys_is_refused(keyed, keys, line, words):
    assert words in keyed.fails(line.format(k=keys))
    assert keyed.seq() == 8


def test_of_two_keys_the_one_to_revoke_is_named_and_it_never_comes_back(keyed, keys):
    keyed.ok(f"office: key add member --public-key {keys}/locked.pub")
    assert "Say which one, by its fingerprint" in keyed.fails(
        "member: key revoke member --reason old"
    )
    old = fingerprint(public(keys, "member"))
    keyed.ok(f"member: key revoke member --key {old} --reason old")
    said = keyed.fails(f"office: key add member --public-key {keys}/member.pub")
    assert 'It was revoked by entry 10 as a key of "member": make another one.' in said


# ---------------------------------------------------------------- signing


def test_an_approval_by_key_opens_the_cohort_and_verifies(keyed, keys):
    said = keyed.ok(f"chair: sign approved --key {keys}/chair {DAY}")
    assert "decision 6 signed as approved" in said
    assert "anchor 9:" in said
    assert "TJ: 1 signature by key." in keyed.ok("verify")


def test_the_text_that_is_signed_is_as_documented(keyed):
    head = keyed.json("log")["entries"][5]
    text = statement_of(keyed, f"chair: key statement approved 6 {DAY}").decode()
    assert text == (
        f"escalation signature 1\ntrial TJ\nentry 6\nhash {head['hash']}\nmeaning approved\n"
        "on 2026-01-05\nby chair\n"
    )
    assert keyed.seq() == 8, "nothing is recorded"


def test_a_signature_that_ssh_keygen_made_is_handed_in(keyed, keys, tmp_path):
    text = tmp_path / "6.txt"
    text.write_bytes(statement_of(keyed, f"chair: key statement approved 6 {DAY}"))
    sign_by_ssh_keygen(keys / "chair", text, "escalation")
    said = keyed.ok(f"chair: sign approved 6 --signature {text}.sig {DAY}")
    assert "cohort 1 opens" in said
    keyed.ok("verify")


def test_a_passphrase_is_read_from_the_environment_and_never_shown(keyed, keys):
    keyed.ok(f"office: key add chair --public-key {keys}/locked.pub")
    line = f"chair: sign approved --key {keys}/locked {DAY}"
    assert f"there is no terminal to ask for it: set {PASSPHRASE}" in keyed.fails(line)
    wrong = keyed.type(line, **{PASSPHRASE: "abracadabra"})
    assert wrong.exit_code == 1
    assert "the passphrase is wrong" in wrong.stderr
    assert "abracadabra" not in wrong.output
    assert keyed.type(line, **{PASSPHRASE: "open sesame"}).exit_code == 0
    keyed.ok("verify")


def test_a_passphrase_is_asked_for_on_a_terminal(keyed, keys, monkeypatch):
    keyed.ok(f"office: key add chair --public-key {keys}/locked.pub")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    words = ["sign", "approved", "--key", f"{keys}/locked", "--as", "chair", *DAY.split()]
    result = CliRunner().invoke(main, ["trial", *words, "--db", keyed.db], input="open sesame\n")
    assert result.exit_code == 0, result.output
    assert f"Passphrase of {keys}/locked" in result.stderr
    assert "sesame" not in result.output


def test_the_same_request_signs_once(keyed, keys):
    line = f"chair: sign approved --key {keys}/chair {DAY} --request-id once"
    keyed.ok(line, line)
    assert keyed.seq() == 9


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("chair: sign approved --key {k}/member", 'The key is that of "member", not of "chair"'),
        ("chair: sign approved --key {k}/locked.pub", "is a public key: signing takes the private"),
        ("site: sign reviewed --key {k}/chair", 'The key is that of "chair", not of "site"'),
        ("member: sign approved --key {k}/member", "to sign as approved takes chair"),
        ("chair: sign approved 99 --key {k}/chair", "It is not a decision"),
        ("chair: sign approved --signature {k}/chair.pub", "is not a signature of ssh-keygen"),
    ],
)
def test_a_key_that_is_not_ones_own_signs_nothing(keyed, keys, line, words):
    assert words in keyed.fails(f"{line.format(k=keys)} {DAY}")
    assert keyed.seq() == 8


def test_a_revoked_key_signs_nothing_and_what_it_has_signed_stays(keyed, keys):
    keyed.ok(f"member: sign proposed --key {keys}/member {DAY}")
    keyed.ok("chair: key revoke member --reason left")
    said = keyed.fails(f"member: sign reviewed --key {keys}/member {DAY}")
    assert "The key was revoked by entry 10" in said
    keyed.ok("verify")


def test_a_signature_over_anything_else_is_refused(keyed, keys, tmp_path):
    """Of another entry, meaning, day or person, and of another namespace."""
    key = load_key((keys / "chair").read_bytes())
    texts = [
        statement_of(keyed, line)
        for line in (
            f"chair: key statement reviewed 5 {DAY}",
            f"chair: key statement proposed 6 {DAY}",
            "chair: key statement approved 6 --on 2026-01-06",
            f"member: key statement reviewed 6 {DAY}",
        )
    ]
    right = statement_of(keyed, f"chair: key statement approved 6 {DAY}")
    assert right not in texts
    file = tmp_path / "x.sig"
    for text in texts:
        file.write_text(key.sign(text, "escalation"))
        said = keyed.fails(f"chair: sign approved 6 --signature {file} {DAY}")
        assert "The signature does not hold: it does not fit what is signed" in said
    file.write_text(key.sign(right, "file"))
    said = keyed.fails(f"chair: sign approved 6 --signature {file} {DAY}")
    assert "it is of the namespace 'file', not \"escalation\"" in said
    assert keyed.seq() == 8


# ---------------------------------------------------------------- what a forger puts in


def forged(keyed: Shell, keys: Path, name: str = "chair", **other: object) -> dict[str, object]:
    """Return the data of an approval by key of entry 6, some of it changed."""
    seal = keyed.json("log")["entries"][5]["hash"]
    key = load_key((keys / name).read_bytes())
    text = statement_of(keyed, f"chair: key statement approved 6 {DAY}")
    data = {"entry": 6, "entry_hash": seal, "meaning": "approved", "public_key": key.public_key}
    return {**data, "signature": key.sign(text, "escalation"), **other}


def test_a_signature_put_in_is_found_unless_it_is_right(keyed, keys, tmp_path):
    key = load_key((keys / "chair").read_bytes())
    other = load_key((keys / "member").read_bytes())
    seal = keyed.json("log")["entries"][4]["hash"]
    text = statement_of(keyed, f"chair: key statement approved 6 {DAY}")
    for by, changed, words in (
        ("chair", {}, None),
        (
            "chair",
            {"signature": key.sign(text + b" ", "escalation")},
            "9 signature: its signature by key does not hold: it does not fit what is signed",
        ),
        (
            "chair",
            {"signature": key.sign(text, "git")},
            "9 signature: its signature by key does not hold: it is of the namespace 'git'",
        ),
        (
            "chair",
            {"signature": other.sign(text, "escalation")},
            "9 signature: its signature by key does not hold: it is by the key "
            + fingerprint(other.public_key),
        ),
        ("chair", {"entry_hash": seal}, "9 form: it does not fit: the signature is of another"),
        ("member", {}, '9 form: it does not fit: the key is that of "chair", not of "member"'),
    ):
        copied = Shell(str(tmp_path / "copied.db"))
        Path(copied.db).write_bytes(Path(keyed.db).read_bytes())
        append(copied, "signed", by, **forged(keyed, keys, **changed))
        if words is None:
            copied.ok("verify")
        else:
            assert any(problem.startswith(words) for problem in problems(copied)), words


def test_a_key_put_in_by_who_may_not_or_twice_or_no_key_at_all_is_found(keyed, keys):
    append(keyed, "key-registered", "site", person="site", public_key=public(keys, "locked"))
    append(keyed, "key-registered", "office", person="site", public_key=public(keys, "chair"))
    append(keyed, "key-registered", "office", person="site", public_key="ssh-ed25519 AAAA")
    append(keyed, "key-revoked", "office", person="site", public_key="x", reason="x")
    said = "\n".join(problems(keyed))
    assert '9 form: it does not fit: "site" has the role site; to register a key takes' in said
    assert "10 form: it does not fit: the key is that of chair since entry 7" in said
    assert "11 form: it does not fit: this ssh-ed25519 key is damaged" in said
    assert "12 form: it does not fit: the key is not registered" in said


# ---------------------------------------------------------------- where keys are required


@pytest.fixture
def strict(tmp_path: Path, keys: Path) -> Shell:
    """A trial whose protocol asks for keys; entry 5 is a decision."""
    protocol = tmp_path / "strict.toml"
    shipped = Path(escalation.__file__).with_name("protocols") / "nct07123519.toml"
    protocol.write_text(
        shipped.read_text() + "\n[keys]\nrequired = true\n[committee]\nsolo = true\n"
    )
    shell = Shell(str(tmp_path / "strict.db"))
    shell.ok(
        f"office: register --trial TJ --protocol {protocol} {DAY}",
        f"office: delegate chair chair {DAY}",
        f"office: key add chair --public-key {keys}/chair.pub {DAY}",
        f"chair: decide --follow {DAY}",
    )
    return shell


def test_without_a_key_nothing_is_approved_where_the_protocol_asks_for_keys(strict, keys):
    said = strict.fails(f"chair: sign approved {DAY}")
    assert "The protocol asks for a key's signature to approve (trial sign --key FILE)." in said
    strict.ok(f"chair: sign reviewed {DAY}", f"chair: sign approved --key {keys}/chair {DAY}")
    assert strict.json("status")["cohorts"]


def test_an_approval_without_a_key_put_in_by_hand_opens_nothing(strict):
    seal = strict.json("log")["entries"][3]["hash"]
    with open_ledger(strict.db) as ledger:
        data = {"on": "2026-01-05", "entry": 4, "entry_hash": seal, "meaning": "approved"}
        ledger.append(
            "TJ",
            [Draft(kind="signed", version=1, data=data)],
            after=4,
            recorded_at=datetime.now(UTC),
            recorded_by="chair",
        )
    assert not strict.json("status")["cohorts"]
    words = "5 form: it does not fit: the protocol asks for a key's signature to approve"
    assert any(problem.startswith(words) for problem in problems(strict))


@pytest.fixture
def take_extra_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function after which the libraries of the extra [keys] cannot be imported."""
    import escalation.signatures

    def take_away() -> None:
        for name in ("ed25519", "rfc3161"):
            monkeypatch.delattr(escalation.signatures, name, raising=False)
            monkeypatch.delitem(sys.modules, f"escalation.signatures.{name}", raising=False)
        for name in ("cryptography", "rfc3161_client"):
            for module in [m for m in sys.modules if m.split(".")[0] == name]:
                monkeypatch.setitem(sys.modules, module, None)

    return take_away


def test_without_the_extra_a_trial_is_read_and_verify_says_what_it_did_not_check(
    keyed, strict, keys, take_extra_away
):
    for shell in (keyed, strict):
        shell.ok(f"chair: sign approved --key {keys}/chair {DAY}")
    take_extra_away()
    said = keyed.ok("status", "verify")
    assert "Remark: trial TJ, entry 9: not checked: signatures by key and timestamps need" in said
    assert "1 signature by key or timestamp could not be checked; in all else nothing is" in said
    # where keys are required, what may be forged is no approval
    (problem,) = problems(strict)
    assert problem.startswith("5 signature: not checked")
    said = keyed.fails(f"chair: sign reviewed --key {keys}/chair {DAY}")
    assert "pip install 'escalation[keys]'" in said


# ---------------------------------------------------------------- checked without this program


def test_ssh_keygen_checks_every_signature_by_the_lines_that_verify_prints(keyed, keys, tmp_path):
    keyed.ok(
        f"member: sign proposed --key {keys}/member {DAY}",
        f"chair: sign approved --key {keys}/chair {DAY}",
        "member: key revoke member --reason left",  # after it has signed
    )
    folder = tmp_path / "signatures"
    printed = keyed.type(f"verify --signatures {folder}").stdout
    assert sorted(file.name for file in folder.iterdir()) == [
        *("allowed_signers", "check.sh", "signature-10.sig", "signature-10.txt"),
        *("signature-9.sig", "signature-9.txt"),
    ]
    lines = printed.replace(" \\\n   ", "").splitlines()
    commands = [line.strip() for line in lines if "ssh-keygen -Y verify" in line]
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        assert b'Good "escalation" signature' in done.stdout
    script = subprocess.run(["sh", f"{folder}/check.sh"], capture_output=True, check=False)
    assert script.returncode == 0, script.stderr
    text = folder / "signature-10.txt"
    text.write_text(text.read_text().replace("approved", "proposed"))
    script = subprocess.run(["sh", f"{folder}/check.sh"], capture_output=True, check=False)
    assert script.returncode == 1
    assert b"entry 9: entry 6 signed as proposed\nGood" in script.stdout


def test_ssh_keygen_refuses_a_signature_by_a_key_revoked_before(keyed, keys, tmp_path):
    """Put in by hand, a second later: its time is one at which the key was not allowed."""
    keyed.ok("chair: key revoke chair --reason lost")
    key = load_key((keys / "chair").read_bytes())
    text = statement_of(keyed, f"chair: key statement approved 6 {DAY}")
    seal = keyed.json("log")["entries"][5]["hash"]
    with open_ledger(keyed.db) as ledger:
        data = {"on": "2026-01-05", "entry": 6, "entry_hash": seal, "meaning": "approved"}
        data |= {"public_key": key.public_key, "signature": key.sign(text, "escalation")}
        ledger.append(
            "TJ",
            [Draft(kind="signed", version=2, data=data)],
            after=9,
            recorded_at=datetime(2126, 1, 5, tzinfo=UTC),
            recorded_by="chair",
        )
    folder = tmp_path / "signatures"
    assert keyed.type(f"verify --signatures {folder}").exit_code == 5
    script = subprocess.run(["sh", f"{folder}/check.sh"], capture_output=True, check=False)
    assert script.returncode == 1
    assert b"expired" in script.stderr + script.stdout


def test_names_that_ssh_keygen_would_read_as_patterns_stay_themselves(at, keys, tmp_path):
    shell = at("registered")
    names = ['O\'Brien, "Bo" *', "#1!?", "Žofie 李", "100% sure"]
    for number, name in enumerate(names):
        quoted = name.replace('"', '\\"').replace("'", "\\'").replace(" ", "\\ ")
        quoted = quoted.replace("#", "\\#")
        make_key(tmp_path, f"key{number}")
        shell.ok(
            f"office: delegate {quoted} member {DAY}",
            f"office: key add {quoted} --public-key {tmp_path}/key{number}.pub {DAY}",
            f"sign reviewed 1 --as {quoted} --key {tmp_path}/key{number} {DAY}",
        )
    folder = tmp_path / "signatures"
    assert shell.type(f"verify --signatures {folder}").exit_code == 0
    script = subprocess.run(["sh", f"{folder}/check.sh"], capture_output=True, check=False)
    assert script.returncode == 0, script.stderr
    # nobody passes for somebody else
    first = folder / "signature-8.txt"
    words = ("-f", folder / "allowed_signers", "-n", "escalation", "-s", first.with_suffix(".sig"))
    for name, good in (("O%27Brien%2C %22Bo%22 %2A", True), ("Žofie 李", False)):
        done = run("-Y", "verify", "-I", name, *words, stdin=first.read_bytes())
        assert (done.returncode == 0) is good, done.stderr


def test_the_folder_of_signatures_is_a_new_one(keyed, keys, tmp_path):
    (tmp_path / "kept.txt").write_text("x")
    said = keyed.fails(f"verify --signatures {tmp_path}")
    assert "is not empty: name a new folder" in said
    assert "cannot be written" in keyed.fails(f"verify --signatures {tmp_path}/no/such")
