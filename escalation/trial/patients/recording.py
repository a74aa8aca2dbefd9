"""Commands of a site: who was enrolled and dosed, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from escalation.errors import did_you_mean, printable
from escalation.labels import Label
from escalation.outcomes import Outcome
from escalation.text import as_compared
from escalation.trial.adverse_events.verdicts import faults_of_verdict
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import (
    OutcomeRecorded,
    Relation,
    SubjectAtSite,
    SubjectDosed,
    SubjectEnrolled,
    Toxicity,
)
from escalation.trial.gates import dosing_obstacles, enrolment_obstacles, say_open
from escalation.trial.patients.body_size import find_size_fault, needed_sizes
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.people.rights import subject_id_fault
from escalation.trial.state import Cohort, TrialState

__all__ = [
    "PATIENTS",
    "check_amount",
    "check_at_site",
    "check_id",
    "check_outcome",
    "check_sizes",
    "dose_subject",
    "enrol_subject",
    "only_site",
    "pass_gates",
    "record_outcome",
]

PATIENTS = "record patients"
MODERATE_GRADE = 2


def enrol_subject(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    weight_kg: float | None = None,
    height_cm: float | None = None,
    level: Label | None = None,
    cohort: int | None = None,
    replaces: str | None = None,
    site: str | None = None,
    deviation: str | None = None,
) -> Events:
    """Give a subject a place in an open cohort.

    Parameters
    ----------
    state, recorder
    subject : str
        A pseudonym. One who was enrolled in a cohort that was closed since, and never dosed, may
        be reassigned.
    weight_kg : float or None
        Needed where doses are per kg or per m2.
    height_cm : float or None
        Needed where doses are per m2.
    level : int or None
        Label; None for the open cohort's. It tells which, where one alone is open at it.
    cohort : int or None
        Number of an open cohort; None for the only one.
    replaces : str or None
        A subject of the cohort who turned out not evaluable; None for the first not replaced yet,
        once every place of the cohort has been given out.
    site : str or None
        Who has the subject in care; None for the only site that was opened, if there is one.
    deviation : str or None
        Why the subject was enrolled although a gate says no; recorded, and shown from then on.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"{subject} cannot be enrolled")
    known = state.subjects.get(subject)
    site = site or (known.site_on(recorder.on) if known else None) or only_site(state)
    check_at_site(refusal, state, recorder, site)
    check_id(refusal, subject)
    check_sizes(refusal, state, weight_kg, height_cm)
    joined = _find_open(refusal, state, cohort, level)
    if known is not None:
        closed = state.cohort_of(known).closed_by is not None
        moved = known.standing is Standing.ASSIGNED and (closed or not state.open_cohorts)
        refusal.unless(moved, f"{subject} is enrolled since entry {known.enrolments[-1].seq}.")
    if joined is None and state.open_cohorts:
        raise refusal.error()
    obstacles = enrolment_obstacles(state, recorder.on, known, cohort=joined, name=subject)
    breaches = pass_gates(refusal, [obstacle.text for obstacle in obstacles], deviation)
    if joined is None:
        refusal.add("Without an open cohort there is no level to be enrolled at.")
        raise refusal.error()
    if level is not None and level != joined.level:
        refusal.add(f"Cohort {joined.number} is open at level {joined.level}, not {level}.")
    replaced = _replaced(refusal, state, joined, replaces)
    refusal.raise_if_any()
    subject = state.current_id(subject)
    at_site = known is not None and known.site_on(recorder.on) == site
    care = (
        ()
        if site is None or at_site
        else (SubjectAtSite(on=recorder.on, subject=subject, site=site),)
    )
    return (
        SubjectEnrolled(
            on=recorder.on,
            subject=subject,
            cohort=joined.number,
            level=joined.level,
            weight_kg=weight_kg,
            height_cm=height_cm,
            replaces=replaced,
            deviation=deviation,
            breaches=breaches,
        ),
        *care,
    )


