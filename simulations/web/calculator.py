"""Answers for the requests of many people: bounded work, one at a time, kept while they are asked.

An answer and what is drawn of it are made under one lock: they take the machine's time, and
matplotlib is not made for several threads. Few wait for it; others are told to come again, so that
the page of a trial is served meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import BoundedSemaphore, Lock
from typing import TypeVar, cast

from flask import Flask, abort

from escalation.cli.asking import Asking, ask_command
from escalation.designs.base import Design
from escalation.reports.view import Figure, View

__all__ = ["Calculator", "calculator"]

Made = TypeVar("Made")

MAX_STATES = {"simulate": 200_000, "compare": 100_000}  # of a graph, for a fraction of a second
MAX_ASKED = {"simulate": 40_000, "compare": 20_000}  # where the design is asked in each of them
MOST_KEPT = 64
MOST_WAITING = 3  # the one that works among them


class Calculator:
    """Answers to questions, in the words of a command line.

    Parameters
    ----------
    drawing : Lock
        Held by whoever draws.
    """

    def __init__(self, drawing: Lock) -> None:
        self.drawing = drawing
        self.places = BoundedSemaphore(MOST_WAITING)
        self._made: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = Lock()
        self._working = Lock()

    def ask(self, words: Sequence[str]) -> Asking:
        """Return the answer of a command.

        Raises
        ------
        EscalationError
            As the command.
        """
        name = words[0]
        if name not in MAX_STATES:  # answered at once
            return self._at_once(tuple(words), lambda: ask_command(words))

        def most(design: Design) -> int:
            return (MAX_ASKED if design.outline is None else MAX_STATES)[name]

        return self._in_turn(tuple(words), lambda: ask_command(words, max_states=most))

    def figures(self, words: Sequence[str]) -> tuple[Figure, ...]:
        """Return the figures of an answer, none of them drawn yet."""
        view = view_of(self.ask(words))
        return self._at_once((*words, "figures"), lambda: tuple(view.figures()))

    def drawn(self, words: Sequence[str], number: int) -> bytes:
        """Return the picture of a figure, by its number from 1, as SVG."""
        figures = self.figures(words)
        if not 1 <= number <= len(figures):
            abort(404)
        return self.draw((*words, number), lambda: figures[number - 1].draw("svg"))

    def draw(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return what is drawn, or written with what is drawn."""

        def drawn() -> bytes:
            with self.drawing:
                return make()

        return self._in_turn(key, drawn)

    def _at_once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        found = self._kept(key)
        return self._keep(key, make()) if found is None else cast(Made, found)

    def _in_turn(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Make it alone, unless it has been made meanwhile."""
        found = self._kept(key)
        if found is not None:
            return cast(Made, found)
        if not self.places.acquire(blocking=False):
            abort(503, "Others are calculating at this moment. Ask again in a few seconds.")
        try:
            with self._working:
                return self._at_once(key, make)
        finally:
            self.places.release()

    def _kept(self, key: Hashable) -> object:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def _keep(self, key: Hashable, made: Made) -> Made:
        with self._lock:
            self._made[key] = made
            while len(self._made) > MOST_KEPT:
                self._made.popitem(last=False)
        return made


def view_of(asked: Asking) -> View:
    """Return the view that a command has handed over."""
    if asked.view is None:
        raise TypeError("a command has shown nothing")
    return asked.view


def calculator(app: Flask) -> Calculator:
    """Return the calculator of an application."""
    found: Calculator = app.extensions["calculations"]
    return found
