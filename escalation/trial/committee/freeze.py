"""The data that a decision is to rest on are frozen: checked up to an entry, and endorsed."""

from __future__ import annotations

from collections.abc import Sequence

from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import DataFrozen
from escalation.trial.state import TrialState

__all__ = ["freeze_data", "unfrozen"]


def freeze_data(
    state: TrialState,
    recorder: Recorder,
    *,
    checked_by: Sequence[str],
    statement: str | None = None,
) -> Events:
    """Record that everything recorded so far was checked; the investigator endorses it.

    Parameters
    ----------
    state, recorder
    checked_by : sequence of str
        People with a role, other than who records it.
    statement : str or None
        In the investigator's words.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal("the data cannot be frozen")
    refusal.check(state, recorder, "freeze the data")
    if state.data_on is not None and recorder.on < state.data_on:
        refusal.add(f"There are data of {state.data_on}: they cannot be frozen on {recorder.on}.")
    refusal.unless(bool(checked_by), "Say who checked them.")
    names = [state.person(name) for name in checked_by]
    for name in sorted(set(names)):
        refusal.unless(names.count(name) == 1, f'"{name}" is named {names.count(name)} times.')
        refusal.check_has_role(state, name)
        refusal.unless(
            name != state.person(recorder.name),
            f"{name} endorses the data: someone else has to have checked them.",
        )
    refusal.check_line("statement", statement, 2000)
    refusal.raise_if_any()
    return (
        DataFrozen(on=recorder.on, cutoff=state.seq, checked_by=tuple(names), statement=statement),
    )


def unfrozen(state: TrialState) -> str | None:
    """Say that a decision lacks frozen data, where the protocol demands them; None otherwise."""
    if not (state.committee.freeze_first and state.data_seq):
        return None
    if not state.freezes:
        return "The data have not been frozen (freeze_first is true in the protocol)."
    recorded, frozen = state.freezes[-1]
    if state.data_seq <= frozen.cutoff:
        return None
    return (
        f"The data were frozen by entry {recorded.seq} up to entry {frozen.cutoff}, and entry "
        f"{state.data_seq} came after: freeze them again."
    )
