"""Timestamps by somebody else's clock (RFC 3161), asked for and checked without a network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from escalation.dataclass import dataclass
from escalation.signatures.extra import from_extra

__all__ = ["Timestamp", "certificates_in", "read_timestamp", "request_timestamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """What a reply says, and whether it holds.

    Attributes
    ----------
    at : datetime
        The authority's time.
    digest : bytes
        SHA-256 of what was stamped.
    authority : str
        The name in its certificate.
    known : bool
        Whether a certificate vouches for the authority: one that was given or, where none was,
        one that came with the reply. Where it is False the signature was not checked.
    fault : str or None
        Why it does not hold.
    """

    at: datetime
    digest: bytes
    authority: str
    known: bool
    fault: str | None

    def is_of(self, message: bytes) -> bool:
        """Tell whether it stamps this message."""
        return self.digest == sha256(message).digest()


def request_timestamp(message: bytes) -> bytes:
    """Return a request (TimeStampReq in DER) for a timestamp of a message.

    Raises
    ------
    KeysExtraError
    """
    with from_extra():
        from escalation.signatures import rfc3161  # noqa: PLC0415  # an extra
    return rfc3161.write_request(message)


def read_timestamp(reply: bytes, trusted: Sequence[bytes] = ()) -> Timestamp:
    """Read an authority's reply (TimeStampResp in DER) and check its signature.

    Parameters
    ----------
    reply : bytes
    trusted : sequence of bytes
        Certificates in DER, the authority's root among them; without any, those in the reply.

    Raises
    ------
    InputError
        As the rest of a sentence about the reply, where it cannot be read or was not granted.
    KeysExtraError
    """
    with from_extra():
        from escalation.signatures import rfc3161  # noqa: PLC0415  # an extra
    read = rfc3161.Reply(reply)
    known, fault = True, None
    try:
        fault = read.fault(trusted)
    except rfc3161.UnknownAuthorityError:
        known = False
    return Timestamp(
        at=read.at, digest=read.digest, authority=read.authority, known=known, fault=fault
    )


def certificates_in(data: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a PEM or DER file, each in DER.

    Raises
    ------
    InputError
        As the rest of a sentence about the file.
    KeysExtraError
    """
    with from_extra():
        from escalation.signatures import rfc3161  # noqa: PLC0415  # an extra
    return rfc3161.load_certificates(data)
