"""Events gathered one by one, each on the state that those before it lead to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from escalation.trial.commands import Recorder
from escalation.trial.events import AnyEvent
from escalation.trial.evolve import advance
from escalation.trial.state import Recorded, TrialState

__all__ = ["Gathered"]


class Gathered:
    """What is to be recorded of a spreadsheet, with everything that forbids it.

    Attributes
    ----------
    state : TrialState
        As it will be; a copy that goes on changing.
    before : int
        The last entry that there was.
    recorder : Recorder
    events : list of AnyEvent
    faults : list of (int, str)
        Rows and what is wrong with them.
    """

    def __init__(self, state: TrialState, recorder: Recorder) -> None:
        self.state = state.copied()
        self.before = state.seq
        self.recorder = recorder
        self.events: list[AnyEvent] = []
        self.faults: list[tuple[int, str]] = []
        self._on: dict[date, Recorder] = {}

    def on(self, day: date) -> Recorder:
        """Return the recorder of something that happened on a day."""
        if day not in self._on:
            self._on[day] = replace(self.recorder, on=day)
        return self._on[day]

    def add(self, *events: AnyEvent) -> None:
        """Gather events that a command has returned."""
        for event in events:
            at, by = self.recorder.at, self.recorder.name
            advance(
                self.state,
                Recorded(seq=self.state.seq + 1, at=at, by=by, hash="", event=event),
            )
            self.events.append(event)

    def fault(self, row: int, problem: str) -> None:
        """Say what is wrong with a row."""
        self.faults.append((row, problem))
