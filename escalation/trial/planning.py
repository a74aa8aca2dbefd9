"""The command by which a trial goes by a plan."""

from __future__ import annotations

from escalation.plan import Plan
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import PlanAdopted
from escalation.trial.people.access import is_owner
from escalation.trial.state import TrialState

__all__ = ["adopt_plan"]


def adopt_plan(
    state: TrialState, recorder: Recorder, *, plan: Plan, reason: str | None = None
) -> Events:
    """Have the trial go by a plan from now on.

    Parameters
    ----------
    state, recorder
    plan : Plan
    reason : str or None
        Needed where the trial has one.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal("the plan cannot be adopted")
    refusal.unless(state.registered is not None, "The trial is not registered.")
    refusal.check_day(recorder)
    if state.plan is not None or not is_owner(state, recorder.name):
        refusal.check_role(state, recorder.name, "adopt a plan")
    if state.closed is not None:
        refusal.add(f"The trial is closed since entry {state.closed.seq}.")
    if reason is not None:
        refusal.check_line("reason", reason)
    if state.plan is not None:
        since = state.plans[-1][0].seq
        refusal.unless(reason is not None, f"There is one since entry {since}: say why it changes.")
        refusal.unless(plan.digest != state.plan.digest, "It says the same as the one in force.")
    refusal.raise_if_any()
    return (PlanAdopted(on=recorder.on, plan=plan.document, digest=plan.digest, reason=reason),)
