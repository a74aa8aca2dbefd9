"""The ledger as the page uses it: each trial as it stands, kept and only added to; and recording.

What is read again and again is kept by trial, last entry and day: blocks that are written, and
pictures that are drawn. Nothing that is kept decides anything: the tracker reads the ledger anew
before it records.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any, TypeVar, cast

from flask import Flask

from escalation.dataclass import dataclass
from escalation.errors import LedgerError
from escalation.ledger import Entry, Ledger, check_chain
from escalation.reports.trial.recorded import Consequences, foresee
from escalation.tracker import Command, Tracker, read_entry
from escalation.trial import Recorded, Recorder, TrialState, replay_events
from escalation.trial.calendar import day_in
from escalation.trial.patients.recording import only_site
from escalation.trial.patients.sites import on_day_there

__all__ = ["Asked", "Desk", "NoTrialError", "Standing", "desk"]

Made = TypeVar("Made")
MOST_KEPT = 512  # of what is made; the oldest goes first


class NoTrialError(LedgerError):
    """A trial that is not in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A trial as it stands.

    Attributes
    ----------
    trial : str
        Its id.
    entries : sequence of Recorded
    state : TrialState
    """

    trial: str
    entries: Sequence[Recorded]
    state: TrialState

    @property
    def seq(self) -> int:
        """The last entry."""
        return self.state.seq

    def as_of(self, seq: int) -> TrialState:
        """Return what was known at an entry."""
        return replay_events(self.entries[:seq])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command, who asks for it, and when.

    Attributes
    ----------
    command : callable
    person : str
    at : datetime
    on : date or None
        The day given; None for today where the subject or the site is.
    subject, site : str or None
    """

    command: Command
    person: str
    at: datetime
    on: date | None = None
    subject: str | None = None
    site: str | None = None

    def there(self) -> Command:
        """Return the command, of the day that it is there where none is given."""
        if self.on is not None:
            return self.command
        return on_day_there(self.command, subject=self.subject, site=self.site)

    def recorder(self, today: date) -> Recorder:
        """Return who records it."""
        return Recorder(name=self.person, on=self.on or today, at=self.at)


class Desk:
    """A ledger's trials, for the requests of many people.

    Parameters
    ----------
    ledger : Ledger
    clock : callable
        Returns the time, with its zone.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self.ledger = ledger
        self.clock = clock
        self._known: dict[str, tuple[list[Entry], Standing]] = {}
        self._made: OrderedDict[Hashable, object] = OrderedDict()
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()
        self.drawing = Lock()  # held by who draws: matplotlib draws one picture at a time

    def trials(self) -> tuple[str, ...]:
        """Return the ids of the trials."""
        return self.ledger.trials(recorded=True)

    def standing(self, trial: str) -> Standing:
        """Return a trial as it stands.

        Raises
        ------
        IntegrityError
            If the chain of hashes is broken, or an entry cannot be read.
        NoTrialError
            If there is no such trial.
        """
        known = self._known.get(trial)
        if known is None:
            return self._read(trial)
        raw, standing = known
        newer = self.ledger.entries(trial, after=len(raw) - 1)
        if not newer or newer[0] != raw[-1]:  # not the ledger that it was
            return self._read(trial)
        if len(newer) == 1:
            return standing
        check_chain(newer[1:], raw[-1].anchor)
        return self._keep(trial, raw, newer[1:], standing)

    def _read(self, trial: str) -> Standing:
        entries = self.ledger.entries(trial) if trial in self.ledger.trials() else []
        if not entries:
            raise NoTrialError(f"nothing has been recorded in trial {trial}")
        check_chain(entries)
        nothing = Standing(trial=trial, entries=(), state=TrialState())
        return self._keep(trial, [], entries, nothing)

    def _keep(
        self, trial: str, known: list[Entry], newer: Sequence[Entry], standing: Standing
    ) -> Standing:
        recorded = list(map(read_entry, newer))
        state = replay_events(recorded, standing.state)
        standing = replace(standing, entries=[*standing.entries, *recorded], state=state)
        with self._lock:
            self._known[trial] = ([*known, *newer], standing)
        return standing

    # ---------------------------------------------------------------- what day it is

    def now(self) -> datetime:
        """Return the time."""
        return self.clock()

    def today(self, state: TrialState, site: str | None = None) -> date:
        """Return the day at a site or, where none is known, on this machine."""
        now = self.clock()
        zone = state.site_zones.get(site or only_site(state) or "")
        return day_in(zone, now) or now.astimezone().date()

    # ---------------------------------------------------------------- recording

    def foresee(self, standing: Standing, asked: Asked) -> Consequences:
        """Return what would follow, were it recorded now; nothing is.

        Raises
        ------
        RefusedError
            If the trial does not allow it.
        """
        recorder = asked.recorder(self.today(standing.state, asked.site))
        used: list[Recorder] = [recorder]

        def watched(state: TrialState, recorder: Recorder) -> Any:
            used.append(recorder)
            return asked.command(state, recorder)

        events = replace(asked, command=watched).there()(standing.state, recorder)
        return foresee(events, standing.state, used[-1])

    def record(self, trial: str, asked: Asked, *, request_id: str, seen: int) -> list[Recorded]:
        """Record it, once for a request's id, on what has been seen.

        Raises
        ------
        RefusedError, ConflictError, ClockError, IntegrityError, LedgerError
            As ``Tracker.record``.
        """
        recorder = asked.recorder(self.today(self.standing(trial).state, asked.site))
        tracker = Tracker(self.ledger, trial)
        return tracker.record(asked.there(), recorder, request_id=request_id, seen=seen)

    # ---------------------------------------------------------------- what is made once

    def made(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what is made of a key's trial, entry and day; it is made once, then kept."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return cast(Made, self._made[key])
            making = self._making.setdefault(key, Lock())
        with making:  # who asks for the same at the same time waits for it
            with self._lock:
                if key in self._made:
                    return cast(Made, self._made[key])
            try:
                made = make()
                with self._lock:
                    self._made[key] = made
                    while len(self._made) > MOST_KEPT:
                        self._made.popitem(last=False)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return made

    def kept(self, key: Hashable) -> object | None:
        """Return what was made of a key; None where nothing was, or it is forgotten."""
        with self._lock:
            return self._made.get(key)

    def forget(self, key: Hashable) -> None:
        """Forget what was made of a key, so that it is made again."""
        with self._lock:
            self._made.pop(key, None)


def desk(app: Flask) -> Desk:
    """Return the desk of an application."""
    found: Desk = app.extensions["desk"]
    return found


def now_utc() -> datetime:
    """Return what the clock says."""
    return datetime.now(UTC)
