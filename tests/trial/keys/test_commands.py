"""Keys, signatures by them and what is checked again, at a bench and without ssh-keygen."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from escalation.protocol import Keys
from escalation.signatures.private_key import SigningKey
from escalation.signatures.public_key import fingerprint
from escalation.signatures.wire import string
from escalation.trial import Recorded, Recorder, decide, evolve, replay_events, sign
from escalation.trial.events import (
    KeyRegistered,
    KeyRevoked,
    Meaning,
    Signed,
    SignedWithKey,
    TimestampKept,
)
from escalation.trial.keys import checking, commands
from escalation.trial.keys.checking import check_keys
from escalation.trial.keys.commands import (
    MadeSignature,
    register_key,
    revoke_key,
    sign_as_made,
    sign_with_key,
    text_to_sign,
)
from escalation.trial.keys.files import signature_files
from escalation.trial.keys.held import keys_in_force, lacks_key
from escalation.trial.keys.statement import NAMESPACE, anchor_text, principal, statement
from tests.trial.bench import AUDITOR, CHAIR, MEMBER, NCT, OFFICE, SITE, Bench, day, recorded

ed25519 = pytest.importorskip(
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    reason="the extra [keys] is not installed",
)


def key(number: int) -> SigningKey:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    blob = string(b"ssh-ed25519") + string(private.public_key().public_bytes_raw())
    return SigningKey(public_key=f"ssh-ed25519 {b64encode(blob).decode()}", make=private.sign)


ONE, TWO = key(1), key(2)


@pytest.fixture
def bench() -> Bench:
    """The chair holds key one, and a decision is the last entry."""
    bench = Bench.started()
    bench.do(register_key, OFFICE, person=CHAIR, public_key=f"{ONE.public_key} laptop\n")
    bench.do(decide, CHAIR)
    return bench


def by_key(bench: Bench, by: str = CHAIR, signer: object = ONE, **kw: object) -> None:
    kw = {"meaning": Meaning.APPROVED, "trial": "TJ"} | kw
    bench.do(sign_with_key, by, signer=signer, **kw)


def refused_by_key(bench: Bench, by: str = CHAIR, signer: object = ONE, **kw: object) -> str:
    kw = {"meaning": Meaning.APPROVED, "trial": "TJ"} | kw
    return bench.refused(sign_with_key, by, signer=signer, **kw)


def put_in(bench: Bench, event, by: str) -> str | None:
    """Put an event in by hand; return what the replay says of it."""
    bench.state = evolve(bench.state, recorded(bench.state, event, by))
    return dict(bench.state.oddities).get(bench.state.seq)


# ---------------------------------------------------------------- keys


def test_a_key_is_kept_without_its_comment_with_its_entry_and_time(bench):
    (held,) = keys_in_force(bench.state.keys, CHAIR)
    assert held.public_key == ONE.public_key
    assert (held.entry, held.since) == (bench.state.seq - 1, datetime(2026, 1, 5, 12, tzinfo=UTC))
    assert keys_in_force(bench.state.keys, MEMBER) == []


def test_chair_and_owner_register_keys_and_nobody_else(bench):
    bench.do(register_key, CHAIR, person=MEMBER, public_key=TWO.public_key)
    for by in (SITE, MEMBER, AUDITOR, "stranger"):
        said = bench.refused(register_key, by, person=SITE, public_key=key(3).public_key)
        assert "to register a key takes chair" in said
        assert put_in(bench, registered(SITE, key(9)), by) is not None
        bench.state.keys.pop(key(9).public_key)


def registered(person: str, signer: SigningKey) -> KeyRegistered:
    return KeyRegistered(on=day(0), person=person, public_key=signer.public_key)


def test_every_reason_against_a_key_is_said_at_once(bench):
    said = bench.refused(register_key, SITE, person="ghost", public_key=ONE.public_key)
    assert "to register a key takes chair" in said
    assert '"ghost" has no role in this trial: delegate one first.' in said
    assert f'It is registered as a key of "{CHAIR}", by entry' in said


def test_what_is_not_a_key_is_none_in_the_replay_either(bench):
    event = replace(registered(MEMBER, TWO), public_key="ssh-rsa AAAA")
    assert "ssh-ed25519" in (put_in(bench, event, OFFICE) or "")
    assert list(bench.state.keys) == [ONE.public_key]


def test_a_key_is_of_one_person_also_in_the_replay(bench):
    assert put_in(bench, registered(MEMBER, ONE), OFFICE) == (
        f"the key is that of {CHAIR} since entry {bench.state.seq - 2}"
    )
    assert bench.state.keys[ONE.public_key].person == CHAIR


def test_a_revoked_key_is_no_more_in_force_and_never_comes_back(bench):
    bench.do(revoke_key, CHAIR, person=CHAIR, reason="lost")
    held = bench.state.keys[ONE.public_key]
    assert (held.revoked_by, held.until) == (bench.state.seq, held.since)
    assert keys_in_force(bench.state.keys, CHAIR) == []
    for person in (CHAIR, MEMBER):
        said = bench.refused(register_key, OFFICE, person=person, public_key=ONE.public_key)
        assert f"It was revoked by entry {held.revoked_by} as a key of" in said
    assert "has no key." in bench.refused(revoke_key, OFFICE, person=CHAIR, reason="again")
    assert f"was revoked by entry {held.revoked_by}" in refused_by_key(bench).lower()


def test_who_may_revoke_and_why_is_checked(bench):
    said = bench.refused(revoke_key, SITE, person=CHAIR, reason="two\nlines")
    assert "to register a key takes chair" in said
    assert "The reason must be one line" in said
    bench.do(revoke_key, OFFICE, person=CHAIR, reason="left", key=fingerprint(ONE.public_key))


def test_what_is_not_a_key_or_not_hers_is_said(bench):
    said = bench.refused(register_key, OFFICE, person=MEMBER, public_key="ssh-rsa AAAA")
    assert said.startswith('the key of "member" cannot be registered: ')
    assert said.split(": ", 1)[1][0].isupper()
    mine = fingerprint(ONE.public_key)
    said = bench.refused(revoke_key, CHAIR, person=CHAIR, reason="x", key="SHA256:other")
    assert f'"chair" has no key SHA256:other; it is {mine}.' in said


def test_in_the_replay_too_a_key_is_revoked_by_its_owner_or_who_registers_keys(bench):
    bench.do(register_key, OFFICE, person=MEMBER, public_key=TWO.public_key)
    lost = KeyRevoked(on=day(0), person=MEMBER, public_key=TWO.public_key, reason="lost")
    for by, fits in ((MEMBER, True), (CHAIR, True), (SITE, False)):
        held = bench.state
        assert (put_in(bench, lost, by) is None) == fits
        bench.state = held


def test_of_several_keys_one_is_named(bench):
    bench.do(register_key, OFFICE, person=CHAIR, public_key=TWO.public_key)
    prints = [fingerprint(one.public_key) for one in (ONE, TWO)]
    said = bench.refused(revoke_key, CHAIR, person=CHAIR, reason="old")
    assert f"Say which one, by its fingerprint: {prints[0]} or {prints[1]}." in said
    bench.do(revoke_key, CHAIR, person=CHAIR, reason="old", key=prints[1])
    assert keys_in_force(bench.state.keys, CHAIR) == [bench.state.keys[ONE.public_key]]


def test_whose_key_it_is_not_is_said(bench):
    keys = bench.state.keys
    assert lacks_key(keys, CHAIR, ONE.public_key) is None
    assert lacks_key(keys, MEMBER, ONE.public_key) == (
        f'the key is that of "{CHAIR}", not of "{MEMBER}"'
    )
    assert lacks_key(keys, CHAIR, TWO.public_key) == (
        f'the key is not registered as a key of "{CHAIR}"'
    )


# ---------------------------------------------------------------- signatures


def test_an_approval_by_key_carries_the_decision_out(bench):
    decision = bench.state.seq
    by_key(bench)
    (made,) = bench.state.decisions
    assert made.approved is not None
    event = made.approved.event
    assert isinstance(event, SignedWithKey)
    assert (event.entry, event.public_key) == (decision, ONE.public_key)
    assert list(check_keys("TJ", entries_of(bench, event))) == []


def entries_of(bench: Bench, *events, by: str = CHAIR) -> list[Recorded]:
    """Return these events as the last entries; of those before only the hashes are looked at."""
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    return [
        Recorded(seq=seq, at=at, by=by, hash="0" * 64, event=event)
        for seq, event in enumerate(events, start=bench.state.seq)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"entry": 1}, {"entry_hash": "f" * 64}, {"meaning": Meaning.REVIEWED}, {"on": day(1)},
        {"public_key": TWO.public_key}, {"signature": "x"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_nothing_that_is_signed_can_be_changed_afterwards(bench, change):
    by_key(bench)
    event = bench.state.decisions[0].approved.event
    (found,) = check_keys("TJ", entries_of(bench, replace(event, **change)))
    assert (found.seq, found.kind) == (bench.state.seq, "wrong")
    assert found.problem.startswith("its signature by key does not hold: it ")


def test_neither_the_trial_nor_the_signer_can_be_changed_afterwards(bench):
    by_key(bench)
    event = bench.state.decisions[0].approved.event
    for trial, by in (("TK", CHAIR), ("TJ", MEMBER)):
        (found,) = check_keys(trial, entries_of(bench, event, by=by))
        assert found.kind == "wrong"


def test_a_made_signature_is_taken_if_it_is_of_the_same_text_only(bench):
    recorder = Recorder(name=CHAIR, on=day(0), at=datetime(2026, 1, 5, 12, tzinfo=UTC))
    text = text_to_sign(bench.state, recorder, trial="TJ", meaning=Meaning.APPROVED)
    seq, seal = bench.state.seq, bench.state.head
    named = {"entry": seq, "entry_hash": seal, "meaning": Meaning.APPROVED, "by": CHAIR}
    assert text == statement("TJ", on=day(0), **named)
    for other in (text[:-1], text.replace(b"TJ", b"TK"), text.upper(), b""):
        made = MadeSignature(ONE.sign(other, NAMESPACE))
        assert "it does not fit what is signed" in refused_by_key(bench, signer=made)
    made = MadeSignature(ONE.sign(text, "git"))
    assert "of the namespace 'git'" in refused_by_key(bench, signer=made)
    by_key(bench, signer=MadeSignature(ONE.sign(text, NAMESPACE)))


def test_who_may_not_sign_may_not_with_a_key_either(bench):
    bench.do(register_key, OFFICE, person=MEMBER, public_key=TWO.public_key)
    assert "to sign as approved takes chair" in refused_by_key(bench, MEMBER, TWO)
    assert f'The key is that of "{MEMBER}", not of "{CHAIR}"' in refused_by_key(bench, CHAIR, TWO)
    by_key(bench, MEMBER, TWO, meaning=Meaning.PROPOSED)


def test_a_signature_recorded_again_is_the_same(bench):
    before = bench.state
    by_key(bench)
    event = bench.state.decisions[0].approved.event
    recorder = Recorder(name=CHAIR, on=day(0), at=datetime(2026, 1, 5, 12, tzinfo=UTC))
    assert sign_as_made(before, recorder, made=event) == (event,)


def test_where_keys_are_required_only_an_approval_by_key_opens_a_cohort():
    protocol = replace(NCT, keys=Keys(required=True))
    bench = Bench.started(protocol)
    bench.do(register_key, OFFICE, person=CHAIR, public_key=ONE.public_key)
    bench.do(decide, CHAIR)
    seq, seal = bench.state.seq, bench.state.head
    said = bench.refused(sign, CHAIR, meaning=Meaning.APPROVED)
    assert "The protocol asks for a key's signature to approve" in said
    bench.do(sign, MEMBER, meaning=Meaning.PROPOSED)
    forged = Signed(on=day(0), entry=seq, entry_hash=seal, meaning=Meaning.APPROVED)
    assert put_in(bench, forged, CHAIR) == (
        f"the protocol asks for a key's signature to approve decision {seq}"
    )
    with_another = SignedWithKey(
        on=day(0), entry=seq, entry_hash=seal, meaning=Meaning.APPROVED,
        public_key=TWO.public_key, signature="x",
    )  # fmt: skip
    assert put_in(bench, with_another, CHAIR) is not None
    assert bench.state.cohorts == []
    assert not any(s.event == with_another for s in bench.state.decisions[0].signatures)
    bench.state.decisions[0] = replace(bench.state.decisions[0], signatures=())
    by_key(bench)
    assert len(bench.state.cohorts) == 1


def test_a_person_is_the_same_however_the_name_is_written():
    """Compared as NFKC and casefolded; the text has the name as it was given."""
    bench = Bench.judged()
    bench.do(register_key, OFFICE.upper(), person="Chair", public_key=ONE.public_key)
    assert [held.person for held in bench.state.keys.values()] == [CHAIR]
    bench.do(decide, CHAIR)
    by_key(bench, "CHAIR")
    event = bench.state.decisions[0].approved.event
    entries = entries_of(bench, event, by="CHAIR")
    assert list(check_keys("TJ", entries)) == []
    (found,), files = signature_files("TJ", entries, bench.state)
    assert f"-I {CHAIR} " in found.command
    assert b"\nby CHAIR\n" in files[f"signature-{found.seq}.txt"]
    bench.do(revoke_key, "cHaIr", person="ChAiR", reason="left")
    assert keys_in_force(bench.state.keys, CHAIR) == []
    assert bench.state.oddities == []


# ---------------------------------------------------------------- files, and what cannot be read


def test_the_files_hold_each_key_with_its_time_and_each_text_with_its_signature(bench):
    by_key(bench)
    event = bench.state.decisions[0].approved.event
    bench.do(revoke_key, CHAIR, 3, person=CHAIR, reason="left")
    (entry,) = entries_of(bench, event)
    (found,), files = signature_files("TJ", [entry], bench.state)
    assert files["allowed_signers"].decode() == (
        f'"{CHAIR}" namespaces="escalation",valid-after="20260105120000Z",'
        f'valid-before="20260108120001Z" {ONE.public_key}\n'
    )
    name = f"signature-{entry.seq}"
    assert files[f"{name}.sig"].decode() == event.signature
    assert files[f"{name}.txt"].decode().endswith(f"on 2026-01-05\nby {CHAIR}\n")
    assert found.command == (
        f"ssh-keygen -Y verify -f allowed_signers -I {CHAIR} -n escalation "
        f"-Overify-time=20260105120000Z -s {name}.sig < {name}.txt"
    )
    assert f"{found.command} || bad=1\n" in files["check.sh"].decode()


def test_no_two_names_are_one_for_ssh_keygen():
    names = ["A*", "A?", "A!", "A,B", "A", "A%2A", '"A"', "#A", "A'", "A\\", "Žofie 李"]
    assert len({principal(name) for name in names}) == len(names)
    for letter in "*?!,\"'#\\":
        assert letter not in principal(f"x{letter}y")


def test_a_timestamp_that_cannot_be_read_is_wrong(bench):
    event = TimestampKept(on=day(0), entry=1, entry_hash=bench.state.hashes[0], token="é")  # noqa: S106
    (found,) = check_keys("TJ", entries_of(bench, event))
    assert found.problem == "its timestamp does not hold: it is not in base64"
    (found,) = check_keys("TJ", entries_of(bench, replace(event, token="!bWFkZQ==")))  # noqa: S106
    assert found.problem == "its timestamp does not hold: it is not in base64"
    event = replace(event, token=b64encode(b"hello").decode())
    (found,) = check_keys("TJ", entries_of(bench, event))
    assert "it is not the reply of a time-stamping authority" in found.problem


def test_an_anchor_is_stamped_as_echo_writes_it():
    assert anchor_text(41, "3fa9") == b"41:3fa9\n"


def stamped(bench: Bench, monkeypatch: pytest.MonkeyPatch, **stamp: object) -> list[Recorded]:
    """Return the entries with a timestamp of the third, which reads as this."""
    sound = {"fault": None, "known": True, "authority": "TSA", "is_of": lambda _: True}
    made = SimpleNamespace(**(sound | {"at": bench.entries[2].at} | stamp))
    monkeypatch.setattr(checking, "read_timestamp", lambda *_: made)
    token, entry_hash = b64encode(b"made").decode(), bench.state.hashes[2]
    event = TimestampKept(on=day(0), entry=3, entry_hash=entry_hash, token=token)
    return [*bench.entries, recorded(bench.state, event, SITE)]


@pytest.mark.parametrize("stamped_entry", [1, 4, None])
def test_the_entry_of_a_timestamp_is_found_among_all(bench, monkeypatch, stamped_entry):
    """From the first to the last, which is the fourth; by its number, that one alone."""
    bench.state = replay_events(bench.entries[:4])
    text = b"" if stamped_entry is None else anchor_text(stamped_entry, seal(bench, stamped_entry))
    made = SimpleNamespace(fault=None, known=True, authority="TSA", is_of=text.__eq__)
    monkeypatch.setattr(commands, "read_timestamp", lambda *_: made)
    for entry in (None, 0, 1, 4, 5):
        given = {"reply": b"reply", "trusted": (), "entry": entry}
        if stamped_entry is not None and entry in (None, stamped_entry):
            (kept,) = commands.keep_timestamp(bench.state, noon(CHAIR), **given)
            assert (kept.entry, kept.entry_hash) == (stamped_entry, seal(bench, stamped_entry))
        else:
            which = "of no entry" if entry is None else f"not of entry {entry}"
            said = bench.refused(commands.keep_timestamp, CHAIR, **given)
            assert f"It is {which} of this trial." in said


def seal(bench: Bench, entry: int) -> str:
    return bench.state.hashes[entry - 1]


def noon(name: str) -> Recorder:
    return Recorder(name=name, on=day(0), at=datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("stamp", "trusted", "said"),
    [
        ({"fault": "a bit is wrong"}, (), "cannot be kept: It does not hold: a bit is wrong."),
        ({"known": False}, (), "No certificate vouches for its authority (TSA): give the"),
        ({"known": False}, (b"x",), "The certificates given do not vouch for its authority (TSA)"),
    ],
)
def test_a_timestamp_that_does_not_hold_is_not_kept(bench, monkeypatch, stamp, trusted, said):
    sound = {"fault": None, "known": True, "authority": "TSA", "is_of": lambda _: True}
    made = SimpleNamespace(**sound | stamp)
    monkeypatch.setattr(commands, "read_timestamp", lambda *_: made)
    refusal = bench.refused(commands.keep_timestamp, CHAIR, reply=b"", trusted=trusted)
    assert said in refusal
    assert "of this trial" not in refusal


def test_what_is_not_a_timestamp_is_not_kept(bench):
    said = bench.refused(commands.keep_timestamp, CHAIR, reply=b"hello")
    assert "It is not the reply of a time-stamping authority" in said
    said = bench.refused(commands.keep_timestamp, "nobody", reply=b"hello")
    assert '"nobody" has no role in this trial; to keep a timestamp takes' in said


@pytest.mark.parametrize("entry", [0, 99])
def test_a_timestamp_of_no_entry_has_no_clock_to_be_held_against(bench, monkeypatch, entry):
    entries = stamped(bench, monkeypatch, at=datetime(2020, 1, 1, tzinfo=UTC))
    entries[-1] = replace(entries[-1], event=replace(entries[-1].event, entry=entry))
    assert list(check_keys("TJ", entries, trusted=(b"root",))) == []


@pytest.mark.parametrize(
    ("minutes", "kind"), [(-6, "clock"), (-5, None), (-4, None), (0, None), (99, None)]
)
def test_a_timestamp_is_no_more_than_five_minutes_older_than_its_entry(
    bench, monkeypatch, minutes, kind
):
    """Two clocks may differ; a stamp that comes later is what stamps do."""
    at = bench.entries[2].at + timedelta(minutes=minutes)
    entries = stamped(bench, monkeypatch, at=at)
    found = list(check_keys("TJ", entries, trusted=(b"root",)))
    assert [(f.seq, f.kind) for f in found] == ([] if kind is None else [(len(entries), kind)])
    if found:
        assert found[0].problem == (
            "by its timestamp, entry 3 was there at 2026-01-05 11:54 UTC; the ledger says that it "
            "was recorded at 2026-01-05 12:00 UTC"
        )


@pytest.mark.parametrize(
    ("stamp", "trusted", "said"),
    [
        ({"fault": "a bit is wrong"}, True, "wrong: its timestamp does not hold: a bit is wrong"),
        ({"is_of": lambda _: False}, True, "wrong: its timestamp does not hold: it is not of"),
        ({"known": False}, True, "wrong: its timestamp does not hold: the certificates given do"),
        ({"known": False}, False, "unknown: that its timestamp is by TSA only the authority's"),
        ({"known": True}, False, "unknown: that its timestamp is by TSA only the authority's"),
    ],
)
def test_what_a_timestamp_lacks_is_said(bench, monkeypatch, stamp, trusted, said):
    entries = stamped(bench, monkeypatch, **stamp)
    (found,) = check_keys("TJ", entries, trusted=(b"root",) if trusted else ())
    assert f"{found.kind}: {found.problem}".startswith(said)
