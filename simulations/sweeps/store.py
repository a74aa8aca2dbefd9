"""Where results are kept: finished cells as they come, then one file in the order of the study.

While a sweep goes on, its finished cells stand beside the results' place in ``NAME.unfinished``: a
line that says which study it is, then a line a cell, each with a checksum, so that a line that was
cut off or changed is known. The results themselves are written whole when every cell is there; a
file cut short would look complete.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from escalation.errors import ConflictError, EscalationError, InputError, printable, reason
from escalation.files import write_whole
from escalation.text import count, list_briefly
from simulations.sweeps.changes import find_changes
from simulations.sweeps.columns import Column, read_line, row_line
from simulations.sweeps.study import Study

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # on Windows two runs at once are not noticed
    HAS_LOCKS = False
else:
    HAS_LOCKS = True

__all__ = ["Store", "StudyChangedError", "read_unfinished", "unfinished_path"]

_MARK = "escalation sweep"


class StudyChangedError(EscalationError):
    """Results that were begun with another study."""


def unfinished_path(output: Path) -> Path:
    """Return where the finished cells stand until all are there."""
    return output.with_name(f"{output.name}.unfinished")


class Store:
    """Finished cells of one study, or of a shard of it; a context that nobody else may enter.

    Parameters
    ----------
    output : Path
        Of the results.
    study : Study
    columns : sequence of Column
    shard : (int, int), optional
        Which of how many.

    Attributes
    ----------
    lines : dict of int to str
        Finished cells by number, each as a line of CSV.
    mended : list of str
        What was found torn.

    Raises
    ------
    StudyChangedError
        If what is there was begun with another study, saying what has changed.
    InputError
        For a file that is not a sweep's, or that cannot be written.
    ConflictError
        If another run writes to it.
    """

    def __init__(
        self,
        output: Path,
        study: Study,
        columns: Sequence[Column],
        shard: tuple[int, int] | None = None,
    ) -> None:
        self.path = unfinished_path(output)
        self._names = [column.name for column in columns]
        header = {
            "mark": _MARK,
            "schema": 1,
            "study": study.digest,
            "shard": shard,
            "columns": [column.name for column in columns],
            "document": study.document,
        }
        self._head = _json(header)
        self.lines: dict[int, str] = {}
        self.mended: list[str] = []
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Store:
        try:
            if not self.path.exists():
                with contextlib.suppress(FileExistsError):
                    write_whole(self.path, _checked(self._head), overwrite=False)
            self._file = self.path.open("r+b")
            self._lock()
            self._read()
        except OSError as error:
            self.close()
            raise InputError(f"{_named(self.path)}: cannot be written: {reason(error)}") from error
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others write."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def keep(self, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Write finished cells so that no crash takes them back."""
        lines = {number: row_line(self._names, values) for number, values in rows}
        if self._file is None or not lines:
            return
        self._file.write(b"".join(map(_checked, lines.values())))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.lines |= lines

    def remove(self) -> None:
        """Take the unfinished file away: the results are there, or nothing is in it."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _lock(self) -> None:
        if not HAS_LOCKS or self._file is None:
            return
        is_ours = True
        try:
            flock(self._file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            is_ours = False
        except OSError:  # a file system without locks
            return
        with contextlib.suppress(FileNotFoundError):
            # what was opened may have been replaced, or taken away, before it was locked
            if is_ours and os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
                return
        raise ConflictError(
            f"{_named(self.path)}: another run is writing these results; let it end, or give "
            "another --output"
        )

    def _read(self) -> None:
        """Read what is there; cut off or leave out what is torn."""
        if self._file is None:
            return
        content = self._file.read()
        if content == _checked(self._head):  # it has just begun
            return
        header, lines, torn = _parse(content, self.path)
        if lines:
            self._check_header(header, json.loads(self._head))
        elif header != json.loads(self._head):  # nothing had been calculated
            self._write([])
            return
        place = self._names.index("cell")
        for line in lines:
            self.lines.setdefault(int(read_line(line)[place]), line)
        if torn:
            self.mended.append(
                f"{_named(self.path)}: {count(len(torn), 'line')} ({list_briefly(torn)}) torn or "
                f"changed, left out; {count(len(self.lines), 'finished cell')} kept"
            )
            self._write(lines)
        self._file.seek(0, os.SEEK_END)

    def _write(self, lines: Sequence[str]) -> None:
        """Put a whole file in the place of what is there, and go on at its end."""
        if self._file is not None:
            self._file.close()
        write_whole(self.path, b"".join(map(_checked, [self._head, *lines])))
        self._file = self.path.open("r+b")
        self._lock()
        self._file.seek(0, os.SEEK_END)

    def _check_header(self, header: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
        if header["study"] != ours["study"]:
            changes = find_changes(header["document"], ours["document"])
            raise StudyChangedError(
                f"{_named(self.path)}: the study has changed since these results were begun: "
                f"{'; '.join(changes)}. Give another --output, or take the file away to begin anew"
            )
        if header["shard"] != ours["shard"]:
            begun, asked = (_say_shard(one["shard"]) for one in (header, ours))
            raise StudyChangedError(
                f"{_named(self.path)}: begun as {begun}, not {asked}; each shard needs an "
                "--output of its own"
            )
        if header["columns"] != ours["columns"]:
            raise StudyChangedError(
                f"{_named(self.path)}: begun with another version of escalation, whose results "
                "have other columns; take the file away to begin anew"
            )


def read_unfinished(path: Path) -> tuple[dict[str, Any], list[str], list[int]]:
    """Read an unfinished file without writing to it.

    Returns
    -------
    header : dict
    lines : list of str
        Finished cells as lines of CSV, as they came.
    torn : list of int
        Numbers of lines, from 1, that are torn or changed.

    Raises
    ------
    InputError
        For a file that is not a sweep's, or that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{_named(path)}: cannot be read: {reason(error)}") from error
    return _parse(content, path)


def _parse(content: bytes, path: Path) -> tuple[dict[str, Any], list[str], list[int]]:
    first, *rest = content.split(b"\n")
    if rest and not rest[-1]:
        del rest[-1]  # the file ends with a line's end
    elif rest:
        rest[-1] += b" cut off"
    header = _read_header(first)
    if header is None:
        raise InputError(
            f"{_named(path)}: line 1 is not that of a sweep's unfinished results: the file is torn "
            "or another program's; take it away to begin anew"
        )
    lines: list[str] = []
    torn: list[int] = []
    for number, line in enumerate(rest, start=2):
        text = _unchecked(line)
        if text is None:
            torn.append(number)
        else:
            lines.append(text)
    return header, lines, torn


def _read_header(line: bytes) -> dict[str, Any] | None:
    text = _unchecked(line)
    if text is None:
        return None
    with contextlib.suppress(ValueError, RecursionError):
        header = json.loads(text)
        if isinstance(header, dict) and header.get("mark") == _MARK:
            return header
    return None


def _checked(line: str) -> bytes:
    """Return a line with its checksum before it."""
    text = line.encode()
    return f"{zlib.crc32(text):08x} ".encode() + text


def _unchecked(line: bytes) -> str | None:
    """Return a line, given without its end, without its checksum; None where that is wrong."""
    said, _, text = line.partition(b" ")
    text += b"\n"
    return text.decode() if said == f"{zlib.crc32(text):08x}".encode() else None


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, allow_nan=False) + "\n"


def _say_shard(shard: Sequence[int] | None) -> str:
    return "a whole study" if shard is None else f"shard {shard[0]}/{shard[1]}"


def _named(path: Path) -> str:
    return printable(str(path))
