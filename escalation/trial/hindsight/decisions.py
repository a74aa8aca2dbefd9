"""Earlier decisions judged again: what a late DLT or a correction would have changed."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from escalation.designs.base import Action, Decision
from escalation.outcomes import Outcome
from escalation.protocol import describe_decision
from escalation.text import list_briefly
from escalation.trial.events import Purpose
from escalation.trial.hindsight.beside import find_closed_then
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
        if made.purpose is not Purpose.ESCALATION:
            yield from _judge_beside(state, made, seen, later)
            continue
        now = seen.ask(made.protocol, made.event.on)
        if now is not None:
            yield from _judge_again(state, made, now, later)


def _news(state: TrialState) -> Iterator[tuple[MadeDecision, Sequence[int]]]:
    """Yield the decisions that rested on less than is known now, with the entries that came later.

    They are in order, and of this moment: the list goes on changing from one decision to the next.
    """
    decisions = state.decisions
    cutoffs = [made.event.cutoff for made in decisions]
    known: dict[tuple[int, Purpose], tuple[int, int]] = {}  # by entry and whom, from which to which

    def add(later: int, place: int, subject: Subject) -> None:
        key = later, subject.purpose
        end = min(later, subject.set_aside_by or later)  # since when the rule does not count them
        place = min(place, known.get(key, (place, 0))[0])
        known[key] = place, max(bisect_left(cutoffs, end), known.get(key, (0, 0))[1])

    for subject in state.subjects.values():
        if subject.dosing is None:
            continue
        dosing = subject.dosing.seq
        for fact in (*subject.outcomes, *subject.further, *subject.rulings):
            add(fact.seq, bisect_left(cutoffs, dosing), subject)
        place = bisect_left(cutoffs, dosing)
        while place and decisions[place - 1].knew(subject):
            place -= 1  # by the day of the dosing, which was recorded later
        add(dosing, place, subject)
    for correction in state.corrections:
        changes, corrected = correction.event.changes, correction.event.entry
        if corrected in state.owners and (changes is None or _TELLING & set(changes)):
            subject = state.subjects[state.owners[corrected]]
            add(correction.seq, bisect_left(cutoffs, corrected), subject)

    opens: dict[int, list[tuple[int, Purpose]]] = {}
    closes: dict[int, list[tuple[int, Purpose]]] = {}
    for key, (place, end) in known.items():
        if place < end:
            opens.setdefault(place, []).append(key)
            closes.setdefault(end, []).append(key)
    later: dict[Purpose, list[int]] = {purpose: [] for purpose in Purpose}
    for place, made in enumerate(decisions):
        for entry, purpose in closes.get(place, ()):
            del later[purpose][bisect_left(later[purpose], entry)]
        for entry, purpose in opens.get(place, ()):
            insort(later[purpose], entry)
        told = [later[purpose] for purpose in _rests_on(made) if later[purpose]]
        if told:
            yield made, told[0] if len(told) == 1 else sorted(set(chain.from_iterable(told)))


def _rests_on(made: MadeDecision) -> tuple[Purpose, ...]:
    """Return whose patients a decision depends on."""
    if made.purpose is not Purpose.ESCALATION:
        return tuple(Purpose)
    if made.protocol.backfill.counted == "never":
        return (Purpose.ESCALATION,)
    return Purpose.ESCALATION, Purpose.BACKFILL


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
            if (subject.set_aside_by or made.seq) <= made.event.cutoff:
                continue  # an amendment, after which nobody is seen at first
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


def _judge_beside(
    state: TrialState, made: MadeDecision, seen: Seen, since: Sequence[int]
) -> Iterator[Remark]:
    """Name a cohort of backfill or expansion that the protocol would have left closed.

    One that was opened against the protocol was so from the beginning.
    """
    chosen = made.event.chosen
    if made.cohort is None or made.event.departure:
        return
    closed = find_closed_then(made.protocol, chosen.purpose, chosen.level, seen, made.event.on)
    if closed:
        text = (
            f"{_known(since)}, cohort {made.cohort} ({chosen.purpose} at level "
            f"{state.cohorts[made.cohort - 1].level}) would not have opened: {' '.join(closed)}"
        )
        yield Remark(entry=made.seq, text=text)


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
    known = _known(since)
    said = f"the rule would have said: {describe_decision(now, protocol)}"
    if too_far and made.cohort is not None:
        level = state.cohorts[made.cohort - 1].level
        text = f"{known}, cohort {made.cohort} (level {level}) would not have opened: {said}"
    else:
        text = f"{known} at decision {made.seq}, {said}"
    yield Remark(entry=made.seq, text=text)


def _known(since: Sequence[int]) -> str:
    entries = "entries" if len(since) > 1 else "entry"
    return f"Had {entries} {list_briefly(since)} been known"
