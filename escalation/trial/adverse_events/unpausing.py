"""What was met is not unsaid: a site's report or correction lifts no pause of the protocol."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.trial.commands import Recorder
from escalation.trial.events import AnyEvent
from escalation.trial.evolve import evolve
from escalation.trial.halts import standing_pauses
from escalation.trial.state import Recorded, TrialState

__all__ = ["pauses_lifted"]


def pauses_lifted(state: TrialState, recorder: Recorder, event: AnyEvent) -> Iterator[str]:
    """Yield why an event cannot be recorded yet: a pause that stands would stand no more.

    Only a decision to resume lifts a pause; after it the event can be recorded.
    """
    before = standing_pauses(state, recorder.on)
    if not before:
        return
    entry = Recorded(seq=state.seq + 1, at=recorder.at, by=recorder.name, hash="", event=event)
    after = {pause.rule for pause in standing_pauses(evolve(state, entry), recorder.on)}
    for pause in before:
        if pause.rule not in after:
            yield (
                f"It would lift a pause, {pause.text}: that takes a decision of the committee "
                "first (trial decide --resume)."
            )
