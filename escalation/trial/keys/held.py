"""The keys that a trial knows of: whose, since when, and whether they are in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from escalation.dataclass import dataclass

__all__ = ["Key", "keys_in_force", "lacks_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A person's public key, from its entry on and until the entry that revoked it."""

    person: str
    public_key: str
    entry: int
    since: datetime
    revoked_by: int | None = None
    until: datetime | None = None


def keys_in_force(keys: Mapping[str, Key], person: str) -> list[Key]:
    """Return a person's keys that are not revoked, in the order of their entries."""
    return [key for key in keys.values() if key.person == person and key.revoked_by is None]


def lacks_key(keys: Mapping[str, Key], person: str, public_key: str) -> str | None:
    """Say why a person cannot sign with a key now; None if they can.

    Parameters
    ----------
    keys : mapping of str to Key
        By the public key.
    """
    key = keys.get(public_key)
    if key is None:
        return f'the key is not registered as a key of "{person}"'
    if key.person != person:
        return f'the key is that of "{key.person}", not of "{person}"'
    if key.revoked_by is not None:
        return f"the key was revoked by entry {key.revoked_by}"
    return None
