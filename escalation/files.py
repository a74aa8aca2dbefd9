"""The one way to write a file: whole or not at all, even if the power fails."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from escalation.errors import InputError, printable, reason

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "check_writable",
    "replacing",
    "sqlites_own",
    "write_folder",
    "write_text",
    "write_whole",
]

_DATABASE = b"SQLite format 3\0"  # how a file of SQLite begins


def write_whole(path: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write a file that is there whole or not at all.

    Raises
    ------
    FileExistsError
        If a file is there that may not be replaced.
    OSError, ValueError
        If it cannot be written, or the name is none.
    """
    with _replacing(path, "wb", overwrite=overwrite) as file:
        file.write(content)


def write_text(path: Path, pieces: Iterable[str]) -> None:
    """Write a text file whole, piece by piece, in UTF-8.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing(path) as file:
        file.writelines(pieces)


def write_folder(
    path: Path,
    files: Mapping[str, bytes],
    *,
    overwrite: bool = True,
    endings: Collection[str] = (),
) -> None:
    """Write a folder of files that is there whole or not at all.

    Where one is replaced and the power fails in the midst of it, both stay beside its name, whole,
    as ``.old`` and ``.part``.

    Parameters
    ----------
    path : Path
    files : mapping of str to bytes
        By name.
    overwrite : bool
        Whether a folder that is there, and not empty, may be replaced. One that holds something
        else than files of these names or endings never is.
    endings : collection of str
        As ``.csv``.

    Raises
    ------
    InputError
        If it cannot be written, or something is there that may not be replaced.
    """
    import shutil  # noqa: PLC0415  # few commands write a folder, and all load this module

    try:
        if "\0" in str(path):
            raise ValueError("its name holds a NUL")
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
        former = path.with_name(f"{path.name}.{os.getpid()}.old")
        _check_replaceable(path, files, endings, overwrite=overwrite)
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {_named(path.parent)}")
        unfinished.mkdir()
        try:
            for name, content in files.items():
                write_whole(unfinished / name, content)
            if path.exists():
                path.rename(former)
            unfinished.rename(path)
        except BaseException:
            if former.exists() and not path.exists():
                former.rename(path)
            raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
            if path.exists():
                shutil.rmtree(former, ignore_errors=True)
        _sync_folder(path.parent)
    except (OSError, ValueError) as error:
        raise InputError(f"{_named(path)}: cannot be written: {reason(error)}") from error


def _check_replaceable(
    path: Path, names: Collection[str], endings: Collection[str], *, overwrite: bool
) -> None:
    """Refuse to take the place of anything but an earlier folder of the same kind.

    Raises
    ------
    FileExistsError
    """
    if not os.path.lexists(path):
        return
    if not path.is_dir() or path.is_symlink():
        raise FileExistsError(errno.EEXIST, "it is not a folder")
    there = sorted(path.iterdir())
    if there and not overwrite:
        raise FileExistsError(errno.EEXIST, "it is there and not empty; --force replaces it")
    for found in there:
        ours = found.name in names or found.suffix in endings
        if not ours or found.is_symlink() or not found.is_file():
            raise FileExistsError(
                errno.EEXIST, f"it holds {printable(found.name)}, which it would not have written"
            )


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that takes the place of ``path`` when it is complete.

    A file cut short would look complete: an existing one stays as it was until then.

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
    if "\0" in str(path):
        raise InputError(f"{_named(path)}: cannot be written: its name holds a NUL")
    try:
        with _replacing(path, mode, overwrite=True) as file:
            yield file
    except OSError as error:
        raise InputError(f"{_named(path)}: cannot be written: {reason(error)}") from error


@contextmanager
def _replacing(path: Path, mode: str, *, overwrite: bool) -> Iterator[IO[Any]]:
    if "\0" in str(path):
        raise ValueError("its name holds a NUL")
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise FileExistsError(errno.EEXIST, "it is not a regular file")
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {_named(path.parent)}")
    _check_no_database(path)
    path = _led_to(path)  # a link, as /dev/stdout is one, stays and leads to what is written
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with unfinished.open(mode, **text) as file:  # type: ignore[call-overload]  # either
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            unfinished.chmod(stat.S_IMODE(path.stat().st_mode))  # who may read it stays the same
        _put_in_place(unfinished, path, overwrite=overwrite)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(path.parent)


def sqlites_own(path: Path) -> str | None:
    """Say why a file's name is not for us: SQLite keeps its notes beside a database so."""
    name = _led_to(path).name.lower()
    ending = next((end for end in ("-journal", "-wal", "-shm") if name.endswith(end)), None)
    return ending and f"SQLite overwrites and deletes files whose names end in {ending}"


def _led_to(path: Path) -> Path:
    """Return where links lead; those in a circle to one of them, where ``resolve`` may fail."""
    return type(path)(os.path.realpath(path))


def _check_no_database(path: Path) -> None:
    """Refuse to replace a ledger, whatever name it goes by: nothing in it may be lost.

    Raises
    ------
    FileExistsError, PermissionError
    """
    taken = sqlites_own(path)
    if taken is not None:
        raise PermissionError(errno.EPERM, taken)
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        if file.read(len(_DATABASE)) == _DATABASE:
            raise FileExistsError(errno.EEXIST, "a database is there, such as a ledger")


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


def check_writable(path: Path, suffixes: Sequence[str] = ()) -> None:
    """Refuse a path that cannot be written, before any long work; leave no trace.

    Raises
    ------
    InputError
        Saying what stands in the way.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        known = f"one of {', '.join(suffixes)}" if len(suffixes) > 1 else suffixes[0]
        raise InputError(f"{_named(path)}: the file's name must end in {known}")
    try:
        if not path.parent.is_dir():
            raise InputError(
                f"{_named(path)}: cannot be written: there is no folder {_named(path.parent)}"
            )
        taken = sqlites_own(path)
        if taken is not None:
            raise PermissionError(errno.EPERM, taken)
        try:
            path.open("xb").close()
            path.unlink()
        except FileExistsError:
            path.open("r+b").close()
            _check_no_database(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{_named(path)}: cannot be written: {reason(error)}") from error


def _named(path: Path) -> str:
    return printable(str(path))
