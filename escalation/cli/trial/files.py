"""Small files that the commands of a trial read and write: keys, signatures, timestamps."""

from __future__ import annotations

from pathlib import Path

from escalation.errors import InputError, printable, reason
from escalation.files import write_whole

__all__ = ["read_small", "write_new"]

_MAX_BYTES = 100_000


def read_small(path: Path) -> bytes:
    """Read a file whole.

    Raises
    ------
    InputError
        If it cannot be read, or is larger than any file of its sort.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(str(path))} cannot be read: {reason(error)}") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"{printable(str(path))} is larger than {_MAX_BYTES:,} bytes")
    return data


def write_new(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write a file whole.

    Raises
    ------
    InputError
        If it cannot be written, or is there and not to be replaced.
    """
    try:
        write_whole(path, data, overwrite=force)
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(str(path))} cannot be written: {reason(error)}") from error
