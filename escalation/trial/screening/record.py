"""Commands of a site on somebody who is screened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import EligibilityWaived, Finding, Sex, SubjectScreened
from escalation.trial.findings.record import record_findings
from escalation.trial.patients.recording import PATIENTS, check_at_site, check_id, only_site
from escalation.trial.state import TrialState

__all__ = ["screen_subject", "waive_criteria"]


def screen_subject(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    disease: str | None = None,
    sex: Sex | None = None,
    born: str | None = None,
    consented: date | None = None,
    site: str | None = None,
    findings: Iterable[Finding] = (),
) -> Events:
    """Begin to screen somebody, with what is known already.

    Parameters
    ----------
    state, recorder
    subject : str
        A pseudonym.
    disease : str or None
        As the plan names it.
    sex : Sex or None
    born : str or None
        A year or a month: ``1975`` or ``1975-03``.
    consented : date or None
    site : str or None
        None for the only site that was opened, if there is one.
    findings : iterable of Finding

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the screening of {subject} cannot be recorded")
    site = site or only_site(state)
    check_at_site(refusal, state, recorder, site)
    check_id(refusal, subject)
    refusal.raise_if_any()
    screened = SubjectScreened(
        on=recorder.on,
        subject=subject,
        disease=disease,
        sex=sex,
        born=born,
        consented=consented,
        site=site,
    )
    findings = tuple(findings)
    if not findings:
        return (screened,)
    return (screened, *record_findings(state, recorder, subject=subject, findings=findings))


def waive_criteria(
    state: TrialState, recorder: Recorder, *, subject: str, criteria: Iterable[str], reason: str
) -> Events:
    """Waive criteria that somebody does not meet, where the plan permits it.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"criteria of {subject} cannot be waived")
    refusal.check(state, recorder, PATIENTS)
    refusal.check_line("reason", reason)
    refusal.raise_if_any()
    return (
        EligibilityWaived(on=recorder.on, subject=subject, criteria=tuple(criteria), reason=reason),
    )
