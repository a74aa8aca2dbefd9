"""A committee's papers, whole: the packet and the minutes of a trial, with pictures and prospects.

The command line and the page both ask here, so that a file is the same whoever writes it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from datetime import date

from escalation.errors import InputError
from escalation.reports.documents import Document
from escalation.reports.packet import Basis, write_minutes, write_packet
from escalation.reports.view import Block
from escalation.trial import TrialState, replay_events
from escalation.trial.committee.tally import last_awaited
from escalation.trial.state import Recorded

__all__ = ["minutes_of", "packet_of"]


def packet_of(state: TrialState, entries: Sequence[Recorded], trial: str, on: date) -> Document:
    """Return what the committee reads before it decides.

    Parameters
    ----------
    state : TrialState
        After the last of ``entries``.
    entries : sequence of Recorded
        Up to the cut-off.
    trial : str
        Its id in the ledger.
    on : date
        The day of the meeting.

    Raises
    ------
    NoProtocolError
        For a trial without a protocol that can be read.
    """
    return write_packet(_basis(state, entries, trial, on))


def minutes_of(
    state: TrialState, entries: Sequence[Recorded], trial: str, decision: int | None
) -> Document:
    """Return the minutes of a decision; of the last, where none is named.

    Raises
    ------
    InputError
        If there is no such decision.
    NoProtocolError
        As ``packet_of``.
    """
    made = last_awaited(state) if decision is None else state.find_decision(decision)
    if made is None:
        if not state.decisions:
            raise InputError("no decision has been made: there are no minutes to write")
        known = ", ".join(str(one.seq) for one in state.decisions)
        raise InputError(f"entry {decision} is no decision; there are {known}")
    on = made.event.on
    known_then = entries[: made.event.cutoff]
    then = _basis(replay_events(known_then), known_then, trial, on)
    return write_minutes(_basis(state, entries, trial, on), made, then)


def _basis(state: TrialState, entries: Sequence[Recorded], trial: str, on: date) -> Basis:
    # matplotlib is loaded for a picture only
    from escalation.figures.packet import draw_packet  # noqa: PLC0415

    return Basis(
        state=state,
        entries=entries,
        trial=trial,
        on=on,
        pictures=draw_packet,
        outlook=_ends_from_here,
    )


def _ends_from_here(basis: Basis, number: str) -> Iterable[Block]:
    """Ask the exact engine, which stands above this package and is found by name."""
    module, _, attribute = _OUTLOOK.partition(":")
    blocks: Iterable[Block] = getattr(importlib.import_module(module), attribute)(basis, number)
    return blocks


_OUTLOOK = "simulations.plots.from_here:ends_drawn"
