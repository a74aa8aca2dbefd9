"""The command that rules whether an adverse event is a DLT."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from escalation.outcomes import Outcome
from escalation.trial.adverse_events.course import AdverseEvent
from escalation.trial.adverse_events.definition import Suggestion, Verdict
from escalation.trial.adverse_events.grades import GradeCourse
from escalation.trial.adverse_events.verdicts import (
    is_of_ruling,
    reason_of_ruling,
    ruling_in_force,
    suggest,
)
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import (
    AdverseEventAdjudicated,
    AnyEvent,
    EntryCorrected,
    OutcomeRecorded,
    Toxicity,
)
from escalation.trial.patients.subjects import Subject
from escalation.trial.state import TrialState

__all__ = ["adjudicate"]


def adjudicate(
    state: TrialState, recorder: Recorder, *, entry: int, dlt: bool, reason: str | None = None
) -> Events:
    """Rule whether an adverse event is a DLT.

    A DLT is recorded as the subject's outcome in the same command, if none is yet, so that the rule
    sees it at once. Where a later ruling takes back the only event that was ruled a DLT, it
    withdraws that outcome.

    Parameters
    ----------
    state, recorder
    entry : int
        Of the event's first report.
    dlt : bool
    reason : str or None
        Needed where the ruling departs from what the protocol's definition suggests, and where it
        takes the place of an earlier one.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"entry {entry} cannot be adjudicated as {'a DLT' if dlt else 'no DLT'}")
    refusal.check(state, recorder, "adjudicate")
    refusal.check_line("reason", reason)
    event = state.find_event(entry)
    if event is None:
        known = [e.entry for subject in state.subjects.values() for e in subject.events]
        listed = f"those are {', '.join(map(str, known))}" if known else "none is recorded yet"
        refusal.add(f"It is not the first report of an adverse event; {listed}.")
        raise refusal.error()
    subject = state.subjects[state.owners[entry]]
    if subject.dosed_on is None:
        refusal.add(f"{subject.id} has not been dosed: nothing before can be a DLT.")
    started = event.now.started
    refusal.unless(recorder.on >= started, f"The event began on {started}.")
    suggestion = suggest(subject, event, recorder.on)
    _check_reason(refusal, subject, event, suggestion, recorder.on, dlt=dlt, reason=reason)
    refusal.raise_if_any()
    ruling = AdverseEventAdjudicated(
        on=recorder.on,
        entry=entry,
        dlt=dlt,
        suggested=suggestion.verdict,
        rule=suggestion.rule,
        reason=reason,
    )
    follows = _record_dlt(subject, event, ruling) if dlt else _take_back(subject, event, ruling)
    return (ruling, *follows)


def _check_reason(
    refusal: Refusal,
    subject: Subject,
    event: AdverseEvent,
    suggestion: Suggestion,
    on: date,
    *,
    dlt: bool,
    reason: str | None,
) -> None:
    ruled = event.ruling
    in_force = ruling_in_force(subject, event, on)
    if in_force is not None and in_force.event.dlt is dlt:
        refusal.add(f"Entry {in_force.seq} says so.")
    elif reason is not None:
        return
    elif ruled is not None:
        word = "a DLT" if ruled.event.dlt else "no DLT"
        refusal.add(f"Entry {ruled.seq} ruled {word}: to rule again needs a reason.")
    elif suggestion.verdict is Verdict.NOT_YET:
        refusal.add(
            f"What the protocol's definition says of {event.now.term} of {subject.id} is "
            f"{suggestion.text}. To rule before needs a reason."
        )
    elif suggestion.verdict is not (Verdict.MEETS if dlt else Verdict.DOES_NOT):
        refusal.add(
            f"By the protocol's definition, {event.now.term} of {subject.id} "
            f"{suggestion.text}. To rule otherwise needs a reason."
        )


def _record_dlt(
    subject: Subject, event: AdverseEvent, ruling: AdverseEventAdjudicated
) -> Iterator[AnyEvent]:
    if subject.dosed_on is None or _has_dlt(subject):
        return
    now, course = event.now, GradeCourse.of(event, ruling.on)
    onset = now.started
    if onset < subject.dosed_on:  # it was there before, and became worse
        onset = max(subject.dosed_on, course.first_of(course.worst))
    yield OutcomeRecorded(
        on=ruling.on,
        subject=subject.id,
        outcome=Outcome.DLT,
        toxicities=(
            Toxicity(
                term=now.term,
                grade=course.worst,
                onset=onset,
                relation=now.relation,
                narrative=now.narrative,
            ),
        ),
        reason=reason_of_ruling(ruling.entry),
    )


def _has_dlt(subject: Subject) -> bool:
    return any(fact.event.outcome is Outcome.DLT for fact in subject.outcomes)


def _take_back(
    subject: Subject, event: AdverseEvent, ruling: AdverseEventAdjudicated
) -> Iterator[AnyEvent]:
    """Withdraw what rulings recorded as a DLT, if no event is one any more."""
    others = [other for other in subject.events if other.entry != event.entry]
    if any(other.ruling is not None and other.ruling.event.dlt for other in others):
        return
    for fact in subject.outcomes:
        if is_of_ruling(subject, fact):
            yield EntryCorrected(
                on=ruling.on,
                entry=fact.seq,
                reason=f"entry {ruling.entry} ruled no DLT: {ruling.reason}",
                changes=None,
            )
