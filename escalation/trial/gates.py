"""What stands in the way of treating a patient: the gates, each one plain sentence.

The commands refuse by them, and ``next_patient`` reads them to answer "can I dose the next patient
today?", so the two cannot disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from escalation.dataclass import dataclass
from escalation.designs.base import Action, Decision
from escalation.protocol import Protocol, describe_decision
from escalation.trial.adverse_events.verdicts import unruled_dlts
from escalation.trial.beside import find_closed, new_dlts
from escalation.trial.calendar import DosedPatient, next_dosing_day
from escalation.trial.committee.tally import say_count, tally_votes
from escalation.trial.events import Choice, Purpose
from escalation.trial.halts import find_pauses
from escalation.trial.patients.planned_dose import say_share
from escalation.trial.patients.subjects import Standing, Subject
from escalation.trial.rule import (
    counted_purposes,
    describe_choice,
    forbids_one_more,
    recommend,
    rule_says,
)
from escalation.trial.screening.judging import lacks_eligibility, say_left
from escalation.trial.state import Cohort, MadeDecision, TrialState

__all__ = [
    "Obstacle",
    "cohort_for",
    "dosing_obstacles",
    "eligibility_obstacles",
    "enrolment_obstacles",
    "further_obstacles",
    "overdue_subjects",
    "overtaken",
    "say_open",
    "say_unruled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that stands in the way.

    Attributes
    ----------
    text : str
        One sentence.
    until : date or None
        The day on which it goes away by itself, or can be dealt with at the earliest.
    decision : bool
        Whether it takes a decision of the committee.
    """

    text: str
    until: date | None = None
    decision: bool = False


def enrolment_obstacles(
    state: TrialState,
    on: date,
    subject: Subject | None = None,
    *,
    cohort: Cohort | None = None,
    name: str | None = None,
) -> Iterator[Obstacle]:
    """Yield what stands in the way of giving a place of an open cohort to a subject.

    ``subject`` is one who had a place in an earlier cohort; ``cohort`` is as for ``cohort_for``
    where it is not given; ``name`` is the id, which whoever is not known yet was screened under.
    """
    name = name if subject is None else subject.id
    cohort = cohort or cohort_for(state, subject)
    yield from _halted(state, on)
    yield from _gone(state, subject, on)
    if cohort is None or not (state.n_free(cohort) or state.undosed(cohort)):
        yield from _needs_decision(state, on, cohort)
    elif state.n_free(cohort) == 0:
        waiting = ", ".join(subject.id for subject in state.undosed(cohort))
        yield Obstacle(
            text=f"Cohort {cohort.number} has no free place: {waiting} will fill the last."
        )
    if cohort is not None:
        yield from _cohort_obstacles(state, cohort, on)
    if name is not None:
        yield from eligibility_obstacles(state, name, on)


def eligibility_obstacles(state: TrialState, name: str, on: date) -> Iterator[Obstacle]:
    """Yield what the criteria of the plan in force have against enrolling somebody on a day."""
    yield from (Obstacle(text=text) for text in lacks_eligibility(state, name, on))


def dosing_obstacles(
    state: TrialState, subject: Subject | None, on: date, *, cohort: Cohort | None = None
) -> Iterator[Obstacle]:
    """Yield what stands in the way of dosing a subject, or the next patient, on a day.

    Parameters
    ----------
    state : TrialState
    subject : Subject or None
        None for the next patient.
    on : date
    cohort : Cohort or None
        An open one; None for the subject's own or, where that is closed, the one that follows it.
    """
    yield from _halted(state, on)
    yield from _gone(state, subject, on)
    cohort = cohort or cohort_for(state, subject)
    if cohort is None:
        yield from _needs_decision(state, on, None)
        return
    if subject is not None and subject.cohort != cohort.number:
        yield Obstacle(
            text=f"{subject.id} was assigned to cohort {subject.cohort}, which is closed; "
            f"{say_open(state)}."
        )
    if subject is not None and subject.level != cohort.level:
        yield Obstacle(text=f"{subject.id} is at another level than the open cohort's.")
    dosed = [m for m in state.members(cohort) if m.dosing is not None and m.takes_place]
    nobody = subject is None and not (state.n_free(cohort) or state.undosed(cohort))
    if len(dosed) >= cohort.n_opened or nobody:
        yield from _needs_decision(state, on, cohort)
    yield from _cohort_obstacles(state, cohort, on)
    yield from _not_circulated(state, cohort, on)
    yield from _stagger(state, cohort, on)


