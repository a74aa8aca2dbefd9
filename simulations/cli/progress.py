"""A bar with the time left, on a terminal, for what takes longer than one waits."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click

from escalation.cli.streams import is_terminal

__all__ = ["progress_bar"]

PATIENCE = 2.0  # seconds; what is done before needs no bar


@contextlib.contextmanager
def progress_bar(total: int, label: str) -> Iterator[Callable[[int], None] | None]:
    """Give what is to be called with how much has been done since; None where nobody looks.

    Parameters
    ----------
    total : int
        How much there is to do.
    label : str
        What is done, before the bar.
    """
    if not is_terminal(sys.stderr) or total == 0:
        yield None
        return
    begun, done = time.monotonic(), 0
    with contextlib.ExitStack() as stack:
        bar = None

        def update(more: int) -> None:
            nonlocal bar, done
            done += more
            if bar is not None:
                bar.update(more)
            elif time.monotonic() - begun > PATIENCE and done < total:
                shown = click.progressbar(length=total, label=label, file=sys.stderr)
                bar = stack.enter_context(shown)
                bar.start = bar.last_eta = begun + time.time() - time.monotonic()
                bar.update(done)

        yield update
