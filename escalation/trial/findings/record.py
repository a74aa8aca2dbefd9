"""The command of a site that records results."""

from __future__ import annotations

from collections.abc import Iterable

from escalation.plan.names import PlanNames
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import Finding, FindingsRecorded
from escalation.trial.findings.checking import check_findings, completed, find_person
from escalation.trial.patients.recording import PATIENTS
from escalation.trial.state import TrialState

__all__ = ["record_findings"]


def record_findings(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    findings: Iterable[Finding],
    visit: str | None = None,
    reason: str | None = None,
    source: str | None = None,
) -> Events:
    """Record results of somebody, on the day of the sample.

    What is reported is kept, in its unit; it has to be of a test that the plan names, or answer one
    of its criteria, and be possible.

    Parameters
    ----------
    state, recorder
    subject : str
        Somebody who is screened or enrolled.
    findings : iterable of Finding
    visit : str or None
        As the plan names it.
    reason : str or None
        Needed where a result takes the place of another one.
    source : str or None
        The file that they were imported from.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"results of {subject} cannot be recorded")
    refusal.check(state, recorder, PATIENTS, zone=state.zone_of(subject, recorder.on))
    chart = state.chart(subject)
    find_person(refusal, state, chart)
    event = FindingsRecorded(
        on=recorder.on,
        subject=chart.subject,
        findings=tuple(completed(state.plan, finding) for finding in findings),
        visit=visit and PlanNames(state.plan).visit(visit),
        reason=reason,
        source=source,
    )
    if not refusal.reasons:
        check_findings(refusal, state, recorder, event, chart=chart)
    refusal.raise_if_any()
    return (event,)
