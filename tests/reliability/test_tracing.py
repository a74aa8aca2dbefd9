"""Reading strace's output: the calls on the folder, in order, or a refusal; nothing in between."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from .disk_model import Create, Link, Mark, Rename, Resize, Sync, SyncFolder, Unlink, Write
from .tracing import REQUIRED, TraceError, parse_trace, require_strace

FOLDER, MARKS = Path("/d"), Path("/marks")


def strace(text: str) -> str:
    """Return lines as strace -xx has them: every string and path in hexadecimal."""

    def in_hexadecimal(found: re.Match[str]) -> str:
        opening, inner, closing = found[0][0], found[0][1:-1], found[0][-1]
        return opening + "".join(f"\\x{byte:02x}" for byte in inner.encode()) + closing

    return re.sub(r'"[^"]*"|<[^>]*>', in_hexadecimal, text.strip())


def read(text: str):
    return parse_trace(strace(text), folder=FOLDER, marks=MARKS)


TRACE = """
7 openat(AT_FDCWD</>, "/usr/lib/x.so", O_RDONLY|O_CLOEXEC) = 3</usr/lib/x.so>
7 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</usr/lib/x.so>, 0) = 0x7f00
7 close(3</usr/lib/x.so>) = 0
7 openat(AT_FDCWD</>, "/d/a", O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0644) = 3</d/a>
7 pwrite64(3</d/a>, "abcd", 4, 0) = 4
7 pwrite64(3</d/a>, "efgh", 4, 4096) = 2
7 fdatasync(3</d/a>) = 0
7 openat(AT_FDCWD</>, "/d", O_RDONLY|O_CLOEXEC) = 4</d>
7 fsync(4</d>) = 0
7 close(4</d>) = 0
7 write(5</marks>, "T1 abc", 7) = 7
7 openat(AT_FDCWD</>, "/d/b", O_WRONLY|O_CREAT|O_EXCL, 0600) = 4</d/b>
7 write(4</d/b>, "xy", 2) = 2
7 write(4</d/b>, "z", 1) = 1
7 ftruncate(4</d/b>, 1) = 0
7 rename("/d/b", "/d/c") = 0
7 link("/d/c", "/d/e") = 0
7 unlink("/d/nothing") = -1 ENOENT (No such file or directory)
7 unlink("/d/a") = 0
7 openat(AT_FDCWD</>, "/d/c", O_RDWR|O_TRUNC) = 6</d/c>
--- SIGCHLD {si_signo=SIGCHLD} ---
7 +++ exited with 0 +++
"""


def test_a_small_trace_becomes_exactly_its_calls():
    assert read(TRACE) == [
        Create(name="a", file=1),
        Write(file=1, offset=0, data=b"abcd"),
        Write(file=1, offset=4096, data=b"ef"),  # as many as were written
        Sync(file=1),
        SyncFolder(),
        Mark("T1 abc"),
        Create(name="b", file=2),
        Write(file=2, offset=0, data=b"xy"),
        Write(file=2, offset=2, data=b"z"),
        Resize(file=2, size=1),
        Rename(old="b", new="c"),
        Link(old="c", new="e"),
        Unlink(name="a"),
        Resize(file=2, size=0),
    ]


OPENED = '7 openat(AT_FDCWD</>, "/d/a", O_RDWR|O_CREAT, 0644) = 3</d/a>\n'
REFUSED = {
    "a sync that failed": OPENED + "7 fsync(3</d/a>) = -1 EIO (Input/output error)",
    "a write that failed": OPENED + '7 pwrite64(3</d/a>, "a", 1, 0) = -1 ENOSPC (No space left)',
    "a call that the model does not have": OPENED + "7 fallocate(3</d/a>, 0, 0, 4096) = 0",
    "a second descriptor": OPENED + "7 dup(3</d/a>) = 4</d/a>",
    "a folder in the folder": '7 mkdir("/d/e", 0777) = 0',
    "a sync of the whole machine": "7 sync() = 0",
    "a write at an unknown place": OPENED + '7 write(3</d/a>, "a", 1) = 1',
    "a write through memory": OPENED
    + "7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3</d/a>, 0) = 0x7f00",
    "an unknown descriptor": '7 pwrite64(9</d/a>, "a", 1, 0) = 1',
    "a file that was there before": '7 openat(AT_FDCWD</>, "/d/a", O_RDWR) = 3</d/a>',
    "appending": '7 openat(AT_FDCWD</>, "/d/a", O_WRONLY|O_CREAT|O_APPEND) = 3</d/a>',
    "a string cut short": OPENED + '7 pwrite64(3</d/a>, "a"..., 100, 0) = 100',
    "a call that was interrupted": "7 fsync(3</d/a> <unfinished ...>",
    "what is no call": "what is this",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_replayed_faithfully_is_refused(text):
    with pytest.raises(TraceError):
        read(text)


def test_the_same_calls_elsewhere_are_of_no_interest():
    assert read('7 mkdir("/e", 0777) = 0\n7 pwrite64(9</e/a>, "a", 1, 0) = 1') == []


def test_without_strace_the_tests_are_skipped_unless_it_is_required(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="strace is not installed"):
        require_strace()
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="strace is not installed"):
        require_strace()
