"""A person's private key, from the file in which OpenSSH keeps it."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.signatures.extra import from_extra
from escalation.signatures.public_key import ALGORITHM
from escalation.signatures.sshsig import armour, signed_bytes, whole_signature
from escalation.signatures.wire import string

__all__ = ["SigningKey", "load_key", "needs_passphrase"]

_PEM = re.compile(
    rb"-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----",
)
_MAGIC = b"openssh-key-v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key that signs; its text never shows more than the public half."""

    public_key: str
    make: Callable[[bytes], bytes]  # Ed25519 over bytes

    def __repr__(self) -> str:
        return f"SigningKey({self.public_key!r})"

    def sign(self, message: bytes, namespace: str) -> str:
        """Sign as ``ssh-keygen -Y sign -n NAMESPACE`` does, to the same characters."""
        raw = self.make(signed_bytes(message, namespace))
        return armour(whole_signature(self.public_key, namespace, raw))


def needs_passphrase(data: bytes) -> bool:
    """Tell whether a private key is encrypted.

    Raises
    ------
    InputError
        If it is not a private key of OpenSSH at all.
    """
    found = _PEM.search(data)
    if found is None:
        if data.lstrip().startswith(b"ssh-"):
            raise InputError("is a public key: signing takes the private one, without .pub")
        raise InputError(
            'is not a private key of OpenSSH ("-----BEGIN OPENSSH PRIVATE KEY-----"): '
            "ssh-keygen -t ed25519 makes one"
        )
    try:
        content = b64decode(found[1])
    except ValueError:
        raise InputError("is damaged") from None
    return not content.startswith(_MAGIC + string(b"none"))


def load_key(data: bytes, passphrase: bytes | None = None) -> SigningKey:
    """Load an Ed25519 private key of OpenSSH.

    Raises
    ------
    InputError
        As the rest of a sentence about the file; nothing of the key is in it.
    KeysExtraError
    """
    with from_extra():
        from escalation.signatures import ed25519  # noqa: PLC0415  # an extra
    encrypted = needs_passphrase(data)
    key = ed25519.load_private(data, passphrase if encrypted else None)
    blob = string(ALGORITHM.encode()) + string(ed25519.public_bytes(key))
    return SigningKey(public_key=f"{ALGORITHM} {b64encode(blob).decode()}", make=key.sign)
