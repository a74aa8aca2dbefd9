"""What an address asks for after its question mark: read, or refused, and never left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import abort, request

__all__ = ["asked"]

Asked = TypeVar("Asked")
MOST = 100  # letters


def asked(name: str, usual: Asked, read: Callable[[str], Asked]) -> Asked:
    """Return what an address asks for by a name; what is usual where it says nothing.

    ``read`` raises ValueError where it cannot read it.
    """
    given = request.args.get(name, "")
    if not given:
        return usual
    try:
        if len(given) > MOST:
            raise ValueError
        return read(given)
    except ValueError:
        abort(400, f"What the address says of {name} cannot be read: look at it, or leave it out.")
