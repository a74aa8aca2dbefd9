"""An entry is signed: a decision as proposed or approved, any entry as reviewed."""

from __future__ import annotations

from escalation.trial.beside import find_misfit
from escalation.trial.commands import Recorder, Refusal
from escalation.trial.committee.tally import approval_faults, last_awaited, say_awaited
from escalation.trial.events import Meaning, Purpose, Signed
from escalation.trial.gates import overdue_subjects
from escalation.trial.state import MadeDecision, TrialState

__all__ = ["sign"]


def sign(
    state: TrialState,
    recorder: Recorder,
    *,
    meaning: Meaning,
    entry: int | None = None,
    with_key: bool = False,
) -> tuple[Signed]:
    """Sign an entry.

    Parameters
    ----------
    state, recorder
    meaning : Meaning
        ``approved`` carries a decision out, and is for the last decision, on the latest data;
        ``reviewed`` may be of any entry.
    entry : int or None
        None for the decision that is awaited, if it is one; of a review, for the last entry.
    with_key : bool
        Whether a key's signature will be put to it (``keys.commands.sign_with_key``).

    Raises
    ------
    RefusedError
    """
    last = last_awaited(state)
    named = entry is not None
    if entry is None:
        reviewed = meaning is Meaning.REVIEWED
        entry = state.seq if reviewed else (last.seq if last is not None else 0)
    refusal = Refusal(
        f"entry {entry} cannot be signed as {meaning}" if entry else f"nothing to sign as {meaning}"
    )
    refusal.check(state, recorder, f"sign as {meaning}")
    made = state.find_decision(entry)
    if made is not None:
        refusal.check_not_before(recorder, made.event.on)
        alike = [s for s in made.signatures if getattr(s.event, "meaning", None) is meaning]
        signed = {state.person(signature.by) for signature in alike}
        refusal.unless(
            state.person(recorder.name) not in signed, f"{recorder.name} has signed it so."
        )
    if meaning is not Meaning.REVIEWED:
        if last is None:
            refusal.add("No decision has been made.")
        elif made is None:
            refusal.add(f"It is not a decision; the last one is entry {last.seq}.")
        elif not named:
            refusal.add(say_awaited(state))
        elif (successor := state.successor(made)) is not None:
            refusal.add(f"Decision {successor.seq} has taken its place.")
    elif not 1 <= entry <= state.seq:
        refusal.add(f"The last entry is {state.seq}.")
    refusal.unless(
        with_key or not state.needs_key or meaning is not Meaning.APPROVED,
        "The protocol asks for a key's signature to approve (trial sign --key FILE).",
    )
    if meaning is Meaning.APPROVED and made is not None:
        _check_approval(refusal, state, recorder, made)
    refusal.raise_if_any()
    signed_hash = state.hashes[entry - 1]
    return (Signed(on=recorder.on, entry=entry, entry_hash=signed_hash, meaning=meaning),)


def _check_approval(
    refusal: Refusal, state: TrialState, recorder: Recorder, made: MadeDecision
) -> None:
    if made.approved is not None:
        refusal.add(f"It was approved by entry {made.approved.seq}.")
    elif state.data_seq > made.event.cutoff:
        refusal.add(
            f"It was made on entries up to {made.event.cutoff}, and entry {state.data_seq} "
            "came after: decide on the latest data."
        )
    elif made.event.chosen.purpose is not Purpose.ESCALATION:
        refusal.add(find_misfit(state, made.event.chosen))
    for fault in approval_faults(state, made, recorder.name):
        refusal.add(fault)
    overdue = [s.id for s in overdue_subjects(state, recorder.on, made.purpose)]
    unknown = [subject for subject in overdue if subject not in made.event.overdue]
    if unknown:
        refusal.add(
            f"No outcome is recorded of {', '.join(unknown)}, whose DLT window has closed "
            "since: record it and decide again."
        )
    if state.closed is not None:
        refusal.add(f"The trial was closed by entry {state.closed.seq}.")
