"""Commands of a site on adverse events: to report one, and to follow it up.

An event is recorded on any day from enrolment on: before, in and after the DLT window. A follow-up
overwrites nothing; what was reported wrongly is corrected (``corrections``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import isfinite
from typing import Any

from escalation.errors import EscalationError, InputError, did_you_mean
from escalation.grading import read_observations
from escalation.text import as_compared
from escalation.trial.adverse_events.course import AdverseEvent, Report, is_death
from escalation.trial.adverse_events.observing import describe_rule, grade_by, graded_as
from escalation.trial.adverse_events.unpausing import pauses_lifted
from escalation.trial.adverse_events.verdicts import is_of_ruling
from escalation.trial.codec import change_event
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import (
    ActionTaken,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    EventOutcome,
    Relation,
    Serious,
)
from escalation.trial.patients.subjects import Subject
from escalation.trial.state import TrialState

__all__ = [
    "FOLLOWED_UP",
    "SCALES",
    "check_report",
    "complete_changes",
    "follow_up",
    "record_adverse_event",
]

_TASK = "record adverse events"

# the versions that are known of each scale, the one that is meant where none is given first
SCALES = {"CTCAE": ("5.0", "6.0"), "ASTCT": ("2019",), "ICAHT": ("2023",)}

# what can change in the course of an event, or become known later
FOLLOWED_UP = (
    *("ended", "grade", "serious", "relation", "action", "outcome", "treatment", "narrative"),
    *("category", "code", "dictionary", "baseline_grade", "observations"),
)


def record_adverse_event(
    state: TrialState,
    recorder: Recorder,
    *,
    subject: str,
    term: str,
    started: date,
    aware: date,
    grade: int | None = None,
    ended: date | None = None,
    scale: str = "CTCAE",
    scale_version: str | None = None,
    category: str | None = None,
    code: str | None = None,
    dictionary: str | None = None,
    baseline_grade: int | None = None,
    observations: Mapping[str, Any] | None = None,
    serious: Iterable[Serious] = (),
    relation: Relation | None = None,
    action: ActionTaken | None = None,
    outcome: EventOutcome | None = None,
    treatment: str | None = None,
    narrative: str | None = None,
) -> Events:
    """Report an adverse event of a subject, as it stands on the day of ``recorder.on``.

    Parameters
    ----------
    state, recorder
    subject, term : str
    started, ended : date
    aware : date
        The day on which the site became aware.
    grade : int or None
        1 to 5; by grade 5 the subject died, and the event is serious. None where ``observations``
        give it; where both are given they must agree.
    scale, scale_version : str
        One of ``SCALES``; its first version where none is given.
    category, code, dictionary : str or None
        The category as the protocol's rules name it; code and dictionary are the user's own.
    baseline_grade : int or None
        Of the same finding before the first infusion, 0 to 5.
    observations : mapping or None
        As ``escalation.grading.read_observations`` returns them, for ASTCT and ICAHT.
    serious : iterable of Serious
    relation, action, outcome
    treatment, narrative : str or None

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the adverse event of {subject} cannot be recorded")
    refusal.check(state, recorder, _TASK)
    graded_by: str | None = None
    if observations is not None:
        grade, graded_by = _grade_observed(refusal, scale, category, observations, grade)
    event = AdverseEventRecorded(
        on=recorder.on,
        subject=subject,
        term=term,
        code=code,
        dictionary=dictionary,
        category=category,
        started=started,
        ended=ended,
        grade=_NONE if grade is None else grade,
        scale=scale,
        scale_version=SCALES.get(scale, ("",))[0] if scale_version is None else scale_version,
        graded_by=graded_by,
        observations=None if observations is None else dict(observations),
        baseline_grade=baseline_grade,
        serious=_in_order(serious),
        relation=relation,
        action=action,
        outcome=outcome,
        treatment=treatment,
        narrative=narrative,
        aware=aware,
    )
    if is_death(event):
        event = replace(event, serious=_in_order((*event.serious, Serious.DEATH)))
    known = refusal.find_subject(state, subject)
    if known is not None:
        event = replace(event, subject=known.id)  # an id that was renamed finds the new one
        report = Report(
            seq=state.seq + 1, by=recorder.name, on=event.on, aware=event.aware, event=event
        )
        check_report(refusal, known, AdverseEvent(entry=report.seq, reports=(report,)), report)
    refusal.raise_if_any()
    return (event,)


