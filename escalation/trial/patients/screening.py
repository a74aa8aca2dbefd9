"""The command for somebody who was screened and not enrolled."""

from __future__ import annotations

from collections.abc import Iterable

from escalation.errors import did_you_mean, printable
from escalation.plan.names import PlanNames
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import ScreeningFailed
from escalation.trial.patients.recording import check_at_site, check_id, only_site
from escalation.trial.screening.judging import eligibility_of
from escalation.trial.state import TrialState

__all__ = ["record_screening_failure"]


def record_screening_failure(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    reason: str,
    site: str | None = None,
    criteria: Iterable[str] = (),
) -> Events:
    """Record that somebody was screened and not enrolled; they may be screened again later.

    Parameters
    ----------
    state, recorder
    subject : str
        A pseudonym.
    reason : str
    site : str or None
        Where it was; None for where they were screened, or the only site that was opened.
    criteria : iterable of str
        Those of the plan that are not met.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the screening failure of {subject} cannot be recorded")
    screening = state.chart(subject).screening
    site = site or (screening.event.site if screening else None) or only_site(state)
    check_at_site(refusal, state, recorder, site)
    check_id(refusal, subject)
    refusal.check_line("reason", reason)
    criteria = tuple(map(PlanNames(state.plan).criterion, criteria))
    if criteria:
        _check_criteria(refusal, state, recorder, subject, criteria)
    known = state.subjects.get(subject)
    if known is not None:
        refusal.add(
            f"{known.id} is enrolled since entry {known.enrolments[-1].seq}: who withdraws before "
            'being dosed is recorded by the outcome "not evaluable".'
        )
    same = [entry.seq for entry, event in state.not_enrolled if event.subject == subject]
    if same and state.not_enrolled[-1][0].seq == same[-1]:
        last = state.not_enrolled[-1][1]
        refusal.unless(
            (last.on, last.reason, last.criteria) != (recorder.on, reason, criteria)
            or (screening is not None and screening.seq > same[-1]),
            f"Entry {same[-1]} says so.",
        )
    if screening is not None:
        refusal.unless(
            recorder.on >= screening.event.on,
            f"{subject} was screened on {screening.event.on} (entry {screening.seq}).",
        )
    refusal.raise_if_any()
    failed = ScreeningFailed(
        on=recorder.on, subject=subject, site=site, reason=reason, criteria=criteria
    )
    return (failed,)


def _check_criteria(
    refusal: Refusal,
    state: TrialState,
    recorder: Recorder,
    subject: str,
    criteria: tuple[str, ...],
) -> None:
    """Refuse criteria that the plan does not have, and those that are met by what is recorded."""
    plan = state.plan
    if plan is None or not plan.criteria:
        refusal.add("The trial goes by no plan with criteria: give the reason alone.")
        return
    status = {item.criterion.id: item for item in eligibility_of(state, subject, recorder.on).items}
    for place, name in enumerate(criteria):
        if plan.find_criterion(name) is None:
            ids = [criterion.id for criterion in plan.criteria if criterion.kind != "part"]
            refusal.add(f"The plan has no criterion {printable(name)}; {did_you_mean(name, ids)}.")
        elif name in criteria[:place]:
            refusal.add(f"{name} is named twice.")
        elif name in status and status[name].status in ("met", "not asked"):
            refusal.add(f"{name} is {status[name].status}: {status[name].why}.")