def _find_open(
    refusal: Refusal, state: TrialState, number: int | None, level: Label | None
) -> Cohort | None:
    """Return the open cohort that is meant; None, with a reason, where several may be."""
    found = state.open_cohorts
    if number is not None:
        found = [cohort for cohort in found if cohort.number == number]
        if not found:
            refusal.add(f"Cohort {number} is not open; {say_open(state)}.")
    elif len(found) > 1:
        found = [cohort for cohort in found if level in (None, cohort.level)]
        if not found:
            refusal.add(f"No open cohort is at level {level}; {say_open(state)}.")
        elif len(found) > 1:
            said = say_open(state)
            numbers = " or ".join(str(cohort.number) for cohort in state.open_cohorts)
            refusal.add(f"{said[0].upper()}{said[1:]}: say which, {numbers} (--cohort).")
    return found[0] if len(found) == 1 else None


def check_at_site(
    refusal: Refusal, state: TrialState, recorder: Recorder, site: str | None
) -> None:
    """Refuse who may not record patients, a site that was not opened, and a day to come there."""
    refusal.check(state, recorder, PATIENTS, zone=state.site_zones.get(site or ""))
    if site is not None and site not in state.site_zones:
        known = did_you_mean(site, state.site_zones) if state.site_zones else "none has been"
        refusal.add(f"No site {printable(site)} has been opened; {known}.")


def only_site(state: TrialState) -> str | None:
    """Return the site, where only one was opened."""
    return next(iter(state.site_zones)) if len(state.site_zones) == 1 else None


def check_id(refusal: Refusal, subject: str) -> None:
    """Refuse an id that is not a pseudonym."""
    fault = subject_id_fault(subject)
    if fault is not None:
        refusal.add(f"The id of a subject is a pseudonym such as TJ-003: {fault}.")


def pass_gates(
    refusal: Refusal, obstacles: Sequence[str], deviation: str | None
) -> tuple[str, ...]:
    """Refuse what a gate forbids; where it was done all the same, return the gates it broke."""
    refusal.check_line("reason of the deviation", deviation)
    if deviation is None:
        refusal.reasons += obstacles
        return ()
    refusal.unless(bool(obstacles), "No gate stands in the way: it is not a deviation.")
    return tuple(dict.fromkeys(obstacles))  # who left is said by two gates


def check_sizes(
    refusal: Refusal,
    state: TrialState,
    weight_kg: float | None,
    height_cm: float | None,
    *,
    needed: tuple[str, ...] | None = None,
) -> None:
    """Refuse a weight or height that is none, or is missing where the doses need it.

    Parameters
    ----------
    refusal, state, weight_kg, height_cm
    needed : tuple of str or None
        What has to be there; None for what the doses need.
    """
    needed = needed_sizes(state.protocol) if needed is None else needed
    sizes = {"weight": weight_kg, "height": height_cm}
    unit = "" if state.protocol is None else state.protocol.unit
    for name in needed:
        refusal.unless(sizes[name] is not None, f"Doses are in {unit}: the {name} is needed.")
    fault = find_size_fault(weight_kg, height_cm)
    if fault is not None:
        refusal.add(f"{fault[0].upper()}{fault[1:]}{'' if fault.endswith('?') else '.'}")


def check_amount(refusal: Refusal, name: str, amount: float | None) -> None:
    """Refuse an amount that no product is given in."""
    if amount is not None and not _LEAST <= amount <= _MOST:
        refusal.add(f"The {name} amount must be from 1E-9 to 1E15, not {amount:g}.")


_LEAST, _MOST = 1e-9, 1e15


def _replaced(
    refusal: Refusal, state: TrialState, cohort: Cohort, replaces: str | None
) -> str | None:
    """Return whom a new subject of a cohort replaces."""
    lost = [s.id for s in state.members(cohort) if not s.takes_place and s.replaced_by is None]
    if replaces is not None:
        hint = f"to be replaced: {', '.join(lost)}" if lost else "nobody is to be replaced"
        replaces = state.current_id(replaces)
        refusal.unless(
            replaces in lost, f"{replaces} is nobody to replace in cohort {cohort.number}; {hint}."
        )
        return replaces
    given_out = len(cohort.subjects) >= cohort.n_opened
    return lost[0] if lost and given_out else None