_NONE = 0  # no grade: refused


def _grade_observed(
    refusal: Refusal,
    scale: str,
    category: str | None,
    observations: Mapping[str, Any],
    typed: int | None,
) -> tuple[int | None, str | None]:
    """Return the grade that observations give, and the rule; refuse another that was typed."""
    try:
        observed = grade_by(scale, category, observations)
    except InputError as error:
        refusal.add(f"{error}.")
        raise refusal.error() from error
    if typed not in (None, observed.grade):
        refusal.add(f"Grade {typed} was typed, but the observations give {observed.text}.")
    return observed.grade, describe_rule(observed)


def _in_order(serious: Iterable[Serious]) -> tuple[Serious, ...]:
    given = set(serious)
    return tuple(criterion for criterion in Serious if criterion in given)


def follow_up(
    state: TrialState,
    recorder: Recorder,
    *,
    entry: int,
    changes: Mapping[str, Any],
    aware: date,
    observe: Sequence[str] = (),
) -> Events:
    """Say how an adverse event is from the day of ``recorder.on`` on.

    Parameters
    ----------
    state, recorder
    entry : int
        Number of the first report.
    changes : mapping
        New values by field (``FOLLOWED_UP``), as JSON types; None where it does not apply any more.
    aware : date
        The day on which the site became aware of the change.
    observe : sequence of str
        What was observed since, as ``escalation.grading.read_observations`` reads it for how the
        event is graded.

    Raises
    ------
    RefusedError, InputError
    """
    refusal = Refusal(f"adverse event {entry} cannot be followed up")
    refusal.check(state, recorder, _TASK)
    known = state.find_event(entry)
    if known is None:
        refusal.add(_say_what_it_is(state, entry))
        raise refusal.error()
    if observe:
        category = changes.get("category", known.now.category)
        read = read_observations(graded_as(known.now.scale, category), observe)
        changes = {**changes, "observations": read}
    said = complete_changes(refusal, known.now, changes, further=True)
    event = AdverseEventFollowedUp(on=recorder.on, entry=entry, changes=said, aware=aware)
    refusal.check_day(replace(recorder, on=aware))
    for name in changes:
        if name not in FOLLOWED_UP:
            hint = did_you_mean(name, FOLLOWED_UP)
            refusal.add(f"{name} is not followed up; {hint}. What was wrong is corrected.")
    for name in _GRADES:
        if type(said.get(name)) not in (int, type(None)):
            _check_grade(refusal, name, said[name])
            raise refusal.error()
    try:
        now = change_event(known.now, said)
    except EscalationError as error:
        refusal.add(f"{error}.")
        raise refusal.error() from error
    unchanged = not refusal.reasons and now == known.now
    refusal.unless(not unchanged, f"That is what entry {known.reports[-1].seq} says.")
    report = Report(
        seq=state.seq + 1, by=recorder.name, on=event.on, aware=aware, event=now, follow_up=event
    )
    course = replace(known, reports=(*known.reports, report))
    check_report(refusal, state.subjects[state.owners[entry]], course, report)
    if not refusal.reasons:
        refusal.reasons += pauses_lifted(state, recorder, event)
    refusal.raise_if_any()
    return (event,)


def _say_what_it_is(state: TrialState, entry: int) -> str:
    """Say why an entry's number names no adverse event."""
    if not 1 <= entry <= state.seq:
        return f"There is no entry {entry}; the last one is {state.seq}."
    subject = state.subjects.get(state.owners.get(entry, ""))
    events = () if subject is None else subject.events
    for event in events:
        if any(report.seq == entry for report in event.reports):
            return f"Entry {entry} follows up adverse event {event.entry}: give that number."
    known = ", ".join(str(e.entry) for s in state.subjects.values() for e in s.events)
    hint = f"those are {known}" if known else "there is none yet"
    return f"Entry {entry} does not report an adverse event; {hint}."