def cohort_for(state: TrialState, subject: Subject | None) -> Cohort | None:
    """Return the open cohort in which a subject, or the next patient, is dosed; None for none.

    Somebody of a cohort that was closed is to be assigned again: to one of the same purpose, if it
    is open. The escalation comes before what is beside it.
    """
    waited = None if subject is None else state.cohort_of(subject)

    def place(cohort: Cohort) -> tuple[bool, bool, int]:
        alike = waited is not None and waited.purpose is cohort.purpose
        return not alike, cohort.purpose is not Purpose.ESCALATION, cohort.number

    if waited is not None and waited.closed_by is None:
        return waited
    return min(state.open_cohorts, key=place, default=None)


def say_open(state: TrialState) -> str:
    """Say which cohorts are open: ``cohort 3 is open``, or each with its purpose and level."""
    cohorts = state.open_cohorts
    if len(cohorts) == 1:
        return f"cohort {cohorts[0].number} is open"
    if not cohorts:
        return "no cohort is open"
    said = [f"{c.number} ({c.purpose}, level {c.level})" for c in cohorts]
    return f"cohorts {', '.join(said[:-1])} and {said[-1]} are open"


def further_obstacles(state: TrialState, subject: Subject, on: date) -> Iterator[Obstacle]:
    """Yield what stands in the way of infusing more into a subject who was dosed, on a day."""
    yield from _halted(state, on)
    yield from _gone(state, subject, on)
    if subject.standing is Standing.PENDING:
        return
    latest = max((fact.seq for fact in (*subject.outcomes, *subject.rulings)), default=None)
    since = "" if latest is None else f" since entry {latest}"
    yield Obstacle(
        text=f"{subject.id} is not in the DLT window any more: {subject.standing}{since}."
    )


def _gone(state: TrialState, subject: Subject | None, on: date) -> Iterator[Obstacle]:
    """Say that a subject had died, or left the study, by a day."""
    if subject is None:
        return
    death, left = subject.death, state.chart(subject.id).left
    if death is not None and death.died_on is not None and on >= death.died_on:
        why = "" if subject.dosing is not None else ': record the withdrawal ("not evaluable")'
        yield Obstacle(text=f"{subject.id} died on {death.died_on} (entry {death.entry}){why}.")
    elif left is not None and on >= left.event.on:
        yield Obstacle(text=say_left(subject.id, left))


def _not_circulated(state: TrialState, cohort: Cohort, on: date) -> Iterator[Obstacle]:
    """Say that a new level was opened by a decision that had not been sent by a day."""
    if not state.committee.circulate_first or cohort.decision is None:
        return
    dosed = state.subjects.counts().get(cohort.level, Counter()).total()
    if dosed > sum(m.dosing is not None and m.level == cohort.level for m in state.members(cohort)):
        return
    made = state.find_decision(cohort.decision)
    sent = () if made is None else (event.on for _, event in made.circulated)
    if not any(day <= on for day in sent):
        yield Obstacle(
            text=f"Level {cohort.level} is new, and decision {cohort.decision}, which opened it, "
            "has not been sent to anybody (circulate_first is true in the protocol)."
        )


