"""Earlier decisions judged again: what a late DLT or a correction would have changed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from escalation.designs.base import Action
from escalation.protocol import describe_decision
from escalation.trial.remarks import Remark
from escalation.trial.rule import goes_further, recommend, rule_says
from escalation.trial.state import MadeDecision, TrialState

__all__ = ["look_back"]


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
        if subject.dosing is None:
            continue
        for outcome in subject.outcomes:
            add(subject.dosing.seq, outcome.seq)
        for later in (*subject.further, *subject.rulings):
            add(subject.dosing.seq, later.seq)
        for place in reversed(range(bisect_left(cutoffs, subject.dosing.seq))):
            if not state.decisions[place].knew(subject):
                break  # decisions before that one did not know the subject either
            news.setdefault(place, set()).add(subject.dosing.seq)
    for correction in state.corrections:
        changes = correction.event.changes
        if changes is None or _TELLING & set(changes):
            add(correction.event.entry, correction.seq)
    for place, made in enumerate(state.decisions):
        if place in news and made.approved is not None:
            yield made, sorted(news[place])


_TELLING = {"on", "level", "outcome"}  # what a decision may depend on


def _judge_anew(state: TrialState, made: MadeDecision, since: list[int]) -> Iterator[Remark]:
    then, chosen, protocol = made.event.recommended, made.event.chosen, made.protocol
    if chosen.action == "resume":
        return  # it was not about a dose
    if not {cohort.label for cohort in state.written_cohorts(made)} <= set(protocol.labels):
        return  # a level that the protocol of that time did not have: a departure shows it
    now = rule_says(state, known_to=made)
    if recommend(now, protocol).choice == then.choice:
        return
    too_far = goes_further(chosen, now, protocol.labels)
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