def complete_changes(
    refusal: Refusal,
    now: AdverseEventRecorded,
    changes: Mapping[str, Any],
    *,
    further: bool = False,
) -> dict[str, Any]:
    """Return changes of an event with what goes with them.

    Observations give the grade, a grade that is typed was not given by the observations of before,
    and a death is serious.

    Parameters
    ----------
    refusal : Refusal
    now : AdverseEventRecorded
        The event before the changes.
    changes : mapping
    further : bool
        Whether counts are beside those of before, and do not replace them.
    """
    said = dict(changes)
    observed = said.get("observations")
    if isinstance(observed, Mapping):
        if further and now.scale == "ICAHT":
            observed = {**(now.observations or {}), **observed}
        category, scale = said.get("category", now.category), said.get("scale", now.scale)
        grade, rule = _grade_observed(refusal, scale, category, observed, said.get("grade"))
        said |= {"observations": dict(observed), "grade": grade, "graded_by": rule}
    elif "grade" in said and (now.graded_by or said.get("graded_by")) is not None:
        said |= {"observations": None, "graded_by": None}
    fatal = said.get("grade") == 5 or said.get("outcome") == EventOutcome.FATAL
    criteria = said.get("serious", now.serious)
    if fatal and isinstance(criteria, Sequence) and Serious.DEATH not in criteria:
        said["serious"] = [*criteria, Serious.DEATH]
    if isinstance(said.get("serious"), Sequence):
        order = [str(criterion) for criterion in Serious]
        said["serious"] = sorted(
            map(str, said["serious"]), key=lambda word: order.index(word) if word in order else 0
        )
    return said


def check_report(refusal: Refusal, subject: Subject, course: AdverseEvent, report: Report) -> None:
    """Refuse a report of an adverse event that cannot be.

    Parameters
    ----------
    refusal : Refusal
    subject : Subject
    course : AdverseEvent
        With the report, and those before it.
    report : Report
    """
    event = report.event
    _check_words(refusal, event)
    _check_grades(refusal, event)
    _check_days(refusal, subject, course, report)
    _check_death(refusal, subject, course, report)


def _check_words(refusal: Refusal, event: AdverseEventRecorded) -> None:
    refusal.check_line("term", event.term, 200)
    for name in ("code", "dictionary", "category"):
        refusal.check_line(name, getattr(event, name), 100)
    refusal.check_line("rule of the grade", event.graded_by)
    refusal.check_line("treatment", event.treatment)
    refusal.check_line("narrative", event.narrative, 2000)
    for name, value in (event.observations or {}).items():
        refusal.check_line("name of an observation", name, 100)
        if isinstance(value, str):
            refusal.check_line(f"observation {name}", value, 200)
        elif isinstance(value, float):
            refusal.unless(isfinite(value), f"The observation {name} must be finite.")


def _check_grades(refusal: Refusal, event: AdverseEventRecorded) -> None:
    _check_grade(refusal, "grade", event.grade)
    if event.baseline_grade is not None:
        _check_grade(refusal, "baseline_grade", event.baseline_grade)
    if event.observations is not None:
        _, rule = _grade_observed(
            refusal, event.scale, event.category, event.observations, event.grade
        )
        refusal.unless(
            rule == event.graded_by, f"The observations are graded by another rule: {rule}."
        )
    elif event.graded_by is not None:
        refusal.add("A grade without observations was not given by a rule.")
    versions = SCALES.get(event.scale)
    if versions is None:
        hint = did_you_mean(event.scale, SCALES)
        refusal.add(f'There is no scale "{event.scale}"; {hint}.')
    elif event.scale_version not in versions:
        refusal.add(
            f"{event.scale} is known in version {' and '.join(versions)}, not "
            f'"{event.scale_version}".'
        )


_GRADES = {"grade": 1, "baseline_grade": 0}  # with the least there is


def _check_grade(refusal: Refusal, name: str, grade: object) -> None:
    least = _GRADES[name]
    refusal.unless(
        type(grade) is int and least <= grade <= 5,
        f"A {name.replace('_', ' ')} is a whole number from {least} to 5, not {grade}.",
    )


