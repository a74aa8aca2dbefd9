"""A picture that is kept is the one that would be drawn."""

from __future__ import annotations

from datetime import date

import pytest

from escalation.figures.picture import Picture
from escalation.ledger import Ledger
from escalation.tracker import Tracker
from escalation.trial import TrialState, replay_events
from escalation.web.desk import Standing
from escalation.web.drawing import seen
from escalation.web.screens.figures import PICTURES
from tests.web.conftest import TRIAL

ON = date(2026, 5, 28)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(PICTURES))
def test_states_that_are_seen_alike_are_drawn_alike(ledger: Ledger, name: str):
    """Oracle: every entry of the demo trial that is taken to change no picture, drawn anew."""
    entries, picture = Tracker(ledger, TRIAL).entries(), PICTURES[name]

    def draw(state: TrialState) -> bytes:
        here = Standing(trial=TRIAL, entries=entries[: state.seq], state=state)
        return Picture(picture.draw(here, ON, 0), "drawn").write("svg")

    n_alike, last = 0, b""
    key = None
    for seq in range(1, len(entries) + 1):
        state = replay_events(entries[:seq])
        if not picture.n_pages(state):
            continue
        if seen(state, events=picture.events) == key:
            n_alike += 1
            assert draw(state) == last, seq
        else:
            key, last = seen(state, events=picture.events), draw(state)
    assert n_alike > 10
