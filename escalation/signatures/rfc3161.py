"""What of the timestamps needs rfc3161-client: import it through ``extra.from_extra``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from escalation.errors import InputError
from escalation.signatures.der import sort_certificates

__all__ = ["Reply", "load_certificates", "write_request"]

_SHA256 = "2.16.840.1.101.3.4.2.1"
_CHAIN = "certificate verify error"  # how OpenSSL begins, where no chain leads to a certificate


class Reply:
    """A granted timestamp as the authority sent it.

    Raises
    ------
    InputError
        As the rest of a sentence about it.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._response = decode_timestamp_response(sort_certificates(data))
            if self._response.status != PKIStatus.GRANTED:
                said = "; ".join(self._response.status_string)
                raise InputError(
                    f"was not granted by the authority (status {self._response.status}: {said!a})"
                )
            info = self._response.tst_info
        except ValueError:
            raise InputError("is not the reply of a time-stamping authority (RFC 3161)") from None
        if info.message_imprint.hash_algorithm.dotted_string != _SHA256:
            raise InputError("is over another hash than SHA-256, which was asked for")
        self.at: datetime = info.gen_time
        self.digest: bytes = info.message_imprint.message

    @property
    def authority(self) -> str:
        """The name in the signer's certificate, or who certified it where that did not come."""
        signers = self._response.signed_data.signer_infos
        named = {(signer.issuer, signer.serial_number) for signer in signers}
        for one in _certificates(self._response):
            if (one.issuer, one.serial_number) in named:
                return one.subject.rfc4514_string()
        return f"one certified by {'; '.join(issuer.rfc4514_string() for issuer, _ in named)}"

    def fault(self, trusted: Sequence[bytes] = ()) -> str | None:
        """Say why the signature does not hold by these certificates; None where it does.

        Raises
        ------
        UnknownAuthorityError
            Where none of them has certified the authority. With no certificate given those that
            came with the reply stand in, which may be all that is known.
        """
        try:
            roots = [x509.load_der_x509_certificate(one) for one in trusted]
            roots = roots or _certificates(self._response)
            if not roots:
                raise UnknownAuthorityError
            VerifierBuilder(roots=roots).build().verify(self._response, self.digest)
        except (VerificationError, ValueError, UnsupportedAlgorithm) as error:
            if _CHAIN in str(error):
                raise UnknownAuthorityError from None
            if "Unable to verify pkcs7 signature" in str(error):
                return "its signature does not fit: it was changed"
            return str(error)
        return None


class UnknownAuthorityError(Exception):
    """No certificate at hand vouches for the authority."""


def _certificates(response: TimeStampResponse) -> list[x509.Certificate]:
    return list(map(x509.load_der_x509_certificate, sorted(response.signed_data.certificates)))


def write_request(message: bytes) -> bytes:
    """Write a request for a timestamp of a message, by its SHA-256, certificate wanted."""
    built = TimestampRequestBuilder(
        data=message, hash_algorithm=HashAlgorithm.SHA256, nonce=False, cert_req=True
    )
    return built.build().as_bytes()


def load_certificates(data: bytes) -> tuple[bytes, ...]:
    """Read the certificates of a PEM or DER file; return each in DER.

    Raises
    ------
    InputError
        As the rest of a sentence about the file.
    """
    try:
        if b"-----BEGIN" in data:
            found = x509.load_pem_x509_certificates(data)
        else:
            found = [x509.load_der_x509_certificate(data)]
    except ValueError:
        raise InputError("holds no certificate in PEM or DER") from None
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)
