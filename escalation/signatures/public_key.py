"""Public keys as OpenSSH writes them: ``ssh-ed25519 AAAA...``."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from hashlib import sha256

from escalation.errors import InputError
from escalation.signatures.wire import WireError, read_strings

__all__ = ["ALGORITHM", "MAX_KEY_FILE", "fingerprint", "key_blob", "key_of_blob", "read_public_key"]

ALGORITHM = "ssh-ed25519"
MAX_KEY_FILE = 100_000  # bytes
_WANTED = f'a public key is one line, "{ALGORITHM} AAAA... comment", as in a file NAME.pub'

# Points of small order: a signature by such a "key" anyone can make. Their y, each also with the
# sign bit set; the last two stand for 0 and 1 again, not reduced (libsodium refuses the same).
_SMALL_ORDER = frozenset(
    bytes.fromhex(y)
    for y in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def read_public_key(text: str) -> str:
    """Read an Ed25519 public key; return it without its comment.

    Raises
    ------
    InputError
        For anything else. Nothing of a private key given by mistake is repeated.
    """
    if "PRIVATE KEY" in text:
        raise InputError(
            "this is a private key, which only its owner may have: give the public one, the file "
            "whose name ends in .pub"
        )
    lines = text.strip().splitlines()
    words = lines[0].split() if len(lines) == 1 else []
    if len(words) < 2 or not re.fullmatch(r"[a-z0-9@.-]{1,60}", words[0]):
        raise InputError(f"this is not a public key; {_WANTED}")
    if words[0] != ALGORITHM:
        raise InputError(
            f"this is a key of the algorithm {words[0]}; only {ALGORITHM} is taken: "
            "ssh-keygen -t ed25519 makes one"
        )
    try:
        blob = b64decode(words[1], validate=True)
    except binascii.Error:
        blob = b""
    public_key = key_of_blob(blob)
    if public_key != f"{ALGORITHM} {words[1]}":
        raise InputError(f"this {ALGORITHM} key is damaged or cut short; {_WANTED}")
    return public_key


def key_of_blob(blob: bytes) -> str | None:
    """Return the key that these bytes are in OpenSSH's form; None where they are none."""
    try:
        algorithm, point = read_strings(blob, 2)
    except (WireError, ValueError):
        return None
    y = point[:-1] + bytes([point[-1] & 0x7F]) if point else b""
    if algorithm != ALGORITHM.encode() or len(point) != 32 or y in _SMALL_ORDER:
        return None
    return f"{ALGORITHM} {b64encode(blob).decode()}"


def key_blob(public_key: str) -> bytes:
    """Return the bytes of a key that was read before."""
    return b64decode(public_key.split()[1])


def fingerprint(public_key: str) -> str:
    """Return what ``ssh-keygen -l`` calls a key.

    Examples
    --------
    >>> from escalation.signatures.wire import string
    >>> blob = string(b"ssh-ed25519") + string(bytes(range(32)))
    >>> fingerprint(f"ssh-ed25519 {b64encode(blob).decode()}")
    'SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA'
    """
    digest = sha256(key_blob(public_key)).digest()
    return f"SHA256:{b64encode(digest).decode().rstrip('=')}"