def dose_subject(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    infused: float | None = None,
    planned: float | None = None,
    lot: str | None = None,
    deviation: str | None = None,
    history: bool = False,
) -> Events:
    """Record an infusion, on the day of ``recorder.on``.

    Parameters
    ----------
    state, recorder
    subject : str
    infused, planned : float or None
        Amounts in the protocol's unit without ``/kg`` or ``/m2``; the planned one as the protocol
        says where it is not given. Whatever was infused, the subject stays at the level assigned.
    lot : str or None
    deviation : str or None
        Why the subject was dosed although a gate says no; recorded, and shown from then on.
    history : bool
        Whether it is imported from before the trial was tracked: its gates were not here, and the
        infused amount may not be known.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the dosing of {subject} cannot be recorded")
    refusal.check(state, recorder, PATIENTS, zone=state.zone_of(subject, recorder.on))
    known = refusal.find_subject(state, subject)
    if known is not None:
        refusal.unless(
            known.standing is Standing.ASSIGNED,
            f"{subject} is not waiting to be dosed: {known.standing}.",
        )
        enrolled = known.enrolment.on
        refusal.unless(recorder.on >= enrolled, f"{subject} was enrolled on {enrolled}.")
        if planned is None and state.protocol is not None:
            planned = known.plan(state.protocol).amount
    with_doses = state.protocol is not None and state.protocol.unit is not None
    needed = with_doses and not history
    refusal.unless(not needed or infused is not None, "The infused amount is needed.")
    check_amount(refusal, "infused", infused)
    check_amount(refusal, "planned", planned)
    refusal.check_line("lot", lot, 100)
    obstacles = () if history else dosing_obstacles(state, known, recorder.on)
    gates = [obstacle.text for obstacle in obstacles]
    breaches = pass_gates(refusal, gates, deviation)
    refusal.raise_if_any()
    return (
        SubjectDosed(
            on=recorder.on,
            subject=state.current_id(subject),
            planned=planned,
            infused=infused,
            lot=lot,
            deviation=deviation,
            breaches=breaches,
        ),
    )


def record_outcome(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    outcome: Outcome,
    toxicities: Sequence[Toxicity] = (),
    reason: str | None = None,
    history: bool = False,
    undated: bool = False,
) -> Events:
    """Record a DLT, the end of the window without one, or that a subject is not evaluable.

    "Moderate" is the end of the window without a DLT, but with a toxicity of grade 2 or more. Where
    the design counts them, "no DLT" cannot be said with such a toxicity, unless it is unrelated.

    A DLT may follow "no DLT" or "not evaluable", found late, or another DLT. Anything else that
    was recorded wrongly is corrected.

    Parameters
    ----------
    state, recorder
    subject : str
    outcome : Outcome
    toxicities : sequence of Toxicity
    reason : str or None
        Needed for "not evaluable".
    history : bool
        Whether it is imported from before the trial was tracked: what a DLT was, or why somebody is
        not evaluable, may not be known.
    undated : bool
        Whether all that is known of its day is that it was known on ``recorder.on``.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the outcome of {subject} cannot be recorded")
    refusal.check(state, recorder, PATIENTS, zone=state.zone_of(subject, recorder.on))
    known = refusal.find_subject(state, subject)
    event = OutcomeRecorded(
        on=recorder.on,
        subject=state.current_id(subject),
        outcome=outcome,
        toxicities=tuple(toxicities),
        reason=reason,
        undated=undated,
    )
    if known is not None:
        check_outcome(refusal, state, known, event, explained=not history)
        said = known.outcomes[-1] if known.outcomes else None
        if said is not None and outcome is not Outcome.DLT:
            refusal.add(
                f"Entry {said.seq} says {_SAYS[said.event.outcome]}. If that is wrong, correct the "
                "entry."
            )
    refusal.raise_if_any()
    return (event,)


_SAYS = {
    Outcome.DLT: Standing.DLT,
    Outcome.NO_DLT: Standing.NO_DLT,
    Outcome.MODERATE: Standing.MODERATE,
    Outcome.NOT_EVALUABLE: Standing.NOT_EVALUABLE,
}


