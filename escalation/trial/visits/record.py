"""Commands of a site on visits: that one took place or was missed, and that there are no more."""

from __future__ import annotations

from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import Leaving, SubjectLeft, VisitRecorded
from escalation.trial.patients.recording import PATIENTS
from escalation.trial.state import TrialState

__all__ = ["leave_study", "record_visit"]


def record_visit(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    visit: str,
    missed: str | None = None,
    note: str | None = None,
    source: str | None = None,
) -> Events:
    """Record that a visit of the plan took place, or why it did not.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"visit {visit} of {subject} cannot be recorded")
    refusal.check(state, recorder, PATIENTS)
    refusal.raise_if_any()
    return (
        VisitRecorded(
            on=recorder.on,
            subject=state.current_id(subject),
            visit=visit,
            missed=missed,
            note=note,
            source=source,
        ),
    )


def leave_study(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    why: Leaving,
    reason: str | None = None,
) -> Events:
    """Record that somebody's part in the study ended.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the end of {subject}'s part cannot be recorded")
    refusal.check(state, recorder, PATIENTS)
    refusal.raise_if_any()
    return (SubjectLeft(on=recorder.on, subject=state.current_id(subject), why=why, reason=reason),)
