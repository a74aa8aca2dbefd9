"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes, *, overwrite: bool) -> None:
    """Write a file that is there whole or not at all, even if the power fails.

    Raises
    ------
    FileExistsError
        If a file is there that may not be replaced.
    OSError, ValueError
        If it cannot be written, or the name is none.
    """
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise FileExistsError(errno.EEXIST, "it is no regular file")
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(unfinished, path, overwrite=overwrite)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _put_in_place(unfinished: Path, path: Path, *, overwrite: bool) -> None:
    """Give a file its name; one that has come there meanwhile is not replaced unasked.

    Raises
    ------
    FileExistsError
    """
    if not overwrite:
        try:
            path.hardlink_to(unfinished)  # unlike a renaming, it fails where a file is
            return
        except FileExistsError:
            raise
        except OSError:  # some memory sticks know no second name
            if path.exists():
                raise FileExistsError(errno.EEXIST, "a file has come there meanwhile") from None
    unfinished.replace(path)


def _sync_folder(folder: Path) -> None:
    """Make a renaming last; Windows, which opens no folder, does it by itself."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
