"""What is printed to: a terminal that obeys some letters, a pipe whose reader may stop."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from escalation.errors import printable

__all__ = ["is_terminal", "shown_on", "terminal_width", "until_reader_stops"]

USUAL, NARROWEST, WIDEST = 80, 60, 120  # columns; lines much longer are not read with ease


@contextlib.contextmanager
def until_reader_stops() -> Iterator[None]:
    """Leave off quietly where nobody reads on, as in ``| head``: what follows would go nowhere.

    A command has written its files, and recorded what it had to, before it prints.
    """
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # else Python, when it ends, would try once more
        os.close(nowhere)


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether somebody sits at a stream; Python has None for one that is closed."""
    return stream is not None and stream.isatty()


def terminal_width() -> int:
    """Return the columns of the terminal, within what reads with ease; 80 where there is none."""
    if "COLUMNS" not in os.environ and not is_terminal(sys.stdout):
        return USUAL
    import shutil  # noqa: PLC0415  # bz2 and lzma with it, for a terminal only

    columns = shutil.get_terminal_size((USUAL, 24)).columns
    return min(max(columns, NARROWEST), WIDEST)


def shown_on(text: str, stream: TextIO | None) -> str:
    """Escape what a stream cannot write, and what a terminal may obey: a name may hold any letter.

    Line ends stay.
    """
    encoding = getattr(stream, "encoding", None) or "ascii"
    lines = text.split("\n")
    if not all(map(str.isprintable, lines)):
        lines = ["".join(c if c.isprintable() else printable(c) for c in line) for line in lines]
    return "\n".join(lines).encode(encoding, "backslashreplace").decode(encoding)
