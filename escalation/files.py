"""The one way to write a file: whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from escalation.errors import InputError, reason

__all__ = ["check_writable", "replacing", "write_bytes", "write_text"]


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that takes the place of ``path`` when it is complete.

    A file cut short would look complete, so that an existing one stays as it was until then.

    Parameters
    ----------
    path : Path
    mode : {"w", "wb"}
        Text is written in UTF-8, line ends as given.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.part") if _is_replaceable(path) else path
    try:
        with _open(unfinished, mode) as file:
            yield file
        if unfinished != path:
            unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {reason(error)}") from error
    finally:
        if unfinished != path:
            unfinished.unlink(missing_ok=True)


def _is_replaceable(path: Path) -> bool:
    """Tell a file, or nothing yet, from a link or a device, which are written to in place."""
    return (
        path.name not in ("", ".", "..")
        and not path.is_symlink()
        and (path.is_file() or not path.exists())
    )


def _open(path: Path, mode: str) -> IO[Any]:
    try:
        return path.open(mode) if "b" in mode else path.open(mode, newline="", encoding="utf-8")
    except ValueError as error:  # a NUL in the name
        raise OSError(str(error)) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing(path, "wb") as file:
        file.write(content)


def write_text(path: Path, pieces: Iterable[str]) -> None:
    """Write a text file whole, piece by piece, in UTF-8.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing(path) as file:
        for piece in pieces:
            file.write(piece)


def check_writable(path: Path, suffixes: Sequence[str] = ()) -> None:
    """Refuse a path that cannot be written, before any long work; leave no trace.

    Raises
    ------
    InputError
        Saying what stands in the way.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: the file's name must end in one of {', '.join(suffixes)}")
    try:
        try:
            path.open("xb").close()
            path.unlink()
        except FileExistsError:
            path.open("r+b").close()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be written: {reason(error)}") from error
