"""Signatures by key, held against the real ssh-keygen in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.errors import InputError
from escalation.signatures.private_key import load_key, needs_passphrase
from escalation.signatures.public_key import fingerprint, key_blob, key_of_blob, read_public_key
from escalation.signatures.sshsig import read_signature, signature_fault
from escalation.signatures.wire import string

from .ssh_keygen import make_key, needs_ssh_keygen, run, sign_by_ssh_keygen

pytest.importorskip("cryptography", reason="the extra [keys] is not installed")
pytestmark = needs_ssh_keygen

MESSAGE = "escalation\nby Zhao Lán\n".encode()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys"))


def public_of(key: Path) -> str:
    return read_public_key(Path(f"{key}.pub").read_text())


def test_a_signature_of_ours_is_the_one_that_ssh_keygen_makes(key, tmp_path):
    (tmp_path / "m").write_bytes(MESSAGE)
    theirs = sign_by_ssh_keygen(key, tmp_path / "m", "escalation")
    assert load_key(key.read_bytes()).sign(MESSAGE, "escalation") == theirs


def test_ssh_keygen_verifies_what_we_sign(key, tmp_path):
    (tmp_path / "allowed").write_text(f'"Zhao Lan" {public_of(key)}\n')
    (tmp_path / "sig").write_text(load_key(key.read_bytes()).sign(MESSAGE, "escalation"))
    words = ("-Y", "verify", "-f", tmp_path / "allowed", "-I", "Zhao Lan")
    words += ("-n", "escalation", "-s", tmp_path / "sig")
    assert run(*words, stdin=MESSAGE).returncode == 0
    assert run(*words, stdin=MESSAGE + b"\n").returncode != 0


@pytest.mark.parametrize("options", [(), ("-O", "hashalg=sha256")])
def test_we_verify_what_ssh_keygen_signs(key, tmp_path, options):
    (tmp_path / "m").write_bytes(MESSAGE)
    theirs = sign_by_ssh_keygen(key, tmp_path / "m", "escalation", *options)
    public = public_of(key)
    assert signature_fault(theirs, MESSAGE, public_key=public, namespace="escalation") is None
    crlf = theirs.replace("\n", "\r\n")
    assert signature_fault(crlf, MESSAGE, public_key=public, namespace="escalation") is None


def test_every_way_in_which_a_signature_does_not_hold_is_said(key, tmp_path):
    other = make_key(tmp_path, "other")
    public = public_of(key)
    signed = load_key(key.read_bytes()).sign(MESSAGE, "escalation")
    cases = [
        (signed, MESSAGE + b"x", "it does not fit what is signed"),
        (load_key(key.read_bytes()).sign(MESSAGE, "file"), MESSAGE, "of the namespace 'file'"),
        (
            load_key(other.read_bytes()).sign(MESSAGE, "escalation"),
            MESSAGE,
            f"it is by the key {fingerprint(public_of(other))}",
        ),
        ("", MESSAGE, "is not a signature of ssh-keygen -Y sign"),
        (signed.replace("U1NIU0lH", "U1NIU0lG"), MESSAGE, "is not a signature of ssh-keygen"),
        (signed.replace(signed[200:204], ""), MESSAGE, "it is a damaged signature"),
    ]
    for text, message, words in cases:
        fault = signature_fault(text, message, public_key=public, namespace="escalation")
        assert fault is not None, words
        assert words in fault


def test_no_single_changed_character_of_a_signature_is_taken(key):
    public = public_of(key)
    signed = load_key(key.read_bytes()).sign(MESSAGE, "escalation")
    body = range(signed.index("\n") + 1, signed.rindex("\n-----END"))
    for at in body:
        if signed[at] in "\n=":
            continue
        for put in "AZ/":
            changed = signed[:at] + put + signed[at + 1 :]
            if changed == signed or _same_bytes(changed, signed):
                continue
            assert signature_fault(changed, MESSAGE, public_key=public, namespace="escalation")


def _same_bytes(one: str, other: str) -> bool:
    """The last character before the padding holds bits that base64 leaves unread."""
    try:
        return read_signature(one) == read_signature(other)
    except InputError:
        return False


def test_a_signature_by_an_rsa_key_is_refused(tmp_path):
    rsa = make_key(tmp_path, "rsa", algorithm="rsa")
    (tmp_path / "m").write_bytes(MESSAGE)
    with pytest.raises(InputError, match="is not by a sound key of ssh-ed25519"):
        read_signature(sign_by_ssh_keygen(rsa, tmp_path / "m", "escalation"))


# ---------------------------------------------------------------- keys


def test_a_fingerprint_is_the_one_that_ssh_keygen_prints(key):
    said = run("-l", "-f", f"{key}.pub").stdout.decode().split()[1]
    assert fingerprint(public_of(key)) == said


def test_a_private_key_given_for_a_public_one_is_refused_and_not_repeated(key):
    private = key.read_text()
    with pytest.raises(InputError, match="this is a private key") as caught:
        read_public_key(private)
    for line in private.splitlines()[1:-1]:
        assert line[:16] not in str(caught.value)


@pytest.mark.parametrize("algorithm", ["rsa", "ecdsa"])
def test_keys_of_other_algorithms_are_refused_by_name(tmp_path, algorithm):
    other = make_key(tmp_path, algorithm=algorithm)
    with pytest.raises(InputError, match=f"of the algorithm .*{algorithm}.* only ssh-ed25519"):
        read_public_key(Path(f"{other}.pub").read_text())
    with pytest.raises(InputError, match="is not an Ed25519 key"):
        load_key(other.read_bytes())


def test_what_is_no_public_key_is_refused(key):
    public = public_of(key)
    for text in ("", "hello", "a b c\nd", public + "\n" + public, "ssh-ed25519", "\0 x"):
        with pytest.raises(InputError, match="this is not a public key"):
            read_public_key(text)
    for text in (public[:-4], public + "AAAA", public.replace("AAAA", "A*AA"), public + "="):
        with pytest.raises(InputError, match="damaged or cut short"):
            read_public_key(text)
    assert read_public_key(f"  {public} zhao@example.org laptop \n") == public


def test_a_private_key_with_a_passphrase_opens_with_it_only(tmp_path):
    path = make_key(tmp_path, passphrase="correct horse")  # noqa: S106
    data = path.read_bytes()
    assert needs_passphrase(data)
    assert load_key(data, b"correct horse").public_key == public_of(path)
    with pytest.raises(InputError, match="the passphrase is wrong"):
        load_key(data, b"wrong horse")


def test_what_is_no_private_key_is_said_without_repeating_it(key):
    assert not needs_passphrase(key.read_bytes())
    with pytest.raises(InputError, match="is a public key: signing takes the private one"):
        load_key(Path(f"{key}.pub").read_bytes())
    with pytest.raises(InputError, match="is not a private key of OpenSSH"):
        load_key(b"-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----\n")
    lines = key.read_bytes().split(b"\n")
    with pytest.raises(InputError, match="damaged"):
        load_key(b"\n".join([lines[0], lines[1][:-4], *lines[2:]]))
    assert "PRIVATE" not in repr(load_key(key.read_bytes()))


# ---------------------------------------------------------------- points of small order

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def eight_times(encoded: bytes) -> tuple[int, int] | None:
    """Decode a point of Ed25519 and add it to itself three times (RFC 8032, affine)."""
    number = int.from_bytes(encoded, "little")
    y, sign = (number & ((1 << 255) - 1)) % P, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    if x % 2 != sign:
        x = -x % P
    for _ in range(3):
        product = D * x * x * y * y
        x, y = (
            2 * x * y * pow(1 + product, -1, P) % P,
            (y * y + x * x) * pow(1 - product, -1, P) % P,
        )
    return x, y


def test_a_key_of_small_order_by_which_anyone_could_sign_is_refused(key):
    from escalation.signatures.public_key import _SMALL_ORDER

    for y in _SMALL_ORDER:
        for point in (y, y[:-1] + bytes([y[-1] | 0x80])):
            assert eight_times(point) == (0, 1), "8 P is the neutral point"
            assert key_of_blob(string(b"ssh-ed25519") + string(point)) is None
    sound = public_of(key)
    assert key_of_blob(key_blob(sound)) == sound
