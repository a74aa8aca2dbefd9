"""Trials in lockstep that go on: where each stands, and its pending patients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Live"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_FIRST_SLOTS = 4
_OF_TRIALS = (
    "trials",
    "situation",
    "arrival",
    "opened",
    "level_since",
    "free_since",
    "busy_until",
)
_OF_PATIENTS = ("known", "event", "dosed", "follows", "enrolled", "arrived", "number", "counted")


class Live:
    """Trials that go on, an entry a trial; patients have a slot each, shape (P, N).

    Attributes
    ----------
    trials : int array
        Numbers in the chunk.
    situation : int array
    arrival : float array
        Day on which the next patient comes, or came and waits.
    opened : float array
        Day from which the places of the current cohort may be taken.
    level_since, free_since, busy_until : float array
        Since when the escalation is at its level, since when a place is free, until when somebody
        will be in the DLT window.
    known : float array
        Day on which the outcome is known; infinite in a slot that is free.
    event : int array
        Which event that will be.
    dosed, follows, enrolled, arrived : float array
        Where patients are staggered: days of dosing, which may be still to come, of the dosing
        before in the same cohort, of taking a place, and of arrival.
    number, counted : int array
        How many the trial had enrolled before, and what was counted of the patient; likewise.
    """

    def __init__(self, n: int, start: int, arrival: Floats) -> None:
        self.trials = np.arange(n)
        self.situation = np.full(n, start)
        self.arrival = arrival
        self.opened = np.zeros(n)
        self.level_since = np.zeros(n)
        self.free_since = np.zeros(n)
        self.busy_until = np.zeros(n)
        self.known = np.full((_FIRST_SLOTS, n), np.inf)
        self.event = np.zeros((_FIRST_SLOTS, n), dtype=np.intp)
        self.dosed = np.zeros((_FIRST_SLOTS, n))
        self.follows = np.zeros((_FIRST_SLOTS, n))
        self.enrolled = np.zeros((_FIRST_SLOTS, n))
        self.arrived = np.zeros((_FIRST_SLOTS, n))
        self.number = np.zeros((_FIRST_SLOTS, n), dtype=np.intp)
        self.counted = np.zeros((_FIRST_SLOTS, n), dtype=np.int64)

    def first_known(self) -> tuple[Ints, Floats]:
        """Return where each trial's next outcome is, as a place in the flat slots, and its day."""
        known = self.known
        n = known.shape[1]
        day = known[0].copy()
        first = np.zeros(n, dtype=np.intp)
        for slot in range(1, len(known)):
            sooner = known[slot] < day
            first[sooner] = slot
            np.minimum(day, known[slot], out=day)
        first *= n
        first += np.arange(n)
        return first, day

    def find_free(self, i: Ints) -> Ints:
        """Return the place of a free slot of each of some trials."""
        n = self.known.shape[1]
        place = np.full(len(i), -1, dtype=np.intp)
        missing = np.arange(len(i))
        for slot in range(len(self.known)):
            free = np.isinf(self.known[slot].take(i.take(missing)))
            place[missing[free]] = slot * n + i[missing[free]]
            missing = missing[~free]
            if not missing.size:
                return place
        place[missing] = len(self.known) * n + i[missing]
        self.known = np.concatenate([self.known, np.full((1, n), np.inf)])
        for name in _OF_PATIENTS[1:]:
            array = getattr(self, name)
            setattr(self, name, np.concatenate([array, np.zeros_like(array[:1])]))
        return place

    def last_known(self, i: Ints, day: Floats) -> Floats:
        """Return the day of the last outcome of some trials, or a day if that is later."""
        known = self.known[:, i]
        return np.asarray(np.maximum(day, np.where(np.isfinite(known), known, -np.inf).max(axis=0)))

    def keep(self, kept: Ints) -> None:
        """Leave only some trials."""
        for name in _OF_TRIALS:
            setattr(self, name, getattr(self, name).take(kept))
        for name in _OF_PATIENTS:
            setattr(self, name, getattr(self, name).take(kept, axis=1))
