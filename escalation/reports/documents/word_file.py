"""A Word file from outside, looked through before anything opens it."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from escalation.errors import InputError
from escalation.reports.documents import LARGEST_TEMPLATE, Template

__all__ = ["checked"]

_LARGEST_WHOLE = 100_000_000  # bytes of all parts, unpacked
_LARGEST_XML = 4_000_000  # bytes of one part, unpacked: some hundred pages
_MOST_PARTS = 2_000
_MOST_MARKS = 500  # of one part

_MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_DOTX = b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"
_TYPES = "[Content_Types].xml"


def checked(template: Template) -> bytes:
    """Return a Word file (.docx, or .dotx as a .docx) that is safe to be opened.

    Raises
    ------
    InputError
        If it is no such file, is too large once unpacked, or holds macros.
    """
    name = template.name
    if len(template.content) > LARGEST_TEMPLATE:
        raise InputError(f"{name}: a template has at most {LARGEST_TEMPLATE // 1_000_000} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(template.content)) as file:
            parts = dict(_unpacked(file, name))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
        raise InputError(f"{name} is not a Word file (.docx or .dotx), or is damaged") from None
    types = parts.get(_TYPES, b"")
    if b"macroEnabled" in types or any(_is_active(part) for part in parts):
        raise InputError(
            f"{name} holds macros or controls: save it as a .docx or .dotx without them"
        )
    if _MAIN not in types and _DOTX not in types:
        raise InputError(f"{name} is not a Word file (.docx or .dotx)")
    for part, content in parts.items():
        if part.endswith((".xml", ".rels")):
            _check_xml(name, part, content)
    parts[_TYPES] = types.replace(_DOTX, _MAIN)
    return _packed(parts)


def _unpacked(file: zipfile.ZipFile, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the parts, and stop before they fill the memory, whatever their heads promise."""
    listed = file.infolist()
    if len(listed) > _MOST_PARTS:
        raise InputError(f"{name} has {len(listed)} parts, more than a Word file")
    left = _LARGEST_WHOLE
    for info in listed:
        with file.open(info) as part:
            content = part.read(left + 1)
        left -= len(content)
        if left < 0:
            raise InputError(
                f"{name} unpacks to more than {_LARGEST_WHOLE // 1_000_000} MB: it is no template"
            )
        yield info.filename, content


def _is_active(part: str) -> bool:
    return re.search(r"vbaProject|vbaData|activeX", part, re.IGNORECASE) is not None


def _check_xml(name: str, part: str, content: bytes) -> None:
    if len(content) > _LARGEST_XML:
        raise InputError(f"{name}: {part} is too large for a template")
    # Word writes no document type, by which a small file can become a large one
    if b"<!DOCTYPE" in content.replace(b"\0", b""):
        raise InputError(f"{name}: {part} holds a document type, which no Word file does")
    if sum(content.count(mark) for mark in (b"{{", b"{%", b"{#")) > _MOST_MARKS:
        raise InputError(f"{name}: {part} holds more than {_MOST_MARKS} marks")


def _packed(parts: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for part, content in parts.items():
            file.writestr(part, content)
    return written.getvalue()
