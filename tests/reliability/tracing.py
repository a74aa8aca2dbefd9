"""Record what a program asks of the disk: its system calls on one folder, by strace.

The calls come back as those of ``disk_model``. Nothing is left out silently: a call that could
change the folder in a way that the model does not have, a write or sync that failed, bytes that
strace cut short and lines that cannot be read are all refused.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from .disk_model import (
    Call,
    Create,
    Link,
    Mark,
    Rename,
    Resize,
    Sync,
    SyncFolder,
    Unlink,
    Write,
)

__all__ = ["TraceError", "parse_trace", "record", "require_strace"]

REQUIRED = "ESCALATION_REQUIRE_STRACE"
LONGEST = 1 << 24  # bytes of one write that strace is to show

# Every call that opens, changes, names or syncs files; "?" where not every machine has it.
OPENING = ("?open", "openat", "?creat")
NAMING = ("?unlink", "unlinkat", "?rename", "?renameat", "?renameat2", "?link", "linkat")
WRITING = ("write", "pwrite64", "ftruncate", "truncate", "lseek")
SYNCING = ("fsync", "fdatasync")
REFUSED = (  # on the folder, because the model does not have them
    "?openat2,dup,?dup2,dup3,writev,pwritev,?pwritev2,fallocate,copy_file_range,sendfile,splice,"
    "?symlink,symlinkat,?mkdir,mkdirat,?rmdir,?mknod,mknodat"
)
WHOLE_MACHINE = "sync,syncfs,?io_uring_setup,?io_setup"  # refused wherever they point
TRACED = ",".join((*OPENING, *NAMING, *WRITING, *SYNCING, "close,mmap", REFUSED, WHOLE_MACHINE))


class TraceError(Exception):
    """A trace that the disk model cannot replay faithfully."""


def require_strace() -> str:
    """Return the path of strace, or skip the test; with ESCALATION_REQUIRE_STRACE=1, fail it."""
    found = shutil.which("strace")
    if found is not None:
        works = subprocess.run([found, "-o", os.devnull, "true"], capture_output=True, check=False)
        if works.returncode == 0:
            return found
    why = "strace does not work here" if found else "strace is not installed"
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{why}, and {REQUIRED}=1 demands it")
    pytest.skip(f"{why} (Debian package strace)")


def record(
    command: Sequence[str | Path],
    *,
    folder: Path,
    marks: Path,
    trace: Path,
    environment: Mapping[str, str],
) -> list[Call]:
    """Run a command and return its calls on ``folder``, in order.

    Parameters
    ----------
    command : sequence of str or Path
        What to run: one process, which may have threads but makes its calls one at a time. It
        starts in "/".
    folder : Path
        Empty when the command starts, so that the calls make all there is.
    marks : Path
        A file outside the folder; each line that the command writes into it becomes a ``Mark``.
    trace : Path
        Where strace writes, to be looked at when something is odd.
    environment : mapping of str to str
        The environment of the command.
    """
    strace = [require_strace(), "-f", "-y", "-xx", "-s", str(LONGEST), "-o", str(trace)]
    done = subprocess.run(
        [*strace, "-e", f"trace={TRACED}", "--", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=dict(environment),
    )
    if done.returncode:
        raise TraceError(f"the recorded command failed: {done.stderr[-2000:]}")
    text = trace.read_text(encoding="ascii")
    return parse_trace(text, folder=folder.resolve(), marks=marks.resolve())


def parse_trace(text: str, *, folder: Path, marks: Path) -> list[Call]:
    """Turn the output of ``strace -f -y -xx`` into the calls on ``folder``."""
    reader = _Reader(folder, marks)
    for line in text.splitlines():
        if not EVENT.match(line):  # "+++ exited with 0 +++", "--- SIGCHLD {...} ---"
            reader.read(_parse(line))
    return reader.calls


# As in: 123 pwrite64(4</folder/file>, "\x00\x01", 2, 0) = 2
EVENT = re.compile(r"(\d+ +)?(\+\+\+|---) ")
LINE = re.compile(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\w+)(?:<((?:\\x[0-9a-f]{2})*)>)?.*")
OPERAND = re.compile(
    r'(?P<fd>\d+|AT_FDCWD)<(?P<path>(?:\\x[0-9a-f]{2})*)>(?:\(deleted\))?'
    r'|"(?P<text>(?:\\x[0-9a-f]{2})*)"(?P<cut>\.\.\.)?'
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Operand:
    """A descriptor with the path it has, or a string."""

    fd: int | None
    content: bytes

    @property
    def path(self) -> str:
        return self.content.decode(errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class _Line:
    """One system call as strace shows it."""

    text: str
    name: str
    operands: tuple[_Operand, ...]
    rest: str  # what follows the last operand
    result: int
    opened: str  # the path of the descriptor it returned

    @property
    def paths(self) -> list[str]:
        """The names it is about, absolute; a descriptor's only where no name follows it."""
        found = []
        base = ""
        for operand in self.operands:
            if operand.fd is not None:
                base = operand.path
                continue
            found.append(str(Path("/", base, operand.path)))
        return found


def _parse(line: str) -> _Line:
    found = LINE.fullmatch(line)
    if found is None:
        raise TraceError(f"cannot read {line[:200]!r}")
    name, args, result, opened = found.groups()
    operands, end = [], 0
    for match in OPERAND.finditer(args):
        if match["cut"]:
            raise TraceError(f"cut short by strace: {line[:200]!r}")
        fd = match["fd"]
        number = None if fd is None else -1 if fd == "AT_FDCWD" else int(fd)
        operands.append(_Operand(number, _unhex(match["path"] if fd else match["text"])))
        end = match.end()
    status = -1 if result.startswith("-") or result == "?" else int(result, 0)
    return _Line(line, name, tuple(operands), args[end:], status, _unhex(opened or "").decode())


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