def _check_days(refusal: Refusal, subject: Subject, course: AdverseEvent, report: Report) -> None:
    event, on = report.event, report.on
    refusal.unless(event.started <= on, f"The onset {event.started} is after the day {on}.")
    if event.ended is not None:
        refusal.unless(
            event.ended >= event.started,
            f"The end {event.ended} is before the onset {event.started}.",
        )
        newly = report.follow_up is None or "ended" in report.follow_up.changes
        refusal.unless(not newly or event.ended <= on, f"The end {event.ended} is after {on}.")
    if report.follow_up is not None:
        _check_order(refusal, course, report)
        return
    enrolled = subject.enrolments[0].event.on
    refusal.unless(
        event.started >= enrolled,
        f"The onset {event.started} is before {subject.id} was enrolled on {enrolled}: an event "
        "before enrolment is not one of the trial.",
    )
    _check_awareness(refusal, report, f"the onset {event.started}", event.started)
    refusal.unless(
        report.aware <= on, f"The site became aware on {report.aware}, after the day {on}."
    )


def _check_order(refusal: Refusal, course: AdverseEvent, report: Report) -> None:
    """Refuse a follow-up of a day before that of an earlier one, or known before its day."""
    _check_awareness(refusal, report, f"the day of the change, {report.on}", report.on)
    for before in course.reports:
        if before.follow_up is not None and before.seq < report.seq and before.on > report.on:
            refusal.add(
                f"Entry {before.seq} says how it was from {before.on} on, which is later than "
                f"{report.on}: follow-ups come in the order of their days, and a wrong one is "
                "corrected."
            )


def _check_awareness(refusal: Refusal, report: Report, what: str, since: date) -> None:
    refusal.unless(
        report.aware >= since,
        f"The site cannot have become aware on {report.aware}, before {what}.",
    )


def _check_death(refusal: Refusal, subject: Subject, course: AdverseEvent, report: Report) -> None:
    """Refuse a second death, what begins after one, and words that contradict it."""
    event = report.event
    others = [other for other in subject.events if other.entry != course.entry]
    for fact in subject.outcomes if course.is_fatal else ():
        if is_of_ruling(subject, fact):
            continue  # its event is among those below, or this one
        for toxicity in fact.event.toxicities:
            same = as_compared(toxicity.term) == as_compared(event.term)
            if toxicity.grade == 5 and not (same and toxicity.onset == event.started):
                refusal.add(
                    f"{subject.id} died by {toxicity.term}, entry {fact.seq}: nobody dies twice."
                )
    for other in others:
        if other.died_on is None:
            continue
        if course.is_fatal:
            refusal.add(
                f"{subject.id} died on {other.died_on} by adverse event {other.entry}: nobody dies "
                "twice."
            )
        elif event.started > other.died_on:
            refusal.add(
                f"The onset {event.started} is after the death of {subject.id} on {other.died_on}, "
                f"adverse event {other.entry}."
            )
    if not is_death(event):
        before = (said for said in course.reports if said.seq < report.seq)
        refusal.unless(
            not any(is_death(said.event) for said in before),
            f"Adverse event {course.entry} says that {subject.id} died of it.",
        )
        refusal.unless(
            Serious.DEATH not in event.serious,
            "An event that is serious by death is of grade 5, or its outcome is fatal.",
        )
        return
    refusal.unless(
        event.outcome in (None, EventOutcome.FATAL),
        f'The outcome of a death, grade 5, is fatal, not "{event.outcome}".',
    )
    refusal.unless(Serious.DEATH in event.serious, "A death is serious by death.")
    died = course.died_on
    later = [other for other in others if died is not None and other.first.started > died]
    for other in later:
        refusal.add(
            f"Adverse event {other.entry} of {subject.id} began on {other.first.started}, after "
            f"the death on {died}."
        )
    dosed = subject.dosed_on
    if dosed is not None and died is not None:
        refusal.unless(dosed <= died, f"{subject.id} was dosed on {dosed}, after {died}.")
