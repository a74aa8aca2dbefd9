"""What the next cohorts of a trial can bring, for its screen: numbers as typed, blocks out."""

from __future__ import annotations

from datetime import date

from escalation.errors import InputError, did_you_mean
from escalation.reports.view import Block
from escalation.text import count
from escalation.trial import TrialState
from simulations.cli.numbers import parse_p_dlt, parse_p_moderate
from simulations.reports.what_if import N_COHORTS, next_cohorts, why_not_from_here
from simulations.scenarios.scenario import Scenario, scenarios_of

__all__ = ["counts_moderate", "curve_names", "what_if"]

P_DLT = "P(DLT) by level"
P_MODERATE = "P(moderate toxicity) by level"


def what_if(
    state: TrialState,
    *,
    p_dlt: str = "",
    scenario: str = "",
    p_moderate: str = "",
    n_cohorts: int = N_COHORTS,
    on: date | None = None,
) -> list[Block]:
    """Return the tree of the next cohorts from where a trial stands, as nested lists.

    It takes milliseconds whatever the design, and holds the reason instead where nothing can be
    foreseen, so a screen shows what it gets. ``/t/<trial>/what-if`` passes its query on::

        blocks = what_if(g.trial.state, p_dlt=request.args.get("p_dlt", ""))

    Parameters
    ----------
    state : TrialState
        As it stands, or as of any entry.
    p_dlt : str
        P(DLT) by level as typed, ``0.05,0.10,0.25``; without it and without a scenario the
        branches have no probabilities.
    scenario : str
        In place of numbers, one of ``curve_names``.
    p_moderate : str
        P(moderate toxicity) of a patient without a DLT, by level, which probabilities need where
        ``counts_moderate``.
    n_cohorts : int
        Cohorts to look ahead.
    on : date, optional
        The day, on which a design that asks for follow-up depends.

    Raises
    ------
    EscalationError
        If the numbers cannot be read or do not fit the ladder, with a sentence for a person.
    """
    q = parse_p_moderate(p_moderate, P_MODERATE) if p_moderate.strip() else None
    curve = _curve(state, p_dlt.strip(), scenario)
    return list(next_cohorts(state, curve, p_moderate=q, n_cohorts=n_cohorts, on=on))


def curve_names(state: TrialState) -> tuple[str, ...]:
    """Return the names of the scenarios that the trial's protocol brings along."""
    return () if state.protocol is None else tuple(s.name for s in state.protocol.scenarios)


def counts_moderate(state: TrialState) -> bool:
    """Tell whether probabilities need ``p_moderate`` too."""
    return (
        why_not_from_here(state) is None
        and state.protocol is not None
        and state.protocol.design.asks_moderate
    )


def _curve(state: TrialState, p_dlt: str, scenario: str) -> Scenario | None:
    if p_dlt and scenario:
        raise InputError(f"give {P_DLT} or a scenario, not both")
    if state.protocol is None or not (p_dlt or scenario):
        return None
    if scenario:
        own = {one.name: one for one in scenarios_of(state.protocol)}
        if scenario not in own:
            raise InputError(
                f"the protocol has no scenario {scenario!r}; {did_you_mean(scenario, own)}"
            )
        return own[scenario]
    numbers, levels = parse_p_dlt(p_dlt, P_DLT), state.protocol.levels
    if len(numbers) != len(levels):
        raise InputError(
            f"{P_DLT} has {count(len(numbers), 'value')}; the ladder has "
            f"{count(len(levels), 'level')}: one each, lowest first"
        )
    return Scenario(name=",".join(f"{p:g}" for p in numbers), p_dlt=numbers)
