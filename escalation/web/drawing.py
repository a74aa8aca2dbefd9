"""Drawing for many readers: one picture at a time, each once, by what there is to be seen in it.

matplotlib is not safe in several threads, and takes long enough that whoever waits for the same
picture should find it drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date
from typing import TYPE_CHECKING

from escalation.trial import TrialState
from escalation.trial.adverse_events.verdicts import SEVERE
from escalation.web.desk import Desk, Standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_once"]


def draw_once(
    desk: Desk,
    name: Hashable,
    here: Standing,
    on: date,
    draw: Callable[[], Axes],
    *,
    events: bool = True,
) -> bytes:
    """Return a picture as SVG, drawn by whoever asks first for what it shows.

    Parameters
    ----------
    desk : Desk
        Keeps it.
    name : hashable
        Which picture, and which page.
    here : Standing
    on : date
    draw : callable
        Returns its axes.
    events : bool
        Whether adverse events are marked in it.
    """

    def make() -> bytes:
        from escalation.figures.picture import Picture  # noqa: PLC0415  # matplotlib

        return Picture(draw(), "drawn for a page, which says it in words").write("svg")

    key = (here.trial, name, on, seen(here.state, events=events))
    if desk.kept(key) is not None:  # whoever asks for what is drawn waits for no pen
        return desk.made(key, make)
    with desk.drawing:
        return desk.made(key, make)


def seen(state: TrialState, *, events: bool = True) -> Hashable:
    """Return everything that a picture of a trial can show.

    What is left out changes no picture: votes, signatures, roles and adverse events below the
    grade that is marked. A trial that goes on for them is not drawn again.
    """
    protocol = state.protocol
    subjects = tuple(
        (
            *(s.id, s.enrolments, s.infusions, s.outcomes, s.rulings, s.standing, s.level),
            *(s.purpose, s.window_closes, s.lost_on, s.replaced_by, s.set_aside_by),
            tuple(
                (e.now.started, e.worst_grade)
                for e in s.events
                if events and e.worst_grade >= SEVERE
            ),
        )
        for s in state.subjects.values()
    )
    cohorts = tuple(
        (c.number, c.level, c.purpose, c.n_opened, c.decision, c.closed_by, tuple(c.subjects))
        for c in state.cohorts
    )
    decided = tuple((m.seq, m.event.departure) for m in state.decisions)
    digest = None if protocol is None else protocol.digest
    amended = tuple(amendment.seq for amendment in state.amendments)
    return digest, amended, subjects, cohorts, decided, state.stopped is None
