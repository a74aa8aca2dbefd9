"""Codes: of an authenticator (TOTP, RFC 6238), and for the day on which it is lost.

The authenticator's part is Flask-Security's, on passlib: SHA-1, six digits, 30 seconds, and a step
more or less. That a code is accepted once the accounts see to, which keep the last one's counter.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import qrcode
import qrcode.image.svg
from flask_security import Totp
from passlib.exc import TokenError
from passlib.totp import TOTP, AppWallet

__all__ = ["Authenticator", "new_recovery_codes", "read_recovery_code"]

ISSUER = "escalation"
WINDOW = 30  # seconds that a phone's clock may be wrong
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
N_RECOVERY_CODES = 10


class Authenticator(Totp):
    """Makes secrets of authenticators, and checks their codes.

    Parameters
    ----------
    key : bytes
        By which secrets are encrypted.
    clock : callable
    """

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        super().__init__({"1": key.hex()}, ISSUER)
        # the key is random: to stretch it, as if it were a password, adds nothing
        wallet = AppWallet({"1": key.hex()}, encrypt_cost=1)
        self._totp: Any = TOTP.using(issuer=ISSUER, wallet=wallet, now=lambda: clock().timestamp())
        self.of_nobody: str = self.generate_totp_secret()

    def counter_of(self, code: str, secret: str) -> int | None:
        """Return which code of a secret this is; None where it is not one of now."""
        try:
            found = self._totp.verify(code, secret, window=WINDOW)
        except (TokenError, ValueError):
            return None
        counter: int = found.counter
        return counter

    def written(self, secret: str) -> str:
        """Return a secret as a person types it."""
        return str(self.get_totp_pretty_key(secret))

    def picture(self, login: str, secret: str) -> bytes:
        """Return a secret as a QR code, an SVG."""
        image = qrcode.make(
            self.get_totp_uri(login, secret), image_factory=qrcode.image.svg.SvgPathFillImage
        )
        file = io.BytesIO()
        image.save(file)
        return file.getvalue()


def new_recovery_codes() -> list[str]:
    """Return codes of 16 letters, as ``abcd-efgh-jkmn-pqrs``."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
        for _ in range(N_RECOVERY_CODES)
    ]


def read_recovery_code(text: str) -> str | None:
    """Return a recovery code as it was made, however it is typed; None where it is none."""
    letters = re.sub(r"[\s-]", "", text).lower()
    if not re.fullmatch(f"[{_LETTERS}]{{16}}", letters):
        return None
    return "-".join(letters[k : k + 4] for k in range(0, 16, 4))
