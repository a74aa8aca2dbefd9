"""What a packet rests on: a trial as known at its cut-off, and the day on which it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from datetime import date, datetime

from escalation.dataclass import dataclass
from escalation.protocol import Protocol
from escalation.reports.trial.times import say_time
from escalation.reports.view import Block, Figure
from escalation.trial import TrialState
from escalation.trial.committee.tally import list_awaited
from escalation.trial.rule import NoProtocolError
from escalation.trial.state import MadeDecision, Recorded

__all__ = ["Basis", "Pictures"]

Pictures = Callable[["Basis", str], Iterable[Figure]]
"""Draws the figures of a number, such as ``F1``; none where there is nothing to draw."""


def _none(basis: Basis, number: str) -> Iterable[Block]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a packet, or the minutes, rest on.

    Attributes
    ----------
    state : TrialState
        After the last of ``entries``.
    entries : sequence of Recorded
        Up to the cut-off.
    trial : str
        Its id in the ledger.
    on : date
        The day: what is overdue, and who can be dosed, depends on it.
    pictures : callable
        See ``Pictures``; this room never draws.
    outlook : callable
        From a basis and ``F8`` to blocks: what can become of the trial from here.
    """

    state: TrialState
    entries: Sequence[Recorded]
    trial: str
    on: date
    pictures: Callable[[Basis, str], Iterable[Block]] = field(default=_none)
    outlook: Callable[[Basis, str], Iterable[Block]] = field(default=_none)

    @property
    def protocol(self) -> Protocol:
        """The protocol in force.

        Raises
        ------
        NoProtocolError
            For a trial without one that can be read.
        """
        if self.state.protocol is None:
            raise NoProtocolError
        return self.state.protocol

    @property
    def last(self) -> Recorded:
        """The entry at which the data were cut off."""
        return self.entries[-1]

    @property
    def awaited(self) -> list[MadeDecision]:
        """The decisions that wait to be carried out; a deferral is done once it is made."""
        return [m for m in list_awaited(self.state) if m.event.chosen.action != "defer"]

    def last_meeting(self, before: int | None = None) -> MadeDecision | None:
        """Return the last decision that is not awaited, before an entry; None for none."""
        awaited = {made.seq for made in self.awaited}
        made = (
            made
            for made in reversed(self.state.decisions)
            if made.seq not in awaited and (before is None or made.seq < before)
        )
        return next(made, None)

    def say_time(self, at: datetime) -> str:
        """Say a moment in UTC, and by the clock of every site."""
        return say_time(at, self.state.site_zones)
