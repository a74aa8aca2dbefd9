"""The command for somebody who was screened and not enrolled."""

from __future__ import annotations

from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import ScreeningFailed
from escalation.trial.patients.recording import check_at_site, check_id, only_site
from escalation.trial.state import TrialState

__all__ = ["record_screening_failure"]


def record_screening_failure(
    state: TrialState, recorder: Recorder, *, subject: str, reason: str, site: str | None = None
) -> Events:
    """Record that somebody was screened and not enrolled; they may be screened again later.

    Parameters
    ----------
    state, recorder
    subject : str
        A pseudonym.
    reason : str
    site : str or None
        Where it was; None for the only site that was opened, if there is one.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the screening failure of {subject} cannot be recorded")
    site = site or only_site(state)
    check_at_site(refusal, state, recorder, site)
    check_id(refusal, subject)
    refusal.check_line("reason", reason)
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
            (last.on, last.reason) != (recorder.on, reason), f"Entry {same[-1]} says so."
        )
    refusal.raise_if_any()
    return (ScreeningFailed(on=recorder.on, subject=subject, site=site, reason=reason),)
