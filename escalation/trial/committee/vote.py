"""A member votes on a decision, for themselves."""

from __future__ import annotations

from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.committee.tally import last_awaited, say_awaited, vote_faults
from escalation.trial.events import Vote, VoteCast
from escalation.trial.state import TrialState

__all__ = ["cast_vote"]


def cast_vote(
    state: TrialState,
    recorder: Recorder,
    *,
    vote: Vote,
    decision: int | None = None,
    reason: str | None = None,
) -> Events:
    """Vote on a decision that is open.

    Parameters
    ----------
    state, recorder
    vote : Vote
        For, against or abstained.
    decision : int or None
        Entry of the decision; None for the one that is awaited, if it is one.
    reason : str or None
        Needed for a vote against.

    Raises
    ------
    RefusedError
    """
    last = last_awaited(state)
    entry = last.seq if decision is None and last is not None else decision
    refusal = Refusal("the vote cannot be recorded")
    refusal.check(state, recorder, "vote")
    if vote is Vote.PRESENT:
        refusal.add("A vote is for, against or abstained.")
    if vote is Vote.AGAINST:
        refusal.unless(reason is not None, "A vote against needs its reason.")
    refusal.check_line("reason", reason, 2000)
    if state.closed is not None:
        refusal.add(f"The trial was closed by entry {state.closed.seq}.")
    if decision is None:
        refusal.add(say_awaited(state))
    made = state.find_decision(entry)
    if made is None:
        known = "" if last is None else f"; the last decision is entry {last.seq}"
        what = "No decision has been made" if entry is None else f"Entry {entry} is not a decision"
        refusal.add(f"{what}{known}.")
        raise refusal.error()
    for fault in vote_faults(state, made, recorder.name):
        if fault not in refusal.reasons:
            refusal.add(fault)
    refusal.check_not_before(recorder, made.event.on)
    refusal.raise_if_any()
    return (
        VoteCast(
            on=recorder.on, decision=made.seq, decision_hash=made.hash, vote=vote, reason=reason
        ),
    )
