"""Commands of a site on somebody who is screened."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from escalation.errors import did_you_mean, printable
from escalation.plan import Plan
from escalation.plan.names import PlanNames
from escalation.text import list_briefly
from escalation.trial.commands import FIRST_DAY, Events, Recorder, Refusal
from escalation.trial.events import (
    EligibilityWaived,
    Finding,
    Leaving,
    Sex,
    SubjectScreened,
)
from escalation.trial.evolve import evolve
from escalation.trial.findings.record import record_findings
from escalation.trial.patients.recording import PATIENTS, check_at_site, check_id, only_site
from escalation.trial.patients.subjects import Standing
from escalation.trial.screening.judging import (
    eligibility_of,
    plan_at,
    say_not_screened,
    screening_at,
)
from escalation.trial.screening.log import Screening, screenings_of
from escalation.trial.state import Recorded, TrialState

__all__ = [
    "check_screened",
    "check_screening_order",
    "check_screening_withdrawn",
    "check_waived",
    "foreseen_state",
    "say_screening_end",
    "screen_subject",
    "waive_criteria",
]


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
    """Begin to screen somebody, with what is known already; screened again, it begins anew.

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
    chart = state.chart(subject)
    site = site or (chart.screening.event.site if chart.screening else None) or only_site(state)
    check_at_site(refusal, state, recorder, site)
    check_id(refusal, subject)
    screened = SubjectScreened(
        on=recorder.on,
        subject=state.current_id(subject),
        disease=disease and PlanNames(state.plan).disease(disease),
        sex=sex,
        born=born,
        consented=consented,
        site=site,
    )
    check_screened(refusal, state, screened)
    _check_course(refusal, state, screened)
    refusal.raise_if_any()
    findings = tuple(findings)
    if not findings:
        return (screened,)
    begun = foreseen_state(state, recorder, (screened,))
    reason = "screened again" if chart.screenings else None  # the same day may have had results
    added = record_findings(begun, recorder, subject=subject, findings=findings, reason=reason)
    return (screened, *added)


def foreseen_state(state: TrialState, recorder: Recorder, events: Events) -> TrialState:
    """Return the state as if events had been recorded: what is recorded with them rests on it."""
    for event in events:
        entry = Recorded(seq=state.seq + 1, at=recorder.at, by=recorder.name, hash="", event=event)
        state = evolve(state, entry)
    return state


def check_screened(refusal: Refusal, state: TrialState, event: SubjectScreened) -> None:
    """Refuse what cannot be true of somebody who is screened on a day."""
    if event.disease is not None:
        _check_disease(refusal, state.plan, event.disease)
    _check_birth(refusal, event)
    consented = event.consented
    if consented is None:
        return
    refusal.unless(consented >= FIRST_DAY, f"The consent of {consented} is before {FIRST_DAY}.")
    refusal.unless(
        consented <= event.on,
        f"The consent of {consented} is after {event.on}: screening begins with the consent.",
    )


def _check_disease(refusal: Refusal, plan: Plan | None, disease: str) -> None:
    if plan is None:
        refusal.add(
            f"The trial goes by no plan, which would say what {printable(disease)} is: adopt one "
            "first (trial plan)."
        )
        return
    known = [known.name for known in plan.diseases]
    if disease not in known:
        named = did_you_mean(disease, known) if known else "it names none"
        refusal.add(f"The plan {plan.name} knows no disease {printable(disease)}; {named}.")


def say_screening_end(screening: Screening) -> str:
    """Say how a screening ended."""
    return (
        f"The screening of {screening.subject} ended on {screening.ended_on}, by entry "
        f"{screening.ended_by}: {screening.end}."
    )


def check_screening_order(
    refusal: Refusal, state: TrialState, event: SubjectScreened, entry: int
) -> None:
    """Refuse to correct the day, or the site, of a screening to one that it cannot be."""
    if event.site is not None and event.site not in state.site_zones:
        known = did_you_mean(event.site, state.site_zones) if state.site_zones else "none has been"
        refusal.add(f"No site {printable(event.site)} has been opened; {known}.")
    for one in screenings_of(state, event.subject):
        if one.entry == entry and one.ended_on is not None and event.on > one.ended_on:
            refusal.add(f"{say_screening_end(one)} {event.on} is after it.")
    for fact in state.chart(event.subject).screenings:
        if fact.seq < entry and fact.event.on > event.on:
            refusal.add(
                f"{event.subject} was screened before, on {fact.event.on} (entry {fact.seq})."
            )


