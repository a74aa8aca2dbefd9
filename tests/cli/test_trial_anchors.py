"""Anchors kept elsewhere and timestamps by somebody else's clock, as people type them."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

import escalation
from escalation.ledger import Draft, open_ledger
from tests.signatures.authority import made_authority, needs_openssl, openssl

from .shell import Shell
from .test_trial_store import tampered

At = Callable[[str], Shell]
FILE = "ESCALATION_ANCHORS"
DAY = "--on 2026-01-05"


_ANCHORED = """
[anchors]
file = "elsewhere/anchors.txt"
[committee]
solo = true
"""


def lines_of(path: Path) -> list[list[str]]:
    return [line.split(" ") for line in path.read_text().splitlines()]


def head_of(shell: Shell) -> str:
    head = shell.json("status")["head"]
    return f"{head['seq']}:{head['hash']}"


def verified(shell: Shell, line: str = "verify", **env: str) -> tuple[int, str]:
    result = shell.type(line, **env)
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(autouse=True)
def at_the_files(tmp_path, monkeypatch):
    """A name without folders is short enough not to be folded where it is shown."""
    monkeypatch.chdir(tmp_path)


# ---------------------------------------------------------------- anchors


def test_an_anchor_is_added_and_verify_holds_the_ledger_against_it(at, tmp_path):
    shell, file = at("open"), Path("anchors.txt")
    said = shell.ok(f"anchor --to {file}")
    assert f"The anchor of entry 7 is kept in {file}. anchor {head_of(shell)}" in said
    (time, *rest) = lines_of(file)[0]
    assert time.endswith("Z")
    assert rest == ["TJ", head_of(shell), "signed", "2026-01-05"]
    said = shell.ok(f"verify --anchors {file}")
    assert f"Held against 1 anchor in {file}. Nothing is wrong, and every anchor fits." in said
    assert json.loads(shell.type(f"anchor --to {file} --json").stdout)["file"] == str(file)
    assert len(lines_of(file)) == 2


def test_an_end_that_was_cut_off_is_found_without_being_asked_for(at, tmp_path):
    """Where the file's name is in the environment; and no new anchor hides it."""
    shell, file = at("dosed"), Path("anchors.txt")
    assert shell.type("anchor", **{FILE: str(file)}).exit_code == 0
    tampered(shell, "DELETE FROM entries WHERE seq > 8")
    assert verified(shell)[0] == 0
    code, said = verified(shell, **{FILE: str(file)})
    assert code == 5
    assert (
        "Wrong: trial TJ, entry 9: it is not there, though its hash was printed: the trial ends at "
        f"entry 8 ({file}, line 1)" in said
    )
    result = shell.type("anchor", **{FILE: str(file)})
    assert result.exit_code == 5
    assert "line 1: entry 9 of trial TJ is not as it was" in " ".join(result.stderr.split())
    assert len(lines_of(file)) == 1


def test_deciding_and_signing_keep_their_anchor_by_themselves(at, tmp_path):
    shell, file = at("registered"), Path("anchors.txt")
    for line in (
        f"chair: decide --follow {DAY}",
        f"chair: sign approved {DAY}",
        f"site: enrol S1 --weight 60 {DAY}",
    ):
        result = shell.type(line, **{FILE: str(file)})
        assert (result.exit_code, result.stderr) == (0, "")
    assert [(kind, anchor.split(":")[0]) for _, _, anchor, kind, _ in lines_of(file)] == [
        ("decision-made", "6"),
        ("signed", "7"),
    ]
    assert verified(shell, **{FILE: str(file)})[0] == 0


def test_an_anchor_that_cannot_be_kept_is_told_and_what_was_recorded_stays(at, tmp_path):
    shell, file = at("registered"), tmp_path / "not there" / "anchors.txt"
    result = shell.type(f"chair: decide --follow {DAY}", **{FILE: str(file)})
    assert result.exit_code == 0
    assert "entry 6 is recorded, but its anchor is NOT kept" in result.stderr
    assert "`escalation trial anchor` keeps it" in result.stderr
    assert shell.seq() == 6
    code, said = verified(shell, **{FILE: str(file)})
    assert code == 5
    assert "anchors are to be kept in a file that is not there" in said


