"""A bar with the time left, on a terminal, for what takes longer than one waits."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click

from escalation.cli.streams import is_terminal

__all__ = ["in_steps", "progress_bar", "share_bar"]

_STEPS = 1000
_ROUNDED = 1e-6  # of a step, for shares that add up to a little less than the whole
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


def in_steps(progress: Callable[[int], None], n_steps: int) -> Callable[[float], None]:
    """Return what takes shares of the whole, and tells them in whole steps."""
    done = 0.0

    def take(share: float) -> None:
        nonlocal done
        before, done = done, done + share * n_steps
        steps = int(done + _ROUNDED) - int(before + _ROUNDED)
        if steps:
            progress(steps)

    return take


def share_bar(label: str) -> Callable[[float], object] | None:
    """Return what takes shares of something that a command may come to; None where nobody looks.

    Its bar is taken away once all has been done, or with the command.
    """
    stack = click.get_current_context().with_resource(contextlib.ExitStack())
    progress = stack.enter_context(progress_bar(_STEPS, label))
    if progress is None:
        return None
    left = _STEPS

    def update(steps: int) -> None:
        nonlocal left
        progress(min(steps, left))
        left = max(left - steps, 0)
        if not left:
            stack.close()

    return in_steps(update, _STEPS)
