"""Where a page leads: the screens of a trial that are offered on each of its pages, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flask import current_app, g, request

from escalation.web.access import ANYBODY, access_of, may_not

__all__ = ["Place", "elsewhere", "places"]


class Place(NamedTuple):
    """A screen that is offered: its endpoint, what it is called, and whether it is of a plan."""

    endpoint: str
    words: str
    needs_plan: bool = False

    @property
    def is_here(self) -> bool:
        """Whether the page asked for is of the same room."""
        return request.endpoint == self.endpoint or (
            request.blueprint == self.endpoint.partition(".")[0]
            and request.endpoint not in {place.endpoint for place in PLACES}
        )


# Of a trial, in order. One that this page does not have, or that whoever asks may not open, is not
# offered; screens of the same blueprint count as the same room.
PLACES = (
    Place("trial.status", "Trial"),
    Place("recording.choose", "Record"),
    Place("screening.log", "Screening", needs_plan=True),
    Place("visits.calendar", "Visits", needs_plan=True),
    Place("endpoints.first", "Endpoints", needs_plan=True),
    Place("meeting.show", "Meeting"),
    Place("what_if.ahead", "What if"),
    Place("record.log", "Log"),
    Place("keys.show", "Keys"),
    Place("record.verify", "Verify"),
    Place("record.anchors", "Anchors"),
    Place("roles.show", "Roles"),
    Place("accounts.look", "Accounts"),
)

# Without a trial; what it calculates is not recorded.
ELSEWHERE = (
    Place("calculations.decide", "Decide"),
    Place("calculations.simulate", "Simulate"),
    Place("calculations.compare", "Compare designs"),
)


def elsewhere() -> Iterator[Place]:
    """Yield what is offered to whoever asks, beside trials."""
    for place in ELSEWHERE:
        if place.endpoint in current_app.view_functions:
            access = access_of(current_app, place.endpoint)
            if access == ANYBODY or g.get("identity") is not None:
                yield place


def places() -> Iterator[Place]:
    """Yield what is offered to whoever asks."""
    if g.get("trial") is None:
        return
    for place in PLACES:
        if place.needs_plan and g.trial.state.plan is None:
            continue
        if place.endpoint in current_app.view_functions:
            access = access_of(current_app, place.endpoint)
            if may_not(g.trial.state, g.person, access) is None:
                yield place
