"""Timestamps, held against openssl: it makes requests, is the authority, and verifies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from escalation.errors import InputError
from escalation.signatures.der import sort_certificates
from escalation.signatures.timestamps import certificates_in, read_timestamp, request_timestamp

from .authority import made_authority, needs_openssl, openssl

pytest.importorskip("rfc3161_client", reason="the extra [keys] is not installed")
pytestmark = needs_openssl

MESSAGE = b"41:3fa9\n"


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "q.tsq"
    path.write_bytes(request_timestamp(MESSAGE))
    return path


def test_a_request_is_the_one_that_openssl_writes(request_file, tmp_path):
    (tmp_path / "m").write_bytes(MESSAGE)
    theirs = tmp_path / "theirs.tsq"
    words = ("-data", tmp_path / "m", "-sha256", "-cert", "-no_nonce", "-out", theirs)
    assert openssl("ts", "-query", *words).returncode == 0
    assert request_file.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("with_root", [False, True])
def test_a_reply_of_openssl_holds_by_the_root_and_openssl_agrees(request_file, tmp_path, with_root):
    authority = made_authority()
    reply = authority.stamp(request_file, with_root=with_root)
    found = read_timestamp(reply.read_bytes(), certificates_in(authority.root.read_bytes()))
    assert (found.known, found.fault, found.authority) == (True, None, "CN=Test clock")
    assert found.is_of(MESSAGE)
    assert not found.is_of(MESSAGE + b"\n")
    assert abs(found.at - datetime.now(UTC)) < timedelta(days=1)
    (tmp_path / "m").write_bytes(MESSAGE)
    words = ("-data", tmp_path / "m", "-in", reply, "-CAfile", authority.root)
    assert openssl("ts", "-verify", *words).returncode == 0


def test_without_a_certificate_only_what_came_along_can_vouch(request_file):
    authority = made_authority()
    assert not read_timestamp(authority.stamp(request_file).read_bytes()).known
    found = read_timestamp(authority.stamp(request_file, with_root=True).read_bytes())
    assert (found.known, found.fault) == (True, None)


def test_another_authoritys_root_does_not_vouch(request_file):
    reply = made_authority().stamp(request_file).read_bytes()
    other = certificates_in(made_authority("two").root.read_bytes())
    assert not read_timestamp(reply, other).known


def test_a_changed_reply_does_not_hold(request_file):
    authority = made_authority()
    reply = authority.stamp(request_file).read_bytes()
    roots = certificates_in(authority.root.read_bytes())
    for at in (len(reply) - 3, reply.index(b"\x2a\x03\x04\x01") + 3):  # the signature; the policy
        changed = reply[:at] + bytes([reply[at] ^ 1]) + reply[at + 1 :]
        assert read_timestamp(changed, roots).fault == "its signature does not fit: it was changed"


def test_what_is_no_granted_reply_is_said(request_file, tmp_path):
    for data in (b"", b"hello", request_file.read_bytes(), bytes(200)):
        with pytest.raises(InputError, match="is not the reply of a time-stamping authority"):
            read_timestamp(data)
    rejected = bytes.fromhex("3013 3011 020102 300c 0c0a 6e6f7420746f646179 21".replace(" ", ""))
    with pytest.raises(InputError, match=r"was not granted .*status 2: 'not today!'"):
        read_timestamp(rejected)
    other = tmp_path / "other.tsq"
    (tmp_path / "m").write_bytes(MESSAGE)
    words = ("-data", tmp_path / "m", "-sha512", "-cert", "-out", other)
    assert openssl("ts", "-query", *words).returncode == 0
    with pytest.raises(InputError, match="another hash than SHA-256"):
        read_timestamp(made_authority().stamp(other).read_bytes())
    with pytest.raises(InputError, match="holds no certificate"):
        certificates_in(b"-----BEGIN NONSENSE-----")


def test_certificates_are_put_in_the_order_of_der_and_nothing_else_is_touched(request_file):
    """Brute force: of the two orders that the bytes can have, one is made of both."""
    reply = made_authority().stamp(request_file, with_root=True).read_bytes()
    found = sort_certificates(reply)
    pieces = [certificates_in(p.read_bytes())[0] for p in certificate_files()]
    orders = {b"".join(order) for order in permutations(pieces)}
    (given,) = [order for order in orders if order in reply]
    assert found == reply.replace(given, min(orders))
    for data in (b"", b"x", b"\x30\x82", reply[:-1], reply + b"\0", request_file.read_bytes()):
        assert sort_certificates(data) == data


def certificate_files() -> list[Path]:
    folder = made_authority().folder
    return [folder / "ca.pem", folder / "tsa.pem"]