def test_the_same_request_keeps_a_later_anchor_without_complaint(at, tmp_path):
    shell, file = at("registered"), Path("anchors.txt")
    line = f"chair: decide --follow {DAY} --request-id once"
    shell.type(line, **{FILE: str(file)})
    shell.type(f"chair: sign approved {DAY}", **{FILE: str(file)})
    result = shell.type(line, **{FILE: str(file)})
    assert (result.exit_code, result.stderr) == (0, "")
    assert [anchor.split(":")[0] for _, _, anchor, *_ in lines_of(file)] == ["6", "7", "7"]


def test_a_file_that_the_protocol_names_is_in_the_ledgers_folder_and_read_by_itself(tmp_path):
    shipped = Path(escalation.__file__).with_name("protocols") / "nct07123519.toml"
    protocol = tmp_path / "anchored.toml"
    protocol.write_text(shipped.read_text() + _ANCHORED)
    (tmp_path / "elsewhere").mkdir()
    shell = Shell(str(tmp_path / "t.db"))
    shell.ok(
        f"office: register --trial TJ --protocol {protocol} {DAY}",
        f"office: delegate chair chair {DAY}",
    )
    code, said = verified(shell)  # nothing is decided yet: it need not be there
    assert code == 0
    assert "Remark: anchors are to be kept in a file that is not there" in said
    shell.ok(f"chair: decide --follow {DAY}")
    file = tmp_path / "elsewhere" / "anchors.txt"
    assert lines_of(file)[0][3] == "decision-made"
    assert "every anchor fits" in verified(shell)[1]
    file.unlink()
    assert verified(shell)[0] == 5


def test_lines_of_other_trials_are_theirs_and_broken_ones_are_findings(at, tmp_path):
    shell, file = at("open"), Path("anchors.txt")
    file.write_text(f"2026-03-01T09:30:00.000000Z OTHER 900:{'f' * 64} signed 2026-03-01\n")
    said = shell.ok(f"anchor --to {file}", f"verify --anchors {file}")
    assert f"Remark: {file} has anchors of OTHER, which is not in this ledger" in said
    file.write_text(file.read_text() + "2026-03-01 TJ 7\n")
    code, said = verified(shell, f"verify --anchors {file}")
    assert code == 5
    assert 'line 3: "2026-03-01 TJ 7" is not a time, a trial, an anchor' in said


def test_where_to_keep_an_anchor_has_to_be_said_and_is_never_the_ledger(at):
    shell = at("open")
    result = shell.type("anchor")
    assert result.exit_code == 2
    assert f"say where: --to FILE, or {FILE}" in result.stderr
    assert "is the ledger itself" in shell.fails(f"anchor --to {shell.db}")


# ---------------------------------------------------------------- timestamps


@pytest.fixture
def stamped(at: At, tmp_path: Path) -> Shell:
    """Entry 7 is an approval, 41.tsr the authority's reply about it, root.pem its root."""
    pytest.importorskip("rfc3161_client", reason="the extra [keys] is not installed")
    shell, authority = at("open"), made_authority()
    said = shell.ok(f"timestamp request --output {tmp_path}/7.tsq")
    assert f"a request for a timestamp of entry 7: anchor {head_of(shell)}" in said
    authority.stamp(tmp_path / "7.tsq")
    (tmp_path / "root.pem").write_bytes(authority.root.read_bytes())
    return shell


@needs_openssl
def test_a_timestamp_is_kept_and_checked_again_and_openssl_agrees(stamped, tmp_path):
    root = f"--tsa-certificate {tmp_path}/root.pem"
    anchor = head_of(stamped)
    said = stamped.ok(f"site: timestamp keep {tmp_path}/7.tsr {root}")
    assert "Entry 8 recorded: timestamp of entry 7 kept" in said
    assert "Nothing is wrong" in stamped.ok(f"verify {root}")
    # by hand: the reply as it stands in the log, and the anchor as echo writes it
    (tmp_path / "anchor.txt").write_text(f"{anchor}\n")
    token = stamped.json("log")["entries"][7]["data"]["token"]
    (tmp_path / "kept.tsr").write_bytes(b64decode(token))
    words = ("-data", tmp_path / "anchor.txt", "-in", tmp_path / "kept.tsr")
    done = openssl("ts", "-verify", *words, "-CAfile", tmp_path / "root.pem")
    assert done.returncode == 0, done.stderr


