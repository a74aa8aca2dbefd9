"""An approved decision is sent to people and sites, before anybody is dosed by it."""

from __future__ import annotations

from collections.abc import Sequence

from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import DecisionCirculated
from escalation.trial.state import TrialState

__all__ = ["circulate_decision"]


def circulate_decision(
    state: TrialState, recorder: Recorder, *, to: Sequence[str], decision: int | None = None
) -> Events:
    """Record to whom an approved decision was sent.

    Parameters
    ----------
    state, recorder
    to : sequence of str
        People or sites, each named once.
    decision : int or None
        Entry of the decision; None for the last one.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal("it cannot be recorded that the decision was sent")
    refusal.check(state, recorder, "circulate a decision")
    last = state.decisions[-1] if state.decisions else None
    entry = last.seq if decision is None and last is not None else decision
    made = state.find_decision(entry)
    if last is None:
        refusal.add("No decision has been made.")
    elif made is None:
        refusal.add(f"Entry {entry} is not a decision; the last one is entry {last.seq}.")
    elif made.approved is None:
        refusal.add(f"Decision {made.seq} is not approved: only an approved decision is sent.")
    else:
        on = made.approved.event.on
        refusal.unless(recorder.on >= on, f"It was approved on {on}; {recorder.on} is before that.")
    refusal.unless(bool(to), "Say to whom it was sent.")
    for name in to:
        refusal.check_line("name", name, 100)
    names = [state.person(name) for name in to]
    for name in sorted({name for name in names if names.count(name) > 1}):
        refusal.add(f'"{name}" is named {names.count(name)} times.')
    if made is None or refusal.reasons:
        raise refusal.error()
    return (DecisionCirculated(on=recorder.on, decision=made.seq, to=tuple(names)),)
