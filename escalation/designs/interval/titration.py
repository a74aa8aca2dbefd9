"""A start with one patient a level, until the first DLT or the highest level.

Both questions are answered from the tallies alone, whatever the order in which they came.
"""

from __future__ import annotations

from collections.abc import Sequence

from escalation.outcomes import Tally

__all__ = ["level_to_titrate", "where_titration_ended"]


def level_to_titrate(
    tallies: Sequence[Tally], level: int, ceiling: int, cohort_size: int
) -> int | None:
    """Return the level of the next single patient; None where the titration is over.

    It is over with a DLT, with a patient at the highest level, and with a whole cohort at any
    level, which only a choice against the rule can bring before the other two. No level from
    ``ceiling`` on is given.
    """
    if tallies[-1].n_evaluable:
        return None
    if any(tally.n_dlts or tally.n_evaluable >= cohort_size for tally in tallies):
        return None
    target = level + (tallies[level].n_evaluable > 0)
    return target if target < ceiling else None


def where_titration_ended(tallies: Sequence[Tally], level: int, cohort_size: int) -> int:
    """Return the level to decide at once the titration is over.

    That is the current one, except for a DLT found late: then the titration should have ended at
    that lower level, and the trial stands there until it has a whole cohort.
    """
    for below, tally in enumerate(tallies[:level]):
        if tally.n_dlts and tally.n_evaluable < cohort_size:
            return below
    return level
