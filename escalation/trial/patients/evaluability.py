"""Who counts: infusions that follow the first, and rulings on patients outside the limits.

Limits are the protocol's ``[evaluability]``: a least and a greatest share of the planned dose, and
the least days of follow-up. How a subject stands by them is said in ``Subject.standing``.
"""

from __future__ import annotations

from escalation.outcomes import Outcome
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import EvaluabilityRuled, InfusionContinued
from escalation.trial.gates import further_obstacles
from escalation.trial.patients.recording import PATIENTS, check_amount, pass_gates
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.state import TrialState

__all__ = ["check_further", "continue_infusion", "rule_evaluability"]


def continue_infusion(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    infused: float | None = None,
    lot: str | None = None,
    deviation: str | None = None,
) -> Events:
    """Record a further part of a subject's dose; amounts add up.

    Parameters
    ----------
    state, recorder
    subject : str
    infused : float or None
        This part alone, in the protocol's unit without ``/kg`` or ``/m2``.
    lot : str or None
    deviation : str or None
        Why it was given although a gate says no; recorded, and shown from then on.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the further infusion of {subject} cannot be recorded")
    refusal.check(state, recorder, PATIENTS)
    known = refusal.find_subject(state, subject)
    event = InfusionContinued(
        on=recorder.on, subject=subject, infused=infused, lot=lot, deviation=deviation
    )
    if known is not None:
        check_further(refusal, state, known, event)
    gates = () if known is None else further_obstacles(state, known, recorder.on)
    breaches = pass_gates(refusal, [obstacle.text for obstacle in gates], deviation)
    refusal.raise_if_any()
    return (
        InfusionContinued(
            on=event.on,
            subject=subject,
            infused=infused,
            lot=lot,
            deviation=deviation,
            breaches=breaches,
        ),
    )


def check_further(
    refusal: Refusal, state: TrialState, subject: Subject, event: InfusionContinued
) -> None:
    """Refuse a further infusion before the first one, or of no amount where doses have one."""
    first = subject.dosed_on
    if first is None:
        refusal.add(f"{subject.id} has not been dosed: record the first infusion with trial dose.")
    else:
        refusal.unless(event.on >= first, f"{subject.id} was dosed first on {first}.")
    with_doses = state.protocol is not None and state.protocol.unit is not None
    refusal.unless(not with_doses or event.infused is not None, "The infused amount is needed.")
    check_amount(refusal, "infused", event.infused)
    refusal.check_line("lot", event.lot, 100)


def rule_evaluability(
    state: TrialState, recorder: Recorder, *, subject: str, evaluable: bool, reason: str
) -> Events:
    """Rule whether a subject counts.

    Somebody within the limits counts by themselves and needs no ruling; they, too, can be ruled not
    evaluable. A later ruling takes the place of an earlier one, and so does a change of what was
    infused, which calls for a new one.

    Raises
    ------
    RefusedError
    """
    word = "evaluable" if evaluable else "not evaluable"
    refusal = Refusal(f"{subject} cannot be ruled {word}")
    refusal.check(state, recorder, "rule on evaluability")
    refusal.check_line("reason", reason)
    known = refusal.find_subject(state, subject)
    if known is not None:
        _check_ruling(refusal, recorder, known, evaluable=evaluable)
    refusal.raise_if_any()
    return (EvaluabilityRuled(on=recorder.on, subject=subject, evaluable=evaluable, reason=reason),)


def _check_ruling(
    refusal: Refusal, recorder: Recorder, subject: Subject, *, evaluable: bool
) -> None:
    dosed = subject.dosed_on
    if dosed is None:
        refusal.add(f"{subject.id} has not been dosed.")
        return
    refusal.unless(recorder.on >= dosed, f"{subject.id} was dosed on {dosed}.")
    if subject.evaluability is None:
        refusal.add(
            f"{subject.id} was dosed under a protocol without [evaluability]: record the outcome "
            '"not evaluable".'
        )
        return
    ruled = subject.ruling
    on_less = not evaluable and subject.standing is Standing.DLT  # the DLT came after the ruling
    if ruled is not None and ruled.event.evaluable is evaluable and not on_less:
        refusal.add(f"Entry {ruled.seq} says so.")
        return
    lost = [f.seq for f in subject.outcomes if f.event.outcome is Outcome.NOT_EVALUABLE]
    if not evaluable or (ruled is not None and not ruled.event.evaluable):
        return
    if lost and subject.standing is Standing.NOT_EVALUABLE:
        refusal.add(f'Entry {lost[0]} says "not evaluable". If that is wrong, correct the entry.')
    elif (
        subject.is_dose_in_limits and not subject.died_early
    ) and subject.standing is not Standing.UNRULED:
        refusal.add(f"There is nothing to rule: {subject.id} is within the protocol's limits.")
