"""The rule of an interval design in words: its sentences, and its boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from escalation.designs.base import Clause, LevelStatus
from escalation.designs.interval.base import IntervalDesign
from escalation.outcomes import Tally
from escalation.reports.rule.sentences import shorten
from escalation.reports.rule.situations import reachable_states, tallies_words

__all__ = ["boundary_sentences", "boundary_words"]

COHORTS, PATIENTS = 6, 12  # in which a trial on a short ladder meets every sentence, whatever comes

_SAYS = {
    LevelStatus.CLEARED: "escalate",
    LevelStatus.OPEN: "stay",
    LevelStatus.ABOVE_TARGET: "de-escalate",
    LevelStatus.TOO_TOXIC: "eliminate",
}


def boundary_sentences(design: IntervalDesign) -> tuple[Clause, ...]:
    """Return the clauses that a trial kept to the design can meet.

    They are found on a short ladder with few cohorts: a longer trial meets no others.
    """
    size = design.cohort_size
    few = max(COHORTS * size, PATIENTS, design.n_earlystop or 0)
    few = -(-few // size) * size
    short = cast(IntervalDesign, shorten(design))
    if design.max_patients is None or design.max_patients > few:
        short = replace(short, max_patients=few)
    met = {state.decision.clause.id for state in reachable_states(short).values()}
    if design.max_patients is None:
        met.discard("max-patients")
    return tuple(clause for clause_id, clause in design.clauses.items() if clause_id in met)


def boundary_words(design: IntervalDesign, sizes: Sequence[int]) -> Iterator[str]:
    """Yield what each number of DLTs at a level means, a line a number of patients."""
    for n in sizes:
        counts: dict[str, list[tuple[int, int]]] = {}
        for x in range(n + 1):
            said = _SAYS[design.status(Tally(n_evaluable=n, n_dlts=x))]
            counts.setdefault(said, []).append((n, x))
        yield "; ".join(f"{tallies_words(pairs)}: {said}" for said, pairs in counts.items()) + "."
