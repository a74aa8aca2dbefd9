"""What of the signatures needs cryptography: import it through ``extra.from_extra``."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from escalation.errors import InputError

__all__ = ["holds", "load_private", "public_bytes"]


def holds(point: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature of 64 bytes is that of a key of 32 over a message."""
    try:
        Ed25519PublicKey.from_public_bytes(point).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes of a private key's public key."""
    return key.public_key().public_bytes_raw()


def load_private(data: bytes, passphrase: bytes | None) -> Ed25519PrivateKey:
    """Load an OpenSSH private key.

    Raises
    ------
    InputError
        Never with anything of the key in it.
    """
    try:
        key = load_ssh_private_key(data, passphrase)
    except (UnsupportedAlgorithm, ValueError, TypeError):  # whose words may hold bytes of the key
        if passphrase is not None:
            raise InputError("cannot be read: the passphrase is wrong, or it is damaged") from None
        raise InputError("is damaged, or not an Ed25519 key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError("is not an Ed25519 key: ssh-keygen -t ed25519 makes one")
    return key
