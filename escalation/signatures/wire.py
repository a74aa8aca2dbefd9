"""Strings as SSH sends them: the length in four bytes, then the bytes (RFC 4251, section 5)."""

from __future__ import annotations

__all__ = ["WireError", "read_strings", "string"]


class WireError(ValueError):
    """Bytes that are not so many strings."""


def string(content: bytes) -> bytes:
    """Write one string."""
    return len(content).to_bytes(4, "big") + content


def read_strings(data: bytes, n: int) -> list[bytes]:
    """Read exactly so many strings, and nothing after them.

    Raises
    ------
    WireError
    """
    found = []
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        if len(data) < max(end, 4):
            raise WireError("cut short")
        found.append(data[4:end])
        data = data[end:]
    if len(found) != n:
        raise WireError(f"{len(found)} strings, not {n}")
    return found
