"""A screening in steps: what is new of somebody is recorded, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from escalation.errors import printable
from escalation.plan.names import PlanNames
from escalation.trial.chart import Chart
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import Finding, Sex
from escalation.trial.findings.checking import completed
from escalation.trial.findings.record import record_findings
from escalation.trial.findings.results import count_results
from escalation.trial.patients.corrections import correct_entry
from escalation.trial.screening.log import screenings_of
from escalation.trial.screening.record import foreseen_state, say_screening_end, screen_subject
from escalation.trial.state import TrialState

__all__ = ["add_to_screening"]


def add_to_screening(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    again: bool = False,
    disease: str | None = None,
    sex: Sex | None = None,
    born: str | None = None,
    consented: date | None = None,
    site: str | None = None,
    findings: Iterable[Finding] = (),
    reason: str | None = None,
) -> Events:
    """Record what is new of somebody: a screening begins with the first, or where it is ``again``.

    What is recorded already in the same words is not recorded twice, so that a list can be given
    again with more in it. What was not stated of the person is added to the screening's entry, by
    a correction; what was, is corrected by whoever means to.

    Parameters
    ----------
    state, recorder
    subject : str
    again : bool
        Whether another screening begins, which nothing of the one before counts for but who the
        person is: disease, sex and birth, where they are not given.
    disease, sex, born, consented, site, findings
        As for ``screen_subject``.
    reason : str or None
        Needed where a result takes the place of another one.

    Raises
    ------
    RefusedError
    """
    chart = state.chart(subject)
    last = chart.screening
    findings = tuple(findings)
    if last is None or again:
        if last is not None:
            disease, sex = disease or last.event.disease, sex or last.event.sex
            born = born or last.event.born
        return screen_subject(
            state,
            recorder,
            subject=subject,
            disease=disease,
            sex=sex,
            born=born,
            consented=consented,
            site=site,
            findings=findings,
        )
    disease = disease and PlanNames(state.plan).disease(disease)
    refusal = Refusal(f"the screening of {subject} cannot be recorded")
    ended = screenings_of(state, chart.subject)[-1]
    if ended.end != "in screening":
        enrolled = ended.end == "enrolled"
        what = "record results (trial measure)" if enrolled else "screen again (--again)"
        refusal.add(f"{say_screening_end(ended)} To go on, {what}.")
    person = {"disease": disease, "sex": sex, "born": born, "consented": consented, "site": site}
    given = {name: value for name, value in person.items() if value is not None}
    said = {name: getattr(last.event, name) for name in given}
    for name, value in given.items():
        if said[name] not in (None, value):
            refusal.add(
                f"Entry {last.seq} says {name} {said[name]}, not {printable(str(value))}: correct "
                f"it (trial correct {last.seq} --set {name}={printable(str(value))}), or screen "
                "again (--again)."
            )
    new = [finding for finding in findings if not _is_recorded(state, chart.during(last), finding)]
    stated = {name: str(value) for name, value in given.items() if said[name] is None}
    refusal.unless(bool(new or stated or refusal.reasons), "All of it is recorded already.")
    refusal.raise_if_any()
    events: Events = ()
    if stated:
        why = "not stated before"
        events = correct_entry(state, recorder, entry=last.seq, changes=stated, reason=why)
        state = foreseen_state(state, recorder, events)
    if new:
        events += record_findings(state, recorder, subject=subject, findings=new, reason=reason)
    return events


def _is_recorded(state: TrialState, screening: Chart, finding: Finding) -> bool:
    """Tell whether a screening has a result that says the same: of its day or, undated, the last.

    What stands in a list without a day, and has not changed, was not measured again.
    """
    found = [
        result
        for result in count_results(screening, None, finding.test)
        if result.visit is None and finding.on in (None, result.on)
    ]
    said = replace(completed(state.plan, finding), on=None)
    return bool(found) and replace(found[-1].finding, on=None) == said