def _stagger(state: TrialState, cohort: Cohort, on: date) -> Iterator[Obstacle]:
    """Yield the day before which nobody may follow.

    It is that of the cohort, and no earlier than if those still in their window at the same level
    belonged to it: a new decision does not restart the waiting.
    """
    if state.protocol is None:
        return
    own = _dosed_by(state.members(cohort), on)
    others = [
        s
        for s in state.subjects.standing(Standing.PENDING, Standing.UNRULED, level=cohort.level)
        if s.cohort != cohort.number
    ]
    watched = [s for s in others if s.window_closes is not None and s.window_closes > on]
    waits = [
        next_dosing_day(state.protocol.enrolment, patients)
        for patients in (own, own + _dosed_by(watched, on))
    ]
    day, why = max((wait for wait in waits if wait is not None), default=(on, ""))
    if day > on:
        yield Obstacle(text=f"Not before {day}: {why}.", until=day)


def _dosed_by(subjects: Sequence[Subject], on: date) -> list[DosedPatient]:
    """Return those who had been dosed by a day: who came later is judged by who came before."""
    observed = [subject.observed for subject in subjects]
    return [patient for patient in observed if patient is not None and patient.dosed <= on]


def overtaken(state: TrialState, cohort: Cohort, on: date | None = None) -> str | None:
    """Say why the data since a cohort was opened forbid to go on with it; None if they do not.

    The rule, asked again, must leave one more patient at the cohort's level possible; of an
    expansion, the MTD that it is at. Backfill and expansion must be as the protocol says
    (``beside``). A cohort that was opened against the rule, or the protocol, ends with the first
    DLT after that; any, with an amendment that reopens its level.
    """
    if state.protocol is None:
        return None
    closed = _closed_by_protocol(state, cohort)
    if closed is not None:
        return closed
    made = state.find_decision(cohort.decision)
    if made is not None and made.event.departure:
        since = [subject.id for subject, _ in new_dlts(state, made.event.cutoff)]
        if not since:
            return None
        against = "rule" if cohort.purpose is Purpose.ESCALATION else "protocol"
        return (
            f"Cohort {cohort.number} was opened against the {against}, and {', '.join(since)} had "
            "a DLT since: the committee has to decide again."
        )
    now = rule_says(state, on)
    if not _is_forbidden(state, cohort, now, state.protocol):
        return None
    answers = now.possible or (now,)
    said = " Or: ".join(describe_decision(answer, state.protocol) for answer in answers)
    return (
        f"Cohort {cohort.number} is overtaken by what was recorded since it was opened. The rule "
        f"now says: {said}"
    )


def _closed_by_protocol(state: TrialState, cohort: Cohort) -> str | None:
    """Say that the protocol, or an amendment of it, lets nobody more into a cohort."""
    closed = [] if cohort.purpose is Purpose.ESCALATION else find_closed(state, cohort)
    if closed:
        return f"Cohort {cohort.number} ({cohort.purpose}) takes nobody more: {' '.join(closed)}"
    for amendment in state.amendments:
        if cohort.level in amendment.event.reopens and amendment.seq > (cohort.decision or 0):
            return (
                f"Cohort {cohort.number} was opened before amendment {amendment.seq} reopened "
                f"level {cohort.level}: the committee has to decide again."
            )
    return None


def _is_forbidden(state: TrialState, cohort: Cohort, now: Decision, protocol: Protocol) -> bool:
    """Tell whether what the rule says now ends a cohort."""
    if cohort.purpose is Purpose.ESCALATION:
        return forbids_one_more(now, cohort.level, protocol.labels)
    answers = now.possible or (now,)
    if cohort.purpose is Purpose.BACKFILL:
        # while its last cohort is pending the escalation goes on, however it is going to end
        ends = [a.mtd if a.has_ended and now.possible else a.level for a in answers]
    else:
        said = None if state.stopped is None else state.stopped.event.recommended.choice
        if said == recommend(now, protocol).choice:
            return False  # the MTD may be the committee's own, against what the rule said and says
        # that the rule would go on higher, as after an amendment, is nothing against the MTD
        ends = [a.mtd if a.has_ended else a.level for a in answers]
    return all(end is None or end < protocol.labels.index(cohort.level) for end in ends)


