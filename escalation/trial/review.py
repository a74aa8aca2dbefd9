"""A trial looked at as an inspector would: departures, warnings, and decisions judged anew."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import log

from escalation.designs.base import Action
from escalation.designs.replay import replay
from escalation.outcomes import format_outcomes
from escalation.protocol import Protocol, describe_decision, format_dose
from escalation.trial.events import SubjectDosed, SubjectEnrolled
from escalation.trial.gates import overdue_subjects
from escalation.trial.rule import describe_choice, goes_further, recommend, rule_says
from escalation.trial.state import MadeDecision, TrialState
from escalation.trial.subjects import Subject

__all__ = ["Remark", "departures", "look_back", "warnings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that has to be seen wherever the trial is shown.

    Attributes
    ----------
    entry : int or None
        The entry it is about.
    text : str
    """

    entry: int | None
    text: str


def departures(state: TrialState) -> list[Remark]:
    """Return every departure from the protocol, in the order of the entries."""
    found = [
        *_overrides(state),
        *_imported(state),
        *_deviations(state),
        *(Remark(entry=seq, text=f"Entry {seq}: {text}.") for seq, text in state.oddities),
    ]
    return sorted(found, key=lambda remark: remark.entry or 0)


def _overrides(state: TrialState) -> Iterator[Remark]:
    for made in state.decisions:
        if made.event.departure and made.approved is not None:
            chosen = describe_choice(made.event.chosen, made.protocol)
            cohort = "" if made.cohort is None else f" (cohort {made.cohort})"
            yield Remark(
                entry=made.seq,
                text=f"Decision {made.seq} went further than the rule: {chosen}{cohort}. The rule "
                f'said: {_say(made)} Rationale: "{made.event.rationale}"',
            )


def _say(made: MadeDecision) -> str:
    """Say what the rule said when a decision was made."""
    then = made.event.recommended
    if then.action is Action.WAIT:
        return "wait for the pending patients."
    return f"{describe_choice(then.choice, made.protocol)}."


def _imported(state: TrialState) -> Iterator[Remark]:
    imported = [cohort for cohort in state.cohorts if cohort.decision is None]
    if not imported or state.protocol is None:
        return
    numbers = ", ".join(str(cohort.number) for cohort in imported)
    yield Remark(
        entry=imported[0].closed_by,
        text=f"Cohort{'s' * (len(imported) > 1)} {numbers} came from a spreadsheet: the decisions "
        "that opened them are not in this ledger.",
    )
    history = state.written_cohorts()[: len(imported)]
    for departure in replay(state.protocol.design, history, state.protocol.labels).departures:
        yield Remark(
            entry=imported[0].closed_by,
            text=f"The protocol would not have produced the history {format_outcomes(history)}: "
            f"{departure.problem}.",
        )


def _deviations(state: TrialState) -> Iterator[Remark]:
    for subject in state.subjects.values():
        acts: list[tuple[int, str, SubjectEnrolled | SubjectDosed]]
        acts = [(fact.seq, "enrolled", fact.event) for fact in subject.enrolments]
        if subject.dosing is not None:
            acts.append((subject.dosing.seq, "dosed", subject.dosing.event))
        for seq, did, event in acts:
            if event.deviation is not None:
                yield Remark(
                    entry=seq,
                    text=f"{subject.id} was {did} against a gate. {' '.join(event.breaches)} "
                    f'Reason given: "{event.deviation}"',
                )
        cohort = state.cohorts[subject.cohort - 1]
        if subject.level != cohort.level:
            yield Remark(
                entry=subject.enrolments[-1].seq,
                text=f"{subject.id} is at level {subject.level}, in cohort {cohort.number}, "
                f"which was opened at level {cohort.level}.",
            )


def warnings(state: TrialState, on: date) -> list[Remark]:
    """Return what is no departure but has to be seen: too many patients, overdue data, amounts."""
    found = []
    protocol = state.protocol
    planned = None if protocol is None else protocol.planned_patients
    if planned is not None and state.n_enrolled > planned:
        found.append(
            Remark(
                entry=None,
                text=f"{state.n_enrolled} patients are enrolled; {planned} were planned.",
            )
        )
    for subject in overdue_subjects(state, on):
        found.append(
            Remark(
                entry=None,
                text=f"The outcome of {subject.id} is overdue: the DLT window closed on "
                f"{subject.window_closes}.",
            )
        )
    if protocol is not None:
        found += [r for s in state.subjects.values() for r in _odd_amount(s, protocol)]
    return found


def _odd_amount(subject: Subject, protocol: Protocol) -> Iterator[Remark]:
    """Say that what a subject got is nearer to another level's dose than to their own."""
    if subject.dosing is None or not subject.dosing.event.infused:
        return
    weight = subject.enrolment.weight_kg if (protocol.unit or "").endswith("/kg") else 1.0
    if weight is None:
        return
    got = subject.dosing.event.infused / weight
    distances = {level.label: abs(log(got / level.dose)) for level in protocol.levels if level.dose}
    nearest = min(distances, key=distances.__getitem__, default=subject.level)
    if nearest != subject.level:
        rounded = format_dose(float(f"{got:.3g}"))
        yield Remark(
            entry=subject.dosing.seq,
            text=f"{subject.id}, assigned to level {subject.level}, got {rounded} {protocol.unit}: "
            f"nearer to level {nearest}. The level stays as assigned.",
        )


def look_back(state: TrialState) -> list[Remark]:
    """Ask the rule again about every approved decision, with what is known now.

    The patients dosed before the decision's cut-off count, with their outcomes as they stand, under
    the protocol of that time. A decision is named where the rule would have said something else;
    one that was made while the rule waited, only where it went too far.
    """
    return [
        remark
        for made, since in _decisions_with_news(state)
        for remark in _judge_anew(state, made, since)
    ]


def _decisions_with_news(state: TrialState) -> Iterator[tuple[MadeDecision, list[int]]]:
    """Yield the approved decisions about whose patients more was recorded later, and what."""
    cutoffs = [made.event.cutoff for made in state.decisions]
    news: dict[int, set[int]] = {}

    def add(known: int, later: int) -> None:
        """Say that who rested on entry ``known`` did not know entry ``later``."""
        for place in range(bisect_left(cutoffs, known), bisect_left(cutoffs, later)):
            news.setdefault(place, set()).add(later)

    for subject in state.subjects.values():
        for outcome in subject.outcomes:
            if subject.dosing is not None:
                add(subject.dosing.seq, outcome.seq)
    for correction in state.corrections:
        add(correction.event.entry, correction.seq)
    for place, made in enumerate(state.decisions):
        if place in news and made.approved is not None:
            yield made, sorted(news[place])


def _judge_anew(state: TrialState, made: MadeDecision, since: list[int]) -> Iterator[Remark]:
    then, chosen, protocol = made.event.recommended, made.event.chosen, made.protocol
    now = rule_says(state, before=made.event.cutoff + 1, protocol=protocol)
    if recommend(now, protocol).choice == then.choice:
        return
    too_far = goes_further(chosen, now, protocol.labels) and not made.event.departure
    if then.action is Action.WAIT and not too_far:
        return
    entries = "entries" if len(since) > 1 else "entry"
    known = f"Had {entries} {', '.join(map(str, since))} been known"
    said = f"the rule would have said: {describe_decision(now, protocol)}"
    if too_far and made.cohort is not None:
        level = state.cohorts[made.cohort - 1].level
        text = f"{known}, cohort {made.cohort} (level {level}) would not have opened: {said}"
    else:
        text = f"{known} at decision {made.seq}, {said}"
    yield Remark(entry=made.seq, text=text)
