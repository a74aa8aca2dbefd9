"""A command asked by another part of the program, such as the page, which shows its view itself.

The words are those of the command line, so there is one way to read a question, and whoever shows
the answer can print the line that gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

import click

from escalation.cli import main
from escalation.dataclass import dataclass
from escalation.designs.base import Design
from escalation.errors import InputError
from escalation.reports.view import View

__all__ = ["Asking", "ask_command", "asking", "most_states", "say_beside"]


@dataclass(slots=True, kw_only=True)
class Asking:
    """A question to a command, and what it hands over in place of printing it.

    Attributes
    ----------
    max_states : callable or None
        How many states a design's graph may have; None for what the engines take.
    view : View or None
    notes : list of str
        What the command line says beside it, on standard error.
    """

    max_states: Callable[[Design], int] | None = None
    view: View | None = None
    notes: list[str] = field(default_factory=list)


def ask_command(
    words: Sequence[str], *, max_states: Callable[[Design], int] | None = None
) -> Asking:
    """Ask a command in the words of a command line, ``escalation`` itself left out.

    Nothing of the words is checked here but by the command itself: whoever asks for other people
    keeps out names of files and of standard input.

    Parameters
    ----------
    words : sequence of str
        The name of a command that shows a view, then its arguments and options.
    max_states : callable, optional
        How many states a design's graph may have; a larger one is refused.

    Raises
    ------
    EscalationError
        As the command; for words that it does not take too.
    """
    name, *rest = words
    asked = Asking(max_states=max_states)
    command = main.get_command(click.Context(main), name)
    if command is None:
        raise InputError(f"there is no command {name!r}")
    try:
        with command.make_context(name, rest, obj=asked) as ctx:
            command.invoke(ctx)
    except click.UsageError as error:
        raise InputError(error.format_message()) from error
    return asked


def asking() -> Asking | None:
    """Return who asks in place of the command line; None where that itself does."""
    ctx = click.get_current_context(silent=True)
    return None if ctx is None else ctx.find_object(Asking)


def most_states(design: Design) -> int | None:
    """Return how many states a graph may have for whoever asks; None for what engines take."""
    asked = asking()
    return None if asked is None or asked.max_states is None else asked.max_states(design)


def say_beside(text: str, more: str = "") -> None:
    """Say what stands beside an answer: on standard error, or to whoever asks.

    ``more`` is for the command line alone.
    """
    asked = asking()
    if asked is None:
        click.echo(f"escalation: {text}{more}", err=True)
    else:
        asked.notes.append(text)
