"""As much of DER as it takes to put an authority's certificates in order."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["sort_certificates"]

_SEQUENCE, _FIRST = 0x30, 0xA0  # a sequence; the element marked [0]


def sort_certificates(reply: bytes) -> bytes:
    """Return a reply of RFC 3161 with its certificates in the order that DER gives a set.

    OpenSSL writes them as they come, and strict readers refuse that. No signature is over them.
    What is not such a reply is returned as it is.
    """
    try:
        status, token = _parts(_content(reply))
        kind, explicit = _parts(_content(token))
        (signed,) = _parts(_content(explicit))
        parts = [
            _element(_FIRST, b"".join(sorted(_parts(_content(part)))))
            if part[0] == _FIRST
            else part
            for part in _parts(_content(signed))
        ]
    except (ValueError, IndexError):
        return reply
    ordered = _element(_FIRST, _element(_SEQUENCE, b"".join(parts)))
    return _element(_SEQUENCE, status + _element(_SEQUENCE, kind + ordered))


def _content(element: bytes) -> bytes:
    start, end = _span(element)
    if end != len(element):
        raise ValueError("more than one element, or less")
    return element[start:]


def _parts(content: bytes) -> Iterator[bytes]:
    while content:
        end = _span(content)[1]
        if end > len(content):
            raise ValueError("cut short")
        yield content[:end]
        content = content[end:]


def _span(data: bytes) -> tuple[int, int]:
    """Return where the content of the first element begins and ends."""
    if data[1] < 0x80:
        return 2, 2 + data[1]
    start = 2 + (data[1] & 0x7F)
    return start, start + int.from_bytes(data[2:start], "big")


def _element(tag: int, content: bytes) -> bytes:
    n = len(content)
    if n < 0x80:
        return bytes([tag, n]) + content
    length = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
