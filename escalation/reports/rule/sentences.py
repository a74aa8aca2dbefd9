"""Which sentences of a design can fire on its ladder, and on what data."""

from __future__ import annotations

from collections.abc import Iterable

from escalation.dataclass import dataclass
from escalation.designs import Action, Clause, Decision, Design, LevelStatus
from escalation.outcomes import Tally
from escalation.reports.rule.situations import (
    State,
    answer_words,
    neighbours,
    on_ladder,
    reachable_states,
    tallies_words,
    uncapped,
)

__all__ = ["Case", "RuleSentence", "rule_sentences", "settled_early", "shorten"]

LONG_LADDER = 4
"""Levels, of which at most one below the start, on which every clause of a rule can fire."""

Count = tuple[int, int]
"""Patients and DLTs at a level."""
Neighbour = tuple[str, LevelStatus | None]
"""The side it stands on, and how it is judged; None off the ladder."""

_ABOVE_WORDS = {
    LevelStatus.NOT_GIVEN: "with the level above not yet given",
    LevelStatus.TOO_TOXIC: "with the level above too toxic",
    None: "at the highest level",
}
_BELOW_WORDS = {
    LevelStatus.NOT_GIVEN: "with the level below not yet given",
    None: "at the lowest level",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Data on which a sentence fires, with one answer.

    Attributes
    ----------
    answer : str
        What to do, seen from the level of the last cohort.
    seen : tuple of (int, int)
        Patients and DLTs at that level; each pair by itself.
    side : {"above", "below"} or None
        Which neighbour matters; None where none does.
    neighbour : LevelStatus or None
        How that neighbour is judged; None off the ladder.
    neighbour_seen : tuple of (int, int)
        Patients and DLTs there.
    """

    answer: str
    seen: tuple[Count, ...]
    side: str | None = None
    neighbour: LevelStatus | None = None
    neighbour_seen: tuple[Count, ...] = ()

    def __str__(self) -> str:
        if self.seen == ((0, 0),):
            return f"before the first patient: {self.answer}"
        words = f"after {tallies_words(self.seen)}"
        if self.side == "above":
            known = _ABOVE_WORDS.get(self.neighbour)
        elif self.side == "below":
            known = _BELOW_WORDS.get(self.neighbour)
        else:
            return f"{words}: {self.answer}"
        there = known or f"with {tallies_words(self.neighbour_seen)} at the level {self.side}"
        return f"{words} {there}: {self.answer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSentence:
    """A clause that can fire, and when.

    Attributes
    ----------
    clause : Clause
    cases : tuple of Case
        Empty where the counts at one level do not tell, as for a maximum sample size.
    """

    clause: Clause
    cases: tuple[Case, ...]


def rule_sentences(design: Design) -> tuple[RuleSentence, ...]:
    """Return every clause that a trial kept to the design can meet, in the order of a protocol.

    First how a trial goes on, then how it comes down, then how it ends: with an MTD, without one,
    unfinished; within each, the sentence that can fire after fewer cohorts comes first.
    """
    design = shorten(design)
    firing: dict[Clause, list[State]] = {}
    possible: dict[Count, set[Neighbour]] = {}
    for state in reachable_states(design).values():
        firing.setdefault(state.decision.clause, []).append(state)
        possible.setdefault(_count(state.here), set()).add(_deciding(design, state))
    ranked = sorted(firing.items(), key=lambda item: max(_rank(s.decision) for s in item[1]))
    return tuple(
        RuleSentence(clause=clause, cases=_cases(design, states, possible))
        for clause, states in ranked
    )


def shorten(design: Design) -> Design:
    """Return the same design on a ladder short enough to walk.

    A maximum sample size binds on the whole ladder, so a design that has one keeps its own.
    """
    if design.max_patients is not None or design.n_levels <= LONG_LADDER:
        return design
    start = min(design.start, 1)
    above = min(design.n_levels - design.start, LONG_LADDER - start)
    return on_ladder(design, n_levels=start + above, start=start)


def _rank(decision: Decision) -> int:
    if decision.action is not Action.STOP:
        return int(decision.action is Action.DEESCALATE)
    if decision.inconclusive:
        return 4
    return 3 if decision.mtd is None else 2


def _count(tally: Tally) -> Count:
    return tally.n_evaluable, tally.n_dlts


def _deciding(design: Design, state: State) -> Neighbour:
    """Name the neighbour that decides: below a too toxic level, else above."""
    above, below = neighbours(design, state.tallies, state.level)
    if design.status(state.here) is LevelStatus.TOO_TOXIC:
        return "below", below
    return "above", above


def _cases(
    design: Design, states: Iterable[State], possible: dict[Count, set[Neighbour]]
) -> tuple[Case, ...]:
    met: dict[tuple[str, Count], dict[Neighbour, set[Count]]] = {}
    for state in states:
        if state.decision.inconclusive:
            return ()
        answer = answer_words(state.decision, state.level, begun=state.here.n_evaluable > 0)
        side, status = neighbour = _deciding(design, state)
        counts = met.setdefault((answer, _count(state.here)), {}).setdefault(neighbour, set())
        if status is not None:
            counts.add(_count(state.tallies[state.level + (1 if side == "above" else -1)]))
    # counts with the same answer and neighbour share a case; where every neighbour that there
    # can be gives the answer, it needs no mention
    cases: dict[tuple[str, Neighbour | None], tuple[set[Count], set[Count]]] = {}
    for (answer, count), by_neighbour in met.items():
        if len(by_neighbour) > 1 and set(by_neighbour) == possible[count]:
            cases.setdefault((answer, None), (set(), set()))[0].add(count)
            continue
        for neighbour, counts in by_neighbour.items():
            seen, neighbour_seen = cases.setdefault((answer, neighbour), (set(), set()))
            seen.add(count)
            neighbour_seen |= counts
    return tuple(
        Case(
            answer=answer,
            seen=tuple(sorted(seen)),
            side=neighbour and neighbour[0],
            neighbour=neighbour and neighbour[1],
            neighbour_seen=tuple(sorted(neighbour_seen)),
        )
        for (answer, neighbour), (seen, neighbour_seen) in cases.items()
    )


def settled_early(design: Design) -> tuple[tuple[int, int, int], ...]:
    """Return the (evaluable, DLTs, pending) at a level that settle its decision at once.

    Those which settle it wherever a trial kept to the design can meet them.
    """
    design = shorten(uncapped(design))
    settled: dict[tuple[int, int, int], bool] = {}
    for state in reachable_states(design).values():
        level, n_to_enrol = state.decision.level, state.decision.n_to_enrol
        if level is None:
            continue
        before = state.tallies[level]
        for pending in range(1, n_to_enrol + 1):
            for n_dlts in range(n_to_enrol - pending + 1):
                tally = Tally(
                    n_evaluable=before.n_evaluable + n_to_enrol - pending,
                    n_dlts=before.n_dlts + n_dlts,
                    n_pending=pending,
                )
                tallies = (*state.tallies[:level], tally, *state.tallies[level + 1 :])
                key = (tally.n_evaluable, tally.n_dlts, pending)
                answer = design.decide(tallies, level)
                early = answer.settled and answer.clause != design.while_pending
                settled[key] = settled.get(key, True) and early
    return tuple(sorted(key for key, always in settled.items() if always))
