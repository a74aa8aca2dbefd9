"""The commands by which a trial goes by a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from escalation.errors import printable
from escalation.plan import Plan
from escalation.protocol import Protocol
from escalation.text import list_briefly
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import PlanAdopted
from escalation.trial.findings.checking import faults_of_result
from escalation.trial.findings.words import say_result
from escalation.trial.office import register_trial
from escalation.trial.people.access import is_owner
from escalation.trial.state import TrialState

__all__ = ["adopt_plan", "register_with_plan"]


def adopt_plan(
    state: TrialState, recorder: Recorder, *, plan: Plan, reason: str | None = None
) -> Events:
    """Have the trial go by a plan from now on.

    Parameters
    ----------
    state, recorder
    plan : Plan
        One that takes the place of another keeps the diseases, tests and visits that something is
        recorded of: a record that no plan explains would be left out of every table.
    reason : str or None
        Needed where the trial has one.

    Raises
    ------
    RefusedError
    """
    from escalation.plan.rules import say_broken_rules  # noqa: PLC0415  # with a plan only

    refusal = Refusal("the plan cannot be adopted")
    refusal.unless(state.registered is not None, "The trial is not registered.")
    refusal.check_day(recorder)
    if state.plan is not None or not is_owner(state, recorder.name):
        refusal.check_role(state, recorder.name, "adopt a plan")
    if state.closed is not None:
        refusal.add(f"The trial is closed since entry {state.closed.seq}.")
    refusal.reasons += (f"{fault}." for fault in say_broken_rules(plan))
    if reason is not None:
        refusal.check_line("reason", reason)
    if state.plan is not None:
        since = state.plans[-1][0].seq
        refusal.unless(reason is not None, f"There is one since entry {since}: say why it changes.")
        refusal.unless(plan.digest != state.plan.digest, "It says the same as the one in force.")
        for fault in _what_it_drops(state, state.plan, plan):
            refusal.add(fault)
    refusal.raise_if_any()
    return (_adopted(recorder, plan, reason),)


def register_with_plan(
    state: TrialState, recorder: Recorder, *, protocol: Protocol, plan: Plan, solo: bool = False
) -> Events:
    """Begin to track a trial that goes by a plan from the start.

    Raises
    ------
    RefusedError
    """
    registered = register_trial(state, recorder, protocol=protocol, solo=solo)
    return (*registered, _adopted(recorder, plan))


def _adopted(recorder: Recorder, plan: Plan, reason: str | None = None) -> PlanAdopted:
    return PlanAdopted(on=recorder.on, plan=plan.document, digest=plan.digest, reason=reason)


def _what_it_drops(state: TrialState, old: Plan, new: Plan) -> Iterator[str]:
    """Say which diseases, visits and tests the new plan lacks that something is recorded of."""
    used = _in_use(state)
    for noun, was, now in (
        ("disease", old.diseases, new.diseases),
        ("visit", old.visits, new.visits),
        ("test", old.tests, new.tests),
    ):
        kept = {made.name for made in now}
        lost = [made.name for made in was if made.name not in kept and used[noun].get(made.name)]
        if not lost:
            continue
        named = ", ".join(map(printable, lost))
        whom = list_briefly(list(dict.fromkeys(s for name in lost for s in used[noun][name])))
        if len(lost) == 1:
            yield f"The {noun} {named} is recorded of {whom}, and is not in it: keep it."
        else:
            yield f"The {noun}s {named} are recorded of {whom}, and are not in it: keep them."
    for test in new.tests:
        before = old.find_test(test.name)
        subjects = used["test"].get(test.name, {})
        if before is not None and before.kind != test.kind and subjects:
            yield (
                f"The test {printable(test.name)} is recorded of {list_briefly(list(subjects))} as "
                f"{before.kind}, and is {test.kind} in it: give it another name."
            )
        elif before is not None and before != test and subjects:
            yield from _what_it_cannot_read(state, old, new, test.name)


def _what_it_cannot_read(state: TrialState, old: Plan, new: Plan, name: str) -> Iterator[str]:
    """Name the first result of a test that the new plan has something against, and the old not."""
    for chart in state.charts.values():
        for fact in chart.findings:
            for finding in fact.event.findings:
                if finding.test == name:
                    fault = next(faults_of_result(new, finding), None)
                    if fault is not None and not any(faults_of_result(old, finding)):
                        yield (
                            f"Entry {fact.seq} says {printable(say_result(finding))} of "
                            f"{chart.subject}, which it cannot read ({fault}): give the test "
                            "another name."
                        )
                        return


def _in_use(state: TrialState) -> Mapping[str, dict[str, dict[str, None]]]:
    """Return of whom something is recorded, by disease, visit and test, in order."""
    used: dict[str, dict[str, dict[str, None]]] = {"disease": {}, "visit": {}, "test": {}}
    for subject, chart in state.charts.items():
        said = [
            *(("disease", fact.event.disease) for fact in chart.screenings),
            *(("visit", fact.event.visit) for fact in chart.visits),
            *(("visit", fact.event.visit) for fact in chart.findings),
            *(("test", one.test) for fact in chart.findings for one in fact.event.findings),
        ]
        for noun, name in said:
            if name is not None:
                used[noun].setdefault(name, {})[subject] = None
    return used
