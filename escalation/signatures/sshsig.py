"""Signatures in the format of ``ssh-keygen -Y sign`` (PROTOCOL.sshsig), by Ed25519 keys."""

from __future__ import annotations

import hashlib
import re
import textwrap
from base64 import b64decode, b64encode

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.signatures.extra import from_extra
from escalation.signatures.public_key import ALGORITHM, fingerprint, key_blob, key_of_blob
from escalation.signatures.wire import WireError, read_strings, string

__all__ = [
    "SshSignature",
    "armour",
    "read_signature",
    "signature_fault",
    "signed_bytes",
    "whole_signature",
]

_MAGIC = b"SSHSIG"
_VERSION = (1).to_bytes(4, "big")
_HASHES = ("sha512", "sha256")  # what PROTOCOL.sshsig allows; the first is ours
_ARMOUR = re.compile(
    r"\s*-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\s*"
)
_NOT_ONE = 'is not a signature of ssh-keygen -Y sign ("-----BEGIN SSH SIGNATURE-----")'


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSignature:
    """A signature taken apart; ``raw`` are the 64 bytes of Ed25519."""

    public_key: str
    namespace: str
    hash: str
    raw: bytes


def signed_bytes(message: bytes, namespace: str, algorithm: str = _HASHES[0]) -> bytes:
    """Return what the key signs: not the message itself, but its hash with the namespace."""
    digest = hashlib.new(algorithm, message).digest()
    parts = (namespace.encode(), b"", algorithm.encode(), digest)
    return _MAGIC + b"".join(map(string, parts))


def whole_signature(public_key: str, namespace: str, raw: bytes) -> bytes:
    """Return the signature with all that is needed to check it but the message."""
    by = string(ALGORITHM.encode()) + string(raw)
    parts = (key_blob(public_key), namespace.encode(), b"", _HASHES[0].encode(), by)
    return _MAGIC + _VERSION + b"".join(map(string, parts))


def armour(blob: bytes) -> str:
    """Write a signature as text, as ssh-keygen does."""
    lines = textwrap.wrap(b64encode(blob).decode(), 70)
    middle = "\n".join(lines)
    return f"-----BEGIN SSH SIGNATURE-----\n{middle}\n-----END SSH SIGNATURE-----\n"


def read_signature(text: str) -> SshSignature:
    """Take a signature apart.

    Raises
    ------
    InputError
        As the rest of a sentence about it.
    """
    found = _ARMOUR.fullmatch(text.replace("\r\n", "\n"))
    if found is None:
        raise InputError(_NOT_ONE)
    try:
        blob = b64decode(found[1].replace("\n", ""), validate=True)
        if not blob.startswith(_MAGIC + _VERSION):
            raise InputError(_NOT_ONE)
        key, namespace, _, algorithm, by = read_strings(blob[len(_MAGIC + _VERSION) :], 5)
        signed_by, raw = read_strings(by, 2)
        name, hashed = namespace.decode(), algorithm.decode()
    except (WireError, ValueError):
        raise InputError("is a damaged signature") from None
    public_key = key_of_blob(key)
    if public_key is None or signed_by != ALGORITHM.encode() or len(raw) != 64:
        raise InputError(f"is not by a sound key of {ALGORITHM}")
    if hashed not in _HASHES:
        raise InputError(f"is over another hash than {' or '.join(_HASHES)}")
    return SshSignature(public_key=public_key, namespace=name, hash=hashed, raw=raw)


def signature_fault(text: str, message: bytes, *, public_key: str, namespace: str) -> str | None:
    """Say why a signature is not that of a key over a message; None where it is.

    Raises
    ------
    KeysExtraError
        Where all else fits, but the signature itself cannot be checked.
    """
    try:
        signature = read_signature(text)
    except InputError as error:
        return f"it {error}"
    if signature.public_key != public_key:
        return f"it is by the key {fingerprint(signature.public_key)}"
    if signature.namespace != namespace:
        return f'it is of the namespace {signature.namespace!a}, not "{namespace}"'
    with from_extra():
        from escalation.signatures import ed25519  # noqa: PLC0415  # an extra
    point = read_strings(key_blob(public_key), 2)[1]
    if ed25519.holds(point, signature.raw, signed_bytes(message, namespace, signature.hash)):
        return None
    return "it does not fit what is signed: it is over another text, or was changed"
