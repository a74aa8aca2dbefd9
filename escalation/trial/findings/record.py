"""The command of a site that records results."""

from __future__ import annotations

from collections.abc import Iterable

from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import Finding, FindingsRecorded
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
    refusal.check(state, recorder, PATIENTS)
    refusal.raise_if_any()
    return (
        FindingsRecorded(
            on=recorder.on,
            subject=state.current_id(subject),
            findings=tuple(findings),
            visit=visit,
            reason=reason,
            source=source,
        ),
    )