def check_outcome(
    refusal: Refusal,
    state: TrialState,
    subject: Subject,
    event: OutcomeRecorded,
    *,
    explained: bool = True,
) -> None:
    """Refuse an outcome that the DLT window or the subject's course does not allow.

    Unless it has to be ``explained``, what a DLT was and why a subject is not evaluable may be left
    open.
    """
    dosed, closes = subject.dosed_on, subject.window_closes
    enough = subject.followed_on
    what = {
        Outcome.DLT: "a DLT",
        Outcome.NO_DLT: "no DLT",
        Outcome.MODERATE: "a moderate toxicity without a DLT",
        Outcome.NOT_EVALUABLE: "not evaluable",
    }.get(event.outcome)
    refusal.unless(what is not None, "An outcome is a DLT, no DLT, moderate, or not evaluable.")
    if event.outcome is not Outcome.NOT_EVALUABLE:
        refusal.unless(dosed is not None, f"{subject.id} has not been dosed.")
    elif explained:
        refusal.unless(event.reason is not None, '"Not evaluable" needs a reason.')
    refusal.check_line("reason", event.reason)
    if dosed is not None:
        refusal.unless(event.on >= dosed, f"{subject.id} was dosed on {dosed}.")
    without_dlt = event.outcome in (Outcome.NO_DLT, Outcome.MODERATE)
    if without_dlt and enough is not None and event.on < enough:
        why = f"The DLT window of {subject.id} closes on {closes}"
        if enough != closes:
            why = f"The least days of follow-up of {subject.id} are over on {enough}"
        refusal.add(f'{why}: "no DLT" cannot be said before.')
    _check_moderate(refusal, state, event)
    refusal.reasons += faults_of_verdict(subject, event)
    if event.outcome is Outcome.DLT and explained:
        refusal.unless(bool(event.toxicities), "A DLT needs its term, grade and day of onset.")
    for toxicity in event.toxicities:
        _check_toxicity(refusal, toxicity, event, dosed)
        _check_after_death(refusal, toxicity, subject)
    onsets = [toxicity.onset for toxicity in event.toxicities]
    if event.outcome is Outcome.DLT and dosed is not None and onsets and closes is not None:
        refusal.unless(
            any(dosed <= onset <= closes for onset in onsets),
            f"A DLT begins in the DLT window, {dosed} to {closes}; this one began on "
            f"{min(onsets)}.",
        )


def _check_moderate(refusal: Refusal, state: TrialState, event: OutcomeRecorded) -> None:
    """Refuse "moderate" of mild toxicities, and "no DLT" alone where a moderate one counts."""
    moderate = [
        t
        for t in event.toxicities
        if t.grade >= MODERATE_GRADE and t.relation != Relation.UNRELATED
    ]
    if event.outcome is Outcome.MODERATE and event.toxicities:
        refusal.unless(bool(moderate), "A moderate toxicity is of grade 2 or more, and related.")
    counts = state.protocol is not None and state.protocol.design.asks_moderate
    if event.outcome is Outcome.NO_DLT and counts and moderate:
        refusal.add(
            f"{moderate[0].term} is of grade {moderate[0].grade}: the design counts moderate "
            'toxicities, so this is "moderate" unless it is unrelated.'
        )


def _check_toxicity(
    refusal: Refusal, toxicity: Toxicity, event: OutcomeRecorded, dosed: date | None
) -> None:
    refusal.check_line("term", toxicity.term, 200)
    refusal.check_line("narrative", toxicity.narrative, 2000)
    refusal.unless(
        toxicity.grade in range(1, 6), f"A grade is a number from 1 to 5, not {toxicity.grade}."
    )
    refusal.unless(
        toxicity.onset <= event.on, f"The onset {toxicity.onset} is after the day {event.on}."
    )
    if dosed is not None:
        refusal.unless(
            toxicity.onset >= dosed, f"The onset {toxicity.onset} is before the dosing on {dosed}."
        )


def _check_after_death(refusal: Refusal, toxicity: Toxicity, subject: Subject) -> None:
    """Refuse a second death, and what begins after one."""
    death = subject.death
    if death is None or death.died_on is None:
        return
    same = as_compared(toxicity.term) == as_compared(death.now.term)
    if toxicity.grade == 5 and not (same and toxicity.onset == death.now.started):
        refusal.add(
            f"{toxicity.term}: {subject.id} died on {death.died_on} by adverse event "
            f"{death.entry}, {death.now.term}: nobody dies twice."
        )
    refusal.unless(
        toxicity.onset <= death.died_on,
        f"The onset {toxicity.onset} is after the death of {subject.id} on {death.died_on}, "
        f"adverse event {death.entry}.",
    )