@needs_openssl
def test_who_stamped_is_unknown_until_a_certificate_is_given(stamped, tmp_path):
    line = f"site: timestamp keep {tmp_path}/7.tsr"
    said = stamped.fails(line)
    assert "No certificate vouches for its authority (CN=Test clock): give the authority's" in said
    stamped.ok(f"{line} --tsa-certificate {tmp_path}/root.pem")
    code, said = verified(stamped)
    assert code == 0
    assert "Remark: trial TJ, entry 8: that its timestamp is by CN=Test clock only the" in said
    (tmp_path / "other.pem").write_bytes(made_authority("two").root.read_bytes())
    code, said = verified(stamped, f"verify --tsa-certificate {tmp_path}/other.pem")
    assert code == 5
    assert "entry 8: its timestamp does not hold: the certificates given do not vouch" in said


@needs_openssl
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("site: timestamp keep {t}/7.tsr --entry 6 {root}", "It is not of entry 6 of this trial."),
        ("site: timestamp keep {t}/7.tsr --entry 99 {root}", "It is not of entry 99"),
        ("nobody: timestamp keep {t}/7.tsr {root}", '"nobody" has no role in this trial'),
        ("site: timestamp keep {t}/7.tsq {root}", "It is not the reply of a time-stamping"),
        ("site: timestamp keep {t}/none.tsr {root}", "none.tsr cannot be read: No such file"),
        ("site: timestamp keep {t}/7.tsr --tsa-certificate {t}/7.tsq", "7.tsq holds no certific"),
        ("timestamp request --output {t}/9.tsq --entry 8", "there is no entry 8; the last one is"),
        ("timestamp request --output {t}/7.tsq", "7.tsq exists; --force overwrites it"),
    ],
)
def test_a_timestamp_of_anything_else_is_refused(stamped, tmp_path, line, words):
    root = f"--tsa-certificate {tmp_path}/root.pem"
    assert words in stamped.fails(line.format(t=tmp_path, root=root))
    assert stamped.seq() == 7


@needs_openssl
def test_a_timestamp_put_in_by_hand_is_found_unless_it_is_right(stamped, tmp_path):
    from base64 import b64encode
    from datetime import UTC, datetime

    stamped.ok("chair: sign reviewed")
    reply = (tmp_path / "7.tsr").read_bytes()
    entries = stamped.json("log")["entries"]
    with open_ledger(stamped.db) as ledger:
        for entry, token in (
            (6, b64encode(reply)),
            (7, b64encode(reply[:-3] + bytes(3))),
            (7, b"hello"),
        ):
            data = {"on": "2026-01-05", "entry": entry, "entry_hash": entries[entry - 1]["hash"]}
            ledger.append(
                "TJ",
                [Draft(kind="timestamp-kept", version=1, data=data | {"token": token.decode()})],
                after=len(ledger.entries("TJ")),
                recorded_at=datetime.now(UTC),
                recorded_by="site",
            )
    result = stamped.type(f"verify --tsa-certificate {tmp_path}/root.pem --json")
    assert result.exit_code == 5
    found = {one["seq"]: one["problem"] for one in json.loads(result.stdout)["findings"]}
    assert found == {
        9: "its timestamp does not hold: it is not of entry 6",
        10: "its timestamp does not hold: its signature does not fit: it was changed",
        11: "its timestamp does not hold: it is not in base64",
    }


@needs_openssl
def test_an_entry_that_says_it_was_recorded_after_its_timestamp_is_remarked_on(at, tmp_path):
    """Whoever sets the clock forward by a year is told of by the authority's clock."""
    from datetime import UTC, datetime, timedelta

    pytest.importorskip("rfc3161_client", reason="the extra [keys] is not installed")
    shell = at("open")
    later = datetime.now(UTC) + timedelta(hours=1)
    with open_ledger(shell.db) as ledger:
        draft = Draft(
            kind="enrolment-held", version=1, data={"on": "2026-01-05", "reason": "a death"}
        )
        ledger.append("TJ", [draft], after=7, recorded_at=later, recorded_by="site")
    shell.ok(f"timestamp request --output {tmp_path}/8.tsq")
    authority = made_authority()
    authority.stamp(tmp_path / "8.tsq")
    root = f"--tsa-certificate {authority.root}"
    shell.ok(f"site: timestamp keep {tmp_path}/8.tsr {root} --clock-is-right")
    said = verified(shell, f"verify {root}")[1]
    assert "entry 9: by its timestamp, entry 8 was there at" in said