def check_screening_withdrawn(
    refusal: Refusal, state: TrialState, subject: str, entry: int
) -> None:
    """Refuse to withdraw a screening that others rest on: what was recorded in it, or its end."""
    chart = state.chart(subject)
    during = [chart.during(fact) for fact in chart.screenings if fact.seq == entry]
    inside = [fact.seq for one in during for fact in (*one.findings, *one.waivers, *one.visits)]
    if inside:
        refusal.add(f"Withdraw what was recorded in it first: {list_briefly(sorted(inside))}.")
    for one in screenings_of(state, chart.subject):
        if one.entry == entry and one.end in ("enrolled", "failed", "left"):
            refusal.add(say_screening_end(one))


_BORN = re.compile(r"(\d{4})(?:-(\d\d))?", re.ASCII)
_FULL_DATE = re.compile(r"\d{4}\D?\d{1,2}\D?\d{1,2}|\d{1,2}\D\d{1,2}\D\d{2,4}|\d{8}", re.ASCII)
_OLDEST = 120  # years


def _check_birth(refusal: Refusal, event: SubjectScreened) -> None:
    """Refuse a birth that identifies a person, was not, or is still to come."""
    if event.born is None:
        return
    found = _BORN.fullmatch(event.born)
    if found is None:
        why = (
            "a full date of birth could identify a person, and nothing is ever erased here"
            if _FULL_DATE.fullmatch(event.born)
            else "it cannot be read"
        )
        refusal.add(
            f"Born {printable(event.born)}: {why}; give a year or a month, such as 1975 or 1975-03."
        )
        return
    year, month = int(found[1]), int(found[2] or 1)
    if not 1 <= month <= 12:
        refusal.add(f"Born {event.born}: there is no month {found[2]}.")
        return
    if event.on.year - year > _OLDEST:
        refusal.add(f"Born {event.born}: nobody is {event.on.year - year} years old.")
    for what, day in (("screening", event.on), ("consent", event.consented)):
        if day is not None and (day.year, day.month) < (year, month):
            refusal.add(f"Born {event.born}: the {what} on {day} is before that.")


def _check_course(refusal: Refusal, state: TrialState, event: SubjectScreened) -> None:
    """Refuse to screen somebody who is in the trial, died, or was screened later."""
    chart, known = state.chart(event.subject), state.subjects.get(event.subject)
    closed = state.closed
    if closed is not None and event.on >= closed.event.on:
        refusal.add(f"The trial was closed by entry {closed.seq}: nobody is screened any more.")
    _check_not_enrolled(refusal, state, event.subject, "is not screened again")
    death = None if known is None else known.death
    if death is not None:
        refusal.add(f"{event.subject} died on {death.died_on} (entry {death.entry}).")
    left = chart.left
    if left is not None and left.event.why is Leaving.DEATH:
        refusal.add(f"{event.subject} died on {left.event.on} (entry {left.seq}).")
    last = chart.screening
    if last is None:
        return
    refusal.unless(
        event.on >= last.event.on,
        f"{event.subject} was screened on {last.event.on} (entry {last.seq}); {event.on} is before "
        "it.",
    )
    for what in ("sex", "born"):
        before, now = getattr(last.event, what), getattr(event, what)
        if before is not None and now is not None and _another(str(before), str(now)):
            refusal.add(
                f"Entry {last.seq} says of {event.subject}: {what} {before}, not "
                f"{printable(str(now))}. If that is wrong, correct the entry; somebody else has "
                "another id."
            )
    ended = screenings_of(state, event.subject)[-1]
    if ended.ended_on is not None and event.on < ended.ended_on:
        refusal.add(f"{say_screening_end(ended)} {event.on} is before it.")
    same = ("on", "disease", "sex", "born", "consented", "site")
    refusal.unless(
        bool(chart.during(last).findings)
        or any(getattr(event, name) != getattr(last.event, name) for name in same)
        or ended.end != "in screening",  # then one of the same day says something new
        f"Entry {last.seq} says so.",
    )