class _Reader:
    """A trace being read: which file has which name, and is open as what."""

    def __init__(self, folder: Path, marks: Path) -> None:
        self.folder = folder
        self.marks = str(marks)
        self.calls: list[Call] = []
        self.names: dict[str, int] = {}
        self.created = 0
        self.open: dict[int, _Open] = {}  # by descriptor

    def read(self, line: _Line) -> None:
        name = line.name
        fd = line.operands[0].fd if line.operands else None
        if name in WHOLE_MACHINE.replace("?", "").split(","):
            raise TraceError(f"the model has no {name}: {line.text[:200]}")
        if name in ("open", "openat", "creat"):
            self._opened(line)
        elif name == "close":
            self.open.pop(fd, None)
        elif name in ("write", "pwrite64") and line.operands[0].path == self.marks:
            self.calls += map(Mark, line.operands[1].content.decode().splitlines())
        elif name in ("write", "pwrite64", "ftruncate", "lseek", "fsync", "fdatasync"):
            if fd in self.open:
                self._used(line, self.open[fd])
            elif self._inside(line.operands[0].path):
                raise TraceError(f"an unknown descriptor: {line.text[:200]}")
        elif name == "mmap":
            self._mapped(line)
        elif any(map(self._inside, [*line.paths, *(operand.path for operand in line.operands)])):
            self._named(line)

    def _opened(self, line: _Line) -> None:
        path = line.paths[0]
        if line.result < 0 or not self._inside(path):
            return
        flags = set(line.rest.strip(", )").split(", ")[0].split("|"))
        if path == str(self.folder):
            self.open[line.result] = _Open(None, can_read=True)
            return
        name = self._name(path)
        if name not in self.names:
            if not flags & {"O_CREAT"} and line.name != "creat":
                raise TraceError(f"a file that nobody made: {line.text[:200]}")
            self.created += 1
            self.names[name] = self.created
            self.calls.append(Create(name=name, file=self.created))
        file = self.names[name]
        if "O_TRUNC" in flags or line.name == "creat":
            self.calls.append(Resize(file=file, size=0))
        if "O_APPEND" in flags:
            raise TraceError(f"the model has no O_APPEND: {line.text[:200]}")
        self.open[line.result] = _Open(file, can_read="O_WRONLY" not in flags)

    def _used(self, line: _Line, opened: _Open) -> None:
        if line.result < 0:
            raise TraceError(f"failed: {line.text[:200]}")
        file = opened.file
        if line.name in ("fsync", "fdatasync"):
            self.calls.append(SyncFolder() if file is None else Sync(file=file))
        elif file is None:
            raise TraceError(f"the model has no {line.name} on a folder")
        elif line.name == "lseek":
            opened.offset = line.result
        elif line.name == "ftruncate":
            self.calls.append(Resize(file=file, size=int(line.rest.strip(", "))))
        elif line.name == "pwrite64":
            self._write(file, int(line.rest.split(",")[-1]), line)
        elif opened.can_read:  # reads are not traced and move the offset too
            raise TraceError(f"at which offset? {line.text[:200]}")
        else:
            self._write(file, opened.offset, line)
            opened.offset += line.result

    def _write(self, file: int, offset: int, line: _Line) -> None:
        data = line.operands[1].content[: line.result]
        if len(data) != line.result:
            raise TraceError(f"bytes are missing: {line.text[:200]}")
        if data:
            self.calls.append(Write(file=file, offset=offset, data=data))

    def _mapped(self, line: _Line) -> None:
        shared = "MAP_SHARED" in line.text and "PROT_WRITE" in line.text
        paths = [operand.path for operand in line.operands[:1] if self._inside(operand.path)]
        # "-shm" is the index of a write-ahead log: SQLite makes it anew after a crash
        if shared and paths and not paths[0].endswith("-shm"):
            raise TraceError(f"written through memory: {line.text[:200]}")

    def _named(self, line: _Line) -> None:
        if line.result < 0:  # there is no such file, or there is one: nothing was changed
            return
        names = [self._name(path) for path in line.paths]
        match line.name.removesuffix("2").removesuffix("at"), names:
            case "unlink", [name]:
                del self.names[name]
                self.calls.append(Unlink(name=name))
            case "rename", [old, new]:
                self.names[new] = self.names.pop(old)
                self.calls.append(Rename(old=old, new=new))
            case "link", [old, new]:
                self.names[new] = self.names[old]
                self.calls.append(Link(old=old, new=new))
            case "truncate", [name]:
                size = int(line.rest.strip(", "))
                self.calls.append(Resize(file=self.names[name], size=size))
            case _:
                raise TraceError(f"the model has no {line.name}: {line.text[:200]}")

    def _inside(self, path: str) -> bool:
        return Path(path).is_relative_to(self.folder)

    def _name(self, path: str) -> str:
        inner = Path(path).relative_to(self.folder)
        if len(inner.parts) != 1:
            raise TraceError(f"the model has one folder: {path}")
        return inner.name


@dataclass(slots=True)
class _Open:
    """An open file, None for the folder, and where a plain write would go."""

    file: int | None
    can_read: bool
    offset: int = 0
