"""Earlier decisions judged again: what a late DLT or a correction would have changed."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence

from escalation.designs.base import Action, Decision
from escalation.outcomes import Outcome
from escalation.protocol import describe_decision
from escalation.text import list_briefly
from escalation.trial.hindsight.seen import Seen
from escalation.trial.patients.subjects import Subject
from escalation.trial.review.remarks import Remark
from escalation.trial.rule import goes_further, recommend
from escalation.trial.state import MadeDecision, TrialState

__all__ = ["look_back_at_decisions"]


def look_back_at_decisions(state: TrialState) -> Iterator[Remark]:
    """Ask the rule again about every approved decision, with what is known now.

    The patients dosed before the decision's cut-off count, with their outcomes as they stand, under
    the protocol of that time. A decision is named where the rule would have said something else;
    one that was made while the rule waited, only where it went too far.
    """
    approved = ((made, later) for made, later in _news(state) if made.approved is not None)
    for made, seen, later in _known_to(state, approved):
        now = seen.ask(made.protocol)
        if now is not None:
            yield from _judge_again(state, made, now, later)


def _news(state: TrialState) -> Iterator[tuple[MadeDecision, Sequence[int]]]:
    """Yield the decisions about whose patients more was recorded later, and the entries, in order.

    The entries are of this moment: the list goes on changing from one decision to the next.
    """
    decisions = state.decisions
    cutoffs = [made.event.cutoff for made in decisions]
    first: dict[int, int] = {}  # by the entry, the place of the first decision that rested on less

    def add(later: int, place: int) -> None:
        first[later] = min(place, first.get(later, place))

    for subject in state.subjects.values():
        if subject.dosing is None:
            continue
        dosing = subject.dosing.seq
        for fact in (*subject.outcomes, *subject.further, *subject.rulings):
            add(fact.seq, bisect_left(cutoffs, dosing))
        place = bisect_left(cutoffs, dosing)
        while place and decisions[place - 1].knew(subject):
            place -= 1  # by the day of the dosing, which was recorded later
        add(dosing, place)
    for correction in state.corrections:
        changes = correction.event.changes
        if changes is None or _TELLING & set(changes):
            add(correction.seq, bisect_left(cutoffs, correction.event.entry))

    opens: dict[int, list[int]] = {}
    closes: dict[int, list[int]] = {}
    for entry, place in first.items():
        end = bisect_left(cutoffs, entry)
        if place < end:
            opens.setdefault(place, []).append(entry)
            closes.setdefault(end, []).append(entry)
    later: list[int] = []
    for place, made in enumerate(decisions):
        for entry in closes.get(place, ()):
            del later[bisect_left(later, entry)]
        for entry in opens.get(place, ()):
            insort(later, entry)
        if later:
            yield made, later


_TELLING = {"on", "level", "outcome"}  # what a decision may depend on


def _known_to(
    state: TrialState, decisions: Iterable[tuple[MadeDecision, Sequence[int]]]
) -> Iterator[tuple[MadeDecision, Seen, Sequence[int]]]:
    """Yield decisions, each with the patients who had been dosed by then, as they stand now.

    What is given with each is yielded with it.

    A rule that enrols while outcomes are pending has decided on what was pending then: so under
    such a rule whose outcome could not be known is pending, or every outcome would overturn it.
    """
    subjects = state.subjects.values()
    dosed = sorted((at, s.id, s) for s in subjects if (at := s.dosed_at) is not None)
    seen, place = Seen(state), 0
    waiting: list[Subject] = []  # who is not counted yet, or not with the last word
    before: MadeDecision | None = None
    for made, later in decisions:
        if before is None or _starts_again(before, made):
            seen, place, waiting = Seen(state), 0, []
        moment = made.event.on, made.event.cutoff
        while place < len(dosed) and dosed[place][0] <= moment:
            waiting.append(dosed[place][-1])
            place += 1
        pending_then = made.protocol.design.while_pending is not None
        still = []
        for subject in waiting:
            known = made.knew(subject)
            settled = known and (not pending_then or made.could_know_outcome(subject))
            if known and subject.outcome is not None:
                seen.set(subject, subject.outcome if settled else Outcome.PENDING)
            if not settled:
                still.append(subject)
        waiting, before = still, made
        yield made, seen, later


def _starts_again(before: MadeDecision, made: MadeDecision) -> bool:
    """Tell whether a decision may know less than the one before: by its day, or by its rule."""
    earlier = made.event.on < before.event.on or made.event.cutoff < before.event.cutoff
    return earlier or (made.protocol is not before.protocol)


def _judge_again(
    state: TrialState, made: MadeDecision, now: Decision, since: Sequence[int]
) -> Iterator[Remark]:
    then, chosen, protocol = made.event.recommended, made.event.chosen, made.protocol
    if chosen.action == "resume":
        return  # it was not about a dose
    if recommend(now, protocol).choice == then.choice:
        return
    too_far = goes_further(chosen, now, protocol.labels)
    if then.action is Action.WAIT and not too_far:
        return
    entries = "entries" if len(since) > 1 else "entry"
    known = f"Had {entries} {list_briefly(since)} been known"
    said = f"the rule would have said: {describe_decision(now, protocol)}"
    if too_far and made.cohort is not None:
        level = state.cohorts[made.cohort - 1].level
        text = f"{known}, cohort {made.cohort} (level {level}) would not have opened: {said}"
    else:
        text = f"{known} at decision {made.seq}, {said}"
    yield Remark(entry=made.seq, text=text)