def _another(before: str, now: str) -> bool:
    """Tell whether what two screenings say of a person is of two: a month is of its year."""
    known = {before, now} - {str(Sex.UNKNOWN)}
    return len(known) == 2 and not (before.startswith(now) or now.startswith(before))


def _check_not_enrolled(refusal: Refusal, state: TrialState, subject: str, but: str) -> None:
    """Refuse who is enrolled, unless they wait to be given a place of another cohort."""
    known = state.subjects.get(subject)
    if known is None:
        return
    waits = known.standing is Standing.ASSIGNED and state.cohort_of(known).closed_by is not None
    refusal.unless(
        waits, f"{known.id} is enrolled since entry {known.enrolments[-1].seq}, and {but}."
    )


def waive_criteria(
    state: TrialState, recorder: Recorder, *, subject: str, criteria: Iterable[str], reason: str
) -> Events:
    """Waive criteria that somebody does not meet, where the plan permits it.

    It holds for the screening that it was recorded in. A criterion that the plan permits no
    exception from is not waived: to enrol all the same is a deviation.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"criteria of {subject} cannot be waived")
    subject = state.current_id(subject)
    screening = state.chart(subject).screening
    site = None if screening is None else screening.event.site
    refusal.check(state, recorder, PATIENTS, zone=state.site_zones.get(site or ""))
    refusal.check_line("reason", reason)
    names = PlanNames(state.plan)
    event = EligibilityWaived(
        on=recorder.on,
        subject=subject,
        criteria=tuple(map(names.criterion, criteria)),
        reason=reason,
    )
    check_waived(refusal, state, event)
    refusal.raise_if_any()
    return (event,)


def check_waived(
    refusal: Refusal, state: TrialState, event: EligibilityWaived, entry: int | None = None
) -> None:
    """Refuse to waive what cannot be, or needs not be; ``entry`` is that of a waiver corrected.

    A correction is held against the plan and the screening of its entry, and what it waives besides
    against what is known now: nothing, of who is enrolled.
    """
    chart, plan = state.chart(event.subject), plan_at(state, entry)
    screening = screening_at(chart, entry)
    said = next((fact.event.criteria for fact in chart.waivers if fact.seq == entry), ())
    if set(event.criteria) - set(said):
        before = "a waiver comes before that: to enrol without one is a deviation"
        _check_not_enrolled(refusal, state, event.subject, before)
    if not plan.criteria:
        refusal.add("The trial goes by no plan with criteria: there is nothing to waive.")
        return
    if screening is None:
        refusal.add(say_not_screened(state, event.subject))
        return
    if event.on < screening.event.on:
        refusal.add(f"{event.subject} is screened since {screening.event.on}.")
    refusal.unless(all(event.criteria or [""]), "Name the criteria that are waived.")
    waived = chart.during(screening).waivers
    known = {name: fact.seq for fact in waived for name in fact.event.criteria if fact.seq != entry}
    judged = eligibility_of(state, event.subject, event.on, before=entry)
    status = {item.criterion.id: item for item in judged.items if item.criterion.id not in said}
    for place, name in enumerate(filter(None, event.criteria)):
        criterion = plan.find_criterion(name)
        if criterion is None:
            ids = [criterion.id for criterion in plan.criteria if criterion.waiver is not None]
            hint = f"to be waived: {', '.join(ids)}" if ids else "none is to be waived"
            refusal.add(f"The plan has no criterion {printable(name)}; {hint}.")
        elif name in event.criteria[:place]:
            refusal.add(f"{name} is named twice.")
        elif criterion.kind == "part":
            refusal.add(f"{name} is a part of another criterion: waive that one.")
        elif criterion.waiver is None:
            refusal.add(f"{name} ({criterion.text}): the plan permits no exception from it.")
        elif name in known:
            refusal.add(f"{name} is waived by entry {known[name]}.")
        elif name in status and status[name].status in ("met", "not asked"):
            refusal.add(
                f"{name} is {status[name].status} ({status[name].why}): there is nothing to waive."
            )