def overdue_subjects(state: TrialState, on: date, purpose: Purpose | None = None) -> list[Subject]:
    """Return the subjects whose window has closed without an outcome.

    Of those for whom a decision about cohorts of a ``purpose`` has to wait: one of the escalation
    waits for nobody whom the rule does not count.
    """
    pending = state.subjects.standing(Standing.PENDING)
    overdue = [subject for subject in pending if subject.is_overdue(on)]
    if purpose is not Purpose.ESCALATION or not overdue:
        return overdue
    return _counted(state, overdue)


def _counted(state: TrialState, subjects: Sequence[Subject]) -> list[Subject]:
    """Return those whom the rule counts at the decision that is due now."""
    purposes = counted_purposes(state)
    return [s for s in subjects if s.purpose in purposes and s.set_aside_by is None]


def _halted(state: TrialState, on: date) -> Iterator[Obstacle]:
    """Say that the trial was closed, held or paused on a day, or that a ruling was awaited."""
    if state.closed is not None and on >= state.closed.event.on:
        yield Obstacle(text=f"The trial was closed by entry {state.closed.seq}.")
    if state.held is not None and on >= state.held.event.on:
        reason = getattr(state.held.event, "reason", "")
        yield Obstacle(text=f"Enrolment is held since entry {state.held.seq}: {reason}.")
    for held, resumed in state.holds:
        if held.event.on <= on < resumed.event.on:
            yield Obstacle(
                text=f"Enrolment was held from {held.event.on} to {resumed.event.on} (entries "
                f"{held.seq} and {resumed.seq}).",
                until=resumed.event.on,
            )
    yield from _paused(state, on)
    for unruled in unruled_dlts(state, on):
        yield Obstacle(
            text=f"{unruled.text}: it has to be adjudicated (trial adjudicate "
            f"{unruled.event.entry})."
        )


def _paused(state: TrialState, on: date) -> Iterator[Obstacle]:
    """Say what paused enrolment on a day, each rule once."""
    said: set[str] = set()
    for pause in find_pauses(state, on):
        lifted = None if pause.lifted is None else pause.lifted.approved
        if on < pause.since or (lifted and on >= lifted.event.on) or pause.text in said:
            continue
        said.add(pause.text)
        if pause.lifted is None or lifted is None:
            yield Obstacle(
                text=f"Enrolment is paused since entry {pause.entry}: {pause.text}. To resume "
                "takes a decision of the committee (trial decide --resume).",
                decision=True,
            )
        else:
            yield Obstacle(
                text=f"Enrolment was paused from {pause.since} to {lifted.event.on} (entries "
                f"{pause.entry} and {lifted.seq}): {pause.text}.",
                until=lifted.event.on,
            )


def _cohort_obstacles(state: TrialState, cohort: Cohort, on: date) -> Iterator[Obstacle]:
    if cohort.opened_on is not None and cohort.opened_on > on:
        yield Obstacle(
            text=f"Cohort {cohort.number} was opened on {cohort.opened_on}.",
            until=cohort.opened_on,
        )
    new = overtaken(state, cohort, on)
    if new is not None:
        yield Obstacle(text=new, decision=True)
    for made in _awaited(state, cohort):
        if _is_less(made.event.chosen, cohort, state):
            yield Obstacle(
                text=f"Decision {made.seq}, not approved yet, treats nobody more at this level.",
                decision=True,
            )


def _awaited(state: TrialState, cohort: Cohort) -> Iterator[MadeDecision]:
    """Yield the decisions since the last approved one that were not rejected, the last one first.

    Those about the same as the cohort's own, and those of the escalation. Who records another
    decision does not settle for the committee the one that it replaces.
    """
    open_questions = {cohort.about, (Purpose.ESCALATION, None)}
    for made in reversed(state.decisions):
        if not open_questions:
            return
        if made.about not in open_questions:
            continue
        if made.approved is not None:
            open_questions.remove(made.about)
        elif _is_awaited(state, made):
            yield made


def _is_awaited(state: TrialState, made: MadeDecision) -> bool:
    """Tell whether a decision may still be approved: it is not, and was not rejected."""
    return made.approved is None and tally_votes(state, made).standing != "rejected"


