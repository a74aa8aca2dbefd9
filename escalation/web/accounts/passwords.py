"""Passwords: which are taken, and what is kept of them.

The rules are those of NIST SP 800-63B-4, section 3.1.1.2, and OWASP ASVS 5.0.0, V6.2: at least 15
characters of any kind, nothing about which kinds there must be, and none that is easy to guess:
among those that are known from breaches, made of two of them, a walk over the keyboard, the same
again and again, or the person's own name.

What is known from breaches is the list of zxcvbn: see ``common_passwords.LICENSE.txt``. Only 31 of
its 30,000 have 15 characters, so the others count as pieces of which a password may be made.
"""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import cache
from importlib import resources
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["LONGEST", "SHORTEST", "Passwords", "password_fault"]

SHORTEST, LONGEST = 15, 256
LEFT_OVER = 8  # letters and digits that are of none of the names
OWN_WORDS = ("escalation",)

_ROWS = (
    "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop",
    "qsdfghjklm", "wxcvbn", "abcdefghijklmnopqrstuvwxyz", "01234567890",
    "1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol",
)  # fmt: skip


class Passwords:
    """Makes and checks what is kept of passwords.

    Parameters
    ----------
    time_cost, memory_cost, parallelism : int
        Of argon2id; by default the second choice of RFC 9106 (64 MiB).
    """

    def __init__(
        self, *, time_cost: int = 3, memory_cost: int = 65536, parallelism: int = 4
    ) -> None:
        self._few = BoundedSemaphore(2)  # at a time: each takes so much memory
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism
        )
        self.of_nobody = self._hasher.hash("of nobody")  # takes as long to check as anybody's

    def hash(self, password: str) -> str:
        """Return what is kept."""
        with self._few:
            return self._hasher.hash(normalised(password))

    def holds(self, kept: str, password: str) -> bool:
        """Say whether it is the password."""
        if len(password) > LONGEST:
            password = ""
        try:
            with self._few:
                return self._hasher.verify(kept, normalised(password))
        except (VerificationError, InvalidHashError):
            return False

    def is_old(self, kept: str) -> bool:
        """Say whether it should be made again, at today's cost."""
        return self._hasher.check_needs_rehash(kept)


def normalised(password: str) -> str:
    """Return the password as it is hashed: the same, however the keyboard composes its letters."""
    return unicodedata.normalize("NFC", password)


def password_fault(password: str, names: Collection[str]) -> str | None:
    """Say what is wrong with a new password; None where it is taken.

    Parameters
    ----------
    password : str
    names : collection of str
        What must not make it up: the login, the person's name, the trial's id.

    Examples
    --------
    >>> password_fault("a ferry, two herons and rain", ["wu.jing"])
    >>> password_fault("password123456789", ["wu.jing"])
    'it is easy to guess: it is made of pieces that are known from breaches'
    """
    password = normalised(password)
    if len(password) < SHORTEST:
        return f"it has {len(password)} characters; at least {SHORTEST} are needed"
    if len(password) > LONGEST:
        return f"it has {len(password)} characters; at most {LONGEST} are taken"
    easy = _why_easy(password.casefold(), names)
    return None if easy is None else f"it is easy to guess: it {easy}"


def _why_easy(folded: str, names: Collection[str]) -> str | None:
    left = folded
    for name in (*names, *OWN_WORDS):
        for part in {name.casefold(), *re.split(r"\W+", name.casefold())} - {""}:
            if len(part) > 2:
                left = left.replace(part, "")
    if left != folded and len(re.sub(r"\W", "", left)) < LEFT_OVER:
        return "is little more than your name, your login, a trial's id or this program's name"
    repeated = re.fullmatch(r"(.{1,7}?)\1+.{0,7}", folded, re.DOTALL)
    if repeated is not None:
        return "is the same few characters again and again"
    if len(set(folded)) < 5:
        return "has fewer than 5 different characters"
    if _pieces(folded) is not None:  # which they are is not said: the page may be seen by others
        return "is made of pieces that are known from breaches"
    return None


@cache
def _common() -> frozenset[str]:
    file = resources.files("escalation.web.accounts") / "common_passwords.txt.gz"
    return frozenset(gzip.decompress(file.read_bytes()).decode().split("\n"))


@cache
def _walks() -> frozenset[str]:
    """Return every stretch of three keys and more along a row, either way."""
    return frozenset(
        row[first:last]
        for way in _ROWS
        for row in (way, way[::-1])
        for first in range(len(row))
        for last in range(first + 3, len(row) + 1)
    )


_LONGEST_PIECE = 30
_ALONE = 0.5  # what a character counts that belongs to no piece
_TOO_FEW = 3


def _pieces(folded: str) -> Sequence[str] | None:
    """Return the known pieces of which a password is made; None where it takes three or more."""
    common, walks = _common(), _walks()
    best: list[tuple[float, tuple[str, ...]]] = [(0, ())]
    for end in range(1, len(folded) + 1):
        count, found = best[end - 1]
        choices = [(count + _ALONE, found)]
        for start in range(max(0, end - _LONGEST_PIECE), end - 2):
            piece = folded[start:end]
            if piece in common or piece in walks or len(set(piece)) == 1:
                count, found = best[start]
                choices.append((count + 1, (*found, piece)))
        best.append(min(choices, key=lambda choice: choice[0]))
    count, found = best[-1]
    return found if count < _TOO_FEW else None