def _is_less(choice: Choice, cohort: Cohort, state: TrialState) -> bool:
    """Tell whether a choice would end an open cohort downwards."""
    labels = () if state.protocol is None else state.protocol.labels
    if choice.action == "stop":
        return True
    if choice.level in labels and cohort.level in labels:
        down = labels.index(choice.level) - labels.index(cohort.level)
        came_to = cohort.purpose is Purpose.BACKFILL and choice.purpose is Purpose.ESCALATION
        return down < 0 or (came_to and down == 0)
    return False


def _needs_decision(state: TrialState, on: date, cohort: Cohort | None) -> Iterator[Obstacle]:
    """Say which decision is awaited for a cohort or, where none is open, the escalation."""
    if state.protocol is None:
        yield Obstacle(text="The trial has no protocol.")
        return
    purpose = Purpose.ESCALATION if cohort is None else cohort.purpose
    if purpose is Purpose.ESCALATION and state.stopped is not None:
        chosen = describe_choice(state.stopped.event.chosen, state.protocol)
        yield Obstacle(
            text=f"The committee has stopped the trial by decision {state.stopped.seq}: {chosen}.",
            decision=True,
        )
        return
    last = state.last_decision_about((purpose, None) if cohort is None else cohort.about)
    deferred = last is not None and last.event.chosen.action == "defer"
    if last is not None and _is_awaited(state, last) and not deferred:
        text = f"Decision {last.seq} is not approved yet"
        tally = tally_votes(state, last)
        if tally.standing == "open":
            text = f"Decision {last.seq} is {say_count(tally)}"
        if state.data_seq > last.event.cutoff:
            text += f", and has to be made again: entry {state.data_seq} came after its cut-off"
        yield Obstacle(text=f"{text}.", decision=True)
        return
    if cohort is not None and purpose is not Purpose.ESCALATION:
        backfills = purpose is Purpose.BACKFILL
        option = f"--backfill {cohort.level} --enrol N" if backfills else "--expand N"
        yield Obstacle(
            text=f"Every place of cohort {cohort.number} ({purpose}) is taken: to treat more takes "
            f"a decision of the committee (trial decide {option}).",
            decision=True,
        )
        return
    decision = rule_says(state, on)
    if decision.action is Action.WAIT:
        yield from _waits_for(state, on)
    full = f"Every place of cohort {cohort.number} is taken" if cohort else "No cohort is open"
    yield Obstacle(text=f"{full}: {_next_step(decision, state.protocol)}", decision=True)


def _waits_for(state: TrialState, on: date) -> Iterator[Obstacle]:
    waiting = state.subjects.standing(Standing.PENDING, Standing.UNRULED)
    for subject in _counted(state, waiting):
        if subject.standing is Standing.UNRULED:
            yield Obstacle(text=say_unruled(subject))
            continue
        closes = subject.followed_on
        if closes is None or closes <= on:
            when = "" if closes is None else f": the DLT window closed on {closes}"
            yield Obstacle(text=f"The outcome of {subject.id} has not been recorded{when}.")
        else:
            yield Obstacle(text=f"{subject.id} is in the DLT window until {closes}.", until=closes)


def say_unruled(subject: Subject) -> str:
    """Say why a subject counts for nothing until their evaluability is ruled."""
    why = [] if subject.is_dose_in_limits else [f"{say_share(subject.share)} of the planned dose"]
    enough = subject.followed_on
    verdict = max(fact.event.on for fact in subject.outcomes)
    if subject.death is not None and subject.died_early:
        why.append(f"death on {subject.death.died_on}, before {enough}")
    elif enough is not None and verdict < enough:
        why.append(f'"no DLT" of {verdict}, before {enough}')
    return f"The evaluability of {subject.id} has to be ruled: {', and '.join(why)}."


def _next_step(decision: Decision, protocol: Protocol) -> str:
    if decision.action is Action.WAIT:
        return "the committee decides when the pending outcomes are known."
    return f"the committee has to decide. The rule says: {describe_decision(decision, protocol)}"
